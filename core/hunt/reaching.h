/*
 * A pass, as its parts share it (private to reach*.c).
 */
#ifndef PT_HUNT_REACHING_H
#define PT_HUNT_REACHING_H

#include <stdatomic.h>

#include "core/hunt/agenda.h"
#include "core/hunt/edges.h"
#include "core/hunt/reach.h"
#include "core/hunt/stream.h"

typedef _Atomic uint64_t pt_mark_word;

/* Where the words of a page lie: chunk after chunk, since they come in order. Zeroed at first. */
struct pt_sources {
	struct pt_heap_cursor cursor;
	bool begun;
};

struct pt_reach {
	const struct pt_memory *memory;
	const struct pt_heap *heap;
	const struct pt_roots *roots;
	struct pt_reach_options options;
	pt_chunk_id n;
	struct pt_heap_bounds bounds[2];
	size_t n_bounds;
	pt_mark_word *strong, *weak; /* a bit per chunk; weak: something points there weakly, whatever else does */
	struct pt_edges *edges;
	/* With parents, chunks wait in a queue, so that paths are short; else their pages do. */
	uint32_t *parents;  /* a chunk; or n + index of a root word, or of a span behind these */
	pt_chunk_id *queue; /* [n] */
	atomic_uint queued;
	bool walking; /* the streams are over: what is marked puts its pages on agenda */
	struct pt_agenda agenda;
	struct pt_agenda left; /* chunks that are reached, and whose edges had no room; not made if all had */
	size_t page;           /* at work; marks within are seen to there */
	bool again;            /* there were such */
	unsigned n_others;     /* pages that were put on agenda meanwhile, */
	size_t other;          /* and the last of them */
	uint64_t done, all;    /* bytes */
	bool backwards;        /* the heap is streamed from its end on */
	struct pt_stretch *stretches;
	struct {
		uint16_t *found; /* [PT_STREAM_BATCH / 8] */
		struct pt_edge edges[PT_EDGES_MAX];
		size_t region;
		struct pt_sources sources;
	} threads[PT_STREAM_THREADS];
};

static inline bool pt_mark_test(const pt_mark_word *marks, pt_chunk_id id)
{
	return atomic_load_explicit(&marks[id / 64], memory_order_relaxed) >> id % 64 & 1;
}

/* Where a word points. */
struct pt_aim {
	pt_chunk_id id;     /* whose usable memory that is; PT_NO_CHUNK */
	pt_chunk_id header; /* whose header it is */
};
struct pt_aim pt_reach_aim(const struct pt_heap *heap, uint64_t address);

/* Marks what a word points at. from: as in parents. True: it was not yet. */
bool pt_reach_mark(struct pt_reach *reach, pt_chunk_id id, bool weak, uint32_t from);
/*
 * Edges of words of one page of the heap, [n] <= PT_EDGES_MAX of them, at their indices `found`. Those of chunks that are
 * marked already are followed in `eager` instead (NULL: none are).
 */
size_t pt_reach_edges_of(const struct pt_reach *reach, struct pt_sources *sources, uint64_t address,
			 const uint64_t *words, const uint16_t *found, size_t n, struct pt_reach *eager,
			 struct pt_edge *ret);
/* Edges of a page, stored or read anew; how many, or -errno. */
int pt_reach_page(const struct pt_reach *reach, size_t page, struct pt_edge *ret);
/* Follows an edge if its source is reached: weakly, or strongly. */
void pt_reach_follow(struct pt_reach *reach, const struct pt_edge *edge, bool weakly);
/* A chunk was marked: its pages are to be walked; where they lack room for edges, it is to be read when it is its turn. */
void pt_reach_put_pages(struct pt_reach *reach, pt_chunk_id id);
void pt_reach_leave(struct pt_reach *reach, pt_chunk_id id); /* it is to be read */
/* Reads what is to be, once: chunk by chunk, or all pages that lack room. 0, -ECANCELED, -ESRCH, -EPERM, -ENOMEM. */
int pt_reach_sweep(struct pt_reach *reach, bool weakly);
int pt_reach_again(struct pt_reach *reach);
/* Stretches of the heap: marks what is reached, and keeps edges of the rest. The same errors. */
int pt_reach_stream_heap(struct pt_reach *reach, const struct pt_stretch *stretches, size_t n);
/* Follows edges until nothing new is reached. 0, -ECANCELED, -ESRCH. */
int pt_reach_walk(struct pt_reach *reach);

#endif
