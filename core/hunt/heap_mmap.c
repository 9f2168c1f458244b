/*
 * Chunks that were mapped one by one, and parts of the main arena that were mapped because brk had no room; see
 * heap_inner.h. Nothing points at either: they are found by their headers.
 *
 * An mmapped chunk begins where its mapping does, or behind what an alignment cost, which prev_size says; both together are
 * whole pages. The kernel joins mappings that adjoin, so every page that is no known chunk's is looked at.
 */
#include <errno.h>
#include <string.h>

#include "core/hunt/heap_inner.h"

struct run { /* VMAs that adjoin, and of which chunks can be made */
	uint64_t start, end;
};

static uint64_t load(const unsigned char *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static bool is_mappable(const struct pt_vma *vma, bool bss)
{
	if (vma->perms != (PT_READ | PT_WRITE) && vma->perms != (PT_READ | PT_WRITE | PT_EXEC))
		return false;
	switch (vma->role) {
	case PT_ROLE_ANON:
	case PT_ROLE_ARENA:
	case PT_ROLE_THREAD_STACK:
	case PT_ROLE_HUGETLB: return true;
	case PT_ROLE_BSS: return bss; /* what is mapped behind it may have been joined to it */
	default: return false;
	}
}

/* Of the arenas, which are there by now in no order. */
static uint64_t known_end(const struct pt_heap *heap, size_t n_known, uint64_t address)
{
	for (size_t i = 0; i < n_known; i++)
		if (heap->spaces[i].region.start <= address && address < heap->spaces[i].region.end)
			return heap->spaces[i].region.end;
	return 0;
}

/* An mmapped chunk: its header, its size, and what its mapping has behind it: 16 bytes since 2.43. */
struct mapped {
	uint64_t header, size, tail;
};

/* Whether at `at` is the header of an mmapped chunk whose mapping begins at `start`. Bit 0 of prev_size: of huge pages. */
static bool is_header(const unsigned char *bytes, uint64_t at, uint64_t start, const struct run *run, uint64_t page,
		      struct mapped *ret)
{
	uint64_t head = load(bytes + 8), size = PT_HEAD_SIZE(head), behind = (at - start + size) % page;
	*ret = (struct mapped){at, size, behind ? PT_HEADER : 0};
	return (load(bytes) & ~1ull) == at - start && (head & 7) == PT_IS_MMAPPED && size >= PT_CHUNK_LEAST &&
	       size <= run->end - at && (behind + ret->tail) % page == 0 && ret->tail <= run->end - at - size;
}

static bool is_header_at(struct pt_chunk_walk *w, uint64_t at, uint64_t start, const struct run *run, uint64_t page,
			 struct mapped *ret)
{
	unsigned char bytes[PT_HEADER];
	if (at >= w->from && at + PT_HEADER <= w->to)
		memcpy(bytes, w->window + (at - w->from), PT_HEADER);
	else if (at >= run->end || pt_memory_read(w->memory, at, bytes, PT_HEADER) != PT_HEADER)
		return false;
	return is_header(bytes, at, start, run, page, ret);
}

/*
 * Aligned memory has its header right before it; the one at the mapping's start is left over then. *chunk is of that one, and
 * becomes that of the other, if there is one. What is cut off is at least a chunk, up to 2.42.
 */
static void find_aligned(struct pt_chunk_walk *w, const struct run *run, uint64_t page, struct mapped *chunk)
{
	uint64_t start = chunk->header, all = chunk->size, last = start;
	for (uint64_t align = 32; align < all; align *= 2) {
		struct mapped other;
		uint64_t at = ((start + PT_HEADER + align - 1) & ~(align - 1)) - PT_HEADER;
		bool found = at != last && at < start + all && is_header_at(w, at, start, run, page, &other);
		if (!found && at - start < PT_CHUNK_LEAST)
			found = is_header_at(w, at += align, start, run, page, &other);
		if (found) {
			*chunk = other;
			return;
		}
		last = at;
	}
}

static int add_mmapped(struct pt_chunk_walk *w, const struct mapped *chunk)
{
	struct pt_space space = {.region = {chunk->header, chunk->header + chunk->size, PT_NO_ARENA},
				 .n = 1,
				 .reaches = chunk->tail != 0};
	return pt_heap_add(w->heap, &space);
}

/* The page at `at`; *at becomes where to look next. */
static int look_at_page(struct pt_chunk_walk *w, const struct run *run, uint64_t *at, uint64_t page)
{
	const unsigned char *bytes = pt_chunk_walk_window(w, *at, run->end);
	if (!bytes)
		return w->error;
	struct mapped chunk;
	if (is_header(bytes, *at, *at, run, page, &chunk)) {
		uint64_t start = *at;
		find_aligned(w, run, page, &chunk);
		*at = chunk.header + chunk.size + chunk.tail;
		w->heap->mmapped += *at - start;
		w->heap->n_mmapped++;
		return add_mmapped(w, &chunk);
	}
	bool maybe_main = (load(bytes + 8) & 7) == PT_PREV_INUSE && !w->found->contiguous;
	uint64_t most = w->heap->arenas[0].system, limit = run->end - *at > most ? *at + most : run->end;
	if (maybe_main && pt_chunk_walk_test(w, 0, *at, limit) == PT_SENSE) {
		int error = pt_chunk_walk_region(w, 0, *at, limit);
		*at = ((w->at > *at ? w->at : *at + 1) + page - 1) & ~(page - 1);
		w->from = w->to = 0;
		return error;
	}
	*at += page;
	return 0;
}

static int look_at_run(struct pt_chunk_walk *w, const struct run *run, size_t n_known)
{
	const struct pt_memory *memory = w->memory;
	const uint64_t page = 1ull << memory->target->k->page_shift;
	int error = 0;
	w->from = w->to = 0;
	for (uint64_t at = run->start; at < run->end && !error;) {
		uint64_t known = known_end(w->heap, n_known, at);
		if (known) {
			at = (known + page - 1) & ~(page - 1);
			continue;
		}
		if (at < w->from || at >= w->to) {
			size_t piece = pt_memory_find(memory, at);
			if (piece == memory->n || memory->pieces[piece].start >= run->end)
				break;
			if (memory->pieces[piece].start > at) {
				at = memory->pieces[piece].start;
				continue;
			}
		}
		error = look_at_page(w, run, &at, page);
	}
	return error;
}

static int look_at_all(struct pt_chunk_walk *w, bool bss)
{
	const struct pt_vma_table *vmas = w->memory->vmas;
	size_t n_known = w->heap->n_regions;
	int error = 0;
	for (size_t i = 0; i < vmas->n && !error;) {
		struct run run = {vmas->v[i].start, vmas->v[i].end};
		bool has_bss = vmas->v[i].role == PT_ROLE_BSS;
		if (!is_mappable(&vmas->v[i++], bss))
			continue;
		for (; i < vmas->n && vmas->v[i].start == run.end && is_mappable(&vmas->v[i], bss); i++) {
			run.end = vmas->v[i].end;
			has_bss |= vmas->v[i].role == PT_ROLE_BSS;
		}
		if (has_bss == bss)
			error = look_at_run(w, &run, n_known);
	}
	return error;
}

int pt_heap_find_mmapped(struct pt_chunk_walk *walk)
{
	size_t before = walk->heap->n_regions;
	walk->mapped = true;
	int error = look_at_all(walk, false);
	if (!error && walk->found->counted && walk->heap->n_regions - before < walk->found->n_mmapped)
		error = look_at_all(walk, true);
	walk->mapped = false;
	return error;
}
