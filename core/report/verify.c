/*
 * Verify: rounds of smaps, scan, smaps; the comparison of one VMA; and the reasons why two right sums may differ.
 * A struct pt_verify owns its rows and a reference to the snapshot of its last round.
 */
#include "core/report/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS    4
#define TOLERANCE 1024u /* bytes: smaps cuts Pss and Locked, which are fractions of pages, to whole KiB */

static const struct sum {
	const char *name, *smaps;
	enum pt_sum ours;
	bool fraction; /* of a page: compared to the KiB, not to the page */
} sums[PT_VERIFY_N] = {
	[PT_VERIFY_RSS] = {"rss", "Rss", PT_SUM_RSS, false},
	[PT_VERIFY_PSS] = {"pss", "Pss", PT_SUM_PSS, true},
	[PT_VERIFY_SWAP] = {"swap", "Swap", PT_SUM_SWAP, false},
	[PT_VERIFY_THP] = {"thp", "AnonHugePages", PT_SUM_THP, false},
	[PT_VERIFY_SHARED] = {"shared", "Shared_Clean+Shared_Dirty", PT_SUM_SHARED, false},
	[PT_VERIFY_PRIVATE] = {"private", "Private_Clean+Private_Dirty", PT_SUM_PRIVATE, false},
	[PT_VERIFY_KSM] = {"ksm", "KSM", PT_SUM_KSM, false},
	[PT_VERIFY_LOCKED] = {"locked", "Locked", PT_SUM_LOCKED, true},
	[PT_VERIFY_LAZYFREE] = {"lazyfree", "LazyFree", PT_SUM_LAZYFREE, false},
	[PT_VERIFY_DIRTY] = {"dirty", "Shared_Dirty+Private_Dirty", PT_SUM_DIRTY, false},
	[PT_VERIFY_REFERENCED] = {"referenced", "Referenced", PT_SUM_REFERENCED, false},
};

static const char moved[] = "changed during the scan: smaps itself moved from one reading to the next";
static const char raced[] = "pages changed while they were read: what they are is not known";
static const char came_or_went[] = "the VMA came, went or was resized during the scan";

const char *pt_verify_sum_name(enum pt_verify_sum sum)
{
	return sums[sum].name;
}

const char *pt_verify_smaps_name(enum pt_verify_sum sum)
{
	return sums[sum].smaps;
}

const char *pt_verdict_name(enum pt_verdict verdict)
{
	static const char *const names[] = {"unknown", "equal", "explained", "differs"};

	return names[verdict];
}

/* ---- sums of smaps --------------------------------------------------------------------------------------------- */

static struct pt_maybe plus(struct pt_maybe a, struct pt_maybe b)
{
	return (struct pt_maybe){.value = a.value + b.value, .known = a.known && b.known};
}

struct pt_maybe pt_verify_smaps(const struct pt_smaps *smaps, enum pt_verify_sum sum)
{
	switch (sum) {
	case PT_VERIFY_RSS: return smaps->rss;
	case PT_VERIFY_PSS: return smaps->pss;
	case PT_VERIFY_SWAP: return smaps->swap;
	case PT_VERIFY_THP: return smaps->anon_huge;
	case PT_VERIFY_SHARED: return plus(smaps->shared_clean, smaps->shared_dirty);
	case PT_VERIFY_PRIVATE: return plus(smaps->private_clean, smaps->private_dirty);
	case PT_VERIFY_KSM: return smaps->ksm;
	case PT_VERIFY_LOCKED: return smaps->locked;
	case PT_VERIFY_LAZYFREE: return smaps->lazyfree;
	case PT_VERIFY_DIRTY: return plus(smaps->shared_dirty, smaps->private_dirty);
	case PT_VERIFY_REFERENCED: return smaps->referenced;
	default: return (struct pt_maybe){0};
	}
}

/* ---- reasons --------------------------------------------------------------------------------------------------- */

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Why our side does not know a sum: the first signal behind it that is missing. */
static const char *why_unknown(const struct pt_signals *signals, enum pt_verify_sum sum)
{
	static const enum pt_signal behind[] = {PT_SIG_PAGEMAP, PT_SIG_PFN, PT_SIG_KPAGEFLAGS, PT_SIG_KPAGECOUNT};

	if (sum == PT_VERIFY_KSM && signals->of[PT_SIG_KSM].given != PT_GIVEN && pt_signal_has(signals, PT_SIG_PFN))
		return signals->of[PT_SIG_KSM].reason;
	if (sum == PT_VERIFY_SWAP && pt_signal_has(signals, PT_SIG_PAGEMAP))
		return signals->of[PT_SIG_SHMEM_SWAP].reason;
	if (sum == PT_VERIFY_THP && pt_signal_has(signals, PT_SIG_PAGEMAP))
		return signals->of[PT_SIG_PAGEMAP_SCAN].reason;
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		if (!pt_signal_has(signals, behind[i]))
			return signals->of[behind[i]].reason;
	return raced;
}

