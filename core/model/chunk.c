/*
 * Chunks: see chunk.h. A packed page is 12 bytes: bits, the low and high part of its 48-bit PFN, its count.
 */
#include "core/model/chunk.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((PT_CHUNK_PAGES & (PT_CHUNK_PAGES - 1)) == 0, "a chunk is a power of two of pages");
_Static_assert(PT_CHUNK_PAGES <= UINT16_MAX, "sums and run positions are 16 bits");

/* Pages from `first` on with the same bits and count; the PFN of the i-th is pfn + i, or pfn if that is 0. */
struct run {
	uint16_t first, n;
	uint32_t bits;
	uint64_t pfn_count; /* PFN in the high 48 bits, count in the low 16 */
};

struct packed {
	uint32_t bits[PT_CHUNK_PAGES];
	uint32_t pfn_low[PT_CHUNK_PAGES];
	uint16_t pfn_high[PT_CHUNK_PAGES];
	uint16_t count[PT_CHUNK_PAGES];
};

struct pt_chunk {
	unsigned refs;
	uint16_t n_runs; /* 0: packed */
	uint16_t sums[PT_STAT_N];
	uint64_t pss;
	union {
		struct run runs[1]; /* n_runs of them; pages outside of all are untouched */
		struct packed packed;
	};
};

/* More runs than this take more room than a packed chunk. */
#define RUNS_MAX (sizeof(struct packed) / sizeof(struct run))

static bool is_nothing(struct pt_page page)
{
	return !page.bits && !page.pfn && !page.count;
}

/* Whether b, one page further on, goes on with a's run. A run of PFN 0 (unknown) stays 0; a swap entry's offset, in the
 * bits above the type, is no PFN, so swapped pages do not run on unless their entries are equal. */
static bool continues(struct pt_page first, struct pt_page next, unsigned distance)
{
	if (first.bits != next.bits || first.count != next.count)
		return false;
	return next.pfn == (first.pfn ? first.pfn + distance : 0);
}

static unsigned find_runs(const struct pt_page *pages, struct run *runs)
{
	unsigned n = 0;
	for (unsigned i = 0; i < PT_CHUNK_PAGES;) {
		unsigned end = i + 1;
		while (end < PT_CHUNK_PAGES && continues(pages[i], pages[end], end - i))
			end++;
		if (!is_nothing(pages[i])) {
			if (n == RUNS_MAX)
				return RUNS_MAX + 1;
			runs[n++] = (struct run){.first = (uint16_t)i,
						 .n = (uint16_t)(end - i),
						 .bits = pages[i].bits,
						 .pfn_count = pages[i].pfn << 16 | pages[i].count};
		}
		i = end;
	}
	return n;
}

static void pack(struct packed *packed, const struct pt_page *pages)
{
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		packed->bits[i] = pages[i].bits;
		packed->pfn_low[i] = (uint32_t)pages[i].pfn;
		packed->pfn_high[i] = (uint16_t)(pages[i].pfn >> 32);
		packed->count[i] = pages[i].count;
	}
}

static struct pt_page run_page(const struct run *run, unsigned distance)
{
	uint64_t pfn = run->pfn_count >> 16;
	return (struct pt_page){.pfn = pfn ? pfn + distance : 0, .bits = run->bits, .count = (uint16_t)run->pfn_count};
}

static struct pt_page packed_page(const struct packed *packed, unsigned i)
{
	return (struct pt_page){.pfn = (uint64_t)packed->pfn_high[i] << 32 | packed->pfn_low[i],
				.bits = packed->bits[i],
				.count = packed->count[i]};
}

