/*
 * Addresses without a frame behind them: never touched, swapped out, moving, or marked.
 */
#include "core/explain/look.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/kernel/abi.h"

void pt_tell_unmapped(struct pt_look *look)
{
	pt_say_headline(look, "Nothing is mapped at this address: touching it is a segmentation fault (SIGSEGV).");
	pt_say_reason(look, "No VMA of /proc/PID/maps covers it.");
}

/* ---- untouched -------------------------------------------------------------------------------------------------- */

static void say_untouched_file(struct pt_look *look)
{
	pt_say_headline(look,
			"Not mapped in: this process has not touched this page of %s, or reclaim has taken it back.",
			look->name);
	pt_say_reason(look,
		      "Pagemap shows this process's page table only. If the page cache holds the page, touching it is "
		      "a minor fault; if not, it is read from the file.");
}

/* Where the file itself could not be asked, a hole only means that nothing was swapped out. */
static void say_hole(struct pt_look *look)
{
	if (pt_look_has(look, PT_SIG_SHMEM_SWAP)) {
		pt_say_headline(look, "Never touched by anyone: no memory stands behind this page of %s.", look->name);
		pt_say_reason(look, "The first touch makes a page of zeroes, for all who share it.");
	} else {
		pt_say_headline(look, "Not mapped in: this process has not touched this page of %s.", look->name);
		pt_say_reason(
			look,
			"It is not swapped out, since no swap is in use; others who share it may have touched it.");
	}
}

static void say_untouched_shmem(struct pt_look *look)
{
	switch (look->facts->backing) {
	case PT_BACKING_CACHED:
		pt_say_headline(
			look,
			"In memory, but not mapped in: others have touched this page of %s, this process has not.",
			look->name);
		pt_say_reason(look, "The next touch is a minor fault: the page is found in the page cache.");
		break;
	case PT_BACKING_HOLE: say_hole(look); break;
	default:
		pt_say_headline(look, "Not mapped in: this process has not touched this page of %s.", look->name);
		if (look->facts->recalled && pt_look_has(look, PT_SIG_SHMEM_SWAP)) {
			pt_say_reason(look, "It was not swapped out; others who share it may have touched it.");
			break;
		}
		pt_say_missing(look,
			       "Whether it was swapped out cannot be told (swapped shared memory leaves an empty entry "
			       "in pagemap, like memory that was never touched)",
			       PT_SIG_SHMEM_SWAP);
	}
}

static void say_untouched_anonymous(struct pt_look *look)
{
	pt_say_headline(look, "Never touched since it was mapped, or dropped with MADV_DONTNEED or MADV_FREE: no "
			      "memory stands behind it.");
	pt_say_reason(look,
		      "Reading it would map the shared zero page, which costs nothing; writing it would make a page.");
	if (pt_look_vm(look, PT_VM_HUGEPAGE))
		pt_say_reason(look, "The VMA is MADV_HUGEPAGE: one touch may bring a whole huge page.");
}

static bool is_untouchable(const struct pt_look *look)
{
	return !(look->facts->vma.perms & (PT_READ | PT_WRITE | PT_EXEC));
}

void pt_tell_untouched(struct pt_look *look)
{
	const struct pt_vma *vma = &look->facts->vma;
	if (is_untouchable(look)) {
		pt_say_headline(look,
				"Reserved address space: no page, and any touch is a segmentation fault (SIGSEGV).");
		pt_say_reason(look,
			      "The VMA has no permissions (PROT_NONE), as stack guards and reservations have; it costs "
			      "address space, not memory.");
	} else if (vma->role == PT_ROLE_HUGETLB) {
		pt_say_headline(look,
				"Not touched yet: the first touch takes a whole huge page from the hugetlbfs pool.");
		pt_say_reason(look, "If the pool is empty by then and nothing was reserved, that touch is SIGBUS.");
	} else if (vma->role == PT_ROLE_SHMEM && (vma->perms & PT_SHARED || look->facts->backing)) {
		say_untouched_shmem(look);
	} else if (vma->role == PT_ROLE_VDSO || vma->role == PT_ROLE_DEVICE) {
		pt_say_headline(look, "Not mapped in: this process has not touched this page of %s.", look->name);
		pt_say_reason(look, "The kernel or a driver puts its own page there at the first touch.");
	} else if (vma->inode && vma->role != PT_ROLE_SHMEM) {
		say_untouched_file(look);
	} else {
		say_untouched_anonymous(look);
	}
	if (pt_look_vm(look, PT_VM_UFFD_MISSING))
		pt_say_reason(
			look,
			"The VMA is registered with userfaultfd: a touch is reported to a handler, which supplies "
			"the page.");
	pt_say_reason(look, "Evidence: its entry in pagemap is empty.");
}

/* ---- swapped ---------------------------------------------------------------------------------------------------- */

