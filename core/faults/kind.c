/*
 * See kind.h. Each rule asks facts that both sides know; the order is that of how much a fact leaves open.
 */
#include "core/faults/kind.h"

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

static bool frames_known(const struct pt_fault_case *c)
{
	return c->before.pfn && c->after.pfn;
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

/* Nothing was mapped there. */
static enum pt_fault_kind of_absent(const struct pt_fault_case *c)
{
	bool copies = c->vma && c->vma->inode && !(c->vma->perms & PT_SHARED);
	switch (pt_page_kind(c->after)) {
	case PT_ANON: return copies ? PT_FAULT_COW : PT_FAULT_FIRST_TOUCH;
	case PT_ZERO:
	case PT_HUGETLB: return PT_FAULT_FIRST_TOUCH;
	case PT_ZERO_HUGE: return PT_FAULT_HUGE;
	case PT_FILE:
	case PT_SHMEM: return PT_FAULT_FILE_MAP;
	case PT_PRESENT: return c->vma && !c->vma->inode ? PT_FAULT_FIRST_TOUCH : PT_FAULT_UNKNOWN;
	default: return PT_FAULT_UNKNOWN;
	}
}

static enum pt_fault_kind of_other_frame(const struct pt_fault_case *c)
{
	bool copied = is_shared(c->before) || is_of_file(c->before) || c->before.bits & PT_KSM;
	if (pt_page_kind(c->after) == PT_ANON && copied)
		return PT_FAULT_COW;
	return is_alone(c->before) ? PT_FAULT_MIGRATION : PT_FAULT_UNKNOWN;
}

/* Bits that tell that the page may be written to now, and could not be before. */
static bool may_be_written_now(const struct pt_fault_case *c)
{
	struct pt_page before = c->before, after = c->after;
	if (is_shared(before) && is_alone(after))
		return true;
	if (before.bits & after.bits & PT_HAS_FLAGS && is_of_file(after) && after.bits & PT_DIRTY &&
	    !(before.bits & PT_DIRTY))
		return true;
	return after.bits & PT_SOFT_DIRTY && !(before.bits & PT_SOFT_DIRTY);
}

static enum pt_fault_kind of_same_frame(const struct pt_fault_case *c)
{
	if (may_be_written_now(c))
		return PT_FAULT_WRITE_PROTECT;
	return c->numa_balancing ? PT_FAULT_NUMA : PT_FAULT_SPURIOUS;
}

enum pt_fault_kind pt_fault_kind_of(const struct pt_fault_case *c)
{
	if (!c->knows || !is_present(c->after))
		return PT_FAULT_UNKNOWN;
	if (!c->knew)
		return PT_FAULT_UNKNOWN;
	if (is_swapped(c->before))
		return PT_FAULT_SWAP_IN;
	if (pt_page_kind(c->before) == PT_MIGRATING)
		return PT_FAULT_MIGRATION;
	if (c->after.bits & PT_PMD && !(c->before.bits & PT_PMD) && pt_page_kind(c->after) != PT_HUGETLB)
		return PT_FAULT_HUGE;
	if (!is_present(c->before))
		return of_absent(c);
	if (is_zero(c->before))
		return is_zero(c->after) ? PT_FAULT_SPURIOUS : PT_FAULT_ZERO_WRITE;
	if (is_of_file(c->before) && pt_page_kind(c->after) == PT_ANON)
		return PT_FAULT_COW;
	if (!frames_known(c))
		return PT_FAULT_UNKNOWN;
	return c->before.pfn == c->after.pfn ? of_same_frame(c) : of_other_frame(c);
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
