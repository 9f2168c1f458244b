/*
 * The machine screen on a made-up machine of 4096 frames in two zones with a hole between them: the map and its sums,
 * zooming down to a frame and back, zones and blocks alone, layers, and what it says where it may not look.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "tests/support/canvas_check.h"
#include "tests/support/stage.h"
#include "tui/screens/screens.h"

#define FRAMES 4096

static struct stage *stage;

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

/* Zone DMA: 0 .. 1023, half of it free, half anonymous; a hole; zone Normal: 2048 .. 4095, page cache and slabs. */
static void make_machine(void)
{
	static uint64_t flags[FRAMES];
	for (uint64_t i = 0; i < FRAMES; i++)
		flags[i] = i < 512    ? KPF(BUDDY)
			   : i < 1024 ? KPF(ANON) | KPF(SWAPBACKED) | KPF(MMAP) | KPF(THP) | KPF(COMPOUND_TAIL)
			   : i < 2048 ? 0
			   : i < 4080 ? KPF(LRU) | KPF(DIRTY)
				      : KPF(SLAB);
	fixture_write_bytes(stage->fixture, "proc/kpageflags", flags, sizeof flags);
	fixture_write(stage->fixture, "proc/zoneinfo",
		      "Node 0, zone      DMA\n        spanned  1024\n  start_pfn:           0\n"
		      "Node 0, zone   Normal\n        spanned  2048\n  start_pfn:           2048\n");
	fixture_write(stage->fixture, "sys/devices/system/memory/block_size_bytes", "100000\n");
	for (int i = 0; i < FRAMES / 256; i++) {
		char path[80];
		snprintf(path, sizeof path, "sys/devices/system/memory/memory%d/state", i);
		if (i < 4 || i >= 8)
			fixture_write(stage->fixture, path, "online\n");
	}
}

static void open_machine(int w, int h)
{
	stage = stage_open(0, w, h);
	make_machine();
	stage_key(stage, 'M');
	stage_expect(stage, "CPU time");
}

static void every_kind_has_its_sum(void **arg)
{
	(void)arg;
	open_machine(120, 40);
	assert_true(stage_shows(stage, "12M of memory"));
	assert_true(stage_shows(stage, "10M in use"));
	assert_true(stage_shows(stage, "2M free"));
	assert_true(stage_shows(stage, "anon 2M"));
	assert_true(stage_shows(stage, "file 7.94M"));
	assert_true(stage_shows(stage, "slab 64K"));
	assert_true(stage_shows(stage, "4M of holes")); /* the long one was cut out of the map, and that is said */
	assert_true(stage_shows(stage, "all frames, but 4M without memory"));
	assert_true(stage_shows(stage, "DMA"));
	assert_true(stage_shows(stage, "Normal"));
}

static void enter_goes_down_to_a_frame_and_escape_back(void **arg)
{
	(void)arg;
	open_machine(100, 24);
	stage_key(stage, UI_KEY_END);
	assert_true(stage_shows(stage, "slab"));
	stage_key(stage, UI_KEY_ENTER);
	assert_true(stage_shows(stage, "a cell is one frame"));
	assert_true(stage_shows(stage, "PFN 0xfff"));
	assert_true(stage_shows(stage, "block 15"));
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "frame 0xfff");
	stage_key(stage, UI_KEY_ESC);
	assert_true(stage_shows(stage, "PFN 0xfff"));
	stage_key(stage, UI_KEY_ESC);
	assert_false(stage_shows(stage, "a cell is one frame"));
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "choose a process");
}

static void a_zone_or_a_block_can_be_had_alone(void **arg)
{
	(void)arg;
	open_machine(120, 40);
	stage_key(stage, UI_KEY_END);
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, "zone Normal of node 0"));
	assert_true(stage_shows(stage, "file 7.94M")); /* the legend is of what is shown */
	assert_false(stage_shows(stage, "anon 2M"));
	assert_true(stage_shows(stage, " 8M "));
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, "memory block 15"));
	stage_key(stage, UI_KEY_HOME);
	assert_true(stage_shows(stage, "PFN 0xf00"));
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, "all frames"));
	assert_true(stage_shows(stage, "PFN 0xf0")); /* the cursor stays where it was */
}

