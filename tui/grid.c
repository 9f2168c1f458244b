/*
 * See grid.h.
 */
#include "tui/grid.h"

#include <string.h>

void ui_grid_init(struct ui_grid *g)
{
	*g = (struct ui_grid){.drag_from = -1};
}

void ui_grid_show(struct ui_grid *g, uint64_t length, uint64_t cursor)
{
	g->length = length;
	g->cursor = cursor < length ? cursor : length ? length - 1 : 0;
	g->per_cell = g->top = 0;
	g->n_back = 0;
	g->drag_from = -1;
}

/* ---- what is where ---------------------------------------------------------------------------------------------- */

size_t ui_grid_cells(const struct ui_grid *g)
{
	size_t n = (size_t)g->w * (size_t)g->rows;
	return n ? n : 1;
}

static uint64_t fit(const struct ui_grid *g)
{
	return g->length ? (g->length + ui_grid_cells(g) - 1) / ui_grid_cells(g) : 1;
}

uint64_t ui_grid_per_cell(const struct ui_grid *g)
{
	return g->per_cell ? g->per_cell : fit(g);
}

size_t ui_grid_cursor_cell(const struct ui_grid *g)
{
	return g->cursor > g->top ? (size_t)((g->cursor - g->top) / ui_grid_per_cell(g)) : 0;
}

void ui_grid_keep_in_sight(struct ui_grid *g)
{
	uint64_t line = (uint64_t)(g->w > 0 ? g->w : 1) * ui_grid_per_cell(g);
	uint64_t all = line * (uint64_t)(g->rows > 0 ? g->rows : 1);
	if (!g->per_cell)
		g->top = 0;
	if (g->cursor < g->top) {
		uint64_t up = (g->top - g->cursor + line - 1) / line * line;
		g->top = g->top > up ? g->top - up : 0;
	} else if (g->cursor - g->top >= all) {
		g->top += ((g->cursor - g->top - all) / line + 1) * line;
	}
}

bool ui_grid_in_drag(const struct ui_grid *g, size_t cell)
{
	int low = g->drag_from < g->drag_to ? g->drag_from : g->drag_to;
	int high = g->drag_from < g->drag_to ? g->drag_to : g->drag_from;
	return g->drag_from >= 0 && g->dragged && (int)cell >= low && (int)cell <= high;
}

/* ---- moving ----------------------------------------------------------------------------------------------------- */

static void move_to(struct ui_grid *g, int64_t position)
{
	int64_t last = (int64_t)g->length - 1;
	position = position > last ? last : position;
	g->cursor = position < 0 ? 0 : (uint64_t)position;
}

/* By cells. A step that would leave the axis stays where it is, or goes to the very end. */
static void move_by(struct ui_grid *g, int64_t n, bool to_the_end)
{
	int64_t to = (int64_t)g->cursor + n * (int64_t)ui_grid_per_cell(g);
	if ((to >= 0 && to < (int64_t)g->length) || to_the_end)
		move_to(g, to);
}

static bool move(struct ui_grid *g, enum ui_action action)
{
	int64_t page = (int64_t)g->w * (g->rows > 1 ? g->rows - 1 : 1);
	switch (action) {
	case UI_DO_LEFT: move_by(g, -1, true); return true;
	case UI_DO_RIGHT: move_by(g, 1, true); return true;
	case UI_DO_UP: move_by(g, -g->w, false); return true;
	case UI_DO_DOWN: move_by(g, g->w, false); return true;
	case UI_DO_PAGE_UP: move_by(g, -page, true); return true;
	case UI_DO_PAGE_DOWN: move_by(g, page, true); return true;
	case UI_DO_FIRST: move_to(g, 0); return true;
	case UI_DO_LAST: move_to(g, (int64_t)g->length - 1); return true;
	default: return false;
	}
}

/* ---- zoom ------------------------------------------------------------------------------------------------------- */

/* Another zoom, the cursor in the middle of the screen. */
static void zoom_to(struct ui_grid *g, uint64_t per_cell)
{
	if (per_cell >= fit(g)) {
		g->per_cell = g->top = 0;
		return;
	}
	g->per_cell = per_cell ? per_cell : 1;
	uint64_t line = (uint64_t)(g->w ? g->w : 1), row = g->cursor / g->per_cell / line, half = (uint64_t)g->rows / 2;
	g->top = (row > half ? row - half : 0) * line * g->per_cell;
}

static void zoom_in(struct ui_grid *g)
{
	uint64_t now = ui_grid_per_cell(g), power = 1;
	while (power * 2 < now)
		power *= 2;
	zoom_to(g, power);
}

static void remember(struct ui_grid *g)
{
	if (g->n_back < UI_GRID_ZOOMS)
		g->back[g->n_back++] = (struct ui_grid_zoom){g->per_cell, g->top, g->cursor};
}

