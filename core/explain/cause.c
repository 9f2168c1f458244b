/*
 * What a page is, decided from the facts: the order of the questions is the point. Whether there is an entry, whether
 * it stayed the same, whether it is present; then the frames that the kernel counts or owns in its own way, before any
 * bit of the flags is taken at its word.
 */
#include "core/explain/look.h"

#include <string.h>

#include "core/kernel/abi.h"

bool pt_look_has(const struct pt_look *look, enum pt_signal signal)
{
	return pt_signal_has(&look->facts->signals, signal);
}

bool pt_look_has_exclusive(const struct pt_look *look)
{
	const bool first_alone = look->categories & PS_HUGE && look->facts->vma.role != PT_ROLE_HUGETLB;
	return pt_look_has(look, PT_SIG_EXCLUSIVE) && !first_alone;
}

bool pt_look_changed(const struct pt_look *look)
{
	const uint64_t matters = PM_PRESENT | PM_SWAP | PM_GUARD | PM_FILE | PM_PFN_MASK;
	const struct pt_maybe again = look->facts->pagemap_again;
	return look->has_entry && again.known && (look->entry ^ again.value) & matters;
}

bool pt_look_is_bare(const struct pt_look *look)
{
	const struct pt_vma *vma = &look->facts->vma;
	if (vma->role == PT_ROLE_VVAR || vma->role == PT_ROLE_VSYSCALL)
		return true;
	/* Without its flags a device is taken for one that maps frame numbers: most do. */
	return vma->has_vm_flags ? pt_look_vm(look, PT_VM_PFNMAP | PT_VM_IO) : vma->role == PT_ROLE_DEVICE;
}

/* ---- no frame --------------------------------------------------------------------------------------------------- */

static enum pt_cause of_nothing(const struct pt_look *look)
{
	if (look->facts->backing == PT_BACKING_SWAPPED)
		return PT_CAUSE_SHMEM_SWAPPED;
	return pt_look_is_bare(look) ? PT_CAUSE_KERNEL_MAPPED : PT_CAUSE_UNTOUCHED;
}

/* Bit 62 is not "swapped": see what type of entry it is. */
static enum pt_cause of_swap_like(const struct pt_look *look)
{
	const uint64_t swap = look->entry & PM_PFN_MASK;
	if (look->entry & PM_GUARD || look->categories & PS_GUARD)
		return PT_CAUSE_GUARD;
	if (pt_swap_type(swap) < PM_SWAP_TYPE_SPECIAL)
		return PT_CAUSE_SWAPPED;
	if (pt_swap_type(swap) != PM_SWAP_TYPE_MARKER)
		return PT_CAUSE_MIGRATING;
	if (pt_swap_offset(swap) & PM_MARKER_GUARD)
		return PT_CAUSE_GUARD;
	return pt_swap_offset(swap) & PM_MARKER_POISON ? PT_CAUSE_POISONED : PT_CAUSE_UFFD_WP_MARKER;
}

/* ---- a frame ---------------------------------------------------------------------------------------------------- */

static bool is_kernels_vma(const struct pt_vma *vma)
{
	return vma->role == PT_ROLE_VDSO || vma->role == PT_ROLE_VVAR || vma->role == PT_ROLE_VSYSCALL ||
	       vma->role == PT_ROLE_DEVICE;
}

static bool is_mapped_often(const struct pt_look *look)
{
	if (look->has_count)
		return look->count > 1;
	return pt_look_has_exclusive(look) && !(look->entry & PM_EXCLUSIVE);
}

static enum pt_cause of_zero(const struct pt_look *look)
{
	const bool huge = look->categories & PS_HUGE ||
			  look->flags & (KPF(THP) | KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL));
	return huge ? PT_CAUSE_HUGE_ZERO_PAGE : PT_CAUSE_ZERO_PAGE;
}

/* Neither flags nor count: the frame number is hidden or kpageflags is closed. */
static enum pt_cause of_pagemap(const struct pt_look *look)
{
	const struct pt_vma *vma = &look->facts->vma;
	if (look->categories & PS_PFNZERO)
		return of_zero(look);
	if (vma->role == PT_ROLE_HUGETLB)
		return PT_CAUSE_HUGETLB;
	if (is_kernels_vma(vma) && (look->entry & PM_FILE || vma->role != PT_ROLE_DEVICE))
		return PT_CAUSE_KERNEL_MAPPED;
	if (!look->facts->pfn)
		return PT_CAUSE_PFN_HIDDEN;
	if (look->entry & PM_FILE)
		return vma->role == PT_ROLE_SHMEM ? PT_CAUSE_SHMEM : PT_CAUSE_FILE;
	return is_mapped_often(look) ? PT_CAUSE_ANONYMOUS_SHARED_COW : PT_CAUSE_ANONYMOUS;
}

