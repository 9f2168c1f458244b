/*
 * One page of a process, as pagetop keeps it: 32 bits of facts, a map count and a PFN.
 *
 * The kind is what the page is to the person looking (one kind = one hue on every screen). The other bits are facts
 * of the kernel, already freed of the traps in kpageflags and pagemap: SLAB's bogus ANON and KSM bits, markers that
 * pose as swap, THP that only means "large folio". A fact that was not read is not zero: PT_HAS_FLAGS and
 * PT_HAS_COUNT say whether the facts of that source are known at all.
 *
 * Nothing here does I/O or allocates.
 */
#ifndef PT_MODEL_PAGE_H
#define PT_MODEL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

enum pt_kind {
	PT_UNTOUCHED = 0, /* no page here yet (pagemap entry 0, and not swapped shmem) */
	PT_ANON,          /* anonymous page */
	PT_FILE,          /* page cache of a regular file */
	PT_SHMEM,         /* shared memory: tmpfs, memfd, SysV, shared anonymous */
	PT_SWAP,          /* anonymous page, swapped out: pfn holds a pt_swap_entry */
	PT_SWAP_SHMEM,    /* shmem page, swapped out: pagemap shows nothing, cachestat does */
	PT_ZERO,          /* the shared zero page; present but no part of RSS */
	PT_ZERO_HUGE,     /* the shared 2 MiB zero page; no part of RSS */
	PT_HUGETLB,       /* hugetlbfs page; no part of RSS */
	PT_KERNEL,        /* the kernel's own memory mapped to the user: vdso, io_uring, packet rings */
	PT_GUARD,         /* guard marker (MADV_GUARD_INSTALL) */
	PT_UFFD_MARKER,   /* userfaultfd write-protect marker on an absent page */
	PT_POISON,        /* poison marker: touching it is SIGBUS */
	PT_MIGRATING,     /* migration entry: pfn holds the PFN it comes from */
	PT_DEVICE,        /* device or DAX memory without struct page, NOPAGE */
	PT_PRESENT,       /* present, but what it is was not (or could not be) read yet */
	PT_KIND_N
};

/* Bits of struct pt_page.bits. The low four hold the enum pt_kind. */
#define PT_KIND_MASK 0xfu
enum pt_page_bit {
	PT_PMD = 1u << 4,        /* mapped huge: by a PMD (PAGE_IS_HUGE) */
	PT_EXCLUSIVE = 1u << 5,  /* pagemap bit 56: mapped exactly once */
	PT_SOFT_DIRTY = 1u << 6, /* pagemap bit 55; means something only where the signal is present */
	PT_UFFD_WP = 1u << 7,    /* pagemap bit 57 */
	PT_HAS_FLAGS = 1u << 8,  /* kpageflags was read: the bits below are facts, not gaps */
	PT_HAS_COUNT = 1u << 9,  /* kpagecount was read */
	PT_LARGE = 1u << 10,     /* part of a large folio (KPF_THP), however it is mapped */
	PT_HEAD = 1u << 11,      /* first page of its compound page */
	PT_DIRTY = 1u << 12,     /* the folio's dirty flag; a write to anonymous memory does not set it */
	PT_REFERENCED = 1u << 13,
	PT_ACTIVE = 1u << 14,
	PT_UNEVICTABLE = 1u << 15,
	PT_MLOCKED = 1u << 16,
	PT_KSM = 1u << 17,
	PT_LAZYFREE = 1u << 18, /* anonymous without SWAPBACKED: MADV_FREE */
	PT_WRITEBACK = 1u << 19,
	PT_SWAPCACHE = 1u << 20,
	PT_HWPOISON = 1u << 21,
	PT_LRU = 1u << 22,
	PT_UPTODATE = 1u << 23,
	PT_OWN = 1u << 24, /* anonymous, and a write needs no copy ("anon exclusive"), of a small or huge page */
	PT_HAS_EXCLUSIVE = 1u << 25, /* PT_EXCLUSIVE is known (a full pagemap entry was read) */
};

#define PT_COUNT_MAX 0xffffu /* a map count that is this high or higher */

struct pt_page {
	uint64_t pfn;   /* PFN if present and known, else 0; swap entry if PT_SWAP; 48 bits are kept */
	uint32_t bits;  /* enum pt_page_bit | enum pt_kind */
	uint16_t count; /* kpagecount, capped at PT_COUNT_MAX; 0 unless PT_HAS_COUNT */
};

#define PT_PFN_BITS 48

/* Swap type in the low five bits, offset in pages above, as pagemap has it. */
static inline unsigned pt_swap_type(uint64_t entry)
{
	return (unsigned)(entry & 31);
}
static inline uint64_t pt_swap_offset(uint64_t entry)
{
	return entry >> 5;
}

static inline enum pt_kind pt_page_kind(struct pt_page page)
{
	return (enum pt_kind)(page.bits & PT_KIND_MASK);
}

/* A page frame stands behind the address now. */
static inline bool pt_kind_present(enum pt_kind kind)
{
	const unsigned present = 1u << PT_ANON | 1u << PT_FILE | 1u << PT_SHMEM | 1u << PT_ZERO | 1u << PT_ZERO_HUGE |
				 1u << PT_HUGETLB | 1u << PT_KERNEL | 1u << PT_DEVICE | 1u << PT_PRESENT;
	return present >> kind & 1;
}

/* smaps counts it in Rss: present with a struct page, but neither a zero page nor hugetlb; migrating pages too. */
static inline bool pt_kind_in_rss(enum pt_kind kind)
{
	const unsigned in_rss = 1u << PT_ANON | 1u << PT_FILE | 1u << PT_SHMEM | 1u << PT_KERNEL | 1u << PT_PRESENT |
				1u << PT_MIGRATING;
	return in_rss >> kind & 1;
}

/* All that is known of both is the same. */
static inline bool pt_page_equal(struct pt_page a, struct pt_page b)
{
	return a.bits == b.bits && a.pfn == b.pfn && a.count == b.count;
}

/*
 * Whether one is not what the other was, to the eye: another kind, frame or mapping, shared or no longer. Flags that the
 * kernel's reclaim flips on its own (referenced, active, LRU) are no difference, nor is how many share it: of libc that
 * is every process that starts or ends. Where one of them is half read, only what both know is compared.
 */
bool pt_page_differs(struct pt_page a, struct pt_page b);

/* One lower-case word, as JSON and --where use it: "anon", "file", ... Static storage. */
const char *pt_kind_name(enum pt_kind kind);

#endif
