/*
 * Whether there can be a verdict, and why not, or what limits it, in words (core/hunt only). Pure.
 */
#ifndef PT_HUNT_WHY_H
#define PT_HUNT_WHY_H

#include "core/hunt/heap.h"
#include "core/hunt/view.h"

struct pt_hunt_facts {
	unsigned allocators; /* enum pt_allocator, besides the heap that was found */
	const char *version; /* of glibc's heap; NULL: there is none */
	int heap_error;      /* 0, or why it could not be walked */
	uint64_t used;       /* bytes of glibc's heap in use */
	uint64_t other;      /* bytes present of other private memory that is no stack, no file's */
	uint64_t swapped;    /* bytes that were left out */
	uint64_t broken;     /* bytes of the heap that could not be walked */
	unsigned refused;    /* threads whose registers could not be read */
	unsigned passes;
	bool converged;
};

/* Fills in allocator, verdict and why. 0, -ENOMEM. */
int pt_hunt_judge(struct pt_hunt_view *view, const struct pt_hunt_facts *facts);

#endif
