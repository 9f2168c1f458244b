/*
 * Faults joined with the page before and after: what kind each was. Before is what was last seen of the page (the table
 * of pages kept here, else the newest snapshot), after is the kernel's answer right after the fault was told. Both are
 * looked at in batches; what the budget leaves no time for stays PT_FAULT_UNKNOWN.
 */
#ifndef PT_FAULTS_JOIN_H
#define PT_FAULTS_JOIN_H

#include "core/faults/kind.h"
#include "core/faults/stream.h"
#include "core/model/snapshot.h"
#include "core/unwind/stacks.h"

/* One fault and all that is known of it. */
struct pt_joined {
	uint64_t time_ns, address, ip; /* as struct pt_fault */
	pid_t pid, tid;
	uint32_t cpu;
	uint64_t weight;
	bool major, kernel;
	bool has_code; /* as struct pt_fault */
	struct pt_fault_code code;
	enum pt_fault_kind kind;
	bool knew, knows; /* whether before and after were looked at */
	struct pt_page before, after;
	bool has_vma;
	uint64_t vma_start, vma_end; /* where has_vma */
	pt_stack_id stack;
};

struct pt_join;

struct pt_join_totals {
	uint64_t joined, unknown; /* faults, with their weight */
	uint64_t dropped;         /* there was no memory for */
	uint64_t pages_read;
};

/* bytes_max: of the table of pages. 0, -ESRCH, -EACCES, -ENOMEM. k must outlive it. */
int pt_join_new(struct pt_join **ret, struct pt_kernel *k, pid_t pid, size_t bytes_max);
void pt_join_free(struct pt_join *join); /* NULL is fine */
/* What is known of all pages from here on, of its own time; a reference is taken. */
void pt_join_snapshot(struct pt_join *join, struct pt_snapshot *snapshot);
/*
 * Its memory was made anew then, by an exec: what was not seen since was not there. To be said first; snapshots from
 * before are of something else.
 */
void pt_join_born(struct pt_join *join, uint64_t time_ns);
/* The process forked: what was its own is shared from then on. In the order of time with the faults. */
void pt_join_forked(struct pt_join *join, uint64_t time_ns);
/* A fault of the process itself, in the order of time; those of its children have a page table of their own. */
void pt_join_add(struct pt_join *join, const struct pt_fault *fault, pt_stack_id stack);
/*
 * Looks at the pages of what was added, of at most so many (others are unknown), and gives all of it, each page's faults in
 * the order of time. Once they were looked at, drain (NULL is fine) is to add what was told meanwhile: another fault at one
 * of these pages would else be taken for the first one's doing. What came at other pages since the look began, or later than
 * it, waits for the next flush.
 */
void pt_join_flush(struct pt_join *join, size_t pages_max, void (*drain)(void *arg),
		   void (*each)(void *arg, const struct pt_joined *fault), void *arg);
struct pt_join_totals pt_join_totals(const struct pt_join *join);
/* The newest VMAs it knows, of *ret_ns; the join's own, until it is asked for anything else. NULL: none yet. */
struct pt_vma_table *pt_join_vmas(const struct pt_join *join, uint64_t *ret_ns);

#endif
