/*
 * What a pass found, asked for; see reach.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hunt/reaching.h"

#define WORDS ((size_t)8192) /* read at a time when a word is looked for */

enum pt_reached pt_reach_of(const struct pt_reach *reach, pt_chunk_id id)
{
	if (pt_mark_test(reach->strong, id))
		return PT_REACHED;
	return pt_mark_test(reach->weak, id) ? PT_REACHED_WEAKLY : PT_REACHED_NOT;
}

void pt_reach_lost(const struct pt_reach *reach, void (*each)(void *arg, pt_chunk_id id, enum pt_reached how),
		   void *arg)
{
	for (pt_chunk_id id = 0; id < reach->n; id++) {
		if (id % 64 == 0 && atomic_load(&reach->strong[id / 64]) == UINT64_MAX && reach->n - id > 64) {
			id += 63;
			continue;
		}
		enum pt_reached how = pt_reach_of(reach, id);
		if (how != PT_REACHED && pt_heap_used(reach->heap, id))
			each(arg, id, how);
	}
}

bool pt_reach_edges(const struct pt_reach *reach, pt_chunk_id id, bool (*each)(void *arg, pt_chunk_id to, bool weak),
		    void *arg)
{
	struct pt_edge edges[PT_EDGES_MAX];
	size_t first, end;
	pt_edges_of_chunk(reach->edges, id, &first, &end);
	for (size_t p = first; p < end; p++) {
		int n = pt_reach_page(reach, p, edges);
		for (int i = 0; i < n; i++)
			if (edges[i].from == id && !each(arg, edges[i].to, edges[i].weak))
				return false;
	}
	return true;
}

/* Edges of a page from chunks that are not strongly reached. */
static int page_edges(const struct pt_reach *reach, size_t page,
		      bool (*each)(void *arg, pt_chunk_id from, pt_chunk_id to, bool weak), void *arg)
{
	struct pt_edge edges[PT_EDGES_MAX];
	int n = pt_reach_page(reach, page, edges);
	for (int i = 0; i < n; i++)
		if (!pt_mark_test(reach->strong, edges[i].from) &&
		    !each(arg, edges[i].from, edges[i].to, edges[i].weak))
			return -ECANCELED;
	return n < 0 ? n : 0;
}

struct all_edges {
	const struct pt_reach *reach;
	bool (*each)(void *arg, pt_chunk_id from, pt_chunk_id to, bool weak);
	void *arg;
	size_t done; /* pages before are seen to */
	int error;
};

static void chunk_edges(void *arg, pt_chunk_id id, enum pt_reached how)
{
	struct all_edges *all = arg;
	size_t first, end;
	(void)how;
	pt_edges_of_chunk(all->reach->edges, id, &first, &end);
	for (all->done = all->done > first ? all->done : first; all->done < end && !all->error; all->done++)
		all->error = page_edges(all->reach, all->done, all->each, all->arg);
}

int pt_reach_all_edges(const struct pt_reach *reach,
		       bool (*each)(void *arg, pt_chunk_id from, pt_chunk_id to, bool weak), void *arg)
{
	struct all_edges all = {.reach = reach, .each = each, .arg = arg};
	pt_reach_lost(reach, chunk_edges, &all);
	return all.error;
}

/* ---- why it is reached ------------------------------------------------------------------------------------------ */

/* The first word of [start, end) that points at a chunk; 0: none does any more. */
static uint64_t find_word(const struct pt_reach *reach, uint64_t start, uint64_t end, pt_chunk_id id, bool headers)
{
	uint64_t *words = malloc(WORDS * sizeof(*words)), place = 0;
	size_t i = pt_memory_find(reach->memory, start);
	for (uint64_t at = start; words && !place && at < end && i < reach->memory->n;) {
		const struct pt_piece *piece = &reach->memory->pieces[i];
		at = piece->start > at ? piece->start : at;
		if (at >= piece->end) {
			i++;
			continue;
		}
		uint64_t stop = piece->end < end ? piece->end : end;
		size_t n = stop > at ? (size_t)(stop - at) / 8 : 0;
		n = n < WORDS ? n : WORDS;
		if (!n || pt_memory_read(reach->memory, at, words, n * 8) < 0)
			break;
		for (size_t w = 0; w < n && !place; w++) {
			struct pt_aim aim = pt_reach_aim(reach->heap, words[w]);
			if (aim.id == id || (headers && aim.header == id))
				place = at + w * 8;
		}
		at += n * 8;
	}
	free(words);
	return place;
}

bool pt_reach_parent(const struct pt_reach *reach, pt_chunk_id id, struct pt_reach_from *ret)
{
	if (!reach->parents || pt_reach_of(reach, id) == PT_REACHED_NOT)
		return false;
	uint32_t from = reach->parents[id];
	*ret = (struct pt_reach_from){.chunk = PT_NO_CHUNK, .word = SIZE_MAX};
	if (from < reach->n) {
		struct pt_chunk chunk;
		pt_heap_chunk(reach->heap, from, &chunk);
		ret->chunk = from;
		ret->place = find_word(reach, chunk.address, chunk.address + chunk.size, id, false);
	} else if (from - reach->n < reach->roots->n_words) {
		ret->word = from - reach->n;
	} else {
		const struct pt_root_span *span = &reach->roots->spans[from - reach->n - reach->roots->n_words];
		ret->place = find_word(reach, span->start, span->end, id, span->kind == PT_ROOT_STACK);
	}
	return true;
}

pt_chunk_id pt_reach_parent_chunk(const struct pt_reach *reach, pt_chunk_id id)
{
	if (!reach->parents || pt_reach_of(reach, id) == PT_REACHED_NOT || reach->parents[id] >= reach->n)
		return PT_NO_CHUNK;
	return reach->parents[id];
}
