/*
 * Walk: goes through everything a process has in its page tables, in address order, as regions of pages that are
 * present or swapped. PAGEMAP_SCAN finds them where the kernel has it, at no cost for the untouched; else pagemap is
 * read from end to end of every VMA.
 */
#ifndef PT_SCAN_WALK_H
#define PT_SCAN_WALK_H

#include "core/kernel/abi.h"
#include "core/scan/target.h"

#ifndef PT_WALK_REGIONS
#define PT_WALK_REGIONS 1024u
#endif
#ifndef PT_WALK_ENTRIES
#define PT_WALK_ENTRIES 2048u
#endif

/* Part of one VMA, of pages alike in their categories. */
struct pt_region {
	uint64_t start, end;
	uint64_t categories; /* PS_*; FILE is not asked for (it costs the kernel a look at every frame) */
	size_t vma;
};

struct pt_walk {
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	size_t vma;       /* next VMA that can hold something */
	uint64_t at, end; /* addresses still to ask for */
	unsigned i, n;    /* found[i..n) is still to hand out */
	union {
		struct ps_region found[PT_WALK_REGIONS];
		uint64_t entries[PT_WALK_ENTRIES];
	};
	uint64_t entries_at; /* address of entries[0] */
};

/* What lies in [start, end). Target and table are borrowed, and must outlive the walk. */
void pt_walk_init(struct pt_walk *walk, struct pt_target *target, const struct pt_vma_table *vmas, uint64_t start,
		  uint64_t end);
/* 1: *ret is the next region; 0: that was all; -errno. */
int pt_walk_next(struct pt_walk *walk, struct pt_region *ret);

#endif
