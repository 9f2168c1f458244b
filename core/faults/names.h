/*
 * Names in a view: of the calls of stacks, of threads, and the nodes of CPUs.
 */
#ifndef PT_FAULTS_NAMES_H
#define PT_FAULTS_NAMES_H

#include "core/faults/view.h"
#include "core/perf/cpus.h"
#include "core/unwind/unwind.h"

/*
 * The calls of a stack, malloc'ed (pt_fault_calls_free). u NULL: without names. Lines of the source are dear: only where
 * asked for. 0 or -ENOMEM.
 */
int pt_fault_name_calls(struct pt_unwinder *u, const struct pt_stack *stack, bool with_line,
			struct pt_fault_call **ret);
/* Of the rows of threads and CPUs. */
void pt_fault_name_threads(struct pt_kernel *k, struct pt_fault_view *view);
void pt_fault_name_nodes(const struct pt_cpu_nodes *nodes, struct pt_fault_view *view);

#endif
