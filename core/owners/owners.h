/*
 * Owners: who maps a frame. kpagecount says how many mappings there are; only an index over the page tables of all
 * processes says whose. It is built once, in the background and with progress, then kept fresh process by process, and
 * each answer is held against the page tables of that moment: what is told is there now, none is invented. What the
 * index may miss is told as a number (the count less what was found) with the likely reason.
 *
 * Shape: for each process, runs of neighbouring frames mapped at neighbouring addresses (a THP is one), sorted by PFN.
 * An index is immutable and counted by references; the builder makes the next one out of it and of what it read anew.
 *
 * Left out are mappings of the zero page: the kernel does not count them, and there may be millions. Processes that share
 * one memory (vfork, CLONE_VM) are each told, though the kernel counts one mapping: only then is more found than counted.
 */
#ifndef PT_OWNERS_H
#define PT_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/kernel/kernel.h"
#include "core/model/signals.h"

struct pt_owners; /* an index at one moment; immutable */

/* How far a build is, for a line of progress. Its thread writes it, others may look. */
struct pt_owners_progress {
	size_t processes, of_processes;
	uint64_t pages; /* mappings so far */
};

/* One mapping. */
struct pt_owner {
	pid_t pid;
	char name[16];    /* comm; as the kernel has it: make it printable */
	uint64_t address; /* of the page */
	bool huge;        /* mapped by a PMD or larger */
};

/* Why mappings that kpagecount counts were not found; in the order of how much they explain. */
enum pt_owners_missing {
	PT_OWNERS_ALL_FOUND,
	PT_OWNERS_NOT_PERMITTED, /* processes were there that could not be read */
	PT_OWNERS_CHANGED,       /* mapped since the index was read: build it anew and ask again */
	PT_OWNERS_KERNEL,        /* the kernel's own memory, mapped by processes that pagemap does not show it of */
	PT_OWNERS_COUNT_UNKNOWN, /* kpagecount is hidden, or averages over folios */
};

struct pt_owners_answer {
	struct pt_owner *v; /* [n]; free() */
	size_t n;
	uint64_t count; /* kpagecount at that moment */
	bool has_count;
	enum pt_owners_missing missing;
	uint64_t oldest_ns; /* CLOCK_MONOTONIC when the oldest part of the index was read */
};

/*
 * Reads all processes that may be read. `only` (may be NULL) says which, `cancel` ends it early (-ECANCELED), `progress`
 * may be NULL. `before` (may be NULL) is an older index: what it says of processes that did not change is taken over.
 * -EPERM: frame numbers are hidden (no CAP_SYS_ADMIN).
 */
struct pt_owners_request {
	bool (*only)(void *arg, pid_t pid);
	void *arg;
	struct pt_owners_progress *progress;
	const volatile bool *cancel;
	struct pt_owners *before;
	const struct pt_signals *signals; /* what this machine gives; NULL: as `before` has it, or probed */
};
int pt_owners_build(struct pt_kernel *k, const struct pt_owners_request *request, struct pt_owners **ret);

/* Processes in it, those that could not be read, mappings, and bytes of memory that it takes. */
struct pt_owners_size {
	size_t processes, refused;
	uint64_t pages, bytes;
};
struct pt_owners_size pt_owners_size(const struct pt_owners *owners);

/* Who maps it, now. 0, -ENOMEM. An empty answer is none's error. */
int pt_owners_of(const struct pt_owners *owners, struct pt_kernel *k, uint64_t pfn, struct pt_owners_answer *ret);
/*
 * Who maps each of n frames (in rising order), by the index alone, unchecked: each(arg, i, pid, address) for every
 * mapping of pfns[i]. For layers and sums over many pages.
 */
void pt_owners_each(const struct pt_owners *owners, const uint64_t *pfns, size_t n,
		    void (*each)(void *arg, size_t i, pid_t pid, uint64_t address), void *arg);

struct pt_owners *pt_owners_ref(struct pt_owners *owners);
void pt_owners_unref(struct pt_owners *owners); /* NULL is fine */

#endif
