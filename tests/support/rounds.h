/*
 * How many rounds of made-up input a test goes through: all, or a few where each is slow, or the rest is seen to elsewhere
 * (PT_SLOW in the environment, from tests/CMakeLists.txt). PT_LONG: all in any case.
 */
#ifndef TESTS_ROUNDS_H
#define TESTS_ROUNDS_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool rounds_are_slow(void)
{
	return getenv("PT_SLOW") && !getenv("PT_LONG");
}

static inline unsigned rounds(unsigned n)
{
	return rounds_are_slow() ? n / 5 + 1 : n;
}

#endif
