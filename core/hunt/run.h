/*
 * One hunt, from the first look to a view: what the hunt's thread does (private to core/hunt). One thread uses it.
 */
#ifndef PT_HUNT_RUN_H
#define PT_HUNT_RUN_H

#include "core/hunt/heappages.h"
#include "core/hunt/hunt.h"

struct pt_hunt_run {
	struct pt_target *target; /* borrowed */
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

#endif
