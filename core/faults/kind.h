/*
 * What kind of fault it was: from the page before and after it. Pure. The kernel's event has the address and nothing of
 * why, so that is inferred, as the ledger is (core/history/ledger.h); what cannot be told is PT_FAULT_UNKNOWN.
 */
#ifndef PT_FAULTS_KIND_H
#define PT_FAULTS_KIND_H

#include "core/model/vma.h"

enum pt_fault_kind {
	PT_FAULT_UNKNOWN,
	PT_FAULT_FIRST_TOUCH, /* nothing was there: a page of its own, or the zero page where it was only read */
	PT_FAULT_HUGE,        /* a huge page was mapped at once */
	PT_FAULT_COW,         /* a copy of its own, of what was shared, of a file or merged by KSM */
	PT_FAULT_ZERO_WRITE,  /* the zero page was there, and was written to */
	PT_FAULT_SWAP_IN,     /* was on swap */
	PT_FAULT_FILE_MAP, /* a page of a file or of shared memory was mapped, which may have been in memory before */
	PT_FAULT_WRITE_PROTECT, /* the same frame, which may be written to now: shared no longer, a file's page that gets
				   dirty, a soft-dirty bit that was cleared, userfaultfd */
	PT_FAULT_NUMA,          /* the same frame, hidden to learn who uses it (numa_balancing) */
	PT_FAULT_MIGRATION,     /* was being moved to another frame, or was moved */
	PT_FAULT_SPURIOUS,      /* nothing differs: somebody else was first, or a TLB was behind */
	PT_FAULT_KIND_N
};

/*
 * What is known of a fault. A program, and the kernel, can change a page between the look at it before and the fault, and
 * no fault tells: so `before` is what it was then, and the rest is what may have come in between. What fits more than one
 * kind is unknown.
 *
 * What the kernel leaves open (Linux 6.18):
 * - Memory that was given back (MADV_DONTNEED) after it was looked at, and touched again, often in the same frame. Without
 *   the processor's error code (has_code) a write to what was the zero page, a page of a file or shared is taken for just
 *   that, though nothing may have been there any more; what else it may be is unknown.
 * - Pages that are mapped without a fault of the program (MAP_POPULATE, mlock(), a file's pages around one that faulted): in
 *   locked memory, and for writes to shared files, nothing there before is no knowledge.
 * - A page that was moved, and is in another frame: only in locked memory, which can't be given back, is that a migration.
 * - Swap that was read ahead: not waited for, and off swap's list by the time of the look, it may as well be a first touch.
 * - The bit that lets a page table write: which of two threads was first, or whether mprotect() took it away.
 * - Faults that were not told, with a period above 1, change pages as well: kinds are estimates then, as counts are.
 */
struct pt_fault_case {
	struct pt_page before, after;
	bool knew, knows;         /* whether these were looked at; nothing there is an answer too */
	uint64_t age_ns;          /* how long before the fault `before` was looked at */
	const struct pt_vma *vma; /* NULL: none any more */
	bool major;               /* as the kernel counts it: it had to wait for data */
	bool forked;              /* the process did, in between */
	bool moved, merged, swapped,
		collapsed;   /* the kernel may have done that in between, to any page of the machine */
	bool prefaulted;     /* a neighbour's fault may have mapped it in between */
	bool small;          /* no huge page can be mapped there */
	bool numa_balancing; /* the kernel does that, and this process has memory it applies to */
	bool has_code;       /* the processor's error code is known: */
	bool present, write; /* something that may not be used like that was mapped; it was written to */
};

enum pt_fault_kind pt_fault_kind_of(const struct pt_fault_case *c);

/* "first-touch": one lower-case word of the contract, and a few for people. Static storage. */
const char *pt_fault_kind_name(enum pt_fault_kind kind);
const char *pt_fault_kind_words(enum pt_fault_kind kind);

#endif
