/*
 * The pages of a snapshot from an address upwards, as runs of alike pages: for ranges that lie at different places of
 * two snapshots, which cannot be compared chunk by chunk.
 */
#ifndef PT_HISTORY_RUNS_H
#define PT_HISTORY_RUNS_H

#include "core/model/snapshot.h"

struct pt_runs {
	const struct pt_snapshot *snapshot;
	size_t slot; /* where the last one was found */
};

/* How many pages from number `page` on (addresses in pages), up to `end`, are alike; *ret is the first. */
uint64_t pt_runs_at(struct pt_runs *runs, uint64_t page, uint64_t end, struct pt_page *ret);
/* When they were read, CLOCK_MONOTONIC; where that is not known in full, since when they were looked for. */
uint64_t pt_runs_read_ns(const struct pt_runs *runs, uint64_t page);

#endif
