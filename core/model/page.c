/*
 * What makes two pages different to the eye; names of the kinds of page, in the order of enum pt_kind.
 */
#include "core/model/page.h"

bool pt_page_differs(struct pt_page a, struct pt_page b)
{
	const uint32_t seen = PT_KIND_MASK | PT_PMD | PT_DIRTY | PT_KSM | PT_LAZYFREE | PT_MLOCKED | PT_SOFT_DIRTY;
	if (a.bits & b.bits & PT_HAS_FLAGS)
		return a.pfn != b.pfn || (a.count > 1) != (b.count > 1) || (a.bits ^ b.bits) & seen;
	if (a.pfn && b.pfn && a.pfn != b.pfn)
		return true;
	enum pt_kind was = pt_page_kind(a), is = pt_page_kind(b);
	/* what a present page is may turn out only when its flags are read */
	return was != is && !(pt_kind_present(was) && pt_kind_present(is));
}

const char *pt_kind_name(enum pt_kind kind)
{
	static const char *const names[PT_KIND_N] = {
		[PT_UNTOUCHED] = "untouched", [PT_ANON] = "anon",           [PT_FILE] = "file",
		[PT_SHMEM] = "shmem",         [PT_SWAP] = "swap",           [PT_SWAP_SHMEM] = "swap-shmem",
		[PT_ZERO] = "zero",           [PT_ZERO_HUGE] = "zero-huge", [PT_HUGETLB] = "hugetlb",
		[PT_KERNEL] = "kernel",       [PT_GUARD] = "guard",         [PT_UFFD_MARKER] = "uffd-marker",
		[PT_POISON] = "poison",       [PT_MIGRATING] = "migrating", [PT_DEVICE] = "device",
		[PT_PRESENT] = "present",
	};
	return (unsigned)kind < PT_KIND_N ? names[kind] : "unknown";
}
