/*
 * With whom a made-up process shares its pages, on the screen: the layer of the map, what is said of the past, of a user
 * who may not know, and of recordings.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/stage.h"
#include "tui/screens/screens.h"

/* Another process has two of the six pages of the segment, one of them twice. */
static struct stage *begin(int w, int h)
{
	struct stage *stage = stage_open(STAGE_PID, w, h);
	fixture_add(stage->fixture,
		    "process 200 S start=7 ot\x1bher\nvma 10000-20000 rw-s inode=9 /dev/shm/a\xffsegment\n"
		    "pages 12000-14000 shmem pfn=0x600 count=2\n");
	return stage;
}

/* The map of the segment, in the layer of what is shared. */
static struct stage *at_the_segment(int w, int h)
{
	struct stage *stage = begin(w, h);
	ui_shell_push(&stage->shell, ui_map_new(&stage->shell, 0x7f1000000000, 0x7f1000010000, 0x7f1000000000, 0));
	stage_type(stage, "7");
	stage_frame(stage);
	stage_frame(stage);
	return stage;
}

static void a_map_says_with_whom(void **state)
{
	(void)state;
	struct stage *stage = at_the_segment(120, 40);
	stage_expect(stage, "layer: shared");
	stage_expect(stage, "1 other:");
	stage_expect(stage, "ot\\x1bher 200");
	stage_expect(stage, "itself"); /* of the legend */
	stage_key(stage, UI_KEY_END);
	stage_expect(stage, "shared with nobody");
	stage_close(stage);
}

static void other_layers_do_not_ask(void **state)
{
	(void)state;
	struct stage *stage = begin(120, 40);
	stage_type(stage, "6");
	stage_frame(stage);
	stage_frame(stage);
	assert_null(stage->shell.owners.worker);
	stage_type(stage, "78"); /* on the way to another */
	stage_frame(stage);
	stage_frame(stage);
	assert_null(stage->shell.owners.worker);
	stage_close(stage);
}

static void the_past_is_not_known(void **state)
{
	(void)state;
	struct stage *stage = at_the_segment(120, 40);
	stage_expect(stage, "ot\\x1bher 200");
	stage_type(stage, "(");
	stage_expect(stage, "with whom is not known of the past");
	stage_type(stage, "T");
	stage_expect(stage, "ot\\x1bher 200");
	stage_close(stage);
}

static void hidden_frames(void **state)
{
	(void)state;
	struct stage *stage = begin(120, 40);
	fixture_remove(stage->fixture, "proc/kpageflags");
	fixture_remove(stage->fixture, "proc/kpagecount");
	ui_shell_push(&stage->shell, ui_map_new(&stage->shell, 0x7f1000000000, 0x7f1000010000, 0x7f1000000000, 0));
	stage_type(stage, "7");
	stage_frame(stage);
	stage_frame(stage);
	stage_expect(stage, "frame numbers are hidden from this user");
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_says_with_whom),
		cmocka_unit_test(other_layers_do_not_ask),
		cmocka_unit_test(the_past_is_not_known),
		cmocka_unit_test(hidden_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
