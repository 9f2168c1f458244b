/*
 * The fault screen: its tables, tree, keys and states on made-up views; who first touched a page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/canvas_check.h"
#include "tests/support/scripted_faults.h"
#include "tests/support/stage.h"
#include "tui/screens/faultview.h"

static struct stage *stage;

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

static void at(int w, int h)
{
	stage = stage_open(STAGE_PID, w, h);
}

/* Until the watch is open. */
static void open_faults(void)
{
	stage_key(stage, 'P');
	stage_expect(stage, "the first second");
}

static void show(struct pt_fault_view *view, const char *expected)
{
	scripted_faults_push(view);
	stage_expect(stage, expected);
}

/* Three views, so that there is something over time. */
static void watch_some(void)
{
	open_faults();
	show(made_faults(1), "faults/s");
	show(made_faults(3), "in 3 s");
	show(made_faults(10), "in 10 s");
}

static struct ui_screen *top(void)
{
	return stage->shell.stack[stage->shell.depth - 1];
}

/* What is between title and footer, which say who looks. */
static void check_body(const char *name)
{
	struct wg_canvas *c = &stage->canvas;
	char full[64];
	assert_true(stage_shows(stage, "page faults"));
	struct wg_canvas body = check_canvas(c->w, c->h - 2, CHECK_HALVES);
	wg_fill(&body, (struct wg_rect){0, 0, body.w, body.h}, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	top()->ops->draw(top(), &stage->shell, &body, (struct wg_rect){0, 0, body.w, body.h});
	snprintf(full, sizeof full, "faults-%s-%dx%d", name, c->w, c->h);
	check_golden_in(&body, "screens", full);
	wg_canvas_free(&body);
}

static int line_of(const char *text)
{
	int x = 0, y = -1;
	return stage_find(stage, text, &x, &y) ? y : -1;
}

/* ---- what is drawn ---------------------------------------------------------------------------------------------- */

static const int sizes[][2] = {{80, 24}, {120, 40}};
#define SIZES (sizeof sizes / sizeof *sizes)

static void every_table_is_as_it_was_drawn(void **arg)
{
	static const char *const names[] = {"vmas", "addresses", "threads", "stacks", "repeaters", "allocations"};
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		watch_some();
		for (unsigned tab = 0; tab < 6; tab++) {
			stage_key(stage, '1' + tab);
			check_body(names[tab]);
		}
		stage_key(stage, 'c');
		check_body("callers");
		leave(NULL);
	}
}

static void where_nothing_happens_that_is_said(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < SIZES; i++) {
		at(sizes[i][0], sizes[i][1]);
		open_faults();
		show(made_no_faults(12), "no faults in 12 s");
		check_body("none");
		leave(NULL);
	}
}

static void counts_that_are_no_counts_say_so(void **arg)
{
	(void)arg;
	at(150, 40);
	open_faults();
	struct pt_fault_view *v = made_faults(4);
	v->period = v->period_most = 64;
	v->totals.lost = 1200;
	v->totals.kernel_mode = false;
	v->unread = 7;
	v->left_out = 3000000;
	show(v, "1 in 64 told");
	stage_expect(stage, "1.2k lost");
	stage_expect(stage, "not those in system calls");
	v = made_faults(5);
	v->period_most = 64;
	v->left_out = 3000000;
	show(v, "down to 1 in 64");
	stage_expect(stage, "3M in no table");
	v = made_faults(6);
	v->addresses_left_out = 77000;
	stage_key(stage, '2');
	show(v, "and 77k faults at pages forgotten");
	v = made_faults(7);
	v->ended = true;
	show(v, "The process has ended");
}

static void huge_numbers_fit(void **arg)
{
	(void)arg;
	at(80, 24);
	open_faults();
	struct pt_fault_view *v = made_faults(4);
	v->vmas[0].counts.events = v->vmas[0].counts.kinds[PT_FAULT_COW] = UINT64_MAX;
	v->vmas[0].counts.per_s = 1e18;
	v->all.events = v->all.kinds[PT_FAULT_COW] = v->totals.minor = UINT64_MAX;
	show(v, "18.4E");
}

