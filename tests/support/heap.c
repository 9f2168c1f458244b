/*
 * The counting heap: see heap.h. The linker makes malloc in the program's own objects __wrap_malloc, and __real_malloc
 * what malloc was. Counters are atomic: threads of the test allocate too.
 */
#include "tests/support/heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
/* NOLINTEND(bugprone-reserved-identifier) */

static size_t blocks, bytes;
static unsigned long left; /* allocations until one fails, that one included; 0: none does */
static int failed;

size_t heap_blocks(void)
{
	return __atomic_load_n(&blocks, __ATOMIC_RELAXED);
}

size_t heap_bytes(void)
{
	return __atomic_load_n(&bytes, __ATOMIC_RELAXED);
}

void heap_fail_at(unsigned long n)
{
	left = n;
	failed = 0;
}

int heap_has_failed(void)
{
	return failed;
}

static int fails(void)
{
	if (left == 1)
		failed = 1;
	else if (left)
		left--;
	if (failed)
		errno = ENOMEM;
	return failed;
}

static void *count(void *memory)
{
	if (memory) {
		__atomic_fetch_add(&blocks, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&bytes, malloc_usable_size(memory), __ATOMIC_RELAXED);
	}
	return memory;
}

static void uncount(void *memory)
{
	if (memory) {
		__atomic_fetch_sub(&blocks, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&bytes, malloc_usable_size(memory), __ATOMIC_RELAXED);
	}
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
	if (fails())
		return NULL;
	uncount(memory);
	void *now = __real_realloc(memory, size);
	count(now ? now : memory);
	return now;
}

void __wrap_free(void *memory)
{
	uncount(memory);
	__real_free(memory);
}
