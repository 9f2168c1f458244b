/*
 * What sites.c and sites_join.c share. Private to core/hunt.
 */
#ifndef PT_HUNT_SITES_INNER_H
#define PT_HUNT_SITES_INNER_H

#include "core/hunt/births.h"
#include "core/hunt/heads.h"
#include "core/hunt/sites.h"
#include "core/hunt/wrote.h"
#include "core/perf/watchpoints.h"

#define PT_SITES_SLOTS  (PT_WATCHPOINTS_MAX / 2)
#define PT_SITES_TRIALS 64
#define PT_SITES_HOT    64 /* sources that are known to hand out, at most */

/* A chunk that is watched, by two watchpoints: the first is of its key or header, the second of the other byte. */
struct pt_sites_slot {
	bool armed;
	size_t source;
	struct pt_head head;
	uint64_t armed_ns, last_ns; /* last: hit, or since it is armed */
	unsigned hits[2], limit;
	bool over;  /* nothing more can be told of it */
	bool lives; /* it was handed out, and not freed since: */
	pt_stack_id stack;
	uint64_t born_ns;
	bool read; /* and this is what it held: */
	uint64_t size, hash;
	uint64_t until_ns; /* it is watched on, since others hold the same; 0: it is not */
};

/* How objects of a size fared that were watched on. */
struct pt_sites_trial {
	uint64_t size;
	unsigned n, freed;
};

struct pt_sites {
	struct pt_target *target; /* borrowed */
	struct pt_heads *heads;
	struct pt_watchpoints *watch;
	struct pt_unwinder *unwinder;
	struct pt_stacks *stacks;
	struct pt_object_births *births;
	unsigned n_slots;
	struct pt_sites_slot slots[PT_SITES_SLOTS];
	struct { /* that handed something out lately */
		size_t source;
		unsigned idle; /* armed, and nothing came */
	} hot[PT_SITES_HOT];
	size_t n_hot, next_hot, next_cold; /* whose turn it is */
	struct pt_sites_trial trials[PT_SITES_TRIALS];
	size_t n_trials;
	size_t next_birth; /* to be looked at again */
	uint64_t last_ip, last_hit_ns;
	double hits_left;          /* that may still be taken for now */
	uint64_t turn_ns, look_ns; /* last */
	struct pt_sites_totals totals;
};

/* What an object holds, hashed. False: it is not there. */
bool pt_sites_hash(struct pt_sites *sites, uint64_t address, uint64_t size, uint64_t *ret);

#endif
