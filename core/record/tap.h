/*
 * A tap: a sink of a feed (core/model/feed.h) that a recorder can be hung on and taken off at any time, while the feed
 * goes on. It keeps the newest frame, with which a recording then begins.
 */
#ifndef PT_RECORD_TAP_H
#define PT_RECORD_TAP_H

#include "core/model/feed.h"
#include "core/record/recorder.h"

struct pt_tap;

int pt_tap_new(struct pt_tap **ret);   /* with one reference; 0 or -ENOMEM */
void pt_tap_unref(struct pt_tap *tap); /* NULL is fine */
/* For a feed; holds a reference until it leaves. */
struct pt_feed_sink pt_tap_sink(struct pt_tap *tap);
/* Frames go to this recorder from here on (NULL: to none), the newest one at once. Borrowed until the next call. */
void pt_tap_set(struct pt_tap *tap, struct pt_recorder *recorder);

#endif
