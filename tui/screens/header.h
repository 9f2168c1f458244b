/*
 * The header of the overview: what the process holds, in three lines at most. See screens.md: it answers "how much,
 * of what kind, and is it growing" before anything is pressed.
 */
#ifndef UI_HEADER_H
#define UI_HEADER_H

#include "tui/shell.h"

/* Lines it wants of a screen that high. */
int ui_header_lines(int height);
/* Draws as many lines as rect has. target.now must be there. */
void ui_header_draw(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);

#endif
