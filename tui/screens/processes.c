/*
 * Choose a process. The list is read by a worker every interval; which of it is shown in which order is procrows.h's
 * business, here it is drawn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/proclist.h"
#include "tui/screens/procrows.h"
#include "tui/screens/screens.h"

static const struct wg_column columns[UI_PROC_COLUMNS] = {
	[UI_PROC_PID] = {"PID", 7, 0, WG_COL_RIGHT},
	[UI_PROC_USER] = {"USER", 9, 4, 0},
	[UI_PROC_STATE] = {"S", 1, 5, 0},
	[UI_PROC_RSS] = {"RSS", 6, 0, WG_COL_RIGHT},
	[UI_PROC_BAR] = {"", 12, 6, WG_COL_STRIP},
	[UI_PROC_PSS] = {"PSS", 6, 1, WG_COL_RIGHT},
	[UI_PROC_SWAP] = {"SWAP", 6, 2, WG_COL_RIGHT},
	[UI_PROC_GROWTH] = {"+/-", 7, 3, WG_COL_RIGHT},
	[UI_PROC_NAME] = {"NAME", 15, 0, 0},
	[UI_PROC_COMMAND] = {"COMMAND", 12, 7, WG_COL_GROW},
};

#define BAR_CELLS 12
#define BUSY_NS   100000000u /* look again whether the worker is done */

struct processes {
	struct ui_screen screen;
	struct ui_worker *worker; /* NULL until first shown */
	struct ui_proclist *got;  /* the newest list; owned */
	struct ui_proc_rows rows; /* of it */
	size_t top, height;       /* first row on the screen, and how many */
	bool paused;
	int start_error;
	uint64_t due_ns;
};

static struct processes *self(struct ui_screen *screen)
{
	return (struct processes *)screen;
}

/* ---- the worker ------------------------------------------------------------------------------------------------- */

static void ask(struct processes *p, struct ui_shell *shell)
{
	struct ui_proclist_request request = {.all_pss = p->rows.column == UI_PROC_PSS};
	for (size_t i = p->top; i < p->rows.n && i < p->top + p->height && request.n < UI_PROCLIST_WANT; i++)
		request.want[request.n++] = ui_proc_row(&p->rows, i)->pid;
	ui_worker_ask(p->worker, &request);
	p->due_ns = shell->now_ns + shell->interval_ns;
}

static void take(struct processes *p, struct ui_shell *shell)
{
	struct ui_proclist *got = ui_worker_take(p->worker);
	if (!got)
		return;
	shell->dirty = true;
	if (got->error && p->got && !p->got->error) { /* the list before is better than none */
		ui_shell_say(shell, WG_BAD, "the processes cannot be read: %s", strerror(-got->error));
		ui_proclist_free(got);
		return;
	}
	bool first = !p->got;
	struct ui_proclist *before = p->got;
	p->got = got;
	ui_proc_rows_update(&p->rows, &got->list);
	ui_proclist_free(before);
	if (first)
		p->due_ns = shell->now_ns; /* PSS of what is on the screen now */
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct processes *p = self(screen);
	if (!p->worker)
		return;
	take(p, shell);
	if (p->got && p->rows.filter_seen != p->rows.filter.version) {
		ui_proc_rows_update(&p->rows, &p->got->list);
		shell->dirty = true;
	}
	if (shell->now_ns < p->due_ns || p->paused)
		return;
	if (ui_worker_busy(p->worker))
		p->due_ns = shell->now_ns + BUSY_NS;
	else
		ask(p, shell);
}

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	struct processes *p = self(screen);
	if (!p->worker)
		p->start_error = ui_proclist_new(&p->worker, shell->sources->lister, shell->sources->arg);
	if (p->worker)
		ask(p, shell);
}

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static struct wg_heat_cell *bar(struct ui_scratch *s, uint64_t rss, uint64_t most)
{
	struct wg_heat_cell *cells = ui_scratch_array(s, BAR_CELLS, sizeof *cells);
	if (!cells || !most)
		return NULL;
	double full = (double)rss * BAR_CELLS / (double)most;
	for (int i = 0; i < BAR_CELLS; i++) {
		double part = full - i;
		uint64_t hits = part >= 1 ? 100 : part > 0 ? (uint64_t)(part * 100) : 0;
		cells[i] = (struct wg_heat_cell){.hue = WG_HUE_ANON, .level = (uint8_t)wg_heat_level(hits, 100)};
	}
	return cells;
}

