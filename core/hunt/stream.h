/*
 * Streaming: what is there of a process's memory, read once in large batches by two threads that take turns, and handed on
 * as words. Nothing is kept.
 */
#ifndef PT_HUNT_STREAM_H
#define PT_HUNT_STREAM_H

#include "core/hunt/heap.h"
#include "core/scan/stretches.h"

#define PT_STREAM_THREADS 2u
#define PT_STREAM_BATCH   ((size_t)512 << 10) /* bytes at most */

struct pt_stream_batch {
	uint64_t address;      /* of the first word */
	const uint64_t *words; /* [n], together in one stretch and one VMA; a page is never in two batches */
	size_t n;
	unsigned thread; /* 0 .. PT_STREAM_THREADS - 1: which of them calls */
};

struct pt_stream {
	const struct pt_memory *memory;
	const struct pt_stretch *stretches; /* [n], aligned to 8; read in this order, */
	size_t n;
	bool backwards; /* each from its end on */
	/* From any of the threads, several at the same time. */
	void (*each)(void *arg, const struct pt_stream_batch *batch);
	bool (*cancelled)(void *arg);                /* any thread; may be NULL */
	void (*progress)(void *arg, uint64_t bytes); /* so many more were read; the caller's thread; may be NULL */
	void *arg;
};

/* 0, -ECANCELED, -ESRCH, -EPERM, -ENOMEM. What vanished since the look is left out. */
int pt_stream_read(const struct pt_stream *stream);

/* Indices of words that lie within bounds, ascending, into ret[n]; how many. n <= 65536. (stream_filter.c) */
size_t pt_stream_filter(const uint64_t *words, size_t n, const struct pt_heap_bounds *bounds, size_t n_bounds,
			uint16_t *ret);

#endif
