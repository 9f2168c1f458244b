/*
 * A large region walked by two threads, each one half; see heap_inner.h. Where the second half may begin is a guess, that
 * headers make sense from there on. It holds if the first half ends right there; else one thread walks it all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"
#include "core/scan/team.h"

#ifndef PT_HALVES_LEAST
#define PT_HALVES_LEAST (32u << 20) /* bytes that are worth a thread */
#endif

struct halves {
	struct pt_chunk_walk *walk[2];
	uint32_t arena;
	uint64_t start[2], limit[2];
	int error[2];
};

static void walk_half(void *arg, unsigned i)
{
	struct halves *h = arg;
	h->error[i] = pt_chunk_walk_region(h->walk[i], h->arena, h->start[i], h->limit[i]);
}

static void walk_halves(struct halves *h)
{
	struct pt_team *team = pt_team_new(2);
	pt_team_run(team, walk_half, h);
	if (!team)
		walk_half(h, 1);
	pt_team_free(team);
}

/* Whether the chunks of the first half end where those of the second begin, and are no guess themselves. */
static bool meet(const struct halves *h, size_t before)
{
	const struct pt_heap *first = h->walk[0]->heap, *second = h->walk[1]->heap;
	if (h->error[0] || h->error[1] || h->walk[0]->found_again || first->n_regions == before || !second->n_regions)
		return false;
	const struct pt_space *last = &first->spaces[first->n_regions - 1];
	return last->region.end == h->start[1] && !last->reaches && second->spaces[0].region.start == h->start[1];
}

/* What the first header of the second half says of the last chunk of the first. */
static void end_first(const struct halves *h)
{
	struct pt_heap *heap = h->walk[0]->heap;
	struct pt_space *last = &heap->spaces[heap->n_regions - 1];
	uint64_t head;
	last->reaches = true;
	if (pt_memory_word(h->walk[0]->memory, h->start[1] + 8, &head) && !(head & PT_PREV_INUSE))
		last->used[(last->n - 1) / 64] &= ~(1ull << (last->n - 1) % 64);
}

/* Takes over all that the second walk found. */
static int join(struct pt_chunk_walk *walk, struct pt_chunk_walk *other)
{
	struct pt_heap *from = other->heap;
	int error = 0;
	for (size_t i = 0; i < from->n_odd && !error; i++)
		error = pt_heap_add_odd(walk->heap, from->odd[i].address, from->odd[i].kind);
	for (size_t i = 0; i < from->n_regions; i++) { /* each is taken over, also when that fails */
		int failed = pt_heap_add(walk->heap, &from->spaces[i]);
		error = error ? error : failed;
	}
	from->n_regions = 0;
	for (size_t i = 0; i < other->n_caches && !error; i++)
		error = pt_chunk_walk_note(walk, other->caches[i]);
	for (size_t i = 0; i < walk->found->n_keys; i++)
		walk->key_hits[i] += other->key_hits[i];
	walk->heap->broken += from->broken;
	return error;
}

static int walk_both(struct halves *h)
{
	struct pt_chunk_walk *walk = h->walk[0];
	struct pt_heap *heap = walk->heap;
	const size_t regions = heap->n_regions, odd = heap->n_odd, caches = walk->n_caches;
	const uint64_t broken = heap->broken;
	size_t hits[PT_KEYS_MAX];
	memcpy(hits, walk->key_hits, sizeof(hits));
	walk_halves(h);
	if (meet(h, regions)) {
		end_first(h);
		return join(walk, h->walk[1]);
	}
	pt_heap_drop(heap, regions);
	heap->n_odd = odd;
	heap->broken = broken;
	walk->n_caches = caches;
	walk->error = 0;
	memcpy(walk->key_hits, hits, sizeof(hits));
	return pt_chunk_walk_region(walk, h->arena, h->start[0], h->limit[1]);
}

int pt_chunk_walk_halves(struct pt_chunk_walk *walk, uint32_t arena, uint64_t start, uint64_t limit)
{
	uint64_t top = pt_malloc_top(walk->found, walk->memory, arena), end = top > start && top < limit ? top : limit;
	uint64_t middle = (start + (end - start) / 2) & ~(uint64_t)(PT_GRAIN - 1);
	if (end - start >= PT_HALVES_LEAST)
		middle = pt_chunk_walk_seek(walk, arena, middle, limit);
	if (end - start < PT_HALVES_LEAST || !middle || middle >= end)
		return walk->error ? walk->error : pt_chunk_walk_region(walk, arena, start, limit);
	struct pt_heap *other = calloc(1, sizeof(*other));
	struct pt_chunk_walk second;
	int error = other ? pt_chunk_walk_init(&second, other, walk->found, walk->memory) : -ENOMEM;
	if (!error) {
		struct halves h = {
			.walk = {walk, &second}, .arena = arena, .start = {start, middle}, .limit = {middle, limit}};
		error = walk_both(&h);
		pt_chunk_walk_free(&second);
	}
	pt_heap_free(other);
	return error;
}
