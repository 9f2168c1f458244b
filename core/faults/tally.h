/*
 * Faults counted: by kind, VMA, address, thread, CPU and stack; which addresses fault again and again; which stack first
 * touched each page, and how many of those are still there. Bounded: what there is no room for is counted in the sums
 * and as left out. Owned and used by one thread; core/faults/view.h is what others get.
 */
#ifndef PT_FAULTS_TALLY_H
#define PT_FAULTS_TALLY_H

#include "core/faults/join.h"
#include "core/faults/system.h"
#include "core/faults/view.h"

struct pt_tally;

/* from_ns: when faults began to be told, CLOCK_MONOTONIC. NULL: out of memory. */
struct pt_tally *pt_tally_new(unsigned page_shift, size_t bytes_max, uint64_t from_ns);
void pt_tally_free(struct pt_tally *tally); /* NULL is fine */
void pt_tally_add(struct pt_tally *tally, const struct pt_joined *fault);
/* Bytes of memory that a fault brought, weight included: not what was on swap before, nor the zero page. */
uint64_t pt_joined_born(const struct pt_joined *fault, unsigned page_shift);
/* Of a process that it forked: counted, no more. */
void pt_tally_child(struct pt_tally *tally, const struct pt_fault *fault);
/* The process forked: from then on its private pages are shared until they are written to. */
void pt_tally_forked(struct pt_tally *tally, uint64_t time_ns);
/*
 * Which of the pages that were born under its eyes are still there, what became of those that fault again and again, and
 * what VMAs are called. A reference is taken.
 */
void pt_tally_snapshot(struct pt_tally *tally, struct pt_snapshot *snapshot);
/* VMAs as they were at some time, for rows' names; a reference is taken. Those of snapshots are taken by themselves. */
void pt_tally_vmas(struct pt_tally *tally, struct pt_vma_table *vmas, uint64_t ns);
/* The stack that first touched this page since pagetop came, and when; 0: not seen. */
pt_stack_id pt_tally_birth(const struct pt_tally *tally, uint64_t address, uint64_t *ret_time_ns);
/* The process became another program: what addresses say is forgotten, sums stay. */
void pt_tally_execed(struct pt_tally *tally);

/*
 * Fills in the times and the rows of every table, dearest first, at most `rows` of each; what is of the stream and the
 * watch, names of threads, nodes and calls of stacks is left as it is. The elapsed time since the last calls gives the
 * rates. 0 or -ENOMEM.
 */
int pt_tally_view(struct pt_tally *tally, uint64_t now_ns, size_t rows, const struct pt_fault_system *system,
		  struct pt_fault_view *ret);

#endif
