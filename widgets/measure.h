/*
 * What the widgets share among themselves: UTF-8, the width of characters, wrapping at words, and which items of a line
 * too short for all of them stay. Pure; nothing here draws. Not for screens.
 */
#ifndef WG_MEASURE_H
#define WG_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "widgets/canvas.h"

#define WG_REPLACEMENT 0xfffdu /* shown for what is no character */

/* The character at *text, which moves behind it; U+FFFD for a byte that is no UTF-8; 0 at the end, where it stays. */
uint32_t wg_utf8_next(const char **text);
/* Cells a character takes: 0 (combining), 1 or 2. The same in every locale. */
int wg_char_width(uint32_t ch);
/* The ASCII character that stands for ch on a terminal without Unicode. */
uint32_t wg_ascii(uint32_t ch);

/* A stretch of a text, borrowed from it. */
struct wg_piece {
	const char *start;
	size_t n; /* bytes */
	int w;    /* cells */
};
/* The longest beginning, or end, of text that takes at most w cells. */
struct wg_piece wg_text_head(const char *text, int w);
struct wg_piece wg_text_tail(const char *text, int w);
/* The next line of *text wrapped at words into w cells; *text moves to what follows. False when nothing is left. */
bool wg_wrap_next(const char **text, int w, struct wg_piece *ret);

int wg_text_piece(struct wg_canvas *c, struct wg_rect rect, int x, int y, struct wg_piece piece, struct wg_style style);
/* Text wrapped into w cells from (x, y) down. Returns the lines it takes, drawn or not. */
int wg_text_wrapped(struct wg_canvas *c, struct wg_rect rect, int x, int y, int w, const char *text,
		    struct wg_style style);

/* The inside of a line with one blank at either end, if it is long enough to afford that. */
struct wg_rect wg_rect_padded(struct wg_rect rect);

/*
 * Items in a row: which stay when there is no room for all? The highest priority number leaves first, of equal ones the
 * last; priority 0 always stays. The answer is a threshold instead of a list, since drawing allocates nothing.
 */
struct wg_fit_item {
	int width, priority; /* width < 0: there is no such item */
};
typedef struct wg_fit_item wg_fit_item_fn(const void *items, size_t i);
struct wg_fit {
	int priority; /* kept: those of a lower priority number, and of this one those before `end` */
	size_t end;
	int width; /* of those kept, gaps between them included */
	size_t n;  /* how many those are */
};
struct wg_fit wg_fit(wg_fit_item_fn *item, const void *items, size_t n, int gap, int w);
bool wg_fit_keeps(const struct wg_fit *fit, int priority, size_t i);

#endif
