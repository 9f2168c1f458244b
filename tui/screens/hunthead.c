/*
 * The top of the hunt screen: the answer in words and as a bar, what it is worth, how far a hunt is that is under way; and
 * why there is nothing. See huntview.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/screens/huntview.h"

#define LEGEND_FROM 14 /* lines of a screen from which the bar has its legend */

static const char *duration(struct ui_scratch *s, uint64_t ns)
{
	char text[24];
	return ui_scratch_text(s, "%s", pt_text_ns(ns, text, sizeof text));
}

/* ---- why there is nothing --------------------------------------------------------------------------------------- */

static const char *why_failed(struct ui_scratch *s, int error)
{
	switch (error) {
	case -ESRCH: return "The process has ended: its heap went with it.";
	case -EACCES:
	case -EPERM:
		return "Not permitted: to read another program's memory needs its owner or root (sudo pagetop); with "
		       "kernel.yama.ptrace_scope at 1, root or CAP_SYS_PTRACE. a tries again.";
	case -EBUSY:
		return "A debugger or another tracer has this process: its registers cannot be read beside it. a tries "
		       "again.";
	case -ENOMEM: return "There is not enough memory for a hunt. a tries again.";
	default: return ui_scratch_text(s, "The hunt failed: %s. a tries again.", strerror(-error));
	}
}

const char *ui_hunt_why_nothing(struct ui_shell *shell)
{
	const struct ui_hunt *h = &shell->hunt;
	if (!shell->target.hunt)
		return "This is a recording: it has no contents of memory, so nothing can be hunted in it. What grew "
		       "is in "
		       "the other screens: t shows memory over time, v compares two moments.";
	if (h->view || ui_hunt_busy(h))
		return NULL;
	if (h->state == UI_HUNT_FAILED)
		return why_failed(&shell->scratch, h->error);
	if (shell->target.status.state == PT_FEED_ENDED)
		return why_failed(&shell->scratch, -ESRCH);
	if (h->cancelled)
		return "The hunt was cancelled. a hunts again.";
	return "Nothing was hunted yet. a hunts: it reads the program's memory, and stops each thread for as long as "
	       "it takes "
	       "to read its registers.";
}

/* With a capital and a full stop. */
static const char *sentence(struct ui_scratch *s, const char *text)
{
	size_t n = strlen(text);
	char first = text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 'a' + 'A') : text[0];
	return n ? ui_scratch_text(s, "%c%s%s", first, text + 1, text[n - 1] == '.' ? "" : ".") : "";
}

const char *ui_hunt_why_no_verdict(struct ui_shell *shell)
{
	const struct pt_hunt_view *v = shell->hunt.view;
	struct ui_scratch *s = &shell->scratch;
	if (!v || v->verdict)
		return NULL;
	const char *who = v->allocator ? ui_printable(s, v->allocator) : NULL;
	const char *why = v->why ? ui_printable(s, v->why) : NULL;
	if (why)
		return sentence(s, why);
	return who ? ui_scratch_text(
			     s,
			     "This program's memory comes from %s, whose objects pagetop does not know: it cannot say "
			     "which are leaked.",
			     who)
		   : "Whose allocator hands out this program's memory is not known: which objects are leaked cannot be "
		     "said.";
}

/* ---- under way -------------------------------------------------------------------------------------------------- */

int ui_hunt_progress_lines(const struct ui_shell *shell)
{
	return ui_hunt_busy(&shell->hunt) ? 3 : 0;
}

static const char *stage_words(struct ui_scratch *s, const struct ui_hunt *h)
{
	switch (h->progress.stage) {
	case PT_HUNT_PASS: return ui_scratch_text(s, "pass %u: reads memory for pointers", h->progress.pass);
	case PT_HUNT_HIDDEN: return "looks for encoded pointers to what is left";
	case PT_HUNT_GROUPING: return "sorts what is left: classes, and what hangs on what";
	case PT_HUNT_SITES: return "samples which calls allocate what leaks";
	default: return "looks what memory there is";
	}
}

/* "after pass 1: 2.43k suspects > 2: 2.1k > 3: 2.1k" */
static const char *suspects_words(struct ui_scratch *s, const struct ui_hunt *h)
{
	const char *text = NULL;
	for (unsigned i = 0; i < UI_HUNT_PASSES && h->suspects[i] != UINT64_MAX; i++)
		text = text ? ui_scratch_text(s, "%s \u2192 %s", text, ui_number(s, h->suspects[i]))
			    : ui_scratch_text(s, "suspects after each pass: %s", ui_number(s, h->suspects[i]));
	return text;
}

static void draw_share(struct wg_canvas *c, struct wg_rect line, double done, struct ui_scratch *s)
{
	struct wg_heat_cell *cells = line.w > 2 && done >= 0 ? ui_scratch_array(s, (size_t)line.w, sizeof *cells)
							     : NULL;
	if (!cells)
		return;
	for (int i = 0; i < line.w - 2; i++)
		cells[i] = (struct wg_heat_cell){.hue = WG_HUE_LAYER,
						 .level = done * (line.w - 2) > i ? WG_LEVELS - 1 : 0,
						 .flags = done * (line.w - 2) > i ? 0 : WG_HEAT_VMA_ODD};
	wg_draw_strip(c, (struct wg_rect){line.x + 1, line.y, line.w - 2, 1}, cells, line.w - 2, WG_BACK);
}

