/*
 * Scratch memory for one frame: strings and arrays that views point to while they are drawn. Everything is given back
 * at once by ui_scratch_reset, which keeps the blocks, so that a frame allocates only when it needs more than any
 * before it.
 */
#ifndef UI_SCRATCH_H
#define UI_SCRATCH_H

#include <stddef.h>

struct ui_scratch {
	struct ui_scratch_block *blocks; /* the newest first; owned */
};

void ui_scratch_reset(struct ui_scratch *s);
void ui_scratch_free(struct ui_scratch *s);

/* n zeroed items of `size` bytes, aligned for anything; NULL when memory ran out. */
void *ui_scratch_array(struct ui_scratch *s, size_t n, size_t size);
/* A formatted string; "" when memory ran out. */
const char *ui_scratch_text(struct ui_scratch *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
