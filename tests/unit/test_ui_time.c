/*
 * Going back in time: every screen shows the moment chosen while the feed goes on, two moments are compared, the
 * selection stays where it is, and where there is nothing to go back to that is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/stage.h"

#define SECOND 1000000000ull

static struct stage *stage;

/*
 * Five frames: the heap grows by 4 pages in the second and by 2 in the fourth, a VMA comes in the third, and the first
 * page of the heap is swapped out in the fifth.
 */
static void begin(int w, int h)
{
	stage = stage_open(STAGE_PID, w, h);
	fixture_add(stage->fixture, "in 100\npages 55d10000a000-55d10000e000 anon pfn=0x12a\n");
	stage_frame(stage);
	fixture_add(stage->fixture, "in 100\nvma 7f4000000000-7f4000001000 rw-p\npage 7f4000000000 anon pfn=0xa00\n");
	stage_frame(stage);
	fixture_add(stage->fixture, "in 100\npages 55d10000e000-55d100010000 anon pfn=0x12e\n");
	stage_frame(stage);
	fixture_add(stage->fixture, "in 100\nswap 55d100000000 type=0 offset=9\n");
	stage_frame(stage);
}

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

static uint64_t shown(void)
{
	return stage->shell.target.now->seq;
}

static uint64_t compared(void)
{
	return stage->shell.target.before ? stage->shell.target.before->seq : 0;
}

static uint64_t settled(uint64_t (*what)(void), uint64_t seq)
{
	for (int tries = 0; tries < 1000 && what() != seq; tries++)
		stage_wait(stage);
	return what();
}

/* With the workers' help: the moment shown, and the one it is compared with. */
#define expect_moment(seq) assert_int_equal(settled(shown, seq), seq)
#define expect_before(seq) assert_int_equal(settled(compared, seq), seq)

static void keys_go_back_and_on(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_key(stage, 't');
	stage_expect(stage, "RSS of the process");
	stage_expect_not(stage, "PAST");
	stage_key(stage, UI_KEY_LEFT);
	expect_moment(4);
	stage_expect(stage, "PAST");
	stage_expect(stage, "1 s ago");
	stage_type(stage, "hh");
	expect_moment(2);
	stage_expect(stage, "3 s ago");
	stage_key(stage, UI_KEY_HOME);
	expect_moment(1);
	stage_key(stage, UI_KEY_LEFT); /* there is nothing before it */
	expect_moment(1);
	stage_key(stage, 'l');
	expect_moment(2);
	stage_key(stage, UI_KEY_END);
	expect_moment(5);
	stage_expect_not(stage, "PAST");
}

static void steps_that_come_fast_all_count(void **arg)
{
	(void)arg;
	begin(130, 44);
	for (int i = 0; i < 4; i++)
		ui_shell_event(&stage->shell, &(struct ui_event){.type = UI_EVENT_KEY, .key = '('}, stage->now_ns);
	expect_moment(1);
}

static void the_feed_goes_on_behind_the_past(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, "((");
	expect_moment(3);
	stage_frame(stage);
	stage_frame(stage);
	expect_moment(3);
	stage_expect(stage, "4 s ago");
	stage_key(stage, 'T');
	expect_moment(7);
	stage_expect_not(stage, "PAST");
	stage_type(stage, "()"); /* stepping onto the newest is now again */
	expect_moment(7);
	stage_frame(stage);
	expect_moment(8);
}

static void every_screen_shows_the_moment(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, "gjj"); /* the heap */
	stage_expect(stage, "[heap], 55d100000000");
	stage_type(stage, "((((");
	expect_moment(1);
	stage_expect_not(stage, "7f4000000000");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "PAST");
	stage_type(stage, ":55d10000a000\n");
	stage_expect(stage, "Never touched");
	stage_expect(stage, "As it was at");
	stage_key(stage, ')');
	expect_moment(2);
	stage_expect(stage, "mapped once");
	stage_expect(stage, "0x12a");
	stage_key(stage, 'x');
	stage_expect(stage, "is not kept");
	stage_type(stage, "x");
	stage_key(stage, 'T');
	expect_moment(5);
	stage_expect(stage, "the 512 frames around it");
	stage_expect_not(stage, "As it was");
}

static void a_page_has_its_story(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, ":55d100000000\n");
	stage_expect(stage, "1 change");
	stage_expect(stage, ":44  swapped out");
	stage_expect(stage, "at first: anon, PFN 0x120");
	stage_type(stage, "(("); /* as it was known then */
	stage_expect(stage, "no change");
	stage_expect_not(stage, ":44  swapped out");
}

static void the_selection_stays_at_its_address(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_key(stage, 'g');
	for (int i = 0; i < 10; i++)
		stage_key(stage, 'j');
	stage_expect(stage, "anonymous, 7f4000000000");
	stage_type(stage, "((((");
	expect_moment(1);
	stage_expect_not(stage, "anonymous, 7f4000000000");
	stage_expect(stage, "one.so, 7f300000"); /* the nearest */
	stage_type(stage, "))");
	expect_moment(3);
	stage_expect(stage, "anonymous, 7f4000000000");
}

