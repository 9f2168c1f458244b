/*
 * Below the tables of the hunt screen: what more there is to say of the selected row; the heap against residency as a
 * picture; and what grows, where nothing can be hunted. See huntview.h.
 */
#include <inttypes.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/screens/huntview.h"

#define PANE_FROM 16 /* lines of a screen from which there is a pane */
#define LABEL     22 /* columns of a bar's name */

int ui_hunt_pane_lines(const struct ui_hunt_screen *h, int height)
{
	if (height < PANE_FROM || h->tab == UI_HUNT_HEAP)
		return 0;
	return h->tab == UI_HUNT_SITES ? height / 2 : height / 3 < 8 ? height / 3 : 8;
}

static void draw_title(struct wg_canvas *c, struct wg_rect *rect, const char *title, const char *more)
{
	struct wg_span spans[] = {{title, WG_STRONG, 0}, {more, WG_DIM, 1}};
	if (rect->h > 0)
		wg_draw_rule(c, wg_take_top(rect, 1), spans, 2);
}

static void draw_words(struct wg_canvas *c, struct wg_rect rect, const struct wg_paragraph *words, size_t n)
{
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
	if (inside.w > 0 && inside.h > 0)
		wg_draw_text(c, inside, words, n, 0);
}

/* ---- of rows ---------------------------------------------------------------------------------------------------- */

static const char *tier_words(unsigned tier)
{
	switch (tier) {
	case PT_LEAK_LEAKED:
		return "No pointer to it was found anywhere: not in memory that can be reached, nor in registers, "
		       "stacks or what "
		       "the kernel holds. The program cannot use or free it any more.";
	case PT_LEAK_WEAK:
		return "Only words that may be left over lead there, or that point to odd places inside it: it may be "
		       "alive, "
		       "and may be leaked.";
	default:
		return "Something that looks like an encoded pointer to it (XOR-ed, tagged, compressed) was found: it "
		       "may well be "
		       "in use.";
	}
}

static void kind_pane(const struct pt_hunt_view *v, struct ui_scratch *s, struct wg_canvas *c, struct wg_rect rect,
		      const struct ui_hunt_kind *kind)
{
	const struct pt_leak *leak = &v->leaks[kind->leak];
	const struct pt_leak_object *root = &v->objects[leak->root];
	const char *what = leak->group < v->n_groups ? ui_hunt_what(s, &v->groups[leak->group]) : "an object";
	const char *most = leak->most < v->n_groups && leak->most != leak->group
				   ? ui_scratch_text(s, ", most of it %s", ui_hunt_what(s, &v->groups[leak->most]))
				   : "";
	const char *below = leak->count == 1
				    ? "nothing more hangs on it"
				    : ui_scratch_text(s, "%s more hang%s on it%s", ui_hunt_objects(s, leak->count - 1),
						      leak->count == 2 ? "s" : "", most);
	const char *title = kind->n == 1 ? "one leak"
					 : ui_scratch_text(s, "%s leaks that are alike", ui_number(s, kind->n));
	struct wg_paragraph words[] = {
		{ui_scratch_text(s, "%s hangs on the object of %s at %" PRIx64 "%s: %s; %s.",
				 kind->n == 1 ? "It" : "The largest", ui_size(s, root->size), root->address,
				 leak->cycle ? ", one of a cycle" : "", what, below),
		 WG_TEXT, 0},
		{tier_words(leak->tier), WG_DIM, 0},
	};
	draw_title(c, &rect, title,
		   ui_scratch_text(s, "%s, %s", ui_hunt_objects(s, kind->count), ui_size(s, kind->bytes)));
	draw_words(c, rect, words, 2);
}

static void group_pane(const struct pt_hunt_view *v, struct ui_scratch *s, struct wg_canvas *c, struct wg_rect rect,
		       const struct pt_leak_group *g)
{
	const struct pt_leak_sum *t = g->tiers;
	struct wg_paragraph words[] = {
		{ui_scratch_text(
			 s,
			 "Objects of %s that are alike in their first words: %s. %s leaked, %s weakly held, %s hidden "
			 "suspects.",
			 ui_size(s, g->size), ui_hunt_what(s, g), ui_number(s, t[PT_LEAK_LEAKED].count),
			 ui_number(s, t[PT_LEAK_WEAK].count), ui_number(s, t[PT_LEAK_HIDDEN].count)),
		 WG_TEXT, 0},
		{g->example < v->n_objects
			 ? ui_scratch_text(s, "One of them is at %" PRIx64 ".", v->objects[g->example].address)
			 : "",
		 WG_DIM, 0},
	};
	draw_title(c, &rect, "this group", ui_size(s, t[0].bytes + t[1].bytes + t[2].bytes));
	draw_words(c, rect, words, 2);
}

