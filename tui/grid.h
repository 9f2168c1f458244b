/*
 * A grid: a window of cells on a long axis of positions, from all of it down to one position a cell. Moving, zooming,
 * dragging and the geometry of the drawing are here; what positions are and how cells look is the map's that has one.
 *
 * `per_cell` 0 means as many positions a cell as are needed to see all. What was drawn last (geometry) is kept for the
 * keys and the mouse.
 */
#ifndef UI_GRID_H
#define UI_GRID_H

#include "tui/keys.h"
#include "tui/scratch.h"
#include "widgets/views.h"

#define UI_GRID_ZOOMS 8

struct ui_grid_zoom {
	uint64_t per_cell, top, cursor;
};

struct ui_grid {
	uint64_t length; /* of the axis, in positions */
	uint64_t per_cell, top;
	uint64_t cursor;                         /* a position */
	struct ui_grid_zoom back[UI_GRID_ZOOMS]; /* zooms that Esc returns to */
	unsigned n_back;
	/* of the last drawing */
	struct wg_rect rect; /* of characters */
	int w, rows;         /* of cells; 0: not drawn */
	int across, down;    /* a cell takes so many of the grid: a short axis is drawn large */
	bool halves;
	/* dragging: cells where it began and is; from < 0: not */
	int drag_from, drag_to;
	bool dragged;
	bool cursor_hidden; /* for drawing: the keyboard is elsewhere */
};

void ui_grid_init(struct ui_grid *grid);
/* Another axis: all of it, the cursor kept inside. */
void ui_grid_show(struct ui_grid *grid, uint64_t length, uint64_t cursor);

uint64_t ui_grid_per_cell(const struct ui_grid *grid);
size_t ui_grid_cells(const struct ui_grid *grid); /* at least 1 */
size_t ui_grid_cursor_cell(const struct ui_grid *grid);
void ui_grid_keep_in_sight(struct ui_grid *grid);
bool ui_grid_in_drag(const struct ui_grid *grid, size_t cell);

/* Moving, zooming and going back. False: no such action, or nothing to go back to. */
bool ui_grid_act(struct ui_grid *grid, enum ui_action action);
/* One position a cell, the cursor in the middle; Esc comes back. */
void ui_grid_enter(struct ui_grid *grid);
/* True: the cell under the cursor was clicked once more. */
bool ui_grid_mouse(struct ui_grid *grid, const struct ui_event *event);

/* Places the grid; false if there is no room for a cell. */
bool ui_grid_place(struct ui_grid *grid, const struct wg_canvas *canvas, struct wg_rect rect);
/* Draws ui_grid_cells() cells into where it was placed. */
void ui_grid_draw(const struct ui_grid *grid, struct ui_scratch *scratch, struct wg_canvas *canvas,
		  const struct wg_heat_cell *cells);
/* All of the axis in one line, in n <= line.w cells of equal stretches, the window of the grid set off: where one is. */
void ui_grid_draw_whole(const struct ui_grid *grid, struct wg_canvas *canvas, struct wg_rect line,
			const struct wg_heat_cell *cells, int n);
/* At the left of each line w columns with what `label` says of its first position; the cursor's line stands out. */
void ui_grid_draw_gutter(const struct ui_grid *grid, struct wg_canvas *canvas, int w,
			 const char *(*label)(void *arg, uint64_t position), void *arg);

#endif
