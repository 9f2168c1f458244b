/*
 * What the two kinds of frame have in common, exact (scan.c) and within a budget (within.c). Private to core/scan.
 *
 * A frame reads the process and its VMAs, fills slots, looks whether the memory is still the same one, and ends as a
 * snapshot that the scan keeps for the next. It owns its slots until then. Here it is called a shot, since PFNs count
 * frames as well (frames.h).
 */
#ifndef PT_SCAN_SHOT_H
#define PT_SCAN_SHOT_H

#include "core/scan/budget.h"
#include "core/scan/layout.h"
#include "core/scan/refresh.h"
#include "core/scan/scan.h"

#define PT_ALWAYS 0.0 /* a share for pt_pace_due: whatever it costs */

struct pt_scan {
	struct pt_target target;
	struct pt_layout layout;
	struct pt_pass *pass;
	struct pt_snapshot *last; /* the newest complete one */
	struct pt_refresh refresh;
	struct pt_pace maps, rollup;
	struct pt_maybe rollup_pss; /* of the last time it was asked for */
	uint64_t seq;
	uint64_t cleared_ns; /* CLOCK_MONOTONIC of pt_scan_clear_soft_dirty; 0: never */
	bool cancelled;      /* atomic */
};

/* What one frame carries along. */
struct pt_shot {
	struct pt_process process;
	uint64_t started, cpu_started, published;
	uint64_t interval_ns;  /* 0: all of it is read in this frame */
	uint64_t presence_ns;  /* since when presence was looked at everywhere */
	struct pt_slots rough; /* of presence; empty but for the first frame */
	struct pt_slots slots;
	uint64_t all_pages; /* in `rough` */
	bool shmem_known;
	pt_publish_fn publish;
	void *arg;
};

uint64_t pt_shot_now(struct pt_scan *scan, enum pt_clock clock);
/* -ECANCELED if the scan was called off. */
int pt_shot_cancelled(const struct pt_scan *scan);

struct pt_shot pt_shot_begin(struct pt_scan *scan, pt_publish_fn publish, void *arg);
/* 0, or -EAGAIN when an exec left the memory that is open to others; -ESRCH. */
int pt_shot_read_process(struct pt_scan *scan, struct pt_shot *shot);
int pt_shot_read_layout(struct pt_scan *scan, struct pt_shot *shot);
/* The kernel's own PSS, where map counts are hidden; asked for so often that it takes no more than the share. */
void pt_shot_read_rollup(struct pt_scan *scan, struct pt_process *process, double share);
/* 0, or -EAGAIN when the memory went away underneath: ended, or an exec. */
int pt_shot_check_alive(struct pt_scan *scan);
/* A snapshot of the slots, which it takes over, also when it fails. */
int pt_shot_snapshot(struct pt_scan *scan, struct pt_shot *shot, enum pt_stage stage, struct pt_slots *slots,
		     struct pt_snapshot **ret);
/* Makes *ret of what was read, unless there was an error, and lets go of the rest. Returns the error. */
int pt_shot_finish(struct pt_scan *scan, struct pt_shot *shot, int error, struct pt_snapshot **ret);
void pt_shot_drop(struct pt_shot *shot);

#endif
