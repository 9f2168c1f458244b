/*
 * What the tests of widgets and screens share: canvases of each ability, goldens, and the sweep over sizes that proves
 * that a drawing stays inside its rectangle.
 */
#ifndef CANVAS_CHECK_H
#define CANVAS_CHECK_H

#include "widgets/canvas.h"

enum check_ability { CHECK_HALVES, CHECK_COLOUR, CHECK_MONO, CHECK_ASCII, CHECK_ASCII_MONO, CHECK_ABILITY_N };
const char *check_ability_name(enum check_ability ability);

/* A blank canvas; the test frees it with wg_canvas_free. */
struct wg_canvas check_canvas(int w, int h, enum check_ability ability);

typedef void check_draw_fn(struct wg_canvas *c, struct wg_rect rect);

/*
 * Compares a canvas with tests/golden/widgets/NAME.txt: its text, and maps of its roles, a letter each. With
 * PT_REGENERATE=1 in the environment the file is written instead.
 */
void check_golden(const struct wg_canvas *c, const char *name);
/* Likewise with tests/golden/FOLDER/NAME.txt. */
void check_golden_in(const struct wg_canvas *c, const char *folder, const char *name);

/* One row of a canvas as UTF-8 without the blanks at its end, valid until the next call. */
const char *check_row(const struct wg_canvas *c, int y);

/* Wide characters are whole, nothing unprintable, ASCII only where that is all there is. */
void check_valid(const struct wg_canvas *c);

/*
 * Draws at every size (where rounds are slow: every seventh) from 0x0 to w x h, in turn with each ability, inside a band of sentinel cells: none of those may
 * change, and all cells inside must (the first line only if one_line).
 */
void check_sizes(check_draw_fn *draw, int w, int h, bool one_line);

/* Draws into rectangles that lie partly or wholly outside a canvas: what is on it is as on a canvas that holds all. */
void check_clipping(check_draw_fn *draw);

#endif
