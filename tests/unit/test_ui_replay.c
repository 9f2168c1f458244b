/*
 * The screens on a recording: they show what they showed of the process, at any moment; keys play it, step through it
 * and go to times and marks; what a recording does not hold is said not to be in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/record/replay.h"
#include "tests/support/stage.h"

#define SECOND 1000000000ull
#define FRAMES 5

static struct stage *stage;
static char path[64];

/* The heap grows by a page from frame to frame. */
static void record(void)
{
	const struct pt_record_options options = {0};
	struct pt_writer *writer;
	char message[200], line[80], folder[] = "/tmp/pagetop-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/r", folder);
	assert_int_equal(pt_writer_open(path, &options, &writer, message, sizeof message), 0);
	struct stage *live = stage_open(STAGE_PID, 130, 44);
	for (unsigned i = 0; i < FRAMES; i++) {
		snprintf(line, sizeof line, "in 100\npage 55d1000%05x anon pfn=0x%x\n", 0xa000 + i * 0x1000, 0x12a + i);
		fixture_add(live->fixture, line);
		struct pt_snapshot *s = stage_snapshot(live);
		s->seq = i + 1;
		s->realtime_ns = (1000 + i) * SECOND;
		s->monotonic_ns = (500 + i) * SECOND;
		assert_int_equal(pt_writer_frame(writer, s), 0);
		pt_snapshot_unref(s);
	}
	assert_int_equal(pt_writer_mark(writer, 1003 * SECOND, 0, "the peak"), 0);
	pt_writer_close(writer);
	stage_close(live);
}

static void begin(uint64_t seq)
{
	struct pt_reader *reader;
	char message[200];
	record();
	assert_int_equal(pt_reader_open(path, &reader, message, sizeof message), 0);
	stage = stage_replay(reader, seq, 130, 44);
	stage_expect(stage, "[heap]");
}

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return 0;
}

static uint64_t shown(void)
{
	return stage->shell.target.now ? stage->shell.target.now->seq : 0;
}

static void expect_moment(uint64_t seq)
{
	for (int tries = 0; tries < 1000 && shown() != seq; tries++)
		stage_wait(stage);
	assert_int_equal(shown(), seq);
}

static void it_stands_still_where_it_was_told_to(void **arg)
{
	(void)arg;
	begin(3);
	expect_moment(3);
	stage_expect(stage, "replay x1 paused");
	stage_expect_not(stage, "CPU");
	stage_expect_not(stage, "PAST");
}

static void keys_lead_to_moments(void **arg)
{
	(void)arg;
	begin(3);
	expect_moment(3);
	stage_key(stage, ')');
	expect_moment(4);
	stage_type(stage, "(((");
	expect_moment(1);
	stage_key(stage, '(');
	expect_moment(1);
	stage_key(stage, 'T');
	expect_moment(5);
	stage_type(stage, "@+2.5");
	stage_key(stage, UI_KEY_ENTER);
	expect_moment(3);
	stage_type(stage, "@the peak");
	stage_key(stage, UI_KEY_ENTER);
	expect_moment(4);
	stage_type(stage, "@nonsense");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "is neither a mark nor a time");
	stage_key(stage, UI_KEY_ESC);
	expect_moment(4);
	stage_key(stage, 't');
	stage_expect(stage, "RSS of the process");
	stage_key(stage, UI_KEY_HOME);
	expect_moment(1);
}

static void it_plays_on_from_the_moment_shown(void **arg)
{
	(void)arg;
	begin(5);
	expect_moment(5);
	stage_type(stage, "(((");
	expect_moment(2);
	for (int i = 0; i < 9; i++)
		stage_key(stage, '<');
	stage_expect(stage, "256 times as fast");
	stage_key(stage, ' ');
	expect_moment(5);
	stage_expect_not(stage, "PAST");
	stage_expect_not(stage, "paused");
	stage_key(stage, ' ');
	stage_expect(stage, "paused");
	stage_type(stage, ">>");
	stage_expect(stage, "64 times as fast");
}

static void it_begins_at_the_start_and_plays(void **arg)
{
	(void)arg;
	begin(0);
	expect_moment(1);
	assert_false(stage->shell.target.paused);
	stage_key(stage, ')'); /* stepping stops it */
	assert_true(stage->shell.target.paused);
}

static void every_screen_works(void **arg)
{
	(void)arg;
	begin(4);
	expect_moment(4);
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "map");
	stage_type(stage, ":55d10000a000");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "page 55d10000a000");
	stage_expect(stage, "anonymous");
	stage_key(stage, 'x');
	stage_expect(stage, "never their contents");
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, '(');
	expect_moment(3);
	stage_type(stage, "?");
	stage_expect(stage, "show only what");
	stage_key(stage, '?');
	stage_type(stage, "mword");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "a recording that is only read takes no marks");
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "[heap]");
	stage_key(stage, UI_KEY_ESC);
	assert_null(stage->shell.target.feed);
}

static void two_moments_are_compared(void **arg)
{
	(void)arg;
	begin(5);
	expect_moment(5);
	stage_key(stage, 'v');
	stage_type(stage, "((");
	for (int tries = 0; tries < 1000 && (!stage->shell.target.before || stage->shell.target.before->seq != 3);
	     tries++)
		stage_wait(stage);
	assert_int_equal(stage->shell.target.before->seq, 3);
	assert_int_equal(shown(), 5);
}

/* Nothing of it is held against processes of this machine that have its PIDs. */
static void this_machine_is_not_asked(void **arg)
{
	(void)arg;
	begin(3);
	stage_type(stage, "7");
	stage_wait(stage);
	stage->now_ns += SECOND;
	stage_expect(stage, "with whom: not known of a recording");
	stage_type(stage, "W");
	stage_expect(stage, "Who shares");
	stage_expect(stage, "not known of a recording");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "nobody is known");
	stage_type(stage, "WC");
	stage_expect(stage, "a recording does not have the page cache");
	assert_null(stage->shell.owners.worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(it_stands_still_where_it_was_told_to, leave),
		cmocka_unit_test_teardown(keys_lead_to_moments, leave),
		cmocka_unit_test_teardown(it_plays_on_from_the_moment_shown, leave),
		cmocka_unit_test_teardown(it_begins_at_the_start_and_plays, leave),
		cmocka_unit_test_teardown(every_screen_works, leave),
		cmocka_unit_test_teardown(two_moments_are_compared, leave),
		cmocka_unit_test_teardown(this_machine_is_not_asked, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
