/*
 * The intersection of passes; see lost.h. Contents are read in windows, since lost objects often lie side by side.
 */
#include "core/hunt/lost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW ((size_t)256 << 10) /* bytes at most, */
#define AHEAD  ((size_t)16 << 10) /* and, where what is lost lies close together, at least so many: the next is in it */
#define HEAD   32u                /* bytes: where malloc writes into what was freed */
#define NEAR   512u               /* bytes: heads so close to each other are read at once */

struct taking {
	struct pt_lost *lost;
	const struct pt_memory *memory;
	const struct pt_heap *heap;
	struct pt_lost_one *v;  /* those that stay */
	size_t n, room, before; /* before: index into those of the last pass */
	unsigned char *window;
	uint64_t from, to; /* addresses of what is in it */
	size_t ahead; /* at least so many bytes are read: twice as many once that paid, half as many if it did not */
	bool paid;
	int error;
};

/* ---- contents --------------------------------------------------------------------------------------------------- */

static const unsigned char *window_at(struct taking *taking, uint64_t address, size_t size)
{
	if (address >= taking->from && address + size <= taking->to) {
		taking->paid = true;
	} else {
		size_t most = size > AHEAD ? size : AHEAD;
		taking->ahead = taking->paid ? taking->ahead * 2 + 256 : taking->ahead / 2;
		taking->ahead = taking->ahead < most ? taking->ahead : most;
		taking->paid = false;
		size_t read = size > taking->ahead ? size : taking->ahead;
		ssize_t got = pt_memory_read(taking->memory, address, taking->window, read);
		if (got < 0) {
			taking->error = (int)got;
			return NULL;
		}
		taking->from = address;
		taking->to = address + read;
	}
	return taking->window + (address - taking->from);
}

