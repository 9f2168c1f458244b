/*
 * Bins and axes: see bins.h. A bin is cut at VMA borders into stretches of addresses; each stretch is summed out of the
 * slots it meets.
 */
#include "core/model/bins.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the axis --------------------------------------------------------------------------------------------------- */

int pt_axis_init(struct pt_axis *axis, const struct pt_snapshot *s, size_t first, size_t n)
{
	if (first > s->vmas->n)
		first = s->vmas->n;
	if (n > s->vmas->n - first)
		n = s->vmas->n - first;
	struct pt_axis made = {.page_shift = s->page_shift};
	made.vma = calloc(n + 1, sizeof(*made.vma));
	made.first = calloc(n + 1, sizeof(*made.first));
	if (!made.vma || !made.first) {
		pt_axis_free(&made);
		return -ENOMEM;
	}
	for (size_t i = first; i < first + n; i++) {
		const struct pt_vma *vma = &s->vmas->v[i];
		if (vma->role == PT_ROLE_VSYSCALL)
			continue;
		made.vma[made.n] = i;
		made.first[made.n++] = made.pages;
		made.pages += (vma->end - vma->start) >> s->page_shift;
	}
	*axis = made;
	return 0;
}

void pt_axis_free(struct pt_axis *axis)
{
	free(axis->vma);
	free(axis->first);
	*axis = (struct pt_axis){0};
}

