/*
 * Roots and heap streamed once more, byte by byte; see loose.h.
 */
#include "core/hunt/loose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/reaching.h"

#define LANES 32u /* bytes that are looked at together */
/*
 * In a program that is not relocated the heap is so low that a small number looks like a pointer there, from an odd place:
 * 0x3c4 like 0x3c40000. Below LOW only starts of objects count, and no such round ones.
 */
#define LOW   ((uint64_t)1 << 40)
#define ROUND 0x10000u

typedef unsigned char lanes __attribute__((vector_size(LANES)));

/* What the pointers into some bounds have in common: their highest byte that is not zero; all that are above it are. */
struct mark {
	unsigned at;               /* which byte, little end first; at most 5 */
	unsigned char least, span; /* it is least .. least + span */
};

struct finding {
	struct pt_lost *lost;
	const struct pt_memory *memory;
	const struct pt_heap *heap;
	const struct pt_reach *reach;
	struct pt_heap_bounds bounds[2]; /* of the lost within those of the heap */
	size_t n_bounds;
	struct mark marks[2]; /* of bounds[i] */
	bool in_heap;
	const struct pt_hunt_step *step;
	uint64_t read, bytes; /* so much of all that is looked through */
	atomic_uchar *hit;    /* [lost->n] */
	size_t *stack;        /* [lost->n] */
	size_t n_stack;
};

static bool is_cancelled(void *arg)
{
	return pt_hunt_step_cancelled(((struct finding *)arg)->step);
}