static void a_node_can_be_had_alone_where_there_are_several(void **arg)
{
	(void)arg;
	stage = stage_open(0, 120, 40);
	make_machine();
	fixture_write(stage->fixture, "proc/zoneinfo",
		      "Node 0, zone      DMA\n        spanned  1024\n  start_pfn:           0\n"
		      "Node 1, zone    DMA32\n        spanned  1024\n  start_pfn:           2048\n"
		      "Node 1, zone   Normal\n        spanned  1024\n  start_pfn:           3072\n");
	stage_key(stage, 'M');
	stage_expect(stage, "CPU time");
	stage_key(stage, UI_KEY_END);
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, " node 1 ── 8M "));
	stage_key(stage, UI_KEY_HOME);
	assert_true(stage_shows(stage, "PFN 0x800"));
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, "zone DMA32 of node 1"));
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, "memory block 8"));
	stage_key(stage, 'w');
	assert_true(stage_shows(stage, "all frames"));
	stage_key(stage, '2');
	stage_key(stage, UI_KEY_END);
	stage_key(stage, UI_KEY_ENTER); /* straight to the zone */
	assert_true(stage_shows(stage, "zone Normal of node 1"));
}

static void layers_show_one_fact_or_kind(void **arg)
{
	(void)arg;
	open_machine(120, 40);
	static const char *const names[] = {"layer: mapped", "layer: large folio", "layer: dirty",
					    "layer: locked", "layer: anon",        "layer: file",
					    "layer: slab",   "layer: free",        "layer: kind"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		stage_key(stage, 'L');
		assert_true(stage_shows(stage, names[i]));
	}
	stage_key(stage, '[');
	assert_true(stage_shows(stage, "layer: free"));
}

static void what_a_layer_shows_is_found(void **arg)
{
	(void)arg;
	open_machine(120, 40);
	stage_type(stage, "[["); /* slab */
	stage_key(stage, 'd');
	assert_true(stage_shows(stage, "PFN 0xff0"));
	stage_key(stage, UI_KEY_HOME);
	assert_true(stage_shows(stage, "PFN 0x0"));
	stage_key(stage, 'n');
	assert_true(stage_shows(stage, "PFN 0xff0"));
	stage_key(stage, 'n');
	assert_true(stage_shows(stage, "PFN 0xff1"));
	stage_type(stage, "NN");
	assert_true(stage_shows(stage, "PFN 0xff0"));
	assert_true(stage_shows(stage, "no more cells with what the layer slab shows"));
	stage_type(stage, "]N"); /* free */
	assert_true(stage_shows(stage, "PFN 0x1ff"));
	stage_type(stage, "]N"); /* all kinds: what is in use */
	assert_true(stage_shows(stage, "no more cells"));
	stage_key(stage, 'n');
	assert_true(stage_shows(stage, "PFN 0x200"));
}

/* From far away to a frame of what the layer shows in the cell under the cursor, not to where the cell begins. */
static void enter_goes_to_what_is_seen(void **arg)
{
	(void)arg;
	open_machine(64, 10); /* ten frames a cell: that of frame 0x200 begins before it */
	for (int i = 0; i < 200 && !stage_shows(stage, "PFN 0x1fe"); i++)
		stage_key(stage, UI_KEY_RIGHT);
	assert_true(stage_shows(stage, "10 frames"));
	assert_true(stage_shows(stage, "2 free"));
	stage_key(stage, UI_KEY_ENTER);
	assert_true(stage_shows(stage, "PFN 0x200"));
}

