/*
 * Explain: a table of pages, one for each cause and for each way a present page can have map count 0, with what the
 * words must say; and a sweep over random facts, which must always give whole sentences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/explain/explain.h"
#include "core/kernel/abi.h"
#include "tests/support/rounds.h"

#define PFN     0x1a2b3cull
#define FRAME   (PM_PRESENT | PFN)
#define ADDRESS 0x7f3a00005000ull

/* VMAs to put pages into: role, permissions, inode, path. */
enum place { HEAP, LIBC, DATA, MEMFD, HUGETLBFS, VDSO, VVAR, VSYSCALL, RING, SOCKET, DAX, GUARDS, ZERO_FILE };
static const struct {
	enum pt_role role;
	unsigned perms;
	uint64_t inode;
	const char *path;
} places[] = {
	[HEAP] = {PT_ROLE_HEAP, PT_READ | PT_WRITE, 0, "[heap]"},
	[LIBC] = {PT_ROLE_TEXT, PT_READ | PT_EXEC, 77, "/usr/lib/libc.so.6"},
	[DATA] = {PT_ROLE_DATA, PT_READ | PT_WRITE, 77, "/usr/lib/libc.so.6"},
	[MEMFD] = {PT_ROLE_SHMEM, PT_READ | PT_WRITE | PT_SHARED, 88, "/memfd:ring (deleted)"},
	[HUGETLBFS] = {PT_ROLE_HUGETLB, PT_READ | PT_WRITE, 99, "/anon_hugepage (deleted)"},
	[VDSO] = {PT_ROLE_VDSO, PT_READ | PT_EXEC, 0, "[vdso]"},
	[VVAR] = {PT_ROLE_VVAR, PT_READ, 0, "[vvar]"},
	[VSYSCALL] = {PT_ROLE_VSYSCALL, PT_EXEC, 0, "[vsyscall]"},
	[RING] = {PT_ROLE_DEVICE, PT_READ | PT_WRITE | PT_SHARED, 12, "anon_inode:[io_uring]"},
	[SOCKET] = {PT_ROLE_DEVICE, PT_READ | PT_WRITE | PT_SHARED, 13, "socket:[4711]"},
	[DAX] = {PT_ROLE_FILE, PT_READ | PT_WRITE | PT_SHARED, 14, "/mnt/pmem/pool"},
	[GUARDS] = {PT_ROLE_GUARD, 0, 0, ""},
	[ZERO_FILE] = {PT_ROLE_SHMEM, PT_READ | PT_WRITE, 15, "/dev/zero"},
};

/* What is not known, or missing of the signals. */
enum lack {
	NO_PAGEMAP = 1,
	NO_AGAIN = 2,
	NO_SCAN = 4,
	NO_FLAGS = 8,
	NO_COUNT = 16,
	NO_HEAD = 32,
	NO_VMA = 64,
	KSM_LIES = 128,
	AVERAGES = 256,
	NO_SHMEM_SWAP = 512,
	NO_EXCLUSIVE = 1024,
	CHANGED = 2048,  /* pagemap_again is `again`, not the entry once more */
	ENDED = 8192,    /* pagemap could be opened, but gave nothing */
	NO_RIGHTS = 4096 /* an ordinary user: no PFN, so neither flags nor count */
};

struct page_case {
	enum place place;
	unsigned lack, vm_flags;
	uint64_t entry, again, flags, count, head_flags, categories, folio_pages;
	enum pt_backing backing;
	enum pt_cause cause;
	const char *headline, *reasons[4]; /* parts that must be there */
};

#define ANON_FLAGS            (KPF(ANON) | KPF(SWAPBACKED) | KPF(UPTODATE) | KPF(LRU) | KPF(MMAP))
#define FILE_FLAGS            (KPF(UPTODATE) | KPF(LRU) | KPF(MMAP) | KPF(REFERENCED))
#define ONCE                  (FRAME | PM_EXCLUSIVE)
#define SWAPPED(type, offset) (PM_SWAP | (uint64_t)(type) | (uint64_t)(offset) << 5)
#define MARKER(value)         SWAPPED(PM_SWAP_TYPE_MARKER, value)

