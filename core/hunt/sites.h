/*
 * Call sites of leaks, sampled: the heads of the tcache lists of the leaking size classes are about to be handed out, so
 * hardware watchpoints (PERF_TYPE_BREAKPOINT, four) on these free chunks see the program's first write, with its stack. Joined
 * with what turns out to be leaked. Nothing is written to the target, and the kernel takes the registers back when the
 * descriptors close, however pagetop ends.
 */
#ifndef PT_HUNT_SITES_H
#define PT_HUNT_SITES_H

#include "core/hunt/memory.h"
#include "core/hunt/view.h"

struct pt_sites_options {
	const uint64_t *sizes; /* [n] usable bytes of the leaking size classes, the most leaking first */
	size_t n;
	uint64_t most; /* samples to keep; 0: 100,000 */
};

struct pt_sites;

/* 0; -EOPNOTSUPP: no watchpoints here; -EACCES, -EPERM, -ENOSPC: somebody else has the debug registers; -ESRCH, -ENOMEM. */
int pt_sites_new(struct pt_sites **ret, struct pt_target *target, const struct pt_sites_options *options);
void pt_sites_free(struct pt_sites *sites); /* NULL is fine; no register stays armed */
/* Samples for so long, or until cancelled says so. -ESRCH: it ended; what was seen is kept. */
int pt_sites_sample(struct pt_sites *sites, uint64_t ns, bool (*cancelled)(void *arg), void *arg);
/* Joins with what was found to be lost afterwards, and fills in view->sites and objects' site. 0, -ENOMEM. */
int pt_sites_join(struct pt_sites *sites, struct pt_hunt_view *view);

#endif
