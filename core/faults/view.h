/*
 * What is known of a process's faults at one moment: tables that a screen, a command or a recording shows. Immutable once
 * it was given out, and counted by references. Counts are of faults, with the weight of what was told; a rate is over
 * the last second or so.
 */
#ifndef PT_FAULTS_VIEW_H
#define PT_FAULTS_VIEW_H

#include "core/faults/kind.h"
#include "core/faults/stream.h"
#include "core/model/snapshot.h"
#include "core/unwind/stacks.h"

struct pt_fault_counts {
	uint64_t events, major, kernel; /* kernel: in system calls */
	uint64_t kinds[PT_FAULT_KIND_N];
	double per_s;
};

/* Why a page faults again and again, as far as can be inferred. */
enum pt_repeat_cause {
	PT_REPEAT_UNKNOWN,
	PT_REPEAT_COMPACTION,
	PT_REPEAT_KHUGEPAGED,
	PT_REPEAT_NUMA_BALANCING,
	PT_REPEAT_KSM,
	PT_REPEAT_FORK,
	PT_REPEAT_SOFT_DIRTY,
	PT_REPEAT_RECLAIM,   /* swapped out, or a file's page dropped, and brought back */
	PT_REPEAT_FREED,     /* given back by the program (MADV_DONTNEED) and touched again */
	PT_REPEAT_ZERO_PAGE, /* read first, written later: two faults */
	PT_REPEAT_WRITEBACK, /* a file's page, write-protected each time it is written back */
	PT_REPEAT_N
};
/* "compaction": one lower-case word of the contract. Static storage. */
const char *pt_repeat_cause_name(enum pt_repeat_cause cause);

struct pt_fault_call { /* a call of a stack */
	uint64_t ip;
	char *symbol, *module, *file; /* NULL: not known; raw bytes */
	char *build_id;               /* of the module, in hexadecimal digits; NULL: not known */
	uint64_t module_offset;       /* of ip in the module, where one is known: as its own symbol table counts */
	uint64_t offset;              /* from the symbol */
	int line;                     /* 0: not known */
};

struct pt_fault_stack_row {
	pt_stack_id id; /* 0: faults whose stack is not known */
	struct pt_fault_counts counts;
	uint64_t born;  /* bytes of memory that came by it; what was freed and touched again counts again */
	uint64_t still; /* of these still there, in memory or on swap, as the newest snapshot knows */
	bool still_known;
	bool complete;
	struct pt_fault_call *calls; /* [n_calls], innermost first */
	size_t n_calls;
};

struct pt_fault_vma_row {
	uint64_t start, end;
	char *name; /* raw path, or "" */
	enum pt_role role;
	struct pt_fault_counts counts;
	uint64_t born; /* bytes */
};

/* What a stack touched first in a VMA and is still held there. */
struct pt_fault_grower {
	uint64_t start; /* of the VMA */
	char *name;     /* raw path, or "" */
	enum pt_role role;
	pt_stack_id stack;
	uint64_t bytes;
};

struct pt_fault_address_row {
	uint64_t address; /* of the page */
	struct pt_fault_counts counts;
	enum pt_fault_kind last;
	uint64_t last_ns;
	pt_stack_id stack; /* of the last */
};

struct pt_fault_thread_row {
	pid_t pid, tid;
	char name[16]; /* raw; "" if it ended before it was asked */
	uint32_t cpu;  /* of the last */
	int node;      /* -1: not known */
	struct pt_fault_counts counts;
};

struct pt_fault_cpu_row {
	uint32_t cpu;
	int node;
	struct pt_fault_counts counts;
};

struct pt_fault_repeater {
	uint64_t address; /* of the page */
	char *name;       /* of its VMA, raw; "" */
	bool locked;      /* known to be mlocked */
	uint64_t events;
	enum pt_fault_kind kind; /* of most */
	uint64_t interval_ns;    /* median between two of the last ones; 0: there was but one */
	bool backs_off;          /* intervals grow */
	uint64_t last_ns;
	enum pt_repeat_cause cause;
	char *text;        /* why, in words, with the setting that governs it */
	pt_stack_id stack; /* of the last */
};

/* Allocations of one kind that were made for the process (core/faults/allocs.h). */
struct pt_fault_alloc_row {
	unsigned order;
	int migrate_type; /* pt_migrate_type_name() */
	int node;         /* -1: not known */
	char zone[16];    /* "": not known */
	char *flags;      /* "GFP_HIGHUSER_MOVABLE|__GFP_ZERO" */
	uint64_t events, pages;
};

struct pt_fault_view {
	pid_t pid;
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC */
	struct pt_fault_totals totals;
	uint64_t period;             /* every so many are told, now */
	uint64_t period_most;        /* and at most so far: above 1 counts are estimates */
	uint64_t unread;             /* faults whose page there was no time to look at: among kinds[PT_FAULT_UNKNOWN] */
	uint64_t left_out;           /* faults that the fullest table had no room for or forgot: in the sums alone */
	uint64_t addresses_left_out; /* likewise of the table of addresses, which has no room for all that come once */
	double cpu_share; /* what pagetop spends on it, of one core, over the last second or so; <0: not known */
	int stacks_error; /* 0, or -errno: why there are no stacks */
	bool ended;       /* the process did */
	struct pt_fault_counts all, children; /* of the process; of what it forked, not joined with pages */
	struct pt_fault_stack_row *stacks;
	struct pt_fault_vma_row *vmas;
	struct pt_fault_grower *growers; /* largest first */
	struct pt_fault_address_row *addresses;
	struct pt_fault_thread_row *threads;
	struct pt_fault_cpu_row *cpus;
	struct pt_fault_repeater *repeaters;
	struct pt_fault_alloc_row *allocs;
	size_t n_stacks, n_vmas, n_addresses, n_threads, n_cpus, n_repeaters, n_allocs, n_growers;
	bool growers_known;
	int allocs_error;         /* 0, or -errno: why there are no allocations; -ENODATA: not asked for */
	uint64_t allocs_left_out; /* allocations that the table had no room for */
	/* CPU time that its threads ran, and of that in page faults, ns since it is watched; not known (spent_error) without */
	struct pt_maybe cpu_ns, faults_ns;
	uint64_t fault_samples; /* that faults_ns was estimated from */
	int spent_error;        /* 0, or -errno */
	/* private: */
	unsigned refs; /* atomic */
};

/* Of `n` calls, which may be NULL: the array and its strings. */
void pt_fault_calls_free(struct pt_fault_call *calls, size_t n);

struct pt_fault_view *pt_fault_view_new(void); /* zeroed but for cpu_share, one reference; NULL: out of memory */
struct pt_fault_view *pt_fault_view_ref(struct pt_fault_view *view);
void pt_fault_view_unref(struct pt_fault_view *view); /* NULL is fine */

#endif
