/*
 * Blocks of text: paragraphs, facts, hex dumps, boxes; what they count and what they scroll.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/canvas_check.h"
#include "tests/support/widget_samples.h"
#include "widgets/measure.h"
#include "widgets/views.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void assert_wraps(const char *text, int w, const char *const *lines, size_t n)
{
	struct wg_piece piece;
	for (size_t i = 0; i < n; i++) {
		assert_true(wg_wrap_next(&text, w, &piece));
		assert_int_equal(piece.n, strlen(lines[i]));
		assert_memory_equal(piece.start, lines[i], piece.n);
		assert_int_equal(piece.w, wg_text_width(lines[i]));
	}
	assert_false(wg_wrap_next(&text, w, &piece));
}

static void wraps_at_words(void **state)
{
	(void)state;
	assert_wraps("one two  three", 8, (const char *[]){"one two", "three"}, 2);
	assert_wraps("one two", 7, (const char *[]){"one two"}, 1);
	assert_wraps("  one   two   ", 6, (const char *[]){"one", "two"}, 2);
	assert_wraps("abcdefgh ij", 3, (const char *[]){"abc", "def", "gh", "ij"}, 4);
	assert_wraps("ab 日本語", 5, (const char *[]){"ab", "日本", "語"}, 3);
	assert_wraps("日本", 1, (const char *[]){"日", "本"}, 2);
	assert_wraps("ab", -1, (const char *[]){"a", "b"}, 2);
	assert_wraps("a b", 2, (const char *[]){"a", "b"}, 2);
	assert_wraps("", 5, NULL, 0);
	assert_wraps("   ", 5, NULL, 0);
}

/* Appends n bytes but for blanks. Returns the new end. */
static char *append_unblanked(char *end, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] != ' ')
			*end++ = text[i];
	*end = '\0';
	return end;
}

/* Nothing is lost or doubled by wrapping, at any width. */
static void wrapping_keeps_each_word(void **state)
{
	(void)state;
	static const char TEXT[] = "It is mapped  once:by this 日本語のテキスト process-alone , as  kpagecount says.";
	char expected[sizeof TEXT];
	append_unblanked(expected, TEXT, sizeof TEXT - 1);
	for (int w = 1; w < 90; w++) {
		char joined[sizeof TEXT] = "", *end = joined;
		struct wg_piece piece;
		for (const char *at = TEXT; wg_wrap_next(&at, w, &piece);) {
			assert_true(piece.w <= w || w == 1);
			end = append_unblanked(end, piece.start, piece.n);
		}
		assert_string_equal(joined, expected);
	}
}

static const struct wg_paragraph PARAGRAPHS[] = {
	{"one two three four", WG_TEXT, 2}, {"", 0, 0}, {NULL, 0, 0}, {"five", WG_DIM, 0}};

static void measures_without_height(void **state)
{
	(void)state;
	struct wg_canvas none = {0};
	assert_int_equal(wg_draw_text(&none, (struct wg_rect){0, 0, 9, 0}, PARAGRAPHS, COUNT(PARAGRAPHS), 0), 6);
	assert_int_equal(wg_draw_text(&none, (struct wg_rect){0, 0, 40, 0}, PARAGRAPHS, COUNT(PARAGRAPHS), 0), 4);
	assert_int_equal(wg_draw_text(&none, (struct wg_rect){0, 0, 40, 0}, NULL, 0, 0), 0);
}

/* Each row of what is drawn from `top` on is the row of the whole drawing that is `top` further down. */
static void assert_scrolls(int (*draw)(struct wg_canvas *, struct wg_rect, int top))
{
	enum { W = 30, H = 6, ALL = 60 };
	struct wg_canvas all = check_canvas(W, ALL, CHECK_HALVES), part = check_canvas(W, H, CHECK_HALVES);
	int rows = draw(&all, (struct wg_rect){0, 0, W, ALL}, 0);
	assert_in_range(rows, H + 1, ALL - H);
	for (int top = 0; top < rows + 3; top++) {
		assert_int_equal(draw(&part, (struct wg_rect){0, 0, W, H}, top), rows);
		for (int y = 0; y < H; y++) {
			char expected[200];
			snprintf(expected, sizeof expected, "%s", check_row(&all, y + top));
			assert_string_equal(check_row(&part, y), expected);
		}
	}
	assert_true(check_row(&all, rows - 1)[0] != '\0' && check_row(&all, rows)[0] == '\0');
	wg_canvas_free(&all);
	wg_canvas_free(&part);
}

