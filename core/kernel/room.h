/*
 * Room: arrays that may be large and are written all over, as those of a batch. Large ones are of huge pages where the
 * kernel gives them, which spares it a thousand page faults, and the processor as many entries of its TLB.
 */
#ifndef PT_KERNEL_ROOM_H
#define PT_KERNEL_ROOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Moves *array (of any type; may be NULL) to where it has `size` bytes, and keeps the first `used`. free() gives it
 * back. False: out of memory, and the array is what it was.
 */
bool pt_room(void *array, size_t used, size_t size);

#endif
