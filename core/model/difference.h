/*
 * Differences: how many pages came, went and changed between two snapshots of one process, cell by cell of a map. Chunks that
 * both share are passed over, so this costs what differs.
 */
#ifndef PT_MODEL_DIFFERENCE_H
#define PT_MODEL_DIFFERENCE_H

#include "core/model/bins.h"

/* Pages. */
struct pt_difference {
	uint64_t came;  /* hold memory or swap, and held none before */
	uint64_t went;  /* the other way round */
	uint64_t other; /* hold something both times, but differ (pt_page_differs) */
};

/* Adds those of the pages in [start, end), both page-aligned. */
void pt_difference_add(const struct pt_snapshot *now, const struct pt_snapshot *before, uint64_t start, uint64_t end,
		       struct pt_difference *sum);
/* The same for n bins as pt_bins_fill has them. */
void pt_difference_bins(const struct pt_axis *axis, const struct pt_snapshot *now, const struct pt_snapshot *before,
			uint64_t first, uint64_t pages_per_bin, struct pt_difference *ret, size_t n);

#endif
