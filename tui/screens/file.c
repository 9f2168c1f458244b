/*
 * The file screen: what of one file is cached, read again every interval by a worker of its own. State, layers and keys;
 * the drawing is in filedraw.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/now.h"
#include "tui/screens/fileview.h"
#include "tui/screens/screens.h"
#include "tui/worker.h"

#define WAIT_MS 20 /* for the first answer, so that it does not flicker */

struct file {
	struct ui_screen screen;
	struct ui_worker *worker;    /* NULL: it could not be started */
	struct ui_file_reading *got; /* owned */
	struct ui_file_view view;
	char *link; /* another way to the file, that needs no name; "" if there is none */
	uint64_t due_ns;
};

static struct file *self(struct ui_screen *screen)
{
	return (struct file *)screen;
}

/* ---- the reader, in its thread ---------------------------------------------------------------------------------- */

struct reader {
	int (*kernel)(struct pt_kernel **ret);
	char *path, *link;
	struct pt_kernel *k; /* NULL until the first request */
	struct pt_cached_reader *cached;
	int fd; /* of the file, with O_PATH: it stays the same file; -1: not open */
};

static int open_all(struct reader *r)
{
	int error = r->k ? 0 : r->kernel(&r->k);
	if (!error && !r->cached)
		error = pt_cached_reader_new(r->k, &r->cached);
	if (error || r->fd >= 0)
		return error;
	r->fd = *r->link ? r->k->ops->open(r->k, r->link, O_PATH) : -ENOENT;
	if (r->fd < 0)
		r->fd = r->k->ops->open(r->k, r->path, O_PATH);
	return r->fd < 0 ? r->fd : 0;
}

static int unless_interrupted(void *arg)
{
	return ui_worker_interrupted(arg) ? -ECANCELED : 0;
}

void ui_file_reading_free(void *reading)
{
	struct ui_file_reading *got = reading;
	if (!got)
		return;
	pt_mappers_free(&got->mappers);
	pt_cached_free(got->cached);
	free(got);
}

static void read_file(struct ui_worker *worker, void *state, const void *request)
{
	struct reader *r = state;
	const struct pt_step step = {unless_interrupted, worker};
	struct ui_file_reading *got = calloc(1, sizeof *got);
	(void)request;
	if (!got)
		return;
	got->error = open_all(r);
	got->page_shift = r->k ? r->k->page_shift : 0;
	if (!got->error)
		got->error = pt_cached_read_at(r->cached, r->fd, true, step, &got->cached);
	if (!got->error)
		got->mappers_error = pt_mappers_read(r->k, got->cached, step, &got->mappers);
	got->realtime_ns = ui_now(CLOCK_REALTIME);
	if (got->error == -ECANCELED || got->mappers_error == -ECANCELED)
		ui_file_reading_free(got);
	else
		ui_worker_publish(worker, got);
}

static void close_reader(void *state)
{
	struct reader *r = state;
	if (r->fd >= 0)
		r->k->ops->close(r->k, r->fd);
	pt_cached_reader_free(r->cached);
	pt_kernel_free(r->k);
	free(r->path);
	free(r->link);
	free(r);
}

static int new_reader(const struct file *f, int (*kernel)(struct pt_kernel **ret), struct ui_worker **ret)
{
	static const struct ui_worker_ops ops = {sizeof(char), read_file, ui_file_reading_free, close_reader};
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	*r = (struct reader){.kernel = kernel, .path = strdup(f->view.path), .link = strdup(f->link), .fd = -1};
	int error = r->path && r->link ? ui_worker_new(ret, &ops, r) : -ENOMEM;
	if (error)
		close_reader(r);
	return error;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* The layer of a process is found again by its PID; one that maps it no more gives way to that of all mapped pages. */
static void keep_layer(struct ui_file_view *v)
{
	if (!v->layer_pid)
		return;
	for (unsigned i = 0; i < ui_file_layers(v); i++) {
		struct ui_file_layer layer = ui_file_layer(v, i, NULL);
		if (layer.mapper ? layer.mapper->pid == v->layer_pid : layer.bit == PT_CACHED_MAPPED)
			v->layer = i;
	}
}

static void take(struct file *f, struct ui_shell *shell)
{
	struct ui_file_reading *got = f->worker ? ui_worker_take(f->worker) : NULL;
	if (!got)
		return;
	ui_file_reading_free(f->got);
	f->view.got = f->got = got;
	f->view.page_shift = got->page_shift;
	if (got->cached && got->cached->sum.pages != f->view.grid.length)
		ui_grid_show(&f->view.grid, got->cached->sum.pages, f->view.grid.cursor);
	keep_layer(&f->view);
	shell->dirty = true;
}

static void ask(struct file *f, struct ui_shell *shell)
{
	f->due_ns = shell->now_ns + shell->interval_ns;
	if (f->worker)
		ui_worker_ask(f->worker, "");
}

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	struct file *f = self(screen);
	if (!f->worker && new_reader(f, shell->sources->kernel, &f->worker) < 0) {
		ui_shell_say(shell, WG_BAD, "the file cannot be looked at: out of memory or threads");
		return;
	}
	ask(f, shell);
	ui_worker_wait(f->worker, WAIT_MS);
	take(f, shell);
}

