/*
 * The live feed: a thread that scans one process every interval and publishes each snapshot by swapping a pointer.
 */
#ifndef PT_SCAN_LIVE_H
#define PT_SCAN_LIVE_H

#include "core/kernel/kernel.h"
#include "core/model/feed.h"

/* Errors as pt_scan_open. Takes over k, also when it fails: the feed's thread alone uses it, but for
 * its clock, which any thread may read. */
int pt_live_feed_new(struct pt_feed **ret, struct pt_kernel *k, pid_t pid, uint64_t interval_ns);

#endif