/* clang-format off */
static const struct page_case cases[] = {
	/* ---- no frame ---- */
	{HEAP, .lack = NO_VMA | NO_PAGEMAP, .cause = PT_CAUSE_UNMAPPED, .headline = "SIGSEGV"},
	{HEAP, .cause = PT_CAUSE_UNTOUCHED,
	 .headline = "Never touched since it was mapped, or dropped with MADV_DONTNEED or MADV_FREE",
	 .reasons = {"would map the shared zero page", "entry in pagemap is empty"}},
	{HEAP, .vm_flags = PT_VM_HUGEPAGE | PT_VM_UFFD_MISSING, .cause = PT_CAUSE_UNTOUCHED,
	 .reasons = {"whole huge page", "userfaultfd"}},
	{LIBC, .cause = PT_CAUSE_UNTOUCHED, .headline = "libc.so.6", .reasons = {"minor fault"}},
	{GUARDS, .cause = PT_CAUSE_UNTOUCHED, .headline = "Reserved address space", .reasons = {"PROT_NONE"}},
	{HUGETLBFS, .cause = PT_CAUSE_UNTOUCHED, .headline = "hugetlbfs pool"},
	{ZERO_FILE, .cause = PT_CAUSE_UNTOUCHED, .headline = "Never touched"},
	{VDSO, .vm_flags = PT_VM_DONTDUMP, .cause = PT_CAUSE_UNTOUCHED, .headline = "[vdso]"},
	{RING, .vm_flags = PT_VM_DONTDUMP, .cause = PT_CAUSE_UNTOUCHED, .headline = "has not touched"},
	{MEMFD, .backing = PT_BACKING_CACHED, .cause = PT_CAUSE_UNTOUCHED, .headline = "In memory, but not mapped in"},
	{MEMFD, .backing = PT_BACKING_HOLE, .cause = PT_CAUSE_UNTOUCHED, .headline = "Never touched by anyone"},
	{MEMFD, .lack = NO_SHMEM_SWAP, .backing = PT_BACKING_HOLE, .cause = PT_CAUSE_UNTOUCHED,
	 .headline = "this process has not touched", .reasons = {"no swap is in use"}},
	{MEMFD, .lack = NO_SHMEM_SWAP, .cause = PT_CAUSE_UNTOUCHED, .headline = "memfd:ring (deleted)",
	 .reasons = {"Whether it was swapped out cannot be told", "no cachestat", "a newer kernel"}},
	{MEMFD, .backing = PT_BACKING_SWAPPED, .cause = PT_CAUSE_SHMEM_SWAPPED, .headline = "swapped out",
	 .reasons = {"empty entry", "page cache does not hold", "not in SwapPss"}},
	{HEAP, .entry = SWAPPED(0, 4711), .cause = PT_CAUSE_SWAPPED, .headline = "swap area 0, slot 4711",
	 .reasons = {"byte 0x1267000 of the area", "major fault"}},
	{HEAP, .entry = SWAPPED(3, 1) | PM_UFFD_WP, .cause = PT_CAUSE_SWAPPED, .headline = "swap area 3",
	 .reasons = {"userfaultfd"}},
	{HEAP, .entry = PM_SWAP, .lack = NO_RIGHTS, .cause = PT_CAUSE_SWAPPED, .headline = "Most likely swapped out",
	 .reasons = {"bit 62", "To see it: run as root"}},
	{HEAP, .entry = SWAPPED(30, PFN), .cause = PT_CAUSE_MIGRATING, .headline = "moved to another frame",
	 .reasons = {"type 30 is no swap area", "0x1a2b3c"}},
	{HEAP, .entry = SWAPPED(28, PFN) | PM_FILE, .cause = PT_CAUSE_MIGRATING, .reasons = {"type 28"}},
	{HEAP, .entry = SWAPPED(24, PFN), .cause = PT_CAUSE_MIGRATING, .reasons = {"how the kernel was built"}},
	{HEAP, .entry = MARKER(4) | PM_GUARD, .cause = PT_CAUSE_GUARD, .headline = "MADV_GUARD_INSTALL",
	 .reasons = {"bit 58"}},
	{HEAP, .entry = MARKER(4), .cause = PT_CAUSE_GUARD, .reasons = {"type 31 with value 4"}},
	{HEAP, .entry = PM_SWAP, .categories = PS_SWAPPED | PS_GUARD, .lack = NO_RIGHTS, .cause = PT_CAUSE_GUARD,
	 .reasons = {"PAGEMAP_SCAN says GUARD"}},
	{HEAP, .entry = MARKER(1) | PM_UFFD_WP, .cause = PT_CAUSE_UFFD_WP_MARKER, .headline = "write-protect marker",
	 .reasons = {"type 31 with value 1, and pagemap bit 57"}},
	{HEAP, .entry = MARKER(2), .cause = PT_CAUSE_POISONED, .headline = "SIGBUS", .reasons = {"value 2"}},

	/* ---- anonymous ---- */
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS, .count = 1, .cause = PT_CAUSE_ANONYMOUS,
	 .headline = "Private anonymous page, mapped once: by this process alone.",
	 .reasons = {"kpagecount is 1: only this process maps it"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(THP) | KPF(COMPOUND_TAIL), .head_flags = ANON_FLAGS | KPF(THP),
	 .count = 1, .categories = PS_PRESENT | PS_HUGE, .folio_pages = 512, .cause = PT_CAUSE_ANONYMOUS,
	 .headline = "Private anonymous page, part of a 2 MiB huge page, mapped once: by this process alone.",
	 .reasons = {"kpagecount is 1", "Mapped huge: one entry of the page middle directory maps all 2 MiB"}},
	{HEAP, .entry = FRAME, .flags = ANON_FLAGS | KPF(THP) | KPF(COMPOUND_HEAD), .count = 1, .folio_pages = 16,
	 .categories = PS_PRESENT, .cause = PT_CAUSE_ANONYMOUS, .headline = ", in a large folio of 64 KiB,",
	 .reasons = {"bit 56", "means a large folio only"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(THP) | KPF(COMPOUND_HEAD), .count = 1, .lack = NO_SCAN,
	 .cause = PT_CAUSE_ANONYMOUS, .headline = ", in a large folio,",
	 .reasons = {"whether it is mapped huge is not known"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(THP) | KPF(COMPOUND_HEAD), .count = 1, .lack = AVERAGES,
	 .cause = PT_CAUSE_ANONYMOUS, .headline = "mapped about once", .reasons = {"average over the folio"}},
	{DATA, .entry = ONCE, .flags = ANON_FLAGS, .count = 1, .cause = PT_CAUSE_ANONYMOUS,
	 .headline = "Private copy of a page of libc.so.6", .reasons = {"The file is unchanged"}},
	{GUARDS, .entry = ONCE, .flags = ANON_FLAGS, .count = 1, .cause = PT_CAUSE_ANONYMOUS,
	 .reasons = {"PROT_NONE", "still holds its contents"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(MLOCKED) | KPF(UNEVICTABLE) | KPF(LOCKED), .count = 1,
	 .cause = PT_CAUSE_ANONYMOUS, .reasons = {"Locked into memory by mlock", "LOCKED right now"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(SWAPCACHE), .count = 1, .cause = PT_CAUSE_ANONYMOUS,
	 .reasons = {"SWAPCACHE", "dropped without I/O"}},
	{HEAP, .entry = ONCE | PM_UFFD_WP | PM_SOFT_DIRTY, .flags = ANON_FLAGS | KPF(WRITEBACK) | KPF(SWAPCACHE) | KPF(DIRTY),
	 .count = 1, .cause = PT_CAUSE_ANONYMOUS,
	 .reasons = {"being written to swap", "stale or not written yet", "bit 57", "soft-dirty"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(KSM), .count = 1, .lack = KSM_LIES, .vm_flags = PT_VM_MERGEABLE,
	 .cause = PT_CAUSE_ANONYMOUS, .reasons = {"Whether KSM merged it cannot be told", "this kernel has a bug"}},
	{HEAP, .entry = FRAME, .flags = ANON_FLAGS, .count = 2, .cause = PT_CAUSE_ANONYMOUS_SHARED_COW,
	 .headline = "shared copy-on-write since a fork(), mapped 2 times",
	 .reasons = {"first to write gets a copy", "of mappings, not of processes", "1/2 of the page here, 2048 bytes"}},
	{HEAP, .entry = FRAME, .flags = ANON_FLAGS | KPF(THP) | KPF(COMPOUND_TAIL), .head_flags = ANON_FLAGS, .count = 2,
	 .categories = PS_HUGE, .cause = PT_CAUSE_ANONYMOUS_SHARED_COW, .headline = "part of a 2 MiB huge page",
	 .reasons = {"splits the huge mapping"}},
	{HEAP, .entry = ONCE, .flags = KPF(ANON) | KPF(UPTODATE) | KPF(LRU), .count = 1, .cause = PT_CAUSE_LAZYFREE,
	 .headline = "the kernel may drop it without writing it",
	 .reasons = {"kpagecount is 1", "ANONYMOUS without SWAPBACKED", "nothing exposes the PTE dirty bit"}},
	{HEAP, .entry = ONCE, .flags = KPF(ANON) | KPF(UPTODATE) | KPF(DIRTY), .count = 1, .cause = PT_CAUSE_ANONYMOUS},
	/* a tail on 6.1 has few flags: with its head unknown that is no MADV_FREE; with its head known it is what that is */
	{HEAP, .entry = ONCE, .flags = KPF(ANON) | KPF(COMPOUND_TAIL) | KPF(THP) | KPF(MMAP), .count = 1, .lack = NO_HEAD,
	 .cause = PT_CAUSE_ANONYMOUS},
	{HEAP, .entry = ONCE, .flags = KPF(ANON) | KPF(COMPOUND_TAIL) | KPF(THP) | KPF(MMAP), .count = 1,
	 .head_flags = ANON_FLAGS | KPF(COMPOUND_HEAD) | KPF(MLOCKED), .cause = PT_CAUSE_ANONYMOUS,
	 .reasons = {"Locked into memory"}},
	{HEAP, .entry = ONCE, .flags = KPF(ANON) | KPF(COMPOUND_TAIL) | KPF(THP) | KPF(MMAP), .count = 1,
	 .head_flags = KPF(ANON) | KPF(COMPOUND_HEAD) | KPF(THP), .cause = PT_CAUSE_LAZYFREE},
	{HEAP, .entry = FRAME, .flags = ANON_FLAGS | KPF(KSM), .count = 60, .vm_flags = PT_VM_MERGEABLE,
	 .cause = PT_CAUSE_KSM,
	 .headline = "stands in for 60 pages",
	 .reasons = {"kpagecount is 60", "of one process or of several", "KSM in kpageflags"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(KSM), .count = 1, .cause = PT_CAUSE_KSM,
	 .headline = "the last of those"},

	/* ---- files and shared memory ---- */
	{LIBC, .entry = FRAME | PM_FILE, .flags = FILE_FLAGS, .count = 37, .cause = PT_CAUSE_FILE,
	 .headline = "Page cache of libc.so.6, file offset 0x6000, mapped 37 times.",
	 .reasons = {"kpagecount is 37", "one for each process", "not of processes"}},
	{LIBC, .entry = ONCE | PM_FILE, .flags = FILE_FLAGS, .count = 1, .cause = PT_CAUSE_FILE,
	 .reasons = {"kpagecount is 1: no other process maps this page"}},
	{LIBC, .entry = FRAME | PM_FILE, .flags = FILE_FLAGS | KPF(THP) | KPF(COMPOUND_HEAD), .count = 3, .folio_pages = 4,
	 .categories = PS_PRESENT | PS_FILE, .cause = PT_CAUSE_FILE, .headline = "in a large folio of 16 KiB",
	 .reasons = {"means a large folio only"}},
	{DATA, .entry = FRAME | PM_FILE, .flags = FILE_FLAGS, .count = 5, .cause = PT_CAUSE_FILE,
	 .reasons = {"only read so far"}},
	{DAX, .entry = ONCE | PM_FILE, .flags = FILE_FLAGS | KPF(DIRTY), .count = 1, .cause = PT_CAUSE_FILE,
	 .headline = "pool", .reasons = {"file on disk does not have yet"}},
	{DAX, .entry = ONCE | PM_FILE, .flags = FILE_FLAGS | KPF(WRITEBACK), .count = 1, .cause = PT_CAUSE_FILE,
	 .reasons = {"being written to its file", "smaps' *_Dirty"}},
	{MEMFD, .entry = FRAME | PM_FILE, .flags = FILE_FLAGS | KPF(SWAPBACKED), .count = 6, .cause = PT_CAUSE_SHMEM,
	 .headline = "memfd:ring (deleted) at offset 0x6000, mapped 6 times",
	 .reasons = {"everyone who shares this memory", "SWAPBACKED"}},
	{DAX, .entry = ONCE | PM_FILE, .flags = FILE_FLAGS | KPF(SWAPBACKED), .count = 1, .cause = PT_CAUSE_SHMEM},
	{HUGETLBFS, .entry = ONCE, .flags = KPF(HUGE) | KPF(COMPOUND_HEAD) | KPF(MMAP) | KPF(ANON), .count = 1,
	 .folio_pages = 512, .categories = PS_HUGE, .cause = PT_CAUSE_HUGETLB,
	 .headline = "hugetlbfs page of 2 MiB, mapped once", .reasons = {"leaves it out of Rss"}},
	{HUGETLBFS, .entry = FRAME, .flags = KPF(HUGE) | KPF(COMPOUND_TAIL) | KPF(MMAP), .count = 2, .lack = AVERAGES,
	 .cause = PT_CAUSE_HUGETLB, .headline = "mapped 2 times", .reasons = {"kpagecount is 2: a fork()"}},
	{HUGETLBFS, .entry = PM_PRESENT | PM_EXCLUSIVE, .categories = PS_HUGE, .lack = NO_RIGHTS, .cause = PT_CAUSE_HUGETLB,
	 .reasons = {"bit 56 says", "Its frame is hidden", "run as root"}},

	/* ---- count 0, cause by cause ---- */
	{HEAP, .entry = FRAME, .flags = KPF(ZERO_PAGE) | KPF(RESERVED), .cause = PT_CAUSE_ZERO_PAGE,
	 .headline = "shared zero page",
	 .reasons = {"kpagecount is 0 because the zero page is not counted", "ZERO_PAGE and RESERVED in kpageflags",
		     "no part of Rss"}},
	{HEAP, .entry = FRAME, .flags = KPF(ZERO_PAGE) | KPF(RESERVED), .categories = PS_PRESENT | PS_PFNZERO,
	 .vm_flags = PT_VM_MERGEABLE, .cause = PT_CAUSE_ZERO_PAGE,
	 .reasons = {"PFNZERO by PAGEMAP_SCAN", "use_zero_pages"}},
	{ZERO_FILE, .entry = FRAME, .flags = KPF(ZERO_PAGE) | KPF(RESERVED), .cause = PT_CAUSE_ZERO_PAGE},
	{HEAP, .entry = PM_PRESENT, .categories = PS_PRESENT | PS_PFNZERO, .lack = NO_RIGHTS,
	 .cause = PT_CAUSE_ZERO_PAGE,
	 .reasons = {"There is no map count because the zero page is not counted", "Evidence: PFNZERO by PAGEMAP_SCAN."}},
	{HEAP, .entry = FRAME | PM_FILE, .flags = KPF(ZERO_PAGE) | KPF(THP) | KPF(COMPOUND_TAIL),
	 .cause = PT_CAUSE_HUGE_ZERO_PAGE,
	 .headline = "huge zero page (2 MiB)",
	 .reasons = {"the huge zero page is not counted", "ZERO_PAGE in kpageflags"}},
	{HEAP, .entry = FRAME | PM_FILE, .flags = KPF(ZERO_PAGE) | KPF(THP) | KPF(COMPOUND_HEAD),
	 .cause = PT_CAUSE_HUGE_ZERO_PAGE},
	{HEAP, .entry = PM_PRESENT | PM_FILE, .categories = PS_PFNZERO | PS_HUGE, .lack = NO_RIGHTS,
	 .cause = PT_CAUSE_HUGE_ZERO_PAGE},
	{HEAP, .entry = ONCE, .again = 0, .lack = CHANGED, .cause = PT_CAUSE_RACED,
	 .headline = "from frame 0x1a2b3c to nothing",
	 .reasons = {"kpagecount is 0, and kpageflags too, because the frame had been freed", "given up"}},
	{HEAP, .entry = ONCE, .again = PM_PRESENT | 0x99, .flags = ANON_FLAGS, .lack = CHANGED, .cause = PT_CAUSE_RACED,
	 .headline = "to frame 0x99", .reasons = {"kpagecount is 0, but that is of a frame", "migration"}},
	{HEAP, .entry = ONCE, .again = SWAPPED(0, 5), .lack = CHANGED, .cause = PT_CAUSE_RACED,
	 .headline = "to a swapped page", .reasons = {"swapped out"}},
	{HEAP, .entry = ONCE, .again = SWAPPED(30, 5), .lack = CHANGED, .cause = PT_CAUSE_RACED,
	 .headline = "to a migration entry"},
	{HEAP, .entry = SWAPPED(0, 5), .again = ONCE, .lack = CHANGED | NO_FLAGS | NO_COUNT, .cause = PT_CAUSE_RACED,
	 .headline = "from a swapped page to frame 0x1a2b3c", .reasons = {"swapped in"}},
	{HEAP, .again = MARKER(4), .lack = CHANGED | NO_FLAGS | NO_COUNT, .cause = PT_CAUSE_RACED,
	 .headline = "from nothing to a marker", .reasons = {"guard region"}},
	{HEAP, .entry = FRAME, .again = ONCE | PM_SOFT_DIRTY, .lack = CHANGED, .flags = ANON_FLAGS, .count = 1,
	 .cause = PT_CAUSE_ANONYMOUS}, /* bits that come and go on the same page */
	{HEAP, .entry = ONCE, .flags = KPF(BUDDY), .cause = PT_CAUSE_RACED, .reasons = {"BUDDY"}},
	{HEAP, .entry = ONCE, .flags = KPF(PGTABLE), .cause = PT_CAUSE_RACED, .reasons = {"a page table"}},
	{HEAP, .entry = ONCE, .lack = NO_AGAIN, .cause = PT_CAUSE_RACED, .reasons = {"could not be read again"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS, .cause = PT_CAUSE_RACED,
	 .reasons = {"unmapped and mapped again in between"}},
	{HEAP, .entry = ONCE, .lack = NO_VMA, .cause = PT_CAUSE_RACED, .reasons = {"No VMA covered the address"}},
	{DAX, .entry = FRAME | PM_FILE, .flags = KPF(NOPAGE), .cause = PT_CAUSE_DEVICE, .headline = "PFN 0x1a2b3c",
	 .reasons = {"kpagecount is 0 because the kernel has no struct page", "NOPAGE in kpageflags"}},
	{DAX, .entry = FRAME | PM_FILE, .cause = PT_CAUSE_DEVICE, .headline = "(DAX)",
	 .reasons = {"same frame before and after"}},
	{DAX, .entry = FRAME | PM_FILE, .lack = NO_FLAGS | NO_COUNT, .cause = PT_CAUSE_DEVICE,
	 .reasons = {"/proc/kpageflags ends before this frame"}},
	{HEAP, .entry = FRAME, .flags = KPF(OFFLINE), .cause = PT_CAUSE_DEVICE, .reasons = {"OFFLINE in kpageflags"}},
	{RING, .entry = FRAME, .flags = KPF(MMAP), .vm_flags = PT_VM_MIXEDMAP, .cause = PT_CAUSE_DEVICE,
	 .headline = "without being counted", .reasons = {"mm (mixed map)"}},
	{RING, .entry = FRAME, .flags = KPF(MMAP), .cause = PT_CAUSE_DEVICE, .reasons = {"the VMA is a device's"}},
	{VDSO, .entry = FRAME, .flags = KPF(RESERVED), .cause = PT_CAUSE_KERNEL_MAPPED,
	 .headline = "without being counted",
	 .reasons = {"kpagecount is 0", "RESERVED in kpageflags, and not MMAP"}},
	{HEAP, .entry = PM_PRESENT | PM_EXCLUSIVE, .categories = PS_PRESENT, .lack = NO_RIGHTS,
	 .cause = PT_CAUSE_PFN_HIDDEN,
	 .headline = "Anonymous page, present, mapped once: by this process alone.",
	 .reasons = {"frame number 0", "To see it: run as root", "exactly once, pagemap bit 56"}},
	{HEAP, .entry = PM_PRESENT, .lack = NO_RIGHTS | NO_SCAN, .cause = PT_CAUSE_PFN_HIDDEN,
	 .headline = "Anonymous page or the zero page", .reasons = {"more than once"}},
	{LIBC, .entry = PM_PRESENT | PM_FILE, .lack = NO_RIGHTS | NO_EXCLUSIVE, .cause = PT_CAUSE_PFN_HIDDEN,
	 .headline = "Page cache of libc.so.6, present, its map count not known."},
	/* in a huge mapping bit 56 tells of the first page alone */
	{MEMFD, .entry = PM_PRESENT | PM_FILE | PM_EXCLUSIVE, .lack = NO_RIGHTS, .categories = PS_HUGE,
	 .cause = PT_CAUSE_PFN_HIDDEN,
	 .headline = "Shared memory of memfd:ring (deleted), present, part of a 2 MiB huge page, its map count not known"},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(THP) | KPF(COMPOUND_TAIL), .head_flags = ANON_FLAGS, .count = 2,
	 .categories = PS_HUGE, .cause = PT_CAUSE_ANONYMOUS_SHARED_COW, .reasons = {"bit 56 (mapped exactly once) is set"}},

	/* ---- the kernel's own, and hardware ---- */
	{VDSO, .entry = FRAME | PM_FILE, .flags = KPF(RESERVED) | KPF(MMAP), .count = 18,
	 .cause = PT_CAUSE_KERNEL_MAPPED,
	 .headline = "Page of the kernel ([vdso]), mapped 18 times.",
	 .reasons = {"kpagecount is 18: one frame serves all", "code of the vDSO", "RESERVED in kpageflags"}},
	{VDSO, .entry = PM_PRESENT | PM_FILE, .lack = NO_RIGHTS, .cause = PT_CAUSE_KERNEL_MAPPED,
	 .reasons = {"run as root"}},
	{RING, .entry = ONCE | PM_FILE, .flags = KPF(MMAP), .count = 1, .vm_flags = PT_VM_MIXEDMAP,
	 .cause = PT_CAUSE_KERNEL_MAPPED, .headline = "anon_inode:[io_uring]",
	 .reasons = {"own use of it does not count"}},
	{SOCKET, .entry = ONCE | PM_FILE, .flags = KPF(MMAP) | KPF(COMPOUND_HEAD), .count = 1,
	 .cause = PT_CAUSE_KERNEL_MAPPED,
	 .headline = "socket:[4711]"},
	{HEAP, .entry = ONCE | PM_FILE, .flags = KPF(SLAB) | KPF(ANON) | KPF(KSM), .count = 1,
	 .cause = PT_CAUSE_KERNEL_MAPPED,
	 .reasons = {"SLAB in kpageflags"}}, /* slab's ANON and KSM are bogus */
	{HEAP, .entry = ONCE | PM_FILE, .flags = KPF(MMAP), .count = 1, .cause = PT_CAUSE_KERNEL_MAPPED,
	 .reasons = {"neither ANONYMOUS nor SWAPBACKED"}},
	{VVAR, .vm_flags = PT_VM_PFNMAP | PT_VM_IO, .cause = PT_CAUSE_KERNEL_MAPPED, .headline = "[vvar]",
	 .reasons = {"VmFlags of smaps have pf"}},
	{VVAR, .cause = PT_CAUSE_KERNEL_MAPPED, .reasons = {"bare frame numbers"}},
	{RING, .vm_flags = PT_VM_IO, .cause = PT_CAUSE_KERNEL_MAPPED, .reasons = {"VmFlags of smaps have io"}},
	{SOCKET, .cause = PT_CAUSE_KERNEL_MAPPED, .headline = "socket:[4711]"},
	{VSYSCALL, .lack = NO_PAGEMAP, .cause = PT_CAUSE_KERNEL_MAPPED, .headline = "vsyscall",
	 .reasons = {"no entry for it"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS | KPF(HWPOISON), .count = 1, .cause = PT_CAUSE_POISONED,
	 .headline = "memory error", .reasons = {"HWPOISON"}},

	/* ---- sources missing ---- */
	{HEAP, .entry = ONCE, .lack = NO_FLAGS | NO_COUNT | NO_RIGHTS, .cause = PT_CAUSE_ANONYMOUS,
	 .reasons = {"Mapped exactly once", "The flags of its frame are not known", "run as root"}},
	{HEAP, .entry = FRAME, .lack = NO_FLAGS | NO_COUNT | NO_RIGHTS, .cause = PT_CAUSE_ANONYMOUS_SHARED_COW},
	{LIBC, .entry = FRAME | PM_FILE, .lack = NO_FLAGS | NO_COUNT | NO_RIGHTS, .cause = PT_CAUSE_FILE},
	{MEMFD, .entry = FRAME | PM_FILE, .lack = NO_FLAGS | NO_COUNT | NO_RIGHTS, .cause = PT_CAUSE_SHMEM},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS, .lack = NO_COUNT, .cause = PT_CAUSE_ANONYMOUS,
	 .headline = "mapped once", .reasons = {"bit 56 says"}},
	{HEAP, .entry = ONCE, .flags = ANON_FLAGS, .lack = NO_COUNT | NO_EXCLUSIVE, .cause = PT_CAUSE_ANONYMOUS,
	 .headline = "not known", .reasons = {"The map count is not known"}},
	{HEAP, .lack = ENDED, .cause = PT_CAUSE_UNKNOWN, .reasons = {"the process was ending"}},
	{HEAP, .lack = NO_PAGEMAP, .cause = PT_CAUSE_UNKNOWN, .headline = "not known",
	 .reasons = {"pagemap may not be opened"}},
};
/* clang-format on */
#define N_CASES (sizeof cases / sizeof *cases)

static struct pt_maybe maybe(uint64_t value, bool known)
{
	return (struct pt_maybe){.value = known ? value : 0, .known = known};
}

static void lack_signal(struct pt_facts *f, enum pt_signal signal, const char *reason, const char *remedy)
{
	f->signals.of[signal] = (struct pt_signal_state){PT_ABSENT, reason, remedy};
}

static void set_signals(struct pt_facts *f, unsigned lack)
{
	static const char root[] = "run as root, or once: sudo setcap cap_sys_admin,cap_sys_ptrace+ep build/pagetop";
	for (int i = 0; i < PT_SIG_N; i++)
		f->signals.of[i] = (struct pt_signal_state){PT_GIVEN, "works", NULL};
	if (lack & NO_PAGEMAP)
		lack_signal(f, PT_SIG_PAGEMAP, "pagemap may not be opened", root);
	if (lack & NO_RIGHTS) {
		lack_signal(f, PT_SIG_PFN, "the kernel hides frame numbers", root);
		lack_signal(f, PT_SIG_KPAGEFLAGS, "needs frame numbers", root);
		lack_signal(f, PT_SIG_KPAGECOUNT, "needs frame numbers", root);
	}
	if (lack & NO_SCAN)
		lack_signal(f, PT_SIG_PAGEMAP_SCAN, "this kernel has none", NULL);
	if (lack & KSM_LIES)
		lack_signal(f, PT_SIG_KSM, "this kernel has a bug", NULL);
	if (lack & NO_EXCLUSIVE)
		lack_signal(f, PT_SIG_EXCLUSIVE, "this kernel is old", NULL);
	if (lack & NO_SHMEM_SWAP)
		lack_signal(f, PT_SIG_SHMEM_SWAP, "this kernel has no cachestat", "a newer kernel");
	if (lack & AVERAGES)
		f->signals.of[PT_SIG_MAP_COUNT].given = PT_APPROXIMATE;
}

/* Facts as inspect would give them of such a page. They are large: static. */
static const struct pt_facts *facts_of(const struct page_case *c)
{
	static struct pt_facts f;
	const uint64_t pfn = c->entry & PM_PRESENT ? c->entry & PM_PFN_MASK : 0;
	f = (struct pt_facts){.pid = 4711, .address = ADDRESS, .page_shift = 12, .pfn = pfn, .backing = c->backing};
	set_signals(&f, c->lack);
	f.mapped = !(c->lack & NO_VMA);
	f.vma = (struct pt_vma){.start = ADDRESS - 0x5000,
				.end = ADDRESS + 0x5000,
				.offset = 0x1000,
				.inode = places[c->place].inode,
				.perms = (uint8_t)places[c->place].perms,
				.role = (uint8_t)places[c->place].role,
				.has_vm_flags = c->vm_flags != 0,
				.vm_flags = c->vm_flags,
				.path = f.path};
	snprintf(f.path, sizeof f.path, "%s", places[c->place].path);
	f.pagemap = maybe(c->entry, !(c->lack & (NO_PAGEMAP | ENDED)));
	f.pagemap_again = maybe(c->lack & CHANGED ? c->again : c->entry, !(c->lack & (NO_AGAIN | NO_PAGEMAP | ENDED)));
	f.categories = maybe(c->categories, !(c->lack & (NO_SCAN | NO_PAGEMAP | ENDED)));
	f.flags = maybe(c->flags, pfn && !(c->lack & NO_FLAGS));
	f.count = maybe(c->count, pfn && !(c->lack & NO_COUNT));
	f.head_flags = maybe(c->head_flags, c->head_flags && !(c->lack & NO_HEAD));
	f.folio_pages = maybe(c->folio_pages, c->folio_pages != 0);
	return &f;
}

static bool says(const struct pt_explanation *e, const char *part)
{
	for (unsigned i = 0; i < e->n_reasons; i++)
		if (strstr(e->reasons[i], part))
			return true;
	return false;
}

static void show(const struct pt_explanation *e)
{
	print_message("%s: %s\n", pt_cause_name(e->cause), e->headline);
	for (unsigned i = 0; i < e->n_reasons; i++)
		print_message("  - %s\n", e->reasons[i]);
}

/* A whole sentence: it begins with a capital or a kernel name, ends with a full stop and is on one line. */
static void assert_sentence(const char *text, size_t size)
{
	const size_t n = strnlen(text, size);
	assert_true(n > 10 && n < size);
	assert_int_equal(text[n - 1], '.');
	for (size_t i = 0; i < n; i++)
		assert_true((unsigned char)text[i] >= ' ');
	assert_null(strstr(text, "  "));
	assert_null(strstr(text, ".."));
	assert_null(strstr(text, "(null)"));
}

static void assert_whole(const struct pt_explanation *e)
{
	assert_true((unsigned)e->cause < PT_CAUSE_N);
	assert_sentence(e->headline, sizeof e->headline);
	assert_true(e->n_reasons >= 1 && e->n_reasons <= PT_REASONS_MAX);
	for (unsigned i = 0; i < e->n_reasons; i++) {
		assert_sentence(e->reasons[i], sizeof *e->reasons);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(e->reasons[i], e->reasons[j]);
	}
}

static void every_page_is_told_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		const struct page_case *c = cases + i;
		struct pt_explanation e;
		pt_explain_page(facts_of(c), &e);
		bool right = e.cause == c->cause && (!c->headline || strstr(e.headline, c->headline));
		for (unsigned k = 0; k < 4 && c->reasons[k]; k++)
			right = right && says(&e, c->reasons[k]);
		if (!right) {
			show(&e);
			fail_msg("case %zu should be %s: %s ...", i, pt_cause_name(c->cause),
				 c->headline ? c->headline : "");
		}
		assert_whole(&e);
	}
}

static void the_count_comes_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct pt_explanation e;
		pt_explain_page(facts_of(cases + i), &e);
		if (facts_of(cases + i)->count.known && e.cause != PT_CAUSE_RACED && e.cause != PT_CAUSE_DEVICE)
			assert_non_null(strstr(e.reasons[0], "kpagecount is"));
	}
}

static void every_cause_is_in_the_table(void **state)
{
	(void)state;
	unsigned long seen = 0;
	for (size_t i = 0; i < N_CASES; i++)
		seen |= 1ul << cases[i].cause;
	assert_int_equal(seen, (1ul << PT_CAUSE_N) - 1);
}

static void causes_have_the_contract_names(void **state)
{
	(void)state;
	static const char *const names[PT_CAUSE_N] = {
		"unmapped", "untouched", "anonymous", "anonymous-shared-cow", "file",     "shmem",     "shmem-swapped",
		"swapped",  "migrating", "guard",     "uffd-wp-marker",       "poisoned", "zero-page", "huge-zero-page",
		"ksm",      "hugetlb",   "lazyfree",  "kernel-mapped",        "device",   "raced",     "pfn-hidden",
		"unknown"};
	for (int i = 0; i < PT_CAUSE_N; i++)
		assert_string_equal(pt_cause_name((enum pt_cause)i), names[i]);
	assert_string_equal(pt_cause_name(PT_CAUSE_N), "unknown");
}

/* Without privileges what grants them is said, and once. */
static void the_remedy_is_said_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct pt_explanation e;
		unsigned said = 0;
		pt_explain_page(facts_of(cases + i), &e);
		for (unsigned k = 0; k < e.n_reasons; k++)
			said += strstr(e.reasons[k], "run as root") != NULL;
		assert_true(said <= 1);
	}
}

