/*
 * Reading a heap: the allocator, its regions one after the other, then what is free; see heap.h.
 */
#include "core/hunt/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

#define CANDIDATES 64u
#define TRIES      3u

/* ---- the main arena's part of brk ------------------------------------------------------------------------------- */

static bool find_brk(const struct pt_memory *memory, uint64_t *ret_start, uint64_t *ret_end)
{
	*ret_start = *ret_end = 0;
	for (size_t i = 0; i < memory->vmas->n; i++) {
		const struct pt_vma *vma = &memory->vmas->v[i];
		if (vma->role != PT_ROLE_HEAP)
			continue;
		*ret_start = *ret_end ? *ret_start : vma->start;
		*ret_end = vma->end;
	}
	return *ret_end != 0;
}

/* Lowest first, each once; what there is too many of falls out at the top. */
static void add_candidate(uint64_t *candidates, size_t *n, uint64_t address)
{
	size_t i = *n;
	while (i && candidates[i - 1] > address)
		i--;
	if ((i && candidates[i - 1] == address) || i == CANDIDATES)
		return;
	size_t last = *n < CANDIDATES ? (*n)++ : CANDIDATES - 1;
	memmove(candidates + i + 1, candidates + i, (last - i) * sizeof(*candidates));
	candidates[i] = address;
}

/*
 * The heap begins with brk's memory, but where the program (or the start of a static one) had taken some of it before. The
 * first chunk then is where sbrk_base of malloc_par points: a word of libc's data.
 */
static int walk_brk(struct pt_chunk_walk *walk)
{
	const struct pt_malloc *found = walk->found;
	uint64_t candidates[CANDIDATES], start, end;
	size_t n = 0;
	if (!find_brk(walk->memory, &start, &end))
		return 0;
	add_candidate(candidates, &n, start);
	for (size_t i = 0; i < found->n_data; i++) {
		uint64_t address = (found->data[i] + PT_GRAIN - 1) & ~(uint64_t)(PT_GRAIN - 1);
		if (address > start && address < end)
			add_candidate(candidates, &n, address);
	}
	unsigned most = 0;
	for (size_t i = 0; i < n && most < PT_SENSE; i++) {
		unsigned sense = pt_chunk_walk_test(walk, 0, candidates[i], end);
		if (sense > most) {
			most = sense;
			start = candidates[i];
		}
	}
	if (most < 2) /* or by chance */
		return walk->error;
	return pt_chunk_walk_halves(walk, 0, start, end);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

struct each_heap {
	struct pt_chunk_walk *walk;
	uint32_t arena;
};

static int walk_heap(void *arg, uint64_t first, uint64_t end)
{
	const struct each_heap *each = arg;
	return first < end ? pt_chunk_walk_region(each->walk, each->arena, first, end) : 0;
}

static void take_key(struct pt_chunk_walk *walk)
{
	size_t most = 0;
	for (size_t i = 0; i < walk->found->n_keys; i++)
		if (walk->key_hits[i] > most) {
			most = walk->key_hits[i];
			walk->heap->key = walk->found->keys[i];
		}
}

static int walk_all(struct pt_chunk_walk *walk)
{
	int error = walk_brk(walk);
	for (uint32_t i = 1; i < walk->found->n && !error; i++) {
		struct each_heap each = {walk, i};
		error = pt_malloc_heaps(walk->found, walk->memory, i, walk_heap, &each);
	}
	if (!error)
		error = pt_heap_find_mmapped(walk);
	if (!error && !walk->heap->n_regions)
		error = -ENOTSUP;
	if (!error)
		error = pt_heap_number(walk->heap);
	take_key(walk);
	if (!error)
		error = pt_heap_find_free(walk);
	pt_heap_settle(walk->heap);
	return error;
}

static uint64_t all_bytes(const struct pt_heap *heap)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < heap->n_regions; i++)
		bytes += heap->regions[i].end - heap->regions[i].start;
	return bytes;
}

static int read_heap(struct pt_heap *heap, struct pt_malloc *found, const struct pt_memory *memory)
{
	struct pt_chunk_walk walk;
	int error = pt_malloc_find(found, memory);
	if (error)
		return error;
	pt_malloc_version(found, memory, heap->version);
	heap->arenas = found->arenas;
	heap->n_arenas = found->n;
	error = pt_chunk_walk_init(&walk, heap, found, memory);
	if (!error)
		error = walk_all(&walk);
	pt_chunk_walk_free(&walk);
	found->arenas = NULL; /* the heap's */
	if (!error && heap->broken > memory->swapped && heap->broken - memory->swapped > all_bytes(heap))
		error = -EAGAIN;
	return error;
}

static int read_once(struct pt_heap **ret, const struct pt_memory *memory)
{
	struct pt_heap *heap = calloc(1, sizeof(*heap));
	struct pt_malloc found = {0};
	int error = heap ? read_heap(heap, &found, memory) : -ENOMEM;
	pt_malloc_free(&found);
	if (error) {
		pt_heap_free(heap);
		heap = NULL;
	}
	*ret = heap;
	return error;
}

int pt_heap_read(struct pt_heap **ret, const struct pt_memory *memory)
{
	int error = -EAGAIN;
	for (unsigned try = 0; try < TRIES && error == -EAGAIN; try++)
		error = read_once(ret, memory);
	return error;
}

const char *pt_heap_version(const struct pt_heap *heap)
{
	return heap->version;
}

const struct pt_arena *pt_heap_arenas(const struct pt_heap *heap, size_t *ret_n)
{
	*ret_n = heap->n_arenas;
	return heap->arenas;
}

const struct pt_heap_region *pt_heap_regions(const struct pt_heap *heap, size_t *ret_n)
{
	*ret_n = heap->n_regions;
	return heap->regions;
}

const struct pt_tcache *pt_heap_tcaches(const struct pt_heap *heap, size_t *ret_n)
{
	*ret_n = heap->n_tcaches;
	return heap->tcaches;
}

uint64_t pt_heap_tcache_key(const struct pt_heap *heap)
{
	return heap->key;
}

uint64_t pt_heap_broken(const struct pt_heap *heap)
{
	return heap->broken;
}

uint64_t pt_heap_mmapped(const struct pt_heap *heap, uint64_t *ret_n)
{
	*ret_n = heap->n_mmapped;
	return heap->mmapped;
}