/* Index on the axis of the VMA that holds a position < pages. */
static size_t part_at(const struct pt_axis *axis, uint64_t position)
{
	size_t low = 0, high = axis->n;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (axis->first[middle] <= position)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t pt_axis_position(const struct pt_axis *axis, const struct pt_snapshot *s, uint64_t addr)
{
	size_t low = 0, high = axis->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (s->vmas->v[axis->vma[middle]].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == axis->n)
		return axis->pages;
	const struct pt_vma *vma = &s->vmas->v[axis->vma[low]];
	return axis->first[low] + (addr > vma->start ? (addr - vma->start) >> axis->page_shift : 0);
}

uint64_t pt_axis_address(const struct pt_axis *axis, const struct pt_snapshot *s, uint64_t position)
{
	if (!axis->n)
		return 0;
	if (position >= axis->pages)
		return s->vmas->v[axis->vma[axis->n - 1]].end;
	size_t part = part_at(axis, position);
	return s->vmas->v[axis->vma[part]].start + ((position - axis->first[part]) << axis->page_shift);
}

size_t pt_axis_vma(const struct pt_axis *axis, const struct pt_snapshot *s, uint64_t position)
{
	return position < axis->pages ? axis->vma[part_at(axis, position)] : s->vmas->n;
}

/* ---- stretches -------------------------------------------------------------------------------------------------- */

static bool near_enough(const struct pt_snapshot *s, uint64_t end, uint64_t next)
{
	return next < end || next - end < pt_snapshot_chunk_size(s);
}

/* The addresses of the positions [first, end) that lie in one part of the axis. */
static struct pt_stretch stretch_of(const struct pt_axis *axis, const struct pt_snapshot *s, size_t part,
				    uint64_t first, uint64_t end)
{
	const struct pt_vma *vma = &s->vmas->v[axis->vma[part]];
	uint64_t from = first > axis->first[part] ? first - axis->first[part] : 0, to = end - axis->first[part];
	uint64_t size = (vma->end - vma->start) >> axis->page_shift;
	return (struct pt_stretch){vma->start + (from << axis->page_shift),
				   vma->start + ((to < size ? to : size) << axis->page_shift)};
}

uint64_t pt_axis_piece(const struct pt_axis *axis, const struct pt_snapshot *s, uint64_t first, uint64_t end,
		       struct pt_stretch *ret)
{
	size_t part = part_at(axis, first);
	*ret = stretch_of(axis, s, part, first, end < axis->pages ? end : axis->pages);
	return (ret->end - ret->start) >> axis->page_shift;
}

/* Whether part + 1 goes on in the stretch that part lies in. */
static bool goes_on(const struct pt_axis *axis, const struct pt_snapshot *s, size_t part)
{
	return near_enough(s, s->vmas->v[axis->vma[part]].end, s->vmas->v[axis->vma[part + 1]].start);
}

/* Widens *low..*high, parts of the axis, to as many stretches as may be kept, the nearer side first. */
static void widen(const struct pt_axis *axis, const struct pt_snapshot *s, uint64_t centre, size_t least, size_t most,
		  size_t max, size_t *low, size_t *high)
{
	size_t n = 1;
	for (;;) {
		if (*low > least && goes_on(axis, s, *low - 1)) {
			--*low;
		} else if (*high < most && goes_on(axis, s, *high)) {
			++*high;
		} else if (n++ == max || (*low == least && *high == most)) {
			return;
		} else if (*high == most ||
			   (*low > least && centre - axis->first[*low] < axis->first[*high + 1] - centre)) {
			--*low;
		} else {
			++*high;
		}
	}
}

size_t pt_axis_stretches(const struct pt_axis *axis, const struct pt_snapshot *s, uint64_t first, uint64_t end,
			 uint64_t centre, struct pt_stretch *ret, size_t max)
{
	end = end < axis->pages ? end : axis->pages;
	if (first >= end || !max)
		return 0;
	centre = centre < first ? first : centre < end ? centre : end - 1;
	size_t low = part_at(axis, centre), high = low, n = 0;
	widen(axis, s, centre, part_at(axis, first), part_at(axis, end - 1), max, &low, &high);
	for (size_t part = low; part <= high; part++) {
		struct pt_stretch next = stretch_of(axis, s, part, first, end);
		if (n && near_enough(s, ret[n - 1].end, next.start))
			ret[n - 1].end = next.end;
		else
			ret[n++] = next;
	}
	return n;
}

static int by_start(const void *a, const void *b)
{
	const struct pt_stretch *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

size_t pt_stretches_merge(const struct pt_snapshot *s, struct pt_stretch *stretches, size_t n)
{
	size_t kept = 0;
	if (n)
		qsort(stretches, n, sizeof *stretches, by_start);
	for (size_t i = 0; i < n; i++) {
		struct pt_stretch *last = kept ? &stretches[kept - 1] : NULL;
		if (!last || !near_enough(s, last->end, stretches[i].start))
			stretches[kept++] = stretches[i];
		else if (stretches[i].end > last->end)
			last->end = stretches[i].end;
	}
	return kept;
}

/* ---- bins ------------------------------------------------------------------------------------------------------- */

static bool chunk_changed(const struct pt_chunk *now, const struct pt_chunk *before, unsigned first, unsigned end)
{
	struct pt_chunk_diff diff;
	if (now == before)
		return false;
	for (; pt_chunk_next_diff(before, now, first, end, &diff); first = diff.first + diff.n)
		if (pt_page_differs(diff.before, diff.after))
			return true;
	return false;
}

static struct pt_chunk *chunk_at(const struct pt_snapshot *s, size_t slot, uint64_t index)
{
	return slot < s->n_slots && s->slots[slot].index == index ? s->slots[slot].chunk : NULL;
}

/* Whether anything in [start, end) differs; walks the slots of both side by side. */
static bool range_changed(const struct pt_snapshot *now, const struct pt_snapshot *before, uint64_t start, uint64_t end)
{
	uint64_t first = start >> now->page_shift, last = end >> now->page_shift;
	size_t i = pt_snapshot_lower(now, first / PT_CHUNK_PAGES),
	       k = pt_snapshot_lower(before, first / PT_CHUNK_PAGES);
	for (;;) {
		uint64_t a = i < now->n_slots ? now->slots[i].index : UINT64_MAX;
		uint64_t b = k < before->n_slots ? before->slots[k].index : UINT64_MAX;
		uint64_t index = a < b ? a : b;
		if (index == UINT64_MAX || index * PT_CHUNK_PAGES >= last)
			return false;
		uint64_t chunk_first = index * PT_CHUNK_PAGES;
		unsigned from = first > chunk_first ? (unsigned)(first - chunk_first) : 0;
		unsigned to = last < chunk_first + PT_CHUNK_PAGES ? (unsigned)(last - chunk_first) : PT_CHUNK_PAGES;
		if (chunk_changed(chunk_at(now, i, index), chunk_at(before, k, index), from, to))
			return true;
		i += a == index;
		k += b == index;
	}
}

static void fill_bin(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
		     uint64_t first, uint64_t end, struct pt_bin *bin)
{
	bin->pages = end - first;
	for (size_t part = part_at(axis, first); part < axis->n && axis->first[part] < end; part++) {
		struct pt_stretch at = stretch_of(axis, now, part, first, end);
		uint64_t oldest = pt_snapshot_oldest(now, at.start, at.end);
		pt_snapshot_sum(now, at.start, at.end, &bin->sum);
		bin->oldest_ns = oldest < bin->oldest_ns ? oldest : bin->oldest_ns;
		if (before && !bin->changed)
			bin->changed = range_changed(now, before, at.start, at.end);
	}
}

/* A bin of `before` that stays as it is; false if it does not. */
static bool keep_bin(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
		     uint64_t first, uint64_t end, struct pt_bin *bin)
{
	uint64_t start = pt_axis_address(axis, now, first);
	uint64_t last = pt_axis_address(axis, now, end - 1) + (1ull << axis->page_shift);
	if (!pt_snapshot_shares(now, before, start, last))
		return false;
	bin->changed = false;
	bin->life = (struct pt_bin_life){0};
	bin->heap = (struct pt_bin_heap){0};
	bin->share = (struct pt_bin_share){0};
	bin->place = (struct pt_bin_place){0};
	bin->oldest_ns = pt_snapshot_oldest(now, start, last);
	return true;
}

static void fill(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
		 uint64_t first, uint64_t pages_per_bin, struct pt_bin *bins, size_t n, bool filled)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t left = first < axis->pages && pages_per_bin ? axis->pages - first : 0;
		uint64_t end = first + (pages_per_bin < left ? pages_per_bin : left);
		if (left && filled && keep_bin(axis, now, before, first, end, &bins[i])) {
			first = end;
			continue;
		}
		bins[i] = (struct pt_bin){.oldest_ns = PT_NO_AGE};
		if (left)
			fill_bin(axis, now, before, first, end, &bins[i]);
		first = end;
	}
}

