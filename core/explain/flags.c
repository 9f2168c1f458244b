/*
 * The named bits of pagemap and kpageflags. Names and letters of kpageflags are those of the kernel's page-types, so
 * that what one reads here can be looked up there; the half sentences are ours.
 */
#include "core/explain/explain.h"

#include <stdio.h>

#include "core/kernel/abi.h"

static const struct pt_bit_name pagemap_bits[] = {
	{55, "softdirty", 'f', "written since soft-dirty bits were last cleared"},
	{56, "mmap_exclusive", '1', "the kernel says: mapped once, here"},
	{57, "uffd_wp", 'W', "write-protected by userfaultfd: a write tells its handler"},
	{58, "guard", 'g', "guard region: any touch is SIGSEGV"},
	{61, "file", 'F', "page cache of a file or shared memory, not anonymous"},
	{62, "swap", 'w', "not present: a swap slot, a marker or a migration entry"},
	{63, "present", 'p', "the page table points to a frame"},
};

static const struct pt_bit_name kpageflags_bits[] = {
	{KPF_LOCKED, "locked", 'L', "held by someone for exclusive work, as during I/O"},
	{KPF_ERROR, "error", 'E', "an I/O error happened on it"},
	{KPF_REFERENCED, "referenced", 'R', "seen in use since reclaim last looked"},
	{KPF_UPTODATE, "uptodate", 'U', "its contents are valid"},
	{KPF_DIRTY, "dirty", 'D', "holds data that its file or swap slot does not have yet"},
	{KPF_LRU, "lru", 'l', "on a reclaim list"},
	{KPF_ACTIVE, "active", 'A', "on an active reclaim list: in frequent use"},
	{KPF_SLAB, "slab", 'S', "the kernel's own, for its small objects"},
	{KPF_WRITEBACK, "writeback", 'W', "being written to disk or swap now"},
	{KPF_RECLAIM, "reclaim", 'I', "to be freed as soon as it is written"},
	{KPF_BUDDY, "buddy", 'B', "free, in the page allocator"},
	{KPF_MMAP, "mmap", 'M', "mapped by some process"},
	{KPF_ANON, "anonymous", 'a', "backed by no file"},
	{KPF_SWAPCACHE, "swapcache", 's', "has a slot in swap as well"},
	{KPF_SWAPBACKED, "swapbacked", 'b', "can go to swap only: anonymous or shared memory"},
	{KPF_COMPOUND_HEAD, "compound_head", 'H', "first page of a folio of several"},
	{KPF_COMPOUND_TAIL, "compound_tail", 'T', "further page of a folio of several"},
	{KPF_HUGE, "huge", 'G', "part of a hugetlbfs page"},
	{KPF_UNEVICTABLE, "unevictable", 'u', "reclaim passes it by: locked into memory"},
	{KPF_HWPOISON, "hwpoison", 'X', "the hardware reported a memory error in it"},
	{KPF_NOPAGE, "nopage", 'n', "the kernel keeps no struct page for this frame"},
	{KPF_KSM, "ksm", 'x', "one for many: KSM merged equal pages into it"},
	{KPF_THP, "thp", 't', "part of a large folio, mapped huge or not"},
	{KPF_OFFLINE, "offline", 'o', "taken out of use: offline, or in a balloon"},
	{KPF_ZERO_PAGE, "zero_page", 'z', "the zero page, or the huge one"},
	{KPF_IDLE, "idle_page", 'i', "not accessed since it was marked idle"},
	{KPF_PGTABLE, "pgtable", 'g', "holds a page table"},
	{KPF_RESERVED, "reserved", 'r', "set aside by the kernel, never reclaimed"},
	{KPF_MLOCKED, "mlocked", 'm', "locked by mlock"},
	{KPF_OWNER_2, "owner_2", 'd', "for its owner's use; to 6.1: has blocks on disk"},
	{KPF_PRIVATE, "private", 'P', "its file system keeps data of its own with it"},
	{KPF_PRIVATE_2, "private_2", 'p', "a second such mark of its file system"},
	{KPF_OWNER_PRIVATE, "owner_private", 'O', "for its owner's use, often: checked by its file system"},
	{KPF_ARCH, "arch", 'h', "a mark of this processor architecture"},
	{KPF_UNCACHED, "uncached", 'c', "mapped past the processor's caches (to 6.1)"},
	{KPF_SOFTDIRTY, "softdirty", 'f', "written since soft-dirty bits were last cleared (of pagemap)"},
	{KPF_ARCH_2, "arch_2", 'H', "a second mark of this processor architecture"},
	{KPF_ARCH_3, "arch_3", 'H', "a third mark of this processor architecture"},
	{KPF_ANON_EXCLUSIVE, "anon_exclusive", 'd', "anonymous and of this process alone: a write needs no copy"},
	{KPF_READAHEAD, "readahead", 'I', "reading it starts the next read-ahead"},
	{KPF_SLUB_FROZEN, "slub_frozen", 'A', "slab page of one CPU"},
	{KPF_SLUB_DEBUG, "slub_debug", 'E', "slab page with debugging on"},
	{KPF_FILE, "file", 'F', "page cache of a file or shared memory (of pagemap)"},
	{KPF_SWAP, "swap", 'w', "not present: swap slot, marker or migration entry (of pagemap)"},
	{KPF_MMAP_EXCLUSIVE, "mmap_exclusive", '1', "mapped once, here (of pagemap)"},
};

