/*
 * The heap page by page; see heappages.h. Chunks, lost objects and resident pages are each in order of address, so one goes
 * along with the other.
 */
#include "core/hunt/heappages.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE_WORD  8u  /* of a chunk: the one word of each that nobody may use */
#define FREE_HEAD  48u /* of a free chunk: struct malloc_chunk, which malloc_trim leaves */
#define TOP_LEAST  32u /* of the top: MINSIZE */
#define HUGE_BYTES (2u << 20)
#define FEW        8u /* a huge page of which less than this part is used is pinned */

const char *pt_heap_page_name(enum pt_heap_page_kind kind)
{
	static const char *const names[PT_HEAP_PAGE_N] = {"none", "live", "mixed", "leaked", "free-but-resident",
							  "own"};
	return kind < PT_HEAP_PAGE_N ? names[kind] : "none";
}

struct pages {
	struct pt_heap_page *v;
	size_t n, room;
	uint64_t size; /* of a page */
};

/* ---- which pages ------------------------------------------------------------------------------------------------ */

static int add_page(struct pages *p, uint64_t address, bool huge)
{
	if (p->n && p->v[p->n - 1].address >= address)
		return 0; /* of the region before as well */
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 1024;
		struct pt_heap_page *grown = realloc(p->v, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->v = grown;
		p->room = room;
	}
	p->v[p->n++] = (struct pt_heap_page){.address = address, .huge = huge};
	return 0;
}

static int add_region(struct pages *p, const struct pt_memory *memory, uint64_t start, uint64_t end)
{
	int error = 0;
	start &= ~(p->size - 1);
	for (size_t i = pt_memory_find(memory, start); i < memory->n && memory->pieces[i].start < end; i++) {
		const struct pt_piece *piece = &memory->pieces[i];
		uint64_t at = piece->start > start ? piece->start : start;
		for (; at < piece->end && at < end && !error; at += p->size)
			error = add_page(p, at, pt_stretches_hold(memory->huge.v, memory->huge.n, at));
	}
	return error;
}

/* ---- what is on them -------------------------------------------------------------------------------------------- */

enum share { USED, FREE, OWN, LOST };

/* Bytes [start, end), which begin at or behind those told before; *at: the first page that they may be on. */
static void tell(struct pages *p, size_t *at, uint64_t start, uint64_t end, enum share share)
{
	while (*at < p->n && p->v[*at].address + p->size <= start)
		++*at;
	for (size_t i = *at; i < p->n && p->v[i].address < end; i++) {
		struct pt_heap_page *page = &p->v[i];
		uint64_t from = page->address > start ? page->address : start;
		uint64_t to = page->address + p->size < end ? page->address + p->size : end;
		uint16_t *sum = share == USED   ? &page->used
				: share == FREE ? &page->free
				: share == LOST ? &page->lost
						: &page->own;
		*sum = (uint16_t)(*sum + (to - from));
	}
}

static void tell_chunks(struct pages *p, const struct pt_heap *heap)
{
	struct pt_heap_cursor cursor;
	size_t at = 0;
	for (bool more = pt_heap_seek(heap, 0, &cursor); more; more = pt_heap_next(&cursor)) {
		uint64_t head = cursor.start + SIZE_WORD;
		switch (pt_heap_kind(heap, cursor.id)) {
		case PT_CHUNK_USED: tell(p, &at, head + SIZE_WORD, cursor.end, USED); break;
		case PT_CHUNK_OWN: break;
		default: tell(p, &at, head, cursor.end, FREE);
		}
	}
}

static void tell_lost(struct pages *p, const struct pt_leak_object *objects, size_t n)
{
	size_t at = 0;
	for (size_t i = 0; i < n; i++)
		if (objects[i].tier == PT_LEAK_LEAKED)
			tell(p, &at, objects[i].address, objects[i].address + objects[i].size, LOST);
}

static enum pt_heap_page_kind kind_of(const struct pt_heap_page *page)
{
	if (page->lost)
		return page->lost < page->used ? PT_HEAP_PAGE_MIXED : PT_HEAP_PAGE_LEAKED;
	if (page->used)
		return PT_HEAP_PAGE_LIVE;
	return page->free ? PT_HEAP_PAGE_FREE : PT_HEAP_PAGE_OWN;
}

