/*
 * Tables: a header line with the sort mark, rows, the selected one tinted over the full width, a scroll mark at the
 * right edge. The table knows only the rows on the screen; the screen owns all of them.
 */
#include "widgets/views.h"

#include "widgets/measure.h"

#define POINTER 0x258cu /* ▌ left of the selected row, so that it is found without colour */
#define THUMB   0x2590u /* ▐ */

static int least_width(const struct wg_column *column)
{
	return column->width > 0 ? column->width : 0;
}

static struct wg_fit_item column_item(const void *items, size_t i)
{
	const struct wg_column *column = (const struct wg_column *)items + i;
	return (struct wg_fit_item){column->width, column->priority};
}

/* A walk over the columns from left to right; the same for layout, header, rows and clicks. */
struct walk {
	const struct wg_table *table;
	struct wg_fit fit;
	size_t next;
	int spare, growers; /* cells left to be shared, and by how many columns */
	int end;            /* no column reaches beyond */
	/* the column the walk is at */
	size_t i;
	int x, w; /* w 0: left out */
};

static struct walk walk_start(const struct wg_table *table, int w)
{
	struct walk walk = {.table = table, .x = WG_TABLE_MARGIN, .end = w - WG_TABLE_MARGIN};
	int room = walk.end - WG_TABLE_MARGIN;
	walk.fit = wg_fit(column_item, table->columns, table->n_columns, WG_TABLE_GAP, room);
	walk.spare = room > walk.fit.width ? room - walk.fit.width : 0;
	for (size_t i = 0; i < table->n_columns; i++)
		if ((table->columns[i].flags & WG_COL_GROW) && wg_fit_keeps(&walk.fit, table->columns[i].priority, i))
			walk.growers++;
	return walk;
}

static bool walk_on(struct walk *walk)
{
	if (walk->w > 0)
		walk->x += walk->w + WG_TABLE_GAP;
	if (walk->next == walk->table->n_columns)
		return false;
	walk->i = walk->next++;
	const struct wg_column *column = &walk->table->columns[walk->i];
	walk->w = 0;
	if (!wg_fit_keeps(&walk->fit, column->priority, walk->i))
		return true;
	walk->w = least_width(column);
	if ((column->flags & WG_COL_GROW) && walk->growers > 0) {
		int share = walk->spare / walk->growers--;
		walk->spare -= share;
		walk->w += share;
	}
	int room = walk->end > walk->x ? walk->end - walk->x : 0;
	walk->w = walk->w < room ? walk->w : room;
	return true;
}

void wg_table_layout(const struct wg_table *table, int w, int *ret)
{
	struct walk walk = walk_start(table, w);
	while (walk_on(&walk))
		ret[walk.i] = walk.w;
}

int wg_table_column_at(const struct wg_table *table, int w, int x)
{
	struct walk walk = walk_start(table, w);
	while (walk_on(&walk))
		if (walk.w > 0 && x >= walk.x && x < walk.x + walk.w + WG_TABLE_GAP)
			return (int)walk.i;
	return -1;
}

/* Titles stand as their numbers do; the mark is set beside them, so that nothing moves when sorting changes. */
static void draw_title(struct wg_canvas *c, struct wg_rect line, const struct walk *walk)
{
	const struct wg_column *column = &walk->table->columns[walk->i];
	bool sorted = column->flags & WG_COL_SORTED;
	struct wg_style style = WG_STYLE(sorted ? WG_ACCENT : WG_TITLE, WG_BAR);
	const char *title = column->title ? column->title : "";
	int mark_x = walk->x + walk->w - wg_text_width(title) - 1;
	if (column->flags & WG_COL_RIGHT)
		wg_text_right(c, line, walk->x, 0, walk->w, title, style);
	else
		mark_x = wg_text_cut(c, line, walk->x, 0, walk->w, title, WG_CUT_END, style);
	mark_x = mark_x < walk->x ? walk->x - 1 : mark_x;
	if (sorted)
		wg_put(c, line, mark_x, 0, column->flags & WG_COL_DESCENDING ? 0x25bc /* ▼ */ : 0x25b2 /* ▲ */, style);
}

