/*
 * Words that the kernel holds for the process. A kernel that does not show them, or not to us, has none that we know of.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hunt/roots_parts.h"

static int add_all(struct pt_gather *g, struct pt_kept_list *list, enum pt_root_kind kind)
{
	int error = 0;
	for (size_t i = 0; i < list->n && !error; i++)
		error = pt_gather_word(
			g, (struct pt_root_word){.value = list->v[i].value, .kind = kind, .fd = list->v[i].fd});
	free(list->v);
	return error;
}

int pt_gather_kernel(struct pt_gather *g)
{
	const struct pt_target *target = g->memory->target;
	struct pt_kept_list epolls = {0}, timers = {0};
	int error = pt_read_epolls(target->k, target->task, &epolls);
	int other = pt_read_timers(target->k, target->task, &timers);
	error = error == -ENOMEM || other == -ENOMEM ? -ENOMEM : 0;
	int added = add_all(g, &epolls, PT_ROOT_EPOLL);
	other = add_all(g, &timers, PT_ROOT_TIMER);
	return error ? error : added ? added : other;
}