void pt_bins_fill(const struct pt_axis *axis, const struct pt_snapshot *snapshot, const struct pt_snapshot *before,
		  uint64_t first, uint64_t pages_per_bin, struct pt_bin *bins, size_t n)
{
	fill(axis, snapshot, before, first, pages_per_bin, bins, n, false);
}

void pt_bins_update(const struct pt_axis *axis, const struct pt_snapshot *snapshot, const struct pt_snapshot *before,
		    uint64_t first, uint64_t pages_per_bin, struct pt_bin *bins, size_t n)
{
	fill(axis, snapshot, before, first, pages_per_bin, bins, n, true);
}

/* ---- layers ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *what;
	uint8_t hits, unknown; /* enum pt_stat; unknown PT_STAT_N: always known */
	uint8_t needs;         /* enum pt_signal without which no page in RSS is known; PT_SIG_N: none */
} layers[PT_LAYER_N] = {
	[PT_LAYER_KIND] = {"kind", "what most pages are, and how many are there", PT_STAT_N, PT_N_NO_KIND, PT_SIG_N},
	[PT_LAYER_PRESENT] = {"present", "pages in memory", PT_N_PRESENT, PT_STAT_N, PT_SIG_N},
	[PT_LAYER_DIRTY] = {"dirty", "pages that must be written somewhere before they can be freed (approximate)",
			    PT_N_DIRTY, PT_N_NO_FLAGS, PT_SIG_N},
	[PT_LAYER_SWAP] = {"swapped", "pages on swap", PT_N_SWAP, PT_STAT_N, PT_SIG_N},
	[PT_LAYER_THP] = {"thp", "pages mapped huge, by one entry for all of them", PT_N_PMD, PT_STAT_N,
			  PT_SIG_PAGEMAP_SCAN},
	[PT_LAYER_LARGE] = {"large folio", "pages in a large folio, however mapped", PT_N_LARGE, PT_N_NO_FLAGS,
			    PT_SIG_N},
	[PT_LAYER_SHARED] = {"shared", "pages mapped more than once, in a colour for those who share them", PT_N_SHARED,
			     PT_N_NO_SHARE, PT_SIG_N},
	[PT_LAYER_REFERENCED] = {"referenced", "pages the kernel saw in use lately", PT_N_REFERENCED, PT_N_NO_FLAGS,
				 PT_SIG_N},
	[PT_LAYER_ANON] = {"anonymous", "anonymous pages, not of a file", PT_N_ANON, PT_N_NO_KIND, PT_SIG_N},
	[PT_LAYER_KSM] = {"ksm", "pages merged by KSM", PT_N_KSM, PT_N_NO_FLAGS, PT_SIG_KSM},
	[PT_LAYER_LOCKED] = {"locked", "pages kept by mlock", PT_N_MLOCKED, PT_N_NO_FLAGS, PT_SIG_N},
	[PT_LAYER_LAZYFREE] = {"lazyfree", "pages given up with MADV_FREE", PT_N_LAZYFREE, PT_N_NO_FLAGS, PT_SIG_N},
	[PT_LAYER_ZERO] = {"zero", "read but never written: the shared zero page", PT_N_ZERO, PT_STAT_N,
			   PT_SIG_PAGEMAP_SCAN},
	[PT_LAYER_UNEVICTABLE] = {"unevictable", "pages that reclaim leaves alone", PT_N_UNEVICTABLE, PT_N_NO_FLAGS,
				  PT_SIG_N},
	[PT_LAYER_NODE] = {"node", "on which memory node pages lie", PT_N_PRESENT, PT_STAT_N, PT_SIG_PFN},
	[PT_LAYER_CHANGED] = {"changed", "pages that changed, over the last frames or between two moments", PT_STAT_N,
			      PT_STAT_N, PT_SIG_N},
	[PT_LAYER_AGE] = {"age", "since when pages are there: the younger, the brighter", PT_STAT_N, PT_STAT_N,
			  PT_SIG_N},
	[PT_LAYER_HEAP] = {"heap", "what a hunt found on pages of the heap: leaked objects, live ones, free bytes",
			   PT_STAT_N, PT_STAT_N, PT_SIG_N},
};