static bool depends_on_count(enum pt_verify_sum sum)
{
	return sum == PT_VERIFY_PSS || sum == PT_VERIFY_SHARED || sum == PT_VERIFY_PRIVATE || sum == PT_VERIFY_LOCKED;
}

/* The same for Swap. A page of a tmpfs file can be swapped out while the page table has something else in its place. */
static const char *why_swap_differs(const struct pt_signals *signals, const struct pt_counts *counts,
				    unsigned page_shift, bool shmem, const struct pt_verify_cell *cell)
{
	uint64_t ours = cell->ours.value, smaps = cell->smaps.value;

	if (ours > smaps && !pt_signal_has(signals, PT_SIG_PFN))
		return "swap types are hidden as frame numbers are: userfaultfd's markers and pages under migration "
		       "look swapped";
	if (ours < smaps && shmem && smaps - ours <= (counts->n[PT_N_MARKER] + counts->n[PT_N_ANON]) << page_shift)
		return "smaps counts what is swapped out of the file, also where a marker of userfaultfd or a private "
		       "copy stands in its place";
	return NULL;
}

/* Why two numbers that stood still may differ all the same; NULL if nothing explains it. */
static const char *why_different(const struct pt_signals *signals, const struct pt_counts *counts, unsigned page_shift,
				 enum pt_verify_sum sum, const struct pt_verify_cell *cell)
{
	uint64_t ours = cell->ours.value, smaps = cell->smaps.value, by = distance(ours, smaps);

	if (sum == PT_VERIFY_LAZYFREE && ours > smaps)
		return "written again after MADV_FREE: only the page table's dirty bit knows, and nothing shows it";
	if (sum == PT_VERIFY_KSM && signals->of[PT_SIG_KSM].given != PT_GIVEN)
		return signals->of[PT_SIG_KSM].reason;
	if (depends_on_count(sum) && signals->of[PT_SIG_MAP_COUNT].given == PT_APPROXIMATE && counts->n[PT_N_LARGE] > 0)
		return signals->of[PT_SIG_MAP_COUNT].reason;
	if (depends_on_count(sum) && !pt_signal_has(signals, PT_SIG_KPAGECOUNT) &&
	    by <= counts->n[PT_N_PMD] << page_shift)
		return "in a huge mapping \"mapped exactly once\" is said of the first page only";
	if (by <= counts->n[PT_N_MIGRATING] << page_shift)
		return "pages were being migrated: their frames cannot be looked up";
	if (by <= counts->n[PT_N_DEVICE] << page_shift)
		return "device memory: its frames have no flags or counts to look up";
	return NULL;
}

/* ---- one VMA --------------------------------------------------------------------------------------------------- */

static bool agree(enum pt_verify_sum sum, uint64_t ours, uint64_t smaps)
{
	return sums[sum].fraction ? distance(ours, smaps) <= TOLERANCE : ours == smaps;
}

/* Judges a cell whose ours and smaps (after) are set. `before` is unknown where there was no such reading. */
static void judge(const struct pt_snapshot *snapshot, size_t i, enum pt_verify_sum sum, struct pt_maybe before,
		  struct pt_verify_cell *cell)
{
	bool is_vma = i < snapshot->vmas->n;
	const struct pt_counts *counts = pt_snapshot_sums(snapshot, i);

