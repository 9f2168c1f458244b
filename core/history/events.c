/*
 * What became of one page, from what it was and what it is; and the names of events. See ledger.h.
 *
 * Each question is asked of facts that both know: a page whose flags or frame were not read gives no event that needs
 * them. So a page that was first only seen and then read has no events for that.
 */
#include "core/history/ledger.h"

static bool is_zero(struct pt_page page)
{
	return pt_page_kind(page) == PT_ZERO || pt_page_kind(page) == PT_ZERO_HUGE;
}

static bool is_swapped(struct pt_page page)
{
	return pt_page_kind(page) == PT_SWAP || pt_page_kind(page) == PT_SWAP_SHMEM;
}

/* A frame of its own kind stands behind it, or is on its way to another place. */
static bool in_memory(struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	return kind == PT_MIGRATING || (pt_kind_present(kind) && !is_zero(page));
}

bool pt_page_holds(struct pt_page page)
{
	return in_memory(page) || is_swapped(page);
}

/* ---- the same under two names ----------------------------------------------------------------------------------- */

/* Markers and migration entries, which who may not see PFNs takes for swapped pages. */
static bool can_be_swap(struct pt_page page)
{
	switch (pt_page_kind(page)) {
	case PT_GUARD:
	case PT_UFFD_MARKER:
	case PT_POISON:
	case PT_MIGRATING: return true;
	default: return false;
	}
}

static bool is_vague_swap(struct pt_page page)
{
	return pt_page_kind(page) == PT_SWAP && !page.pfn;
}

/* Of the huge zero page PAGEMAP_SCAN does not tell, and kernels without it of none: that is for the flags to say. */
static bool may_be_zero(struct pt_page page)
{
	return in_memory(page) && !(page.bits & (PT_HAS_FLAGS | PT_EXCLUSIVE));
}

/* Whether one may be what the other was, better known: then nothing can be said of it. */
static bool may_be_same(struct pt_page before, struct pt_page after)
{
	if (is_zero(before) && may_be_zero(after))
		return pt_page_kind(before) == PT_ZERO_HUGE && after.bits & PT_PMD;
	if (may_be_zero(before) && is_zero(after))
		return after.bits & PT_HAS_FLAGS || pt_page_kind(after) == PT_ZERO_HUGE;
	return (is_vague_swap(before) && can_be_swap(after)) || (can_be_swap(before) && is_vague_swap(after));
}

/* ---- whose memory it is ----------------------------------------------------------------------------------------- */

enum nature { UNSURE, ANONYMOUS, OF_FILE, SHARED_MEMORY };

/* Without its flags a page is what its VMA makes of it, which may turn out wrong, but for what pagemap says. */
static enum nature nature(struct pt_page page)
{
	switch (pt_page_kind(page)) {
	case PT_ANON:
	case PT_SWAP: return ANONYMOUS;
	case PT_FILE: return OF_FILE;
	case PT_SHMEM:
	case PT_SWAP_SHMEM: return SHARED_MEMORY;
	default: return UNSURE;
	}
}

static bool is_backed(enum nature n)
{
	return n == OF_FILE || n == SHARED_MEMORY;
}

