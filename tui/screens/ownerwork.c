/*
 * See ownerwork.h. All functions but the two public ones run in the worker's thread. What was read is handed out as a
 * copy, a few times a second.
 */
#include "tui/screens/ownerwork.h"

#include <errno.h>
#include <stdlib.h>

#define TELL_NS 300000000u

struct state {
	int (*open)(struct pt_kernel **ret);
	struct pt_kernel *k; /* NULL until the first request */
};

/* One reading. */
struct reading {
	const struct ui_owner_request *request;
	struct pt_page_owner_file file;
	struct pt_page_owner *po; /* NULL: it failed before */
	struct ui_worker *worker;
	unsigned page_shift;
};

void ui_owner_answer_free(void *answer)
{
	struct ui_owner_answer *a = answer;
	if (!a)
		return;
	pt_alloc_list_free(&a->list);
	free(a);
}

/* r as pt_page_owner_read has it, or 1 where it was stopped. */
static void tell(const struct reading *reading, int r, bool stopped)
{
	struct ui_owner_answer *a = calloc(1, sizeof *a);
	if (!a)
		return;
	a->error = r < 0 ? r : 0;
	a->keys = reading->request->keys;
	a->serial = reading->request->serial;
	a->done = reading->file.done;
	a->total = reading->file.total;
	a->finished = r == 0;
	a->stopped = stopped;
	a->page_shift = reading->page_shift;
	if (!a->error && reading->po)
		a->error = pt_page_owner_list(reading->po, &a->list);
	ui_worker_publish(reading->worker, a);
}

static void read_all(struct pt_kernel *k, struct reading *reading)
{
	uint64_t told = k->ops->now(k, PT_CLOCK_MONOTONIC);
	int r;
	while ((r = pt_page_owner_read(k, &reading->file, reading->po)) > 0 &&
	       !ui_worker_interrupted(reading->worker)) {
		uint64_t now = k->ops->now(k, PT_CLOCK_MONOTONIC);
		if (now - told < TELL_NS)
			continue;
		tell(reading, r, false);
		told = now;
	}
	tell(reading, r, r > 0);
}

static void work(struct ui_worker *worker, void *state, const void *arg)
{
	struct state *s = state;
	struct reading reading = {.request = arg, .worker = worker};
	const char *path = reading.request->path;
	int error = s->k ? 0 : s->open(&s->k);
	if (reading.request->stop)
		return;
	if (!error && s->k)
		error = pt_page_owner_open(s->k, *path ? path : NULL, &reading.file);
	if (error || !s->k) {
		tell(&reading, error, false);
		return;
	}
	reading.page_shift = s->k->page_shift;
	error = pt_page_owner_new(&reading.po, reading.request->keys, NULL, NULL);
	if (error)
		tell(&reading, error, false);
	else
		read_all(s->k, &reading);
	pt_page_owner_free(reading.po);
	pt_page_owner_close(s->k, &reading.file);
}

static void close_state(void *state)
{
	struct state *s = state;
	pt_kernel_free(s->k);
	free(s);
}

int ui_ownerwork_new(struct ui_worker **ret, int (*kernel)(struct pt_kernel **ret))
{
	static const struct ui_worker_ops ops = {sizeof(struct ui_owner_request), work, ui_owner_answer_free,
						 close_state};
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->open = kernel;
	int error = ui_worker_new(ret, &ops, s);
	if (error)
		free(s);
	return error;
}
