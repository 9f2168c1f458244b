/*
 * See heat.h.
 */
#include "tui/heat.h"

#include <string.h>

uint8_t ui_hue_of_kind(enum pt_kind kind)
{
	static const uint8_t hues[PT_KIND_N] = {
		[PT_UNTOUCHED] = WG_HUE_ANON, [PT_ANON] = WG_HUE_ANON,        [PT_FILE] = WG_HUE_FILE,
		[PT_SHMEM] = WG_HUE_SHMEM,    [PT_SWAP] = WG_HUE_SWAP,        [PT_SWAP_SHMEM] = WG_HUE_SWAP,
		[PT_ZERO] = WG_HUE_ZERO,      [PT_ZERO_HUGE] = WG_HUE_ZERO,   [PT_HUGETLB] = WG_HUE_HUGETLB,
		[PT_KERNEL] = WG_HUE_KERNEL,  [PT_GUARD] = WG_HUE_GUARD,      [PT_UFFD_MARKER] = WG_HUE_GUARD,
		[PT_POISON] = WG_HUE_GUARD,   [PT_MIGRATING] = WG_HUE_KERNEL, [PT_DEVICE] = WG_HUE_KERNEL,
		[PT_PRESENT] = WG_HUE_LAYER,
	};
	return hues[kind];
}

const char *ui_hue_name(uint8_t hue)
{
	static const char *const names[WG_HUE_N] = {
		[WG_HUE_ANON] = "anon",       [WG_HUE_FILE] = "file",        [WG_HUE_SHMEM] = "shmem",
		[WG_HUE_SWAP] = "swapped",    [WG_HUE_KERNEL] = "kernel",    [WG_HUE_ZERO] = "zero page",
		[WG_HUE_HUGETLB] = "hugetlb", [WG_HUE_GUARD] = "guard",      [WG_HUE_LAYER] = "page",
		[WG_HUE_CAME] = "came",       [WG_HUE_WENT] = "went",        [WG_HUE_OTHER] = "changed",
		[WG_HUE_LEAKED] = "leaked",   [WG_HUE_MIXED] = "mixed",      [WG_HUE_FREE] = "free",
		[WG_HUE_SLAB] = "slab",       [WG_HUE_TABLE] = "page table",
	};
	return names[hue];
}

/* What is free is to be seen through: hardly brighter than the background, and no letter. */
struct wg_heat_cell ui_frame_look(enum pt_frame frame, bool colour)
{
	static const struct wg_heat_cell looks[PT_FRAME_N] = {
		[PT_FRAME_FREE] = {WG_HUE_ZERO, 1, 0},           [PT_FRAME_ANON] = {WG_HUE_ANON, 5, 0},
		[PT_FRAME_FILE] = {WG_HUE_FILE, 5, 0},           [PT_FRAME_SHMEM] = {WG_HUE_SHMEM, 5, 0},
		[PT_FRAME_HUGETLB] = {WG_HUE_HUGETLB, 5, 0},     [PT_FRAME_SLAB] = {WG_HUE_SLAB, 5, 0},
		[PT_FRAME_PGTABLE] = {WG_HUE_TABLE, 5, 0},       [PT_FRAME_RESERVED] = {WG_HUE_ZERO, 5, 0},
		[PT_FRAME_POISON] = {WG_HUE_GUARD, 5, 0},        [PT_FRAME_OTHER] = {WG_HUE_KERNEL, 5, 0},
		[PT_FRAME_OFFLINE] = {WG_HUE_GUARD, 2, 0},       [PT_FRAME_HOLE] = {.flags = WG_HEAT_OUTSIDE},
		[PT_FRAME_UNKNOWN] = {.flags = WG_HEAT_UNKNOWN},
	};
	struct wg_heat_cell look = looks[frame];
	if (frame == PT_FRAME_FREE && !colour)
		look.level = 0;
	return look;
}

