/*
 * Made-up snapshots: a process that changes at random from frame to frame, as the scan would tell it. VMAs come, go,
 * grow and split; pages change, appear and vanish; chunks are read again or are not; chunks, the VMA table and sums are
 * shared with the frame before where they are equal. The same seed gives the same frames.
 */
#ifndef TESTS_MADE_H
#define TESTS_MADE_H

#include "core/model/snapshot.h"

#define MADE_SHIFT 12
#define MADE_PAGE  (1ull << MADE_SHIFT)
#define MADE_BASE  0x7f0000003000ull /* where its addresses begin; not the start of a chunk */

struct made {
	uint64_t state; /* of the random numbers */
	size_t pages;   /* of its address space */
	pid_t pid;
	uint64_t start_time;
	uint64_t seq; /* of the next frame, which says its times too; 0: it follows on the last one */
	struct pt_snapshot *last;
	bool clears;    /* its soft-dirty bits are cleared now and then */
	bool uncounted; /* map counts are not known; PSS as a sum is */
	/* how restless it is: of 1000 pages, chunks, frames */
	unsigned page_changes, chunk_changes, rereads, vma_changes;
};

/* Nothing is there yet. */
void made_init(struct made *made, uint64_t seed, size_t pages);
/* The next frame, a second after the last one; the caller gets a reference. */
struct pt_snapshot *made_next(struct made *made);
void made_end(struct made *made);
uint64_t made_random(struct made *made, uint64_t below);

/* Fails the test if two snapshots differ in any field, page or sum. */
void made_expect_equal(const struct pt_snapshot *a, const struct pt_snapshot *b);

#endif
