/*
 * A tree: a process and all that come from it, watched at an interval by one thread within one budget of CPU time. At
 * each look every process gets a sample of its counters; those that live long enough to be looked into get frames
 * (core/scan), the largest first, as far as the budget goes. Reads alone: no process is stopped, traced or changed.
 *
 * Children are found by /proc/PID/task/TID/children, or by the parents of all processes where the kernel lacks that;
 * those whose parent ended are found as children of the subreaper, which the caller may be (prctl
 * PR_SET_CHILD_SUBREAPER). A process that began and ended between two looks is not seen: `forks` bounds how many did.
 */
#ifndef PT_TREE_TREE_H
#define PT_TREE_TREE_H

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"

struct pt_tree_process {
	size_t id; /* 0: the root; then in the order in which they were found */
	pid_t pid, parent;
	uint64_t start_time;         /* clock ticks after boot */
	uint64_t seen_ns;            /* CLOCK_MONOTONIC when it was first looked at */
	uint64_t sampled_ns;         /* CLOCK_MONOTONIC of its newest counters; 0: it ended before there were any */
	uint64_t ended_ns;           /* CLOCK_MONOTONIC when it was found to have ended; 0: it lives */
	uint64_t frames;             /* how many it got */
	struct pt_process counters;  /* newest; name and peak_rss among them */
	struct pt_maybe exit_status; /* as waitpid gives it, where the caller said (pt_tree_waited) */
	struct pt_maybe max_rss; /* bytes, likewise: the most it held, by the kernel; unknown where the caller said 0 */
	bool refused;            /* its pages may not be looked at: it gets no frames */
	struct pt_maybe vmas;    /* how many, where that is asked for and it has no frame yet, which would say so */
};

/* Who is told. Called in the tree's thread, one at a time; everything is borrowed. Any may be NULL. */
struct pt_tree_sink {
	void (*began)(void *arg, const struct pt_tree_process *process);
	/* Its counters were read, at times of CLOCK_REALTIME and CLOCK_MONOTONIC. */
	void (*sampled)(void *arg, const struct pt_tree_process *process, uint64_t realtime_ns, uint64_t monotonic_ns);
	/* A look is over: all that live were sampled, at this time of CLOCK_MONOTONIC. */
	void (*looked)(void *arg, uint64_t monotonic_ns);
	/* A complete frame; seq ascends over all processes of the tree, so that a recording can keep them all. */
	void (*frame)(void *arg, const struct pt_tree_process *process, struct pt_snapshot *snapshot);
	/* It is gone. One that the caller waits for has its exit status by then, if the caller told before it reaped. */
	void (*ended)(void *arg, const struct pt_tree_process *process);
	void *arg;
};

#define PT_TREE_SINKS 6

struct pt_tree_options {
	uint64_t interval_ns; /* between two looks; they are closer together at the start */
	uint64_t frame_ns;    /* between two frames of a process, at least; 0: no frames */
	uint64_t settle_ns;   /* how long a process has to live before its pages are read */
	double share;         /* of one core: 0.05 is 5 % of it; at most half of it for looks */
	bool count_vmas;      /* of those without frames, for an eighth of the share: it costs more than all counters */
	pid_t reaper;         /* the subreaper: all children of its main thread belong to the tree; 0: there is none */
	struct pt_tree_sink sinks[PT_TREE_SINKS];
	size_t n_sinks;
};

struct pt_tree_status {
	size_t living, seen;
	uint64_t looks, frames;
	uint64_t granted;      /* the newest wish for a look (pt_tree_look) after which there was one */
	uint64_t granted_ns;   /* CLOCK_MONOTONIC of the look that did, as in its samples */
	uint64_t late;         /* looks that came later than half an interval after their time */
	uint64_t longest_ns;   /* the longest time between two looks */
	struct pt_maybe forks; /* processes and threads that the whole machine began since: at least all missed ones */
	bool root_ended;
	bool over; /* the root and all that came from it have ended, or it was told to stop */
};

struct pt_tree;

/* Takes over k, also when it fails. -ESRCH: there is no such process, not even a zombie; -ENOMEM and so on. */
int pt_tree_new(struct pt_tree **ret, struct pt_kernel *k, pid_t root, const struct pt_tree_options *options);
struct pt_tree_status pt_tree_status(struct pt_tree *tree); /* any thread */
/* Readable when the root ended, a wish was granted, or the tree is over; read it with ack. */
int pt_tree_fd(struct pt_tree *tree);
void pt_tree_ack(struct pt_tree *tree);
/* How a process of the tree ended, which the caller knows by waitid with WNOWAIT: to be called before it reaps it. */
void pt_tree_waited(struct pt_tree *tree, pid_t pid, int exit_status, uint64_t max_rss);
/*
 * A look now, and then a frame of this process (0: none) if the budget has anything for it: something was marked. Returns
 * the number of this wish: the look is over when status.granted has come to it.
 */
uint64_t pt_tree_look(struct pt_tree *tree, pid_t pid);
/* A last look; then no more. What still lives is not told to have ended. Waits for the thread. */
void pt_tree_stop(struct pt_tree *tree);
void pt_tree_free(struct pt_tree *tree); /* stops it; NULL is fine */

#endif
