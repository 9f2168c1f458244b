/*
 * What the screens do with keys, the mouse and new frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/stage.h"

static struct stage *stage;

static void at(pid_t pid)
{
	stage = stage_open(pid, 130, 44);
}

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

static int line_of(const char *text)
{
	int x = 0, y = -1;
	return stage_find(stage, text, &x, &y) ? y : -1;
}

/* ---- choosing a process ----------------------------------------------------------------------------------------- */

static void the_list_is_sorted_by_rss(void **arg)
{
	(void)arg;
	at(0);
	stage_expect(stage, "middle");
	assert_true(line_of("vil") < line_of("middle"));
	assert_true(line_of("middle") < line_of("small"));
	stage_expect_not(stage, "kthreadd");
	stage_expect(stage, "25M"); /* PSS came later */
	assert_true(stage_line_has(stage, line_of("small"), "?"));
	stage_key(stage, 'K');
	stage_type(stage, "/kthread");
	stage_expect(stage, "kthreadd");
}

static void sorting_goes_through_the_columns(void **arg)
{
	(void)arg;
	at(0);
	stage_expect(stage, "middle");
	stage_type(stage, "ss"); /* PSS, swap */
	assert_true(line_of("middle") < line_of("vil"));
	stage_type(stage, "s"); /* growth; what shrank is far below */
	assert_true(line_of("vil") < line_of("small"));
	stage_expect_not(stage, "middle");
	stage_type(stage, "S");
	assert_true(line_of("middle") < line_of("small"));
	stage_expect_not(stage, "vil");
	int x, y;
	assert_true(stage_find(stage, "PID", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	assert_true(line_of("vil") < line_of("middle"));
}

static void a_filter_works_as_it_is_typed(void **arg)
{
	(void)arg;
	at(0);
	stage_expect(stage, "middle");
	stage_type(stage, "/mid");
	stage_expect_not(stage, "small");
	stage_expect(stage, "1 of 60");
	stage_type(stage, "(");
	stage_expect(stage, "bad pattern");
	stage_expect(stage, "1 of 60"); /* the last good one stays */
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "small");
	stage_type(stage, "/no such thing\n");
	stage_expect(stage, "no process matches");
}

static void the_list_can_be_paused(void **arg)
{
	(void)arg;
	at(0);
	stage_expect(stage, "middle");
	stage_key(stage, ' ');
	stage_expect(stage, "paused");
	stage_key(stage, ' ');
	stage_expect_not(stage, "paused");
}

static void what_cannot_be_opened_says_why(void **arg)
{
	(void)arg;
	at(0);
	stage_expect(stage, "middle");
	stage_type(stage, "j\n");
	stage_expect(stage, "not permitted");
	stage_type(stage, "j\n");
	stage_expect(stage, "has ended");
	assert_int_equal(stage->shell.depth, 1);
}

static void enter_and_escape_go_up_and_down(void **arg)
{
	bool freed = false;
	(void)arg;
	at(0);
	stage_expect(stage, "middle");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "[heap]");
	stage->feed->freed = &freed;
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "map of 7f0000000000"); /* the largest */
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "Mapping"); /* few pages: a cell is one already */
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "[stack]");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "middle");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "where it began");
	assert_true(freed);
	stage_key(stage, 'q');
	assert_true(stage->shell.quit);
}

/* ---- the overview ----------------------------------------------------------------------------------------------- */

static void the_first_frame_shows_the_largest_vma(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_expect(stage, "anonymous, 7f0000000000");
	stage_expect(stage, "layer: kind");
	stage_expect(stage, "RSS");
	stage_expect(stage, "sleeping");
}

static void names_are_printable(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_expect(stage, "e\\x1b[31mvil");
	stage_expect(stage, "a\\xffsegment");
}

static void growth_is_shown_and_followed(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	fixture_add(stage->fixture, "in 100\npages 55d10000a000-55d10000e000 anon pfn=0x12a\n");
	stage_frame(stage);
	assert_true(stage_line_has(stage, line_of("[heap]"), "+16K"));
	stage_expect(stage, "+16K/s");
	stage_key(stage, 'F');
	fixture_add(stage->fixture, "in 100\npages 55d10000e000-55d10000f000 anon pfn=0x12e\n");
	stage_frame(stage);
	stage_expect(stage, "[heap], 55d100000000");
	stage_key(stage, 'k');
	stage_expect_not(stage, "following");
}

