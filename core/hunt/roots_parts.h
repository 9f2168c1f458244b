/*
 * Private to core/hunt/roots*.c: roots while they are gathered, and the parts that gather them.
 */
#ifndef PT_HUNT_ROOTS_PARTS_H
#define PT_HUNT_ROOTS_PARTS_H

#include "core/hunt/roots.h"

#define PT_ROOT_NONE PT_ROOT_N /* kind of a span that is no root, and hides what is below it */

/* Spans in order of addresses, after pt_root_sort(). */
struct pt_root_list {
	struct pt_root_span *v; /* malloc'ed */
	size_t n, room;
};

struct pt_gather {
	struct pt_roots *roots;
	const struct pt_memory *memory;
	const struct pt_heap *heap;
	struct pt_heap_bounds bounds[2];
	size_t n_bounds;
	size_t words_room, threads_room;
};

/* Adds a span, if it is not empty. 0 or -ENOMEM, as all that add something. */
int pt_root_add(struct pt_root_list *list, struct pt_root_span span);
/* By address; of two that overlap the first stays whole. */
void pt_root_sort(struct pt_root_list *list);
/* Where `under` is, `over` counts if it is there too, with the VMA of `under`. Both sorted. */
int pt_root_paint(struct pt_root_list *under, const struct pt_root_list *over);

/* Adds a word, if it may point into the heap. */
int pt_gather_word(struct pt_gather *gather, struct pt_root_word word);
int pt_gather_thread(struct pt_gather *gather, struct pt_root_thread thread);

/* Registers, one thread after the other, or of those that are held. Errors as of pt_roots_read(). */
int pt_gather_threads(struct pt_gather *gather);
int pt_gather_held(struct pt_gather *gather, struct pt_hold *held);
/* Out of one set of registers, as ptrace gives them. `vector` may be NULL. */
int pt_gather_registers(struct pt_gather *gather, pid_t tid, const void *general, size_t size, const void *vector,
			size_t vector_size);
/* Whether a thread is outside of all system calls: vector registers mean something then, as no call of a function is under way. */
bool pt_registers_outside_call(const void *general, size_t size);

/* Stacks and thread-local memory, where threads keep them, over other memory; sorted. DTVs of dead threads as words. */
int pt_gather_stacks(struct pt_gather *gather, struct pt_root_list *ret);
/* All memory by its VMA; sorted. */
int pt_gather_memory(struct pt_gather *gather, struct pt_root_list *ret);
/* What the kernel holds. */
int pt_gather_kernel(struct pt_gather *gather);

#endif
