/*
 * The order of the questions is the point: SLAB's ANON bit is bogus, BUDDY is set on every page of a free block, and
 * shared memory is what is swap-backed without being anonymous.
 */
#include "core/explain/frame.h"

#include "core/kernel/abi.h"

static enum pt_frame of_process_memory(uint64_t flags)
{
	const uint64_t cached = KPF(LRU) | KPF(ACTIVE) | KPF(REFERENCED) | KPF(UPTODATE) | KPF(DIRTY) | KPF(MMAP);
	if (flags & KPF(ANON))
		return PT_FRAME_ANON;
	if (flags & KPF(SWAPBACKED))
		return PT_FRAME_SHMEM;
	return flags & cached ? PT_FRAME_FILE : PT_FRAME_OTHER;
}

enum pt_frame pt_frame_of(uint64_t flags)
{
	if (flags & KPF(NOPAGE))
		return PT_FRAME_HOLE;
	if (flags & KPF(OFFLINE))
		return PT_FRAME_OFFLINE;
	if (flags & KPF(HWPOISON))
		return PT_FRAME_POISON;
	if (flags & KPF(BUDDY))
		return PT_FRAME_FREE;
	if (flags & KPF(SLAB))
		return PT_FRAME_SLAB;
	if (flags & KPF(PGTABLE))
		return PT_FRAME_PGTABLE;
	if (flags & (KPF(RESERVED) | KPF(ZERO_PAGE)))
		return PT_FRAME_RESERVED;
	if (flags & KPF(HUGE))
		return PT_FRAME_HUGETLB;
	return of_process_memory(flags);
}

const char *pt_frame_name(enum pt_frame frame)
{
	static const char *const names[PT_FRAME_N] = {
		[PT_FRAME_FREE] = "free",          [PT_FRAME_ANON] = "anon",         [PT_FRAME_FILE] = "file",
		[PT_FRAME_SHMEM] = "shmem",        [PT_FRAME_HUGETLB] = "hugetlb",   [PT_FRAME_SLAB] = "slab",
		[PT_FRAME_PGTABLE] = "page table", [PT_FRAME_RESERVED] = "reserved", [PT_FRAME_POISON] = "poisoned",
		[PT_FRAME_OTHER] = "kernel's own", [PT_FRAME_OFFLINE] = "offline",   [PT_FRAME_HOLE] = "no memory",
		[PT_FRAME_UNKNOWN] = "unknown",
	};
	return names[frame];
}
