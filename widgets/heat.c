/*
 * Heat: the map, the strip of a table row, the legend. What a cell says is the same in all three, and is said by what
 * the terminal can do:
 *
 *   half blocks     hue and intensity by colour, two cells a character; unknown ░; old faded
 *   colour          hue by colour, share by shade ░▒▓█, guards ×; unknown ?; old darker
 *   colour, ASCII   hue by background, and a letter: lower case for a part of the pages, upper case for all; old has
 *                   the letter alone in that colour
 *   monochrome      the letter alone, bold from half on, faint if old; the one-hue layers in shades instead
 *
 * Of what is true of a cell at once, the first of these shows: outside, cursor, marked, unknown, changed, then share,
 * faded if it is old.
 */
#include "widgets/views.h"

#include "widgets/measure.h"

#define UPPER_HALF 0x2580u /* ▀ */
#define LOWER_HALF 0x2584u /* ▄ */
#define UNKNOWN    0x2591u /* ░ */
#define UNTOUCHED  0xb7u   /* · */
#define GUARDED    0xd7u   /* × */
#define STRIP      0x2586u /* ▆ leaves the row's own background above it */
#define SWATCH     0x25a0u /* ■ */

static const uint32_t SHADES[WG_LEVELS] = {UNTOUCHED, 0x2591, 0x2592, 0x2592, 0x2593, 0x2588};
static const char ASCII_SHADES[WG_LEVELS] = {'.', ':', '-', '=', '+', '#'};

/* What one cell becomes on the canvas. */
struct glyph {
	uint32_t ch;
	struct wg_style style;
};

unsigned wg_heat_level(uint64_t hits, uint64_t pages)
{
	enum { TOP = WG_LEVELS - 1 };
	if (hits == 0)
		return 0;
	if (hits >= pages)
		return TOP;
	while (pages > UINT64_MAX / TOP) { /* hits * TOP shall not overflow */
		pages >>= 1;
		hits >>= 1;
	}
	unsigned level = 1 + (unsigned)(hits * (TOP - 1) / pages);
	return level < TOP ? level : TOP - 1;
}

char wg_hue_letter(unsigned hue)
{
	static const char LETTERS[WG_HUE_N + 1] = "afswkzhg#+-~xmebt";
	return hue < WG_HUE_N ? LETTERS[hue] : '?';
}

static unsigned hue_of(const struct wg_heat_cell *cell)
{
	return cell->hue < WG_HUE_N ? cell->hue : WG_HUE_LAYER;
}

static unsigned level_of(const struct wg_heat_cell *cell)
{
	return cell->level < WG_LEVELS ? cell->level : WG_LEVELS - 1;
}

/* Age is the least that a cell says, and only what is there has one. */
static bool is_faded(const struct wg_heat_cell *cell)
{
	const unsigned above = WG_HEAT_OUTSIDE | WG_HEAT_MARKED | WG_HEAT_UNKNOWN | WG_HEAT_CHANGED;
	return cell->flags & WG_HEAT_OLD && !(cell->flags & above) && level_of(cell) > 0;
}

/* The one role of a cell: its colour where a colour is all there is to say it. */
static uint8_t cell_role(const struct wg_heat_cell *cell)
{
	unsigned level = level_of(cell);
	if (cell->flags & WG_HEAT_OUTSIDE)
		return WG_BACK;
	if (cell->flags & WG_HEAT_MARKED) /* what is touched stays to be seen */
		return level > 0 ? WG_ACCENT : WG_SELECT;
	if (cell->flags & WG_HEAT_UNKNOWN)
		return WG_UNKNOWN;
	if (cell->flags & WG_HEAT_CHANGED)
		return level > 0 ? WG_FLASH(hue_of(cell)) : WG_CHANGED;
	if (level == 0 && !(cell->flags & WG_HEAT_VMA_ODD))
		return WG_EMPTY;
	return is_faded(cell) ? WG_FADED(hue_of(cell), level) : WG_HEAT(hue_of(cell), level);
}

/* The letter of a cell: the kind, in upper case if all of its pages are of it. */
static uint32_t cell_letter(const struct wg_canvas *c, const struct wg_heat_cell *cell)
{
	unsigned level = level_of(cell);
	char letter = wg_hue_letter(hue_of(cell));
	if (cell->flags & WG_HEAT_UNKNOWN)
		return '?';
	if (level == 0)
		return UNTOUCHED;
	if (letter == '#')
		return c->can.unicode ? SHADES[level] : (uint32_t)ASCII_SHADES[level];
	bool all = level == WG_LEVELS - 1 && letter >= 'a' && letter <= 'z';
	return (uint32_t)(all ? letter - 'a' + 'A' : letter);
}

