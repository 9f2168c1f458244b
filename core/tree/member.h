/*
 * A member of a tree: one process, and what is held to read its counters and children again and again: descriptors, which
 * stay those of the process whatever becomes of its PID. Private to core/tree; the tree's thread owns all of it.
 */
#ifndef PT_TREE_MEMBER_H
#define PT_TREE_MEMBER_H

#include "core/scan/budget.h"
#include "core/scan/scan.h"
#include "core/tree/tree.h"

/* Text of the kernel, read again and again. Zeroed: empty. */
struct pt_tree_text {
	char *v;
	size_t n, room;
};

struct pt_member {
	struct pt_tree_process process;
	int status, children;    /* of /proc; -1: opened for each look */
	bool dead;               /* a zombie: holds nothing, and may be waited for */
	bool gone;               /* reaped */
	struct pt_scan *scan;    /* NULL: none */
	uint64_t framed_ns;      /* CLOCK_MONOTONIC of the last frame or try; 0: none */
	bool preferred;          /* it is next, however young it is */
	uint64_t counted_at;     /* bytes mapped when its VMAs were counted */
	struct pt_pace siblings; /* of asking all of its threads for children */
};

/*
 * A process that was found. `keep`: hold its files open. -ESRCH: it is gone already. A zombie is dead at once.
 */
int pt_member_new(struct pt_member **ret, struct pt_kernel *k, pid_t pid, bool keep, struct pt_tree_text *text);
void pt_member_free(struct pt_member *member, struct pt_kernel *k); /* NULL is fine */

/* Reads the counters; it may turn out dead or gone. 0, or -errno where it lives and they cannot be read. */
int pt_member_sample(struct pt_member *member, struct pt_kernel *k, struct pt_tree_text *text);
/* The lines of its maps; unknown where they cannot be read, or are more than some thousand. */
struct pt_maybe pt_member_count_vmas(struct pt_member *member, struct pt_kernel *k, struct pt_tree_text *text);
/* Calls each(arg, pid) for the children of its main thread, and of all threads. -ENOENT: this kernel lists none. */
typedef void (*pt_child_fn)(void *arg, pid_t pid);
int pt_member_children(struct pt_member *member, struct pt_kernel *k, struct pt_tree_text *text, pt_child_fn each,
		       void *arg);
int pt_member_children_of_threads(struct pt_member *member, struct pt_kernel *k, struct pt_tree_text *text,
				  pt_child_fn each, void *arg);

/* Children of a main thread that is no member. */
int pt_children_of(struct pt_kernel *k, pid_t pid, pid_t tid, struct pt_tree_text *text, pt_child_fn each, void *arg);

#endif
