/*
 * Kin: the memory of a process beside that of one forked from it, page by page at equal addresses. After a fork both have
 * all private memory in common; whoever writes first to a page gets a copy of it, and that is what a fork costs. Two
 * snapshots tell which pages are still shared, which were copied and mostly by whose write: by their frames, and by the
 * kernel's mark on anonymous pages that need no copy any more. Pure: reads snapshots, keeps nothing.
 *
 * Files and shared memory are apart: a fork makes no copies of them. Snapshots are of slightly different moments, so
 * what was written between them may be told as of the earlier one. What cannot be known (frame numbers are hidden, a page
 * is swapped out in one of both) is unknown and counted as that.
 */
#ifndef PT_FORKS_KIN_H
#define PT_FORKS_KIN_H

#include "core/model/snapshot.h"

enum pt_kin {
	PT_KIN_NONE,      /* neither has memory there */
	PT_KIN_SHARED,    /* private memory in one frame, or one swap slot: who writes first makes a copy */
	PT_KIN_BY_PARENT, /* copied by the parent's write: the child has what there was */
	PT_KIN_BY_CHILD,  /* the other way round */
	PT_KIN_EITHER,    /* copied: both have written to theirs, in which order is not known; or it was new to both */
	PT_KIN_PARENT,    /* private memory of the parent alone: came after the fork, or the child gave it up */
	PT_KIN_CHILD,
	PT_KIN_COMMON, /* of files or shared memory, in one or both: there is nothing to copy */
	PT_KIN_UNKNOWN,
	PT_KIN_N
};
const char *pt_kin_name(enum pt_kin kin); /* "by-parent"; static storage */
const char *pt_kin_what(enum pt_kin kin); /* half a sentence for a legend */

/* Pages of each sort. */
struct pt_kin_sums {
	uint64_t n[PT_KIN_N];
	uint64_t once; /* of those shared, mapped exactly once: the page table itself is shared (vfork, CLONE_VM) */
	bool hidden;   /* frame numbers were not seen: none can be told to be shared, */
	bool unmarked; /* flags were not: nor by whom it was copied */
};

/* Of one page in both. */
enum pt_kin pt_kin_of(struct pt_page parent, struct pt_page child);

static inline uint64_t pt_kin_copied(const struct pt_kin_sums *sums)
{
	return sums->n[PT_KIN_BY_PARENT] + sums->n[PT_KIN_BY_CHILD] + sums->n[PT_KIN_EITHER];
}
/* The child is no copy at all: it uses the parent's memory itself. */
static inline bool pt_kin_is_one_memory(const struct pt_kin_sums *sums)
{
	return sums->once && sums->once == sums->n[PT_KIN_SHARED] && !pt_kin_copied(sums);
}

/*
 * A stretch of addresses in which VMAs of both overlap, or that only one has. VMAs of the same file, or of none, are held
 * against each other page by page; where there are others at the same address, each has its memory alone.
 */
struct pt_kin_row {
	uint64_t start, end;
	size_t parent, child; /* the first VMA of each there; PT_KIN_NO_VMA: none */
	struct pt_kin_sums sums;
};
#define PT_KIN_NO_VMA SIZE_MAX

struct pt_kin_table {
	struct pt_kin_row *v; /* [n], ascending */
	size_t n;
	struct pt_kin_sums sums; /* of all of them */
};
/* Both snapshots have slots and the same page size. 0 or -ENOMEM; free with pt_kin_table_free. */
int pt_kin_table_make(const struct pt_snapshot *parent, const struct pt_snapshot *child, struct pt_kin_table *ret);
void pt_kin_table_free(struct pt_kin_table *table);

/* The pages in [start, end), both page-aligned, as n cells of pages_per_cell; what is past the end is all 0. */
void pt_kin_cells(const struct pt_snapshot *parent, const struct pt_snapshot *child, uint64_t start, uint64_t end,
		  uint64_t pages_per_cell, struct pt_kin_sums *ret, size_t n);

#endif
