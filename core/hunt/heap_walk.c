/*
 * From one chunk to the next; see heap_inner.h.
 *
 * A chunk begins with the size of the one before it (where that one is free) and its own size, whose low bits say whether
 * the one before it is in use. The program goes on meanwhile: where a header makes no sense, it is read again from a
 * little before; where that does not help, the region ends there, and goes on where headers make sense again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

#define SEEK   (1u << 20) /* bytes that are looked through for a place to begin at */
#define TRIES  8u         /* how often a header is read again, */
#define NARROW 4096u      /* by so many bytes at a time */

enum stop {
	STOP_NONE,
	STOP_LIMIT, /* at the limit */
	STOP_TOP,   /* behind the top */
	STOP_BELOW, /* the top is below `at` by now */
	STOP_FENCE, /* behind a fencepost */
	STOP_HEAD,  /* the header at `at` makes no sense */
	STOP_PREV,  /* ... or says another size of the chunk before it */
	STOP_ERROR,
};

/* ---- reading ---------------------------------------------------------------------------------------------------- */

const unsigned char *pt_chunk_walk_window(struct pt_chunk_walk *w, uint64_t at, uint64_t limit)
{
	if (at >= w->from && at + 32 <= w->to)
		return w->window + (at - w->from);
	/* where headers made no sense, so little that it hardly changes while it is read */
	uint64_t most = w->tries && at <= w->trouble && PT_HEAP_WINDOW > NARROW ? NARROW : PT_HEAP_WINDOW;
	uint64_t size = limit - at < most ? limit - at : most;
	ssize_t got = pt_memory_read(w->memory, at, w->window, size);
	w->from = w->to = 0;
	if (got < 0) {
		w->error = (int)got;
		return NULL;
	}
	if (size < 32)
		memset(w->window + size, 0, 32 - size);
	w->from = at;
	w->to = at + (size < 32 ? 32 : size);
	return w->window;
}