	cell->why = NULL;
	if (!cell->ours.known || !cell->smaps.known) {
		cell->verdict = PT_VERDICT_UNKNOWN;
		cell->why = cell->ours.known ? "smaps of this kernel does not have it"
					     : why_unknown(&snapshot->signals, sum);
		return;
	}
	cell->verdict = PT_VERDICT_EQUAL;
	if (agree(sum, cell->ours.value, cell->smaps.value))
		return;
	if (before.known && agree(sum, cell->ours.value, before.value)) {
		cell->smaps = before;
		return;
	}
	cell->verdict = PT_VERDICT_EXPLAINED;
	if (sum >= PT_VERIFY_EXACT)
		cell->why = "approximate: nothing shows the page table's own bit";
	else if (!before.known || before.value != cell->smaps.value)
		cell->why = moved;
	else if (sum == PT_VERIFY_SWAP)
		cell->why = why_swap_differs(&snapshot->signals, counts, snapshot->page_shift,
					     !is_vma || pt_vma_may_be_shmem(&snapshot->vmas->v[i]), cell);
	else
		cell->why = why_different(&snapshot->signals, counts, snapshot->page_shift, sum, cell);
	if (!cell->why)
		cell->verdict = PT_VERDICT_DIFFERS;
}

/* A VMA that smaps did not have afterwards: nothing to set beside it. */
static void judge_missing(const struct pt_snapshot *snapshot, size_t i, struct pt_verify_cell *cells)
{
	for (int sum = 0; sum < PT_VERIFY_N; sum++)
		cells[sum] = (struct pt_verify_cell){.ours = pt_snapshot_bytes(snapshot, i, sums[sum].ours),
						     .verdict = PT_VERDICT_UNKNOWN,
						     .why = came_or_went};
}

void pt_verify_compare(const struct pt_snapshot *snapshot, size_t i, const struct pt_smaps *before,
		       const struct pt_smaps *after, struct pt_verify_cell *cells)
{
	if (!after && !before) {
		judge_missing(snapshot, i, cells);
		return;
	}
	for (int sum = 0; sum < PT_VERIFY_N; sum++) {
		struct pt_maybe none = {0};

		cells[sum].ours = pt_snapshot_bytes(snapshot, i, sums[sum].ours);
		cells[sum].smaps = pt_verify_smaps(after ? after : before, (enum pt_verify_sum)sum);
		judge(snapshot, i, (enum pt_verify_sum)sum,
		      after && before ? pt_verify_smaps(before, (enum pt_verify_sum)sum) : none, &cells[sum]);
	}
}

/* ---- all VMAs, in rounds --------------------------------------------------------------------------------------- */

/* A reading of smaps, and of smaps_rollup right behind it. */
struct reading {
	struct pt_smaps *smaps;
	size_t n;
	struct pt_smaps rollup;
	bool has_rollup;
};

static int read_smaps(struct pt_kernel *k, pid_t pid, struct reading *ret)
{
	int r = pt_read_smaps(k, pid, &ret->smaps, &ret->n);

	if (r < 0)
		return r;
	ret->has_rollup = pt_read_rollup(k, pid, &ret->rollup) == 0;
	return 0;
}

static int compare_range(const void *key, const void *element)
{
	const struct pt_vma *vma = key;
	const struct pt_smaps *smaps = element;

	if (vma->start != smaps->start)
		return vma->start < smaps->start ? -1 : 1;
	return vma->end < smaps->end ? -1 : vma->end > smaps->end;
}

static const struct pt_smaps *find_smaps(const struct reading *reading, const struct pt_vma *vma)
{
	if (reading->n == 0)
		return NULL;
	return bsearch(vma, reading->smaps, reading->n, sizeof(*reading->smaps), compare_range);
}

static bool settled(const struct pt_verify_cell *cell)
{
	return cell->verdict == PT_VERDICT_EQUAL;
}

/* Keeps what was equal in an earlier round. */
static void keep_equal(struct pt_verify_cell *cells, const struct pt_verify_cell *earlier)
{
	for (int sum = 0; sum < PT_VERIFY_N; sum++)
		if (!settled(&cells[sum]) && settled(&earlier[sum]))
			cells[sum] = earlier[sum];
}

static void compare_rows(const struct pt_verify *earlier, struct pt_verify *now, const struct reading *before,
			 const struct reading *after)
{
	const struct pt_vma_table *vmas = now->snapshot->vmas;
	size_t e = 0;

	for (size_t i = 0; i < now->n; i++) {
		const struct pt_vma *vma = &vmas->v[i], *old;

		now->rows[i].vma = i;
		pt_verify_compare(now->snapshot, i, find_smaps(before, vma), find_smaps(after, vma),
				  now->rows[i].cells);
		while (e < earlier->n && earlier->snapshot->vmas->v[e].start < vma->start)
			e++;
		old = e < earlier->n ? &earlier->snapshot->vmas->v[e] : NULL;
		if (old && old->start == vma->start && old->end == vma->end)
			keep_equal(now->rows[i].cells, earlier->rows[e].cells);
	}
}