static bool back(struct ui_grid *g)
{
	if (!g->n_back)
		return false;
	struct ui_grid_zoom z = g->back[--g->n_back];
	g->per_cell = z.per_cell;
	g->top = z.top;
	g->cursor = z.cursor;
	return true;
}

void ui_grid_enter(struct ui_grid *g)
{
	remember(g);
	zoom_to(g, 1);
	ui_grid_keep_in_sight(g);
}

/* Zooms so that the cells from..to fill the grid. */
static void zoom_to_range(struct ui_grid *g, int from, int to)
{
	if (from > to) {
		int swap = from;
		from = to;
		to = swap;
	}
	uint64_t first = g->top + (uint64_t)from * ui_grid_per_cell(g);
	uint64_t positions = (uint64_t)(to - from + 1) * ui_grid_per_cell(g);
	if (first >= g->length)
		return;
	remember(g);
	g->per_cell = (positions + ui_grid_cells(g) - 1) / ui_grid_cells(g);
	g->top = g->cursor = first;
}

bool ui_grid_act(struct ui_grid *g, enum ui_action action)
{
	bool done = true;
	switch (action) {
	case UI_DO_ZOOM_IN: zoom_in(g); break;
	case UI_DO_ZOOM_OUT: zoom_to(g, ui_grid_per_cell(g) * 2); break;
	case UI_DO_ZOOM_FIT: zoom_to(g, UINT64_MAX); break;
	case UI_DO_BACK: done = back(g); break;
	default: done = move(g, action); break;
	}
	ui_grid_keep_in_sight(g);
	return done;
}

/* ---- the mouse -------------------------------------------------------------------------------------------------- */

/* The cell at a character, -1 outside. With half blocks the upper of the two, or the lower if the cursor is there. */
static int cell_at(const struct ui_grid *g, int x, int y)
{
	int column = (x - g->rect.x) / g->across, line = (y - g->rect.y) * (g->halves ? 2 : 1);
	if (x < g->rect.x || y < g->rect.y || column >= g->w || y >= g->rect.y + g->rect.h)
		return -1;
	int cell = line / g->down * g->w + column, below = (line + 1) / g->down * g->w + column;
	if (g->halves && (size_t)below == ui_grid_cursor_cell(g))
		cell = below;
	bool inside = cell < g->w * g->rows && g->top + (uint64_t)cell * ui_grid_per_cell(g) < g->length;
	return inside ? cell : -1;
}

static void go_to_cell(struct ui_grid *g, int cell)
{
	move_to(g, (int64_t)(g->top + (uint64_t)cell * ui_grid_per_cell(g)));
}

static void release(struct ui_grid *g, int cell)
{
	int from = g->drag_from, to = cell >= 0 ? cell : g->drag_to;
	bool dragged = g->dragged || (to >= 0 && to != from);
	g->drag_from = -1;
	g->dragged = false;
	if (dragged && to >= 0)
		zoom_to_range(g, from, to);
}

static void press(struct ui_grid *g, int cell)
{
	g->drag_from = g->drag_to = cell;
	g->dragged = false;
	go_to_cell(g, cell);
}

