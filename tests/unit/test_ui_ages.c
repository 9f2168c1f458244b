/*
 * What the feed is told of the screen, so that it reads that first, and how screens say how old what they show is.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/stage.h"

#define SECOND 1000000000ull
#define CHUNK  ((uint64_t)PT_CHUNK_PAGES << 12)

static struct stage *stage;

static void at(int w, int h)
{
	stage = stage_open(STAGE_PID, w, h);
	stage_expect(stage, "[heap]");
}

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

/* ---- what is on the screen -------------------------------------------------------------------------------------- */

/* The stretch watched as the i-th. */
static void assert_watched(size_t i, uint64_t start, uint64_t end)
{
	assert_true(i < stage->feed->n_watched);
	assert_int_equal(stage->feed->watched[i].start, start);
	assert_int_equal(stage->feed->watched[i].end, end);
}

static bool is_watched(uint64_t address)
{
	for (size_t i = 0; i < stage->feed->n_watched; i++)
		if (stage->feed->watched[i].start <= address && address < stage->feed->watched[i].end)
			return true;
	return false;
}

static void the_overview_watches_the_pane_then_the_table(void **arg)
{
	(void)arg;
	at(130, 44);
	assert_watched(0, 0x7f0000000000, 0x7f0000200000); /* the largest VMA is selected: its map */
	assert_watched(1, 0x55d000000000, 0x55d000006000); /* two of one program */
	assert_watched(2, 0x55d100000000, 0x55d100020000);
	assert_watched(3, 0x7f1000000000, 0x7f1000010000); /* the one of the map is not named twice */
	for (size_t i = 2; i < stage->feed->n_watched; i++)
		assert_true(stage->feed->watched[i - 1].end <= stage->feed->watched[i].start);
	assert_true(is_watched(0x7ffc00000000));
	assert_false(is_watched(0xffffffffff600000)); /* [vsyscall] is not the process's */
	stage_key(stage, UI_KEY_HOME);
	assert_watched(0, 0x55d000000000, 0x55d000004000);
}

static void a_small_overview_watches_what_it_shows(void **arg)
{
	(void)arg;
	at(80, 12);
	assert_watched(0, 0x55d000000000, 0x55d000006000); /* no pane */
	assert_false(is_watched(0x7ffc00100000));          /* below the last line */
	stage_key(stage, UI_KEY_END);
	assert_true(is_watched(0x7ffc00100000));
	assert_false(is_watched(0x55d000000000));
	stage_key(stage, UI_KEY_TAB); /* the map alone */
	stage_key(stage, UI_KEY_TAB);
	stage_key(stage, UI_KEY_HOME);
	stage_key(stage, UI_KEY_TAB);
	assert_int_equal(stage->feed->n_watched, 1);
	assert_watched(0, 0x55d000000000, 0x55d000004000);
}

static void a_map_watches_its_window(void **arg)
{
	(void)arg;
	at(130, 44);
	stage_type(stage, "w");
	assert_true(is_watched(0x55d000000000));
	assert_true(is_watched(0x7ffc00101000));
	stage_resize(stage, 60, 8);
	stage_type(stage, "++++++++");
	stage_key(stage, UI_KEY_HOME);
	assert_watched(0, 0x55d000000000, 0x55d000006000);
	assert_false(is_watched(0x7ffc00101000));
	stage_key(stage, UI_KEY_END);
	assert_false(is_watched(0x55d000000000));
	assert_true(is_watched(0x7ffc00101000));
}

static void the_page_screen_watches_its_chunk(void **arg)
{
	(void)arg;
	at(130, 44);
	stage_type(stage, ":7f0000130000\n");
	stage_expect(stage, "guard");
	assert_int_equal(stage->feed->n_watched, 1);
	assert_watched(0, 0x7f0000130000 / CHUNK * CHUNK, 0x7f0000130000 / CHUNK * CHUNK + CHUNK);
}

