/*
 * The family screen on a made-up process and its forks: what it says of them, the map of both sides, children that come
 * and end, and where there is hardly room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/rounds.h"
#include "tests/support/stage.h"
#include "tui/screens/familyview.h"
#include "tui/screens/screens.h"

static const char forks[] = "process 300 S start=500 stack=7ffd0000 sto\033re\n"
			    "vma 10000-30000 rw-p [heap]\n"
			    "pages 10000-18000 anon pfn=0x1200 count=2\n"
			    "page 18000 anon pfn=0x1300 +owner2\n"
			    "page 19000 anon pfn=0x1209\n"
			    "page 1a000 anon pfn=0x1302 +owner2\n"
			    "vma 40000-41000 rw-p\n"
			    "page 40000 anon pfn=0x1400 count=2\n"
			    "process 301 S start=700 parent=300 stack=7ffd0000 first\n"
			    "vma 10000-30000 rw-p [heap]\n"
			    "pages 10000-18000 anon pfn=0x1200 count=2\n"
			    "page 18000 anon pfn=0x1208\n"
			    "page 19000 anon pfn=0x1301 +owner2\n"
			    "vma 40000-41000 rw-p\n"
			    "page 40000 anon pfn=0x1400 count=2\n";

static struct stage *open_forks(int w, int h)
{
	struct stage *stage = stage_open(STAGE_PID, w, h);
	fixture_add(stage->fixture, forks);
	ui_shell_push(&stage->shell, ui_family_of(300));
	return stage;
}

static void what_is_shared_and_copied(void **arg)
{
	struct stage *stage = open_forks(120, 40);
	(void)arg;
	stage_expect(stage, "8K copied");
	stage_expect(stage, "4K by the parent's writes, 4K by the child's");
	stage_expect(stage, "36K still shared, 81 %.");
	stage_expect(stage, "4K the parent has alone.");
	stage_expect(stage, "If all is written to in the end: 44K.");
	stage_expect(stage, "sto\\x1bre");
	stage_expect(stage, "PARENT 300");
	stage_expect(stage, "CHILD 301");
	stage_expect(stage, "first look");
	stage_expect(stage, "left sto\\x1bre 300");
	stage_close(stage);
}

/* From the table to the map, to single pages, into one, and back again. */
static void deeper_and_back(void **arg)
{
	struct stage *stage = open_forks(80, 24);
	(void)arg;
	stage_expect(stage, "8K copied");
	stage_expect_not(stage, "a cell is one page"); /* there is room for one of both */
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "a cell is one page");
	stage_expect(stage, "1 still shared");
	for (int i = 0; i < 8; i++)
		stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "1 copied by the parent");
	stage_key(stage, 'l');
	stage_expect(stage, "1 copied by the child");
	stage_key(stage, UI_KEY_END);
	stage_expect(stage, "neither has memory here");
	stage_key(stage, UI_KEY_ESC);
	stage_expect_not(stage, "a cell is one page");
	stage_key(stage, UI_KEY_DOWN); /* the next VMA */
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "1 still shared");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "301: not permitted"); /* a process that cannot be opened here */
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, UI_KEY_ESC);
	stage_expect_not(stage, "copied");
	stage_close(stage);
}

static void children_that_come_and_end(void **arg)
{
	struct stage *stage = open_forks(120, 40);
	(void)arg;
	stage_expect(stage, "CHILD 301");
	fixture_add(stage->fixture, "process 302 S start=800 parent=300 stack=7ffd0000 second\n"
				    "vma 10000-30000 rw-p [heap]\npage 10000 anon pfn=0x1200 count=3\n");
	stage_key(stage, 'R');
	stage_expect(stage, "second");
	stage_expect(stage, "CHILD 301"); /* it stays the one that was looked at */
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "CHILD 302");
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "CHILD 301");
	fixture_end(stage->fixture, 301);
	stage_key(stage, 'R');
	stage_expect(stage, "CHILD 302");
	fixture_end(stage->fixture, 302);
	stage_key(stage, 'R');
	stage_expect(stage, "The forks have ended: this is how it was last seen.");
	stage_expect(stage, "CHILD 302");
	fixture_add(stage->fixture, "process 303 S start=900 parent=300 stack=7ffd0000 third\n"
				    "vma 10000-30000 rw-p [heap]\npage 10000 anon pfn=0x1200 count=2\n");
	stage_key(stage, 'R');
	stage_expect(stage, "CHILD 303");
	stage_expect_not(stage, "have ended");
	stage_close(stage);
}

