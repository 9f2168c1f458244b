/*
 * Drawing the file screen: its numbers, who maps it, the map of its pages, the page or cell under the cursor, the
 * legend. What there is no room for leaves in the reverse order of its worth.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/fileview.h"

#define GUTTER_FROM 60 /* columns from which lines begin with their offset */

/* Said in the middle where there is nothing to show. */
static void draw_words(struct wg_canvas *c, struct wg_rect rect, const char *text, uint8_t role)
{
	struct wg_rect middle = {rect.x, rect.y + rect.h / 2, rect.w, 1};
	wg_draw_line(c, middle, &(struct wg_line){.spans = &(struct wg_span){text, role, 0}, .n = 1, .bg = WG_BACK});
}

static const char *why_not(const struct ui_file_reading *got)
{
	switch (got->error) {
	case -EPERM: return "the kernel tells what is cached of it only to its owner and to root";
	case -ENOENT: return "the file is not there (any more, or for this process alone)";
	case -EOPNOTSUPP: return "huge pages of hugetlbfs are no page cache";
	case -ENODEV: return "what is mapped here is no regular file, and has no page cache";
	default: return strerror(-got->error);
	}
}

/* ---- the numbers ------------------------------------------------------------------------------------------------ */

static struct pt_maybe bytes_of(const struct ui_file_view *v, struct pt_maybe pages)
{
	return (struct pt_maybe){pages.value << v->page_shift, pages.known};
}

