/*
 * The scan: reads one target's page tables and the frames behind them, and makes snapshots. Owns the target's
 * descriptors (pidfd, maps, pagemap, kpageflags, kpagecount) and its buffers.
 *
 * An exact frame has two passes. Presence asks PAGEMAP_SCAN where anything is (cheap even for 16 TiB of nothing). Detail goes
 * through what is there in batches: pagemap for PFNs, then kpageflags and kpagecount in the order of PFNs. The first
 * frame publishes after presence and now and then during detail, so that a screen has something at once.
 */
#ifndef PT_SCAN_SCAN_H
#define PT_SCAN_SCAN_H

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"
#include "core/scan/cost.h"

struct pt_scan;

/* What to do with a finished snapshot; gets a borrowed reference. Nonzero stops the frame (-ECANCELED). */
typedef int (*pt_publish_fn)(void *arg, struct pt_snapshot *snapshot);

/*
 * Opens the target. -ESRCH: no such process, or a zombie; -EACCES, -EPERM: not permitted; -ENODATA: a kernel thread,
 * which has no memory of its own. k must outlive it.
 */
int pt_scan_open(struct pt_scan **ret, struct pt_kernel *k, pid_t pid);
void pt_scan_close(struct pt_scan *scan); /* NULL is fine */

/* What kernel and privileges give for one process, and what questions cost: takes milliseconds to find out. */
struct pt_scan_means {
	struct pt_signals signals;
	struct pt_costs costs;
};
void pt_scan_find_means(struct pt_kernel *k, pid_t pid, struct pt_scan_means *ret);
/* As pt_scan_open, with what was found for another process that the same may be done to. */
int pt_scan_open_by(struct pt_scan **ret, struct pt_kernel *k, pid_t pid, const struct pt_scan_means *means);

/* The next frame has a greater seq than this; for those who look at several processes in turn. */
void pt_scan_number(struct pt_scan *scan, uint64_t seq);

/* Frames that read everything are read by so many threads from now on, the caller's included; by one if this is not
 * called. Not while a frame is under way. -ENOMEM. */
int pt_scan_use_threads(struct pt_scan *scan, unsigned threads);

/*
 * One frame, exact and complete. `publish` (may be NULL) sees the stages of the first frame. *ret gets a new
 * reference. -ESRCH: the target ended (the process, or its PID is another's now); an exec is followed: the frame is of
 * the new image and process.image has grown.
 */
int pt_scan_frame(struct pt_scan *scan, pt_publish_fn publish, void *arg, struct pt_snapshot **ret);

/* What a frame within a budget is to do. */
struct pt_scan_wish {
	double share;                     /* of one core that frames may cost in the long run */
	uint64_t budget_ns;               /* CPU time for this one */
	uint64_t interval_ns;             /* what is older than this is stale */
	const struct pt_stretch *watched; /* what the screen shows, in any order */
	size_t n_watched;
};

/*
 * A frame within a budget: the last one brought up to date as far as that goes (core/scan/refresh.h); its slots say how
 * old each part is. Before the first complete frame, and after an exec, the same as pt_scan_frame.
 */
int pt_scan_refresh(struct pt_scan *scan, const struct pt_scan_wish *wish, pt_publish_fn publish, void *arg,
		    struct pt_snapshot **ret);

/*
 * Clears the target's soft-dirty bits once all of the last frame was read since they were cleared last, so that each
 * frame can tell what was written in between: a change to the target's state, for who asked for it. Later snapshots say
 * when (cleared_ns). 0 or -errno; -EOPNOTSUPP: this kernel has none.
 */
int pt_scan_clear_soft_dirty(struct pt_scan *scan);

/* Makes a frame that is under way end soon with -ECANCELED, and every later one. From any thread. */
void pt_scan_cancel(struct pt_scan *scan);

/* Polls readable when the target ends; negative where pidfds are missing. Owned by the scan. */
int pt_scan_pidfd(const struct pt_scan *scan);

/* Whose files in /proc show the target's memory now: its PID, or a thread's whose main thread has ended. */
pid_t pt_scan_task(const struct pt_scan *scan);

/* A complete frame of a process in one call, for commands. */
int pt_scan_once(struct pt_kernel *k, pid_t pid, unsigned threads, struct pt_snapshot **ret);

#endif
