/*
 * Edges: which chunk points at which, page by page of the heap, in one to four bytes each (core/hunt only). Owned by a
 * pass. Several threads may put pages at the same time, a page each; asking needs that all have.
 */
#ifndef PT_HUNT_EDGES_H
#define PT_HUNT_EDGES_H

#include "core/hunt/heap.h"

#define PT_EDGES_PAGE ((uint64_t)4096) /* of what is put and asked together, whatever the machine's pages are */
#define PT_EDGES_MAX  512u             /* a page's: one a word */

struct pt_edge {
	pt_chunk_id from, to;
	bool weak;
};

struct pt_edges;

/* memory_max: bytes for edges; what does not fit is left out, and said to be (pt_edges_get). NULL: out of memory. */
struct pt_edges *pt_edges_new(const struct pt_heap *heap, uint64_t memory_max);
void pt_edges_free(struct pt_edges *edges); /* NULL is fine */

/* Pages are numbered through all regions of the heap. An address of a region that nobody could walk has one as well. */
size_t pt_edges_pages(const struct pt_edges *edges);
/* Page of an address in a region of the heap; *region is where to look first, 0 at the beginning. */
size_t pt_edges_page_at(const struct pt_edges *edges, uint64_t address, size_t *region);
/* What of a page lies in its region. */
void pt_edges_range(const struct pt_edges *edges, size_t page, uint64_t *ret_start, uint64_t *ret_end);
/* The pages that hold usable memory of a chunk: [*ret_first, *ret_end). */
void pt_edges_of_chunk(const struct pt_edges *edges, pt_chunk_id id, size_t *ret_first, size_t *ret_end);

/* Edges of a page, ascending by `from`, which are chunks that overlap it. Once for each page, and again where it lacks room. */
void pt_edges_put(struct pt_edges *edges, unsigned thread, size_t page, const struct pt_edge *list, size_t n);
/* A part of what pt_edges_get gave takes its place, if it has room there; else all stay. One thread. */
void pt_edges_keep(struct pt_edges *edges, size_t page, const struct pt_edge *list, size_t n);
/* Whether there are any, or may be. */
bool pt_edges_has(const struct pt_edges *edges, size_t page);
/* Whether they had no room. */
bool pt_edges_lack(const struct pt_edges *edges, size_t page);
/* Chunks that overlap a page: [*ret_first, *ret_end). */
void pt_edges_chunks(const struct pt_edges *edges, size_t page, pt_chunk_id *ret_first, pt_chunk_id *ret_end);
/* Into ret[PT_EDGES_MAX]; how many, or -1: they had no room, and the page has to be read again. */
int pt_edges_get(const struct pt_edges *edges, size_t page, struct pt_edge *ret);
uint64_t pt_edges_left_out(const struct pt_edges *edges); /* pages whose edges had no room */

#endif
