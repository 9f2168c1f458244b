/*
 * Looks: who is in the tree, and the counters of each. Private to core/tree; the tree's thread owns all of it.
 */
#ifndef PT_TREE_LOOK_H
#define PT_TREE_LOOK_H

#include "core/tree/member.h"

struct pt_look {
	struct pt_kernel *k; /* borrowed */
	pid_t reaper;        /* whose children belong to the tree; 0: nobody's */
	double share;        /* of one core, for what is asked at a pace of its own */
	bool count_vmas;
	struct pt_budget counting; /* begun at the first look */
	uint64_t counting_ns;      /* CPU time that it took */
	const struct pt_tree_sink *sinks;
	size_t n_sinks;
	struct pt_member **v; /* those that are there, in the order in which they were found */
	pid_t *pids;          /* of each of them; 0: it is gone */
	size_t n, room;
	size_t seen;     /* so many processes so far */
	uint64_t at_ns;  /* CLOCK_MONOTONIC of the newest look */
	bool no_listing; /* this kernel does not list children */
	struct pt_tree_text text;
};

/* Finds the root. -ESRCH, -ENOMEM. The look is to be freed also then. */
int pt_look_begin(struct pt_look *look, pid_t root);
/*
 * One look: a sample of each, who came, and who is gone; with the `last` zombies are as well. `waited` is asked how they
 * ended. 0 or -ENOMEM.
 */
typedef void (*pt_waited_fn)(void *arg, struct pt_tree_process *process);
int pt_look_run(struct pt_look *look, bool last, pt_waited_fn waited, void *arg);
/* How many live, the root among them; zombies do not. */
size_t pt_look_living(const struct pt_look *look);
/* Whether the root lives. */
bool pt_look_root(const struct pt_look *look);
void pt_look_free(struct pt_look *look);

#endif