bool ui_grid_mouse(struct ui_grid *g, const struct ui_event *event)
{
	if (!g->length || !g->w)
		return false;
	ui_grid_keep_in_sight(g);
	int cell = cell_at(g, event->x, event->y);
	if (event->mouse == UI_MOUSE_RELEASE && g->drag_from >= 0)
		release(g, cell);
	if (event->mouse == UI_MOUSE_RELEASE || cell < 0)
		return false;
	if (event->mouse == UI_MOUSE_PRESS) {
		if ((size_t)cell == ui_grid_cursor_cell(g))
			return true;
		press(g, cell);
	} else if (event->mouse == UI_MOUSE_DRAG) {
		g->dragged = g->dragged || (g->drag_from >= 0 && cell != g->drag_from);
		g->drag_to = cell;
	} else {
		go_to_cell(g, cell);
		ui_grid_act(g, event->mouse == UI_MOUSE_WHEEL_UP ? UI_DO_ZOOM_IN : UI_DO_ZOOM_OUT);
	}
	return false;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

/* Whether all positions fit when each takes across x down of a grid w wide and h high. */
static bool fits(uint64_t length, int w, int h, int across, int down)
{
	uint64_t columns = (uint64_t)(w / across), rows = (uint64_t)(h / down);
	return columns && rows && (length + columns - 1) / columns <= rows;
}

/* A short axis is drawn in large squares. A character is twice as high as wide, a half block is square. */
static void choose_scale(struct ui_grid *g, int w, int h)
{
	enum { LARGEST = 10 };
	g->across = g->down = 1;
	for (int k = LARGEST; k > 1 && !g->per_cell; k--) {
		int across = g->halves ? k : 2 * (k - 1), down = g->halves ? k : k - 1;
		if (!fits(g->length, w, h, across, down))
			continue;
		g->across = across;
		g->down = down;
		return;
	}
}

bool ui_grid_place(struct ui_grid *g, const struct wg_canvas *c, struct wg_rect rect)
{
	int rows = wg_heat_rows(c, rect.h);
	g->rect = rect;
	g->w = g->rows = 0;
	if (rect.w <= 0 || rows <= 0)
		return false;
	g->halves = rows > rect.h;
	choose_scale(g, rect.w, rows);
	g->w = rect.w / g->across;
	g->rows = rows / g->down;
	int round = g->w - g->w % 8; /* lines that begin at round numbers, if that is no loss */
	if (g->w > 24 && (g->across == 1 || fits(g->length, round * g->across, rows, g->across, g->down)))
		g->w = round;
	ui_grid_keep_in_sight(g);
	return true;
}

/* The cell of the cursor, -1 where it is hidden. */
static int shown_cursor(const struct ui_grid *g)
{
	return g->cursor_hidden ? -1 : (int)ui_grid_cursor_cell(g);
}

/* Each cell across x down times, with a gap between large ones. */
static struct wg_heat_cell *enlarge(const struct ui_grid *g, struct ui_scratch *s, const struct wg_heat_cell *cells)
{
	int w = g->w * g->across, h = g->rows * g->down, cursor = shown_cursor(g);
	struct wg_heat_cell *large = ui_scratch_array(s, (size_t)w * (size_t)h, sizeof *large);
	for (int i = 0; large && i < w * h; i++) {
		int x = i % w, y = i / w, cell = y / g->down * g->w + x / g->across;
		bool gap = (g->across > 2 && x % g->across == g->across - 1) ||
			   (g->down > 2 && y % g->down == g->down - 1);
		large[i] = cells[cell];
		if (gap)
			large[i].flags = WG_HEAT_OUTSIDE;
		else if (cell == cursor)
			large[i].flags |= WG_HEAT_CURSOR;
	}
	return large;
}

void ui_grid_draw(const struct ui_grid *g, struct ui_scratch *s, struct wg_canvas *c, const struct wg_heat_cell *cells)
{
	struct wg_heat_view view = {cells, g->w, g->rows, shown_cursor(g)};
	struct wg_heat_cell *large = g->across > 1 ? enlarge(g, s, cells) : NULL;
	if (large)
		view = (struct wg_heat_view){large, g->w * g->across, g->rows * g->down, -1};
	wg_draw_heat(c, g->rect, &view);
}

void ui_grid_draw_whole(const struct ui_grid *g, struct wg_canvas *c, struct wg_rect line,
			const struct wg_heat_cell *cells, int n)
{
	uint64_t w = line.w > 0 ? (uint64_t)line.w : 1, per_cell = (g->length + w - 1) / w;
	uint64_t shown = ui_grid_per_cell(g) * ui_grid_cells(g);
	if (!per_cell)
		return;
	wg_draw_strip(c, line, cells, n, WG_BACK);
	int from = (int)(g->top / per_cell), to = (int)((g->top + shown - 1) / per_cell);
	struct wg_rect window = {line.x + from, line.y, to - from + 1, 1};
	wg_tint(c, wg_rect_clip(window, line), WG_CURSOR);
}

/* The row of cells that begins in a line of characters, -1 if none does. */
static int row_of_line(const struct ui_grid *g, int y)
{
	int first = g->halves ? 2 * y : y, last = g->halves ? first + 1 : first;
	int row = (first + g->down - 1) / g->down;
	return row * g->down <= last ? row : -1;
}

void ui_grid_draw_gutter(const struct ui_grid *g, struct wg_canvas *c, int w,
			 const char *(*label)(void *arg, uint64_t position), void *arg)
{
	uint64_t per_cell = ui_grid_per_cell(g);
	int cursor = g->cursor_hidden ? -2 : shown_cursor(g) / (g->w ? g->w : 1);
	for (int y = 0; y < g->rect.h; y++) {
		int row = row_of_line(g, y);
		uint64_t at = g->top + (uint64_t)(row < 0 ? 0 : row) * (uint64_t)g->w * per_cell;
		if (row < 0 || row >= g->rows || at >= g->length)
			continue;
		struct wg_rect line = {g->rect.x - w, g->rect.y + y, w, 1};
		bool here = cursor == row || (g->halves && g->down == 1 && cursor == row + 1);
		wg_text_right(c, line, 0, 0, w - 1, label(arg, at), WG_STYLE(here ? WG_STRONG : WG_DIM, WG_BACK));
	}
}
