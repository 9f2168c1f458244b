/*
 * The canvas and text on it: clipping, wide characters, cuts, hostile bytes, ASCII.
 */
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "tests/support/canvas_check.h"
#include "widgets/measure.h"

static const struct wg_style PLAIN = {.fg = WG_TEXT, .bg = WG_BACK};

static struct wg_rect all_of(const struct wg_canvas *c)
{
	return (struct wg_rect){0, 0, c->w, c->h};
}

static void assert_rect(struct wg_rect got, int x, int y, int w, int h)
{
	assert_int_equal(got.w, w);
	assert_int_equal(got.h, h);
	if (w > 0)
		assert_int_equal(got.x, x);
	if (h > 0)
		assert_int_equal(got.y, y);
}

static void clips_rectangles(void **state)
{
	(void)state;
	struct wg_rect a = {2, 3, 10, 5};
	assert_rect(wg_rect_clip(a, (struct wg_rect){0, 0, 5, 5}), 2, 3, 3, 2);
	assert_rect(wg_rect_clip(a, (struct wg_rect){-5, -5, 100, 100}), 2, 3, 10, 5);
	assert_rect(wg_rect_clip(a, (struct wg_rect){12, 3, 5, 5}), 0, 3, 0, 5);
	assert_rect(wg_rect_clip(a, (struct wg_rect){4, 4, -3, 2}), 0, 4, 0, 2);
	assert_rect(wg_rect_clip((struct wg_rect){INT_MAX - 1, INT_MIN, INT_MAX, INT_MAX}, a), 0, 0, 0, 0);
	assert_rect(wg_rect_clip((struct wg_rect){INT_MIN, INT_MIN, INT_MAX, INT_MAX}, a), 0, 0, 0, 0);
}

static void resizes_blank(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(4, 2, CHECK_HALVES);
	wg_text(&c, all_of(&c), 0, 0, "abcd", PLAIN);
	assert_true(wg_canvas_resize(&c, 3, 3));
	for (int y = 0; y < 3; y++)
		assert_string_equal(check_row(&c, y), "");
	assert_true(wg_canvas_resize(&c, 0, 5));
	wg_put(&c, (struct wg_rect){0, 0, 9, 9}, 0, 0, 'x', PLAIN);
	wg_fill(&c, (struct wg_rect){0, 0, 9, 9}, 'x', PLAIN);
	assert_true(wg_canvas_resize(&c, -1, -1));
	assert_int_equal(c.w, 0);
	assert_true(wg_canvas_resize(&c, 2, 2));
	assert_false(wg_canvas_resize(&c, INT_MAX, INT_MAX));
	assert_int_equal(c.w, 2);
	wg_canvas_free(&c);
	wg_canvas_free(NULL);
	assert_null(c.cells);
}

static void puts_relative_to_the_rectangle(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(5, 2, CHECK_HALVES);
	struct wg_rect rect = {1, 0, 3, 1};
	for (int x = -2; x < 7; x++)
		for (int y = -2; y < 4; y++)
			wg_put(&c, rect, x, y, (uint32_t)('a' + x), PLAIN);
	wg_put(&c, rect, INT_MAX, INT_MIN, 'x', PLAIN);
	assert_string_equal(check_row(&c, 0), " abc");
	assert_string_equal(check_row(&c, 1), "");
	wg_tint(&c, (struct wg_rect){-1, -1, 3, 2}, WG_SELECT);
	assert_int_equal(c.cells[1].ch, 'a');
	assert_int_equal(c.cells[1].bg, WG_SELECT);
	assert_int_equal(c.cells[2].bg, WG_BACK);
	wg_canvas_free(&c);
}

