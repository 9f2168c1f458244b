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

/*
 * Sums of pages that come one after the other: neighbours are mostly alike but for their PFNs, in few ways, so they are
 * counted first and added up once.
 */
#define WAYS 4u
struct tally {
	struct {
		uint32_t bits, n;
		uint16_t count;
	} ways[WAYS];
	unsigned next; /* to make room of */
	unsigned page_shift;
	struct pt_counts *sum;
};

static void tally_way(struct tally *tally, unsigned i)
{
	struct pt_page page = {.bits = tally->ways[i].bits, .count = tally->ways[i].count};
	pt_counts_add_pages(tally->sum, page, tally->ways[i].n, tally->page_shift);
	tally->ways[i].n = 0;
}

static void tally_add(struct tally *tally, uint32_t bits, uint16_t count, uint32_t n)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (tally->ways[i].bits == bits && tally->ways[i].count == count) {
			tally->ways[i].n += n;
			return;
		}
	unsigned i = tally->next++ % WAYS;
	tally_way(tally, i);
	tally->ways[i].bits = bits;
	tally->ways[i].count = count;
	tally->ways[i].n = n;
}

static void tally_end(struct tally *tally)
{
	for (unsigned i = 0; i < WAYS; i++)
		tally_way(tally, i);
}

static void sum_runs(const struct pt_chunk *chunk, unsigned first, unsigned end, struct tally *tally)
{
	for (unsigned r = run_from(chunk, first); r < chunk->n_runs && chunk->runs[r].first < end; r++) {
		const struct run *run = &chunk->runs[r];
		unsigned low = run->first > first ? run->first : first;
		unsigned high = run->first + run->n < end ? run->first + run->n : end;
		tally_add(tally, run->bits, (uint16_t)run->pfn_count, high - low);
	}
}

static void sum_packed(const struct packed *packed, unsigned first, unsigned end, struct tally *tally)
{
	for (unsigned i = first; i < end;) {
		unsigned n = 1;
		while (i + n < end && packed->bits[i + n] == packed->bits[i] &&
		       packed->count[i + n] == packed->count[i])
			n++;
		tally_add(tally, packed->bits[i], packed->count[i], n);
		i += n;
	}
}

/* The sums of pages [first, end), each looked at; a run's pages are alike. */
static void sum_pages(const struct pt_chunk *chunk, unsigned first, unsigned end, unsigned page_shift,
		      struct pt_counts *sum)
{
	struct tally tally = {.page_shift = page_shift, .sum = sum};
	if (chunk->n_runs)
		sum_runs(chunk, first, end, &tally);
	else
		sum_packed(&chunk->packed, first, end, &tally);
	tally_end(&tally);
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

/* ---- making them ------------------------------------------------------------------------------------------------ */

/* Neighbours are of a kind: after a packed chunk the next one is begun as packed, and made runs if that was wrong. */
struct pt_chunk_maker {
	unsigned n_runs;
	bool is_packed;  /* runs are counted, but pages are in `packed` */
	bool was_packed; /* the chunk before */
	unsigned end;    /* behind the last page that was packed */
	struct run runs[RUNS_MAX];
	struct packed packed;
};

struct pt_chunk_maker *pt_chunk_maker_new(void)
{
	struct pt_chunk_maker *maker = malloc(sizeof(*maker));
	if (!maker)
		return NULL;
	maker->was_packed = false;
	pt_chunk_begin(maker);
	return maker;
}

void pt_chunk_maker_free(struct pt_chunk_maker *maker)
{
	free(maker);
}

void pt_chunk_begin(struct pt_chunk_maker *maker)
{
	maker->n_runs = maker->end = 0;
	maker->is_packed = maker->was_packed;
	if (maker->is_packed)
		memset(&maker->packed, 0, sizeof(maker->packed));
}

bool pt_chunk_has_pages(const struct pt_chunk_maker *maker)
{
	return maker->n_runs > 0;
}

static void pack(struct packed *packed, unsigned first, unsigned n, struct pt_page page)
{
	for (unsigned i = first; i < first + n; i++) {
		packed->bits[i] = page.bits;
		packed->pfn_low[i] = (uint32_t)page.pfn;
		packed->pfn_high[i] = (uint16_t)(page.pfn >> 32);
		packed->count[i] = page.count;
		page.pfn += page.pfn != 0;
	}
}

static void pack_runs(struct pt_chunk_maker *maker)
{
	const struct run *last = &maker->runs[maker->n_runs - 1];
	maker->is_packed = true;
	maker->end = last->first + last->n;
	memset(&maker->packed, 0, sizeof(maker->packed));
	for (unsigned r = 0; r < maker->n_runs; r++)
		pack(&maker->packed, maker->runs[r].first, maker->runs[r].n, run_page(&maker->runs[r], 0));
}

/* Whether a page goes on with a run that it follows. A run of PFN 0 (unknown) stays 0; a swap entry's offset, in the
 * bits above the type, is no PFN, so swapped pages do not run on unless their entries are equal. */
static bool continues(const struct run *run, unsigned first, struct pt_page page)
{
	struct pt_page next = run_page(run, run->n);
	return run->first + run->n == first && next.bits == page.bits && next.pfn == page.pfn &&
	       next.count == page.count;
}

static void add_packed(struct pt_chunk_maker *maker, unsigned first, unsigned n, struct pt_page page)
{
	bool goes_on = false;
	if (maker->end && maker->end == first) {
		struct pt_page last = packed_page(&maker->packed, first - 1);
		goes_on = last.bits == page.bits && last.count == page.count &&
			  page.pfn == (last.pfn ? last.pfn + 1 : 0);
	}
	maker->n_runs += !goes_on;
	maker->end = first + n;
	pack(&maker->packed, first, n, page);
}

void pt_chunk_add(struct pt_chunk_maker *maker, unsigned first, unsigned n, struct pt_page page)
{
	page.pfn &= (1ull << PT_PFN_BITS) - 1;
	if (maker->is_packed) {
		add_packed(maker, first, n, page);
	} else if (maker->n_runs && continues(&maker->runs[maker->n_runs - 1], first, page)) {
		maker->runs[maker->n_runs - 1].n += (uint16_t)n;
	} else if (maker->n_runs < RUNS_MAX) {
		maker->runs[maker->n_runs++] = (struct run){.first = (uint16_t)first,
							    .n = (uint16_t)n,
							    .bits = page.bits,
							    .pfn_count = page.pfn << 16 | page.count};
	} else {
		pack_runs(maker);
		add_packed(maker, first, n, page);
	}
}

static void unpack_runs(struct pt_chunk_maker *maker)
{
	maker->n_runs = 0;
	maker->is_packed = false;
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		struct pt_page page = packed_page(&maker->packed, i);
		if (page.bits || page.pfn || page.count)
			pt_chunk_add(maker, i, 1, page);
	}
}

