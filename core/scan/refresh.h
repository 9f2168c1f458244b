/*
 * Refresh: brings a picture that was complete once up to date, for at most so much CPU time. In this order: what was
 * mapped anew, what is on the screen, where pages came or went, and then the rest, going round. Everything has its turn
 * in the end, whatever the screen shows. Where all of it costs little, all is read.
 */
#ifndef PT_SCAN_REFRESH_H
#define PT_SCAN_REFRESH_H

#include "core/scan/pass.h"
#include "core/scan/stretches.h"
#include "core/scan/sweep.h"

/* What is kept from frame to frame. Zeroed: nothing is known of costs yet. */
struct pt_refresh {
	struct pt_sweep sweep;         /* of presence */
	uint64_t next, next_watched;   /* chunk indices where going round goes on */
	double detail_ns, presence_ns; /* CPU time for one unit of weight, see refresh.c; 0: not known */
	uint64_t before_ns;            /* CPU time of the last frame before it read anything */
	uint64_t ran_ns;               /* CLOCK_MONOTONIC when the last frame began */
	bool shmem_known;              /* all swapped pages of shared memory that were asked for */
	bool shmem_missed;             /* some were not, in this round of the sweep */
};

/* A frame, all of it borrowed. */
struct pt_refresh_job {
	struct pt_target *target;
	struct pt_pass *pass;
	const struct pt_vma_table *vmas;
	const struct pt_snapshot *before;    /* chunks equal to its own are shared */
	const struct pt_stretches *replaced; /* where VMAs changed since then; in order */
	const struct pt_stretch *watched;    /* what the screen shows; in any order */
	size_t n_watched;
	uint64_t resident;      /* pages by the kernel's counters; 0 where it shows none */
	uint64_t fresh_ns;      /* CLOCK_MONOTONIC: what was read since then need not be read again */
	uint64_t cpu_began_ns;  /* the thread's CPU time when the frame began */
	uint64_t cpu_until_ns;  /* of the thread's CPU time; a little of everything is read even if it is over */
	bool moved;             /* the kernel's counters say that something changed: look for it sooner */
	bool shmem;             /* pages of shared memory may be swapped out */
	int (*step)(void *arg); /* as in struct pt_pass_job */
	void *arg;
};

/* After a frame that read everything: what it found, when it began, what it took. */
void pt_refresh_whole(struct pt_refresh *refresh, const struct pt_slots *slots, uint64_t began_ns, uint64_t cpu_ns);
/* Brings the slots of `before` up to date. 0 or -errno; then the slots are fit to be freed only. */
int pt_refresh_run(struct pt_refresh *refresh, const struct pt_refresh_job *job, struct pt_slots *slots);

#endif
