/*
 * What a page frame is used for, from its kpageflags alone: for the small map of the frames around a page, where most
 * belong to others and nothing else is known of them. Pure.
 */
#ifndef PT_EXPLAIN_FRAME_H
#define PT_EXPLAIN_FRAME_H

#include <stdint.h>

enum pt_frame {
	PT_FRAME_FREE, /* in the page allocator */
	PT_FRAME_ANON,
	PT_FRAME_FILE,
	PT_FRAME_SHMEM,
	PT_FRAME_HUGETLB,
	PT_FRAME_SLAB,
	PT_FRAME_PGTABLE,
	PT_FRAME_RESERVED, /* firmware, the kernel's image, zero pages */
	PT_FRAME_POISON,
	PT_FRAME_OTHER,   /* no flag says: the kernel's own, or on a CPU's free list */
	PT_FRAME_OFFLINE, /* switched off, or given back to a hypervisor */
	PT_FRAME_HOLE,    /* no memory there */
	PT_FRAME_UNKNOWN, /* not read: never said of flags */
	PT_FRAME_N
};

enum pt_frame pt_frame_of(uint64_t kpageflags);
const char *pt_frame_name(enum pt_frame frame); /* "free", "anon", ... */

#endif