/* Cells of a bar that look like a kind. */
static int cells_of(const struct wg_heat_cell *cells, int n, enum pt_fault_kind kind)
{
	struct wg_heat_cell wanted = ui_fault_cell(kind);
	int found = 0;
	for (int i = 0; i < n; i++)
		found += cells[i].hue == wanted.hue && cells[i].flags == wanted.flags && cells[i].level == wanted.level;
	return found;
}

static void bars_are_divided_as_faults_are(void **arg)
{
	struct pt_fault_counts counts = {.events = 1000};
	struct wg_heat_cell cells[100];
	(void)arg;
	counts.kinds[PT_FAULT_FIRST_TOUCH] = 690;
	counts.kinds[PT_FAULT_HUGE] = 1;
	counts.kinds[PT_FAULT_SPURIOUS] = 9;
	counts.kinds[PT_FAULT_COW] = 100;
	counts.kinds[PT_FAULT_UNKNOWN] = 200;
	ui_fault_strip(&counts, 1000, cells, 10); /* what is small has no room */
	assert_int_equal(cells_of(cells, 10, PT_FAULT_FIRST_TOUCH), 7);
	assert_int_equal(cells_of(cells, 10, PT_FAULT_COW), 1);
	assert_int_equal(cells_of(cells, 10, PT_FAULT_UNKNOWN), 2);
	ui_fault_strip(&counts, 2000, cells, 100); /* half as long */
	assert_int_equal(cells_of(cells, 100, PT_FAULT_HUGE), 1);
	assert_int_equal(cells_of(cells, 100, PT_FAULT_SPURIOUS), 1);
	assert_int_equal(cells_of(cells, 100, PT_FAULT_COW), 5);
	assert_int_equal(cells_of(cells, 100, PT_FAULT_UNKNOWN), 10);
	assert_int_equal(cells_of(cells, 100, PT_FAULT_FIRST_TOUCH), 33);
	assert_int_equal(cells[50].flags, WG_HEAT_OUTSIDE);
	ui_fault_strip(&counts, UINT64_MAX, cells, 10);
	assert_int_equal(cells_of(cells, 10, PT_FAULT_FIRST_TOUCH), 1);
	counts = (struct pt_fault_counts){.events = 5}; /* of no kind */
	ui_fault_strip(&counts, 5, cells, 4);
	assert_int_equal(cells_of(cells, 4, PT_FAULT_UNKNOWN), 4);
	counts.events = 0;
	ui_fault_strip(&counts, 0, cells, 4);
	assert_int_equal(cells[0].flags, WG_HEAT_OUTSIDE);
}

/* ---- begin and end ---------------------------------------------------------------------------------------------- */

static void watching_begins_when_the_screen_is_opened(void **arg)
{
	(void)arg;
	at(120, 40);
	scripted_faults.hold = true;
	stage_expect(stage, "[heap]");
	assert_int_equal(stage->shell.faults.state, UI_FAULTS_OFF);
	stage_key(stage, 'P');
	stage_expect(stage, "opening events");
	stage_key(stage, 'q'); /* no key waits for it */
	assert_true(stage->shell.quit);
	scripted_faults_release();
	stage_expect(stage, "the first second");
	show(made_faults(2), "in 2 s");
	assert_int_equal(scripted_faults.opened, 1);
	assert_true(scripted_faults.budget > 0.049 &&
		    scripted_faults.budget < 0.051); /* as the stage's options have it */
	assert_true(scripted_faults.snapshots > 0);
}

static void watching_goes_on_behind_other_screens(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, 'P'); /* back */
	stage_expect(stage, "faults watched");
	stage_expect(stage, "layer: kind");
	scripted_faults_push(made_faults(20));
	while (stage->shell.faults.n_samples < 4)
		stage_wait(stage);
	stage_key(stage, 'P');
	stage_expect(stage, "in 20 s");
	assert_int_equal(scripted_faults.opened, 1);
}

