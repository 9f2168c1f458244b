/*
 * See header.h. Sums come from the pages; where those cannot be told apart (no privilege), the kernel's own split of
 * RSS stands in.
 */
#include "tui/screens/header.h"

#include <inttypes.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/heat.h"

#define SPARK_WIDTH 24

int ui_header_lines(int height)
{
	return height >= 20 ? 3 : height >= 12 ? 2 : height >= 5 ? 1 : 0;
}

static struct pt_maybe total(const struct pt_snapshot *s, enum pt_sum sum)
{
	return pt_snapshot_bytes(s, s->vmas->n, sum);
}

static struct pt_maybe or_else(struct pt_maybe a, struct pt_maybe b)
{
	return a.known ? a : b;
}

static struct wg_span labelled(struct ui_scratch *s, const char *label, struct pt_maybe bytes, int priority)
{
	uint8_t role = !bytes.known ? WG_UNKNOWN : bytes.value ? WG_TEXT : WG_DIM;
	return (struct wg_span){ui_scratch_text(s, "%s %s", label, ui_bytes(s, bytes)), role, priority};
}

/* Of a kind: in the hue that the map has for it. */
static struct wg_span of_kind(struct ui_scratch *s, const char *label, struct pt_maybe bytes, uint8_t hue, int priority)
{
	struct wg_span span = labelled(s, label, bytes, priority);
	if (bytes.known && bytes.value)
		span.role = WG_HEAT(hue, WG_LEVELS - 1);
	return span;
}

static struct wg_span thp(struct ui_scratch *s, const struct pt_snapshot *snapshot)
{
	struct pt_maybe huge = total(snapshot, PT_SUM_THP), anon = total(snapshot, PT_SUM_ANON);
	if (!huge.known || !anon.known)
		return (struct wg_span){"THP ?", WG_UNKNOWN, 6};
	if (!huge.value)
		return (struct wg_span){"THP " UI_DOT, WG_DIM, 6};
	return (struct wg_span){ui_scratch_text(s, "THP %s of anon", ui_share(s, huge.value, anon.value)), WG_TEXT, 6};
}

static struct wg_span growth(struct ui_scratch *s, const struct ui_target *t)
{
	char text[24];
	if (!t->has_rss_per_s)
		return (struct wg_span){0};
	int64_t per_s = (int64_t)t->rss_per_s;
	if (!per_s)
		return (struct wg_span){"steady", WG_DIM, 2};
	pt_text_delta(per_s, text, sizeof text);
	return (struct wg_span){ui_scratch_text(s, "%s/s", text), per_s > 0 ? WG_GREW : WG_SHRANK, 2};
}

/* "heap": of a VMA that is one of several alike, with its address. */
static const char *suspect_name(struct ui_scratch *s, const struct pt_suspect *suspect)
{
	struct pt_vma vma = {.role = (uint8_t)suspect->role, .path = ""};
	char words[96];
	pt_role_words(&vma, words, sizeof words);
	if (!suspect->end || suspect->role == PT_ROLE_HEAP || suspect->role == PT_ROLE_STACK)
		return ui_scratch_text(s, "%s", words);
	return ui_scratch_text(s, "%s %" PRIx64, words, suspect->start);
}

/* What goes on growing. */
static struct wg_span grows(struct ui_scratch *s, const struct ui_target *t)
{
	const struct pt_growing *g = ui_target_growing(t);
	const struct pt_suspect *suspect = g ? pt_growing_first(g) : NULL;
	if (!suspect)
		return (struct wg_span){0};
	return (struct wg_span){
		ui_scratch_text(s, UI_GROWS " %s %s", suspect_name(s, suspect), ui_grows(s, suspect, g->at_ns)),
		WG_GREW, 0};
}

/* Where nothing does: whether that is known already. */
static struct wg_span grows_not(struct ui_scratch *s, const struct ui_target *t)
{
	const struct pt_growing *g = ui_target_growing(t);
	char text[24];
	if (t->back || !t->suspects || (g && pt_growing_first(g)))
		return (struct wg_span){0};
	if (g && g->known && !g->n_vmas && !g->n_roles)
		return (struct wg_span){"nothing goes on growing", WG_DIM, 7};
	if (!g || g->known || !g->need_ns)
		return (struct wg_span){"growth: not known yet", WG_UNKNOWN, 7};
	return (struct wg_span){ui_scratch_text(s, "growth: known in %s", pt_text_ns(g->need_ns, text, sizeof text)),
				WG_UNKNOWN, 7};
}

static struct wg_span faults(struct ui_scratch *s, const struct ui_target *t)
{
	if (!t->faults_per_s.known)
		return (struct wg_span){0};
	if (!t->faults_per_s.value)
		return (struct wg_span){"faults " UI_DOT, WG_DIM, 7};
	return (struct wg_span){ui_scratch_text(s, "faults %s/s", ui_number(s, t->faults_per_s.value)), WG_TEXT, 7};
}

