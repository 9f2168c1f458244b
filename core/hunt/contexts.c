/*
 * A table by a hash of the context: those that share a place are taken for one.
 */
#include "core/hunt/contexts.h"

#include <errno.h>
#include <stdlib.h>

#define LOG_PLACES 18u
#define ALIKE      1024u /* bytes: objects up to this size have the same members at the same places */
#define BESIDE     512u  /* bytes of others, and of roots, that are one context */
#define PLACES     (1u << LOG_PLACES)
#define LEAST      4u  /* lost objects, of a context of halves */
#define LEAST_CODE 24u /* of a code */
#define MISSES     16u /* one in so many may lead to nothing */

struct kept {
	uint32_t context;
	pt_chunk_id id;
};

struct pt_contexts {
	struct {
		_Atomic uint32_t results[3];
	} places[PLACES + PT_HIDDEN_CODINGS];
	unsigned n_threads;
	struct {
		struct kept *v;
		size_t n, room;
	} threads[];
};

struct pt_contexts *pt_contexts_new(unsigned threads)
{
	struct pt_contexts *c = calloc(1, sizeof(*c) + threads * sizeof(c->threads[0]));
	if (c)
		c->n_threads = threads;
	return c;
}

void pt_contexts_free(struct pt_contexts *c)
{
	for (unsigned i = 0; c && i < c->n_threads; i++)
		free(c->threads[i].v);
	free(c);
}

/* Pairs and other small members of a table are told apart. */
uint32_t pt_context_of(uint64_t place, uint64_t chunk, uint64_t size)
{
	uint64_t key = size && size <= ALIKE ? size << 32 | (place - chunk)
					     : place / BESIDE * 4 + (place >> 2 & 3) + (1ull << 62);
	key ^= key >> 32;
	key *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(key >> (64 - LOG_PLACES));
}

uint32_t pt_context_of_code(size_t coding)
{
	return PLACES + (uint32_t)coding;
}

void pt_contexts_count(struct pt_contexts *c, uint32_t context, enum pt_try result)
{
	atomic_fetch_add_explicit(&c->places[context].results[result], 1, memory_order_relaxed);
}

int pt_contexts_keep(struct pt_contexts *c, unsigned thread, uint32_t context, pt_chunk_id id)
{
	if (c->threads[thread].n == c->threads[thread].room) {
		size_t room = c->threads[thread].room ? c->threads[thread].room * 2 : 1024;
		struct kept *more = reallocarray(c->threads[thread].v, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->threads[thread].v = more;
		c->threads[thread].room = room;
	}
	c->threads[thread].v[c->threads[thread].n++] = (struct kept){context, id};
	return 0;
}

bool pt_contexts_good(const struct pt_contexts *c, uint32_t context)
{
	uint32_t results[3];
	for (unsigned i = 0; i < 3; i++)
		results[i] = atomic_load_explicit(&c->places[context].results[i], memory_order_relaxed);
	return results[PT_TRY_LOST] >= (context < PLACES ? LEAST : LEAST_CODE) &&
	       results[PT_TRY_NOTHING] <= (results[PT_TRY_OBJECT] + results[PT_TRY_LOST]) / MISSES;
}

void pt_contexts_each(const struct pt_contexts *c, void (*each)(void *arg, pt_chunk_id id), void *arg)
{
	for (unsigned i = 0; i < c->n_threads; i++)
		for (size_t k = 0; k < c->threads[i].n; k++)
			if (pt_contexts_good(c, c->threads[i].v[k].context))
				each(arg, c->threads[i].v[k].id);
}
