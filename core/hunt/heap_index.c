/*
 * The index of a heap: spaces in order, chunks by number and by address; see heap_inner.h.
 *
 * The number of the chunk that holds an address is how many began in its space up to there: what ranks and steps say, and
 * the bits of one word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

#define RANK_BITS  256u
#define RANK_WORDS (RANK_BITS / 64)
#define HINT       4096u /* chunks */

/* ---- in the making ---------------------------------------------------------------------------------------------- */

static void free_space(struct pt_space *space)
{
	free(space->starts);
	free(space->ranks);
	free(space->steps);
	free(space->hints);
	free(space->used);
	*space = (struct pt_space){0};
}

static uint64_t n_bits(const struct pt_space *space)
{
	return (space->region.end - space->region.start) / PT_GRAIN;
}

/* Bits that are set; not every processor that this is built for has an instruction for it. */
static inline uint32_t count(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555u;
	bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (uint32_t)(bits * 0x0101010101010101u >> 56);
}

static bool make_ranks(struct pt_space *space)
{
	size_t words = (n_bits(space) + 63) / 64;
	uint32_t sum = 0, hinted = 0;
	space->ranks = malloc((words / RANK_WORDS + 1) * sizeof(*space->ranks));
	space->steps = malloc(words);
	space->hints = malloc(((size_t)space->n / HINT + 2) * sizeof(*space->hints));
	if (!space->ranks || !space->steps || !space->hints)
		return false;
	for (size_t i = 0; i < words; i++) {
		if (i % RANK_WORDS == 0)
			space->ranks[i / RANK_WORDS] = sum;
		space->steps[i] = (uint8_t)(sum - space->ranks[i / RANK_WORDS]);
		sum += count(space->starts[i]);
		if (sum > hinted * HINT)
			space->hints[hinted++] = (uint32_t)(i / RANK_WORDS);
	}
	space->hints[hinted] = (uint32_t)((words - 1) / RANK_WORDS);
	return true;
}

int pt_heap_add(struct pt_heap *heap, struct pt_space *space)
{
	if (!space->n) {
		free_space(space);
		return 0;
	}
	if (heap->n_regions == heap->room) {
		size_t room = heap->room ? heap->room * 2 : 16;
		struct pt_space *grown = realloc(heap->spaces, room * sizeof(*grown));
		if (!grown) {
			free_space(space);
			return -ENOMEM;
		}
		heap->spaces = grown;
		heap->room = room;
	}
	if (space->starts) { /* it was made for all that the space could have become */
		size_t words = (n_bits(space) + 63) / 64;
		uint64_t *less = realloc(space->starts, words * sizeof(*less));
		space->starts = less ? less : space->starts;
	}
	heap->spaces[heap->n_regions++] = *space;
	bool ok = !space->starts || make_ranks(&heap->spaces[heap->n_regions - 1]);
	*space = (struct pt_space){0};
	return ok ? 0 : -ENOMEM;
}

