/*
 * Facts: name, value and note in columns, in groups divided by gaps. Notes are set behind the values of their group in
 * a column of their own, wrapped; where that would be too narrow, below the value. Rows outside the rectangle are
 * counted and not drawn.
 */
#include "widgets/views.h"

#include "widgets/measure.h"

#define GAP        2
#define NOTE_LEAST 20 /* cells: narrower, a note goes below its value */

struct columns {
	int value_x, value_w;
	int note_x; /* 0: notes go below */
};

static int width_of(const char *text)
{
	return text ? wg_text_width(text) : 0;
}

static bool is_gap(const struct wg_fact *fact)
{
	return !fact->name && !fact->value && !fact->note;
}

/* A name alone heads the group below it. */
static bool is_heading(const struct wg_fact *fact)
{
	return fact->name && !fact->value && !fact->note;
}

static int value_column(const struct wg_facts *view, int w)
{
	int widest = 0;
	for (size_t i = 0; i < view->n; i++) {
		int width = is_heading(&view->facts[i]) ? 0 : width_of(view->facts[i].name);
		widest = width > widest ? width : widest;
	}
	widest = widest < w / 3 ? widest : w / 3;
	return widest > 0 ? widest + GAP : 0;
}

/* The columns of the group that begins at fact i. */
static struct columns group_columns(const struct wg_facts *view, size_t i, int value_x, int w)
{
	struct columns columns = {.value_x = value_x, .value_w = w > value_x ? w - value_x : 0};
	int widest = 0;
	for (; i < view->n && !is_gap(&view->facts[i]); i++) {
		int width = view->facts[i].note ? width_of(view->facts[i].value) : 0;
		widest = width > widest ? width : widest;
	}
	int note_x = value_x + widest + (widest > 0 ? GAP : 0);
	if (w - note_x >= NOTE_LEAST)
		columns.note_x = note_x;
	return columns;
}

static int draw_note(struct wg_canvas *c, struct wg_rect rect, int y, const struct columns *columns, int value_rows,
		     const char *note)
{
	struct wg_style style = WG_STYLE(WG_DIM, WG_BACK);
	if (columns->note_x > 0) {
		int rows = wg_text_wrapped(c, rect, columns->note_x, y, rect.w - columns->note_x, note, style);
		return rows > value_rows ? rows : value_rows;
	}
	int x = columns->value_x + (columns->value_w > NOTE_LEAST ? GAP : 0);
	return value_rows + wg_text_wrapped(c, rect, x, y + value_rows, rect.w - x, note, style);
}

/* Draws one fact at row y and returns how many rows it takes. */
static int draw_fact(struct wg_canvas *c, struct wg_rect rect, int y, const struct columns *columns,
		     const struct wg_fact *fact)
{
	int rows = 0;
	if (is_heading(fact))
		wg_text_cut(c, rect, 0, y, rect.w, fact->name, WG_CUT_END, WG_STYLE(WG_TITLE, WG_BACK));
	else if (fact->name)
		wg_text_cut(c, rect, 0, y, columns->value_x - GAP, fact->name, WG_CUT_END, WG_STYLE(WG_DIM, WG_BACK));
	if (fact->value)
		rows = wg_text_wrapped(c, rect, columns->value_x, y, columns->value_w, fact->value,
				       WG_STYLE(fact->role, WG_BACK));
	if (fact->note)
		rows = draw_note(c, rect, y, columns, rows, fact->note);
	return rows > 0 ? rows : 1;
}

int wg_draw_facts(struct wg_canvas *c, struct wg_rect rect, const struct wg_facts *view)
{
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	int value_x = value_column(view, rect.w), row = 0;
	struct columns columns = {0};
	for (size_t i = 0; i < view->n; i++) {
		if (i == 0 || is_gap(&view->facts[i - 1]))
			columns = group_columns(view, i, value_x, rect.w);
		row += draw_fact(c, rect, row - view->top, &columns, &view->facts[i]);
	}
	return row;
}
