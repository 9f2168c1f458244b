/*
 * The canvas: its cells, filling, clipping, and the one function that writes a cell. The canvas owns its cells.
 *
 * Invariant: a cell with ch 0 follows a cell with a wide character, and each wide character is followed by one. So
 * whoever overwrites one half of a wide character blanks the other, even if that half lies outside the rectangle.
 */
#include "widgets/canvas.h"

#include <limits.h>
#include <stdlib.h>

#include "widgets/measure.h"

static const struct wg_cell BLANK = {.ch = ' ', .fg = WG_TEXT, .bg = WG_BACK};

bool wg_canvas_resize(struct wg_canvas *canvas, int w, int h)
{
	w = w > 0 ? w : 0;
	h = h > 0 ? h : 0;
	if (w > 0 && h > INT_MAX / w)
		return false;
	size_t n = (size_t)w * (size_t)h;
	struct wg_cell *cells = NULL;
	if (n > 0) {
		cells = malloc(n * sizeof *cells);
		if (!cells)
			return false;
	}
	free(canvas->cells);
	canvas->cells = cells;
	canvas->w = w;
	canvas->h = h;
	wg_canvas_clear(canvas);
	return true;
}

void wg_canvas_free(struct wg_canvas *canvas)
{
	if (!canvas)
		return;
	free(canvas->cells);
	canvas->cells = NULL;
	canvas->w = canvas->h = 0;
}

void wg_canvas_clear(struct wg_canvas *canvas)
{
	size_t n = (size_t)canvas->w * (size_t)canvas->h;
	for (size_t i = 0; i < n; i++)
		canvas->cells[i] = BLANK;
}

/* The common part of two ranges [a, a + n) and [b, b + m); empty ones get length 0. 64 bits, so that ends can't wrap. */
static void range_clip(int a, int n, int b, int m, int *ret_start, int *ret_length)
{
	int64_t start = a > b ? a : b;
	int64_t a_end = (int64_t)a + n, b_end = (int64_t)b + m;
	int64_t length = (a_end < b_end ? a_end : b_end) - start;
	*ret_start = (int)start;
	*ret_length = length > 0 && n > 0 && m > 0 ? (int)length : 0;
}

struct wg_rect wg_rect_clip(struct wg_rect a, struct wg_rect b)
{
	struct wg_rect both;
	range_clip(a.x, a.w, b.x, b.w, &both.x, &both.w);
	range_clip(a.y, a.h, b.y, b.h, &both.y, &both.h);
	return both;
}

/* What of rect is on the canvas. */
static struct wg_rect visible(const struct wg_canvas *c, struct wg_rect rect)
{
	return wg_rect_clip(rect, (struct wg_rect){0, 0, c->w, c->h});
}

static struct wg_cell *row_of(const struct wg_canvas *c, int y)
{
	return c->cells + (size_t)y * (size_t)c->w;
}

/* Blanks the halves of wide characters that writing cells [x, x + n) of a row would orphan. */
static void mend_row(struct wg_cell *row, int w, int x, int n)
{
	if (x > 0 && row[x].ch == 0)
		row[x - 1].ch = ' ';
	if (x + n < w && row[x + n].ch == 0)
		row[x + n].ch = ' ';
}

static struct wg_cell styled(uint32_t ch, struct wg_style style)
{
	return (struct wg_cell){.ch = ch, .fg = style.fg, .bg = style.bg, .attrs = style.attrs};
}

/* ch as this canvas can show it. Control characters never get into a cell. */
static uint32_t showable(const struct wg_canvas *c, uint32_t ch)
{
	if (ch < ' ' || (ch >= 0x7f && ch < 0xa0))
		ch = WG_REPLACEMENT;
	return c->can.unicode ? ch : wg_ascii(ch);
}

static void put_cells(struct wg_canvas *c, struct wg_rect seen, int64_t x, int y, uint32_t ch, int width,
		      struct wg_style style)
{
	struct wg_cell *row = row_of(c, y);
	bool whole = x >= seen.x && x + width <= (int64_t)seen.x + seen.w;
	for (int i = 0; i < width; i++) {
		int64_t at = x + i;
		if (at < seen.x || at >= (int64_t)seen.x + seen.w)
			continue;
		mend_row(row, c->w, (int)at, 1);
		row[at] = styled(whole ? ch : ' ', style);
	}
	if (whole && width == 2)
		row[x + 1].ch = 0;
}

void wg_put(struct wg_canvas *c, struct wg_rect rect, int x, int y, uint32_t ch, struct wg_style style)
{
	int width = wg_char_width(ch);
	struct wg_rect seen = visible(c, rect);
	int64_t at_x = (int64_t)rect.x + x, at_y = (int64_t)rect.y + y;
	if (width == 0 || at_y < seen.y || at_y >= (int64_t)seen.y + seen.h)
		return;
	ch = showable(c, ch);
	if (width == 2 && !c->can.unicode) { /* as wide as with Unicode, so that nothing else moves */
		put_cells(c, seen, at_x, (int)at_y, ch, 1, style);
		put_cells(c, seen, at_x + 1, (int)at_y, ch, 1, style);
		return;
	}
	put_cells(c, seen, at_x, (int)at_y, ch, width, style);
}

void wg_fill(struct wg_canvas *c, struct wg_rect rect, uint32_t ch, struct wg_style style)
{
	struct wg_rect seen = visible(c, rect);
	if (seen.w == 0)
		return;
	struct wg_cell cell = styled(showable(c, wg_char_width(ch) == 1 ? ch : ' '), style);
	for (int y = seen.y; y < seen.y + seen.h; y++) {
		struct wg_cell *row = row_of(c, y);
		mend_row(row, c->w, seen.x, seen.w);
		for (int x = seen.x; x < seen.x + seen.w; x++)
			row[x] = cell;
	}
}

void wg_tint(struct wg_canvas *c, struct wg_rect rect, uint8_t bg)
{
	struct wg_rect seen = visible(c, rect);
	for (int y = seen.y; y < seen.y + seen.h; y++)
		for (int x = seen.x; x < seen.x + seen.w; x++)
			row_of(c, y)[x].bg = bg;
}