static bool is_as_made(const struct pt_chunk *chunk, const struct pt_chunk_maker *maker)
{
	if (maker->is_packed)
		return !chunk->n_runs && memcmp(&chunk->packed, &maker->packed, sizeof(maker->packed)) == 0;
	return chunk->n_runs == maker->n_runs &&
	       memcmp(chunk->runs, maker->runs, maker->n_runs * sizeof(*maker->runs)) == 0;
}

struct pt_chunk *pt_chunk_make(struct pt_chunk_maker *maker, struct pt_chunk *old, unsigned page_shift)
{
	if (maker->is_packed && maker->n_runs <= RUNS_MAX)
		unpack_runs(maker);
	maker->was_packed = maker->is_packed;
	if (!maker->n_runs) /* nothing at all: one run of nothing, so that it is not taken for packed */
		maker->runs[maker->n_runs++] = (struct run){.first = 0, .n = PT_CHUNK_PAGES};
	if (old && is_as_made(old, maker))
		return pt_chunk_ref(old);
	struct pt_chunk *chunk = malloc(size_for(maker->is_packed ? 0 : maker->n_runs));
	if (!chunk)
		return NULL;
	chunk->refs = 1;
	chunk->n_runs = (uint16_t)(maker->is_packed ? 0 : maker->n_runs);
	if (maker->is_packed)
		chunk->packed = maker->packed;
	else
		memcpy(chunk->runs, maker->runs, maker->n_runs * sizeof(*maker->runs));
	make_sums(chunk, page_shift);
	return chunk;
}

struct pt_chunk *pt_chunk_new(const struct pt_page *pages, unsigned page_shift)
{
	struct pt_chunk_maker maker;
	maker.was_packed = false;
	pt_chunk_begin(&maker);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++)
		if (pages[i].bits || pages[i].pfn || pages[i].count)
			pt_chunk_add(&maker, i, 1, pages[i]);
	return pt_chunk_make(&maker, NULL, page_shift);
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
		if (!pt_page_equal(mine, pages[i]))
			return false;
	}
	return true;
}

/* ---- what differs ----------------------------------------------------------------------------------------------- */