void ui_hunt_draw_progress(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct ui_hunt *h = &shell->hunt;
	struct ui_scratch *s = &shell->scratch;
	if (rect.h <= 0)
		return;
	uint64_t ns = shell->now_ns > h->began_ns ? shell->now_ns - h->began_ns : 0;
	struct wg_span first[] = {
		{"Hunting...", WG_STRONG, 0},
		{stage_words(s, h), WG_ACCENT, 0},
		{ns >= 1000000000u ? ui_scratch_text(s, "for %s", duration(s, ns)) : NULL, WG_DIM, 4},
		{h->view ? "below is what was found before" : NULL, WG_DIM, 3},
		{"Esc cancels", WG_DIM, 2},
	};
	wg_draw_line(c, wg_take_top(&rect, 1),
		     &(struct wg_line){.spans = first, .n = sizeof first / sizeof *first, .bg = WG_BACK});
	if (rect.h > 0)
		draw_share(c, wg_take_top(&rect, 1), h->progress.done, s);
	struct wg_span second = {suspects_words(s, h), WG_TEXT, 0};
	if (rect.h > 0)
		wg_draw_line(c, wg_take_top(&rect, 1), &(struct wg_line){.spans = &second, .n = 1, .bg = WG_BACK});
}

/* ---- the answer ------------------------------------------------------------------------------------------------- */

static struct wg_span answer(struct ui_shell *shell, const struct pt_hunt_view *v)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_leak_sum *leaked = &v->tiers[PT_LEAK_LEAKED];
	uint64_t suspects = v->tiers[PT_LEAK_WEAK].count + v->tiers[PT_LEAK_HIDDEN].count;
	if (!v->verdict)
		return (struct wg_span){"No verdict.", WG_WARN, 0};
	if (leaked->count)
		return (struct wg_span){ui_scratch_text(s, "%s leaked: %s", ui_hunt_objects(s, leaked->count),
							ui_size(s, leaked->bytes)),
					WG_HEAT(WG_HUE_LEAKED, WG_LEVELS - 1), 0};
	if (suspects)
		return (struct wg_span){"Nothing is leaked for certain", WG_STRONG, 0};
	return (struct wg_span){
		ui_scratch_text(s, "Nothing leaked: every one of %" PRIu64 " objects is reachable", v->objects_used),
		WG_GOOD, 0};
}

static struct wg_span tier(struct ui_scratch *s, const struct pt_hunt_view *v, enum pt_leak_tier which, int priority)
{
	const struct pt_leak_sum *sum = &v->tiers[which];
	const char *words = which == PT_LEAK_WEAK ? "weakly held" : "hidden suspects";
	if (!sum->count)
		return (struct wg_span){0};
	return (struct wg_span){
		ui_scratch_text(s, "%s %s: %s", ui_number(s, sum->count), words, ui_size(s, sum->bytes)),
		WG_HEAT(ui_hunt_tier_hue(which), WG_LEVELS - 1), priority};
}