static void draw_sums(const struct ui_file_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_cached_sum *sum = &v->got->cached->sum;
	const struct {
		const char *word;
		struct pt_maybe pages;
	} of[] = {
		{"dirty", sum->dirty},           {"writeback", sum->writeback}, {"active", sum->active},
		{"referenced", sum->referenced}, {"mapped", sum->mapped},       {"evicted", sum->evicted},
		{"of it lately", sum->recent},
	};
	struct wg_span spans[16] = {
		{ui_scratch_text(s, "cached %s of %s", ui_bytes(s, bytes_of(v, sum->cached)), ui_size(s, sum->bytes)),
		 WG_STRONG, 0},
		{ui_share(s, sum->cached.value, sum->pages), WG_STRONG, 1},
	};
	size_t n = 2;
	for (size_t i = 0; i < sizeof of / sizeof *of; i++)
		spans[n++] =
			(struct wg_span){ui_scratch_text(s, "%s %s", of[i].word, ui_bytes(s, bytes_of(v, of[i].pages))),
					 of[i].pages.known ? WG_TEXT : WG_UNKNOWN, (int)i + 2};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

static const char *why_no_mappers(int error)
{
	return error == -EPERM ? "mapped by: not known; root sees frames" : "mapped by: not known";
}

static void draw_mappers(const struct ui_file_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	enum { MOST = 6 };
	struct ui_scratch *s = &shell->scratch;
	const struct pt_mappers *m = &v->got->mappers;
	struct wg_span spans[MOST + 3] = {{"mapped by", WG_DIM, 1}};
	size_t n = 1;
	if (v->got->mappers_error)
		spans[0] = (struct wg_span){why_no_mappers(v->got->mappers_error), WG_UNKNOWN, 0};
	else if (!m->n)
		spans[0] = (struct wg_span){"mapped by nobody", WG_DIM, 0};
	for (size_t i = 0; i < m->n && i < MOST; i++)
		spans[n++] = (struct wg_span){ui_scratch_text(s, "%s %d %s", ui_printable(s, m->v[i].name),
							      (int)m->v[i].pid,
							      ui_size(s, m->v[i].pages << v->page_shift)),
					      WG_TEXT, (int)i + 3};
	if (m->n > MOST)
		spans[n++] = (struct wg_span){ui_scratch_text(s, "and %zu more", m->n - MOST), WG_DIM, 2};
	if (m->missed.known && m->missed.value)
		spans[n++] = (struct wg_span){
			ui_scratch_text(s, "%s mappings not found", ui_number(s, m->missed.value)), WG_UNKNOWN, 2};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

/* ---- the map ---------------------------------------------------------------------------------------------------- */

static uint8_t hue_of(const struct ui_file_view *v, const struct ui_file_layer *layer)
{
	if (layer->bit == PT_CACHED_THERE)
		return v->got->cached->stat.tmpfs ? WG_HUE_SHMEM : WG_HUE_FILE;
	return layer->bit == PT_CACHED_EVICTED ? WG_HUE_SWAP : WG_HUE_LAYER;
}

static struct wg_heat_cell cell_of(const struct ui_file_view *v, const struct ui_file_layer *layer, size_t i)
{
	const uint64_t per_cell = ui_grid_per_cell(&v->grid);
	struct pt_cached_share share = ui_file_share(v, layer, v->grid.top + i * per_cell, per_cell);
	struct wg_heat_cell cell = {.hue = hue_of(v, layer),
				    .level = (uint8_t)wg_heat_level(share.hits, share.pages ? share.pages : 1)};
	if (!share.pages)
		cell.flags = WG_HEAT_OUTSIDE;
	else if (share.unknown > share.hits)
		cell.flags = WG_HEAT_UNKNOWN;
	if (ui_grid_in_drag(&v->grid, i))
		cell.flags |= WG_HEAT_MARKED;
	return cell;
}

struct gutter {
	const struct ui_file_view *v;
	struct ui_scratch *scratch;
};

static const char *label(void *arg, uint64_t position)
{
	const struct gutter *g = arg;
	return ui_scratch_text(g->scratch, "+%" PRIx64, position << g->v->page_shift);
}

static void draw_grid(struct ui_file_view *v, struct ui_shell *shell, const struct ui_file_layer *layer,
		      struct wg_canvas *c, struct wg_rect rect)
{
	struct gutter gutter = {v, &shell->scratch};
	char last[32];
	int w = 2 + snprintf(last, sizeof last, "+%" PRIx64, v->grid.length << v->page_shift);
	if (rect.w < GUTTER_FROM)
		w = 0;
	struct wg_rect grid = {rect.x + w, rect.y, rect.w - w, rect.h};
	if (!ui_grid_place(&v->grid, c, grid))
		return;
	ui_grid_keep_in_sight(&v->grid);
	const size_t n = ui_grid_cells(&v->grid);
	struct wg_heat_cell *cells = ui_scratch_array(&shell->scratch, n, sizeof *cells);
	if (!cells)
		return;
	for (size_t i = 0; i < n; i++)
		cells[i] = cell_of(v, layer, i);
	ui_grid_draw(&v->grid, &shell->scratch, c, cells);
	if (w)
		ui_grid_draw_gutter(&v->grid, c, w, label, &gutter);
}

static void draw_rule(const struct ui_file_view *v, struct ui_shell *shell, const struct ui_file_layer *layer,
		      struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const uint64_t per_cell = ui_grid_per_cell(&v->grid);
	struct wg_span spans[] = {
		{ui_printable(s, v->path), WG_STRONG, 0},
		{ui_scratch_text(s, "layer: %s", layer->name), WG_ACCENT, 1},
		{per_cell == 1 ? "a cell is one page"
			       : ui_scratch_text(s, "a cell is %s", ui_size(s, per_cell << v->page_shift)),
		 WG_DIM, 2},
		{layer->what, WG_DIM, 3},
		{v->got->cached->counted ? "counted by cachestat: another's file" : NULL, WG_DIM, 4},
	};
	wg_draw_rule(c, line, spans, sizeof spans / sizeof *spans);
}

/* ---- under the cursor ------------------------------------------------------------------------------------------- */

static const enum pt_cached_bit told[] = {PT_CACHED_THERE,  PT_CACHED_DIRTY,       PT_CACHED_WRITEBACK,
					  PT_CACHED_ACTIVE, PT_CACHED_REFERENCED,  PT_CACHED_MAPPED,
					  PT_CACHED_LARGE,  PT_CACHED_UNEVICTABLE, PT_CACHED_EVICTED};
#define TOLD (sizeof told / sizeof *told)

/* "64 pages  60 cached (94 %)  3 dirty". */
static size_t describe_cell(const struct ui_file_view *v, struct ui_scratch *s, uint64_t first, uint64_t pages,
			    struct wg_span *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < TOLD; i++) {
		struct pt_cached_share share = pt_cached_share(v->got->cached, told[i], first, pages);
		const char *word = pt_cached_bit_name(told[i]);
		if (!i) {
			ret[n++] = (struct wg_span){ui_scratch_text(s, "%s pages", ui_number(s, share.pages)), WG_DIM,
						    3};
			ret[n++] = (struct wg_span){ui_scratch_text(s, "%s cached (%s)", ui_number(s, share.hits),
								    ui_share(s, share.hits, share.pages)),
						    WG_TEXT, 1};
		} else if (share.unknown > share.hits) {
			ret[n++] = (struct wg_span){ui_scratch_text(s, "%s ?", word), WG_UNKNOWN, (int)i + 4};
		} else if (share.hits) {
			ret[n++] = (struct wg_span){ui_scratch_text(s, "%s %s", ui_number(s, share.hits), word),
						    WG_TEXT, (int)i + 3};
		}
	}
	return n;
}

/* "cached  dirty  PFN 0x1234  mapped twice: bash 1027 at 7f00, redis 88 at 7f80". */
static size_t describe_page(const struct ui_file_view *v, struct ui_scratch *s, struct wg_span *ret)
{
	enum { MAPPERS = 3 };
	const struct pt_cached_page page = pt_cached_page(v->got->cached, v->grid.cursor);
	const struct pt_mappers *m = &v->got->mappers;
	size_t n = 0, found = 0;
	if (!(page.bits & (PT_CACHED_THERE | PT_CACHED_EVICTED)))
		ret[n++] = (struct wg_span){"not cached", WG_DIM, 1};
	for (size_t i = 0; i < TOLD; i++)
		if (page.bits & told[i] && told[i] != PT_CACHED_MAPPED)
			ret[n++] = (struct wg_span){pt_cached_bit_name(told[i]), WG_TEXT, (int)i + 1};
	if (page.bits & PT_CACHED_THERE && !(page.bits & PT_CACHED_HAS_FLAGS))
		ret[n++] = (struct wg_span){"flags unknown", WG_UNKNOWN, 2};
	if (page.pfn)
		ret[n++] = (struct wg_span){ui_scratch_text(s, "PFN 0x%" PRIx64, page.pfn), WG_DIM, 5};
	if (page.bits & PT_CACHED_HAS_COUNT)
		ret[n++] = (struct wg_span){page.count == 0   ? "mapped by nobody"
					    : page.count == 1 ? "mapped once:"
							      : ui_scratch_text(s, "mapped %u times:", page.count),
					    WG_TEXT, 1};
	for (size_t i = 0; i < m->n && found < MAPPERS; i++) {
		uint64_t address;
		if (!pt_mapper_address(&m->v[i], v->grid.cursor, v->page_shift, &address))
			continue;
		ret[n++] = (struct wg_span){ui_scratch_text(s, "%s %d at %" PRIx64, ui_printable(s, m->v[i].name),
							    (int)m->v[i].pid, address),
					    WG_ACCENT, (int)found++ + 2};
	}
	return n;
}

static void draw_status(const struct ui_file_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const uint64_t per_cell = ui_grid_per_cell(&v->grid);
	const uint64_t first = v->grid.top + ui_grid_cursor_cell(&v->grid) * per_cell;
	struct wg_span spans[TOLD + 12] = {{ui_scratch_text(s, "+%" PRIx64, first << v->page_shift), WG_STRONG, 0}};
	size_t n = 1;
	n += per_cell == 1 ? describe_page(v, s, spans + n) : describe_cell(v, s, first, per_cell, spans + n);
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

static void draw_legend(const struct ui_file_view *v, const struct ui_file_layer *layer, struct wg_canvas *c,
			struct wg_rect line)
{
	const uint8_t hue = hue_of(v, layer);
	const char *all = layer->bit == PT_CACHED_THERE ? "cached" : layer->name;
	const struct wg_legend_item items[] = {
		{.hue = hue, .level = 0, .label = "none"},
		{.hue = hue, .level = 2, .label = "some"},
		{.hue = hue, .level = WG_LEVELS - 1, .label = all},
		{.unknown = true, .label = "unknown"},
	};
	wg_draw_legend(c, line, items, sizeof items / sizeof *items);
}

void ui_file_draw(struct ui_file_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	v->grid.w = v->grid.rows = 0;
	if (!v->got || !v->got->cached) {
		draw_words(c, rect, v->got ? why_not(v->got) : "looking...", v->got ? WG_BAD : WG_DIM);
		return;
	}
	struct ui_file_layer layer = ui_file_layer(v, v->layer, &shell->scratch);
	struct wg_rect sums = wg_take_top(&rect, rect.h >= 4), mappers = wg_take_top(&rect, rect.h >= 6);
	struct wg_rect rule = wg_take_top(&rect, rect.h >= 3);
	struct wg_rect legend = wg_take_bottom(&rect, rect.h >= 3), status = wg_take_bottom(&rect, rect.h >= 2);
	if (sums.h)
		draw_sums(v, shell, c, sums);
	if (mappers.h)
		draw_mappers(v, shell, c, mappers);
	if (!v->grid.length)
		draw_words(c, rect, "the file is empty", WG_DIM);
	else
		draw_grid(v, shell, &layer, c, rect);
	if (rule.h)
		draw_rule(v, shell, &layer, c, rule);
	if (status.h && v->grid.w)
		draw_status(v, shell, c, status);
	if (legend.h)
		draw_legend(v, &layer, c, legend);
}
