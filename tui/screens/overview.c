/*
 * The overview of a process: header, VMA table, and below it the map of the selected VMA. From PANE_FROM rows on both
 * are there; below that one at a time, and Tab changes between them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/screens/header.h"
#include "tui/screens/mapview.h"
#include "tui/screens/screens.h"
#include "tui/screens/vmatable.h"

#define PANE_FROM 26 /* rows of the body from which table and map are both there: a screen of 30 */

struct overview {
	struct ui_screen screen;
	struct ui_vma_list list;
	size_t top; /* first row on the screen */
	struct ui_map_view map;
	bool map_focus;
	bool started;            /* the first selection was made */
	unsigned image;          /* of the process, that the selection belongs to */
	struct wg_rect table_at; /* of the last drawing; no lines: not drawn */
	bool map_drawn;
};

static struct overview *self(struct ui_screen *screen)
{
	return (struct overview *)screen;
}

/* ---- following the frames --------------------------------------------------------------------------------------- */

/* At first the largest VMA: what a person most likely came for. */
static void select_largest(struct overview *o, const struct pt_snapshot *s)
{
	uint64_t most = 0;
	for (size_t i = 0; i < o->list.n; i++) {
		uint64_t rss = ui_vma_row_bytes(s, &o->list.rows[i], PT_SUM_RSS).value;
		if (rss > most) {
			most = rss;
			ui_vma_list_select(&o->list, (int64_t)i);
		}
	}
	o->started = most > 0;
	o->image = s->process.image;
}

static void show_selected(struct overview *o, const struct ui_target *t)
{
	const struct ui_vma_row *row = ui_vma_list_selected(&o->list);
	if (!row)
		return;
	const struct pt_vma *v = t->now->vmas->v;
	ui_map_show(&o->map, v[row->first].start, v[row->first + row->n - 1].end);
	ui_map_update(&o->map, t);
}

