/*
 * Drawing a map: the rule that says what is shown, where the window lies in the whole, the grid with an address at
 * each line, the numbers under the cursor, the legend. What does not fit leaves in the reverse order of its worth;
 * the grid stays to the last.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/mapview.h"

#define GUTTER_FROM 60 /* columns from which lines begin with their address */

/* ---- geometry --------------------------------------------------------------------------------------------------- */

static int address_digits(const struct ui_map_view *m, const struct pt_snapshot *s)
{
	uint64_t last = pt_axis_address(&m->axis, s, m->axis.pages);
	int n = 8;
	while (n < 16 && last >> (4 * n))
		n++;
	return n;
}

static bool make_room(struct ui_map_view *m)
{
	size_t need = ui_grid_cells(&m->grid);
	if (need <= m->room)
		return true;
	struct pt_bin *bins = realloc(m->bins, need * sizeof *bins);
	if (bins)
		m->bins = bins;
	struct pt_difference *differences = bins ? realloc(m->differences, need * sizeof *differences) : NULL;
	if (differences)
		m->differences = differences;
	struct wg_heat_cell *cells = differences ? realloc(m->cells, need * sizeof *cells) : NULL;
	if (cells) {
		m->cells = cells;
		m->room = need;
	}
	return cells != NULL;
}

/* ---- the grid --------------------------------------------------------------------------------------------------- */

/* The same cells as in the last drawing are summed again only where chunks changed. */
static void fill_bins(struct ui_map_view *m, struct ui_shell *shell, size_t n)
{
	struct ui_target *t = &shell->target;
	struct ui_map_filled have = m->filled,
			     wanted = {.version = t->version,
				       .top = m->grid.top,
				       .per_cell = ui_grid_per_cell(&m->grid),
				       .n = n,
				       .life = ui_layer_is_life(m->layer),
				       .heap = m->layer == PT_LAYER_HEAP ? shell->hunt.version + 1 : 0,
				       .share = m->layer == PT_LAYER_SHARED ? shell->owners.sharing_version + 1 : 0,
				       .nodes = m->layer == PT_LAYER_NODE && ui_nodes_now(shell)};
	bool same = have.n == n && have.top == wanted.top && have.per_cell == wanted.per_cell;
	bool current = same && have.version == t->version;
	if (current && (have.life || !wanted.life) && (have.heap == wanted.heap || !wanted.heap) &&
	    (have.share == wanted.share || !wanted.share) && (have.nodes || !wanted.nodes))
		return;
	if (current) /* another layer is shown, and nothing else is new */
		;
	else if (same && t->before && have.version == t->before_version)
		pt_bins_update(&m->axis, t->now, t->before, m->grid.top, wanted.per_cell, m->bins, n);
	else
		pt_bins_fill(&m->axis, t->now, t->before, m->grid.top, wanted.per_cell, m->bins, n);
	ui_changes_bins(&t->changes, m->layer, &m->axis, t->now, m->grid.top, m->bins, n);
	if (wanted.heap)
		ui_hunt_bins(ui_hunt_now(shell), &m->axis, t->now, m->grid.top, m->bins, n);
	if (wanted.share)
		ui_sharing_bins(ui_sharing_now(shell), &m->axis, t->now, m->grid.top, m->bins, n);
	if (wanted.nodes)
		ui_nodes_bins(ui_nodes_now(shell), &m->axis, t->now, m->grid.top, m->bins, n);
	m->filled = wanted;
}

/* Whether the map shows what came and went between two moments: it does in the layer that shows everything. */
static bool is_comparison(const struct ui_map_view *m, const struct ui_shell *shell)
{
	return shell->time.anchor && shell->target.before && m->layer == PT_LAYER_KIND;
}

static void fill_differences(struct ui_map_view *m, const struct ui_target *t, size_t n)
{
	struct ui_map_filled have = m->compared, wanted = {.version = t->version,
							   .top = m->grid.top,
							   .per_cell = ui_grid_per_cell(&m->grid),
							   .n = n};
	if (have.n == n && have.top == wanted.top && have.per_cell == wanted.per_cell && have.version == t->version)
		return;
	pt_difference_bins(&m->axis, t->now, t->before, m->grid.top, wanted.per_cell, m->differences, n);
	m->compared = wanted;
}

