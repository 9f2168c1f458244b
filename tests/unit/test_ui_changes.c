/*
 * What became of pages, as screens show it: summed over the last frames, and between two moments that are compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/stage.h"
#include "tui/heat.h"

static struct stage *stage;

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

static void frame(const char *text)
{
	fixture_add(stage->fixture, text);
	stage_frame(stage);
}

/* The text below a heading in the line that has a name in it; the first of both. */
static const char *cell(const char *name, const char *heading)
{
	static char text[16];
	int x, y, name_x, name_y;
	size_t n = 0;
	assert_true(stage_find(stage, heading, &x, &y));
	assert_true(stage_find(stage, name, &name_x, &name_y));
	for (int i = x + (int)strlen(heading) - 5; i < x + (int)strlen(heading); i++) {
		uint32_t ch = stage->canvas.cells[(size_t)name_y * (size_t)stage->canvas.w + (size_t)i].ch;
		if (ch != ' ')
			text[n++] = ch < 127 ? (char)ch : '.';
	}
	text[n] = 0;
	return text;
}

#define expect_cell(name, heading, text) assert_string_equal(cell(name, heading), text)

static void columns_tell_what_became_of_pages(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 200, 50);
	expect_cell("[heap]", "BORN", "?"); /* no frame before */
	frame("in 100\npages 55d10000a000-55d10000e000 anon pfn=0x12a\n");
	expect_cell("[heap]", "BORN", "16K");
	expect_cell("[heap]", "FREED", ".");
	expect_cell("[stack]", "BORN", ".");
	frame("in 100\nswap 55d10000a000 type=0 offset=9\n");
	expect_cell("[heap]", "BORN", "16K"); /* of the frame before: a person has time to read it */
	expect_cell("[heap]", "OUT", "4K");
	frame("in 100\npage 55d10000a000 anon pfn=0x140\npage 55d10000b000 anon pfn=0x141\n");
	expect_cell("[heap]", "IN", "4K");
	expect_cell("[heap]", "MIGR", "4K");
	frame("in 100\nunmap 55d10000c000-55d10000e000\n");
	expect_cell("[heap]", "FREED", "8K");
	for (unsigned i = 1; i < UI_CHANGES_FRAMES; i++)
		stage_frame(stage);
	expect_cell("[heap]", "FREED", "8K");
	expect_cell("[heap]", "BORN", ".");
	stage_frame(stage);
	expect_cell("[heap]", "FREED", ".");
}

static void narrow_screens_leave_them_out(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 120, 40);
	stage_expect(stage, "BORN FREED");
	stage_expect_not(stage, "MIGR");
	stage_resize(stage, 80, 24);
	stage_expect_not(stage, "BORN");
	stage_expect(stage, "+/-");
}

/* The scan says when the bits were cleared: that brings the column, of a process and of its recording. */
static void what_was_written_is_told_where_that_was_asked_for(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 200, 50);
	stage_expect_not(stage, "WRIT");
	fixture_write(stage->fixture, "proc/100/clear_refs", "");
	fixture_add(stage->fixture, "in 100\npages 55d100000000-55d100002000 anon pfn=0x120 soft-dirty\n");
	for (unsigned i = 0; i <= UI_CHANGES_FRAMES; i++) { /* until frames from before are forgotten */
		struct pt_snapshot *next = stage_snapshot(stage);
		next->seq = ++stage->seq;
		next->cleared_ns = next->monotonic_ns - next->scan_ns - 1;
		scripted_feed_push(stage->feed, next);
		stage->now_ns += 1000000000u;
		ui_shell_update(&stage->shell, stage->now_ns);
	}
	expect_cell("[heap]", "WRIT", "80K"); /* two pages in each of ten frames */
	expect_cell("[stack]", "WRIT", ".");
}

static void an_exec_begins_anew(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 200, 50);
	frame("in 100\npages 55d10000a000-55d10000e000 anon pfn=0x12a\n");
	expect_cell("[heap]", "BORN", "16K");
	struct pt_snapshot *next = stage_snapshot(stage);
	next->process.image++;
	scripted_feed_push(stage->feed, next);
	ui_target_update(&stage->shell.target, stage->now_ns);
	expect_cell("[heap]", "BORN", "?");
	assert_null(ui_changes_ledger(&stage->shell.target.changes));
}

