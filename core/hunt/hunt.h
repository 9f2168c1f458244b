/*
 * The hunt: passes over a running process until the set of lost objects no longer shrinks; then tiers, groups, sums. Leaked
 * is a property that lasts, so what every pass found at the same address, of the same size and contents, is lost.
 *
 * A thread of its own does the work, so that a screen goes on; a command waits for it. Whatever ends it, no thread of the
 * target stays stopped.
 */
#ifndef PT_HUNT_HUNT_H
#define PT_HUNT_HUNT_H

#include "core/hunt/ask.h"
#include "core/hunt/view.h"
#include "core/kernel/kernel.h"

struct pt_hunt_options {
	bool stop;           /* the whole process, for one pass in place of several */
	bool swapped;        /* reads what is swapped out as well, which brings it into memory */
	uint64_t sites_ns;   /* sample call sites for so long, between two verdicts; 0: no */
	unsigned passes_max; /* 0: 100; a process that is quiet takes two */
	bool pages;          /* heap pages as well (pt_hunt_pages) */
};

enum pt_hunt_stage { PT_HUNT_LOOKING, PT_HUNT_PASS, PT_HUNT_HIDDEN, PT_HUNT_GROUPING, PT_HUNT_SITES, PT_HUNT_DONE };
struct pt_hunt_progress {
	enum pt_hunt_stage stage;
	unsigned pass;     /* from 1 */
	double done;       /* of the stage, 0..1; <0: cannot be told */
	uint64_t suspects; /* after the last pass; UINT64_MAX: none yet */
};

struct pt_hunt;

/* Takes over k, also when it fails. -ESRCH, -EACCES, -EPERM, -EBUSY: another tracer has it, -ENOMEM. */
int pt_hunt_new(struct pt_hunt **ret, struct pt_kernel *k, pid_t pid, const struct pt_hunt_options *options);
/* Cancels what is under way. NULL is fine. */
void pt_hunt_free(struct pt_hunt *hunt);
/* Polls readable when there is progress or a view or an object. */
int pt_hunt_fd(const struct pt_hunt *hunt);
struct pt_hunt_progress pt_hunt_progress(struct pt_hunt *hunt); /* and empties the descriptor */
/* The newest view since the last, a reference; NULL: none. *ret_error (may be NULL): 0, or why there will be none. */
struct pt_hunt_view *pt_hunt_take(struct pt_hunt *hunt, int *ret_error);
/* Asks about the object at an address (ask.h); the answer comes later, the caller's to free; NULL: none yet. */
void pt_hunt_ask_for(struct pt_hunt *hunt, uint64_t address);
struct pt_object *pt_hunt_answer(struct pt_hunt *hunt, int *ret_error);
/* Heap pages of the newest view, if they were asked for; malloc'ed. */
struct pt_heap_page;
int pt_hunt_pages(struct pt_hunt *hunt, struct pt_heap_page **ret, size_t *ret_n);

#endif
