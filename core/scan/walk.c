/*
 * The two ways to find what is there; see walk.h.
 */
#include "core/scan/walk.h"

#include <errno.h>

static uint64_t clamp(uint64_t at, uint64_t low, uint64_t high)
{
	return at < low ? low : at > high ? high : at;
}

void pt_walk_init(struct pt_walk *walk, struct pt_target *target, const struct pt_vma_table *vmas, uint64_t start,
		  uint64_t end)
{
	walk->target = target;
	walk->vmas = vmas;
	walk->vma = pt_vma_find(vmas, start);
	walk->i = walk->n = 0;
	size_t last = vmas->n;
	while (last && vmas->v[last - 1].role == PT_ROLE_VSYSCALL) /* outside of what page tables can be asked for */
		last--;
	walk->at = last ? clamp(start, vmas->v[0].start, vmas->v[last - 1].end) : 0;
	walk->end = last ? clamp(end, walk->at, vmas->v[last - 1].end) : 0;
}

/* ---- by PAGEMAP_SCAN -------------------------------------------------------------------------------------------- */

static int scan_more(struct pt_walk *walk)
{
	struct pt_target *t = walk->target;
	struct ps_arg arg = {
		.start = walk->at,
		.end = walk->end,
		.vec = (uint64_t)(uintptr_t)walk->found,
		.vec_len = PT_WALK_REGIONS,
		.return_mask = PS_PRESENT | PS_SWAPPED | PS_HUGE | PS_PFNZERO,
	};
	int n = pt_target_scan(t, &arg);
	if (n < 0)
		return n;
	/* walk_end is stale when the last of the kernel's inner rounds (of 512 regions) ran to the end: it may lie below
	 * regions that were handed out. A vector that did not fill up says that all was seen. */
	uint64_t reached = walk->end;
	if ((unsigned)n >= PT_WALK_REGIONS) {
		reached = walk->found[PT_WALK_REGIONS - 1].end;
		if (arg.walk_end > reached)
			reached = arg.walk_end;
	}
	if (reached <= walk->at || (unsigned)n > PT_WALK_REGIONS)
		return -EIO; /* no progress: never loop on a kernel that answers nonsense */
	walk->at = reached;
	walk->i = 0;
	walk->n = (unsigned)n;
	return 0;
}

/* The kernel merges neighbours across VMAs, and VMAs may have come and gone since maps was read: each found region is
 * cut at the borders of the VMAs that we know, and what lies between them is dropped. */
static bool clip(struct pt_walk *walk, struct ps_region *found, struct pt_region *ret)
{
	const struct pt_vma_table *vmas = walk->vmas;
	while (walk->vma < vmas->n && vmas->v[walk->vma].end <= found->start)
		walk->vma++;
	if (walk->vma == vmas->n || vmas->v[walk->vma].start >= found->end)
		return false;
	const struct pt_vma *vma = &vmas->v[walk->vma];
	ret->start = found->start > vma->start ? found->start : vma->start;
	ret->end = found->end < vma->end ? found->end : vma->end;
	ret->categories = found->categories;
	ret->vma = walk->vma;
	found->start = ret->end;
	return true;
}

static int scan_next(struct pt_walk *walk, struct pt_region *ret)
{
	for (;;) {
		for (; walk->i < walk->n; walk->i++)
			if (walk->found[walk->i].start < walk->found[walk->i].end &&
			    clip(walk, &walk->found[walk->i], ret))
				return 1;
		if (walk->at >= walk->end)
			return 0;
		int error = scan_more(walk);
		if (error)
			return error;
	}
}

/* ---- by reading pagemap ----------------------------------------------------------------------------------------- */

static uint64_t entry_categories(uint64_t entry)
{
	return entry & PM_PRESENT ? PS_PRESENT : entry & (PM_SWAP | PM_GUARD) ? PS_SWAPPED : 0;
}

static int read_more(struct pt_walk *walk, uint64_t end)
{
	struct pt_target *t = walk->target;
	unsigned shift = t->k->page_shift;
	uint64_t pages = (end - walk->at) >> shift;
	size_t want = pages < PT_WALK_ENTRIES ? (size_t)pages : PT_WALK_ENTRIES;
	ssize_t got = t->k->ops->pread(t->k, t->pagemap, walk->entries, want * 8, (walk->at >> shift) * 8);
	if (got < 0)
		return (int)got;
	walk->i = 0;
	walk->n = (unsigned)(got / 8);
	walk->entries_at = walk->at;
	/* a short read is the end of what can be asked for: the rest is nothing */
	walk->at = walk->n ? walk->at + ((uint64_t)walk->n << shift) : end;
	return 0;
}

static bool take_run(struct pt_walk *walk, struct pt_region *ret)
{
	while (walk->i < walk->n && !entry_categories(walk->entries[walk->i]))
		walk->i++;
	if (walk->i == walk->n)
		return false;
	unsigned shift = walk->target->k->page_shift;
	ret->categories = entry_categories(walk->entries[walk->i]);
	ret->start = walk->entries_at + ((uint64_t)walk->i << shift);
	while (walk->i < walk->n && entry_categories(walk->entries[walk->i]) == ret->categories)
		walk->i++;
	ret->end = walk->entries_at + ((uint64_t)walk->i << shift);
	ret->vma = walk->vma;
	return true;
}

static int read_next(struct pt_walk *walk, struct pt_region *ret)
{
	for (; walk->vma < walk->vmas->n; walk->vma++) {
		const struct pt_vma *vma = &walk->vmas->v[walk->vma];
		if (vma->role == PT_ROLE_VSYSCALL)
			continue;
		if (vma->start >= walk->end)
			break;
		uint64_t end = vma->end < walk->end ? vma->end : walk->end;
		if (walk->at < vma->start)
			walk->at = vma->start;
		for (;;) {
			if (take_run(walk, ret))
				return 1;
			if (walk->at >= end)
				break;
			int error = read_more(walk, end);
			if (error)
				return error;
		}
	}
	return 0;
}

int pt_walk_next(struct pt_walk *walk, struct pt_region *ret)
{
	bool scan = pt_signal_has(&walk->target->signals, PT_SIG_PAGEMAP_SCAN);
	return scan ? scan_next(walk, ret) : read_next(walk, ret);
}
