/*
 * History: the snapshots of a live target that can be gone back to, as a ring of deltas bounded in bytes. When it is
 * full it thins out: of neighbouring old frames one is joined with the next, so that the start is never forgotten and
 * the last minutes stay dense. A plot's numbers are kept of every moment that was not thinned away.
 *
 * One thread pushes, any may read through `past`. Frames that carry a mark are thinned out last.
 */
#ifndef PT_HISTORY_HISTORY_H
#define PT_HISTORY_HISTORY_H

#include "core/history/past.h"

#define PT_HISTORY_BYTES (64u << 20) /* default bound */

struct pt_history;

int pt_history_new(size_t bytes, struct pt_history **ret);
void pt_history_free(struct pt_history *history); /* NULL is fine; the past goes with it */
/*
 * The next frame, complete or not (frames that are not complete are passed over). A new image of the process (exec)
 * goes on in the same history. 0 or -ENOMEM: then the frame is missing from it, and the next one is taken again.
 */
int pt_history_push(struct pt_history *history, struct pt_snapshot *snapshot);
/* A mark at a time of CLOCK_REALTIME. 0 or -ENOMEM. */
int pt_history_mark(struct pt_history *history, uint64_t realtime_ns, const char *label);

struct pt_past *pt_history_past(struct pt_history *history); /* borrowed */
size_t pt_history_bytes(struct pt_history *history);

#endif