void pt_tell_shmem_swapped(struct pt_look *look)
{
	pt_say_headline(look, "Shared memory that was swapped out: a page of %s.", look->name);
	pt_say_reason(look,
		      "Pagemap shows an empty entry, as if it had never been touched: shared memory leaves the page "
		      "table when it is swapped out.");
	pt_say_reason(look,
		      "Evidence: the file has data at this offset, but the page cache does not hold the page. smaps "
		      "counts it in Swap, not in SwapPss.");
	pt_say_reason(look, "Touching it is a major fault: it is read back from swap.");
}

static void say_swapped_hidden(struct pt_look *look)
{
	pt_say_headline(look, "Most likely swapped out; where to is hidden from this reader.");
	pt_say_reason(look,
		      "Pagemap says \"not present, swap-like\" (bit 62). That is a swapped page, but a page being "
		      "migrated and a userfaultfd marker say the same, and only the hidden type tells them apart.");
	pt_say_missing(look, "The swap type is hidden", PT_SIG_PFN);
}

void pt_tell_swapped(struct pt_look *look)
{
	const uint64_t swap = look->entry & PM_PFN_MASK;
	const unsigned type = pt_swap_type(swap);
	const uint64_t slot = pt_swap_offset(swap);
	if (!swap) { /* slot 0 of a swap area holds its header: this is no slot */
		say_swapped_hidden(look);
		return;
	}
	pt_say_headline(look, "Anonymous page, swapped out to swap area %u, slot %" PRIu64 ".", type, slot);
	pt_say_reason(
		look,
		"The type, %u, is the number of the swap area, counted from 0 as in /proc/swaps if none was turned off "
		"since. The offset is the slot in it, in pages: byte 0x%" PRIx64 " of the area.",
		type, slot << (look->facts->page_shift & 63));
	pt_say_reason(
		look,
		"Touching it is a major fault, unless the swap cache still holds a copy. smaps counts it in Swap.");
	if (look->entry & PM_UFFD_WP)
		pt_say_reason(look, "It stays write-protected by userfaultfd (bit 57) while it is away.");
}

void pt_tell_migrating(struct pt_look *look)
{
	const uint64_t swap = look->entry & PM_PFN_MASK;
	const unsigned type = pt_swap_type(swap);
	pt_say_headline(look,
			"Being moved to another frame at this moment: a touch waits until that is done. Look again.");
	pt_say_reason(
		look,
		"Pagemap's bit 62 says swap, but type %u is no swap area: it is a migration entry, and its offset is "
		"the PFN the page is moved from, 0x%" PRIx64 ".",
		type, pt_swap_offset(swap));
	if (type < PM_SWAP_TYPE_MIGRATION - 2)
		pt_say_reason(look,
			      "Which number means what depends on how the kernel was built: memory of a device, or a "
			      "frame with a hardware error, can have this type too. Those do not go away.");
	pt_say_reason(look, "Compaction, NUMA balancing, memory hot-unplug and the making of huge pages move pages. It "
			    "counts in RSS meanwhile.");
}

/* ---- marked ----------------------------------------------------------------------------------------------------- */

void pt_tell_guard(struct pt_look *look)
{
	const bool by_type = pt_swap_type(look->entry & PM_PFN_MASK) == PM_SWAP_TYPE_MARKER;
	pt_say_headline(
		look, "Guard region (MADV_GUARD_INSTALL): no memory, and any touch is a segmentation fault (SIGSEGV).");
	pt_say_reason(look,
		      "Evidence: %s. It is a marker in the page table, not a swapped page, though bit 62 is set too.",
		      look->entry & PM_GUARD ? "pagemap bit 58"
		      : by_type              ? "swap type 31 with value 4"
					     : "PAGEMAP_SCAN says GUARD");
}

void pt_tell_uffd_marker(struct pt_look *look)
{
	pt_say_headline(look,
			"No page, but a userfaultfd write-protect marker: a write will be reported to its handler.");
	pt_say_reason(look,
		      "Evidence: swap type 31 with value 1%s. It is a marker in the page table, not a swapped page, "
		      "though bit 62 is set too.",
		      look->entry & PM_UFFD_WP ? ", and pagemap bit 57" : "");
	pt_say_reason(look,
		      "The handler protected this address while nothing was here, or the page was dropped since.");
}

void pt_tell_poisoned(struct pt_look *look)
{
	if (!(look->entry & PM_PRESENT)) {
		pt_say_headline(look, "Poisoned: touching it is a bus error (SIGBUS).");
		pt_say_reason(
			look,
			"Evidence: swap type 31 with value 2, a poison marker. A userfaultfd handler put it there "
			"(UFFDIO_POISON), or the page was lost to a memory error.");
		return;
	}
	pt_say_headline(look, "The hardware reported a memory error in this frame: the kernel takes it out of use, and "
			      "touching it is a bus error (SIGBUS).");
	pt_look_count(look);
	pt_say_reason(look, "Evidence: HWPOISON in kpageflags. The kernel's log says when it happened.");
}