static void object_pane(const struct pt_hunt_view *v, struct ui_scratch *s, struct wg_canvas *c, struct wg_rect rect,
			const struct pt_leak_object *o)
{
	const char *site = "";
	if (o->site && o->site <= v->n_sites && v->sites[o->site - 1].n_calls)
		site = ui_scratch_text(s, "It was allocated by %s.", ui_hunt_call(s, &v->sites[o->site - 1].calls[0]));
	struct wg_paragraph words[] = {
		{tier_words(o->tier), WG_TEXT, 0},
		{site, WG_ACCENT, 0},
		{"Enter shows its contents, what points to it and what it points to.", WG_DIM, 0}};
	draw_title(c, &rect, ui_scratch_text(s, "%" PRIx64, o->address), ui_scratch_text(s, "%s", ui_size(s, o->size)));
	draw_words(c, rect, words, 3);
}

static void site_pane(const struct pt_leak_site *site, struct ui_scratch *s, struct wg_canvas *c, struct wg_rect rect)
{
	draw_title(c, &rect, "the stack",
		   ui_scratch_text(s, "%s of %s that were seen leaked", ui_number(s, site->leaked),
				   ui_number(s, site->samples)));
	for (size_t i = 0; i < site->n_calls && rect.h > 0; i++) {
		struct wg_span spans[] = {{ui_hunt_call(s, &site->calls[i]), i ? WG_TEXT : WG_STRONG, 0},
					  {ui_hunt_call_place(s, &site->calls[i]), WG_DIM, 1}};
		bool more = rect.h == 1 && i + 1 < site->n_calls;
		if (more)
			spans[0] = (struct wg_span){ui_scratch_text(s, "and %zu calls more", site->n_calls - i), WG_DIM,
						    0};
		wg_draw_line(c, wg_take_top(&rect, 1),
			     &(struct wg_line){.spans = spans, .n = more ? 1 : 2, .bg = WG_BACK});
	}
	struct wg_span cut = {site->complete || !site->n_calls ? NULL : "(the stack goes on: cut)", WG_UNKNOWN, 0};
	if (rect.h > 0)
		wg_draw_line(c, wg_take_top(&rect, 1), &(struct wg_line){.spans = &cut, .n = 1, .bg = WG_BACK});
}

void ui_hunt_draw_pane(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct pt_hunt_view *v = h->view;
	struct ui_scratch *s = &shell->scratch;
	size_t i;
	if (rect.h <= 0 || !ui_hunt_selected(h, &i))
		return;
	switch (h->tab) {
	case UI_HUNT_LEAKS: kind_pane(v, s, c, rect, &h->kinds[i]); break;
	case UI_HUNT_GROUPS: group_pane(v, s, c, rect, &v->groups[i]); break;
	case UI_HUNT_OBJECTS: object_pane(v, s, c, rect, &v->objects[i]); break;
	default: site_pane(&v->sites[i], s, c, rect); break;
	}
}

/* ---- the heap against residency --------------------------------------------------------------------------------- */

struct bar {
	const char *label;
	uint64_t bytes, of; /* 0 of: no bar */
	uint8_t hue;
	const char *note;
};

