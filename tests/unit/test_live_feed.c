/*
 * The live feed's thread on made-up processes. The interval is an hour and every frame is asked for, so the test says
 * when things happen; it waits on the feed's descriptor, as the screen does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>

#include "core/scan/live.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define HOUR_NS     3600000000000ull
#define DEADLINE_MS 20000

static const char text[] = "process 100 S start=777 threads=1 fed\n"
			   "vma 10000000-10010000 rw-p\n"
			   "page 10000000 anon pfn=0x100\n";

static struct fixture *fixture;
static struct scripted *scripted;
static struct pt_feed *feed;

/* Gives every call but free on to the scripted kernel: the feed owns its kernel, the test looks at it afterwards. */
static void keep(struct pt_kernel *k)
{
	(void)k;
}

static struct pt_kernel_ops kept_ops;

/* What a sink of the feed was given; used by the feed's thread, looked at when that is gone. */
struct taken {
	uint64_t seqs[100];
	size_t n;
	unsigned incomplete, left;
};
static struct taken taken[2];

static void take_frame(void *arg, struct pt_snapshot *snapshot)
{
	struct taken *t = arg;
	t->incomplete += snapshot->stage != PT_STAGE_COMPLETE;
	if (t->n < sizeof(t->seqs) / sizeof(*t->seqs))
		t->seqs[t->n++] = snapshot->seq;
}

static void leave(void *arg)
{
	((struct taken *)arg)->left++;
}

static const struct pt_live_options options = {
	.interval_ns = HOUR_NS,
	.share = 0.05,
	.sinks = {{take_frame, leave, &taken[0]}, {take_frame, leave, &taken[1]}},
	.n_sinks = 2};

static int make_with(bool pidfd)
{
	memset(taken, 0, sizeof(taken));
	fixture = fixture_new(4096, text);
	scripted = scripted_new(fixture_kernel(fixture));
	scripted->no_pidfd = !pidfd;
	kept_ops = *scripted->k.ops;
	kept_ops.free = keep;
	scripted->k.ops = &kept_ops;
	assert_int_equal(pt_live_feed_new(&feed, &scripted->k, 100, &options), 0);
	return 0;
}

/* Without a pidfd, so that the waiting thread never looks: a fixture that is being changed may seem to have ended. */
static int make(void **arg)
{
	(void)arg;
	return make_with(false);
}

static int make_with_pidfd(void **arg)
{
	(void)arg;
	return make_with(true);
}

static int drop(void **arg)
{
	(void)arg;
	feed->ops->free(feed);
	scripted_free(scripted);
	fixture_free(fixture);
	return 0;
}

static struct pt_feed_status wait_until(bool (*reached)(const struct pt_feed_status *status))
{
	for (;;) {
		struct pt_feed_status status = feed->ops->status(feed);
		if (reached(&status))
			return status;
		struct pollfd polled = {.fd = feed->ops->fd(feed), .events = POLLIN};
		assert_int_equal(poll(&polled, 1, DEADLINE_MS), 1);
		feed->ops->ack(feed);
	}
}

static bool is_idle(const struct pt_feed_status *s)
{
	return s->state == PT_FEED_RUNNING && !s->busy;
}

static bool is_over(const struct pt_feed_status *s)
{
	return s->state == PT_FEED_ENDED;
}

static bool has_failed(const struct pt_feed_status *s)
{
	return s->state == PT_FEED_FAILED && !s->busy;
}

/* The feed rests: waits for that, asks for a frame, and waits for it and for rest again. */
static struct pt_snapshot *next_frame(bool (*rests)(const struct pt_feed_status *status))
{
	wait_until(rests);
	struct pt_snapshot *before = feed->ops->latest(feed), *now = NULL;
	uint64_t seq = before ? before->seq : 0;
	pt_snapshot_unref(before);
	feed->ops->refresh(feed);
	for (;;) {
		now = feed->ops->latest(feed);
		if (now && now->stage == PT_STAGE_COMPLETE && now->seq > seq)
			break;
		pt_snapshot_unref(now);
		struct pollfd polled = {.fd = feed->ops->fd(feed), .events = POLLIN};
		assert_int_equal(poll(&polled, 1, DEADLINE_MS), 1);
		feed->ops->ack(feed);
	}
	return now;
}

static bool is_paused(const struct pt_feed_status *s)
{
	return s->state == PT_FEED_PAUSED && !s->busy;
}

static void frames_follow_each_other(void **arg)
{
	(void)arg;
	struct pt_snapshot *first = next_frame(is_idle);
	assert_int_equal(first->total.n[PT_N_RSS], 1);
	wait_until(is_idle);
	fixture_add(fixture, "in 100\npage 10001000 anon pfn=0x101\n");
	struct pt_snapshot *second = next_frame(is_idle);
	assert_int_equal(second->total.n[PT_N_RSS], 2);
	assert_int_equal(first->total.n[PT_N_RSS], 1); /* the old one stays as it was */
	pt_snapshot_unref(first);
	pt_snapshot_unref(second);
}

