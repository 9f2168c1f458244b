/*
 * Snapshots: see snapshot.h. Sums of VMAs are made when someone asks for them, in blocks of some VMAs, which are
 * immutable and reference-counted as chunks are: those of 60,000 VMAs are 16 MiB, a screen shows few, and a frame changes
 * few. Chunks that a VMA covers whole add their cached sums, the others are looked into.
 */
#include "core/model/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef PT_SUMS_VMAS
#define PT_SUMS_VMAS 64u /* of a block */
#endif

struct pt_sums {
	unsigned refs;         /* atomic */
	struct pt_counts of[]; /* PT_SUMS_VMAS; fewer in the last block */
};

#define SECOND_NS 1000000000ull

struct pt_snapshot *pt_snapshot_new(struct pt_vma_table *vmas, unsigned page_shift)
{
	struct pt_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot) {
		pt_vma_table_unref(vmas);
		return NULL;
	}
	snapshot->vmas = vmas;
	snapshot->page_shift = page_shift;
	snapshot->refs = 1;
	return snapshot;
}

struct pt_snapshot *pt_snapshot_ref(struct pt_snapshot *snapshot)
{
	__atomic_fetch_add(&snapshot->refs, 1, __ATOMIC_RELAXED);
	return snapshot;
}

struct pt_snapshot *pt_snapshot_head(const struct pt_snapshot *snapshot)
{
	struct pt_snapshot *head = calloc(1, sizeof(*head));
	if (!head)
		return NULL;
	memcpy(head, snapshot, offsetof(struct pt_snapshot, sums)); /* what comes after it is each one's own */
	head->slots = NULL;
	head->n_slots = 0;
	pt_vma_table_ref(head->vmas);
	head->refs = 1;
	return head;
}