int pt_heap_add_odd(struct pt_heap *heap, uint64_t address, enum pt_chunk_kind kind)
{
	if (heap->n_odd == heap->room_odd) {
		size_t room = heap->room_odd ? heap->room_odd * 2 : 256;
		struct pt_oddity *grown = realloc(heap->odd, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		heap->odd = grown;
		heap->room_odd = room;
	}
	heap->odd[heap->n_odd++] = (struct pt_oddity){.address = address, .id = PT_NO_CHUNK, .kind = kind};
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct pt_space *x = a, *y = b;
	return x->region.start < y->region.start ? -1 : x->region.start > y->region.start;
}

/* Two that overlap were found while the program moved its memory about: the later one goes. */
static void drop_overlaps(struct pt_heap *heap)
{
	size_t n = 0;
	for (size_t i = 0; i < heap->n_regions; i++) {
		if (n && heap->spaces[n - 1].region.end > heap->spaces[i].region.start)
			free_space(&heap->spaces[i]);
		else
			heap->spaces[n++] = heap->spaces[i];
	}
	heap->n_regions = n;
}

static void append_bits(uint64_t *to, uint64_t at, const uint64_t *from, uint64_t n)
{
	for (uint64_t i = 0; i < n; i += 64) {
		uint64_t bits = from ? from[i / 64] : 1;
		if (n - i < 64)
			bits &= (1ull << (n - i)) - 1;
		to[(at + i) / 64] |= bits << (at + i) % 64;
		if ((at + i) % 64)
			to[(at + i) / 64 + 1] |= bits >> (64 - (at + i) % 64);
	}
}

static int number_spaces(struct pt_heap *heap)
{
	uint64_t n = 0;
	for (size_t i = 0; i < heap->n_regions; i++) {
		heap->spaces[i].first = (pt_chunk_id)n;
		n += heap->spaces[i].n;
		if (n >= PT_NO_CHUNK)
			return -EOVERFLOW;
	}
	heap->n = (pt_chunk_id)n;
	heap->used = calloc(n / 64 + 2, sizeof(*heap->used));
	heap->regions = malloc((heap->n_regions + 1) * sizeof(*heap->regions));
	heap->units = calloc(PT_UNITS, sizeof(*heap->units));
	if (!heap->used || !heap->regions || !heap->units)
		return -ENOMEM;
	for (size_t i = 0; i < heap->n_regions; i++) {
		struct pt_space *space = &heap->spaces[i];
		append_bits(heap->used, space->first, space->used, space->n);
		free(space->used);
		space->used = NULL;
		heap->regions[i] = space->region;
	}
	return 0;
}

static void fill_units(struct pt_heap *heap)
{
	for (size_t i = 0; i < heap->n_regions; i++) {
		const struct pt_heap_region *r = &heap->spaces[i].region;
		for (uint64_t u = r->start >> PT_UNIT_SHIFT; u <= (r->end - 1) >> PT_UNIT_SHIFT && u < PT_UNITS; u++) {
			struct pt_unit *unit = &heap->units[u];
			if (!unit->n++)
				unit->first = (uint32_t)i;
		}
	}
}

/* The widest gap between regions parts brk from what is mapped. */
static void set_bounds(struct pt_heap *heap)
{
	uint64_t widest = 0;
	size_t at = 0, n = heap->n_regions;
	for (size_t i = 1; i < n; i++) {
		uint64_t gap = heap->spaces[i].region.start - heap->spaces[i - 1].region.end;
		if (gap > widest) {
			widest = gap;
			at = i;
		}
	}
	heap->n_bounds = !n ? 0 : at ? 2 : 1;
	if (n)
		heap->bounds[0] = (struct pt_heap_bounds){heap->spaces[0].region.start,
							  heap->spaces[(at ? at : n) - 1].region.end};
	if (at)
		heap->bounds[1] = (struct pt_heap_bounds){heap->spaces[at].region.start,
							  heap->spaces[n - 1].region.end};
}

int pt_heap_number(struct pt_heap *heap)
{
	if (heap->n_regions)
		qsort(heap->spaces, heap->n_regions, sizeof(*heap->spaces), by_start);
	drop_overlaps(heap);
	int error = number_spaces(heap);
	if (error)
		return error;
	fill_units(heap);
	set_bounds(heap);
	size_t n = 0;
	for (size_t i = 0; i < heap->n_odd; i++) {
		struct pt_oddity *odd = &heap->odd[i];
		odd->id = pt_heap_exact(heap, odd->address);
		if (odd->id == PT_NO_CHUNK)
			continue;
		heap->used[odd->id / 64] &= ~(1ull << odd->id % 64);
		heap->odd[n++] = *odd;
	}
	heap->n_odd = n;
	return 0;
}

int pt_heap_set(struct pt_heap *heap, pt_chunk_id id, enum pt_chunk_kind kind)
{
	if (!pt_heap_used(heap, id))
		return 0;
	heap->used[id / 64] &= ~(1ull << id % 64);
	if (kind == PT_CHUNK_FREE)
		return 0;
	int error = pt_heap_add_odd(heap, 0, kind);
	if (!error)
		heap->odd[heap->n_odd - 1].id = id;
	return error;
}

static int by_id(const void *a, const void *b)
{
	const struct pt_oddity *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

void pt_heap_settle(struct pt_heap *heap)
{
	if (heap->n_odd)
		qsort(heap->odd, heap->n_odd, sizeof(*heap->odd), by_id);
}

void pt_heap_free(struct pt_heap *heap)
{
	if (!heap)
		return;
	for (size_t i = 0; i < heap->n_regions; i++)
		free_space(&heap->spaces[i]);
	free(heap->arenas);
	free(heap->spaces);
	free(heap->regions);
	free(heap->units);
	free(heap->used);
	free(heap->odd);
	free(heap->tcaches);
	free(heap);
}

/* ---- by address, by number -------------------------------------------------------------------------------------- */

/* Index of the space that holds the address, or SIZE_MAX. */
static size_t space_at(const struct pt_heap *heap, uint64_t address)
{
	if (address >> 47)
		return SIZE_MAX;
	const struct pt_unit *unit = &heap->units[address >> PT_UNIT_SHIFT];
	size_t low = unit->first, high = low + unit->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (heap->spaces[middle].region.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	bool holds = low < (size_t)unit->first + unit->n && heap->spaces[low].region.start <= address;
	return holds ? low : SIZE_MAX;
}

/* Chunks that begin in the space up to and with this bit. */
static uint32_t rank_of(const struct pt_space *space, uint64_t bit)
{
	uint64_t word = bit / 64, bits = space->starts[word] & ~0ull >> (63 - bit % 64);
	return space->ranks[bit / RANK_BITS] + space->steps[word] + count(bits);
}

pt_chunk_id pt_heap_find(const struct pt_heap *heap, uint64_t address)
{
	size_t i = space_at(heap, address);
	if (i == SIZE_MAX)
		return PT_NO_CHUNK;
	const struct pt_space *space = &heap->spaces[i];
	if (!space->starts)
		return space->first;
	return space->first + rank_of(space, (address - space->region.start) / PT_GRAIN) - 1;
}

pt_chunk_id pt_heap_exact(const struct pt_heap *heap, uint64_t header)
{
	size_t i = space_at(heap, header);
	if (i == SIZE_MAX || header % PT_GRAIN)
		return PT_NO_CHUNK;
	const struct pt_space *space = &heap->spaces[i];
	if (!space->starts)
		return header == space->region.start ? space->first : PT_NO_CHUNK;
	uint64_t bit = (header - space->region.start) / PT_GRAIN;
	if (!(space->starts[bit / 64] >> bit % 64 & 1))
		return PT_NO_CHUNK;
	return space->first + rank_of(space, bit) - 1;
}

static size_t space_of(const struct pt_heap *heap, pt_chunk_id id)
{
	size_t low = 0, high = heap->n_regions;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (heap->spaces[middle].first <= id)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Address of the header of the chunk `ordinal` of a space. */
static uint64_t select_start(const struct pt_space *space, uint32_t ordinal)
{
	if (!space->starts)
		return space->region.start;
	size_t low = space->hints[ordinal / HINT], high = (size_t)space->hints[ordinal / HINT + 1] + 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (space->ranks[middle] <= ordinal)
			low = middle;
		else
			high = middle;
	}
	uint32_t left = ordinal - space->ranks[low];
	uint64_t word = low * RANK_WORDS, bits = space->starts[word];
	for (uint32_t n; left >= (n = count(bits)); left -= n)
		bits = space->starts[++word];
	for (; left; left--)
		bits &= bits - 1;
	return space->region.start + (word * 64 + (uint64_t)__builtin_ctzll(bits)) * PT_GRAIN;
}

/* Where the next chunk's header is, behind the one at `start`. */
static uint64_t next_start(const struct pt_space *space, uint64_t start)
{
	if (!space->starts)
		return space->region.end;
	uint64_t bit = (start - space->region.start) / PT_GRAIN + 1, n = n_bits(space);
	if (bit >= n)
		return space->region.end;
	uint64_t word = bit / 64, bits = space->starts[word] & ~0ull << bit % 64, words = (n + 63) / 64;
	while (!bits && ++word < words)
		bits = space->starts[word];
	return bits ? space->region.start + (word * 64 + (uint64_t)__builtin_ctzll(bits)) * PT_GRAIN
		    : space->region.end;
}

bool pt_heap_used(const struct pt_heap *heap, pt_chunk_id id)
{
	return heap->used[id / 64] >> id % 64 & 1;
}

enum pt_chunk_kind pt_heap_kind(const struct pt_heap *heap, pt_chunk_id id)
{
	if (pt_heap_used(heap, id))
		return PT_CHUNK_USED;
	size_t low = 0, high = heap->n_odd;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (heap->odd[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < heap->n_odd && heap->odd[low].id == id ? heap->odd[low].kind : PT_CHUNK_FREE;
}

/* End of a chunk's usable memory, which reaches into the next header; behind the top and an mmapped one there is none. */
static uint64_t usable_end(const struct pt_space *space, uint64_t next)
{
	return next == space->region.end && !space->reaches ? next : next + 8;
}

void pt_heap_chunk(const struct pt_heap *heap, pt_chunk_id id, struct pt_chunk *ret)
{
	const struct pt_space *space = &heap->spaces[space_of(heap, id)];
	uint64_t start = select_start(space, id - space->first);
	uint64_t end = usable_end(space, next_start(space, start));
	*ret = (struct pt_chunk){
		.address = start + PT_HEADER,
		.size = end - start - PT_HEADER,
		.kind = pt_heap_kind(heap, id),
		.arena = space->region.arena,
	};
}

static void point_at(struct pt_heap_cursor *cursor, uint64_t start)
{
	const struct pt_space *space = &cursor->heap->spaces[cursor->region];
	cursor->start = start;
	cursor->end = usable_end(space, next_start(space, start));
}

bool pt_heap_seek(const struct pt_heap *heap, uint64_t address, struct pt_heap_cursor *ret)
{
	size_t low = 0, high = heap->n_regions;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (heap->spaces[middle].region.end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == heap->n_regions)
		return false;
	const struct pt_space *space = &heap->spaces[low];
	uint64_t start = space->region.start;
	*ret = (struct pt_heap_cursor){.heap = heap, .id = space->first, .region = low};
	if (address > start && space->starts) {
		uint32_t ordinal = rank_of(space, (address - start) / PT_GRAIN) - 1;
		ret->id += ordinal;
		start = select_start(space, ordinal);
	}
	point_at(ret, start);
	return true;
}

bool pt_heap_next(struct pt_heap_cursor *cursor)
{
	const struct pt_heap *heap = cursor->heap;
	if (cursor->id + 1 == heap->n)
		return false;
	cursor->id++;
	uint64_t next = next_start(&heap->spaces[cursor->region], cursor->start);
	if (next == heap->spaces[cursor->region].region.end)
		next = heap->spaces[++cursor->region].region.start;
	point_at(cursor, next);
	return true;
}

pt_chunk_id pt_heap_n(const struct pt_heap *heap)
{
	return heap->n;
}

size_t pt_heap_bounds(const struct pt_heap *heap, struct pt_heap_bounds ret[2])
{
	memcpy(ret, heap->bounds, sizeof(heap->bounds));
	return heap->n_bounds;
}
