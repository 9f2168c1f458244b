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
	uint64_t seq;   /* the first moment that is not before it; 0: none is yet */
	char label[64]; /* raw bytes: hostile */
};

/* A page at one address from this moment on, until the next of the story. */
struct pt_chapter {
	uint64_t from_ns,
		to_ns;        /* CLOCK_MONOTONIC: it became so between these two readings; from 0: it was so at first */
	uint64_t realtime_ns; /* of to_ns */
	uint32_t events;      /* 1 << enum pt_event that led here; none from one image of the process to the next */
	struct pt_page page;
};

struct pt_past {
	const struct pt_past_ops {
		/* How many moments there are; grows while it is being written. */
		size_t (*count)(struct pt_past *past);
		/*
		 * At most max moments for a plot of them from first to last (seq), oldest first: all, or of each of
		 * `max` equal stretches of time the one with the highest RSS. Of the addresses [start, end), which are
		 * whole pages; of the whole process where both are 0, and then there may be more than those that can be
		 * gone back to. Returns how many, or -errno.
		 */
		ssize_t (*plot)(struct pt_past *past, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
				struct pt_moment *ret, size_t max);
		/* The snapshot of the last moment that is not after seq; the first if all are. A new reference. -errno;
		 * -ENODATA: there is none. */
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

/* What a plot shows of a snapshot or its head: of the process; of the pages in [start, end), which somebody counted. */
struct pt_moment pt_moment_of(const struct pt_snapshot *snapshot);
struct pt_moment pt_moment_of_pages(const struct pt_snapshot *snapshot, uint64_t start, uint64_t end,
				    const struct pt_counts *counts);

/* Picks the moments of a plot, as pt_past's plot says, when they are added in the order of time. */
struct pt_plot {
	struct pt_moment *v; /* [max], the caller's */
	size_t n, max;
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC of the first and the last that will be added */
	bool all;                /* no more than max will be */
	uint64_t stretch;        /* that the last one picked is of */
};
void pt_plot_add(struct pt_plot *plot, const struct pt_moment *moment);

#endif
