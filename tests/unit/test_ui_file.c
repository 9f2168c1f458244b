/*
 * The file screen: from the VMA of a file to its cache, layer by layer, and on to the frame; what has no file, or is
 * gone, is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/stage.h"

static struct stage *stage;

/* On the table, the VMA of a file (or what a filter finds) selected. */
static void enter(const char *filter, const char *keys)
{
	stage = stage_open(STAGE_PID, 120, 40);
	stage_type(stage, filter);
	stage_expect_not(stage, "[stack]"); /* it is drawn */
	stage_type(stage, keys);
}

static int leave(void **arg)
{
	(void)arg;
	stage_close(stage);
	return 0;
}

/* Of six pages the fourth is not cached; the first three are mapped by two others. */
static void the_cache_of_a_file_is_shown(void **arg)
{
	(void)arg;
	enter("/bin.program\n", "gC");
	stage_expect(stage, "cached 20K of 24K");
	stage_expect(stage, "layer: cached");
	stage_expect(stage, "file program");
	stage_expect(stage, "a cell is one page");
	stage_expect(stage, "mapped 2 times");
	stage_type(stage, "lll");
	stage_expect(stage, "+3000");
	stage_expect(stage, "not cached");
}

static void layers_are_chosen_by_keys(void **arg)
{
	(void)arg;
	enter("/bin.program\n", "gC");
	stage_expect(stage, "layer: cached");
	stage_type(stage, "L");
	stage_expect(stage, "layer: dirty");
	stage_type(stage, "[[");
	stage_expect(stage, "layer: unevictable");
	stage_type(stage, "6");
	stage_expect(stage, "layer: mapped");
	stage_type(stage, "1Gn"); /* behind the last there is none */
	stage_expect(stage, "no more cells");
	stage_type(stage, "N");
	stage_expect(stage, "+4000");
	stage_type(stage, "N");
	stage_expect(stage, "+2000"); /* past the page that is not there */
}

static void a_page_leads_to_its_frame_and_back(void **arg)
{
	(void)arg;
	enter("/bin.program\n", "gC");
	stage_expect(stage, "layer: cached");
	stage_type(stage, "l\n");
	stage_expect(stage, "frame 0x101");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "layer: cached");
	stage_expect(stage, "+1000");
	stage_type(stage, "ll\n");
	stage_expect(stage, "it is not cached");
	stage_key(stage, UI_KEY_ESC);
	stage_expect(stage, "55d000000000");
}

static void the_map_leads_to_the_page_under_its_cursor(void **arg)
{
	(void)arg;
	enter("/bin.program\n", "g\n");
	stage_expect(stage, "map of");
	stage_type(stage, "llC");
	stage_expect(stage, "+2000  cached");
}

static void memory_without_a_file_has_none(void **arg)
{
	(void)arg;
	enter("/heap\n", "C");
	stage_expect(stage, "there is no file behind");
}

static void a_file_that_is_gone_is_said(void **arg)
{
	(void)arg;
	enter("/one.so\n", "C");
	stage_expect(stage, "the file is not there");
	stage_type(stage, "Llz+d"); /* nothing to do these on */
	stage_expect(stage, "the file is not there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_cache_of_a_file_is_shown, leave),
		cmocka_unit_test_teardown(layers_are_chosen_by_keys, leave),
		cmocka_unit_test_teardown(a_page_leads_to_its_frame_and_back, leave),
		cmocka_unit_test_teardown(the_map_leads_to_the_page_under_its_cursor, leave),
		cmocka_unit_test_teardown(memory_without_a_file_has_none, leave),
		cmocka_unit_test_teardown(a_file_that_is_gone_is_said, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
