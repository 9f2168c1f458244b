/*
 * What is not ordinary memory: zero pages, the kernel's own, devices; and what could not be seen or was seen changing.
 * Most present pages with a map count of 0 are told here, so each says on what evidence.
 */
#include "core/explain/look.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/kernel/abi.h"

/* ---- zero pages ------------------------------------------------------------------------------------------------- */

/* "ZERO_PAGE and RESERVED in kpageflags, PFNZERO by PAGEMAP_SCAN" */
static const char *zero_evidence(const struct pt_look *look, char *ret, size_t size)
{
	const bool flag = look->flags & KPF(ZERO_PAGE), scan = look->categories & PS_PFNZERO;
	snprintf(ret, size, "%s%s%s%s", flag ? "ZERO_PAGE" : "",
		 flag && look->flags & KPF(RESERVED) ? " and RESERVED" : "", flag ? " in kpageflags" : "",
		 scan ? flag ? ", PFNZERO by PAGEMAP_SCAN" : "PFNZERO by PAGEMAP_SCAN" : "");
	return ret;
}

static void say_zero(struct pt_look *look, const char *which)
{
	char evidence[96];
	pt_say_reason(
		look,
		"%s because %s is not counted: every process that reads memory it never wrote maps the same frame. "
		"Evidence: %s.",
		look->has_count ? look->count ? "kpagecount means nothing here" : "kpagecount is 0"
				: "There is no map count",
		which, zero_evidence(look, evidence, sizeof evidence));
	pt_say_reason(look,
		      "Present, but no part of Rss in smaps. The first write puts a page of its own in its place.");
}

void pt_tell_zero(struct pt_look *look)
{
	pt_say_headline(look, "The shared zero page: read here, never written, so it takes no memory of its own.");
	say_zero(look, "the zero page");
	if (pt_look_vm(look, PT_VM_MERGEABLE))
		pt_say_reason(look,
			      "The VMA is MADV_MERGEABLE: with use_zero_pages, KSM also puts the zero page in place of "
			      "written pages that hold only zeroes.");
}

void pt_tell_huge_zero(struct pt_look *look)
{
	char size[24];
	pt_say_size(pt_look_huge_size(look), size, sizeof size);
	pt_say_headline(
		look, "Part of the shared huge zero page (%s): read here, never written, so it takes no memory.", size);
	say_zero(look, "the huge zero page");
}

/* ---- the kernel's own ------------------------------------------------------------------------------------------- */

/* What such a mapping is, by its role. */
static const char *kernel_mapping(const struct pt_look *look)
{
	switch (look->facts->vma.role) {
	case PT_ROLE_VDSO: return "code of the vDSO, which lets programs read the clock without a system call";
	case PT_ROLE_VVAR: return "data that the vDSO reads, such as the clock";
	case PT_ROLE_VSYSCALL: return "the vsyscall page, at a fixed address outside the process's page tables";
	case PT_ROLE_DEVICE: return "a buffer of a driver, a ring of io_uring or perf, a packet ring or the like";
	default: return "memory of the kernel's own, mapped for this process to use";
	}
}

/* Nothing in pagemap, whatever is there. */
static void say_bare(struct pt_look *look)
{
	const struct pt_vma *vma = &look->facts->vma;
	if (vma->role == PT_ROLE_VSYSCALL)
		pt_say_reason(look,
			      "Pagemap has no entry for it: it lies above the addresses of processes. So no flags and "
			      "no count can be looked up.");
	else if (vma->has_vm_flags)
		pt_say_reason(
			look,
			"Pagemap shows an empty entry here whether it was touched or not, so no flags and no count "
			"can be looked up. Evidence: VmFlags of smaps have %s (mapped by bare frame number).",
			pt_look_vm(look, PT_VM_PFNMAP) ? "pf" : "io");
	else
		pt_say_reason(
			look,
			"Pagemap shows an empty entry: such mappings are mostly made of bare frame numbers, which "
			"it leaves out, or nothing was touched yet.");
}

static void say_bare_headline(struct pt_look *look)
{
	const bool named = look->facts->vma.role != PT_ROLE_VSYSCALL && look->facts->path[0];
	pt_say_headline(look, "Memory of the kernel or a device, not of the process%s%s%s: %s.", named ? " (" : "",
			named ? look->name : "", named ? ")" : "", kernel_mapping(look));
}