static void fill_row(struct ui_shell *shell, const struct pt_proc *proc, uint64_t most, struct wg_table_row *row)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_table_cell *cells = ui_scratch_array(s, UI_PROC_COLUMNS, sizeof *cells);
	if (!cells)
		return;
	cells[UI_PROC_PID] = (struct wg_table_cell){ui_scratch_text(s, "%d", (int)proc->pid), WG_TEXT};
	cells[UI_PROC_USER] = (struct wg_table_cell){ui_printable(s, proc->user), WG_DIM};
	cells[UI_PROC_STATE] = (struct wg_table_cell){ui_scratch_text(s, "%c", proc->state > 32 ? proc->state : '?'),
						      WG_DIM};
	cells[UI_PROC_RSS] = ui_cell_bytes(s, proc->rss);
	cells[UI_PROC_PSS] = ui_cell_bytes(s, proc->pss);
	cells[UI_PROC_SWAP] = ui_cell_bytes(s, proc->swap);
	cells[UI_PROC_GROWTH] = ui_cell_delta(s, (int64_t)proc->growth.value, proc->growth.known);
	cells[UI_PROC_NAME] = (struct wg_table_cell){ui_printable(s, proc->name), WG_STRONG};
	cells[UI_PROC_COMMAND] = (struct wg_table_cell){ui_printable(s, proc->command), WG_DIM};
	row->cells = cells;
	row->strip = proc->rss.known ? bar(s, proc->rss.value, most) : NULL;
	row->strip_n = row->strip ? BAR_CELLS : 0;
}

static struct wg_column *sorted_columns(struct processes *p, struct ui_scratch *s)
{
	struct wg_column *v = ui_scratch_array(s, UI_PROC_COLUMNS, sizeof *v);
	if (!v)
		return NULL;
	memcpy(v, columns, sizeof columns);
	v[p->rows.column].flags |= WG_COL_SORTED | (p->rows.ascending ? 0 : WG_COL_DESCENDING);
	return v;
}

static const char *why_empty(const struct processes *p, struct ui_scratch *s)
{
	if (p->start_error)
		return ui_scratch_text(s, "the processes cannot be read: %s", strerror(-p->start_error));
	if (!p->got)
		return "reading the processes...";
	if (p->got->error)
		return ui_scratch_text(s, "the processes cannot be read: %s", strerror(-p->got->error));
	return p->rows.filter.text[0] ? "no process matches the filter; / changes it" : "no processes";
}

static uint64_t largest(const struct processes *p)
{
	uint64_t most = 0;
	for (size_t i = 0; i < p->rows.n; i++)
		if (ui_proc_row(&p->rows, i)->rss.value > most)
			most = ui_proc_row(&p->rows, i)->rss.value;
	return most;
}

static void scroll(struct processes *p, int height)
{
	p->height = height > 0 ? (size_t)height : 1;
	if (p->rows.at < p->top)
		p->top = p->rows.at;
	if (p->rows.at >= p->top + p->height)
		p->top = p->rows.at - p->height + 1;
	if (p->top + p->height > p->rows.n)
		p->top = p->rows.n > p->height ? p->rows.n - p->height : 0;
}

static const char *hint(const struct processes *p, const struct ui_shell *shell)
{
	if (shell->sources->recording)
		return "the most that each held";
	return p->rows.kernel_threads ? NULL : "kernel threads hidden (K)";
}