static void what_may_not_be_read_is_unknown(void **arg)
{
	(void)arg;
	stage = stage_open(0, 120, 40);
	make_machine();
	fixture_remove(stage->fixture, "proc/kpageflags");
	stage_key(stage, 'M');
	stage_expect(stage, "kpageflags: No such file");
	assert_true(stage_shows(stage, "unknown 12M"));
	assert_false(stage_shows(stage, "in use"));
	stage_close(stage);
	stage = stage_open(0, 120, 40);
	make_machine();
	fixture_remove(stage->fixture, "proc/zoneinfo");
	stage_key(stage, 'M');
	stage_expect(stage, "cannot be read: No such file");
	stage_key(stage, 'w');
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "cannot be read");
}

static void what_is_looked_at_is_read_again(void **arg)
{
	(void)arg;
	static uint64_t flags[FRAMES];
	open_machine(100, 24);
	stage_key(stage, UI_KEY_ENTER);
	assert_true(stage_shows(stage, "PFN 0x0  free"));
	flags[0] = KPF(PGTABLE);
	fixture_write_bytes(stage->fixture, "proc/kpageflags", flags, sizeof flags);
	stage->now_ns += 1000000000u;
	stage_expect(stage, "PFN 0x0  page table");
}

static bool flashes(uint8_t hue)
{
	const struct wg_canvas *c = &stage->canvas;
	stage_shows(stage, ""); /* drawn */
	for (int i = 0; i < c->w * c->h; i++)
		if (c->cells[i].fg == WG_FLASH(hue) || c->cells[i].bg == WG_FLASH(hue))
			return true;
	return false;
}

static void what_changed_flashes_once(void **arg)
{
	(void)arg;
	static uint64_t flags[FRAMES];
	open_machine(100, 24);
	stage_key(stage, UI_KEY_ENTER);
	assert_false(flashes(WG_HUE_TABLE));
	flags[2] = KPF(PGTABLE);
	fixture_write_bytes(stage->fixture, "proc/kpageflags", flags, sizeof flags);
	for (int i = 0; i < 100 && !flashes(WG_HUE_TABLE); i++) {
		stage->now_ns += 1000000000u;
		stage_wait(stage);
	}
	assert_true(flashes(WG_HUE_TABLE));
	for (int i = 0; i < 100 && flashes(WG_HUE_TABLE); i++) {
		stage->now_ns += 1000000000u;
		stage_wait(stage);
	}
	assert_false(flashes(WG_HUE_TABLE));
}

static void zones_have_their_free_lists(void **arg)
{
	(void)arg;
	open_machine(120, 40);
	fixture_write(stage->fixture, "proc/zoneinfo",
		      "Node 0, zone      DMA\n  pages free     512\n        min      600\n        low      700\n"
		      "        high     800\n        spanned  1024\n  start_pfn:           0\n"
		      "Node 0, zone   Normal\n        spanned  2048\n  pagesets\n    cpu: 0\n"
		      "              count: 16\n              high:  64\n              batch: 8\n"
		      "    cpu: 1\n              count: 0\n              high:  64\n              batch: 8\n"
		      "  start_pfn:           2048\n");
	fixture_write(stage->fixture, "proc/buddyinfo",
		      "Node 0, zone      DMA      0      0      8 \nNode 0, zone   Normal      3      0      0 \n");
	stage->now_ns += 1000000000u;
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "below min");
	assert_true(stage_shows(stage, "free lists of Normal")); /* the largest zone */
	assert_true(stage_shows(stage, "by migrate type: unknown"));
	assert_true(stage_shows(stage, "CPU 0: 64K of 256K"));
	assert_true(stage_shows(stage, "CPU 1: \u00b7 of 256K"));
	stage_key(stage, UI_KEY_UP);
	assert_true(stage_shows(stage, "free lists of DMA"));
	assert_true(stage_shows(stage, "128K")); /* eight blocks of four frames */
	stage_key(stage, UI_KEY_ENTER);
	assert_true(stage_shows(stage, "zone DMA of node 0"));
}