static int draw_paragraphs(struct wg_canvas *c, struct wg_rect rect, int top)
{
	static const struct wg_paragraph LONG[] = {
		{"a paragraph that takes more than one line, and another one, and then some", WG_TEXT, 3},
		{"", 0, 0},
		{"one that follows after a gap, and is as long as that before the gap or longer", WG_DIM, 0}};
	return wg_draw_text(c, rect, LONG, COUNT(LONG), top);
}

static int draw_facts(struct wg_canvas *c, struct wg_rect rect, int top)
{
	static const struct wg_fact FACTS[] = {{"Frame", NULL, NULL, 0},
					       {"flags", "mmap", "mapped by a process", 0},
					       {NULL, "thp", "part of a transparent huge page", 0},
					       {NULL, NULL, NULL, 0},
					       {"cgroup", "/system.slice/redis-server.service", NULL, 0},
					       {NULL, NULL, "a note alone", 0}};
	return wg_draw_facts(c, rect, &(struct wg_facts){FACTS, COUNT(FACTS), top});
}

static void scrolls_by_rows(void **state)
{
	(void)state;
	assert_scrolls(draw_paragraphs);
	assert_scrolls(draw_facts);
}

static void hex_lines_fit(void **state)
{
	(void)state;
	assert_int_equal(wg_hex_line(0), 8);
	assert_int_equal(wg_hex_line(70), 8);
	assert_int_equal(wg_hex_line(71), 16);
	assert_int_equal(wg_hex_line(126), 16);
	assert_int_equal(wg_hex_line(127), 32);
	uint8_t bytes[32];
	memset(bytes, 'x', sizeof bytes);
	for (int w = 43; w < 140; w++) {
		struct wg_canvas c = check_canvas(w, 1, CHECK_HALVES);
		wg_draw_hex(&c, (struct wg_rect){0, 0, w, 1}, &(struct wg_hex){bytes, 32, 0x7f0000000000, 0});
		int n = wg_hex_line(w), seen = 0;
		for (int x = 0; x < w; x++)
			seen += c.cells[x].ch == 'x';
		assert_int_equal(seen, n);
		wg_canvas_free(&c);
	}
}

static void hex_dumps_from_its_top(void **state)
{
	(void)state;
	uint8_t bytes[20];
	for (int i = 0; i < 20; i++)
		bytes[i] = (uint8_t)(i * 13);
	struct wg_canvas c = check_canvas(75, 2, CHECK_HALVES);
	struct wg_rect rect = {0, 0, 75, 2};
	wg_draw_hex(&c, rect, &(struct wg_hex){bytes, 20, 0xff12345678901230, 16});
	assert_string_equal(check_row(&c, 0), "ff12345678901240: d0dd eaf7                                ....");
	assert_string_equal(check_row(&c, 1), "");
	wg_draw_hex(&c, rect, &(struct wg_hex){bytes, 20, 0x1000, 32});
	assert_string_equal(check_row(&c, 0), "");
	wg_canvas_free(&c);
}

static void a_box_too_small_for_a_frame_has_none(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(20, 8, CHECK_HALVES);
	for (int w = -1; w <= 20; w++) {
		for (int h = -1; h <= 8; h++) {
			struct wg_rect rect = {0, 0, w, h}, inside = wg_draw_box(&c, rect, "title");
			bool framed = w > 4 && h > 2;
			assert_int_equal(inside.w, framed ? w - 4 : w);
			assert_int_equal(inside.h, framed ? h - 2 : h);
			assert_int_equal(inside.x, framed ? 2 : 0);
			if (framed)
				assert_int_equal(c.cells[0].ch, 0x250c);
		}
	}
	wg_canvas_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps_at_words),
		cmocka_unit_test(wrapping_keeps_each_word),
		cmocka_unit_test(measures_without_height),
		cmocka_unit_test(scrolls_by_rows),
		cmocka_unit_test(hex_lines_fit),
		cmocka_unit_test(hex_dumps_from_its_top),
		cmocka_unit_test(a_box_too_small_for_a_frame_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
