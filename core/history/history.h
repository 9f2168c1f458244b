/*
 * History: the snapshots of a live target that can be gone back to, as a ring of deltas bounded in bytes. When it is
 * full it thins out: of neighbouring old frames one is joined with the next, so that the start stays and the last
 * minutes stay dense.
 *
 * Bounded is what the history alone keeps alive: chunks that the newest frame still has cost nothing, since whoever
 * shows that has them. Where the start and the newest frame do not fit together, the start is let go: what a plot shows
 * of the process as a whole is then all that is left of it.
 *
 * One thread pushes, any may read through `past`. Frames that carry a mark are thinned out last.
 */
#ifndef PT_HISTORY_HISTORY_H
#define PT_HISTORY_HISTORY_H

#include "core/history/past.h"
#include "core/model/feed.h"

#define PT_HISTORY_BYTES (64u << 20) /* default bound */

struct pt_history;

/* With one reference, which its past's `free` gives back. 0 or -ENOMEM. */
int pt_history_new(size_t bytes, struct pt_history **ret);
void pt_history_unref(struct pt_history *history); /* NULL is fine; the past goes with the last one */

/*
 * The next frame, complete or not (frames that are not complete are passed over). A new image of the process (exec)
 * goes on in the same history. 0 or -ENOMEM: then the frame is missing from it, and the next one is taken again.
 */
int pt_history_push(struct pt_history *history, struct pt_snapshot *snapshot);
/* For a feed to push its frames; holds a reference until it leaves. */
struct pt_feed_sink pt_history_sink(struct pt_history *history);

struct pt_past *pt_history_past(struct pt_history *history); /* borrowed */
size_t pt_history_bytes(struct pt_history *history);

#endif
