/*
 * Colours of the roles. In 256 colours every map cell has its own background, so the map looks the same on dark and
 * light terminals; plain text keeps the terminal's own colours, except on bars, which bring theirs.
 */
#include "tui/theme.h"

#define DEFAULT (-1)

struct paint {
	short colour;
	unsigned char attrs; /* enum ui_ink_attr, of text in that role */
};

/* Ramps: nothing (in an odd VMA), a trace, ... all. Colours of the xterm palette. */
static const short heat_256[WG_HUE_N][WG_LEVELS] = {
	[WG_HUE_ANON] = {236, 18, 19, 25, 33, 75},      [WG_HUE_FILE] = {236, 22, 29, 35, 72, 78},
	[WG_HUE_SHMEM] = {236, 58, 100, 142, 178, 185}, [WG_HUE_SWAP] = {236, 52, 88, 124, 166, 202},
	[WG_HUE_KERNEL] = {236, 53, 90, 133, 176, 219}, [WG_HUE_ZERO] = {236, 237, 239, 242, 245, 249},
	[WG_HUE_HUGETLB] = {236, 23, 30, 37, 44, 80},   [WG_HUE_GUARD] = {236, 52, 89, 95, 131, 167},
	[WG_HUE_LAYER] = {236, 58, 94, 136, 178, 220},  [WG_HUE_CAME] = {236, 130, 166, 172, 208, 214},
	[WG_HUE_WENT] = {236, 24, 31, 32, 38, 45},      [WG_HUE_OTHER] = {236, 100, 143, 149, 190, 227},
	[WG_HUE_LEAKED] = {236, 53, 89, 125, 161, 197}, [WG_HUE_MIXED] = {236, 94, 130, 137, 179, 221},
	[WG_HUE_FREE] = {236, 59, 65, 71, 108, 114},    [WG_HUE_SLAB] = {236, 94, 130, 173, 209, 215},
	[WG_HUE_TABLE] = {236, 52, 88, 125, 168, 204},
};

/*
 * Faded: less than half, less than all, all. A share that was read long ago needs no more steps, and the palette has no
 * more of so little saturation.
 */
static const short faded_256[WG_HUE_N][3] = {
	[WG_HUE_ANON] = {60, 67, 110},     [WG_HUE_FILE] = {65, 108, 151},   [WG_HUE_SHMEM] = {101, 144, 187},
	[WG_HUE_SWAP] = {94, 137, 173},    [WG_HUE_KERNEL] = {96, 139, 182}, [WG_HUE_ZERO] = {238, 240, 243},
	[WG_HUE_HUGETLB] = {66, 109, 152}, [WG_HUE_GUARD] = {138, 174, 181}, [WG_HUE_LAYER] = {101, 143, 186},
	[WG_HUE_CAME] = {137, 173, 180},   [WG_HUE_WENT] = {67, 74, 110},    [WG_HUE_OTHER] = {144, 186, 187},
	[WG_HUE_LEAKED] = {132, 168, 175}, [WG_HUE_MIXED] = {101, 138, 180}, [WG_HUE_FREE] = {66, 102, 150},
	[WG_HUE_SLAB] = {95, 138, 180},    [WG_HUE_TABLE] = {95, 132, 175},
};

static const short flash_256[WG_HUE_N] = {
	[WG_HUE_ANON] = 195, [WG_HUE_FILE] = 194,    [WG_HUE_SHMEM] = 230,  [WG_HUE_SWAP] = 223,  [WG_HUE_KERNEL] = 225,
	[WG_HUE_ZERO] = 255, [WG_HUE_HUGETLB] = 159, [WG_HUE_GUARD] = 224,  [WG_HUE_LAYER] = 229, [WG_HUE_CAME] = 222,
	[WG_HUE_WENT] = 153, [WG_HUE_OTHER] = 228,   [WG_HUE_LEAKED] = 218, [WG_HUE_MIXED] = 216, [WG_HUE_FREE] = 193,
	[WG_HUE_SLAB] = 187, [WG_HUE_TABLE] = 217,
};

