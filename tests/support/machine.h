/*
 * Changes to the whole machine that some live tests need: swap, KSM, a pool of huge pages. Each is undone by
 * machine_restore, which also runs when the test program ends. What cannot be changed gives the reason, for the test to
 * skip with.
 */
#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H

#include <stdint.h>

/* NULL: done; else why not. */
const char *machine_needs_swap(void);
const char *machine_needs_ksm(void);
const char *machine_needs_hugetlb(unsigned pages); /* so many free ones of the default size */
/* For this process and what it forks alone, until it ends. */
const char *machine_needs_tracing(void);
void machine_restore(void);

/* The number in a file, 0 if it can't be read. */
uint64_t machine_number(const char *path);
/* How many pages the kernel has moved to other frames so far: while one is on its way it seems to be in none. */
uint64_t machine_moved(void);

#endif
