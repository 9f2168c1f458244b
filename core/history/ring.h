/*
 * The ring of a history's frames, as its parts share it (private to core/history). Frames are deltas, each from the one
 * before it; the first is from nothing. Beside it runs the series of what a plot shows of the process, of more frames
 * than can be gone back to.
 */
#ifndef PT_HISTORY_RING_H
#define PT_HISTORY_RING_H

#include <pthread.h>

#include "core/history/delta.h"
#include "core/history/history.h"

#ifndef PT_HISTORY_FRAMES
#define PT_HISTORY_FRAMES 4096u /* the most that can be gone back to: a search goes over all of them */
#endif
#ifndef PT_HISTORY_SERIES
#define PT_HISTORY_SERIES 8192u /* the most that a plot is made of */
#endif
#define PT_ANCHOR_PART 16 /* of the bound is set aside for the anchor: looking at the past takes nothing from it */

struct pt_frame {
	struct pt_delta *delta;
	size_t frees; /* bytes that joining it with the next would free, about */
	bool marked;
};

struct pt_series {
	struct pt_moment *v;
	size_t n, room;
};

struct pt_history {
	struct pt_past past;
	pthread_mutex_t lock;
	unsigned refs;            /* atomic */
	size_t bound;             /* bytes */
	struct pt_snapshot *last; /* the newest frame; changed by who pushes, under the lock */
	/* under the lock: */
	struct pt_frame *frames; /* [n] */
	size_t n, room;
	size_t bytes;       /* that the frames, the chunks that only they have, the series and the marks take */
	size_t start_bytes; /* that the chunks of the start take of that */
	struct pt_series series;
	struct pt_mark *marks; /* [n_marks], by time; their seq is found when it is asked for */
	size_t n_marks;
	struct pt_snapshot *anchor; /* a frame that was rebuilt and is likely to be near the next; NULL: none */
	size_t anchor_bytes;
};

static inline const struct pt_snapshot *pt_ring_head(const struct pt_history *h, size_t i)
{
	return h->frames[i].delta->head;
}
/* The position of the last frame that is not after seq; 0 if all are. Not of an empty ring. */
size_t pt_ring_find(const struct pt_history *h, uint64_t seq);

/* ---- bound.c: all with the lock held ---------------------------------------------------------------------------- */

/* Appends a frame, takes over its delta also when it fails, and thins out. 0 or -ENOMEM: nothing changed. */
int pt_ring_append(struct pt_history *h, struct pt_snapshot *snapshot, struct pt_delta *delta);
void pt_ring_drop_anchor(struct pt_history *h);

/* ---- seek.c, plot.c, story.c: what past's operations do --------------------------------------------------------- */

int pt_ring_at(struct pt_past *past, uint64_t seq, struct pt_snapshot **ret);
ssize_t pt_ring_plot(struct pt_past *past, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
		     struct pt_moment *ret, size_t max);
ssize_t pt_ring_story(struct pt_past *past, uint64_t address, uint64_t seq, struct pt_chapter *ret, size_t max);

/* Deltas with references, so that a reader holds the lock no longer than it takes to get them. */
struct pt_view {
	struct pt_delta **v;
	size_t n;
};
/* Those of frames first .. last; the lock is held. 0 or -ENOMEM. */
int pt_view_take(const struct pt_history *h, size_t first, size_t last, struct pt_view *ret);
void pt_view_drop(struct pt_view *view);

#endif
