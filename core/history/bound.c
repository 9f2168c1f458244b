/*
 * What a history's ring costs, and how it is kept within its bound; see ring.h.
 *
 * A frame costs its delta, and its VMA table where the frame before has another. A chunk costs something once a later
 * frame has another in its place: until then the newest snapshot has it, which is there in any case. Joining two frames
 * frees the chunks of the first that the second replaces.
 *
 * Of the start there is what the newest frame no longer has. When that takes more than half of the bound, the start
 * moves on, so that there is room for something between the two.
 *
 * Thinned out is the frame that is missed least for the bytes it frees: where frames are close to each other for their
 * age. So their spacing grows with their age, whatever the interval was, and quiet times cost busy ones nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/fold.h"
#include "core/history/ring.h"

#define OVERHEAD 16 /* of a block of malloc, about */

/* What the chunks of `older` take in whose place there are others in `newer`. */
static size_t replaced_bytes(const struct pt_slot *older, size_t n_older, const struct pt_slot *newer, size_t n_newer)
{
	struct pt_pairs pairs = pt_pairs_of(older, n_older, newer, n_newer);
	const struct pt_slot *old, *now;
	size_t bytes = 0;
	while (pt_next_pair(&pairs, &old, &now))
		if (old && now && old->chunk)
			bytes += pt_chunk_bytes(old->chunk) + OVERHEAD;
	return bytes;
}

static size_t table_bytes(const struct pt_vma_table *table)
{
	return table->bytes + 3 * OVERHEAD;
}

/* What the chunks of the start take that the newest frame does not have. */
static size_t start_bytes(const struct pt_history *h)
{
	const struct pt_delta *start = h->frames[0].delta;
	struct pt_pairs pairs = pt_pairs_of(start->changed, start->n_changed, h->last->slots, h->last->n_slots);
	const struct pt_slot *old, *now;
	size_t bytes = 0;
	while (pt_next_pair(&pairs, &old, &now))
		if (old && (!now || now->chunk != old->chunk))
			bytes += pt_chunk_bytes(old->chunk) + OVERHEAD;
	return bytes;
}

/* The same after one more frame, which leaves what it does not change. */
static size_t more_start_bytes(const struct pt_history *h, const struct pt_delta *delta)
{
	const struct pt_delta *start = h->frames[0].delta;
	struct pt_pairs pairs = pt_pairs_of(h->last->slots, h->last->n_slots, delta->changed, delta->n_changed);
	const struct pt_slot *old, *now;
	size_t bytes = 0, at = 0;
	while (pt_next_pair(&pairs, &old, &now)) {
		if (!old || !now)
			continue;
		at = pt_slots_lower(start->changed, start->n_changed, at, old->index);
		if (at < start->n_changed && start->changed[at].chunk == old->chunk)
			bytes += pt_chunk_bytes(old->chunk) + OVERHEAD;
	}
	return bytes;
}

/* What a frame costs by itself, without chunks. */
static size_t frame_bytes(const struct pt_history *h, size_t i)
{
	const struct pt_vma_table *table = pt_ring_head(h, i)->vmas;
	size_t bytes = sizeof(struct pt_frame) + pt_delta_bytes(h->frames[i].delta);
	return !i || pt_ring_head(h, i - 1)->vmas != table ? bytes + table_bytes(table) : bytes;
}

/* What joining a frame with the next one would free. */
static void estimate(struct pt_history *h, size_t i)
{
	if (i + 1 >= h->n)
		return;
	const struct pt_delta *first = h->frames[i].delta, *second = h->frames[i + 1].delta;
	const struct pt_vma_table *table = first->head->vmas;
	bool own_table = second->head->vmas != table && (!i || pt_ring_head(h, i - 1)->vmas != table);
	h->frames[i].frees = sizeof(struct pt_frame) + sizeof(*first) + sizeof(*first->head) + 4 * OVERHEAD +
			     replaced_bytes(first->changed, first->n_changed, second->changed, second->n_changed) +
			     (own_table ? table_bytes(table) : 0);
}

/* ---- the series of a plot --------------------------------------------------------------------------------------- */

/*
 * How much a moment is missed: for as long as it lasts the one before it stands in for it, which is so much older. Both
 * are measured by how long ago it is.
 */
static double loss(uint64_t before, uint64_t at, uint64_t after, uint64_t now)
{
	double age = (double)(now - at + 1);
	return (double)(after - at + 1) / age * ((double)(at - before + 1) / age);
}

static void thin_series(struct pt_series *s)
{
	size_t best = 1;
	double least = 0;
	for (size_t i = 1; i + 1 < s->n; i++) {
		double lost = loss(s->v[i - 1].monotonic_ns, s->v[i].monotonic_ns, s->v[i + 1].monotonic_ns,
				   s->v[s->n - 1].monotonic_ns);
		if (i == 1 || lost < least) {
			least = lost;
			best = i;
		}
	}
	s->n--;
	memmove(s->v + best, s->v + best + 1, (s->n - best) * sizeof(*s->v));
}

