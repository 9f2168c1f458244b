/*
 * See grown.h. Each stack gets a key in words; equal keys are one row.
 */
#include "core/faults/grown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stack of one of the two. */
struct keyed {
	char *key;
	const struct pt_fault_stack_row *row;
	bool is; /* of `after` */
};

/* Build ids, in order; borrowed. */
struct builds {
	const char **v;
	size_t n;
};

/* ---- build ids -------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All of a view, each once. False: out of memory. */
static bool list_builds(const struct pt_fault_view *view, struct builds *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < view->n_stacks; i++)
		n += view->stacks[i].n_calls;
	*ret = (struct builds){.v = malloc((n + 1) * sizeof(const char *))};
	if (!ret->v)
		return false;
	n = 0;
	for (size_t i = 0; i < view->n_stacks; i++)
		for (size_t k = 0; k < view->stacks[i].n_calls; k++)
			if (view->stacks[i].calls[k].build_id)
				ret->v[n++] = view->stacks[i].calls[k].build_id;
	qsort(ret->v, n, sizeof(const char *), by_text);
	for (size_t i = 0; i < n; i++)
		if (!ret->n || strcmp(ret->v[ret->n - 1], ret->v[i]) != 0)
			ret->v[ret->n++] = ret->v[i];
	return true;
}

/* Whether both runs have it: else the program was built anew, and places in it are others. */
static bool is_common(const struct builds builds[2], const char *build_id)
{
	for (int i = 0; i < 2; i++)
		if (builds[i].v && !bsearch(&build_id, builds[i].v, builds[i].n, sizeof(const char *), by_text))
			return false;
	return true;
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The words of a call, as snprintf. */
static int put_call(char *at, size_t size, const struct builds builds[2], const struct pt_fault_call *call)
{
	if (call->module && call->build_id && is_common(builds, call->build_id))
		return snprintf(at, size, "b%s+%" PRIx64 "\n", call->build_id, call->module_offset);
	if (call->symbol)
		return snprintf(at, size, "s%s\n", call->symbol);
	if (call->module)
		return snprintf(at, size, "m%s+%" PRIx64 "\n", base_name(call->module), call->module_offset);
	return snprintf(at, size, "?\n"); /* code that was made while it ran */
}

static char *key_of(const struct builds builds[2], const struct pt_fault_stack_row *row)
{
	size_t size = 2, n = 0;
	for (size_t i = 0; i < row->n_calls; i++)
		size += (size_t)put_call(NULL, 0, builds, &row->calls[i]);
	char *key = malloc(size);
	for (size_t i = 0; key && i < row->n_calls; i++)
		n += (size_t)put_call(key + n, size - n, builds, &row->calls[i]);
	if (key)
		snprintf(key + n, size - n, "%s", row->complete ? "." : "");
	return key;
}

static bool put_keys(const struct pt_fault_view *view, bool is, const struct builds builds[2], struct keyed *v,
		     size_t *n)
{
	for (size_t i = 0; i < view->n_stacks; i++) {
		struct keyed keyed = {key_of(builds, &view->stacks[i]), &view->stacks[i], is};
		if (!keyed.key)
			return false;
		v[(*n)++] = keyed;
	}
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static int by_growth(const void *a, const void *b)
{
	const struct pt_fault_grown_row *x = a, *y = b;
	int64_t born_x = (int64_t)(x->born - x->born_before), born_y = (int64_t)(y->born - y->born_before);
	int64_t events_x = (int64_t)(x->events - x->events_before), events_y = (int64_t)(y->events - y->events_before);
	if (born_x != born_y)
		return born_x > born_y ? -1 : 1;
	return events_x > events_y ? -1 : events_x < events_y;
}

/* The same keys one after the other become one row. */
static size_t put_rows(const struct keyed *v, size_t n, struct pt_fault_grown_row *rows)
{
	size_t n_rows = 0;
	for (size_t i = 0; i < n; i++) {
		if (!i || strcmp(v[i].key, v[i - 1].key) != 0)
			rows[n_rows++] = (struct pt_fault_grown_row){0};
		struct pt_fault_grown_row *row = &rows[n_rows - 1];
		const struct pt_fault_stack_row **of = v[i].is ? &row->is : &row->was;
		*of = *of ? *of : v[i].row;
		*(v[i].is ? &row->events : &row->events_before) += v[i].row->counts.events;
		*(v[i].is ? &row->born : &row->born_before) += v[i].row->born;
	}
	qsort(rows, n_rows, sizeof(*rows), by_growth);
	return n_rows;
}

ssize_t pt_fault_grown(const struct pt_fault_view *before, const struct pt_fault_view *after,
		       struct pt_fault_grown_row **ret)
{
	size_t most = after->n_stacks + (before ? before->n_stacks : 0), n = 0;
	struct builds builds[2] = {0};
	struct keyed *v = calloc(most + 1, sizeof(*v));
	struct pt_fault_grown_row *rows = calloc(most + 1, sizeof(*rows));
	bool made = v && rows && list_builds(after, &builds[1]) && (!before || list_builds(before, &builds[0])) &&
		    put_keys(after, true, builds, v, &n) && (!before || put_keys(before, false, builds, v, &n));
	if (made) {
		qsort(v, n, sizeof(*v), by_key);
		*ret = rows;
		most = put_rows(v, n, rows);
	}
	for (size_t i = 0; i < n; i++)
		free(v[i].key);
	free(v);
	free(builds[0].v);
	free(builds[1].v);
	if (made)
		return (ssize_t)most;
	free(rows);
	return -ENOMEM;
}