static void a_hostile_path_is_made_printable(void **state)
{
	(void)state;
	struct pt_facts f =
		*facts_of(&(struct page_case){LIBC, .entry = FRAME | PM_FILE, .flags = FILE_FLAGS, .count = 2});
	struct pt_explanation e;
	snprintf(f.path, sizeof f.path, "/tmp/\033[2J\n\342\200\256%s", "very-long-name-very-long-name-very-long-name");
	pt_explain_page(&f, &e);
	assert_whole(&e);
	assert_non_null(strstr(e.headline, "\\x1b[2J\\x0a\\u{202E}very"));
	memset(f.path, '/', 200);
	f.path[200] = '\0';
	pt_explain_page(&f, &e);
	assert_whole(&e);
	f.path[0] = '\0';
	pt_explain_page(&f, &e);
	assert_whole(&e);
}

/* A word that is often 0, often a single bit, sometimes noise. */
static uint64_t random_word(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	const uint64_t a = *seed >> 32;
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	const uint64_t b = *seed >> 32;
	switch (a % 5) {
	case 0: return 0;
	case 1: return 1ull << (b % 64);
	case 2: return 1ull << (b % 64) | 1ull << (b / 64 % 64) | PM_PRESENT;
	case 3: return b % 64;
	default: return a << 32 | b;
	}
}

