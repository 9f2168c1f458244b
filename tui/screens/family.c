/*
 * The family screen: a process and what was forked from it, looked at again and again by a worker of its own, within the
 * budget. State and keys; the drawing is in familydraw.c and familymap.c. When the last fork has ended, how it was stays
 * to be read until there is another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/screens/familyview.h"
#include "tui/screens/screens.h"
#include "tui/worker.h"

#define WAIT_MS 20 /* for the first answer, so that it does not flicker */

struct family {
	struct ui_screen screen;
	struct ui_worker *worker;      /* NULL: not started */
	struct ui_family_reading *got; /* that is shown; owned */
	struct ui_family_view view;
	uint64_t due_ns;
	bool paused;
};

static struct family *self(struct ui_screen *screen)
{
	return (struct family *)screen;
}

/* ---- the looking, in its thread --------------------------------------------------------------------------------- */

struct looker {
	int (*kernel)(struct pt_kernel **ret);
	pid_t pid;
	struct pt_kernel *k; /* NULL until the first request */
	struct pt_forks *forks;
};

void ui_family_reading_free(void *reading)
{
	struct ui_family_reading *got = reading;
	if (!got)
		return;
	pt_forks_look_free(got->look);
	free(got);
}

static bool is_interrupted(void *arg)
{
	return ui_worker_interrupted(arg);
}

static int look(struct looker *l, struct ui_worker *worker, struct pt_forks_look **ret)
{
	int error = l->k ? 0 : l->kernel(&l->k);
	if (error)
		return error;
	if (!l->forks)
		l->forks = pt_forks_new(l->k, l->pid);
	return l->forks ? pt_forks_look(l->forks, is_interrupted, worker, ret) : -ENOMEM;
}

static void work(struct ui_worker *worker, void *state, const void *request)
{
	struct ui_family_reading *got = calloc(1, sizeof *got);
	(void)request;
	if (!got)
		return;
	got->error = look(state, worker, &got->look);
	if (got->error == -ECANCELED)
		ui_family_reading_free(got);
	else
		ui_worker_publish(worker, got);
}

static void close_looker(void *state)
{
	struct looker *l = state;
	pt_forks_free(l->forks);
	pt_kernel_free(l->k);
	free(l);
}

static int new_looker(struct ui_worker **ret, pid_t pid, int (*kernel)(struct pt_kernel **ret))
{
	static const struct ui_worker_ops ops = {sizeof(char), work, ui_family_reading_free, close_looker};
	struct looker *l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	*l = (struct looker){.kernel = kernel, .pid = pid};
	int error = ui_worker_new(ret, &ops, l);
	if (error)
		free(l);
	return error;
}

/* ---- what is shown ---------------------------------------------------------------------------------------------- */

const struct pt_forks_member *ui_family_child(const struct ui_family_view *v)
{
	return &v->got->look->v[v->child];
}

const struct pt_forks_member *ui_family_parent(const struct ui_family_view *v)
{
	return &v->got->look->v[ui_family_child(v)->parent];
}

const struct pt_kin_row *ui_family_row(const struct ui_family_view *v)
{
	return v->child != PT_FORKS_NONE && v->row < v->n_rows ? &ui_family_child(v)->table.v[v->rows[v->row]] : NULL;
}

/* The map is of another stretch, or its stretch has grown. */
static void show_row(struct ui_family_view *v)
{
	const struct pt_kin_row *row = ui_family_row(v);
	uint64_t pages = row ? (row->end - row->start) >> v->got->look->page_shift : 0;
	bool same = row && row->start == v->row_start;
	if (!same || pages != v->grid.length)
		ui_grid_show(&v->grid, pages, same ? v->grid.cursor : 0);
	v->row_start = row ? row->start : 0;
}

/* Rows with private memory; the one that was chosen stays so, else it is the one with most of the fork's. Without memory
 * there are none. */
static void make_rows(struct ui_family_view *v)
{
	const struct pt_kin_table *table = &ui_family_child(v)->table;
	uint64_t most = 0;
	uint32_t *rows = realloc(v->rows, (table->n + 1) * sizeof *rows);
	v->n_rows = v->row = 0;
	if (!rows)
		return;
	v->rows = rows;
	for (size_t i = 0; i < table->n; i++) {
		const struct pt_kin_sums *sums = &table->v[i].sums;
		uint64_t pages = sums->n[PT_KIN_SHARED] + sums->n[PT_KIN_UNKNOWN] + pt_kin_copied(sums);
		if (!pages && !sums->n[PT_KIN_PARENT] && !sums->n[PT_KIN_CHILD])
			continue;
		if (v->row_chosen ? table->v[i].start <= v->row_start : pages > most)
			v->row = v->n_rows;
		most = pages > most ? pages : most;
		rows[v->n_rows++] = (uint32_t)i;
	}
}