int pt_heap_pages(const struct pt_heap *heap, const struct pt_memory *memory, const struct pt_leak_object *objects,
		  size_t n_objects, struct pt_heap_page **ret, size_t *ret_n)
{
	struct pages p = {.size = 1ull << memory->target->k->page_shift};
	size_t n;
	const struct pt_heap_region *regions = pt_heap_regions(heap, &n);
	int error = 0;
	*ret = NULL;
	*ret_n = 0;
	for (size_t i = 0; i < n && !error; i++)
		error = add_region(&p, memory, regions[i].start, regions[i].end);
	if (error) {
		free(p.v);
		return error;
	}
	tell_chunks(&p, heap);
	tell_lost(&p, objects, n_objects);
	for (size_t i = 0; i < p.n; i++) {
		struct pt_heap_page *page = &p.v[i];
		page->own = (uint16_t)(p.size - page->used - page->free);
		page->kind = (uint8_t)kind_of(page);
	}
	*ret = p.v;
	*ret_n = p.n;
	return 0;
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

struct sums {
	const struct pt_heap *heap;
	const struct pt_memory *memory;
	const struct pt_heap_page *pages;
	size_t n, at; /* the first page that can be of the next free run */
	uint64_t size;
	struct pt_heap_sums *heap_sums;
};

/* Bytes of resident pages that lie in [start, end) as a whole. */
static uint64_t whole_pages(struct sums *s, uint64_t start, uint64_t end)
{
	uint64_t n = 0;
	while (s->at < s->n && s->pages[s->at].address < start)
		s->at++;
	for (; s->at < s->n && s->pages[s->at].address + s->size <= end; s->at++)
		n++;
	return n * s->size;
}

/* Whether malloc_trim gives this top back: it ends where brk does. */
static bool is_at_brk(const struct sums *s, uint64_t end)
{
	const struct pt_vma_table *vmas = s->memory->vmas;
	size_t i = pt_vma_find(vmas, end - 1);
	if (i == vmas->n || vmas->v[i].role != PT_ROLE_HEAP || vmas->v[i].end != end)
		return false;
	return i + 1 == vmas->n || vmas->v[i + 1].role != PT_ROLE_HEAP;
}

/* As mtrim and systrim (malloc/malloc.c) take it, after fast chunks were joined with their neighbours. */
static void trim(struct sums *s, uint64_t start, uint64_t end, bool is_top)
{
	uint64_t page = s->size;
	if (!is_top)
		s->heap_sums->free_resident += whole_pages(s, start + FREE_HEAD, end);
	else if (!is_at_brk(s, end))
		s->heap_sums->top_resident += whole_pages(s, start + TOP_LEAST, end);
	else if (end - start > TOP_LEAST + 1)
		s->heap_sums->free_resident += whole_pages(s, end - ((end - start - TOP_LEAST - 1) & ~(page - 1)), end);
}

static void sum_chunks(struct sums *s)
{
	struct pt_heap_sums *h = s->heap_sums;
	struct pt_heap_cursor cursor;
	uint64_t run = 0, run_end = 0; /* free chunks that adjoin */
	for (bool more = pt_heap_seek(s->heap, 0, &cursor); more; more = pt_heap_next(&cursor)) {
		enum pt_chunk_kind kind = pt_heap_kind(s->heap, cursor.id);
		bool is_free = kind == PT_CHUNK_FREE || kind == PT_CHUNK_TOP;
		/* the last of a region has no header behind it that it reaches into */
		uint64_t size = (cursor.end - cursor.start) & ~15ull;
		if (run && (!is_free || run_end != cursor.start)) {
			trim(s, run, run_end, false);
			run = 0;
		}
		switch (kind) {
		case PT_CHUNK_USED: h->used += cursor.end - cursor.start - 2 * SIZE_WORD; break;
		case PT_CHUNK_FREE: h->free += size; break;
		case PT_CHUNK_CACHED: h->cached += size; break;
		case PT_CHUNK_TOP: h->top += size; break;
		case PT_CHUNK_OWN: break;
		}
		if (!is_free)
			continue;
		run = run ? run : cursor.start;
		run_end = cursor.start + size;
		if (kind == PT_CHUNK_TOP) {
			trim(s, run, run_end, true);
			run = 0;
		}
	}
	if (run)
		trim(s, run, run_end, false);
}

static void sum_pages(struct sums *s)
{
	struct pt_heap_sums *h = s->heap_sums;
	for (size_t i = 0, end; i < s->n; i = end) {
		uint64_t huge = s->pages[i].address & ~(uint64_t)(HUGE_BYTES - 1), used = 0, unused = 0;
		bool is_huge = s->pages[i].huge;
		for (end = i; end < s->n && s->pages[end].address - huge < HUGE_BYTES; end++) {
			is_huge &= s->pages[end].huge;
			used += s->pages[end].used;
			unused += s->pages[end].free;
		}
		h->resident += (end - i) * s->size;
		h->used_resident += used;
		h->free_bytes_resident += unused;
		if (is_huge && used && used < HUGE_BYTES / FEW)
			h->pinned_huge += unused;
	}
}

/* Pages all of whose used bytes are of objects of that tier. */
static uint64_t pages_of(const struct sums *s, const struct pt_leak_object *objects, size_t n_objects, uint8_t tier)
{
	uint64_t n = 0, bytes = 0;
	size_t at = 0, counted = SIZE_MAX;
	for (size_t i = 0; i < n_objects; i++) {
		uint64_t start = objects[i].address, end = start + objects[i].size;
		if (objects[i].tier != tier)
			continue;
		while (at < s->n && s->pages[at].address + s->size <= start) {
			at++;
			bytes = 0;
		}
		for (; at < s->n && s->pages[at].address < end; at++, bytes = 0) {
			uint64_t page = s->pages[at].address;
			bytes += (page + s->size < end ? page + s->size : end) - (page > start ? page : start);
			if (bytes == s->pages[at].used && at != counted) {
				counted = at;
				n++;
			}
			if (page + s->size > end)
				break;
		}
	}
	return n;
}

void pt_heap_sum(const struct pt_heap *heap, const struct pt_memory *memory, const struct pt_leak_object *objects,
		 size_t n_objects, const struct pt_heap_page *pages, size_t n, struct pt_hunt_view *view)
{
	struct sums s = {.heap = heap,
			 .memory = memory,
			 .pages = pages,
			 .n = n,
			 .size = 1ull << memory->target->k->page_shift,
			 .heap_sums = &view->heap};
	struct pt_heap_sums *h = &view->heap;
	size_t n_arenas;
	const struct pt_arena *arenas = pt_heap_arenas(heap, &n_arenas);
	*h = (struct pt_heap_sums){0};
	h->mmapped = h->system = pt_heap_mmapped(heap, &h->n_mmapped);
	for (size_t i = 0; i < n_arenas; i++)
		h->system += arenas[i].system;
	sum_chunks(&s);
	sum_pages(&s);
	uint64_t told = h->used + h->free + h->cached + h->top;
	h->own = h->system > told ? h->system - told : 0;
	for (unsigned tier = 0; tier < PT_LEAK_TIERS; tier++)
		view->tiers[tier].pages = pages_of(&s, objects, n_objects, (uint8_t)tier);
}
