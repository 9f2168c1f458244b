/*
 * Heat: levels, and that each thing a cell can say looks different from each other, whatever the terminal can do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/canvas_check.h"
#include "widgets/views.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void levels_say_none_and_all_exactly(void **state)
{
	(void)state;
	for (uint64_t pages = 1; pages <= 600; pages++) {
		unsigned last = 0;
		for (uint64_t hits = 0; hits <= pages; hits++) {
			unsigned level = wg_heat_level(hits, pages);
			assert_int_equal(level == 0, hits == 0);
			assert_int_equal(level == WG_LEVELS - 1, hits == pages);
			assert_true(level >= last);
			last = level;
		}
	}
}

static void levels_are_spread_evenly(void **state)
{
	(void)state;
	unsigned seen[WG_LEVELS] = {0};
	for (uint64_t hits = 0; hits <= 4000; hits++)
		seen[wg_heat_level(hits, 4000)]++;
	for (int level = 1; level < WG_LEVELS - 1; level++)
		assert_in_range(seen[level], 998, 1001);
	assert_int_equal(wg_heat_level(0, 0), 0);
	assert_int_equal(wg_heat_level(1, UINT64_MAX), 1);
	assert_int_equal(wg_heat_level(UINT64_MAX - 1, UINT64_MAX), WG_LEVELS - 2);
	assert_int_equal(wg_heat_level(UINT64_MAX, UINT64_MAX), WG_LEVELS - 1);
	assert_int_equal(wg_heat_level(UINT64_MAX / 2, UINT64_MAX), WG_LEVELS / 2 - 1);
}

static void hues_have_letters_of_their_own(void **state)
{
	(void)state;
	for (unsigned a = 0; a < WG_HUE_N; a++)
		for (unsigned b = 0; b < a; b++)
			assert_int_not_equal(wg_hue_letter(a), wg_hue_letter(b));
	assert_int_equal(wg_hue_letter(WG_HUE_N), '?');
}

/* Things to be told apart at a glance; level 3 is "a part", the highest "all". */
static const struct wg_heat_cell DISTINCT[] = {
	{WG_HUE_ANON, 0, 0},
	{WG_HUE_ANON, 3, 0},
	{WG_HUE_ANON, WG_LEVELS - 1, 0},
	{WG_HUE_FILE, 3, 0},
	{WG_HUE_FILE, WG_LEVELS - 1, 0},
	{WG_HUE_SHMEM, WG_LEVELS - 1, 0},
	{WG_HUE_SWAP, WG_LEVELS - 1, 0},
	{WG_HUE_KERNEL, 3, 0},
	{WG_HUE_ZERO, 3, 0},
	{WG_HUE_HUGETLB, WG_LEVELS - 1, 0},
	{WG_HUE_GUARD, WG_LEVELS - 1, 0},
	{WG_HUE_LAYER, 1, 0},
	{WG_HUE_LAYER, 2, 0},
	{WG_HUE_LAYER, WG_LEVELS - 1, 0},
	{WG_HUE_CAME, WG_LEVELS - 1, 0},
	{WG_HUE_WENT, WG_LEVELS - 1, 0},
	{WG_HUE_OTHER, WG_LEVELS - 1, 0},
	{0, 0, WG_HEAT_UNKNOWN},
	{0, 0, WG_HEAT_OUTSIDE},
	{WG_HUE_ANON, 5, WG_HEAT_CHANGED},
	{WG_HUE_ANON, 0, WG_HEAT_CHANGED},
	{WG_HUE_ANON, 3, WG_HEAT_OLD},
	{WG_HUE_ANON, 5, WG_HEAT_OLD},
	{WG_HUE_FILE, 5, WG_HEAT_OLD},
	{WG_HUE_LAYER, 3, WG_HEAT_OLD},
	{WG_HUE_ANON, 5, WG_HEAT_MARKED},
	{WG_HUE_ANON, 0, WG_HEAT_MARKED},
};

