/*
 * Text on one line: drawn, cut with an ellipsis, set right. And the text's pieces it is made of: UTF-8 decoded, the
 * beginning or end that fits. Texts are borrowed for the call only.
 */
#include <string.h>

#include "widgets/measure.h"

#define ELLIPSIS 0x2026u /* … */

/* The length of a sequence by its first byte, and the first byte's own bits; 0: no first byte. */
static int sequence_length(unsigned char byte, uint32_t *ret_bits)
{
	static const struct {
		unsigned char mask, mark;
	} FORMS[] = {{0x7f, 0x00}, {0x1f, 0xc0}, {0x0f, 0xe0}, {0x07, 0xf0}};
	for (int i = 0; i < 4; i++) {
		if ((byte & ~FORMS[i].mask & 0xff) == FORMS[i].mark) {
			*ret_bits = byte & FORMS[i].mask;
			return i + 1;
		}
	}
	return 0;
}

uint32_t wg_utf8_next(const char **text)
{
	static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)*text;
	if (!*at)
		return 0;
	uint32_t ch = WG_REPLACEMENT;
	int n = sequence_length(*at, &ch);
	(*text)++;
	for (int i = 1; i < n; i++) { /* the final NUL is no continuation, so this never reads past it */
		if ((at[i] & 0xc0) != 0x80)
			return WG_REPLACEMENT;
		ch = ch << 6 | (at[i] & 0x3fu);
	}
	if (ch < LEAST[n] || ch > 0x10ffff || (ch >= 0xd800 && ch < 0xe000))
		return WG_REPLACEMENT;
	if (n > 1)
		*text += n - 1;
	return ch;
}

int wg_text_width(const char *text)
{
	int w = 0;
	while (*text)
		w += wg_char_width(wg_utf8_next(&text));
	return w;
}

struct wg_piece wg_text_head(const char *text, int w)
{
	struct wg_piece head = {.start = text};
	for (const char *at = text; *at;) {
		int width = wg_char_width(wg_utf8_next(&at));
		if (head.w + width > w)
			break;
		head.w += width;
		head.n = (size_t)(at - text);
	}
	return head;
}

struct wg_piece wg_text_tail(const char *text, int w)
{
	struct wg_piece tail = {.start = text, .w = wg_text_width(text)};
	while (tail.w > w && *tail.start)
		tail.w -= wg_char_width(wg_utf8_next(&tail.start));
	tail.n = strlen(tail.start);
	return tail;
}

int wg_text_piece(struct wg_canvas *c, struct wg_rect rect, int x, int y, struct wg_piece piece, struct wg_style style)
{
	for (const char *at = piece.start; at < piece.start + piece.n;) {
		uint32_t ch = wg_utf8_next(&at);
		wg_put(c, rect, x, y, ch, style);
		x += wg_char_width(ch);
	}
	return x;
}

int wg_text(struct wg_canvas *c, struct wg_rect rect, int x, int y, const char *text, struct wg_style style)
{
	struct wg_piece all = {.start = text, .n = strlen(text)};
	return wg_text_piece(c, rect, x, y, all, style);
}

/*
 * How many of w cells the end of a text cut in the middle gets: two thirds, as the end of a path tells more than its
 * beginning; and if it can be, the whole last component.
 */
static int tail_share(const char *text, int w)
{
	const char *slash = strrchr(text, '/');
	int share = w * 2 / 3, name = slash ? wg_text_width(slash) : 0;
	return name > share && name <= w ? name : share;
}

int wg_text_cut(struct wg_canvas *c, struct wg_rect rect, int x, int y, int w, const char *text, enum wg_cut cut,
		struct wg_style style)
{
	if (x >= 0 && w > rect.w - x) /* the ellipsis shall be seen */
		w = rect.w - x;
	if (w <= 0)
		return x;
	if (wg_text_width(text) <= w)
		return wg_text(c, rect, x, y, text, style);
	int tail = cut == WG_CUT_END ? 0 : cut == WG_CUT_START ? w - 1 : tail_share(text, w - 1);
	x = wg_text_piece(c, rect, x, y, wg_text_head(text, w - 1 - tail), style);
	wg_put(c, rect, x, y, ELLIPSIS, style);
	return wg_text_piece(c, rect, x + 1, y, wg_text_tail(text, tail), style);
}

int wg_text_right(struct wg_canvas *c, struct wg_rect rect, int x, int y, int w, const char *text,
		  struct wg_style style)
{
	int width = wg_text_width(text);
	return wg_text_cut(c, rect, width < w ? x + w - width : x, y, w, text, WG_CUT_END, style);
}
