/*
 * Ordinary memory: anonymous pages in their several states, page cache, shared memory, hugetlbfs.
 */
#include "core/explain/look.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/kernel/abi.h"

#define MAPPED_MAX 64
#define FOLIO_MAX  64

/* A written page of a private file mapping is a copy of the file's. */
static bool is_copy(const struct pt_look *look)
{
	return look->facts->vma.inode && !(look->facts->vma.perms & PT_SHARED);
}

static uint64_t file_offset(const struct pt_look *look)
{
	return look->facts->vma.offset + (look->facts->address - look->facts->vma.start);
}

void pt_tell_anonymous(struct pt_look *look)
{
	char mapped[MAPPED_MAX], folio[FOLIO_MAX];
	pt_look_mapped(look, mapped, sizeof mapped);
	pt_look_folio(look, folio, sizeof folio);
	if (is_copy(look))
		pt_say_headline(look, "Private copy of a page of %s, made when it was written%s, %s.", look->name,
				folio, mapped);
	else
		pt_say_headline(look, "Private anonymous page%s, %s.", folio, mapped);
	pt_look_count(look);
	if (is_copy(look))
		pt_say_reason(look,
			      "The file is unchanged: the mapping is private, so the write went to this copy, which "
			      "is anonymous memory and goes to swap, not to the file.");
	pt_say_frame_missing(look);
}

void pt_tell_cow(struct pt_look *look)
{
	char mapped[MAPPED_MAX], folio[FOLIO_MAX];
	pt_say_headline(look, "Anonymous page%s, shared copy-on-write since a fork(), %s.",
			pt_look_folio(look, folio, sizeof folio), pt_look_mapped(look, mapped, sizeof mapped));
	pt_look_count(look);
	if (pt_look_is_large(look))
		pt_say_reason(look,
			      "A write copies one base page of it and splits the huge mapping if there is one: so a "
			      "forked process loses its huge pages bit by bit.");
	pt_say_frame_missing(look);
}

void pt_tell_file(struct pt_look *look)
{
	char mapped[MAPPED_MAX], folio[FOLIO_MAX];
	pt_say_headline(look, "Page cache of %s, file offset 0x%" PRIx64 "%s, %s.", look->name, file_offset(look),
			pt_look_folio(look, folio, sizeof folio), pt_look_mapped(look, mapped, sizeof mapped));
	pt_look_count(look);
	if (!(look->facts->vma.perms & PT_SHARED) && look->facts->vma.perms & PT_WRITE)
		pt_say_reason(look, "The mapping is private and writable, but this page was only read so far: a write "
				    "makes a private anonymous copy and leaves the file alone.");
	pt_say_frame_missing(look);
}

void pt_tell_shmem(struct pt_look *look)
{
	char mapped[MAPPED_MAX], folio[FOLIO_MAX];
	pt_say_headline(look, "Shared memory, a page of %s at offset 0x%" PRIx64 "%s, %s.", look->name,
			file_offset(look), pt_look_folio(look, folio, sizeof folio),
			pt_look_mapped(look, mapped, sizeof mapped));
	pt_look_count(look);
	if (look->has_flags)
		pt_say_reason(look,
			      "It lives in a file without a disk (tmpfs): memory pressure can only swap it out. "
			      "Evidence: not ANONYMOUS%s in kpageflags.",
			      look->flags & KPF(SWAPBACKED) ? ", but SWAPBACKED," : "");
	pt_say_frame_missing(look);
}

void pt_tell_ksm(struct pt_look *look)
{
	char count[32] = "many";
	if (look->has_count)
		snprintf(count, sizeof count, "%" PRIu64, look->count);
	if (look->has_count && look->count == 1)
		pt_say_headline(look, "Page merged by KSM, the last of those that had equal contents.");
	else
		pt_say_headline(look,
				"Page merged by KSM: one read-only frame stands in for %s pages of equal contents.",
				count);
	pt_look_count(look);
	pt_say_reason(look, "Evidence: KSM in kpageflags%s.",
		      pt_look_vm(look, PT_VM_MERGEABLE) ? ", and the VMA is MADV_MERGEABLE" : "");
}

void pt_tell_hugetlb(struct pt_look *look)
{
	char mapped[MAPPED_MAX], size[24], of[32] = "";
	if (look->facts->folio_pages.known)
		snprintf(of, sizeof of, " of %s",
			 pt_say_size(look->facts->folio_pages.value << look->facts->page_shift, size, sizeof size));
	pt_say_headline(look, "Part of a hugetlbfs page%s, %s.", of, pt_look_mapped(look, mapped, sizeof mapped));
	pt_look_count(look);
	pt_say_reason(look,
		      "It comes from the pool of reserved huge pages: it is never swapped, and smaps leaves it out of "
		      "Rss and Pss (see Private_Hugetlb and Shared_Hugetlb).");
	pt_say_frame_missing(look);
}

void pt_tell_lazyfree(struct pt_look *look)
{
	char mapped[MAPPED_MAX];
	pt_say_headline(look,
			"Anonymous page given up with MADV_FREE: the kernel may drop it without writing it anywhere, "
			"and whoever reads it then sees zeroes.");
	pt_look_count(look);
	pt_say_reason(look,
		      "Until memory runs short it stays and counts in RSS, %s. Evidence: ANONYMOUS without SWAPBACKED "
		      "and DIRTY in kpageflags.",
		      pt_look_mapped(look, mapped, sizeof mapped));
	pt_say_reason(look,
		      "It may have been rewritten since, and then it is not dropped: nothing exposes the PTE dirty "
		      "bit, so a page that is in use again looks the same here.");
}
