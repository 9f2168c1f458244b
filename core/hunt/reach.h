/*
 * Reach: what one pass over the memory finds to be reachable from the roots. Streams all pieces once (two threads), keeps
 * of each word that points into a chunk not reached yet an edge, then walks these page by page. No copy of the heap.
 *
 * Strong: a word at an aligned place that points at a chunk's start or at an aligned place inside it (from registers and
 * stacks also at its header: malloc at work). Weak: by an unaligned interior pointer, or from where words may be stale.
 */
#ifndef PT_HUNT_REACH_H
#define PT_HUNT_REACH_H

#include "core/hunt/roots.h"

enum pt_reached {
	PT_REACHED_NOT,
	PT_REACHED_WEAKLY,
	PT_REACHED,
};

/* What made a chunk reachable first. */
struct pt_reach_from {
	pt_chunk_id chunk; /* PT_NO_CHUNK: a root */
	size_t word;       /* of a root: index into roots->words, or SIZE_MAX: */
	uint64_t place;    /* address of the word that points here */
};

struct pt_reach_options {
	/*
	 * A bit per chunk: only these are in question, and all others that are in use are taken for reached. Nothing is reached
	 * less by that, and most of the work is spared. NULL: all are in question. Borrowed for the pass.
	 */
	const uint64_t *suspects;
	bool parents;      /* pt_reach_parent() can be asked; 4 bytes a chunk */
	size_t memory_max; /* bytes for edges; 0: 0.6 % of the heap + 16 MiB. Chunks whose edges do not fit are read again */
	bool (*cancelled)(void *arg);
	void (*progress)(void *arg, uint64_t done, uint64_t all); /* bytes */
	void *arg;
};

struct pt_reach;

/* 0, -ESRCH, -ENOMEM, -ECANCELED. Borrows all three for as long as it lives. */
int pt_reach_pass(struct pt_reach **ret, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots *roots, const struct pt_reach_options *options);
void pt_reach_free(struct pt_reach *reach); /* NULL is fine */

enum pt_reached pt_reach_of(const struct pt_reach *reach, pt_chunk_id id);
/* Edges of a chunk that is not (strongly) reached to others that are not, and perhaps more; false: each said to stop. */
bool pt_reach_edges(const struct pt_reach *reach, pt_chunk_id id, bool (*each)(void *arg, pt_chunk_id to, bool weak),
		    void *arg);
/* All edges of all such chunks, ascending by `from`. 0; -ECANCELED: each said to stop; -ESRCH. */
int pt_reach_all_edges(const struct pt_reach *reach,
		       bool (*each)(void *arg, pt_chunk_id from, pt_chunk_id to, bool weak), void *arg);
bool pt_reach_parent(const struct pt_reach *reach, pt_chunk_id id, struct pt_reach_from *ret);
/* The chunk alone, without looking for the word: nanoseconds. PT_NO_CHUNK: a root, or it is not reached. */
pt_chunk_id pt_reach_parent_chunk(const struct pt_reach *reach, pt_chunk_id id);
/* Every used chunk that is not strongly reached, ascending. */
void pt_reach_lost(const struct pt_reach *reach, void (*each)(void *arg, pt_chunk_id id, enum pt_reached how),
		   void *arg);

#endif
