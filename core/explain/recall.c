/*
 * The way back of core/scan/classify.c: from the model's bits to those of the kernel that lead to them.
 */
#include "core/explain/recall.h"

#include <stdio.h>

#include "core/kernel/abi.h"

static struct pt_maybe some(uint64_t value)
{
	return (struct pt_maybe){.value = value, .known = true};
}

static uint64_t when(bool yes, uint64_t bits)
{
	return yes ? bits : 0;
}

static uint64_t marker(uint64_t type, uint64_t offset)
{
	return PM_SWAP | type | offset << 5;
}

static bool is_zero(enum pt_kind kind)
{
	return kind == PT_ZERO || kind == PT_ZERO_HUGE;
}

/* The entry of pagemap. */
static uint64_t entry_of(struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	uint64_t entry = when(page.bits & PT_SOFT_DIRTY, PM_SOFT_DIRTY) | when(page.bits & PT_UFFD_WP, PM_UFFD_WP);
	switch (kind) {
	case PT_UNTOUCHED:
	case PT_SWAP_SHMEM: return 0;
	case PT_SWAP: return entry | PM_SWAP | page.pfn;
	case PT_GUARD: return entry | PM_GUARD;
	case PT_UFFD_MARKER: return entry | marker(PM_SWAP_TYPE_MARKER, PM_MARKER_UFFD_WP);
	case PT_POISON: return entry | marker(PM_SWAP_TYPE_MARKER, PM_MARKER_POISON);
	case PT_MIGRATING: return entry | marker(PM_SWAP_TYPE_MIGRATION, page.pfn);
	default: break;
	}
	entry |= PM_PRESENT | page.pfn | when(page.bits & PT_EXCLUSIVE, PM_EXCLUSIVE);
	return entry | when(kind == PT_FILE || kind == PT_SHMEM || kind == PT_KERNEL, PM_FILE);
}

static uint64_t categories_of(struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	return when(page.bits & PT_PMD, PS_HUGE) | when(is_zero(kind), PS_PFNZERO) |
	       when(pt_kind_present(kind), PS_PRESENT) | when(kind == PT_SWAP, PS_SWAPPED) |
	       when(kind == PT_GUARD, PS_GUARD) | when(kind == PT_FILE || kind == PT_SHMEM, PS_FILE);
}

/* What only pages of a kind have among their flags. */
static uint64_t flags_of_kind(struct pt_page page)
{
	switch (pt_page_kind(page)) {
	case PT_ANON:
		return KPF(ANON) | KPF(MMAP) | when(!(page.bits & PT_LAZYFREE), KPF(SWAPBACKED)) |
		       when(page.bits & PT_LAZYFREE, KPF(UPTODATE));
	case PT_SHMEM: return KPF(SWAPBACKED) | KPF(MMAP);
	case PT_FILE: return KPF(MMAP);
	case PT_ZERO: return KPF(ZERO_PAGE);
	case PT_ZERO_HUGE: return KPF(ZERO_PAGE) | KPF(THP);
	case PT_HUGETLB: return KPF(HUGE);
	case PT_KERNEL: return KPF(RESERVED);
	case PT_DEVICE: return KPF(NOPAGE);
	default: return 0;
	}
}

static uint64_t flags_of(struct pt_page page)
{
	static const struct {
		uint32_t from;
		uint64_t to;
	} same[] = {
		{PT_LARGE, KPF(THP)},
		{PT_DIRTY, KPF(DIRTY)},
		{PT_REFERENCED, KPF(REFERENCED)},
		{PT_ACTIVE, KPF(ACTIVE)},
		{PT_UNEVICTABLE, KPF(UNEVICTABLE)},
		{PT_MLOCKED, KPF(MLOCKED)},
		{PT_KSM, KPF(KSM)},
		{PT_WRITEBACK, KPF(WRITEBACK)},
		{PT_SWAPCACHE, KPF(SWAPCACHE)},
		{PT_HWPOISON, KPF(HWPOISON)},
		{PT_LRU, KPF(LRU)},
		{PT_UPTODATE, KPF(UPTODATE)},
	};
	uint64_t flags = flags_of_kind(page);
	for (unsigned i = 0; i < sizeof same / sizeof *same; i++)
		flags |= when(page.bits & same[i].from, same[i].to);
	if (page.bits & PT_HEAD)
		flags |= KPF(COMPOUND_HEAD);
	else
		flags |= when(page.bits & PT_LARGE, KPF(COMPOUND_TAIL));
	return flags;
}

/* The flags of a tail are its folio's already: so are its head's then. */
static void recall_frame(struct pt_facts *f, struct pt_page page)
{
	f->pfn = page.pfn;
	if (page.bits & PT_HAS_FLAGS)
		f->flags = some(flags_of(page));
	if (f->flags.known && f->flags.value & KPF(COMPOUND_TAIL))
		f->head_flags = some((f->flags.value & ~KPF(COMPOUND_TAIL)) | KPF(COMPOUND_HEAD));
	if (page.bits & PT_HAS_COUNT)
		f->count = some(page.count);
}

void pt_recall_page(const struct pt_snapshot *s, uint64_t address, struct pt_facts *ret)
{
	*ret = (struct pt_facts){.pid = s->process.pid,
				 .page_shift = s->page_shift,
				 .address = address & ~((1ull << s->page_shift) - 1),
				 .signals = s->signals,
				 .physical = {.node = -1, .memory_block = -1},
				 .recalled = true};
	size_t i = pt_vma_find(s->vmas, ret->address);
	ret->mapped = i < s->vmas->n && pt_vma_covers(&s->vmas->v[i], ret->address);
	if (!ret->mapped)
		return;
	ret->vma = s->vmas->v[i];
	snprintf(ret->path, sizeof ret->path, "%s", ret->vma.path);
	ret->vma.path = ret->path;
	ret->vma_sum = *pt_snapshot_sums(s, i);
	struct pt_page page = pt_snapshot_page(s, ret->address);
	enum pt_kind kind = pt_page_kind(page);
	if (ret->vma.role == PT_ROLE_VSYSCALL || kind == PT_PRESENT) /* no entry, or only that there is one */
		return;
	ret->pagemap = ret->pagemap_again = some(entry_of(page));
	if (pt_signal_has(&s->signals, PT_SIG_PAGEMAP_SCAN))
		ret->categories = some(categories_of(page));
	if (pt_kind_present(kind))
		recall_frame(ret, page);
	ret->backing = kind == PT_SWAP_SHMEM ? PT_BACKING_SWAPPED : PT_BACKING_UNKNOWN;
}
