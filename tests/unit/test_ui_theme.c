/*
 * The theme: as many colours as asked for and no more than there are, every pair of roles within what the terminal has,
 * and ramps that can be told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/theme.h"

static enum ui_depth depth_of(enum ui_colours colours, int terminal, const char *no_color)
{
	struct ui_options options = {.colours = colours};
	return ui_theme_depth(&options, terminal, no_color);
}

static void depth_is_what_the_terminal_has(void **arg)
{
	(void)arg;
	assert_int_equal(depth_of(UI_COLOURS_AUTO, 256, NULL), UI_DEPTH_256);
	assert_int_equal(depth_of(UI_COLOURS_AUTO, 88, NULL), UI_DEPTH_16);
	assert_int_equal(depth_of(UI_COLOURS_AUTO, 8, NULL), UI_DEPTH_8);
	assert_int_equal(depth_of(UI_COLOURS_AUTO, 0, NULL), UI_DEPTH_MONO);
	assert_int_equal(depth_of(UI_COLOURS_256, 8, NULL), UI_DEPTH_8);
	assert_int_equal(depth_of(UI_COLOURS_16, 256, NULL), UI_DEPTH_16);
	assert_int_equal(depth_of(UI_COLOURS_MONO, 256, NULL), UI_DEPTH_MONO);
}

static void no_color_counts_if_it_is_not_empty(void **arg)
{
	(void)arg;
	assert_int_equal(depth_of(UI_COLOURS_AUTO, 256, "1"), UI_DEPTH_MONO);
	assert_int_equal(depth_of(UI_COLOURS_AUTO, 256, ""), UI_DEPTH_256);
	assert_int_equal(depth_of(UI_COLOURS_256, 256, "1"), UI_DEPTH_256); /* asked for by hand */
}

static void every_pair_stays_within_the_terminal(void **arg)
{
	static const int colours[] = {[UI_DEPTH_MONO] = 0, [UI_DEPTH_8] = 8, [UI_DEPTH_16] = 16, [UI_DEPTH_256] = 256};
	(void)arg;
	for (int depth = UI_DEPTH_MONO; depth <= UI_DEPTH_256; depth++)
		for (int fg = 0; fg < 256; fg++)
			for (int bg = 0; bg < 256; bg++) {
				struct ui_ink ink = ui_theme_ink((enum ui_depth)depth, (uint8_t)fg, (uint8_t)bg, 7);
				assert_in_range(ink.fg + 1, 0, colours[depth]);
				assert_in_range(ink.bg + 1, 0, colours[depth]);
			}
}

static void text_never_has_the_colour_of_its_bar(void **arg)
{
	static const uint8_t bars[] = {WG_BAR, WG_SELECT, WG_CURSOR, WG_PAST};
	static const uint8_t texts[] = {WG_TEXT, WG_DIM, WG_STRONG, WG_TITLE,   WG_KEY,  WG_GOOD,
					WG_WARN, WG_BAD, WG_ACCENT, WG_UNKNOWN, WG_GREW, WG_SHRANK};
	(void)arg;
	for (int depth = UI_DEPTH_8; depth <= UI_DEPTH_256; depth++)
		for (size_t b = 0; b < sizeof bars; b++)
			for (size_t t = 0; t < sizeof texts; t++) {
				struct ui_ink ink = ui_theme_ink((enum ui_depth)depth, texts[t], bars[b], 0);
				assert_int_not_equal(ink.fg, ink.bg);
				assert_int_not_equal(ink.fg, -1); /* the terminal's own may be anything */
			}
}

static void a_half_block_may_have_one_colour_twice(void **arg)
{
	(void)arg;
	struct ui_ink ink = ui_theme_ink(UI_DEPTH_256, WG_EMPTY, WG_EMPTY, 0);
	assert_int_equal(ink.fg, ink.bg);
	ink = ui_theme_ink(UI_DEPTH_256, WG_HEAT(WG_HUE_ANON, 3), WG_HEAT(WG_HUE_ANON, 3), 0);
	assert_int_equal(ink.fg, ink.bg);
}

