/*
 * What pages add to the sums. The one place that decides which page belongs to which class; see counts.h.
 */
#include "core/model/counts.h"

/* Pages that are alike, and how many of them. */
struct alike {
	struct pt_page page;
	uint64_t n;
	unsigned page_shift;
};

static void count_if(struct pt_counts *counts, enum pt_stat stat, bool yes, uint64_t n)
{
	counts->n[stat] += yes ? n : 0;
}

/* Which sum a kind goes to; the swapped kinds, the zero pages and the markers share one each. */
static const uint8_t stat_of_kind[PT_KIND_N] = {
	[PT_ANON] = PT_N_ANON,           [PT_FILE] = PT_N_FILE,          [PT_SHMEM] = PT_N_SHMEM,
	[PT_SWAP] = PT_N_SWAP,           [PT_SWAP_SHMEM] = PT_N_SWAP,    [PT_ZERO] = PT_N_ZERO,
	[PT_ZERO_HUGE] = PT_N_ZERO,      [PT_HUGETLB] = PT_N_HUGETLB,    [PT_KERNEL] = PT_N_KERNEL,
	[PT_GUARD] = PT_N_GUARD,         [PT_UFFD_MARKER] = PT_N_MARKER, [PT_POISON] = PT_N_MARKER,
	[PT_MIGRATING] = PT_N_MIGRATING, [PT_DEVICE] = PT_N_DEVICE,      [PT_PRESENT] = PT_N_NO_KIND,
};

/*
 * Proportional share and shared or private, as smaps_account() of fs/proc/task_mmu.c: mapped at most once is private
 * and whole; an entry under migration has no map count to trust, is whole, and counts as shared.
 */
static void count_share(struct pt_counts *counts, struct alike a)
{
	struct pt_page page = a.page;
	uint64_t whole = 1ull << (a.page_shift + PT_PSS_SHIFT);
	if (pt_page_kind(page) == PT_MIGRATING) {
		counts->pss += whole * a.n;
		counts->n[PT_N_SHARED] += a.n;
	} else if (page.bits & PT_HAS_COUNT) {
		counts->pss += (page.count > 1 ? whole / page.count : whole) * a.n;
		counts->n[page.count > 1 ? PT_N_SHARED : PT_N_PRIVATE] += a.n;
	} else if (page.bits & PT_EXCLUSIVE) {
		counts->pss += whole * a.n;
		counts->n[PT_N_PRIVATE] += a.n;
	} else {
		counts->n[PT_N_NO_COUNT] += a.n;
		counts->n[page.bits & PT_HAS_EXCLUSIVE ? PT_N_SHARED : PT_N_NO_SHARE] += a.n;
	}
}

/* Nothing exposes the dirty bit of a page table entry, so an anonymous page counts as dirty unless its flags say that
 * it need not be written anywhere. */
static bool is_dirty(struct pt_page page)
{
	if (page.bits & PT_DIRTY)
		return true;
	return pt_page_kind(page) == PT_ANON && !(page.bits & (PT_LAZYFREE | PT_SWAPCACHE));
}

static void count_flags(struct pt_counts *counts, struct alike a)
{
	uint32_t bits = a.page.bits;
	count_if(counts, PT_N_DIRTY, is_dirty(a.page), a.n);
	count_if(counts, PT_N_LARGE, bits & PT_LARGE, a.n);
	count_if(counts, PT_N_REFERENCED, bits & PT_REFERENCED, a.n);
	count_if(counts, PT_N_ACTIVE, bits & PT_ACTIVE, a.n);
	count_if(counts, PT_N_UNEVICTABLE, bits & PT_UNEVICTABLE, a.n);
	count_if(counts, PT_N_MLOCKED, bits & PT_MLOCKED, a.n);
	count_if(counts, PT_N_KSM, bits & PT_KSM, a.n);
	count_if(counts, PT_N_LAZYFREE, bits & PT_LAZYFREE, a.n);
	count_if(counts, PT_N_WRITEBACK, bits & PT_WRITEBACK, a.n);
}

void pt_counts_add_pages(struct pt_counts *counts, struct pt_page page, uint64_t n, unsigned page_shift)
{
	enum pt_kind kind = pt_page_kind(page);
	if (kind == PT_UNTOUCHED)
		return;
	bool present = pt_kind_present(kind);
	counts->n[stat_of_kind[kind]] += n;
	count_if(counts, PT_N_PRESENT, present, n);
	count_if(counts, PT_N_SWAP_SHMEM, kind == PT_SWAP_SHMEM, n);
	count_if(counts, PT_N_SOFT_DIRTY, page.bits & PT_SOFT_DIRTY, n);
	count_if(counts, PT_N_PMD, present && page.bits & PT_PMD && kind != PT_HUGETLB, n);
	count_if(counts, PT_N_PMD_ANON, kind == PT_ANON && page.bits & PT_PMD, n);
	if (!pt_kind_in_rss(kind))
		return;
	struct alike alike = {page, n, page_shift};
	counts->n[PT_N_RSS] += n;
	count_share(counts, alike);
	if (page.bits & PT_HAS_FLAGS)
		count_flags(counts, alike);
	else
		counts->n[PT_N_NO_FLAGS] += n;
}

void pt_counts_add_page(struct pt_counts *counts, struct pt_page page, unsigned page_shift)
{
	pt_counts_add_pages(counts, page, 1, page_shift);
}

void pt_counts_add(struct pt_counts *counts, const struct pt_counts *more)
{
	counts->pss += more->pss;
	for (int i = 0; i < PT_STAT_N; i++)
		counts->n[i] += more->n[i];
}
