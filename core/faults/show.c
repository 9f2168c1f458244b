/*
 * Views of the watch: tables of the tally with the names in them. Names that were asked for before are at hand; new ones
 * are looked up as long as there is time, the others with the next view.
 */
#include "core/faults/watching.h"

#define SECOND_NS 1000000000ull
#define SYSTEM_NS (10 * SECOND_NS) /* between two looks at the settings of the system */

/* ---- views ------------------------------------------------------------------------------------------------------ */

/* Stacks of an earlier image have no names any more; those there is no time for have none yet. */
static void name_stack(struct pt_fault_watch *w, struct pt_fault_stack_row *row, bool in_time)
{
	if (!row->id)
		return;
	pthread_mutex_lock(&w->tables);
	const struct pt_stack *stack = pt_stacks_get(w->stacks, row->id);
	pthread_mutex_unlock(&w->tables);
	pthread_mutex_lock(&w->naming);
	struct pt_unwinder *u = in_time && stack->image == w->image ? w->unwinder : NULL;
	if (pt_fault_name_calls(u, stack, false, &row->calls) == 0)
		row->n_calls = stack->n;
	pthread_mutex_unlock(&w->naming);
	row->complete = stack->complete;
}

static void name_stacks(struct pt_fault_watch *w, struct pt_fault_view *view, bool last)
{
	uint64_t began = pt_watch_now(w, PT_CLOCK_THREAD_CPU);
	uint64_t most = (uint64_t)(w->pace.budget * (double)SECOND_NS / 2);
	bool in_time = true;
	for (size_t i = 0; i < view->n_stacks; i++) {
		in_time = in_time && (last || pt_watch_now(w, PT_CLOCK_THREAD_CPU) - began < most);
		name_stack(w, &view->stacks[i], in_time);
	}
}

static void describe(struct pt_fault_watch *w, struct pt_fault_view *view)
{
	uint64_t cpu = pt_watch_now(w, PT_CLOCK_THREAD_CPU), elapsed = view->to_ns - w->viewed_ns;
	view->pid = w->pid;
	view->totals = w->totals;
	view->period = w->pace.period;
	view->period_most = w->period_most;
	view->unread = w->unread;
	view->stacks_error = w->stacks_error;
	view->ended = w->ended;
	if (elapsed)
		view->cpu_share = (double)(cpu - w->viewed_spent_ns) / (double)elapsed;
	w->viewed_ns = view->to_ns;
	w->viewed_spent_ns = cpu;
}

static void publish(struct pt_fault_watch *w, struct pt_fault_view *view)
{
	pthread_mutex_lock(&w->lock);
	struct pt_fault_view *old = w->newest;
	w->newest = view;
	w->fresh = true;
	pthread_mutex_unlock(&w->lock);
	pt_fault_view_unref(old);
	pt_watch_notify(w->ready);
}

void pt_watch_show(struct pt_fault_watch *w, bool last)
{
	struct pt_fault_view *view = pt_fault_view_new();
	uint64_t at = pt_watch_now(w, PT_CLOCK_MONOTONIC);
	if (!view)
		return;
	if (at >= w->system_ns) {
		pt_fault_system_read(w->k, &w->system);
		w->system_ns = at + SYSTEM_NS;
	}
	pt_watch_count(w);
	pthread_mutex_lock(&w->tables);
	int error = pt_tally_view(w->tally, at, w->options.rows, &w->system, view);
	pt_besides_show(&w->besides, w->options.rows, view);
	pthread_mutex_unlock(&w->tables);
	if (error) {
		pt_fault_view_unref(view);
		return;
	}
	name_stacks(w, view, last);
	pt_fault_name_threads(w->k, view);
	pt_fault_name_nodes(&w->nodes, view);
	describe(w, view);
	publish(w, view);
}

/* The next view is not before this one has been paid for, at half the budget. */
void pt_watch_show_in_time(struct pt_fault_watch *w)
{
	uint64_t at = pt_watch_now(w, PT_CLOCK_MONOTONIC), cpu = w->spent_ns;
	if (at < w->next_view_ns)
		return;
	pt_watch_show(w, false);
	pt_watch_settle(w);
	uint64_t least = (uint64_t)((double)(w->spent_ns - cpu) / (w->pace.budget / 2));
	w->next_view_ns = at + (least > w->options.interval_ns ? least : w->options.interval_ns);
	pt_watch_change_period(w, pt_fault_pace_counted(&w->pace, at, w->totals.minor + w->totals.major));
	pt_watch_settle(w);
}
