/*
 * What time it is.
 */
#ifndef UI_NOW_H
#define UI_NOW_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of a clock. */
static inline uint64_t ui_now(clockid_t clock)
{
	struct timespec t = {0};
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
