/*
 * Canvas checks: see canvas_check.h.
 */
#include "tests/support/canvas_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/golden.h"
#include "tests/support/rounds.h"
#include "widgets/measure.h"
#include "widgets/views.h"

#define GUARD 3

/* A valid cell that no widget draws: these are no roles. */
static const struct wg_cell SENTINEL = {.ch = '!', .fg = 0xee, .bg = 0xee, .attrs = 0xee};

static const struct {
	const char *name;
	struct wg_ability can;
} ABILITIES[CHECK_ABILITY_N] = {
	[CHECK_HALVES] = {"halves", {.unicode = true, .half_blocks = true, .colour = true}},
	[CHECK_COLOUR] = {"colour", {.unicode = true, .colour = true}},
	[CHECK_MONO] = {"mono", {.unicode = true}},
	[CHECK_ASCII] = {"ascii", {.colour = true}},
	[CHECK_ASCII_MONO] = {"ascii-mono", {0}},
};

const char *check_ability_name(enum check_ability ability)
{
	return ABILITIES[ability].name;
}

struct wg_canvas check_canvas(int w, int h, enum check_ability ability)
{
	struct wg_canvas c = {.can = ABILITIES[ability].can};
	assert_true(wg_canvas_resize(&c, w, h));
	return c;
}

static const struct wg_cell *cell_at(const struct wg_canvas *c, int x, int y)
{
	return &c->cells[y * c->w + x];
}

static bool same_cell(struct wg_cell a, struct wg_cell b)
{
	return a.ch == b.ch && a.fg == b.fg && a.bg == b.bg && a.attrs == b.attrs;
}

/* ---- goldens ---------------------------------------------------------------------------------------------------- */

static void write_utf8(FILE *out, uint32_t ch)
{
	if (ch < 0x80) {
		fputc((int)ch, out);
	} else if (ch < 0x800) {
		fprintf(out, "%c%c", 0xc0 | ch >> 6, 0x80 | (ch & 0x3f));
	} else if (ch < 0x10000) {
		fprintf(out, "%c%c%c", 0xe0 | ch >> 12, 0x80 | (ch >> 6 & 0x3f), 0x80 | (ch & 0x3f));
	} else {
		fprintf(out, "%c%c%c%c", 0xf0 | ch >> 18, 0x80 | (ch >> 12 & 0x3f), 0x80 | (ch >> 6 & 0x3f),
			0x80 | (ch & 0x3f));
	}
}

static bool is_heat(uint8_t role)
{
	return role >= WG_HEAT_FIRST && role < WG_ROLE_N;
}

static int hue_of(uint8_t role)
{
	return role >= WG_FLASH_FIRST ? role - WG_FLASH_FIRST : (role - WG_HEAT_FIRST) / WG_LEVELS % WG_HUE_N;
}

static char role_letter(uint8_t role)
{
	static const char PLAIN[WG_ROLE_PLAIN_N + 1] = "tdSTKGWBA?_!+- =>@<";
	if (is_heat(role))
		return wg_hue_letter((unsigned)hue_of(role));
	assert_true(role < WG_ROLE_PLAIN_N);
	return PLAIN[role];
}

/* A level as a digit, of a faded one as a letter, * for what just changed. */
static char level_digit(uint8_t role)
{
	int level = (role - WG_HEAT_FIRST) % WG_LEVELS;
	if (!is_heat(role))
		return ' ';
	return (char)(role >= WG_FLASH_FIRST ? '*' : role >= WG_FADED_FIRST ? 'a' + level : '0' + level);
}

static char fg_letter(const struct wg_cell *cell)
{
	return role_letter(cell->fg);
}
static char bg_letter(const struct wg_cell *cell)
{
	return role_letter(cell->bg);
}
static char fg_level(const struct wg_cell *cell)
{
	return level_digit(cell->fg);
}
static char bg_level(const struct wg_cell *cell)
{
	return level_digit(cell->bg);
}
static char attrs_digit(const struct wg_cell *cell)
{
	return (char)(cell->attrs ? '0' + cell->attrs : ' ');
}

/* A map of one aspect of all cells, each line with its trailing blanks cut off; nothing if it is blank. */
static void write_map(FILE *out, const struct wg_canvas *c, const char *title, char (*letter)(const struct wg_cell *))
{
	bool any = false;
	for (int i = 0; i < c->w * c->h; i++)
		any = any || letter(&c->cells[i]) != ' ';
	if (!any)
		return;
	fprintf(out, "--- %s\n", title);
	for (int y = 0; y < c->h; y++) {
		int w = c->w;
		while (w > 0 && letter(cell_at(c, w - 1, y)) == ' ')
			w--;
		for (int x = 0; x < w; x++)
			fputc(letter(cell_at(c, x, y)), out);
		fputc('\n', out);
	}
}

const char *check_row(const struct wg_canvas *c, int y)
{
	static char row[4096];
	row[0] = '\0'; /* fmemopen writes none if nothing is written */
	FILE *out = fmemopen(row, sizeof row, "w");
	assert_non_null(out);
	int w = c->w;
	while (w > 0 && cell_at(c, w - 1, y)->ch == ' ')
		w--;
	for (int x = 0; x < w; x++)
		if (cell_at(c, x, y)->ch)
			write_utf8(out, cell_at(c, x, y)->ch);
	fclose(out);
	return row;
}