/* With few colours the hue is the foreground, and the character shows the share. */
static const short heat_16[WG_HUE_N] = {
	[WG_HUE_ANON] = 12, [WG_HUE_FILE] = 10,    [WG_HUE_SHMEM] = 11, [WG_HUE_SWAP] = 9,   [WG_HUE_KERNEL] = 5,
	[WG_HUE_ZERO] = 7,  [WG_HUE_HUGETLB] = 14, [WG_HUE_GUARD] = 7,  [WG_HUE_LAYER] = 3,  [WG_HUE_CAME] = 11,
	[WG_HUE_WENT] = 14, [WG_HUE_OTHER] = 15,   [WG_HUE_LEAKED] = 9, [WG_HUE_MIXED] = 11, [WG_HUE_FREE] = 2,
	[WG_HUE_SLAB] = 3,  [WG_HUE_TABLE] = 1,
};

static const struct paint plain_256[WG_ROLE_PLAIN_N] = {
	[WG_TEXT] = {DEFAULT, 0},
	[WG_DIM] = {243, 0},
	[WG_STRONG] = {DEFAULT, UI_INK_BOLD},
	[WG_TITLE] = {DEFAULT, UI_INK_BOLD},
	[WG_KEY] = {75, UI_INK_BOLD},
	[WG_GOOD] = {35, 0},
	[WG_WARN] = {172, UI_INK_BOLD},
	[WG_BAD] = {160, UI_INK_BOLD},
	[WG_ACCENT] = {38, 0},
	[WG_UNKNOWN] = {139, 0},
	[WG_EMPTY] = {234, 0},
	[WG_CHANGED] = {231, UI_INK_BOLD},
	[WG_GREW] = {208, UI_INK_BOLD},
	[WG_SHRANK] = {37, 0},
	[WG_BACK] = {DEFAULT, 0},
	[WG_BAR] = {236, 0},
	[WG_SELECT] = {239, 0},
	[WG_CURSOR] = {201, 0}, /* a hue that nothing else on a map has: bright is what changed */
	[WG_PAST] = {94, 0},
};

static const struct paint plain_16[WG_ROLE_PLAIN_N] = {
	[WG_TEXT] = {DEFAULT, 0},
	[WG_DIM] = {8, 0},
	[WG_STRONG] = {DEFAULT, UI_INK_BOLD},
	[WG_TITLE] = {DEFAULT, UI_INK_BOLD},
	[WG_KEY] = {12, UI_INK_BOLD},
	[WG_GOOD] = {2, 0},
	[WG_WARN] = {11, 0},
	[WG_BAD] = {9, UI_INK_BOLD},
	[WG_ACCENT] = {6, 0},
	[WG_UNKNOWN] = {5, 0},
	[WG_EMPTY] = {DEFAULT, 0},
	[WG_CHANGED] = {15, UI_INK_BOLD},
	[WG_GREW] = {11, UI_INK_BOLD},
	[WG_SHRANK] = {6, 0},
	[WG_BACK] = {DEFAULT, 0},
	[WG_BAR] = {7, 0},
	[WG_SELECT] = {6, 0},
	[WG_CURSOR] = {13, 0},
	[WG_PAST] = {3, 0},
};

static const struct paint plain_mono[WG_ROLE_PLAIN_N] = {
	[WG_DIM] = {DEFAULT, UI_INK_DIM},      [WG_STRONG] = {DEFAULT, UI_INK_BOLD},
	[WG_TITLE] = {DEFAULT, UI_INK_BOLD},   [WG_KEY] = {DEFAULT, UI_INK_BOLD},
	[WG_WARN] = {DEFAULT, UI_INK_BOLD},    [WG_BAD] = {DEFAULT, UI_INK_BOLD | UI_INK_UNDERLINE},
	[WG_UNKNOWN] = {DEFAULT, UI_INK_DIM},  [WG_EMPTY] = {DEFAULT, UI_INK_DIM},
	[WG_CHANGED] = {DEFAULT, UI_INK_BOLD}, [WG_GREW] = {DEFAULT, UI_INK_BOLD},
};

