/*
 * A picture beside what was seen since; see presence.h.
 */
#include "core/scan/presence.h"

#include <errno.h>
#include <string.h>

struct merge {
	unsigned page_shift;
	bool zero_told;
	size_t changed;
};

static bool is_zero(enum pt_kind kind)
{
	return kind == PT_ZERO || kind == PT_ZERO_HUGE;
}

/* Neither a frame nor nothing: an entry that says where the page went, or that there must be none. */
static bool is_entry(enum pt_kind kind)
{
	switch (kind) {
	case PT_SWAP:
	case PT_GUARD:
	case PT_UFFD_MARKER:
	case PT_POISON:
	case PT_MIGRATING: return true;
	default: return false;
	}
}

/* PAGEMAP_SCAN's PFNZERO is asked of the small zero page alone in fs/proc/task_mmu.c (6.18); the huge one looks present.
 * Without PAGEMAP_SCAN both do. */
static bool same_zero(const struct merge *merge, enum pt_kind was, enum pt_kind is)
{
	return is_zero(was) == is_zero(is) || ((was == PT_ZERO_HUGE || !merge->zero_told) && pt_kind_present(is));
}

/* Whether a page known in full can still be what a look at it saw. Kernels before 6.16 call guard markers swapped. */
static bool agrees(const struct merge *merge, struct pt_page known, struct pt_page seen)
{
	enum pt_kind was = pt_page_kind(known), is = pt_page_kind(seen);
	if (is == PT_UNTOUCHED || is == PT_SWAP_SHMEM)
		return was == is;
	if (is == PT_GUARD)
		return was == PT_GUARD;
	if (is_entry(is))
		return is_entry(was);
	return pt_kind_present(was) && same_zero(merge, was, is) && !((known.bits ^ seen.bits) & PT_PMD);
}

/* All there and alike: the sums tell, and nothing has to be looked into. */
static bool both_full(const struct pt_chunk *known, const struct pt_chunk *seen)
{
	static const enum pt_stat same[] = {PT_N_PRESENT, PT_N_ZERO, PT_N_PMD};
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (pt_chunk_stat(known, same[i]) != pt_chunk_stat(seen, same[i]))
			return false;
	unsigned zero = pt_chunk_stat(known, PT_N_ZERO), huge = pt_chunk_stat(known, PT_N_PMD);
	return pt_chunk_stat(known, PT_N_PRESENT) == PT_CHUNK_PAGES && (!zero || zero == PT_CHUNK_PAGES) &&
	       (!huge || huge == PT_CHUNK_PAGES);
}

/* Takes the pages that disagree over from `seen`. Returns how many there are, and how many are anything at all. */
static unsigned take_over(const struct merge *merge, struct pt_page *known, const struct pt_page *seen,
			  unsigned *ret_left)
{
	unsigned differ = 0;
	*ret_left = 0;
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		if (!agrees(merge, known[i], seen[i])) {
			known[i] = seen[i];
			differ++;
		}
		*ret_left += pt_page_kind(known[i]) != PT_UNTOUCHED;
	}
	return differ;
}

static int merge_chunk(struct merge *merge, const struct pt_slot *old, const struct pt_chunk *seen, struct pt_slot *ret)
{
	struct pt_page known[PT_CHUNK_PAGES], now[PT_CHUNK_PAGES];
	unsigned left;
	pt_chunk_unpack(old->chunk, known);
	pt_chunk_unpack(seen, now);
	if (!take_over(merge, known, now, &left)) {
		*ret = *old;
		pt_chunk_ref(ret->chunk);
		return 0;
	}
	merge->changed++;
	if (!left)
		return 0;
	*ret = (struct pt_slot){.index = old->index, .chunk = pt_chunk_new(known, merge->page_shift)};
	return ret->chunk ? 0 : -ENOMEM;
}

static int merge_slot(void *arg, const struct pt_slot *old, const struct pt_slot *found, struct pt_slot *ret)
{
	struct merge *merge = arg;
	bool same = old && found && both_full(old->chunk, found->chunk);
	if (old && !same)
		return merge_chunk(merge, old, found ? found->chunk : NULL, ret);
	merge->changed += !old;
	*ret = old ? *old : *found; /* one of them is there */
	pt_chunk_ref(ret->chunk);
	return 0;
}

int pt_presence_merge(struct pt_slots *slots, const struct pt_stretch *stretches, size_t n, unsigned page_shift,
		      const struct pt_slots *seen, bool zero_told, size_t *ret_changed)
{
	struct merge merge = {.page_shift = page_shift, .zero_told = zero_told};
	int error = pt_slots_splice(slots, stretches, n, page_shift, seen, merge_slot, &merge);
	if (ret_changed)
		*ret_changed = merge.changed;
	return error;
}
