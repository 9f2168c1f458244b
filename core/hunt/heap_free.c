/*
 * Chunks that look used and are not: those in fast bins and in the caches of threads; see heap_inner.h.
 *
 * Both are singly linked lists, of chunks (fast bins) or user memory (tcache). Since 2.32 a link is XORed with where it
 * lies, shifted by a page (PROTECT_PTR). Since 2.34 cached chunks are marked besides, so the walk has them already; without
 * such a mark, which of the two it is shows by where it leads: to a chunk of the list's size. In a heap that lies low, as that
 * of a program which is not relocated, both may.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hunt/heap_inner.h"

#define FAST_BINS 10u
#define PAGES     64u /* that are kept while lists are followed */
#define PAGE      4096u
#define TRIES     3u

struct reader {
	struct pt_heap *heap;
	const struct pt_memory *memory;
	uint64_t at[PAGES]; /* address of the page; 0: none */
	unsigned char (*pages)[PAGE];
};

/* 2.26: counts of one byte; 2.30: of two; 2.42: more lists, of large chunks */
const struct pt_cache_shape *pt_cache_shape(uint64_t size)
{
	static const struct pt_cache_shape shapes[] = {{0x250, 64, 64}, {0x290, 128, 64}, {0x300, 152, 76}};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (shapes[i].size == size)
			return &shapes[i];
	return NULL;
}

static bool read_word(struct reader *r, uint64_t address, uint64_t *ret)
{
	uint64_t page = address & ~(uint64_t)(PAGE - 1);
	size_t slot = page / PAGE % PAGES;
	if (r->at[slot] != page) {
		r->at[slot] = page;
		if (pt_memory_read(r->memory, page, r->pages[slot], PAGE) != PAGE)
			r->at[slot] = 0;
	}
	if (!r->at[slot])
		return false;
	*ret = *(const uint64_t *)(const void *)(r->pages[slot] + address % PAGE);
	return true;
}

static void forget(struct reader *r)
{
	for (size_t i = 0; i < PAGES; i++)
		r->at[i] = 0;
}

/* Bytes of the chunk whose header is right there; 0: there is none. */
static uint64_t chunk_size(struct reader *r, uint64_t header)
{
	uint64_t head;
	if (header % PT_GRAIN || pt_heap_exact(r->heap, header) == PT_NO_CHUNK || !read_word(r, header + 8, &head))
		return 0;
	return PT_HEAD_SIZE(head);
}

struct list {
	uint64_t least, most; /* bytes of its chunks */
	uint64_t offset;      /* of what links point at from the chunk's header */
	enum pt_chunk_kind kind;
};

/* The header of the chunk a link leads to; 0: the end; 1: nowhere. `place` is where the link lies. */
static uint64_t follow(struct reader *r, const struct list *list, uint64_t link, uint64_t place)
{
	if (!link)
		return 0;
	for (int hidden = place && r->heap->key; hidden < 2; hidden++) {
		uint64_t to = hidden ? link ^ place >> 12 : link;
		if (hidden && !to)
			return 0;
		uint64_t size = to > list->offset ? chunk_size(r, to - list->offset) : 0;
		if (size >= list->least && size <= list->most)
			return to - list->offset;
	}
	return 1;
}

/* One list, from its head on. 0; -EAGAIN: it led nowhere, since it changed meanwhile; -ENOMEM. */
static int follow_list(struct reader *r, const struct list *list, uint64_t head)
{
	uint64_t place = 0, link = head, mark = 0;
	for (uint64_t n = 1, turn = 1;; n++) {
		uint64_t header = follow(r, list, link, place);
		if (header <= 1)
			return header ? -EAGAIN : 0;
		if (header == mark)
			return 0; /* a ring, which no list of malloc's is */
		if (n == turn) {
			mark = header;
			turn *= 2;
		}
		pt_chunk_id id = pt_heap_exact(r->heap, header);
		if (pt_heap_used(r->heap, id)) {
			int error = pt_heap_set(r->heap, id, list->kind);
			if (error)
				return error;
		}
		place = header + PT_HEADER;
		if (!read_word(r, place, &link))
			return -EAGAIN;
	}
}

