/*
 * Who grew what, by stack: the stacks of a time, or of two runs beside each other. Addresses mean nothing from one run to
 * the next, so a call is the same by its place in a module of the same build id; by the name of its function where the
 * program was built anew; else by its place in a file of the same name. Pure.
 */
#ifndef PT_FAULTS_GROWN_H
#define PT_FAULTS_GROWN_H

#include "core/faults/view.h"

struct pt_fault_grown_row {
	const struct pt_fault_stack_row *was, *is; /* one of those that are the same; NULL: there is none */
	uint64_t events_before, events;            /* of all of them */
	uint64_t born_before, born;                /* bytes */
};

/*
 * Rows in the order of what they brought more than before. before NULL: of one time alone. Views must outlive the rows;
 * free() *ret. How many, or -ENOMEM.
 */
ssize_t pt_fault_grown(const struct pt_fault_view *before, const struct pt_fault_view *after,
		       struct pt_fault_grown_row **ret);

#endif
