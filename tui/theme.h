/*
 * The theme: what colour a style role of the canvas is, for terminals with 256, 16, 8 or no colours. Pure tables.
 * Hues are told apart by colour-blind eyes (after Okabe and Ito) and rise in lightness with the share of pages. What was
 * read long ago has its hue faded, what just changed has it nearly white.
 */
#ifndef UI_THEME_H
#define UI_THEME_H

#include "tui/options.h"
#include "widgets/canvas.h"

enum ui_depth { UI_DEPTH_MONO, UI_DEPTH_8, UI_DEPTH_16, UI_DEPTH_256 };

enum ui_ink_attr { UI_INK_BOLD = 1, UI_INK_DIM = 2, UI_INK_UNDERLINE = 4, UI_INK_REVERSE = 8 };

/* What a cell asks of the terminal. -1: the terminal's own default colour. */
struct ui_ink {
	short fg, bg;
	unsigned attrs; /* enum ui_ink_attr */
};

/* How many colours to use: what was asked for, at most what the terminal has. no_color: $NO_COLOR or NULL. */
enum ui_depth ui_theme_depth(const struct ui_options *options, int terminal_colours, const char *no_color);

/* The ink of a cell with these roles and enum wg_attr. */
struct ui_ink ui_theme_ink(enum ui_depth depth, uint8_t fg, uint8_t bg, uint8_t attrs);

#endif