static void the_feed_hears_of_changes_alone(void **arg)
{
	(void)arg;
	at(130, 44);
	unsigned watches = stage->feed->watches;
	assert_int_not_equal(watches, 0);
	stage_frame(stage);
	stage_type(stage, "?"); /* the help covers the screen for a moment */
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "[heap]");
	assert_int_equal(stage->feed->watches, watches);
	stage_key(stage, UI_KEY_UP);
	assert_int_equal(stage->feed->watches, watches + 1);
}

static void what_a_person_turns_to_is_wanted_soon(void **arg)
{
	(void)arg;
	at(130, 44);
	stage_key(stage, UI_KEY_UP);
	assert_true(stage->feed->soon);
	fixture_add(stage->fixture, "in 100\nvma 7f0000200000-7f0000280000 rw-p flags=hg\n");
	stage_key(stage, UI_KEY_DOWN);
	unsigned watches = stage->feed->watches;
	stage_frame(stage); /* a VMA came; nobody did anything */
	stage_expect(stage, "7f0000200000");
	assert_int_equal(stage->feed->watches, watches + 1);
	assert_false(stage->feed->soon);
}

static void no_more_is_named_than_the_feed_takes(void **arg)
{
	(void)arg;
	at(200, 60);
	for (unsigned i = 0; i < 3 * PT_WATCH_MAX; i++) {
		char line[64];
		snprintf(line, sizeof line, "vma %" PRIx64 "-%" PRIx64 " rw-p\n", 0x600000000000 + i * 4 * CHUNK,
			 0x600000000000 + i * 4 * CHUNK + 0x1000);
		fixture_add(stage->fixture, line);
	}
	stage_frame(stage);
	stage_type(stage, "w");
	assert_int_equal(stage->feed->n_watched, PT_WATCH_MAX);
	assert_true(is_watched(0x7f0000000000)); /* where the cursor is */
	stage_key(stage, UI_KEY_HOME);           /* those nearest to the cursor stay */
	assert_true(is_watched(0x55d000000000));
	assert_false(is_watched(0x7f0000000000));
}

/* ---- ages -------------------------------------------------------------------------------------------------------- */

/* A frame `after` seconds later, in which what is at or above `from` was read `age` seconds before. */
static void frame_of_ages(unsigned after, uint64_t from, unsigned age)
{
	stage->now_ns += after * SECOND;
	struct pt_snapshot *s = stage_snapshot(stage);
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i].index * CHUNK >= from)
			s->slots[i].read_ns = s->monotonic_ns - age * SECOND;
	scripted_feed_push(stage->feed, s);
	ui_shell_update(&stage->shell, stage->now_ns);
}

static unsigned faded_cells(void)
{
	unsigned n = 0;
	assert_true(stage_shows(stage, " ")); /* draws */
	for (int i = 0; i < stage->canvas.w * stage->canvas.h; i++) {
		uint8_t fg = stage->canvas.cells[i].fg, bg = stage->canvas.cells[i].bg;
		n += (fg >= WG_FADED_FIRST && fg < WG_FLASH_FIRST) || (bg >= WG_FADED_FIRST && bg < WG_FLASH_FIRST);
	}
	return n;
}

static void fresh_frames_say_nothing_of_age(void **arg)
{
	(void)arg;
	at(200, 44);
	stage_frame(stage);
	stage_expect(stage, "every 1 s");
	stage_expect_not(stage, " old");
	stage_expect_not(stage, "fresh");
	stage_expect_not(stage, "ago");
	stage_expect_not(stage, "new pages seen");
	assert_int_equal(faded_cells(), 0);
}

static void old_cells_fade(void **arg)
{
	(void)arg;
	at(130, 44);
	frame_of_ages(1, 0x7f0000000000, 12);
	stage_expect(stage, "fresh, the rest up to 12 s old");
	stage_expect(stage, "older"); /* in the legend */
	unsigned faded = faded_cells();
	assert_int_not_equal(faded, 0);
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "7f0000000000  read 12 s ago");
	frame_of_ages(1, 0x7f0000100000, 12);
	assert_in_range(faded_cells(), 1, faded - 1);
	stage_expect_not(stage, "7f0000000000  read"); /* the cell under the cursor is fresh again */
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_HOME);
	stage_expect_not(stage, "older"); /* another map */
	stage_resize(stage, 80, 24);
	stage_expect(stage, "up to 12 s old");
	stage_expect_not(stage, "fresh");
}

