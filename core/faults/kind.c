/*
 * See kind.h. Each rule asks facts that both sides know; the order is that of how much a fact leaves open.
 */
#include "core/faults/kind.h"

#include "core/faults/vmas.h"

static bool is_zero(struct pt_page page)
{
	return pt_page_kind(page) == PT_ZERO || pt_page_kind(page) == PT_ZERO_HUGE;
}

static bool is_swapped(struct pt_page page)
{
	return pt_page_kind(page) == PT_SWAP || pt_page_kind(page) == PT_SWAP_SHMEM;
}

static bool is_present(struct pt_page page)
{
	return pt_kind_present(pt_page_kind(page));
}

static bool is_of_file(struct pt_page page)
{
	return pt_page_kind(page) == PT_FILE || pt_page_kind(page) == PT_SHMEM;
}

static bool is_anon(struct pt_page page)
{
	return pt_page_kind(page) == PT_ANON;
}

/* Mapped by others as well; false where that is not known. */
static bool is_shared(struct pt_page page)
{
	if (page.bits & PT_HAS_EXCLUSIVE)
		return !(page.bits & PT_EXCLUSIVE);
	return page.bits & PT_HAS_COUNT && page.count > 1;
}

static bool is_alone(struct pt_page page)
{
	if (page.bits & PT_HAS_EXCLUSIVE)
		return page.bits & PT_EXCLUSIVE;
	return page.bits & PT_HAS_COUNT && page.count == 1;
}

/* ---- data that was waited for ----------------------------------------------------------------------------------- */

/* Memory of its own is waited for when it is on swap; a handler (userfaultfd) is waited for as well. */
static enum pt_fault_kind of_major(const struct pt_fault_case *c)
{
	bool was_there = c->knew && is_present(c->before);
	switch (pt_page_kind(c->after)) {
	case PT_ANON:
		if (c->knew && is_swapped(c->before))
			return PT_FAULT_SWAP_IN;
		if (pt_vma_is_memory(c->vma) && (!pt_vma_may_be_handled(c->vma) || was_there))
			return c->before.bits & PT_UFFD_WP ? PT_FAULT_UNKNOWN : PT_FAULT_SWAP_IN;
		return pt_vma_is_copied(c->vma) && c->knew && !is_anon(c->before) ? PT_FAULT_COW : PT_FAULT_UNKNOWN;
	case PT_SHMEM: return was_there ? PT_FAULT_UNKNOWN : PT_FAULT_SWAP_IN;
	case PT_FILE: return was_there ? PT_FAULT_UNKNOWN : PT_FAULT_FILE_MAP;
	default: return PT_FAULT_UNKNOWN;
	}
}

/* ---- nothing was there ------------------------------------------------------------------------------------------ */

/* A page of a file that was written to may have been mapped along with a neighbour first. */
static enum pt_fault_kind of_file(const struct pt_fault_case *c)
{
	bool written = c->vma && pt_page_kind(c->after) == PT_FILE && c->vma->perms & PT_SHARED &&
		       c->vma->perms & PT_WRITE && (c->after.bits & PT_DIRTY || !(c->after.bits & PT_HAS_FLAGS));
	return c->prefaulted && written && !c->has_code ? PT_FAULT_UNKNOWN : PT_FAULT_FILE_MAP;
}

static enum pt_fault_kind of_absent(const struct pt_fault_case *c)
{
	/* mlock() maps pages that no fault tells of; what follows is something else */
	if (pt_vma_is_locked(c->vma) && !c->has_code)
		return PT_FAULT_UNKNOWN;
	if (c->after.bits & PT_PMD && pt_page_kind(c->after) != PT_HUGETLB)
		return c->collapsed && !c->has_code ? PT_FAULT_UNKNOWN : PT_FAULT_HUGE;
	switch (pt_page_kind(c->after)) {
	case PT_ANON: return pt_vma_is_copied(c->vma) ? PT_FAULT_COW : PT_FAULT_FIRST_TOUCH;
	case PT_ZERO:
	case PT_HUGETLB: return PT_FAULT_FIRST_TOUCH;
	case PT_FILE:
	case PT_SHMEM: return of_file(c);
	case PT_PRESENT: return c->vma && !c->vma->inode ? PT_FAULT_FIRST_TOUCH : PT_FAULT_UNKNOWN;
	default: return PT_FAULT_UNKNOWN;
	}
}

/* It was swapped out. Not waited for: it was still in memory, and then it shows that; or it was given back since. */
static enum pt_fault_kind of_swapped(const struct pt_fault_case *c)
{
	return c->after.bits & PT_SWAPCACHE ? PT_FAULT_SWAP_IN : PT_FAULT_UNKNOWN;
}

