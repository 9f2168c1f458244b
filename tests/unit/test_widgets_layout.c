/*
 * Layout: slices, what stays of a line, the columns of a table; swept over all widths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/canvas_check.h"
#include "widgets/measure.h"
#include "widgets/views.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void assert_rect(struct wg_rect got, int x, int y, int w, int h)
{
	assert_int_equal(got.x, x);
	assert_int_equal(got.y, y);
	assert_int_equal(got.w, w);
	assert_int_equal(got.h, h);
}

static void takes_slices(void **state)
{
	(void)state;
	struct wg_rect rest = {5, 6, 10, 8};
	assert_rect(wg_take_top(&rest, 2), 5, 6, 10, 2);
	assert_rect(wg_take_bottom(&rest, 1), 5, 13, 10, 1);
	assert_rect(wg_take_left(&rest, 4), 5, 8, 4, 5);
	assert_rect(rest, 9, 8, 6, 5);
	assert_rect(wg_take_top(&rest, -3), 9, 8, 6, 0);
	assert_rect(wg_take_bottom(&rest, 99), 9, 8, 6, 5);
	assert_rect(rest, 9, 8, 6, 0);
	assert_rect(wg_take_left(&rest, 99), 9, 8, 6, 0);
	assert_int_equal(rest.w, 0);
	struct wg_rect none = {1, 1, -2, -2};
	assert_rect(wg_take_top(&none, 1), 1, 1, -2, 0);
	assert_rect(none, 1, 1, -2, -2);
}

static struct wg_fit_item item_of(const void *items, size_t i)
{
	return ((const struct wg_fit_item *)items)[i];
}

/* Which items stay, as letters. */
static const char *kept(const struct wg_fit_item *items, size_t n, int w)
{
	static char letters[16];
	struct wg_fit fit = wg_fit(item_of, items, n, 1, w);
	size_t at = 0;
	for (size_t i = 0; i < n; i++)
		if (items[i].width >= 0 && wg_fit_keeps(&fit, items[i].priority, i))
			letters[at++] = (char)('a' + i);
	letters[at] = '\0';
	assert_int_equal(fit.n, at);
	return letters;
}

static void leaves_out_by_priority(void **state)
{
	(void)state;
	static const struct wg_fit_item ITEMS[] = {{4, 0}, {3, 2}, {-1, 0}, {3, 2}, {5, 1}, {0, 9}};
	assert_string_equal(kept(ITEMS, 6, 19), "abdef"); /* 4 3 3 5 0 and four gaps */
	assert_string_equal(kept(ITEMS, 6, 18), "abde");
	assert_string_equal(kept(ITEMS, 6, 17), "abe"); /* of equals the last goes first */
	assert_string_equal(kept(ITEMS, 6, 13), "ae");
	assert_string_equal(kept(ITEMS, 6, 9), "a");
	assert_string_equal(kept(ITEMS, 6, -7), "a");
	assert_string_equal(kept(ITEMS, 0, 5), "");
}

/* As the width shrinks, what is kept only gets less, and it fits unless only the unavoidable is left. */
static void keeps_less_as_it_narrows(void **state)
{
	(void)state;
	static const struct wg_fit_item ITEMS[] = {{6, 3}, {2, 0}, {9, 1}, {4, 2}, {1, 3}, {7, 1}, {3, 0}};
	char wider[16] = "abcdefg";
	for (int w = 60; w >= -1; w--) {
		const char *now = kept(ITEMS, COUNT(ITEMS), w);
		for (const char *at = now; *at; at++)
			assert_non_null(strchr(wider, *at));
		int width = -1;
		for (const char *at = now; *at; at++)
			width += ITEMS[*at - 'a'].width + 1;
		assert_true(width <= w || strcmp(now, "bg") == 0);
		strcpy(wider, now);
	}
}