/* A look at a large file takes its time: no more than a tenth of the time goes into looks. */
static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct file *f = self(screen);
	take(f, shell);
	if (shell->now_ns < f->due_ns)
		return;
	bool busy = !f->worker || ui_worker_busy(f->worker);
	uint64_t took = f->got && f->got->cached ? f->got->cached->took_ns : 0;
	if (!busy)
		ask(f, shell);
	uint64_t least = busy ? shell->interval_ns / 4 : shell->interval_ns;
	f->due_ns = shell->now_ns + (10 * took > least ? 10 * took : least);
}

/* ---- layers ----------------------------------------------------------------------------------------------------- */

static const struct ui_file_layer layers[] = {
	{"cached", "is in the page cache", PT_CACHED_THERE, NULL},
	{"dirty", "to be written to disk", PT_CACHED_DIRTY, NULL},
	{"writeback", "being written to disk", PT_CACHED_WRITEBACK, NULL},
	{"active", "on the active list: in use", PT_CACHED_ACTIVE, NULL},
	{"referenced", "was accessed since the kernel looked last", PT_CACHED_REFERENCED, NULL},
	{"mapped", "in the page tables of some process", PT_CACHED_MAPPED, NULL},
	{"evicted", "was there, and the kernel remembers that it took it away", PT_CACHED_EVICTED, NULL},
	{"large", "part of a large folio", PT_CACHED_LARGE, NULL},
	{"unevictable", "locked into memory", PT_CACHED_UNEVICTABLE, NULL},
};
#define LAYERS (sizeof layers / sizeof *layers)

unsigned ui_file_layers(const struct ui_file_view *v)
{
	size_t mappers = v->got ? v->got->mappers.n : 0;
	return (unsigned)(LAYERS + (mappers < UI_FILE_MAPPERS ? mappers : UI_FILE_MAPPERS));
}

struct ui_file_layer ui_file_layer(const struct ui_file_view *v, unsigned layer, struct ui_scratch *scratch)
{
	if (layer < LAYERS || layer >= ui_file_layers(v))
		return layers[layer < LAYERS ? layer : 0];
	const struct pt_mapper *m = &v->got->mappers.v[layer - LAYERS];
	const char *name =
		scratch ? ui_scratch_text(scratch, "mapped by %s %d", ui_printable(scratch, m->name), (int)m->pid) : "";
	return (struct ui_file_layer){name, "in the page tables of this process", PT_CACHED_MAPPED, m};
}

