/*
 * Who allocated frames, on the machine screen: where the kernel keeps no record, its own record, saved ones; groups,
 * order, filter, stacks; and that reading can be stopped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/canvas_check.h"
#include "tests/support/stage.h"

static struct stage *stage;

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	return 0;
}

#define RECORD(order, pid, tgid, name, ts, flags, stack)                                                               \
	"Page allocated via order " order ", mask 0x1, pid " pid ", tgid " tgid " (" name "), ts " ts                  \
	" ns\nPFN 0x10 type Movable Block 0 type Movable Flags 0x1(" flags ")\n" stack "\n"
#define FAULT " __alloc_pages+0x1/0x2\n do_anonymous_page+0x3/0x4\n handle_mm_fault+0x1/0x2\n"
#define CACHE " __alloc_pages+0x1/0x2\n filemap_add_folio+0x5/0x6\n"

static const char records[] = RECORD("0", "7", "7", "sh", "1000000000", "lru", FAULT) /* */
	RECORD("0", "8", "7", "sh", "2000000000", "lru", FAULT)                       /* */
	RECORD("0", "9", "9", "e\033vil", "3000000000", "lru", FAULT)                 /* */
	RECORD("4", "9", "9", "e\033vil", "4000000000", "lru", CACHE)                 /* */
	RECORD("1", "1", "1", "init", "500000000", "slab", " __alloc_pages+0x1\n new_inode+0x2\n");

static void open_tab(int w, int h, const char *kernels, const char *saved)
{
	stage = stage_open(0, w, h);
	fixture_write(stage->fixture, "proc/zoneinfo",
		      "Node 0, zone      DMA\n        spanned  1024\n  start_pfn:           0\n");
	fixture_write(stage->fixture, "sys/devices/system/memory/block_size_bytes", "100000\n");
	fixture_write(stage->fixture, "sys/devices/system/memory/memory0/state", "online\n");
	if (kernels)
		fixture_write(stage->fixture, "sys/kernel/debug/page_owner", kernels);
	if (saved)
		fixture_write(stage->fixture, "saved", saved);
	stage_key(stage, 'M');
	stage_expect(stage, "5 page_owner");
	stage_key(stage, '5');
}

static void where_there_is_none_it_says_what_switches_it_on(void **arg)
{
	(void)arg;
	open_tab(80, 24, NULL, NULL);
	stage_expect(stage, "keeps no record of who allocated");
	assert_true(stage_shows(stage, "page_owner=on"));
	assert_true(stage_shows(stage, "/sys/kernel/debug/page_owner"));
	stage_key(stage, 'b'); /* nothing to be grouped: nothing happens */
	stage_key(stage, UI_KEY_ENTER);
	stage_key(stage, UI_KEY_DOWN);
	stage_expect(stage, "keeps no record of who allocated");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "choose a process");
}

static void stacks_by_size(void **arg)
{
	(void)arg;
	open_tab(120, 30, records, NULL);
	stage_expect(stage, "84K allocated");
	assert_true(stage_shows(stage, "5 times"));
	assert_true(stage_shows(stage, "3 stacks"));
	assert_true(stage_shows(stage, "filemap_add_folio"));
	assert_true(stage_shows(stage, "do_anonymous_page < handle_mm_fault"));
	assert_true(stage_shows(stage, "e\\x1bvil")); /* names are hostile */
	assert_true(stage_shows(stage, "several"));
	assert_true(stage_shows(stage, "slab"));
	assert_true(stage_shows(stage, "filemap_add_folio+0x5/0x6")); /* below, of the largest */
	stage_key(stage, UI_KEY_DOWN);
	assert_true(stage_shows(stage, "handle_mm_fault+0x1/0x2"));
	stage_key(stage, UI_KEY_END);
	assert_true(stage_shows(stage, "new_inode+0x2"));
	stage_key(stage, 's'); /* by times: falls */
	assert_true(stage_shows(stage, "handle_mm_fault+0x1/0x2"));
}

static void groups_and_the_stacks_of_one(void **arg)
{
	(void)arg;
	open_tab(120, 30, records, NULL);
	stage_expect(stage, "3 stacks");
	stage_key(stage, 'b');
	stage_expect(stage, "3 names");
	assert_true(stage_shows(stage, "several stacks"));
	stage_key(stage, UI_KEY_ENTER); /* of the largest */
	stage_expect(stage, "2 stacks of e\\x1bvil");
	assert_true(stage_shows(stage, "68K allocated"));
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "3 names");
	stage_key(stage, 'b'); /* was not kept apart: read again */
	stage_expect(stage, "3 processes");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "2 stacks of e\\x1bvil 9");
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, 'b');
	stage_expect(stage, "4 threads");
	stage_key(stage, 'b');
	stage_expect(stage, "2 allocators");
	stage_key(stage, UI_KEY_DOWN);
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "1 stack of slab");
	stage_key(stage, UI_KEY_ESC);
	stage_key(stage, 'b');
	stage_expect(stage, "4 stacks by name");
	stage_key(stage, 'b');
	stage_expect(stage, "3 stacks");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "choose a process");
}