const char *pt_layer_name(enum pt_layer layer)
{
	return layers[layer].name;
}

const char *pt_layer_what(enum pt_layer layer)
{
	return layers[layer].what;
}

static const struct {
	uint8_t stat, kind;
} stat_kinds[] = {
	{PT_N_ANON, PT_ANON},     {PT_N_FILE, PT_FILE},           {PT_N_SHMEM, PT_SHMEM},
	{PT_N_SWAP, PT_SWAP},     {PT_N_KERNEL, PT_KERNEL},       {PT_N_HUGETLB, PT_HUGETLB},
	{PT_N_ZERO, PT_ZERO},     {PT_N_GUARD, PT_GUARD},         {PT_N_MARKER, PT_UFFD_MARKER},
	{PT_N_DEVICE, PT_DEVICE}, {PT_N_MIGRATING, PT_MIGRATING}, {PT_N_NO_KIND, PT_PRESENT},
};

/* The most frequent kind, and how many pages are anything at all. */
static enum pt_kind main_kind(const struct pt_counts *sum, uint64_t *ret_any)
{
	enum pt_kind kind = PT_UNTOUCHED;
	uint64_t most = 0;
	*ret_any = 0;
	for (size_t i = 0; i < sizeof(stat_kinds) / sizeof(*stat_kinds); i++) {
		uint64_t n = sum->n[stat_kinds[i].stat];
		*ret_any += n;
		if (n > most) {
			most = n;
			kind = stat_kinds[i].kind;
		}
	}
	return kind;
}

struct pt_heat pt_bin_heat(const struct pt_bin *bin, enum pt_layer layer, const struct pt_signals *signals)
{
	uint64_t any;
	struct pt_heat heat = {.pages = bin->pages, .kind = main_kind(&bin->sum, &any)};
	if (layer == PT_LAYER_CHANGED || layer == PT_LAYER_AGE) {
		heat.hits = layer == PT_LAYER_AGE ? bin->life.held : bin->life.changed;
		heat.unknown = bin->life.known ? 0 : any;
		return heat;
	}
	if (layer == PT_LAYER_HEAP) {
		const struct pt_bin_heap *h = &bin->heap;
		heat.hits = h->live + h->mixed + h->leaked + h->free + h->own;
		heat.unknown = h->known ? 0 : bin->sum.n[PT_N_ANON];
		return heat;
	}
	heat.hits = layer == PT_LAYER_KIND ? any : bin->sum.n[layers[layer].hits];
	if (layers[layer].unknown != PT_STAT_N)
		heat.unknown = bin->sum.n[layers[layer].unknown];
	if (layers[layer].needs != PT_SIG_N && !pt_signal_has(signals, layers[layer].needs)) {
		heat.unknown = bin->sum.n[PT_N_RSS];
		heat.hits = 0;
	}
	return heat;
}
