/*
 * Stretches: a growing array of address ranges, ascending and apart from each other.
 */
#ifndef PT_SCAN_STRETCHES_H
#define PT_SCAN_STRETCHES_H

#include "core/model/snapshot.h"

struct pt_stretches {
	struct pt_stretch *v;
	size_t n, room;
};

/* Appends [start, end), or lets the last one grow where it touches it. Out of order is fine until the next put_in_order.
 * 0 or -ENOMEM. */
int pt_stretches_push(struct pt_stretches *stretches, uint64_t start, uint64_t end);
/* Sorts them, and joins those that overlap or touch. */
void pt_stretches_put_in_order(struct pt_stretches *stretches);
/* Outwards to whole chunks of `size` bytes, and in order. */
void pt_stretches_align(struct pt_stretches *stretches, uint64_t size);
void pt_stretches_free(struct pt_stretches *stretches);

/* Whether one of them, in order, holds the address. */
bool pt_stretches_hold(const struct pt_stretch *stretches, size_t n, uint64_t addr);

#endif
