/*
 * The screen of sharers: the other processes that have pages of a VMA, a stretch or the whole process, and the memory
 * nodes they lie on. Answers are of the shell's worker (tui/owners.h). State and keys; the drawing is in sharersdraw.c.
 */
#include "tui/screens/sharers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/screens/screens.h"

#define LOOK_NS 100000000u /* to see how far the index is */

struct sharers {
	struct ui_screen screen;
	struct ui_sharers_view view;
	unsigned version; /* of the answer that the view was made of */
	bool stale;       /* it is about another stretch now */
	uint64_t look_ns;
};

static struct sharers *self(struct ui_screen *screen)
{
	return (struct sharers *)screen;
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static uint64_t end_of(const struct ui_sharers_view *v)
{
	return v->end ? v->end : UINT64_MAX;
}

/* The pages of a VMA by node; what of them is remote is added. */
static void add_vma(const struct ui_sharing *a, const struct pt_snapshot *s, const struct pt_vma *vma, double *shares,
		    uint64_t *pages, struct pt_maybe *remote)
{
	memset(pages, 0, (a->nodes.n + 1) * sizeof *pages);
	pt_nodes_count(&a->nodes, s, vma->start, vma->end, pages);
	bool known = (vma->tid && pt_node_shares(&a->nodes, &a->threads, vma->tid, shares)) ||
		     pt_node_shares(&a->nodes, &a->threads, 0, shares);
	struct pt_maybe one = pt_nodes_remote(&a->nodes, pages, shares);
	remote->value += one.value;
	remote->known = remote->known && known && one.known;
}

static void list_nodes(struct ui_sharers_view *v, const struct ui_sharing *a, const double *shares)
{
	for (size_t i = 0; i < a->nodes.n && i < UI_NODE_ROWS; i++) {
		struct ui_node_row *row = &v->nodes[i];
		row->node = a->nodes.ids[i];
		row->cpu_share = shares[i];
		row->threads = 0;
		for (size_t t = 0; t < a->threads.n; t++)
			row->threads += a->threads.v[t].node == i;
	}
}

static void sum_nodes(struct ui_sharers_view *v, const struct ui_sharing *a, const struct pt_snapshot *s)
{
	uint64_t *pages = calloc(a->nodes.n + 1, sizeof *pages);
	double *shares = calloc(a->nodes.n + 1, sizeof *shares);
	v->n_nodes = pages && shares ? a->nodes.n : 0;
	v->remote = (struct pt_maybe){0, true};
	v->unplaced = 0;
	memset(v->nodes, 0, sizeof v->nodes);
	for (size_t i = 0; v->n_nodes && i < s->vmas->n; i++) {
		const struct pt_vma *vma = &s->vmas->v[i];
		if (vma->end <= v->start || vma->start >= end_of(v))
			continue;
		add_vma(a, s, vma, shares, pages, &v->remote);
		v->unplaced += pages[a->nodes.n];
		for (size_t n = 0; n < a->nodes.n && n < UI_NODE_ROWS; n++)
			v->nodes[n].pages += pages[n];
	}
	if (v->n_nodes) {
		pt_node_shares(&a->nodes, &a->threads, 0, shares);
		list_nodes(v, a, shares);
	}
	free(pages);
	free(shares);
}

static void sum_up(struct ui_sharers_view *v, const struct ui_sharing *a, const struct pt_snapshot *s)
{
	pid_t selected = v->at < v->list.n ? v->list.v[v->at].pid : 0;
	struct pt_sharers list;
	if (pt_sharing_with(a->sharing, v->start, end_of(v), &list))
		return;
	free(v->list.v);
	v->list = list;
	v->known = true;
	v->rss = v->pages = 0;
	for (size_t i = 0; i < s->vmas->n; i++) {
		const struct pt_vma *vma = &s->vmas->v[i];
		if (vma->end <= v->start || vma->start >= end_of(v))
			continue;
		v->rss += pt_snapshot_sums(s, i)->n[PT_N_RSS];
		v->pages += (vma->end - vma->start) >> s->page_shift;
	}
	sum_nodes(v, a, s);
	for (size_t i = 0; i < list.n; i++) /* the same process stays selected */
		v->at = list.v[i].pid == selected ? i : v->at;
	v->at = v->at < list.n ? v->at : list.n ? list.n - 1 : 0;
}

static void update(struct ui_screen *screen, struct ui_shell *shell)
{
	struct sharers *p = self(screen);
	ui_owners_ask_sharing(shell);
	const struct ui_sharing *a = ui_sharing_now(shell);
	p->look_ns = a || shell->target.back ? UINT64_MAX : shell->now_ns + LOOK_NS;
	if (!a) {
		shell->dirty = shell->dirty || p->view.known;
		p->view.known = false;
		p->stale = true;
		return;
	}
	if (p->version == shell->owners.sharing_version && !p->stale)
		return;
	p->version = shell->owners.sharing_version;
	p->stale = false;
	sum_up(&p->view, a, shell->target.now);
	shell->dirty = true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static void move_to(struct ui_sharers_view *v, int64_t at)
{
	int64_t last = (int64_t)v->list.n - 1;
	at = at > last ? last : at;
	v->at = at > 0 ? (size_t)at : 0;
}

static bool move(struct ui_sharers_view *v, enum ui_action action)
{
	int64_t page = v->table.h > 1 ? v->table.h - 1 : 1, at = (int64_t)v->at;
	switch (action) {
	case UI_DO_UP: move_to(v, at - 1); return true;
	case UI_DO_DOWN: move_to(v, at + 1); return true;
	case UI_DO_PAGE_UP: move_to(v, at - page); return true;
	case UI_DO_PAGE_DOWN: move_to(v, at + page); return true;
	case UI_DO_FIRST: move_to(v, 0); return true;
	case UI_DO_LAST: move_to(v, INT32_MAX); return true;
	default: return false;
	}
}

static void to_process(const struct ui_sharers_view *v, struct ui_shell *shell)
{
	if (!v->known || v->at >= v->list.n)
		ui_shell_say(shell, WG_DIM, "nobody is known who shares this");
	else
		ui_shell_open_process(shell, v->list.v[v->at].pid);
}

static bool act(struct ui_screen *screen, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	struct sharers *p = self(screen);
	struct ui_sharers_view *v = &p->view;
	(void)key;
	if (action == UI_DO_ENTER) {
		to_process(v, shell);
		return true;
	}
	if (action == UI_DO_WHOLE) {
		bool whole = v->end == 0;
		v->start = whole ? v->vma_start : 0;
		v->end = whole ? v->vma_end : 0;
		p->stale = true;
		update(screen, shell);
		return true;
	}
	return move(v, action);
}

static void mouse(struct ui_screen *screen, struct ui_shell *shell, const struct ui_event *event)
{
	struct ui_sharers_view *v = &self(screen)->view;
	const struct wg_rect *table = &v->table;
	int row = event->y - table->y;
	if (event->mouse == UI_MOUSE_WHEEL_UP || event->mouse == UI_MOUSE_WHEEL_DOWN)
		move_to(v, (int64_t)v->at + (event->mouse == UI_MOUSE_WHEEL_UP ? -3 : 3));
	if (event->mouse != UI_MOUSE_PRESS || row < 0 || row >= table->h || event->x < table->x ||
	    event->x >= table->x + table->w || v->top + (size_t)row >= v->list.n)
		return;
	if (v->at == v->top + (size_t)row)
		to_process(v, shell);
	else
		v->at = v->top + (size_t)row;
}

/* ---- the screen ------------------------------------------------------------------------------------------------- */

static enum ui_where where(const struct ui_screen *screen)
{
	(void)screen;
	return UI_IN_SHARERS;
}

static const char *title(const struct ui_screen *screen, struct ui_shell *shell)
{
	const struct ui_sharers_view *v = &((const struct sharers *)screen)->view;
	return v->end ? ui_scratch_text(&shell->scratch, "who shares %" PRIx64, v->start) : "who shares";
}

static void draw(struct ui_screen *screen, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	ui_sharers_draw(&self(screen)->view, shell, c, rect);
}

static void subject(const struct ui_screen *screen, const struct ui_shell *shell, struct ui_subject *ret)
{
	const struct ui_sharers_view *v = &((const struct sharers *)screen)->view;
	(void)shell;
	ret->start = v->start;
	ret->end = v->end;
}

static uint64_t due(const struct ui_screen *screen)
{
	return ((const struct sharers *)screen)->look_ns;
}

static void free_screen(struct ui_screen *screen, int wait_ms)
{
	(void)wait_ms;
	free(self(screen)->view.list.v);
	free(screen);
}

struct ui_screen *ui_sharers_new(struct ui_shell *shell)
{
	static const struct ui_screen_ops ops = {.where = where,
						 .title = title,
						 .shown = update,
						 .update = update,
						 .draw = draw,
						 .subject = subject,
						 .act = act,
						 .mouse = mouse,
						 .due = due,
						 .free = free_screen};
	const struct ui_screen *from = shell->depth ? shell->stack[shell->depth - 1] : NULL;
	struct ui_subject about = {0};
	struct sharers *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	if (from && from->ops->subject && shell->target.now)
		from->ops->subject(from, shell, &about);
	p->screen.ops = &ops;
	p->view.start = p->view.vma_start = about.start;
	p->view.end = p->view.vma_end = about.end;
	p->stale = true;
	p->look_ns = UINT64_MAX;
	return &p->screen;
}
