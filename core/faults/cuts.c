/*
 * Steps of the watch (step.h): a turn that has a newer frame ends with a cut, once what came up to then was counted. One
 * step waits until it is taken; meanwhile the next one goes on.
 */
#include <errno.h>

#include "core/faults/watching.h"

#define CELLS_MAX 65536 /* between two frames */

/* ---- the thread ------------------------------------------------------------------------------------------------- */

void pt_watch_begin_steps(struct pt_fault_watch *w)
{
	pthread_mutex_lock(&w->lock);
	unsigned wanted = w->steps_wanted;
	pthread_mutex_unlock(&w->lock);
	if (wanted == w->steps_now)
		return;
	pt_fault_steps_free(w->steps);
	pt_watch_count(w);
	w->steps = wanted ? pt_fault_steps_new(w->pid, CELLS_MAX, pt_watch_now(w, PT_CLOCK_MONOTONIC), &w->totals)
			  : NULL;
	if (w->steps)
		pt_fault_steps_period(w->steps, w->pace.period);
	w->steps_now = wanted;
}

/* Without lines of the source: the first of a library takes longer than there is time for. */
static int name(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n, bool *ret_complete)
{
	struct pt_fault_watch *w = arg;
	pthread_mutex_lock(&w->tables);
	const struct pt_stack *stack = pt_stacks_get(w->stacks, id);
	pthread_mutex_unlock(&w->tables);
	pthread_mutex_lock(&w->naming);
	int error = pt_fault_name_calls(stack->image == w->image ? w->unwinder : NULL, stack, false, ret);
	pthread_mutex_unlock(&w->naming);
	*ret_n = stack->n;
	*ret_complete = stack->complete;
	return error;
}

void pt_watch_cut(struct pt_fault_watch *w, const struct pt_snapshot *frame, bool last)
{
	const struct pt_fault_naming naming = {name, w};
	struct pt_fault_step *step;
	pthread_mutex_lock(&w->lock);
	bool room = last || !w->n_ready_steps;
	pthread_mutex_unlock(&w->lock);
	if (!w->steps || !frame || !room)
		return;
	pt_watch_count(w);
	if (pt_fault_steps_cut(w->steps, frame, pt_watch_now(w, PT_CLOCK_MONOTONIC), &w->totals, &naming, &step) < 0)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->steps_wanted == w->steps_now && w->n_ready_steps < PT_READY_STEPS) {
		w->ready_steps[w->n_ready_steps++] = step;
		step = NULL;
	}
	pthread_mutex_unlock(&w->lock);
	pt_fault_step_unref(step);
	pt_watch_notify(w->ready);
}

/* ---- from any thread -------------------------------------------------------------------------------------------- */

void pt_fault_watch_steps(struct pt_fault_watch *w, bool on)
{
	pthread_mutex_lock(&w->lock);
	w->steps_wanted = on ? ++w->steps_asked : 0;
	while (w->n_ready_steps)
		pt_fault_step_unref(w->ready_steps[--w->n_ready_steps]);
	pthread_mutex_unlock(&w->lock);
}

struct pt_fault_step *pt_fault_watch_step(struct pt_fault_watch *w)
{
	pthread_mutex_lock(&w->lock);
	struct pt_fault_step *step = w->n_ready_steps ? w->ready_steps[0] : NULL;
	if (step) {
		w->ready_steps[0] = w->ready_steps[1];
		w->n_ready_steps--;
	}
	pthread_mutex_unlock(&w->lock);
	return step;
}
