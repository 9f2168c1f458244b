/*
 * The canvas: a grid of cells that widgets draw into and a terminal (tui/term.c) or a test's golden file shows. No
 * terminal, no I/O, no allocation while drawing. A cell has one character and style roles for its foreground and
 * background; what colour a role is, the theme decides (tui/theme.c).
 *
 * Everything clips: drawing outside the rectangle given, or the canvas, does nothing.
 */
#ifndef WG_CANVAS_H
#define WG_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Style roles. A heat role is a hue (what kind of page) and a level 0..WG_LEVELS-1 (share of pages): WG_HEAT(hue, level).
 * WG_HEAT(hue, 0) is an untouched cell of an odd VMA (WG_HEAT_VMA_ODD), WG_EMPTY one of an even VMA. WG_FADED(hue, level)
 * is the same, but read longer ago than it should be; WG_FLASH(hue) is what just changed. In monochrome the theme shows
 * the backgrounds BAR, SELECT, CURSOR and PAST by attributes; a cell's own attributes are or-ed to those.
 */
enum wg_hue { /* one per kind of page a person can tell apart, in the order of the legend */
	      WG_HUE_ANON,
	      WG_HUE_FILE,
	      WG_HUE_SHMEM,
	      WG_HUE_SWAP,
	      WG_HUE_KERNEL,
	      WG_HUE_ZERO,
	      WG_HUE_HUGETLB,
	      WG_HUE_GUARD,
	      WG_HUE_LAYER, /* the one hue of single-fact layers (dirty, shared...) */
	      WG_HUE_CAME,  /* where two moments are compared */
	      WG_HUE_WENT,
	      WG_HUE_OTHER,  /* neither, but not as it was */
	      WG_HUE_LEAKED, /* of the heap, as a hunt found it; live is as anonymous memory */
	      WG_HUE_MIXED,
	      WG_HUE_FREE,
	      WG_HUE_SLAB, /* of the machine: what the kernel allocates in pieces, and page tables */
	      WG_HUE_TABLE,
	      WG_HUE_N
};
#define WG_LEVELS 6 /* 0 only for nothing at all; 1 is "a trace" */

enum wg_role {
	WG_TEXT,
	WG_DIM,
	WG_STRONG,
	WG_TITLE,
	WG_KEY,
	WG_GOOD,
	WG_WARN,
	WG_BAD,
	WG_ACCENT,
	WG_UNKNOWN,
	WG_EMPTY,   /* background of an untouched cell of the map: nearly the background */
	WG_CHANGED, /* changed since the last frame, with nothing there now */
	WG_GREW,
	WG_SHRANK,
	WG_BACK,   /* plain background; as a foreground the ink on bright cells */
	WG_BAR,    /* background of header and footer lines */
	WG_SELECT, /* background of the selected row */
	WG_CURSOR, /* the cell cursor of the map */
	WG_PAST,   /* background of the title while a moment of the past is shown */
	WG_ROLE_PLAIN_N,
	WG_HEAT_FIRST = 32,                                     /* WG_HUE_N * WG_LEVELS roles from here on */
	WG_FADED_FIRST = WG_HEAT_FIRST + WG_HUE_N * WG_LEVELS,  /* as many */
	WG_FLASH_FIRST = WG_FADED_FIRST + WG_HUE_N * WG_LEVELS, /* WG_HUE_N */
	WG_ROLE_N = WG_FLASH_FIRST + WG_HUE_N
};
#define WG_HEAT(hue, level)  ((uint8_t)(WG_HEAT_FIRST + (hue)*WG_LEVELS + (level)))
#define WG_FADED(hue, level) ((uint8_t)(WG_FADED_FIRST + (hue)*WG_LEVELS + (level)))
#define WG_FLASH(hue)        ((uint8_t)(WG_FLASH_FIRST + (hue)))

enum wg_attr { WG_BOLD = 1, WG_UNDERLINE = 2, WG_REVERSE = 4, WG_FAINT = 8 };

struct wg_cell {
	uint32_t ch;    /* printable Unicode; 0: the right half of a wide character */
	uint8_t fg, bg; /* roles */
	uint8_t attrs;
};

struct wg_rect {
	int x, y, w, h;
};

/* What the terminal can show; widgets choose their characters by it. */
struct wg_ability {
	bool unicode;     /* else ASCII only */
	bool half_blocks; /* two cells a character: needs unicode and enough colours for pairs */
	bool colour;      /* else shape or letter must say it all */
};

struct wg_canvas {
	int w, h;
	struct wg_cell *cells; /* [h * w], owned by whoever made the canvas */
	struct wg_ability can;
};

/* false if memory ran out (the canvas keeps its old size). Cells are blank afterwards. */
bool wg_canvas_resize(struct wg_canvas *canvas, int w, int h);
void wg_canvas_free(struct wg_canvas *canvas);
void wg_canvas_clear(struct wg_canvas *canvas);

struct wg_rect wg_rect_clip(struct wg_rect a, struct wg_rect b);

/*
 * All below: x, y are relative to rect, and nothing outside rect is touched (but for the other half of a wide character
 * cut in two, which is blanked). Without Unicode each character becomes an ASCII one of the same width.
 */
struct wg_style {
	uint8_t fg, bg, attrs;
};
#define WG_STYLE(fg_, bg_) ((struct wg_style){.fg = (fg_), .bg = (bg_)})

void wg_put(struct wg_canvas *c, struct wg_rect rect, int x, int y, uint32_t ch, struct wg_style style);
void wg_fill(struct wg_canvas *c, struct wg_rect rect, uint32_t ch, struct wg_style style);
/* UTF-8 text, already printable; wide characters take two cells; returns the x after it (may lie outside). */
int wg_text(struct wg_canvas *c, struct wg_rect rect, int x, int y, const char *text, struct wg_style style);
/* The same in at most w cells, cut with an ellipsis at the end, or in the middle (paths keep both ends). */
enum wg_cut { WG_CUT_END, WG_CUT_MIDDLE, WG_CUT_START };
int wg_text_cut(struct wg_canvas *c, struct wg_rect rect, int x, int y, int w, const char *text, enum wg_cut cut,
		struct wg_style style);
int wg_text_right(struct wg_canvas *c, struct wg_rect rect, int x, int y, int w, const char *text,
		  struct wg_style style);
/* Sets the background of a stretch of cells and keeps what is in them. */
void wg_tint(struct wg_canvas *c, struct wg_rect rect, uint8_t bg);

int wg_text_width(const char *text); /* cells */

#endif
