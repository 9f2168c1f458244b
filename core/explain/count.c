/*
 * Why a page that is counted has the map count it has. Pages that are never counted (zero pages, device memory) and
 * those caught changing say so in their own tellers.
 *
 * kpagecount counts mappings: one process can map a page twice, and a huge mapping counts once for each of its pages.
 * Where the kernel keeps no counts per page, it is the average over the folio.
 */
#include "core/explain/look.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/kernel/abi.h"

/* The second half of "kpagecount is N: ..." for one mapping and for several. NULL: the other line says it too. */
static const struct {
	const char *one, *many;
} whys[PT_CAUSE_N] = {
	[PT_CAUSE_ANONYMOUS] = {"only this process maps it. If it was shared by a fork(), the others have since made "
				"their own copy or ended",
				NULL},
	[PT_CAUSE_ANONYMOUS_SHARED_COW] = {NULL,
					   "since a fork() this process and its relatives read the same frame; the "
					   "first to write gets a copy of its own, and the count drops by one"},
	[PT_CAUSE_FILE] =
		{"no other process maps this page of the file now. The page cache would keep it without any "
		 "mapping",
		 "each mapping of this page of the file counts, most often one for each process that uses it"},
	[PT_CAUSE_SHMEM] =
		{"nothing else maps this page of the shared memory now. Others may share that memory without "
		 "having touched this page",
		 "everyone who shares this memory and has touched this page counts"},
	[PT_CAUSE_KSM] = {"the other pages that were merged into it are gone or were written to",
			  "that many pages with equal contents were merged into this frame, all of one process or of "
			  "several; whoever writes to one gets a copy of its own"},
	[PT_CAUSE_HUGETLB] = {"only this process maps it",
			      "a fork() or a shared mapping of hugetlbfs maps it as often"},
	[PT_CAUSE_LAZYFREE] = {"only this process maps it", "since a fork() this process and its relatives map it"},
	[PT_CAUSE_KERNEL_MAPPED] = {"it is mapped to this process once. The kernel's own use of it does not count",
				    "one frame serves all, and each process that has touched it counts"},
	[PT_CAUSE_POISONED] = {"only this process maps it", "others map the same frame"},
};

bool pt_look_is_large(const struct pt_look *look)
{
	return look->flags & KPF(THP) || (look->flags & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL))) ||
	       look->categories & PS_HUGE;
}

/* The count is the folio's average, or may be: said only where it makes a difference. */
static bool is_average(const struct pt_look *look)
{
	return pt_look_is_large(look) && !(look->flags & KPF(HUGE)) &&
	       look->facts->signals.of[PT_SIG_MAP_COUNT].given == PT_APPROXIMATE;
}

const char *pt_look_mapped(const struct pt_look *look, char *ret, size_t size)
{
	const bool once = look->has_count ? look->count == 1 : look->entry & PM_EXCLUSIVE;
	const char *about = look->has_count && is_average(look) ? "about " : "";
	if (!look->has_count && !pt_look_has_exclusive(look))
		snprintf(ret, size, "its map count not known");
	else if (once)
		snprintf(ret, size, "mapped %sonce%s", about, *about ? "" : ": by this process alone");
	else if (look->has_count)
		snprintf(ret, size, "mapped %s%" PRIu64 " times", about, look->count);
	else
		snprintf(ret, size, "mapped more than once");
	return ret;
}

/*
 * Without kpagecount, pagemap still says whether the page is mapped exactly once. Where the whole frame is hidden, the
 * teller says so further down, with what grants it.
 */
static void say_uncounted(struct pt_look *look)
{
	const char *const what = !pt_look_has_exclusive(look) ? "The map count is not known"
				 : look->entry & PM_EXCLUSIVE ? "Mapped exactly once, as pagemap bit 56 says"
							      : "Mapped more than once, as pagemap bit 56 is not set";
	if (!look->facts->pfn || !look->has_flags)
		pt_say_reason(look, "%s.", what);
	else
		pt_say_missing(look, what, PT_SIG_KPAGECOUNT);
}

static void say_share(struct pt_look *look)
{
	const uint64_t page = 1ull << (look->facts->page_shift & 63);
	if (look->count > 1)
		pt_say_reason(
			look,
			"The count is of mappings, not of processes: one process can map a page several times. PSS "
			"charges 1/%" PRIu64 " of the page here, %" PRIu64 " bytes.",
			look->count, page / look->count);
}

/* Bit 56 and the count can disagree without either being wrong. */
static void say_disagreement(struct pt_look *look)
{
	const bool bit = look->entry & PM_EXCLUSIVE;
	if (!pt_look_has(look, PT_SIG_EXCLUSIVE) || !pt_look_is_large(look) || bit == (look->count == 1))
		return;
	pt_say_reason(look,
		      "Pagemap bit 56 (mapped exactly once) is %sset all the same: in a large folio it can tell of "
		      "another page of the folio, in a huge mapping of the first.",
		      bit ? "" : "not ");
}

void pt_look_count(struct pt_look *look)
{
	const enum pt_cause cause = look->out->cause;
	if (!look->has_count) {
		say_uncounted(look);
		return;
	}
	const char *one = whys[cause].one, *many = whys[cause].many;
	const char *why = (look->count > 1 && many) || !one ? many : one;
	if (is_average(look))
		pt_say_reason(look,
			      "kpagecount is %" PRIu64
			      ", which may be the average over the folio: in a large folio this "
			      "kernel keeps, as far as could be found out, no count per page.",
			      look->count);
	else
		pt_say_reason(look, "kpagecount is %" PRIu64 ": %s.", look->count, why ? why : "its mappings");
	if (cause != PT_CAUSE_HUGETLB)
		say_share(look);
	say_disagreement(look);
}

/* A page table is one page of 8-byte entries, each for one page. */
uint64_t pt_look_huge_size(const struct pt_look *look)
{
	const unsigned shift = look->facts->page_shift;
	return 1ull << (shift < 12 || shift > 16 ? 21 : 2 * shift - 3);
}

const char *pt_look_folio(const struct pt_look *look, char *ret, size_t size)
{
	const struct pt_facts *facts = look->facts;
	char pages[24];
	const uint64_t huge = pt_look_huge_size(look);
	const uint64_t folio = facts->folio_pages.known ? facts->folio_pages.value << (facts->page_shift & 63) : 0;
	ret[0] = '\0';
	if (look->categories & PS_HUGE)
		snprintf(ret, size, ", part of a %s huge page",
			 pt_say_size(folio > huge ? folio : huge, pages, sizeof pages));
	else if (pt_look_is_large(look) && folio)
		snprintf(ret, size, ", in a large folio of %s", pt_say_size(folio, pages, sizeof pages));
	else if (pt_look_is_large(look))
		snprintf(ret, size, ", in a large folio");
	return ret;
}
