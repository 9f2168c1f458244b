/*
 * Views: their life, and the words of the contract. A view owns its rows, names and calls.
 */
#include "core/faults/view.h"

#include <errno.h>
#include <stdlib.h>

static const char *const causes[PT_REPEAT_N] = {
	[PT_REPEAT_UNKNOWN] = "unknown",
	[PT_REPEAT_COMPACTION] = "compaction",
	[PT_REPEAT_KHUGEPAGED] = "khugepaged",
	[PT_REPEAT_NUMA_BALANCING] = "numa-balancing",
	[PT_REPEAT_KSM] = "ksm",
	[PT_REPEAT_FORK] = "fork",
	[PT_REPEAT_SOFT_DIRTY] = "soft-dirty",
	[PT_REPEAT_RECLAIM] = "reclaim",
	[PT_REPEAT_FREED] = "freed",
	[PT_REPEAT_ZERO_PAGE] = "zero-page",
	[PT_REPEAT_WRITEBACK] = "writeback",
};

const char *pt_repeat_cause_name(enum pt_repeat_cause cause)
{
	return causes[(unsigned)cause < PT_REPEAT_N ? cause : PT_REPEAT_UNKNOWN];
}

void pt_fault_calls_free(struct pt_fault_call *calls, size_t n)
{
	for (size_t i = 0; calls && i < n; i++) {
		free(calls[i].symbol);
		free(calls[i].module);
		free(calls[i].file);
		free(calls[i].build_id);
	}
	free(calls);
}

struct pt_fault_view *pt_fault_view_new(void)
{
	struct pt_fault_view *view = calloc(1, sizeof(*view));
	if (view) {
		view->refs = 1;
		view->cpu_share = -1;
		view->allocs_error = view->spent_error = -ENODATA; /* until somebody asks */
	}
	return view;
}

struct pt_fault_view *pt_fault_view_ref(struct pt_fault_view *view)
{
	__atomic_add_fetch(&view->refs, 1, __ATOMIC_RELAXED);
	return view;
}

void pt_fault_view_unref(struct pt_fault_view *view)
{
	if (!view || __atomic_sub_fetch(&view->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < view->n_stacks; i++)
		pt_fault_calls_free(view->stacks[i].calls, view->stacks[i].n_calls);
	for (size_t i = 0; i < view->n_vmas; i++)
		free(view->vmas[i].name);
	for (size_t i = 0; i < view->n_repeaters; i++) {
		free(view->repeaters[i].name);
		free(view->repeaters[i].text);
	}
	for (size_t i = 0; i < view->n_growers; i++)
		free(view->growers[i].name);
	for (size_t i = 0; i < view->n_allocs; i++)
		free(view->allocs[i].flags);
	free(view->stacks);
	free(view->vmas);
	free(view->growers);
	free(view->addresses);
	free(view->threads);
	free(view->cpus);
	free(view->repeaters);
	free(view->allocs);
	free(view);
}
