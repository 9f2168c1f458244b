/*
 * Raw bits to the model's; see classify.h. The numbers and their traps are those of core/kernel/abi.h.
 */
#include "core/scan/classify.h"

#include "core/kernel/abi.h"

/* What a present page of this VMA is if nothing more is known; `backed` is pagemap's "file or shared anonymous". */
static enum pt_kind kind_by_vma(const struct pt_vma *vma, bool backed)
{
	switch (vma->role) {
	case PT_ROLE_HUGETLB: return PT_HUGETLB;
	case PT_ROLE_VDSO:
	case PT_ROLE_VVAR:
	case PT_ROLE_VSYSCALL: return PT_KERNEL;
	case PT_ROLE_DEVICE: return backed ? PT_KERNEL : PT_ANON;
	case PT_ROLE_SHMEM: return backed ? PT_SHMEM : PT_ANON;
	default: return backed ? PT_FILE : PT_ANON;
	}
}

struct pt_page pt_classify_presence(uint64_t categories, const struct pt_vma *vma)
{
	struct pt_page page = {0};
	enum pt_kind kind = PT_PRESENT;
	if (categories & PS_PFNZERO)
		kind = categories & PS_HUGE ? PT_ZERO_HUGE : PT_ZERO;
	else if (categories & PS_PRESENT && (!vma->inode || vma->perms & PT_SHARED))
		kind = kind_by_vma(vma, vma->perms & PT_SHARED);
	else if (categories & PS_GUARD)
		kind = PT_GUARD;
	else if (categories & PS_SWAPPED)
		kind = PT_SWAP;
	page.bits = kind | (categories & PS_HUGE ? PT_PMD : 0);
	return page;
}

/* Pagemap's bit 62 also stands for markers and migration entries. Their type is only shown to those who see PFNs; the
 * guard bit (58) is shown to all. */
static struct pt_page classify_swap(uint64_t entry)
{
	uint64_t swap = entry & PM_PFN_MASK;
	struct pt_page page = {.pfn = swap, .bits = PT_SWAP};
	if (entry & PM_GUARD)
		return (struct pt_page){.bits = PT_GUARD};
	if (pt_swap_type(swap) < PM_SWAP_TYPE_SPECIAL)
		return page;
	if (pt_swap_type(swap) != PM_SWAP_TYPE_MARKER)
		return (struct pt_page){.pfn = pt_swap_offset(swap), .bits = PT_MIGRATING};
	switch (pt_swap_offset(swap)) {
	case PM_MARKER_GUARD: return (struct pt_page){.bits = PT_GUARD};
	case PM_MARKER_POISON: return (struct pt_page){.bits = PT_POISON};
	default: return (struct pt_page){.bits = PT_UFFD_MARKER};
	}
}

static uint32_t when(bool yes, uint32_t bit)
{
	return yes ? bit : 0;
}

struct pt_page pt_classify_entry(uint64_t entry, uint64_t categories, const struct pt_vma *vma,
				 const struct pt_signals *signals)
{
	struct pt_page page = {0};
	if (entry & PM_PRESENT) {
		enum pt_kind kind = kind_by_vma(vma, entry & PM_FILE);
		if (categories & PS_PFNZERO)
			kind = categories & PS_HUGE ? PT_ZERO_HUGE : PT_ZERO;
		page.pfn = entry & PM_PFN_MASK;
		page.bits = kind | when(categories & PS_HUGE, PT_PMD);
		page.bits |= when(signals->of[PT_SIG_EXCLUSIVE].given, PT_HAS_EXCLUSIVE);
		page.bits |= when(entry & PM_EXCLUSIVE, PT_EXCLUSIVE);
	} else if (entry & PM_SWAP) {
		page = classify_swap(entry);
	} else if (entry & PM_GUARD) {
		page.bits = PT_GUARD;
	}
	if (!page.bits)
		return page;
	page.bits |= when(entry & PM_SOFT_DIRTY && signals->of[PT_SIG_SOFT_DIRTY].given, PT_SOFT_DIRTY);
	page.bits |= when(entry & PM_UFFD_WP, PT_UFFD_WP);
	return page;
}

static enum pt_kind kind_by_flags(enum pt_kind before, uint64_t flags)
{
	if (flags & KPF(NOPAGE))
		return PT_DEVICE;
	if (flags & KPF(ZERO_PAGE))
		return flags & KPF(THP) ? PT_ZERO_HUGE : PT_ZERO;
	/* by PAGEMAP_SCAN, a moment before the entry was read: a page that was written since is what its flags say */
	if ((before == PT_ZERO || before == PT_ZERO_HUGE) && !(flags & (KPF(ANON) | KPF(SWAPBACKED))))
		return before;
	if (flags & KPF(HUGE))
		return PT_HUGETLB;
	if (flags & KPF(RESERVED))
		return PT_KERNEL;
	if (flags & KPF(ANON))
		return PT_ANON;
	if (flags & KPF(SWAPBACKED))
		return PT_SHMEM;
	return before; /* no flag says "file": pagemap's word stands */
}

void pt_classify_flags(struct pt_page *page, uint64_t flags, const struct pt_signals *signals)
{
	static const struct {
		uint64_t from;
		uint32_t to;
	} same[] = {
		{KPF(THP), PT_LARGE},
		{KPF(COMPOUND_HEAD), PT_HEAD},
		{KPF(DIRTY), PT_DIRTY},
		{KPF(REFERENCED), PT_REFERENCED},
		{KPF(ACTIVE), PT_ACTIVE},
		{KPF(UNEVICTABLE), PT_UNEVICTABLE},
		{KPF(MLOCKED), PT_MLOCKED},
		{KPF(WRITEBACK), PT_WRITEBACK},
		{KPF(SWAPCACHE), PT_SWAPCACHE},
		{KPF(HWPOISON), PT_HWPOISON},
		{KPF(LRU), PT_LRU},
		{KPF(UPTODATE), PT_UPTODATE},
	};
	if (flags & KPF(SLAB)) /* slab pages show bits of other meanings here */
		flags &= ~(KPF(ANON) | KPF(KSM));
	enum pt_kind kind = kind_by_flags(pt_page_kind(*page), flags);
	page->bits = (page->bits & ~PT_KIND_MASK) | kind | PT_HAS_FLAGS;
	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++)
		page->bits |= when(flags & same[i].from, same[i].to);
	if (kind != PT_ANON)
		return;
	/* of a large folio that is mapped page by page, only its head shows it */
	page->bits |= when(flags & KPF(OWNER_2) && (!(flags & KPF(THP)) || page->bits & PT_PMD), PT_OWN);
	page->bits |= when(flags & KPF(KSM) && signals->of[PT_SIG_KSM].given, PT_KSM);
	/* a tail of an older kernel whose head could not be read lacks all three */
	page->bits |= when((flags & (KPF(SWAPBACKED) | KPF(DIRTY) | KPF(UPTODATE))) == KPF(UPTODATE), PT_LAZYFREE);
}

void pt_classify_count(struct pt_page *page, uint64_t count)
{
	page->count = (uint16_t)(count < PT_COUNT_MAX ? count : PT_COUNT_MAX);
	page->bits |= PT_HAS_COUNT;
}
