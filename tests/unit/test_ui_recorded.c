/*
 * A recording of several processes on the screen: a list of them first, the one that is chosen replays, Esc goes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/stage.h"
#include "tests/support/tape.h"
#include "tui/recorded.h"

#define SECOND 1000000000ull

static struct tape tape;
static struct ui_recorded *recorded;
static struct stage *stage;

static void tell(pid_t pid, uint64_t start_time, const char *name, uint64_t peak, int status)
{
	struct pt_recorded p = {.pid = pid,
				.start_time = start_time,
				.began_ns = {2 * SECOND, true},
				.ended_ns = {5 * SECOND, status >= 0},
				.exit_status = {(uint64_t)status, status >= 0},
				.peak_rss = {peak, true}};
	snprintf(p.name, sizeof(p.name), "%s", name);
	assert_int_equal(pt_writer_process(tape.writer, &p), 0);
}

/* 100 and 200 have frames, 300 has none, and there were two with that PID. */
static void begin(const char *at)
{
	const struct pt_record_options options = {0};
	struct made other;
	tape_open(&tape, 1, &options);
	made_init(&other, 2, 200);
	other.pid = 200;
	for (int i = 0; i < 8; i++) {
		struct made *made = i % 2 ? &other : &tape.made;
		made->seq = (uint64_t)i + 1;
		struct pt_snapshot *s = made_next(made);
		tape.frames[tape.n++] = s;
		assert_int_equal(pt_writer_frame(tape.writer, s), 0);
	}
	made_end(&other);
	tell(300, 1, "older", 1 << 30, 0);
	tell(300, 2, "evil\x1b[31m", 2 << 20, 9);
	tell(200, 0, "cc1", 3 << 20, 256);
	tape_read(&tape);
	assert_int_equal(ui_recorded_new(&recorded, tape.reader, "a recording"), 0);
	tape.reader = NULL;
	stage = stage_list(ui_recorded_sources(recorded), 120, 40);
	stage->options.at = at;
	stage_expect(stage, "a recording: choose a process");
}

static int leave(void **arg)
{
	(void)arg;
	stage_close(stage);
	ui_recorded_free(recorded);
	tape_end(&tape);
	return 0;
}

static void choose(const char *name)
{
	int x, y;
	stage_expect(stage, name);
	assert_true(stage_find(stage, name, &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_key(stage, UI_KEY_ENTER);
}

static void expect_shown(pid_t pid, uint64_t seq)
{
	const struct pt_snapshot *s = NULL;
	for (int tries = 0; tries < 1000 && (!(s = stage->shell.target.now) || s->seq != seq); tries++)
		stage_wait(stage);
	assert_non_null(s);
	assert_int_equal(s->seq, seq);
	assert_int_equal(s->process.pid, pid);
}

static void the_list_says_what_each_held_and_how_it_ended(void **arg)
{
	(void)arg;
	begin(NULL);
	stage_expect(stage, "3 of 3 processes");
	stage_expect(stage, "the most that each held");
	stage_expect(stage, "4 frames, 3 s, exit status 1");
	stage_expect(stage, "counters alone, 3 s, killed by signal 9");
	stage_expect_not(stage, "older"); /* whose PID another one had later */
	stage_expect_not(stage, "kernel threads");
	tell(400, 1, "later", 1 << 20, -1); /* it is still being written */
	stage->now_ns += 2 * SECOND;
	stage_expect(stage, "4 of 4 processes");
}

static void the_chosen_one_replays_and_esc_goes_back(void **arg)
{
	(void)arg;
	begin("+0");
	choose("cc1");
	expect_shown(200, 2);
	stage_expect(stage, "replay x1 paused");
	stage_key(stage, 'T');
	expect_shown(200, 8);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "a recording: choose a process");
	choose("made");
	expect_shown(100, 1);
	stage_key(stage, 'T');
	expect_shown(100, 7);
}

static void one_without_frames_cannot_be_shown(void **arg)
{
	(void)arg;
	begin(NULL);
	choose("evil");
	stage_expect(stage, "300: no frames of it were recorded, its counters alone");
	stage_expect(stage, "a recording: choose a process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_list_says_what_each_held_and_how_it_ended, leave),
		cmocka_unit_test_teardown(the_chosen_one_replays_and_esc_goes_back, leave),
		cmocka_unit_test_teardown(one_without_frames_cannot_be_shown, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
