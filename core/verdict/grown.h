/*
 * What grew: the VMAs of the processes of a trace that grew most between two moments, and since when.
 */
#ifndef PT_VERDICT_GROWN_H
#define PT_VERDICT_GROWN_H

#include "core/verdict/trace.h"

#define PT_GROWN_MOST 8 /* VMAs that are told */

struct pt_grown_vma {
	uint32_t process;        /* index into the trace's processes */
	uint64_t start, end;     /* as it was at the end */
	uint8_t role, perms;     /* enum pt_role, enum pt_perm */
	char path[256];          /* raw bytes: hostile; may be cut */
	uint64_t bytes;          /* by which it grew */
	uint64_t pages;          /* the same in pages */
	uint64_t began_ns;       /* CLOCK_MONOTONIC: from then on it grew; */
	uint64_t began_realtime; /* CLOCK_REALTIME of the same */
};

struct pt_grown {
	struct pt_grown_vma v[PT_GROWN_MOST]; /* most first */
	size_t n;
	size_t more;         /* VMAs that grew too */
	uint64_t more_bytes; /* by so much */
	size_t unseen;       /* processes that were alive meanwhile and of which there are no frames to tell */
};

#endif
