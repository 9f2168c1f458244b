/*
 * Nodes: which memory node each frame is of, and which nodes the threads of a process run on: how much of its memory is
 * near to who uses it.
 *
 * Frames: by their memory block, which knows its node for sure; where there are no blocks, or a block has frames of two
 * nodes, by the zones' spans, as long as those of two nodes do not overlap there. Else it is unknown.
 *
 * Threads: by the CPU that each ran on last, weighed by the CPU time it has used so far. The kernel does not tell who
 * touches which page, so what is remote is what would be if each thread used all of the memory alike; but memory that is
 * one thread's own (its stack, its arena) is held against that thread alone.
 */
#ifndef PT_MACHINE_NODES_H
#define PT_MACHINE_NODES_H

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"

struct pt_node_span {
	uint64_t first, n; /* frames */
	size_t node;       /* of pt_nodes.ids */
};

struct pt_nodes {
	int *ids; /* [n] the kernel's numbers, rising; those of CPUs alone as well */
	size_t n;
	struct pt_node_span *spans; /* [n_spans], rising, apart from each other */
	size_t n_spans;
	int *of_cpu; /* [n_cpus] position in ids, -1: not known */
	size_t n_cpus;
};

/* 0, -ENOMEM; -ENODATA: this kernel says nothing of nodes. */
int pt_nodes_read(struct pt_kernel *k, struct pt_nodes *ret);
void pt_nodes_free(struct pt_nodes *nodes); /* zeroed is fine */

/* The node of a frame, as its position in ids; nodes->n: not known. With one node all frames are of that. */
size_t pt_node_of(const struct pt_nodes *nodes, uint64_t pfn);

/*
 * Adds up the pages in [start, end) that have a frame, zero pages left out: pages[i] of node i, and pages[nodes->n] of
 * which it is not known.
 */
void pt_nodes_count(const struct pt_nodes *nodes, const struct pt_snapshot *snapshot, uint64_t start, uint64_t end,
		    uint64_t *pages);

struct pt_node_thread {
	pid_t tid;
	size_t node;    /* of the CPU it ran on last; nodes->n: not known */
	uint64_t ticks; /* of CPU time so far */
};
struct pt_node_threads {
	struct pt_node_thread *v; /* [n], by TID; free() */
	size_t n;
};
/* 0, -ESRCH, -EACCES, -ENOMEM. */
int pt_node_threads_read(struct pt_kernel *k, pid_t pid, const struct pt_nodes *nodes, struct pt_node_threads *ret);
/* pure half: last CPU and ticks out of a thread's stat */
bool pt_parse_thread_cpu(const char *text, size_t size, unsigned *ret_cpu, uint64_t *ret_ticks);

/*
 * The share of the CPU time that was used by threads now on each node, shares[i] of node i, in parts of 1; those nobody
 * knows of are left out of it. `tid` != 0: of that thread alone. False: nothing is known (of it).
 */
bool pt_node_shares(const struct pt_nodes *nodes, const struct pt_node_threads *threads, pid_t tid, double *shares);

/* Of the pages by node (as pt_nodes_count has them), those far from who runs there; unknown where a node of theirs is. */
struct pt_maybe pt_nodes_remote(const struct pt_nodes *nodes, const uint64_t *pages, const double *shares);

#endif
