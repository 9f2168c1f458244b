/*
 * Numbers of the kernel's interfaces that Debian 12's headers lack or that no header has. Sources: fs/proc/task_mmu.c,
 * Documentation/admin-guide/mm/pagemap.rst, include/uapi/linux/kernel-page-flags.h, include/linux/kernel-page-flags.h,
 * include/uapi/linux/fs.h, include/linux/swapops.h of Linux 6.18.
 */
#ifndef PT_KERNEL_ABI_H
#define PT_KERNEL_ABI_H

#include <stdint.h>

/* An entry of /proc/PID/pagemap. */
#define PM_PFN_MASK   ((1ull << 55) - 1)
#define PM_SOFT_DIRTY (1ull << 55)
#define PM_EXCLUSIVE  (1ull << 56)
#define PM_UFFD_WP    (1ull << 57)
#define PM_GUARD      (1ull << 58)
#define PM_FILE       (1ull << 61)
#define PM_SWAP       (1ull << 62) /* swapped, or a marker, or a migration entry: look at the type */
#define PM_PRESENT    (1ull << 63)

/* Swap types >= this are no swap devices (MAX_SWAPFILES with every option on is 22). */
#define PM_SWAP_TYPE_SPECIAL   22u
#define PM_SWAP_TYPE_MIGRATION 30u /* offset is the PFN; 28, 29 and 30 are the three kinds where all are built in */
#define PM_SWAP_TYPE_MARKER    31u
#define PM_MARKER_UFFD_WP      1u
#define PM_MARKER_POISON       2u
#define PM_MARKER_GUARD        4u

/* PAGEMAP_SCAN, 6.7. */
#define PT_PAGEMAP_SCAN 0xc0606610ul
#define PS_WPALLOWED    (1ull << 0)
#define PS_WRITTEN      (1ull << 1)
#define PS_FILE         (1ull << 2)
#define PS_PRESENT      (1ull << 3)
#define PS_SWAPPED      (1ull << 4)
#define PS_PFNZERO      (1ull << 5)
#define PS_HUGE         (1ull << 6)
#define PS_SOFT_DIRTY   (1ull << 7)
#define PS_GUARD        (1ull << 8)
#define PS_ALL_6_7      0xffull  /* the categories that every kernel with the ioctl knows */
#define PS_ALL          0x1ffull /* those pagetop knows */

struct ps_region {
	uint64_t start, end, categories;
};

struct ps_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

/* PROCMAP_QUERY, 6.11. */
#define PT_PROCMAP_QUERY    0xc0686611ul
#define PQ_COVERING_OR_NEXT 0x10u /* query_flags: the VMA at the address, or the next one above it */

struct pq_arg {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};

/* madvise(2): 6.1, 6.13. */
#define PT_MADV_COLLAPSE      25
#define PT_MADV_GUARD_INSTALL 102

/* cachestat(2), 6.5: the same number on every architecture. */
#define PT_SYS_CACHESTAT 451

/* Bits of an entry of /proc/kpageflags. */
enum kpf_bit {
	KPF_LOCKED = 0,
	KPF_ERROR = 1,
	KPF_REFERENCED = 2,
	KPF_UPTODATE = 3,
	KPF_DIRTY = 4,
	KPF_LRU = 5,
	KPF_ACTIVE = 6,
	KPF_SLAB = 7,
	KPF_WRITEBACK = 8,
	KPF_RECLAIM = 9,
	KPF_BUDDY = 10,
	KPF_MMAP = 11,
	KPF_ANON = 12,
	KPF_SWAPCACHE = 13,
	KPF_SWAPBACKED = 14,
	KPF_COMPOUND_HEAD = 15,
	KPF_COMPOUND_TAIL = 16,
	KPF_HUGE = 17,
	KPF_UNEVICTABLE = 18,
	KPF_HWPOISON = 19,
	KPF_NOPAGE = 20,
	KPF_KSM = 21,
	KPF_THP = 22,
	KPF_OFFLINE = 23,
	KPF_ZERO_PAGE = 24,
	KPF_IDLE = 25,
	KPF_PGTABLE = 26,
	KPF_RESERVED = 32,
	KPF_MLOCKED = 33,
	KPF_OWNER_2 = 34,
	KPF_PRIVATE = 35,
	KPF_PRIVATE_2 = 36,
	KPF_OWNER_PRIVATE = 37,
	KPF_ARCH = 38,
	KPF_UNCACHED = 39,
	KPF_SOFTDIRTY = 40,
	KPF_ARCH_2 = 41,
	KPF_ARCH_3 = 42,
	/* derived, as page-types -r shows them: never set by the kernel */
	KPF_ANON_EXCLUSIVE = 47,
	KPF_READAHEAD = 48,
	KPF_SLUB_FROZEN = 50,
	KPF_SLUB_DEBUG = 51,
	KPF_FILE = 61,
	KPF_SWAP = 62,
	KPF_MMAP_EXCLUSIVE = 63,
};
#define KPF(name) (1ull << KPF_##name)

#endif