void pt_tell_kernel(struct pt_look *look)
{
	char mapped[64];
	const bool named = look->facts->path[0], uncounted = look->has_count && !look->count;
	if (!(look->entry & PM_PRESENT)) {
		say_bare_headline(look);
		say_bare(look);
		return;
	}
	pt_say_headline(look, "Page of the kernel%s%s%s, %s.", named ? " (" : "", named ? look->name : "",
			named ? ")" : "",
			uncounted ? "mapped without being counted" : pt_look_mapped(look, mapped, sizeof mapped));
	if (uncounted)
		pt_say_reason(look,
			      "kpagecount is 0 because the kernel maps this page of its own without counting it. "
			      "Evidence: RESERVED in kpageflags%s.",
			      look->flags & KPF(MMAP) ? "" : ", and not MMAP");
	else
		pt_look_count(look);
	pt_say_reason(look, "It is %s.", kernel_mapping(look));
	if (look->has_flags && !uncounted)
		pt_say_reason(look, "Evidence: %s.",
			      look->flags & KPF(RESERVED) ? "RESERVED in kpageflags"
			      : look->flags & KPF(SLAB)
				      ? "SLAB in kpageflags"
				      : "in kpageflags neither ANONYMOUS nor SWAPBACKED, and no file on disk "
					"whose page cache it could be");
	pt_say_frame_missing(look);
}

/* ---- devices ---------------------------------------------------------------------------------------------------- */

/* Why the kernel shows nothing of a frame, on what evidence; NULL if it does show something. */
static const char *unmanaged_why(const struct pt_look *look)
{
	if (!look->has_flags)
		return "/proc/kpageflags ends before this frame: the kernel has no struct page for it to count in";
	if (look->flags & KPF(NOPAGE))
		return "the kernel has no struct page for this frame to count in. Evidence: NOPAGE in kpageflags";
	if (look->flags & KPF(OFFLINE))
		return "the frame is out of use. Evidence: OFFLINE in kpageflags (memory taken offline, or a balloon)";
	if (!look->flags)
		return "the kernel shows nothing of this frame. Evidence: kpageflags is 0 too, and pagemap had the "
		       "same "
		       "frame before and after, so it was not freed in between";
	return NULL;
}

void pt_tell_device(struct pt_look *look)
{
	const char *why = unmanaged_why(look);
	const char *zero = look->has_count && !look->count ? "kpagecount is 0" : "There is no map count to go by";
	if (why) {
		pt_say_headline(look,
				"A frame that the kernel does not manage as memory (PFN 0x%" PRIx64 "): a device's, "
				"persistent memory (DAX), or memory taken offline.",
				look->facts->pfn);
		pt_say_reason(look, "%s because %s.", zero, why);
		return;
	}
	pt_say_headline(look, "A frame of a driver or device (PFN 0x%" PRIx64 "), mapped without being counted.",
			look->facts->pfn);
	pt_say_reason(look,
		      "%s because the page table entry is a special one, which the kernel does not take for a page of "
		      "memory. Evidence: %s, and pagemap had the same frame before and after.",
		      zero,
		      pt_look_vm(look, PT_VM_MIXEDMAP) ? "VmFlags of smaps have mm (mixed map)"
						       : "the VMA is a device's");
}

/* ---- not seen --------------------------------------------------------------------------------------------------- */

/* What an entry of pagemap says, in two or three words. */
static const char *entry_words(uint64_t entry, char *ret, size_t size)
{
	const uint64_t pfn = entry & PM_PFN_MASK;
	if (entry & PM_PRESENT && pfn)
		snprintf(ret, size, "frame 0x%" PRIx64, pfn);
	else if (entry & PM_PRESENT)
		snprintf(ret, size, "a frame");
	else if (!(entry & (PM_SWAP | PM_GUARD)))
		snprintf(ret, size, "nothing");
	else if (pt_swap_type(pfn) < PM_SWAP_TYPE_SPECIAL)
		snprintf(ret, size, "a swapped page");
	else
		snprintf(ret, size, pt_swap_type(pfn) == PM_SWAP_TYPE_MARKER ? "a marker" : "a migration entry");
	return ret;
}

