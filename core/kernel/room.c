/*
 * Large arrays; see room.h.
 */
#include "core/kernel/room.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)

bool pt_room(void *array, size_t used, size_t size)
{
	void **at = array, *room = NULL;
	if (size < HUGE)
		room = malloc(size);
	else if (posix_memalign(&room, HUGE, size) != 0)
		room = NULL;
	if (!room)
		return false;
	if (size >= HUGE)
		madvise(room, size / HUGE * HUGE, MADV_HUGEPAGE); /* or small pages: it works all the same */
	if (used)
		memcpy(room, *at, used);
	free(*at);
	*at = room;
	return true;
}
