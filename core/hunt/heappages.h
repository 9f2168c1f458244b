/*
 * The heap against residency, page by page: which bytes of it are used, free or the allocator's own, and which resident
 * pages nothing but the allocator holds. The same sums as malloc_info prints, from outside.
 */
#ifndef PT_HUNT_HEAPPAGES_H
#define PT_HUNT_HEAPPAGES_H

#include "core/hunt/heap.h"
#include "core/hunt/view.h"

enum pt_heap_page_kind {                    /* of a resident page of the heap, by what its bytes are */
			 PT_HEAP_PAGE_NONE, /* not the heap's */
			 PT_HEAP_PAGE_LIVE,
			 PT_HEAP_PAGE_MIXED,  /* leaked and live objects */
			 PT_HEAP_PAGE_LEAKED, /* leaked objects, free and own bytes */
			 PT_HEAP_PAGE_FREE,   /* free bytes alone */
			 PT_HEAP_PAGE_OWN,    /* the allocator's alone */
			 PT_HEAP_PAGE_N
};
const char *pt_heap_page_name(enum pt_heap_page_kind kind); /* "free-but-resident"; static storage */

struct pt_heap_page {
	uint64_t address;
	uint16_t used, free, own; /* bytes; they make a page together. cached is free */
	uint16_t lost;            /* of used: leaked (not weak, not hidden) */
	uint8_t kind;
	bool huge;
};

/* Of all resident pages of the heap; *ret malloc'ed, ascending. objects: ascending, may be none. 0, -ENOMEM. */
int pt_heap_pages(const struct pt_heap *heap, const struct pt_memory *memory, const struct pt_leak_object *objects,
		  size_t n_objects, struct pt_heap_page **ret, size_t *ret_n);
/* Sums of the view: heap, and tiers[].pages. */
void pt_heap_sum(const struct pt_heap *heap, const struct pt_memory *memory, const struct pt_leak_object *objects,
		 size_t n_objects, const struct pt_heap_page *pages, size_t n, struct pt_hunt_view *view);

#endif
