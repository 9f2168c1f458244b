/*
 * The live source of views of faults (faultwork.h): the watch of core/faults on this machine's kernel.
 */
#include "core/faults/watch.h"
#include "tui/faultwork.h"

#define ROWS 300 /* of each table: more than anyone reads, and stacks enough for a tree */

static int live_open(void **ret, const struct ui_fault_request *request, void *source)
{
	struct pt_fault_watch_options options = {
		.budget = request->budget, .stacks = true, .rows = ROWS, .spent = true, .allocs = request->allocs};
	struct pt_fault_watch *watch;
	struct pt_kernel *kernel;
	(void)source;
	int error = pt_kernel_linux_new(&kernel, "/", 0);
	if (!error)
		error = pt_fault_watch_new(&watch, kernel, request->pid, &options);
	if (!error)
		*ret = watch;
	return error;
}

static void live_close(void *self)
{
	pt_fault_watch_free(self);
}

static int live_calls(void *self, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n)
{
	return pt_fault_watch_calls(self, id, ret, ret_n);
}

static pt_stack_id live_birth(void *self, uint64_t address, uint64_t *ret_time_ns)
{
	return pt_fault_watch_birth(self, address, ret_time_ns);
}

static bool live_alloc(void *self, uint64_t pfn, struct pt_alloc *ret, char *ret_flags, size_t size)
{
	return pt_fault_watch_alloc(self, pfn, ret, ret_flags, size);
}

static int live_fd(void *self)
{
	return pt_fault_watch_fd(self);
}

static struct pt_fault_view *live_take(void *self)
{
	return pt_fault_watch_take(self);
}

static void live_snapshot(void *self, struct pt_snapshot *snapshot)
{
	pt_fault_watch_snapshot(self, snapshot);
}

static void live_steps(void *self, bool on)
{
	pt_fault_watch_steps(self, on);
}

static struct pt_fault_step *live_step(void *self)
{
	return pt_fault_watch_step(self);
}

const struct ui_fault_ops ui_faults_live = {.open = live_open,
					    .calls = live_calls,
					    .birth = live_birth,
					    .alloc = live_alloc,
					    .free_calls = pt_fault_calls_free,
					    .close = live_close,
					    .fd = live_fd,
					    .take = live_take,
					    .snapshot = live_snapshot,
					    .steps = live_steps,
					    .step = live_step};
