/*
 * Roots and heap streamed once more, byte by byte; see loose.h.
 */
#include "core/hunt/loose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/reaching.h"

#define SIXTH      5u /* a byte of a pointer that few of them differ in: addresses have six, little end first */
#define SIXTHS_MAX 256u
/*
 * In a program that is not relocated the heap is so low that a small number looks like a pointer there, from an odd place:
 * 0x3c4 like 0x3c40000. Below LOW only starts of objects count, and no such round ones.
 */
#define LOW   ((uint64_t)1 << 40)
#define ROUND 0x10000u

struct finding {
	struct pt_lost *lost;
	const struct pt_memory *memory;
	const struct pt_heap *heap;
	const struct pt_reach *reach;
	struct pt_heap_bounds bounds[2]; /* of the lost within those of the heap */
	size_t n_bounds;
	unsigned char sixths[SIXTHS_MAX]; /* the sixth bytes that words within bounds have */
	unsigned n_sixths;
	bool in_heap;
	const struct pt_step *step;
	uint64_t read, bytes; /* so much of all that is looked through */
	atomic_uchar *hit;    /* [lost->n] */
	size_t *stack;        /* [lost->n] */
	size_t n_stack;
};

static bool is_cancelled(void *arg)
{
	return pt_step_cancelled(((struct finding *)arg)->step);
}

static void progress(void *arg, uint64_t bytes)
{
	struct finding *f = arg;
	f->read += bytes;
	pt_step_tell(f->step, (double)f->read / (double)(f->bytes + 1));
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

/* A bit (the highest) for each byte of a word that is `byte`. */
static inline uint64_t bytes_that_are(uint64_t word, uint64_t byte)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
	uint64_t other = word ^ byte * 0x0101010101010101u;
	return ~(((other & low) + low) | other | low);
}

/* The word whose sixth byte lies there: it begins five before, at a place that is no multiple of 8. */
static void look_at(struct finding *f, uint64_t address, const unsigned char *bytes, size_t size, size_t sixth)
{
	uint64_t word;
	if (sixth < SIXTH || sixth - SIXTH + 8 > size)
		return;
	memcpy(&word, bytes + sixth - SIXTH, 8);
	for (size_t i = 0; i < f->n_bounds; i++)
		if (word - f->bounds[i].low < f->bounds[i].high - f->bounds[i].low) {
			see(f, address + sixth - SIXTH, word);
			return;
		}
}

/* All words of the bytes but the aligned ones: those whose sixth byte is one that pointers to the lost have. */
static void look(struct finding *f, uint64_t address, const unsigned char *bytes, size_t size)
{
	const uint64_t unaligned = 0x8080808080808080u & ~(0x80ull << SIXTH * 8);
	uint64_t words[4];
	for (size_t i = 0; i < size; i += sizeof(words)) {
		size_t n = size - i < sizeof(words) ? (size - i) / 8 : 4;
		uint64_t any = 0, hits[4] = {0};
		memcpy(words, bytes + i, n * 8);
		for (size_t w = 0; w < n; w++)
			for (unsigned s = 0; s < f->n_sixths; s++)
				any |= hits[w] |= bytes_that_are(words[w], f->sixths[s]) & unaligned;
		for (size_t w = 0; any && w < n; w++)
			for (; hits[w]; hits[w] &= hits[w] - 1)
				look_at(f, address, bytes, size, i + w * 8 + (size_t)__builtin_ctzll(hits[w]) / 8);
	}
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

/* Words elsewhere need no further look. */
static void set_bounds(struct finding *f)
{
	const struct pt_lost_one *first = &f->lost->v[0], *last = &f->lost->v[f->lost->n - 1];
	f->n_bounds = pt_heap_bounds(f->heap, f->bounds);
	for (size_t i = 0; i < f->n_bounds; i++) {
		struct pt_heap_bounds *b = &f->bounds[i];
		b->low = b->low > first->address ? b->low : first->address;
		b->high = b->high < last->address + last->size ? b->high : last->address + last->size;
		if (b->low > b->high)
			b->high = b->low;
		for (uint64_t at = b->low >> SIXTH * 8; b->low < b->high && at <= (b->high - 1) >> SIXTH * 8; at++)
			if (f->n_sixths < SIXTHS_MAX && !memchr(f->sixths, (int)(at & 0xff), f->n_sixths))
				f->sixths[f->n_sixths++] = (unsigned char)at;
	}
}

int pt_loose_find(struct pt_lost *lost, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots *roots, const struct pt_reach *reach, const struct pt_step *step)
{
	struct finding f = {.lost = lost, .memory = memory, .heap = heap, .reach = reach, .step = step};
	if (!lost->n)
		return 0;
	set_bounds(&f);
	f.hit = calloc(lost->n, sizeof(*f.hit));
	f.stack = malloc(lost->n * sizeof(*f.stack));
	int error = f.hit && f.stack && f.n_bounds ? stream_all(&f, roots) : -ENOMEM;
	if (!error)
		spread(&f);
	free(f.hit);
	free(f.stack);
	return error;
}
