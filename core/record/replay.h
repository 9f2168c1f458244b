/*
 * Replay: a feed (core/model/feed.h) of the snapshots of a recording, at the pace they were recorded, or faster, or
 * slower. At its end it waits for more, since the file may still be written to. Whoever knows that a feed is a replay
 * can also go anywhere in it.
 */
#ifndef PT_RECORD_REPLAY_H
#define PT_RECORD_REPLAY_H

#include "core/model/feed.h"
#include "core/record/record.h"

#define PT_REPLAY_SPEED_MIN 0.0625
#define PT_REPLAY_SPEED_MAX 256.0

struct pt_replay;

/*
 * Takes over the reader, also when it fails; now() is CLOCK_MONOTONIC in nanoseconds. It begins paused at the first
 * moment; the feed's `pause` lets it play. `interval`, `refresh` and `watch` mean nothing to it.
 */
int pt_replay_new(struct pt_feed **ret, struct pt_reader *reader, uint64_t (*now)(void));
/* The replay that a feed is; NULL: it is none. */
struct pt_replay *pt_replay_of(struct pt_feed *feed);

struct pt_past *pt_replay_past(struct pt_replay *replay); /* borrowed */
/* Shows the last moment that is not after seq (the first if all are), and pauses. */
void pt_replay_seek(struct pt_replay *replay, uint64_t seq);
/* How many times faster than it was; kept within the bounds above. */
void pt_replay_speed(struct pt_replay *replay, double speed);
double pt_replay_get_speed(struct pt_replay *replay);

#endif
