/*
 * Plots: layers stacked over time, a column each cell. What a cell holds is decided in eighths of its height:
 *
 *   half blocks     both layers that meet in a cell by colour, at the eighth where they meet; hatched ▒, unknown ░
 *   colour          the larger layer by colour; only the upper edge of the stack in eighths
 *   colour, ASCII   the letter of the larger layer on its colour
 *   monochrome      that letter
 */
#include "widgets/views.h"

#include "widgets/measure.h"

enum { GUTTER = 7, GUTTER_FROM = 40, EIGHTHS = 8, NOTHING = -1 };

#define BLOCK   0x2580u /* ▁ is BLOCK + 1, █ is BLOCK + 8 */
#define HATCH   0x2592u /* ▒ */
#define UNKNOWN 0x2591u /* ░ */
#define LINE    0x2502u /* │ */
#define DASHES  0x2506u /* ┆ */
#define FLAG    0x25bcu /* ▼ */
#define RANGE   0x2501u /* ━ */
#define RULE    0x2500u /* ─ */
#define TICK    0x252cu /* ┬ */
#define CORNER  0x2514u /* └ */
#define LEVEL   0x2524u /* ┤ */
#define GRID    0x2508u /* ┈ */

/* A cell: its lower `split` eighths are of one layer, the rest of another. */
struct part {
	int lower, upper; /* index of a layer, or NOTHING */
	int split;        /* 1 .. EIGHTHS; EIGHTHS: all of it is the lower one */
};

struct glyph {
	uint32_t ch;
	struct wg_style style;
};

static bool has_halves(const struct wg_canvas *c)
{
	return c->can.half_blocks && c->can.unicode && c->can.colour;
}

/* ---- where things are ------------------------------------------------------------------------------------------- */

static bool has_axis(struct wg_rect rect)
{
	return rect.h >= 3;
}

static bool has_axis_line(struct wg_rect rect)
{
	return rect.h >= 8;
}

static bool has_flags(struct wg_rect rect, bool marks)
{
	return marks && rect.h >= 4;
}

struct wg_rect wg_plot_area(struct wg_rect rect, bool marks)
{
	wg_take_left(&rect, rect.w >= GUTTER_FROM ? GUTTER : 0);
	wg_take_top(&rect, has_flags(rect, marks));
	wg_take_bottom(&rect, has_axis(rect) + has_axis_line(rect));
	return rect;
}

/* ---- the stack -------------------------------------------------------------------------------------------------- */

/* How many eighths up the value reaches, of all that the area has. */
static uint64_t eighths(const struct wg_plot *p, uint64_t value, int rows)
{
	uint64_t all = (uint64_t)rows * EIGHTHS;
	if (!p->top)
		return 0;
	double share = (double)value / (double)p->top;
	return share >= 1 ? all : (uint64_t)(share * (double)all + 0.5);
}

/* The upper edge of each layer, in eighths from the foot. */
static void edges(const struct wg_plot *p, int column, int rows, uint64_t *ret)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < p->n_series && i < WG_PLOT_SERIES; i++) {
		uint64_t v = p->columns[column].v[i];
		sum = sum + v < sum ? UINT64_MAX : sum + v;
		ret[i] = eighths(p, sum, rows);
	}
}

static int layer_at(const struct wg_plot *p, const uint64_t *edge, uint64_t eighth)
{
	for (size_t i = 0; i < p->n_series && i < WG_PLOT_SERIES; i++)
		if (eighth < edge[i])
			return (int)i;
	return NOTHING;
}

