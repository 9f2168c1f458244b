/*
 * Private to core/hunt/roots*.c: struct pthread of glibc (nptl/descr.h), of threads that run and of those that are dead,
 * whose stacks glibc keeps. Recognized by their shape: a thread's descriptor lies at its thread pointer, at the upper end of
 * its stack, begins with a pointer to itself and its DTV, and has another pointer to itself; all are in lists of glibc.
 */
#ifndef PT_HUNT_ROOTS_TCB_H
#define PT_HUNT_ROOTS_TCB_H

#include "core/hunt/roots_parts.h"

struct pt_tcb {
	uint64_t address;
	uint64_t stack,
		end; /* of the block that the stack and the descriptor lie in; without one (the main thread): of itself */
	uint64_t dtv;
	bool dead;
	bool awaited; /* dead, not detached, and nobody has waited for it */
};

struct pt_tcb_list {
	struct pt_tcb *v; /* [n], malloc'ed */
	size_t n, room;
};

/* All that can be found. 0 or -ENOMEM. */
int pt_tcb_find(struct pt_tcb_list *ret, const struct pt_memory *memory, const struct pt_root_thread *threads,
		size_t n);
/* Where its static thread-local memory begins, as its DTV says; its own address if that says nothing. */
uint64_t pt_tcb_tls(const struct pt_memory *memory, const struct pt_tcb *tcb);

#endif
