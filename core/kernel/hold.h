/*
 * Hold: the threads of a process stopped by ptrace, for as long as it is asked for. Nothing is written to them, and they
 * go on as if nothing had been: a thread that stood still before stands still after, and a signal that came in between is
 * given to it. When this program dies, the kernel lets them go.
 *
 * ptrace binds to a thread of ours: only the one that made the hold may use it.
 */
#ifndef PT_KERNEL_HOLD_H
#define PT_KERNEL_HOLD_H

#include "core/kernel/kernel.h"

struct pt_hold;

struct pt_held {
	pid_t tid;
	bool stopped; /* else it is in the kernel, in a sleep that nothing ends: no registers, but it runs none of its code */
	int signal; /* came to it meanwhile; given to it when it is let go. 0: none */
	bool gone;  /* it ended, or was let go */
};

/* -ESRCH, -EPERM: not permitted; -EBUSY: it is being traced already; -ENOSYS: no such thing here; -ENOMEM. */
int pt_hold_new(struct pt_hold **ret, struct pt_kernel *k, pid_t pid);
/* Lets all go. Registers cannot be read any more. Again: tries those that could not be let go the first time. */
void pt_hold_release(struct pt_hold *hold);
void pt_hold_free(struct pt_hold *hold); /* releases it; NULL is fine */

/* The threads, the main one first where it is still there; borrowed. */
const struct pt_held *pt_hold_threads(const struct pt_hold *hold, size_t *ret_n);
/*
 * A set of registers of a stopped thread, by its note type (NT_PRSTATUS, NT_PRFPREG ...); *size is the room, and becomes
 * what it takes. 0 or -errno: -ESRCH, -EINVAL or -ENODEV where there is no such set.
 */
int pt_hold_registers(struct pt_hold *hold, pid_t tid, unsigned type, void *ret, size_t *size);
/* CLOCK_MONOTONIC before the first thread was stopped. */
uint64_t pt_hold_since(const struct pt_hold *hold);

#endif