static uint64_t mix(uint64_t hash, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word;
		memcpy(&word, bytes + i, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return hash;
}

static size_t head_size(uint64_t size)
{
	return size < HEAD ? (size_t)size : HEAD;
}

static uint64_t hash_of(struct taking *taking, uint64_t address, uint64_t size)
{
	uint64_t hash = size, head = 0;
	for (uint64_t at = 0; at < size && !taking->error;) {
		size_t n = size - at < WINDOW ? (size_t)(size - at) : WINDOW;
		const unsigned char *bytes = window_at(taking, address + at, n);
		if (bytes && !at)
			head = mix(size, bytes, head_size(size));
		if (bytes)
			hash = mix(hash, bytes, n);
		at += n;
	}
	return head << 32 | (hash & UINT32_MAX);
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

static void keep(struct taking *taking, const struct pt_lost_one *one)
{
	if (taking->n == taking->room) {
		size_t room = taking->room ? taking->room + taking->room / 2 : 1024;
		struct pt_lost_one *grown = realloc(taking->v, room * sizeof(*grown));
		if (!grown) {
			taking->error = -ENOMEM;
			return;
		}
		taking->v = grown;
		taking->room = room;
	}
	taking->v[taking->n++] = *one;
}

static void take_first(void *arg, pt_chunk_id id, enum pt_reached how)
{
	struct taking *taking = arg;
	struct pt_chunk chunk;
	if (taking->error)
		return;
	pt_heap_chunk(taking->heap, id, &chunk);
	struct pt_lost_one one = {.address = chunk.address, .size = chunk.size, .weak = how == PT_REACHED_WEAKLY};
	one.hash = hash_of(taking, one.address, one.size);
	keep(taking, &one);
}

/* In place: what stays is never more than what was looked at. */
static void take_again(void *arg, pt_chunk_id id, enum pt_reached how)
{
	struct taking *taking = arg;
	struct pt_lost *lost = taking->lost;
	struct pt_chunk chunk;
	if (taking->error)
		return;
	pt_heap_chunk(taking->heap, id, &chunk);
	while (taking->before < lost->n && lost->v[taking->before].address < chunk.address)
		taking->before++;
	if (taking->before == lost->n || lost->v[taking->before].address != chunk.address)
		return;
	struct pt_lost_one one = lost->v[taking->before++];
	if (one.size != chunk.size || hash_of(taking, one.address, one.size) != one.hash)
		return;
	one.weak |= how == PT_REACHED_WEAKLY;
	lost->v[taking->n++] = one;
}

int pt_lost_pass(struct pt_lost *lost, const struct pt_memory *memory, const struct pt_heap *heap,
		 const struct pt_reach *reach)
{
	struct taking taking = {.lost = lost, .memory = memory, .heap = heap, .window = malloc(WINDOW), .ahead = AHEAD};
	if (!taking.window)
		return -ENOMEM;
	pt_reach_lost(reach, lost->passes ? take_again : take_first, &taking);
	free(taking.window);
	if (taking.error) {
		free(taking.v);
		return taking.error;
	}
	if (!lost->passes)
		lost->v = taking.v;
	lost->n = taking.n;
	lost->passes++;
	return 0;
}

uint64_t *pt_lost_chunks(const struct pt_lost *lost, const struct pt_heap *heap)
{
	uint64_t *bits = calloc(pt_heap_n(heap) / 64 + 1, sizeof(*bits));
	for (size_t i = 0; bits && i < lost->n; i++) {
		struct pt_chunk chunk;
		pt_chunk_id id = pt_heap_find(heap, lost->v[i].address);
		if (id == PT_NO_CHUNK)
			continue;
		pt_heap_chunk(heap, id, &chunk);
		if (chunk.address == lost->v[i].address && chunk.size == lost->v[i].size)
			bits[id / 64] |= 1ull << id % 64;
	}
	return bits;
}

/* ---- in between ------------------------------------------------------------------------------------------------- */

#define WORD 8u /* the header's word of the size, right before the object */

/* Where the heads end that are read together with that of the first. */
static size_t heads_of(const struct pt_lost_one *v, size_t n, uint64_t *ret_end)
{
	size_t i = 0;
	do
		*ret_end = v[i].address + head_size(v[i].size);
	while (++i < n && v[i].address - *ret_end < NEAR && v[i].address + HEAD - v[0].address < WINDOW - WORD);
	return i;
}

/* bytes: from its header's size on. That word counts the header: 8 bytes, or 16 of a chunk that is a mapping. */
static bool is_same(const struct pt_lost_one *one, const unsigned char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, WORD);
	word &= ~(uint64_t)7;
	return (word == one->size + 8 || word == one->size + 16) &&
	       (mix(one->size, bytes + WORD, head_size(one->size)) ^ one->hash >> 32) << 32 == 0;
}

int pt_lost_watch(struct pt_lost *lost, const struct pt_memory *memory)
{
	unsigned char *window = malloc(WINDOW);
	size_t kept = 0;
	ssize_t got = window ? 0 : -ENOMEM;
	for (size_t i = 0; i < lost->n && got >= 0;) {
		uint64_t end, start = lost->v[i].address - WORD;
		const size_t until = i + heads_of(lost->v + i, lost->n - i, &end);
		got = pt_memory_read(memory, start, window, end - start);
		for (; i < until && got >= 0; i++)
			if (is_same(&lost->v[i], window + (lost->v[i].address - WORD - start)))
				lost->v[kept++] = lost->v[i];
	}
	if (got >= 0)
		lost->n = kept;
	free(window);
	return got < 0 ? (int)got : 0;
}

void pt_lost_free(struct pt_lost *lost)
{
	free(lost->v);
	*lost = (struct pt_lost){0};
}

size_t pt_lost_find(const struct pt_lost *lost, uint64_t address)
{
	size_t low = 0, high = lost->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lost->v[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address - lost->v[low - 1].address < lost->v[low - 1].size ? low - 1 : SIZE_MAX;
}
