/*
 * Life: since when each page has been there, and when it last changed, as far as a series of snapshots tells. Stepped
 * from one snapshot to the next; a page that was there in the first is at least as old as that. What mremap moved keeps
 * its age. Kept by chunk, as runs of pages of one age: 12 bytes for each run, 6 KiB for a chunk at most.
 */
#ifndef PT_HISTORY_LIFE_H
#define PT_HISTORY_LIFE_H

#include "core/model/bins.h"

struct pt_life;

/* Begins with a first snapshot. 0 or -ENOMEM. */
int pt_life_new(const struct pt_snapshot *first, struct pt_life **ret);
void pt_life_free(struct pt_life *life); /* NULL is fine */
/*
 * On to the next; begins anew with it if that is of another program (exec). On failure it stands where it was. 0 or
 * -ENOMEM.
 */
int pt_life_step(struct pt_life *life, const struct pt_snapshot *before, const struct pt_snapshot *after);

/* Times are CLOCK_MONOTONIC of the frame that showed it first, to within 0.1 s. */
struct pt_lifetime {
	uint64_t born_ns;    /* since then it holds memory or swap; 0: it does not */
	uint64_t changed_ns; /* when pt_page_differs() or an event last told a change; 0: none was seen */
	bool from_start;     /* it was there when watching began: it is at least this old */
};
struct pt_lifetime pt_life_page(const struct pt_life *life, uint64_t address);

/* Over the pages of a range. */
struct pt_life_sum {
	uint64_t pages;        /* that hold memory or swap */
	uint64_t from_start;   /* those of them that were there when watching began */
	uint64_t mean_born_ns; /* CLOCK_MONOTONIC; 0 where there are none */
	uint64_t changed;      /* pages, holding something or not, that changed since the given time */
};
/* Adds nothing up: *ret is the sum of [start, end) alone. Changes are counted from `since_ns` on, that moment included. */
void pt_life_sum(const struct pt_life *life, uint64_t start, uint64_t end, uint64_t since_ns, struct pt_life_sum *ret);

/*
 * Fills in the life of n bins that were filled from position `first` of an axis on, with the pages that changed since
 * `since_ns`. Ages are those at the time of the snapshot, which is the last one that life was stepped to.
 */
void pt_life_bins(const struct pt_life *life, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		  uint64_t since_ns, uint64_t first, struct pt_bin *bins, size_t n);

uint64_t pt_life_start_ns(const struct pt_life *life); /* when watching began, CLOCK_MONOTONIC */
size_t pt_life_bytes(const struct pt_life *life);

#endif
