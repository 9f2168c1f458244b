/*
 * The lost: objects that no pass has reached so far, with what tells whether they are still the same (core/hunt only).
 * Leaked is a property that lasts: what is reached once, or changes, is struck off for good. 24 bytes each.
 */
#ifndef PT_HUNT_LOST_H
#define PT_HUNT_LOST_H

#include "core/hunt/reach.h"

struct pt_lost_one {
	uint64_t address, hash;       /* of its contents; the upper half: of what it begins with */
	uint64_t size : 63, weak : 1; /* weak: some pass has reached it weakly */
};

struct pt_lost {
	struct pt_lost_one *v; /* [n], ascending */
	size_t n;
	unsigned passes; /* so far */
};

/* What one pass found; the first is all there is. 0, -ENOMEM, -ESRCH. */
int pt_lost_pass(struct pt_lost *lost, const struct pt_memory *memory, const struct pt_heap *heap,
		 const struct pt_reach *reach);
/* Those that are chunks still, a bit for each chunk; NULL: out of memory. The caller's to free. */
uint64_t *pt_lost_chunks(const struct pt_lost *lost, const struct pt_heap *heap);
/*
 * Looks again at what each begins with, and at its header: whatever differs is struck off. So cheap that it can be done often:
 * what is freed and born again in the same place with the same contents is free in between. 0, -ENOMEM, -ESRCH.
 */
int pt_lost_watch(struct pt_lost *lost, const struct pt_memory *memory);
void pt_lost_free(struct pt_lost *lost); /* what it holds */
/* Index of the one whose usable memory holds the address, or SIZE_MAX. */
size_t pt_lost_find(const struct pt_lost *lost, uint64_t address);

#endif