static void progress(void *arg, uint64_t bytes)
{
	struct finding *f = arg;
	f->read += bytes;
	pt_hunt_step_tell(f->step, (double)f->read / (double)(f->bytes + 1));
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void see(struct finding *f, uint64_t place, uint64_t value)
{
	if (value & 7)
		return;
	size_t i = pt_lost_find(f->lost, value);
	if (i == SIZE_MAX || (value < LOW && (value % ROUND == 0 || f->lost->v[i].address != value)))
		return;
	if (f->in_heap) {
		struct pt_aim from = pt_reach_aim(f->heap, place);
		if (from.id == PT_NO_CHUNK || pt_reach_of(f->reach, from.id) == PT_REACHED_NOT)
			return;
	}
	atomic_store_explicit(&f->hit[i], 1, memory_order_relaxed);
}

/* The word that a byte is a mark in, if it begins at a place that is no multiple of 8. */
static void look_at(struct finding *f, size_t bound, uint64_t address, const unsigned char *bytes, size_t size,
		    size_t at)
{
	size_t begin = at - f->marks[bound].at;
	uint64_t word;
	if (at < f->marks[bound].at || begin % 8 == 0 || begin + 8 > size)
		return;
	memcpy(&word, bytes + begin, 8);
	if (word - f->bounds[bound].low < f->bounds[bound].high - f->bounds[bound].low)
		see(f, address + begin, word);
}

/* From byte `at` on, one after the other. */
static void look_at_rest(struct finding *f, uint64_t address, const unsigned char *bytes, size_t size, size_t at)
{
	for (size_t b = 0; b < f->n_bounds; b++)
		for (size_t i = at; i < size; i++)
			if ((unsigned char)(bytes[i] - f->marks[b].least) <= f->marks[b].span)
				look_at(f, b, address, bytes, size, i);
}

static void look_at_found(struct finding *f, size_t bound, uint64_t address, const unsigned char *bytes, size_t size,
			  size_t at, const unsigned char found[LANES])
{
	for (size_t i = 0; i < LANES; i++)
		if (found[i])
			look_at(f, bound, address, bytes, size, at + i);
}

/* Marks that two zeroes follow, but those of words at aligned places; up to which byte. Compiled for several processors. */
static inline __attribute__((always_inline)) size_t look_at_lanes(struct finding *f, uint64_t address,
								  const unsigned char *bytes, size_t size)
{
	lanes least[2], span[2], unaligned[2], here, next, second, found;
	uint64_t parts[LANES / 8];
	size_t at = 0;
	for (size_t b = 0; b < f->n_bounds; b++)
		for (unsigned i = 0; i < LANES; i++) {
			least[b][i] = f->marks[b].least;
			span[b][i] = f->marks[b].span;
			unaligned[b][i] = i % 8 == f->marks[b].at ? 0 : 0xff;
		}
	for (; at + LANES + 2 <= size; at += LANES) {
		memcpy(&here, bytes + at, LANES);
		memcpy(&next, bytes + at + 1, LANES);
		memcpy(&second, bytes + at + 2, LANES);
		for (size_t b = 0; b < f->n_bounds; b++) {
			found = (lanes)(here - least[b] <= span[b]) & (lanes)((next | second) == 0) & unaligned[b];
			memcpy(parts, &found, LANES);
			if (parts[0] | parts[1] | parts[2] | parts[3])
				look_at_found(f, b, address, bytes, size, at, (const unsigned char *)parts);
		}
	}
	return at;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static size_t look_at_lanes_avx2(struct finding *f, uint64_t address,
								 const unsigned char *bytes, size_t size)
{
	return look_at_lanes(f, address, bytes, size);
}
#endif

/* All words of the bytes but the aligned ones. */
static void look(struct finding *f, uint64_t address, const unsigned char *bytes, size_t size)
{
	size_t at;
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		at = look_at_lanes_avx2(f, address, bytes, size);
	else
#endif
		at = look_at_lanes(f, address, bytes, size);
	look_at_rest(f, address, bytes, size, at);
}

static void each(void *arg, const struct pt_stream_batch *batch)
{
	struct finding *f = arg;
	uint64_t end = batch->address + batch->n * 8;
	unsigned char seam[16]; /* where two batches meet */
	look(f, batch->address, (const unsigned char *)batch->words, batch->n * 8);
	if (pt_memory_has(f->memory, end, 8) && pt_memory_read(f->memory, end - 8, seam, 16) == 16)
		look(f, end - 8, seam, 16);
}

static int stream(struct finding *f, const struct pt_stretch *stretches, size_t n, bool in_heap)
{
	struct pt_stream stream = {.memory = f->memory,
				   .stretches = stretches,
				   .n = n,
				   .each = each,
				   .cancelled = is_cancelled,
				   .progress = progress,
				   .arg = f};
	f->in_heap = in_heap;
	return pt_stream_read(&stream);
}

static int stream_all(struct finding *f, const struct pt_roots *roots)
{
	size_t n_regions;
	const struct pt_heap_region *regions = pt_heap_regions(f->heap, &n_regions);
	size_t n = n_regions > roots->n_spans ? n_regions : roots->n_spans;
	struct pt_stretch *stretches = malloc((n + 1) * sizeof(*stretches));
	if (!stretches)
		return -ENOMEM;
	for (size_t i = 0; i < n_regions; i++)
		f->bytes += regions[i].end - regions[i].start;
	for (size_t i = 0; i < roots->n_spans; i++) {
		stretches[i] = (struct pt_stretch){roots->spans[i].start, roots->spans[i].end};
		f->bytes += roots->spans[i].end - roots->spans[i].start;
	}
	int error = stream(f, stretches, roots->n_spans, false);
	for (size_t i = 0; i < n_regions; i++)
		stretches[i] = (struct pt_stretch){regions[i].start, regions[i].end};
	if (!error)
		error = stream(f, stretches, n_regions, true);
	free(stretches);
	return error;
}

/* ---- what hangs on them ----------------------------------------------------------------------------------------- */

static bool follow(void *arg, pt_chunk_id to, bool weak)
{
	struct finding *f = arg;
	struct pt_chunk chunk;
	(void)weak;
	pt_heap_chunk(f->heap, to, &chunk);
	size_t i = pt_lost_find(f->lost, chunk.address);
	if (i != SIZE_MAX && !f->lost->v[i].weak) {
		f->lost->v[i].weak = true;
		f->stack[f->n_stack++] = i;
	}
	return true;
}

static void spread(struct finding *f)
{
	for (size_t i = 0; i < f->lost->n; i++) {
		if (!f->hit[i] || f->lost->v[i].weak)
			continue;
		f->lost->v[i].weak = true;
		f->stack[f->n_stack++] = i;
		while (f->n_stack) {
			uint64_t address = f->lost->v[f->stack[--f->n_stack]].address;
			pt_chunk_id id = pt_heap_find(f->heap, address);
			if (id != PT_NO_CHUNK)
				pt_reach_edges(f->reach, id, follow, f);
		}
	}
}

/* Of addresses that have six bytes at most: least <= most. */
static struct mark mark_of(uint64_t least, uint64_t most)
{
	unsigned at = 0;
	while (most >> 8 * (at + 1))
		at++;
	unsigned char first = (unsigned char)(least >> 8 * at);
	return (struct mark){.at = at, .least = first, .span = (unsigned char)((most >> 8 * at) - first)};
}

/* Words elsewhere need no further look. */
static void set_bounds(struct finding *f)
{
	const struct pt_lost_one *first = &f->lost->v[0], *last = &f->lost->v[f->lost->n - 1];
	struct pt_heap_bounds bounds[2];
	size_t n = pt_heap_bounds(f->heap, bounds);
	for (size_t i = 0; i < n; i++) {
		struct pt_heap_bounds b = bounds[i];
		b.low = b.low > first->address ? b.low : first->address;
		b.high = b.high < last->address + last->size ? b.high : last->address + last->size;
		if (b.low >= b.high)
			continue;
		f->marks[f->n_bounds] = mark_of(b.low, b.high - 1);
		f->bounds[f->n_bounds++] = b;
	}
}

int pt_loose_find(struct pt_lost *lost, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots *roots, const struct pt_reach *reach, const struct pt_hunt_step *step)
{
	struct finding f = {.lost = lost, .memory = memory, .heap = heap, .reach = reach, .step = step};
	if (!lost->n)
		return 0;
	set_bounds(&f);
	f.hit = calloc(lost->n, sizeof(*f.hit));
	f.stack = malloc(lost->n * sizeof(*f.stack));
	int error = f.hit && f.stack ? stream_all(&f, roots) : -ENOMEM;
	if (!error)
		spread(&f);
	free(f.hit);
	free(f.stack);
	return error;
}
