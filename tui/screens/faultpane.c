/*
 * The pane below the tables of the fault screen: in words what the selected row is, where that has more to say than its
 * cells: kinds, the reason for what repeats, the calls that led there, CPUs. See faultview.h.
 */
#include "tui/screens/faultview.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"

#define KINDS_TOLD     4
#define GROWERS        3  /* of a VMA */
#define GROWERS_LOOKED 24 /* at, to find those */
#define CALLS_IN_LINE  8

#define CPU_CELLS 10
#define CPU_W     38

/* CPUs beside each other. */
static int cpus_across(int w)
{
	return w > CPU_W ? w / CPU_W : 1;
}

/* As much as it has to say, where that is known. */
static int wanted(const struct ui_fault_screen *f, int w)
{
	int n_cpus = f->view->n_cpus < 1000 ? (int)f->view->n_cpus : 1000;
	switch (f->tab) {
	case UI_FAULT_VMAS: return 6;
	case UI_FAULT_THREADS: return 1 + (n_cpus + cpus_across(w) - 1) / cpus_across(w);
	case UI_FAULT_STACKS: return w < 100 ? 6 : 5;
	case UI_FAULT_ALLOCS: return 4;
	default: return 16;
	}
}

int ui_fault_pane_lines(const struct ui_fault_screen *f, int w, int h)
{
	bool words = f->tab == UI_FAULT_REPEATERS || f->tab == UI_FAULT_STACKS || f->tab == UI_FAULT_ALLOCS;
	int room = h >= 50 ? 16 : h >= 36 ? 10 : h >= 28 ? 7 : h >= 22 ? 5 : 4;
	if (!ui_fault_shown(f) || h < (words ? 16 : 22))
		return 0;
	return wanted(f, w) < room ? wanted(f, w) : room;
}

/* ---- pieces ----------------------------------------------------------------------------------------------------- */

/* The kinds in the order of how many there were; how many kinds. */
static size_t by_frequency(const struct pt_fault_counts *counts, enum pt_fault_kind *ret)
{
	size_t n = 0;
	for (int i = 0; i < PT_FAULT_KIND_N; i++) {
		size_t at = n;
		if (!counts->kinds[i])
			continue;
		for (; at > 0 && counts->kinds[ret[at - 1]] < counts->kinds[i]; at--)
			ret[at] = ret[at - 1];
		ret[at] = (enum pt_fault_kind)i;
		n++;
	}
	return n;
}

/* A bar for each kind, and what it is in words. */
static void draw_kinds(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest,
		       const struct pt_fault_counts *counts)
{
	enum { CELLS = 20 };
	struct ui_scratch *s = &shell->scratch;
	enum pt_fault_kind kinds[PT_FAULT_KIND_N];
	size_t n = by_frequency(counts, kinds);
	for (size_t i = 0; i < n && rest->h > 0; i++) {
		struct wg_rect line = wg_take_top(rest, 1);
		uint64_t events = counts->kinds[kinds[i]];
		struct pt_fault_counts alone = {.events = events};
		struct wg_heat_cell cells[CELLS];
		alone.kinds[kinds[i]] = events;
		ui_fault_strip(&alone, counts->events, cells, CELLS);
		wg_draw_strip(c, wg_rect_clip((struct wg_rect){line.x + 1, line.y, CELLS, 1}, line), cells, CELLS,
			      WG_BACK);
		wg_text_right(c, line, CELLS + 2, 0, 5, ui_share(s, events, counts->events),
			      WG_STYLE(WG_TEXT, WG_BACK));
		wg_text_right(c, line, CELLS + 8, 0, 6, ui_number(s, events), WG_STYLE(WG_DIM, WG_BACK));
		wg_text_cut(c, line, CELLS + 16, 0, line.w - CELLS - 17, pt_fault_kind_words(kinds[i]), WG_CUT_END,
			    WG_STYLE(WG_TEXT, WG_BACK));
	}
}

/* "first touch 80 %, copied on write 20 %". */
static const char *kinds_text(struct ui_scratch *s, const struct pt_fault_counts *counts)
{
	const char *text = "";
	enum pt_fault_kind kinds[PT_FAULT_KIND_N];
	size_t n = by_frequency(counts, kinds);
	for (size_t i = 0; i < n && i < KINDS_TOLD; i++)
		text = ui_scratch_text(s, "%s%s%s %s", text, i ? ", " : "", pt_fault_kind_words(kinds[i]),
				       ui_share(s, counts->kinds[kinds[i]], counts->events));
	return text;
}

static void draw_line(struct wg_canvas *c, struct wg_rect *rest, const char *text, uint8_t role)
{
	struct wg_rect line = wg_take_top(rest, 1);
	wg_text_cut(c, line, 1, 0, line.w - 2, text, WG_CUT_END, WG_STYLE(role, WG_BACK));
}