static void fill_cells(struct ui_map_view *m, struct ui_shell *shell)
{
	struct ui_target *t = &shell->target;
	size_t n = ui_grid_cells(&m->grid);
	uint64_t per_cell = ui_grid_per_cell(&m->grid);
	bool comparison = is_comparison(m, shell);
	fill_bins(m, shell, n);
	if (comparison)
		fill_differences(m, t, n);
	for (size_t i = 0; i < n; i++) {
		m->cells[i] = comparison && m->bins[i].pages
				      ? ui_heat_difference(&m->bins[i], &m->differences[i], t->now)
				      : ui_heat_cell(&m->bins[i], m->layer, t->now);
		if (m->n > 1 && pt_axis_vma(&m->axis, t->now, m->grid.top + i * per_cell) % 2)
			m->cells[i].flags |= WG_HEAT_VMA_ODD;
		if (ui_grid_in_drag(&m->grid, i))
			m->cells[i].flags |= WG_HEAT_MARKED;
	}
}

struct gutter {
	const struct ui_map_view *m;
	struct ui_shell *shell;
};

static const char *label(void *arg, uint64_t position)
{
	const struct gutter *g = arg;
	return ui_scratch_text(&g->shell->scratch, "%" PRIx64,
			       pt_axis_address(&g->m->axis, g->shell->target.now, position));
}

static void draw_grid(struct ui_map_view *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		      bool focus)
{
	struct gutter gutter = {m, shell};
	int w = rect.w >= GUTTER_FROM ? address_digits(m, shell->target.now) + 2 : 0;
	wg_take_left(&rect, w);
	if (!ui_grid_place(&m->grid, c, rect) || !make_room(m)) {
		m->grid.w = m->grid.rows = 0;
		return;
	}
	fill_cells(m, shell);
	m->grid.cursor_hidden = !focus;
	ui_grid_draw(&m->grid, &shell->scratch, c, m->cells);
	if (w)
		ui_grid_draw_gutter(&m->grid, c, w, label, &gutter);
}

/* ---- the lines around it ---------------------------------------------------------------------------------------- */

static const char *map_name(const struct ui_map_view *m, struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	struct ui_scratch *scratch = &shell->scratch;
	if (!m->end)
		return m->left_out ? ui_scratch_text(scratch, "all VMAs end to end, but %zu untouched reservation%s",
						     m->left_out, m->left_out == 1 ? "" : "s")
				   : ui_scratch_text(scratch, "all %zu VMAs, end to end", m->n);
	if (!m->n)
		return "nothing there any more";
	const char *name = ui_vma_name(scratch, &s->vmas->v[m->first]);
	if (m->n > 1)
		return ui_scratch_text(scratch, "%zu VMAs, %s", m->n, name);
	return ui_scratch_text(scratch, "%s, %" PRIx64, name, m->start);
}

/* Of the VMAs of the map, the one that grows fastest. */
static struct wg_span growing(const struct ui_map_view *m, struct ui_shell *shell)
{
	const struct pt_growing *g = ui_target_growing(&shell->target);
	const struct pt_suspect *suspect = g ? pt_growing_in(g, m->start, m->end ? m->end : UINT64_MAX) : NULL;
	if (!suspect)
		return (struct wg_span){0};
	const char *text = ui_grows(&shell->scratch, suspect, g->at_ns);
	return (struct wg_span){
		m->n > 1 ? ui_scratch_text(&shell->scratch, UI_GROWS " %" PRIx64 " %s", suspect->start, text)
			 : ui_scratch_text(&shell->scratch, UI_GROWS " %s", text),
		WG_GREW, 1};
}

