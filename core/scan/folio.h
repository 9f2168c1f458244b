/*
 * Folio: the flags of a tail page. From Linux 6.12 on kpageflags shows the folio's flags on each of its pages; before,
 * a tail shows little but that it is one, and its head has the rest. Frames are handed in by ascending PFN, so the head
 * is mostly the one that just came by; where it is mapped nowhere near, it is read.
 */
#ifndef PT_SCAN_FOLIO_H
#define PT_SCAN_FOLIO_H

#include "core/kernel/kernel.h"

/* Zeroed: nothing came by yet. */
struct pt_folio {
	uint64_t head; /* flags of the head that came by */
	uint64_t next; /* the PFN after the last one known to be of its folio; 0: none */
};

/* The flags of frame `pfn`, which reads as `flags` in the open file. */
uint64_t pt_folio_flags(struct pt_folio *folio, struct pt_kernel *k, int kpageflags, uint64_t pfn, uint64_t flags);

/* The pure half: a tail's flags and its head's as those of one page of the folio. */
uint64_t pt_folio_join(uint64_t tail, uint64_t head);

#endif