static void draw_words(struct wg_canvas *c, struct wg_rect *rest, const char *text, uint8_t role)
{
	struct wg_rect inside = {rest->x + 1, rest->y, rest->w - 2, 0};
	struct wg_paragraph words = {text, role, 0};
	if (inside.w <= 0)
		return;
	int lines = wg_draw_text(c, inside, &words, 1, 0);
	inside.h = wg_take_top(rest, lines).h;
	wg_draw_text(c, inside, &words, 1, 0);
}

static void draw_title(struct wg_canvas *c, struct wg_rect *rest, const char *what, const char *more)
{
	struct wg_span spans[] = {{what, WG_TEXT, 0}, {more, WG_DIM, 1}};
	wg_draw_rule(c, wg_take_top(rest, 1), spans, 2);
}

/* ---- stacks ----------------------------------------------------------------------------------------------------- */

/* "malloc, called by insert, loop, main" where there is a line or two for all. */
static void draw_calls_in_words(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
				const struct pt_fault_call *calls, size_t n)
{
	enum { MOST = 12 };
	struct ui_scratch *s = &shell->scratch;
	const char *text = ui_fault_name_of(s, &calls[0]);
	for (size_t i = 1; i < n && i < MOST; i++)
		text = ui_scratch_text(s, "%s%s%s", text, i == 1 ? ", called by " : ", ",
				       ui_fault_name_of(s, &calls[i]));
	draw_words(c, &rect, text, WG_TEXT);
}

/* Innermost first; the last line says how many there are besides. */
static void draw_calls(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		       const struct pt_fault_call *calls, size_t n)
{
	struct ui_scratch *s = &shell->scratch;
	size_t lines = rect.h > 0 ? (size_t)rect.h : 0;
	size_t told = n <= lines ? n : lines ? lines - 1 : 0;
	int name_w = rect.w > 60 ? rect.w * 3 / 5 : rect.w;
	if (lines < 4 && n > lines) {
		draw_calls_in_words(shell, c, rect, calls, n);
		return;
	}
	for (size_t i = 0; i < told; i++) {
		struct wg_rect line = wg_take_top(&rect, 1);
		wg_text_cut(c, line, 1, 0, name_w - 2, ui_fault_name_of(s, &calls[i]), WG_CUT_MIDDLE,
			    WG_STYLE(i ? WG_TEXT : WG_STRONG, WG_BACK));
		if (name_w < line.w)
			wg_text_cut(c, line, name_w, 0, line.w - name_w - 1, ui_fault_place_of(s, &calls[i]),
				    WG_CUT_MIDDLE, WG_STYLE(WG_DIM, WG_BACK));
	}
	if (told < n)
		draw_line(c, &rect, ui_scratch_text(s, "and %zu calls more", n - told), WG_DIM);
}

/* The calls of a stack: of the view where it has them, else as they were asked for. */
static void draw_stack(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		       pt_stack_id stack)
{
	const struct pt_fault_view *v = f->view;
	const struct ui_fault_answer *a = ui_faults_answer(&shell->faults, &f->want);
	for (size_t i = 0; i < v->n_stacks; i++)
		if (v->stacks[i].id == stack && v->stacks[i].n_calls) {
			draw_calls(shell, c, rect, v->stacks[i].calls, v->stacks[i].n_calls);
			return;
		}
	if (a && a->stack == stack && a->n_calls)
		draw_calls(shell, c, rect, a->calls, a->n_calls);
	else if (a && a->calls_error)
		draw_line(c, &rect,
			  ui_scratch_text(&shell->scratch, "its calls are not known: %s", strerror(-a->calls_error)),
			  WG_UNKNOWN);
	else
		draw_line(c, &rect,
			  shell->faults.state == UI_FAULTS_ON ? "looking up its calls..." : "its calls are not known",
			  WG_DIM);
}

/* ---- a pane for each table -------------------------------------------------------------------------------------- */

/* Innermost calls first, as many as are worth a line. */
static const char *calls_line(struct ui_scratch *s, const struct pt_fault_stack_row *stack)
{
	const char *text = "";
	for (size_t i = 0; i < stack->n_calls && i < CALLS_IN_LINE; i++)
		text = ui_scratch_text(s, "%s%s%s", text, i ? " < " : "", ui_fault_name_of(s, &stack->calls[i]));
	return stack->n_calls ? text : "calls that are not known";
}

struct grown {
	const char *by;
	uint64_t bytes;
};

static const struct pt_fault_stack_row *stack_row(const struct pt_fault_view *v, pt_stack_id id)
{
	for (size_t i = 0; i < v->n_stacks; i++)
		if (v->stacks[i].id == id)
			return &v->stacks[i];
	return NULL;
}

