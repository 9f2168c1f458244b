/*
 * What an index of owners is made of (private to core/machine): for each process a piece, immutable once it is read and
 * shared by the indexes it is good for, with runs sorted by PFN. There is no list over all processes: a frame is looked up
 * in every piece, which is a binary search each, and so a process that changed costs only its own piece.
 */
#ifndef PT_OWNERS_OWNERS_PARTS_H
#define PT_OWNERS_OWNERS_PARTS_H

#include "core/owners/owners.h"

/* Neighbouring frames at neighbouring addresses; at most so many, for the binary search: a THP's worth. */
#define PT_RUN_PAGES 512u

struct pt_run {
	uint64_t frames; /* PFN of the first << 16 | how many */
	uint64_t page;   /* address of the first >> page_shift */
};

static inline uint64_t pt_run_pfn(const struct pt_run *run)
{
	return run->frames >> 16;
}

static inline uint64_t pt_run_n(const struct pt_run *run)
{
	return run->frames & 0xffff;
}

/* What changes when a process's page tables do, as far as that is cheap to see. */
struct pt_piece_mark {
	uint64_t start_time, start_stack, minor_faults, major_faults, resident, swap, hugetlb;
	uint64_t vmas; /* a hash of the VMAs */
};

struct pt_piece {
	unsigned refs;   /* atomic */
	pid_t pid, task; /* task: whose files show the memory */
	char name[16];   /* comm when it was read */
	struct pt_piece_mark mark;
	uint64_t read_ns; /* CLOCK_MONOTONIC when reading it began */
	uint64_t pages;
	struct pt_run *runs; /* [n], by PFN */
	size_t n;
};

struct pt_piece_ref {
	struct pt_piece *piece;
};

struct pt_owners {
	unsigned refs; /* atomic */
	unsigned page_shift;
	struct pt_signals signals;
	uint64_t moves;         /* of the machine: frames that changed behind mappings that did not */
	struct pt_piece_ref *v; /* [n], by PID; references */
	size_t n, refused;
};

void pt_piece_unref(struct pt_piece *piece);

/* Runs in the making. */
struct pt_runs {
	struct pt_run *v; /* [n], malloc'ed */
	size_t n, room;
	uint64_t pages;
};
/* n pages from `page` on are in the frames from `pfn` on. -ENOMEM. */
int pt_runs_add(struct pt_runs *runs, uint64_t page, uint64_t pfn, uint64_t n);
/* By PFN, with no more memory than it takes. -ENOMEM. */
int pt_runs_finish(struct pt_runs *runs);

#endif