static void folding_joins_neighbours(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, "/one.so\n");
	stage_expect(stage, "7f3000001000");
	stage_key(stage, 'f');
	stage_expect(stage, "3x one.so");
	stage_expect_not(stage, "7f3000001000");
	stage_key(stage, 'f');
	stage_expect(stage, "7f3000001000");
}

static void rows_keep_their_place(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, "sss"); /* size, RSS, PSS */
	stage_key(stage, UI_KEY_HOME);
	int heap = line_of("[heap]"), stack = line_of("[stack]");
	assert_true(heap < stack);
	fixture_add(stage->fixture, "in 100\npages 7ffc00000000-7ffc00010000 anon pfn=0x810\n"
				    "vma 7f4000000000-7f4000001000 rw-p\npage 7f4000000000 anon pfn=0xa00\n");
	stage_frame(stage);
	assert_true(line_of("[heap]") == heap && line_of("[stack]") == stack);
	stage_key(stage, 'R');
	assert_true(line_of("[stack]") < line_of("[heap]"));
	assert_int_equal(stage->feed->refreshes, 1);
}

static void the_selected_address_stays_selected(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_expect(stage, "anonymous, 7f0000000000");
	fixture_add(stage->fixture, "in 100\nvma 540000000000-540000001000 rw-p\nvma 540000002000-540000003000 rw-p\n");
	stage_frame(stage);
	stage_expect(stage, "anonymous, 7f0000000000");
	fixture_add(stage->fixture, "in 100\nunmap 7f0000000000-7f0000200000\n");
	stage_frame(stage);
	stage_expect_not(stage, "anonymous, 7f0000000000");
	stage_expect(stage, "layer: kind"); /* another took its place */
}

static void a_filter_that_finds_nothing_says_so(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, "/nothing like it\n");
	stage_expect(stage, "no VMA matches");
	stage_type(stage, "jkGg\n\t\t"); /* nothing of this has anything to act on */
	stage_type(stage, "/\x15\n");
	stage_expect(stage, "[heap]");
}

static void small_screens_show_one_at_a_time(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_resize(stage, 80, 24);
	stage_expect(stage, "[heap]");
	stage_expect_not(stage, "layer:");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "layer: kind");
	stage_expect_not(stage, "ADDRESS");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "ADDRESS");
}

/* ---- the map ---------------------------------------------------------------------------------------------------- */

static void layers_change(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_key(stage, 'L');
	stage_expect(stage, "layer: present");
	stage_key(stage, '[');
	stage_key(stage, '3');
	stage_expect(stage, "layer: dirty");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "layer: dirty"); /* goes along */
}

static void zooming_goes_in_and_back(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_resize(stage, 64, 7);
	stage_key(stage, 'w');
	stage_expect(stage, "whole process");
	const char *first = "55d000000000";
	stage_expect(stage, first);
	stage_type(stage, "G+++");
	stage_expect_not(stage, first);
	stage_key(stage, 'z');
	stage_key(stage, 'g');
	stage_expect(stage, first);
	stage_key(stage, UI_KEY_ENTER); /* to single pages */
	stage_expect(stage, "mapped 3 times");
	stage_key(stage, UI_KEY_ESC); /* back to all */
	stage_expect(stage, "whole process");
	stage_key(stage, UI_KEY_ESC);
	stage_expect_not(stage, "whole process");
}

static void the_next_hit_is_found(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, "w4g"); /* the layer of swapped pages */
	stage_expect(stage, "layer: swapped");
	stage_key(stage, 'n');
	stage_expect(stage, "55d100011000");
	stage_key(stage, 'd');
	stage_expect(stage, "swapped");
	stage_type(stage, "nnnnn");
	stage_expect(stage, "no more cells");
	stage_key(stage, 'N');
	stage_expect(stage, "55d10001");
}

