/*
 * See besides.h.
 */
#include "core/faults/besides.h"

#include <errno.h>

#define ALLOC_BYTES (16u << 20)

void pt_besides_open(struct pt_besides *b, struct pt_kernel *k, pid_t pid, const struct pt_fault_watch_options *options,
		     uint64_t period)
{
	*b = (struct pt_besides){.spent_error = -ENODATA, .allocs_error = -ENODATA};
	if (options->spent)
		b->spent_error = pt_spent_open(&b->spent, k, pid);
	if (options->allocs)
		b->allocs_error = pt_allocs_open(&b->allocs, k, pid, period, options->from_exec, ALLOC_BYTES);
}

void pt_besides_close(struct pt_besides *b)
{
	pt_spent_close(b->spent);
	pt_allocs_close(b->allocs);
	b->spent = NULL;
	b->allocs = NULL;
}

void pt_besides_take(struct pt_besides *b)
{
	if (b->spent)
		pt_spent_take(b->spent);
	if (b->allocs)
		pt_allocs_take(b->allocs);
}

void pt_besides_set_period(struct pt_besides *b, uint64_t period)
{
	if (b->allocs)
		pt_allocs_set_period(b->allocs, period);
}

void pt_besides_show(const struct pt_besides *b, size_t rows, struct pt_fault_view *view)
{
	view->spent_error = b->spent_error;
	view->allocs_error = b->allocs_error;
	if (b->spent) {
		struct pt_spent_totals totals = pt_spent_totals(b->spent);
		view->cpu_ns = (struct pt_maybe){.value = totals.cpu_ns, .known = true};
		view->faults_ns = (struct pt_maybe){.value = totals.faults_ns, .known = true};
		view->fault_samples = totals.in_faults;
	}
	if (b->allocs)
		view->allocs_error = pt_allocs_rows(b->allocs, rows, &view->allocs, &view->n_allocs,
						    &view->allocs_left_out);
}
