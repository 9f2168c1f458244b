/*
 * A tree: a process and all that come from it, watched at an interval by one thread within one budget of CPU time. Every
 * process gets a sample of its counters at each interval; those that live long enough to be looked into get frames
 * (core/scan), the largest first, as far as the budget goes. Reads alone: no process is stopped, traced or changed.
 *
 * Children are found by /proc/PID/task/TID/children, or by the parents of all processes where the kernel lacks that;
 * those whose parent ended are found as children of the subreaper, which the caller may be (prctl
 * PR_SET_CHILD_SUBREAPER). A process that began and ended between two looks is not seen; that is what `missed` is for.
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
	uint64_t ended_ns;           /* CLOCK_MONOTONIC when it was found to have ended; 0: it lives */
	struct pt_process counters;  /* newest; name and peak_rss among them */
	struct pt_maybe exit_status; /* where the caller said (pt_tree_waited) */
	struct pt_maybe max_rss;     /* bytes, of getrusage, likewise */
};

/* Who is told. Called in the tree's thread, one at a time; everything is borrowed. Any may be NULL. */
struct pt_tree_sink {
	void (*began)(void *arg, const struct pt_tree_process *process);
	/* Its counters were read, at times of CLOCK_REALTIME and CLOCK_MONOTONIC. */
	void (*sampled)(void *arg, const struct pt_tree_process *process, uint64_t realtime_ns, uint64_t monotonic_ns);
	/* A complete frame; seq ascends over all processes of the tree, so that a recording can keep them all. */
	void (*frame)(void *arg, const struct pt_tree_process *process, struct pt_snapshot *snapshot);
	void (*ended)(void *arg, const struct pt_tree_process *process);
	void *arg;
};

#define PT_TREE_SINKS 6

struct pt_tree_options {
	uint64_t interval_ns;
	double share;       /* of one core: 0.05 is 5 % of it */
	uint64_t settle_ns; /* how long a process has to live before its pages are read */
	struct pt_tree_sink sinks[PT_TREE_SINKS];
	size_t n_sinks;
};

struct pt_tree_status {
	size_t living, seen;
	uint64_t missed; /* processes that ended unseen, as far as the kernel's own counts tell */
	uint64_t cpu_ns; /* of the tree's thread */
	uint64_t late;   /* intervals that were not kept */
	int error;       /* -errno of the last failure, for the root */
	bool over;       /* the root and all that came from it have ended, or it was told to stop */
};

struct pt_tree;

/* Takes over k, also when it fails. -ESRCH and so on as pt_scan_open. */
int pt_tree_new(struct pt_tree **ret, struct pt_kernel *k, pid_t root, const struct pt_tree_options *options);
struct pt_tree_status pt_tree_status(struct pt_tree *tree); /* any thread */
int pt_tree_fd(struct pt_tree *tree);                       /* readable when the status changed; read it with ack */
void pt_tree_ack(struct pt_tree *tree);
/* The caller waited for a process of the tree: how it ended. */
void pt_tree_waited(struct pt_tree *tree, pid_t pid, int exit_status, uint64_t max_rss);
/* A last sample of all that live, now; then no more. Waits for the thread. */
void pt_tree_stop(struct pt_tree *tree);
void pt_tree_free(struct pt_tree *tree); /* NULL is fine */

#endif
