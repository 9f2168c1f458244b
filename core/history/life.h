/*
 * Life: since when each page has been there, and when it last changed, as far as a series of snapshots tells. Stepped
 * from one snapshot to the next; a page that was there in the first is as old as that. Kept by chunk: one that never
 * changed costs a few bytes, others 8 bytes a page.
 */
#ifndef PT_HISTORY_LIFE_H
#define PT_HISTORY_LIFE_H

#include "core/model/snapshot.h"

struct pt_life;

/* Begins with a first snapshot. 0 or -ENOMEM. */
int pt_life_new(const struct pt_snapshot *first, struct pt_life **ret);
void pt_life_free(struct pt_life *life); /* NULL is fine */
/* On to the next. On failure it stands where it was. 0 or -ENOMEM. */
int pt_life_step(struct pt_life *life, const struct pt_snapshot *before, const struct pt_snapshot *after);

/* Times are CLOCK_MONOTONIC of the frame that showed it first, to within 0.1 s. */
struct pt_lifetime {
	uint64_t born_ns;    /* since then it holds memory or swap; 0: it does not */
	uint64_t changed_ns; /* any fact about it last changed */
	bool from_start;     /* it was there when watching began: it is at least this old */
};
struct pt_lifetime pt_life_page(const struct pt_life *life, uint64_t address);
/* Over the pages that hold something in [start, end): oldest and newest birth, and the newest change. False: none does. */
bool pt_life_range(const struct pt_life *life, uint64_t start, uint64_t end, uint64_t *ret_oldest_born,
		   uint64_t *ret_newest_born, uint64_t *ret_newest_change);
size_t pt_life_bytes(const struct pt_life *life);

#endif
