/*
 * See faultwork.h. The watch is the thread's own: opened at the first request, closed when the worker ends.
 */
#include "tui/faultwork.h"

#include <errno.h>
#include <stdlib.h>

struct state {
	const struct ui_fault_ops *ops;
	void *source;
	bool opened;
	void *watch;
};

void ui_fault_answer_free(void *answer)
{
	struct ui_fault_answer *a = answer;
	if (a && a->calls)
		a->ops->free_calls(a->calls, a->n_calls);
	free(a);
}

static int open_watch(struct state *s, const struct ui_fault_request *request)
{
	if (s->opened)
		return 0;
	int error = s->ops->open(&s->watch, request, s->source);
	s->opened = !error;
	return error;
}

static void look_up(const struct state *s, struct ui_fault_answer *a)
{
	a->has_alloc = a->want.birth && a->want.pfn &&
		       s->ops->alloc(s->watch, a->want.pfn, &a->alloc, a->alloc_flags, sizeof a->alloc_flags);
	a->stack = a->want.birth ? s->ops->birth(s->watch, a->want.address, &a->birth_ns) : a->want.stack;
	if (!a->stack)
		return;
	a->calls_error = s->ops->calls(s->watch, a->stack, &a->calls, &a->n_calls);
	if (a->calls_error) {
		a->calls = NULL;
		a->n_calls = 0;
	}
}

static void work(struct ui_worker *worker, void *arg, const void *request_arg)
{
	const struct ui_fault_request *request = request_arg;
	struct state *s = arg;
	struct ui_fault_answer *a = calloc(1, sizeof *a);
	if (!a)
		return;
	a->ops = s->ops;
	a->want = request->want;
	a->version = request->version;
	a->error = open_watch(s, request);
	a->watch = s->watch;
	if (!a->error)
		look_up(s, a);
	ui_worker_publish(worker, a);
}

static void end(void *arg)
{
	struct state *s = arg;
	if (s->opened)
		s->ops->close(s->watch);
	if (s->source)
		s->ops->let_go(s->source);
	free(s);
}

int ui_faultwork_new(struct ui_worker **ret, const struct ui_fault_ops *ops, void *source)
{
	static const struct ui_worker_ops worker = {sizeof(struct ui_fault_request), work, ui_fault_answer_free, end};
	struct state *s = calloc(1, sizeof *s);
	if (s)
		*s = (struct state){.ops = ops, .source = source};
	int error = s ? ui_worker_new(ret, &worker, s) : -ENOMEM;
	if (error)
		free(s);
	return error;
}