static int find_fast(struct reader *r, const struct pt_arena *arena)
{
	for (unsigned i = 0; i < FAST_BINS; i++) {
		const struct list list = {32 + 16 * i, 32 + 16 * i, 0, PT_CHUNK_FREE};
		int error = -EAGAIN;
		for (unsigned try = 0; try < TRIES && error == -EAGAIN; try++) {
			uint64_t head = 0;
			pt_memory_word(r->memory, arena->bins - 16 - 8 * (FAST_BINS - i), &head);
			error = head ? follow_list(r, &list, head) : 0;
			if (error == -EAGAIN)
				forget(r);
		}
		if (error && error != -EAGAIN)
			return error;
	}
	return 0;
}

static struct list cache_list(unsigned i)
{
	bool large = i >= 64; /* of 2.42: each for chunks of twice the size */
	return (struct list){large ? 1024 : 32 + 16 * i, large ? 8u << 20 : 32 + 16 * i, PT_HEADER, PT_CHUNK_CACHED};
}

static int add_tcache(struct pt_heap *heap, uint64_t header, const struct pt_cache_shape *shape)
{
	if (heap->n_tcaches == heap->room_tcaches) {
		size_t room = heap->room_tcaches ? heap->room_tcaches * 2 : 16;
		struct pt_tcache *grown = realloc(heap->tcaches, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		heap->tcaches = grown;
		heap->room_tcaches = room;
	}
	heap->tcaches[heap->n_tcaches++] = (struct pt_tcache){header + PT_HEADER, header + PT_HEADER + shape->entries,
							      shape->bins};
	return 0;
}

/* It leads to a chunk of the list's size that came after the walk. */
static bool leads_beyond(const struct reader *r, const struct list *list, uint64_t link)
{
	uint64_t head = 0;
	if (link % PT_GRAIN || !pt_memory_word(r->memory, link - 8, &head))
		return false;
	return PT_HEAD_SIZE(head) >= list->least && PT_HEAD_SIZE(head) <= list->most;
}

/* A chunk is a thread's cache if all its entries point at chunks of their sizes, and there is one. */
static int look_at_cache(struct reader *r, uint64_t header, bool marked)
{
	pt_chunk_id id = pt_heap_exact(r->heap, header);
	const struct pt_cache_shape *shape = pt_cache_shape(chunk_size(r, header));
	uint64_t entries[128], n = 0;
	if (!shape || !pt_heap_used(r->heap, id) ||
	    pt_memory_read(r->memory, header + PT_HEADER + shape->entries, entries, shape->bins * 8) != shape->bins * 8)
		return 0;
	for (unsigned i = 0; i < shape->bins; i++) {
		const struct list list = cache_list(i);
		if (entries[i] && follow(r, &list, entries[i], 0) <= 1 && !leads_beyond(r, &list, entries[i]))
			return 0;
		n += entries[i] != 0;
	}
	if (!n)
		return 0;
	int error = add_tcache(r->heap, header, shape);
	for (unsigned i = 0; i < shape->bins && !error && !marked; i++) {
		const struct list list = cache_list(i);
		error = entries[i] ? follow_list(r, &list, entries[i]) : 0;
		error = error == -EAGAIN ? 0 : error;
	}
	return error ? error : pt_heap_set(r->heap, id, PT_CHUNK_OWN);
}

int pt_heap_find_free(struct pt_chunk_walk *walk)
{
	struct reader *r = calloc(1, sizeof(*r));
	int error = 0;
	if (!r)
		return -ENOMEM;
	*r = (struct reader){.heap = walk->heap, .memory = walk->memory, .pages = malloc(sizeof(*r->pages) * PAGES)};
	if (!r->pages)
		error = -ENOMEM;
	for (size_t i = 0; i < walk->heap->n_arenas && !error && walk->found->fast_bins; i++)
		error = find_fast(r, &walk->heap->arenas[i]);
	for (size_t i = 0; i < walk->n_caches && !error; i++)
		error = look_at_cache(r, walk->caches[i], walk->heap->key != 0);
	free(r->pages);
	free(r);
	return error;
}