static struct pt_maybe random_maybe(uint64_t *seed)
{
	const uint64_t value = random_word(seed); /* first: the order of arguments is the compiler's */
	return maybe(value, random_word(seed) % 4 != 1);
}

static void random_vma(struct pt_facts *f, uint64_t *seed)
{
	f->mapped = random_word(seed) % 8 != 1;
	f->vma.role = (uint8_t)(random_word(seed) % PT_ROLE_N);
	f->vma.perms = random_word(seed) & 15;
	f->vma.inode = random_word(seed);
	f->vma.offset = random_word(seed);
	f->vma.start = random_word(seed);
	f->vma.has_vm_flags = random_word(seed) & 1;
	f->vma.vm_flags = (uint32_t)random_word(seed);
	f->vma.path = f->path;
	const size_t n = random_word(seed) % sizeof f->path;
	for (size_t i = 0; i < n; i++) {
		const char c = (char)(random_word(seed) | (i % 3 ? 0x40 : 0));
		f->path[i] = c == ' ' || c == '.' ? '/' : c; /* two of them would look like a flaw of a sentence */
	}
	f->path[n] = '\0';
}

static void random_facts(struct pt_facts *f, uint64_t *seed)
{
	static const char *const reasons[] = {NULL, "the kernel hides it", "no such file"};
	for (int i = 0; i < PT_SIG_N; i++) {
		struct pt_signal_state *signal = f->signals.of + i;
		signal->given = (enum pt_given)(random_word(seed) % 3);
		signal->reason = reasons[random_word(seed) % 3];
		signal->remedy = reasons[random_word(seed) % 3];
	}
	random_vma(f, seed);
	f->page_shift = 12 + random_word(seed) % 5;
	f->address = random_word(seed);
	f->pagemap = random_maybe(seed);
	f->pagemap_again = random_word(seed) % 4 ? f->pagemap : random_maybe(seed);
	f->pfn = f->pagemap.value & PM_PRESENT ? f->pagemap.value & PM_PFN_MASK : 0;
	f->categories = random_maybe(seed);
	f->flags = random_maybe(seed);
	f->flags.value |= f->flags.known && random_word(seed) % 2 ? ANON_FLAGS : 0;
	f->count = random_maybe(seed);
	f->head_flags = random_maybe(seed);
	f->folio_pages = random_maybe(seed);
	f->backing = (enum pt_backing)(random_word(seed) % 4);
}

