/*
 * The worker of the fault watch (tui/faults.h): opens the watch, which may take long where there are many threads, asks it
 * for stacks with their names, and closes it. What the main thread may ask of the watch itself never blocks for long; it
 * may do so as long as it has not freed the worker.
 */
#ifndef UI_FAULTWORK_H
#define UI_FAULTWORK_H

#include "core/faults/allocs.h"
#include "core/faults/step.h"
#include "core/faults/view.h"
#include "core/model/snapshot.h"
#include "tui/worker.h"

/* What a screen wants to know besides the view. */
struct ui_fault_want {
	pt_stack_id stack; /* its calls; 0: none */
	bool birth;        /* who first touched the page at `address` */
	uint64_t address;
	uint64_t pfn; /* of it, where that is known; else 0 */
};

struct ui_fault_request {
	pid_t pid;
	double budget; /* share of one core */
	bool allocs;   /* watch what the kernel allocates for it as well */
	struct ui_fault_want want;
	unsigned version; /* of the view: a birth is another later */
};

/* Where views of faults come from: the kernel, a recording, or a test. */
struct ui_fault_ops {
	/* What `open` needs, out of ui_target.faults_source: for the worker alone. NULL: it needs nothing. */
	void *(*source)(void *of);
	void (*let_go)(void *source); /* any thread */
	/* In the worker's thread. The source outlives what was opened. */
	int (*open)(void **ret, const struct ui_fault_request *request, void *source);
	int (*calls)(void *self, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n);
	pt_stack_id (*birth)(void *self, uint64_t address, uint64_t *ret_time_ns);
	/* The newest allocation of a frame that was told; false: none. */
	bool (*alloc)(void *self, uint64_t pfn, struct pt_alloc *ret, char *ret_flags, size_t size);
	void (*free_calls)(struct pt_fault_call *calls, size_t n); /* any thread */
	void (*close)(void *self);
	/* In the main thread. */
	int (*fd)(void *self); /* -1: none */
	struct pt_fault_view *(*take)(void *self);
	void (*snapshot)(void *self, struct pt_snapshot *snapshot);
	/* Of a recording, instead: the moments between which faults are to be shown. NULL: it is none. */
	void (*between)(void *self, uint64_t from_seq, uint64_t to_seq);
	/* For recordings of it (core/faults/watch.h); NULL: it cannot be recorded. */
	void (*steps)(void *self, bool on);
	struct pt_fault_step *(*step)(void *self);
};
extern const struct ui_fault_ops ui_faults_live;
extern const struct ui_fault_ops ui_faults_replayed; /* out of a struct pt_reader, which must have faults */

struct ui_fault_answer {
	const struct ui_fault_ops *ops;
	int error;   /* -errno: there is no watch */
	void *watch; /* the worker's */
	struct ui_fault_want want;
	unsigned version;
	pt_stack_id stack;           /* that was wanted, or that of the birth; 0: not seen */
	uint64_t birth_ns;           /* CLOCK_MONOTONIC */
	int calls_error;             /* -errno: why there are no calls */
	struct pt_fault_call *calls; /* [n_calls] innermost first, owned */
	size_t n_calls;
	bool has_alloc;
	struct pt_alloc alloc; /* of the frame that was wanted */
	char alloc_flags[160];
};

/* A worker of struct ui_fault_request and struct ui_fault_answer. Takes over the source when it succeeds. */
int ui_faultwork_new(struct ui_worker **ret, const struct ui_fault_ops *ops, void *source);
void ui_fault_answer_free(void *answer);

#endif
