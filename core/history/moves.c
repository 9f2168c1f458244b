/*
 * Finding moves; see moves.h. Some frames of each stretch that vanished are remembered, and looked for in what
 * appeared; each that is found votes for a distance. The distances with the most votes are checked page by page.
 */
#include "core/history/moves.h"

#include <errno.h>
#include <stdlib.h>

#include "core/history/runs.h"

#define SAMPLES    32u /* frames remembered of a stretch */
#define CANDIDATES 4u  /* distances */
#define FEW        8u  /* pages */

/* Addresses of one VMA, all of which vanished, or appeared. */
struct range {
	uint64_t start, end;
	const struct pt_vma *vma;
};

struct sample {
	uint64_t key; /* 0: free */
	uint64_t page;
	size_t gone; /* index of its range */
};

struct candidate {
	uint64_t distance; /* pages, modulo 2^64 */
	unsigned votes;
	size_t fresh; /* index of the range that appeared */
};

struct search {
	const struct pt_snapshot *before, *after;
	struct range *gone, *fresh;
	size_t n_gone, n_fresh;
	struct sample *table; /* open addressing */
	size_t mask, n_samples;
	struct candidate *candidates; /* [n_gone][CANDIDATES] */
	struct pt_move *moves;
	size_t n, room;
};

/* What a page is known by wherever it is mapped; 0: nothing. */
static uint64_t key_of(struct pt_page page)
{
	switch (pt_page_kind(page)) {
	case PT_ANON:
	case PT_FILE:
	case PT_SHMEM:
	case PT_HUGETLB:
	case PT_PRESENT: return page.pfn;
	case PT_SWAP: return page.pfn ? page.pfn | 1ull << 63 : 0;
	default: return 0;
	}
}

static size_t hash(const struct search *s, uint64_t key)
{
	return (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & s->mask;
}

static struct sample *find_sample(const struct search *s, uint64_t key)
{
	size_t at = hash(s, key);
	while (s->table[at].key && s->table[at].key != key)
		at = (at + 1) & s->mask;
	return &s->table[at];
}

/* ---- what is remembered ----------------------------------------------------------------------------------------- */

static void remember(struct search *s, size_t gone, uint64_t page, uint64_t key)
{
	struct sample *sample = find_sample(s, key);
	if (sample->key)
		return; /* of a frame that is mapped twice, the first will do */
	*sample = (struct sample){key, page, gone};
	s->n_samples++;
}

/* Frames from all over the stretch: every `step`-th of those that are known. */
static void sample_range(struct search *s, size_t gone)
{
	const struct range *range = &s->gone[gone];
	uint64_t first = range->start >> s->before->page_shift, end = range->end >> s->before->page_shift;
	struct pt_counts sum = {0};
	pt_snapshot_sum(s->before, range->start, range->end, &sum);
	uint64_t held = sum.n[PT_N_PRESENT] + sum.n[PT_N_SWAP], step = held / SAMPLES + 1, passed = 0;
	struct pt_runs runs = {.snapshot = s->before};
	struct pt_page page;
	for (uint64_t at = first, n; held && at < end; at += n) {
		n = pt_runs_at(&runs, at, end, &page);
		if (!key_of(page))
			continue;
		for (uint64_t i = (step - passed % step) % step; i < n; i += step) {
			struct pt_page one = page;
			one.pfn += i;
			remember(s, gone, at + i, key_of(one));
		}
		passed += n;
	}
}

/* ---- what is found ---------------------------------------------------------------------------------------------- */

static void vote(struct search *s, const struct sample *sample, size_t fresh, uint64_t page)
{
	const struct pt_vma *was = s->gone[sample->gone].vma, *is = s->fresh[fresh].vma;
	uint64_t distance = page - sample->page;
	if (!pt_vma_can_move(was, is))
		return;
	if (was->inode && is->start - is->offset - (was->start - was->offset) != distance << s->before->page_shift)
		return; /* another place of the file */
	struct candidate *list = &s->candidates[sample->gone * CANDIDATES], *least = list;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		if (list[i].votes && list[i].distance == distance && list[i].fresh == fresh) {
			list[i].votes++;
			return;
		}
		if (list[i].votes < least->votes)
			least = &list[i];
	}
	if (least->votes < 2) /* what only one page speaks for gives way */
		*least = (struct candidate){distance, 1, fresh};
}