/* ---- something was there ---------------------------------------------------------------------------------------- */

/* Memory of its own, in another frame than before: what else than its fault can have done that decides. */
static enum pt_fault_kind of_other_frame(const struct pt_fault_case *c)
{
	if (c->after.bits & PT_KSM) /* it was merged again since */
		return PT_FAULT_UNKNOWN;
	if (c->before.bits & PT_KSM)
		return PT_FAULT_COW;
	if (c->has_code) /* it was mapped, and written to */
		return c->moved || c->after.bits & PT_PMD ? PT_FAULT_UNKNOWN : PT_FAULT_COW;
	if (is_shared(c->before) || c->forked)
		return c->moved ? PT_FAULT_UNKNOWN : PT_FAULT_COW;
	if (c->before.bits & PT_HAS_FLAGS && !(c->before.bits & (PT_OWN | PT_LARGE))) /* it was shared: a late copy */
		return PT_FAULT_UNKNOWN;
	bool merged = c->merged && (!c->vma || !c->vma->has_vm_flags || c->vma->vm_flags & PT_VM_MERGEABLE);
	bool collapsed = c->collapsed && c->after.bits & (PT_LARGE | PT_PMD);
	if (collapsed && pt_vma_is_locked(c->vma)) /* into a huge page, by khugepaged */
		return PT_FAULT_MIGRATION;
	if (merged || collapsed || (c->swapped && !pt_vma_is_locked(c->vma)))
		return PT_FAULT_UNKNOWN;
	if (!c->moved) /* it was given back and touched again */
		return c->after.bits & PT_PMD ? PT_FAULT_HUGE : PT_FAULT_FIRST_TOUCH;
	return pt_vma_is_locked(c->vma) ? PT_FAULT_MIGRATION
					: PT_FAULT_UNKNOWN; /* what is locked can't be given back */
}

/* Bits that tell that the page may be written to now, and could not be before. */
static bool may_be_written_now(const struct pt_fault_case *c)
{
	struct pt_page before = c->before, after = c->after;
	if (is_anon(after) && is_shared(before) && is_alone(after))
		return true;
	if (before.bits & after.bits & PT_HAS_FLAGS) {
		if (after.bits & PT_OWN && (!(before.bits & PT_OWN) || c->forked))
			return true;
		if (is_of_file(after) && after.bits & PT_DIRTY && !(before.bits & PT_DIRTY))
			return true;
	}
	return (after.bits & PT_SOFT_DIRTY && !(before.bits & PT_SOFT_DIRTY)) ||
	       (before.bits & PT_UFFD_WP && !(after.bits & PT_UFFD_WP));
}

/* Memory that was given back and touched again can come back in the same frame; what is locked can't be given back. */
static enum pt_fault_kind of_same_frame(const struct pt_fault_case *c)
{
	if (may_be_written_now(c))
		return PT_FAULT_WRITE_PROTECT;
	if (c->has_code) /* a page of a file that was dirty already, by somebody else's writing */
		return pt_page_kind(c->after) == PT_FILE ? PT_FAULT_WRITE_PROTECT : PT_FAULT_UNKNOWN;
	if (c->numa_balancing)
		return PT_FAULT_NUMA;
	return pt_vma_is_locked(c->vma) && is_anon(c->after) && !c->moved ? PT_FAULT_SPURIOUS : PT_FAULT_UNKNOWN;
}

static enum pt_fault_kind of_present(const struct pt_fault_case *c)
{
	bool huge_now = c->after.bits & PT_PMD && !(c->before.bits & PT_PMD);
	if (is_zero(c->before) && is_anon(c->after) && !huge_now)
		return PT_FAULT_ZERO_WRITE;
	if (is_zero(c->before)) /* it was given back and read again, or else somebody was first */
		return pt_vma_is_locked(c->vma) && is_zero(c->after) ? PT_FAULT_SPURIOUS : PT_FAULT_UNKNOWN;
	if (is_anon(c->before) && is_zero(c->after) && !c->has_code) /* likewise; or KSM took it for zeros */
		return c->merged ? PT_FAULT_UNKNOWN : of_absent(c);
	if (is_of_file(c->before) && is_anon(c->after))
		return pt_vma_is_copied(c->vma) ? PT_FAULT_COW : PT_FAULT_UNKNOWN;
	if (!c->before.pfn || !c->after.pfn) /* frames are hidden */
		return is_anon(c->after) && c->before.bits & PT_UFFD_WP && !(c->after.bits & PT_UFFD_WP)
			       ? PT_FAULT_WRITE_PROTECT
			       : PT_FAULT_UNKNOWN;
	if (c->before.pfn == c->after.pfn)
		return of_same_frame(c);
	if (is_of_file(c->before) && is_of_file(c->after))
		return c->moved ? PT_FAULT_UNKNOWN : PT_FAULT_FILE_MAP; /* dropped, and read again */
	return is_anon(c->before) && is_anon(c->after) ? of_other_frame(c) : PT_FAULT_UNKNOWN;
}