static void the_other_tables_are_there(void **arg)
{
	(void)arg;
	open_machine(120, 40);
	stage_key(stage, '3'); /* the library behind slabs knows no made-up machine */
	stage_expect(stage, "slabinfo:");
	stage_key(stage, '4');
	stage_expect(stage, "page_owner=on");
	stage_key(stage, UI_KEY_DOWN);
	stage_key(stage, UI_KEY_END);
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "keeps no record of who allocated frames");
	stage_key(stage, UI_KEY_TAB);
	stage_expect(stage, "a cell is");
}

/* The footer has the keys of the table that is on, and none of the map's. */
static void each_table_has_its_keys(void **arg)
{
	int x, y;
	(void)arg;
	open_machine(160, 40);
	assert_true(stage_shows(stage, "zoom in"));
	assert_false(stage_shows(stage, " sort "));
	stage_key(stage, '2');
	stage_expect(stage, "free lists of");
	assert_false(stage_shows(stage, "zoom in"));
	assert_false(stage_shows(stage, " sort "));
	assert_true(stage_shows(stage, "in   Tab"));
	stage_key(stage, '3');
	assert_false(stage_shows(stage, " sort ")); /* no slabs are known of a made-up machine */
	assert_false(stage_shows(stage, "in   Tab"));
	stage_key(stage, '/');
	assert_true(stage_find(stage, "2 zones: ", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	assert_true(stage_shows(stage, "free lists of"));
	stage_key(stage, 'a'); /* there is nothing to be filtered any more */
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, '4');
	assert_false(stage_shows(stage, " filter "));
	assert_false(stage_shows(stage, "layer"));
	assert_true(stage_shows(stage, "back"));
}

static void it_is_one_key_away_and_back(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 120, 40);
	make_machine();
	stage_key(stage, 'M');
	stage_expect(stage, "12M of memory");
	stage_key(stage, 'f');
	stage_key(stage, 'M'); /* from the frame, back to the one there is */
	stage_expect(stage, "12M of memory");
	stage_key(stage, '2');
	stage_key(stage, 'M'); /* back, from any of its tables */
	stage_expect(stage, "[heap]");
}

static void draw(struct wg_canvas *c, struct wg_rect rect)
{
	ui_shell_draw(&stage->shell, c, rect);
}

/* All tables, and the map at a frame a cell, in small and middling windows. */
static void it_is_drawn_at_every_size(void **arg)
{
	(void)arg;
	open_machine(80, 24);
	for (const char *key = "1234"; *key; key++) {
		stage_key(stage, (uint32_t)*key);
		check_sizes(draw, 96, 16, false);
	}
	stage_key(stage, '1');
	stage_key(stage, UI_KEY_ENTER);
	check_sizes(draw, 96, 16, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_kind_has_its_sum, leave),
		cmocka_unit_test_teardown(enter_goes_down_to_a_frame_and_escape_back, leave),
		cmocka_unit_test_teardown(a_zone_or_a_block_can_be_had_alone, leave),
		cmocka_unit_test_teardown(a_node_can_be_had_alone_where_there_are_several, leave),
		cmocka_unit_test_teardown(layers_show_one_fact_or_kind, leave),
		cmocka_unit_test_teardown(what_a_layer_shows_is_found, leave),
		cmocka_unit_test_teardown(enter_goes_to_what_is_seen, leave),
		cmocka_unit_test_teardown(what_may_not_be_read_is_unknown, leave),
		cmocka_unit_test_teardown(what_is_looked_at_is_read_again, leave),
		cmocka_unit_test_teardown(what_changed_flashes_once, leave),
		cmocka_unit_test_teardown(zones_have_their_free_lists, leave),
		cmocka_unit_test_teardown(the_other_tables_are_there, leave),
		cmocka_unit_test_teardown(each_table_has_its_keys, leave),
		cmocka_unit_test_teardown(it_is_one_key_away_and_back, leave),
		cmocka_unit_test_teardown(it_is_drawn_at_every_size, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
