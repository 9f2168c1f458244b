/*
 * Back to a frame: the deltas up to it are folded, from the start or from the anchor, a frame that was rebuilt before.
 * The anchor is left some frames before the one that was asked for, so that stepping from there is cheap both ways.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/history/ring.h"

#define NEAR 16u /* frames from the anchor to where it was asked for */

int pt_view_take(const struct pt_history *h, size_t first, size_t last, struct pt_view *ret)
{
	struct pt_view view = {.v = malloc((last - first + 1) * sizeof(struct pt_delta *))};
	if (!view.v)
		return -ENOMEM;
	for (size_t i = first; i <= last; i++)
		view.v[view.n++] = pt_delta_ref(h->frames[i].delta);
	*ret = view;
	return 0;
}

void pt_view_drop(struct pt_view *view)
{
	for (size_t i = 0; i < view->n; i++)
		pt_delta_unref(view->v[i]);
	free(view->v);
	*view = (struct pt_view){0};
}

/* Slots and sums; its chunks are the frames'. */
static size_t snapshot_bytes(const struct pt_snapshot *s)
{
	return sizeof(*s) + s->n_slots * sizeof(*s->slots) + s->vmas->n * sizeof(struct pt_counts);
}

/* Takes over the reference. Not kept if its frame is gone by now, or if it would take more than is set aside. */
static void set_anchor(struct pt_history *h, struct pt_snapshot *anchor)
{
	size_t bytes = snapshot_bytes(anchor);
	pthread_mutex_lock(&h->lock);
	if (bytes <= h->bound / PT_ANCHOR_PART && pt_ring_head(h, pt_ring_find(h, anchor->seq))->seq == anchor->seq) {
		pt_ring_drop_anchor(h);
		h->anchor = pt_snapshot_ref(anchor);
		h->anchor_bytes = bytes;
	}
	pthread_mutex_unlock(&h->lock);
	pt_snapshot_unref(anchor);
}

/* Folds the view from `from` (NULL: nothing). On a long way it stops shortly before the end, for an anchor. */
static int rebuild(struct pt_history *h, struct pt_snapshot *from, const struct pt_view *view, struct pt_snapshot **ret)
{
	struct pt_snapshot *anchor;
	if (view->n <= 2 * NEAR)
		return pt_delta_apply(from, view->v, view->n, ret);
	int error = pt_delta_apply(from, view->v, view->n - NEAR, &anchor);
	if (error)
		return error;
	error = pt_delta_apply(anchor, view->v + view->n - NEAR, NEAR, ret);
	set_anchor(h, anchor);
	return error;
}

int pt_ring_at(struct pt_past *past, uint64_t seq, struct pt_snapshot **ret)
{
	struct pt_history *h = (struct pt_history *)past;
	struct pt_snapshot *from = NULL, *found = NULL;
	struct pt_view view = {0};
	int error = 0;
	pthread_mutex_lock(&h->lock);
	if (h->n) {
		size_t i = pt_ring_find(h, seq);
		size_t anchor = h->anchor ? pt_ring_find(h, h->anchor->seq) : 0;
		if (h->anchor && anchor <= i)
			from = pt_snapshot_ref(h->anchor);
		if (i == h->n - 1)
			found = pt_snapshot_ref(h->last);
		else if (from && anchor == i)
			found = pt_snapshot_ref(from);
		else
			error = pt_view_take(h, from ? anchor + 1 : 0, i, &view);
	} else {
		error = -ENODATA;
	}
	pthread_mutex_unlock(&h->lock);
	if (!error && !found)
		error = rebuild(h, from, &view, &found);
	pt_snapshot_unref(from);
	pt_view_drop(&view);
	if (!error)
		*ret = found;
	return error;
}