static void watching_ends_and_begins_with_a_key(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, 'o');
	stage_expect(stage, "watched no more");
	stage_expect_not(stage, "faults watched");
	stage_expect(stage, "in 10 s"); /* what was seen stays */
	while (!scripted_faults.closed)
		stage_wait(stage);
	stage_key(stage, 'P');
	stage_key(stage, 'P'); /* who ended it is asked no more */
	stage_expect(stage, "watched no more");
	stage_key(stage, 'o');
	stage_expect(stage, "the first second");
	show(made_faults(2), "in 2 s");
	assert_int_equal(scripted_faults.opened, 2);
}

static void leaving_the_process_ends_it(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, 'P');
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "choose a process");
	while (!scripted_faults.closed)
		stage_wait(stage);
	stage_expect_not(stage, "faults watched");
}

static void what_cannot_be_watched_says_why(void **arg)
{
	static const struct {
		int error;
		const char *words;
	} all[] = {
		{-EPERM, "CAP_PERFMON"}, {-EACCES, "CAP_PERFMON"}, {-EMFILE, "ulimit -n"},
		{-ESRCH, "has ended"},   {-ENOENT, "no events"},   {-EOPNOTSUPP, "CONFIG_PERF_EVENTS"},
		{-ENOMEM, "memory"},
	};
	(void)arg;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		at(80, 24);
		scripted_faults.open_error = all[i].error;
		stage_key(stage, 'P');
		stage_expect(stage, all[i].words);
		if (all[i].error == -EPERM) {
			check_body("denied");
			scripted_faults.open_error = 0;
			stage_key(stage, 'o');
			stage_expect(stage, "the first second");
		}
		leave(NULL);
	}
}

static void where_there_is_nothing_to_watch_that_is_said(void **arg)
{
	(void)arg;
	at(80, 24);
	stage->shell.target.faults = NULL; /* as of a recording */
	stage_key(stage, 'P');
	stage_expect(stage, "page faults are not in it");
	stage_key(stage, 'o');
	stage_key(stage, 's');
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "page faults are not in it");
}

static void a_pause_stops_the_picture(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, ' ');
	scripted_faults_push(made_faults(20));
	stage_wait(stage);
	stage_expect_not(stage, "in 20 s");
	stage_key(stage, ' ');
	stage_expect(stage, "in 20 s");
}

/* ---- going deeper ----------------------------------------------------------------------------------------------- */

static void a_vma_leads_to_its_map(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, 'j');
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "map of 7f0000000000");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "FAULTS");
	stage_type(stage, "G\n");
	stage_expect(stage, "not there any more");
}

static void an_address_leads_to_its_page(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_type(stage, "2j\n");
	stage_expect(stage, "page 55d100001000");
	stage_expect(stage, "history of this address");
	stage_key(stage, 'P'); /* the fault screen is there once */
	stage_expect(stage, "FAULTS");
	assert_int_equal(stage->shell.depth, 3);
}

static void from_page_to_faults_and_back_again(void **arg)
{
	(void)arg;
	at(120, 40);
	stage_type(stage, "\n:55d100000000\nP");
	stage_expect(stage, "the first second");
	show(made_faults(3), "in 3 s");
	stage_type(stage, "\np"); /* a map again, and a page */
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "FAULTS");
	stage_key(stage, 'P');
	stage_expect(stage, "page 55d100000000");
}

static void a_repeater_says_why(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, '5');
	stage_expect(stage, "vm.compact_unevictable_allowed is 1");
	stage_expect(stage, "though locked");
	stage_expect(stage, "malloc");
	stage_key(stage, 'j');
	stage_expect(stage, "kernel.numa_balancing is 1");
	stage_key(stage, 'j');
	stage_expect(stage, "Why is not known");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "page 7f1000002000");
}

