/*
 * Sums over pages: how many of each class, and their PSS. A chunk caches one of these, a VMA and a heat-map cell add
 * them up. The classes overlap (an anonymous page can be dirty, shared and huge at once).
 *
 * "Not known" is counted, never guessed: PT_N_NO_FLAGS and PT_N_NO_COUNT say for how many pages in RSS the source was
 * not read, so whoever shows a sum can tell "0" from "at least 0 of what was looked at".
 */
#ifndef PT_MODEL_COUNTS_H
#define PT_MODEL_COUNTS_H

#include "core/model/page.h"

enum pt_stat {
	PT_N_PRESENT,    /* a frame is mapped here, zero pages and hugetlb included */
	PT_N_RSS,        /* as smaps counts Rss */
	PT_N_ANON,       /* in RSS and anonymous */
	PT_N_FILE,       /* in RSS and page cache of a file */
	PT_N_SHMEM,      /* in RSS and shared memory */
	PT_N_KERNEL,     /* in RSS and kernel-owned */
	PT_N_SWAP,       /* swapped out, shmem included, as smaps counts Swap */
	PT_N_SWAP_SHMEM, /* the shmem part of PT_N_SWAP */
	PT_N_ZERO,       /* zero page or huge zero page */
	PT_N_HUGETLB,
	PT_N_GUARD,  /* guard markers */
	PT_N_MARKER, /* userfaultfd and poison markers */
	PT_N_MIGRATING,
	PT_N_DEVICE,
	PT_N_PMD,      /* mapped huge, any kind but hugetlb */
	PT_N_PMD_ANON, /* mapped huge and anonymous: smaps' AnonHugePages */
	PT_N_LARGE,    /* in a large folio */
	PT_N_DIRTY,    /* dirty folio, or anonymous and not lazyfree or clean swap cache: approximate */
	PT_N_SHARED,   /* in RSS and mapped more than once */
	PT_N_PRIVATE,  /* in RSS and mapped once */
	PT_N_REFERENCED,
	PT_N_ACTIVE,
	PT_N_UNEVICTABLE,
	PT_N_MLOCKED,
	PT_N_KSM,
	PT_N_LAZYFREE,
	PT_N_WRITEBACK,
	PT_N_SOFT_DIRTY,
	PT_N_NO_FLAGS, /* in RSS, kpageflags not read */
	PT_N_NO_COUNT, /* in RSS, neither kpagecount nor "mapped exactly once" known: PSS is not known */
	PT_N_NO_SHARE, /* in RSS, not even "mapped exactly once" known: shared or private is not known */
	PT_N_NO_KIND,  /* present, kind not known */
	PT_STAT_N
};

#define PT_PSS_SHIFT 12 /* fs/proc/task_mmu.c PSS_SHIFT: PSS is summed in bytes << 12 */

struct pt_counts {
	uint64_t pss;          /* bytes << PT_PSS_SHIFT, over pages whose map count is known */
	uint64_t n[PT_STAT_N]; /* pages */
};

/* Adds one page; page_shift is log2 of the base page size. */
void pt_counts_add_page(struct pt_counts *counts, struct pt_page page, unsigned page_shift);
/* Adds n pages that are alike but for their PFNs. */
void pt_counts_add_pages(struct pt_counts *counts, struct pt_page page, uint64_t n, unsigned page_shift);
void pt_counts_add(struct pt_counts *counts, const struct pt_counts *more);

#endif