static void the_mouse_zooms(void **arg)
{
	int x, y;
	(void)arg;
	at(STAGE_PID);
	stage_key(stage, 'w');
	stage_resize(stage, 100, 8);
	assert_true(stage_find(stage, "55d000000000", &x, &y));
	stage_mouse(stage, UI_MOUSE_WHEEL_UP, 30, 3);
	stage_mouse(stage, UI_MOUSE_WHEEL_DOWN, 30, 3);
	stage_mouse(stage, UI_MOUSE_PRESS, 40, 3);
	stage_mouse(stage, UI_MOUSE_DRAG, 41, 3);
	stage_mouse(stage, UI_MOUSE_RELEASE, 41, 3);
	stage_expect(stage, "a cell is one page");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "whole process");
}

static void the_map_survives_a_target_that_loses_all(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_key(stage, UI_KEY_ENTER);
	fixture_add(stage->fixture, "in 100\nunmap 7f0000000000-7f0000200000\n");
	stage_frame(stage);
	stage_expect(stage, "no memory is mapped here");
	stage_type(stage, "jklh+-nNdzGgw");
	stage_key(stage, UI_KEY_ENTER);
	stage_key(stage, UI_KEY_ESC);
}

/* ---- one page --------------------------------------------------------------------------------------------------- */

static void a_page_is_told_in_words(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, ":55d000000000\n");
	stage_expect(stage, "kpagecount is 3");
	stage_expect(stage, "no change so far");
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "page 55d000001000");
	stage_key(stage, UI_KEY_LEFT);
	stage_key(stage, UI_KEY_LEFT); /* there is nothing before */
	stage_expect(stage, "page 55d000000000");
	stage_type(stage, ":0x7f2000000000\n");
	stage_expect(stage, "page 7f2000000000");
	stage_key(stage, UI_KEY_LEFT); /* over a gap */
	stage_expect(stage, "page 7f100000f000");
	stage_type(stage, ":xyz\n");
	stage_expect(stage, "not a hexadecimal");
}

static void history_notes_each_change(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, ":55d100000000\n");
	stage_expect(stage, "(0x120)"); /* read here, and not what the last frame had */
	fixture_add(stage->fixture, "in 100\npage 55d100000000 anon pfn=0x777 count=2\n");
	stage->now_ns += 2000000000;
	stage_expect(stage, "1 change");
	stage_expect(stage, "PFN 0x777, mapped 2x");
}

static void contents_are_only_of_present_pages(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_type(stage, ":55d100000000\nx");
	stage_expect(stage, "0001 0203");
	stage_type(stage, "G");
	stage_expect(stage, "55d100000fe0");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "history");
	stage_type(stage, ":55d100012000\nx");
	stage_expect(stage, "No page is present here");
}

/* ---- the target's fate ------------------------------------------------------------------------------------------ */

static void the_last_frame_of_an_ended_target_stays(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage->feed->status.state = PT_FEED_ENDED;
	scripted_feed_changed(stage->feed);
	stage_expect(stage, "The process ended at");
	stage_expect(stage, "[heap]");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "map of");
}

static void an_exec_is_marked(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_frame(stage);
	struct pt_snapshot *next = stage_snapshot(stage);
	next->process.image = 1;
	scripted_feed_push(stage->feed, next);
	stage_expect(stage, "called exec");
	stage_expect(stage, "image 2 since exec");
	stage->now_ns += 60000000000;
	scripted_feed_changed(stage->feed);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_expect_not(stage, "called exec");
	stage_expect(stage, "image 2 since exec");
}

static void a_failed_reading_is_said(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage->feed->status.state = PT_FEED_FAILED;
	stage->feed->status.error = -EACCES;
	scripted_feed_changed(stage->feed);
	stage_expect(stage, "Reading failed: Permission denied");
}

static void progress_is_shown(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	struct pt_snapshot *next = stage_snapshot(stage);
	next->stage = PT_STAGE_DETAIL;
	next->done_pages = 30;
	next->all_pages = 60;
	scripted_feed_push(stage->feed, next);
	stage_expect(stage, "50 % seen");
}