static void any_facts_give_whole_sentences(void **state)
{
	(void)state;
	static struct pt_facts f;
	uint64_t seed = 2;
	unsigned long seen = 0;
	for (unsigned round = 0; round < rounds(200000); round++) {
		struct pt_explanation e;
		memset(&e, 0x55, sizeof e);
		random_facts(&f, &seed);
		pt_explain_page(&f, &e);
		if (strlen(e.headline) < 10 || e.headline[strlen(e.headline) - 1] != '.')
			show(&e);
		assert_whole(&e);
		seen |= 1ul << e.cause;
	}
	assert_int_equal(seen, (1ul << PT_CAUSE_N) - 1);
}

static void facts_of_nothing_are_fine(void **state)
{
	(void)state;
	static const struct pt_facts nothing;
	struct pt_explanation e;
	pt_explain_page(&nothing, &e);
	assert_int_equal(e.cause, PT_CAUSE_UNMAPPED);
	assert_whole(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_is_told_what_it_is),  cmocka_unit_test(the_count_comes_first),
		cmocka_unit_test(every_cause_is_in_the_table),    cmocka_unit_test(causes_have_the_contract_names),
		cmocka_unit_test(the_remedy_is_said_once),        cmocka_unit_test(a_hostile_path_is_made_printable),
		cmocka_unit_test(any_facts_give_whole_sentences), cmocka_unit_test(facts_of_nothing_are_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
