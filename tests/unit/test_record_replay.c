/*
 * The feed of a replay, and the thread that records: what is shown is what was asked for, and what was pushed is in the
 * file.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/record/recorder.h"
#include "core/record/replay.h"
#include "tests/support/digest.h"
#include "tests/support/tape.h"

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Waits until the feed shows a moment; its state then. */
static struct pt_feed_status wait_for(struct pt_feed *feed, uint64_t seq)
{
	for (;;) {
		feed->ops->ack(feed);
		struct pt_snapshot *s = feed->ops->latest(feed);
		struct pt_feed_status status = feed->ops->status(feed);
		bool there = s && s->seq == seq;
		pt_snapshot_unref(s);
		if (there)
			return status;
		struct pollfd fd = {feed->ops->fd(feed), POLLIN, 0};
		if (poll(&fd, 1, 20000) != 1)
			fail_msg("moment %d did not come", (int)seq);
	}
}

static struct pt_feed *open_replay(struct tape *t)
{
	struct pt_feed *feed;
	assert_int_equal(pt_replay_new(&feed, t->reader, now), 0);
	t->reader = NULL;
	return feed;
}

static void it_goes_where_it_is_told(void **arg)
{
	(void)arg;
	struct tape t;
	tape_make(&t, 6);
	struct pt_feed *feed = open_replay(&t);
	struct pt_replay *replay = pt_replay_of(feed);
	assert_non_null(replay);
	assert_int_equal(wait_for(feed, 1).state, PT_FEED_PAUSED);
	for (int i = 0; i < 50; i++) {
		uint64_t seq = 1 + made_random(&t.made, TAPE_FRAMES);
		pt_replay_seek(replay, seq);
		assert_int_equal(wait_for(feed, seq).state, PT_FEED_PAUSED);
		struct pt_snapshot *s = feed->ops->latest(feed);
		assert_true(snapshot_digest(s) == snapshot_digest(t.frames[seq - 1]));
		pt_snapshot_unref(s);
	}
	pt_replay_seek(replay, UINT64_MAX);
	wait_for(feed, TAPE_FRAMES);
	feed->ops->free(feed);
	tape_end(&t);
}

static void it_plays_to_the_end_and_follows(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	tape_open(&t, 6, &options);
	for (int i = 0; i < 5; i++)
		tape_frame(&t);
	tape_read(&t);
	struct pt_feed *feed = open_replay(&t);
	struct pt_replay *replay = pt_replay_of(feed);
	pt_replay_speed(replay, 1e9);
	assert_true(pt_replay_get_speed(replay) == PT_REPLAY_SPEED_MAX);
	feed->ops->pause(feed, false);
	assert_int_equal(wait_for(feed, 5).state, PT_FEED_RUNNING);
	tape_frame(&t);
	wait_for(feed, 6);
	tape_frame(&t);
	struct pt_feed_status status = wait_for(feed, 7);
	assert_int_equal(status.state, PT_FEED_RUNNING);
	assert_int_equal(pt_writer_end(t.writer, 4711), 0); /* said after it was shown */
	while (status = feed->ops->status(feed), status.state != PT_FEED_ENDED) {
		struct pollfd fd = {feed->ops->fd(feed), POLLIN, 0};
		assert_int_equal(poll(&fd, 1, 20000), 1);
		feed->ops->ack(feed);
	}
	assert_int_equal(status.ended_ns, 4711);
	pt_replay_seek(replay, 3);
	wait_for(feed, 3);
	pt_replay_seek(replay, 7);
	status = wait_for(feed, 7);
	assert_int_equal(status.state, PT_FEED_ENDED);
	assert_int_equal(status.ended_ns, 4711);
	feed->ops->free(feed);
	tape_end(&t);
}

static void it_waits_for_the_first_frame(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	tape_open(&t, 6, &options);
	tape_read(&t);
	struct pt_feed *feed = open_replay(&t);
	assert_int_equal(feed->ops->status(feed).state, PT_FEED_STARTING);
	assert_null(feed->ops->latest(feed));
	tape_frame(&t);
	wait_for(feed, 1);
	feed->ops->free(feed);
	tape_end(&t);
}