static void write_canvas(FILE *out, const struct wg_canvas *c)
{
	fprintf(out, "--- %dx%d\n", c->w, c->h);
	for (int y = 0; y < c->h; y++)
		fprintf(out, "%s\n", check_row(c, y));
	write_map(out, c, "foreground", fg_letter);
	write_map(out, c, "foreground levels", fg_level);
	write_map(out, c, "background", bg_letter);
	write_map(out, c, "background levels", bg_level);
	write_map(out, c, "attributes", attrs_digit);
}

void check_golden(const struct wg_canvas *c, const char *name)
{
	check_golden_in(c, "widgets", name);
}

void check_golden_in(const struct wg_canvas *c, const char *folder, const char *name)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	write_canvas(out, c);
	fclose(out);
	golden_check(text, folder, name);
	free(text);
}

/* ---- properties ------------------------------------------------------------------------------------------------- */

void check_valid(const struct wg_canvas *c)
{
	for (int i = 0; i < c->w * c->h; i++) {
		const struct wg_cell *cell = &c->cells[i];
		bool first = i % c->w == 0, last = i % c->w == c->w - 1;
		if (cell->ch == 0) {
			assert_false(first);
			assert_int_equal(wg_char_width(cell[-1].ch), 2);
			continue;
		}
		assert_true(cell->ch >= ' ' && (cell->ch < 0x7f || cell->ch >= 0xa0));
		assert_true(c->can.unicode || cell->ch < 0x7f);
		if (wg_char_width(cell->ch) == 2)
			assert_true(!last && cell[1].ch == 0);
	}
}

static void fill_sentinels(struct wg_canvas *c)
{
	for (int i = 0; i < c->w * c->h; i++)
		c->cells[i] = SENTINEL;
}

static bool is_inside(struct wg_rect rect, int x, int y)
{
	return x >= rect.x && x < rect.x + rect.w && y >= rect.y && y < rect.y + rect.h;
}

/* Cells of painted hold a drawing and those around it the sentinel. */
static void check_painted(const struct wg_canvas *c, struct wg_rect painted, struct wg_rect rect)
{
	for (int y = 0; y < c->h; y++) {
		for (int x = 0; x < c->w; x++) {
			const struct wg_cell *cell = cell_at(c, x, y);
			bool inside = is_inside(painted, x, y);
			if (inside ? cell->fg == SENTINEL.fg : !same_cell(*cell, SENTINEL))
				fail_msg("at size %dx%d the cell %d,%d is %s", rect.w, rect.h, x - rect.x, y - rect.y,
					 inside ? "left as it was" : "drawn outside");
		}
	}
}

void check_sizes(check_draw_fn *draw, int w, int h, bool one_line)
{
	const int step = rounds_are_slow() ? 7 : 1; /* goes through all widths and abilities */
	for (int i = 0; i < (w + 1) * (h + 1); i += step) {
		struct wg_rect rect = {GUARD, GUARD, i % (w + 1), i / (w + 1)}, painted = rect;
		struct wg_canvas c = check_canvas(rect.w + 2 * GUARD, rect.h + 2 * GUARD, i % CHECK_ABILITY_N);
		fill_sentinels(&c);
		draw(&c, rect);
		painted.h = one_line && rect.h > 1 ? 1 : rect.h;
		check_painted(&c, painted, rect);
		check_valid(&c);
		wg_canvas_free(&c);
	}
}

/* What a canvas that ends at [0, w) shows of a cell of a row that goes on to both sides. */
static struct wg_cell cropped(const struct wg_cell *cell, int x, int w)
{
	struct wg_cell seen = *cell;
	bool right_half = cell->ch == 0, left_half = cell->ch != 0 && wg_char_width(cell->ch) == 2;
	if ((right_half && x == 0) || (left_half && x == w - 1))
		seen.ch = ' ';
	return seen;
}

static void check_clipped_at(check_draw_fn *draw, struct wg_rect rect, int ability)
{
	enum { W = 11, H = 4, AROUND = 40 };
	struct wg_canvas small = check_canvas(W, H, ability);
	struct wg_canvas big = check_canvas(W + 2 * AROUND, H + 2 * AROUND, ability);
	draw(&small, rect);
	draw(&big, (struct wg_rect){rect.x + AROUND, rect.y + AROUND, rect.w, rect.h});
	check_valid(&small);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			if (!same_cell(*cell_at(&small, x, y), cropped(cell_at(&big, x + AROUND, y + AROUND), x, W)))
				fail_msg("%dx%d at %d,%d: cell %d,%d is clipped wrongly", rect.w, rect.h, rect.x,
					 rect.y, x, y);
	wg_canvas_free(&small);
	wg_canvas_free(&big);
}

void check_clipping(check_draw_fn *draw)
{
	static const int WIDTHS[] = {-1, 1, 5, 12, 33}, HEIGHTS[] = {-1, 1, 3, 9};
	int ability = 0;
	for (int i = 0; i < 5 * 4; i++)
		for (int x = -35; x < 13; x += 3)
			for (int y = -7; y < 6; y += 2)
				check_clipped_at(draw, (struct wg_rect){x, y, WIDTHS[i % 5], HEIGHTS[i / 5]},
						 ability++ % CHECK_ABILITY_N);
}
