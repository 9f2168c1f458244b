/*
 * The heap as a test sees it: what is allocated, and allocations that fail. Counts what core and the test itself
 * allocate by malloc, calloc and realloc; a test program that uses this is linked with heap_options of
 * tests/CMakeLists.txt, which put these functions in the place of those.
 */
#ifndef TESTS_HEAP_H
#define TESTS_HEAP_H

#include <stddef.h>

/* Blocks that are allocated, and their bytes. */
size_t heap_blocks(void);
size_t heap_bytes(void);

/* The n-th allocation from now on fails, and all after it; 0: none does. */
void heap_fail_at(unsigned long n);
/* Whether that has happened. */
int heap_has_failed(void);

#endif