static const char *state_words(char state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "sleeping";
	case 'D': return "waiting in the kernel";
	case 'T': return "stopped";
	case 't': return "being traced";
	case 'Z': return "zombie";
	case 'I': return "idle";
	default: return "state unknown";
	}
}

/* RSS and what it is made of. */
static void draw_memory(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_snapshot *now = shell->target.now;
	const struct pt_process *p = &now->process;
	struct pt_maybe rss = total(now, PT_SUM_RSS);
	int spark = shell->target.back ? 0 : line.w >= 100 ? SPARK_WIDTH : line.w >= 60 ? 10 : 0;
	struct wg_span first[] = {{ui_scratch_text(s, "RSS %s", ui_bytes(s, rss)), WG_STRONG, 0},
				  growth(s, &shell->target)};
	int w = wg_text_width(first[0].text) + 2 + (first[1].text ? wg_text_width(first[1].text) + 2 : 0);
	wg_draw_line(c, line, &(struct wg_line){.spans = first, .n = 2, .bg = WG_BACK});
	struct wg_rect rest = line;
	wg_take_left(&rest, w);
	struct wg_rect graph = wg_take_left(&rest, spark);
	wg_draw_spark(c, graph, shell->target.rss, shell->target.rss_n, WG_ACCENT, WG_BACK);
	struct wg_span spans[] = {
		of_kind(s, "anon", or_else(total(now, PT_SUM_ANON), p->rss_anon), WG_HUE_ANON, 1),
		of_kind(s, "file", or_else(total(now, PT_SUM_FILE), p->rss_file), WG_HUE_FILE, 2),
		of_kind(s, "shmem", or_else(total(now, PT_SUM_SHMEM), p->rss_shmem), WG_HUE_SHMEM, 3),
		of_kind(s, "swap", total(now, PT_SUM_SWAP), WG_HUE_SWAP, 2),
		labelled(s, "PSS", or_else(total(now, PT_SUM_PSS), p->rollup_pss), 4),
		labelled(s, "dirty", total(now, PT_SUM_DIRTY), 5),
	};
	wg_draw_line(c, rest, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* Who it is and what it does. */
static void draw_process(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_snapshot *now = shell->target.now;
	const struct pt_process *p = &now->process;
	struct pt_maybe hugetlb = total(now, PT_SUM_HUGETLB), locked = total(now, PT_SUM_LOCKED);
	struct wg_span spans[] = {
		grows(s, &shell->target),
		{grows(s, &shell->target).text && shell->target.hunt ? "H hunts what is leaked" : NULL, WG_KEY, 1},
		{ui_scratch_text(s, "%s", state_words(p->state)), WG_TEXT, 2},
		{ui_scratch_text(s, "%u thread%s", p->threads, p->threads == 1 ? "" : "s"), WG_TEXT, 4},
		{ui_scratch_text(s, "uid %u", (unsigned)p->uid), WG_DIM, 8},
		{ui_scratch_text(s, "%zu VMAs, %s mapped", now->vmas->n, ui_bytes(s, total(now, PT_SUM_SIZE))), WG_TEXT,
		 3},
		thp(s, now),
		hugetlb.value ? of_kind(s, "hugetlb", hugetlb, WG_HUE_HUGETLB, 5) : (struct wg_span){0},
		locked.value ? labelled(s, "locked", locked, 8) : (struct wg_span){0},
		{p->peak_rss.known ? ui_scratch_text(s, "peak RSS %s", ui_bytes(s, p->peak_rss)) : NULL, WG_DIM, 9},
		faults(s, &shell->target),
		grows_not(s, &shell->target),
		{p->image ? ui_scratch_text(s, "image %u since exec", p->image + 1) : NULL, WG_ACCENT, 2},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* One bar for all pages, divided by kind. */
static void draw_bar(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	line.x++;
	line.w -= 2;
	if (line.w <= 0)
		return;
	struct wg_heat_cell *cells = ui_scratch_array(&shell->scratch, (size_t)line.w, sizeof *cells);
	if (!cells)
		return;
	ui_class_bar(&shell->target.now->total, cells, line.w);
	wg_draw_strip(c, line, cells, line.w, WG_BACK);
}

void ui_header_draw(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	void (*const draw[])(struct ui_shell *, struct wg_canvas *, struct wg_rect) = {draw_memory, draw_process,
										       draw_bar};
	for (size_t i = 0; i < sizeof draw / sizeof *draw && rect.h > 0; i++)
		draw[i](shell, c, wg_take_top(&rect, 1));
}
