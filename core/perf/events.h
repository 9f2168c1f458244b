/*
 * Perf events of a process: each of those asked for, for each thread and CPU, inherited by threads and children that come
 * later; rings for each CPU, whose records come out in the order of time. What a full ring lost is counted. Whatever
 * ends pagetop ends the events: they live as long as their descriptors.
 *
 * Where threads times CPUs are more than the descriptors to be had (the soft limit is raised to the hard one first), and
 * CAP_PERFMON is there, events are of CPUs alone and tell of every process: what is not of this one or of what it forked
 * is left out.
 */
#ifndef PT_PERF_EVENTS_H
#define PT_PERF_EVENTS_H

#include <linux/perf_event.h>

#include "core/kernel/kernel.h"
#include "core/perf/record.h"

#define PT_EVENTS_MAX 4          /* kinds of events */
#define PT_EVENTS_OFF UINT64_MAX /* as a period: there are none of this kind for now */

struct pt_events_options {
	/*
	 * [n]: type, config, sample_period, exclude_* and what the layout asks for (sample_regs_user,
	 * sample_stack_user); the rest is set here. Those after the first ask for no news of tasks. A sample_period of 0
	 * counts only.
	 */
	const struct perf_event_attr *attrs;
	unsigned n;
	struct pt_perf_layout layout; /* of the samples of all */
	size_t ring_bytes;            /* for each CPU, as of pt_rings_open */
	bool from_exec;               /* begin with the next exec of the process */
	bool machine;                 /* of CPUs alone from the start */
};

struct pt_events_sink {
	/* which: of the attrs, for a sample. period: what it stands for. Borrowed until the call ends. */
	void (*record)(void *arg, const struct pt_perf_record *record, unsigned which, uint64_t period);
	void *arg;
};

struct pt_events_totals {
	uint64_t lost;    /* records that a full ring had no room for */
	uint64_t damaged; /* records that made no sense */
	uint64_t unsure;  /* by how much the counts of all kinds may be off: what happened while periods changed */
	unsigned threads, cpus;
	bool machine; /* of CPUs alone */
};

struct pt_events;

/*
 * -ESRCH: no such process; -EACCES, -EPERM: not permitted; -EMFILE: see above; -EOPNOTSUPP, -ENOENT: a kernel without
 * these events; -EINVAL: a period or a layout that it refuses; -ENOMEM. k must outlive it.
 */
int pt_events_open(struct pt_events **ret, struct pt_kernel *k, pid_t pid, const struct pt_events_options *options);
void pt_events_close(struct pt_events *e); /* NULL is fine */
/* Polls readable when a ring fills up; what is in half-empty rings waits until it is asked for. Another
 * one once there are other periods. */
int pt_events_fd(const struct pt_events *e);
/* Delivers all there is, in the order of time. */
void pt_events_take(struct pt_events *e, const struct pt_events_sink *sink);
/*
 * Other periods from now on, one for each of the attrs. Events are opened anew before the old ones are closed, and the
 * time of the switch decides which of them tells: nothing is lost, nothing told twice. Delivers what there is. On
 * -errno all is as before; -EAGAIN: not before the exec that is waited for.
 */
int pt_events_set_periods(struct pt_events *e, const uint64_t *periods, const struct pt_events_sink *sink);
/* How often it happened, told or not, as the kernel counts it; not known (false) for events of CPUs alone. */
bool pt_events_count(struct pt_events *e, unsigned which, uint64_t *ret);
struct pt_events_totals pt_events_totals(const struct pt_events *e);

#endif
