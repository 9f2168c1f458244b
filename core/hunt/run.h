/*
 * One hunt, from the first look to a view: what the hunt's thread does (core/hunt only). One thread uses it.
 */
#ifndef PT_HUNT_RUN_H
#define PT_HUNT_RUN_H

#include "core/hunt/heappages.h"
#include "core/hunt/hunt.h"
#include "core/hunt/lost.h"
#include "core/hunt/settle.h"
#include "core/hunt/sites.h"

struct pt_hunt_run {
	struct pt_target *target;     /* borrowed, as the next */
	struct pt_unwinder *unwinder; /* NULL: no names */
	struct pt_hunt_options options;
	bool (*cancelled)(void *arg);
	void (*progress)(void *arg, const struct pt_hunt_progress *now);
	void *arg;
};

struct pt_hunt_result {
	struct pt_hunt_view *view; /* a reference */
	struct pt_heap_page *pages;
	size_t n_pages;
};

/* 0, -ECANCELED, -ESRCH, -EACCES, -EPERM, -EBUSY, -ENOMEM. That there is no verdict is no error: the view says why. */
int pt_hunt_run(struct pt_hunt_run *run, struct pt_hunt_result *ret);

/* ---- its passes (passes.c) -------------------------------------------------------------------------------------- */

/* What the last pass saw, and what all of them lost. Zeroed at first. */
struct pt_passes {
	struct pt_hunt_run *run;
	struct pt_memory memory;
	struct pt_heap *heap;
	struct pt_roots roots;
	struct pt_reach *reach;
	struct pt_lost lost;
	struct pt_hunt_progress progress;
	uint64_t told_ns;
	struct pt_settle settle;
	uint64_t cpu_ns; /* for which the process has run, when that was last asked */
	bool ran;        /* it did, since the last pass */
	bool converged;
	uint64_t stopped_ns_max, stopped_all_ns;
	int heap_error; /* -ENOTSUP, -EAGAIN, -EOVERFLOW: there is no heap to judge */
};

/* Until the lost no longer get fewer; errors as pt_hunt_run. heap_error is none. */
int pt_passes_run(struct pt_passes *passes);
void pt_passes_free(struct pt_passes *passes); /* what it holds */
void pt_passes_tell(struct pt_passes *passes, enum pt_hunt_stage stage, double done);
void pt_passes_tell_seldom(struct pt_passes *passes, enum pt_hunt_stage stage, double done); /* for many calls */

/* ---- call sites (sites_step.c) ---------------------------------------------------------------------------------- */

/*
 * If they were asked for and anything is lost: samples, and runs all passes anew, for pt_sites_join to go with. *ret NULL:
 * there are none, for the reason *ret_why. Errors as pt_hunt_run.
 */
int pt_hunt_sites(struct pt_passes *passes, struct pt_sites **ret, int *ret_why);

#endif
