/*
 * From regions to chunks; see batch.h.
 *
 * Regions are cut at chunk borders and noted; when the regions of a chunk are all there its pagemap is read at once,
 * and when BATCH_CHUNKS chunks are, their frames are: kpageflags for every page with a PFN, kpagecount for those that
 * pagemap does not already call mapped exactly once. What one entry says of a whole huge page is asked once.
 */
#include "core/scan/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/scan/classify.h"
#include "core/scan/folio.h"
#include "core/scan/frames.h"

/*
 * A small batch stays in the processor's caches; a large one finds more frames that lie side by side, which is what
 * counts where memory was touched in random order. It starts small and grows while reads stay short.
 */
#ifndef PT_BATCH_CHUNKS
#define PT_BATCH_CHUNKS 2048u
#endif
#define FEWEST_CHUNKS 64u
#define SHORT_READ    8u /* frames of a read, on average, below which a larger batch is worth trying */
#define BATCH_PAGES   (PT_BATCH_CHUNKS * PT_CHUNK_PAGES)
_Static_assert(BATCH_PAGES <= 1u << PT_FRAME_TAG_BITS, "a tag numbers each page of the batch");

/* A region's part in the chunk at hand. */
struct part {
	uint16_t first, n;
	uint32_t categories;
	size_t vma;
};

struct pt_batch {
	unsigned page_shift;
	enum pt_depth depth;
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	const struct pt_snapshot *before;
	struct pt_slots *slots;
	uint64_t pages_seen;
	uint64_t read_ns;  /* when this batch was, for its slots */
	uint64_t reached;  /* page behind the last region */
	unsigned limit;    /* chunks of a batch, for now */
	unsigned n_chunks; /* of which the last may still be open */
	unsigned n_parts;  /* of the open chunk */
	uint64_t index[PT_BATCH_CHUNKS];
	bool huge[PT_BATCH_CHUNKS]; /* mapped by one PMD: its first page answers for all */
	struct part parts[PT_CHUNK_PAGES];
	uint64_t entries[PT_CHUNK_PAGES];
	struct pt_folio folio; /* that the frames at hand belong to */
	struct pt_page pages[BATCH_PAGES];
	pt_frame_key keys[BATCH_PAGES], spare[BATCH_PAGES];
};

struct pt_batch *pt_batch_new(unsigned page_shift)
{
	struct pt_batch *batch = malloc(sizeof(*batch));
	if (!batch)
		return NULL;
	batch->page_shift = page_shift;
	batch->limit = FEWEST_CHUNKS < PT_BATCH_CHUNKS ? FEWEST_CHUNKS : PT_BATCH_CHUNKS;
	return batch;
}

void pt_batch_free(struct pt_batch *batch)
{
	free(batch);
}

void pt_batch_begin(struct pt_batch *batch, enum pt_depth depth, struct pt_target *target,
		    const struct pt_vma_table *vmas, const struct pt_snapshot *before, struct pt_slots *slots)
{
	batch->depth = depth;
	batch->target = target;
	batch->vmas = vmas;
	batch->before = before;
	batch->slots = slots;
	batch->n_chunks = batch->n_parts = 0;
	batch->pages_seen = batch->reached = 0;
}

uint64_t pt_batch_done_index(const struct pt_batch *batch)
{
	return batch->n_chunks ? batch->index[0] : batch->slots->n ? batch->slots->v[batch->slots->n - 1].index + 1 : 0;
}

uint64_t pt_batch_pages(const struct pt_batch *batch)
{
	return batch->pages_seen;
}

/* ---- one chunk: pagemap ----------------------------------------------------------------------------------------- */

static struct pt_page *chunk_pages(struct pt_batch *batch, unsigned chunk)
{
	return batch->pages + (size_t)chunk * PT_CHUNK_PAGES;
}

static void fill_presence(struct pt_batch *batch, struct pt_page *pages)
{
	for (unsigned p = 0; p < batch->n_parts; p++) {
		const struct part *part = &batch->parts[p];
		struct pt_page page = pt_classify_presence(part->categories, &batch->vmas->v[part->vma]);
		for (unsigned i = part->first; i < part->first + (unsigned)part->n; i++)
			pages[i] = page;
	}
}

/* One PMD maps the whole chunk: its frames follow each other. (A chunk is a PMD's worth where tests do not shrink it.) */
static bool is_huge(const struct pt_batch *batch)
{
	const struct part *part = &batch->parts[0];
	return batch->n_parts == 1 && part->n == PT_CHUNK_PAGES && part->categories & PS_HUGE &&
	       !(part->categories & PS_PFNZERO);
}

static int read_page(struct pt_batch *batch, uint64_t number, struct pt_page *ret)
{
	struct pt_target *t = batch->target;
	const struct part *part = &batch->parts[0];
	uint64_t entry;
	ssize_t got = t->k->ops->pread(t->k, t->pagemap, &entry, sizeof(entry), number * 8);
	if (got != (ssize_t)sizeof(entry))
		return got < 0 ? (int)got : -ESRCH;
	*ret = pt_classify_entry(entry, part->categories, &batch->vmas->v[part->vma], &t->signals);
	return 0;
}