/* The two layers that have most of a cell's eighths, the lower one first. */
static struct part part_of(const struct wg_plot *p, const uint64_t *edge, uint64_t foot)
{
	int n[WG_PLOT_SERIES + 1] = {0}, at[EIGHTHS];
	for (uint64_t i = 0; i < EIGHTHS; i++) {
		at[i] = layer_at(p, edge, foot + i);
		n[at[i] + 1]++;
	}
	int best = at[0], second = at[0];
	for (int i = 0; i < EIGHTHS; i++)
		if (n[at[i] + 1] > n[best + 1])
			best = at[i];
	for (int i = 0; i < EIGHTHS; i++)
		if (at[i] != best && (second == best || n[at[i] + 1] > n[second + 1]))
			second = at[i];
	if (second == best)
		return (struct part){best, best, EIGHTHS};
	/* NOTHING lies above all layers */
	bool best_below = second == NOTHING || (best != NOTHING && best < second);
	int lower = best_below ? best : second, upper = best_below ? second : best, split = 0;
	while (split < EIGHTHS && at[split] != upper && (at[split] != NOTHING))
		split++;
	return (struct part){lower, upper, split > 0 ? split : 1};
}

/* The layer that has most of a cell. */
static int larger(const struct part *part)
{
	return 2 * part->split >= EIGHTHS ? part->lower : part->upper;
}

static uint8_t colour_of(const struct wg_plot *p, int layer)
{
	if (layer == NOTHING)
		return WG_BACK;
	const struct wg_plot_series *s = &p->series[layer];
	return s->unknown ? WG_UNKNOWN
			  : WG_HEAT(s->hue < WG_HUE_N ? s->hue : WG_HUE_LAYER, s->hatched ? 4 : WG_LEVELS - 1);
}

static uint32_t letter_of(const struct wg_plot_series *s)
{
	return s->unknown ? (uint32_t)'?' : (uint32_t)wg_hue_letter(s->hue);
}

/* A cell that is all of one layer. */
static struct glyph full(const struct wg_canvas *c, const struct wg_plot *p, int layer)
{
	uint8_t role = colour_of(p, layer);
	if (layer == NOTHING)
		return (struct glyph){' ', WG_STYLE(WG_TEXT, WG_BACK)};
	const struct wg_plot_series *s = &p->series[layer];
	if (!c->can.colour)
		return (struct glyph){letter_of(s), WG_STYLE(role, WG_BACK)};
	if (!c->can.unicode)
		return (struct glyph){letter_of(s), s->unknown ? WG_STYLE(role, WG_EMPTY) : WG_STYLE(WG_BACK, role)};
	if (s->unknown || s->hatched)
		return (struct glyph){s->unknown ? UNKNOWN : HATCH, WG_STYLE(role, WG_EMPTY)};
	return (struct glyph){BLOCK + EIGHTHS, WG_STYLE(role, has_halves(c) ? role : WG_BACK)};
}

static struct glyph stack_glyph(const struct wg_canvas *c, const struct wg_plot *p, const struct part *part)
{
	bool edge = part->upper == NOTHING && part->lower != NOTHING; /* of the stack */
	if (part->split == EIGHTHS || !c->can.unicode || !c->can.colour || (!has_halves(c) && !edge))
		return full(c, p, larger(part));
	return (struct glyph){BLOCK + (uint32_t)part->split,
			      WG_STYLE(colour_of(p, part->lower), colour_of(p, part->upper))};
}

static void draw_stack(struct wg_canvas *c, struct wg_rect area, const struct wg_plot *p)
{
	for (int x = 0; x < area.w && x < p->n; x++) {
		uint64_t edge[WG_PLOT_SERIES] = {0};
		if (p->columns[x].gap)
			continue;
		edges(p, x, area.h, edge);
		for (int y = 0; y < area.h; y++) {
			struct part part = part_of(p, edge, (uint64_t)(area.h - 1 - y) * EIGHTHS);
			struct glyph glyph = stack_glyph(c, p, &part);
			if (part.lower != NOTHING)
				wg_put(c, area, x, y, glyph.ch, glyph.style);
		}
	}
}

