/*
 * Hardware watchpoints on a process (PERF_TYPE_BREAKPOINT): few addresses, each watched on all of its threads at once, whose
 * next writes are told with registers, stack and time. Each is armed for so many hits and then disarms itself, so that a
 * busy word costs no more than that. Nothing is written to the process; the kernel takes the debug registers back when
 * the descriptors close, however pagetop ends.
 *
 * Where threads are few, events are theirs; where they are many, and that is permitted, they are the CPUs', which see
 * writes of other processes to the same address as well.
 */
#ifndef PT_PERF_WATCHPOINTS_H
#define PT_PERF_WATCHPOINTS_H

#include "core/kernel/kernel.h"
#include "core/perf/record.h"

#define PT_WATCHPOINTS_MAX 4

struct pt_watchpoints;

/*
 * stack_bytes: of each hit's stack, a multiple of 8. 0; -ENOSPC: somebody else has the debug registers; -EACCES, -EPERM: not
 * permitted; -EOPNOTSUPP: none here; -ESRCH, -EMFILE, -ENOMEM. k must outlive it.
 */
int pt_watchpoints_open(struct pt_watchpoints **ret, struct pt_kernel *k, pid_t pid, size_t stack_bytes);
void pt_watchpoints_close(struct pt_watchpoints *w); /* NULL is fine */

unsigned pt_watchpoints_n(const struct pt_watchpoints *w);   /* 1 to PT_WATCHPOINTS_MAX: debug registers to be had */
bool pt_watchpoints_machine(const struct pt_watchpoints *w); /* of CPUs, not of threads */
/* Threads that came or went meanwhile: cheap, but not for each turn. 0 or -errno as of open. */
int pt_watchpoints_look(struct pt_watchpoints *w);

/*
 * The next `hits` writes to the byte at `address` are told, in place of what this one (0..n-1) watched before. 0; -ESRCH: all
 * threads ended; else -errno, and it is disarmed.
 */
int pt_watchpoints_arm(struct pt_watchpoints *w, unsigned i, uint64_t address, unsigned hits);
void pt_watchpoints_disarm(struct pt_watchpoints *w, unsigned i);

/*
 * All hits so far in the order of time, each borrowed until `each` returns; hit->address is what was watched. One of
 * another process (hit->pid) is told because it was one of the hits that this watchpoint was armed for.
 */
void pt_watchpoints_take(struct pt_watchpoints *w, void (*each)(void *arg, const struct pt_perf_record *hit),
			 void *arg);
uint64_t pt_watchpoints_lost(const struct pt_watchpoints *w); /* hits that there was no room for */
/* Waits for so long, or less where hits pile up. */
void pt_watchpoints_wait(struct pt_watchpoints *w, uint64_t ns);

#endif