/*
 * 1: done; 0: its last page does not go on from its first. Then it was split since it was found, or it is of hugetlb
 * pages smaller than a PMD, which are called huge as well (64 KiB on arm64).
 */
static int fill_huge(struct pt_batch *batch, uint64_t index, struct pt_page *pages)
{
	struct pt_page first, last;
	int error = read_page(batch, index * PT_CHUNK_PAGES, &first);
	if (!error)
		error = read_page(batch, (index + 1) * PT_CHUNK_PAGES - 1, &last);
	if (error)
		return error;
	if (last.pfn != (first.pfn ? first.pfn + PT_CHUNK_PAGES - 1 : 0) || (first.bits ^ last.bits) & ~PT_EXCLUSIVE)
		return 0;
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		pages[i] = first;
		pages[i].pfn = first.pfn ? first.pfn + i : 0;
	}
	return 1;
}

/* Reads pagemap from the chunk's first page of interest to its last, and makes pages of it. */
static int fill_detail(struct pt_batch *batch, uint64_t index, struct pt_page *pages)
{
	struct pt_target *t = batch->target;
	const struct part *last = &batch->parts[batch->n_parts - 1];
	unsigned first = batch->parts[0].first, n = last->first + last->n - first;
	ssize_t got = t->k->ops->pread(t->k, t->pagemap, batch->entries, (size_t)n * 8,
				       (index * PT_CHUNK_PAGES + first) * 8);
	if (got < 0)
		return (int)got;
	if (got == 0)
		return -ESRCH; /* the memory is gone */
	unsigned have = (unsigned)got / 8;
	for (unsigned p = 0; p < batch->n_parts; p++) {
		const struct part *part = &batch->parts[p];
		const struct pt_vma *vma = &batch->vmas->v[part->vma];
		for (unsigned i = part->first; i < part->first + (unsigned)part->n && i - first < have; i++)
			pages[i] = pt_classify_entry(batch->entries[i - first], part->categories, vma, &t->signals);
	}
	return 0;
}

static int close_chunk(struct pt_batch *batch)
{
	if (!batch->n_parts)
		return 0;
	unsigned chunk = batch->n_chunks - 1;
	struct pt_page *pages = chunk_pages(batch, chunk);
	memset(pages, 0, PT_CHUNK_PAGES * sizeof(*pages));
	int huge = 0, error = 0;
	if (batch->depth == PT_DEPTH_DETAIL && is_huge(batch))
		huge = fill_huge(batch, batch->index[chunk], pages);
	if (batch->depth == PT_DEPTH_PRESENCE)
		fill_presence(batch, pages);
	else if (!huge)
		error = fill_detail(batch, batch->index[chunk], pages);
	batch->huge[chunk] = huge == 1;
	batch->n_parts = 0;
	return huge < 0 ? huge : error;
}

/* ---- all chunks: frames ----------------------------------------------------------------------------------------- */

/* The head's flags on every page of a huge mapping; only that it is the head is not theirs. */
static void spread_flags(struct pt_page *pages)
{
	for (unsigned i = 1; i < PT_CHUNK_PAGES; i++)
		pages[i].bits = pages[0].bits & ~(uint32_t)PT_HEAD;
}

/*
 * The kernel marks the head of an anonymous folio (OWNER_2, "anon exclusive") that this PMD alone maps: then the count
 * of each page is 1. Any other folio may be mapped page by page elsewhere, and has as many counts as pages.
 */
static bool is_exclusive(const struct pt_batch *batch, uint64_t flags)
{
	const uint64_t mask = KPF(ANON) | KPF(OWNER_2) | KPF(SLAB);
	return (flags & mask) == (KPF(ANON) | KPF(OWNER_2)) &&
	       batch->target->signals.of[PT_SIG_MAP_COUNT].given == PT_GIVEN;
}

static void take_flags(void *arg, uint32_t tag, uint64_t flags)
{
	struct pt_batch *batch = arg;
	struct pt_target *t = batch->target;
	struct pt_page *page = &batch->pages[tag];
	flags = pt_folio_flags(&batch->folio, t->k, t->kpageflags, page->pfn, flags);
	pt_classify_flags(page, flags, &t->signals);
	if (!batch->huge[tag / PT_CHUNK_PAGES])
		return;
	spread_flags(page);
	if (is_exclusive(batch, flags))
		for (unsigned i = 0; i < PT_CHUNK_PAGES; i++)
			pt_classify_count(&page[i], 1);
}

static void take_count(void *arg, uint32_t tag, uint64_t count)
{
	struct pt_batch *batch = arg;
	pt_classify_count(&batch->pages[tag], count);
}

static bool wants_flags(const struct pt_batch *batch, uint32_t tag)
{
	struct pt_page page = batch->pages[tag];
	bool answered = batch->huge[tag / PT_CHUNK_PAGES] && tag % PT_CHUNK_PAGES;
	return page.pfn && !answered && pt_kind_present(pt_page_kind(page));
}

static bool wants_count(const struct pt_batch *batch, uint32_t tag)
{
	struct pt_page page = batch->pages[tag];
	return page.pfn && !(page.bits & PT_HAS_COUNT) && pt_kind_present(pt_page_kind(page));
}

