/*
 * A made-up program: a snapshot out of the text of its maps and how many pages of each VMA are there.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include "core/model/snapshot.h"

#define PROGRAM_SHIFT 12
#define PROGRAM_PAGE  (1ull << PROGRAM_SHIFT)

struct program {
	const char *maps;
	unsigned pages[16]; /* of each VMA, from its first one on: anonymous, mapped once */
	uint64_t pfn;       /* of the first page; those of the next VMA begin 1000 higher */
	uint64_t start_time;
};

/* A complete snapshot with all signals given, of PID 7; one reference. */
struct pt_snapshot *program_snapshot(const struct program *program);

#endif
