/*
 * Walking over differences; see walk.h.
 */
#include "core/history/walk.h"

#include <stdlib.h>

#include "core/history/moves.h"
#include "core/history/runs.h"

struct walk {
	const struct pt_match *match;
	pt_page_change_fn fn;
	void *arg;
	struct pt_page_change last; /* what was found last: mostly the same happens to many pages */
	bool cleared; /* soft-dirty bits were, between the readings of this chunk: what has one was written */
};

bool pt_same_image(const struct pt_snapshot *a, const struct pt_snapshot *b)
{
	const struct pt_process *x = &a->process, *y = &b->process;
	return x->pid == y->pid && x->start_time == y->start_time && x->image == y->image;
}

/* Whether the same became of both, as far as pt_page_events() can tell. */
static bool same_events(const struct pt_page_change *a, const struct pt_page_change *b)
{
	return a->before.bits == b->before.bits && a->after.bits == b->after.bits &&
	       a->before.count == b->before.count && a->after.count == b->after.count &&
	       (a->before.pfn == a->after.pfn) == (b->before.pfn == b->after.pfn) && !a->before.pfn == !b->before.pfn &&
	       !a->after.pfn == !b->after.pfn;
}

static int found(struct walk *w, struct pt_page_change *d)
{
	d->events = same_events(d, &w->last) ? w->last.events : pt_page_events(d->before, d->after);
	w->last = *d;
	if (w->cleared && d->before.bits & d->after.bits & PT_SOFT_DIRTY)
		d->events |= 1u << PT_WRITTEN;
	return w->fn(w->arg, d);
}

/* ---- the match -------------------------------------------------------------------------------------------------- */

static bool frames_are_known(const struct pt_snapshot *s)
{
	return pt_signal_has(&s->signals, PT_SIG_PFN);
}

int pt_match_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_match *ret)
{
	int error = 0;
	*ret = (struct pt_match){.before = before, .after = after};
	if (before->vmas != after->vmas)
		error = pt_vma_parts(before->vmas, after->vmas, &ret->parts, &ret->n_parts);
	if (!error && ret->parts && frames_are_known(before) && frames_are_known(after))
		error = pt_moves_find(before, after, ret->parts, ret->n_parts, &ret->moves, &ret->n_moves);
	if (error)
		pt_match_free(ret);
	return error;
}

void pt_match_free(struct pt_match *match)
{
	free(match->parts);
	free(match->moves);
	*match = (struct pt_match){0};
}

static size_t part_count(const struct pt_match *m)
{
	return m->parts ? m->n_parts : m->after->vmas->n;
}

static struct pt_vma_part part_at(const struct pt_match *m, size_t i)
{
	if (m->parts)
		return m->parts[i];
	const struct pt_vma *vma = &m->after->vmas->v[i];
	return (struct pt_vma_part){.start = vma->start, .end = vma->end, .was = i, .is = i, .heir = i, .kept = true};
}

