/*
 * Whether kpagecount counts the mappings of each page, or (CONFIG_NO_PAGE_MAPCOUNT) gives the average over its folio:
 * make a huge page of our own, give up its second half, and look at a frame of that half. Mapped nowhere any more, it
 * has count 0 where counts are exact; the average over a folio that is still mapped is never below 1.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "core/kernel/abi.h"
#include "core/kernel/parse.h"
#include "core/kernel/probe.h"

#define THP        "sys/kernel/mm/transparent_hugepage"
#define LARGEST    (32ull << 20) /* touching and zeroing a larger huge page would take too long */
#define NO_MAPPING (~0ull)

/* Bytes of a huge page; 0: this kernel has none. */
static uint64_t huge_page_size(struct pt_kernel *k)
{
	char *text;
	size_t size;
	uint64_t bytes = 0;

	if (pt_kernel_slurp(k, THP "/hpage_pmd_size", &text, &size))
		return 0;
	struct pt_cursor c = {text, text + size};
	if (!pt_take_decimal(&c, &bytes))
		bytes = 0;
	free(text);
	return bytes;
}

/* The PFN behind an address of ours that is part of a large folio; 0: it is not. */
static uint64_t large_frame(struct pt_probe *p, int pagemap, const char *at)
{
	uint64_t entry, flags;

	if (pt_probe_word(p->k, pagemap, (uintptr_t)at >> p->k->page_shift, &entry) || !(entry & PM_PRESENT) ||
	    pt_probe_word_at(p->k, "proc/kpageflags", entry & PM_PFN_MASK, &flags) || !(flags & KPF(THP)))
		return 0;
	return entry & PM_PFN_MASK;
}

/* kpagecount of a frame of a huge page after its half was given up; NO_MAPPING: no huge page was to be had. */
static uint64_t count_given_up(struct pt_probe *p, int pagemap, char *huge, uint64_t size)
{
	uint64_t count, flags;
	char *half = huge + size / 2;

	madvise(huge, size, MADV_HUGEPAGE);
	*(volatile char *)huge = 'h';
	uint64_t pfn = large_frame(p, pagemap, half);
	if (!pfn && !madvise(huge, size, PT_MADV_COLLAPSE))
		pfn = large_frame(p, pagemap, half);
	if (!pfn || madvise(half, size / 2, MADV_DONTNEED))
		return NO_MAPPING;
	/* If the folio was split and the frame freed meanwhile, its count means nothing. */
	if (pt_probe_word_at(p->k, "proc/kpagecount", pfn, &count) ||
	    pt_probe_word_at(p->k, "proc/kpageflags", pfn, &flags) || !(flags & KPF(THP)))
		return NO_MAPPING;
	return count;
}

void pt_probe_map_count(struct pt_probe *p, int pagemap)
{
	uint64_t size = huge_page_size(p->k), count = NO_MAPPING;

	if (size == 0) {
		pt_probe_give(p, PT_SIG_MAP_COUNT, "there are no huge pages in this kernel, so counts are per page");
		return;
	}
	char *area = size <= LARGEST ? mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
				     : MAP_FAILED;
	if (area != MAP_FAILED) {
		count = count_given_up(p, pagemap, area + (-(uintptr_t)area & (size - 1)), size);
		munmap(area, 2 * size);
	}
	if (count == 0)
		pt_probe_give(p, PT_SIG_MAP_COUNT, "a page given up out of a huge page of our own has count 0");
	else if (count != NO_MAPPING)
		pt_probe_approximate(p, PT_SIG_MAP_COUNT,
				     "in a large folio the count is the folio's average (CONFIG_NO_PAGE_MAPCOUNT)");
	else
		pt_probe_approximate(p, PT_SIG_MAP_COUNT,
				     "no huge page could be had to find out whether counts are per page or averages");
}
