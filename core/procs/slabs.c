/*
 * See slabs.h. The library's own sum of a cache multiplies its objects, not its slabs, by pages: it is not used.
 */
#include "core/procs/slabs.h"

#include <errno.h>
#include <libproc2/slabinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum item { AT_NAME, AT_OBJECTS, AT_ACTIVE, AT_SIZE, AT_SLABS, AT_PAGES, AT_N };

#define NUMBER(at, stack) ((stack)->head[at].result.u_int)

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct pt_slab *)a)->name, ((const struct pt_slab *)b)->name);
}

static void copy(struct pt_slab *slab, const struct slabinfo_stack *stack)
{
	const char *name = stack->head[AT_NAME].result.str;
	*slab = (struct pt_slab){.objects = NUMBER(AT_OBJECTS, stack),
				 .active = NUMBER(AT_ACTIVE, stack),
				 .object_size = NUMBER(AT_SIZE, stack),
				 .slabs = NUMBER(AT_SLABS, stack),
				 .pages = NUMBER(AT_PAGES, stack)};
	snprintf(slab->name, sizeof slab->name, "%s", name ? name : "");
}

static int reap(struct slabinfo_info *info, struct pt_slab_list *ret)
{
	static const enum slabinfo_item items[AT_N] = {
		[AT_NAME] = SLAB_NAME,     [AT_OBJECTS] = SLAB_NUM_OBJS, [AT_ACTIVE] = SLAB_ACTIVE_OBJS,
		[AT_SIZE] = SLAB_OBJ_SIZE, [AT_SLABS] = SLAB_NUMS_SLABS, [AT_PAGES] = SLAB_PAGES_PER_SLAB,
	};
	enum slabinfo_item mine[AT_N];
	memcpy(mine, items, sizeof mine);
	errno = 0;
	const struct slabinfo_reaped *got = procps_slabinfo_reap(info, mine, AT_N);
	if (!got)
		return errno ? -errno : -EIO;
	ret->v = malloc(((size_t)got->total + 1) * sizeof *ret->v);
	if (!ret->v)
		return -ENOMEM;
	for (ret->n = 0; ret->n < (size_t)got->total; ret->n++)
		copy(&ret->v[ret->n], got->stacks[ret->n]);
	qsort(ret->v, ret->n, sizeof *ret->v, by_name);
	return 0;
}

int pt_slabs_read(struct pt_slab_list *ret)
{
	struct slabinfo_info *info = NULL;
	struct pt_slab_list list = {0};
	int error = procps_slabinfo_new(&info);
	if (error < 0)
		return error;
	error = reap(info, &list);
	procps_slabinfo_unref(&info);
	if (!error)
		*ret = list;
	return error;
}

void pt_slabs_free(struct pt_slab_list *list)
{
	free(list->v);
	*list = (struct pt_slab_list){0};
}

const struct pt_slab *pt_slab_named(const struct pt_slab_list *list, const char *name)
{
	struct pt_slab key;
	snprintf(key.name, sizeof key.name, "%s", name);
	return list->n ? bsearch(&key, list->v, list->n, sizeof key, by_name) : NULL;
}