/* The first part that ends behind an address. */
static size_t find_part(const struct pt_match *m, uint64_t address)
{
	size_t low = 0, high = part_count(m);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (part_at(m, middle).end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- what vanished, appeared, moved ----------------------------------------------------------------------------- */

/* Pages [first, end) of a part, of one snapshot alone. */
static int walk_side(struct walk *w, enum pt_place place, uint64_t first, uint64_t end, const struct pt_vma_part *part)
{
	const struct pt_match *m = w->match;
	struct pt_runs runs = {.snapshot = place == PT_PLACE_GONE ? m->before : m->after};
	struct pt_page page;
	int error = 0;
	for (uint64_t at = first, n; at < end && !error; at += n) {
		n = pt_runs_at(&runs, at, end, &page);
		if (!page.bits)
			continue;
		struct pt_page_change d = {.place = place, .page = at, .n = n, .from = at, .vma = part->is};
		if (place == PT_PLACE_GONE) {
			d.vma = part->was;
			d.heir = part->heir;
			d.before = page;
			d.read_ns = pt_runs_read_ns(&runs, at);
		} else {
			d.after = page;
			d.read_ns = m->before->presence_ns;
		}
		error = found(w, &d);
	}
	return error;
}

/* All of a part but what moved from there (gone), or to there (new). `moves` ascend by that end. */
static int walk_unmoved(struct walk *w, enum pt_place place, const struct pt_vma_part *part,
			const struct pt_move *moves, size_t n)
{
	unsigned shift = w->match->after->page_shift;
	size_t low = 0, high = n;
	uint64_t at = part->start;
	int error = 0;
	while (low < high) { /* the first move that ends behind the start of the part */
		size_t middle = low + (high - low) / 2;
		uint64_t start = place == PT_PLACE_GONE ? moves[middle].from : moves[middle].to;
		if (start + moves[middle].size <= at)
			low = middle + 1;
		else
			high = middle;
	}
	for (; !error && at < part->end; low++) {
		uint64_t start = low == n ? UINT64_MAX : place == PT_PLACE_GONE ? moves[low].from : moves[low].to;
		uint64_t until = start < part->end ? start : part->end;
		if (at < until)
			error = walk_side(w, place, at >> shift, until >> shift, part);
		at = start < part->end ? start + moves[low].size : part->end;
	}
	return error;
}

static int by_target(const void *a, const void *b)
{
	const struct pt_move *x = a, *y = b;
	return (x->to > y->to) - (x->to < y->to);
}

static int by_origin(const void *a, const void *b)
{
	const struct pt_move *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

static int walk_replaced(struct walk *w, enum pt_place place)
{
	const struct pt_match *m = w->match;
	int error = 0;
	if (m->n_moves)
		qsort(m->moves, m->n_moves, sizeof(*m->moves), place == PT_PLACE_GONE ? by_origin : by_target);
	for (size_t i = 0; i < m->n_parts && !error; i++) {
		const struct pt_vma_part *part = &m->parts[i];
		bool there = (place == PT_PLACE_GONE ? part->was : part->is) != PT_NO_VMA;
		if (!part->kept && there)
			error = walk_unmoved(w, place, part, m->moves, m->n_moves);
	}
	return error;
}

static int walk_move(struct walk *w, const struct pt_move *move)
{
	const struct pt_match *m = w->match;
	unsigned shift = m->after->page_shift;
	uint64_t from = move->from >> shift, to = move->to >> shift, size = move->size >> shift;
	struct pt_runs a = {.snapshot = m->before}, b = {.snapshot = m->after};
	struct pt_page_change d = {.place = PT_PLACE_MOVED, .vma = pt_vma_find(m->after->vmas, move->to)};
	int error = 0;
	for (uint64_t at = 0; at < size && !error; at += d.n) {
		d.n = pt_runs_at(&a, from + at, from + size, &d.before);
		uint64_t n = pt_runs_at(&b, to + at, to + size, &d.after);
		d.n = n < d.n ? n : d.n;
		d.page = to + at;
		d.from = from + at;
		d.read_ns = pt_runs_read_ns(&a, d.from);
		if (d.before.bits || d.after.bits)
			error = found(w, &d);
	}
	return error;
}

/* ---- what kept its place ---------------------------------------------------------------------------------------- */

struct pair {
	uint64_t index;
	const struct pt_chunk *before, *after;
	uint64_t read_ns;
};

/* The next pages that differ, or that were written since the bits of both were cleared. */
static bool next_change(const struct walk *w, const struct pair *pair, unsigned from, unsigned end,
			struct pt_chunk_diff *ret)
{
	if (!w->cleared)
		return pt_chunk_next_diff(pair->before, pair->after, from, end, ret);
	for (unsigned n; from < end; from += n) {
		struct pt_page a, b;
		unsigned n_a = pt_chunk_run(pair->before, from, &a), n_b = pt_chunk_run(pair->after, from, &b);
		n = n_a < n_b ? n_a : n_b;
		n = n < end - from ? n : end - from;
		*ret = (struct pt_chunk_diff){.first = from, .n = n, .before = a, .after = b};
		if (a.bits & b.bits & PT_SOFT_DIRTY || a.bits != b.bits || a.count != b.count || a.pfn != b.pfn)
			return true;
	}
	return false;
}

static int walk_part(struct walk *w, const struct pair *pair, const struct pt_vma_part *part)
{
	unsigned shift = w->match->after->page_shift;
	uint64_t chunk = pair->index * PT_CHUNK_PAGES, first = part->start >> shift, end = part->end >> shift;
	unsigned from = first > chunk ? (unsigned)(first - chunk) : 0;
	unsigned until = end < chunk + PT_CHUNK_PAGES ? (unsigned)(end - chunk) : PT_CHUNK_PAGES;
	struct pt_chunk_diff diff;
	int error = 0;
	while (!error && next_change(w, pair, from, until, &diff)) {
		struct pt_page_change d = {.place = PT_PLACE_KEPT,
					   .page = chunk + diff.first,
					   .from = chunk + diff.first,
					   .n = diff.n,
					   .before = diff.before,
					   .after = diff.after,
					   .vma = part->is,
					   .read_ns = pair->read_ns};
		error = found(w, &d);
		from = diff.first + diff.n;
	}
	return error;
}

/* *part is where to look for the first part that lies in the chunk; never goes back. */
static int walk_chunk(struct walk *w, const struct pair *pair, size_t *at)
{
	const struct pt_match *m = w->match;
	uint64_t start = pair->index * pt_snapshot_chunk_size(m->after), end = start + pt_snapshot_chunk_size(m->after);
	size_t n = part_count(m);
	int error = 0;
	if (*at < n && part_at(m, *at).end <= start)
		*at = find_part(m, start);
	for (; *at < n && !error; ++*at) {
		struct pt_vma_part part = part_at(m, *at);
		if (part.start >= end && end > start)
			break;
		if (part.kept)
			error = walk_part(w, pair, &part);
		if (part.end > end)
			break; /* the next chunk goes on in it */
	}
	return error;
}

static bool is_written(const struct pt_chunk *chunk)
{
	return chunk && pt_chunk_stat(chunk, PT_N_SOFT_DIRTY);
}

static int walk_kept(struct walk *w)
{
	const struct pt_snapshot *before = w->match->before, *after = w->match->after;
	size_t i = 0, k = 0, at = 0;
	int error = 0;
	while (!error && (i < before->n_slots || k < after->n_slots)) {
		uint64_t a = i < before->n_slots ? before->slots[i].index : UINT64_MAX;
		uint64_t b = k < after->n_slots ? after->slots[k].index : UINT64_MAX;
		struct pair pair = {.index = a < b ? a : b, .read_ns = before->presence_ns};
		if (a <= b) {
			pair.before = before->slots[i].chunk;
			if (before->slots[i].read_ns)
				pair.read_ns = before->slots[i].read_ns;
			i++;
		}
		w->cleared = a == b && after->cleared_ns && pair.read_ns <= after->cleared_ns &&
			     after->slots[k].read_ns > after->cleared_ns;
		if (b <= a)
			pair.after = after->slots[k++].chunk;
		w->cleared = w->cleared && is_written(pair.before) && is_written(pair.after);
		if (pair.before != pair.after || w->cleared)
			error = walk_chunk(w, &pair, &at);
	}
	w->cleared = false;
	return error;
}

int pt_match_walk(struct pt_match *match, pt_page_change_fn fn, void *arg)
{
	struct walk w = {.match = match, .fn = fn, .arg = arg};
	int error = 0;
	if (match->parts)
		error = walk_replaced(&w, PT_PLACE_GONE);
	if (!error && match->parts)
		error = walk_replaced(&w, PT_PLACE_NEW);
	for (size_t i = 0; i < match->n_moves && !error; i++)
		error = walk_move(&w, &match->moves[i]);
	return error ? error : walk_kept(&w);
}
