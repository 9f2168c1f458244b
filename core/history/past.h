/*
 * The past of a target: moments that can be gone back to. Two make one: the history of a live target (history.h, in
 * memory, bounded in bytes) and a recording (core/record). Screens and commands know this interface alone.
 *
 * Moments are numbered by the seq of their snapshots, which ascend and may have gaps: a history thins out. Any thread
 * may call; a call may read a file, so a screen asks through a worker.
 */
#ifndef PT_HISTORY_PAST_H
#define PT_HISTORY_PAST_H

#include "core/history/ledger.h"
#include "core/model/snapshot.h"

/* RSS by class at one moment: what a plot of it needs. Bytes; unknown is not zero. */
struct pt_moment {
	uint64_t seq;
	uint64_t realtime_ns, monotonic_ns;
	struct pt_maybe rss, anon, file, shmem, swap, thp, hugetlb, pss;
};

struct pt_mark {
	uint64_t realtime_ns;
	uint64_t seq;   /* the first moment that is not before it */
	char label[64]; /* raw bytes: hostile */
};

/* A page at one address from this moment on, until the next of the story. */
struct pt_chapter {
	uint64_t from_ns,
		to_ns;        /* CLOCK_MONOTONIC: it became so between these two readings; from 0: it was so at first */
	uint64_t realtime_ns; /* of to_ns */
	uint32_t events;      /* 1 << enum pt_event that led here */
	struct pt_page page;
};

struct pt_past {
	const struct pt_past_ops {
		/* How many moments there are; grows while it is being written. */
		size_t (*count)(struct pt_past *past);
		/*
		 * At most max moments for a plot of them from first to last (seq), oldest first: all, or evenly chosen
		 * ones with the highest RSS of each stretch. Of the addresses [start, end); of the whole process where
		 * both are 0. Returns how many, or -errno.
		 */
		ssize_t (*plot)(struct pt_past *past, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
				struct pt_moment *ret, size_t max);
		/* The snapshot of the last moment that is not after seq; the first if all are. A new reference. -errno. */
		int (*at)(struct pt_past *past, uint64_t seq, struct pt_snapshot **ret);
		/* The last moment that is not after a time of CLOCK_REALTIME; the first if all are. 0: there is none. */
		uint64_t (*find)(struct pt_past *past, uint64_t realtime_ns);
		/*
		 * The seq of the moment that is n after (n < 0: before) the last one that is not after seq, bounded by
		 * the first and the last: step(past, UINT64_MAX, 0) is the last, step(past, 0, 0) the first. 0: there
		 * is none.
		 */
		uint64_t (*step)(struct pt_past *past, uint64_t seq, int64_t n);
		/* Marks, oldest first; returns how many there are, fills in at most max. */
		size_t (*marks)(struct pt_past *past, struct pt_mark *ret, size_t max);
		/* A mark at a time of CLOCK_REALTIME. 0 or -ENOMEM; -EROFS: this past cannot be added to. */
		int (*mark)(struct pt_past *past, uint64_t realtime_ns, const char *label);
		/* What became of the page at an address, the newest `max` chapters up to seq, oldest first. -errno. */
		ssize_t (*story)(struct pt_past *past, uint64_t address, uint64_t seq, struct pt_chapter *ret,
				 size_t max);
		void (*free)(struct pt_past *past);
	} * ops;
};

#endif