static void a_stack_that_is_in_no_row_is_looked_up(void **arg)
{
	(void)arg;
	at(120, 40);
	open_faults();
	struct pt_fault_view *v = made_faults(3);
	v->stacks[1].id = 77; /* no row has 2 */
	show(v, "in 3 s");
	stage_expect(stage, "newest fault");
	stage_type(stage, "2j");
	stage_expect(stage, "read_file");
	stage_key(stage, 'G');
	stage_expect(stage, "not known: No such file");
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static void order_follows_the_numbers_until_someone_moves(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	assert_true(line_of("55d100000000") < line_of("7f1000000000"));
	struct pt_fault_view *v = made_faults(11);
	v->vmas[3].counts.events = 100000;
	show(v, "in 11 s");
	assert_true(line_of("7f1000000000") < line_of("7f0000000000"));
	stage_type(stage, "jj"); /* the anonymous one */
	v = made_faults(12);
	v->vmas[3].counts.events = 1;
	show(v, "in 12 s");
	assert_true(line_of("7f1000000000") < line_of("7f0000000000"));
	stage_expect(stage, "anonymous, 7f0000000000");
	stage_key(stage, 'R');
	assert_true(line_of("7f1000000000") > line_of("55d000000000"));
	stage_expect(stage, "anonymous, 7f0000000000"); /* selected still */
}

static void sorting_goes_through_the_columns(void **arg)
{
	int x, y;
	(void)arg;
	at(120, 40);
	watch_some();
	stage_type(stage, "ss"); /* rate, major */
	assert_true(line_of("7f5000000000") < line_of("7f0000000000"));
	stage_type(stage, "ssss"); /* system calls, born, address, name */
	assert_true(stage_find(stage, "NAME", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y); /* the other way round */
	assert_true(line_of("program text") < line_of("7f0000000000"));
	assert_true(stage_find(stage, "ADDRESS", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	assert_true(line_of("55d000000000") < line_of("55d100000000"));
	stage_key(stage, 'S');
	assert_true(line_of("55d000000000") > line_of("55d100000000"));
}

static void a_filter_finds_rows_and_stacks(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_type(stage, "/program\n");
	stage_expect(stage, "1 found by /program/");
	stage_expect_not(stage, "7f0000000000");
	stage_type(stage, "4");
	stage_expect(stage, "3 found");
	stage_type(stage, "/\025read_file\n");
	stage_expect(stage, "read_file");
	stage_expect_not(stage, "insert");
	stage_type(stage, "3");
	stage_expect(stage, "nothing is found by the filter");
	stage_type(stage, "/(");
	stage_expect(stage, "bad pattern");
	stage_resize(stage, 80, 24);
	stage_expect(stage, "bad pattern");
}

static void tabs_change_by_key_and_mouse(void **arg)
{
	int x, y;
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "LAST WAS");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "NODE");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "CALLS");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "CAUSE");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "ORDER");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "leads no deeper");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "BORN");
	stage_key(stage, '9'); /* there is none */
	stage_expect(stage, "BORN");
	assert_true(stage_find(stage, "3 threads", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x + 1, y);
	stage_expect(stage, "NODE");
	stage_expect(stage, "w\\x1b[7morker");
	stage_expect(stage, "of child 150");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "a thread leads no deeper");
}