/* Growers of a VMA; those whose lines would read the same are one. Returns how many. */
static size_t growers_of(const struct pt_fault_view *v, struct ui_scratch *s, uint64_t start, struct grown *ret)
{
	size_t n = 0, looked = 0;
	for (size_t i = 0; i < v->n_growers && looked < GROWERS_LOOKED; i++) {
		const struct pt_fault_stack_row *stack = v->growers[i].start == start
								 ? stack_row(v, v->growers[i].stack)
								 : NULL;
		size_t at = 0;
		if (!stack)
			continue;
		looked++;
		const char *by = calls_line(s, stack);
		while (at < n && strcmp(ret[at].by, by) != 0)
			at++;
		if (at == n)
			ret[n++] = (struct grown){.by = by};
		ret[at].bytes += v->growers[i].bytes;
	}
	return n;
}

static int by_bytes(const void *a, const void *b)
{
	const struct grown *x = a, *y = b;
	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* The stacks that most of what is held there was first touched by. */
static void draw_growers(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rect,
			 uint64_t start)
{
	struct ui_scratch *s = &shell->scratch;
	struct grown grown[GROWERS_LOOKED];
	size_t n = growers_of(f->view, s, start, grown);
	qsort(grown, n, sizeof(*grown), by_bytes);
	for (size_t i = 0; i < n && i < GROWERS && rect->h > 0; i++)
		draw_line(c, rect, ui_scratch_text(s, "%6s by %s", ui_size(s, grown[i].bytes), grown[i].by),
			  i ? WG_DIM : WG_TEXT);
}

static void draw_vma(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		     const struct ui_fault_line *l)
{
	struct ui_scratch *s = &shell->scratch;
	draw_title(c, &rect,
		   ui_scratch_text(s, "%s, %" PRIx64,
				   l->vma       ? ui_vma_name(s, l->vma)
				   : l->name[0] ? ui_base_name(s, l->name)
						: "anonymous",
				   l->address),
		   ui_scratch_text(s, "%s of all faults", ui_share(s, l->counts.events, f->view->all.events)));
	if (l->name[0] == '/')
		draw_line(c, &rect, ui_printable(s, l->name), WG_DIM);
	if (l->born)
		draw_line(c, &rect, ui_scratch_text(s, "%s were first touched here.", ui_size(s, l->born)), WG_TEXT);
	draw_kinds(shell, c, &rect, &l->counts);
	draw_growers(f, shell, c, &rect, l->address);
	if (l->stack && rect.h >= 6) {
		draw_line(c, &rect, "the calls of its newest fault:", WG_DIM);
		draw_stack(f, shell, c, rect, l->stack);
	}
}

static void draw_address(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
			 const struct ui_fault_line *l)
{
	struct ui_scratch *s = &shell->scratch;
	draw_title(c, &rect, ui_scratch_text(s, "page %" PRIx64, l->address), kinds_text(s, &l->counts));
	if (!l->stack) {
		draw_line(c, &rect, "which calls led there is not known", WG_DIM);
		return;
	}
	if (rect.h >= 6)
		draw_line(c, &rect, "the calls of its last fault:", WG_DIM);
	draw_stack(f, shell, c, rect, l->stack);
}

static void draw_repeater(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
			  const struct ui_fault_line *l)
{
	struct ui_scratch *s = &shell->scratch;
	char text[24];
	draw_title(
		c, &rect,
		ui_scratch_text(s, "page %" PRIx64 " faults every %s%s", l->address,
				pt_text_ns(l->interval_ns, text, sizeof text),
				l->backs_off ? ", ever more seldom" : ""),
		ui_scratch_text(s, "%s%s", pt_fault_kind_words(l->kind), l->locked ? ", though locked (mlock)" : ""));
	draw_words(c, &rect, l->text && l->text[0] ? ui_printable(s, l->text) : "Why is not known.", WG_TEXT);
	if (l->stack && rect.h >= 6)
		draw_line(c, &rect, "the calls of its last fault:", WG_DIM);
	if (l->stack && rect.h > 0)
		draw_stack(f, shell, c, rect, l->stack);
}

/* What the pages of a migrate type are, by their number; NULL: not known by it. */
static const char *type_words(int type)
{
	static const char *const words[] = {"Pages of the kernel's own, which cannot be moved.",
					    "Pages that compaction may move: memory of processes and of files.",
					    "Pages of caches that the kernel can drop.",
					    "Pages kept back for what may not wait."};
	return type >= 0 && type < (int)(sizeof words / sizeof *words) ? words[type] : NULL;
}

/* The flags whole, which the table may have to cut. */
static void draw_alloc(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		       const struct pt_fault_alloc_row *alloc)
{
	struct ui_scratch *s = &shell->scratch;
	draw_title(c, &rect, ui_scratch_text(s, "order %u, %s", alloc->order, ui_fault_type(alloc)),
		   ui_scratch_text(s, "%u page%s at once", 1u << (alloc->order & 31), alloc->order ? "s" : ""));
	draw_words(c, &rect, alloc->flags && alloc->flags[0] ? ui_printable(s, alloc->flags) : "no flags", WG_TEXT);
	if (type_words(alloc->migrate_type))
		draw_words(c, &rect, type_words(alloc->migrate_type), WG_DIM);
}

/* CPUs as bars beside each other, since the threads' rows have only the last one of each. */
static void draw_cpus(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_fault_view *v = f->view;
	size_t across = (size_t)cpus_across(rect.w);
	uint64_t most = 0;
	draw_title(c, &rect, "by CPU", ui_scratch_text(s, "%zu of %u CPUs", v->n_cpus, v->totals.cpus));
	for (size_t i = 0; i < v->n_cpus; i++)
		most = v->cpus[i].counts.events > most ? v->cpus[i].counts.events : most;
	for (size_t i = 0; i < v->n_cpus && i < across * (size_t)(rect.h > 0 ? rect.h : 0); i++) {
		const struct pt_fault_cpu_row *row = &v->cpus[i];
		struct wg_heat_cell cells[CPU_CELLS];
		struct wg_rect at = {rect.x + 1 + (int)(i % across) * CPU_W, rect.y + (int)(i / across), CPU_W - 2, 1};
		at = wg_rect_clip(at, rect);
		const char *node = row->node < 0 ? "" : ui_scratch_text(s, " node %d", row->node);
		int x = wg_text_cut(c, at, 0, 0, 14, ui_scratch_text(s, "CPU %" PRIu32 "%s", row->cpu, node),
				    WG_CUT_END, WG_STYLE(WG_DIM, WG_BACK));
		x = x < 14 ? 14 : x + 1;
		ui_fault_strip(&row->counts, most, cells, CPU_CELLS);
		wg_draw_strip(c, wg_rect_clip((struct wg_rect){at.x + x, at.y, CPU_CELLS, 1}, at), cells, CPU_CELLS,
			      WG_BACK);
		wg_text(c, at, x + CPU_CELLS + 1, 0,
			ui_scratch_text(s, "%s %s", ui_number(s, row->counts.events),
					ui_share(s, row->counts.events, v->all.events + v->children.events)),
			WG_STYLE(WG_TEXT, WG_BACK));
	}
}

static void draw_node(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		      const struct ui_fault_node *node)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_fault_node *root = &f->stacks.tree.v[0];
	const char *share = ui_scratch_text(s, "%s of all faults with a stack",
					    ui_share(s, node->counts.events, root->counts.events));
	if (!node->call) {
		draw_title(c, &rect, node->what == UI_FAULT_CUT ? "cut stacks" : "no stack", share);
		draw_words(c, &rect,
			   node->what == UI_FAULT_CUT
				   ? "Only the innermost part of these stacks was copied or could be followed."
				   : "What led to these faults is not known.",
			   WG_TEXT);
		return;
	}
	draw_title(c, &rect, ui_fault_name_of(s, node->call), share);
	draw_line(c, &rect, ui_fault_place_of(s, node->call), WG_DIM);
	const char *still = node->still_known ? ui_scratch_text(s, "%s still there", ui_size(s, node->still))
					      : "how much is still there is not known";
	draw_words(c, &rect,
		   ui_scratch_text(s,
				   "%s first touched below it, %s. That is who made RSS grow: memory that is used "
				   "again by others keeps its first toucher, so it is not who leaks.",
				   ui_size(s, node->born), still),
		   WG_TEXT);
	draw_words(c, &rect, kinds_text(s, &node->counts), WG_TEXT);
}

void ui_fault_draw_pane(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct ui_fault_node *node = ui_fault_selected_node(f);
	struct ui_fault_line l;
	if (rect.h <= 0)
		return;
	if (node) {
		draw_node(f, shell, c, rect, node);
		return;
	}
	if (!ui_fault_selected(f, shell, &l))
		return;
	switch (f->tab) {
	case UI_FAULT_VMAS: draw_vma(f, shell, c, rect, &l); break;
	case UI_FAULT_ADDRESSES: draw_address(f, shell, c, rect, &l); break;
	case UI_FAULT_THREADS: draw_cpus(f, shell, c, rect); break;
	case UI_FAULT_ALLOCS: draw_alloc(shell, c, rect, l.alloc); break;
	default: draw_repeater(f, shell, c, rect, &l); break;
	}
}
