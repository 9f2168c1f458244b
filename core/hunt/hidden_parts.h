/*
 * Private to core/hunt/hidden*.c: what its parts share.
 */
#ifndef PT_HUNT_HIDDEN_PARTS_H
#define PT_HUNT_HIDDEN_PARTS_H

#include <stdatomic.h>

#include "core/hunt/codings.h"
#include "core/hunt/hidden.h"
#include "core/hunt/sight.h"
#include "core/hunt/stream.h"

#define PT_HIDDEN_CODINGS 16u

struct pt_hidden {
	struct pt_leak_object *objects; /* [n] */
	size_t n;
	const struct pt_memory *memory;
	const struct pt_heap *heap;
	const struct pt_roots *roots;
	const struct pt_reach *reach;
	const struct pt_hunt_step *step;
	struct pt_heap_bounds bounds[2];
	size_t n_bounds;
	uint64_t *lost;          /* a bit per chunk: it is one of objects */
	_Atomic uint64_t *found; /* a bit per chunk: and something points at it in code */
	uint64_t near[1024];     /* a bit for 2 MiB, by the lower bits of its number: memory is there, perhaps */
	uint64_t bytes;          /* of memory that is looked through, */
	uint64_t read;           /* so many of them so far, in both streams */
	struct pt_coding codings[PT_HIDDEN_CODINGS]; /* that are believed */
	size_t n_codings;
	struct pt_sight *seen; /* of the first stream, */
	uint64_t stride;       /* which takes every stride-th block */
	struct pt_contexts *contexts;
};

/* Words one after the other, of a root or of one chunk in use. */
struct pt_hidden_run {
	uint64_t address;
	const uint64_t *words; /* [n] */
	size_t n;
	bool live;            /* else the chunk is lost itself */
	uint64_t chunk, size; /* 0: a root */
	unsigned thread;
};

/* By two threads; of blocks of memory every stride-th. 0, -ESRCH, -ENOMEM, -ECANCELED. */
int pt_hidden_stream(struct pt_hidden *h, uint64_t stride,
		     void (*each)(struct pt_hidden *h, const struct pt_hidden_run *run));
/* A word that is neither nothing nor a pointer to any memory: it may be one in code. */
bool pt_hidden_is_candidate(const struct pt_hidden *h, uint64_t word);
/*
 * What glibc itself leaves behind in memory that is in use again: the links of its lists of free chunks, which are such words
 * XORed with their own place.
 */
bool pt_hidden_is_link(const struct pt_hidden *h, uint64_t word, uint64_t place);
/* Text, or numbers of few bytes: what stands in code is neither, but in halves. */
bool pt_hidden_is_text(uint64_t word);
bool pt_hidden_in_bounds(const struct pt_hidden *h, uint64_t address);
/* The chunk in use that begins there, and whether it is lost; PT_NO_CHUNK. */
pt_chunk_id pt_hidden_start_at(const struct pt_hidden *h, uint64_t address, bool *ret_lost);
/* The lost object that begins there, as a chunk; PT_NO_CHUNK. */
pt_chunk_id pt_hidden_lost_at(const struct pt_hidden *h, uint64_t address);

/* Finds codes, out of what was seen. */
int pt_hidden_believe(struct pt_hidden *h);

#endif