static void growth_is_the_kernels_where_pages_are_old(void **arg)
{
	(void)arg;
	at(130, 44);
	frame_of_ages(1, 0x7f0000000000, 12);
	stage_expect(stage, "steady");
	fixture_add(stage->fixture, "in 100\npages 55d100000000-55d100010000 anon pfn=0x120\n");
	stage->now_ns += SECOND;
	struct pt_snapshot *s = stage_snapshot(stage);
	s->slots[0].read_ns = 1;
	s->total.n[PT_N_RSS] -= 6; /* pages that came where this frame did not look */
	scripted_feed_push(stage->feed, s);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_expect(stage, "+24K/s");
}

static void slow_frames_say_so(void **arg)
{
	(void)arg;
	at(130, 44);
	frame_of_ages(3, UINT64_MAX, 0);
	stage_expect(stage, "every 1 s");
	frame_of_ages(3, UINT64_MAX, 0);
	stage_expect(stage, "every 3 s, not 1 s");
	frame_of_ages(1, UINT64_MAX, 0);
	stage_expect(stage, "every 1 s");
	frame_of_ages(3, UINT64_MAX, 0);
	stage_key(stage, ' '); /* a pause is no period */
	stage_key(stage, ' ');
	frame_of_ages(3, UINT64_MAX, 0);
	stage_expect(stage, "every 1 s");
}

static void the_budget_stands_beside_the_cost(void **arg)
{
	(void)arg;
	at(130, 44);
	stage->feed->status.cost = 0.023;
	scripted_feed_changed(stage->feed);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_expect(stage, "CPU 2.3 of 5 %");
}

static void the_page_says_when_it_was_read(void **arg)
{
	(void)arg;
	at(130, 44);
	stage_type(stage, ":55d100000000\n");
	stage_expect(stage, "PFN 0x120");
	stage_expect_not(stage, "Read at ");
	stage_key(stage, ' ');
	stage_expect(stage, "not again while paused");
	stage_key(stage, ' ');
	stage_expect_not(stage, "Read at ");
	stage->feed->status.state = PT_FEED_ENDED;
	scripted_feed_changed(stage->feed);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_expect(stage, "the process has ended since");
}

static void the_last_frame_says_how_old_it_was(void **arg)
{
	(void)arg;
	at(130, 44);
	frame_of_ages(1, 0x55d100000000, 12);
	fixture_end(stage->fixture, STAGE_PID);
	stage->feed->status.state = PT_FEED_ENDED;
	scripted_feed_changed(stage->feed);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_type(stage, ":55d100000000\n");
	stage_expect(stage, "In its last frame (read 12 s before) it was: anon, PFN 0x120");
	stage_type(stage, ":55d000000000\n");
	stage_expect(stage, "In its last frame it was: file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_overview_watches_the_pane_then_the_table, leave),
		cmocka_unit_test_teardown(a_small_overview_watches_what_it_shows, leave),
		cmocka_unit_test_teardown(a_map_watches_its_window, leave),
		cmocka_unit_test_teardown(the_page_screen_watches_its_chunk, leave),
		cmocka_unit_test_teardown(the_feed_hears_of_changes_alone, leave),
		cmocka_unit_test_teardown(what_a_person_turns_to_is_wanted_soon, leave),
		cmocka_unit_test_teardown(no_more_is_named_than_the_feed_takes, leave),
		cmocka_unit_test_teardown(fresh_frames_say_nothing_of_age, leave),
		cmocka_unit_test_teardown(old_cells_fade, leave),
		cmocka_unit_test_teardown(growth_is_the_kernels_where_pages_are_old, leave),
		cmocka_unit_test_teardown(slow_frames_say_so, leave),
		cmocka_unit_test_teardown(the_budget_stands_beside_the_cost, leave),
		cmocka_unit_test_teardown(the_page_says_when_it_was_read, leave),
		cmocka_unit_test_teardown(the_last_frame_says_how_old_it_was, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