static uint64_t load(const unsigned char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static unsigned hash(uint64_t key)
{
	return (unsigned)(key * 0x9e3779b97f4a7c15ull >> 52);
}

int pt_chunk_walk_init(struct pt_chunk_walk *walk, struct pt_heap *heap, const struct pt_malloc *found,
		       const struct pt_memory *memory)
{
	*walk = (struct pt_chunk_walk){.memory = memory, .found = found, .heap = heap, .top = UINT64_MAX};
	walk->window = malloc(PT_HEAP_WINDOW + 32);
	for (size_t i = 0; i < found->n_keys; i++)
		walk->filter[hash(found->keys[i]) / 64] |= 1ull << hash(found->keys[i]) % 64;
	return walk->window ? 0 : -ENOMEM;
}

static void drop_space(struct pt_chunk_walk *w)
{
	free(w->now.blocks);
	free(w->now.used);
	w->now = (struct pt_space){0};
}

void pt_chunk_walk_free(struct pt_chunk_walk *walk)
{
	drop_space(walk);
	free(walk->window);
	free(walk->caches);
}

/* ---- the space at work ------------------------------------------------------------------------------------------ */

static int begin(struct pt_chunk_walk *w, uint64_t start)
{
	w->at = start;
	w->last = 0;
	for (unsigned i = 0; i < PT_BEGUN; i++)
		w->begun[i] = start;
	w->from = w->to = 0;
	w->now = (struct pt_space){.region = {start, start, w->arena}};
	/* what stays untouched costs nothing */
	w->now.blocks = calloc(pt_blocks_of(&w->now, w->limit), sizeof(*w->now.blocks));
	w->room_used = 4096;
	w->now.used = malloc(w->room_used / 8);
	return w->now.blocks && w->now.used ? 0 : -ENOMEM;
}

static int finish(struct pt_chunk_walk *w, uint64_t end, bool reaches)
{
	w->now.region.end = end;
	w->now.reaches = reaches;
	return pt_heap_add(w->heap, &w->now);
}

/* Back to a chunk that began there. */
static void rewind_to(struct pt_chunk_walk *w, uint64_t start)
{
	struct pt_place first = pt_place_of(&w->now, start);
	uint64_t blocks = pt_blocks_of(&w->now, w->at);
	for (uint64_t i = first.block; i < blocks; i++) {
		for (unsigned word = i == first.block ? first.word : 0; word < PT_BLOCK_WORDS; word++) {
			uint64_t *starts = &w->now.blocks[i].starts[word];
			bool partly = i == first.block && word == first.word;
			uint64_t keep = partly ? (1ull << first.bit) - 1 : 0;
			w->now.n -= pt_count_bits(*starts & ~keep);
			*starts &= keep;
		}
	}
	while (w->heap->n_odd && w->heap->odd[w->heap->n_odd - 1].address >= start &&
	       w->heap->odd[w->heap->n_odd - 1].address < w->at)
		w->heap->n_odd--;
	w->at = start;
	w->last = 0;
	for (unsigned i = 0; i < PT_BEGUN; i++)
		w->begun[i] = w->begun[i] < start ? w->begun[i] : start;
	w->from = w->to = 0;
}

static bool grow_used(struct pt_chunk_walk *w)
{
	uint64_t *grown = realloc(w->now.used, w->room_used / 4);
	if (!grown)
		return false;
	w->now.used = grown;
	w->room_used *= 2;
	return true;
}

/* The chunk at `at`, in use until the next one says that it is not. */
static bool add_chunk(struct pt_chunk_walk *w, uint64_t size)
{
	struct pt_place place = pt_place_of(&w->now, w->at);
	uint32_t n = w->now.n;
	if (n == w->room_used && (n >= PT_NO_CHUNK / 2 || !grow_used(w))) {
		w->error = n >= PT_NO_CHUNK / 2 ? -EOVERFLOW : -ENOMEM;
		return false;
	}
	w->now.blocks[place.block].starts[place.word] |= 1ull << place.bit;
	w->now.used[n / 64] |= 1ull << n % 64;
	w->now.n++;
	w->last = w->at;
	w->at += size;
	return true;
}

static bool add_odd(struct pt_chunk_walk *w, uint64_t size, enum pt_chunk_kind kind)
{
	w->error = pt_heap_add_odd(w->heap, w->at, kind);
	return !w->error && add_chunk(w, size);
}

/* ---- tcache ----------------------------------------------------------------------------------------------------- */

/* Index of the key that a chunk is marked with as cached, or n_keys. The word before it is the next one's address,
 * hidden since 2.32. */
static size_t key_of(const struct pt_chunk_walk *w, uint64_t at, const unsigned char *chunk)
{
	const struct pt_malloc *found = w->found;
	uint64_t key = load(chunk + 24), next = load(chunk + 16);
	if (!(w->filter[hash(key) / 64] >> hash(key) % 64 & 1))
		return found->n_keys;
	size_t i = 0;
	while (i < found->n_keys && found->keys[i] != key)
		i++;
	uint64_t clear = next ^ (at + PT_HEADER) >> 12;
	bool plausible = !(next % 16) || !(clear % 16 || clear >> 47);
	return plausible ? i : found->n_keys;
}

/*
 * Whether a chunk can be a tcache_perthread_struct: of one of its sizes (2.26, 2.30, 2.42), and it ends in as many pointers or
 * zeroes as there are lists. What it is shows where these point (heap_free.c).
 */
static bool may_be_cache(const struct pt_chunk_walk *w, uint64_t size)
{
	const struct pt_cache_shape *shape = pt_cache_shape(size);
	if (!shape)
		return false;
	if (w->at + size > w->to)
		return true;
	const unsigned char *entries = w->window + (w->at - w->from) + PT_HEADER + shape->entries;
	for (unsigned i = 0; i < shape->bins; i++) {
		uint64_t entry = load(entries + i * 8);
		if (entry % PT_GRAIN || entry >> 47)
			return false;
	}
	return true;
}

int pt_chunk_walk_note(struct pt_chunk_walk *walk, uint64_t header)
{
	if (walk->n_caches == walk->room_caches) {
		size_t room = walk->room_caches ? walk->room_caches * 2 : 64;
		uint64_t *grown = realloc(walk->caches, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		walk->caches = grown;
		walk->room_caches = room;
	}
	walk->caches[walk->n_caches++] = header;
	return 0;
}

/* ---- walking ---------------------------------------------------------------------------------------------------- */

static bool is_size(uint64_t size, uint64_t at, uint64_t limit)
{
	return size >= PT_CHUNK_LEAST && size % PT_GRAIN == 0 && size <= limit - at;
}

/* Two headers too small for chunks: 16 and 16 in the main arena, 16 and 0 at the end of a heap of another. */
static bool is_fence(const unsigned char *chunk)
{
	uint64_t first = load(chunk + 8), second = load(chunk + 24);
	return PT_HEAD_SIZE(first) == 16 && (second == (16 | PT_PREV_INUSE) || second == PT_PREV_INUSE);
}

static enum stop stop_at_top(struct pt_chunk_walk *w, const unsigned char *chunk)
{
	uint64_t size = PT_HEAD_SIZE(load(chunk + 8));
	if (!is_size(size, w->at, w->limit)) /* 16 bytes are left of a top that just was used up */
		size = size == PT_GRAIN ? size : w->limit - w->at;
	return add_odd(w, size, PT_CHUNK_TOP) ? STOP_TOP : STOP_ERROR;
}

/* A header that is none of a chunk. */
static enum stop walk_fence(struct pt_chunk_walk *w, const unsigned char *chunk)
{
	if (PT_HEAD_SIZE(load(chunk + 8)) != PT_GRAIN)
		return STOP_HEAD;
	if (is_fence(chunk))
		return add_odd(w, 32, PT_CHUNK_OWN) ? STOP_FENCE : STOP_ERROR;
	chunk = w->limit - w->at >= 48 ? pt_chunk_walk_window(w, w->at + PT_GRAIN, w->limit) : NULL;
	if (!chunk || !is_fence(chunk))
		return w->error ? STOP_ERROR : STOP_HEAD;
	return add_odd(w, PT_GRAIN, PT_CHUNK_OWN) ? STOP_NONE : STOP_ERROR; /* what an old top had left */
}

/* Where the top is now, if it is in this region. */
static void refresh_top(struct pt_chunk_walk *w)
{
	w->top = pt_malloc_top(w->found, w->memory, w->arena);
	if (w->top < w->start || w->top >= w->limit)
		w->top = UINT64_MAX;
}

static enum stop walk_one(struct pt_chunk_walk *w, const unsigned char *chunk, uint64_t head)
{
	uint64_t size = PT_HEAD_SIZE(head);
	if (!is_size(size, w->at, w->limit) || head & PT_IS_MMAPPED)
		return walk_fence(w, chunk);
	size_t key = key_of(w, w->at, chunk);
	if (key < w->found->n_keys) {
		w->key_hits[key]++;
		w->error = pt_heap_add_odd(w->heap, w->at, PT_CHUNK_CACHED);
	}
	if (!w->error && may_be_cache(w, size))
		w->error = pt_chunk_walk_note(w, w->at);
	return !w->error && add_chunk(w, size) ? STOP_NONE : STOP_ERROR;
}

/* Whether what makes no sense at `at` is to be read again. */
static bool may_try(const struct pt_chunk_walk *w)
{
	return w->at > w->trouble || w->tries < TRIES;
}

/* A window is about to be read. */
static void note_begun(struct pt_chunk_walk *w)
{
	if (w->tries && w->at <= w->trouble)
		return; /* a narrow one */
	memmove(w->begun, w->begun + 1, sizeof(w->begun) - sizeof(*w->begun));
	w->begun[PT_BEGUN - 1] = w->last ? w->last : w->at;
}

static enum stop walk_chunks(struct pt_chunk_walk *w)
{
	for (enum stop stop = STOP_NONE;;) {
		if (w->at >= w->top)
			refresh_top(w);
		if (w->at > w->top)
			return STOP_BELOW;
		if (w->at >= w->limit)
			return STOP_LIMIT;
		if (w->at < w->from || w->at + 32 > w->to) {
			note_begun(w);
		}
		const unsigned char *chunk = pt_chunk_walk_window(w, w->at, w->limit);
		if (!chunk)
			return STOP_ERROR;
		uint64_t head = load(chunk + 8), before = w->now.n - 1;
		bool free_before = w->last && !(head & PT_PREV_INUSE);
		if (free_before && load(chunk) != w->at - w->last && may_try(w))
			return STOP_PREV;
		stop = w->at == w->top ? stop_at_top(w, chunk) : walk_one(w, chunk, head);
		if (free_before && stop != STOP_HEAD && stop != STOP_ERROR)
			w->now.used[before / 64] &= ~(1ull << before % 64);
		if (stop != STOP_NONE)
			return stop;
	}
}

/* ---- where it makes no sense ------------------------------------------------------------------------------------ */

static void set_region(struct pt_chunk_walk *w, uint32_t arena, uint64_t start, uint64_t limit)
{
	w->arena = arena;
	w->start = start;
	w->limit = limit;
	refresh_top(w);
}

/* How many headers make sense from there on: PT_SENSE, as many as are needed to believe that they are. */
static unsigned makes_sense(struct pt_chunk_walk *w, uint64_t start)
{
	uint64_t at = start, last = 0;
	for (unsigned i = 0; i < PT_SENSE; i++) {
		unsigned char beyond[32];
		const unsigned char *chunk = beyond;
		if (at == w->limit || at == w->top)
			return i ? PT_SENSE : 0;
		if (at >= w->from && at + 32 <= w->to)
			chunk = w->window + (at - w->from);
		else if (w->limit - at < 32 || pt_memory_read(w->memory, at, beyond, 32) != 32)
			return i;
		uint64_t head = load(chunk + 8), size = PT_HEAD_SIZE(head);
		if (last ? !(head & PT_PREV_INUSE) && load(chunk) != at - last : !(head & PT_PREV_INUSE))
			return i;
		if (size == PT_GRAIN && is_fence(chunk))
			return i ? PT_SENSE : 0;
		if (!is_size(size, at, w->limit) || head & PT_IS_MMAPPED)
			return i;
		last = at;
		at += size;
	}
	return PT_SENSE;
}

unsigned pt_chunk_walk_test(struct pt_chunk_walk *w, uint32_t arena, uint64_t start, uint64_t limit)
{
	set_region(w, arena, start, limit);
	return pt_chunk_walk_window(w, start, limit) ? makes_sense(w, start) : 0;
}

/* The next address from `at` on where chunks seem to begin; `until`: none; 0: an error. */
static uint64_t find_sense(struct pt_chunk_walk *w, uint64_t at, uint64_t until)
{
	for (; at + PT_CHUNK_LEAST <= until; at += PT_GRAIN) {
		if (at < w->from || at + 32 > w->to) {
			size_t piece = pt_memory_find(w->memory, at);
			if (piece == w->memory->n || w->memory->pieces[piece].start >= until)
				return until;
			if (w->memory->pieces[piece].start > at)
				at = w->memory->pieces[piece].start;
		}
		const unsigned char *chunk = pt_chunk_walk_window(w, at, w->limit);
		if (!chunk)
			return 0;
		if (load(chunk + 8) && makes_sense(w, at) == PT_SENSE)
			return at;
	}
	return until;
}

uint64_t pt_chunk_walk_seek(struct pt_chunk_walk *w, uint32_t arena, uint64_t at, uint64_t limit)
{
	uint64_t until = limit - at < SEEK ? limit : at + SEEK;
	set_region(w, arena, at, limit);
	uint64_t found = find_sense(w, at, until);
	return found == until ? limit : found;
}

/* Reads again, from a little before; where that did not help, from further back: the wrong turn may be there. */
static void try_again(struct pt_chunk_walk *w)
{
	w->tries = w->at > w->trouble ? 1 : w->tries + 1;
	if (w->at > w->trouble)
		w->trouble = w->at;
	rewind_to(w, w->begun[w->tries < PT_BEGUN ? PT_BEGUN - w->tries : 0]);
}

/* What the program's own use of brk leaves between fenceposts and the next chunk is not the heap's, and not broken. */
static int go_on(struct pt_chunk_walk *w, enum stop stop)
{
	uint64_t at = w->at;
	int error = finish(w, at, stop == STOP_HEAD);
	if (error || w->mapped)
		return error;
	if (stop == STOP_HEAD)
		w->trouble = w->limit; /* by narrow windows */
	uint64_t next = find_sense(w, stop == STOP_HEAD ? at + PT_GRAIN : at, w->limit);
	if (!next)
		return w->error;
	if (stop == STOP_HEAD)
		w->heap->broken += next - at;
	w->found_again = stop == STOP_HEAD;
	w->trouble = w->tries = 0;
	w->at = next;
	return next == w->limit ? 0 : begin(w, next);
}

/* The top moved down below what was walked: what is behind it is free again. */
static int end_at_top(struct pt_chunk_walk *w)
{
	if (w->top < w->now.region.start) { /* of a region that was found again */
		drop_space(w);
		return 0;
	}
	rewind_to(w, w->top);
	const unsigned char *chunk = pt_chunk_walk_window(w, w->at, w->limit);
	if (!chunk || stop_at_top(w, chunk) == STOP_ERROR)
		return w->error;
	return finish(w, w->at, false);
}

/* Chunks that were found again, and whose sizes then did not fit: none of them can be believed. */
static int disbelieve(struct pt_chunk_walk *w)
{
	uint64_t start = w->now.region.start, at = w->at;
	rewind_to(w, start);
	drop_space(w);
	w->heap->broken += at - start;
	w->found_again = false;
	return begin(w, at);
}

int pt_chunk_walk_region(struct pt_chunk_walk *w, uint32_t arena, uint64_t start, uint64_t limit)
{
	set_region(w, arena, start, limit);
	w->trouble = w->tries = 0;
	w->found_again = false;
	int error = begin(w, start);
	while (!error) {
		enum stop stop = walk_chunks(w);
		switch (stop) {
		case STOP_ERROR: return w->error;
		case STOP_LIMIT:
		case STOP_TOP: return finish(w, w->at, false);
		case STOP_BELOW: return end_at_top(w);
		case STOP_FENCE: error = go_on(w, stop); break;
		case STOP_PREV:
			if (w->found_again)
				error = disbelieve(w);
			else
				try_again(w);
			break;
		case STOP_HEAD:
			if (may_try(w))
				try_again(w);
			else
				error = go_on(w, stop);
			break;
		default: break;
		}
		if (!error && !w->now.blocks)
			return 0; /* nothing behind it */
	}
	return error;
}