static void draw_rule(struct ui_map_view *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line,
		      bool focus)
{
	const struct pt_snapshot *s = shell->target.now;
	struct ui_scratch *scratch = &shell->scratch;
	uint64_t per_cell = ui_grid_per_cell(&m->grid), size = m->axis.pages << m->axis.page_shift;
	bool comparison = is_comparison(m, shell);
	const char *cell = per_cell == 1 ? "a cell is one page"
					 : ui_scratch_text(scratch, "a cell is %s",
							   ui_size(scratch, per_cell << s->page_shift));
	struct wg_span spans[] = {
		{map_name(m, shell), focus ? WG_STRONG : WG_TEXT, 0},
		{ui_size(scratch, size), WG_TEXT, 2},
		growing(m, shell),
		{comparison ? "what changed" : ui_scratch_text(scratch, "layer: %s", pt_layer_name(m->layer)),
		 WG_ACCENT, 1},
		{cell, WG_DIM, 3},
		{comparison ? ui_time_range(shell) : pt_layer_what(m->layer), WG_DIM, 4},
	};
	wg_draw_rule(c, line, spans, sizeof spans / sizeof *spans);
}

/* All of the axis in one line, the window of the grid set off: where one is. */
static void draw_whole(struct ui_map_view *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	int n = 0;
	struct wg_heat_cell *cells = ui_heat_strip(&shell->scratch, &m->axis, shell->target.now, NULL,
						   &shell->target.changes, ui_hunt_now(shell), ui_sharing_now(shell),
						   ui_nodes_now(shell), m->layer, line.w, &n);
	if (cells)
		ui_grid_draw_whole(&m->grid, c, line, cells, n);
}

static const struct {
	enum pt_stat stat;
	const char *word;
} parts[] = {
	{PT_N_ANON, "anon"},
	{PT_N_FILE, "file"},
	{PT_N_SHMEM, "shmem"},
	{PT_N_SWAP, "swapped"},
	{PT_N_ZERO, "zero page"},
	{PT_N_HUGETLB, "hugetlb"},
	{PT_N_KERNEL, "kernel"},
	{PT_N_GUARD, "guard"},
	{PT_N_MARKER, "marker"},
	{PT_N_DIRTY, "dirty"},
	{PT_N_SHARED, "shared"},
	{PT_N_PMD, "mapped huge"},
	{PT_N_LARGE, "large folio"},
	{PT_N_REFERENCED, "referenced"},
	{PT_N_LAZYFREE, "lazyfree"},
	{PT_N_KSM, "ksm"},
	{PT_N_MLOCKED, "locked"},
	{PT_N_UNEVICTABLE, "unevictable"},
	{PT_N_WRITEBACK, "writeback"},
	{PT_N_NO_FLAGS, "flags unknown"},
	{PT_N_NO_SHARE, "sharing unknown"},
};
#define PARTS (sizeof parts / sizeof *parts)

static bool holds_anything(const struct pt_counts *sum)
{
	return sum->n[PT_N_PRESENT] || sum->n[PT_N_SWAP] || sum->n[PT_N_GUARD] || sum->n[PT_N_MARKER];
}

/* "288 pages  282 present (98 %)  282 anon  256 mapped huge": of one page only the words. */
static size_t describe(struct ui_scratch *s, const struct pt_counts *sum, uint64_t pages, struct wg_span *ret)
{
	size_t n = 0;
	uint64_t present = sum->n[PT_N_PRESENT];
	if (pages == 1) {
		const char *what = !holds_anything(sum) ? "untouched" : present ? "present" : "not present";
		ret[n++] = (struct wg_span){what, WG_TEXT, 1};
	} else {
		ret[n++] = (struct wg_span){ui_scratch_text(s, "%s pages", ui_number(s, pages)), WG_DIM, 3};
		ret[n++] = (struct wg_span){
			ui_scratch_text(s, "%s present (%s)", ui_number(s, present), ui_share(s, present, pages)),
			WG_TEXT, 1};
	}
	for (size_t i = 0; i < PARTS; i++) {
		uint64_t hits = sum->n[parts[i].stat];
		if (!hits)
			continue;
		bool unknown = parts[i].stat == PT_N_NO_FLAGS || parts[i].stat == PT_N_NO_SHARE;
		const char *text = pages == 1 ? parts[i].word
					      : ui_scratch_text(s, "%s %s", ui_number(s, hits), parts[i].word);
		ret[n++] = (struct wg_span){text, unknown ? WG_UNKNOWN : WG_TEXT, (int)i + 4};
	}
	return n;
}

