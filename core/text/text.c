/*
 * Text for people. Two jobs: make hostile bytes printable, and write sizes, counts and durations in three digits.
 *
 * What is escaped is decided per code point by a table of ranges: everything that moves the cursor, changes the
 * direction of text, ends a line, or takes no room on a screen. The table holds Unicode's control, format and
 * line-separator characters, fillers that draw nothing, and the code points that are no characters. Combining accents
 * stay: they are how some people's file names are written.
 *
 * Everything is integer arithmetic on the caller's buffers; nothing here allocates or depends on the locale.
 */
#include "core/text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

/* Sorted. Code points that are not shown as they are. */
static const struct range unprintable[] = {
	{0x0000, 0x001f},     /* C0 controls: escape, newline, tab... */
	{0x007f, 0x009f},     /* DEL and the C1 controls */
	{0x00ad, 0x00ad},     /* soft hyphen */
	{0x034f, 0x034f},     /* combining grapheme joiner */
	{0x0600, 0x0605},     /* Arabic number marks */
	{0x061c, 0x061c},     /* Arabic letter mark: bidirectional */
	{0x06dd, 0x06dd},     /* Arabic end of ayah */
	{0x070f, 0x070f},     /* Syriac abbreviation mark */
	{0x0890, 0x0891},     /* Arabic pound and piastre marks */
	{0x08e2, 0x08e2},     /* Arabic disputed end of ayah */
	{0x115f, 0x1160},     /* Hangul fillers */
	{0x17b4, 0x17b5},     /* Khmer inherent vowels */
	{0x180b, 0x180f},     /* Mongolian selectors and vowel separator */
	{0x200b, 0x200f},     /* zero width space and joiners, left-to-right and right-to-left marks */
	{0x2028, 0x202e},     /* line and paragraph separators, bidirectional embeddings and overrides */
	{0x2060, 0x206f},     /* word joiner, invisible operators, bidirectional isolates, deprecated marks */
	{0x3164, 0x3164},     /* Hangul filler */
	{0xd800, 0xdfff},     /* surrogates: no characters */
	{0xfdd0, 0xfdef},     /* noncharacters */
	{0xfe00, 0xfe0f},     /* variation selectors */
	{0xfeff, 0xfeff},     /* byte order mark: zero width no-break space */
	{0xffa0, 0xffa0},     /* halfwidth Hangul filler */
	{0xfff0, 0xfffb},     /* unassigned format characters, interlinear annotation */
	{0xfffe, 0xffff},     /* noncharacters */
	{0x110bd, 0x110bd},   /* Kaithi number sign */
	{0x110cd, 0x110cd},   /* Kaithi number sign above */
	{0x13430, 0x1345f},   /* Egyptian hieroglyph format controls */
	{0x1bca0, 0x1bca3},   /* shorthand format controls */
	{0x1d173, 0x1d17a},   /* musical format controls */
	{0xe0000, 0xe0fff},   /* tags, more variation selectors */
	{0x10fffe, 0x10ffff}, /* noncharacters */
};

static bool is_printable(uint32_t c)
{
	size_t low = 0, high = sizeof unprintable / sizeof *unprintable;
	while (low < high) {
		const size_t middle = (low + high) / 2;
		if (c > unprintable[middle].last)
			low = middle + 1;
		else if (c < unprintable[middle].first)
			high = middle;
		else
			return false;
	}
	return (c & 0xfffe) != 0xfffe; /* the last two of each plane are no characters */
}

/* Length of the well-formed UTF-8 character at bytes, its code point in *ret; 0 if there is none. */
static size_t decode(const unsigned char *bytes, size_t n, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* below it a shorter form exists */
	const unsigned char lead = bytes[0];
	const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
	if (!length || length > n)
		return 0;
	uint32_t c = length == 1 ? lead : lead & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if (bytes[i] >> 6 != 2)
			return 0;
		c = c << 6 | (bytes[i] & 0x3f);
	}
	if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return length;
}

#define ESCAPE_MAX 12 /* "\u{10FFFF}" and its NUL */

/* What stands for the character at bytes (n > 0), into piece; *ret_taken bytes of input. Returns its length. */
static size_t printable_piece(const unsigned char *bytes, size_t n, char *piece, size_t *ret_taken)
{
	uint32_t c;
	const size_t length = decode(bytes, n, &c);
	*ret_taken = length ? length : 1;
	if (length && is_printable(c)) {
		memcpy(piece, bytes, length);
		return length;
	}
	const bool byte = !length || c < 0x80;
	return (size_t)snprintf(piece, ESCAPE_MAX, byte ? "\\x%02x" : "\\u{%04X}", byte ? bytes[0] : (unsigned)c);
}