static void two_moments_are_compared(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 200, 50);
	frame("in 100\npages 55d10000a000-55d10000e000 anon pfn=0x12a\n");
	frame("in 100\npages 55d10000e000-55d100010000 anon pfn=0x12e\n");
	expect_cell("[heap]", "BORN", "24K");
	stage_key(stage, '(');
	for (int tries = 0; tries < 1000 && !stage->shell.target.back; tries++)
		stage_wait(stage);
	expect_cell("[heap]", "BORN", "16K"); /* from the first to the second */
	stage_key(stage, 'T');
	for (int tries = 0; tries < 1000 && stage->shell.target.back; tries++)
		stage_wait(stage);
	expect_cell("[heap]", "BORN", "24K");
}

static void layers_show_what_changed_and_how_old_it_is(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 130, 44);
	stage_type(stage, "/heap\n[[");
	stage_expect(stage, "layer: age");
	stage_expect(stage, "from the start");
	stage_key(stage, '[');
	stage_expect(stage, "layer: changed");
	stage_key(stage, '\t');
	stage_key(stage, UI_KEY_HOME);
	stage_expect(stage, "there since watching began");
	stage_key(stage, 'n');
	stage_expect(stage, "no more cells with what the layer changed shows");
	frame("in 100\npages 55d10000a000-55d10000e000 anon pfn=0x12a\n");
	stage_key(stage, 'n');
	stage_expect(stage, " 55d10000a000  present");
	stage_expect(stage, "just born  changed");
	for (int i = 0; i < 3; i++)
		stage_frame(stage);
	stage_expect(stage, "there for 3 s  changed");
	stage_type(stage, "nnnn");
	stage_expect(stage, "no more cells with what the layer changed shows");
	for (unsigned i = 0; i < UI_CHANGES_FRAMES; i++)
		stage_frame(stage);
	stage_expect(stage, "there for 13 s");
	stage_expect_not(stage, "13 s  changed");
	stage_key(stage, UI_KEY_HOME);
	stage_key(stage, 'n');
	stage_expect(stage, "no more cells with what the layer changed shows");
}

/* A cell of the strip of a row says the same as the map. */
static void ages_are_levels(void **arg)
{
	(void)arg;
	struct pt_bin bin = {.pages = 8, .life = {.known = true}};
	static const struct {
		uint64_t held, from_start, age_s;
		unsigned level;
	} rows[] = {{0, 0, 0, 0}, {8, 8, 1, 1},  {8, 4, 1, 1},   {8, 3, 1, 5},  {8, 0, 4, 5},
		    {8, 0, 5, 4}, {8, 0, 30, 3}, {8, 0, 119, 3}, {8, 0, 120, 2}};
	stage = stage_open(STAGE_PID, 130, 44);
	const struct pt_snapshot *s = stage->shell.target.now;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bin.life.held = rows[i].held;
		bin.life.from_start = rows[i].from_start;
		bin.life.age_ns = rows[i].age_s * 1000000000ull;
		assert_int_equal(ui_heat_cell(&bin, PT_LAYER_AGE, s).level, rows[i].level);
	}
	bin.life = (struct pt_bin_life){.known = false};
	bin.sum.n[PT_N_ANON] = 3;
	assert_true(ui_heat_cell(&bin, PT_LAYER_AGE, s).flags & WG_HEAT_UNKNOWN);
	assert_true(ui_heat_cell(&bin, PT_LAYER_CHANGED, s).flags & WG_HEAT_UNKNOWN);
}

static void what_it_covers_is_said(void **arg)
{
	(void)arg;
	char text[64];
	stage = stage_open(STAGE_PID, 130, 44);
	struct ui_changes *c = &stage->shell.target.changes;
	stage_frame(stage);
	assert_string_equal(ui_changes_span(c, text, sizeof text), "since the frame before");
	stage_frame(stage);
	assert_string_equal(ui_changes_span(c, text, sizeof text), "over the last 2 frames");
	for (int i = 0; i < 20; i++)
		stage_frame(stage);
	assert_string_equal(ui_changes_span(c, text, sizeof text), "over the last 10 frames");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(columns_tell_what_became_of_pages, leave),
		cmocka_unit_test_teardown(narrow_screens_leave_them_out, leave),
		cmocka_unit_test_teardown(what_was_written_is_told_where_that_was_asked_for, leave),
		cmocka_unit_test_teardown(an_exec_begins_anew, leave),
		cmocka_unit_test_teardown(two_moments_are_compared, leave),
		cmocka_unit_test_teardown(layers_show_what_changed_and_how_old_it_is, leave),
		cmocka_unit_test_teardown(ages_are_levels, leave),
		cmocka_unit_test_teardown(what_it_covers_is_said, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