static void draw_summary(struct processes *p, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_span spans[] = {
		{p->got ? ui_scratch_text(s, "%zu of %zu processes", p->rows.n, p->got->list.n) : NULL, WG_TEXT, 0},
		{p->rows.filter.text[0] ? ui_scratch_text(s, "filter /%s/", ui_printable(s, p->rows.filter.text))
					: NULL,
		 WG_ACCENT, 1},
		{p->rows.filter.error[0] ? "(bad pattern: the last good one holds)" : NULL, WG_BAD, 2},
		{p->paused ? "paused" : NULL, WG_WARN, 1},
		{hint(p, shell), WG_DIM, 3},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct processes *p = self(screen);
	struct ui_scratch *s = &shell->scratch;
	if (rect.h >= 5)
		draw_summary(p, shell, c, wg_take_top(&rect, 1));
	scroll(p, rect.h - 1);
	size_t n = p->rows.n - p->top < p->height ? p->rows.n - p->top : p->height;
	struct wg_table_row *rows = ui_scratch_array(s, n + 1, sizeof *rows);
	struct wg_column *cols = sorted_columns(p, s);
	if (!rows || !cols)
		return;
	uint64_t most = largest(p);
	for (size_t i = 0; i < n; i++)
		fill_row(shell, ui_proc_row(&p->rows, p->top + i), most, &rows[i]);
	struct wg_table table = {.columns = cols,
				 .n_columns = UI_PROC_COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = p->rows.n,
				 .top = p->top,
				 .selected = n ? (int)(p->rows.at - p->top) : -1,
				 .empty = why_empty(p, s)};
	wg_draw_table(c, rect, &table);
}

/* ---- keys and mouse --------------------------------------------------------------------------------------------- */

static void sort_by(struct processes *p, enum ui_proc_column column, bool ascending)
{
	ui_proc_rows_sort(&p->rows, column, ascending);
	p->due_ns = 0; /* with its PSS, or newer numbers */
}

static void open_selected(struct processes *p, struct ui_shell *shell)
{
	if (p->rows.n)
		ui_shell_open_process(shell, ui_proc_row(&p->rows, p->rows.at)->pid);
}

static bool move(struct processes *p, enum ui_action action)
{
	int64_t at = (int64_t)p->rows.at, page = (int64_t)p->height;
	switch (action) {
	case UI_DO_UP: ui_proc_rows_select(&p->rows, at - 1); return true;
	case UI_DO_DOWN: ui_proc_rows_select(&p->rows, at + 1); return true;
	case UI_DO_PAGE_UP: ui_proc_rows_select(&p->rows, at - page); return true;
	case UI_DO_PAGE_DOWN: ui_proc_rows_select(&p->rows, at + page); return true;
	case UI_DO_FIRST: ui_proc_rows_select(&p->rows, 0); return true;
	case UI_DO_LAST: ui_proc_rows_select(&p->rows, (int64_t)p->rows.n - 1); return true;
	default: return false;
	}
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct processes *p = self(screen);
	enum ui_proc_column column = p->rows.column;
	(void)key;
	switch (action) {
	case UI_DO_ENTER: open_selected(p, shell); return true;
	case UI_DO_SORT:
		column = ui_proc_next_sort(column);
		sort_by(p, column, ui_proc_ascends(column));
		return true;
	case UI_DO_SORT_REVERSE: sort_by(p, column, !p->rows.ascending); return true;
	case UI_DO_REFRESH:
		sort_by(p, column, p->rows.ascending);
		if (p->worker)
			ask(p, shell);
		return true;
	case UI_DO_PAUSE: p->paused = !p->paused; return true;
	case UI_DO_KERNEL_THREADS:
		p->rows.kernel_threads = !p->rows.kernel_threads;
		if (p->got)
			ui_proc_rows_update(&p->rows, &p->got->list);
		return true;
	default: return move(p, action);
	}
}

static void click_heading(struct processes *p, struct ui_shell *shell, int x)
{
	struct wg_table table = {.columns = columns, .n_columns = UI_PROC_COLUMNS};
	int at = wg_table_column_at(&table, shell->body.w, x);
	enum ui_proc_column column = at < 0 ? UI_PROC_BAR : (enum ui_proc_column)at;
	if (ui_proc_sorts(column))
		sort_by(p, column, column == p->rows.column ? !p->rows.ascending : ui_proc_ascends(column));
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct processes *p = self(screen);
	int header = shell->body.y + (shell->body.h >= 5);
	if (event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN) {
		ui_proc_rows_select(&p->rows, (int64_t)p->rows.at + (event->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3));
		return;
	}
	if (event->mouse != UI_MOUSE_PRESS)
		return;
	if (event->y == header)
		click_heading(p, shell, event->x - shell->body.x);
	int64_t row = (int64_t)p->top + event->y - header - 1;
	if (event->y <= header || row >= (int64_t)p->rows.n)
		return;
	if ((size_t)row == p->rows.at && p->rows.selected)
		open_selected(p, shell);
	else
		ui_proc_rows_select(&p->rows, row);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_PROCESSES;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	(void)screen;
	const char *recording = shell->sources->recording;
	if (shell->depth > 1)
		return recording ? ui_printable(&shell->scratch, recording) : "processes";
	return recording ? ui_scratch_text(&shell->scratch, "%s: choose a process",
					   ui_printable(&shell->scratch, recording))
			 : "pagetop: choose a process";
}

static struct ui_filter *filter(struct ui_screen *screen)
{
	return &self(screen)->rows.filter;
}

static int fd(const struct ui_screen *screen)
{
	const struct processes *p = (const struct processes *)screen;
	return p->worker ? ui_worker_fd(p->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct processes *p = (const struct processes *)screen;
	return p->worker && !p->paused ? p->due_ns : UINT64_MAX;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct processes *p = self(screen);
	ui_worker_free(p->worker, wait_ms);
	ui_proclist_free(p->got);
	ui_proc_rows_free(&p->rows);
	free(p);
}

struct ui_screen *ui_processes_new(struct ui_shell *shell)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .act = act,
						 .mouse = mouse,
						 .filter = filter,
						 .fd = fd,
						 .due = due,
						 .free = free_screen};
	struct processes *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->screen.ops = &ops;
	p->rows.column = UI_PROC_RSS;
	if (shell->options->filter && !shell->options->pid)
		ui_filter_set(&p->rows.filter, shell->options->filter);
	return &p->screen;
}