static void keeps_wide_characters_whole(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(6, 1, CHECK_HALVES);
	struct wg_rect rect = all_of(&c);
	assert_int_equal(wg_text(&c, rect, 0, 0, "日本語", PLAIN), 6);
	wg_put(&c, rect, 1, 0, 'x', PLAIN); /* the right half of the first */
	wg_put(&c, rect, 4, 0, 'y', PLAIN); /* the left half of the last */
	assert_string_equal(check_row(&c, 0), " x本y");
	check_valid(&c);
	wg_text(&c, rect, 5, 0, "語", PLAIN);
	wg_text(&c, rect, -1, 0, "日", PLAIN);
	assert_string_equal(check_row(&c, 0), " x本y");
	wg_fill(&c, (struct wg_rect){0, 0, 3, 1}, '=', PLAIN);
	assert_string_equal(check_row(&c, 0), "=== y");
	check_valid(&c);
	wg_fill(&c, rect, 0x65e5, PLAIN); /* filling is for narrow ones */
	assert_string_equal(check_row(&c, 0), "");
	wg_canvas_free(&c);
}

static void overwriting_a_wide_character_with_another(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(7, 1, CHECK_HALVES);
	for (int first = 0; first < 5; first++) {
		for (int second = -1; second < 7; second++) {
			wg_canvas_clear(&c);
			wg_put(&c, all_of(&c), first, 0, 0x65e5, PLAIN);
			wg_put(&c, all_of(&c), second, 0, 0x672c, PLAIN);
			check_valid(&c);
		}
	}
	wg_canvas_free(&c);
}

static void shows_hostile_bytes_as_replacements(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown;
		int w;
	} CASES[] = {
		{"a\033[2Jb", "a\xef\xbf\xbd[2Jb", 6},
		{"\x80\xff\xc0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx", 5},
		{"\xe6\x97", "\xef\xbf\xbd\xef\xbf\xbd", 2},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 4},
		{"\xc2\x9b\t\n\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 4},
		{"e\xcc\x81x\xe2\x80\x8by", "exy", 3}, /* combining and zero-width characters take no cell */
		{"\xf0\x9f\x98\x80|", "\xf0\x9f\x98\x80|", 3},
	};
	struct wg_canvas c = check_canvas(12, 1, CHECK_HALVES);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		wg_canvas_clear(&c);
		assert_int_equal(wg_text_width(CASES[i].text), CASES[i].w);
		assert_int_equal(wg_text(&c, all_of(&c), 0, 0, CASES[i].text, PLAIN), CASES[i].w);
		assert_string_equal(check_row(&c, 0), CASES[i].shown);
	}
	wg_canvas_free(&c);
}

static void cuts_with_an_ellipsis(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int w;
		enum wg_cut cut;
		const char *shown;
	} CASES[] = {
		{"abcdef", 6, WG_CUT_END, "abcdef"},
		{"abcdef", 5, WG_CUT_END, "abcd…"},
		{"abcdef", 5, WG_CUT_START, "…cdef"},
		{"abcdefghijkl", 7, WG_CUT_MIDDLE, "ab…ijkl"},
		{"abcdef", 1, WG_CUT_END, "…"},
		{"abcdef", 1, WG_CUT_MIDDLE, "…"},
		{"abcdef", 0, WG_CUT_END, ""},
		{"abcdef", -4, WG_CUT_START, ""},
		{"日本語", 5, WG_CUT_END, "日本…"},
		{"日本語", 4, WG_CUT_END, "日…"},
		{"日本語", 4, WG_CUT_START, "…語"},
		{"/usr/lib/x86_64-linux-gnu/libc.so.6", 16, WG_CUT_MIDDLE, "/usr/…/libc.so.6"},
		{"/usr/lib/libsystemd.so.0.35", 22, WG_CUT_MIDDLE, "/u…/libsystemd.so.0.35"},
		{"/usr/lib/libsystemd.so.0.35", 9, WG_CUT_MIDDLE, "/us….0.35"},
	};
	struct wg_canvas c = check_canvas(40, 1, CHECK_HALVES);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		wg_canvas_clear(&c);
		wg_text_cut(&c, all_of(&c), 0, 0, CASES[i].w, CASES[i].text, CASES[i].cut, PLAIN);
		assert_string_equal(check_row(&c, 0), CASES[i].shown);
	}
	wg_canvas_clear(&c); /* the rectangle's edge cuts as well */
	assert_int_equal(wg_text_cut(&c, (struct wg_rect){2, 0, 6, 1}, 2, 0, 99, "abcdef", WG_CUT_END, PLAIN), 6);
	assert_string_equal(check_row(&c, 0), "    abc…");
	wg_canvas_free(&c);
}

