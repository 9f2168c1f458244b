/*
 * Hidden suspects; see hidden.h. Two streams: the first learns which words there are, of live and of lost memory, as lists in
 * code hang on a single word; out of it codes are found (hidden_believe.c). If any is believed, the second takes every word of
 * live memory back to an address by each. What that hits is hidden, and what hangs on it, by pointers in code or not.
 */
#include "core/hunt/hidden.h"

#include <errno.h>
#include <stdlib.h>

#include "core/hunt/contexts.h"
#include "core/hunt/hidden_parts.h"

#define WORDS_MOST (1ull << 20) /* that the first stream takes */
#define SMALL      1032u        /* bytes: the largest chunk that a tcache has */
#define CONTENTS   (1ull << 16) /* bytes of an object at a time */

/* ---- which words there are -------------------------------------------------------------------------------------- */

/* A link where glibc would have put it: at the start of a small chunk of before. */
static bool is_left_over(const struct pt_hidden *h, const struct pt_hidden_run *run, uint64_t word, uint64_t place)
{
	return run->chunk && place % 16 == 0 && run->size <= SMALL && pt_hidden_is_link(h, word, place);
}

static void learn_word(struct pt_hidden *h, const struct pt_hidden_run *run, uint64_t word, uint64_t place)
{
	static const enum pt_coding_part parts[] = {PT_PART_MASKED, PT_PART_SHIFTED, PT_PART_SELF_XOR};
	for (unsigned half = 0; half < 2; half++)
		if (word >> 32 * half & UINT32_MAX)
			pt_sight_put(h->seen, PT_PART_HALF, pt_part_of(PT_PART_HALF, word, place, half));
	if (!(word >> 32) || pt_hidden_is_text(word) || is_left_over(h, run, word, place))
		return;
	if (!pt_hidden_is_link(h, word, place)) {
		pt_sight_put(h->seen, PT_PART_WORD, word);
		pt_sight_put_family(h->seen, run->thread, word);
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		uint64_t part = pt_part_of(parts[i], word, place, 0);
		if (pt_hidden_in_bounds(h, part))
			pt_sight_put(h->seen, parts[i], part);
	}
}

static void learn(struct pt_hidden *h, const struct pt_hidden_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		uint64_t place = run->address + i * 8;
		if (pt_hidden_is_candidate(h, run->words[i]))
			learn_word(h, run, run->words[i], place);
	}
}

/* ---- what they stand for ---------------------------------------------------------------------------------------- */

static bool mark(struct pt_hidden *h, pt_chunk_id id)
{
	uint64_t bit = 1ull << id % 64;
	return !(atomic_fetch_or_explicit(&h->found[id / 64], bit, memory_order_relaxed) & bit);
}

static void mark_one(void *arg, pt_chunk_id id)
{
	mark(arg, id);
}

/* The lost object that a part of a word stands for. */
static pt_chunk_id decode(const struct pt_hidden *h, const struct pt_coding *coding, uint64_t word, uint64_t place,
			  unsigned half)
{
	uint64_t part = pt_part_of(pt_coding_part(coding->kind), word, place, half);
	return part ? pt_hidden_lost_at(h, pt_coding_decode(coding, part)) : PT_NO_CHUNK;
}

static bool is_of_halves(const struct pt_coding *coding)
{
	return pt_coding_part(coding->kind) == PT_PART_HALF;
}

/* Counts where an address that came out leads to, and keeps what is lost. */
static enum pt_try attempt(struct pt_hidden *h, const struct pt_hidden_run *run, uint32_t context, uint64_t address)
{
	bool lost = false;
	pt_chunk_id id = pt_hidden_start_at(h, address, &lost);
	if (lost && id != PT_NO_CHUNK && run->live)
		pt_contexts_keep(h->contexts, run->thread, context, id);
	return id == PT_NO_CHUNK ? PT_TRY_NOTHING : lost ? PT_TRY_LOST : PT_TRY_OBJECT;
}

static void decode_halves(struct pt_hidden *h, const struct pt_hidden_run *run, uint64_t word, uint64_t place)
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t part = pt_part_of(PT_PART_HALF, word, place, half);
		uint32_t context = pt_context_of(place + half * 4, run->chunk, run->size);
		enum pt_try best = PT_TRY_NOTHING;
		for (size_t c = 0; c < h->n_codings && part; c++) {
			if (!is_of_halves(&h->codings[c]))
				continue;
			enum pt_try result = attempt(h, run, context, pt_coding_decode(&h->codings[c], part));
			best = result > best ? result : best;
		}
		if (part)
			pt_contexts_count(h->contexts, context, best);
	}
}