static void two_moments_are_compared(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, "gjj");
	stage_key(stage, UI_KEY_UP);
	stage_key(stage, UI_KEY_DOWN);
	stage_key(stage, 'v');
	stage_expect(stage, "second cursor set");
	stage_type(stage, "(((("); /* from 5 back to 1: what came since */
	stage_expect(stage, "(4 s)");
	int x, y;
	assert_true(stage_find(stage, "[heap]", &x, &y));
	stage_expect(stage, "what changed"); /* the map */
	stage_expect(stage, "6 came");
	stage_expect(stage, "1 changed"); /* swapped out */
	stage_expect(stage, "+24K");      /* all of the process: 6 pages and a VMA of 1, less 1 */
	expect_before(1);
	expect_moment(5);
	stage_type(stage, "))");
	stage_expect(stage, "(2 s)");
	expect_before(3);
	stage_key(stage, 'v');
	expect_moment(3);
	expect_before(2);
	stage_expect_not(stage, "(2 s)");
}

static void now_is_compared_with_a_moment(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, "(((v");
	expect_moment(2);
	stage_key(stage, 'T');
	expect_moment(5);
	expect_before(2);
	stage_frame(stage); /* time goes on, the second cursor stays */
	expect_moment(6);
	expect_before(2);
	stage_expect(stage, "(4 s)");
	stage_key(stage, 't');
	stage_key(stage, UI_KEY_ESC);
	expect_before(5);
	assert_true(stage->shell.time.focus);
	stage_key(stage, UI_KEY_ESC);
	assert_false(stage->shell.time.focus);
}

static void marks_are_set_and_gone_to(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_key(stage, 't');
	stage_type(stage, "(((");
	expect_moment(2);
	stage_type(stage, "mload begins\n");
	assert_int_equal(stage->past->n_marks, 1);
	assert_int_equal(stage->past->marks[0].seq, 2);
	stage_key(stage, 'T');
	expect_moment(5);
	stage_type(stage, "mthe end\n");
	stage_expect(stage, "load");
	stage_expect(stage, "the end");
	stage_type(stage, "{");
	expect_moment(2);
	stage_type(stage, "{");
	stage_expect(stage, "no mark before");
	stage_type(stage, "}");
	expect_moment(5);
	stage->past->mark_error = -EROFS;
	stage_type(stage, "mno\n");
	stage_expect(stage, "takes no marks");
}

static void the_plot_can_be_of_a_vma(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, "gjj");
	stage_type(stage, "tw");
	stage_expect(stage, "RSS of [heap], 55d100000000");
	stage_type(stage, "j"); /* up and down are the screen's */
	stage_expect(stage, "RSS of anonymous, 7f0000000000");
	stage_type(stage, "w");
	stage_expect(stage, "RSS of the process");
}

static void t_goes_through_its_views(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_key(stage, 't');
	stage_expect(stage, "5 moments in 4 s");
	stage_expect(stage, "ADDRESS");
	stage_key(stage, UI_KEY_TAB);
	assert_false(stage->shell.time.focus);
	stage_key(stage, 't');
	assert_true(stage->shell.time.focus);
	stage_key(stage, 't');
	stage_expect(stage, "CLASS");
	stage_expect_not(stage, "ADDRESS");
	stage_type(stage, "v\x1b"); /* a second cursor, and away again */
	stage_type(stage, "(((v))))");
	stage_expect(stage, "PAGES between the two moments");
	stage_expect(stage, "came into being");
	stage_expect(stage, "VMAs created");
	stage_key(stage, UI_KEY_ESC); /* the second cursor */
	expect_before(4);
	stage_key(stage, 't');
	stage_expect(stage, "ADDRESS");
	stage_expect_not(stage, "moments in");
}

static void the_mouse_moves_the_cursor(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_key(stage, 't');
	stage_expect(stage, "moments in");
	struct wg_rect area = stage->shell.time.area;
	stage_mouse(stage, UI_MOUSE_PRESS, area.x, area.y + 1);
	stage_mouse(stage, UI_MOUSE_RELEASE, area.x, area.y + 1);
	expect_moment(1);
	stage_mouse(stage, UI_MOUSE_PRESS, area.x + area.w / 2, area.y + 1);
	expect_moment(3);
	stage_mouse(stage, UI_MOUSE_DRAG, area.x, area.y + 1);
	stage_mouse(stage, UI_MOUSE_RELEASE, area.x, area.y + 1);
	stage_expect(stage, "(2 s)");
	expect_before(1);
	expect_moment(3);
	stage_key(stage, UI_KEY_ESC);
	expect_moment(1);
	stage_mouse(stage, UI_MOUSE_PRESS, 20, 6); /* the screen above takes the keys back */
	assert_false(stage->shell.time.focus);
}