static void sets_right(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(10, 1, CHECK_HALVES);
	assert_int_equal(wg_text_right(&c, all_of(&c), 1, 0, 5, "12", PLAIN), 6);
	assert_string_equal(check_row(&c, 0), "    12");
	assert_int_equal(wg_text_right(&c, all_of(&c), 1, 0, 5, "123456", PLAIN), 6);
	assert_string_equal(check_row(&c, 0), " 1234…");
	wg_canvas_free(&c);
}

static void has_an_ascii_character_for_each(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(12, 1, CHECK_ASCII_MONO);
	wg_text(&c, all_of(&c), 0, 0, "·…─█→é!日\xff", PLAIN);
	assert_string_equal(check_row(&c, 0), ".~-#>?!???");
	for (uint32_t ch = 0; ch < 0x110000; ch++)
		assert_true(wg_ascii(ch) < 0x80);
	wg_canvas_free(&c);
}

/* Random bytes: what is measured is what is drawn, and no cut is wider than asked for. */
static void measures_what_it_draws(void **state)
{
	(void)state;
	static const char *PIECES[] = {"a", "日", "e\xcc\x81",        "\xff",     "/",
				       " ", "…",  "\xf0\x9f\x98\x80", "\xe6\x97", "\x1b"};
	struct wg_canvas c = check_canvas(30, 1, CHECK_HALVES);
	unsigned seed = 1;
	for (int round = 0; round < 20000; round++) {
		char text[80] = "";
		for (int n = rand_r(&seed) % 14; n > 0; n--)
			strcat(text, PIECES[rand_r(&seed) % 10]);
		int w = rand_r(&seed) % 24, x = rand_r(&seed) % 5, cut = rand_r(&seed) % 3;
		int width = wg_text_width(text);
		wg_canvas_clear(&c);
		assert_int_equal(wg_text(&c, all_of(&c), x, 0, text, PLAIN), x + width);
		check_valid(&c);
		wg_canvas_clear(&c);
		int end = wg_text_cut(&c, all_of(&c), x, 0, w, text, cut, PLAIN);
		check_valid(&c);
		assert_true(end <= x + w && (width <= w ? end == x + width : w == 0 || end > x));
		for (int i = 0; i < c.w; i++)
			assert_true((i >= x && i < end) || c.cells[i].ch == ' ');
	}
	wg_canvas_free(&c);
}

static void agrees_with_the_c_library_on_widths(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	int differ = 0;
	for (uint32_t ch = 0xa0; ch < 0x110000; ch++) {
		int w = wcwidth((wchar_t)ch);
		if (w >= 0 && w != wg_char_width(ch)) /* -1: not assigned */
			differ++;
	}
	/* A newer Unicode in the C library knows some more. */
	assert_in_range(differ, 0, 400);
	setlocale(LC_CTYPE, "C");
	assert_int_equal(wg_char_width(0x65e5), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clips_rectangles),
		cmocka_unit_test(resizes_blank),
		cmocka_unit_test(puts_relative_to_the_rectangle),
		cmocka_unit_test(keeps_wide_characters_whole),
		cmocka_unit_test(overwriting_a_wide_character_with_another),
		cmocka_unit_test(shows_hostile_bytes_as_replacements),
		cmocka_unit_test(cuts_with_an_ellipsis),
		cmocka_unit_test(sets_right),
		cmocka_unit_test(has_an_ascii_character_for_each),
		cmocka_unit_test(measures_what_it_draws),
		cmocka_unit_test(agrees_with_the_c_library_on_widths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
