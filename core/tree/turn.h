/*
 * Turns: whose pages are read next. The larger a process is and the longer it waited, the sooner; those that are too
 * young, or had their turn just now, wait. Private to core/tree; the tree's thread owns all of it.
 */
#ifndef PT_TREE_TURN_H
#define PT_TREE_TURN_H

#include "core/tree/look.h"

struct pt_turns {
	struct pt_kernel *k; /* borrowed */
	uint64_t frame_ns, settle_ns;
	double share; /* of one core that frames may cost in the long run */
	const struct pt_tree_sink *sinks;
	size_t n_sinks;
	struct pt_scan_means means; /* once they were found */
	bool has_means;
	uint64_t seq; /* of the last frame */
	uint64_t frames;
};

/* Who is to have the next frame; NULL: nobody yet, and then *ret_at is when somebody will, UINT64_MAX: not foreseen. */
struct pt_member *pt_turns_next(const struct pt_turns *turns, const struct pt_look *look, uint64_t now_ns,
				uint64_t *ret_at);
/* The next turns are those of this process and of the largest one; 0: of nobody. */
void pt_turns_prefer(const struct pt_look *look, pid_t pid);
/* A frame of it, for so much CPU time but for its first, and the sinks are told. */
void pt_turns_take(struct pt_turns *turns, struct pt_member *member, uint64_t budget_ns);

#endif