/* An anonymous page gave way to one of the file behind it: it is gone, and another is here. */
static bool is_replaced(struct pt_page before, struct pt_page after)
{
	return nature(before) == ANONYMOUS && is_backed(nature(after)) && pt_page_holds(after) &&
	       !(after.bits & PT_PMD && may_be_zero(after));
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static bool other_frame(struct pt_page before, struct pt_page after)
{
	return pt_kind_present(pt_page_kind(before)) && pt_kind_present(pt_page_kind(after)) && before.pfn &&
	       after.pfn && before.pfn != after.pfn;
}

enum share { UNKNOWN, ONCE, MORE };

/*
 * Pagemap's word comes with the frame; its count is read a moment later, when the page may have been copied to another
 * frame already. But the one entry that was read of a huge page speaks for its first page alone.
 */
static enum share share(struct pt_page page)
{
	if (!pt_kind_present(pt_page_kind(page)) || is_zero(page))
		return UNKNOWN;
	if (page.bits & PT_HAS_EXCLUSIVE && !(page.bits & PT_PMD && page.bits & PT_HAS_COUNT))
		return page.bits & PT_EXCLUSIVE ? ONCE : MORE;
	return !(page.bits & PT_HAS_COUNT) ? UNKNOWN : page.count > 1 ? MORE : ONCE;
}

static bool both_flags(struct pt_page before, struct pt_page after)
{
	return before.bits & after.bits & PT_HAS_FLAGS;
}

/* Written to, so that this mapping got a frame of its own. */
static bool is_copied(struct pt_page before, struct pt_page after)
{
	enum pt_kind was = pt_page_kind(before), is = pt_page_kind(after);
	if (is == PT_ANON && (was == PT_FILE || was == PT_SHMEM))
		return before.bits & (PT_HAS_FLAGS | PT_HAS_EXCLUSIVE) &&
		       !(before.bits & PT_PMD && may_be_zero(before));
	if (was != is || (is != PT_ANON && is != PT_HUGETLB) || !other_frame(before, after))
		return false;
	if (both_flags(before, after) && before.bits & PT_KSM)
		return !(after.bits & PT_KSM);
	return share(before) == MORE && share(after) == ONCE;
}

/* KSM takes away a page's own frame, and gives it that of the others. */
static bool is_merged(struct pt_page before, struct pt_page after)
{
	return both_flags(before, after) && !(before.bits & PT_KSM) && after.bits & PT_KSM;
}

static bool is_mapped_huge(struct pt_page page)
{
	return page.bits & PT_PMD && in_memory(page) && pt_page_kind(page) != PT_HUGETLB;
}

static bool is_split(struct pt_page before, struct pt_page after)
{
	if (!in_memory(after) || pt_page_kind(after) == PT_MIGRATING)
		return false;
	if (is_mapped_huge(before) && !is_mapped_huge(after))
		return true;
	return both_flags(before, after) && before.pfn == after.pfn && before.bits & PT_LARGE &&
	       !(after.bits & PT_LARGE);
}

static uint32_t frame_events(struct pt_page before, struct pt_page after)
{
	uint32_t events = 0;
	if (is_mapped_huge(after) && !is_mapped_huge(before) && pt_page_kind(before) != PT_MIGRATING)
		events |= 1u << PT_COLLAPSED;
	else if (is_copied(before, after))
		events |= 1u << PT_COW_BROKEN;
	else if (other_frame(before, after) && !is_merged(before, after))
		events |= 1u << PT_MIGRATED;
	if (is_split(before, after))
		events |= 1u << PT_SPLIT;
	if (share(before) == ONCE && share(after) == MORE)
		events |= 1u << PT_SHARED_NOW;
	if (share(before) == MORE && share(after) == ONCE)
		events |= 1u << PT_PRIVATE_NOW;
	return events;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* Whether it is known that a page did not have a flag, or that there was no page to have it. */
static bool had_not(struct pt_page before, uint32_t flag, uint32_t read)
{
	return !(before.bits & flag) && (before.bits & read || !in_memory(before));
}

static uint32_t flag_events(struct pt_page before, struct pt_page after)
{
	const uint32_t entry = PT_HAS_EXCLUSIVE | PT_HAS_FLAGS; /* either says that pagemap was read */
	uint32_t events = 0;
	if (after.bits & PT_LAZYFREE && had_not(before, PT_LAZYFREE, PT_HAS_FLAGS))
		events |= 1u << PT_LAZYFREED;
	if (after.bits & PT_SOFT_DIRTY && had_not(before, PT_SOFT_DIRTY, entry) && !is_vague_swap(before))
		events |= 1u << PT_WRITTEN;
	return events;
}

uint32_t pt_page_events(struct pt_page before, struct pt_page after)
{
	bool held = pt_page_holds(before), holds = pt_page_holds(after);
	if ((!held && !holds) || may_be_same(before, after))
		return 0;
	uint32_t events = flag_events(before, after);
	if (held && holds && is_replaced(before, after))
		return events | 1u << PT_FREED | 1u << PT_BORN;
	if (!held)
		events |= 1u << PT_BORN;
	if (!holds)
		events |= 1u << PT_FREED;
	if (is_swapped(after) && !is_swapped(before))
		events |= 1u << PT_SWAPPED_OUT;
	if (is_swapped(before) && in_memory(after))
		events |= 1u << PT_SWAPPED_IN;
	if (held && holds)
		events |= frame_events(before, after);
	return events;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name, *words;
} events[PT_EVENT_N] = {
	[PT_BORN] = {"born", "came into being"},
	[PT_FREED] = {"freed", "given back"},
	[PT_SWAPPED_OUT] = {"swapped-out", "swapped out"},
	[PT_SWAPPED_IN] = {"swapped-in", "swapped in"},
	[PT_COW_BROKEN] = {"cow-broken", "copied on write"},
	[PT_COLLAPSED] = {"collapsed", "collapsed into a huge page"},
	[PT_SPLIT] = {"split", "split off a huge page"},
	[PT_MIGRATED] = {"migrated", "moved to another frame"},
	[PT_SHARED_NOW] = {"shared-now", "became shared"},
	[PT_PRIVATE_NOW] = {"private-now", "became private"},
	[PT_LAZYFREED] = {"lazyfreed", "given up with MADV_FREE"},
	[PT_WRITTEN] = {"written", "written"},
	[PT_MOVED] = {"moved", "moved by mremap"},
};

const char *pt_event_name(enum pt_event event)
{
	return (unsigned)event < PT_EVENT_N ? events[event].name : "unknown";
}

const char *pt_event_words(enum pt_event event)
{
	return (unsigned)event < PT_EVENT_N ? events[event].words : "unknown";
}

const char *pt_vma_event_name(enum pt_vma_event event)
{
	static const char *const names[PT_VMA_EVENT_N] = {
		[PT_VMA_CREATED] = "created", [PT_VMA_GROWN] = "grown", [PT_VMA_SHRUNK] = "shrunk",
		[PT_VMA_MOVED] = "moved",     [PT_VMA_SPLIT] = "split", [PT_VMA_MERGED] = "merged",
		[PT_VMA_GONE] = "gone",
	};
	return (unsigned)event < PT_VMA_EVENT_N ? names[event] : "unknown";
}