static void the_mouse_selects_and_enters(void **arg)
{
	int x, y;
	(void)arg;
	at(120, 40);
	watch_some();
	assert_true(stage_find(stage, "55d000000000", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_expect(stage, "program, 55d000000000");
	stage_mouse(stage, UI_MOUSE_WHEEL_UP, x, y);
	stage_expect(stage, "[heap], 55d100000000");
	stage_mouse(stage, UI_MOUSE_WHEEL_DOWN, x, y);
	assert_true(stage_find(stage, "7f0000000000", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_expect(stage, "map of 7f0000000000");
}

/* ---- the tree --------------------------------------------------------------------------------------------------- */

static void the_tree_opens_and_closes(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, '4');
	stage_expect(stage, "who grew RSS, not who leaked");
	stage_expect(stage, "malloc"); /* the heaviest stack is open */
	stage_expect_not(stage, "start_thread");
	stage_expect(stage, "── loop"); /* where stacks part */
	stage_key(stage, 'g');
	stage_key(stage, UI_KEY_LEFT);
	stage_expect_not(stage, "main");
	stage_key(stage, 'j');
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "start_thread"); /* with only children */
	stage_expect(stage, "e\\x1b]0;evil\\x07il");
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "── start_thread");
	stage_key(stage, UI_KEY_LEFT); /* is open: closes */
	stage_expect_not(stage, "evil");
	stage_key(stage, UI_KEY_LEFT); /* to the one above */
	stage_expect(stage, "── clone3");
	stage_key(stage, '+');
	stage_expect(stage, "evil");
	stage_key(stage, '-');
	stage_expect_not(stage, "evil");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "evil");
	stage_key(stage, 'G');
	stage_expect(stage, "What led to these faults is not known");
}

static void the_tree_keeps_its_place(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_type(stage, "4gjjj");
	stage_expect(stage, "── loop");
	struct pt_fault_view *v = made_faults(11);
	v->stacks[2].counts.events = 900000;
	show(v, "in 11 s");
	stage_expect(stage, "── loop");
	assert_true(line_of("clone3") > line_of("__libc_start_main"));
	stage_key(stage, 'R');
	assert_true(line_of("clone3") < line_of("__libc_start_main"));
	stage_expect(stage, "── loop");
	stage_type(stage, "/clone3\n"); /* what is selected is gone */
	stage_expect(stage, "clone3");
	stage_type(stage, "/\025\n");
}

static void the_tree_turns_round(void **arg)
{
	(void)arg;
	at(120, 40);
	watch_some();
	stage_key(stage, 'c'); /* from any table */
	stage_expect(stage, "CALLERS");
	assert_true(line_of(" malloc") < line_of(" main"));
	assert_true(line_of(" main") < line_of(" _start"));
	stage_key(stage, 'c');
	stage_expect(stage, "OUTERMOST FIRST");
	stage_type(stage, "sss"); /* rate, born, still: what is not known is last */
	assert_true(line_of("clone3") > line_of("(the stack goes on"));
}

static void what_is_not_known_is_no_zero(void **arg)
{
	(void)arg;
	at(120, 40);
	open_faults();
	struct pt_fault_view *v = made_faults(3);
	v->vmas[0].start = v->vmas[0].end = 0; /* in none that was known */
	show(v, "(not known where)");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "where these were is not known");
	stage_type(stage, "4/clone3\n");
	stage_expect(stage, "how much is still there is not known");
}

static void no_stacks_say_why(void **arg)
{
	(void)arg;
	at(120, 40);
	open_faults();
	struct pt_fault_view *v = made_no_faults(3);
	v->all.events = 5;
	v->stacks_error = -EACCES;
	show(v, "in 3 s");
	stage_key(stage, '4');
	stage_expect(stage, "no stacks: Permission denied");
	stage_key(stage, '5');
	stage_expect(stage, "no page has faulted again and again");
}

/* ---- who first touched a page ----------------------------------------------------------------------------------- */

static void a_page_says_who_first_touched_it(void **arg)
{
	(void)arg;
	at(120, 50);
	watch_some();
	scripted_faults.birth_address = 0x55d100000000;
	scripted_faults.birth_stack = 1;
	scripted_faults.birth_ns = stage->now_ns - 3200000000u;
	stage_key(stage, '2');
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "ago, by malloc, which insert called:");
	stage_expect(stage, "insert  (table.c:88, program)");
	stage_expect(stage, "_start");
	stage_resize(stage, 80, 60);
	stage_expect(stage, "ago, by malloc");
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "page 55d100001000");
	stage_expect_not(stage, "First touched");
	stage_key(stage, UI_KEY_LEFT);
	stage_expect(stage, "First touched");
	stage_frame(stage);
	stage_key(stage, '(');
	stage_expect(stage, "PAST");
	stage_expect_not(stage, "First touched"); /* that moment may have been before */
}

