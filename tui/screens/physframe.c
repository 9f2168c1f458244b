/*
 * The frame screen: one page frame of the machine, read again every interval by a worker of its own. It needs no target:
 * it asks the machine. State and keys; the drawing is in physframeview.c.
 */
#include "tui/screens/physframe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/cache/mappers.h"
#include "tui/now.h"
#include "tui/screens/screens.h"
#include "tui/worker.h"

#define LOOK_NS 100000000u
#define WAIT_MS 20 /* for the first answer, so that stepping from frame to frame does not flicker */

struct physframe {
	struct ui_screen screen;
	struct ui_worker *worker;         /* a reader; NULL: it could not be started */
	struct ui_physframe_reading *got; /* owned */
	struct ui_physframe_view view;
	uint64_t due_ns;
	uint64_t look_ns; /* to see how far the index of owners is */
};

static struct physframe *self(struct ui_screen *screen)
{
	return (struct physframe *)screen;
}

/* ---- the reader, in its thread ---------------------------------------------------------------------------------- */

struct reader {
	int (*kernel)(struct pt_kernel **ret);
	struct pt_kernel *k; /* NULL until the first request */
	struct pt_signals signals;
	bool probed; /* which signals there are */
};

static int open_kernel(struct reader *r)
{
	int error = r->k ? 0 : r->kernel(&r->k);
	if (!error && !r->probed)
		pt_probe_signals(r->k, 0, &r->signals);
	r->probed = r->probed || !error;
	return error;
}

static void read_frame(struct ui_worker *worker, void *state, const void *request)
{
	struct reader *r = state;
	struct ui_physframe_reading *got = calloc(1, sizeof *got);
	if (!got)
		return;
	got->pfn = *(const uint64_t *)request;
	got->error = open_kernel(r);
	if (!got->error)
		pt_frame_read(r->k, got->pfn, &r->signals, &got->info);
	got->realtime_ns = ui_now(CLOCK_REALTIME);
	ui_worker_publish(worker, got);
}

static void close_reader(void *state)
{
	struct reader *r = state;
	pt_kernel_free(r->k);
	free(r);
}

