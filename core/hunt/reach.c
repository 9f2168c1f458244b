/*
 * One pass: roots, then the heap, streamed; see reach.h. What follows from it is walked in reach_walk.c.
 *
 * Roots come first, then mmapped chunks, since tables that hold all the rest are often such: what a chunk that is marked
 * already points at is marked at once, and only edges of others are kept. So it pays to read in the direction in which most
 * pointers point: down where new nodes are put in front, for what is allocated later mostly lies higher.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/reaching.h"

#define STEPS   8u   /* from chunk to chunk, before one is looked up */
#define SAMPLES 256u /* pages that tell in which direction pointers point */

/* ---- a word ----------------------------------------------------------------------------------------------------- */

/*
 * The last 8 bytes of a chunk's usable memory are the first of the next one's header. The 8 behind them are nobody's: a
 * pointer there is one behind the end of something.
 */
struct pt_aim pt_reach_aim(const struct pt_heap *heap, uint64_t address)
{
	struct pt_aim aim = {.id = pt_heap_find(heap, address), .header = PT_NO_CHUNK};
	if (aim.id == PT_NO_CHUNK)
		return aim;
	pt_chunk_id before = pt_heap_find(heap, (address & ~15ull) - 1);
	if (before == aim.id)
		return aim;
	aim.header = aim.id;
	aim.id = address & 8 ? PT_NO_CHUNK : before;
	return aim;
}

static bool is_object(const struct pt_reach *reach, pt_chunk_id id)
{
	return id != PT_NO_CHUNK && pt_heap_used(reach->heap, id);
}

bool pt_reach_mark(struct pt_reach *reach, pt_chunk_id id, bool weak, uint32_t from)
{
	pt_mark_word *word = &(weak ? reach->weak : reach->strong)[id / 64], bit = 1ull << id % 64;
	if (atomic_load_explicit(word, memory_order_relaxed) & bit)
		return false;
	if (atomic_fetch_or_explicit(word, bit, memory_order_relaxed) & bit)
		return false;
	if (reach->parents) {
		if (!weak || !pt_mark_test(reach->strong, id))
			reach->parents[id] = from;
		if (!weak)
			reach->queue[atomic_fetch_add(&reach->queued, 1)] = id;
	}
	return true;
}