/* A layer that shows one kind has that kind's hue. */
static uint8_t hue_of_layer(enum pt_layer layer)
{
	switch (layer) {
	case PT_LAYER_ANON: return WG_HUE_ANON;
	case PT_LAYER_SWAP: return WG_HUE_SWAP;
	case PT_LAYER_ZERO: return WG_HUE_ZERO;
	default: return WG_HUE_LAYER;
	}
}

/* Ages as levels; the legend has them in the same order. Most of the pages decide where some were there from the start. */
#define SECOND 1000000000ull
static const char *const age_labels[WG_LEVELS] = {"none", "from the start", "> 2 min", "< 2 min", "< 30 s", "< 5 s"};

static unsigned age_level(const struct pt_bin_life *life)
{
	if (!life->held)
		return 0;
	if (2 * life->from_start >= life->held)
		return 1;
	return life->age_ns < 5 * SECOND ? 5 : life->age_ns < 30 * SECOND ? 4 : life->age_ns < 120 * SECOND ? 3 : 2;
}

/* What weighs most, where a leaked page weighs as much as some that are not: leaks are to be found. */
#define LEAKED_WEIGHS 4
#define MIXED_WEIGHS  2
static uint8_t hue_of_heap(const struct pt_bin_heap *h)
{
	const struct {
		uint64_t weight;
		uint8_t hue;
	} of[] = {{h->live, WG_HUE_ANON},
		  {h->own, WG_HUE_ZERO},
		  {h->free, WG_HUE_FREE},
		  {MIXED_WEIGHS * h->mixed, WG_HUE_MIXED},
		  {LEAKED_WEIGHS * h->leaked, WG_HUE_LEAKED}};
	size_t best = 0;
	for (size_t i = 1; i < sizeof of / sizeof *of; i++)
		best = of[i].weight > of[best].weight ? i : best;
	return of[best].hue;
}