static void nothing_to_show(void **arg)
{
	struct stage *stage = stage_open(STAGE_PID, 80, 24);
	(void)arg;
	stage_key(stage, 'Y');
	stage_expect(stage, "Nothing is forked from it now.");
	stage_key(stage, UI_KEY_TAB);
	stage_key(stage, UI_KEY_ENTER);
	stage_key(stage, 'Y');
	stage_expect_not(stage, "forked");
	ui_shell_push(&stage->shell, ui_family_of(4000));
	stage_expect(stage, "The process has ended.");
	stage_close(stage);
}

static void the_mouse(void **arg)
{
	struct stage *stage = open_forks(120, 40);
	int x, y;
	(void)arg;
	stage_expect(stage, "CHILD 301");
	assert_true(stage_find(stage, "40000", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_expect(stage, "1 still shared");
	assert_true(stage_find(stage, "[heap]", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_mouse(stage, UI_MOUSE_WHEEL_DOWN, x, y);
	stage_mouse(stage, UI_MOUSE_WHEEL_UP, x, y);
	assert_true(stage_find(stage, "first", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	stage_expect(stage, "CHILD 301");
	stage_close(stage);
}

/* Where there is hardly room, or none. */
static void any_size(void **arg)
{
	static const int widths[] = {1, 9, 40, 80, 120, 200}, heights[] = {1, 3, 8, 12, 24, 40, 60};
	struct stage *stage = open_forks(120, 40);
	(void)arg;
	stage_expect(stage, "8K copied");
	for (size_t i = rounds_are_slow() ? 4 : 0; i < sizeof widths / sizeof *widths; i++)
		for (size_t j = 0; j < sizeof heights / sizeof *heights; j++) {
			stage_resize(stage, widths[i], heights[j]);
			stage_shows(stage, "copied");
			stage_key(stage, UI_KEY_TAB);
			stage_shows(stage, "copied");
			stage_key(stage, '+');
			stage_key(stage, '-');
			stage_key(stage, UI_KEY_DOWN);
		}
	stage_resize(stage, 120, 40);
	stage_expect(stage, "8K copied");
	stage_close(stage);
}

/* A copy is on the side of who made it. */
static void sides_of_cells(void **arg)
{
	const struct pt_kin_sums by_parent = {.n = {[PT_KIN_BY_PARENT] = 4}}, alone = {.n = {[PT_KIN_CHILD] = 2}},
				 unknown = {.n = {[PT_KIN_UNKNOWN] = 3, [PT_KIN_SHARED] = 1}}, none = {.once = 0},
				 a_few = {.n = {[PT_KIN_SHARED] = 500, [PT_KIN_BY_CHILD] = 1}};
	(void)arg;
	assert_int_equal(ui_family_look(&by_parent, false).hue, ui_family_hue(PT_KIN_BY_PARENT));
	assert_int_equal(ui_family_look(&by_parent, true).hue, ui_family_hue(PT_KIN_SHARED));
	assert_int_equal(ui_family_look(&alone, false).level, 0);
	assert_int_equal(ui_family_look(&alone, true).level, WG_LEVELS - 1);
	assert_int_equal(ui_family_look(&unknown, true).flags, WG_HEAT_UNKNOWN);
	assert_int_equal(ui_family_look(&none, true).flags, WG_HEAT_OUTSIDE);
	assert_int_equal(ui_family_look(&a_few, true).hue, ui_family_hue(PT_KIN_BY_CHILD));
	assert_int_equal(ui_family_look(&a_few, true).level, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shared_and_copied),
		cmocka_unit_test(deeper_and_back),
		cmocka_unit_test(children_that_come_and_end),
		cmocka_unit_test(nothing_to_show),
		cmocka_unit_test(the_mouse),
		cmocka_unit_test(any_size),
		cmocka_unit_test(sides_of_cells),
	};
	return cmocka_run_group_tests_name("ui family", tests, NULL, NULL);
}
