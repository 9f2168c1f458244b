/*
 * Choose a process. The list is read by a worker every interval; here it is filtered, sorted and drawn. While nobody
 * has moved the selection the order follows the numbers; from then on rows keep their place until sorting is asked
 * for, and the selected process stays selected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/proclist.h"
#include "tui/screens/screens.h"

enum column {
	COL_PID,
	COL_USER,
	COL_STATE,
	COL_RSS,
	COL_BAR,
	COL_PSS,
	COL_SWAP,
	COL_GROWTH,
	COL_NAME,
	COL_COMMAND,
	COL_N
};

static const struct wg_column columns[COL_N] = {
	[COL_PID] = {"PID", 7, 0, WG_COL_RIGHT},
	[COL_USER] = {"USER", 9, 4, 0},
	[COL_STATE] = {"S", 1, 5, 0},
	[COL_RSS] = {"RSS", 6, 0, WG_COL_RIGHT},
	[COL_BAR] = {"", 12, 6, WG_COL_STRIP},
	[COL_PSS] = {"PSS", 6, 1, WG_COL_RIGHT},
	[COL_SWAP] = {"SWAP", 6, 2, WG_COL_RIGHT},
	[COL_GROWTH] = {"+/-", 7, 3, WG_COL_RIGHT},
	[COL_NAME] = {"NAME", 15, 0, 0},
	[COL_COMMAND] = {"COMMAND", 12, 7, WG_COL_GROW},
};

static const enum column sortable[] = {COL_RSS, COL_PSS, COL_SWAP, COL_GROWTH, COL_PID, COL_NAME};
#define SORTABLE  (sizeof sortable / sizeof *sortable)
#define BAR_CELLS 12
#define BUSY_NS   100000000u /* look again whether the worker is done */

struct row {
	size_t i;      /* into list.v */
	uint32_t rank; /* its place in the order before; UINT32_MAX: it is new */
};

struct processes {
	struct ui_screen screen;
	struct ui_worker *worker; /* NULL until first shown */
	struct ui_proclist *got;  /* the newest list; owned */
	struct ui_filter filter;
	unsigned filter_seen;
	struct row *rows;
	size_t n;
	pid_t selected; /* 0: whatever is first */
	size_t at, top, height;
	size_t sort; /* index into sortable */
	bool ascending, kernel_threads;
	bool resort; /* sorting was asked for */
	int start_error;
	uint64_t due_ns;
};