unsigned pt_chunk_run(const struct pt_chunk *chunk, unsigned index, struct pt_page *ret)
{
	*ret = (struct pt_page){0};
	if (!chunk)
		return PT_CHUNK_PAGES - index;
	if (chunk->n_runs) {
		unsigned r = run_from(chunk, index);
		if (r == chunk->n_runs)
			return PT_CHUNK_PAGES - index;
		const struct run *run = &chunk->runs[r];
		if (run->first > index)
			return run->first - index;
		*ret = run_page(run, index - run->first);
		return run->first + run->n - index;
	}
	*ret = packed_page(&chunk->packed, index);
	unsigned n = 1;
	for (; index + n < PT_CHUNK_PAGES; n++) {
		struct pt_page next = *ret;
		next.pfn += next.pfn ? n : 0;
		if (!pt_page_equal(packed_page(&chunk->packed, index + n), next))
			break;
	}
	return n;
}

/* Of two pages, all in which a stretch of them is alike. */
struct way {
	uint32_t before, after; /* bits */
	uint16_t count_before, count_after;
	bool same, known_before, known_after; /* PFNs */
};

static struct way way_of(struct pt_page before, struct pt_page after)
{
	return (struct way){before.bits,     after.bits,    before.count, after.count, before.pfn == after.pfn,
			    before.pfn != 0, after.pfn != 0};
}

static bool same_way(const struct way *a, const struct way *b)
{
	return a->before == b->before && a->after == b->after && a->count_before == b->count_before &&
	       a->count_after == b->count_after && a->same == b->same && a->known_before == b->known_before &&
	       a->known_after == b->known_after;
}

#define BLOCK 16u /* pages that are compared at once */

static bool same_block(const struct packed *a, const struct packed *b, unsigned first)
{
	return !memcmp(a->bits + first, b->bits + first, BLOCK * sizeof(*a->bits)) &&
	       !memcmp(a->pfn_low + first, b->pfn_low + first, BLOCK * sizeof(*a->pfn_low)) &&
	       !memcmp(a->pfn_high + first, b->pfn_high + first, BLOCK * sizeof(*a->pfn_high)) &&
	       !memcmp(a->count + first, b->count + first, BLOCK * sizeof(*a->count));
}

static bool same_at(const struct packed *a, const struct packed *b, unsigned i)
{
	return a->bits[i] == b->bits[i] && a->pfn_low[i] == b->pfn_low[i] && a->pfn_high[i] == b->pfn_high[i] &&
	       a->count[i] == b->count[i];
}

/* The first page from `from` on that differs; `end` if none does. Most are equal. */
static unsigned first_diff(const struct packed *a, const struct packed *b, unsigned from, unsigned end)
{
	while (from < end) {
		if (from % BLOCK == 0 && from + BLOCK <= end && same_block(a, b, from))
			from += BLOCK;
		else if (same_at(a, b, from))
			from++;
		else
			break;
	}
	return from;
}

static bool next_packed(const struct packed *a, const struct packed *b, unsigned from, unsigned end,
			struct pt_chunk_diff *ret)
{
	from = first_diff(a, b, from, end);
	if (from == end)
		return false;
	*ret = (struct pt_chunk_diff){from, 1, packed_page(a, from), packed_page(b, from)};
	const struct way way = way_of(ret->before, ret->after);
	for (unsigned i = from + 1; i < end; i++, ret->n++) {
		struct way next = way_of(packed_page(a, i), packed_page(b, i));
		if (!same_way(&way, &next))
			break;
	}
	return true;
}

bool pt_chunk_next_diff(const struct pt_chunk *before, const struct pt_chunk *after, unsigned from, unsigned end,
			struct pt_chunk_diff *ret)
{
	if (before && after && !before->n_runs && !after->n_runs)
		return next_packed(&before->packed, &after->packed, from, end, ret);
	struct way way = {0};
	ret->n = 0;
	while (from < end) {
		struct pt_page a, b;
		unsigned n = pt_chunk_run(before, from, &a), m = pt_chunk_run(after, from, &b);
		n = n < m ? n : m;
		n = n < end - from ? n : end - from;
		struct way next = way_of(a, b);
		if (ret->n && !same_way(&way, &next))
			return true;
		if (!pt_page_equal(a, b)) {
			if (!ret->n)
				*ret = (struct pt_chunk_diff){.first = from, .before = a, .after = b};
			ret->n += n;
			way = next;
		}
		from += n;
	}
	return ret->n > 0;
}

size_t pt_chunk_bytes(const struct pt_chunk *chunk)
{
	return chunk ? size_for(chunk->n_runs) : 0;
}
