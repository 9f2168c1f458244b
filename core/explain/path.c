/*
 * See path.h. The level that maps the page is the lowest, but for huge pages: those of PAGEMAP_SCAN's word, and of
 * hugetlb by their size.
 */
#include "core/explain/path.h"

#include "core/kernel/abi.h"

#define ENTRY_SHIFT 3 /* log2 of an entry's bytes, on all machines of 64 bits */
#define ADDRESS_BITS                                                                                                   \
	48 /* what a level above these would tell apart, no address of a process uses without asking for it */

static unsigned level_shift(const struct pt_facts *facts, unsigned level)
{
	return facts->page_shift + level * (facts->page_shift - ENTRY_SHIFT);
}

/* 0: by an entry of the lowest table. */
static unsigned mapping_level(const struct pt_facts *facts)
{
	bool huge = facts->categories.known && facts->categories.value & PS_HUGE;
	uint64_t bytes = facts->folio_pages.known ? facts->folio_pages.value << facts->page_shift : 0;
	if (!huge)
		return 0;
	return facts->vma.role == PT_ROLE_HUGETLB && bytes >> level_shift(facts, 2) ? 2 : 1;
}

static const char *absent_holds(uint64_t entry)
{
	if (entry & PM_SWAP)
		return "where the page was put: swap, or a note for the kernel";
	if (entry & (PM_GUARD | PM_UFFD_WP))
		return "a marker: no page";
	return "nothing: a touch is a page fault, and the kernel then puts a frame here";
}

static const char *leaf_holds(const struct pt_facts *facts, unsigned level)
{
	if (!(facts->pagemap.value & PM_PRESENT))
		return absent_holds(facts->pagemap.value);
	if (level > 0)
		return "the frames of a huge page, all at once";
	if (!facts->categories.known)
		return "the frame, unless a huge page is mapped by the entry above";
	return "the frame";
}

void pt_explain_path(const struct pt_facts *facts, struct pt_path *ret)
{
	static const char *const names[PT_PATH_LEVELS] = {"PTE", "PMD", "PUD", "PGD"};
	ret->n = 0;
	if (!facts->mapped || !facts->pagemap.known || facts->page_shift < 12 || facts->page_shift > 16)
		return;
	unsigned last = mapping_level(facts);
	uint64_t entries = 1ull << (facts->page_shift - ENTRY_SHIFT);
	for (unsigned level = PT_PATH_LEVELS; level-- > last;) {
		unsigned shift = level_shift(facts, level);
		if (shift >= ADDRESS_BITS)
			continue;
		ret->steps[ret->n] = (struct pt_path_step){
			.name = ret->n == 0 ? "PGD" : names[level],
			.entry = facts->address >> shift & (entries - 1),
			.bytes = 1ull << shift,
			.holds = level == last ? leaf_holds(facts, level) : NULL,
		};
		ret->n++;
	}
}
