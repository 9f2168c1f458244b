/*
 * Sharing: with whom a process shares its pages. Made of a snapshot, which says which frames are mapped more than once,
 * and the index of owners, which says by whom.
 *
 * Every page belongs to a set of other processes, and there are few different sets in a process: all who have libc, its
 * forked children, the ones attached to a segment. So what is kept is runs of pages with a set each, and sums are made of
 * any stretch of addresses, by process or by set. Immutable once it is made, counted by references.
 *
 * Held against the page tables as the index has them, not as they are now. Zero pages are nobody's, as in owners.h, and
 * the kernel's own pages (vdso) are left out, which every process has.
 */
#ifndef PT_OWNERS_SHARING_H
#define PT_OWNERS_SHARING_H

#include "core/model/snapshot.h"
#include "core/owners/owners.h"

struct pt_sharing;

/*
 * Of the addresses [start, end) of a process (0, UINT64_MAX: all), by an index that may have been read a little before or
 * after the snapshot. -ENOMEM, -ECANCELED (`cancel` may be NULL), -EPERM: frame numbers are hidden.
 */
int pt_sharing_make(const struct pt_owners *owners, const struct pt_snapshot *snapshot, uint64_t start, uint64_t end,
		    const volatile bool *cancel, struct pt_sharing **ret);
struct pt_sharing *pt_sharing_ref(struct pt_sharing *sharing);
void pt_sharing_unref(struct pt_sharing *sharing); /* NULL is fine */

/* Pages of a process that are mapped more than once, by who maps them besides. */
struct pt_sharing_pages {
	uint64_t others;  /* by other processes that were found */
	uint64_t itself;  /* by nobody else, but by itself in more than one place */
	uint64_t nobody;  /* the kernel counts more mappings, and none of them was found */
	uint64_t partly;  /* of `others`: the kernel counts more mappings than were found */
	uint64_t unasked; /* nobody was found, nor is it known how often they are mapped */
};

/* Another process that has some of them. */
struct pt_sharer {
	pid_t pid;
	char name[16];              /* comm, as the kernel has it: make it printable */
	uint64_t pages;             /* of the first process; one that this one maps twice is one */
	uint64_t anon, file, shmem; /* of those */
	uint64_t address;           /* the first of the pages, in the first process */
};
struct pt_sharers {
	struct pt_sharer *v; /* [n], who has most first; free() */
	size_t n;
	struct pt_sharing_pages pages;
};
/* Of the addresses [start, end). 0 or -ENOMEM. */
int pt_sharing_with(const struct pt_sharing *sharing, uint64_t start, uint64_t end, struct pt_sharers *ret);

/* A set of other processes that share the same pages: who they are, in the order of PIDs. */
struct pt_sharing_set {
	uint32_t id;    /* of this pt_sharing; 0 is nobody */
	uint64_t pages; /* that these and no others have, of those that were asked about */
	size_t n;       /* processes */
};
/* The sets with the most pages in [start, end), at most `max`; returns how many. */
size_t pt_sharing_sets(const struct pt_sharing *sharing, uint64_t start, uint64_t end, struct pt_sharing_set *ret,
		       size_t max);
/* Of a set: whether a process is in it; how many are, and process i of those. */
bool pt_sharing_has(const struct pt_sharing *sharing, uint32_t set, pid_t pid);
size_t pt_sharing_members(const struct pt_sharing *sharing, uint32_t set);
pid_t pt_sharing_member(const struct pt_sharing *sharing, uint32_t set, size_t i, const char **ret_name);

/* Calls each(arg, set, pages) for every run in [start, end) that others share (set != 0), ascending. */
void pt_sharing_each(const struct pt_sharing *sharing, uint64_t start, uint64_t end,
		     void (*each)(void *arg, uint32_t set, uint64_t pages), void *arg);
/* Pages in [start, end) by who maps them. */
void pt_sharing_count(const struct pt_sharing *sharing, uint64_t start, uint64_t end, struct pt_sharing_pages *ret);

/* Processes that could not be looked at, and when the oldest part of the index was read (CLOCK_MONOTONIC). */
size_t pt_sharing_refused(const struct pt_sharing *sharing);
uint64_t pt_sharing_read_ns(const struct pt_sharing *sharing);

#endif
