/*
 * The page screen: everything the kernel says of one page, read again every interval by a worker of its own, and what
 * became of the address. At a moment of the past, or where there is no process to ask, what the snapshot says of it.
 * State and keys; the drawing is in pageview.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain/recall.h"
#include "tui/screens/pageview.h"
#include "tui/screens/screens.h"

#define WAIT_MS  20 /* for the first answer, so that stepping from page to page does not flicker */
#define HEX_STEP 32

struct page {
	struct ui_screen screen;
	struct ui_worker *worker;
	struct ui_inspection *got; /* owned */
	struct ui_page_view view;
	uint64_t due_ns;
	unsigned recalled; /* version of the target that `got` was recalled from; 0: it was read */
};

static struct page *self(struct ui_screen *screen)
{
	return (struct page *)screen;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void ask(struct page *p, struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	p->due_ns = shell->now_ns + shell->interval_ns;
	if (!t->now || !p->worker)
		return;
	struct ui_inspector_request request = {t->pid, p->view.address, t->now->signals, p->view.hex};
	ui_worker_ask(p->worker, &request);
}

static bool same_moment(const struct ui_page_moment *a, const struct ui_page_moment *b)
{
	return a->cause == b->cause && a->pfn == b->pfn && a->has_count == b->has_count && a->count == b->count;
}

static void note_history(struct ui_page_view *v)
{
	const struct pt_facts *f = &v->got->facts;
	struct ui_page_moment now = {v->got->realtime_ns, v->words.cause, f->pfn, f->count.known ? f->count.value : 0,
				     f->count.known};
	if (v->n_history && same_moment(&v->history[v->n_history - 1], &now))
		return;
	if (v->n_history == UI_PAGE_HISTORY)
		memmove(v->history, v->history + 1, --v->n_history * sizeof *v->history);
	v->history[v->n_history++] = now;
}

/* What the VMA holds in all, which helps to explain one page of it. */
static void add_vma_sum(struct pt_facts *facts, const struct pt_snapshot *s)
{
	if (!s || !facts->mapped)
		return;
	size_t i = pt_vma_find(s->vmas, facts->address);
	if (i < s->vmas->n && s->vmas->v[i].start == facts->vma.start && s->vmas->v[i].end == facts->vma.end)
		facts->vma_sum = *pt_snapshot_sums(s, i);
}

static void explain(struct page *p)
{
	pt_explain_page(&p->got->facts, &p->view.words);
	pt_facts_list(&p->got->facts, &p->view.facts);
}

/* Whether there is only the snapshot to ask. */
static bool is_past(const struct ui_shell *shell)
{
	return shell->target.back || !shell->target.inspect;
}

/* The page as it was at the moment shown. */
static void recall(struct page *p, struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	bool same = p->got && p->recalled == t->version && p->got->address == p->view.address;
	struct ui_inspection *got = t->now && !same ? calloc(1, sizeof *got) : NULL;
	if (!got)
		return;
	got->address = p->view.address;
	got->realtime_ns = t->now->realtime_ns;
	got->asked_contents = true;
	got->contents_error = -ENODATA;
	pt_recall_page(t->now, p->view.address, &got->facts);
	ui_inspection_free(p->got);
	p->view.got = p->got = got;
	p->recalled = t->version;
	explain(p);
	shell->dirty = true;
}

static bool take(struct page *p, struct ui_shell *shell)
{
	struct ui_inspection *got = p->worker ? ui_worker_take(p->worker) : NULL;
	if (!got)
		return false;
	if (got->address != p->view.address || is_past(shell)) { /* the person went on, or back */
		ui_inspection_free(got);
		return false;
	}
	if (got->error == -ESRCH && p->got && !p->got->error) { /* the last reading stays, as the last frame does */
		ui_inspection_free(got);
		return false;
	}
	ui_inspection_free(p->got);
	p->view.got = p->got = got;
	p->recalled = 0;
	if (!got->error) {
		add_vma_sum(&got->facts, shell->target.now);
		explain(p);
		p->view.reads++;
		note_history(&p->view);
	}
	shell->dirty = true;
	return true;
}

static bool may_ask(const struct page *p, const struct ui_shell *shell)
{
	const struct ui_target *t = &shell->target;
	bool over = t->status.state == PT_FEED_ENDED || t->status.state == PT_FEED_PAUSED || t->paused;
	return p->worker && t->now && !(over && p->got);
}

/* Reads at once, and waits a moment for the answer. */
static void read_now(struct page *p, struct ui_shell *shell)
{
	if (is_past(shell)) {
		recall(p, shell);
		return;
	}
	if (!p->worker && ui_inspector_new(&p->worker, shell->target.inspect) < 0) {
		ui_shell_say(shell, WG_BAD, "the page cannot be read: out of memory or threads");
		return;
	}
	ask(p, shell);
	ui_worker_wait(p->worker, WAIT_MS);
	take(p, shell);
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct page *p = self(screen);
	struct ui_fault_want birth = ui_page_want(&p->view);
	take(p, shell);
	ui_faults_ask(shell, &birth);
	if (is_past(shell) || p->recalled) { /* there, or back from there */
		read_now(p, shell);
		return;
	}
	if (shell->now_ns < p->due_ns)
		return;
	if (may_ask(p, shell) && !ui_worker_busy(p->worker))
		ask(p, shell);
	else
		p->due_ns = shell->now_ns + shell->interval_ns / 4;
}

static void go_to(struct page *p, struct ui_shell *shell, uint64_t address)
{
	bool hex = p->view.hex;
	ui_inspection_free(p->got);
	p->got = NULL;
	p->recalled = 0;
	p->view = (struct ui_page_view){.address = address, .hex = hex};
	read_now(p, shell);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

/* The page before or after, over gaps to the next VMA. */
static void step(struct page *p, struct ui_shell *shell, int direction)
{
	const struct pt_snapshot *s = shell->target.now;
	if (!s || !s->vmas->n)
		return;
	uint64_t size = 1ull << s->page_shift, address = p->view.address;
	uint64_t to = direction < 0 ? address - size : address + size;
	size_t i = pt_vma_find(s->vmas, to);
	bool covered = i < s->vmas->n && pt_vma_covers(&s->vmas->v[i], to);
	if (!covered && direction < 0 && i == 0)
		return;
	if (!covered && direction > 0 && i == s->vmas->n)
		return;
	if (!covered)
		to = direction < 0 ? s->vmas->v[i - 1].end - size : s->vmas->v[i].start;
	go_to(p, shell, to);
}

static void scroll(struct ui_page_view *v, int lines)
{
	if (!v->hex) {
		v->top += lines;
		return;
	}
	int64_t top = (int64_t)v->hex_top + (int64_t)lines * HEX_STEP;
	v->hex_top = top > 0 ? (size_t)top : 0;
}

static bool scroll_by(struct ui_page_view *v, enum ui_action action)
{
	int page = v->lines > 1 ? v->lines - 1 : 1;
	switch (action) {
	case UI_DO_UP: scroll(v, -1); return true;
	case UI_DO_DOWN: scroll(v, 1); return true;
	case UI_DO_PAGE_UP: scroll(v, -page); return true;
	case UI_DO_PAGE_DOWN: scroll(v, page); return true;
	case UI_DO_FIRST: scroll(v, -10000); return true;
	case UI_DO_LAST: scroll(v, 10000); return true;
	default: return false;
	}
}

static void to_frame(const struct page *p, struct ui_shell *shell)
{
	uint64_t pfn = p->got && !p->got->error ? p->got->facts.pfn : 0;
	if (!shell->sources->kernel || !shell->target.inspect)
		ui_shell_say(shell, WG_DIM, "a recording: its frames cannot be asked any more");
	else if (!pfn)
		ui_shell_say(shell, WG_DIM, "no frame behind this page, or its number is hidden");
	else {
		ui_shell_push(shell, ui_frame_new(shell, pfn));
		if (shell->target.back)
			ui_shell_say(shell, WG_WARN, "the frame as it is now: of that moment its number alone is kept");
	}
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct page *p = self(screen);
	(void)key;
	switch (action) {
	case UI_DO_LEFT: step(p, shell, -1); return true;
	case UI_DO_RIGHT: step(p, shell, 1); return true;
	case UI_DO_ENTER: ui_shell_push(shell, ui_object_new(shell, p->view.address)); return true;
	case UI_DO_REFRESH: read_now(p, shell); return true;
	case UI_DO_FRAME: to_frame(p, shell); return true;
	case UI_DO_FILE: ui_file_open(shell, p->view.address); return true;
	case UI_DO_HEX:
		p->view.hex = !p->view.hex;
		p->view.hex_top = 0;
		if (p->view.hex)
			read_now(p, shell);
		return true;
	case UI_DO_BACK:
		if (!p->view.hex)
			return false;
		p->view.hex = false;
		return true;
	default: return scroll_by(&p->view, action);
	}
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	(void)shell;
	if (event->mouse == UI_MOUSE_WHEEL_UP)
		scroll(&self(screen)->view, -3);
	else if (event->mouse == UI_MOUSE_WHEEL_DOWN)
		scroll(&self(screen)->view, 3);
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static void come_up(struct ui_screen *screen, struct ui_shell *shell)
{
	read_now(self(screen), shell);
}

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_PAGE;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	const struct page *p = (const struct page *)screen;
	return ui_scratch_text(&shell->scratch, "%s %" PRIx64, p->view.hex ? "contents of" : "page", p->view.address);
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_page_view *v = &self(screen)->view;
	if (v->hex)
		ui_page_draw_hex(v, shell, c, rect);
	else
		ui_page_draw(v, shell, c, rect);
}

/* The frames after this one: the page itself is read by the inspector. */
static size_t watch(struct ui_screen *screen, struct ui_shell *shell, struct pt_stretch *ret, size_t max)
{
	uint64_t size = pt_snapshot_chunk_size(shell->target.now), start = self(screen)->view.address & ~(size - 1);
	if (max)
		ret[0] = (struct pt_stretch){start, start + size};
	return max ? 1 : 0;
}

static void subject(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret)
{
	const struct pt_vma_table *vmas = shell->target.now->vmas;
	ret->is_page = true;
	ret->page = ((const struct page *)screen)->view.address;
	size_t i = pt_vma_find(vmas, ret->page);
	if (i >= vmas->n || !pt_vma_covers(&vmas->v[i], ret->page))
		return;
	ret->start = vmas->v[i].start;
	ret->end = vmas->v[i].end;
}

static int fd(const struct ui_screen *screen)
{
	const struct page *p = (const struct page *)screen;
	return p->worker ? ui_worker_fd(p->worker) : -1;
}

static uint64_t due(const struct ui_screen *screen)
{
	const struct page *p = (const struct page *)screen;
	return p->worker ? p->due_ns : UINT64_MAX;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	struct page *p = self(screen);
	ui_worker_free(p->worker, wait_ms);
	ui_inspection_free(p->got);
	free(p);
}

struct ui_screen *ui_page_new(struct ui_shell *shell, uint64_t address)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = come_up,
						 .update = update,
						 .draw = draw,
						 .watch = watch,
						 .subject = subject,
						 .act = act,
						 .mouse = mouse,
						 .fd = fd,
						 .due = due,
						 .free = free_screen};
	struct page *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	uint64_t size = shell->target.now ? 1ull << shell->target.now->page_shift : 1;
	p->screen.ops = &ops;
	p->view.address = address & ~(size - 1);
	return &p->screen;
}