static void look_into(struct search *s, size_t fresh)
{
	uint64_t first = s->fresh[fresh].start >> s->after->page_shift,
		 end = s->fresh[fresh].end >> s->after->page_shift;
	struct pt_runs runs = {.snapshot = s->after};
	struct pt_page page;
	for (uint64_t at = first, n; at < end; at += n) {
		n = pt_runs_at(&runs, at, end, &page);
		for (uint64_t i = 0; key_of(page) && i < n; i++, page.pfn++) {
			const struct sample *sample = find_sample(s, key_of(page));
			if (sample->key)
				vote(s, sample, fresh, at + i);
		}
	}
}

/* ---- what is certain -------------------------------------------------------------------------------------------- */

/* Pages of [from, from + n) whose frame is known, and those of them that are at the distance. */
static void count_same(const struct search *s, uint64_t from, uint64_t to, uint64_t n, uint64_t *known, uint64_t *same)
{
	struct pt_runs a = {.snapshot = s->before}, b = {.snapshot = s->after};
	*known = *same = 0;
	for (uint64_t at = 0, len; at < n; at += len) {
		struct pt_page was, is;
		len = pt_runs_at(&a, from + at, from + n, &was);
		uint64_t other = pt_runs_at(&b, to + at, to + n, &is);
		len = other < len ? other : len;
		*known += key_of(was) ? len : 0;
		*same += key_of(was) && key_of(was) == key_of(is) ? len : 0;
	}
}

/* What was taken over of the same stretch, at another distance. */
static bool is_taken(const struct search *s, const struct pt_move *move)
{
	for (size_t i = s->n; i-- > 0 && s->n - i <= CANDIDATES;)
		if (s->moves[i].from < move->from + move->size && move->from < s->moves[i].from + s->moves[i].size)
			return true;
	return false;
}

static int push(struct search *s, struct pt_move move)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct pt_move *moves = realloc(s->moves, room * sizeof(*moves));
		if (!moves)
			return -ENOMEM;
		s->moves = moves;
		s->room = room;
	}
	s->moves[s->n++] = move;
	return 0;
}

/*
 * mremap moves a stretch to the start of a new one. So it is all of one of the two; and where few pages speak for it,
 * all of both, since the frame that was freed last is the first to be handed out again.
 */
static bool fits(const struct range *was, const struct range *is, const struct pt_move *move, uint64_t same)
{
	bool all_before = move->from == was->start && move->size == was->end - was->start;
	bool all_after = move->to == is->start && move->size == is->end - is->start;
	return same < FEW ? all_before && all_after : all_before || all_after;
}

/* Takes the move over as much of both stretches as it covers, if it is one. */
static int settle(struct search *s, size_t gone, const struct candidate *candidate)
{
	const struct range *was = &s->gone[gone], *is = &s->fresh[candidate->fresh];
	unsigned shift = s->before->page_shift;
	uint64_t back = is->start - (candidate->distance << shift); /* where `is` would begin there */
	uint64_t size = is->end - is->start, known, same;
	struct pt_move move = {.from = was->start > back ? was->start : back};
	uint64_t end = was->end < back + size ? was->end : back + size;
	if (!candidate->votes || back > back + size || move.from >= end)
		return 0;
	move.to = move.from + (candidate->distance << shift);
	move.size = end - move.from;
	count_same(s, move.from >> shift, move.to >> shift, move.size >> shift, &known, &same);
	bool certain = same && 2 * same > known && fits(was, is, &move, same);
	return certain && !is_taken(s, &move) ? push(s, move) : 0;
}

