/*
 * See difference.h.
 */
#include "core/model/difference.h"

static bool holds(struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	return pt_kind_present(kind) || kind == PT_SWAP || kind == PT_SWAP_SHMEM || kind == PT_MIGRATING;
}

static void add_chunk(const struct pt_chunk *now, const struct pt_chunk *before, unsigned first, unsigned end,
		      struct pt_difference *sum)
{
	struct pt_chunk_diff diff;
	if (now == before)
		return;
	for (; pt_chunk_next_diff(before, now, first, end, &diff); first = diff.first + diff.n) {
		bool was = holds(diff.before), is = holds(diff.after);
		if (was != is)
			*(is ? &sum->came : &sum->went) += diff.n;
		else if (is && pt_page_differs(diff.before, diff.after))
			sum->other += diff.n;
	}
}

static uint64_t index_at(const struct pt_snapshot *s, size_t slot)
{
	return slot < s->n_slots ? s->slots[slot].index : UINT64_MAX;
}

/* Walks the slots of both side by side. */
void pt_difference_add(const struct pt_snapshot *now, const struct pt_snapshot *before, uint64_t start, uint64_t end,
		       struct pt_difference *sum)
{
	uint64_t first = start >> now->page_shift, last = end >> now->page_shift;
	size_t i = pt_snapshot_lower(now, first / PT_CHUNK_PAGES),
	       k = pt_snapshot_lower(before, first / PT_CHUNK_PAGES);
	for (;;) {
		uint64_t a = index_at(now, i), b = index_at(before, k), index = a < b ? a : b;
		if (index == UINT64_MAX || index * PT_CHUNK_PAGES >= last)
			return;
		uint64_t page = index * PT_CHUNK_PAGES;
		unsigned from = first > page ? (unsigned)(first - page) : 0;
		unsigned to = last < page + PT_CHUNK_PAGES ? (unsigned)(last - page) : PT_CHUNK_PAGES;
		add_chunk(a == index ? now->slots[i].chunk : NULL, b == index ? before->slots[k].chunk : NULL, from, to,
			  sum);
		i += a == index;
		k += b == index;
	}
}

/* The last VMA of the axis that begins at a position or below. */
static size_t part_at(const struct pt_axis *axis, uint64_t position)
{
	size_t low = 0, n = axis->n;
	while (low + 1 < n) {
		size_t middle = low + (n - low) / 2;
		if (axis->first[middle] > position)
			n = middle;
		else
			low = middle;
	}
	return low;
}

static void compare_bin(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
			uint64_t first, uint64_t end, struct pt_difference *sum)
{
	for (size_t part = part_at(axis, first); part < axis->n && axis->first[part] < end; part++) {
		const struct pt_vma *vma = &now->vmas->v[axis->vma[part]];
		uint64_t skip = first > axis->first[part] ? first - axis->first[part] : 0;
		uint64_t from = vma->start + (skip << axis->page_shift);
		uint64_t to = vma->start + ((end - axis->first[part]) << axis->page_shift);
		if (from < vma->end)
			pt_difference_add(now, before, from, to < vma->end ? to : vma->end, sum);
	}
}

void pt_difference_bins(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
			uint64_t first, uint64_t pages_per_bin, struct pt_difference *ret, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t left = first < axis->pages && pages_per_bin ? axis->pages - first : 0;
		uint64_t end = first + (pages_per_bin < left ? pages_per_bin : left);
		ret[i] = (struct pt_difference){0};
		if (end > first)
			compare_bin(axis, now, before, first, end, &ret[i]);
		first = end;
	}
}
