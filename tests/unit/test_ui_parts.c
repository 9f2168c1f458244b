/*
 * The small parts of the screens: the prompt, the filter, scratch memory, numbers, the class bar.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/filter.h"
#include "tui/format.h"
#include "tui/heat.h"
#include "tui/keys.h"
#include "tui/prompt.h"

/* ---- prompt ----------------------------------------------------------------------------------------------------- */

static enum ui_prompt_result type(struct ui_prompt *p, const char *keys)
{
	enum ui_prompt_result last = UI_PROMPT_SAME;
	for (; *keys; keys++)
		last = ui_prompt_key(p, (unsigned char)*keys);
	return last;
}

static void a_prompt_edits_its_end(void **arg)
{
	struct ui_prompt p;
	(void)arg;
	ui_prompt_open(&p, UI_PROMPT_FILTER, "so");
	assert_int_equal(type(&p, "me words"), UI_PROMPT_EDITED);
	assert_string_equal(p.text, "some words");
	assert_int_equal(ui_prompt_key(&p, UI_CTRL('w')), UI_PROMPT_EDITED);
	assert_string_equal(p.text, "some ");
	assert_int_equal(ui_prompt_key(&p, UI_KEY_BACKSPACE), UI_PROMPT_EDITED);
	assert_string_equal(p.text, "some");
	assert_int_equal(ui_prompt_key(&p, UI_CTRL('u')), UI_PROMPT_EDITED);
	assert_string_equal(p.text, "");
	assert_string_equal(p.before, "so");
	assert_int_equal(ui_prompt_key(&p, UI_KEY_BACKSPACE), UI_PROMPT_CANCELLED);
	assert_int_equal(ui_prompt_key(&p, UI_KEY_ESC), UI_PROMPT_CANCELLED);
	assert_int_equal(ui_prompt_key(&p, UI_KEY_ENTER), UI_PROMPT_ACCEPTED);
}

static void a_prompt_takes_whole_characters(void **arg)
{
	struct ui_prompt p;
	(void)arg;
	ui_prompt_open(&p, UI_PROMPT_FILTER, "");
	assert_int_equal(ui_prompt_key(&p, 0xe9), UI_PROMPT_EDITED);
	assert_int_equal(ui_prompt_key(&p, 0x20ac), UI_PROMPT_EDITED);
	assert_int_equal(ui_prompt_key(&p, 0x1f600), UI_PROMPT_EDITED);
	assert_string_equal(p.text, "\u00e9\u20ac\U0001f600");
	ui_prompt_key(&p, UI_KEY_BACKSPACE);
	ui_prompt_key(&p, UI_KEY_BACKSPACE);
	assert_string_equal(p.text, "\u00e9");
	assert_int_equal(ui_prompt_key(&p, UI_KEY_UP), UI_PROMPT_SAME);
	assert_int_equal(ui_prompt_key(&p, 1), UI_PROMPT_SAME);
	assert_int_equal(ui_prompt_key(&p, 0x85), UI_PROMPT_SAME);
}

static void a_prompt_that_is_full_takes_no_more(void **arg)
{
	struct ui_prompt p;
	(void)arg;
	ui_prompt_open(&p, UI_PROMPT_ADDRESS, "");
	for (int i = 0; i < 2 * UI_LINE_MAX; i++)
		ui_prompt_key(&p, 0x20ac);
	assert_true(strlen(p.text) < UI_LINE_MAX);
	assert_int_equal(strlen(p.text) % 3, 0);
}

/* ---- filter ----------------------------------------------------------------------------------------------------- */

static void a_bad_pattern_leaves_the_last_good_one(void **arg)
{
	struct ui_filter f = {0};
	(void)arg;
	assert_true(ui_filter_match(&f, "anything"));
	ui_filter_set(&f, "lib");
	unsigned version = f.version;
	assert_true(ui_filter_match(&f, "/usr/LIB/x"));
	assert_false(ui_filter_match(&f, "[heap]"));
	ui_filter_set(&f, "lib(");
	assert_true(f.error[0] != '\0');
	assert_int_equal(f.version, version);
	assert_false(ui_filter_match(&f, "[heap]"));
	ui_filter_set(&f, "");
	assert_string_equal(f.error, "");
	assert_true(ui_filter_match(&f, "[heap]"));
	assert_int_not_equal(f.version, version);
	ui_filter_free(&f);
}

/* ---- scratch ---------------------------------------------------------------------------------------------------- */

