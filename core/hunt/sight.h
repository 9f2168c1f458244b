/*
 * Private to core/hunt/hidden*.c: which words a process's memory has, as a set that is never wrong about what is in it and
 * seldom about what is not; and families of words that may be pointers with a constant XORed into them: of these the upper 32
 * bits and the lower 4 are alike.
 */
#ifndef PT_HUNT_SIGHT_H
#define PT_HUNT_SIGHT_H

#include "core/hunt/codings.h"

#define PT_FAMILY_SAMPLES 6u

struct pt_sight_family {
	uint64_t key;
	uint32_t count; /* words, less those of others that fell into the same place */
	uint64_t samples[PT_FAMILY_SAMPLES];
};

struct pt_sight;

/* For so many words, by so many threads. NULL: out of memory. */
struct pt_sight *pt_sight_new(uint64_t words, unsigned threads);
void pt_sight_free(struct pt_sight *seen); /* NULL is fine */
/* From any thread, by its number. */
void pt_sight_put(struct pt_sight *seen, enum pt_coding_part part, uint64_t value);
void pt_sight_put_family(struct pt_sight *seen, unsigned thread, uint64_t word);

bool pt_sight_has(const struct pt_sight *seen, enum pt_coding_part part, uint64_t value);
double pt_sight_filled(const struct pt_sight *seen); /* 0..1: how often it says yes to anything */
/* The largest families, of four different words at least; how many. */
size_t pt_sight_families(const struct pt_sight *seen, struct pt_sight_family *ret, size_t most);

#endif