/* Near: of a constant that is XORed all that have the upper half of some address of the heap; else what is within the heap. */
static bool is_near(const struct pt_hidden *h, const struct pt_coding *coding, uint64_t address)
{
	if (coding->kind != PT_CODING_XOR)
		return pt_hidden_in_bounds(h, address);
	for (size_t i = 0; i < h->n_bounds; i++)
		if (address >> 32 >= h->bounds[i].low >> 32 && address >> 32 <= (h->bounds[i].high - 1) >> 32)
			return true;
	return false;
}

static void decode_word(struct pt_hidden *h, const struct pt_hidden_run *run, uint64_t word, uint64_t place)
{
	if (!(word >> 32) || pt_hidden_is_text(word) || is_left_over(h, run, word, place))
		return;
	bool link = pt_hidden_is_link(h, word, place);
	for (size_t c = 0; c < h->n_codings; c++) {
		const struct pt_coding *coding = &h->codings[c];
		if (is_of_halves(coding) || (link && coding->kind != PT_CODING_SELF_XOR))
			continue;
		uint64_t address = pt_coding_decode(coding, pt_part_of(pt_coding_part(coding->kind), word, place, 0));
		if (is_near(h, coding, address))
			pt_contexts_count(h->contexts, pt_context_of_code(c),
					  attempt(h, run, pt_context_of_code(c), address));
	}
}

static void decode_run(struct pt_hidden *h, const struct pt_hidden_run *run)
{
	bool halves = false;
	for (size_t c = 0; c < h->n_codings; c++)
		halves |= is_of_halves(&h->codings[c]);
	for (size_t i = 0; i < run->n; i++) {
		uint64_t place = run->address + i * 8, word = run->words[i];
		if (!pt_hidden_is_candidate(h, word))
			continue;
		if (halves)
			decode_halves(h, run, word, place);
		decode_word(h, run, word, place);
	}
}

/* ---- what hangs on it ------------------------------------------------------------------------------------------- */

struct follow {
	struct pt_hidden *h;
	pt_chunk_id *queue; /* [n_lost] */
	size_t n;
	uint64_t words[CONTENTS / 8];
};

static void add_found(struct follow *f, pt_chunk_id id)
{
	if (id != PT_NO_CHUNK && f->h->lost[id / 64] >> id % 64 & 1 && mark(f->h, id))
		f->queue[f->n++] = id;
}

static void follow_word(struct follow *f, const struct pt_chunk *chunk, uint64_t word, uint64_t place)
{
	struct pt_hidden *h = f->h;
	if (!word)
		return;
	pt_chunk_id id = pt_heap_find(h->heap, word);
	if (id != PT_NO_CHUNK) {
		add_found(f, id);
		return;
	}
	for (size_t c = 0; c < h->n_codings; c++) {
		bool halves = is_of_halves(&h->codings[c]);
		for (unsigned half = 0; half <= halves; half++) {
			uint32_t context = halves ? pt_context_of(place + half * 4, chunk->address, chunk->size)
						  : pt_context_of_code(c);
			if (pt_contexts_good(h->contexts, context))
				add_found(f, decode(h, &h->codings[c], word, place, half));
		}
	}
}

static void follow_object(struct follow *f, pt_chunk_id id)
{
	struct pt_chunk chunk;
	pt_heap_chunk(f->h->heap, id, &chunk);
	for (uint64_t at = 0; at < chunk.size; at += CONTENTS) {
		uint64_t n = chunk.size - at < CONTENTS ? chunk.size - at : CONTENTS;
		if (pt_memory_read(f->h->memory, chunk.address + at, f->words, n) <= 0)
			continue;
		for (size_t i = 0; i < n / 8; i++)
			follow_word(f, &chunk, f->words[i], chunk.address + at + i * 8);
	}
}

