/*
 * The join of sites.h: what was seen to be handed out, with what is lost. Owns nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/sites_inner.h"

/* A lost object whose birth was seen. */
struct pair {
	uint64_t size;
	pt_stack_id stack;
	uint32_t object;
};

static int by_site(const void *a, const void *b)
{
	const struct pair *p = a, *q = b;
	if (p->size != q->size)
		return p->size < q->size ? -1 : 1;
	return p->stack < q->stack ? -1 : p->stack > q->stack;
}

/* The same size, and it holds what it held; what cannot be read any more is taken for the same. */
static bool is_same(struct pt_sites *s, const struct pt_object_birth *birth, const struct pt_leak_object *object)
{
	uint64_t hash;
	return birth && birth->lives && birth->stack && birth->size == object->size &&
	       (!pt_sites_hash(s, birth->address, birth->size, &hash) || hash == birth->hash);
}

/* Sorted by site; *ret malloc'ed. */
static int pair_up(struct pt_sites *s, const struct pt_hunt_view *view, struct pair **ret, size_t *ret_n)
{
	struct pair *pairs = malloc((view->n_objects + 1) * sizeof(*pairs));
	size_t n = 0;
	if (!pairs)
		return -ENOMEM;
	for (size_t i = 0; i < view->n_objects; i++) {
		const struct pt_leak_object *object = &view->objects[i];
		const struct pt_object_birth *birth = pt_object_births_find(s->births, object->address);
		if (object->tier == PT_LEAK_LEAKED && is_same(s, birth, object))
			pairs[n++] = (struct pair){birth->size, birth->stack, (uint32_t)i};
	}
	qsort(pairs, n, sizeof(*pairs), by_site);
	*ret = pairs;
	*ret_n = n;
	return 0;
}

/* ---- a site ----------------------------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int name_calls(struct pt_sites *s, pt_stack_id id, struct pt_leak_site *site)
{
	const struct pt_stack *stack = pt_stacks_get(s->stacks, id);
	site->calls = calloc(stack->n, sizeof(*site->calls));
	if (!site->calls)
		return -ENOMEM;
	site->n_calls = stack->n;
	site->complete = stack->complete;
	for (uint32_t i = 0; i < stack->n; i++) {
		struct pt_leak_call *call = &site->calls[i];
		struct pt_symbol symbol;
		pt_unwinder_symbol(s->unwinder, stack->ips[i], true, &symbol);
		*call = (struct pt_leak_call){.ip = stack->ips[i],
					      .offset = symbol.offset,
					      .symbol = copy(symbol.name),
					      .module = copy(symbol.module),
					      .file = copy(symbol.file),
					      .line = symbol.line};
	}
	return 0;
}

static uint64_t count_of(struct pt_sites *s, uint64_t size, pt_stack_id stack)
{
	size_t n;
	const struct pt_birth_count *counts = pt_object_births_counts(s->births, &n);
	for (size_t i = 0; i < n; i++)
		if (counts[i].size == size && counts[i].stack == stack)
			return counts[i].n;
	return 0;
}

static uint64_t leaked_bytes(const struct pt_hunt_view *view, uint64_t size)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < view->n_objects; i++)
		if (view->objects[i].size == size && view->objects[i].tier == PT_LEAK_LEAKED)
			bytes += size;
	return bytes;
}

/* The sites of one size, which share what has leaked of it; view->sites has room. */
static int add_sites(struct pt_sites *s, struct pt_hunt_view *view, const struct pair *pairs, size_t n)
{
	const uint64_t bytes = leaked_bytes(view, pairs->size);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && pairs[end].stack == pairs[i].stack; end++)
			;
		struct pt_leak_site *site = &view->sites[view->n_sites];
		*site = (struct pt_leak_site){.samples = count_of(s, pairs[i].size, pairs[i].stack),
					      .leaked = end - i,
					      .size = pairs[i].size,
					      .bytes = (uint64_t)((double)bytes * (double)(end - i) / (double)n)};
		view->n_sites++;
		int error = name_calls(s, pairs[i].stack, site);
		if (error)
			return error;
	}
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

struct ranked {
	struct pt_leak_site site;
	size_t was;
};

static int by_bytes(const void *a, const void *b)
{
	const struct ranked *p = a, *q = b;
	if (p->site.bytes != q->site.bytes)
		return p->site.bytes > q->site.bytes ? -1 : 1;
	return p->was < q->was ? -1 : p->was > q->was;
}

/* Most leaked bytes first; objects learn their site. Pairs are in the order that sites were in. */
static int rank(struct pt_hunt_view *view, const struct pair *pairs)
{
	struct ranked *ranked = malloc((view->n_sites + 1) * sizeof(*ranked));
	uint32_t *place = malloc((view->n_sites + 1) * sizeof(*place));
	if (!ranked || !place) {
		free(ranked);
		free(place);
		return -ENOMEM;
	}
	for (size_t i = 0; i < view->n_sites; i++)
		ranked[i] = (struct ranked){view->sites[i], i};
	qsort(ranked, view->n_sites, sizeof(*ranked), by_bytes);
	for (size_t i = 0; i < view->n_sites; i++) {
		view->sites[i] = ranked[i].site;
		place[ranked[i].was] = (uint32_t)i;
	}
	for (size_t was = 0; was < view->n_sites; was++)
		for (uint64_t n = view->sites[place[was]].leaked; n; n--)
			view->objects[pairs++->object].site = place[was] + 1;
	free(ranked);
	free(place);
	return 0;
}

int pt_sites_join(struct pt_sites *s, struct pt_hunt_view *view)
{
	struct pair *pairs;
	size_t n;
	int error = pair_up(s, view, &pairs, &n);
	if (error)
		return error;
	view->sites = calloc(n + 1, sizeof(*view->sites));
	if (!view->sites)
		error = -ENOMEM;
	for (size_t i = 0, end; i < n && !error; i = end) {
		for (end = i; end < n && pairs[end].size == pairs[i].size; end++)
			;
		error = add_sites(s, view, &pairs[i], end - i);
	}
	if (!error)
		error = rank(view, pairs);
	free(pairs);
	return error;
}
