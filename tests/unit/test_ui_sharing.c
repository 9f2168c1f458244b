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
	stage_expect(stage, "with whom: not known of the past");
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

static void who_shares_as_a_table(void **state)
{
	(void)state;
	struct stage *stage = begin(120, 40);
	fixture_write(stage->fixture, "sys/devices/system/node/node0/cpulist", "0-3\n");
	ui_shell_push(&stage->shell, ui_map_new(&stage->shell, 0x7f1000000000, 0x7f1000010000, 0x7f1000000000, 0));
	stage_type(stage, "W");
	stage_expect(stage, "who shares 7f1000000000");
	stage_expect(stage, "8K of the 24K in memory are shared with 1 other process.");
	stage_expect(stage, "ot\\x1bher");
	stage_expect(stage, "33 %");
	stage_expect(stage, "Of 16K more it was not found who shares it");
	stage_expect(stage, "one memory node: nothing is remote");
	stage_type(stage, "w");
	stage_expect(stage, "all of the process:");
	stage_type(stage, "w");
	stage_expect(stage, "who shares 7f1000000000");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "200: not permitted"); /* it cannot be opened here */
	stage_type(stage, "W");
	stage_expect(stage, "map of 7f1000000000");
	stage_close(stage);
}

static void who_shares_on_two_nodes(void **state)
{
	(void)state;
	struct stage *stage = begin(120, 40);
	fixture_write(stage->fixture, "sys/devices/system/node/node0/cpulist", "0-3\n");
	fixture_write(stage->fixture, "sys/devices/system/node/node0/memory0", "");
	fixture_write(stage->fixture, "sys/devices/system/node/node1/cpulist", "4-7\n");
	fixture_write(stage->fixture, "sys/devices/system/node/node1/memory1", "");
	fixture_write(stage->fixture, "sys/devices/system/memory/block_size_bytes", "602000\n");
	fixture_write(
		stage->fixture, "proc/100/task/100/stat",
		"100 (p) S 1 1 1 0 -1 0 0 0 0 0 9 5 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 2 0 0 0 0 0\n");
	ui_shell_push(&stage->shell, ui_map_new(&stage->shell, 0x7f1000000000, 0x7f1000010000, 0x7f1000000000, 0));
	stage_type(stage, "W");
	stage_expect(stage, "16K remote to the threads that use it");
	stage_expect(stage, "node 0      8K  1 thread runs there, with 100 % of the CPU time");
	stage_expect(stage, "node 1     16K  no thread runs there");
	stage_close(stage);
}

/* The first two pages of the segment are on node 0. */
static void a_map_says_on_which_nodes(void **state)
{
	(void)state;
	struct stage *stage = begin(120, 40);
	fixture_write(stage->fixture, "sys/devices/system/node/node0/memory0", "");
	fixture_write(stage->fixture, "sys/devices/system/node/node1/memory1", "");
	fixture_write(stage->fixture, "sys/devices/system/memory/block_size_bytes", "602000\n");
	ui_shell_push(&stage->shell, ui_map_new(&stage->shell, 0x7f1000000000, 0x7f1000010000, 0x7f1000000000, 0));
	stage_type(stage, "[[[[");
	stage_expect(stage, "layer: node");
	stage_expect(stage, "node 0 4K"); /* under the cursor */
	stage_key(stage, UI_KEY_RIGHT);
	stage_key(stage, UI_KEY_RIGHT);
	stage_expect(stage, "node 1 4K");
	stage_type(stage, "w");
	stage_expect(stage, "node 1");
	stage_close(stage);
}

static void a_map_on_one_node(void **state)
{
	(void)state;
	struct stage *stage = begin(120, 40);
	stage_type(stage, "[[[[");
	stage_expect(stage, "this kernel says nothing of nodes");
	stage_close(stage);
	stage = begin(120, 40);
	fixture_write(stage->fixture, "sys/devices/system/node/node0/cpulist", "0-3\n");
	stage_type(stage, "[[[[");
	stage_expect(stage, "one memory node: nothing is remote");
	stage_close(stage);
}

static void nobody_shares(void **state)
{
	(void)state;
	struct stage *stage = stage_open(STAGE_PID, 80, 24);
	ui_shell_push(&stage->shell, ui_map_new(&stage->shell, 0x55d100000000, 0x55d100010000, 0x55d100000000, 0));
	stage_type(stage, "W");
	stage_expect(stage, "in memory is shared with another process");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "nobody is known who shares this");
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_says_with_whom),  cmocka_unit_test(other_layers_do_not_ask),
		cmocka_unit_test(the_past_is_not_known), cmocka_unit_test(hidden_frames),
		cmocka_unit_test(who_shares_as_a_table), cmocka_unit_test(who_shares_on_two_nodes),
		cmocka_unit_test(nobody_shares),         cmocka_unit_test(a_map_says_on_which_nodes),
		cmocka_unit_test(a_map_on_one_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