static void scratch_grows_and_starts_anew(void **arg)
{
	struct ui_scratch s = {0};
	(void)arg;
	for (int round = 0; round < 3; round++) {
		const char *first = ui_scratch_text(&s, "%s %d", "number", round);
		for (size_t i = 0; i < 200; i++) {
			uint64_t *v = ui_scratch_array(&s, i * 10 + 1, sizeof *v);
			assert_non_null(v);
			assert_int_equal((uintptr_t)v % 16, 0);
			assert_int_equal(v[i * 10], 0);
			memset(v, 0xff, (i * 10 + 1) * sizeof *v);
		}
		assert_int_equal(first[7], '0' + round);
		ui_scratch_reset(&s);
	}
	assert_null(ui_scratch_array(&s, SIZE_MAX / 2, 8));
	ui_scratch_free(&s);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static void missing_is_not_zero(void **arg)
{
	struct ui_scratch s = {0};
	(void)arg;
	struct wg_table_cell unknown = ui_cell_bytes(&s, (struct pt_maybe){0, false});
	struct wg_table_cell zero = ui_cell_bytes(&s, (struct pt_maybe){0, true});
	struct wg_table_cell some = ui_cell_bytes(&s, (struct pt_maybe){4096, true});
	assert_string_equal(unknown.text, "?");
	assert_int_equal(unknown.role, WG_UNKNOWN);
	assert_string_equal(zero.text, UI_DOT);
	assert_int_equal(zero.role, WG_DIM);
	assert_string_equal(some.text, "4K");
	assert_string_equal(ui_cell_delta(&s, 5, false).text, "?");
	assert_int_equal(ui_cell_delta(&s, -4096, true).role, WG_SHRANK);
	assert_int_equal(ui_cell_delta(&s, 4096, true).role, WG_GREW);
	ui_scratch_free(&s);
}

static void only_all_is_a_hundred_percent(void **arg)
{
	struct ui_scratch s = {0};
	(void)arg;
	assert_string_equal(ui_share(&s, 0, 10), "0 %");
	assert_string_equal(ui_share(&s, 1, 100000), "<1 %");
	assert_string_equal(ui_share(&s, 99999, 100000), "99 %");
	assert_string_equal(ui_share(&s, 5, 5), "100 %");
	assert_string_equal(ui_share(&s, 0, 0), "0 %");
	assert_string_equal(ui_share(&s, 1, 2), "50 %");
	ui_scratch_free(&s);
}

static void names_cannot_speak_to_the_terminal(void **arg)
{
	struct ui_scratch s = {0};
	(void)arg;
	const char *name = ui_base_name(&s, "/tmp/\033[2Jx\xff");
	assert_null(strchr(name, '\033'));
	assert_non_null(strstr(name, "x1b"));
	assert_string_equal(ui_base_name(&s, "/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(ui_base_name(&s, "[heap]"), "[heap]");
	assert_string_equal(ui_base_name(&s, "/memfd:a/b (deleted)"), "b");
	ui_scratch_free(&s);
}

/* ---- the class bar ---------------------------------------------------------------------------------------------- */

static int cells_of(const struct wg_heat_cell *cells, int n, uint8_t hue)
{
	int count = 0;
	for (int i = 0; i < n; i++)
		count += cells[i].hue == hue && cells[i].level > 0;
	return count;
}

static void every_kind_that_is_there_has_a_cell(void **arg)
{
	struct wg_heat_cell cells[50];
	struct pt_counts sum = {0};
	(void)arg;
	sum.n[PT_N_ANON] = 1000000;
	sum.n[PT_N_FILE] = 1;
	sum.n[PT_N_SWAP] = 1000000;
	ui_class_bar(&sum, cells, 50);
	assert_int_equal(cells_of(cells, 50, WG_HUE_FILE), 1);
	assert_in_range(cells_of(cells, 50, WG_HUE_ANON), 24, 25);
	assert_int_equal(cells_of(cells, 50, WG_HUE_ANON) + cells_of(cells, 50, WG_HUE_SWAP), 49);
	for (int n = 0; n <= 50; n++) /* shorter than there are kinds, too */
		ui_class_bar(&sum, cells, n);
	ui_class_bar(&(struct pt_counts){0}, cells, 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(cells[i].level, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prompt_edits_its_end),
		cmocka_unit_test(a_prompt_takes_whole_characters),
		cmocka_unit_test(a_prompt_that_is_full_takes_no_more),
		cmocka_unit_test(a_bad_pattern_leaves_the_last_good_one),
		cmocka_unit_test(scratch_grows_and_starts_anew),
		cmocka_unit_test(missing_is_not_zero),
		cmocka_unit_test(only_all_is_a_hundred_percent),
		cmocka_unit_test(names_cannot_speak_to_the_terminal),
		cmocka_unit_test(every_kind_that_is_there_has_a_cell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
