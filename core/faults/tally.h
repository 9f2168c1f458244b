/*
 * Faults counted: by kind, VMA, address, thread, CPU and stack; which addresses fault again and again; which stack first
 * touched each page, and how many of those are still there. Bounded: what there is no room for is counted in the sums
 * and as left out. Owned and used by one thread; core/faults/view.h is what others get.
 */
#ifndef PT_FAULTS_TALLY_H
#define PT_FAULTS_TALLY_H

#include "core/faults/join.h"
#include "core/faults/view.h"

struct pt_tally;

struct pt_tally *pt_tally_new(unsigned page_shift, size_t bytes_max); /* NULL: out of memory */
void pt_tally_free(struct pt_tally *tally);                           /* NULL is fine */
void pt_tally_add(struct pt_tally *tally, const struct pt_joined *fault);
/* Which of the pages that were born under its eyes are still there: for the sums by stack. */
void pt_tally_snapshot(struct pt_tally *tally, const struct pt_snapshot *snapshot);
/* The stack that first touched this page since pagetop came, and when; 0: not seen. */
pt_stack_id pt_tally_birth(const struct pt_tally *tally, uint64_t address, uint64_t *ret_time_ns);
/* The process became another program: what addresses say is forgotten, sums stay. */
void pt_tally_execed(struct pt_tally *tally);

/* What a reason for repeated faults is inferred from, besides the faults themselves; unknown where not readable. */
struct pt_tally_system {
	struct pt_maybe numa_balancing;      /* kernel.numa_balancing */
	struct pt_maybe ksm_run;             /* mm/ksm/run */
	struct pt_maybe compact_unevictable; /* vm.compact_unevictable_allowed */
	struct pt_maybe compact_proactive;   /* vm.compaction_proactiveness */
	struct pt_maybe khugepaged;          /* defrag of khugepaged */
};

/*
 * The rows of every table, dearest first, at most `rows` of each; stacks are left without names (view.h). elapsed since
 * the last call gives the rates. 0 or -ENOMEM.
 */
int pt_tally_view(struct pt_tally *tally, uint64_t now_ns, size_t rows, const struct pt_tally_system *system,
		  struct pt_fault_view *ret);

#endif
