/*
 * A trace: what the memory of a run was over time, as numbers: for each process of it a series of samples, by class and
 * by role, and the marks that were set. What assertions (assert.h), baselines and metrics are about. Made by whoever
 * watches a tree (core/tree/tree.h) or out of a recording; one thread at a time.
 *
 * A sample is of counters alone (status: cheap, every process has them), or of a whole frame, and then by role as well.
 * What was not read is not known, and is never taken for 0: but for a process that has not begun or has ended, which
 * holds nothing.
 */
#ifndef PT_VERDICT_TRACE_H
#define PT_VERDICT_TRACE_H

#include "core/history/past.h"
#include "core/model/snapshot.h"

/* What a series counts; bytes where not said. Meanings are those of `pagetop vmas`. */
enum pt_quantity {
	PT_QUANTITY_RSS,
	PT_QUANTITY_ANON,
	PT_QUANTITY_FILE,
	PT_QUANTITY_SHMEM,
	PT_QUANTITY_SWAP,
	PT_QUANTITY_PSS,
	PT_QUANTITY_THP, /* AnonHugePages */
	PT_QUANTITY_HUGETLB,
	PT_QUANTITY_DIRTY,
	PT_QUANTITY_SHARED,
	PT_QUANTITY_PRIVATE,
	PT_QUANTITY_SIZE, /* mapped */
	PT_QUANTITY_VMAS, /* a number */
	PT_QUANTITY_N
};

/* Which of the quantities of a process, or of the VMAs of one role of it. */
struct pt_amounts {
	struct pt_maybe v[PT_QUANTITY_N];
};

struct pt_sample {
	uint32_t process; /* index into the trace's processes */
	uint64_t realtime_ns, monotonic_ns;
	struct pt_amounts all;
	struct pt_amounts *roles; /* [PT_ROLE_N]; NULL: counters alone */
	bool frame;               /* of a whole frame, whether its roles were kept or not; set by pt_trace_add */
};

struct pt_trace_process {
	pid_t pid, parent;
	uint64_t start_time;         /* clock ticks after boot */
	char name[PT_NAME_MAX];      /* comm, the newest: raw bytes, hostile */
	uint64_t began_ns, ended_ns; /* CLOCK_MONOTONIC; ended 0: it lives */
	struct pt_maybe peak_rss;    /* bytes, the kernel's own: VmHWM, or ru_maxrss when it was waited for */
	struct pt_maybe exit_status; /* as waitpid gives it, where it could be waited for */
	struct pt_past *past;        /* its frames, to say what grew; borrowed; NULL: there are none */
	/* private: */
	size_t n_roles; /* samples with roles that came */
};

struct pt_trace_mark {
	uint64_t realtime_ns, monotonic_ns;
	pid_t pid;  /* who set it; 0: not known */
	bool waits; /* and waits now until it was looked at (core/mark) */
	char label[64];
};

/*
 * The heaps of the processes of a run, as somebody looked at them at its marks: of a process of the trace, by its index,
 * and times of marks. True, or false and why it is not known: one line, raw.
 */
struct pt_trace_heaps {
	bool (*leaked)(void *arg, size_t process, uint64_t at_ns, double *ret_bytes, char *why, size_t size);
	/* Objects that came between the first two and are still there at the third. */
	bool (*still)(void *arg, size_t process, const uint64_t at_ns[3], double *ret_objects, char *why, size_t size);
	void *arg;
};

struct pt_trace {
	struct pt_trace_process *processes; /* the first is the root of the tree */
	size_t n_processes;
	struct pt_sample *samples; /* in the order of time */
	size_t n_samples;
	struct pt_trace_mark *marks; /* in the order of time */
	size_t n_marks;
	uint64_t began_ns, ended_ns;        /* CLOCK_MONOTONIC; of the run */
	uint64_t interval_ns;               /* asked for between two samples of a process */
	uint64_t page_size;                 /* bytes of a base page; of this machine, if not set */
	const struct pt_trace_heaps *heaps; /* borrowed; NULL: nobody looked, as in a recording */
	/* private: */
	size_t n_roles; /* samples with roles */
	size_t stride;  /* so many samples of a process with roles for one that keeps them */
	size_t room_processes, room_samples, room_marks;
};

int pt_trace_new(struct pt_trace **ret);
void pt_trace_free(struct pt_trace *trace); /* NULL is fine */
/* Index of a new process, or -ENOMEM. */
ssize_t pt_trace_add_process(struct pt_trace *trace, const struct pt_trace_process *process);
/*
 * Copies the sample and its roles; one that comes late is put where its time says, as marks are. 0 or -ENOMEM. Roles are
 * large: in a very long run only one of so many samples of each process, evenly over time, keeps them.
 */
int pt_trace_add(struct pt_trace *trace, const struct pt_sample *sample);
/* Of each process every second sample goes of those that have no roles, of counters and of frames alike; for those who
 * watch very long, and then feed half. */
void pt_trace_thin(struct pt_trace *trace);
/* Takes over samples from malloc, and their roles, each from malloc, in the order of time, of a trace that has none. */
void pt_trace_take(struct pt_trace *trace, struct pt_sample *samples, size_t n);
int pt_trace_mark(struct pt_trace *trace, const struct pt_trace_mark *mark);

/* What a complete snapshot holds, of all and by role ([PT_ROLE_N]). */
void pt_amounts_of(const struct pt_snapshot *snapshot, struct pt_amounts *all, struct pt_amounts *roles);
/* What its counters (stat, status) say. Swap is without shared memory there: the kernel counts it nowhere. */
void pt_amounts_of_process(const struct pt_process *process, struct pt_amounts *all);
/* "rss", "thp": one word, static storage; and back: PT_QUANTITY_N if it is none. */
const char *pt_quantity_name(enum pt_quantity quantity);
enum pt_quantity pt_quantity_of(const char *name, size_t size);
enum pt_sum pt_quantity_sum(enum pt_quantity quantity); /* PT_SUM_N: it is no sum of bytes */

#endif