size_t pt_text_printable(const char *bytes, size_t n, char *ret, size_t size)
{
	const unsigned char *in = (const unsigned char *)bytes;
	size_t written = 0;
	if (!size)
		return 0;
	for (size_t i = 0, taken; i < n; i += taken) {
		char piece[ESCAPE_MAX];
		const size_t length = printable_piece(in + i, n - i, piece, &taken);
		if (written + length >= size)
			break;
		memcpy(ret + written, piece, length);
		written += length;
	}
	ret[written] = '\0';
	return written;
}

/* remainder/unit in steps of 1/scale, rounded to nearest; remainder < unit <= 2^60, scale <= 100. */
static uint64_t fraction(uint64_t remainder, uint64_t unit, uint64_t scale)
{
	const uint64_t whole = remainder / unit * scale, rest = remainder % unit;
	/* Units above 2^53 would overflow the product: there the low bits are far below a step. */
	const unsigned shift = unit >> 53 ? 10 : 0;
	return whole + ((rest >> shift) * scale + (unit >> shift) / 2) / (unit >> shift);
}

/* n/unit with at most three digits and no zeros behind the point: "1.21", "64", "9.1". Up to 9999 before the point. */
static int print_scaled(char *ret, size_t size, uint64_t n, uint64_t unit, const char *suffix)
{
	uint64_t scale = 100;
	uint64_t scaled = fraction(n, unit, scale);
	if (scaled >= 1000) {
		scale = 10;
		scaled = fraction(n, unit, scale);
	}
	if (scaled >= 1000) {
		scale = 1;
		scaled = fraction(n, unit, scale);
	}
	while (scale > 1 && scaled % 10 == 0) {
		scaled /= 10;
		scale /= 10;
	}
	if (scale == 1)
		return snprintf(ret, size, "%" PRIu64 "%s", scaled, suffix);
	return snprintf(ret, size, "%" PRIu64 ".%0*" PRIu64 "%s", scaled / scale, scale == 100 ? 2 : 1, scaled % scale,
			suffix);
}

/*
 * n in the largest unit that it reaches, or nearly: a value that would round up to one of the next unit is written as
 * that. `suffixes` begins with the one of the plain number.
 */
static char *print_powers(uint64_t n, uint64_t base, const char *const *suffixes, char *ret, size_t size)
{
	uint64_t unit = 1;
	while (suffixes[1] && fraction(n, unit, 1) >= base) {
		unit *= base;
		suffixes++;
	}
	print_scaled(ret, size, n, unit, *suffixes);
	return ret;
}

static const char *const size_suffixes[] = {"B", "K", "M", "G", "T", "P", "E", NULL};

char *pt_text_size(uint64_t bytes, char *ret, size_t size)
{
	if (!bytes) {
		snprintf(ret, size, "0");
		return ret;
	}
	return print_powers(bytes, 1024, size_suffixes, ret, size);
}

char *pt_text_delta(int64_t bytes, char *ret, size_t size)
{
	char number[24];
	const uint64_t magnitude = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
	pt_text_size(magnitude, number, sizeof number);
	snprintf(ret, size, "%s%s", bytes < 0 ? "-" : bytes > 0 ? "+" : "", number);
	return ret;
}

char *pt_text_number(uint64_t n, char *ret, size_t size)
{
	static const char *const suffixes[] = {"", "k", "M", "G", "T", "P", "E", NULL};
	return print_powers(n, 1000, suffixes, ret, size);
}

char *pt_text_ns(uint64_t ns, char *ret, size_t size)
{
	/* `until` is where rounding reaches the next unit. */
	static const struct {
		uint64_t unit, until;
		const char *name;
	} units[] = {
		{1, 1000, "ns"},
		{1000, 99500, "us"},
		{1000000, 999500000, "ms"},
		{1000000000, 59500000000, "s"},
		{60000000000, 3570000000000, "min"},
		{3600000000000, 171000000000000, "h"},
		{86400000000000, UINT64_MAX, "d"},
	};
	size_t i = 0;
	while (ns >= units[i].until && units[i].until != UINT64_MAX)
		i++;
	const uint64_t unit = units[i].unit;
	const uint64_t tenths = ns / unit < 10 ? fraction(ns, unit, 10) : 100;
	if (tenths < 100 && tenths % 10)
		snprintf(ret, size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[i].name);
	else
		snprintf(ret, size, "%" PRIu64 " %s", fraction(ns, unit, 1), units[i].name);
	return ret;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

bool pt_text_parse_u64(const char *text, uint64_t *ret)
{
	const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const unsigned base = hex ? 16 : 10;
	uint64_t value = 0;
	text += hex ? 2 : 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		const unsigned d = (unsigned)digit(*text);
		if (d >= base || value > (UINT64_MAX - d) / base)
			return false;
		value = value * base + d;
	}
	*ret = value;
	return true;
}
