/*
 * Groups and leaks of a view; see groups.h. Holds which chunks of the heap the lost objects are, for as long as it takes.
 */
#include "core/hunt/groups.h"

#include <errno.h>
#include <stdlib.h>

#include "core/hunt/alike.h"
#include "core/hunt/leaks.h"

#define BLOCK 512u    /* chunks that have one rank */
#define OFTEN 0xffffu /* edges between two looks whether to go on, less one */

/* The lost ones among the chunks: their number is how many come before them. */
struct lost {
	const struct pt_hunt_view *view;
	const struct pt_heap *heap;
	const struct pt_reach *reach;
	uint64_t *bits;    /* [n_chunks], in words of 64 */
	uint32_t *ranks;   /* [n_chunks / BLOCK + 1] */
	uint32_t *objects; /* by that number: index of the object */
	const struct pt_hunt_step *step;
};

static bool is_lost(const struct lost *lost, pt_chunk_id id)
{
	return lost->bits[id / 64] >> (id % 64) & 1;
}

/* Index of the object that a lost chunk is. */
static uint32_t object_of(const struct lost *lost, pt_chunk_id id)
{
	uint32_t rank = lost->ranks[id / BLOCK];
	for (size_t i = id / BLOCK * (BLOCK / 64); i < id / 64; i++)
		rank += (uint32_t)__builtin_popcountll(lost->bits[i]);
	rank += (uint32_t)__builtin_popcountll(lost->bits[id / 64] & ((1ull << (id % 64)) - 1));
	return lost->objects[rank];
}

static pt_chunk_id chunk_of(const struct lost *lost, const struct pt_leak_object *object)
{
	struct pt_chunk chunk;
	const pt_chunk_id id = pt_heap_find(lost->heap, object->address);
	if (id == PT_NO_CHUNK)
		return id;
	pt_heap_chunk(lost->heap, id, &chunk);
	return chunk.address == object->address ? id : PT_NO_CHUNK;
}

static bool mark_chunks(struct lost *lost)
{
	const size_t blocks = pt_heap_n(lost->heap) / BLOCK + 1;
	uint32_t n = 0;
	lost->bits = calloc(blocks * (BLOCK / 64), sizeof(*lost->bits));
	lost->ranks = calloc(blocks, sizeof(*lost->ranks));
	lost->objects = calloc(lost->view->n_objects + 1, sizeof(*lost->objects));
	if (!lost->bits || !lost->ranks || !lost->objects)
		return false;
	for (size_t i = 0; i < lost->view->n_objects; i++) {
		const pt_chunk_id id = chunk_of(lost, &lost->view->objects[i]);
		if (id == PT_NO_CHUNK)
			continue;
		lost->bits[id / 64] |= 1ull << (id % 64);
		lost->objects[n++] = (uint32_t)i;
	}
	n = 0;
	for (size_t i = 0; i < blocks * (BLOCK / 64); i++) {
		if (i % (BLOCK / 64) == 0)
			lost->ranks[i / (BLOCK / 64)] = n;
		n += (uint32_t)__builtin_popcountll(lost->bits[i]);
	}
	return true;
}

struct edges {
	const struct lost *lost;
	pt_leak_edge *each;
	void *arg;
	uint64_t n;
	bool cancelled;
};

static bool pass_on(void *arg, pt_chunk_id from, pt_chunk_id to, bool weak)
{
	struct edges *edges = arg;
	(void)weak;
	edges->cancelled = !(edges->n++ & OFTEN) && pt_hunt_step_cancelled(edges->lost->step);
	if (edges->cancelled)
		return false;
	if (!is_lost(edges->lost, from) || !is_lost(edges->lost, to))
		return true;
	return edges->each(edges->arg, object_of(edges->lost, from), object_of(edges->lost, to));
}

static int edges_of(void *arg, pt_leak_edge *each, void *each_arg)
{
	const struct lost *lost = arg;
	struct edges edges = {.lost = lost, .each = each, .arg = each_arg};
	const int error = pt_reach_all_edges(lost->reach, pass_on, &edges);
	return edges.cancelled ? -ECANCELED : error;
}

static int find_leaks(struct pt_hunt_view *view, const struct pt_heap *heap, const struct pt_reach *reach,
		      const struct pt_hunt_step *step)
{
	struct lost lost = {.view = view, .heap = heap, .reach = reach, .step = step};
	int error = mark_chunks(&lost) ? 0 : -ENOMEM;
	if (!error)
		error = pt_leaks_of(view->objects, view->n_objects, edges_of, &lost, &view->leaks, &view->n_leaks);
	free(lost.bits);
	free(lost.ranks);
	free(lost.objects);
	return error;
}

int pt_hunt_group(struct pt_hunt_view *view, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_reach *reach, struct pt_unwinder *unwinder, const struct pt_hunt_step *step)
{
	int error = find_leaks(view, heap, reach, step);
	if (error)
		return error;
	struct pt_words *words = pt_words_new(memory, unwinder);
	error = words ? pt_hunt_sort_alike(view, memory, words, step) : -ENOMEM;
	pt_words_free(words);
	return error ? error
		     : pt_leaks_set_groups(view->leaks, view->n_leaks, view->objects, view->n_objects, view->n_groups);
}