static void the_last_frame_outlives_the_target(void **arg)
{
	(void)arg;
	wait_until(is_idle);
	fixture_end(fixture, 100);
	feed->ops->refresh(feed);
	wait_until(is_over);
	struct pt_snapshot *last = feed->ops->latest(feed);
	assert_non_null(last);
	assert_int_equal(last->total.n[PT_N_RSS], 1);
	pt_snapshot_unref(last);
}

static void an_end_is_seen_long_before_the_next_frame(void **arg)
{
	(void)arg;
	wait_until(is_idle);
	fixture_end(fixture, 100);
	wait_until(is_over);
}

static void an_end_is_seen_while_paused(void **arg)
{
	(void)arg;
	wait_until(is_idle);
	feed->ops->pause(feed, true);
	wait_until(is_paused);
	fixture_end(fixture, 100);
	wait_until(is_over);
	struct pt_snapshot *last = feed->ops->latest(feed);
	assert_int_equal(last->total.n[PT_N_RSS], 1);
	pt_snapshot_unref(last);
}

static void an_exec_is_counted(void **arg)
{
	(void)arg;
	struct pt_snapshot *before = next_frame(is_idle);
	fixture_add(fixture,
		    "process 100 S start=777 after exec\nvma 30000000-30010000 rw-p\npage 30000000 anon pfn=9\n");
	struct pt_snapshot *after = next_frame(is_idle);
	assert_int_equal(after->process.image, 1);
	assert_string_equal(after->process.name, "after exec");
	assert_int_equal(feed->ops->status(feed).execs, 1);
	pt_snapshot_unref(before);
	pt_snapshot_unref(after);
}

static void a_failure_is_told_and_the_next_frame_tried(void **arg)
{
	(void)arg;
	struct pt_snapshot *before = next_frame(is_idle);
	wait_until(is_idle);
	scripted->deny_error =
		-EIO; /* the thread sleeps, and now and then asks whether the target lives: opens nothing */
	scripted->deny = "proc/100/stat";
	feed->ops->refresh(feed);
	assert_int_equal(wait_until(has_failed).error, -EIO);
	scripted->deny = NULL;
	struct pt_snapshot *after = next_frame(has_failed);
	assert_int_equal(feed->ops->status(feed).error, 0);
	pt_snapshot_unref(before);
	pt_snapshot_unref(after);
}

static void pausing_stops_frames_until_asked(void **arg)
{
	(void)arg;
	struct pt_snapshot *first = next_frame(is_idle);
	feed->ops->interval(feed, 1);
	feed->ops->pause(feed, true);
	wait_until(is_paused);
	struct pt_snapshot *asked = next_frame(is_paused); /* refresh works while paused */
	feed->ops->pause(feed, false);
	feed->ops->interval(feed, HOUR_NS);
	pt_snapshot_unref(first);
	pt_snapshot_unref(asked);
}

static void freeing_in_the_middle_of_a_frame_is_fine(void **arg)
{
	for (int i = 0; i < 30; i++) {
		feed->ops->refresh(feed);
		drop(arg);
		make(arg);
	}
}

static void every_frame_goes_to_the_sinks(void **arg)
{
	uint64_t seqs[5];
	for (int i = 0; i < 5; i++) {
		struct pt_snapshot *frame = next_frame(is_idle);
		seqs[i] = frame->seq;
		pt_snapshot_unref(frame);
	}
	drop(arg);
	for (int s = 0; s < 2; s++) {
		assert_int_equal(taken[s].n, 6); /* the first one came unasked */
		assert_memory_equal(taken[s].seqs + 1, seqs, sizeof(seqs));
		assert_int_equal(taken[s].incomplete, 0);
		assert_int_equal(taken[s].left, 1);
	}
}

static void what_cannot_be_opened_says_why(void **arg)
{
	(void)arg;
	struct pt_feed *none = NULL;
	memset(taken, 0, sizeof(taken));
	struct fixture *empty = fixture_new(4096, "process 5 Z start=1 zombie\n");
	assert_int_equal(pt_live_feed_new(&none, fixture_kernel(empty), 5, &options), -ESRCH);
	assert_int_equal(pt_live_feed_new(&none, fixture_kernel(empty), 6, &options), -ESRCH);
	assert_null(none);
	assert_int_equal(taken[0].left, 2);
	assert_int_equal(taken[1].left, 2);
	fixture_free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_follow_each_other, make, drop),
		cmocka_unit_test_setup_teardown(the_last_frame_outlives_the_target, make, drop),
		cmocka_unit_test_setup_teardown(an_end_is_seen_long_before_the_next_frame, make_with_pidfd, drop),
		cmocka_unit_test_setup_teardown(an_end_is_seen_while_paused, make_with_pidfd, drop),
		cmocka_unit_test_setup_teardown(an_exec_is_counted, make, drop),
		cmocka_unit_test_setup_teardown(a_failure_is_told_and_the_next_frame_tried, make, drop),
		cmocka_unit_test_setup_teardown(pausing_stops_frames_until_asked, make, drop),
		cmocka_unit_test_setup_teardown(freeing_in_the_middle_of_a_frame_is_fine, make, drop),
		cmocka_unit_test_setup(every_frame_goes_to_the_sinks, make),
		cmocka_unit_test(what_cannot_be_opened_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