/* The process: beside smaps_rollup, read after the scan, and the one before. */
static void compare_totals(const struct pt_verify *earlier, struct pt_verify *now, const struct reading *before,
			   const struct reading *after)
{
	pt_verify_compare(now->snapshot, now->snapshot->vmas->n, before->has_rollup ? &before->rollup : NULL,
			  after->has_rollup ? &after->rollup : NULL, now->totals);
	if (!after->has_rollup)
		for (int sum = 0; sum < PT_VERIFY_N; sum++)
			now->totals[sum].why = "this kernel has no smaps_rollup";
	if (earlier->rounds > 0)
		keep_equal(now->totals, earlier->totals);
}

static void count_verdicts(struct pt_verify *verify)
{
	memset(verify->verdicts, 0, sizeof(verify->verdicts));
	verify->vmas_equal = verify->vmas_differ = 0;
	for (size_t i = 0; i < verify->n; i++) {
		unsigned equal = 0, differ = 0;

		for (int sum = 0; sum < PT_VERIFY_EXACT; sum++) {
			enum pt_verdict verdict = verify->rows[i].cells[sum].verdict;

			verify->verdicts[verdict]++;
			equal += verdict == PT_VERDICT_EQUAL;
			differ += verdict == PT_VERDICT_DIFFERS;
		}
		verify->vmas_equal += equal == PT_VERIFY_EXACT;
		verify->vmas_differ += differ > 0;
	}
}

/* Reasons that another round may be without. */
static bool is_passing(const char *why)
{
	return why == moved || why == raced || why == came_or_went;
}

/* Another round may help: something differs, or only the target's moving explains it. */
static bool unsettled(const struct pt_verify *verify)
{
	for (size_t i = 0; i <= verify->n; i++) {
		const struct pt_verify_cell *cells = i < verify->n ? verify->rows[i].cells : verify->totals;

		for (int sum = 0; sum < PT_VERIFY_EXACT; sum++)
			if (cells[sum].verdict == PT_VERDICT_DIFFERS || is_passing(cells[sum].why))
				return true;
	}
	return false;
}

/* One scan and the smaps after it; *before is replaced by that smaps, *verify by the better result. */
static int round_once(struct pt_kernel *k, struct pt_scan *scan, struct reading *before, struct pt_verify *verify)
{
	struct pt_verify now = {.rounds = verify->rounds + 1};
	struct reading after = {0};
	int r = pt_scan_frame(scan, NULL, NULL, &now.snapshot);

	if (r == 0)
		r = read_smaps(k, pt_scan_task(scan), &after);
	if (r == 0) {
		now.n = now.snapshot->vmas->n;
		now.rows = calloc(now.n ? now.n : 1, sizeof(*now.rows));
		r = now.rows ? 0 : -ENOMEM;
	}
	if (r < 0) {
		free(after.smaps);
		pt_verify_free(&now);
		return r;
	}
	compare_rows(verify, &now, before, &after);
	compare_totals(verify, &now, before, &after);
	count_verdicts(&now);
	pt_verify_free(verify);
	*verify = now;
	free(before->smaps);
	*before = after;
	return 0;
}

int pt_verify_process(struct pt_kernel *k, pid_t pid, struct pt_verify *ret)
{
	struct pt_verify verify = {0};
	struct reading before = {0};
	struct pt_scan *scan;
	int r = pt_scan_open(&scan, k, pid);

	if (r < 0)
		return r;
	r = read_smaps(k, pt_scan_task(scan), &before);
	while (r == 0 && verify.rounds < ROUNDS && (verify.rounds == 0 || unsettled(&verify)))
		r = round_once(k, scan, &before, &verify);
	free(before.smaps);
	pt_scan_close(scan);
	if (r < 0) {
		pt_verify_free(&verify);
		return r;
	}
	*ret = verify;
	return 0;
}

void pt_verify_free(struct pt_verify *verify)
{
	if (!verify)
		return;
	pt_snapshot_unref(verify->snapshot);
	free(verify->rows);
	*verify = (struct pt_verify){0};
}

bool pt_verify_failed(const struct pt_verify *verify)
{
	if (verify->vmas_differ > 0)
		return true;
	for (int sum = 0; sum < PT_VERIFY_EXACT; sum++)
		if (verify->totals[sum].verdict == PT_VERDICT_DIFFERS)
			return true;
	return false;
}
