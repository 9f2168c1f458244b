/*
 * The steps of a hunt; see run.h.
 */
#include "core/hunt/run.h"

#include <errno.h>
#include <string.h>

int pt_hunt_run(struct pt_hunt_run *run, struct pt_hunt_result *ret)
{
	struct pt_memory memory = {0};
	int error = pt_memory_look(&memory, run->target, run->options.swapped);
	if (!error) {
		ret->view = pt_hunt_view_new();
		error = ret->view ? 0 : -ENOMEM;
	}
	if (!error) {
		ret->view->pid = run->target->pid;
		ret->view->sites_error = -ENODATA;
		ret->view->why = strdup("the parts of the hunt are not in this build yet");
	}
	pt_memory_free(&memory);
	return error;
}