static void hidden_frames_say_what_grants_them(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	struct pt_snapshot *next = stage_snapshot(stage);
	next->signals.of[PT_SIG_PFN] = (struct pt_signal_state){PT_ABSENT, "no CAP_SYS_ADMIN", "run as root"};
	scripted_feed_push(stage->feed, next);
	stage_expect(stage, "hidden from this user");
	stage_expect(stage, "run as root");
	stage_expect(stage, "sources missing");
}

static void time_can_be_stopped_and_changed(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_key(stage, ' ');
	stage_expect(stage, "paused");
	assert_true(stage->feed->paused);
	stage_key(stage, ' ');
	assert_false(stage->feed->paused);
	stage_key(stage, '<');
	assert_int_equal(stage->feed->status.interval_ns, 500000000);
	stage_type(stage, ">>>");
	assert_int_equal(stage->feed->status.interval_ns, 4000000000);
	for (int i = 0; i < 20; i++)
		stage_key(stage, '>');
	assert_in_range(stage->feed->status.interval_ns, 4000000000, 64000000000);
}

static void help_scrolls_and_goes_away(void **arg)
{
	(void)arg;
	at(STAGE_PID);
	stage_resize(stage, 80, 24);
	stage_key(stage, '?');
	stage_expect(stage, "Get around");
	stage_expect(stage, "PgDn Ctrl-F Ctrl-D"); /* no key is cut */
	stage_key(stage, UI_KEY_END);
	stage_expect(stage, "faded: read longer ago");
	stage_expect_not(stage, "Get around");
	stage_key(stage, UI_KEY_PAGE_UP);
	stage_key(stage, UI_KEY_HOME);
	stage_expect(stage, "Get around");
	stage_key(stage, '?');
	stage_expect(stage, "[heap]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_list_is_sorted_by_rss, leave),
		cmocka_unit_test_teardown(sorting_goes_through_the_columns, leave),
		cmocka_unit_test_teardown(a_filter_works_as_it_is_typed, leave),
		cmocka_unit_test_teardown(the_list_can_be_paused, leave),
		cmocka_unit_test_teardown(what_cannot_be_opened_says_why, leave),
		cmocka_unit_test_teardown(enter_and_escape_go_up_and_down, leave),
		cmocka_unit_test_teardown(the_first_frame_shows_the_largest_vma, leave),
		cmocka_unit_test_teardown(names_are_printable, leave),
		cmocka_unit_test_teardown(growth_is_shown_and_followed, leave),
		cmocka_unit_test_teardown(folding_joins_neighbours, leave),
		cmocka_unit_test_teardown(rows_keep_their_place, leave),
		cmocka_unit_test_teardown(the_selected_address_stays_selected, leave),
		cmocka_unit_test_teardown(a_filter_that_finds_nothing_says_so, leave),
		cmocka_unit_test_teardown(small_screens_show_one_at_a_time, leave),
		cmocka_unit_test_teardown(layers_change, leave),
		cmocka_unit_test_teardown(zooming_goes_in_and_back, leave),
		cmocka_unit_test_teardown(the_next_hit_is_found, leave),
		cmocka_unit_test_teardown(the_mouse_zooms, leave),
		cmocka_unit_test_teardown(the_map_survives_a_target_that_loses_all, leave),
		cmocka_unit_test_teardown(a_page_is_told_in_words, leave),
		cmocka_unit_test_teardown(history_notes_each_change, leave),
		cmocka_unit_test_teardown(contents_are_only_of_present_pages, leave),
		cmocka_unit_test_teardown(the_last_frame_of_an_ended_target_stays, leave),
		cmocka_unit_test_teardown(an_exec_is_marked, leave),
		cmocka_unit_test_teardown(a_failed_reading_is_said, leave),
		cmocka_unit_test_teardown(progress_is_shown, leave),
		cmocka_unit_test_teardown(hidden_frames_say_what_grants_them, leave),
		cmocka_unit_test_teardown(time_can_be_stopped_and_changed, leave),
		cmocka_unit_test_teardown(help_scrolls_and_goes_away, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