static void refresh(struct overview *o, struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	if (!s)
		return;
	ui_vma_list_update(&o->list, &shell->target);
	if (!o->started || o->image != s->process.image)
		select_largest(o, s);
	show_selected(o, &shell->target);
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct overview *o = self(screen);
	unsigned filter = o->list.filter_seen;
	refresh(o, shell);
	ui_map_ask(&o->map, shell);
	if (filter != o->list.filter_seen)
		shell->dirty = true;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static void draw_summary(struct overview *o, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_vma_list *l = &o->list;
	struct wg_span spans[] = {
		{ui_scratch_text(s, "%zu of %zu rows", l->n ? l->at + 1 : 0, l->n), WG_DIM, 0},
		{l->filter.text[0] ? ui_scratch_text(s, "filter /%s/", ui_printable(s, l->filter.text)) : NULL,
		 WG_ACCENT, 1},
		{l->filter.error[0] ? "(bad pattern: the last good one holds)" : NULL, WG_BAD, 2},
		{l->fold ? "folded" : NULL, WG_ACCENT, 3},
		{l->follow ? "following growth" : NULL, WG_ACCENT, 3},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

static bool has_summary(const struct overview *o)
{
	return o->list.filter.text[0] || o->list.fold || o->list.follow;
}

/* Rows of the table when the map is below: no more than it needs, and half of the screen at most. */
static int table_lines(const struct overview *o, int height)
{
	int half = (height + 1) / 2;
	return o->list.n + 1 < (size_t)half ? (int)o->list.n + 1 : half;
}

static void draw_table(struct overview *o, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	o->table_at = rect;
	ui_vma_table_draw(&o->list, shell, c, rect, o->map.layer, &o->top);
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct overview *o = self(screen);
	bool room = rect.h >= PANE_FROM;
	refresh(o, shell); /* keys of this round may have changed what is selected */
	o->table_at = (struct wg_rect){0};
	o->map_drawn = false;
	if (shell->target.now)
		ui_header_draw(shell, c, wg_take_top(&rect, ui_header_lines(rect.h)));
	if (has_summary(o) && rect.h >= 6)
		draw_summary(o, shell, c, wg_take_top(&rect, 1));
	bool both = room && o->list.n;
	if (both)
		draw_table(o, shell, c, wg_take_top(&rect, table_lines(o, rect.h)));
	o->map_drawn = both || (o->map_focus && o->list.n);
	if (o->map_drawn)
		ui_map_draw(&o->map, shell, c, rect, o->map_focus);
	else
		draw_table(o, shell, c, rect);
}

/* ---- what is on the screen -------------------------------------------------------------------------------------- */

/* Whether the map below the table shows all of a row, which then is watched already. */
static bool shown_by_map(const struct overview *o, size_t row)
{
	return o->map_drawn && !o->map.grid.per_cell && row == o->list.at;
}

/* The VMAs of the rows on the screen, those nearest to the selected one where there are too many. */
static size_t watch_rows(const struct overview *o, const struct pt_snapshot *s, struct pt_stretch *ret, size_t max)
{
	const struct ui_vma_list *l = &o->list;
	size_t lines = o->table_at.h > 1 ? (size_t)o->table_at.h - 1 : 0, n = 0;
	size_t end = o->top + lines < l->n ? o->top + lines : l->n;
	for (size_t far = 0; far < 2 * lines && n < max; far++) { /* the selected one, below, above, two below, ... */
		size_t row = far % 2 ? l->at + far / 2 + 1 : l->at - far / 2;
		if (row < o->top || row >= end || shown_by_map(o, row))
			continue;
		const struct ui_vma_row *r = &l->rows[row];
		if (s->vmas->v[r->first].role != PT_ROLE_VSYSCALL)
			ret[n++] = (struct pt_stretch){s->vmas->v[r->first].start, s->vmas->v[r->first + r->n - 1].end};
	}
	return pt_stretches_merge(s, ret, n);
}

static size_t watch(struct ui_screen *screen, struct ui_shell *shell, struct pt_stretch *ret, size_t max)
{
	struct overview *o = self(screen);
	const struct pt_snapshot *s = shell->target.now;
	size_t n = o->map_drawn ? ui_map_watch(&o->map, s, ret, max) : 0;
	return n + watch_rows(o, s, ret + n, max - n);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void open_map(struct overview *o, struct ui_shell *shell, bool whole)
{
	const struct ui_map_view *m = &o->map;
	if (!whole && !ui_vma_list_selected(&o->list))
		return;
	ui_shell_push(shell, ui_map_new(shell, whole ? 0 : m->start, whole ? 0 : m->end, m->cursor, m->layer));
}

static bool move(struct overview *o, enum ui_action action)
{
	struct ui_vma_list *l = &o->list;
	int64_t at = (int64_t)l->at, page = o->table_at.h > 2 ? o->table_at.h - 1 : 1;
	switch (action) {
	case UI_DO_UP: ui_vma_list_select(l, at - 1); break;
	case UI_DO_DOWN: ui_vma_list_select(l, at + 1); break;
	case UI_DO_PAGE_UP: ui_vma_list_select(l, at - page); break;
	case UI_DO_PAGE_DOWN: ui_vma_list_select(l, at + page); break;
	case UI_DO_FIRST: ui_vma_list_select(l, 0); break;
	case UI_DO_LAST: ui_vma_list_select(l, (int64_t)l->n - 1); break;
	default: return false;
	}
	l->follow = false; /* who moves has stopped following */
	return true;
}

static bool act_on_rows(struct overview *o, struct ui_shell *shell, enum ui_action action)
{
	struct ui_vma_list *l = &o->list;
	switch (action) {
	case UI_DO_SORT: ui_vma_list_sort(l, ui_vma_next_sort(&shell->target, l->sort), false); return true;
	case UI_DO_SORT_REVERSE: ui_vma_list_sort(l, l->sort, true); return true;
	case UI_DO_REFRESH: l->resort = true; return true;
	case UI_DO_FOLD: l->fold = !l->fold; return true;
	default: return move(o, action);
	}
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct overview *o = self(screen);
	switch (action) {
	case UI_DO_FOCUS: o->map_focus = !o->map_focus; return true;
	case UI_DO_FOLLOW: o->list.follow = !o->list.follow; return true;
	case UI_DO_WHOLE: open_map(o, shell, true); return true;
	default: break;
	}
	if (o->map_focus) {
		if (ui_map_act(&o->map, shell, action, key))
			return true;
		if (action != UI_DO_BACK)
			return false;
		o->map_focus = false; /* Esc in the map: back to the table */
		return true;
	}
	if (action == UI_DO_FILE) {
		ui_file_open(shell, o->map.start);
		return true;
	}
	if (action == UI_DO_ENTER) {
		open_map(o, shell, false);
		return true;
	}
	return ui_map_layer(&o->map.layer, action, key) || act_on_rows(o, shell, action);
}

/* ---- mouse ------------------------------------------------------------------------------------------------------ */

static bool inside(struct wg_rect r, const struct ui_event *e)
{
	return e->x >= r.x && e->x < r.x + r.w && e->y >= r.y && e->y < r.y + r.h;
}

static void click_table(struct overview *o, struct ui_shell *shell, const struct ui_event *event)
{
	int64_t row = (int64_t)o->top + event->y - o->table_at.y - 1;
	if (event->y == o->table_at.y) {
		enum ui_vma_column column = ui_vma_heading_at(shell, o->table_at.w, event->x - o->table_at.x);
		if (column < UI_VMA_COLUMNS && ui_vma_sorts(column))
			ui_vma_list_sort(&o->list, column, true);
		return;
	}
	if (row >= (int64_t)o->list.n)
		return;
	if (row == (int64_t)o->list.at && !o->map_focus)
		open_map(o, shell, false);
	o->map_focus = false;
	ui_vma_list_select(&o->list, row);
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct overview *o = self(screen);
	if (!inside(o->table_at, event)) {
		bool press = event->mouse == UI_MOUSE_PRESS && inside(o->map.grid.rect, event);
		ui_map_mouse(&o->map, shell, event);
		o->map_focus = o->map_focus || press;
		return;
	}
	if (event->mouse == UI_MOUSE_PRESS)
		click_table(o, shell, event);
	else if (event->mouse == UI_MOUSE_WHEEL_UP)
		ui_vma_list_select(&o->list, (int64_t)o->list.at - 3);
	else if (event->mouse == UI_MOUSE_WHEEL_DOWN)
		ui_vma_list_select(&o->list, (int64_t)o->list.at + 3);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	return ((const struct overview *)screen)->map_focus ? UI_IN_PANE : UI_IN_TABLE;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	(void)screen;
	const struct ui_target *t = &shell->target;
	if (!t->now)
		return ui_scratch_text(&shell->scratch, "process %d", (int)t->pid);
	return ui_scratch_text(&shell->scratch, "%s %d", ui_printable(&shell->scratch, t->now->process.name),
			       (int)t->pid);
}

static void subject(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret)
{
	const struct overview *o = (const struct overview *)screen;
	(void)shell;
	if (!ui_vma_list_selected(&o->list))
		return;
	ret->start = o->map.start;
	ret->end = o->map.end;
}

static struct ui_filter *filter(struct ui_screen *screen)
{
	return &self(screen)->list.filter;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct overview *o = self(screen);
	(void)wait_ms;
	ui_vma_list_free(&o->list);
	ui_map_free(&o->map);
	free(o);
}

struct ui_screen *ui_overview_new(struct ui_shell *shell)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = update,
						 .update = update,
						 .draw = draw,
						 .watch = watch,
						 .subject = subject,
						 .act = act,
						 .mouse = mouse,
						 .filter = filter,
						 .free = free_screen};
	struct overview *o = calloc(1, sizeof *o);
	if (!o)
		return NULL;
	o->screen.ops = &ops;
	ui_map_init(&o->map);
	if (shell->options->filter && shell->options->pid)
		ui_filter_set(&o->list.filter, shell->options->filter);
	return &o->screen;
}