static int by_votes(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (x->votes < y->votes) - (x->votes > y->votes);
}

static int settle_all(struct search *s)
{
	int error = 0;
	for (size_t i = 0; i < s->n_gone && !error; i++) {
		struct candidate *list = &s->candidates[i * CANDIDATES];
		qsort(list, CANDIDATES, sizeof(*list), by_votes);
		for (unsigned k = 0; k < CANDIDATES && !error; k++)
			error = settle(s, i, &list[k]);
	}
	return error;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

/* Parts of one VMA that vanished (appeared) beside each other are one range, whatever is (was) in their place. */
static void list_ranges(struct search *s, const struct pt_vma_part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pt_vma_part *part = &parts[i];
		if (part->kept)
			continue;
		struct range *last = s->n_gone ? &s->gone[s->n_gone - 1] : NULL;
		struct range gone = {part->start, part->end, NULL}, fresh = gone;
		if (part->was != PT_NO_VMA) {
			gone.vma = &s->before->vmas->v[part->was];
			if (last && last->vma == gone.vma && last->end == gone.start)
				last->end = gone.end;
			else
				s->gone[s->n_gone++] = gone;
		}
		last = s->n_fresh ? &s->fresh[s->n_fresh - 1] : NULL;
		if (part->is != PT_NO_VMA) {
			fresh.vma = &s->after->vmas->v[part->is];
			if (last && last->vma == fresh.vma && last->end == fresh.start)
				last->end = fresh.end;
			else
				s->fresh[s->n_fresh++] = fresh;
		}
	}
}

static int make_room(struct search *s)
{
	s->mask = 64;
	while (s->mask < 2 * s->n_gone * SAMPLES)
		s->mask *= 2;
	s->table = calloc(s->mask--, sizeof(*s->table));
	s->candidates = calloc(s->n_gone * CANDIDATES, sizeof(*s->candidates));
	return s->table && s->candidates ? 0 : -ENOMEM;
}

static int by_origin(const void *a, const void *b)
{
	const struct pt_move *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

static int by_end(const void *a, const void *b)
{
	const struct pt_move *x = a, *y = b;
	return (x->to > y->to) - (x->to < y->to);
}

/* Where two claim the same place (frames that were mapped twice), the first has it. */
static void drop_overlaps(struct search *s)
{
	size_t n = 0;
	qsort(s->moves, s->n, sizeof(*s->moves), by_end);
	for (size_t i = 0; i < s->n; i++)
		if (!n || s->moves[i].to >= s->moves[n - 1].to + s->moves[n - 1].size)
			s->moves[n++] = s->moves[i];
	s->n = n;
	qsort(s->moves, n, sizeof(*s->moves), by_origin);
}

static int search(struct search *s)
{
	int error = make_room(s);
	for (size_t i = 0; i < s->n_gone && !error; i++)
		sample_range(s, i);
	for (size_t i = 0; i < s->n_fresh && !error && s->n_samples; i++)
		look_into(s, i);
	if (!error && s->n_samples)
		error = settle_all(s);
	if (!error && s->n)
		drop_overlaps(s);
	return error;
}

int pt_moves_find(const struct pt_snapshot *before, const struct pt_snapshot *after, const struct pt_vma_part *parts,
		  size_t n_parts, struct pt_move **ret, size_t *ret_n)
{
	struct search s = {.before = before, .after = after};
	s.gone = malloc((n_parts + 1) * sizeof(*s.gone));
	s.fresh = malloc((n_parts + 1) * sizeof(*s.fresh));
	int error = s.gone && s.fresh ? 0 : -ENOMEM;
	if (!error)
		list_ranges(&s, parts, n_parts);
	if (!error && s.n_gone && s.n_fresh)
		error = search(&s);
	free(s.gone);
	free(s.fresh);
	free(s.table);
	free(s.candidates);
	if (error) {
		free(s.moves);
		return error;
	}
	*ret = s.moves;
	*ret_n = s.n;
	return 0;
}
