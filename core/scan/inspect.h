/*
 * Inspect: everything the kernel will say of one page, read now, in the order that lets a race be told from a fact
 * (pagemap, then flags, count and cgroup of the frame, then pagemap again). Explaining it is core/explain's job.
 */
#ifndef PT_SCAN_INSPECT_H
#define PT_SCAN_INSPECT_H

#include "core/kernel/kernel.h"
#include "core/kernel/readers.h"
#include "core/model/snapshot.h"

#define PT_NEIGHBOURS 512

enum pt_backing { PT_BACKING_UNKNOWN, PT_BACKING_HOLE, PT_BACKING_CACHED, PT_BACKING_SWAPPED };

struct pt_facts {
	pid_t pid;
	uint64_t address; /* rounded down to its page */
	unsigned page_shift;
	struct pt_signals signals;
	bool recalled; /* out of a snapshot (core/explain/recall.h): entries were put together again from what it keeps */
	bool mapped;   /* a VMA covers it; vma below is valid, its path points into `path` */
	struct pt_vma vma;
	struct pt_counts vma_sum; /* left zero by inspect; a caller with a snapshot fills it */
	char path[256];
	struct pt_maybe pagemap, pagemap_again; /* raw entries, before and after */
	struct pt_maybe categories;             /* PAGEMAP_SCAN */
	struct pt_maybe flags, count, cgroup;   /* kpageflags, kpagecount, kpagecgroup of the PFN */
	struct pt_maybe head_flags, head_count; /* of the folio's head, if this is a tail */
	uint64_t pfn;                           /* 0: none or hidden */
	char cgroup_path[256];                  /* "" if unknown */
	struct pt_physical physical;
	struct pt_maybe folio_first, folio_pages; /* PFN of the head and length, by HEAD and TAIL around */
	enum pt_backing backing;                  /* of a shmem page that pagemap shows as untouched */
	uint64_t near_first;                      /* PFN of near_flags[0] */
	bool has_near;
	uint64_t near_flags[PT_NEIGHBOURS], near_count[PT_NEIGHBOURS]; /* the aligned 512 frames around */
};

/* -ESRCH, -EACCES as pt_scan_open; an address that no VMA covers is no error (mapped is false). */
int pt_inspect_page(struct pt_kernel *k, pid_t pid, uint64_t address, const struct pt_signals *signals,
		    struct pt_facts *ret);

/*
 * What the kernel says of one frame, whoever maps it: flags, count, cgroup, place, folio and neighbours; the rest of *ret
 * stays empty (`mapped` is false, pid 0). A frame that there is not has no flags. signals NULL: probe. Never fails: what
 * could not be read is not known, and signals say why.
 */
void pt_inspect_frame(struct pt_kernel *k, uint64_t pfn, const struct pt_signals *signals, struct pt_facts *ret);

/*
 * Contents of one page into buf (1 << page_shift bytes), only if it is present now. -ENODATA: not present, reading it
 * would fault a page into the target; -EACCES.
 */
int pt_inspect_contents(struct pt_kernel *k, pid_t pid, uint64_t address, uint8_t *buf);

/* The page as the model has it, from raw facts (what a scan would have stored). */
struct pt_page pt_facts_page(const struct pt_facts *facts);

#endif
