/*
 * Allocations: which frames the kernel took for the process, of what order, of what migrate type and with which flags, as
 * the tracepoint kmem:mm_page_alloc tells it; zone and node by the frame's number. Also what is not its memory but made
 * for it: page tables, slabs, the page cache it reads. Costs the target about as much as its faults being told does.
 */
#ifndef PT_FAULTS_ALLOCS_H
#define PT_FAULTS_ALLOCS_H

#include "core/faults/view.h"
#include "core/kernel/kernel.h"

/* One allocation, as it was. */
struct pt_alloc {
	uint64_t pfn;     /* the first of 2^order */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	pid_t tid;
	unsigned order;
	int migrate_type;
	uint64_t flags; /* gfp_t */
};

struct pt_allocs;

/*
 * period: every so many are told; from_exec: of a child that waits to become another program, from there on. bytes_max: of what is remembered of single frames; older ones give way. -ENOENT:
 * tracefs is not mounted, or this kernel has no such tracepoint; -EACCES, -EPERM: tracepoints need root; others as
 * pt_events_open. k must outlive it.
 */
int pt_allocs_open(struct pt_allocs **ret, struct pt_kernel *k, pid_t pid, uint64_t period, bool from_exec,
		   size_t bytes_max);
void pt_allocs_close(struct pt_allocs *allocs); /* NULL is fine */
void pt_allocs_take(struct pt_allocs *allocs);
/* Another period from now on, where the kernel lets it. */
void pt_allocs_set_period(struct pt_allocs *allocs, uint64_t period);
/* The newest that is remembered of this frame; it may have been given back, and taken by another, since. */
bool pt_allocs_find(const struct pt_allocs *allocs, uint64_t pfn, struct pt_alloc *ret);
/* "GFP_HIGHUSER_MOVABLE|__GFP_ZERO", the kernel's own names, into ret. Returns ret. */
char *pt_allocs_flags(const struct pt_allocs *allocs, uint64_t flags, char *ret, size_t size);
/* Sums, largest first, malloc'ed; at most n_max. What a full table had no room for is *ret_left_out allocations. -ENOMEM. */
int pt_allocs_rows(const struct pt_allocs *allocs, size_t n_max, struct pt_fault_alloc_row **ret, size_t *ret_n,
		   uint64_t *ret_left_out);

/* "Movable"; static storage; NULL: not known by number, as it differs from kernel to kernel. */
const char *pt_migrate_type_name(int type);

#endif