static void draw_header(struct wg_canvas *c, struct wg_rect line, struct walk walk)
{
	wg_fill(c, line, ' ', WG_STYLE(WG_TITLE, WG_BAR));
	while (walk_on(&walk))
		if (walk.w > 0)
			draw_title(c, line, &walk);
}

static void draw_cell(struct wg_canvas *c, struct wg_rect line, const struct walk *walk, const struct wg_table_row *row,
		      uint8_t bg)
{
	int flags = walk->table->columns[walk->i].flags;
	if ((flags & WG_COL_STRIP) && row->strip) {
		struct wg_rect at = {line.x + walk->x, line.y, walk->w, 1};
		wg_draw_strip(c, wg_rect_clip(at, line), row->strip, row->strip_n, bg);
		return;
	}
	const struct wg_table_cell *cell = &row->cells[walk->i];
	if (!cell->text)
		return;
	struct wg_style style = WG_STYLE(cell->role, bg);
	enum wg_cut cut = flags & WG_COL_CUT_MIDDLE ? WG_CUT_MIDDLE : WG_CUT_END;
	if (flags & WG_COL_RIGHT)
		wg_text_right(c, line, walk->x, 0, walk->w, cell->text, style);
	else
		wg_text_cut(c, line, walk->x, 0, walk->w, cell->text, cut, style);
}

static void draw_row(struct wg_canvas *c, struct wg_rect line, struct walk walk, size_t i)
{
	const struct wg_table *table = walk.table;
	bool selected = table->selected >= 0 && (size_t)table->selected == i;
	uint8_t bg = selected ? WG_SELECT : WG_BACK;
	if (selected) {
		wg_fill(c, line, ' ', WG_STYLE(WG_TEXT, bg));
		wg_put(c, line, 0, 0, POINTER, WG_STYLE(WG_ACCENT, bg));
	}
	while (walk_on(&walk))
		if (walk.w > 0)
			draw_cell(c, line, &walk, &table->rows[i], bg);
}

/* The thumb touches an end of the edge only when the rows do. */
static void draw_scroll_mark(struct wg_canvas *c, struct wg_rect body, const struct wg_table *table)
{
	if (body.h <= 0 || table->total <= (uint64_t)body.h)
		return;
	uint64_t hidden = table->total - (uint64_t)body.h;
	uint64_t top = table->top < hidden ? table->top : hidden;
	int size = (int)((double)body.h * body.h / (double)table->total);
	size = size > 0 ? size : 1;
	int free = body.h - size;
	int at = (int)((double)top / (double)hidden * free);
	if (free > 1 && top > 0 && top < hidden)
		at = at < 1 ? 1 : at > free - 1 ? free - 1 : at;
	for (int y = at; y < at + size; y++) {
		bool on_selected = table->selected >= 0 && y == table->selected && (size_t)y < table->n_rows;
		wg_put(c, body, body.w - 1, y, THUMB, WG_STYLE(WG_DIM, on_selected ? WG_SELECT : WG_BACK));
	}
}

static void draw_empty(struct wg_canvas *c, struct wg_rect body, const char *text)
{
	int w = wg_text_width(text);
	int x = w < body.w ? (body.w - w) / 2 : 0;
	wg_text_cut(c, body, x, (body.h - 1) / 2, body.w, text, WG_CUT_END, WG_STYLE(WG_DIM, WG_BACK));
}

void wg_draw_table(struct wg_canvas *c, struct wg_rect rect, const struct wg_table *table)
{
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	struct walk start = walk_start(table, rect.w);
	struct wg_rect body = rect;
	draw_header(c, wg_take_top(&body, 1), start);
	if (table->n_rows == 0 && table->empty)
		draw_empty(c, body, table->empty);
	struct wg_rect rest = body;
	for (size_t i = 0; i < table->n_rows && rest.h > 0; i++)
		draw_row(c, wg_take_top(&rest, 1), start, i);
	draw_scroll_mark(c, body, table);
}
