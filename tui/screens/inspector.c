/*
 * See inspector.h. It has a kernel of its own, so that a target that hangs hangs this thread alone.
 */
#include "tui/screens/inspector.h"

#include <errno.h>
#include <stdlib.h>

#include "tui/now.h"

struct state {
	const struct ui_inspect_ops *source;
	void *self; /* NULL until the first request */
};

void ui_inspection_free(void *inspection)
{
	struct ui_inspection *i = inspection;
	if (!i)
		return;
	free(i->contents);
	free(i);
}

static void read_contents(struct state *s, const struct ui_inspector_request *request, struct ui_inspection *i)
{
	i->asked_contents = true;
	uint8_t *bytes = malloc((size_t)1 << i->facts.page_shift);
	i->contents_error = bytes ? s->source->contents(s->self, request->pid, i->facts.address, bytes) : -ENOMEM;
	if (i->contents_error)
		free(bytes);
	else
		i->contents = bytes;
}

static void work(struct ui_worker *worker, void *state, const void *arg)
{
	struct state *s = state;
	const struct ui_inspector_request *request = arg;
	struct ui_inspection *i = calloc(1, sizeof *i);
	if (!i)
		return;
	i->address = request->address;
	i->error = s->self ? 0 : s->source->open(&s->self);
	if (!i->error)
		i->error = s->source->page(s->self, request->pid, request->address, &request->signals, &i->facts);
	if (!i->error && request->contents)
		read_contents(s, request, i);
	i->realtime_ns = ui_now(CLOCK_REALTIME);
	ui_worker_publish(worker, i);
}

static void close_state(void *state)
{
	struct state *s = state;
	if (s->self)
		s->source->close(s->self);
	free(s);
}

int ui_inspector_new(struct ui_worker **ret, const struct ui_inspect_ops *source)
{
	static const struct ui_worker_ops ops = {sizeof(struct ui_inspector_request), work, ui_inspection_free,
						 close_state};
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->source = source;
	int error = ui_worker_new(ret, &ops, s);
	if (error)
		free(s);
	return error;
}