static void mark_root(struct pt_reach *reach, uint64_t value, bool headers, bool weak, uint32_t from)
{
	struct pt_aim aim = pt_reach_aim(reach->heap, value);
	if (is_object(reach, aim.id))
		pt_reach_mark(reach, aim.id, weak || value & 7, from);
	if (headers && aim.header != PT_NO_CHUNK && is_object(reach, aim.header))
		pt_reach_mark(reach, aim.header, weak || value & 15, from);
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

static bool cancelled(void *arg)
{
	struct pt_reach *reach = arg;
	return reach->options.cancelled && reach->options.cancelled(reach->options.arg);
}

static void progress(void *arg, uint64_t bytes)
{
	struct pt_reach *reach = arg;
	reach->done += bytes;
	if (reach->options.progress)
		reach->options.progress(reach->options.arg, reach->done, reach->all);
}

static size_t span_at(const struct pt_roots *roots, uint64_t address)
{
	size_t low = 0, high = roots->n_spans;
	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (roots->spans[middle].start <= address)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void each_of_roots(void *arg, const struct pt_stream_batch *batch)
{
	struct pt_reach *reach = arg;
	uint16_t *found = reach->threads[batch->thread].found;
	size_t i = span_at(reach->roots, batch->address);
	const struct pt_root_span *span = &reach->roots->spans[i];
	uint32_t from = reach->n + (uint32_t)(reach->roots->n_words + i);
	size_t n = pt_stream_filter(batch->words, batch->n, reach->bounds, reach->n_bounds, found);
	for (size_t w = 0; w < n; w++)
		mark_root(reach, batch->words[found[w]], span->kind == PT_ROOT_STACK, span->weak, from);
}

/* The chunk that a word in the heap lies in. */
static pt_chunk_id source_of(const struct pt_heap *heap, struct pt_sources *sources, uint64_t place)
{
	struct pt_heap_cursor *cursor = &sources->cursor;
	bool near = sources->begun && place >= cursor->start;
	for (unsigned steps = 0; near && place >= cursor->end; steps++)
		near = steps < STEPS && pt_heap_next(cursor);
	if (!near) {
		sources->begun = pt_heap_seek(heap, place, cursor);
		return pt_reach_aim(heap, place).id;
	}
	return place >= cursor->start + 16 ? cursor->id : pt_reach_aim(heap, place).id;
}

/* The object that a word in memory points at. */
static pt_chunk_id target_of(const struct pt_reach *reach, const struct pt_heap_spot *spot)
{
	if (!spot->header)
		return spot->used ? spot->id : PT_NO_CHUNK;
	pt_chunk_id id = pt_reach_aim(reach->heap, spot->address).id;
	return is_object(reach, id) ? id : PT_NO_CHUNK;
}

size_t pt_reach_edges_of(const struct pt_reach *reach, struct pt_sources *sources, uint64_t address,
			 const uint64_t *words, const uint16_t *found, size_t n, struct pt_reach *eager,
			 struct pt_edge *ret)
{
	struct pt_heap_spot spots[PT_EDGES_MAX];
	size_t n_ret = 0;
	for (size_t i = 0; i < n; i++)
		spots[i].address = words[found[i]];
	pt_heap_find_all(reach->heap, spots, n);
	for (size_t i = 0; eager && i < n; i++)
		if (spots[i].used)
			__builtin_prefetch(&reach->strong[spots[i].id / 64]);
	for (size_t i = 0; i < n; i++) {
		struct pt_edge edge = {.to = target_of(reach, &spots[i]), .weak = spots[i].address & 7};
		if (edge.to == PT_NO_CHUNK || (eager && pt_mark_test(reach->strong, edge.to)))
			continue;
		edge.from = source_of(reach->heap, sources, address + found[i] * 8u);
		if (edge.from == edge.to || !is_object(reach, edge.from))
			continue;
		const struct pt_edge *last = &ret[n_ret - (n_ret > 0)];
		if (eager && pt_mark_test(reach->strong, edge.from))
			pt_reach_mark(eager, edge.to, edge.weak, edge.from);
		else if (!n_ret || last->from != edge.from || last->to != edge.to || last->weak != edge.weak)
			ret[n_ret++] = edge;
	}
	return n_ret;
}

/* As edges ascend, those that lead from the back to the front of a page are followed here; how many are left. */
static size_t follow_back(struct pt_reach *reach, struct pt_edge *edges, size_t n)
{
	size_t kept = n;
	for (size_t i = n; i-- > 0;) {
		if (pt_mark_test(reach->strong, edges[i].from))
			pt_reach_mark(reach, edges[i].to, edges[i].weak, edges[i].from);
		else
			edges[--kept] = edges[i];
	}
	memmove(edges, edges + kept, (n - kept) * sizeof(*edges));
	return n - kept;
}

/* Words of one page: those at `found`. */
static void each_of_page(struct pt_reach *reach, const struct pt_stream_batch *batch, const uint16_t *found, size_t n)
{
	struct pt_edge *edges = reach->threads[batch->thread].edges;
	size_t page = pt_edges_page_at(reach->edges, batch->address + found[0] * 8u,
				       &reach->threads[batch->thread].region);
	size_t n_edges = pt_reach_edges_of(reach, &reach->threads[batch->thread].sources, batch->address, batch->words,
					   found, n, reach->parents ? NULL : reach, edges);
	if (!reach->parents)
		n_edges = follow_back(reach, edges, n_edges);
	pt_edges_put(reach->edges, batch->thread, page, edges, n_edges);
}

static void each_of_heap(void *arg, const struct pt_stream_batch *batch)
{
	struct pt_reach *reach = arg;
	uint16_t *found = reach->threads[batch->thread].found;
	size_t n = pt_stream_filter(batch->words, batch->n, reach->bounds, reach->n_bounds, found);
	for (size_t done = 0, n_page; done < n; done += n_page) {
		const uint16_t *at = reach->backwards ? found + (n - 1 - done) : found + done;
		uint64_t page = (batch->address + *at * 8u) / PT_EDGES_PAGE;
		for (n_page = 1; done + n_page < n; n_page++)
			if ((batch->address + (reach->backwards ? at[-(ptrdiff_t)n_page] : at[n_page]) * 8u) /
				    PT_EDGES_PAGE !=
			    page)
				break;
		each_of_page(reach, batch, reach->backwards ? at + 1 - n_page : at, n_page);
	}
}

/* Whether of words in the heap that may be pointers into it more point down than up, by some pages. */
static bool leans_down(const struct pt_reach *reach, const struct pt_heap_region *regions, size_t n_regions,
		       uint64_t bytes)
{
	uint64_t words[PT_EDGES_PAGE / 8], step = bytes / SAMPLES + 1, ahead = 0, down = 0, up = 0;
	uint16_t found[PT_EDGES_PAGE / 8];
	for (size_t i = 0; i < n_regions; i++) {
		const struct pt_heap_region *r = &regions[i];
		uint64_t at = (r->start + ahead) & ~(PT_EDGES_PAGE - 1);
		for (; at < r->end; at += step) {
			if (at < r->start || pt_memory_read(reach->memory, at, words, sizeof(words)) <= 0)
				continue;
			size_t n = pt_stream_filter(words, PT_EDGES_PAGE / 8, reach->bounds, reach->n_bounds, found);
			for (size_t k = 0; k < n; k++)
				*(words[found[k]] < at ? &down : &up) += words[found[k]] - at >= PT_EDGES_PAGE;
		}
		ahead = at - r->end;
	}
	return down > up;
}

static int stream(struct pt_reach *reach, const struct pt_stretch *stretches, size_t n,
		  void (*each)(void *arg, const struct pt_stream_batch *batch))
{
	struct pt_stream stream = {.memory = reach->memory,
				   .stretches = stretches,
				   .n = n,
				   .backwards = each == each_of_heap && reach->backwards,
				   .each = each,
				   .cancelled = cancelled,
				   .progress = progress,
				   .arg = reach};
	return pt_stream_read(&stream);
}

int pt_reach_stream_heap(struct pt_reach *reach, const struct pt_stretch *stretches, size_t n)
{
	return stream(reach, stretches, n, each_of_heap);
}

static int read_roots(struct pt_reach *reach)
{
	const struct pt_roots *roots = reach->roots;
	for (size_t i = 0; i < roots->n_words; i++)
		mark_root(reach, roots->words[i].value, roots->words[i].kind == PT_ROOT_REGISTER, false,
			  reach->n + (uint32_t)i);
	for (size_t i = 0; i < roots->n_spans; i++)
		reach->stretches[i] = (struct pt_stretch){roots->spans[i].start, roots->spans[i].end};
	return stream(reach, reach->stretches, roots->n_spans, each_of_roots);
}

static int read_heap(struct pt_reach *reach)
{
	size_t n_regions, n = 0;
	const struct pt_heap_region *regions = pt_heap_regions(reach->heap, &n_regions);
	reach->backwards = leans_down(reach, regions, n_regions, reach->all);
	for (int mmapped = 1; mmapped >= 0; mmapped--)
		for (size_t i = 0; i < n_regions; i++) {
			const struct pt_heap_region *r = &regions[reach->backwards ? n_regions - 1 - i : i];
			if ((r->arena == PT_NO_ARENA) == mmapped)
				reach->stretches[n++] = (struct pt_stretch){r->start, r->end};
		}
	return pt_reach_stream_heap(reach, reach->stretches, n);
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

/*
 * What is left of 3 % of the heap and 32 MiB for all of pagetop, when the heap's index, marks and pages have taken 2.3 %,
 * and the program and its buffers half of the rest.
 */
static uint64_t most_memory(const struct pt_reach *reach, uint64_t heap)
{
	if (reach->options.memory_max)
		return reach->options.memory_max;
	return reach->parents ? UINT64_MAX : heap / 160 + ((uint64_t)16 << 20);
}

static bool make_room(struct pt_reach *reach)
{
	size_t n_regions, words = reach->n / 64 + 1;
	const struct pt_heap_region *regions = pt_heap_regions(reach->heap, &n_regions);
	uint64_t heap = 0;
	for (size_t i = 0; i < n_regions; i++)
		heap += regions[i].end - regions[i].start;
	size_t n_stretches = n_regions > reach->roots->n_spans ? n_regions : reach->roots->n_spans;
	reach->stretches = malloc((n_stretches + 1) * sizeof(*reach->stretches));
	reach->strong = calloc(words, sizeof(*reach->strong));
	reach->weak = calloc(words, sizeof(*reach->weak));
	for (size_t i = 0; reach->options.suspects && reach->strong && i < words; i++)
		reach->strong[i] = pt_heap_used_bits(reach->heap, i) & ~reach->options.suspects[i];
	if (reach->options.parents) {
		reach->parents = calloc((size_t)reach->n + 1, sizeof(*reach->parents));
		reach->queue = malloc(((size_t)reach->n + 1) * sizeof(*reach->queue));
		if (!reach->parents || !reach->queue)
			return false;
	}
	reach->edges = pt_edges_new(reach->heap, most_memory(reach, heap));
	bool ok = reach->stretches && reach->strong && reach->weak && reach->edges;
	for (unsigned i = 0; i < PT_STREAM_THREADS; i++) {
		reach->threads[i].found = malloc(PT_STREAM_BATCH / 8 * sizeof(*reach->threads[i].found));
		ok = ok && reach->threads[i].found;
	}
	return ok && pt_agenda_init(&reach->agenda, pt_edges_pages(reach->edges));
}

/* What only the pass itself needs. */
static void drop_tools(struct pt_reach *reach)
{
	for (unsigned i = 0; i < PT_STREAM_THREADS; i++) {
		free(reach->threads[i].found);
		reach->threads[i].found = NULL;
	}
	free(reach->stretches);
	free(reach->queue);
	reach->stretches = NULL;
	reach->queue = NULL;
	pt_agenda_free(&reach->agenda);
	pt_agenda_free(&reach->left);
}

int pt_reach_pass(struct pt_reach **ret, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots *roots, const struct pt_reach_options *options)
{
	struct pt_reach *reach = calloc(1, sizeof(*reach));
	if (!reach)
		return -ENOMEM;
	reach->memory = memory;
	reach->heap = heap;
	reach->roots = roots;
	reach->options = *options;
	reach->n = pt_heap_n(heap);
	reach->n_bounds = pt_heap_bounds(heap, reach->bounds);
	reach->all = memory->present;
	int error = make_room(reach) ? 0 : -ENOMEM;
	if (!error)
		error = read_roots(reach);
	if (!error)
		error = read_heap(reach);
	if (!error)
		error = pt_reach_walk(reach);
	drop_tools(reach);
	if (error) {
		pt_reach_free(reach);
		return error;
	}
	*ret = reach;
	return 0;
}

void pt_reach_free(struct pt_reach *reach)
{
	if (!reach)
		return;
	drop_tools(reach);
	pt_edges_free(reach->edges);
	free(reach->strong);
	free(reach->weak);
	free(reach->parents);
	free(reach);
}
