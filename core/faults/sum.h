/*
 * Sums of faults, and their rate: private to the tally. Time is cut into windows of a second or so; a sum keeps what fell
 * into the one that is open and the one before, so nothing needs to be visited when a window ends.
 */
#ifndef PT_FAULTS_SUM_H
#define PT_FAULTS_SUM_H

#include "core/faults/view.h"

struct pt_sum_clock {
	uint32_t window;     /* the open one */
	uint64_t begin_ns;   /* of the open one */
	uint64_t length_ns;  /* of the one before; 0: there was none */
	uint64_t elapsed_ns; /* of the open one at the last look */
};

struct pt_fault_sum {
	uint64_t events, major, kernel;
	uint64_t kinds[PT_FAULT_KIND_N];
	uint64_t now, last; /* events in `window`, and in the one before it */
	uint32_t window;
};

void pt_sum_add(struct pt_fault_sum *sum, const struct pt_sum_clock *clock, enum pt_fault_kind kind, uint64_t weight,
		bool major, bool kernel);
/* One more, with another's past. */
void pt_sum_join(struct pt_fault_sum *sum, const struct pt_sum_clock *clock, const struct pt_fault_sum *more);
/* Ends the window if it is long enough for a rate. */
void pt_sum_look(struct pt_sum_clock *clock, uint64_t now_ns);
struct pt_fault_counts pt_sum_counts(const struct pt_fault_sum *sum, const struct pt_sum_clock *clock);

#endif