static void unref_sums(struct pt_sums *sums)
{
	if (sums && __atomic_sub_fetch(&sums->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(sums);
}

void pt_snapshot_unref(struct pt_snapshot *snapshot)
{
	if (!snapshot || __atomic_sub_fetch(&snapshot->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < snapshot->n_slots; i++)
		pt_chunk_unref(snapshot->slots[i].chunk);
	for (size_t i = 0; i < snapshot->n_sums; i++)
		unref_sums(snapshot->sums[i]);
	free(snapshot->slots);
	free(snapshot->sums);
	pt_vma_table_unref(snapshot->vmas);
	free(snapshot);
}

size_t pt_snapshot_lower(const struct pt_snapshot *snapshot, uint64_t index)
{
	size_t low = 0, high = snapshot->n_slots;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (snapshot->slots[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct pt_chunk *pt_snapshot_chunk(const struct pt_snapshot *snapshot, uint64_t addr)
{
	uint64_t index = addr / pt_snapshot_chunk_size(snapshot);
	size_t i = pt_snapshot_lower(snapshot, index);
	return i < snapshot->n_slots && snapshot->slots[i].index == index ? snapshot->slots[i].chunk : NULL;
}

struct pt_page pt_snapshot_page(const struct pt_snapshot *snapshot, uint64_t addr)
{
	unsigned i = (unsigned)(addr >> snapshot->page_shift) & (PT_CHUNK_PAGES - 1);
	return pt_chunk_page(pt_snapshot_chunk(snapshot, addr), i);
}

/* Adds the pages [first, end), numbered from address 0, beginning at slot i. Returns the slot that `end` lies in or
 * before, where a caller that goes on upwards starts next. */
static size_t sum_from(const struct pt_snapshot *s, size_t i, uint64_t first, uint64_t end, struct pt_counts *sum)
{
	for (; i < s->n_slots; i++) {
		uint64_t chunk_first = s->slots[i].index * PT_CHUNK_PAGES, chunk_end = chunk_first + PT_CHUNK_PAGES;
		if (chunk_end <= first)
			continue;
		if (chunk_first >= end)
			break;
		uint64_t low = first > chunk_first ? first : chunk_first;
		uint64_t high = end < chunk_end ? end : chunk_end;
		pt_chunk_sum_part(s->slots[i].chunk, (unsigned)(low - chunk_first), (unsigned)(high - low),
				  s->page_shift, sum);
		if (chunk_end > end)
			break;
	}
	return i;
}

void pt_snapshot_sum(const struct pt_snapshot *s, uint64_t start, uint64_t end, struct pt_counts *sum)
{
	uint64_t first = start >> s->page_shift;
	if (start < end)
		sum_from(s, pt_snapshot_lower(s, first / PT_CHUNK_PAGES), first, end >> s->page_shift, sum);
}

uint64_t pt_snapshot_oldest(const struct pt_snapshot *s, uint64_t start, uint64_t end)
{
	uint64_t first = start >> s->page_shift, last = end >> s->page_shift, oldest = PT_NO_AGE;
	for (size_t i = pt_snapshot_lower(s, first / PT_CHUNK_PAGES); i < s->n_slots; i++) {
		if (s->slots[i].index * PT_CHUNK_PAGES >= last)
			break;
		if (s->slots[i].read_ns && s->slots[i].read_ns < oldest)
			oldest = s->slots[i].read_ns;
	}
	return oldest;
}

/* The sum of *ages that pages read at that time belong to. */
static uint64_t *age_of(const struct pt_snapshot *s, uint64_t read_ns, struct pt_ages *ages)
{
	uint64_t age = s->monotonic_ns > read_ns ? s->monotonic_ns - read_ns : 0;
	if (!read_ns)
		return &ages->never;
	if (read_ns >= s->fresh_ns)
		return &ages->fresh;
	return age <= 5 * SECOND_NS ? &ages->seconds : age <= 60 * SECOND_NS ? &ages->minute : &ages->older;
}

void pt_snapshot_ages(const struct pt_snapshot *s, struct pt_ages *ret)
{
	*ret = (struct pt_ages){.oldest_ns = PT_NO_AGE};
	for (size_t i = 0; i < s->n_slots; i++) {
		uint64_t pages = pt_chunk_stat(s->slots[i].chunk, PT_N_PRESENT), read_ns = s->slots[i].read_ns;
		*age_of(s, read_ns, ret) += pages;
		ret->pages += pages;
		if (pages && read_ns && read_ns < ret->oldest_ns)
			ret->oldest_ns = read_ns;
	}
}

/* ---- sums of VMAs ----------------------------------------------------------------------------------------------- */

bool pt_snapshot_shares(const struct pt_snapshot *a, const struct pt_snapshot *b, uint64_t start, uint64_t end)
{
	if (start >= end)
		return true;
	uint64_t first = start / pt_snapshot_chunk_size(a), last = (end - 1) / pt_snapshot_chunk_size(a);
	size_t i = pt_snapshot_lower(a, first), k = pt_snapshot_lower(b, first);
	for (; i < a->n_slots && a->slots[i].index <= last; i++, k++)
		if (k == b->n_slots || b->slots[k].index != a->slots[i].index || b->slots[k].chunk != a->slots[i].chunk)
			return false;
	return k == b->n_slots || b->slots[k].index > last;
}

static struct pt_sums *make_sums(const struct pt_snapshot *s, size_t first)
{
	size_t left = s->vmas->n - first, n = left < PT_SUMS_VMAS ? left : PT_SUMS_VMAS;
	struct pt_sums *sums = calloc(1, sizeof(*sums) + n * sizeof(*sums->of));
	if (!sums)
		return NULL;
	sums->refs = 1;
	size_t slot = pt_snapshot_lower(s, s->vmas->v[first].start / pt_snapshot_chunk_size(s));
	for (size_t i = 0; i < n; i++) {
		const struct pt_vma *vma = &s->vmas->v[first + i];
		/* a long gap without VMAs holds no slots, so walking is as good as searching */
		slot = sum_from(s, slot, vma->start >> s->page_shift, vma->end >> s->page_shift, &sums->of[i]);
	}
	return sums;
}

/* The block of VMAs from `first` on if `before` has it and it would be the same; else NULL. */
static struct pt_sums *share_sums(const struct pt_snapshot *s, const struct pt_snapshot *before, size_t first)
{
	size_t last = first + PT_SUMS_VMAS < s->vmas->n ? first + PT_SUMS_VMAS - 1 : s->vmas->n - 1;
	struct pt_sums *sums = __atomic_load_n(&before->sums[first / PT_SUMS_VMAS], __ATOMIC_ACQUIRE);
	if (!sums || !pt_snapshot_shares(s, before, s->vmas->v[first].start, s->vmas->v[last].end))
		return NULL;
	__atomic_fetch_add(&sums->refs, 1, __ATOMIC_RELAXED);
	return sums;
}

/* Over all VMAs; those that adjoin are summed as one, since most of their chunks are whole then. */
static void set_total(struct pt_snapshot *s)
{
	const struct pt_vma *v = s->vmas->v, *end = v + s->vmas->n;
	size_t slot = 0;
	s->total = (struct pt_counts){0};
	while (v < end) {
		const struct pt_vma *last = v;
		while (last + 1 < end && last[1].start == last->end)
			last++;
		slot = sum_from(s, slot, v->start >> s->page_shift, last->end >> s->page_shift, &s->total);
		v = last + 1;
	}
}

int pt_snapshot_set_slots(struct pt_snapshot *s, const struct pt_snapshot *before, struct pt_slot *slots, size_t n)
{
	size_t blocks = (s->vmas->n + PT_SUMS_VMAS - 1) / PT_SUMS_VMAS;
	s->slots = slots;
	s->n_slots = n;
	s->sums = calloc(blocks + 1, sizeof(void *));
	if (!s->sums)
		return -ENOMEM;
	s->n_sums = blocks;
	if (before && before->vmas == s->vmas && before->n_sums == blocks)
		for (size_t i = 0; i < blocks; i++)
			s->sums[i] = share_sums(s, before, i * PT_SUMS_VMAS);
	set_total(s);
	return 0;
}

/* Of a VMA whose sums could not be made, since memory ran out. */
static const struct pt_counts unmade;

/* Two threads may make the same block at once; that of the first stays. */
static const struct pt_sums *sums_of(const struct pt_snapshot *s, size_t block)
{
	struct pt_sums **at = &s->sums[block], *there = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	if (there)
		return there;
	struct pt_sums *made = make_sums(s, block * PT_SUMS_VMAS);
	if (!made || __atomic_compare_exchange_n(at, &there, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return made;
	free(made);
	return there;
}

const struct pt_counts *pt_snapshot_sums(const struct pt_snapshot *s, size_t i)
{
	if (i == s->vmas->n)
		return &s->total;
	const struct pt_sums *sums = i / PT_SUMS_VMAS < s->n_sums ? sums_of(s, i / PT_SUMS_VMAS) : NULL;
	return sums ? &sums->of[i % PT_SUMS_VMAS] : &unmade;
}

/* ---- sums as smaps means them ----------------------------------------------------------------------------------- */

/* Which pages a sum counts, and which pages leave it unknown when there are any. */
static const struct {
	uint8_t stat;
	uint8_t unknown; /* PT_STAT_N: never unknown */
} sum_rows[PT_SUM_N] = {
	[PT_SUM_RSS] = {PT_N_RSS, PT_STAT_N},
	[PT_SUM_ANON] = {PT_N_ANON, PT_N_NO_KIND},
	[PT_SUM_FILE] = {PT_N_FILE, PT_N_NO_KIND},
	[PT_SUM_SHMEM] = {PT_N_SHMEM, PT_N_NO_KIND},
	[PT_SUM_DIRTY] = {PT_N_DIRTY, PT_N_NO_FLAGS},
	[PT_SUM_SWAP] = {PT_N_SWAP, PT_STAT_N},
	[PT_SUM_THP] = {PT_N_PMD_ANON, PT_N_NO_KIND},
	[PT_SUM_HUGETLB] = {PT_N_HUGETLB, PT_N_NO_KIND},
	[PT_SUM_SHARED] = {PT_N_SHARED, PT_N_NO_SHARE},
	[PT_SUM_PRIVATE] = {PT_N_PRIVATE, PT_N_NO_SHARE},
	[PT_SUM_ZERO] = {PT_N_ZERO, PT_STAT_N},
	[PT_SUM_KSM] = {PT_N_KSM, PT_N_NO_FLAGS},
	[PT_SUM_LAZYFREE] = {PT_N_LAZYFREE, PT_N_NO_FLAGS},
	[PT_SUM_REFERENCED] = {PT_N_REFERENCED, PT_N_NO_FLAGS},
	[PT_SUM_GUARD] = {PT_N_GUARD, PT_STAT_N},
	[PT_SUM_PRESENT] = {PT_N_PRESENT, PT_STAT_N},
};

/* VMAs first .. end-1. */
struct span {
	size_t first, end;
};

/* Whether one of them is shared memory: its swapped pages are not in pagemap. */
static bool has_shmem(const struct pt_snapshot *s, struct span span)
{
	for (size_t k = span.first; k < span.end; k++)
		if (pt_vma_may_be_shmem(&s->vmas->v[k]))
			return true;
	return false;
}

/*
 * Whether zero pages are told from memory. Without PAGEMAP_SCAN only kpageflags tells them; but a page that is mapped
 * exactly once is none.
 */
static bool zero_is_told(const struct pt_snapshot *s, const struct pt_counts *c)
{
	return pt_signal_has(&s->signals, PT_SIG_PAGEMAP_SCAN) || !c->n[PT_N_NO_FLAGS] ||
	       c->n[PT_N_PRIVATE] == c->n[PT_N_RSS];
}

/* The signal without which a sum over pages that seem to have none means nothing. */
static bool signal_given(const struct pt_snapshot *s, struct span span, enum pt_sum what, const struct pt_counts *c)
{
	switch (what) {
	case PT_SUM_THP: return pt_signal_has(&s->signals, PT_SIG_PAGEMAP_SCAN) || !c->n[PT_N_RSS];
	case PT_SUM_KSM: return pt_signal_has(&s->signals, PT_SIG_KSM) || !c->n[PT_N_RSS];
	case PT_SUM_SWAP: return pt_signal_has(&s->signals, PT_SIG_SHMEM_SWAP) || !has_shmem(s, span);
	case PT_SUM_ZERO:
	case PT_SUM_RSS:
	case PT_SUM_ANON:
	case PT_SUM_FILE:
	case PT_SUM_SHARED: return zero_is_told(s, c);
	default: return true;
	}
}

static struct pt_maybe size_of(const struct pt_snapshot *s, size_t i)
{
	struct pt_maybe size = {.known = true};
	if (i < s->vmas->n)
		size.value = s->vmas->v[i].end - s->vmas->v[i].start;
	for (size_t k = 0; i == s->vmas->n && k < s->vmas->n; k++)
		size.value += s->vmas->v[k].end - s->vmas->v[k].start;
	return size;
}

static struct pt_maybe pss_of(const struct pt_counts *c)
{
	return (struct pt_maybe){.value = c->pss >> PT_PSS_SHIFT, .known = !c->n[PT_N_NO_COUNT]};
}

/* smaps' Locked is the PSS of a VMA under mlock; which VMAs are is in their flags. */
static struct pt_maybe locked_of(const struct pt_snapshot *s, size_t i)
{
	struct pt_maybe locked = {.known = true};
	if (s->process.locked.known && !s->process.locked.value)
		return locked; /* no VMA is under mlock */
	size_t first = i == s->vmas->n ? 0 : i, end = i == s->vmas->n ? i : i + 1;
	for (size_t k = first; k < end; k++) {
		const struct pt_vma *vma = &s->vmas->v[k];
		if (!vma->has_vm_flags) {
			locked.known = false;
		} else if (vma->vm_flags & PT_VM_LOCKED) {
			const struct pt_counts *c = pt_snapshot_sums(s, k);
			struct pt_maybe pss = pss_of(c);
			locked.value += pss.value;
			locked.known &= pss.known && c != &unmade;
		}
	}
	return locked;
}

static struct pt_maybe bytes_of(const struct pt_snapshot *s, struct span span, const struct pt_counts *c,
				enum pt_sum what)
{
	if (what == PT_SUM_PSS)
		return pss_of(c);
	unsigned unknown = sum_rows[what].unknown;
	return (struct pt_maybe){.value = c->n[sum_rows[what].stat] << s->page_shift,
				 .known = (unknown == PT_STAT_N || !c->n[unknown]) && signal_given(s, span, what, c)};
}

struct pt_maybe pt_snapshot_bytes(const struct pt_snapshot *s, size_t i, enum pt_sum what)
{
	struct span span = i < s->vmas->n ? (struct span){i, i + 1} : (struct span){0, s->vmas->n};
	if (what == PT_SUM_SIZE)
		return size_of(s, i);
	if (what == PT_SUM_LOCKED)
		return locked_of(s, i);
	const struct pt_counts *c = pt_snapshot_sums(s, i);
	return c == &unmade ? (struct pt_maybe){.known = false} : bytes_of(s, span, c, what);
}

struct pt_maybe pt_snapshot_bytes_of(const struct pt_snapshot *s, uint64_t start, uint64_t end,
				     const struct pt_counts *counts, enum pt_sum what)
{
	struct span span = {.first = pt_vma_find(s->vmas, start)};
	for (span.end = span.first; span.end < s->vmas->n && s->vmas->v[span.end].start < end; span.end++)
		;
	if (what == PT_SUM_SIZE || what == PT_SUM_LOCKED)
		return (struct pt_maybe){0};
	return bytes_of(s, span, counts, what);
}
