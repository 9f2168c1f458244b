/*
 * Time spent in page faults: the process's CPU time is sampled, and where the kernel's call chain shows its fault
 * handler, it was one. That is CPU time: waiting for a disk is not in it. An estimate: of n samples in faults the
 * standard error is sqrt(n) of them. Costs whoever runs a few microseconds each 5 ms of CPU
 * time.
 */
#ifndef PT_FAULTS_SPENT_H
#define PT_FAULTS_SPENT_H

#include "core/kernel/kernel.h"

struct pt_spent;

struct pt_spent_totals {
	uint64_t cpu_ns;    /* that all its threads ran, as sampled */
	uint64_t faults_ns; /* of these in the kernel's fault handler */
	uint64_t samples, in_faults;
	uint64_t lost;
};

/*
 * -EACCES, -EPERM: call chains of the kernel need CAP_PERFMON, and to know its functions in them kernel.kptr_restrict
 * must let see /proc/kallsyms; others as pt_events_open. k must outlive it.
 */
int pt_spent_open(struct pt_spent **ret, struct pt_kernel *k, pid_t pid);
void pt_spent_close(struct pt_spent *spent); /* NULL is fine */
void pt_spent_take(struct pt_spent *spent);
/* Of all that was taken. */
struct pt_spent_totals pt_spent_totals(const struct pt_spent *spent);

#endif
