/*
 * Flags of tails; see folio.h.
 */
#include "core/scan/folio.h"

#include "core/kernel/abi.h"

#define BLOCK 512u /* frames of a PMD: a folio that was mapped by the page begins within its own aligned block */

/* A tail that speaks for its folio has one of these, since all pages with contents that users map do. */
static bool is_bare_tail(uint64_t flags)
{
	const uint64_t contents = KPF(UPTODATE) | KPF(LRU) | KPF(SWAPBACKED) | KPF(LOCKED);
	return flags & KPF(COMPOUND_TAIL) && !(flags & (contents | KPF(HUGE)));
}

uint64_t pt_folio_join(uint64_t tail, uint64_t head)
{
	const uint64_t own = KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL) | KPF(HWPOISON) | KPF(MMAP);
	return tail | (head & ~own);
}

/* Flags of the head below a tail; 0: there is none in its block. */
static uint64_t read_head(struct pt_kernel *k, int kpageflags, uint64_t pfn)
{
	uint64_t flags[BLOCK], first = pfn & ~(uint64_t)(BLOCK - 1);
	ssize_t got = k->ops->pread(k, kpageflags, flags, (size_t)(pfn - first) * 8, first * 8);

	if (got < 0 || (uint64_t)got / 8 != pfn - first)
		return 0;
	while (pfn-- > first) {
		if (flags[pfn - first] & KPF(COMPOUND_HEAD))
			return flags[pfn - first];
		if (!(flags[pfn - first] & KPF(COMPOUND_TAIL)))
			return 0;
	}
	return 0;
}

uint64_t pt_folio_flags(struct pt_folio *folio, struct pt_kernel *k, int kpageflags, uint64_t pfn, uint64_t flags)
{
	bool tail = is_bare_tail(flags);

	if (tail && folio->next != pfn)
		folio->head = read_head(k, kpageflags, pfn);
	else if (!tail)
		folio->head = flags;
	folio->next = tail || flags & KPF(COMPOUND_HEAD) ? pfn + 1 : 0;
	return tail ? pt_folio_join(flags, folio->head) : flags;
}
