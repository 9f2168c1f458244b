/*
 * The target: one process with its descriptors, and the question whether it is still the same one. Owned by a scan or
 * an inspector; used by one thread.
 */
#ifndef PT_SCAN_TARGET_H
#define PT_SCAN_TARGET_H

#include "core/kernel/readers.h"
#include "core/scan/cost.h"

struct pt_target {
	struct pt_kernel *k; /* borrowed */
	pid_t pid;
	pid_t task;           /* whose files in /proc show the memory: pid, or a thread that outlived the main one */
	uint64_t start_time;  /* tells a reused PID */
	uint64_t start_stack; /* of the memory that is open */
	int pidfd, pagemap;   /* -1: not open */
	int kpageflags, kpagecount;
	unsigned image; /* execs seen */
	struct pt_signals signals;
	struct pt_costs costs;  /* fitted where the signals were probed; else defaults */
	bool no_guard_category; /* atomic: PAGEMAP_SCAN refused it */
};

struct ps_arg;

/* -ESRCH: none, or a zombie; -ENODATA: kernel thread; -EACCES, -EPERM. signals NULL: probe, and fit the costs. */
int pt_target_open(struct pt_target *ret, struct pt_kernel *k, pid_t pid, const struct pt_signals *signals);
void pt_target_close(struct pt_target *target);

/* Reads stat and status, and says -ESRCH when the process ended or its PID is another's now. */
int pt_target_read(struct pt_target *target, struct pt_process *ret);

/*
 * PAGEMAP_SCAN on the target, for pages present or swapped, with what they are in arg->return_mask. Guard markers are
 * asked for as well where the kernel has a category for them. Regions found, or -errno.
 */
int pt_target_scan(struct pt_target *target, struct ps_arg *arg);

/* Whether the open pagemap still is that of the process's memory; false after an exec, or at its end. */
bool pt_target_memory_alive(struct pt_target *target, const struct pt_vma_table *vmas);

/*
 * Whether an exec left the memory that is open to others: after vfork() a parent, or whoever shares it by CLONE_VM,
 * keeps it alive.
 */
bool pt_target_left_memory(const struct pt_target *target, const struct pt_process *process);

/* After an exec: opens the new memory and counts it; `process` was read before. -ESRCH, -EACCES. */
int pt_target_reopen(struct pt_target *target, const struct pt_process *process);

#endif