static const char *raced_how(uint64_t before, uint64_t after)
{
	if (before & after & PM_PRESENT)
		return "It was moved or copied to another frame: migration, a huge page made or split, or a copy on "
		       "write";
	if (after & PM_PRESENT)
		return "It was touched, or swapped in, in between";
	if (pt_swap_type(after & PM_PFN_MASK) == PM_SWAP_TYPE_MARKER)
		return "A marker was put there in between: a guard region, or one of userfaultfd";
	if (after & PM_SWAP)
		return "It was swapped out or set in motion in between";
	return "It was given up (munmap, MADV_DONTNEED) or reclaimed in between";
}

static void say_changed(struct pt_look *look)
{
	char before[40], after[40];
	const uint64_t again = look->facts->pagemap_again.value;
	pt_say_headline(look, "It changed while it was being read, from %s to %s. Look again.",
			entry_words(look->entry, before, sizeof before), entry_words(again, after, sizeof after));
	if (look->has_count)
		pt_say_reason(
			look,
			"kpagecount is %" PRIu64 "%s. Evidence: pagemap, read before and after, shows %s and then %s.",
			look->count,
			!look->count && !look->flags ? ", and kpageflags too, because the frame had been freed by then"
						     : ", but that is of a frame that was no longer this page's",
			before, after);
	pt_say_reason(look, "%s.", raced_how(look->entry, again));
}

void pt_tell_raced(struct pt_look *look)
{
	if (!look->facts->mapped) {
		pt_say_headline(look, "It was mapped or unmapped while it was being read. Look again.");
		pt_say_reason(look, "No VMA covered the address, yet pagemap has an entry for it.");
		return;
	}
	if (pt_look_changed(look)) {
		say_changed(look);
		return;
	}
	pt_say_headline(look, "It changed while it was being read. Look again.");
	if (look->flags & (KPF(BUDDY) | KPF(PGTABLE)))
		pt_say_reason(look,
			      "The frame was %s at that moment (%s in kpageflags), so its flags and count, %" PRIu64
			      ", are not those of this page.",
			      look->flags & KPF(BUDDY) ? "free" : "a page table",
			      look->flags & KPF(BUDDY) ? "BUDDY" : "PGTABLE", look->count);
	else if (!look->facts->pagemap_again.known)
		pt_say_reason(look,
			      "kpagecount is 0%s, and pagemap could not be read again: the page was most likely freed, "
			      "perhaps with the whole process.",
			      look->flags ? "" : " and kpageflags are 0");
	else
		pt_say_reason(
			look,
			"kpagecount is 0 although pagemap had the same frame before and after: it was unmapped and "
			"mapped again in between, as migration and reclaim do, or the count was about to change.");
}

void pt_tell_hidden(struct pt_look *look)
{
	char mapped[64], folio[64];
	const bool file = look->entry & PM_FILE, shmem = look->facts->vma.role == PT_ROLE_SHMEM;
	pt_say_headline(look, "%s%s%s, present%s, %s. Which frame holds it is hidden from this reader.",
			!file   ? "Anonymous page"
			: shmem ? "Shared memory of "
				: "Page cache of ",
			file ? look->name : "", !file && !look->has_categories ? " or the zero page" : "",
			pt_look_folio(look, folio, sizeof folio), pt_look_mapped(look, mapped, sizeof mapped));
	pt_say_missing(look, "There is no map count and there are no flags, because pagemap shows frame number 0",
		       PT_SIG_PFN);
	if (pt_look_has_exclusive(look))
		pt_say_reason(look, "That it is mapped %s, pagemap bit 56 tells everyone.",
			      look->entry & PM_EXCLUSIVE ? "exactly once" : "more than once");
}

void pt_tell_unknown(struct pt_look *look)
{
	if (look->facts->recalled) {
		pt_say_headline(look, "Present at that moment; what it was had not been read yet.");
		return;
	}
	pt_say_headline(look, "What is here is not known: pagemap could not be read.");
	if (pt_look_has(look, PT_SIG_PAGEMAP))
		pt_say_reason(
			look,
			"Pagemap had no entry for the address when it was read: the process was ending, or had just "
			"begun another program.");
	else
		pt_say_missing(look, "Nothing can be said of the page", PT_SIG_PAGEMAP);
}