static struct glyph mono_glyph(const struct wg_canvas *c, const struct wg_heat_cell *cell, bool cursor)
{
	struct glyph glyph = {cell_letter(c, cell), WG_STYLE(cell_role(cell), WG_BACK)};
	if (is_faded(cell))
		glyph.style.attrs |= WG_FAINT;
	else if (level_of(cell) >= WG_LEVELS / 2)
		glyph.style.attrs |= WG_BOLD;
	if (cell->flags & WG_HEAT_CHANGED)
		glyph.style.attrs |= WG_BOLD | WG_UNDERLINE;
	if (cell->flags & WG_HEAT_MARKED)
		glyph.style.attrs |= WG_REVERSE;
	if (cursor) { /* in a marked range, the one that is underlined */
		glyph.style.bg = WG_CURSOR;
		glyph.style.attrs |= WG_BOLD | WG_REVERSE | (cell->flags & WG_HEAT_MARKED ? WG_UNDERLINE : 0);
	}
	return glyph;
}

/* Ink on the cell's colour as the background; faded, the colour is that of the letter. */
static struct glyph ink_glyph(const struct wg_canvas *c, const struct wg_heat_cell *cell, uint8_t bg)
{
	uint32_t letter = cell_letter(c, cell);
	if (bg != WG_CURSOR && is_faded(cell))
		return (struct glyph){letter, WG_STYLE(bg, WG_EMPTY)};
	if (bg == WG_EMPTY || bg == WG_UNKNOWN)
		return (struct glyph){letter, WG_STYLE(bg == WG_EMPTY ? WG_DIM : WG_UNKNOWN, WG_EMPTY)};
	return (struct glyph){letter, WG_STYLE(WG_BACK, bg)};
}

static struct glyph shade_glyph(const struct wg_heat_cell *cell)
{
	struct glyph glyph = {SHADES[level_of(cell)], WG_STYLE(cell_role(cell), WG_EMPTY)};
	if (cell->flags & WG_HEAT_VMA_ODD)
		glyph.style.bg = WG_HEAT(hue_of(cell), 0);
	if (cell->flags & WG_HEAT_UNKNOWN)
		glyph.ch = '?';
	else if (hue_of(cell) == WG_HUE_GUARD && level_of(cell) > 0)
		glyph.ch = GUARDED;
	if (cell->flags & WG_HEAT_MARKED)
		glyph.style.bg = WG_SELECT;
	else if (glyph.ch == UNTOUCHED && !(cell->flags & WG_HEAT_CHANGED))
		glyph.style.fg = WG_DIM;
	return glyph;
}

/* A cell as a character of its own. */
static struct glyph cell_glyph(const struct wg_canvas *c, const struct wg_heat_cell *cell, bool cursor)
{
	if (cell->flags & WG_HEAT_OUTSIDE)
		return (struct glyph){' ', WG_STYLE(WG_TEXT, cursor ? WG_CURSOR : WG_BACK)};
	if (!c->can.colour)
		return mono_glyph(c, cell, cursor);
	if (cursor)
		return ink_glyph(c, cell, WG_CURSOR);
	return c->can.unicode ? shade_glyph(cell) : ink_glyph(c, cell, cell_role(cell));
}

/* ---- the map --------------------------------------------------------------------------------------------------- */

static bool has_halves(const struct wg_canvas *c)
{
	return c->can.half_blocks && c->can.unicode && c->can.colour;
}

int wg_heat_rows(const struct wg_canvas *c, int h)
{
	return h <= 0 ? 0 : has_halves(c) ? 2 * h : h;
}

static bool is_cursor(const struct wg_heat_view *view, int i)
{
	return i == view->cursor || view->cells[i].flags & WG_HEAT_CURSOR;
}

/* The role of the cell at (x, row), plain background where the view has none. */
static uint8_t role_at(const struct wg_heat_view *view, int x, int row)
{
	if (row >= view->rows)
		return WG_BACK;
	int i = row * view->w + x;
	return is_cursor(view, i) ? WG_CURSOR : cell_role(&view->cells[i]);
}