enum ui_depth ui_theme_depth(const struct ui_options *options, int terminal_colours, const char *no_color)
{
	enum ui_depth has = UI_DEPTH_MONO;
	if (terminal_colours >= 256)
		has = UI_DEPTH_256;
	else if (terminal_colours >= 16)
		has = UI_DEPTH_16;
	else if (terminal_colours >= 8)
		has = UI_DEPTH_8;
	enum ui_depth want;
	switch (options->colours) {
	default: want = no_color && *no_color ? UI_DEPTH_MONO : has; break;
	case UI_COLOURS_MONO: want = UI_DEPTH_MONO; break;
	case UI_COLOURS_8: want = UI_DEPTH_8; break;
	case UI_COLOURS_16: want = UI_DEPTH_16; break;
	case UI_COLOURS_256: want = UI_DEPTH_256; break;
	}
	return want < has ? want : has;
}

/* ---- roles of cells --------------------------------------------------------------------------------------------- */

static bool is_heat(uint8_t role)
{
	return role >= WG_HEAT_FIRST && role < WG_ROLE_N;
}

static bool is_flash(uint8_t role)
{
	return role >= WG_FLASH_FIRST && role < WG_ROLE_N;
}

static bool is_faded(uint8_t role)
{
	return role >= WG_FADED_FIRST && role < WG_FLASH_FIRST;
}

/* Of a role that is heat. */
static unsigned hue_of(uint8_t role)
{
	unsigned i = role - WG_HEAT_FIRST;
	return is_flash(role) ? role - (unsigned)WG_FLASH_FIRST : i / WG_LEVELS % WG_HUE_N;
}

static unsigned level_of(uint8_t role)
{
	unsigned i = role - WG_HEAT_FIRST;
	return is_flash(role) ? WG_LEVELS - 1u : i % WG_LEVELS;
}

/* ---- their colours ---------------------------------------------------------------------------------------------- */

static struct paint paint_256(uint8_t role)
{
	if (!is_heat(role))
		return plain_256[role < WG_ROLE_PLAIN_N ? role : WG_TEXT];
	unsigned hue = hue_of(role), level = level_of(role);
	if (is_flash(role))
		return (struct paint){flash_256[hue], 0};
	if (is_faded(role) && level)
		return (struct paint){faded_256[hue][(level - 1) / 2], 0};
	return (struct paint){heat_256[hue][level], 0};
}

/* A faded bright colour is its dark one, a dark one dim. */
static struct paint faded_16(short colour)
{
	if (colour == 7)
		return (struct paint){8, 0};
	return colour > 8 ? (struct paint){(short)(colour - 8), 0} : (struct paint){colour, UI_INK_DIM};
}

static struct paint paint_16(uint8_t role)
{
	if (!is_heat(role))
		return plain_16[role < WG_ROLE_PLAIN_N ? role : WG_TEXT];
	if (is_flash(role))
		return plain_16[WG_CHANGED];
	if (level_of(role) == 0)
		return (struct paint){8, 0};
	short colour = heat_16[hue_of(role)];
	return is_faded(role) ? faded_16(colour) : (struct paint){colour, 0};
}

/* Eight colours: a bright one is its dark one, bold; bright black is not there and becomes dim. */
static struct paint paint_8(uint8_t role)
{
	struct paint p = paint_16(role);
	if (p.colour == 8)
		return (struct paint){DEFAULT, UI_INK_DIM};
	if (p.colour > 8) {
		p.colour = (short)(p.colour - 8);
		p.attrs |= UI_INK_BOLD;
	} else if (is_faded(role) && level_of(role)) { /* bold is not brighter everywhere */
		p.attrs |= UI_INK_DIM;
	}
	return p;
}

