/*
 * Call sites of leaks, sampled: the heads of malloc's free lists of the leaking size classes are about to be handed out, so
 * hardware watchpoints (core/perf/watchpoints.h, four) on these free chunks see that, with the stack. Joined with what
 * turns out to be leaked. Nothing is written to the target, and the kernel takes the registers back when the
 * descriptors close, however pagetop ends.
 *
 * A chunk is watched on for some milliseconds after it was handed out. Most are freed by then: of a busy list the same
 * chunk is handed out again within microseconds, so that whoever looked later would take another object for the one
 * seen. Of what lived on, the contents are remembered, looked at now and then, and must be the same in the end.
 */
#ifndef PT_HUNT_SITES_H
#define PT_HUNT_SITES_H

#include "core/hunt/heap.h"
#include "core/hunt/view.h"

struct pt_sites_options {
	const struct pt_heap *heap; /* where the lists are; borrowed until pt_sites_new returns */
	const uint64_t *sizes;      /* [n] usable bytes of the leaking size classes, the most leaking first */
	size_t n;
	uint64_t most; /* samples to keep; 0: 100,000 */
};

struct pt_sites_totals {
	uint64_t hits, lost; /* of watchpoints; lost: there was no room for */
	uint64_t seen;       /* objects handed out */
	uint64_t kept;       /* of these, lived on and are remembered */
	uint64_t armed;
	unsigned registers; /* debug registers in use, of each thread or CPU */
	bool machine;       /* of CPUs */
};

struct pt_sites;

/* 0; -EOPNOTSUPP: no watchpoints here; -EACCES, -EPERM, -ENOSPC: somebody else has the debug registers; -ESRCH, -ENOMEM. */
int pt_sites_new(struct pt_sites **ret, struct pt_target *target, const struct pt_sites_options *options);
void pt_sites_free(struct pt_sites *sites); /* NULL is fine; no register stays armed */
/* Samples for so long, or until cancelled says so. -ESRCH: it ended; what was seen is kept. */
int pt_sites_sample(struct pt_sites *sites, uint64_t ns, bool (*cancelled)(void *arg), void *arg);
struct pt_sites_totals pt_sites_totals(const struct pt_sites *sites);
/* Joins with what was found to be lost afterwards, and fills in view->sites and objects' site. 0, -ENOMEM. */
int pt_sites_join(struct pt_sites *sites, struct pt_hunt_view *view);

#endif