/* Two cells in one character. Plain background is never the foreground: a terminal's default one can't be. */
static struct glyph halves_glyph(uint8_t upper, uint8_t lower)
{
	if (upper == WG_UNKNOWN && lower == WG_UNKNOWN)
		return (struct glyph){UNKNOWN, WG_STYLE(WG_UNKNOWN, WG_EMPTY)};
	if (upper == WG_BACK && lower == WG_BACK)
		return (struct glyph){' ', WG_STYLE(WG_TEXT, WG_BACK)};
	if (upper == WG_BACK)
		return (struct glyph){LOWER_HALF, WG_STYLE(lower, upper)};
	return (struct glyph){UPPER_HALF, WG_STYLE(upper, lower)};
}

static struct glyph map_glyph(const struct wg_canvas *c, const struct wg_heat_view *view, int x, int y)
{
	if (has_halves(c))
		return halves_glyph(role_at(view, x, 2 * y), role_at(view, x, 2 * y + 1));
	int i = y * view->w + x;
	return cell_glyph(c, &view->cells[i], is_cursor(view, i));
}

void wg_draw_heat(struct wg_canvas *c, struct wg_rect rect, const struct wg_heat_view *view)
{
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	int lines = has_halves(c) ? (view->rows + 1) / 2 : view->rows;
	int h = lines < rect.h ? lines : rect.h, w = view->w < rect.w ? view->w : rect.w;
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			struct glyph glyph = map_glyph(c, view, x, y);
			wg_put(c, rect, x, y, glyph.ch, glyph.style);
		}
	}
}

/* ---- the strip ------------------------------------------------------------------------------------------------- */

static struct glyph strip_glyph(const struct wg_canvas *c, const struct wg_heat_cell *cell, uint8_t bg)
{
	struct glyph glyph;
	if (cell->flags & WG_HEAT_OUTSIDE)
		return (struct glyph){' ', WG_STYLE(WG_TEXT, bg)};
	if (has_halves(c))
		glyph = (struct glyph){cell->flags & WG_HEAT_UNKNOWN ? UNKNOWN : STRIP, WG_STYLE(cell_role(cell), bg)};
	else
		glyph = cell_glyph(c, cell, false);
	if (glyph.style.bg == WG_EMPTY || glyph.style.bg == WG_BACK)
		glyph.style.bg = bg;
	return glyph;
}

void wg_draw_strip(struct wg_canvas *c, struct wg_rect rect, const struct wg_heat_cell *cells, int n, uint8_t bg)
{
	rect.h = rect.h > 0 ? 1 : 0;
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, bg));
	for (int x = 0; x < n && x < rect.w; x++) {
		struct glyph glyph = strip_glyph(c, &cells[x], bg);
		wg_put(c, rect, x, 0, glyph.ch, glyph.style);
	}
}

/* ---- the legend ------------------------------------------------------------------------------------------------ */

static struct glyph swatch(const struct wg_canvas *c, const struct wg_legend_item *item)
{
	struct wg_heat_cell cell = {.hue = item->hue, .level = item->level};
	cell.flags = (uint8_t)((item->unknown ? WG_HEAT_UNKNOWN : 0) | (item->changed ? WG_HEAT_CHANGED : 0) |
			       (item->old ? WG_HEAT_OLD : 0));
	if (item->changed && c->can.unicode && c->can.colour)
		return (struct glyph){SWATCH, WG_STYLE(WG_CHANGED, WG_BACK)};
	if (!has_halves(c))
		return cell_glyph(c, &cell, false);
	if (item->unknown)
		return (struct glyph){UNKNOWN, WG_STYLE(WG_UNKNOWN, WG_EMPTY)};
	return (struct glyph){SWATCH, WG_STYLE(cell_role(&cell), WG_BACK)};
}

void wg_draw_legend(struct wg_canvas *c, struct wg_rect rect, const struct wg_legend_item *items, size_t n)
{
	enum { GAP = 2 };
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	struct wg_rect inside = wg_rect_padded(rect);
	int x = 0, y = 0;
	for (size_t i = 0; i < n; i++) {
		int w = 2 + wg_text_width(items[i].label);
		if (x > 0 && x + w > inside.w) {
			x = 0;
			y++;
		}
		if (x + w > inside.w || y >= inside.h)
			break;
		struct glyph glyph = swatch(c, &items[i]);
		wg_put(c, inside, x, y, glyph.ch, glyph.style);
		wg_text(c, inside, x + 2, y, items[i].label, WG_STYLE(WG_DIM, WG_BACK));
		x += w + GAP;
	}
}
