/*
 * What of a process's memory is there to be read, at one moment: pieces of pages that are present and not the zero page.
 * Nothing else is read: an absent page would be made by reading it. One thread uses it, but pt_memory_read, which any
 * number may call between two looks.
 */
#ifndef PT_HUNT_MEMORY_H
#define PT_HUNT_MEMORY_H

#include "core/model/vma.h"
#include "core/scan/stretches.h"
#include "core/scan/target.h"

/* Pages one after the other, of one VMA. */
struct pt_piece {
	uint64_t start, end;
	uint32_t vma; /* index into vmas */
};

struct pt_memory {
	struct pt_target *target;  /* borrowed */
	struct pt_vma_table *vmas; /* a reference */
	struct pt_piece *pieces;   /* [n], ascending */
	size_t n;
	struct pt_stretches huge; /* what of them is mapped huge, where the kernel tells; ascending */
	uint64_t present;         /* bytes of all pieces */
	uint64_t
		swapped; /* bytes that are swapped out (not of shared memory): left out, or among pieces if asked for */
	bool with_swapped; /* these were asked for: reading brings them into memory */
};

/* Zeroed, or of an earlier look. 0, -ESRCH, -EACCES, -ENOMEM; to be freed in any case. */
int pt_memory_look(struct pt_memory *memory, struct pt_target *target, bool with_swapped);
void pt_memory_free(struct pt_memory *memory); /* what it holds */
/* Index of the piece that covers address, or of the next one above (n: none). */
size_t pt_memory_find(const struct pt_memory *memory, uint64_t address);
bool pt_memory_has(const struct pt_memory *memory, uint64_t address, size_t size);
/* Copies [address, address + size); what is not there becomes zeroes. Bytes that were there, or -errno (-ESRCH). */
ssize_t pt_memory_read(const struct pt_memory *memory, uint64_t address, void *ret, size_t size);
/* A word; false: not there. */
bool pt_memory_word(const struct pt_memory *memory, uint64_t address, uint64_t *ret);

#endif
