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

void pt_difference_bins(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
			uint64_t first, uint64_t pages_per_bin, struct pt_difference *ret, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t left = first < axis->pages && pages_per_bin ? axis->pages - first : 0;
		uint64_t end = first + (pages_per_bin < left ? pages_per_bin : left);
		struct pt_stretch at;
		ret[i] = (struct pt_difference){0};
		while (first < end) {
			first += pt_axis_piece(axis, now, first, end, &at);
			pt_difference_add(now, before, at.start, at.end, &ret[i]);
		}
	}
}
