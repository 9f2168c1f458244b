/*
 * From parts to chunks; see build.h.
 *
 * Neighbours mostly have the same bits in pagemap and in kpageflags, and then are the same but for their PFN: what an
 * entry means is looked up among the few meanings seen before, and pages go into the chunk as runs.
 */
#include "core/scan/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/scan/classify.h"

#define MEANINGS    64u /* a power of two */
#define STEP_CHUNKS 64u

/* What a present page is that has these bits in pagemap, is in such a VMA and part, and has this word. */
struct meaning {
	uint64_t what; /* 0: none yet; PM_PRESENT is always in it */
	pt_frame_word word;
	uint32_t bits;
	uint16_t count; /* if the word has none */
};

struct pt_build {
	unsigned page_shift;
	struct pt_chunk_maker *maker;
	uint64_t index; /* of the chunk that is being made */
	const struct pt_build_job *job;
	const struct pt_parts *parts;
	struct pt_frames *frames;
	size_t before_at; /* in the snapshot before */
	struct meaning meanings[MEANINGS];
	struct pt_parts again; /* a chunk that has to be read page by page after all */
	uint64_t again_entries[PT_CHUNK_PAGES];
	pt_frame_word again_words[PT_CHUNK_PAGES];
	uint16_t again_counts[PT_CHUNK_PAGES];
};

struct pt_build *pt_build_new(unsigned page_shift)
{
	struct pt_build *build = calloc(1, sizeof(*build));
	if (!build)
		return NULL;
	build->page_shift = page_shift;
	pt_parts_lend(&build->again,
		      (struct pt_frame_arrays){build->again_entries, build->again_words, build->again_counts},
		      PT_CHUNK_PAGES);
	build->maker = pt_chunk_maker_new();
	if (!build->maker) {
		free(build);
		return NULL;
	}
	return build;
}

