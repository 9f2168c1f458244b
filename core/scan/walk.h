/*
 * Walk: goes through everything a process has in its page tables, in address order, as regions. PAGEMAP_SCAN finds what
 * is present or swapped, at no cost for the untouched. But where nearly all is present it costs a third of what reading
 * pagemap does, which is to follow anyway: there the walk guesses instead, and hands out whatever lies ahead. So it
 * does everywhere on kernels without PAGEMAP_SCAN.
 */
#ifndef PT_SCAN_WALK_H
#define PT_SCAN_WALK_H

#include "core/kernel/abi.h"
#include "core/scan/target.h"

#ifndef PT_WALK_REGIONS
#define PT_WALK_REGIONS 1024u
#endif
#ifndef PT_WALK_GUESS
#define PT_WALK_GUESS 4096u /* pages of a guess */
#endif

/* Part of one VMA. */
struct pt_region {
	uint64_t start, end;
	uint64_t categories; /* PS_* that all of it has; FILE is not asked for (it costs a look at every frame) */
	uint64_t seen_ns;    /* CLOCK_MONOTONIC before it was looked at; 0: a guess */
	size_t vma;
	bool guess; /* not looked at: anything may be there, but no huge page if pt_walk_may_guess() */
};

struct pt_walk {
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	size_t vma;       /* next VMA that can hold something */
	uint64_t at, end; /* addresses still to ask for */
	bool scans;       /* there is PAGEMAP_SCAN */
	bool guesses;     /* where that pays */
	bool dense;       /* what lies ahead is guessed to be there */
	bool alarmed;     /* a guess looked like a huge page at `at` */
	unsigned alarms;  /* of which so many were none */
	uint64_t most;    /* pages of the next PAGEMAP_SCAN */
	unsigned i, n;    /* found[i..n) is still to hand out */
	uint64_t seen_ns; /* what was found was looked for since then */
	struct ps_region found[PT_WALK_REGIONS];
};

/*
 * What lies in [start, end). Target and table are borrowed, and must outlive the walk. Regions are guesses where that
 * is cheaper, if `guesses`, or where there is no other way.
 */
void pt_walk_init(struct pt_walk *walk, struct pt_target *target, const struct pt_vma_table *vmas,
		  struct pt_stretch stretch, bool guesses);
/* 1: *ret is the next region; 0: that was all; -errno. */
int pt_walk_next(struct pt_walk *walk, struct pt_region *ret);

/* How a guess of so many pages turned out. */
void pt_walk_heed(struct pt_walk *walk, uint64_t pages, uint64_t found);
/* A guess found what looks like a huge page at `addr`, which has to be asked for: goes on from there. False where there
 * is no way to ask. */
bool pt_walk_suspect(struct pt_walk *walk, uint64_t addr);

#endif
