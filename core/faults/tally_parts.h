/*
 * The tally's tables, as the files it consists of share them: private.
 */
#ifndef PT_FAULTS_TALLY_PARTS_H
#define PT_FAULTS_TALLY_PARTS_H

#include "core/faults/birth.h"
#include "core/faults/heavy.h"
#include "core/faults/repeat.h"
#include "core/faults/sum.h"
#include "core/faults/tally.h"

enum pt_tally_table {
	PT_TALLY_ADDRESSES, /* by page number */
	PT_TALLY_REPEATS,   /* likewise: pages that came back, and locked ones that faulted although they were there */
	PT_TALLY_VMAS,      /* by first address */
	PT_TALLY_STACKS,
	PT_TALLY_THREADS, /* by TID */
	PT_TALLY_CPUS,
	PT_TALLY_N
};

/* Every row begins with its sum, but for those of repeats. */
struct pt_tally_address {
	struct pt_fault_sum sum;
	uint64_t last_ns;
	uint32_t told, forks; /* as struct pt_repeat */
	pt_stack_id stack;
	uint32_t kind; /* enum pt_fault_kind of the last */
};

struct pt_tally_vma {
	struct pt_fault_sum sum;
	uint64_t end, born, last_ns;
	char *name; /* NULL: not known yet */
	uint64_t role;
};

struct pt_tally_stack {
	struct pt_fault_sum sum;
	uint64_t born, still; /* bytes */
	bool partial;         /* `still` lacks births: it came late into a full table, or those had no room */
};

struct pt_tally_thread { /* of CPUs as well */
	struct pt_fault_sum sum;
	pid_t pid;
	uint32_t cpu; /* of the last */
};

#define PT_TALLY_FORKS 64u

struct pt_tally {
	unsigned page_shift;
	uint64_t from_ns;
	struct pt_sum_clock clock;
	struct pt_fault_sum all, children;
	struct pt_heavy *tables[PT_TALLY_N];
	uint64_t forgotten[PT_TALLY_N]; /* faults that rows counted which gave way, or that none had room for */
	struct pt_births *births;
	struct pt_snapshot *snapshot; /* the newest; NULL: none yet */
	struct pt_vma_table *vmas;    /* the newest, of vmas_ns; NULL: none yet */
	uint64_t vmas_ns;
	bool vmas_moved; /* a row of VMAs may be part of another by now */
	uint32_t forks;
	uint64_t fork_ns[PT_TALLY_FORKS]; /* when, of the last ones: fork i at i % PT_TALLY_FORKS */
	uint32_t halved;                  /* the window in which ranks were halved last */
};

/* The VMA that covers an address, by the newest table of VMAs; NULL: none known. */
const struct pt_vma *pt_tally_vma_at(const struct pt_tally *tally, uint64_t address);
/* VMAs that grew downwards or were merged become one row. 0 or -ENOMEM. */
int pt_tally_merge_vmas(struct pt_tally *tally);
/* Rows of growers. 0 or -ENOMEM. */
int pt_tally_growers(struct pt_tally *t, size_t rows, struct pt_fault_view *ret);

#endif