/* The child that was chosen, or else the newest. */
static size_t choose_child(const struct ui_family_view *v)
{
	const struct pt_forks_look *l = v->got->look;
	size_t at = v->child_pid ? pt_forks_find(l, v->child_pid) : pt_forks_find(l, v->pid);
	if (at == PT_FORKS_NONE || !at)
		at = l->n > 1 ? l->n - 1 : PT_FORKS_NONE;
	return at;
}

static void show_child(struct ui_family_view *v, size_t child)
{
	v->version++;
	v->child = child;
	v->n_rows = v->row = 0;
	v->child_pid = child == PT_FORKS_NONE ? 0 : v->got->look->v[child].pid;
	if (child != PT_FORKS_NONE && ui_family_child(v)->compared)
		make_rows(v);
	show_row(v);
}

/* How it was before the last fork ended stays, with who has ended. */
static bool is_over(const struct family *f, const struct ui_family_reading *got)
{
	return f->got && f->got->look && f->got->look->n > 1 && (got->error || got->look->n < 2);
}

static bool take(struct family *f, struct ui_shell *shell)
{
	struct ui_family_reading *got = f->worker ? ui_worker_take(f->worker) : NULL;
	if (!got)
		return false;
	shell->dirty = true;
	f->view.error = got->error;
	f->view.over = is_over(f, got);
	uint64_t rest = got->look ? (uint64_t)((double)got->look->cpu_ns * (100 / shell->options->budget - 1)) : 0;
	f->due_ns = shell->now_ns + (rest > shell->interval_ns ? rest : shell->interval_ns);
	if (f->view.over) {
		ui_family_reading_free(got);
		return true;
	}
	ui_family_reading_free(f->got);
	f->view.got = f->got = got;
	f->view.child = PT_FORKS_NONE;
	if (got->look)
		show_child(&f->view, choose_child(&f->view));
	return true;
}

static void ask(struct family *f, struct ui_shell *shell)
{
	f->due_ns = shell->now_ns + shell->interval_ns;
	if (f->worker)
		ui_worker_ask(f->worker, "");
}

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	struct family *f = self(screen);
	if (!f->worker && shell->sources->kernel && new_looker(&f->worker, f->view.pid, shell->sources->kernel) < 0)
		ui_shell_say(shell, WG_BAD, "forks cannot be looked at: out of memory or threads");
	if (!f->worker)
		return;
	ask(f, shell);
	ui_worker_wait(f->worker, WAIT_MS);
	take(f, shell);
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct family *f = self(screen);
	if (!f->worker || take(f, shell) || shell->now_ns < f->due_ns)
		return;
	if (f->paused || ui_worker_busy(f->worker))
		f->due_ns = shell->now_ns + shell->interval_ns / 4;
	else
		ask(f, shell);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void move_to_row(struct ui_family_view *v, int64_t row)
{
	int64_t last = (int64_t)v->n_rows - 1;
	row = row > last ? last : row;
	v->row = row > 0 ? (size_t)row : 0;
	v->row_chosen = true;
	show_row(v);
}

static void move_to_child(struct ui_family_view *v, bool next)
{
	const size_t n = v->got->look->n - 1; /* children */
	if (n < 1 || v->child == PT_FORKS_NONE)
		return;
	show_child(v, 1 + (v->child - 1 + (next ? 1 : n - 1)) % n);
}

static bool act_in_table(struct ui_family_view *v, const struct ui_shell *shell, enum ui_action action)
{
	int64_t at = (int64_t)v->row, page = v->table_at.h > 2 ? v->table_at.h - 1 : shell->body.h;
	switch (action) {
	case UI_DO_UP: move_to_row(v, at - 1); return true;
	case UI_DO_DOWN: move_to_row(v, at + 1); return true;
	case UI_DO_PAGE_UP: move_to_row(v, at - page); return true;
	case UI_DO_PAGE_DOWN: move_to_row(v, at + page); return true;
	case UI_DO_FIRST: move_to_row(v, 0); return true;
	case UI_DO_LAST: move_to_row(v, INT64_MAX); return true;
	case UI_DO_LEFT:
	case UI_DO_RIGHT: move_to_child(v, action == UI_DO_RIGHT); return true;
	case UI_DO_ENTER:
	case UI_DO_FOCUS: v->in_map = v->grid.length > 0; return true;
	case UI_DO_ZOOM_IN:
	case UI_DO_ZOOM_OUT:
	case UI_DO_ZOOM_FIT: return ui_grid_act(&v->grid, action);
	default: return false;
	}
}

