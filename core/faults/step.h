/*
 * Steps: what faults came to from one frame of a process to the next, by VMA, kind and stack. A recording of faults
 * consists of them. A step is immutable and counted by references, and so is each stack with its names, which the steps
 * that need it share: the same stack is the same pointer in all steps of one watch.
 */
#ifndef PT_FAULTS_STEP_H
#define PT_FAULTS_STEP_H

#include "core/faults/join.h"
#include "core/faults/view.h"

struct pt_fault_named {              /* a stack with its names */
	struct pt_fault_call *calls; /* [n_calls], innermost first */
	size_t n_calls;
	bool complete;
	unsigned refs; /* atomic */
};

struct pt_fault_cell {
	uint64_t vma_start, vma_end; /* as the join knew it; both 0: none, or not known */
	enum pt_fault_kind kind;
	size_t stack;                   /* 1 + index in the step's; 0: not known */
	uint64_t events, major, kernel; /* with their weight; kernel: in system calls */
	uint64_t born;                  /* bytes first touched by them */
};

struct pt_fault_step {
	pid_t pid;
	uint64_t start_time;     /* of the process, clock ticks after boot */
	uint64_t seq;            /* of the frame that ends it */
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC */
	uint64_t minor, major;   /* counted by the kernel, children that were forked included; told or not */
	uint64_t lost;           /* records that there was no room for */
	uint64_t children;       /* faults of children, which are in no cell */
	uint64_t left_out;       /* faults whose VMA and stack there was no room for: in cells without */
	bool system_calls;       /* faults in these are told too */
	uint64_t period;         /* the largest: above 1, all but `minor` and `major` are estimates */
	struct pt_fault_cell *cells;
	size_t n_cells;
	struct pt_fault_named **stacks; /* [n_stacks], a reference each */
	size_t n_stacks;
	unsigned refs; /* atomic */
};

struct pt_fault_step *pt_fault_step_ref(struct pt_fault_step *step);
void pt_fault_step_unref(struct pt_fault_step *step); /* NULL is fine */
struct pt_fault_named *pt_fault_named_ref(struct pt_fault_named *named);
void pt_fault_named_unref(struct pt_fault_named *named); /* NULL is fine */

/* ---- what is being counted; owned and used by one thread ---- */

struct pt_fault_steps;

/* Who can name a stack; the calls become the caller's. 0 or -ENOMEM. */
struct pt_fault_naming {
	int (*name)(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n, bool *ret_complete);
	void *arg;
};

/* Of a process, from now_ns on. At most so many cells between two cuts. NULL: out of memory. */
struct pt_fault_steps *pt_fault_steps_new(pid_t pid, size_t cells_max, uint64_t now_ns,
					  const struct pt_fault_totals *totals);
void pt_fault_steps_free(struct pt_fault_steps *steps); /* NULL is fine */
/* born: bytes that it brought; of what counts as such core/faults/tally.h knows. */
void pt_fault_steps_add(struct pt_fault_steps *steps, const struct pt_joined *fault, uint64_t born);
/* Of a process that it forked, with its weight: counted, no more. */
void pt_fault_steps_child(struct pt_fault_steps *steps, uint64_t weight);
/* Every so many faults are told from here on. */
void pt_fault_steps_period(struct pt_fault_steps *steps, uint64_t period);
/*
 * The step that this frame ends; what comes from here on belongs to the next. totals are those of the stream by now.
 * 0, or -ENOMEM: nothing is lost, the next one has it all.
 */
int pt_fault_steps_cut(struct pt_fault_steps *steps, const struct pt_snapshot *frame, uint64_t now_ns,
		       const struct pt_fault_totals *totals, const struct pt_fault_naming *naming,
		       struct pt_fault_step **ret);

#endif
