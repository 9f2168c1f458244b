/*
 * The live source of hunts (huntwork.h): core/hunt on this machine's kernel.
 */
#include "tui/huntwork.h"

static int live_open(void **ret, pid_t pid, const struct pt_hunt_options *options)
{
	struct pt_kernel *kernel;
	struct pt_hunt *hunt;
	int error = pt_kernel_linux_new(&kernel, "/", 0);
	if (!error)
		error = pt_hunt_new(&hunt, kernel, pid, options);
	if (!error)
		*ret = hunt;
	return error;
}

static void live_close(void *self)
{
	pt_hunt_free(self);
}

static int live_fd(void *self)
{
	return pt_hunt_fd(self);
}

static struct pt_hunt_progress live_progress(void *self)
{
	return pt_hunt_progress(self);
}

static struct pt_hunt_view *live_take(void *self, int *ret_error)
{
	return pt_hunt_take(self, ret_error);
}

static int live_pages(void *self, struct pt_heap_page **ret, size_t *ret_n)
{
	return pt_hunt_pages(self, ret, ret_n);
}

static void live_ask(void *self, uint64_t address)
{
	pt_hunt_ask_for(self, address);
}

static struct pt_object *live_answer(void *self, int *ret_error)
{
	return pt_hunt_answer(self, ret_error);
}

const struct ui_hunt_ops ui_hunt_live = {.open = live_open,
					 .close = live_close,
					 .fd = live_fd,
					 .progress = live_progress,
					 .take = live_take,
					 .pages = live_pages,
					 .ask = live_ask,
					 .answer = live_answer,
					 .free_object = pt_object_free};
