/*
 * A small address space as a plain array of pages, and snapshots of it: what the tests of history compare with.
 */
#ifndef TESTS_SPACE_H
#define TESTS_SPACE_H

#include "core/model/snapshot.h"

#define SPACE_PAGES 160u
#define SPACE_VMAS  64u
#define SPACE_SHIFT 12
#define SPACE_BASE  0x7f0000003000ull /* not where a chunk begins */

struct space {
	struct pt_page pages[SPACE_PAGES];
	struct pt_vma vmas[SPACE_VMAS]; /* by address; `start` and `end` are page numbers in the space */
	size_t n_vmas;
};

static inline uint64_t space_address(uint64_t page)
{
	return SPACE_BASE + (page << SPACE_SHIFT);
}

/* Maps pages [first, first + n), over whatever is there; cuts VMAs as the kernel does. Pages in it become untouched. */
void space_map(struct space *space, unsigned first, unsigned n, uint8_t perms, uint64_t inode);
void space_unmap(struct space *space, unsigned first, unsigned n);
/* Joins VMAs that are alike and adjoin. */
void space_merge(struct space *space);
/* The VMA of a page; NULL: none. */
const struct pt_vma *space_vma(const struct space *space, unsigned page);

/*
 * A complete snapshot, which shares the table and the chunks that are equal with `before` (may be NULL), as the scan's do. All
 * signals are given; it was read at `ns`.
 */
struct pt_snapshot *space_snapshot(const struct space *space, const struct pt_snapshot *before, uint64_t ns);

/* A small generator of numbers below n. */
uint64_t space_random(uint64_t n);
/* A page as a full scan makes them, in one of a few frames. */
struct pt_page space_random_page(void);

#endif