#define LENGTH(array) ((unsigned)(sizeof(array) / sizeof *(array)))

const struct pt_bit_name *pt_pagemap_bits(unsigned *ret_n)
{
	*ret_n = LENGTH(pagemap_bits);
	return pagemap_bits;
}

const struct pt_bit_name *pt_kpageflags_bits(unsigned *ret_n)
{
	*ret_n = LENGTH(kpageflags_bits);
	return kpageflags_bits;
}

/* Replaces a bit that the kernel uses for two things by the one that is meant. */
static uint64_t rename_bit(uint64_t flags, uint64_t overloaded, uint64_t meant)
{
	return flags & overloaded ? (flags & ~overloaded) | meant : flags;
}

uint64_t pt_flags_expand(uint64_t kpageflags, uint64_t pagemap)
{
	uint64_t flags = kpageflags;
	if (flags & KPF(SLAB)) {
		flags &= ~(KPF(ANON) | KPF(KSM)); /* bogus: slab uses the field that they are read from */
		flags = rename_bit(flags, KPF(ACTIVE), KPF(SLUB_FROZEN));
		flags = rename_bit(flags, KPF(ERROR), KPF(SLUB_DEBUG));
	}
	if (flags & KPF(ANON))
		flags = rename_bit(flags, KPF(OWNER_2), KPF(ANON_EXCLUSIVE));
	if (!(flags & KPF(WRITEBACK)))
		flags = rename_bit(flags, KPF(RECLAIM), KPF(READAHEAD));
	flags |= pagemap & PM_SOFT_DIRTY ? KPF(SOFTDIRTY) : 0;
	flags |= pagemap & PM_FILE ? KPF(FILE) : 0;
	flags |= pagemap & PM_SWAP ? KPF(SWAP) : 0;
	flags |= pagemap & PM_EXCLUSIVE ? KPF(MMAP_EXCLUSIVE) : 0;
	return flags;
}

const char *pt_flag_name(int bit, char *ret, size_t size)
{
	for (unsigned i = 0; i < LENGTH(kpageflags_bits); i++)
		if (kpageflags_bits[i].bit == bit) {
			snprintf(ret, size, "%s", kpageflags_bits[i].name);
			return ret;
		}
	snprintf(ret, size, "bit %d", bit);
	return ret;
}