static void zoom_follows_the_cursor(void **arg)
{
	(void)arg;
	begin(130, 44);
	for (int i = 0; i < 20; i++)
		stage_frame(stage);
	stage_key(stage, 't');
	stage_expect(stage, "25 moments");
	stage_type(stage, "++");
	assert_int_equal(stage->shell.time.window_ns, 6 * SECOND);
	stage_key(stage, UI_KEY_HOME);
	expect_moment(1);
	stage_expect(stage, "00:16:40");
	stage_type(stage, "]]]");
	stage_type(stage, "z");
	assert_int_equal(stage->shell.time.window_ns, 0);
}

static void without_a_past_that_is_said(void **arg)
{
	(void)arg;
	stage = stage_open(0, 130, 44);
	stage->no_past = true;
	stage_expect(stage, "middle");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "[heap]");
	static const char keys[] = "t(vm{";
	for (const char *key = keys; *key; key++) {
		stage->shell.message[0] = '\0';
		stage_key(stage, (unsigned char)*key);
		if (*key != '{')
			stage_expect(stage, "no history is kept");
	}
	assert_int_equal(stage->shell.time.view, UI_TIME_AWAY);
}

static void one_moment_is_no_past_yet(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 130, 44);
	stage_key(stage, 't');
	stage_expect(stage, "one moment so far");
	for (const char *key = "hl[]v"; *key; key++) {
		stage_key(stage, (uint32_t)*key);
		expect_moment(1);
		stage_expect_not(stage, "PAST");
	}
}

static void history_outlives_the_process(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage->feed->status.state = PT_FEED_ENDED;
	stage->feed->status.ended_ns = 5;
	scripted_feed_changed(stage->feed);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_type(stage, "t((");
	expect_moment(3);
	stage_expect(stage, "2 s before the end");
	stage_key(stage, 'T');
	expect_moment(5);
}

static void an_exec_between_is_said(void **arg)
{
	(void)arg;
	begin(130, 44);
	struct pt_snapshot *s = stage_snapshot(stage);
	s->seq = ++stage->seq;
	s->process.image = 1;
	s->realtime_ns += SECOND;
	s->monotonic_ns += SECOND;
	scripted_past_push(stage->past, s);
	scripted_feed_push(stage->feed, s);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_type(stage, "tv((");
	stage_expect(stage, "exec between");
	assert_null(stage->shell.target.before);
}

static void what_cannot_be_read_is_said(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage->past->at_error = -EIO;
	stage_type(stage, "(");
	stage_expect(stage, "Input/output error");
	assert_int_equal(shown(), 5);
}

static void another_process_has_another_past(void **arg)
{
	(void)arg;
	begin(130, 44);
	stage_type(stage, "t((");
	expect_moment(3);
	stage_key(stage, UI_KEY_ESC); /* out of the strip */
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "middle");
	stage_expect_not(stage, "PAST");
	assert_int_equal(stage->shell.time.view, UI_TIME_AWAY);
}

static void small_screens_have_it_alone(void **arg)
{
	(void)arg;
	begin(40, 10);
	stage_key(stage, 't');
	stage_expect(stage, "RSS of the process");
	stage_expect_not(stage, "ADDRESS");
	stage_type(stage, "((");
	expect_moment(3);
	stage_expect(stage, "PAST");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "ADDRESS");
	stage_expect(stage, "PAST");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(keys_go_back_and_on, leave),
		cmocka_unit_test_teardown(steps_that_come_fast_all_count, leave),
		cmocka_unit_test_teardown(the_feed_goes_on_behind_the_past, leave),
		cmocka_unit_test_teardown(every_screen_shows_the_moment, leave),
		cmocka_unit_test_teardown(a_page_has_its_story, leave),
		cmocka_unit_test_teardown(the_selection_stays_at_its_address, leave),
		cmocka_unit_test_teardown(two_moments_are_compared, leave),
		cmocka_unit_test_teardown(now_is_compared_with_a_moment, leave),
		cmocka_unit_test_teardown(marks_are_set_and_gone_to, leave),
		cmocka_unit_test_teardown(the_plot_can_be_of_a_vma, leave),
		cmocka_unit_test_teardown(t_goes_through_its_views, leave),
		cmocka_unit_test_teardown(the_mouse_moves_the_cursor, leave),
		cmocka_unit_test_teardown(zoom_follows_the_cursor, leave),
		cmocka_unit_test_teardown(without_a_past_that_is_said, leave),
		cmocka_unit_test_teardown(one_moment_is_no_past_yet, leave),
		cmocka_unit_test_teardown(history_outlives_the_process, leave),
		cmocka_unit_test_teardown(an_exec_between_is_said, leave),
		cmocka_unit_test_teardown(what_cannot_be_read_is_said, leave),
		cmocka_unit_test_teardown(another_process_has_another_past, leave),
		cmocka_unit_test_teardown(small_screens_have_it_alone, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