static void draw_answer(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_hunt_view *v = shell->hunt.view;
	const struct pt_leak_sum *leaked = &v->tiers[PT_LEAK_LEAKED];
	const struct pt_growing *g = ui_target_growing(&shell->target);
	const struct pt_suspect *suspect = g ? pt_growing_first(g) : NULL;
	struct wg_span spans[] = {
		answer(shell, v),
		{leaked->pages ? ui_scratch_text(s, "%s page%s hold nothing else", ui_number(s, leaked->pages),
						 leaked->pages == 1 ? "" : "s")
			       : NULL,
		 WG_TEXT, 1},
		tier(s, v, PT_LEAK_WEAK, 2),
		tier(s, v, PT_LEAK_HIDDEN, 2),
		{suspect ? ui_scratch_text(s, UI_GROWS " %s %s", pt_role_name(suspect->role),
					   ui_grows(s, suspect, g->at_ns))
			 : NULL,
		 WG_GREW, 3},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

static struct wg_span stopped(struct ui_scratch *s, const struct pt_hunt_view *v)
{
	if (v->stopped_all_ns)
		return (struct wg_span){
			ui_scratch_text(s, "the whole process stood still for %s", duration(s, v->stopped_all_ns)),
			WG_WARN, 1};
	if (!v->stopped_ns_max)
		return (struct wg_span){0};
	return (struct wg_span){ui_scratch_text(s, "no thread stopped longer than %s", duration(s, v->stopped_ns_max)),
				WG_DIM, 3};
}

static void draw_worth(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_hunt *h = &shell->hunt;
	const struct pt_hunt_view *v = h->view;
	uint64_t ago = shell->now_ns > v->at_ns && v->at_ns ? shell->now_ns - v->at_ns : 0;
	bool old = ago > 60000000000ull;
	const char *failed = h->state == UI_HUNT_FAILED ? why_failed(s, h->error) : NULL;
	struct wg_span spans[] = {
		{failed, WG_BAD, 0},
		{h->state == UI_HUNT_OFF && h->cancelled ? "cancelled: this is of before" : NULL, WG_WARN, 0},
		{v->verdict && !v->converged ? "did not come to rest: some may yet be found alive" : NULL, WG_WARN, 0},
		{v->verdict ? ui_scratch_text(s, "%u pass%s", v->passes, v->passes == 1 ? "" : "es") : NULL, WG_DIM, 2},
		stopped(s, v),
		{v->ns ? ui_scratch_text(s, "took %s", duration(s, v->ns)) : NULL, WG_DIM, 4},
		{ago ? ui_scratch_text(s, "%s ago", duration(s, ago)) : NULL, old ? WG_WARN : WG_DIM, 2},
		{v->allocator ? ui_printable(s, v->allocator) : NULL, WG_DIM, 5},
		{v->swapped_unread && !v->why
			 ? ui_scratch_text(s, "%s swapped out, not read", ui_size(s, v->swapped_unread))
			 : NULL,
		 WG_UNKNOWN, 2},
		{v->broken && !v->why ? ui_scratch_text(s, "%s of heap not understood", ui_size(s, v->broken)) : NULL,
		 WG_UNKNOWN, 2},
		{v->verdict && v->why ? ui_printable(s, v->why) : NULL, WG_UNKNOWN, 2},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

/* ---- the bar ---------------------------------------------------------------------------------------------------- */

struct part {
	uint64_t bytes;
	uint8_t hue;
	const char *label;
};

/* The resident heap by what its bytes are; together they make `heap.resident`, as far as is known. */
static size_t parts_of(const struct pt_hunt_view *v, struct part *ret)
{
	const struct pt_heap_sums *h = &v->heap;
	uint64_t leaked = v->tiers[PT_LEAK_LEAKED].bytes;
	uint64_t suspects = v->tiers[PT_LEAK_WEAK].bytes + v->tiers[PT_LEAK_HIDDEN].bytes;
	uint64_t used = h->used_resident ? h->used_resident : h->used;
	uint64_t live = used > leaked + suspects ? used - leaked - suspects : 0;
	uint64_t known = leaked + suspects + live + h->free_bytes_resident;
	size_t n = 0;
	ret[n++] = (struct part){leaked, WG_HUE_LEAKED, "leaked"};
	ret[n++] = (struct part){suspects, WG_HUE_MIXED, "suspect"};
	ret[n++] = (struct part){live, WG_HUE_ANON, "live"};
	ret[n++] = (struct part){h->free_bytes_resident, WG_HUE_FREE, "free, resident"};
	ret[n++] = (struct part){h->resident > known ? h->resident - known : 0, WG_HUE_ZERO, "the allocator's"};
	return n;
}

static void draw_bar(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct part parts[8];
	size_t n = parts_of(shell->hunt.view, parts);
	int w = line.w - 2, at = 0;
	struct wg_heat_cell *cells = w > 0 ? ui_scratch_array(&shell->scratch, (size_t)w, sizeof *cells) : NULL;
	double all = 0, sum = 0;
	for (size_t i = 0; i < n; i++)
		all += (double)parts[i].bytes;
	if (!cells || all <= 0)
		return;
	for (size_t i = 0; i < n; i++) {
		sum += (double)parts[i].bytes;
		int end = (int)(sum / all * w + 0.5);
		end = parts[i].bytes && end == at && end < w ? end + 1 : end; /* whatever is there can be seen */
		for (; at < end; at++)
			cells[at] = (struct wg_heat_cell){.hue = parts[i].hue, .level = WG_LEVELS - 1};
	}
	wg_draw_strip(c, (struct wg_rect){line.x + 1, line.y, w, 1}, cells, w, WG_BACK);
}

static void draw_legend(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct part parts[8];
	struct wg_legend_item items[8];
	size_t n = parts_of(shell->hunt.view, parts), shown = 0;
	struct ui_scratch *s = &shell->scratch;
	for (size_t i = 0; i < n; i++)
		if (parts[i].bytes)
			items[shown++] = (struct wg_legend_item){
				.hue = parts[i].hue,
				.level = WG_LEVELS - 1,
				.label = ui_scratch_text(s, "%s %s", ui_size(s, parts[i].bytes), parts[i].label)};
	wg_draw_legend(c, line, items, shown);
}

void ui_hunt_draw_head(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest)
{
	const struct pt_hunt_view *v = shell->hunt.view;
	bool bar = v->verdict && v->heap.resident, tall = rest->h >= LEGEND_FROM;
	if (rest->h > 3)
		draw_answer(shell, c, wg_take_top(rest, 1));
	if (rest->h > 5)
		draw_worth(shell, c, wg_take_top(rest, 1));
	if (bar && tall) {
		draw_bar(shell, c, wg_take_top(rest, 1));
		draw_legend(shell, c, wg_take_top(rest, 1));
	}
}
