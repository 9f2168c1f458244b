/*
 * Which allocators and language runtimes a process has: out of its mappings, and of symbols where those do not tell. Only
 * of glibc's malloc is what it handed out known to the object (heap.h).
 */
#ifndef PT_HUNT_ALLOCATOR_H
#define PT_HUNT_ALLOCATOR_H

#include "core/hunt/memory.h"

enum pt_allocator {
	PT_ALLOCATOR_GLIBC = 1 << 0,
	PT_ALLOCATOR_JEMALLOC = 1 << 1,
	PT_ALLOCATOR_TCMALLOC = 1 << 2,
	PT_ALLOCATOR_MIMALLOC = 1 << 3,
	PT_ALLOCATOR_MUSL = 1 << 4,
	PT_ALLOCATOR_GO = 1 << 5,
	PT_ALLOCATOR_JAVA = 1 << 6,
	PT_ALLOCATOR_V8 = 1 << 7,
	PT_ALLOCATOR_SANITIZER = 1 << 8, /* its own allocator stands in for malloc */
};

/* A set of enum pt_allocator, as far as can be told without the heap; 0: nothing known. */
unsigned pt_allocators_of(const struct pt_memory *memory);
const char *pt_allocator_name(enum pt_allocator one); /* "jemalloc"; static storage */

#endif
