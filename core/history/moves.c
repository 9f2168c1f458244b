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

struct sample {
	uint64_t key; /* 0: free */
	uint64_t page;
	size_t gone; /* index of its part */
};

struct candidate {
	uint64_t distance; /* pages, modulo 2^64 */
	unsigned votes;
	size_t part; /* that appeared */
};

struct search {
	const struct pt_snapshot *before, *after;
	const struct pt_vma_part *parts;
	size_t n_parts;
	struct sample *table; /* open addressing */
	size_t mask, n_samples;
	struct candidate *candidates; /* [n_parts][CANDIDATES]; NULL where nothing vanished or appeared */
	struct pt_move *moves;
	size_t n, room;
};

static bool vanished(const struct pt_vma_part *part)
{
	return !part->kept && part->was != PT_NO_VMA;
}

static bool appeared(const struct pt_vma_part *part)
{
	return !part->kept && part->is != PT_NO_VMA;
}

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
static void sample_part(struct search *s, size_t gone)
{
	const struct pt_vma_part *part = &s->parts[gone];
	uint64_t first = part->start >> s->before->page_shift, end = part->end >> s->before->page_shift;
	struct pt_counts sum = {0};
	pt_snapshot_sum(s->before, part->start, part->end, &sum);
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

static void vote(struct search *s, const struct sample *sample, size_t part, uint64_t page)
{
	const struct pt_vma *was = &s->before->vmas->v[s->parts[sample->gone].was];
	const struct pt_vma *is = &s->after->vmas->v[s->parts[part].is];
	uint64_t distance = page - sample->page;
	if (!pt_vma_can_move(was, is))
		return;
	if (was->inode && is->start - is->offset - (was->start - was->offset) != distance << s->before->page_shift)
		return; /* another place of the file */
	struct candidate *list = &s->candidates[sample->gone * CANDIDATES], *least = list;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		if (list[i].votes && list[i].distance == distance && list[i].part == part) {
			list[i].votes++;
			return;
		}
		if (list[i].votes < least->votes)
			least = &list[i];
	}
	if (least->votes < 2) /* what only one page speaks for gives way */
		*least = (struct candidate){distance, 1, part};
}

static void look_into(struct search *s, size_t part)
{
	uint64_t first = s->parts[part].start >> s->after->page_shift, end = s->parts[part].end >> s->after->page_shift;
	struct pt_runs runs = {.snapshot = s->after};
	struct pt_page page;
	for (uint64_t at = first, n; at < end; at += n) {
		n = pt_runs_at(&runs, at, end, &page);
		for (uint64_t i = 0; key_of(page) && i < n; i++, page.pfn++) {
			const struct sample *sample = find_sample(s, key_of(page));
			if (sample->key)
				vote(s, sample, part, at + i);
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

/* Takes the move over as much of both stretches as it covers, if it is one. */
static int settle(struct search *s, size_t gone, const struct candidate *candidate)
{
	const struct pt_vma_part *was = &s->parts[gone], *is = &s->parts[candidate->part];
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
	return same && 2 * same > known && !is_taken(s, &move) ? push(s, move) : 0;
}

static int by_votes(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (x->votes < y->votes) - (x->votes > y->votes);
}

static int settle_all(struct search *s)
{
	int error = 0;
	for (size_t i = 0; i < s->n_parts && !error; i++) {
		struct candidate *list = &s->candidates[i * CANDIDATES];
		qsort(list, CANDIDATES, sizeof(*list), by_votes);
		for (unsigned k = 0; k < CANDIDATES && !error; k++)
			error = settle(s, i, &list[k]);
	}
	return error;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int make_room(struct search *s, size_t n_gone)
{
	s->mask = 64;
	while (s->mask < 2 * n_gone * SAMPLES)
		s->mask *= 2;
	s->table = calloc(s->mask--, sizeof(*s->table));
	s->candidates = calloc(s->n_parts * CANDIDATES, sizeof(*s->candidates));
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
}

/* What was cut where other VMAs end, and went on beside each other. */
static void join(struct search *s)
{
	size_t n = 0;
	qsort(s->moves, s->n, sizeof(*s->moves), by_origin);
	for (size_t i = 0; i < s->n; i++) {
		struct pt_move *last = n ? &s->moves[n - 1] : NULL, *move = &s->moves[i];
		bool goes_on = last && move->from == last->from + last->size && move->to == last->to + last->size;
		if (goes_on && pt_vma_find(s->before->vmas, last->from) == pt_vma_find(s->before->vmas, move->from) &&
		    pt_vma_find(s->after->vmas, last->to) == pt_vma_find(s->after->vmas, move->to))
			last->size += move->size;
		else
			s->moves[n++] = *move;
	}
	s->n = n;
}

int pt_moves_find(const struct pt_snapshot *before, const struct pt_snapshot *after, const struct pt_vma_part *parts,
		  size_t n_parts, struct pt_move **ret, size_t *ret_n)
{
	struct search s = {.before = before, .after = after, .parts = parts, .n_parts = n_parts};
	size_t n_gone = 0, n_new = 0;
	for (size_t i = 0; i < n_parts; i++) {
		n_gone += vanished(&parts[i]);
		n_new += appeared(&parts[i]);
	}
	*ret = NULL;
	*ret_n = 0;
	if (!n_gone || !n_new)
		return 0;
	int error = make_room(&s, n_gone);
	for (size_t i = 0; i < n_parts && !error; i++)
		if (vanished(&parts[i]))
			sample_part(&s, i);
	for (size_t i = 0; i < n_parts && !error && s.n_samples; i++)
		if (appeared(&parts[i]))
			look_into(&s, i);
	if (!error && s.n_samples)
		error = settle_all(&s);
	free(s.table);
	free(s.candidates);
	if (error) {
		free(s.moves);
		return error;
	}
	if (s.n) {
		drop_overlaps(&s);
		join(&s);
	}
	*ret = s.moves;
	*ret_n = s.n;
	return 0;
}
