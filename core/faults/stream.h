/*
 * The fault stream: each page fault of a process, its threads and what they fork later, with address, thread, time and
 * optionally registers and a piece of the user's stack, as the kernel's software events deliver them
 * (PERF_COUNT_SW_PAGE_FAULTS_MIN and _MAJ). The target is neither stopped nor changed, but for what each fault then
 * costs it.
 *
 * One pair of events for each thread and CPU (events.h), inherited by threads and children that come later.
 * MAP_POPULATE and other faults that the kernel spares by prefaulting make no event. Without CAP_PERFMON only faults of
 * one's own processes in user mode are seen, not those that system calls cause (perf_event_paranoid 2).
 */
#ifndef PT_FAULTS_STREAM_H
#define PT_FAULTS_STREAM_H

#include "core/faults/codes.h"
#include "core/kernel/kernel.h"
#include "core/model/vma.h"
#include "core/unwind/user.h"

struct pt_fault_options {
	uint64_t period;    /* every so many faults are told, each of a thread, CPU and kind on its own; 0: 1 */
	size_t ring_bytes;  /* for each CPU, a power of two; 0: what an ordinary user may lock */
	size_t stack_bytes; /* of the user's stack with each, multiple of 8, below 64 KiB; 0: none, and no registers */
	bool from_exec;     /* of a child that waits to become another program: from there on */
	bool machine;       /* events of CPUs alone, which also happens where threads are too many */
	bool codes; /* the processor's error code with each, while all are told and where tracepoints may be read */
};

struct pt_fault {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t address; /* exact, not the page's */
	uint64_t ip;
	pid_t pid, tid;
	uint32_t cpu;
	uint64_t weight; /* how many faults it stands for */
	bool major;      /* something was read from a disk for it */
	bool kernel;     /* a system call came upon it: ip is the kernel's */
	bool has_code;   /* the next two are known, and when it began */
	struct pt_fault_code code;
	const uint64_t
		*regs; /* of the user, in the order of pt_user_regs(); NULL: none. Borrowed until the call ends */
	unsigned n_regs;
	const uint8_t *stack; /* from the stack pointer up; NULL: none. Likewise */
	size_t stack_size;
};

static inline struct pt_user pt_fault_user(const struct pt_fault *fault)
{
	return (struct pt_user){fault->ip, fault->regs, fault->n_regs, fault->stack, fault->stack_size};
}

enum pt_fault_news { PT_FAULT_FORKED, PT_FAULT_EXECED, PT_FAULT_EXITED };

struct pt_fault_sink {
	void (*fault)(void *arg, const struct pt_fault *fault);
	/* Of a process, not of a thread; parent is of PT_FAULT_FORKED. NULL is fine. */
	void (*news)(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns);
	/* With stacks: where a process has code, as it is mapped; without perms and role. NULL is fine. */
	void (*mapped)(void *arg, pid_t pid, const struct pt_vma *vma);
	void *arg;
};

struct pt_fault_totals {
	uint64_t minor, major;  /* counted by the kernel, told or not */
	uint64_t told;          /* faults that those stand for which were delivered */
	uint64_t lost;          /* records that a full ring had no room for */
	uint64_t damaged;       /* records that made no sense */
	uint64_t unsure;        /* by how much minor and major may be off: what happened while periods changed */
	unsigned threads, cpus; /* that events were opened for */
	bool kernel_mode;       /* faults in system calls are told as well */
	bool codes;             /* error codes come with faults */
	bool machine;           /* events of CPUs alone: minor and major are without those of children */
};

struct pt_faults;

/*
 * -ESRCH: no such process; -EACCES, -EPERM: not permitted; -EMFILE: too many threads and CPUs for the descriptors this
 * process may have; -EOPNOTSUPP, -ENOENT: a kernel without these events; -ENOMEM. k must outlive it.
 */
int pt_faults_open(struct pt_faults **ret, struct pt_kernel *k, pid_t pid, const struct pt_fault_options *options);
/* Polls readable when a ring fills up; what is in half-empty rings waits until it is asked for. Another
 * one once there is another period. */
int pt_faults_fd(const struct pt_faults *faults);
/* Delivers all there is, in the order of time. */
void pt_faults_take(struct pt_faults *faults, const struct pt_fault_sink *sink);
/*
 * Another period from now on; delivers what there is. No fault is lost or told twice by it. 0, or -errno and it stays as
 * it was; -EAGAIN: not before the exec that is waited for.
 */
int pt_faults_set_period(struct pt_faults *faults, uint64_t period, const struct pt_fault_sink *sink);
/* Asks the kernel about each event: dear where threads are many. */
struct pt_fault_totals pt_faults_totals(struct pt_faults *faults);
uint64_t pt_faults_lost(const struct pt_faults *faults); /* of these, cheaply */
/* Ends it; no event stays behind. NULL is fine. */
void pt_faults_close(struct pt_faults *faults);

#endif
