/*
 * The views: plain structs that say what to show, filled in by screens, drawn by the wg_draw_* functions. A draw
 * function reads its view and paints all of its rectangle (lines: the first line of it) and nothing outside; it decides
 * nothing about processes.
 */
#ifndef WG_VIEWS_H
#define WG_VIEWS_H

#include <stddef.h>

#include "widgets/canvas.h"

/* ---- text lines: header, footer, breadcrumb, banner ------------------------------------------------------------ */

struct wg_span {
	const char *text;
	uint8_t role;
	int priority; /* 0 always stays; when the line is too short, the highest numbers are left out first */
};
/*
 * Spans one after the other with two blanks between, one blank at either end of the line; those that do not fit are
 * left out by priority. Spans without text are none.
 */
struct wg_line {
	const struct wg_span *spans;
	size_t n;
	uint8_t bg;
	bool spread; /* the last span is set flush right */
};
void wg_draw_line(struct wg_canvas *c, struct wg_rect rect, const struct wg_line *line);

/* key-label pairs of the footer; the first are the most important, the rest left out as needed */
struct wg_hint {
	const char *key, *label;
};
void wg_draw_hints(struct wg_canvas *c, struct wg_rect rect, const struct wg_hint *hints, size_t n);

/* ---- heat: map, strip, legend ---------------------------------------------------------------------------------- */

enum wg_heat_flag {
	WG_HEAT_UNKNOWN = 1, /* what it is was not read: the pattern of unknown */
	WG_HEAT_CHANGED = 2, /* since the last frame */
	WG_HEAT_OUTSIDE = 4, /* past the end of the axis: plain background */
	WG_HEAT_VMA_ODD = 8, /* belongs to an odd VMA of a whole-process map: tells neighbours apart when untouched */
	WG_HEAT_MARKED = 16, /* inside a range that is being dragged */
	WG_HEAT_CURSOR = 32, /* under the cursor as well, where the cursor is larger than a cell */
	WG_HEAT_OLD = 64,    /* what it says was read longer ago than the interval asks for */
};
struct wg_heat_cell {
	uint8_t hue;   /* enum wg_hue */
	uint8_t level; /* 0 .. WG_LEVELS-1 */
	uint8_t flags; /* enum wg_heat_flag */
};
/* Level for a share: 0 only for none, WG_LEVELS-1 only for all. */
unsigned wg_heat_level(uint64_t hits, uint64_t pages);
/* The letter of a hue, for monochrome: 'a', 'f', 's', 'w', 'k', 'z', 'h', 'g', '#', '+', '-', '~', 'x', 'm', 'e', 'b',
 * 't'. */
char wg_hue_letter(unsigned hue);

/* A map of w x rows cells; with half blocks one character row holds two rows of cells. Row-major. */
struct wg_heat_view {
	const struct wg_heat_cell *cells;
	int w, rows;
	int cursor; /* index, -1: none */
};
/* How many rows of cells fit into h lines. */
int wg_heat_rows(const struct wg_canvas *c, int h);
void wg_draw_heat(struct wg_canvas *c, struct wg_rect rect, const struct wg_heat_view *view);
/* One line of cells, one character each (table column, header). */
void wg_draw_strip(struct wg_canvas *c, struct wg_rect rect, const struct wg_heat_cell *cells, int n, uint8_t bg);

/* What the colours mean, as the map draws them; items that a line has no room for go on the next, if there is one. */
struct wg_legend_item {
	uint8_t hue, level;
	bool unknown, changed, old;
	const char *label;
};
void wg_draw_legend(struct wg_canvas *c, struct wg_rect rect, const struct wg_legend_item *items, size_t n);

/* A sparkline of n values, newest right, in rect's width and height. Zero is blank, a flat line low. */
void wg_draw_spark(struct wg_canvas *c, struct wg_rect rect, const uint64_t *values, size_t n, uint8_t role,
		   uint8_t bg);

/* ---- plots ------------------------------------------------------------------------------------------------------ */

#define WG_PLOT_SERIES 12

/* One layer of a stack; the first is at the bottom. */
struct wg_plot_series {
	uint8_t hue;  /* enum wg_hue */
	bool hatched; /* is part of the stack, but of another nature */
	bool unknown; /* its size is known, not what it is: the pattern of unknown */
};
struct wg_plot_column {
	uint64_t v[WG_PLOT_SERIES];
	bool gap; /* nothing is known of this time */
};
struct wg_plot_label {
	uint64_t at; /* a column, or a value */
	const char *text;
};
/*
 * Stacked areas over time, a column each cell, in eighths of a line where there are block characters. Labels that would
 * overlap are left out, those of the cursors last.
 */
