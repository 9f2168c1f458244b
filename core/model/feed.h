/*
 * A feed of snapshots: where screens get the next one from. Three make them: the live feed (core/scan/live.h, a thread
 * that scans), the scripted one of the tests, and replay. The screen polls `fd`, takes the newest snapshot, and never
 * waits for a scan.
 */
#ifndef PT_MODEL_FEED_H
#define PT_MODEL_FEED_H

#include "core/model/snapshot.h"

enum pt_feed_state {
	PT_FEED_STARTING, /* no snapshot yet */
	PT_FEED_RUNNING,
	PT_FEED_PAUSED,
	PT_FEED_ENDED,  /* the target is gone: the last snapshot stays */
	PT_FEED_FAILED, /* reading failed with `error`, trying again each interval */
};

struct pt_feed_status {
	enum pt_feed_state state;
	int error;            /* -errno of PT_FEED_FAILED, else 0 */
	uint64_t interval_ns; /* asked for */
	uint64_t ended_ns;    /* realtime of PT_FEED_ENDED */
	unsigned execs;       /* seen so far */
	double cost;          /* CPU of the scan thread over the last interval, share of one core */
	bool busy;            /* a scan is under way */
};

/*
 * Who gets every complete frame, also those that the screen is too slow for: a history, a recording. Called in the thread
 * that makes the frames, one at a time; what it takes is taken from the feed's budget.
 */
struct pt_feed_sink {
	void (*frame)(void *arg, struct pt_snapshot *snapshot); /* borrowed */
	/* The last call. A thread that is stuck in the kernel may make it long after the feed was freed. */
	void (*leave)(void *arg);
	void *arg;
};

#define PT_WATCH_MAX 64 /* stretches that a screen can name */

struct pt_feed {
	const struct pt_feed_ops {
		/* The newest snapshot, a new reference; NULL before the first. */
		struct pt_snapshot *(*latest)(struct pt_feed *feed);
		struct pt_feed_status (*status)(struct pt_feed *feed);
		/* Readable when something changed since the last `ack`; -1 if it never is. */
		int (*fd)(struct pt_feed *feed);
		void (*ack)(struct pt_feed *feed);
		void (*pause)(struct pt_feed *feed, bool paused);
		void (*interval)(struct pt_feed *feed, uint64_t ns);
		void (*refresh)(struct pt_feed *feed); /* scan everything, now */
		/*
		 * What is on the screen: it is read first, every interval, as far as that can be afforded. At most
		 * PT_WATCH_MAX stretches, copied, which replace those of the last call. What is worth most comes
		 * first, as groups (the pane with the map, then the table): inside a group addresses ascend, and a
		 * later group may name again what an earlier one did. `soon`: a person has just turned to it and waits;
		 * else it can wait for the next frame, as what a growing VMA adds to the screen by itself.
		 */
		void (*watch)(struct pt_feed *feed, const struct pt_stretch *stretches, size_t n, bool soon);
		void (*free)(struct pt_feed *feed);
	} * ops;
};

#endif