static void draw_bar(struct wg_canvas *c, struct wg_rect line, const struct bar *bar, struct ui_scratch *s)
{
	int note = line.w >= 110 ? 46 : 0, w = line.w - LABEL - 9 - note - 2;
	wg_text_cut(c, line, 1, 0, LABEL - 1, bar->label, WG_CUT_END, WG_STYLE(WG_TEXT, WG_BACK));
	wg_text_right(c, line, LABEL, 0, 7, bar->bytes ? ui_size(s, bar->bytes) : UI_DOT,
		      WG_STYLE(bar->bytes ? WG_STRONG : WG_DIM, WG_BACK));
	if (w > 4 && bar->of) {
		struct wg_heat_cell *cells = ui_scratch_array(s, (size_t)w, sizeof *cells);
		int filled = (int)((double)bar->bytes / (double)bar->of * w + 0.5);
		filled = filled > w ? w : !filled && bar->bytes ? 1 : filled;
		for (int i = 0; cells && i < w; i++)
			cells[i] = (struct wg_heat_cell){.hue = bar->hue,
							 .level = i < filled ? WG_LEVELS - 1 : 0,
							 .flags = i < filled ? 0 : WG_HEAT_VMA_ODD};
		if (cells)
			wg_draw_strip(c, (struct wg_rect){line.x + LABEL + 9, line.y, w, 1}, cells, w, WG_BACK);
	}
	if (note && bar->note)
		wg_text_cut(c, line, line.w - note + 1, 0, note - 2, bar->note, WG_CUT_END, WG_STYLE(WG_DIM, WG_BACK));
}

static void draw_bars(struct wg_canvas *c, struct wg_rect *rect, const struct bar *bars, size_t n, struct ui_scratch *s)
{
	for (size_t i = 0; i < n && rect->h > 0; i++)
		draw_bar(c, wg_take_top(rect, 1), &bars[i], s);
}

static void pages_of(const struct ui_hunt *h, uint64_t *ret)
{
	for (size_t i = 0; i < h->n_pages; i++)
		if (h->pages[i].kind < PT_HEAP_PAGE_N)
			ret[h->pages[i].kind]++;
}

static void draw_pages(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rect)
{
	const struct ui_hunt *h = &shell->hunt;
	uint64_t n[PT_HEAP_PAGE_N] = {0}, shift = shell->target.now ? shell->target.now->page_shift : 12;
	uint64_t all = (uint64_t)h->n_pages << shift;
	if (!h->n_pages || rect->h < 3)
		return;
	pages_of(h, n);
	const struct bar bars[] = {
		{"leaked", n[PT_HEAP_PAGE_LEAKED] << shift, all, WG_HUE_LEAKED,
		 "pages with leaked objects and no live one"},
		{"leaked and live", n[PT_HEAP_PAGE_MIXED] << shift, all, WG_HUE_MIXED, "pages with both"},
		{"live", n[PT_HEAP_PAGE_LIVE] << shift, all, WG_HUE_ANON, "pages with live objects"},
		{"free but resident", n[PT_HEAP_PAGE_FREE] << shift, all, WG_HUE_FREE,
		 "pages with nothing in use on them"},
		{"the allocator's", n[PT_HEAP_PAGE_OWN] << shift, all, WG_HUE_ZERO, "pages with its own data alone"},
	};
	draw_title(c, rect, "resident pages of the heap", ui_size(&shell->scratch, all));
	draw_bars(c, rect, bars, sizeof bars / sizeof *bars, &shell->scratch);
}

void ui_hunt_draw_heap(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct pt_hunt_view *v = shell->hunt.view;
	const struct pt_heap_sums *p = &v->heap;
	struct ui_scratch *s = &shell->scratch;
	const struct bar bytes[] = {
		{"in use", p->used, p->system, WG_HUE_ANON, "handed out and not freed, leaked or not"},
		{"free", p->free, p->system, WG_HUE_FREE, "freed, between what is in use"},
		{"cached for threads", p->cached, p->system, WG_HUE_FREE, "freed, kept by threads (tcache)"},
		{"never used", p->top, p->system, WG_HUE_FREE, "at the end of each heap (top)"},
		{"the allocator's", p->own, p->system, WG_HUE_ZERO, "headers and its own data"},
		{"large, mapped alone", p->mmapped, p->system, WG_HUE_ANON,
		 ui_scratch_text(s, "of what is in use: %s", ui_hunt_objects(s, p->n_mmapped))},
	};
	const struct bar resident[] = {
		{"would be given back", p->free_resident, p->resident, WG_HUE_FREE,
		 "whole free pages: malloc_trim(0) frees them"},
		{"free beside live",
		 p->free_bytes_resident > p->free_resident ? p->free_bytes_resident - p->free_resident : 0, p->resident,
		 WG_HUE_MIXED, "free bytes on pages that something holds"},
		{"free, in huge pages", p->pinned_huge, p->resident, WG_HUE_HUGETLB,
		 "a few used bytes hold huge pages together"},
	};
	if (!p->system) {
		draw_words(c, rect, &(struct wg_paragraph){"How the heap stands is not known.", WG_UNKNOWN, 0}, 1);
		return;
	}
	draw_title(
		c, &rect, "the heap by its bytes",
		ui_scratch_text(s, "%s from the kernel, %s resident", ui_size(s, p->system), ui_size(s, p->resident)));
	draw_bars(c, &rect, bytes, sizeof bytes / sizeof *bytes, s);
	draw_title(c, &rect, "what is free and takes memory all the same", NULL);
	draw_bars(c, &rect, resident, sizeof resident / sizeof *resident, s);
	draw_pages(shell, c, &rect);
	if (rect.h > 1)
		draw_words(c, wg_take_bottom(&rect, 1),
			   &(struct wg_paragraph){"Enter: the heap as a map, a colour for each of these", WG_DIM, 0},
			   1);
}

