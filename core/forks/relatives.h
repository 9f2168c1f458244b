/*
 * Relatives: who is in the family of a process now: up to whom it was forked from, and down to all that was forked from that
 * one and has not become another program since. Private to core/forks.
 */
#ifndef PT_FORKS_RELATIVES_H
#define PT_FORKS_RELATIVES_H

#include "core/kernel/readers.h"

struct pt_relation {
	struct pt_process process;
	size_t parent; /* which of them; SIZE_MAX: of the first */
	struct pt_maybe live_ns;
};

struct pt_relatives {
	struct pt_relation *v; /* [n], a parent before its children, those in the order in which they were forked */
	size_t n, room;
};

/* -ESRCH: there is no such process, or only a zombie; -ENOMEM. Free with pt_relatives_free. */
int pt_relatives_read(struct pt_kernel *k, pid_t pid, struct pt_relatives *ret);
void pt_relatives_free(struct pt_relatives *relatives);

#endif
