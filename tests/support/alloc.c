/*
 * Counts allocations, and fails one; see alloc.h. By the main thread alone.
 */
#include "tests/support/alloc.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static unsigned long left; /* until the one that fails; 0: it has failed, or none is to */
static int failed;

static int fails(void)
{
	if (!left || --left)
		return 0;
	failed = 1;
	return 1;
}

void alloc_fail_at(unsigned long n)
{
	left = n;
	failed = 0;
}

int alloc_failed(void)
{
	return failed;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}
