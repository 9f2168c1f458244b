/*
 * Chunks whose edges had no room: each is read again once, when it is reached. They wait in a set; a sweep takes them in
 * the order of addresses, those near each other by one read.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hunt/reaching.h"

#define WINDOW ((uint64_t)256 << 10) /* bytes that are read together, at most */
#define GAP    ((uint64_t)32 << 10)  /* bytes that cost less than another read does */
#define MANY   2048u                 /* chunks of a window */

/* Chunks that are taken together, ascending. */
struct window {
	uint64_t start, end; /* of their memory */
	struct {
		uint64_t start, end; /* of the usable memory */
	} chunks[MANY];
	size_t n;
	unsigned char bytes[WINDOW];
};

void pt_reach_leave(struct pt_reach *reach, pt_chunk_id id)
{
	pt_agenda_add(&reach->left, id);
}

/* The words of [start, end), which are there in `words`, and lie in one page. */
static void follow_words(struct pt_reach *reach, uint64_t start, uint64_t end, const uint64_t *words, bool weakly)
{
	struct pt_edge edges[PT_EDGES_MAX];
	uint16_t found[PT_EDGES_PAGE / 8];
	struct pt_sources sources = {.begun = false};
	size_t n = pt_stream_filter(words, (end - start) / 8, reach->bounds, reach->n_bounds, found);
	n = n ? pt_reach_edges_of(reach, &sources, start, words, found, n, NULL, edges) : 0;
	for (size_t i = 0; i < n; i++)
		pt_reach_follow(reach, &edges[i], weakly);
}

static uint64_t page_end(uint64_t address, uint64_t end)
{
	uint64_t next = (address | (PT_EDGES_PAGE - 1)) + 1;
	return next < end ? next : end;
}

/* One that is larger than a window. */
static int follow_large(struct pt_reach *reach, uint64_t start, uint64_t end, bool weakly)
{
	uint64_t words[PT_EDGES_PAGE / 8];
	for (uint64_t at = start, next; at < end; at = next) {
		next = page_end(at, end);
		ssize_t got = pt_memory_read(reach->memory, at, words, next - at);
		if (got < 0)
			return (int)got;
		follow_words(reach, at, next, words, weakly);
	}
	return 0;
}

static int follow_window(struct pt_reach *reach, struct window *w, bool weakly)
{
	if (!w->n)
		return 0;
	ssize_t got = pt_memory_read(reach->memory, w->start, w->bytes, w->end - w->start);
	if (got < 0)
		return (int)got;
	for (size_t i = 0; i < w->n; i++)
		for (uint64_t at = w->chunks[i].start, next; at < w->chunks[i].end; at = next) {
			next = page_end(at, w->chunks[i].end);
			follow_words(reach, at, next, (const uint64_t *)(w->bytes + (at - w->start)), weakly);
		}
	w->n = 0;
	return 0;
}

/* Into the window, which is followed first if there is no room in it. */
static int take_in(struct pt_reach *reach, struct window *w, pt_chunk_id id, bool weakly)
{
	struct pt_chunk chunk;
	pt_heap_chunk(reach->heap, id, &chunk);
	uint64_t start = chunk.address, end = chunk.address + chunk.size;
	int error = 0;
	bool fits = w->n < MANY && start >= w->end && start - w->end < GAP && end - w->start <= WINDOW;
	if (w->n && !fits)
		error = follow_window(reach, w, weakly);
	if (error || end - start > WINDOW)
		return error ? error : follow_large(reach, start, end, weakly);
	if (!w->n)
		w->start = start;
	w->end = end;
	w->chunks[w->n].start = start;
	w->chunks[w->n++].end = end;
	return 0;
}

int pt_reach_sweep(struct pt_reach *reach, bool weakly)
{
	struct window *w = malloc(sizeof(*w));
	size_t id = 0, before = 0;
	int error = w ? 0 : -ENOMEM;
	if (w)
		w->start = w->end = w->n = 0;
	reach->page = SIZE_MAX;
	while (!error && pt_agenda_take(&reach->left, id, &id)) {
		error = take_in(reach, w, (pt_chunk_id)id, weakly);
		if (id++ < before) /* round once */
			break;
		before = id;
	}
	if (!error)
		error = follow_window(reach, w, weakly);
	free(w);
	return error;
}