static int follow_all(struct pt_hidden *h)
{
	struct follow *f = malloc(sizeof(*f));
	pt_chunk_id n = pt_heap_n(h->heap);
	if (!f)
		return -ENOMEM;
	f->h = h;
	f->n = 0;
	f->queue = malloc((h->n + 1) * sizeof(*f->queue));
	if (!f->queue) {
		free(f);
		return -ENOMEM;
	}
	for (pt_chunk_id w = 0; w <= n / 64; w++)
		for (uint64_t bits = h->found[w]; bits; bits &= bits - 1)
			f->queue[f->n++] = w * 64 + (pt_chunk_id)__builtin_ctzll(bits);
	for (size_t i = 0; i < f->n; i++)
		follow_object(f, f->queue[i]);
	free(f->queue);
	free(f);
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static void set_tiers(struct pt_hidden *h)
{
	for (size_t i = 0; i < h->n; i++) {
		pt_chunk_id id = pt_hidden_lost_at(h, h->objects[i].address);
		bool found = id != PT_NO_CHUNK && h->found[id / 64] >> id % 64 & 1;
		if (found && h->objects[i].tier == PT_LEAK_LEAKED) /* a weak one has a pointer as it stands */
			h->objects[i].tier = PT_LEAK_HIDDEN;
	}
}

static void look_around(struct pt_hidden *h)
{
	const struct pt_vma_table *vmas = h->memory->vmas;
	size_t n;
	const struct pt_heap_region *regions = pt_heap_regions(h->heap, &n);
	for (size_t i = 0; i < vmas->n; i++)
		for (uint64_t at = vmas->v[i].start >> 21, k = 0; at << 21 < vmas->v[i].end && k < 65536; at++, k++)
			h->near[at >> 6 & 1023] |= 1ull << (at & 63);
	for (size_t i = 0; i < n; i++)
		h->bytes += regions[i].end - regions[i].start;
	for (size_t i = 0; i < h->memory->n; i++)
		h->bytes += h->memory->pieces[i].end - h->memory->pieces[i].start;
	h->bytes /= 2; /* the heap was counted twice, about */
	h->stride = 1 + h->bytes / 8 / WORDS_MOST;
}

static bool make_room(struct pt_hidden *h)
{
	size_t words = pt_heap_n(h->heap) / 64 + 1;
	look_around(h);
	h->lost = calloc(words, sizeof(*h->lost));
	h->found = calloc(words, sizeof(*h->found));
	h->seen = pt_sight_new(h->bytes / 8 / h->stride, PT_STREAM_THREADS);
	return h->lost && h->found && h->seen;
}

static void set_lost(struct pt_hidden *h)
{
	for (size_t i = 0; i < h->n; i++) {
		struct pt_chunk chunk;
		pt_chunk_id id = pt_heap_find(h->heap, h->objects[i].address);
		if (id == PT_NO_CHUNK)
			continue;
		pt_heap_chunk(h->heap, id, &chunk);
		if (chunk.address == h->objects[i].address)
			h->lost[id / 64] |= 1ull << id % 64;
	}
}

static int find_hidden(struct pt_hidden *h)
{
	int error = pt_hidden_stream(h, h->stride, learn);
	if (!error)
		error = pt_hidden_believe(h);
	if (error || !h->n_codings)
		return error;
	h->contexts = pt_contexts_new(PT_STREAM_THREADS);
	if (!h->contexts)
		return -ENOMEM;
	error = pt_hidden_stream(h, 1, decode_run);
	if (error)
		return error;
	pt_contexts_each(h->contexts, mark_one, h);
	error = follow_all(h);
	if (!error)
		set_tiers(h);
	return error;
}

int pt_hunt_hidden(struct pt_leak_object *objects, size_t n, const struct pt_memory *memory, const struct pt_heap *heap,
		   const struct pt_roots *roots, const struct pt_reach *reach, const struct pt_hunt_step *step)
{
	struct pt_hidden h = {.objects = objects,
			      .n = n,
			      .memory = memory,
			      .heap = heap,
			      .roots = roots,
			      .reach = reach,
			      .step = step};
	if (!n)
		return 0;
	h.n_bounds = pt_heap_bounds(heap, h.bounds);
	int error = make_room(&h) ? 0 : -ENOMEM;
	if (!error) {
		set_lost(&h);
		error = find_hidden(&h);
	}
	free(h.lost);
	free((void *)h.found);
	pt_sight_free(h.seen);
	pt_contexts_free(h.contexts);
	return error;
}
