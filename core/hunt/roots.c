/*
 * Roots, put together; see roots.h. Memory is painted in layers: all of it by its VMA, over that the stacks and what lies
 * below them, over that the heap, which is no root.
 */
#include "core/hunt/roots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/roots_parts.h"

/* malloc_state of 64-bit glibc: its bins point at free chunks, and into itself. */
#define ARENA_SIZE 2200u

static const char *const names[PT_ROOT_N] = {
	[PT_ROOT_REGISTER] = "register", [PT_ROOT_STACK] = "stack",   [PT_ROOT_TLS] = "thread-local",
	[PT_ROOT_DATA] = "data",         [PT_ROOT_MEMORY] = "memory", [PT_ROOT_SHARED] = "shared memory",
	[PT_ROOT_EPOLL] = "epoll",       [PT_ROOT_TIMER] = "timer",
};

const char *pt_root_name(enum pt_root_kind kind)
{
	return names[kind];
}

/* ---- words and threads ------------------------------------------------------------------------------------------ */

static bool grow(void *array, size_t *room, size_t n, size_t size)
{
	void *old, *more;
	if (n < *room)
		return true;
	memcpy(&old, array, sizeof(old));
	*room = n ? n * 2 : 64;
	more = reallocarray(old, *room, size);
	if (more)
		memcpy(array, &more, sizeof(more));
	else
		*room = n;
	return more;
}

int pt_gather_word(struct pt_gather *g, struct pt_root_word word)
{
	struct pt_roots *roots = g->roots;
	for (size_t i = 0; i < g->n_bounds; i++) {
		if (word.value < g->bounds[i].low || word.value >= g->bounds[i].high)
			continue;
		if (!grow(&roots->words, &g->words_room, roots->n_words, sizeof(*roots->words)))
			return -ENOMEM;
		roots->words[roots->n_words++] = word;
		break;
	}
	return 0;
}

int pt_gather_thread(struct pt_gather *g, struct pt_root_thread thread)
{
	struct pt_roots *roots = g->roots;
	if (!grow(&roots->thread, &g->threads_room, roots->n_threads, sizeof(*roots->thread)))
		return -ENOMEM;
	roots->thread[roots->n_threads++] = thread;
	return 0;
}

/* ---- spans ------------------------------------------------------------------------------------------------------ */

int pt_root_add(struct pt_root_list *list, struct pt_root_span span)
{
	if (span.start >= span.end)
		return 0;
	if (!grow(&list->v, &list->room, list->n, sizeof(*list->v)))
		return -ENOMEM;
	list->v[list->n++] = span;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct pt_root_span *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

void pt_root_sort(struct pt_root_list *list)
{
	size_t kept = 0;
	uint64_t end = 0;
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_address);
	for (size_t i = 0; i < list->n; i++) {
		struct pt_root_span span = list->v[i];
		span.start = span.start < end ? end : span.start;
		if (span.start >= span.end)
			continue;
		list->v[kept++] = span;
		end = span.end;
	}
	list->n = kept;
}

/* One span of `under`: what of `over` lies in it, and the rest between. *at is the first of over that may. */
static int paint_one(struct pt_root_list *ret, struct pt_root_span under, const struct pt_root_list *over, size_t *at)
{
	int error = 0;
	while (*at < over->n && over->v[*at].end <= under.start)
		++*at;
	for (size_t i = *at; i < over->n && over->v[i].start < under.end && !error; i++) {
		struct pt_root_span between = under, span = over->v[i];
		span.start = span.start < under.start ? under.start : span.start;
		span.end = span.end > under.end ? under.end : span.end;
		span.vma = under.vma;
		between.end = span.start;
		under.start = span.end;
		error = pt_root_add(ret, between);
		if (!error && span.kind != PT_ROOT_NONE)
			error = pt_root_add(ret, span);
	}
	return error ? error : pt_root_add(ret, under);
}

int pt_root_paint(struct pt_root_list *under, const struct pt_root_list *over)
{
	struct pt_root_list painted = {0};
	size_t at = 0;
	int error = 0;
	for (size_t i = 0; i < under->n && !error; i++)
		error = paint_one(&painted, under->v[i], over, &at);
	free(error ? painted.v : under->v);
	if (!error)
		*under = painted;
	return error;
}

static int heap_spans(const struct pt_heap *heap, struct pt_root_list *ret)
{
	size_t n_regions, n_arenas;
	const struct pt_heap_region *regions = pt_heap_regions(heap, &n_regions);
	const struct pt_arena *arenas = pt_heap_arenas(heap, &n_arenas);
	int error = 0;
	for (size_t i = 0; i < n_regions && !error; i++)
		error = pt_root_add(
			ret,
			(struct pt_root_span){.start = regions[i].start, .end = regions[i].end, .kind = PT_ROOT_NONE});
	for (size_t i = 0; i < n_arenas && !error; i++)
		error = pt_root_add(ret, (struct pt_root_span){.start = arenas[i].address,
							       .end = arenas[i].address + ARENA_SIZE,
							       .kind = PT_ROOT_NONE});
	pt_root_sort(ret);
	return error;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int gather_spans(struct pt_gather *g)
{
	struct pt_root_list all = {0}, stacks = {0}, heap = {0};
	int error = pt_gather_memory(g, &all);
	if (!error)
		error = pt_gather_stacks(g, &stacks);
	if (!error)
		error = heap_spans(g->heap, &heap);
	if (!error)
		error = pt_root_paint(&all, &stacks);
	if (!error)
		error = pt_root_paint(&all, &heap);
	free(stacks.v);
	free(heap.v);
	g->roots->spans = all.v;
	g->roots->n_spans = error ? 0 : all.n;
	return error;
}

int pt_roots_read(struct pt_roots *ret, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots_options *options)
{
	struct pt_gather g = {.roots = ret, .memory = memory, .heap = heap};
	*ret = (struct pt_roots){0};
	g.n_bounds = pt_heap_bounds(heap, g.bounds);
	int error = options && options->held ? pt_gather_held(&g, options->held) : pt_gather_threads(&g);
	if (!error)
		error = pt_gather_kernel(&g);
	if (!error)
		error = gather_spans(&g);
	return error;
}

void pt_roots_free(struct pt_roots *roots)
{
	free(roots->words);
	free(roots->spans);
	free(roots->thread);
	*roots = (struct pt_roots){0};
}
