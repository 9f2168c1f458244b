/*
 * See births.h. Two tables, each with an index by hash (open addressing) that is made anew as it fills up.
 */
#include "core/hunt/births.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024u

struct index {
	uint32_t *v; /* [room], a power of two: numbers + 1; 0: free */
	size_t room;
};

struct pt_object_births {
	struct pt_object_birth *births; /* [n] */
	size_t n, most, n_room;
	struct pt_birth_count *counts; /* [n_counts] */
	size_t n_counts, counts_room;
	struct index by_address, by_stack;
};

static uint64_t mix(uint64_t h)
{
	h *= 0x9E3779B97F4A7C15ull;
	return h ^ h >> 29;
}

uint64_t pt_object_births_hash(const void *bytes, size_t n)
{
	const unsigned char *at = bytes;
	uint64_t h = n, word;
	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = mix(h ^ word);
	}
	for (; n; n--)
		h = mix(h ^ *at++);
	return h;
}

struct pt_object_births *pt_object_births_new(size_t most)
{
	struct pt_object_births *b = calloc(1, sizeof(*b));
	if (b)
		b->most = most;
	return b;
}

void pt_object_births_free(struct pt_object_births *b)
{
	if (!b)
		return;
	free(b->births);
	free(b->counts);
	free(b->by_address.v);
	free(b->by_stack.v);
	free(b);
}

/* ---- both tables ------------------------------------------------------------------------------------------------ */

static void put(struct index *index, uint64_t hash, size_t number)
{
	size_t at = hash & (index->room - 1);
	while (index->v[at])
		at = (at + 1) & (index->room - 1);
	index->v[at] = (uint32_t)number + 1;
}

/* Room for one more of `n`; *ret_anew: all are to be put in again. */
static bool make_room(void **table, size_t size, size_t n, size_t *room, struct index *index, bool *ret_anew)
{
	*ret_anew = false;
	if (n < *room)
		return true;
	const size_t more = *room ? 2 * *room : ROOM_FIRST;
	void *larger = realloc(*table, more * size);
	if (!larger)
		return false;
	*table = larger;
	uint32_t *v = calloc(2 * more, sizeof(*v));
	if (!v)
		return false;
	free(index->v);
	*index = (struct index){v, 2 * more};
	*room = more;
	*ret_anew = true;
	return true;
}

/* ---- counts ----------------------------------------------------------------------------------------------------- */

static uint64_t hash_of_count(uint64_t size, pt_stack_id stack)
{
	return mix(mix(size) ^ stack);
}

void pt_object_births_count(struct pt_object_births *b, uint64_t size, pt_stack_id stack)
{
	const uint64_t hash = hash_of_count(size, stack);
	bool anew;
	for (size_t at = hash; b->by_stack.room && b->by_stack.v[at & (b->by_stack.room - 1)]; at++) {
		struct pt_birth_count *c = &b->counts[b->by_stack.v[at & (b->by_stack.room - 1)] - 1];
		if (c->size == size && c->stack == stack) {
			c->n++;
			return;
		}
	}
	void *table = b->counts;
	bool room = make_room(&table, sizeof(*b->counts), b->n_counts, &b->counts_room, &b->by_stack, &anew);
	b->counts = table;
	if (!room)
		return;
	for (size_t i = 0; anew && i < b->n_counts; i++)
		put(&b->by_stack, hash_of_count(b->counts[i].size, b->counts[i].stack), i);
	put(&b->by_stack, hash, b->n_counts);
	b->counts[b->n_counts++] = (struct pt_birth_count){size, stack, 1};
}

const struct pt_birth_count *pt_object_births_counts(const struct pt_object_births *b, size_t *ret_n)
{
	*ret_n = b->n_counts;
	return b->counts;
}

/* ---- births ----------------------------------------------------------------------------------------------------- */

struct pt_object_birth *pt_object_births_find(struct pt_object_births *b, uint64_t address)
{
	const struct index *index = &b->by_address;
	for (size_t at = mix(address); index->room && index->v[at & (index->room - 1)]; at++) {
		struct pt_object_birth *birth = &b->births[index->v[at & (index->room - 1)] - 1];
		if (birth->address == address)
			return birth;
	}
	return NULL;
}

bool pt_object_births_keep(struct pt_object_births *b, const struct pt_object_birth *birth)
{
	struct pt_object_birth *before = pt_object_births_find(b, birth->address);
	bool anew;
	if (before) {
		*before = *birth;
		return true;
	}
	if (b->n == b->most)
		return false;
	void *table = b->births;
	bool room = make_room(&table, sizeof(*b->births), b->n, &b->n_room, &b->by_address, &anew);
	b->births = table;
	if (!room)
		return false;
	for (size_t i = 0; anew && i < b->n; i++)
		put(&b->by_address, mix(b->births[i].address), i);
	put(&b->by_address, mix(birth->address), b->n);
	b->births[b->n++] = *birth;
	return true;
}

void pt_object_births_forget(struct pt_object_births *b, uint64_t address)
{
	struct pt_object_birth *birth = pt_object_births_find(b, address);
	if (birth)
		birth->lives = false;
}

bool pt_object_births_alike(const struct pt_object_births *b, const struct pt_object_birth *birth)
{
	bool alike = false;
	for (size_t i = 0; i < b->n && !alike; i++)
		alike = b->births[i].hash == birth->hash && b->births[i].size == birth->size &&
			b->births[i].stack != birth->stack;
	return alike;
}

struct pt_object_birth *pt_object_births_all(struct pt_object_births *b, size_t *ret_n)
{
	*ret_n = b->n;
	return b->births;
}