/* From a single page to all about it: of the target where that is one of both, else of the child. */
static void enter(struct ui_family_view *v, struct ui_shell *shell)
{
	const struct pt_kin_row *row = ui_family_row(v);
	if (ui_grid_per_cell(&v->grid) > 1) {
		ui_grid_enter(&v->grid);
		return;
	}
	pid_t parent = ui_family_parent(v)->pid, child = ui_family_child(v)->pid;
	bool of_parent = shell->target.feed && shell->target.pid == parent;
	if (v->over && !of_parent)
		ui_shell_say(shell, WG_DIM, "it has ended");
	else
		ui_shell_open_page(shell, of_parent ? parent : child,
				   row->start + (v->grid.cursor << v->got->look->page_shift));
}

static bool act_in_map(struct ui_family_view *v, struct ui_shell *shell, enum ui_action action)
{
	if (action == UI_DO_FOCUS || (action == UI_DO_BACK && !v->grid.n_back)) {
		v->in_map = false;
		return true;
	}
	if (action != UI_DO_ENTER)
		return ui_grid_act(&v->grid, action);
	enter(v, shell);
	return true;
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct family *f = self(screen);
	struct ui_family_view *v = &f->view;
	(void)key;
	switch (action) {
	case UI_DO_REFRESH: ask(f, shell); return true;
	case UI_DO_PAUSE:
		f->paused = !f->paused;
		ui_shell_say(shell, WG_TEXT, f->paused ? "paused: R looks once more" : "going on");
		return true;
	default: break;
	}
	if (v->child == PT_FORKS_NONE)
		return false;
	return v->in_map && ui_family_row(v) ? act_in_map(v, shell, action) : act_in_table(v, shell, action);
}

static bool is_inside(struct wg_rect r, const struct ui_event *e)
{
	return e->x >= r.x && e->x < r.x + r.w && e->y >= r.y && e->y < r.y + r.h;
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_family_view *v = &self(screen)->view;
	bool wheel = event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN;
	if (v->child == PT_FORKS_NONE)
		return;
	if (is_inside(v->table_at, event) && wheel) {
		move_to_row(v, (int64_t)v->row + (event->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3));
	} else if (is_inside(v->table_at, event) && event->mouse == UI_MOUSE_PRESS && event->y > v->table_at.y) {
		v->in_map = false;
		move_to_row(v, (int64_t)v->top + event->y - v->table_at.y - 1);
	} else if (is_inside(v->members_at, event) && event->mouse == UI_MOUSE_PRESS) {
		size_t member = (size_t)(event->y - v->members_at.y);
		if (event->y > v->members_at.y + 1 && member - 1 < v->got->look->n)
			show_child(v, member - 1);
	} else if (ui_family_row(v) && v->grid.w) {
		if (event->mouse == UI_MOUSE_PRESS && is_inside(v->grid.rect, event))
			v->in_map = true;
		if (ui_grid_mouse(&v->grid, event))
			enter(v, shell);
	}
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

const struct pt_kin_sums *ui_family_cells(struct ui_family_view *v, struct ui_family_cells *kept, uint64_t start,
					  uint64_t end, uint64_t per_cell, size_t n)
{
	if (kept->version == v->version && kept->start == start && kept->end == end && kept->per_cell == per_cell &&
	    kept->n == n)
		return kept->sums;
	struct pt_kin_sums *sums = realloc(kept->sums, (n + 1) * sizeof *sums);
	if (!sums)
		return NULL;
	*kept = (struct ui_family_cells){v->version, start, end, per_cell, sums, n};
	pt_kin_cells(ui_family_parent(v)->snapshot, ui_family_child(v)->snapshot, start, end, per_cell, sums, n);
	return sums;
}

void ui_family_cells_free(struct ui_family_cells *cells)
{
	free(cells->sums);
	*cells = (struct ui_family_cells){0};
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_FAMILY;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	(void)screen;
	(void)shell;
	return "forks";
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	ui_family_draw(&self(screen)->view, shell, c, rect);
}

static int fd(const struct ui_screen *screen)
{
	const struct family *f = (const struct family *)screen;
	return f->worker ? ui_worker_fd(f->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct family *f = (const struct family *)screen;
	return f->worker ? f->due_ns : UINT64_MAX;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct family *f = self(screen);
	ui_worker_free(f->worker, wait_ms);
	ui_family_reading_free(f->got);
	for (size_t i = 0; i < UI_FAMILY_STRIPS; i++)
		ui_family_cells_free(&f->view.strips[i]);
	ui_family_cells_free(&f->view.map);
	free(f->view.rows);
	free(f);
}

struct ui_screen *ui_family_of(pid_t pid)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .act = act,
						 .mouse = mouse,
						 .fd = fd,
						 .due = due,
						 .free = free_screen};
	struct family *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->screen.ops = &ops;
	f->view.pid = pid;
	f->view.child = PT_FORKS_NONE;
	ui_grid_init(&f->view.grid);
	return &f->screen;
}

struct ui_screen *ui_family_new(struct ui_shell *shell)
{
	return ui_family_of(shell->target.pid);
}
