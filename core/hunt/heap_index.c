/*
 * The index of a heap: spaces in order, chunks by number and by address; see heap_inner.h.
 *
 * The number of the chunk that holds an address is how many began in its space up to there: what its block says, and
 * the bits of one word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

#define HINT 4096u /* chunks */

/* ---- in the making ---------------------------------------------------------------------------------------------- */

static void free_space(struct pt_space *space)
{
	free(space->blocks);
	free(space->hints);
	free(space->used);
	*space = (struct pt_space){0};
}

static bool make_ranks(struct pt_space *space)
{
	uint64_t n = pt_blocks_of(space, space->region.end);
	uint32_t sum = 0, hinted = 0;
	space->hints = malloc(((size_t)space->n / HINT + 2) * sizeof(*space->hints));
	if (!space->hints)
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct pt_block *block = &space->blocks[i];
		block->rank = sum;
		for (unsigned word = 0; word < PT_BLOCK_WORDS; word++) {
			block->step[word] = (uint8_t)(sum - block->rank);
			sum += pt_count_bits(block->starts[word]);
		}
		if (sum > hinted * HINT)
			space->hints[hinted++] = (uint32_t)i;
	}
	space->hints[hinted] = (uint32_t)(n - 1);
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
	if (space->blocks) { /* they were made for all that the space could have become */
		size_t size = pt_blocks_of(space, space->region.end) * sizeof(*space->blocks);
		struct pt_block *less = realloc(space->blocks, size);
		space->blocks = less ? less : space->blocks;
	}
	heap->spaces[heap->n_regions++] = *space;
	bool ok = !space->blocks || space->hints || make_ranks(&heap->spaces[heap->n_regions - 1]);
	*space = (struct pt_space){0};
	return ok ? 0 : -ENOMEM;
}

void pt_heap_drop(struct pt_heap *heap, size_t n)
{
	while (heap->n_regions > n)
		free_space(&heap->spaces[--heap->n_regions]);
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

/* The space that holds the address; NULL: none. */
static inline const struct pt_space *space_at(const struct pt_heap *heap, uint64_t address)
{
	if (address >> 47)
		return NULL;
	const struct pt_unit *unit = &heap->units[address >> PT_UNIT_SHIFT];
	const struct pt_space *spaces = heap->spaces + unit->first;
	size_t low = 0, high = unit->n;
	if (!high)
		return NULL;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (spaces[middle].region.start <= address)
			low = middle;
		else
			high = middle;
	}
	const struct pt_heap_region *region = &spaces[low].region;
	return address >= region->start && address < region->end ? &spaces[low] : NULL;
}

/* Chunks that begin in the space up to and with this place. */
static inline uint32_t rank_of(const struct pt_space *space, struct pt_place place)
{
	const struct pt_block *block = &space->blocks[place.block];
	return block->rank + block->step[place.word] +
	       pt_count_bits(block->starts[place.word] & ~0ull >> (63 - place.bit));
}

pt_chunk_id pt_heap_find(const struct pt_heap *heap, uint64_t address)
{
	const struct pt_space *space = space_at(heap, address);
	if (!space)
		return PT_NO_CHUNK;
	return space->blocks ? space->first + rank_of(space, pt_place_of(space, address)) - 1 : space->first;
}

pt_chunk_id pt_heap_exact(const struct pt_heap *heap, uint64_t header)
{
	const struct pt_space *space = space_at(heap, header);
	if (!space || header % PT_GRAIN)
		return PT_NO_CHUNK;
	if (!space->blocks)
		return header == space->region.start ? space->first : PT_NO_CHUNK;
	struct pt_place place = pt_place_of(space, header);
	if (!(space->blocks[place.block].starts[place.word] >> place.bit & 1))
		return PT_NO_CHUNK;
	return space->first + rank_of(space, place) - 1;
}

#define MANY 64u /* addresses at a time */

