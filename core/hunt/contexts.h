/*
 * Private to core/hunt/hidden*.c: how often what could be a pointer in code is one. Any number below 2^32 can be an offset by
 * chance, so it counts only where nearly all others beside it, or at the same place of other objects of the same size, lead to
 * the start of an object too. Of words, all that a code takes near the heap have to.
 */
#ifndef PT_HUNT_CONTEXTS_H
#define PT_HUNT_CONTEXTS_H

#include "core/hunt/hidden_parts.h"

struct pt_contexts;

struct pt_contexts *pt_contexts_new(unsigned threads); /* NULL: out of memory */
void pt_contexts_free(struct pt_contexts *contexts);   /* NULL is fine */
/* Where a half word at `place` is, of a run. */
uint32_t pt_context_of(uint64_t place, uint64_t chunk, uint64_t size);
/* All words that a code, by its index, takes near the heap. */
uint32_t pt_context_of_code(size_t coding);

enum pt_try {
	PT_TRY_NOTHING,
	PT_TRY_OBJECT, /* leads to the start of an object */
	PT_TRY_LOST,   /* that is lost */
};
/* Any thread. */
void pt_contexts_count(struct pt_contexts *contexts, uint32_t context, enum pt_try result);
/* A lost object that counts if its context turns out to. Any thread, by its number. */
int pt_contexts_keep(struct pt_contexts *contexts, unsigned thread, uint32_t context, pt_chunk_id id);
bool pt_contexts_good(const struct pt_contexts *contexts, uint32_t context);
/* Those kept whose context is good. */
void pt_contexts_each(const struct pt_contexts *contexts, void (*each)(void *arg, pt_chunk_id id), void *arg);

#endif