struct wg_plot {
	const struct wg_plot_series *series; /* [n_series] */
	size_t n_series;
	const struct wg_plot_column *columns; /* [n]; n of wg_plot_area's width */
	int n;
	uint64_t top;                       /* the value of the upper edge */
	const struct wg_plot_label *levels; /* values along the left edge */
	size_t n_levels;
	const struct wg_plot_label *ticks; /* columns along the foot */
	size_t n_ticks;
	const struct wg_plot_label *marks; /* columns with a flag */
	size_t n_marks;
	int cursor, anchor;      /* columns; -1: none */
	const char *cursor_text; /* below the cursor; or NULL */
	const char *empty;       /* said in the middle when there are no columns */
};
/* Where in rect the columns are. */
struct wg_rect wg_plot_area(struct wg_rect rect, bool marks);
void wg_draw_plot(struct wg_canvas *c, struct wg_rect rect, const struct wg_plot *plot);
/* The pattern of a layer, for a legend: what fills a whole cell of it. */
void wg_draw_plot_swatch(struct wg_canvas *c, struct wg_rect rect, const struct wg_plot_series *series);

/* ---- tables ---------------------------------------------------------------------------------------------------- */

enum wg_column_flag {
	WG_COL_RIGHT = 1,
	WG_COL_GROW = 2,
	WG_COL_STRIP = 4,
	WG_COL_CUT_MIDDLE = 8,
	WG_COL_SORTED = 16,
	WG_COL_DESCENDING = 32
};
#define WG_COL_ABSENT (-1)
struct wg_column {
	const char *title;
	int width;    /* least width; WG_COL_GROW columns share what is left; WG_COL_ABSENT: there is no such column */
	int priority; /* 0 always stays; the highest numbers vanish first when the table is too wide */
	int flags;
};
struct wg_table_cell {
	const char *text;
	uint8_t role;
};
struct wg_table_row {
	const struct wg_table_cell *cells; /* [n_columns] */
	const struct wg_heat_cell *strip;  /* for the WG_COL_STRIP column, strip_n cells; or NULL */
	int strip_n;
};
struct wg_table {
	const struct wg_column *columns;
	size_t n_columns;
	const struct wg_table_row *rows; /* only those on the screen: rows[0] is the one at `top` */
	size_t n_rows;
	uint64_t total; /* rows there are, for the scroll mark */
	uint64_t top;
	int selected;      /* index into rows, -1: none */
	const char *empty; /* said in the middle when there are no rows */
};
#define WG_TABLE_MARGIN 1 /* blanks left of the first column and right of the last, where the scroll mark is */
#define WG_TABLE_GAP    1 /* blanks between columns */
/* Widths of columns as they will be drawn (0: left out) into ret[n_columns]; pure, used for clicks and strips. */
void wg_table_layout(const struct wg_table *table, int w, int *ret);
/* The column drawn at x of a table w wide, -1: none there. */
int wg_table_column_at(const struct wg_table *table, int w, int x);
void wg_draw_table(struct wg_canvas *c, struct wg_rect rect, const struct wg_table *table);

/* ---- blocks of text: page screen, help ------------------------------------------------------------------------- */

struct wg_fact {
	const char *name, *value, *note; /* any may be NULL; a NULL name continues, a row of all NULL is a gap */
	uint8_t role;                    /* of the value */
};
/*
 * Groups of facts, names in one column, notes dim behind. A name alone is the heading of a group. Values and notes wrap.
 * `top` rows are scrolled away. Returns the rows there are.
 */
struct wg_facts {
	const struct wg_fact *facts;
	size_t n;
	int top;
};
int wg_draw_facts(struct wg_canvas *c, struct wg_rect rect, const struct wg_facts *view);

/* Paragraphs, wrapped at words. Returns the rows used (also with a canvas of no height, to measure). */
struct wg_paragraph {
	const char *text;
	uint8_t role;
	int indent; /* of all lines but the first */
};
int wg_draw_text(struct wg_canvas *c, struct wg_rect rect, const struct wg_paragraph *paragraphs, size_t n, int top);

/* A hex dump as xxd draws it, as wide as fits (8, 16 or 32 bytes a line). */
struct wg_hex {
	const uint8_t *bytes;
	size_t n;
	uint64_t address;
	size_t top; /* first byte shown, a multiple of the line */
};
int wg_hex_line(int w); /* bytes a line */
void wg_draw_hex(struct wg_canvas *c, struct wg_rect rect, const struct wg_hex *hex);

/* A frame with a title along the edge of rect; the inside is returned: all of rect if it has no room for a frame. */
struct wg_rect wg_draw_box(struct wg_canvas *c, struct wg_rect rect, const char *title);
/* A rule with a title: "── map of heap ── layer: kind ────". */
void wg_draw_rule(struct wg_canvas *c, struct wg_rect rect, const struct wg_span *spans, size_t n);
/* A line of input with a cursor: "/pattern▏", and an error in role WG_BAD behind it. */
void wg_draw_prompt(struct wg_canvas *c, struct wg_rect rect, const char *label, const char *text, const char *error);

/* ---- layout ---------------------------------------------------------------------------------------------------- */

/* Takes n lines off the top or the bottom of *rest (as many as there are) and returns them. */
struct wg_rect wg_take_top(struct wg_rect *rest, int n);
struct wg_rect wg_take_bottom(struct wg_rect *rest, int n);
struct wg_rect wg_take_left(struct wg_rect *rest, int n);

#endif