static void draws_the_line_that_fits(void **state)
{
	(void)state;
	static const struct wg_span SPANS[] = {{"name", WG_TEXT, 0}, {"cost", WG_DIM, 2}, {"root", WG_GOOD, 1}};
	static const struct {
		int w;
		bool spread;
		const char *shown;
	} CASES[] = {
		{30, false, " name  cost  root"},
		{18, false, " name  cost  root"},
		{17, false, " name  root"},
		{11, false, "name  root"},
		{9, false, "name"},
		{3, false, "na…"},
		{30, true,
		 " name  cost"
		 "              root"},
		{18, true, " name  cost  root"},
		{17, true, " name       root"},
		{0, true, ""},
	};
	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct wg_canvas c = check_canvas(CASES[i].w, 1, CHECK_HALVES);
		wg_draw_line(&c, (struct wg_rect){0, 0, CASES[i].w, 1},
			     &(struct wg_line){SPANS, 3, WG_BAR, CASES[i].spread});
		if (CASES[i].w > 0)
			assert_string_equal(check_row(&c, 0), CASES[i].shown);
		wg_canvas_free(&c);
	}
}

static const struct wg_column COLUMNS[] = {
	{"ADDRESS", 12, 0, 0}, {"SIZE", 5, 2, WG_COL_RIGHT}, {"NAME", 8, 1, WG_COL_GROW},
	{"RSS", 5, 0, 0},      {"NOTE", 0, 3, WG_COL_GROW},  {"PERM", 4, 3, 0},
};

static void gives_growing_columns_the_rest(void **state)
{
	(void)state;
	struct wg_table table = {.columns = COLUMNS, .n_columns = COUNT(COLUMNS)};
	int w[COUNT(COLUMNS)];
	wg_table_layout(&table, 2 + 34 + 5 + 21, w); /* margins, widths, gaps, and 21 to share */
	assert_int_equal(w[2], 8 + 10);
	assert_int_equal(w[4], 11);
	wg_table_layout(&table, 2 + 17 + 1, w);
	assert_memory_equal(w, ((int[]){12, 0, 0, 5, 0, 0}), sizeof w);
	wg_table_layout(&table, 2 + 15, w); /* too narrow for those that must stay: the last is cut */
	assert_memory_equal(w, ((int[]){12, 0, 0, 2, 0, 0}), sizeof w);
	wg_table_layout(&table, 0, w);
	assert_memory_equal(w, ((int[]){0, 0, 0, 0, 0, 0}), sizeof w);
}

static void lays_out_within_any_width(void **state)
{
	(void)state;
	struct wg_table table = {.columns = COLUMNS, .n_columns = COUNT(COLUMNS)};
	for (int w = -3; w <= 200; w++) {
		int widths[COUNT(COLUMNS)], x = WG_TABLE_MARGIN;
		wg_table_layout(&table, w, widths);
		for (size_t i = 0; i < COUNT(COLUMNS); i++) {
			assert_true(widths[i] >= 0);
			if (widths[i] == 0)
				continue;
			assert_int_equal(wg_table_column_at(&table, w, x), i);
			assert_int_equal(wg_table_column_at(&table, w, x + widths[i] - 1), i);
			assert_true(x + widths[i] <= w - WG_TABLE_MARGIN);
			x += widths[i] + WG_TABLE_GAP;
		}
		assert_int_equal(wg_table_column_at(&table, w, 0), -1);
		assert_int_equal(wg_table_column_at(&table, w, w > 0 ? w : 0), -1);
	}
}

/* The scroll mark is at an end exactly if the rows are. */
static void marks_where_the_rows_are(void **state)
{
	(void)state;
	enum { BODY = 10 };
	struct wg_canvas c = check_canvas(8, BODY + 1, CHECK_HALVES);
	for (uint64_t total = 0; total < 400; total += 7) {
		for (uint64_t top = 0; top + BODY <= total || top == 0; top++) {
			struct wg_table table = {.total = total, .top = top, .selected = -1};
			wg_draw_table(&c, (struct wg_rect){0, 0, 8, BODY + 1}, &table);
			int marks = 0;
			for (int y = 1; y <= BODY; y++)
				marks += c.cells[y * 8 + 7].ch == 0x2590;
			assert_int_equal(marks > 0, total > BODY);
			if (total <= BODY)
				continue;
			assert_int_equal(c.cells[1 * 8 + 7].ch == 0x2590, top == 0);
			assert_int_equal(c.cells[BODY * 8 + 7].ch == 0x2590, top + BODY == total);
		}
	}
	wg_canvas_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_slices),
		cmocka_unit_test(leaves_out_by_priority),
		cmocka_unit_test(keeps_less_as_it_narrows),
		cmocka_unit_test(draws_the_line_that_fits),
		cmocka_unit_test(gives_growing_columns_the_rest),
		cmocka_unit_test(lays_out_within_any_width),
		cmocka_unit_test(marks_where_the_rows_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