/* What a cell of the stack shows behind a line drawn over it. */
static uint8_t behind(const struct wg_canvas *c, const struct wg_plot *p, struct wg_rect area, int x, int y)
{
	uint64_t edge[WG_PLOT_SERIES] = {0};
	if (x >= p->n || p->columns[x].gap || !has_halves(c))
		return WG_BACK;
	edges(p, x, area.h, edge);
	struct part part = part_of(p, edge, (uint64_t)(area.h - 1 - y) * EIGHTHS);
	int layer = part.upper == NOTHING && part.split < EIGHTHS - 1 ? NOTHING : larger(&part);
	return layer != NOTHING && (p->series[layer].unknown || p->series[layer].hatched) ? WG_EMPTY
											  : colour_of(p, layer);
}

/* ---- what stands around it -------------------------------------------------------------------------------------- */

static int row_of_level(const struct wg_plot *p, struct wg_rect area, uint64_t value)
{
	return area.h - 1 - (int)((eighths(p, value, area.h) + EIGHTHS / 2) / EIGHTHS) + 1;
}

static void draw_levels(struct wg_canvas *c, struct wg_rect rect, struct wg_rect area, const struct wg_plot *p)
{
	struct wg_rect gutter = {rect.x, area.y, area.x - rect.x, area.h};
	for (size_t i = 0; i < p->n_levels; i++) {
		int y = row_of_level(p, area, p->levels[i].at);
		if (y < 0 || y >= area.h)
			continue;
		for (int x = 0; x < area.w; x++)
			wg_put(c, area, x, y, GRID, WG_STYLE(WG_DIM, WG_BACK));
		wg_text_right(c, gutter, 0, y, gutter.w - 1, p->levels[i].text, WG_STYLE(WG_DIM, WG_BACK));
	}
	for (int y = 0; y < gutter.h; y++)
		wg_put(c, gutter, gutter.w - 1, y, LINE, WG_STYLE(WG_DIM, WG_BACK));
	for (size_t i = 0; i < p->n_levels && gutter.w > 0; i++) {
		int y = row_of_level(p, area, p->levels[i].at);
		if (y >= 0 && y < area.h)
			wg_put(c, gutter, gutter.w - 1, y, LEVEL, WG_STYLE(WG_DIM, WG_BACK));
	}
}

static void draw_cursor(struct wg_canvas *c, struct wg_rect area, const struct wg_plot *p, int x, uint32_t ch)
{
	if (x < 0 || x >= area.w)
		return;
	for (int y = 0; y < area.h; y++) {
		struct wg_style style = WG_STYLE(WG_CURSOR, behind(c, p, area, x, y));
		if (!c->can.colour) /* the role alone would not be seen */
			style = (struct wg_style){WG_CURSOR, WG_CURSOR, WG_BOLD | WG_REVERSE};
		wg_put(c, area, x, y, ch, style);
	}
}

static void draw_axis_line(struct wg_canvas *c, struct wg_rect line, int gutter, const struct wg_plot *p)
{
	for (int x = gutter; x < line.w; x++)
		wg_put(c, line, x, 0, RULE, WG_STYLE(WG_DIM, WG_BACK));
	if (gutter)
		wg_put(c, line, gutter - 1, 0, CORNER, WG_STYLE(WG_DIM, WG_BACK));
	for (size_t i = 0; i < p->n_ticks; i++)
		wg_put(c, line, gutter + (int)p->ticks[i].at, 0, TICK, WG_STYLE(WG_DIM, WG_BACK));
}

/* The range between the cursors, along the foot. */
static void draw_range(struct wg_canvas *c, struct wg_rect line, int gutter, const struct wg_plot *p)
{
	int low = p->cursor < p->anchor ? p->cursor : p->anchor, high = p->cursor < p->anchor ? p->anchor : p->cursor;
	if (low < 0)
		return;
	for (int x = low; x <= high; x++)
		wg_put(c, line, gutter + x, 0, RANGE, WG_STYLE(WG_CURSOR, WG_BACK));
}

/* A label centred at column `at`, moved inside the line. Returns where it begins. */
static int label_x(int w, int at, const char *text)
{
	int n = wg_text_width(text), x = at - n / 2;
	if (x + n > w)
		x = w - n;
	return x < 0 ? 0 : x;
}