static bool looks_same(const struct wg_cell *a, const struct wg_cell *b)
{
	return a->ch == b->ch && a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

/* Without colours the roles say nothing: the character and its attributes must. */
static bool reads_same(const struct wg_cell *a, const struct wg_cell *b)
{
	return a->ch == b->ch && a->attrs == b->attrs;
}

/* Each of DISTINCT in a canvas of one cell each, drawn as map (n: the cursor's place) or as strip. */
static struct wg_canvas draw_distinct(enum check_ability ability, int cursor)
{
	int n = COUNT(DISTINCT);
	struct wg_canvas c = check_canvas(n, 1, ability);
	struct wg_heat_cell cells[2 * COUNT(DISTINCT)];
	memcpy(cells, DISTINCT, sizeof DISTINCT);
	memcpy(cells + n, DISTINCT, sizeof DISTINCT); /* the lower halves */
	wg_draw_heat(&c, (struct wg_rect){0, 0, n, 1}, &(struct wg_heat_view){cells, n, wg_heat_rows(&c, 1), cursor});
	return c;
}

static void all_things_look_different(void **state)
{
	(void)state;
	for (int ability = 0; ability < CHECK_ABILITY_N; ability++) {
		struct wg_canvas c = draw_distinct(ability, -1);
		bool (*same)(const struct wg_cell *, const struct wg_cell *) = c.can.colour ? looks_same : reads_same;
		for (int a = 0; a < c.w; a++)
			for (int b = 0; b < a; b++)
				if (same(&c.cells[a], &c.cells[b]))
					fail_msg("%s: things %d and %d look alike", check_ability_name(ability), b, a);
		wg_canvas_free(&c);
	}
}

static void the_cursor_is_seen_on_anything(void **state)
{
	(void)state;
	for (int ability = 0; ability < CHECK_ABILITY_N; ability++) {
		struct wg_canvas without = draw_distinct(ability, -1);
		for (int i = 0; i < without.w; i++) {
			struct wg_canvas with = draw_distinct(ability, i);
			for (int x = 0; x < with.w; x++)
				assert_int_equal(looks_same(&with.cells[x], &without.cells[x]), x != i);
			const struct wg_cell *cell = &with.cells[i];
			assert_true(cell->fg == WG_CURSOR || cell->bg == WG_CURSOR);
			bool outside = DISTINCT[i].flags & WG_HEAT_OUTSIDE;
			assert_true(with.can.colour || outside || (cell->attrs & WG_REVERSE));
			wg_canvas_free(&with);
		}
		wg_canvas_free(&without);
	}
}

static void two_rows_share_a_line_of_half_blocks(void **state)
{
	(void)state;
	struct wg_canvas c = check_canvas(2, 2, CHECK_HALVES);
	assert_int_equal(wg_heat_rows(&c, 2), 4);
	assert_int_equal(wg_heat_rows(&c, -1), 0);
	struct wg_heat_cell cells[6] = {{WG_HUE_ANON, 5, 0}, {.flags = WG_HEAT_OUTSIDE}, {WG_HUE_FILE, 2, 0},
					{WG_HUE_SWAP, 1, 0}, {.flags = WG_HEAT_UNKNOWN}, {WG_HUE_ZERO, 4, 0}};
	wg_draw_heat(&c, (struct wg_rect){0, 0, 2, 2}, &(struct wg_heat_view){cells, 2, 3, 5});
	assert_int_equal(c.cells[0].ch, 0x2580);
	assert_int_equal(c.cells[0].fg, WG_HEAT(WG_HUE_ANON, 5));
	assert_int_equal(c.cells[0].bg, WG_HEAT(WG_HUE_FILE, 2));
	assert_int_equal(c.cells[1].ch, 0x2584); /* the background has no foreground colour */
	assert_int_equal(c.cells[1].fg, WG_HEAT(WG_HUE_SWAP, 1));
	assert_int_equal(c.cells[1].bg, WG_BACK);
	assert_int_equal(c.cells[2].fg, WG_UNKNOWN);
	assert_int_equal(c.cells[3].fg, WG_CURSOR);
	assert_int_equal(c.cells[3].bg, WG_BACK); /* there is no fourth row */
	wg_canvas_free(&c);
	c = check_canvas(2, 2, CHECK_COLOUR);
	assert_int_equal(wg_heat_rows(&c, 2), 2);
	wg_canvas_free(&c);
}

static void strips_keep_the_rows_background(void **state)
{
	(void)state;
	for (int ability = 0; ability < CHECK_ABILITY_N; ability++) {
		struct wg_canvas c = check_canvas(6, 1, ability);
		struct wg_heat_cell cells[2] = {{WG_HUE_ANON, 0, 0}, {.flags = WG_HEAT_OUTSIDE}};
		wg_draw_strip(&c, (struct wg_rect){0, 0, 6, 1}, cells, 2, WG_SELECT);
		for (int x = 0; x < 6; x++)
			assert_int_equal(c.cells[x].bg, WG_SELECT);
		wg_canvas_free(&c);
	}
}

static void numbers_out_of_range_are_no_other_role(void **state)
{
	(void)state;
	for (int ability = 0; ability < CHECK_ABILITY_N; ability++) {
		struct wg_canvas c = check_canvas(1, 1, ability);
		struct wg_heat_cell cells[2] = {{255, 255, 0}, {255, 255, 0}};
		wg_draw_heat(&c, (struct wg_rect){0, 0, 1, 1},
			     &(struct wg_heat_view){cells, 1, wg_heat_rows(&c, 1), -1});
		assert_true(c.cells[0].fg < WG_ROLE_N && c.cells[0].bg < WG_ROLE_N);
		wg_canvas_free(&c);
	}
}

/* ---- sparklines -------------------------------------------------------------------------------------------------- */

static void assert_spark(enum check_ability ability, const uint64_t *values, size_t n, const char *shown)
{
	struct wg_canvas c = check_canvas(4, 1, ability);
	wg_draw_spark(&c, (struct wg_rect){0, 0, 4, 1}, values, n, WG_TEXT, WG_BACK);
	assert_string_equal(check_row(&c, 0), shown);
	wg_canvas_free(&c);
}

static void sparks_show_change(void **state)
{
	(void)state;
	assert_spark(CHECK_HALVES, NULL, 0, "");
	assert_spark(CHECK_HALVES, (uint64_t[]){9, 9, 9, 9}, 4, "▁▁▁▁");
	assert_spark(CHECK_HALVES, (uint64_t[]){0, 0, 1, 0}, 4, "  █");
	assert_spark(CHECK_HALVES, (uint64_t[]){5, 1, 8}, 3, " ▅▁█");
	assert_spark(CHECK_HALVES, (uint64_t[]){1000, 0, 1, 2, 4, 8}, 6, "▁▂▄█"); /* the newest, scaled by themselves */
	assert_spark(CHECK_HALVES, (uint64_t[]){64000, 64001, 64000, 64001}, 4, "▁▁▁▁"); /* noise stays low */
	assert_spark(CHECK_HALVES, (uint64_t[]){0, 1, UINT64_MAX, UINT64_MAX}, 4, " ▁██");
	assert_spark(CHECK_ASCII, (uint64_t[]){0, 1, 50, 100}, 4, " .=#");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_say_none_and_all_exactly),
		cmocka_unit_test(levels_are_spread_evenly),
		cmocka_unit_test(hues_have_letters_of_their_own),
		cmocka_unit_test(all_things_look_different),
		cmocka_unit_test(the_cursor_is_seen_on_anything),
		cmocka_unit_test(two_rows_share_a_line_of_half_blocks),
		cmocka_unit_test(strips_keep_the_rows_background),
		cmocka_unit_test(numbers_out_of_range_are_no_other_role),
		cmocka_unit_test(sparks_show_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