/* Each step is taken for all before the next one, so that waiting for memory is not in a row. */
static void find_some(const struct pt_heap *heap, struct pt_heap_spot *spots, size_t n)
{
	const struct pt_space *spaces[MANY];
	for (size_t i = 0; i < n; i++) {
		spaces[i] = space_at(heap, spots[i].address);
		if (spaces[i] && spaces[i]->blocks)
			__builtin_prefetch(&spaces[i]->blocks[pt_place_of(spaces[i], spots[i].address).block]);
	}
	for (size_t i = 0; i < n; i++) {
		const struct pt_space *space = spaces[i];
		spots[i].id = PT_NO_CHUNK;
		spots[i].header = false;
		if (!space)
			continue;
		struct pt_place place = pt_place_of(space, spots[i].address);
		spots[i].id = space->first;
		if (space->blocks) {
			spots[i].id += rank_of(space, place) - 1;
			spots[i].header = space->blocks[place.block].starts[place.word] >> place.bit & 1;
		} else {
			spots[i].header = spots[i].address - space->region.start < PT_HEADER;
		}
		__builtin_prefetch(&heap->used[spots[i].id / 64]);
	}
	for (size_t i = 0; i < n; i++)
		spots[i].used = spots[i].id != PT_NO_CHUNK && pt_heap_used(heap, spots[i].id);
}

void pt_heap_find_all(const struct pt_heap *heap, struct pt_heap_spot *spots, size_t n)
{
	for (size_t i = 0; i < n; i += MANY)
		find_some(heap, spots + i, n - i < MANY ? n - i : MANY);
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

static uint64_t address_of(const struct pt_space *space, uint64_t block, unsigned word, uint64_t bits)
{
	uint64_t grain = (block * PT_BLOCK_WORDS + word) * 64 + (uint64_t)__builtin_ctzll(bits);
	return space->region.start + grain * PT_GRAIN;
}

/* Address of the header of the chunk `ordinal` of a space. */
static uint64_t select_start(const struct pt_space *space, uint32_t ordinal)
{
	if (!space->blocks)
		return space->region.start;
	size_t low = space->hints[ordinal / HINT], high = (size_t)space->hints[ordinal / HINT + 1] + 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (space->blocks[middle].rank <= ordinal)
			low = middle;
		else
			high = middle;
	}
	const struct pt_block *block = &space->blocks[low];
	uint32_t left = ordinal - block->rank;
	unsigned word = PT_BLOCK_WORDS - 1;
	while (word && block->step[word] > left)
		word--;
	uint64_t bits = block->starts[word];
	for (left -= block->step[word]; left; left--)
		bits &= bits - 1;
	return address_of(space, low, word, bits);
}

/* Where the next chunk's header is, behind the one at `start`. */
static uint64_t next_start(const struct pt_space *space, uint64_t start)
{
	if (!space->blocks || start + PT_GRAIN >= space->region.end)
		return space->region.end;
	struct pt_place place = pt_place_of(space, start + PT_GRAIN);
	uint64_t bits = space->blocks[place.block].starts[place.word] & ~0ull << place.bit;
	if (bits)
		return address_of(space, place.block, place.word, bits);
	uint64_t n = pt_blocks_of(space, space->region.end);
	for (unsigned word = place.word + 1; place.block < n; place.block++, word = 0)
		for (; word < PT_BLOCK_WORDS; word++)
			if (space->blocks[place.block].starts[word])
				return address_of(space, place.block, word, space->blocks[place.block].starts[word]);
	return space->region.end;
}

bool pt_heap_used(const struct pt_heap *heap, pt_chunk_id id)
{
	return heap->used[id / 64] >> id % 64 & 1;
}

uint64_t pt_heap_used_bits(const struct pt_heap *heap, size_t i)
{
	return heap->used[i];
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
	if (address > start && space->blocks) {
		uint32_t ordinal = rank_of(space, pt_place_of(space, address)) - 1;
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