static void allocations_are_watched_when_asked_for(void **arg)
{
	(void)arg;
	at(120, 50);
	open_faults();
	struct pt_fault_view *v = made_no_faults(3);
	show(v, "in 3 s");
	stage_key(stage, '6');
	stage_expect(stage, "not watched: a does so");
	assert_false(scripted_faults.allocs);
	stage_key(stage, 'a'); /* anew */
	stage_expect(stage, "the first second");
	assert_true(scripted_faults.allocs);
	show(made_faults(2), "GFP_TRANSHUGE_LIGHT");
	stage_type(stage, "/unmov\n");
	stage_expect(stage, "GFP_KERNEL_ACCOUNT");
	stage_expect_not(stage, "GFP_TRANSHUGE_LIGHT");
	stage_type(stage, "/\025\n");
	scripted_faults.alloc =
		(struct pt_alloc){.pfn = 0x120, .time_ns = stage->now_ns, .tid = 101, .migrate_type = 1};
	stage_type(stage, ":55d100000000\n");
	stage_expect(stage, "Its frame was allocated for this process");
	stage_expect(stage, "order 0, Movable");
	stage_key(stage, 'P');
	v = made_no_faults(4);
	v->allocs_error = -ENOENT;
	show(v, "mount -t tracefs");
	v = made_no_faults(5);
	v->allocs_error = -EACCES;
	show(v, "tracepoints need root");
	stage_key(stage, 'a');
	stage_expect(stage, "the first second");
	assert_false(scripted_faults.allocs);
}

static void a_page_says_nothing_while_nobody_watches(void **arg)
{
	(void)arg;
	at(120, 50);
	scripted_faults.birth_address = 0x55d100000000;
	scripted_faults.birth_stack = 1;
	stage_type(stage, ":55d100000000\n");
	stage_expect(stage, "history of this address");
	stage_expect_not(stage, "First touched");
	assert_int_equal(scripted_faults.opened, 0);
}

#define TEST(f) cmocka_unit_test_teardown(f, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_table_is_as_it_was_drawn),
		TEST(where_nothing_happens_that_is_said),
		TEST(counts_that_are_no_counts_say_so),
		TEST(huge_numbers_fit),
		TEST(bars_are_divided_as_faults_are),
		TEST(watching_begins_when_the_screen_is_opened),
		TEST(watching_goes_on_behind_other_screens),
		TEST(watching_ends_and_begins_with_a_key),
		TEST(leaving_the_process_ends_it),
		TEST(what_cannot_be_watched_says_why),
		TEST(where_there_is_nothing_to_watch_that_is_said),
		TEST(a_pause_stops_the_picture),
		TEST(a_vma_leads_to_its_map),
		TEST(an_address_leads_to_its_page),
		TEST(from_page_to_faults_and_back_again),
		TEST(a_repeater_says_why),
		TEST(a_stack_that_is_in_no_row_is_looked_up),
		TEST(order_follows_the_numbers_until_someone_moves),
		TEST(sorting_goes_through_the_columns),
		TEST(a_filter_finds_rows_and_stacks),
		TEST(tabs_change_by_key_and_mouse),
		TEST(the_mouse_selects_and_enters),
		TEST(the_tree_opens_and_closes),
		TEST(the_tree_keeps_its_place),
		TEST(the_tree_turns_round),
		TEST(what_is_not_known_is_no_zero),
		TEST(no_stacks_say_why),
		TEST(a_page_says_who_first_touched_it),
		TEST(allocations_are_watched_when_asked_for),
		TEST(a_page_says_nothing_while_nobody_watches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