#define MOVE_NS                                                                                                        \
	10000000u /* a page that was seen on the move is still on it when it faults this much later, or hardly */

static enum pt_fault_kind of_before(const struct pt_fault_case *c)
{
	if (is_swapped(c->before))
		return of_swapped(c);
	if (pt_page_kind(c->before) == PT_MIGRATING)
		return c->age_ns <= MOVE_NS ? PT_FAULT_MIGRATION : PT_FAULT_UNKNOWN;
	return is_present(c->before) ? of_present(c) : of_absent(c);
}

/* ---- what the processor says ------------------------------------------------------------------------------------ */

/* Something was mapped, and was used in a way that it may not be: that is a write. */
static enum pt_fault_kind of_protected(const struct pt_fault_case *c)
{
	if (!c->write)
		return PT_FAULT_SPURIOUS;
	if (c->knew && is_present(c->before))
		return of_present(c);
	return pt_page_kind(c->after) == PT_FILE ? PT_FAULT_WRITE_PROTECT : PT_FAULT_UNKNOWN;
}

/* Something was seen before, but nothing was mapped when it faulted: it was hidden, moved or swapped out, or given back. */
static enum pt_fault_kind of_vanished(const struct pt_fault_case *c)
{
	bool same = c->before.pfn && c->before.pfn == c->after.pfn;
	if (same && c->numa_balancing)
		return PT_FAULT_NUMA;
	if (is_zero(c->before)) /* neither moved nor swapped out */
		return of_absent(c);
	if (c->moved)
		return pt_vma_is_locked(c->vma) && !same ? PT_FAULT_MIGRATION : PT_FAULT_UNKNOWN;
	return is_anon(c->before) && c->swapped ? PT_FAULT_UNKNOWN : of_absent(c);
}

/* Nothing was mapped. */
static enum pt_fault_kind of_unmapped(const struct pt_fault_case *c)
{
	if (c->knew)
		return is_present(c->before) ? of_vanished(c) : of_before(c);
	bool memory = is_anon(c->after) || pt_page_kind(c->after) == PT_PRESENT;
	return memory || c->after.bits & PT_PMD ? PT_FAULT_UNKNOWN : of_absent(c);
}

enum pt_fault_kind pt_fault_kind_of(const struct pt_fault_case *c)
{
	if (!c->knows || !is_present(c->after))
		return PT_FAULT_UNKNOWN;
	enum pt_fault_kind kind = c->major ? of_major(c) : PT_FAULT_UNKNOWN;
	if (kind != PT_FAULT_UNKNOWN)
		return kind;
	if (c->has_code)
		return c->present ? of_protected(c) : of_unmapped(c);
	return c->knew ? of_before(c) : PT_FAULT_UNKNOWN;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name, *words;
} kinds[PT_FAULT_KIND_N] = {
	[PT_FAULT_UNKNOWN] = {"unknown", "of unknown kind"},
	[PT_FAULT_FIRST_TOUCH] = {"first-touch", "first touch"},
	[PT_FAULT_HUGE] = {"huge", "huge page mapped"},
	[PT_FAULT_COW] = {"cow", "copied on write"},
	[PT_FAULT_ZERO_WRITE] = {"zero-write", "zero page written to"},
	[PT_FAULT_SWAP_IN] = {"swap-in", "swapped in"},
	[PT_FAULT_FILE_MAP] = {"file-map", "page of a file mapped"},
	[PT_FAULT_WRITE_PROTECT] = {"write-protect", "write-protection lifted"},
	[PT_FAULT_NUMA] = {"numa", "hint for NUMA balancing"},
	[PT_FAULT_MIGRATION] = {"migration", "moved to another frame"},
	[PT_FAULT_SPURIOUS] = {"spurious", "nothing differed"},
};

const char *pt_fault_kind_name(enum pt_fault_kind kind)
{
	return kinds[(unsigned)kind < PT_FAULT_KIND_N ? kind : PT_FAULT_UNKNOWN].name;
}

const char *pt_fault_kind_words(enum pt_fault_kind kind)
{
	return kinds[(unsigned)kind < PT_FAULT_KIND_N ? kind : PT_FAULT_UNKNOWN].words;
}