static int new_reader(struct ui_worker **ret, int (*kernel)(struct pt_kernel **ret))
{
	static const struct ui_worker_ops ops = {sizeof(uint64_t), read_frame, free, close_reader};
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->kernel = kernel;
	int error = ui_worker_new(ret, &ops, r);
	if (error)
		free(r);
	return error;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void take(struct physframe *p, struct ui_shell *shell)
{
	struct ui_physframe_reading *got = p->worker ? ui_worker_take(p->worker) : NULL;
	if (!got)
		return;
	if (got->pfn != p->view.pfn) { /* the person went on */
		free(got);
		return;
	}
	free(p->got);
	p->view.got = p->got = got;
	if (!got->error)
		pt_frame_list(&got->info, &p->view.facts);
	shell->dirty = true;
}

static void ask(struct physframe *p, struct ui_shell *shell)
{
	p->due_ns = shell->now_ns + shell->interval_ns;
	if (p->worker)
		ui_worker_ask(p->worker, &p->view.pfn);
}

/* Reads at once, and waits a moment for the answer. */
static void read_now(struct physframe *p, struct ui_shell *shell)
{
	if (!p->worker && new_reader(&p->worker, shell->sources->kernel) < 0) {
		ui_shell_say(shell, WG_BAD, "the frame cannot be read: out of memory or threads");
		return;
	}
	ask(p, shell);
	ui_owners_ask(shell, p->view.pfn);
	ui_worker_wait(p->worker, WAIT_MS);
	take(p, shell);
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct physframe *p = self(screen);
	take(p, shell);
	ui_owners_ask(shell, p->view.pfn);
	p->look_ns = ui_owners_building(&shell->owners, NULL) ? shell->now_ns + LOOK_NS : UINT64_MAX;
	if (shell->now_ns < p->due_ns)
		return;
	if (p->worker && !ui_worker_busy(p->worker))
		ask(p, shell);
	else
		p->due_ns = shell->now_ns + shell->interval_ns / 4;
}

static void go_to(struct physframe *p, struct ui_shell *shell, uint64_t pfn)
{
	free(p->got);
	p->got = NULL;
	p->view = (struct ui_physframe_view){.pfn = pfn};
	read_now(p, shell);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void to_owner(const struct physframe *p, struct ui_shell *shell)
{
	const struct ui_owners_answer *a = ui_owners_of(&shell->owners, p->view.pfn);
	if (!a || p->view.at >= a->owners.n)
		ui_shell_say(shell, WG_DIM, "nobody is known who maps this frame");
	else
		ui_shell_open_page(shell, a->owners.v[p->view.at].pid, a->owners.v[p->view.at].address);
}

/* The file that this frame holds a page of, as the selected owner has it mapped. */
static void to_file(const struct physframe *p, struct ui_shell *shell)
{
	const struct ui_owners_answer *a = ui_owners_of(&shell->owners, p->view.pfn);
	if (!a || !p->got || p->got->error) {
		ui_shell_say(shell, WG_DIM, "who maps this frame is not known yet");
		return;
	}
	size_t i = a->has_file && p->view.at < a->n_mappings && a->mappings[p->view.at].is_file ? p->view.at : 0;
	while (a->has_file && i < a->n_mappings && !a->mappings[i].is_file)
		i++;
	if (!a->has_file || i == a->n_mappings) {
		ui_shell_say(shell, WG_DIM, "no file is known behind this frame: %s",
			     a->owners.n ? "it holds no page of one" : "nobody maps it");
		return;
	}
	const struct pt_frame_mapping *m = &a->mappings[i];
	char link[PT_MAPPED_FILE_MAX];
	ui_shell_push(shell, ui_file_new(m->name, pt_mapped_file(a->owners.v[i].pid, m->start, m->end, link),
					 m->offset >> p->got->info.facts.page_shift));
}

/* Through the owners, where there are several. */
static bool select_owner(struct physframe *p, const struct ui_shell *shell, int step)
{
	const struct ui_owners_answer *a = ui_owners_of(&shell->owners, p->view.pfn);
	if (!a || a->owners.n < 2 || (step < 0 && !p->view.at) || (step > 0 && p->view.at + 1 >= a->owners.n))
		return false;
	p->view.at += (size_t)step;
	return true;
}

/* The facts below. */
static bool scroll_by(struct ui_physframe_view *v, enum ui_action action)
{
	int page = v->lines > 1 ? v->lines - 1 : 1;
	switch (action) {
	case UI_DO_UP: v->top--; return true;
	case UI_DO_DOWN: v->top++; return true;
	case UI_DO_PAGE_UP: v->top -= page; return true;
	case UI_DO_PAGE_DOWN: v->top += page; return true;
	case UI_DO_FIRST: v->top = 0; return true;
	case UI_DO_LAST: v->top += 10000; return true;
	default: return false;
	}
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct physframe *p = self(screen);
	(void)key;
	switch (action) {
	case UI_DO_LEFT:
		if (p->view.pfn)
			go_to(p, shell, p->view.pfn - 1);
		return true;
	case UI_DO_RIGHT:
		if (p->got && p->got->info.facts.flags.known) /* there is one more at most behind the last */
			go_to(p, shell, p->view.pfn + 1);
		return true;
	case UI_DO_ENTER: to_owner(p, shell); return true;
	case UI_DO_FILE: to_file(p, shell); return true;
	case UI_DO_UP: return select_owner(p, shell, -1) || scroll_by(&p->view, action);
	case UI_DO_DOWN: return select_owner(p, shell, 1) || scroll_by(&p->view, action);
	case UI_DO_REFRESH:
		ui_owners_again(shell);
		read_now(p, shell);
		return true;
	default: return scroll_by(&p->view, action);
	}
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct physframe *p = self(screen);
	const struct wg_rect *table = &p->view.table;
	const struct ui_owners_answer *a = ui_owners_of(&shell->owners, p->view.pfn);
	if (event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN)
		p->view.top += event->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3;
	int row = event->y - table->y;
	if (event->mouse != UI_MOUSE_PRESS || !a || row < 0 || row >= table->h || event->x < table->x ||
	    event->x >= table->x + table->w || p->view.top_owner + (size_t)row >= a->owners.n)
		return;
	bool again = p->view.at == p->view.top_owner + (size_t)row;
	p->view.at = p->view.top_owner + (size_t)row;
	if (again)
		to_owner(p, shell);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	read_now(self(screen), shell);
}

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_FRAME;
}

/* Enter and C lead to who maps it. */
static bool of_use(const struct ui_screen *screen, const struct ui_shell *shell, enum ui_action action)
{
	const struct ui_owners_answer *a = ui_owners_of(&shell->owners, ((const struct physframe *)screen)->view.pfn);
	if (action == UI_DO_ENTER)
		return a && a->owners.n;
	return action != UI_DO_FILE || (a && a->has_file);
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	return ui_scratch_text(&shell->scratch, "frame 0x%" PRIx64, ((const struct physframe *)screen)->view.pfn);
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	ui_physframe_draw(&self(screen)->view, shell, c, rect);
}

static int fd(const struct ui_screen *screen)
{
	const struct physframe *p = (const struct physframe *)screen;
	return p->worker ? ui_worker_fd(p->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct physframe *p = (const struct physframe *)screen;
	return !p->worker ? UINT64_MAX : p->look_ns < p->due_ns ? p->look_ns : p->due_ns;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct physframe *p = self(screen);
	ui_worker_free(p->worker, wait_ms);
	free(p->got);
	free(p);
}

struct ui_screen *ui_frame_new(struct ui_shell *shell, uint64_t pfn)
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
	struct physframe *p = calloc(1, sizeof *p);
	(void)shell;
	if (!p)
		return NULL;
	p->screen.ops = &ops;
	p->view.pfn = pfn;
	p->look_ns = UINT64_MAX;
	return &p->screen;
}