/* A first frame that is damaged is tried again now and then, and not all the time. */
static void what_cannot_be_read_is_no_hurry(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	sqlite3 *db;
	tape_open(&t, 6, &options);
	tape_frame(&t);
	tape_frame(&t);
	assert_int_equal(sqlite3_open(t.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE pages SET data = x'00'", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	tape_read(&t);
	struct pt_feed *feed = open_replay(&t);
	uint64_t began = now();
	feed->ops->pause(feed, false);
	for (int tries = 0; tries < 4;) {
		struct pollfd fd = {feed->ops->fd(feed), POLLIN, 0};
		assert_int_equal(poll(&fd, 1, 20000), 1);
		feed->ops->ack(feed);
		tries += feed->ops->status(feed).state == PT_FEED_FAILED;
	}
	assert_int_equal(feed->ops->status(feed).error, -EBADMSG);
	assert_true(now() - began > 200000000u);
	feed->ops->free(feed);
	tape_end(&t);
}

static void what_is_pushed_is_written(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	struct pt_recorder *recorder;
	struct pt_mark marks[2];
	tape_open(&t, 6, &options);
	assert_int_equal(pt_recorder_new(&recorder, t.writer, NULL), 0);
	t.writer = NULL;
	for (; t.n < PT_RECORDER_QUEUE; t.n++) { /* there is room for so many, however slow it is */
		t.frames[t.n] = made_next(&t.made);
		pt_recorder_push(recorder, t.frames[t.n]);
	}
	pt_recorder_mark(recorder, t.frames[2]->realtime_ns, 0, "a mark");
	pt_recorder_end(recorder, 77);
	pt_recorder_stop(recorder);
	struct pt_recorder_status status;
	while (status = pt_recorder_status(recorder), !status.stopped) {
		struct pollfd fd = {pt_recorder_fd(recorder), POLLIN, 0};
		assert_int_equal(poll(&fd, 1, 20000), 1);
	}
	assert_int_equal(status.frames, PT_RECORDER_QUEUE);
	assert_int_equal(status.lost, 0);
	assert_int_equal(status.error, 0);
	pt_recorder_free(recorder);
	tape_read(&t);
	assert_int_equal(t.past->ops->count(t.past), PT_RECORDER_QUEUE);
	assert_int_equal(t.past->ops->marks(t.past, marks, 2), 1);
	assert_string_equal(marks[0].label, "a mark");
	assert_int_equal(marks[0].seq, 3);
	assert_int_equal(pt_reader_ended(t.reader).value, 77);
	tape_end(&t);
}

/* Frames that find no room are counted; those that do are all written. */
static void frames_that_are_lost_are_counted(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {.sync_frames = 1};
	struct tape t;
	struct pt_recorder *recorder;
	tape_open(&t, 6, &options);
	assert_int_equal(pt_recorder_new(&recorder, t.writer, NULL), 0);
	t.writer = NULL;
	for (; t.n < TAPE_FRAMES; t.n++)
		t.frames[t.n] = made_next(&t.made);
	for (size_t i = 0; i < t.n; i++)
		pt_recorder_push(recorder, t.frames[i]);
	pt_recorder_stop(recorder);
	struct pt_recorder_status status;
	while (status = pt_recorder_status(recorder), !status.stopped) {
		struct pollfd fd = {pt_recorder_fd(recorder), POLLIN, 0};
		assert_int_equal(poll(&fd, 1, 20000), 1);
	}
	assert_int_equal(status.frames + status.lost, TAPE_FRAMES);
	assert_true(status.frames >= PT_RECORDER_QUEUE);
	pt_recorder_free(recorder);
	tape_read(&t);
	assert_int_equal(t.past->ops->count(t.past), status.frames);
	for (size_t i = 0; i < t.n; i++) {
		struct pt_snapshot *s;
		assert_int_equal(t.past->ops->at(t.past, i + 1, &s), 0);
		assert_true(snapshot_digest(s) == snapshot_digest(t.frames[s->seq - 1]));
		pt_snapshot_unref(s);
	}
	tape_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_where_it_is_told),     cmocka_unit_test(it_plays_to_the_end_and_follows),
		cmocka_unit_test(it_waits_for_the_first_frame), cmocka_unit_test(what_cannot_be_read_is_no_hurry),
		cmocka_unit_test(what_is_pushed_is_written),    cmocka_unit_test(frames_that_are_lost_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
