/*
 * Text wrapped at words: single texts, and paragraphs. Lines outside the rectangle are counted and not drawn, so the
 * same walk measures and draws.
 */
#include "widgets/views.h"

#include "widgets/measure.h"

static void skip_blanks(const char **text)
{
	while (**text == ' ')
		(*text)++;
}

bool wg_wrap_next(const char **text, int w, struct wg_piece *ret)
{
	skip_blanks(text);
	if (!**text)
		return false;
	struct wg_piece line = {.start = *text}, words = {.start = *text};
	const char *at = *text;
	while (*at) {
		const char *before = at;
		int width = wg_char_width(wg_utf8_next(&at));
		if (*before == ' ' && before[-1] != ' ')
			words = line;
		if (line.w + width > w && *before != ' ' &&
		    line.n > 0) { /* the first one always goes: the walk must end */
			line = words.n > 0 ? words : line;
			break;
		}
		line.w += width;
		line.n = (size_t)(at - *text);
	}
	while (line.n > 0 && line.start[line.n - 1] == ' ') {
		line.n--;
		line.w--;
	}
	*text += line.n;
	*ret = line;
	return true;
}

int wg_text_wrapped(struct wg_canvas *c, struct wg_rect rect, int x, int y, int w, const char *text,
		    struct wg_style style)
{
	struct wg_piece line;
	int lines = 0;
	while (wg_wrap_next(&text, w, &line))
		wg_text_piece(c, rect, x, y + lines++, line, style);
	return lines;
}

/* One paragraph from row y down; an empty one is an empty line. */
static int draw_paragraph(struct wg_canvas *c, struct wg_rect rect, int y, const struct wg_paragraph *paragraph)
{
	struct wg_style style = WG_STYLE(paragraph->role, WG_BACK);
	const char *text = paragraph->text ? paragraph->text : "";
	int indent = paragraph->indent < rect.w / 2 ? paragraph->indent : rect.w / 2;
	struct wg_piece first;
	if (!wg_wrap_next(&text, rect.w, &first))
		return 1;
	wg_text_piece(c, rect, 0, y, first, style);
	return 1 + wg_text_wrapped(c, rect, indent, y + 1, rect.w - indent, text, style);
}

int wg_draw_text(struct wg_canvas *c, struct wg_rect rect, const struct wg_paragraph *paragraphs, size_t n, int top)
{
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	int row = 0;
	for (size_t i = 0; i < n; i++)
		row += draw_paragraph(c, rect, row - top, &paragraphs[i]);
	return row;
}
