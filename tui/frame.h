/*
 * The frame around every screen: title line with breadcrumb and what the picture is worth, banners, footer or prompt,
 * and the help that covers the screen.
 */
#ifndef UI_FRAME_H
#define UI_FRAME_H

#include "tui/shell.h"

/* Each takes its lines off *rest. */
void ui_frame_title(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect *rest);
void ui_frame_banners(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect *rest);
void ui_frame_foot(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect *rest);

/* Draws the help into rect, scrolled to shell->help_top, which is kept in bounds. */
void ui_help_draw(struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);

/* The first line of a text of `all` lines in a window of `lines`, kept in bounds. */
int ui_scroll_bounded(int top, int all, int lines);
/* A mark at the right edge that says where in the text the window is; none if all of it shows. */
void ui_scroll_mark(struct wg_canvas *canvas, struct wg_rect rect, int top, int all);

#endif
