/*
 * See heavy.h. Buckets of WAYS rows, found by a hash of the key; heads (key and rank) lie apart from the rows, so that
 * looking for a key reads two cache lines.
 */
#include "core/faults/heavy.h"

#include <stdlib.h>
#include <string.h>

#define WAYS  8u
#define FIRST 16u /* buckets of a new table, at most */

struct head {
	uint64_t key;
	uint64_t rank; /* 0: free */
};

struct pt_heavy {
	struct head *heads; /* [buckets * WAYS] */
	unsigned char *rows;
	size_t row_bytes, buckets, buckets_max; /* doubling leads from one to the other */
	uint64_t chance;                        /* state of the generator */
	size_t n;
	bool forgot;
};

/* The finalizer of splitmix64. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t chance(struct pt_heavy *h)
{
	return mix(h->chance += 0x9e3779b97f4a7c15u);
}

static size_t bytes_of(size_t buckets, size_t row_bytes)
{
	return buckets * WAYS * (sizeof(struct head) + row_bytes);
}

static bool make(struct pt_heavy *h, size_t buckets)
{
	h->heads = calloc(buckets * WAYS, sizeof(*h->heads));
	h->rows = calloc(buckets * WAYS, h->row_bytes);
	h->buckets = buckets;
	return h->heads && h->rows;
}

struct pt_heavy *pt_heavy_new(size_t row_bytes, size_t bytes_max)
{
	struct pt_heavy *h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->row_bytes = row_bytes;
	/* While it grows it is there twice, the old one half as large. */
	size_t first = bytes_max / 3 * 2 / bytes_of(1, row_bytes), doublings = 0;
	for (; first >= FIRST; first /= 2)
		doublings++;
	first += !first;
	h->buckets_max = first << doublings;
	if (make(h, first))
		return h;
	pt_heavy_free(h);
	return NULL;
}

void pt_heavy_free(struct pt_heavy *h)
{
	if (!h)
		return;
	free(h->heads);
	free(h->rows);
	free(h);
}

static size_t bucket_of(const struct pt_heavy *h, uint64_t key)
{
	return (size_t)((mix(key) >> 32) * h->buckets >> 32) * WAYS;
}

static void *row_at(const struct pt_heavy *h, size_t i)
{
	return h->rows + i * h->row_bytes;
}

/* The place of a key, or SIZE_MAX. */
static size_t place_of(const struct pt_heavy *h, uint64_t key)
{
	size_t first = bucket_of(h, key);
	for (size_t i = first; i < first + WAYS; i++)
		if (h->heads[i].rank && h->heads[i].key == key)
			return i;
	return SIZE_MAX;
}

/* A free place or, where there is none, that of the lowest rank. */
static size_t lowest_of(const struct pt_heavy *h, uint64_t key)
{
	size_t first = bucket_of(h, key), lowest = first;
	for (size_t i = first + 1; i < first + WAYS; i++)
		if (h->heads[i].rank < h->heads[lowest].rank)
			lowest = i;
	return lowest;
}

/* Every bucket becomes two. */
static bool grow(struct pt_heavy *h)
{
	struct pt_heavy old = *h;
	if (h->buckets >= h->buckets_max)
		return false;
	if (!make(h, old.buckets * 2)) {
		free(h->heads);
		free(h->rows);
		*h = old;
		h->buckets_max = old.buckets;
		return false;
	}
	for (size_t i = 0; i < old.buckets * WAYS; i++) {
		if (!old.heads[i].rank)
			continue;
		size_t to = lowest_of(h, old.heads[i].key);
		h->heads[to] = old.heads[i];
		memcpy(row_at(h, to), row_at(&old, i), h->row_bytes);
	}
	free(old.heads);
	free(old.rows);
	return true;
}

/* Whether something of that weight takes the place of what has this rank. */
static bool is_let_in(struct pt_heavy *h, uint64_t weight, uint64_t rank)
{
	return (double)(chance(h) >> 11) * 0x1p-53 * (double)(rank + weight) < (double)weight;
}

enum pt_heavy_hit pt_heavy_hit(struct pt_heavy *h, uint64_t key, uint64_t weight, void **ret)
{
	size_t i = place_of(h, key);
	weight += !weight;
	if (i != SIZE_MAX) {
		h->heads[i].rank += weight;
		*ret = row_at(h, i);
		return PT_HEAVY_KNOWN;
	}
	i = lowest_of(h, key);
	while (h->heads[i].rank && grow(h))
		i = lowest_of(h, key);
	uint64_t rank = h->heads[i].rank;
	*ret = NULL;
	if (rank) {
		h->forgot = true;
		if (!is_let_in(h, weight, rank))
			return PT_HEAVY_REFUSED;
	}
	h->heads[i] = (struct head){key, rank + weight};
	h->n += !rank;
	*ret = row_at(h, i);
	return rank ? PT_HEAVY_REPLACED : PT_HEAVY_NEW;
}

void *pt_heavy_find(const struct pt_heavy *h, uint64_t key)
{
	size_t i = place_of(h, key);
	return i == SIZE_MAX ? NULL : row_at(h, i);
}

void *pt_heavy_next(const struct pt_heavy *h, size_t *at, uint64_t *ret_key)
{
	for (; *at < h->buckets * WAYS; ++*at)
		if (h->heads[*at].rank) {
			*ret_key = h->heads[*at].key;
			return row_at(h, (*at)++);
		}
	return NULL;
}

void pt_heavy_drop(struct pt_heavy *h, uint64_t key)
{
	size_t i = place_of(h, key);
	if (i == SIZE_MAX)
		return;
	h->heads[i] = (struct head){0};
	memset(row_at(h, i), 0, h->row_bytes);
	h->n--;
}

void pt_heavy_clear(struct pt_heavy *h)
{
	memset(h->heads, 0, h->buckets * WAYS * sizeof(*h->heads));
	memset(h->rows, 0, h->buckets * WAYS * h->row_bytes);
	h->n = 0;
	h->forgot = false;
}

size_t pt_heavy_n(const struct pt_heavy *h)
{
	return h->n;
}

void pt_heavy_halve(struct pt_heavy *h)
{
	for (size_t i = 0; i < h->buckets * WAYS; i++)
		h->heads[i].rank = (h->heads[i].rank + 1) / 2;
}

size_t pt_heavy_bytes(const struct pt_heavy *h)
{
	return sizeof(*h) + bytes_of(h->buckets, h->row_bytes);
}

bool pt_heavy_forgot(const struct pt_heavy *h)
{
	return h->forgot;
}
