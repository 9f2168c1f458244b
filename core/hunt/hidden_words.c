/*
 * Words of memory that may be encoded pointers, and what an address stands for.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hunt/hidden_parts.h"
#include "core/hunt/reaching.h"

#define SMALL       65536u        /* numbers below are no pointers */
#define BLOCK       (64ull << 10) /* bytes that are taken together where not all are */
#define BLOCKS_MOST 65536u        /* of one stretch */

bool pt_hidden_in_bounds(const struct pt_hidden *h, uint64_t word)
{
	for (size_t i = 0; i < h->n_bounds; i++)
		if (word - h->bounds[i].low < h->bounds[i].high - h->bounds[i].low)
			return true;
	return false;
}

bool pt_hidden_is_candidate(const struct pt_hidden *h, uint64_t word)
{
	if (!word || pt_hidden_in_bounds(h, word))
		return false;
	if (word < SMALL || word >> 48)
		return true;
	if (!(h->near[word >> 27 & 1023] >> (word >> 21 & 63) & 1))
		return true;
	const struct pt_vma_table *vmas = h->memory->vmas;
	size_t i = pt_vma_find(vmas, word);
	return i == vmas->n || !pt_vma_covers(&vmas->v[i], word) || vmas->v[i].role == PT_ROLE_GUARD;
}

bool pt_hidden_is_link(const struct pt_hidden *h, uint64_t word, uint64_t place)
{
	uint64_t next = word ^ place >> 12;
	return !next || (next % 16 == 0 && pt_hidden_in_bounds(h, next));
}

bool pt_hidden_is_text(uint64_t word)
{
	for (; word; word >>= 8) {
		unsigned byte = word & 255;
		if (byte && byte != '\t' && byte != '\n' && byte != '\r' && (byte < ' ' || byte > '~'))
			return false;
	}
	return true;
}

pt_chunk_id pt_hidden_start_at(const struct pt_hidden *h, uint64_t address, bool *ret_lost)
{
	struct pt_chunk chunk;
	if (address % 16 || !pt_hidden_in_bounds(h, address))
		return PT_NO_CHUNK;
	pt_chunk_id id = pt_heap_find(h->heap, address);
	if (id == PT_NO_CHUNK || !pt_heap_used(h->heap, id))
		return PT_NO_CHUNK;
	pt_heap_chunk(h->heap, id, &chunk);
	*ret_lost = h->lost[id / 64] >> id % 64 & 1;
	return chunk.address == address ? id : PT_NO_CHUNK;
}

pt_chunk_id pt_hidden_lost_at(const struct pt_hidden *h, uint64_t address)
{
	bool lost = false;
	pt_chunk_id id = pt_hidden_start_at(h, address, &lost);
	return lost ? id : PT_NO_CHUNK;
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

struct words {
	struct pt_hidden *h;
	void (*each)(struct pt_hidden *h, const struct pt_hidden_run *run);
};

static void each_of_roots(void *arg, const struct pt_stream_batch *batch)
{
	struct words *w = arg;
	const struct pt_hidden_run run = {
		.address = batch->address, .words = batch->words, .n = batch->n, .live = true, .thread = batch->thread};
	w->each(w->h, &run);
}

static void each_of_heap(void *arg, const struct pt_stream_batch *batch)
{
	struct words *w = arg;
	struct pt_heap_cursor c;
	uint64_t batch_end = batch->address + batch->n * 8;
	for (bool more = pt_heap_seek(w->h->heap, batch->address, &c); more && c.start < batch_end;
	     more = pt_heap_next(&c)) {
		uint64_t start = c.start + 16 > batch->address ? c.start + 16 : batch->address;
		uint64_t end = c.end < batch_end ? c.end : batch_end;
		if (start >= end || !pt_heap_used(w->h->heap, c.id))
			continue;
		const struct pt_hidden_run run = {.address = start,
						  .words = batch->words + (start - batch->address) / 8,
						  .n = (size_t)(end - start) / 8,
						  .live = pt_reach_of(w->h->reach, c.id) == PT_REACHED,
						  .chunk = c.start + 16,
						  .size = c.end - c.start - 16,
						  .thread = batch->thread};
		w->each(w->h, &run);
	}
}

static bool cancelled(void *arg)
{
	return pt_hunt_step_cancelled(((struct words *)arg)->h->step);
}

/* The second stream, which is of all memory, may not be needed. */
static void progress(void *arg, uint64_t bytes)
{
	struct pt_hidden *h = ((struct words *)arg)->h;
	h->read += bytes;
	pt_hunt_step_tell(h->step, (double)h->read / ((double)h->bytes * (1 + 1.0 / (double)h->stride) + 1));
}

/* All of it, or a block of every `stride`. */
static int add_blocks(struct pt_stretches *list, uint64_t start, uint64_t end, uint64_t stride)
{
	uint64_t step = BLOCK * stride;
	if (stride == 1)
		return pt_stretches_push(list, start, end);
	step = (end - start) / BLOCKS_MOST > step ? (end - start) / BLOCKS_MOST / BLOCK * BLOCK : step;
	int error = 0;
	for (uint64_t at = start / step * step; at < end && !error; at += step) {
		uint64_t from = at > start ? at : start, to = at + BLOCK < end ? at + BLOCK : end;
		error = from < to ? pt_stretches_push(list, from, to) : 0;
	}
	return error;
}

int pt_hidden_stream(struct pt_hidden *h, uint64_t stride,
		     void (*each)(struct pt_hidden *h, const struct pt_hidden_run *run))
{
	struct words w = {h, each};
	struct pt_stretches roots = {0}, heap = {0};
	size_t n;
	const struct pt_heap_region *regions = pt_heap_regions(h->heap, &n);
	struct pt_stream stream = {
		.memory = h->memory, .each = each_of_roots, .cancelled = cancelled, .progress = progress, .arg = &w};
	int error = 0;
	for (size_t i = 0; i < h->roots->n_spans && !error; i++)
		error = add_blocks(&roots, h->roots->spans[i].start, h->roots->spans[i].end, stride);
	for (size_t i = 0; i < n && !error; i++)
		error = add_blocks(&heap, regions[i].start, regions[i].end, stride);
	stream.stretches = roots.v;
	stream.n = roots.n;
	if (!error)
		error = pt_stream_read(&stream);
	stream.stretches = heap.v;
	stream.n = heap.n;
	stream.each = each_of_heap;
	if (!error)
		error = pt_stream_read(&stream);
	pt_stretches_free(&roots);
	pt_stretches_free(&heap);
	return error;
}
