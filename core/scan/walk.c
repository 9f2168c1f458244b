/*
 * The two ways to find what is there, and the choice between them; see walk.h.
 */
#include "core/scan/walk.h"

#include <errno.h>

static uint64_t clamp(uint64_t at, uint64_t low, uint64_t high)
{
	return at < low ? low : at > high ? high : at;
}

#define FEWEST 4096u /* pages of a PAGEMAP_SCAN, while it is not known how dense memory is */
#define GROWTH 16u   /* times as many with the next one, where it is not dense */
#define MOST   (1ull << 40)
#define ALARMS 4u /* false ones, after which nothing is guessed any more */

void pt_walk_init(struct pt_walk *walk, struct pt_target *target, const struct pt_vma_table *vmas,
		  struct pt_stretch stretch, bool guesses)
{
	walk->target = target;
	walk->vmas = vmas;
	walk->vma = pt_vma_find(vmas, stretch.start);
	walk->i = walk->n = 0;
	size_t last = vmas->n;
	while (last && vmas->v[last - 1].role == PT_ROLE_VSYSCALL) /* outside of what page tables can be asked for */
		last--;
	walk->at = last ? clamp(stretch.start, vmas->v[0].start, vmas->v[last - 1].end) : 0;
	walk->end = last ? clamp(stretch.end, walk->at, vmas->v[last - 1].end) : 0;
	walk->scans = pt_signal_has(&target->signals, PT_SIG_PAGEMAP_SCAN);
	/* which page is the zero page the flags tell as well, if they can be had */
	walk->guesses = guesses && target->kpageflags >= 0 && pt_signal_has(&target->signals, PT_SIG_PFN);
	walk->dense = walk->alarmed = false;
	walk->alarms = 0;
	walk->most = FEWEST;
}

/* ---- by PAGEMAP_SCAN -------------------------------------------------------------------------------------------- */

/* Bytes of VMAs in [from, end). */
static uint64_t mapped_in(const struct pt_walk *walk, uint64_t from, uint64_t end)
{
	const struct pt_vma_table *vmas = walk->vmas;
	uint64_t bytes = 0;
	for (size_t i = walk->vma; i < vmas->n && vmas->v[i].start < end; i++)
		bytes += clamp(vmas->v[i].end, from, end) - clamp(vmas->v[i].start, from, end);
	return bytes;
}

/* Whether what was found between `from` and `reached` is small pages nearly without holes; else the next scan may take
 * more at once. */
static void learn(struct pt_walk *walk, uint64_t from, uint64_t reached)
{
	uint64_t bytes = 0;
	bool huge = false;
	for (unsigned i = 0; i < walk->n; i++) {
		bytes += walk->found[i].end - walk->found[i].start;
		huge |= walk->found[i].categories & PS_HUGE;
	}
	if (walk->alarmed) /* at the first page of this scan */
		walk->alarms += !(walk->n && walk->found[0].start == from && walk->found[0].categories & PS_HUGE);
	walk->alarmed = false;
	bool dense = !huge && bytes >> walk->target->k->page_shift >= FEWEST &&
		     bytes >= mapped_in(walk, from, reached) / 2;
	walk->dense = walk->guesses && dense && walk->alarms < ALARMS;
	if (dense)
		walk->most = FEWEST;
	else if (walk->most < MOST)
		walk->most *= GROWTH;
}

static int scan_more(struct pt_walk *walk)
{
	struct pt_target *t = walk->target;
	struct ps_arg arg = {
		.start = walk->at,
		.end = walk->end,
		.vec = (uint64_t)(uintptr_t)walk->found,
		.vec_len = PT_WALK_REGIONS,
		.max_pages = walk->guesses ? walk->most : 0,
		.return_mask = PS_PRESENT | PS_SWAPPED | PS_HUGE | PS_PFNZERO,
	};
	walk->seen_ns = t->k->ops->now(t->k, PT_CLOCK_MONOTONIC);
	int n = pt_target_scan(t, &arg);
	if (n < 0)
		return n;
	if ((unsigned)n > PT_WALK_REGIONS)
		return -EIO;
	uint64_t pages = 0, reached = walk->end;
	for (int i = 0; i < n; i++)
		pages += (walk->found[i].end - walk->found[i].start) >> t->k->page_shift;
	/* walk_end is stale when the last of the kernel's inner rounds (of 512 regions) ran to the end: it may lie below
	 * regions that were handed out. A vector that did not fill up, and too few pages, say that all was seen. */
	if (n == (int)PT_WALK_REGIONS || (n && arg.max_pages && pages >= arg.max_pages)) {
		reached = walk->found[n - 1].end;
		if (arg.walk_end > reached)
			reached = arg.walk_end;
	}
	if (reached <= walk->at)
		return -EIO; /* no progress: never loop on a kernel that answers nonsense */
	walk->i = 0;
	walk->n = (unsigned)n;
	learn(walk, walk->at, reached);
	walk->at = reached;
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
	ret->seen_ns = walk->seen_ns;
	ret->vma = walk->vma;
	ret->guess = false;
	found->start = ret->end;
	return true;
}

/* ---- by guessing ------------------------------------------------------------------------------------------------ */

/* 1, or 0 where nothing can be guessed: at the end, or at huge pages. */
static int guess_next(struct pt_walk *walk, struct pt_region *ret)
{
	const struct pt_vma_table *vmas = walk->vmas;
	while (walk->vma < vmas->n &&
	       (vmas->v[walk->vma].end <= walk->at || vmas->v[walk->vma].role == PT_ROLE_VSYSCALL))
		walk->vma++;
	if (walk->vma == vmas->n || vmas->v[walk->vma].start >= walk->end) {
		walk->at = walk->end;
		return 0;
	}
	const struct pt_vma *vma = &vmas->v[walk->vma];
	if (walk->scans && vma->role == PT_ROLE_HUGETLB) {
		walk->dense = false;
		return 0;
	}
	uint64_t most = (uint64_t)PT_WALK_GUESS << walk->target->k->page_shift;
	ret->start = walk->at > vma->start ? walk->at : vma->start;
	ret->end = (ret->start / most + 1) * most;
	ret->end = vma->end < ret->end ? vma->end : ret->end;
	ret->end = walk->end < ret->end ? walk->end : ret->end;
	ret->categories = ret->seen_ns = 0;
	ret->vma = walk->vma;
	ret->guess = true;
	walk->at = ret->end;
	return 1;
}

void pt_walk_heed(struct pt_walk *walk, uint64_t pages, uint64_t found)
{
	if (found < pages / 4)
		walk->dense = false;
}

bool pt_walk_suspect(struct pt_walk *walk, uint64_t addr)
{
	if (!walk->scans)
		return false;
	walk->at = addr;
	walk->vma = pt_vma_find(walk->vmas, addr);
	walk->i = walk->n = 0;
	walk->dense = false;
	walk->alarmed = true;
	return true;
}

int pt_walk_next(struct pt_walk *walk, struct pt_region *ret)
{
	for (;;) {
		for (; walk->i < walk->n; walk->i++)
			if (walk->found[walk->i].start < walk->found[walk->i].end &&
			    clip(walk, &walk->found[walk->i], ret))
				return 1;
		if (walk->at >= walk->end)
			return 0;
		if ((!walk->scans || walk->dense) && guess_next(walk, ret))
			return 1;
		if (walk->at >= walk->end)
			return 0;
		int error = scan_more(walk);
		if (error)
			return error;
	}
}