/* At most a 16th of the bound. */
static int add_moment(struct pt_history *h, const struct pt_moment *moment)
{
	struct pt_series *s = &h->series;
	size_t most = h->bound / 16 / sizeof(*moment);
	most = most > PT_HISTORY_SERIES ? PT_HISTORY_SERIES : most < 3 ? 3 : most;
	if (s->n == s->room && s->n < most) {
		size_t room = s->room * 2 > 64 ? s->room * 2 : 64;
		room = room < most ? room : most;
		struct pt_moment *v = realloc(s->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		h->bytes += (room - s->room) * sizeof(*v);
		s->v = v;
		s->room = room;
	}
	if (s->n == s->room)
		thin_series(s);
	s->v[s->n++] = *moment;
	return 0;
}

/* ---- thinning out ----------------------------------------------------------------------------------------------- */

void pt_ring_drop_anchor(struct pt_history *h)
{
	pt_snapshot_unref(h->anchor);
	h->anchor = NULL;
	h->anchor_bytes = 0;
}

/* The frame that is missed least, for the bytes it frees or by itself; neither the first nor the last. 0: there is none. */
static size_t choose(const struct pt_history *h, bool for_bytes)
{
	size_t best = 0;
	double least = 0;
	uint64_t now = h->n ? pt_ring_head(h, h->n - 1)->monotonic_ns : 0;
	for (size_t i = 1; i + 1 < h->n; i++) {
		const struct pt_frame *frame = &h->frames[i];
		double lost = loss(pt_ring_head(h, i - 1)->monotonic_ns, pt_ring_head(h, i)->monotonic_ns,
				   pt_ring_head(h, i + 1)->monotonic_ns, now);
		if (for_bytes)
			lost /= (double)frame->frees;
		bool less = best && frame->marked != h->frames[best].marked ? h->frames[best].marked : lost < least;
		if (!best || less) {
			best = i;
			least = lost;
		}
	}
	return best;
}

/* Joins a frame with the next one. 0 or -ENOMEM. */
static int join(struct pt_history *h, size_t i)
{
	struct pt_frame *first = &h->frames[i], *second = &h->frames[i + 1];
	struct pt_delta *joined;
	int error = pt_delta_join(first->delta, second->delta, &joined);
	if (error)
		return error;
	if (h->anchor && h->anchor->seq == first->delta->head->seq)
		pt_ring_drop_anchor(h);
	h->bytes -= frame_bytes(h, i) + frame_bytes(h, i + 1);
	h->bytes -= replaced_bytes(first->delta->changed, first->delta->n_changed, second->delta->changed,
				   second->delta->n_changed);
	pt_delta_unref(first->delta);
	pt_delta_unref(second->delta);
	first->delta = joined;
	first->marked |= second->marked;
	h->n--;
	memmove(second, second + 1, (h->n - i - 1) * sizeof(*second));
	h->bytes += frame_bytes(h, i);
	if (i)
		estimate(h, i - 1);
	estimate(h, i);
	return 0;
}

/* Until the bound is kept, or nothing more can go. */
static void thin(struct pt_history *h)
{
	size_t bound = h->bound - h->bound / PT_ANCHOR_PART;
	while (h->n > 1 && (h->bytes > bound || h->n > PT_HISTORY_FRAMES)) {
		bool too_many = h->n > PT_HISTORY_FRAMES;
		/* where nothing but the start and the newest is left, the start goes too */
		size_t i = !too_many && h->start_bytes > bound / 2 ? 0 : choose(h, !too_many);
		if (join(h, i))
			return; /* no memory for it now; the next frame tries again */
		if (!i)
			h->start_bytes = start_bytes(h);
	}
}

/* Whether a mark was made since the frame before. */
static bool is_marked(const struct pt_history *h, const struct pt_snapshot *head)
{
	uint64_t before = h->n ? pt_ring_head(h, h->n - 1)->realtime_ns : 0;
	for (size_t i = h->n_marks; i > 0 && (!h->n || h->marks[i - 1].realtime_ns > before); i--)
		if (h->marks[i - 1].realtime_ns <= head->realtime_ns)
			return true;
	return false;
}

static int make_room(struct pt_history *h)
{
	size_t room = h->room * 2 > 64 ? h->room * 2 : 64;
	if (h->n < h->room)
		return 0;
	struct pt_frame *frames = realloc(h->frames, room * sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	h->frames = frames;
	h->room = room;
	return 0;
}

int pt_ring_append(struct pt_history *h, struct pt_snapshot *snapshot, struct pt_delta *delta)
{
	struct pt_moment moment = pt_moment_of(snapshot);
	int error = make_room(h);
	if (!error)
		error = add_moment(h, &moment);
	if (error) {
		pt_delta_unref(delta);
		return error;
	}
	bool marked = is_marked(h, snapshot);
	h->frames[h->n++] = (struct pt_frame){.delta = delta, .marked = marked};
	h->bytes += frame_bytes(h, h->n - 1);
	if (h->last) {
		h->bytes += replaced_bytes(h->last->slots, h->last->n_slots, delta->changed, delta->n_changed);
		h->start_bytes += more_start_bytes(h, delta);
		estimate(h, h->n - 2);
	}
	pt_snapshot_unref(h->last);
	h->last = pt_snapshot_ref(snapshot);
	thin(h);
	return 0;
}
