/*
 * A perf ring: the memory that the kernel writes records into and pagetop reads them from (struct perf_event_mmap_page).
 * One reader; the kernel writes at any time. What was read is given back by pt_ring_release.
 */
#ifndef PT_PERF_RING_H
#define PT_PERF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_ring {
	void *memory;       /* a page of the kernel's, then `size` bytes; the caller's */
	size_t page, size;  /* bytes; size is a power of two */
	uint64_t at, until; /* where reading is, and where it ends for now: bytes ever written */
	uint64_t scratch[65536 / sizeof(uint64_t)]; /* a record that goes on at the ring's beginning */
};

void pt_ring_init(struct pt_ring *ring, void *memory, size_t page, size_t size);
/* Looks how far the kernel has written. */
void pt_ring_begin(struct pt_ring *ring);
/*
 * The next record until there, and its size; NULL: there are no more, or what is there is no record (the rest is passed
 * over then). It stays until pt_ring_release, but one that lies across the end of the ring only until the next call.
 */
const void *pt_ring_next(struct pt_ring *ring, size_t *ret_size, bool *ret_scratch);
/* The kernel may write over all that was read. */
void pt_ring_release(struct pt_ring *ring);

#endif