static void a_filter_finds_names_and_functions(void **arg)
{
	(void)arg;
	open_tab(120, 30, records, NULL);
	stage_expect(stage, "3 stacks");
	stage_type(stage, "/anonymous");
	stage_expect(stage, "1 stack");
	stage_key(stage, UI_KEY_ENTER);
	assert_true(stage_shows(stage, "12K allocated"));
	stage_key(stage, '/');
	for (size_t i = 0; i < strlen("anonymous"); i++)
		stage_key(stage, UI_KEY_BACKSPACE);
	stage_type(stage, "^sh$");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "8K allocated");
	assert_true(stage_shows(stage, "found by /^sh$/"));
	stage_key(stage, '/');
	for (size_t i = 0; i < strlen("^sh$"); i++)
		stage_key(stage, UI_KEY_BACKSPACE);
	stage_type(stage, "nobody");
	stage_expect(stage, "nothing was found");
	stage_key(stage, UI_KEY_ESC); /* the filter is what it was */
	stage_expect(stage, "8K allocated");
}

static void saved_records_are_opened_by_name(void **arg)
{
	(void)arg;
	open_tab(120, 30, NULL, records);
	stage_expect(stage, "keeps no record");
	stage_key(stage, 'o');
	assert_true(stage_shows(stage, "saved record: "));
	stage_type(stage, "/saved");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "84K allocated");
	assert_true(stage_shows(stage, "saved in /saved"));
	stage_key(stage, 'o');
	stage_type(stage, "no");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "/savedno: No such file");
	fixture_write(stage->fixture, "savedno", "nothing of the kind\n");
	stage_key(stage, 'R');
	stage_expect(stage, "no record of page_owner is in it");
	fixture_write(stage->fixture, "savedno", RECORD("2", "1", "1", "init", "5", "lru", CACHE));
	stage_key(stage, 'R');
	stage_expect(stage, "16K allocated");
}

static void every_size_is_drawn_and_the_mouse_finds_its_way(void **arg)
{
	static const int sizes[][2] = {{80, 24}, {200, 60}, {40, 10}, {20, 6}, {10, 3}, {120, 40}};
	int x, y;
	(void)arg;
	open_tab(120, 30, records, NULL);
	stage_expect(stage, "3 stacks");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		stage_resize(stage, sizes[i][0], sizes[i][1]);
		stage_shows(stage, "");
		check_valid(&stage->canvas);
		stage_key(stage, UI_KEY_END);
		stage_shows(stage, "");
		stage_key(stage, UI_KEY_HOME);
	}
	assert_true(stage_find(stage, "TIMES", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x + 1, y);
	assert_true(stage_shows(stage, "handle_mm_fault+0x1/0x2")); /* the first now */
	assert_true(stage_find(stage, "new_inode", &x, &y));
	stage_mouse(stage, UI_MOUSE_PRESS, x, y);
	assert_true(stage_shows(stage, "new_inode+0x2"));
}

/* A record that never ends. */
static void reading_is_stopped_by_escape(void **arg)
{
	char path[4096];
	(void)arg;
	open_tab(120, 30, NULL, NULL);
	snprintf(path, sizeof path, "%s/endless", fixture_root(stage->fixture));
	assert_int_equal(symlink("/dev/zero", path), 0);
	stage_expect(stage, "keeps no record");
	stage_type(stage, "o/endless");
	stage_key(stage, UI_KEY_ENTER);
	stage_expect(stage, "reading...");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "stopped "); /* at ?, or before anything was read */
	stage_key(stage, 'R');
	stage_expect(stage, "reading...");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "stopped ");
	fixture_remove(stage->fixture, "endless");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "choose a process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(where_there_is_none_it_says_what_switches_it_on, leave),
		cmocka_unit_test_teardown(stacks_by_size, leave),
		cmocka_unit_test_teardown(groups_and_the_stacks_of_one, leave),
		cmocka_unit_test_teardown(a_filter_finds_names_and_functions, leave),
		cmocka_unit_test_teardown(saved_records_are_opened_by_name, leave),
		cmocka_unit_test_teardown(every_size_is_drawn_and_the_mouse_finds_its_way, leave),
		cmocka_unit_test_teardown(reading_is_stopped_by_escape, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
