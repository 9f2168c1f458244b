/*
 * The live feed: a thread that scans one process every interval and publishes each snapshot by swapping a pointer. The
 * first frame reads everything; from then on frames keep to a budget of CPU time (core/scan/budget.h), and a frame that
 * was asked for reads everything again.
 */
#ifndef PT_SCAN_LIVE_H
#define PT_SCAN_LIVE_H

#include "core/kernel/kernel.h"
#include "core/model/feed.h"

#define PT_LIVE_SINKS 4

struct pt_live_options {
	uint64_t interval_ns;
	double share;                             /* of one core: 0.05 is 5 % of it */
	bool clear_soft_dirty;                    /* of the target, to tell what it writes: pt_scan_clear_soft_dirty */
	struct pt_feed_sink sinks[PT_LIVE_SINKS]; /* they get each complete frame after the screen did */
	size_t n_sinks;
};

/*
 * Errors as pt_scan_open; -EOPNOTSUPP: there are no soft-dirty bits to clear. Takes over k and the sinks, also when it
 * fails: the feed's thread alone uses k, but for its clock, which any thread may read.
 */
int pt_live_feed_new(struct pt_feed **ret, struct pt_kernel *k, pid_t pid, const struct pt_live_options *options);

#endif
