/*
 * The watch: a thread that takes a process's faults off the stream, joins, unwinds and counts them within a budget of CPU
 * time, and has a view of it ready. The period adapts: where faults come faster than the budget allows, every so many
 * are told, and the kernel's own counters say how many there were.
 */
#ifndef PT_FAULTS_WATCH_H
#define PT_FAULTS_WATCH_H

#include "core/faults/view.h"
#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"

struct pt_fault_watch_options {
	double budget;        /* share of one core, 0.05 is five percent; 0: that */
	uint64_t interval_ns; /* between views; 0: a second */
	uint64_t period;      /* fixed; 0: adapts, from 8 with stacks and from 1 without */
	bool stacks;
	bool spent;      /* how much of its CPU time is spent in faults (spent.h) */
	bool allocs;     /* what the kernel allocates for it (allocs.h); costs about as much again */
	bool from_exec;  /* of a child that waits to become another program: from there on */
	size_t rows;     /* of each table; 0: 100 */
	uint64_t memory; /* bytes that tables may take; 0: 64 MiB */
};

struct pt_fault_watch;

/*
 * Errors as pt_faults_open. The stream is open when it returns: faults after that are told. Takes over k, also when it
 * fails: the watch's thread alone uses it, but for its clock.
 */
int pt_fault_watch_new(struct pt_fault_watch **ret, struct pt_kernel *k, pid_t pid,
		       const struct pt_fault_watch_options *options);
/* Newest complete snapshot of the process, for the join and the sums; a reference is taken. From any thread. */
void pt_fault_watch_snapshot(struct pt_fault_watch *watch, struct pt_snapshot *snapshot);
/* Polls readable when a view or a step is ready. */
int pt_fault_watch_fd(const struct pt_fault_watch *watch);
/* The newest view, a reference; NULL: none since the last. */
struct pt_fault_view *pt_fault_watch_take(struct pt_fault_watch *watch);
/* A last look at all there is, as a reference; then faults are told no more. NULL: out of memory. */
struct pt_fault_view *pt_fault_watch_finish(struct pt_fault_watch *watch);
/*
 * Steps (step.h), for recordings: whether they are made, from here on; they begin anew each time. One is ready soon after
 * a frame was handed over, and belongs to the caller; NULL: none yet. What came after the last frame is in one of its
 * own when the watch was finished. From any thread.
 */
struct pt_fault_step;
void pt_fault_watch_steps(struct pt_fault_watch *watch, bool on);
struct pt_fault_step *pt_fault_watch_step(struct pt_fault_watch *watch);
/* The calls of a stack by its number, with names, malloc'ed (pt_fault_calls_free); from any thread. 0,
 * -ENOENT, -ENOMEM, -EAGAIN: the watch is looking names up for long itself. */
int pt_fault_watch_calls(struct pt_fault_watch *watch, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n);
/* The newest allocation of a frame that was told, with the names of its flags; false: none. From any thread. */
struct pt_alloc;
bool pt_fault_watch_alloc(struct pt_fault_watch *watch, uint64_t pfn, struct pt_alloc *ret, char *ret_flags,
			  size_t size);
/* The stack that first touched a page since pagetop came, and when; 0: not seen. From any thread. */
pt_stack_id pt_fault_watch_birth(struct pt_fault_watch *watch, uint64_t address, uint64_t *ret_time_ns);
void pt_fault_watch_free(struct pt_fault_watch *watch); /* NULL is fine; no event stays behind */

#endif
