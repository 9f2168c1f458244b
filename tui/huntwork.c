/*
 * See huntwork.h. The hunt is the thread's own: opened at the request, closed when the worker ends.
 */
#include "tui/huntwork.h"

#include <errno.h>
#include <stdlib.h>

struct state {
	const struct ui_hunt_ops *ops;
	void *hunt; /* NULL: not open */
};

static void work(struct ui_worker *worker, void *arg, const void *request_arg)
{
	const struct ui_hunt_request *request = request_arg;
	struct state *s = arg;
	struct ui_hunt_opened *opened = calloc(1, sizeof *opened);
	if (!opened)
		return;
	if (!s->hunt)
		opened->error = s->ops->open(&s->hunt, request->pid, &request->options);
	if (opened->error)
		s->hunt = NULL;
	opened->hunt = s->hunt;
	ui_worker_publish(worker, opened);
}

static void end(void *arg)
{
	struct state *s = arg;
	if (s->hunt)
		s->ops->close(s->hunt);
	free(s);
}

int ui_huntwork_new(struct ui_worker **ret, const struct ui_hunt_ops *ops)
{
	static const struct ui_worker_ops worker = {sizeof(struct ui_hunt_request), work, free, end};
	struct state *s = calloc(1, sizeof *s);
	if (s)
		s->ops = ops;
	int error = s ? ui_worker_new(ret, &worker, s) : -ENOMEM;
	if (error)
		free(s);
	return error;
}
