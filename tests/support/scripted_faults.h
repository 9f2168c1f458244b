/*
 * A made-up source of views of faults for the stage (stage.h): views come when a test says so, stacks and births are as
 * it made them. There is one at a time.
 */
#ifndef TESTS_SCRIPTED_FAULTS_H
#define TESTS_SCRIPTED_FAULTS_H

#include "tui/faultwork.h"

struct scripted_faults {
	int open_error; /* what opening fails with */
	bool hold;      /* opening takes until it is let go */
	/* what became of it */
	unsigned opened, closed, snapshots;
	/* the birth of one page; stack 0: none was seen */
	uint64_t birth_address, birth_ns;
	pt_stack_id birth_stack;
	bool allocs;           /* were asked for */
	double budget;         /* it may take */
	struct pt_alloc alloc; /* of one frame */
	bool steps;            /* are wanted; then the next one is that, which is the caller's; NULL: none */
	struct pt_fault_step *step;
	/* private */
	struct pt_fault_view *next;
	int fd;
};
extern struct scripted_faults scripted_faults;
extern const struct ui_fault_ops scripted_faults_ops;

void scripted_faults_begin(void);
void scripted_faults_end(void);
/* Lets the opening go on that was held. */
void scripted_faults_release(void);
/* Takes over the reference. */
void scripted_faults_push(struct pt_fault_view *view);

/*
 * A view of so many seconds of faults of the process on stage: VMAs, addresses, threads, stacks and repeaters of all sorts,
 * with hostile names; from_ns is that of the stage's first frame.
 */
struct pt_fault_view *made_faults(unsigned seconds);
/* One in which nothing happened. */
struct pt_fault_view *made_no_faults(unsigned seconds);

#endif