static size_t collect(struct pt_batch *batch, bool (*wanted)(const struct pt_batch *batch, uint32_t tag))
{
	size_t n = 0;
	for (uint32_t i = 0; i < batch->n_chunks * PT_CHUNK_PAGES; i++)
		if (wanted(batch, i))
			batch->keys[n++] = pt_frame_key_make(batch->pages[i].pfn, i);
	pt_frames_sort(batch->keys, batch->spare, n);
	return n;
}

/*
 * "Mapped exactly once" is a count of 1, where this kernel keeps counts per page. But in a huge mapping bit 56 of every
 * entry is that of the folio's first page (seen on 6.18, where a child of fork had copied that page alone).
 */
static void count_exclusive(struct pt_batch *batch)
{
	if (batch->target->signals.of[PT_SIG_MAP_COUNT].given != PT_GIVEN)
		return;
	for (uint32_t i = 0; i < batch->n_chunks * PT_CHUNK_PAGES; i++)
		if ((batch->pages[i].bits & (PT_EXCLUSIVE | PT_PMD)) == PT_EXCLUSIVE)
			pt_classify_count(&batch->pages[i], 1);
}

static void adapt(struct pt_batch *batch, size_t frames, size_t reads)
{
	bool full = batch->n_chunks == batch->limit;
	if (full && frames < reads * SHORT_READ && batch->limit * 4 <= PT_BATCH_CHUNKS)
		batch->limit *= 4;
	else if (frames > reads * SHORT_READ * 8 && batch->limit / 4 >= FEWEST_CHUNKS)
		batch->limit /= 4;
}

/* What cannot be read here stays unknown in the pages; the frame as a whole goes on. */
static void read_frames(struct pt_batch *batch)
{
	struct pt_target *t = batch->target;
	batch->folio = (struct pt_folio){0};
	if (t->kpageflags >= 0) {
		size_t n = collect(batch, wants_flags), reads = pt_frames_reads(batch->keys, n);
		pt_frames_read(t->k, t->kpageflags, batch->keys, n, take_flags, batch);
		adapt(batch, n, reads);
	}
	count_exclusive(batch);
	if (t->kpagecount >= 0)
		pt_frames_read(t->k, t->kpagecount, batch->keys, collect(batch, wants_count), take_count, batch);
}

static bool is_empty(const struct pt_page *pages)
{
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++)
		if (pt_page_kind(pages[i]) != PT_UNTOUCHED)
			return false;
	return true;
}

static int emit(struct pt_batch *batch, uint64_t index, const struct pt_page *pages)
{
	if (is_empty(pages))
		return 0;
	struct pt_chunk *old = NULL;
	if (batch->before)
		old = pt_snapshot_chunk(batch->before, index * pt_snapshot_chunk_size(batch->before));
	struct pt_chunk *chunk = old && pt_chunk_equals(old, pages) ? pt_chunk_ref(old)
								    : pt_chunk_new(pages, batch->page_shift);
	return pt_slots_push(batch->slots, index, chunk, batch->read_ns);
}

static int flush(struct pt_batch *batch)
{
	batch->read_ns = 0;
	if (batch->depth == PT_DEPTH_DETAIL) {
		batch->read_ns = batch->target->k->ops->now(batch->target->k, PT_CLOCK_MONOTONIC);
		read_frames(batch);
	}
	int error = 0;
	for (unsigned i = 0; i < batch->n_chunks && !error; i++)
		error = emit(batch, batch->index[i], chunk_pages(batch, i));
	batch->n_chunks = 0;
	return error;
}

/* ---- regions in ------------------------------------------------------------------------------------------------- */

static int open_chunk(struct pt_batch *batch, uint64_t index)
{
	if (batch->n_chunks && batch->n_parts && batch->index[batch->n_chunks - 1] == index)
		return 0;
	int error = close_chunk(batch);
	if (!error && batch->n_chunks >= batch->limit)
		error = flush(batch);
	if (!error)
		batch->index[batch->n_chunks++] = index;
	return error;
}

int pt_batch_add(struct pt_batch *batch, const struct pt_region *region)
{
	uint64_t page = region->start >> batch->page_shift, end = region->end >> batch->page_shift;
	if (page < batch->reached)
		return -EIO; /* not in address order: no kernel does that */
	batch->reached = end;
	batch->pages_seen += end - page;
	while (page < end) {
		uint64_t index = page / PT_CHUNK_PAGES, chunk_end = (index + 1) * PT_CHUNK_PAGES;
		uint64_t until = end < chunk_end ? end : chunk_end;
		int error = open_chunk(batch, index);
		if (error)
			return error;
		batch->parts[batch->n_parts++] = (struct part){.first = (uint16_t)(page % PT_CHUNK_PAGES),
							       .n = (uint16_t)(until - page),
							       .categories = (uint32_t)region->categories,
							       .vma = region->vma};
		page = until;
	}
	return 0;
}

int pt_batch_end(struct pt_batch *batch)
{
	int error = close_chunk(batch);
	return error ? error : flush(batch);
}