static void draw_ticks(struct wg_canvas *c, struct wg_rect line, int gutter, const struct wg_plot *p)
{
	const char *at_cursor = p->cursor >= 0 ? p->cursor_text : NULL;
	int from = at_cursor ? label_x(line.w, gutter + p->cursor, at_cursor) : line.w + 1;
	int to = at_cursor ? from + wg_text_width(at_cursor) : 0, free_from = 0;
	for (size_t i = 0; i < p->n_ticks; i++) {
		int x = label_x(line.w, gutter + (int)p->ticks[i].at, p->ticks[i].text);
		int end = x + wg_text_width(p->ticks[i].text);
		if (x < free_from || end > line.w || (x <= to && end >= from))
			continue;
		wg_text(c, line, x, 0, p->ticks[i].text, WG_STYLE(WG_DIM, WG_BACK));
		free_from = end + 1;
	}
	if (at_cursor)
		wg_text_cut(c, line, from, 0, line.w - from, at_cursor, WG_CUT_END,
			    (struct wg_style){WG_BACK, WG_CURSOR, c->can.colour ? 0 : WG_REVERSE});
}

/* Flags with their labels behind them, as far as the next flag leaves room; before them where that is more. */
static void draw_marks(struct wg_canvas *c, struct wg_rect line, int gutter, const struct wg_plot *p)
{
	struct wg_style style = WG_STYLE(WG_ACCENT, WG_BACK);
	int used = gutter;
	for (size_t i = 0; i < p->n_marks; i++) {
		const char *text = p->marks[i].text;
		int x = gutter + (int)p->marks[i].at, w = wg_text_width(text);
		int next = i + 1 < p->n_marks ? gutter + (int)p->marks[i + 1].at : line.w + 1;
		int room = next - x - 3, before = x - used - 1;
		wg_put(c, line, x, 0, FLAG, style);
		if (w > room && w <= before)
			wg_text(c, line, x - 1 - w, 0, text, style);
		else if (room > 1)
			used = wg_text_cut(c, line, x + 2, 0, room, text, WG_CUT_END, style) + 1;
		used = used > x + 2 ? used : x + 2;
	}
}

static void draw_nothing(struct wg_canvas *c, struct wg_rect area, const char *text)
{
	int w = wg_text_width(text);
	wg_text_cut(c, area, w < area.w ? (area.w - w) / 2 : 0, area.h / 2, area.w, text, WG_CUT_END,
		    WG_STYLE(WG_DIM, WG_BACK));
}

void wg_draw_plot(struct wg_canvas *c, struct wg_rect rect, const struct wg_plot *p)
{
	struct wg_rect area = wg_plot_area(rect, p->n_marks > 0), rest = rect;
	int gutter = area.x - rect.x;
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	if (area.w <= 0 || area.h <= 0)
		return;
	if (p->n <= 0) {
		draw_nothing(c, area, p->empty ? p->empty : "");
		return;
	}
	struct wg_rect flags = wg_take_top(&rest, area.y - rect.y);
	struct wg_rect labels = wg_take_bottom(&rest, has_axis(rect));
	struct wg_rect line = wg_take_bottom(&rest, rest.h - area.h);
	draw_levels(c, rect, area, p);
	draw_stack(c, area, p);
	draw_cursor(c, area, p, p->anchor, DASHES);
	draw_cursor(c, area, p, p->cursor, LINE);
	draw_axis_line(c, line, gutter, p);
	draw_range(c, line.h > 0 ? line : labels, gutter, p);
	draw_ticks(c, labels, gutter, p);
	draw_marks(c, flags, gutter, p);
}

void wg_draw_plot_swatch(struct wg_canvas *c, struct wg_rect rect, const struct wg_plot_series *series)
{
	struct wg_plot plot = {.series = series, .n_series = 1};
	struct glyph glyph = full(c, &plot, 0);
	wg_fill(c, rect, glyph.ch, glyph.style);
}