struct wg_heat_cell ui_heat_cell(const struct pt_bin *bin, enum pt_layer layer, const struct pt_snapshot *snapshot)
{
	if (!bin->pages)
		return (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
	struct pt_heat heat = pt_bin_heat(bin, layer, &snapshot->signals);
	struct wg_heat_cell cell = {
		.hue = layer == PT_LAYER_KIND                         ? ui_hue_of_kind(heat.kind)
		       : layer == PT_LAYER_HEAP                       ? hue_of_heap(&bin->heap)
		       : layer == PT_LAYER_SHARED && bin->share.known ? ui_shared_hue(bin->share.group)
		       : layer == PT_LAYER_NODE && bin->place.known   ? ui_node_hue(bin->place.node)
								      : hue_of_layer(layer),
		.level = (uint8_t)wg_heat_level(heat.hits, heat.pages),
		.flags = pt_bin_is_old(bin, snapshot) ? WG_HEAT_OLD : 0,
	};
	if (layer == PT_LAYER_AGE)
		cell.level = (uint8_t)age_level(&bin->life);
	/* What has nothing of a layer's fact may have changed in any other way: that is not for this layer to show. */
	if (bin->changed && layer != PT_LAYER_AGE && layer != PT_LAYER_HEAP && (layer == PT_LAYER_KIND || heat.hits))
		cell.flags |= WG_HEAT_CHANGED;
	/* Where most of what is there is not known, the cell must not claim a number. */
	if (heat.unknown && (layer == PT_LAYER_KIND ? heat.kind == PT_PRESENT : heat.unknown > heat.hits))
		cell.flags |= WG_HEAT_UNKNOWN;
	if (layer == PT_LAYER_NODE && bin->place.unplaced > bin->place.pages)
		cell.flags |= WG_HEAT_UNKNOWN;
	return cell;
}

/* What differs in its own hue, what does not faded: of a cell that has both, the difference is worth more. */
struct wg_heat_cell ui_heat_difference(const struct pt_bin *bin, const struct pt_difference *d,
				       const struct pt_snapshot *snapshot)
{
	uint64_t most = d->came > d->went ? d->came : d->went;
	if (!d->came && !d->went && !d->other) {
		struct wg_heat_cell same = ui_heat_cell(bin, PT_LAYER_KIND, snapshot);
		same.flags = (uint8_t)((same.flags & ~WG_HEAT_CHANGED) | WG_HEAT_OLD);
		return same;
	}
	uint8_t hue = d->other > most ? WG_HUE_OTHER : d->came >= d->went ? WG_HUE_CAME : WG_HUE_WENT;
	return (struct wg_heat_cell){.hue = hue,
				     .level = (uint8_t)wg_heat_level(d->other > most ? d->other : most, bin->pages)};
}

size_t ui_legend_of_difference(struct wg_legend_item *items)
{
	static const uint8_t hues[] = {WG_HUE_CAME, WG_HUE_WENT, WG_HUE_OTHER};
	size_t n = 0;
	for (; n < sizeof hues; n++)
		items[n] =
			(struct wg_legend_item){.hue = hues[n], .level = WG_LEVELS - 1, .label = ui_hue_name(hues[n])};
	items[n++] =
		(struct wg_legend_item){.hue = WG_HUE_ANON, .level = WG_LEVELS - 1, .old = true, .label = "the same"};
	items[n++] = (struct wg_legend_item){.unknown = true, .label = "unknown"};
	return n;
}

struct wg_heat_cell *ui_heat_strip(struct ui_scratch *s, const struct pt_axis *axis, const struct pt_snapshot *now,
				   const struct pt_snapshot *before, struct ui_changes *changes,
				   const struct ui_hunt *hunt, const struct ui_sharing *sharing,
				   const struct pt_nodes *nodes, enum pt_layer layer, int n, int *ret_n)
{
	if (n <= 0 || !axis->pages)
		return NULL;
	uint64_t per_cell = (axis->pages + (uint64_t)n - 1) / (uint64_t)n;
	size_t used = (size_t)((axis->pages + per_cell - 1) / per_cell);
	struct pt_bin *bins = ui_scratch_array(s, used, sizeof *bins);
	struct wg_heat_cell *cells = ui_scratch_array(s, used, sizeof *cells);
	if (!bins || !cells)
		return NULL;
	pt_bins_fill(axis, now, before, 0, per_cell, bins, used);
	ui_changes_bins(changes, layer, axis, now, 0, bins, used);
	if (layer == PT_LAYER_HEAP)
		ui_hunt_bins(hunt, axis, now, 0, bins, used);
	if (layer == PT_LAYER_SHARED)
		ui_sharing_bins(sharing, axis, now, 0, bins, used);
	if (layer == PT_LAYER_NODE)
		ui_nodes_bins(nodes, axis, now, 0, bins, used);
	for (size_t i = 0; i < used; i++)
		cells[i] = ui_heat_cell(&bins[i], layer, now);
	*ret_n = (int)used;
	return cells;
}

/* ---- the class bar ---------------------------------------------------------------------------------------------- */

static const struct {
	enum pt_stat stat;
	enum pt_kind kind;
} bar_parts[] = {
	{PT_N_ANON, PT_ANON},       {PT_N_FILE, PT_FILE}, {PT_N_SHMEM, PT_SHMEM},     {PT_N_KERNEL, PT_KERNEL},
	{PT_N_HUGETLB, PT_HUGETLB}, {PT_N_ZERO, PT_ZERO}, {PT_N_NO_KIND, PT_PRESENT}, {PT_N_SWAP, PT_SWAP},
};
#define BAR_PARTS (sizeof bar_parts / sizeof *bar_parts)

/* Cells of each part: its share, rounded, at least one; the largest part takes the rounding. */
static void divide(const struct pt_counts *sum, int n, int *ret)
{
	uint64_t all = 0;
	for (size_t i = 0; i < BAR_PARTS; i++)
		all += sum->n[bar_parts[i].stat];
	int given = 0;
	size_t largest = 0;
	for (size_t i = 0; i < BAR_PARTS; i++) {
		uint64_t pages = sum->n[bar_parts[i].stat];
		ret[i] = all ? (int)((double)pages * n / (double)all) : 0;
		if (pages && !ret[i])
			ret[i] = 1;
		given += ret[i];
		if (pages > sum->n[bar_parts[largest].stat])
			largest = i;
	}
	if (all)
		ret[largest] += n - given;
}

void ui_class_bar(const struct pt_counts *sum, struct wg_heat_cell *cells, int n)
{
	int parts[BAR_PARTS];
	int at = 0;
	memset(cells, 0, (size_t)n * sizeof *cells);
	divide(sum, n, parts);
	for (size_t i = 0; i < BAR_PARTS; i++)
		for (int k = 0; k < parts[i] && at < n; k++) {
			bool unknown = bar_parts[i].kind == PT_PRESENT;
			cells[at++] = (struct wg_heat_cell){.hue = ui_hue_of_kind(bar_parts[i].kind),
							    .level = WG_LEVELS - 1,
							    .flags = unknown ? WG_HEAT_UNKNOWN : 0};
		}
}

/* ---- the legend ------------------------------------------------------------------------------------------------- */

static size_t legend_of_kinds(struct wg_legend_item *items)
{
	static const uint8_t hues[] = {WG_HUE_ANON, WG_HUE_FILE,    WG_HUE_SHMEM,  WG_HUE_SWAP,
				       WG_HUE_ZERO, WG_HUE_HUGETLB, WG_HUE_KERNEL, WG_HUE_GUARD};
	size_t n = 0;
	for (; n < sizeof hues; n++)
		items[n] =
			(struct wg_legend_item){.hue = hues[n], .level = WG_LEVELS - 1, .label = ui_hue_name(hues[n])};
	return n;
}

static const char *const share_labels[WG_LEVELS] = {"none", "a trace", "some", "half", "most", "all"};

static size_t legend_of_levels(uint8_t hue, const char *const *labels, struct wg_legend_item *items)
{
	for (unsigned i = 0; i < WG_LEVELS; i++)
		items[i] = (struct wg_legend_item){.hue = hue, .level = (uint8_t)i, .label = labels[i]};
	return WG_LEVELS;
}

size_t ui_legend_of_shares(uint8_t hue, struct wg_legend_item *items)
{
	return legend_of_levels(hue, share_labels, items);
}

static size_t legend_of_heap(struct wg_legend_item *items)
{
	static const struct {
		uint8_t hue;
		const char *label;
	} of[] = {{WG_HUE_LEAKED, "leaked"},
		  {WG_HUE_MIXED, "leaked and live"},
		  {WG_HUE_ANON, "live"},
		  {WG_HUE_FREE, "free, but resident"},
		  {WG_HUE_ZERO, "the allocator's"}};
	size_t n = 0;
	for (; n < sizeof of / sizeof *of; n++)
		items[n] = (struct wg_legend_item){.hue = of[n].hue, .level = WG_LEVELS - 1, .label = of[n].label};
	items[n++] = (struct wg_legend_item){.unknown = true, .label = "not hunted"};
	return n;
}

size_t ui_legend(enum pt_layer layer, bool old, struct wg_legend_item *items)
{
	uint8_t hue = layer == PT_LAYER_KIND ? WG_HUE_ANON : hue_of_layer(layer);
	size_t n = 0;
	if (layer == PT_LAYER_HEAP)
		return legend_of_heap(items);
	if (old) /* first: it is about most of what is seen, and says why that is pale */
		items[n++] = (struct wg_legend_item){.hue = hue, .level = WG_LEVELS - 1, .old = true, .label = "older"};
	n += layer == PT_LAYER_KIND
		     ? legend_of_kinds(items + n)
		     : legend_of_levels(hue, layer == PT_LAYER_AGE ? age_labels : share_labels, items + n);
	items[n++] = (struct wg_legend_item){.unknown = true, .label = "unknown"};
	if (layer != PT_LAYER_AGE)
		items[n++] = (struct wg_legend_item){.hue = hue,
						     .level = WG_LEVELS - 1,
						     .changed = true,
						     .label = layer == PT_LAYER_CHANGED ? "in this frame" : "changed"};
	return n;
}