static struct processes *self(struct ui_screen *screen)
{
	return (struct processes *)screen;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

struct order {
	const struct pt_proc *v;
	enum column column;
	bool ascending;
};

static int compare_maybe(struct pt_maybe a, struct pt_maybe b, bool is_signed)
{
	if (a.known != b.known) /* what is not known comes last in the usual, descending order */
		return a.known ? 1 : -1;
	if (is_signed)
		return ((int64_t)a.value > (int64_t)b.value) - ((int64_t)a.value < (int64_t)b.value);
	return (a.value > b.value) - (a.value < b.value);
}

static int compare_procs(const struct pt_proc *a, const struct pt_proc *b, enum column column)
{
	switch (column) {
	case COL_PID: return (a->pid > b->pid) - (a->pid < b->pid);
	case COL_NAME: return strcmp(a->name, b->name);
	case COL_PSS: return compare_maybe(a->pss, b->pss, false);
	case COL_SWAP: return compare_maybe(a->swap, b->swap, false);
	case COL_GROWTH: return compare_maybe(a->growth, b->growth, true);
	default: return compare_maybe(a->rss, b->rss, false);
	}
}

static int by_value(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	const struct row *x = a, *y = b;
	int c = compare_procs(&o->v[x->i], &o->v[y->i], o->column);
	if (!c)
		return (x->i > y->i) - (x->i < y->i);
	return o->ascending ? c : -c;
}

static int by_rank(const void *a, const void *b, void *arg)
{
	const struct row *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return by_value(a, b, arg);
}

static int by_pid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

struct place {
	pid_t pid;
	uint32_t rank;
};

/* Where each process stood before, for an order that keeps. */
static void give_ranks(struct processes *p, const struct place *places, size_t n)
{
	for (size_t i = 0; i < p->n; i++) {
		pid_t pid = p->got->list.v[p->rows[i].i].pid;
		const struct place *place = n ? bsearch(&pid, places, n, sizeof *places, by_pid) : NULL;
		p->rows[i].rank = place ? place->rank : UINT32_MAX;
	}
}

/* The order of the rows now, by PID; NULL if there is none or no memory. */
static struct place *note_places(const struct processes *p, const struct pt_proc_list *list)
{
	struct place *places = p->n ? malloc(p->n * sizeof *places) : NULL;
	if (!places)
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		places[i] = (struct place){list->v[p->rows[i].i].pid, (uint32_t)i};
	qsort(places, p->n, sizeof *places, by_pid);
	return places;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static bool shown(const struct processes *p, const struct pt_proc *proc)
{
	char pid[16];
	if (proc->kernel_thread && !p->kernel_threads)
		return false;
	if (!p->filter.good)
		return true;
	snprintf(pid, sizeof pid, "%d", (int)proc->pid);
	return ui_filter_match(&p->filter, proc->name) || ui_filter_match(&p->filter, pid) ||
	       ui_filter_match(&p->filter, proc->command) || ui_filter_match(&p->filter, proc->user);
}

static void collect(struct processes *p)
{
	const struct pt_proc_list *list = &p->got->list;
	struct row *rows = realloc(p->rows, (list->n + 1) * sizeof *rows);
	p->n = 0;
	if (!rows)
		return;
	p->rows = rows;
	for (size_t i = 0; i < list->n; i++)
		if (shown(p, &list->v[i]))
			rows[p->n++] = (struct row){.i = i};
}

static void find_selected(struct processes *p)
{
	for (size_t i = 0; p->selected && i < p->n; i++)
		if (p->got->list.v[p->rows[i].i].pid == p->selected) {
			p->at = i;
			return;
		}
	if (!p->selected)
		p->at = 0;
	if (p->at >= p->n)
		p->at = p->n ? p->n - 1 : 0;
}

/* Rows of the list `got`; `before` is the list the rows were made of. */
static void rebuild(struct processes *p, const struct pt_proc_list *before)
{
	bool keep = p->selected && !p->resort;
	struct place *places = keep ? note_places(p, before) : NULL;
	size_t n_places = places ? p->n : 0;
	collect(p);
	struct order order = {p->got->list.v, sortable[p->sort], p->ascending};
	if (places)
		give_ranks(p, places, n_places);
	qsort_r(p->rows, p->n, sizeof *p->rows, places ? by_rank : by_value, &order);
	free(places);
	p->resort = false;
	p->filter_seen = p->filter.version;
	find_selected(p);
}

static void select_row(struct processes *p, int64_t at)
{
	if (!p->n)
		return;
	p->at = at < 0 ? 0 : at >= (int64_t)p->n ? p->n - 1 : (size_t)at;
	p->selected = p->got->list.v[p->rows[p->at].i].pid;
}

/* ---- the worker ------------------------------------------------------------------------------------------------- */

static void ask(struct processes *p, struct ui_shell *shell)
{
	struct ui_proclist_request request = {.all_pss = sortable[p->sort] == COL_PSS};
	for (size_t i = p->top; i < p->n && i < p->top + p->height && request.n < UI_PROCLIST_WANT; i++)
		request.want[request.n++] = p->got->list.v[p->rows[i].i].pid;
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
	rebuild(p, before ? &before->list : &got->list);
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
	if (p->got && p->filter_seen != p->filter.version) {
		rebuild(p, &p->got->list);
		shell->dirty = true;
	}
	if (shell->now_ns < p->due_ns)
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
		p->start_error = ui_proclist_new(&p->worker, shell->sources->lister);
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
	struct wg_table_cell *cells = ui_scratch_array(s, COL_N, sizeof *cells);
	if (!cells)
		return;
	cells[COL_PID] = (struct wg_table_cell){ui_scratch_text(s, "%d", (int)proc->pid), WG_TEXT};
	cells[COL_USER] = (struct wg_table_cell){ui_printable(s, proc->user), WG_DIM};
	cells[COL_STATE] = (struct wg_table_cell){ui_scratch_text(s, "%c", proc->state > 32 ? proc->state : '?'),
						  WG_DIM};
	cells[COL_RSS] = ui_cell_bytes(s, proc->rss);
	cells[COL_PSS] = ui_cell_bytes(s, proc->pss);
	cells[COL_SWAP] = ui_cell_bytes(s, proc->swap);
	cells[COL_GROWTH] = ui_cell_delta(s, (int64_t)proc->growth.value, proc->growth.known);
	cells[COL_NAME] = (struct wg_table_cell){ui_printable(s, proc->name), WG_STRONG};
	cells[COL_COMMAND] = (struct wg_table_cell){ui_printable(s, proc->command), WG_DIM};
	row->cells = cells;
	row->strip = proc->rss.known ? bar(s, proc->rss.value, most) : NULL;
	row->strip_n = row->strip ? BAR_CELLS : 0;
}

static struct wg_column *sorted_columns(struct processes *p, struct ui_scratch *s)
{
	struct wg_column *v = ui_scratch_array(s, COL_N, sizeof *v);
	if (!v)
		return NULL;
	memcpy(v, columns, sizeof columns);
	v[sortable[p->sort]].flags |= WG_COL_SORTED | (p->ascending ? 0 : WG_COL_DESCENDING);
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
	return p->filter.text[0] ? "no process matches the filter; / changes it" : "no processes";
}

static uint64_t largest(const struct processes *p)
{
	uint64_t most = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->got->list.v[p->rows[i].i].rss.value > most)
			most = p->got->list.v[p->rows[i].i].rss.value;
	return most;
}

static void scroll(struct processes *p, int height)
{
	p->height = height > 0 ? (size_t)height : 1;
	if (p->at < p->top)
		p->top = p->at;
	if (p->at >= p->top + p->height)
		p->top = p->at - p->height + 1;
	if (p->top + p->height > p->n)
		p->top = p->n > p->height ? p->n - p->height : 0;
}

static void draw_summary(struct processes *p, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_span spans[] = {
		{p->got ? ui_scratch_text(s, "%zu of %zu processes", p->n, p->got->list.n) : NULL, WG_TEXT, 0},
		{p->filter.text[0] ? ui_scratch_text(s, "filter /%s/", ui_printable(s, p->filter.text)) : NULL,
		 WG_ACCENT, 1},
		{p->filter.error[0] ? "(bad pattern: the last good one holds)" : NULL, WG_BAD, 2},
		{p->kernel_threads ? NULL : "kernel threads hidden (K)", WG_DIM, 3},
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
	size_t n = p->n - p->top < p->height ? p->n - p->top : p->height;
	struct wg_table_row *rows = ui_scratch_array(s, n + 1, sizeof *rows);
	struct wg_column *cols = sorted_columns(p, s);
	if (!rows || !cols)
		return;
	uint64_t most = largest(p);
	for (size_t i = 0; i < n; i++)
		fill_row(shell, &p->got->list.v[p->rows[p->top + i].i], most, &rows[i]);
	struct wg_table table = {.columns = cols,
				 .n_columns = COL_N,
				 .rows = rows,
				 .n_rows = n,
				 .total = p->n,
				 .top = p->top,
				 .selected = n ? (int)(p->at - p->top) : -1,
				 .empty = why_empty(p, s)};
	wg_draw_table(c, rect, &table);
}

/* ---- keys and mouse --------------------------------------------------------------------------------------------- */

static void sort_by(struct processes *p, size_t sort, bool ascending)
{
	p->sort = sort;
	p->ascending = ascending;
	p->resort = true;
	p->due_ns = 0;
	if (p->got)
		rebuild(p, &p->got->list);
}

static bool ascending_first(size_t sort)
{
	return sortable[sort] == COL_PID || sortable[sort] == COL_NAME;
}

static void open_selected(struct processes *p, struct ui_shell *shell)
{
	if (p->n)
		ui_shell_open_process(shell, p->got->list.v[p->rows[p->at].i].pid);
}

static bool move(struct processes *p, enum ui_action action)
{
	int64_t at = (int64_t)p->at, page = (int64_t)p->height;
	switch (action) {
	case UI_DO_UP: select_row(p, at - 1); return true;
	case UI_DO_DOWN: select_row(p, at + 1); return true;
	case UI_DO_PAGE_UP: select_row(p, at - page); return true;
	case UI_DO_PAGE_DOWN: select_row(p, at + page); return true;
	case UI_DO_FIRST: select_row(p, 0); return true;
	case UI_DO_LAST: select_row(p, (int64_t)p->n - 1); return true;
	default: return false;
	}
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct processes *p = self(screen);
	(void)key;
	switch (action) {
	case UI_DO_ENTER: open_selected(p, shell); return true;
	case UI_DO_SORT: sort_by(p, (p->sort + 1) % SORTABLE, ascending_first((p->sort + 1) % SORTABLE)); return true;
	case UI_DO_SORT_REVERSE: sort_by(p, p->sort, !p->ascending); return true;
	case UI_DO_REFRESH: sort_by(p, p->sort, p->ascending); return true;
	case UI_DO_KERNEL_THREADS:
		p->kernel_threads = !p->kernel_threads;
		if (p->got)
			rebuild(p, &p->got->list);
		return true;
	default: return move(p, action);
	}
}

static void click_heading(struct processes *p, struct ui_shell *shell, int x)
{
	struct wg_table table = {.columns = columns, .n_columns = COL_N};
	int column = wg_table_column_at(&table, shell->body.w, x);
	for (size_t i = 0; i < SORTABLE; i++)
		if ((int)sortable[i] == column)
			sort_by(p, i, i == p->sort ? !p->ascending : ascending_first(i));
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct processes *p = self(screen);
	int header = shell->body.y + (shell->body.h >= 5);
	if (event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN) {
		select_row(p, (int64_t)p->at + (event->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3));
		return;
	}
	if (event->mouse != UI_MOUSE_PRESS)
		return;
	if (event->y == header)
		click_heading(p, shell, event->x - shell->body.x);
	int64_t row = (int64_t)p->top + event->y - header - 1;
	if (event->y <= header || row >= (int64_t)p->n)
		return;
	if ((size_t)row == p->at && p->selected)
		open_selected(p, shell);
	else
		select_row(p, row);
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
	return shell->depth > 1 ? "processes" : "pagetop: choose a process";
}

static struct ui_filter *filter(struct ui_screen *screen)
{
	return &self(screen)->filter;
}

static int fd(const struct ui_screen *screen)
{
	const struct processes *p = (const struct processes *)screen;
	return p->worker ? ui_worker_fd(p->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct processes *p = (const struct processes *)screen;
	return p->worker ? p->due_ns : UINT64_MAX;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct processes *p = self(screen);
	ui_worker_free(p->worker, wait_ms);
	ui_proclist_free(p->got);
	ui_filter_free(&p->filter);
	free(p->rows);
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
	if (shell->options->filter && !shell->options->pid)
		ui_filter_set(&p->filter, shell->options->filter);
	return &p->screen;
}
