/*
 * Private to the watch: what its parts share. Owned by the watch's thread, but for what is under a mutex.
 *
 * `lock` is for what both sides hand each other, `tables` for tally, stacks and besides, `naming` for the unwinder. None is held
 * while the kernel is asked about the process's pages, so nobody waits for a process that is stuck.
 */
#ifndef PT_FAULTS_WATCHING_H
#define PT_FAULTS_WATCHING_H

#include <pthread.h>

#include "core/faults/besides.h"
#include "core/faults/names.h"
#include "core/faults/pace.h"
#include "core/faults/step.h"
#include "core/faults/tally.h"
#include "core/faults/watch.h"
#include "core/unwind/unwind.h"

#define PT_READY_STEPS 2 /* one, and the last one */

struct pt_fault_watch {
	struct pt_kernel *k; /* owned */
	pid_t pid;
	struct pt_fault_watch_options options;
	pthread_t thread;
	int wake, ready; /* eventfds: for the thread, for whoever polls */
	/* the thread's: */
	int pidfd;
	struct pt_faults *stream; /* NULL: closed */
	struct pt_join *join;     /* NULL: pages cannot be looked at */
	struct pt_fault_pace pace;
	struct pt_fault_system system;
	struct pt_cpu_nodes nodes;
	struct pt_fault_totals totals; /* when they were last asked for: pt_watch_count */
	uint64_t began_ns, viewed_ns, next_view_ns, system_ns;
	uint64_t spent_ns, viewed_spent_ns; /* CPU time of the thread at the last settling, and the last view */
	uint64_t unread, period_most;
	uint64_t records, full, lost; /* that this turn had, looked at in full; lost so far */
	size_t room;                  /* for how many more there is time */
	bool flushing;                /* the join gives what it has: it cannot be another one just now */
	bool execed;                  /* the process became another program meanwhile */
	uint64_t execed_ns;           /* when it did last */
	bool ended;
	struct pt_fault_steps *steps; /* NULL: not wanted */
	unsigned steps_now;           /* which `steps_wanted` these are for */
	struct pt_snapshot *frame;    /* that was handed over last; a reference */
	/* under `tables`: */
	pthread_mutex_t tables;
	struct pt_tally *tally;
	struct pt_stacks *stacks;
	struct pt_besides besides;
	/* under `naming`: */
	pthread_mutex_t naming;
	struct pt_unwinder *unwinder; /* NULL: none, stacks_error says why */
	uint32_t image;
	int stacks_error;
	/* under `lock`: */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct pt_fault_view *newest; /* always the last one */
	struct pt_snapshot *snapshot; /* that was handed over */
	bool fresh;                   /* newest was not taken yet */
	bool leave, left, abandoned;
	unsigned steps_wanted, steps_asked; /* 0: none; how often they were begun anew */
	struct pt_fault_step *ready_steps[PT_READY_STEPS];
	size_t n_ready_steps;
	bool freed; /* nobody wants a last view */
};

static inline uint64_t pt_watch_now(struct pt_fault_watch *w, enum pt_clock clock)
{
	return w->k->ops->now(w->k, clock);
}

/* Of an eventfd. */
void pt_watch_notify(int fd);
/* Takes all there is off the stream, looks at it as far as there is room, and counts it. */
void pt_watch_turn(struct pt_fault_watch *w);
/* Asks the kernel how many faults there were. */
void pt_watch_count(struct pt_fault_watch *w);
/* Makes a view if it is time for one. */
void pt_watch_show_in_time(struct pt_fault_watch *w);
/* Makes one; of the last, all names are looked up. */
void pt_watch_show(struct pt_fault_watch *w, bool last);
/* Nothing is done if it is that one already, or if there can be no other. */
void pt_watch_change_period(struct pt_fault_watch *w, uint64_t period);
/* Before a turn counts anything: whether steps are wanted, and for whom. */
void pt_watch_begin_steps(struct pt_fault_watch *w);
/* A step is over. */
void pt_watch_cut(struct pt_fault_watch *w, const struct pt_snapshot *frame, bool last);
/* Pays for what was done since the last time. */
void pt_watch_settle(struct pt_fault_watch *w);

#endif