/* The first run that ends behind index; n_runs if none does. */
static unsigned run_from(const struct pt_chunk *chunk, unsigned index)
{
	unsigned low = 0, high = chunk->n_runs;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (chunk->runs[middle].first + chunk->runs[middle].n <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void sum_runs(const struct pt_chunk *chunk, unsigned first, unsigned end, unsigned page_shift,
		     struct pt_counts *sum)
{
	for (unsigned r = run_from(chunk, first); r < chunk->n_runs && chunk->runs[r].first < end; r++) {
		const struct run *run = &chunk->runs[r];
		unsigned low = run->first > first ? run->first : first;
		unsigned high = run->first + run->n < end ? run->first + run->n : end;
		struct pt_counts one = {0};
		pt_counts_add_page(&one, run_page(run, 0), page_shift);
		sum->pss += one.pss * (high - low);
		for (int i = 0; i < PT_STAT_N; i++)
			sum->n[i] += one.n[i] * (high - low);
	}
}

/* The sums of pages [first, end), each looked at; a run's pages are alike. */
static void sum_pages(const struct pt_chunk *chunk, unsigned first, unsigned end, unsigned page_shift,
		      struct pt_counts *sum)
{
	if (chunk->n_runs)
		sum_runs(chunk, first, end, page_shift, sum);
	else
		for (unsigned i = first; i < end; i++)
			pt_counts_add_page(sum, packed_page(&chunk->packed, i), page_shift);
}

static void make_sums(struct pt_chunk *chunk, unsigned page_shift)
{
	struct pt_counts counts = {0};
	sum_pages(chunk, 0, PT_CHUNK_PAGES, page_shift, &counts);
	chunk->pss = counts.pss;
	for (int i = 0; i < PT_STAT_N; i++)
		chunk->sums[i] = (uint16_t)counts.n[i];
}

static size_t size_for(unsigned n_runs)
{
	return n_runs ? offsetof(struct pt_chunk, runs) + n_runs * sizeof(struct run)
		      : offsetof(struct pt_chunk, packed) + sizeof(struct packed);
}

struct pt_chunk *pt_chunk_new(const struct pt_page *pages, unsigned page_shift)
{
	struct run runs[RUNS_MAX + 1];
	unsigned n = find_runs(pages, runs);
	unsigned n_runs = n <= RUNS_MAX ? n : 0;
	if (n == 0) { /* nothing at all: one run of nothing, so that it is not taken for packed */
		runs[0] = (struct run){.first = 0, .n = PT_CHUNK_PAGES};
		n_runs = 1;
	}
	struct pt_chunk *chunk = malloc(size_for(n_runs));
	if (!chunk)
		return NULL;
	chunk->refs = 1;
	chunk->n_runs = (uint16_t)n_runs;
	if (n_runs)
		memcpy(chunk->runs, runs, n_runs * sizeof(struct run));
	else
		pack(&chunk->packed, pages);
	make_sums(chunk, page_shift);
	return chunk;
}

struct pt_chunk *pt_chunk_ref(struct pt_chunk *chunk)
{
	__atomic_fetch_add(&chunk->refs, 1, __ATOMIC_RELAXED);
	return chunk;
}

void pt_chunk_unref(struct pt_chunk *chunk)
{
	if (chunk && __atomic_sub_fetch(&chunk->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(chunk);
}

struct pt_page pt_chunk_page(const struct pt_chunk *chunk, unsigned index)
{
	if (!chunk)
		return (struct pt_page){0};
	if (!chunk->n_runs)
		return packed_page(&chunk->packed, index);
	unsigned i = run_from(chunk, index);
	if (i == chunk->n_runs || chunk->runs[i].first > index)
		return (struct pt_page){0};
	return run_page(&chunk->runs[i], index - chunk->runs[i].first);
}

void pt_chunk_unpack(const struct pt_chunk *chunk, struct pt_page *pages)
{
	if (chunk && !chunk->n_runs) {
		for (unsigned i = 0; i < PT_CHUNK_PAGES; i++)
			pages[i] = packed_page(&chunk->packed, i);
		return;
	}
	memset(pages, 0, PT_CHUNK_PAGES * sizeof(*pages));
	for (unsigned r = 0; chunk && r < chunk->n_runs; r++)
		for (unsigned i = 0; i < chunk->runs[r].n; i++)
			pages[chunk->runs[r].first + i] = run_page(&chunk->runs[r], i);
}

void pt_chunk_sum(const struct pt_chunk *chunk, struct pt_counts *sum)
{
	if (!chunk)
		return;
	sum->pss += chunk->pss;
	for (int i = 0; i < PT_STAT_N; i++)
		sum->n[i] += chunk->sums[i];
}

unsigned pt_chunk_stat(const struct pt_chunk *chunk, enum pt_stat stat)
{
	return chunk ? chunk->sums[stat] : 0;
}

void pt_chunk_sum_part(const struct pt_chunk *chunk, unsigned first, unsigned n, unsigned page_shift,
		       struct pt_counts *sum)
{
	if (!chunk)
		return;
	if (first == 0 && n == PT_CHUNK_PAGES)
		pt_chunk_sum(chunk, sum);
	else
		sum_pages(chunk, first, first + n, page_shift, sum);
}

static bool same_page(struct pt_page a, struct pt_page b)
{
	return a.bits == b.bits && a.pfn == b.pfn && a.count == b.count;
}

bool pt_chunk_equals(const struct pt_chunk *chunk, const struct pt_page *pages)
{
	unsigned r = 0;
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		struct pt_page mine = {0};
		if (chunk && !chunk->n_runs) {
			mine = packed_page(&chunk->packed, i);
		} else if (chunk) {
			while (r < chunk->n_runs && chunk->runs[r].first + chunk->runs[r].n <= i)
				r++;
			if (r < chunk->n_runs && chunk->runs[r].first <= i)
				mine = run_page(&chunk->runs[r], i - chunk->runs[r].first);
		}
		if (!same_page(mine, pages[i]))
			return false;
	}
	return true;
}

size_t pt_chunk_bytes(const struct pt_chunk *chunk)
{
	return chunk ? size_for(chunk->n_runs) : 0;
}
