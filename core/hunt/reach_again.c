/*
 * Pages whose edges had no room, all streamed once more. Each time more of their chunks are reached when their turn comes,
 * and what these point at is marked without an edge; so a few times are enough, whatever points where.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/reaching.h"

/* Those pages, in the order in which they are to be read. */
static int list_pages(const struct pt_reach *reach, struct pt_stretches *ret)
{
	int error = 0;
	for (size_t p = 0; p < pt_edges_pages(reach->edges) && !error; p++) {
		uint64_t start, end;
		if (!pt_edges_lack(reach->edges, p))
			continue;
		pt_edges_range(reach->edges, p, &start, &end);
		error = pt_stretches_push(ret, start, end);
	}
	for (size_t i = 0; reach->backwards && i < ret->n / 2; i++) {
		struct pt_stretch other = ret->v[i];
		ret->v[i] = ret->v[ret->n - 1 - i];
		ret->v[ret->n - 1 - i] = other;
	}
	return error;
}

/* What was marked meanwhile is to be walked, or to be read: its turn may have been over. */
static void put_new(struct pt_reach *reach, const uint64_t *before)
{
	reach->page = SIZE_MAX;
	for (size_t i = 0; i <= reach->n / 64; i++) {
		uint64_t new = atomic_load_explicit(&reach->strong[i], memory_order_relaxed) & ~before[i];
		for (; new; new &= new - 1)
			pt_reach_put_pages(reach, (pt_chunk_id)(i * 64 + (size_t)__builtin_ctzll(new)));
	}
}

int pt_reach_again(struct pt_reach *reach)
{
	struct pt_stretches pages = {0};
	uint64_t *before = calloc(reach->n / 64 + 1, sizeof(*before));
	reach->backwards = !reach->backwards;
	int error = before ? list_pages(reach, &pages) : -ENOMEM;
	for (size_t i = 0; before && i <= reach->n / 64; i++)
		before[i] = atomic_load_explicit(&reach->strong[i], memory_order_relaxed);
	if (!error) {
		pt_agenda_clear(&reach->left);
		error = pt_reach_stream_heap(reach, pages.v, pages.n);
	}
	if (!error)
		put_new(reach, before);
	free(before);
	pt_stretches_free(&pages);
	return error;
}
