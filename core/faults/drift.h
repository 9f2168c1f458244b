/*
 * Drift: what may have changed pages behind the back of the fault stream, since a moment. The kernel moves, merges and
 * swaps pages without a fault of their process; its counters of the whole machine tell when it did nothing of the kind.
 */
#ifndef PT_FAULTS_DRIFT_H
#define PT_FAULTS_DRIFT_H

#include "core/kernel/kernel.h"

struct pt_drift {
	struct pt_drift_counter {
		uint64_t value;
		uint64_t since_ns; /* when it was first read to be that; 0: it cannot be read */
	} moved, swapped, collapsed;
	uint64_t settings_ns; /* when the next two were read; they are seldom read anew */
	uint64_t still_ns;    /* since when KSM is not running; 0: it is, or that is not known */
	bool numa_balancing;
};

/* Zeroed before the first time. */
void pt_drift_read(struct pt_drift *drift, struct pt_kernel *k);

/* Whether it may have happened to some page of the machine since then: where it is not known, it may. */
static inline bool pt_drift_may(const struct pt_drift_counter *counter, uint64_t since_ns)
{
	return !counter->since_ns || since_ns < counter->since_ns;
}
static inline bool pt_drift_may_merge(const struct pt_drift *drift, uint64_t since_ns)
{
	return !drift->still_ns || since_ns < drift->still_ns;
}

#endif