/* The frame behind a single page, as far as it is known. */
static size_t describe_frame(struct ui_scratch *s, struct pt_page page, struct wg_span *ret)
{
	size_t n = 0;
	if (pt_kind_present(pt_page_kind(page)) && page.pfn)
		ret[n++] = (struct wg_span){ui_scratch_text(s, "PFN 0x%" PRIx64, page.pfn), WG_DIM, 2};
	if (page.bits & PT_HAS_COUNT)
		ret[n++] = (struct wg_span){
			page.count == 1 ? "mapped once" : ui_scratch_text(s, "mapped %u times", page.count), WG_DIM, 3};
	return n;
}

/* "12 came  3 went  5 changed": worth more than what there is. */
static size_t describe_difference(struct ui_scratch *s, const struct pt_difference *d, struct wg_span *ret)
{
	const struct {
		uint64_t pages;
		uint8_t hue;
	} of[] = {{d->came, WG_HUE_CAME}, {d->went, WG_HUE_WENT}, {d->other, WG_HUE_OTHER}};
	size_t n = 0;
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		if (of[i].pages)
			ret[n++] = (struct wg_span){
				ui_scratch_text(s, "%s %s", ui_number(s, of[i].pages), ui_hue_name(of[i].hue)),
				WG_HEAT(of[i].hue, WG_LEVELS - 1), 1};
	if (!n)
		ret[n++] = (struct wg_span){"no change", WG_DIM, 1};
	return n;
}

static void difference_of_all(const struct ui_map_view *m, const struct ui_target *t, struct pt_difference *sum)
{
	for (size_t i = 0; !m->grid.per_cell && i < ui_grid_cells(&m->grid); i++) { /* all of it is in the cells */
		sum->came += m->differences[i].came;
		sum->went += m->differences[i].went;
		sum->other += m->differences[i].other;
	}
	for (size_t i = 0; m->grid.per_cell && i < m->axis.n; i++) {
		const struct pt_vma *vma = &t->now->vmas->v[m->axis.vma[i]];
		pt_difference_add(t->now, t->before, vma->start, vma->end, sum);
	}
}

/* Since when what is here is here, and how much of it changed. A page says so in every layer. */
static size_t describe_life(const struct ui_map_view *m, struct ui_shell *shell, const struct pt_bin *bin,
			    struct wg_span *ret)
{
	struct ui_scratch *s = &shell->scratch;
	struct ui_target *t = &shell->target;
	struct pt_bin one = *bin;
	char span[64];
	uint64_t since_ns;
	const struct pt_life *life = ui_changes_life(&t->changes, &since_ns);
	size_t n = 0;
	int priority = ui_layer_is_life(m->layer) ? 1 : (int)PARTS + 4;
	if (!life || (bin->pages != 1 && !ui_layer_is_life(m->layer)))
		return 0;
	pt_life_bins(life, &m->axis, t->now, since_ns,
		     m->grid.top + ui_grid_cursor_cell(&m->grid) * ui_grid_per_cell(&m->grid), &one, 1);
	if (one.life.held && one.life.from_start == one.life.held)
		ret[n++] = (struct wg_span){"there since watching began", WG_TEXT, priority};
	else if (one.life.held && one.life.age_ns < 100000000u)
		ret[n++] = (struct wg_span){"just born", WG_TEXT, priority};
	else if (one.life.held)
		ret[n++] = (struct wg_span){
			ui_scratch_text(s, bin->pages == 1 ? "there for %s" : "there for %s on average",
					ui_age(s, t->now, t->now->monotonic_ns - one.life.age_ns)),
			WG_TEXT, priority};
	if (one.life.changed && bin->pages == 1)
		ret[n++] = (struct wg_span){"changed", WG_TEXT, priority};
	else if (one.life.changed)
		ret[n++] = (struct wg_span){ui_scratch_text(s, "%s changed %s", ui_number(s, one.life.changed),
							    ui_changes_span(&t->changes, span, sizeof span)),
					    WG_TEXT, priority};
	return n;
}

