/*
 * Asides: what is worth knowing of a present page besides what it is and who maps it.
 */
#include "core/explain/look.h"

#include <inttypes.h>

#include "core/kernel/abi.h"

/* A large folio is not a huge mapping: KPF_THP says the one, PAGEMAP_SCAN the other. */
static void say_huge(struct pt_look *look)
{
	char size[24];
	if (look->out->cause == PT_CAUSE_HUGETLB)
		return; /* in its own sizes, and never anything but huge */
	if (look->categories & PS_HUGE)
		pt_say_reason(
			look,
			"Mapped huge: one entry of the page middle directory maps all %s of it (PAGEMAP_SCAN says "
			"HUGE).",
			pt_say_size(pt_look_huge_size(look), size, sizeof size));
	else if (look->flags & KPF(THP) && look->has_categories)
		pt_say_reason(
			look,
			"THP in kpageflags means a large folio only: it is mapped page by page (PAGEMAP_SCAN does "
			"not say HUGE).");
	else if (look->flags & KPF(THP))
		pt_say_missing(look, "THP in kpageflags means a large folio; whether it is mapped huge is not known",
			       PT_SIG_PAGEMAP_SCAN);
}

static void say_dirty(struct pt_look *look)
{
	const bool anonymous = look->flags & KPF(ANON);
	if (look->flags & KPF(WRITEBACK))
		pt_say_reason(look, "It is being written to %s right now (WRITEBACK).",
			      anonymous ? "swap" : "its file");
	if (anonymous && look->flags & KPF(SWAPCACHE))
		pt_say_reason(look, "A swap slot belongs to it as well (SWAPCACHE)%s.",
			      look->flags & KPF(DIRTY) ? ", but the copy there is stale or not written yet (DIRTY)"
						       : ": unless it is written to, it can be dropped without I/O");
	if (look->out->cause != PT_CAUSE_FILE)
		return;
	if (look->flags & KPF(DIRTY))
		pt_say_reason(look, "DIRTY: it holds data that the file on disk does not have yet.");
	else if (look->facts->vma.perms & PT_SHARED && look->facts->vma.perms & PT_WRITE)
		pt_say_reason(
			look,
			"Not DIRTY as far as the kernel knows: a write through the mapping sets a bit in the page "
			"table entry first, which nothing exposes page by page. smaps' *_Dirty counts it.");
}

static void say_locks(struct pt_look *look)
{
	if (look->flags & KPF(MLOCKED))
		pt_say_reason(look, "Locked into memory by mlock (MLOCKED): reclaim and swap pass it by.");
	else if (look->flags & KPF(UNEVICTABLE))
		pt_say_reason(look, "UNEVICTABLE: reclaim and swap pass it by.");
	if (look->flags & KPF(LOCKED))
		pt_say_reason(look, "LOCKED right now: the kernel is at work on it, as during I/O or migration.");
}

static void say_access(struct pt_look *look)
{
	if (!(look->facts->vma.perms & (PT_READ | PT_WRITE | PT_EXEC)))
		pt_say_reason(
			look,
			"The VMA has no permissions (PROT_NONE): nobody can touch the page, but it still holds its "
			"contents and counts in RSS.");
	if (look->entry & PM_UFFD_WP)
		pt_say_reason(look,
			      "Write-protected by userfaultfd (bit 57): a write will be reported to its handler.");
}

static void say_soft_dirty(struct pt_look *look)
{
	if (look->entry & PM_SOFT_DIRTY && pt_look_has(look, PT_SIG_SOFT_DIRTY))
		pt_say_reason(look, "Written or newly mapped since the soft-dirty bits were last cleared (bit 55).");
}

static void say_ksm(struct pt_look *look)
{
	if (look->flags & KPF(KSM) && look->out->cause != PT_CAUSE_KSM && pt_look_vm(look, PT_VM_MERGEABLE))
		pt_say_missing(look, "Whether KSM merged it cannot be told", PT_SIG_KSM);
}

void pt_look_asides(struct pt_look *look)
{
	say_huge(look);
	say_ksm(look);
	say_dirty(look);
	say_locks(look);
	say_access(look);
	say_soft_dirty(look);
}