/* ---- what grows ------------------------------------------------------------------------------------------------- */

static const char *suspect_line(struct ui_shell *shell, const struct pt_suspect *suspect, uint64_t at_ns)
{
	struct ui_scratch *s = &shell->scratch;
	struct pt_vma vma = {.role = (uint8_t)suspect->role, .path = ""};
	char words[96];
	pt_role_words(&vma, words, sizeof words);
	const char *name = suspect->end ? ui_scratch_text(s, "%" PRIx64 "  %s", suspect->start, words)
					: ui_scratch_text(s, "all of it: %s", words);
	if (!suspect->grows)
		return ui_scratch_text(s, "  %s  rose by %s; whether it goes on is not known yet", name,
				       ui_size(s, suspect->bytes));
	return ui_scratch_text(s, UI_GROWS " %s  %s, by %s to %s", name, ui_grows(s, suspect, at_ns),
			       ui_size(s, suspect->bytes), ui_size(s, suspect->held));
}

static bool draw_suspects(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rect,
			  const struct pt_suspect *suspects, size_t n, uint64_t at_ns)
{
	for (size_t i = 0; i < n && rect->h > 0; i++) {
		struct wg_span span = {suspect_line(shell, &suspects[i], at_ns),
				       suspects[i].grows ? WG_GREW : WG_UNKNOWN, 0};
		wg_draw_line(c, wg_take_top(rect, 1), &(struct wg_line){.spans = &span, .n = 1, .bg = WG_BACK});
	}
	return n > 0;
}

void ui_hunt_draw_growth(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct pt_growing *g = ui_target_growing(&shell->target);
	struct wg_paragraph none = {!g         ? "What grows is not known yet: it takes a minute of watching."
				    : g->known ? "Nothing goes on growing."
					       : "Nothing is seen to grow yet; it takes a minute of watching to tell.",
				    g && g->known ? WG_TEXT : WG_UNKNOWN, 0};
	struct wg_paragraph instead[] = {
		{"What helps instead:", WG_STRONG, 0},
		{UI_DOT " P, then 4: by which calls memory is first touched, how much of it is still there (births)",
		 WG_TEXT, 2},
		{UI_DOT " L in the map, up to age: which pages are old and never change", WG_TEXT, 2},
		{UI_DOT " v compares two moments: which VMAs grew in between", WG_TEXT, 2},
	};
	bool any = false;
	draw_title(c, &rect, "what grows",
		   g ? ui_scratch_text(&shell->scratch, "watched for %s",
				       ui_age(&shell->scratch, shell->target.now, g->from_ns))
		     : NULL);
	if (g)
		any = draw_suspects(shell, c, &rect, g->roles, g->n_roles, g->at_ns);
	if (g)
		any |= draw_suspects(shell, c, &rect, g->vmas, g->n_vmas < 8 ? g->n_vmas : 8, g->at_ns);
	if (!any && rect.h > 0)
		draw_words(c, wg_take_top(&rect, 1), &none, 1);
	wg_take_top(&rect, 1);
	draw_words(c, rect, instead, sizeof instead / sizeof *instead);
}
