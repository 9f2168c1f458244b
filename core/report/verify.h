/*
 * Verify: pagetop's sums, made of single pages, beside the kernel's own in smaps, VMA by VMA.
 *
 * A target that moves gives two right answers that differ, so every scan is read between two readings of smaps. A sum
 * is equal when it is the number of smaps before or after; where smaps itself did not stand still and no reading
 * agreed within a few rounds, the difference is explained by that and both numbers are kept. What was equal once
 * stays equal. A sum that cannot be known on one side is not compared, which is no pass.
 */
#ifndef PT_REPORT_VERIFY_H
#define PT_REPORT_VERIFY_H

#include "core/kernel/readers.h"
#include "core/scan/scan.h"

enum pt_verify_sum {
	PT_VERIFY_RSS,
	PT_VERIFY_PSS,
	PT_VERIFY_SWAP,
	PT_VERIFY_THP,
	PT_VERIFY_SHARED,
	PT_VERIFY_PRIVATE,
	PT_VERIFY_KSM,
	PT_VERIFY_LOCKED,
	PT_VERIFY_LAZYFREE,
	PT_VERIFY_EXACT, /* number of sums that must be equal; those behind are shown, never judged */
	PT_VERIFY_DIRTY = PT_VERIFY_EXACT,
	PT_VERIFY_REFERENCED,
	PT_VERIFY_N
};
const char *pt_verify_sum_name(enum pt_verify_sum sum);   /* "rss" */
const char *pt_verify_smaps_name(enum pt_verify_sum sum); /* "AnonHugePages": the line of smaps */

enum pt_verdict {
	PT_VERDICT_UNKNOWN, /* not compared: one side does not know it */
	PT_VERDICT_EQUAL,
	PT_VERDICT_EXPLAINED, /* differs, and `why` says for what reason */
	PT_VERDICT_DIFFERS,   /* differs without an explanation */
};
const char *pt_verdict_name(enum pt_verdict verdict); /* "equal", "explained", "differs", "unknown" */

struct pt_verify_cell {
	struct pt_maybe ours, smaps; /* bytes */
	enum pt_verdict verdict;
	const char *why; /* static storage; NULL where equal */
};

struct pt_verify_row {
	size_t vma; /* index into snapshot->vmas */
	struct pt_verify_cell cells[PT_VERIFY_N];
};

struct pt_verify {
	struct pt_snapshot *snapshot; /* of the last round: the VMAs of `rows` */
	struct pt_verify_row *rows;   /* [n]: every VMA, in order */
	size_t n;
	struct pt_verify_cell totals[PT_VERIFY_N]; /* of the process, beside smaps_rollup */
	size_t verdicts[PT_VERDICT_DIFFERS + 1];   /* how many exact sums of all rows, totals not included */
	size_t vmas_equal, vmas_differ;            /* all nine equal; at least one unexplained */
	unsigned rounds;                           /* scans it took */
};

/*
 * Compares one process, in at most 4 rounds. Errors as pt_scan_open, and -ENOENT if the kernel has no smaps. Free with
 * pt_verify_free (a zeroed struct is fine).
 */
int pt_verify_process(struct pt_kernel *k, pid_t pid, struct pt_verify *ret);
void pt_verify_free(struct pt_verify *verify);

/* Something differs that nothing explains. */
bool pt_verify_failed(const struct pt_verify *verify);

/* ---- the pure halves ------------------------------------------------------------------------------------------- */

/* One VMA (or all of smaps_rollup's block) of smaps as sums. */
struct pt_maybe pt_verify_smaps(const struct pt_smaps *smaps, enum pt_verify_sum sum);

/*
 * Compares VMA i of the snapshot (i == vmas->n: the whole process) with smaps before and after the scan; either may be
 * NULL when that VMA was not there. Fills all cells.
 */
void pt_verify_compare(const struct pt_snapshot *snapshot, size_t i, const struct pt_smaps *before,
		       const struct pt_smaps *after, struct pt_verify_cell *cells);

#endif
