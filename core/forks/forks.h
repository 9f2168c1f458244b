/*
 * Forks: a process and what was forked from it without becoming another program, looked at again and again: who is in this
 * family, what of the memory of each is still shared with its parent and what was copied (core/forks/kin.h), over time.
 * Whose memory began where its parent's does (the address of the first stack, which every exec moves) is a fork of it.
 *
 * struct pt_forks keeps what is open between looks, and the past of each member; used by one thread. A look is all the
 * caller's.
 */
#ifndef PT_FORKS_FORKS_H
#define PT_FORKS_FORKS_H

#include "core/forks/kin.h"
#include "core/kernel/kernel.h"

#define PT_FORKS_MOST  64u /* members that are looked at: the oldest */
#define PT_FORKS_ENDED 16u /* children that ended, of which the last are kept */
#define PT_FORKS_NONE  SIZE_MAX
#ifndef PT_FORKS_POINTS
#define PT_FORKS_POINTS 512u /* of the past of each: thinned out where there would be more; the tests build with few */
#endif

struct pt_forks_point {
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	struct pt_kin_sums sums;
};

struct pt_forks_member {
	pid_t pid;
	size_t parent;           /* which member it was forked from; PT_FORKS_NONE: of the first */
	char name[PT_NAME_MAX];  /* raw bytes */
	uint64_t start_time;     /* tells a reused PID */
	struct pt_maybe live_ns; /* how long it has lived */
	int error;               /* -errno: it could not be read, and nothing below is known */
	struct pt_snapshot *snapshot;
	bool compared; /* with its parent; else what follows is empty */
	struct pt_kin_table table;
	struct pt_forks_point *points; /* [n_points], oldest first; the last is of now */
	size_t n_points;
};

/* A child that was a member and is none now. */
enum pt_forks_end {
	PT_FORKS_GONE,   /* the process is no more */
	PT_FORKS_OTHER,  /* it lives on as another program */
	PT_FORKS_ORPHAN, /* it lives, but its parent ended, with which it could be compared */
};
const char *pt_forks_end_name(enum pt_forks_end end); /* "became-other"; static storage */
struct pt_forks_ended {
	pid_t pid;
	char name[PT_NAME_MAX];
	enum pt_forks_end how;
	struct pt_maybe live_ns; /* how long it had lived when it was last looked at */
	struct pt_forks_point last;
};

struct pt_forks_look {
	struct pt_forks_member *v; /* [n], a parent before its children; the first is who is nobody's fork */
	size_t n;
	size_t left_out; /* members beyond PT_FORKS_MOST */
	struct pt_forks_ended ended[PT_FORKS_ENDED];
	size_t n_ended; /* oldest first */
	unsigned page_shift;
	uint64_t at_ns;  /* CLOCK_MONOTONIC */
	uint64_t cpu_ns; /* that it cost */
};

struct pt_forks;

/* The family that a process is in. Nothing is asked of the kernel yet. k must outlive it. NULL: out of memory. */
struct pt_forks *pt_forks_new(struct pt_kernel *k, pid_t pid);
void pt_forks_free(struct pt_forks *forks); /* NULL is fine */
/*
 * Looks at all members now. -ESRCH: the process ended; -EACCES, -EPERM, -ENODATA as pt_scan_open, of the process or who is
 * nobody's fork; -ENOMEM. `stop` (may be NULL) is asked before each member: true ends the look with -ECANCELED.
 */
int pt_forks_look(struct pt_forks *forks, bool (*stop)(void *arg), void *arg, struct pt_forks_look **ret);
void pt_forks_look_free(struct pt_forks_look *look); /* NULL is fine */

/* Where the process is among the members that is asked about; PT_FORKS_NONE: not there. */
size_t pt_forks_find(const struct pt_forks_look *look, pid_t pid);

/* Copied pages a second, over the last points that lie within `window_ns` and the one before; unknown of a single point. */
bool pt_forks_rate(const struct pt_forks_member *member, uint64_t window_ns, double *ret);
/*
 * How many pages will have been copied after so long: writes hit what is still shared in proportion to it, so there are
 * fewer and fewer copies, and never more than what is shared now.
 */
double pt_forks_expect(const struct pt_kin_sums *sums, double pages_per_s, uint64_t after_ns);
/* How long children of this family live: the median of those that ended. */
struct pt_maybe pt_forks_life(const struct pt_forks_look *look);

#endif
