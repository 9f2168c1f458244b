/*
 * Memory that runs out when a test says so: allocations of a program that is linked with --wrap=malloc, calloc and
 * realloc (tests/CMakeLists.txt).
 */
#ifndef TESTS_ALLOC_H
#define TESTS_ALLOC_H

/* The n-th allocation from now on fails, once; 0: none does. */
void alloc_fail_at(unsigned long n);
/* Whether it has failed. */
int alloc_failed(void);

#endif
