/*
 * Made-up faults: a process (made.h) whose VMAs are touched at random by a few stacks, which have calls in common, as
 * the watch would count them; and the plain list of them.
 */
#ifndef TESTS_FAULTED_H
#define TESTS_FAULTED_H

#include "core/faults/step.h"
#include "tests/support/made.h"

#define FAULTED_STACKS 24       /* numbers 1 to that */
#define FAULTED_SECRET "secret" /* in every name that is somebody's */

struct faulted_fault {
	uint64_t seq; /* of the frame that ended its step */
	uint64_t vma_start, vma_end;
	enum pt_fault_kind kind;
	pt_stack_id stack;
	uint64_t weight, major, kernel, born; /* the last three of all it stands for */
};

struct faulted {
	struct made made; /* random numbers alone */
	struct pt_fault_steps *steps;
	struct pt_fault_totals totals;
	struct faulted_fault *v;
	size_t n, room;
	uint64_t children; /* in all */
	uint64_t now_ns;
};

void faulted_init(struct faulted *f, uint64_t seed, pid_t pid);
void faulted_end(struct faulted *f);
/* So many faults in VMAs of a frame, which goes on to end their step. */
void faulted_add(struct faulted *f, const struct pt_snapshot *frame, size_t n);
/* The step since the last one. */
struct pt_fault_step *faulted_step(struct faulted *f, const struct pt_snapshot *frame);
/* The calls of a stack: what a pt_fault_naming gives. */
int faulted_name(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n, bool *ret_complete);

#endif
