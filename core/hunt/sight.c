/*
 * The set is a bitmap by a hash of value and part. Families are kept as a sketch (Misra and Gries): a place is its family's
 * for as long as that has more words than all others that fall there.
 */
#include "core/hunt/sight.h"

#include <stdatomic.h>
#include <stdlib.h>

#define BITS_LEAST 16u
#define BITS_MOST  24u /* 2 MiB, which processors have for a cache */
#define PLACES     (1u << 14)
#define LEAST      8u /* words of a family */

struct pt_sight {
	_Atomic uint64_t *bits;
	unsigned log_bits, threads;
	struct pt_sight_family *places; /* [threads * PLACES] */
};

static uint64_t hash(uint64_t value)
{
	value ^= value >> 32;
	value *= 0x9e3779b97f4a7c15u;
	value ^= value >> 29;
	return value * 0xbf58476d1ce4e5b9u;
}

static uint64_t bit_of(const struct pt_sight *seen, enum pt_coding_part part, uint64_t value)
{
	return hash(value + part * 0xd6e8feb86659fd93u) >> (64 - seen->log_bits);
}

struct pt_sight *pt_sight_new(uint64_t words, unsigned threads)
{
	struct pt_sight *seen = calloc(1, sizeof(*seen));
	if (!seen)
		return NULL;
	for (seen->log_bits = BITS_LEAST; seen->log_bits < BITS_MOST && words * 32 >> seen->log_bits; seen->log_bits++)
		;
	seen->threads = threads;
	seen->bits = calloc((size_t)1 << seen->log_bits >> 6, sizeof(*seen->bits));
	seen->places = calloc((size_t)threads * PLACES, sizeof(*seen->places));
	if (seen->bits && seen->places)
		return seen;
	pt_sight_free(seen);
	return NULL;
}

void pt_sight_free(struct pt_sight *seen)
{
	if (!seen)
		return;
	free((void *)seen->bits);
	free(seen->places);
	free(seen);
}

void pt_sight_put(struct pt_sight *seen, enum pt_coding_part part, uint64_t value)
{
	uint64_t at = bit_of(seen, part, value), bit = 1ull << at % 64;
	if (!(atomic_load_explicit(&seen->bits[at / 64], memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(&seen->bits[at / 64], bit, memory_order_relaxed);
}

bool pt_sight_has(const struct pt_sight *seen, enum pt_coding_part part, uint64_t value)
{
	uint64_t at = bit_of(seen, part, value);
	return atomic_load_explicit(&seen->bits[at / 64], memory_order_relaxed) >> at % 64 & 1;
}

double pt_sight_filled(const struct pt_sight *seen)
{
	uint64_t n = 0, words = (1ull << seen->log_bits) / 64;
	for (uint64_t i = 0; i < words; i++)
		n += (uint64_t)__builtin_popcountll(atomic_load_explicit(&seen->bits[i], memory_order_relaxed));
	return (double)n / (double)(words * 64);
}

/* ---- families --------------------------------------------------------------------------------------------------- */

void pt_sight_put_family(struct pt_sight *seen, unsigned thread, uint64_t word)
{
	uint64_t key = (word >> 32 << 4 | (word & 15)) + 1; /* 0: a place that is free */
	struct pt_sight_family *f = &seen->places[(size_t)thread * PLACES + (hash(key) >> 50)];
	if (f->key != key) {
		if (f->count) {
			f->count--;
			return;
		}
		*f = (struct pt_sight_family){.key = key};
	}
	if (f->count && f->samples[(f->count - 1) % PT_FAMILY_SAMPLES] == word)
		return;
	f->samples[f->count++ % PT_FAMILY_SAMPLES] = word;
}

static bool differ(const struct pt_sight_family *f)
{
	unsigned n = 0;
	for (unsigned i = 0; i < PT_FAMILY_SAMPLES; i++) {
		bool other = f->samples[i] != 0;
		for (unsigned k = 0; k < i && other; k++)
			other = f->samples[k] != f->samples[i];
		n += other;
	}
	return n >= 4;
}

static int by_count(const void *a, const void *b)
{
	const struct pt_sight_family *x = a, *y = b;
	return (x->count < y->count) - (x->count > y->count);
}

size_t pt_sight_families(const struct pt_sight *seen, struct pt_sight_family *ret, size_t most)
{
	struct pt_sight_family *all = malloc((size_t)seen->threads * PLACES * sizeof(*all));
	size_t n = 0;
	for (size_t i = 0; all && i < (size_t)seen->threads * PLACES; i++)
		if (seen->places[i].count >= LEAST && differ(&seen->places[i]))
			all[n++] = seen->places[i];
	if (n)
		qsort(all, n, sizeof(*all), by_count);
	n = n < most ? n : most;
	for (size_t i = 0; i < n; i++)
		ret[i] = all[i];
	free(all);
	return n;
}