struct pt_cached_share ui_file_share(const struct ui_file_view *v, const struct ui_file_layer *layer, uint64_t first,
				     uint64_t n)
{
	struct pt_cached_share share = pt_cached_share(v->got->cached, layer->bit, first, n);
	if (layer->mapper) {
		uint64_t hits = pt_mapper_pages(layer->mapper, first, n);
		share.hits = hits < share.pages ? hits : share.pages;
		share.unknown = 0;
	}
	return share;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void choose_layer(struct ui_file_view *v, unsigned layer)
{
	struct ui_file_layer chosen = ui_file_layer(v, layer, NULL);
	v->layer = layer;
	v->layer_pid = chosen.mapper ? chosen.mapper->pid : 0;
}

static bool act_on_layer(struct ui_file_view *v, enum ui_action action, uint32_t key)
{
	const unsigned n = ui_file_layers(v);
	switch (action) {
	case UI_DO_LAYER: choose_layer(v, (v->layer + 1) % n); return true;
	case UI_DO_LAYER_BACK: choose_layer(v, (v->layer + n - 1) % n); return true;
	case UI_DO_LAYER_DIGIT:
		if (key - '1' < n)
			choose_layer(v, key - '1');
		return true;
	default: return false;
	}
}

/* The next cell with something of the layer. */
static void find_hit(struct ui_file_view *v, struct ui_shell *shell, bool back)
{
	struct ui_grid *g = &v->grid;
	struct ui_file_layer layer = ui_file_layer(v, v->layer, &shell->scratch);
	uint64_t per_cell = ui_grid_per_cell(g), at = g->cursor / per_cell;
	uint64_t last = g->length ? (g->length - 1) / per_cell : 0;
	while (back ? at > 0 : at < last) {
		at = back ? at - 1 : at + 1;
		if (ui_file_share(v, &layer, at * per_cell, per_cell).hits) {
			g->cursor = at * per_cell;
			ui_grid_keep_in_sight(g);
			return;
		}
	}
	ui_shell_say(shell, WG_DIM, "no more cells with what the layer %s shows", layer.name);
}

static void find_densest(struct ui_file_view *v)
{
	struct ui_grid *g = &v->grid;
	struct ui_file_layer layer = ui_file_layer(v, v->layer, NULL);
	uint64_t per_cell = ui_grid_per_cell(g), most = 0;
	size_t cells = ui_grid_cells(g);
	for (size_t i = 0; i < cells; i++) {
		uint64_t hits = ui_file_share(v, &layer, g->top + i * per_cell, per_cell).hits;
		if (hits <= most)
			continue;
		most = hits;
		g->cursor = g->top + i * per_cell;
	}
}

static void enter(struct ui_file_view *v, struct ui_shell *shell)
{
	struct pt_cached_page page = pt_cached_page(v->got->cached, v->grid.cursor);
	if (ui_grid_per_cell(&v->grid) > 1)
		ui_grid_enter(&v->grid);
	else if (page.pfn)
		ui_shell_push(shell, ui_frame_new(shell, page.pfn));
	else
		ui_shell_say(shell, WG_DIM,
			     page.bits & PT_CACHED_THERE ? "which frame it is in is not known"
							 : "it is not cached: there is no frame");
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct file *f = self(screen);
	struct ui_file_view *v = &f->view;
	if (act_on_layer(v, action, key))
		return true;
	if (action == UI_DO_REFRESH) {
		ask(f, shell);
		return true;
	}
	if (!v->got || !v->got->cached || !v->grid.length)
		return false;
	switch (action) {
	case UI_DO_ENTER: enter(v, shell); return true;
	case UI_DO_NEXT_HIT: find_hit(v, shell, false); return true;
	case UI_DO_PREVIOUS_HIT: find_hit(v, shell, true); return true;
	case UI_DO_DENSEST: find_densest(v); return true;
	default: return ui_grid_act(&v->grid, action);
	}
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_file_view *v = &self(screen)->view;
	if (v->got && v->got->cached && v->grid.length && ui_grid_mouse(&v->grid, event))
		enter(v, shell);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_FILE;
}

/* Without a map there is nothing to move on. */
static bool of_use(const struct ui_screen *screen, const struct ui_shell *shell, enum ui_action action)
{
	const struct ui_file_view *v = &((const struct file *)screen)->view;
	(void)shell;
	switch (action) {
	case UI_DO_ENTER:
	case UI_DO_LAYER:
	case UI_DO_NEXT_HIT:
	case UI_DO_ZOOM_IN:
	case UI_DO_ZOOM_OUT: return v->got && v->got->cached && v->grid.length;
	default: return true;
	}
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	return ui_scratch_text(&shell->scratch, "file %s",
			       ui_base_name(&shell->scratch, ((const struct file *)screen)->view.path));
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	ui_file_draw(&self(screen)->view, shell, c, rect);
}

static int fd(const struct ui_screen *screen)
{
	const struct file *f = (const struct file *)screen;
	return f->worker ? ui_worker_fd(f->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct file *f = (const struct file *)screen;
	return f->worker ? f->due_ns : UINT64_MAX;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct file *f = self(screen);
	ui_worker_free(f->worker, wait_ms);
	ui_file_reading_free(f->got);
	free(f->view.path);
	free(f->link);
	free(f);
}

struct ui_screen *ui_file_new(const char *path, const char *link, uint64_t page)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .of_use = of_use,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .act = act,
						 .mouse = mouse,
						 .fd = fd,
						 .due = due,
						 .free = free_screen};
	struct file *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->screen.ops = &ops;
	f->view.path = strdup(path);
	f->link = strdup(link);
	ui_grid_init(&f->view.grid);
	f->view.grid.cursor = page;
	if (f->view.path && f->link)
		return &f->screen;
	free_screen(&f->screen, 0);
	return NULL;
}

void ui_file_open(struct ui_shell *shell, uint64_t address)
{
	const struct pt_snapshot *s = shell->target.now;
	size_t i = s ? pt_vma_find(s->vmas, address) : 0;
	if (!s || i >= s->vmas->n)
		return;
	const struct pt_vma *vma = &s->vmas->v[i];
	const uint64_t at = vma->offset + (address > vma->start ? address - vma->start : 0);
	char link[PT_MAPPED_FILE_MAX];
	if (!shell->sources->kernel || !shell->target.inspect)
		ui_shell_say(shell, WG_DIM, "a recording does not have the page cache");
	else if (!vma->inode || vma->path[0] != '/')
		ui_shell_say(shell, WG_DIM, "there is no file behind %s", ui_vma_name(&shell->scratch, vma));
	else
		ui_shell_push(shell, ui_file_new(vma->path, pt_mapped_file(s->process.pid, vma->start, vma->end, link),
						 at >> s->page_shift));
}
