/*
 * The history of a live target: see history.h. One mutex guards the ring. Who pushes makes the delta before it takes the
 * lock, and who reads takes references and works on them without it, so neither waits long for the other.
 */
#include "core/history/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/ring.h"

static struct pt_history *of(struct pt_past *past)
{
	return (struct pt_history *)past;
}

/* ---- pushing ---------------------------------------------------------------------------------------------------- */

int pt_history_push(struct pt_history *h, struct pt_snapshot *snapshot)
{
	struct pt_delta *delta;
	if (snapshot->stage != PT_STAGE_COMPLETE)
		return 0;
	int error = pt_delta_make(h->last, snapshot, &delta);
	if (error)
		return error;
	pthread_mutex_lock(&h->lock);
	error = pt_ring_append(h, snapshot, delta);
	pthread_mutex_unlock(&h->lock);
	return error;
}

static void sink_frame(void *arg, struct pt_snapshot *snapshot)
{
	pt_history_push(arg, snapshot); /* one that is missing is a gap, which the next one closes */
}

static void sink_leave(void *arg)
{
	pt_history_unref(arg);
}

struct pt_feed_sink pt_history_sink(struct pt_history *h)
{
	__atomic_fetch_add(&h->refs, 1, __ATOMIC_RELAXED);
	return (struct pt_feed_sink){.frame = sink_frame, .leave = sink_leave, .arg = h};
}

/* ---- finding ---------------------------------------------------------------------------------------------------- */

size_t pt_ring_find(const struct pt_history *h, uint64_t seq)
{
	size_t low = 0, high = h->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pt_ring_head(h, middle)->seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : 0;
}

static size_t count(struct pt_past *past)
{
	struct pt_history *h = of(past);
	pthread_mutex_lock(&h->lock);
	size_t n = h->n;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* The machine's clock may have been set back between two frames, so the last one counts. */
static uint64_t find(struct pt_past *past, uint64_t realtime_ns)
{
	struct pt_history *h = of(past);
	pthread_mutex_lock(&h->lock);
	size_t i = h->n;
	while (i > 1 && pt_ring_head(h, i - 1)->realtime_ns > realtime_ns)
		i--;
	uint64_t seq = i ? pt_ring_head(h, i - 1)->seq : 0;
	pthread_mutex_unlock(&h->lock);
	return seq;
}

static uint64_t step(struct pt_past *past, uint64_t seq, int64_t n)
{
	struct pt_history *h = of(past);
	uint64_t found = 0;
	pthread_mutex_lock(&h->lock);
	if (h->n) {
		int64_t i = (int64_t)pt_ring_find(h, seq), last = (int64_t)h->n - 1;
		if (n > last - i)
			i = last;
		else
			i = n < -i ? 0 : i + n;
		found = pt_ring_head(h, (size_t)i)->seq;
	}
	pthread_mutex_unlock(&h->lock);
	return found;
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

/* The first frame that is not before a time; n if all are. */
static size_t frame_from(const struct pt_history *h, uint64_t realtime_ns)
{
	size_t i = 0;
	while (i < h->n && pt_ring_head(h, i)->realtime_ns < realtime_ns)
		i++;
	return i;
}

static int add_mark(struct pt_history *h, const struct pt_mark *mark)
{
	struct pt_mark *marks = realloc(h->marks, (h->n_marks + 1) * sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	h->marks = marks;
	size_t i = h->n_marks++;
	for (; i > 0 && marks[i - 1].realtime_ns > mark->realtime_ns; i--)
		marks[i] = marks[i - 1];
	marks[i] = *mark;
	h->bytes += sizeof(*mark);
	size_t frame = frame_from(h, mark->realtime_ns);
	if (frame < h->n)
		h->frames[frame].marked = true;
	return 0;
}

static int mark(struct pt_past *past, uint64_t realtime_ns, const char *label)
{
	struct pt_history *h = of(past);
	struct pt_mark added = {.realtime_ns = realtime_ns};
	memcpy(added.label, label, strnlen(label, sizeof(added.label) - 1));
	pthread_mutex_lock(&h->lock);
	int error = add_mark(h, &added);
	pthread_mutex_unlock(&h->lock);
	return error;
}

static size_t marks(struct pt_past *past, struct pt_mark *ret, size_t max)
{
	struct pt_history *h = of(past);
	pthread_mutex_lock(&h->lock);
	size_t n = h->n_marks;
	for (size_t i = 0; i < n && i < max; i++) {
		size_t frame = frame_from(h, h->marks[i].realtime_ns);
		ret[i] = h->marks[i];
		ret[i].seq = frame < h->n ? pt_ring_head(h, frame)->seq : 0;
	}
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

static void past_free(struct pt_past *past)
{
	pt_history_unref(of(past));
}

static const struct pt_past_ops ops = {.count = count,
				       .plot = pt_ring_plot,
				       .at = pt_ring_at,
				       .find = find,
				       .step = step,
				       .marks = marks,
				       .mark = mark,
				       .story = pt_ring_story,
				       .free = past_free};

int pt_history_new(size_t bytes, struct pt_history **ret)
{
	struct pt_history *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->past.ops = &ops;
	h->bound = bytes;
	h->refs = 1;
	pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

void pt_history_unref(struct pt_history *h)
{
	if (!h || __atomic_sub_fetch(&h->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < h->n; i++)
		pt_delta_unref(h->frames[i].delta);
	pt_snapshot_unref(h->last);
	pt_snapshot_unref(h->anchor);
	pthread_mutex_destroy(&h->lock);
	free(h->frames);
	free(h->series.v);
	free(h->marks);
	free(h);
}

struct pt_past *pt_history_past(struct pt_history *h)
{
	return &h->past;
}

size_t pt_history_bytes(struct pt_history *h)
{
	pthread_mutex_lock(&h->lock);
	size_t bytes = h->bytes + h->anchor_bytes;
	pthread_mutex_unlock(&h->lock);
	return bytes;
}
