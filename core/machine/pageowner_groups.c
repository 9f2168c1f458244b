/*
 * Groups of allocations: larger ones out of smaller ones, and their order; see pageowner.h. Groups are made by sorting by
 * what they are to be alike in, where stacks are told by where they lie in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/machine/pageowner.h"

void pt_alloc_list_free(struct pt_alloc_list *list)
{
	free(list->v);
	free(list->stacks);
	*list = (struct pt_alloc_list){0};
}

static unsigned differing(const struct pt_alloc_group *a, const struct pt_alloc_group *b)
{
	return (a->stack != b->stack ? PT_ALLOC_STACK : 0) | (a->tgid != b->tgid ? PT_ALLOC_TGID : 0) |
	       (a->pid != b->pid ? PT_ALLOC_PID : 0) | (strcmp(a->name, b->name) != 0 ? PT_ALLOC_NAME : 0) |
	       (a->allocators != b->allocators ? PT_ALLOC_ALLOCATOR : 0);
}

void pt_alloc_group_add(struct pt_alloc_group *sum, const struct pt_alloc_group *other)
{
	struct pt_alloc_group newest = other->last_ns >= sum->last_ns ? *other : *sum;

	newest.alike = sum->alike & other->alike & ~differing(sum, other);
	newest.times = sum->times + other->times;
	newest.pages = sum->pages + other->pages;
	newest.first_ns = sum->first_ns < other->first_ns ? sum->first_ns : other->first_ns;
	*sum = newest;
}

/* ---- grouping --------------------------------------------------------------------------------------------------- */

static int compare_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_keys(const void *one, const void *another, void *arg)
{
	const struct pt_alloc_group *a = one, *b = another;
	unsigned keys = *(const unsigned *)arg;
	int order = keys & PT_ALLOC_STACK ? compare_number((uintptr_t)a->stack, (uintptr_t)b->stack) : 0;

	if (!order && keys & PT_ALLOC_TGID)
		order = compare_number((uint64_t)a->tgid, (uint64_t)b->tgid);
	if (!order && keys & PT_ALLOC_PID)
		order = compare_number((uint64_t)a->pid, (uint64_t)b->pid);
	if (!order && keys & PT_ALLOC_NAME)
		order = strcmp(a->name, b->name);
	if (!order && keys & PT_ALLOC_ALLOCATOR)
		order = compare_number(a->allocators, b->allocators);
	return order;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

bool pt_alloc_falls(enum pt_alloc_order by)
{
	return by == PT_ALLOC_BY_PAGES || by == PT_ALLOC_BY_TIMES || by == PT_ALLOC_BY_LAST;
}

static int compare_by(enum pt_alloc_order by, const struct pt_alloc_group *a, const struct pt_alloc_group *b)
{
	switch (by) {
	case PT_ALLOC_BY_TIMES: return compare_number(a->times, b->times);
	case PT_ALLOC_BY_AGE: return compare_number(a->first_ns, b->first_ns);
	case PT_ALLOC_BY_LAST: return compare_number(a->last_ns, b->last_ns);
	case PT_ALLOC_BY_STACK: return strcmp(a->stack, b->stack);
	case PT_ALLOC_BY_TGID: return compare_number((uint64_t)a->tgid, (uint64_t)b->tgid);
	case PT_ALLOC_BY_PID: return compare_number((uint64_t)a->pid, (uint64_t)b->pid);
	case PT_ALLOC_BY_NAME: return strcmp(a->name, b->name);
	case PT_ALLOC_BY_ALLOCATOR: return compare_number(a->allocators, b->allocators);
	default: return compare_number(a->pages, b->pages);
	}
}

static int compare_groups(const void *one, const void *another, void *arg)
{
	/* what is equal by those that were asked for is in an order as well, the same each time */
	static const enum pt_alloc_order further[] = {PT_ALLOC_BY_PAGES, PT_ALLOC_BY_STACK, PT_ALLOC_BY_NAME,
						      PT_ALLOC_BY_TGID,  PT_ALLOC_BY_PID,   PT_ALLOC_BY_ALLOCATOR};
	const struct pt_alloc_sort *sort = arg;
	int order = 0;

	for (size_t i = 0; !order && i < sort->n; i++) {
		order = compare_by(sort->v[i].by, one, another);
		order = sort->v[i].falling ? -order : order;
	}
	for (size_t i = 0; !order && i < sizeof(further) / sizeof(*further); i++) {
		order = compare_by(further[i], one, another);
		order = pt_alloc_falls(further[i]) ? -order : order;
	}
	return order;
}

int pt_alloc_list_group(const struct pt_alloc_list *list, const struct pt_alloc_request *request,
			struct pt_alloc_list *ret)
{
	struct pt_alloc_list groups = {.v = calloc(list->n + 1, sizeof(*groups.v)), .damaged = list->damaged};
	unsigned keys = request->keys;
	struct pt_alloc_sort sort = request->sort;
	size_t n = 0;

	if (!groups.v)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++)
		if (!request->only || request->only(request->arg, &list->v[i]))
			groups.v[n++] = list->v[i];
	qsort_r(groups.v, n, sizeof(*groups.v), compare_keys, &keys);
	for (size_t i = 0; i < n; i++) {
		const struct pt_alloc_group g = groups.v[i];
		groups.records += g.times;
		groups.pages += g.pages;
		if (groups.n && !compare_keys(&groups.v[groups.n - 1], &g, &keys))
			pt_alloc_group_add(&groups.v[groups.n - 1], &g);
		else
			groups.v[groups.n++] = g;
	}
	qsort_r(groups.v, groups.n, sizeof(*groups.v), compare_groups, &sort);
	*ret = groups;
	return 0;
}
