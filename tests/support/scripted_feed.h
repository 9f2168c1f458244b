/*
 * A scripted feed: gives a screen the snapshots and states that a test puts into it, when the test does. Everything
 * happens in the caller's thread.
 */
#ifndef TESTS_SCRIPTED_FEED_H
#define TESTS_SCRIPTED_FEED_H

#include "core/model/feed.h"

struct scripted_feed {
	struct pt_feed feed; /* for the code under test, which frees it */
	struct pt_snapshot *newest;
	struct pt_feed_status status; /* a test may change it; see scripted_feed_changed */
	int fd;                       /* eventfd */
	/* what was asked of it */
	unsigned refreshes;
	bool paused, acked;
	struct pt_stretch watched[PT_WATCH_MAX];
	size_t n_watched;
	unsigned watches; /* calls */
	bool soon;        /* of the last one */
	bool *freed;      /* set when the feed is freed; may be NULL */
};

/* Starts without a snapshot. */
struct scripted_feed *scripted_feed_new(void);
/* Publishes a snapshot, whose reference it takes over: the state becomes running. */
void scripted_feed_push(struct scripted_feed *feed, struct pt_snapshot *snapshot);
/* Says that the status changed. */
void scripted_feed_changed(struct scripted_feed *feed);

#endif