static void all_levels_of_all_hues_differ(void **arg)
{
	(void)arg;
	for (int hue = 0; hue < WG_HUE_N; hue++)
		for (int a = 0; a < WG_LEVELS; a++)
			for (int b = 0; b < a; b++)
				assert_int_not_equal(ui_theme_ink(UI_DEPTH_256, WG_HEAT(hue, a), WG_BACK, 0).fg,
						     ui_theme_ink(UI_DEPTH_256, WG_HEAT(hue, b), WG_BACK, 0).fg);
	for (int a = 0; a < WG_HUE_N; a++)
		for (int b = 0; b < a; b++)
			assert_int_not_equal(ui_theme_ink(UI_DEPTH_256, WG_HEAT(a, 5), WG_BACK, 0).fg,
					     ui_theme_ink(UI_DEPTH_256, WG_HEAT(b, 5), WG_BACK, 0).fg);
}

/* Whatever share a fresh cell shows, none looks as an old one of its kind. */
static void faded_is_not_fresh(void **arg)
{
	(void)arg;
	for (int depth = UI_DEPTH_MONO; depth <= UI_DEPTH_256; depth++)
		for (int hue = 0; hue < WG_HUE_N; hue++)
			for (int a = 1; a < WG_LEVELS; a++)
				for (int b = 1; b < WG_LEVELS; b++) {
					struct ui_ink old = ui_theme_ink((enum ui_depth)depth, WG_FADED(hue, a),
									 WG_BACK, 0);
					struct ui_ink new = ui_theme_ink((enum ui_depth)depth, WG_HEAT(hue, b), WG_BACK,
									 0);
					assert_false(old.fg == new.fg &&old.attrs == new.attrs);
				}
}

static void what_changed_keeps_its_hue(void **arg)
{
	(void)arg;
	for (int a = 0; a < WG_HUE_N; a++) {
		short flash = ui_theme_ink(UI_DEPTH_256, WG_FLASH(a), WG_BACK, 0).fg;
		assert_int_not_equal(flash, ui_theme_ink(UI_DEPTH_256, WG_CHANGED, WG_BACK, 0).fg);
		for (int b = 0; b < a; b++)
			assert_int_not_equal(flash, ui_theme_ink(UI_DEPTH_256, WG_FLASH(b), WG_BACK, 0).fg);
		for (int level = 0; level < WG_LEVELS; level++) {
			assert_int_not_equal(flash, ui_theme_ink(UI_DEPTH_256, WG_HEAT(a, level), WG_BACK, 0).fg);
			assert_int_not_equal(flash, ui_theme_ink(UI_DEPTH_256, WG_FADED(a, level), WG_BACK, 0).fg);
		}
	}
}

static void monochrome_shows_bars_and_selection(void **arg)
{
	(void)arg;
	assert_true(ui_theme_ink(UI_DEPTH_MONO, WG_TEXT, WG_BAR, 0).attrs & UI_INK_REVERSE);
	assert_true(ui_theme_ink(UI_DEPTH_MONO, WG_TEXT, WG_SELECT, 0).attrs & UI_INK_REVERSE);
	assert_true(ui_theme_ink(UI_DEPTH_MONO, WG_TEXT, WG_CURSOR, WG_REVERSE).attrs & UI_INK_REVERSE);
	assert_false(ui_theme_ink(UI_DEPTH_MONO, WG_TEXT, WG_BACK, 0).attrs & UI_INK_REVERSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_is_what_the_terminal_has),
		cmocka_unit_test(no_color_counts_if_it_is_not_empty),
		cmocka_unit_test(every_pair_stays_within_the_terminal),
		cmocka_unit_test(text_never_has_the_colour_of_its_bar),
		cmocka_unit_test(a_half_block_may_have_one_colour_twice),
		cmocka_unit_test(all_levels_of_all_hues_differ),
		cmocka_unit_test(faded_is_not_fresh),
		cmocka_unit_test(what_changed_keeps_its_hue),
		cmocka_unit_test(monochrome_shows_bars_and_selection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