static struct ui_ink ink_mono(uint8_t fg, uint8_t bg)
{
	struct ui_ink ink = {DEFAULT, DEFAULT, 0};
	if (is_heat(fg)) {
		unsigned level = level_of(fg);
		ink.attrs = level == 0 || is_faded(fg) ? UI_INK_DIM : level >= 4 ? UI_INK_BOLD : 0;
	} else if (fg < WG_ROLE_PLAIN_N) {
		ink.attrs = plain_mono[fg].attrs;
	}
	if (bg == WG_BAR || bg == WG_SELECT || bg == WG_CURSOR || bg == WG_PAST)
		ink.attrs = (ink.attrs & ~(unsigned)UI_INK_DIM) | UI_INK_REVERSE;
	return ink;
}

/* Text on a background that is the theme's own: its foreground must be the theme's own, too. */
static short text_256(uint8_t fg, uint8_t bg, short own)
{
	if (bg == WG_CURSOR || bg == WG_CHANGED)
		return 16;
	if (bg == WG_PAST) /* no other hue can be read on it */
		return fg == WG_DIM ? 223 : fg == WG_KEY ? 229 : 231;
	if (fg == WG_DIM)
		return 246;
	if (own != DEFAULT)
		return own;
	return fg == WG_STRONG || fg == WG_TITLE ? 231 : 252;
}

/* Bars of few colours are bright: dark ink, or a dark colour where it says something. */
static short text_16(uint8_t fg, uint8_t bg)
{
	if (bg == WG_CURSOR || bg == WG_SELECT || bg == WG_PAST)
		return 0;
	if (fg == WG_BAD || fg == WG_WARN)
		return 1;
	return fg == WG_KEY || fg == WG_ACCENT ? 4 : 0;
}

static bool is_graphic(uint8_t fg)
{
	return is_heat(fg) || fg == WG_EMPTY || fg == WG_CHANGED || fg == WG_CURSOR || fg == WG_SELECT;
}

static struct paint paint(enum ui_depth depth, uint8_t role)
{
	switch (depth) {
	case UI_DEPTH_256: return paint_256(role);
	case UI_DEPTH_16: return paint_16(role);
	default: return paint_8(role);
	}
}

static struct ui_ink ink_colour(enum ui_depth depth, uint8_t fg, uint8_t bg)
{
	struct paint front = paint(depth, fg), back = paint(depth, bg);
	struct ui_ink ink = {front.colour, back.colour, front.attrs};
	if (ink.bg == DEFAULT || is_graphic(fg))
		return ink;
	if (fg == WG_BACK && is_heat(bg))
		ink.fg = level_of(bg) < 3 && depth == UI_DEPTH_256 ? 252 : 0;
	else if (depth == UI_DEPTH_256)
		ink.fg = text_256(fg, bg, ink.fg);
	else if (bg == WG_BAR || bg == WG_SELECT || bg == WG_CURSOR || bg == WG_PAST || bg == WG_CHANGED) {
		ink.fg = text_16(fg, bg);
		ink.attrs &= ~(unsigned)UI_INK_DIM; /* grey on a bright bar can't be read */
	}
	return ink;
}

struct ui_ink ui_theme_ink(enum ui_depth depth, uint8_t fg, uint8_t bg, uint8_t attrs)
{
	struct ui_ink ink = depth == UI_DEPTH_MONO ? ink_mono(fg, bg) : ink_colour(depth, fg, bg);
	if (attrs & WG_BOLD)
		ink.attrs |= UI_INK_BOLD;
	if (attrs & WG_UNDERLINE)
		ink.attrs |= UI_INK_UNDERLINE;
	if (attrs & WG_REVERSE)
		ink.attrs |= UI_INK_REVERSE;
	if (attrs & WG_FAINT)
		ink.attrs |= UI_INK_DIM;
	return ink;
}