/* "812 leaked (3.1M)  40 mixed  9k live": what a hunt found, or what there is to do about it. */
static size_t describe_heap(const struct ui_map_view *m, struct ui_shell *shell, const struct pt_bin *bin,
			    struct wg_span *ret)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_bin_heap *h = &bin->heap;
	size_t n = 0;
	if (m->layer != PT_LAYER_HEAP)
		return 0;
	if (!h->known) {
		ret[n++] = (struct wg_span){shell->target.back ? "not known of the past"
							       : "not hunted yet: press H to hunt",
					    WG_UNKNOWN, 0};
		return n;
	}
	const struct {
		uint64_t pages;
		const char *word;
		uint8_t hue;
	} of[] = {{h->leaked, "leaked", WG_HUE_LEAKED},
		  {h->mixed, "leaked and live", WG_HUE_MIXED},
		  {h->live, "live", WG_HUE_ANON},
		  {h->free, "free but resident", WG_HUE_FREE},
		  {h->own, "the allocator's", WG_HUE_ZERO}};
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		if (of[i].pages)
			ret[n++] = (struct wg_span){
				bin->pages == 1 ? of[i].word
						: ui_scratch_text(s, "%s %s", ui_number(s, of[i].pages), of[i].word),
				WG_HEAT(of[i].hue, WG_LEVELS - 1), 1};
	if (!n)
		ret[n++] = (struct wg_span){"nothing of the heap", WG_DIM, 1};
	if (h->lost_bytes)
		ret[n++] = (struct wg_span){ui_scratch_text(s, "%s leaked", ui_size(s, h->lost_bytes)), WG_STRONG, 1};
	if (h->free_bytes)
		ret[n++] = (struct wg_span){ui_scratch_text(s, "%s free", ui_size(s, h->free_bytes)), WG_TEXT, 2};
	return n;
}

/* With whom what is under the cursor is shared, or all of the map; or on which nodes it lies. */
static size_t describe_sharing(const struct ui_map_view *m, struct ui_shell *shell, bool focus, struct wg_span *ret)
{
	const struct pt_snapshot *s = shell->target.now;
	if ((m->layer != PT_LAYER_SHARED && m->layer != PT_LAYER_NODE) || !m->axis.n)
		return 0;
	uint64_t per_cell = focus ? ui_grid_per_cell(&m->grid) : m->axis.pages;
	uint64_t first = focus ? m->grid.top + ui_grid_cursor_cell(&m->grid) * per_cell : 0;
	uint64_t last = first + per_cell - 1;
	last = last < m->axis.pages ? last : m->axis.pages - 1;
	uint64_t start = pt_axis_address(&m->axis, s, first);
	uint64_t end = pt_axis_address(&m->axis, s, last) + (1ull << s->page_shift);
	return m->layer == PT_LAYER_NODE ? ui_nodes_words(shell, start, end, ret)
					 : ui_shared_words(shell, start, end, ret);
}

/* Of all of the map. */
static struct pt_bin heap_of_all(const struct ui_map_view *m, struct ui_shell *shell)
{
	struct pt_bin all = {.pages = m->axis.pages};
	if (m->layer == PT_LAYER_HEAP)
		ui_hunt_bins(ui_hunt_now(shell), &m->axis, shell->target.now, 0, &all, 1);
	return all;
}

static void sum_all(const struct ui_map_view *m, const struct pt_snapshot *s, struct pt_counts *sum)
{
	for (size_t i = 0; i < m->axis.n; i++)
		pt_counts_add(sum, pt_snapshot_sums(s, m->axis.vma[i]));
}

