/*
 * The source of views of faults (faultwork.h) that is a recording. Adding up faults of hours may take a while, so a thread
 * does it, which has a reader of its own: left behind, it takes the file with it.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/record/faults.h"
#include "tui/faultwork.h"

#define ROWS 300 /* stacks */

struct between {
	uint64_t from_seq, to_seq;
};

/* ---- the thread that adds up ------------------------------------------------------------------------------------ */

static void work(struct ui_worker *worker, void *reader, const void *request)
{
	const struct between *between = request;
	struct pt_fault_view *view = NULL;
	int error = pt_reader_faults(reader, between->from_seq, between->to_seq, ROWS, &view);
	if (error == -ENODATA) /* none yet, at its first frame */
		view = pt_fault_view_new();
	if (view)
		ui_worker_publish(worker, view);
}

static void drop(void *view)
{
	pt_fault_view_unref(view);
}

static void end(void *reader)
{
	pt_reader_close(reader);
}

/* ---- the source ------------------------------------------------------------------------------------------------- */

struct recorded {
	struct ui_worker *adder;
	struct pt_reader *reader; /* the source, borrowed: of the thread that asks for calls */
};

static void *source_of(void *reader)
{
	struct pt_reader *own;
	return pt_reader_again(reader, &own) == 0 ? own : NULL;
}

static int open_recorded(void **ret, const struct ui_fault_request *request, void *source)
{
	static const struct ui_worker_ops ops = {sizeof(struct between), work, drop, end};
	struct recorded *r = calloc(1, sizeof *r);
	struct pt_reader *own = NULL;
	(void)request;
	int error = r ? pt_reader_again(source, &own) : -ENOMEM;
	if (!error)
		error = ui_worker_new(&r->adder, &ops, own);
	if (error) {
		pt_reader_close(own);
		free(r);
		return error;
	}
	r->reader = source;
	*ret = r;
	return 0;
}

static void close_recorded(void *self)
{
	struct recorded *r = self;
	ui_worker_free(r->adder, 0);
	free(r);
}

static int recorded_calls(void *self, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n)
{
	return pt_reader_fault_calls(((struct recorded *)self)->reader, id, ret, ret_n);
}

/* Which stack touched a page first is not in a recording, nor what the kernel allocated. */
static pt_stack_id recorded_birth(void *self, uint64_t address, uint64_t *ret_time_ns)
{
	(void)self;
	(void)address;
	*ret_time_ns = 0;
	return 0;
}

static bool recorded_alloc(void *self, uint64_t pfn, struct pt_alloc *ret, char *ret_flags, size_t size)
{
	(void)self;
	(void)pfn;
	(void)ret;
	(void)ret_flags;
	(void)size;
	return false;
}

static int recorded_fd(void *self)
{
	return ui_worker_fd(((struct recorded *)self)->adder);
}

static struct pt_fault_view *recorded_take(void *self)
{
	return ui_worker_take(((struct recorded *)self)->adder);
}

static void recorded_between(void *self, uint64_t from_seq, uint64_t to_seq)
{
	const struct between between = {from_seq, to_seq};
	ui_worker_ask(((struct recorded *)self)->adder, &between);
}

const struct ui_fault_ops ui_faults_replayed = {.source = source_of,
						.let_go = end,
						.open = open_recorded,
						.calls = recorded_calls,
						.birth = recorded_birth,
						.alloc = recorded_alloc,
						.free_calls = pt_fault_calls_free,
						.close = close_recorded,
						.fd = recorded_fd,
						.take = recorded_take,
						.between = recorded_between};
