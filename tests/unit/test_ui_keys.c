/*
 * The table of keys: no key means two things in one place, everything has help, and what is found is what is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/keys.h"

static void no_key_means_two_things_in_one_place(void **arg)
{
	size_t n;
	const struct ui_binding *all = ui_bindings(&n);
	(void)arg;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			for (int a = 0; a < UI_BINDING_KEYS && all[i].keys[a]; a++)
				for (int b = 0; b < UI_BINDING_KEYS && all[k].keys[b]; b++)
					if (all[i].where & all[k].where && all[i].keys[a] == all[k].keys[b])
						fail_msg("rows %zu and %zu share a key", k, i);
}

static void every_row_is_found_by_its_keys(void **arg)
{
	size_t n;
	const struct ui_binding *all = ui_bindings(&n);
	(void)arg;
	for (size_t i = 0; i < n; i++)
		for (int w = 0; w < UI_WHERE_N; w++)
			for (int a = 0; a < UI_BINDING_KEYS && all[i].keys[a]; a++)
				if (all[i].where >> w & 1)
					assert_int_equal(ui_key_action(1u << w, all[i].keys[a]), all[i].action);
}

static void every_action_has_a_key_and_help(void **arg)
{
	size_t n;
	bool seen[UI_DO_N] = {false};
	const struct ui_binding *all = ui_bindings(&n);
	(void)arg;
	for (size_t i = 0; i < n; i++) {
		seen[all[i].action] = true;
		assert_true(all[i].keys[0] != 0);
		assert_true(all[i].where != 0);
		assert_true(strlen(all[i].help) >= 4);
		assert_true(all[i].help[strlen(all[i].help) - 1] != '.');
		assert_true(all[i].task < UI_TASK_N);
	}
	for (int action = UI_DO_NONE + 1; action < UI_DO_N; action++)
		if (!seen[action])
			fail_msg("action %d has no key", action);
}

static void help_and_quit_work_everywhere(void **arg)
{
	(void)arg;
	for (int w = 0; w < UI_WHERE_N; w++) {
		assert_int_equal(ui_key_action(1u << w, '?'), UI_DO_HELP);
		assert_int_equal(ui_key_action(1u << w, 'q'), UI_DO_QUIT);
		assert_int_equal(ui_key_action(1u << w, UI_KEY_ESC), UI_DO_BACK);
	}
}

static void arrows_and_letters_agree(void **arg)
{
	static const uint32_t pairs[][2] = {{UI_KEY_UP, 'k'},    {UI_KEY_DOWN, 'j'}, {UI_KEY_LEFT, 'h'},
					    {UI_KEY_RIGHT, 'l'}, {UI_KEY_HOME, 'g'}, {UI_KEY_END, 'G'}};
	(void)arg;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		for (int w = 0; w < UI_WHERE_N; w++)
			assert_int_equal(ui_key_action(1u << w, pairs[i][0]), ui_key_action(1u << w, pairs[i][1]));
}

static void digits_choose_layers(void **arg)
{
	(void)arg;
	for (uint32_t digit = '1'; digit <= '9'; digit++)
		assert_int_equal(ui_key_action(UI_IN_MAP, digit), UI_DO_LAYER_DIGIT);
	assert_int_equal(ui_key_action(UI_IN_MAP, '0'), UI_DO_NONE);
	assert_int_equal(ui_key_action(UI_IN_PROCESSES, '1'), UI_DO_NONE);
}

static void names_are_readable(void **arg)
{
	char name[64];
	(void)arg;
	assert_string_equal(ui_key_name(UI_KEY_PAGE_UP, true, name, sizeof name), "PgUp");
	assert_string_equal(ui_key_name(UI_CTRL('b'), true, name, sizeof name), "Ctrl-B");
	assert_string_equal(ui_key_name(UI_KEY_ENTER, false, name, sizeof name), "Enter");
	assert_string_equal(ui_key_name(UI_KEY_UP, true, name, sizeof name), "\u2191");
	assert_string_equal(ui_key_name('x', false, name, sizeof name), "x");
	size_t n;
	const struct ui_binding *all = ui_bindings(&n);
	for (size_t i = 0; i < n; i++) {
		ui_binding_keys(&all[i], false, name, sizeof name);
		assert_true(name[0] != '\0');
		for (const char *c = name; *c; c++)
			assert_true(*c >= ' ' && *c < 127);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_means_two_things_in_one_place),
		cmocka_unit_test(every_row_is_found_by_its_keys),
		cmocka_unit_test(every_action_has_a_key_and_help),
		cmocka_unit_test(help_and_quit_work_everywhere),
		cmocka_unit_test(arrows_and_letters_agree),
		cmocka_unit_test(digits_choose_layers),
		cmocka_unit_test(names_are_readable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