/* In focus: the cell under the cursor. Else all of the map. */
static void draw_status(struct ui_map_view *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line,
			bool focus)
{
	const struct pt_snapshot *s = shell->target.now;
	struct ui_scratch *scratch = &shell->scratch;
	struct wg_span spans[PARTS + UI_SHARED_SPANS + 20] = {{"all of it:", WG_DIM, 2}};
	size_t n = 1;
	struct pt_counts sum = {0};
	struct pt_difference difference = {0};
	bool comparison = is_comparison(m, shell);
	uint64_t pages = m->axis.pages;
	if (focus && m->grid.w) {
		size_t cell = ui_grid_cursor_cell(&m->grid);
		uint64_t first = m->grid.top + cell * ui_grid_per_cell(&m->grid);
		const struct pt_bin *bin = &m->bins[cell];
		size_t vma = pt_axis_vma(&m->axis, s, m->grid.cursor);
		sum = bin->sum;
		pages = bin->pages;
		difference = m->differences[cell];
		spans[0] = (struct wg_span){ui_scratch_text(scratch, "%" PRIx64, pt_axis_address(&m->axis, s, first)),
					    WG_STRONG, 0};
		if (pt_bin_is_old(bin, s) && holds_anything(&sum))
			spans[n++] = (struct wg_span){
				ui_scratch_text(scratch, "read %s ago", ui_age(scratch, s, bin->oldest_ns)), WG_TEXT,
				2};
		if (m->n > 1 && vma < s->vmas->n)
			spans[n++] = (struct wg_span){ui_vma_name(scratch, &s->vmas->v[vma]), WG_ACCENT, 2};
	} else {
		sum_all(m, s, &sum);
		if (comparison)
			difference_of_all(m, &shell->target, &difference);
	}
	struct pt_bin all = focus && m->grid.w ? m->bins[ui_grid_cursor_cell(&m->grid)] : heap_of_all(m, shell);
	n += describe_heap(m, shell, &all, spans + n);
	n += describe_sharing(m, shell, focus && m->grid.w, spans + n);
	if (comparison)
		n += describe_difference(scratch, &difference, spans + n);
	n += describe(scratch, &sum, pages, spans + n);
	if (focus && m->grid.w)
		n += describe_life(m, shell, &m->bins[ui_grid_cursor_cell(&m->grid)], spans + n);
	if (focus && pages == 1)
		n += describe_frame(scratch, pt_snapshot_page(s, m->cursor), spans + n);
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

static bool has_old_cells(const struct ui_map_view *m)
{
	for (size_t i = 0; i < ui_grid_cells(&m->grid); i++)
		if (m->cells[i].flags & WG_HEAT_OLD && m->cells[i].level)
			return true;
	return false;
}

static void draw_legend(struct ui_map_view *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct wg_legend_item items[UI_LEGEND_MAX];
	const struct ui_sharing *sharing = m->layer == PT_LAYER_SHARED ? ui_sharing_now(shell) : NULL;
	const struct pt_nodes *nodes = m->layer == PT_LAYER_NODE ? ui_nodes_now(shell) : NULL;
	size_t n = is_comparison(m, shell) ? ui_legend_of_difference(items)
		   : nodes                 ? ui_nodes_legend(&shell->scratch, nodes, items)
		   : sharing               ? ui_shared_legend(&shell->scratch, sharing, items)
					   : ui_legend(m->layer, has_old_cells(m), items);
	wg_draw_legend(c, line, items, n);
}

static void draw_nothing(struct wg_canvas *c, struct wg_rect rect, const char *text)
{
	int w = wg_text_width(text);
	wg_text_cut(c, rect, w < rect.w ? (rect.w - w) / 2 : 0, rect.h / 2, rect.w, text, WG_CUT_END,
		    WG_STYLE(WG_DIM, WG_BACK));
}

void ui_map_draw(struct ui_map_view *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect, bool focus)
{
	m->grid.w = m->grid.rows = 0;
	if (!shell->target.now || !m->table || !m->axis.pages) {
		draw_nothing(c, rect, shell->target.now ? "no memory is mapped here" : "reading...");
		return;
	}
	ui_map_to_grid(m, shell->target.now);
	bool zoomed = m->grid.per_cell != 0;
	struct wg_rect rule = wg_take_top(&rect, rect.h >= 3);
	struct wg_rect whole = wg_take_top(&rect, zoomed && rect.h >= 7);
	struct wg_rect legend = wg_take_bottom(&rect, rect.h >= 3);
	struct wg_rect status = wg_take_bottom(&rect, rect.h >= 2);
	draw_grid(m, shell, c, rect, focus);
	if (rule.h)
		draw_rule(m, shell, c, rule, focus);
	if (whole.h)
		draw_whole(m, shell, c, whole);
	if (status.h)
		draw_status(m, shell, c, status, focus);
	if (legend.h)
		draw_legend(m, shell, c, legend);
}