void pt_build_free(struct pt_build *build)
{
	if (!build)
		return;
	pt_chunk_maker_free(build->maker);
	pt_parts_free(&build->again);
	free(build);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static bool counts_are_exact(const struct pt_build *build)
{
	return build->job->target->signals.of[PT_SIG_MAP_COUNT].given == PT_GIVEN;
}

/* A page with all that is known of it but a count that was read. */
static struct pt_page classify(const struct pt_build *build, const struct pt_part *part, uint64_t entry,
			       pt_frame_word word)
{
	return pt_frame_page(build->job->target, &build->job->vmas->v[part->vma], part->categories, entry, word);
}

static const struct meaning *meaning_of(struct pt_build *build, const struct pt_part *part, uint64_t entry,
					pt_frame_word word)
{
	uint64_t role = build->job->vmas->v[part->vma].role;
	uint64_t what = (entry & ~PM_PFN_MASK) | role << 16 | part->categories;
	uint64_t hash = (what ^ what >> 40 ^ (uint64_t)word * 0x9e3779b97f4a7c15u >> 32) & (MEANINGS - 1);
	struct meaning *meaning = &build->meanings[hash];
	if (meaning->what != what || meaning->word != word) {
		struct pt_page page = classify(build, part, entry, word);
		*meaning = (struct meaning){.what = what, .word = word, .bits = page.bits, .count = page.count};
	}
	return meaning;
}

/* Pages of one part, of the chunk that is being made. */
static void add_pages(struct pt_build *build, const struct pt_parts *parts, const struct pt_part *part, uint64_t page,
		      unsigned n)
{
	size_t at = part->at + (size_t)(page - part->page);
	unsigned first = (unsigned)(page % PT_CHUNK_PAGES), run = 0; /* pages before i that are alike */
	struct pt_page alike = {0}, now = {0};
	struct meaning last = {0};
	for (unsigned i = 0; i < n; i++) {
		uint64_t entry = parts->entries[at + i];
		pt_frame_word word = parts->words[at + i];
		if (entry & PM_PRESENT) {
			if ((entry ^ last.what) & ~PM_PFN_MASK || word != last.word)
				last = *meaning_of(build, part, entry, word);
			now = (struct pt_page){.pfn = entry & PM_PFN_MASK, .bits = last.bits, .count = last.count};
			if (word & PT_FRAME_HAS_COUNT)
				now.count = parts->counts[at + i];
		} else {
			now = entry ? classify(build, part, entry, 0) : (struct pt_page){0};
		}
		if (run && now.bits == alike.bits && now.count == alike.count &&
		    now.pfn == (alike.pfn ? alike.pfn + run : 0)) {
			run++;
			continue;
		}
		if (alike.bits)
			pt_chunk_add(build->maker, first + i - run, run, alike);
		alike = now;
		run = 1;
	}
	if (alike.bits)
		pt_chunk_add(build->maker, first + n - run, run, alike);
}

static void add_presence(struct pt_build *build, const struct pt_parts *parts, const struct pt_part *part,
			 uint64_t page, unsigned n)
{
	const struct pt_vma *vma = &build->job->vmas->v[part->vma];
	unsigned first = (unsigned)(page % PT_CHUNK_PAGES);
	if (part->categories) {
		pt_chunk_add(build->maker, first, n, pt_classify_presence(part->categories, vma));
		return;
	}
	for (unsigned i = 0; i < n; i++) { /* of a guess: only the entries tell */
		uint64_t entry = parts->entries[part->at + (page - part->page) + i];
		uint64_t categories = entry & PM_PRESENT ? PS_PRESENT : entry & (PM_SWAP | PM_GUARD) ? PS_SWAPPED : 0;
		if (categories)
			pt_chunk_add(build->maker, first + i, 1, pt_classify_presence(categories, vma));
	}
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

/*
 * One entry spoke for all pages, and its flags must confirm it: a PMD maps an aligned part of a large folio. Where they
 * were not needed, or cannot be had, the last entry was looked at instead; see pt_parts_add_whole().
 */
static bool is_confirmed(const struct pt_build *build, const struct pt_part *part, uint64_t entry, pt_frame_word word)
{
	uint64_t flags = pt_frame_flags_of(word);
	if (!(word & PT_FRAME_HAS_FLAGS) || build->job->vmas->v[part->vma].role == PT_ROLE_HUGETLB)
		return !(entry & PM_PRESENT) || !(entry & PM_PFN_MASK) || build->job->target->kpageflags < 0 ||
		       build->job->vmas->v[part->vma].role == PT_ROLE_HUGETLB;
	return flags & (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL)) && flags & (KPF(THP) | KPF(HUGE)) &&
	       (entry & PM_PFN_MASK) % PT_CHUNK_PAGES == 0;
}

/*
 * The kernel marks the head of an anonymous folio (OWNER_2, "anon exclusive") that this PMD alone maps: then the count
 * of each page is 1. Any other folio may be mapped page by page elsewhere, and has as many counts as pages.
 */
static bool is_exclusive(const struct pt_build *build, pt_frame_word word)
{
	const uint64_t mask = KPF(ANON) | KPF(OWNER_2) | KPF(SLAB);
	return word & PT_FRAME_HAS_FLAGS && counts_are_exact(build) &&
	       (pt_frame_flags_of(word) & mask) == (KPF(ANON) | KPF(OWNER_2));
}

/* Pages [first, end) of a chunk that goes on like this from its first page. */
static void add_some(struct pt_build *build, struct pt_page page, unsigned first, unsigned end)
{
	if (first) {
		page.pfn += page.pfn ? first : 0;
		page.bits &= ~(uint32_t)PT_HEAD;
	}
	if (first < end && page.bits)
		pt_chunk_add(build->maker, first, end - first, page);
}

static void add_alike(struct pt_build *build, struct pt_page page)
{
	add_some(build, page, 0, 1);
	add_some(build, page, 1, PT_CHUNK_PAGES);
}

/* Alike but for their counts; where those cannot be had, they stay unknown. */
static void add_counted(struct pt_build *build, struct pt_page page)
{
	struct pt_target *t = build->job->target;
	uint64_t counts[PT_CHUNK_PAGES];
	ssize_t got = t->k->ops->pread(t->k, t->kpagecount, counts, sizeof(counts), page.pfn * 8);
	unsigned have = got > 0 ? (unsigned)((size_t)got / 8) : 0;
	for (unsigned i = 0, n; i < have; i += n) {
		struct pt_page now = page;
		for (n = 1; i && i + n < have && counts[i + n] == counts[i]; n++)
			;
		pt_classify_count(&now, counts[i]);
		add_some(build, now, i, i + n);
	}
	if (!have)
		add_some(build, page, 0, have = 1);
	add_some(build, page, have, PT_CHUNK_PAGES);
}

/* Page by page, as it should have been read at first. */
static int add_split(struct pt_build *build, const struct pt_part *part)
{
	struct pt_parts *again = &build->again;
	struct pt_region region = {.start = part->page << build->page_shift,
				   .end = (part->page + part->n) << build->page_shift,
				   .categories = part->categories,
				   .vma = part->vma};
	pt_parts_clear(again, build->job->target);
	int error = pt_parts_add(again, &region);
	if (!error)
		error = pt_parts_read(again);
	if (!error)
		error = pt_frames_order(build->frames, again, 1);
	if (!error)
		error = pt_frames_read(build->frames, build->frames, again, (struct pt_step){0}, NULL);
	if (!error)
		add_pages(build, again, &again->v[0], part->page, part->n);
	return error;
}

static int add_whole(struct pt_build *build, const struct pt_part *part)
{
	uint64_t entry = build->parts->entries[part->at];
	pt_frame_word word = build->parts->words[part->at];
	if (!is_confirmed(build, part, entry, word))
		return add_split(build, part);
	struct pt_page page = classify(build, part, entry, word);
	if (is_exclusive(build, word))
		pt_classify_count(&page, 1);
	if (page.bits & PT_HAS_COUNT || !page.pfn || !(entry & PM_PRESENT) || build->job->target->kpagecount < 0)
		add_alike(build, page);
	else
		add_counted(build, page);
	return 0;
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

static struct pt_chunk *chunk_before(struct pt_build *build)
{
	const struct pt_snapshot *before = build->job->before;
	if (!before)
		return NULL;
	if (build->before_at >= before->n_slots || before->slots[build->before_at].index != build->index)
		build->before_at = pt_snapshot_lower(before, build->index);
	if (build->before_at >= before->n_slots || before->slots[build->before_at].index != build->index)
		return NULL;
	return before->slots[build->before_at++].chunk;
}

static int emit(struct pt_build *build)
{
	if (!pt_chunk_has_pages(build->maker))
		return 0;
	struct pt_chunk *chunk = pt_chunk_make(build->maker, chunk_before(build), build->page_shift);
	uint64_t read_ns = build->job->depth == PT_DEPTH_DETAIL ? build->parts->began_ns : 0;
	pt_chunk_begin(build->maker);
	return pt_slots_push(build->job->slots, build->index, chunk, read_ns);
}

static int add_part(struct pt_build *build, const struct pt_part *part, uint64_t page, unsigned n)
{
	if (build->job->depth == PT_DEPTH_PRESENCE)
		add_presence(build, build->parts, part, page, n);
	else if (part->whole)
		return add_whole(build, part);
	else
		add_pages(build, build->parts, part, page, n);
	return 0;
}

int pt_build_chunks(struct pt_build *build, const struct pt_build_job *job, const struct pt_parts *parts,
		    struct pt_frames *frames, struct pt_step step, uint64_t *done)
{
	int error = 0;
	unsigned chunks = 0;
	build->job = job;
	build->parts = parts;
	build->frames = frames;
	build->before_at = 0;
	build->index = UINT64_MAX;
	memset(build->meanings, 0, sizeof(build->meanings)); /* what signals there are is part of them */
	pt_chunk_begin(build->maker);
	for (size_t p = 0; p < parts->n && !error; p++) {
		const struct pt_part *part = &parts->v[p];
		uint64_t page = part->page, end = part->page + part->n;
		while (page < end && !error) {
			uint64_t index = page / PT_CHUNK_PAGES, until = (index + 1) * PT_CHUNK_PAGES;
			if (index != build->index) {
				error = emit(build);
				*done = build->index = index;
				if (!error && ++chunks % STEP_CHUNKS == 0)
					error = pt_step(step);
			}
			until = end < until ? end : until;
			if (!error)
				error = add_part(build, part, page, (unsigned)(until - page));
			page = until;
		}
	}
	if (!error)
		error = emit(build);
	if (!error)
		*done = build->index + 1;
	return error;
}