/* MADV_FREE takes SWAPBACKED away. On 6.1 a tail never shows it, so there its head has to be known. */
static bool is_lazyfree(const struct pt_look *look)
{
	const bool own = !(look->flags & KPF(COMPOUND_TAIL)) || look->facts->head_flags.known;
	return own && !(look->flags & (KPF(SWAPBACKED) | KPF(DIRTY)));
}

static enum pt_cause of_anonymous(const struct pt_look *look)
{
	if (look->flags & KPF(KSM) && pt_look_has(look, PT_SIG_KSM))
		return PT_CAUSE_KSM;
	if (is_lazyfree(look))
		return PT_CAUSE_LAZYFREE;
	return is_mapped_often(look) ? PT_CAUSE_ANONYMOUS_SHARED_COW : PT_CAUSE_ANONYMOUS;
}

/* The kernel's own page, mapped for the process to see: no page of a file, and none that reclaim knows. */
static bool is_kernels_page(const struct pt_look *look)
{
	const struct pt_vma *vma = &look->facts->vma;
	if (look->flags & (KPF(RESERVED) | KPF(SLAB)) || vma->role == PT_ROLE_VDSO || vma->role == PT_ROLE_VVAR)
		return true;
	return !(look->flags & (KPF(ANON) | KPF(SWAPBACKED))) && (is_kernels_vma(vma) || !vma->inode);
}

/* A count of 0 on a page that is none of those which are never counted. */
static enum pt_cause of_uncounted(const struct pt_look *look)
{
	if (pt_look_vm(look, PT_VM_MIXEDMAP | PT_VM_PFNMAP | PT_VM_IO) || look->facts->vma.role == PT_ROLE_DEVICE)
		return PT_CAUSE_DEVICE;
	return PT_CAUSE_RACED;
}

/* A frame with flags. */
static enum pt_cause of_flags(const struct pt_look *look)
{
	const bool uncounted = look->has_count && !look->count;
	if (look->flags & (KPF(NOPAGE) | KPF(OFFLINE)))
		return PT_CAUSE_DEVICE;
	if (look->flags & KPF(ZERO_PAGE) || look->categories & PS_PFNZERO)
		return of_zero(look);
	if (look->flags & (KPF(BUDDY) | KPF(PGTABLE)))
		return PT_CAUSE_RACED; /* free, or a page table: no page of a process */
	if (look->flags & KPF(HWPOISON))
		return PT_CAUSE_POISONED;
	if (!look->flags && uncounted)
		return look->facts->pagemap_again.known ? PT_CAUSE_DEVICE : PT_CAUSE_RACED;
	if (look->flags & KPF(RESERVED))
		return PT_CAUSE_KERNEL_MAPPED;
	if (uncounted)
		return of_uncounted(look);
	if (look->flags & KPF(HUGE))
		return PT_CAUSE_HUGETLB;
	if (is_kernels_page(look))
		return PT_CAUSE_KERNEL_MAPPED;
	if (look->flags & KPF(ANON))
		return of_anonymous(look);
	return look->flags & KPF(SWAPBACKED) || look->facts->vma.role == PT_ROLE_SHMEM ? PT_CAUSE_SHMEM : PT_CAUSE_FILE;
}

static enum pt_cause of_present(const struct pt_look *look)
{
	if (!look->facts->pfn)
		return of_pagemap(look);
	if (look->has_flags)
		return of_flags(look);
	/* kpageflags can be read, only not for this frame: the file ends before it */
	return pt_look_has(look, PT_SIG_KPAGEFLAGS) ? PT_CAUSE_DEVICE : of_pagemap(look);
}

enum pt_cause pt_look_cause(const struct pt_look *look)
{
	if (!look->facts->mapped)
		return look->entry ? PT_CAUSE_RACED : PT_CAUSE_UNMAPPED;
	if (!look->has_entry)
		return look->facts->vma.role == PT_ROLE_VSYSCALL ? PT_CAUSE_KERNEL_MAPPED : PT_CAUSE_UNKNOWN;
	if (pt_look_changed(look))
		return PT_CAUSE_RACED;
	if (look->entry & PM_PRESENT)
		return of_present(look);
	return look->entry & (PM_SWAP | PM_GUARD) ? of_swap_like(look) : of_nothing(look);
}
