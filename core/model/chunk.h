/*
 * A chunk: the state of PT_CHUNK_PAGES neighbouring base pages, aligned (2 MiB of 4 KiB pages: one page table, one
 * THP). Immutable and reference-counted, so snapshots share every chunk that did not change, and a reader in another
 * thread needs no lock.
 *
 * Inside, a chunk is either runs of alike pages with consecutive PFNs (a THP is one run, a lone page in a reservation
 * is one run) or, when that would be larger, packed arrays of 12 bytes a page. The sums over all its pages are made
 * once, when it is built.
 *
 * A chunk says nothing of VMAs: where two VMAs meet inside 2 MiB they share it.
 */
#ifndef PT_MODEL_CHUNK_H
#define PT_MODEL_CHUNK_H

#include <stddef.h>

#include "core/model/counts.h"

#ifndef PT_CHUNK_PAGES
#define PT_CHUNK_PAGES 512u /* a power of two; the tests build with a tiny one */
#endif

struct pt_chunk;

/* A new chunk with one reference, or NULL when memory ran out. `pages` has PT_CHUNK_PAGES and is copied. */
struct pt_chunk *pt_chunk_new(const struct pt_page *pages, unsigned page_shift);

/*
 * The same without an array of pages in between: begin; add what is there by ascending index, as n pages that are alike
 * and whose PFNs follow page.pfn (or are all 0); make. `old` (may be NULL) is returned, with a reference more, if the
 * new chunk would equal it. A maker is used over and over.
 */
struct pt_chunk_maker;
struct pt_chunk_maker *pt_chunk_maker_new(void); /* begun; NULL: out of memory */
void pt_chunk_maker_free(struct pt_chunk_maker *maker);
void pt_chunk_begin(struct pt_chunk_maker *maker);
void pt_chunk_add(struct pt_chunk_maker *maker, unsigned first, unsigned n, struct pt_page page);
bool pt_chunk_has_pages(const struct pt_chunk_maker *maker); /* something was added */
struct pt_chunk *pt_chunk_make(struct pt_chunk_maker *maker, struct pt_chunk *old, unsigned page_shift);

struct pt_chunk *pt_chunk_ref(struct pt_chunk *chunk);
void pt_chunk_unref(struct pt_chunk *chunk); /* NULL is fine */

/* The page at index 0 .. PT_CHUNK_PAGES-1. A NULL chunk is all untouched, here and below. */
struct pt_page pt_chunk_page(const struct pt_chunk *chunk, unsigned index);
void pt_chunk_unpack(const struct pt_chunk *chunk, struct pt_page *pages);

/* The page at an index, and how many there are from it on that are alike, with PFNs that follow each other (or are 0). */
unsigned pt_chunk_run(const struct pt_chunk *chunk, unsigned index, struct pt_page *ret);

/*
 * Neighbouring pages in which two chunks differ, each in the same way: they have the bits and counts of the first, and
 * where its PFN is known, or the same in both, so are theirs.
 */
struct pt_chunk_diff {
	unsigned first, n;
	struct pt_page before, after; /* the first of them */
};
/* The next of them in [from, end); false: there are no more. */
bool pt_chunk_next_diff(const struct pt_chunk *before, const struct pt_chunk *after, unsigned from, unsigned end,
			struct pt_chunk_diff *ret);

/* The cached sums over all its pages, added to *sum; and those of n pages from `first`, which looks at each run. */
void pt_chunk_sum(const struct pt_chunk *chunk, struct pt_counts *sum);
void pt_chunk_sum_part(const struct pt_chunk *chunk, unsigned first, unsigned n, unsigned page_shift,
		       struct pt_counts *sum);

/* One of those sums, in pages: an enum pt_stat. */
unsigned pt_chunk_stat(const struct pt_chunk *chunk, enum pt_stat stat);

bool pt_chunk_equals(const struct pt_chunk *chunk, const struct pt_page *pages);
size_t pt_chunk_bytes(const struct pt_chunk *chunk); /* memory it holds */

#endif
