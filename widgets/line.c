/*
 * Lines of spans: header, footer, rule, prompt. Spans that do not fit leave by priority; of those that must stay, the
 * last ones are cut.
 */
#include "widgets/views.h"

#include "widgets/measure.h"

#define SPAN_GAP 2
#define HINT_GAP 3
#define RULE     0x2500u /* ─ */

static bool is_there(const struct wg_span *span)
{
	return span->text && span->text[0];
}

static struct wg_fit_item span_item(const void *items, size_t i)
{
	const struct wg_span *span = (const struct wg_span *)items + i;
	return (struct wg_fit_item){is_there(span) ? wg_text_width(span->text) : -1, span->priority};
}

/* Draws the kept ones of spans from x on, never past rect. */
static void draw_spans(struct wg_canvas *c, struct wg_rect rect, const struct wg_span *spans, size_t n,
		       const struct wg_fit *fit, uint8_t bg)
{
	int x = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_there(&spans[i]) || !wg_fit_keeps(fit, spans[i].priority, i))
			continue;
		x = wg_text_cut(c, rect, x, 0, rect.w, spans[i].text, WG_CUT_END, WG_STYLE(spans[i].role, bg));
		x += SPAN_GAP;
	}
}

/* The last span of a line, if it is to be set flush right; else NULL. */
static const struct wg_span *right_span(const struct wg_line *line, const struct wg_fit *fit)
{
	if (!line->spread || line->n == 0)
		return NULL;
	const struct wg_span *last = &line->spans[line->n - 1];
	return is_there(last) && wg_fit_keeps(fit, last->priority, line->n - 1) ? last : NULL;
}

void wg_draw_line(struct wg_canvas *c, struct wg_rect rect, const struct wg_line *line)
{
	rect.h = rect.h > 0 ? 1 : 0;
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, line->bg));
	struct wg_rect rest = wg_rect_padded(rect);
	struct wg_fit fit = wg_fit(span_item, line->spans, line->n, SPAN_GAP, rest.w);
	const struct wg_span *right = right_span(line, &fit);
	if (right) {
		wg_text_right(c, rest, 0, 0, rest.w, right->text, WG_STYLE(right->role, line->bg));
		rest.w -= wg_text_width(right->text) + SPAN_GAP;
	}
	draw_spans(c, rest, line->spans, right ? line->n - 1 : line->n, &fit, line->bg);
}

void wg_draw_hints(struct wg_canvas *c, struct wg_rect rect, const struct wg_hint *hints, size_t n)
{
	rect.h = rect.h > 0 ? 1 : 0;
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BAR));
	struct wg_rect inside = wg_rect_padded(rect);
	int x = 0;
	for (size_t i = 0; i < n; i++) {
		int w = wg_text_width(hints[i].key) + 1 + wg_text_width(hints[i].label);
		if (x + w > inside.w)
			break;
		x = wg_text(c, inside, x, 0, hints[i].key, WG_STYLE(WG_KEY, WG_BAR)) + 1;
		x = wg_text(c, inside, x, 0, hints[i].label, WG_STYLE(WG_DIM, WG_BAR)) + HINT_GAP;
	}
}

void wg_draw_rule(struct wg_canvas *c, struct wg_rect rect, const struct wg_span *spans, size_t n)
{
	enum { LEAD = 3, BETWEEN = 4, TRAIL = 3 }; /* "── ", " ── ", " ──" */
	rect.h = rect.h > 0 ? 1 : 0;
	wg_fill(c, rect, RULE, WG_STYLE(WG_DIM, WG_BACK));
	struct wg_rect inside = {rect.x, rect.y, rect.w - TRAIL, rect.h};
	struct wg_fit fit = wg_fit(span_item, spans, n, BETWEEN, inside.w - LEAD);
	int x = LEAD;
	for (size_t i = 0; i < n; i++) {
		if (!is_there(&spans[i]) || !wg_fit_keeps(&fit, spans[i].priority, i) || x >= inside.w)
			continue;
		wg_put(c, inside, x - 1, 0, ' ', WG_STYLE(WG_TEXT, WG_BACK));
		x = wg_text_cut(c, inside, x, 0, inside.w, spans[i].text, WG_CUT_END, WG_STYLE(spans[i].role, WG_BACK));
		wg_put(c, rect, x, 0, ' ', WG_STYLE(WG_TEXT, WG_BACK));
		x += BETWEEN;
	}
}

void wg_draw_prompt(struct wg_canvas *c, struct wg_rect rect, const char *label, const char *text, const char *error)
{
	rect.h = rect.h > 0 ? 1 : 0;
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BAR));
	struct wg_rect inside = wg_rect_padded(rect);
	int x = wg_text_cut(c, inside, 0, 0, inside.w, label, WG_CUT_END, WG_STYLE(WG_KEY, WG_BAR));
	int room = inside.w - x - 1; /* the cursor's cell */
	if (error && error[0]) { /* a long text leaves it half of the line, an end that is typed at stays in sight */
		int wanted = wg_text_width(error) + SPAN_GAP;
		int least = room - room / 2;
		room = room - wanted > least ? room - wanted : least;
	}
	x = wg_text_cut(c, inside, x, 0, room, text, WG_CUT_START, WG_STYLE(WG_TEXT, WG_BAR));
	wg_put(c, inside, x, 0, 0x258f /* ▏ */, WG_STYLE(WG_ACCENT, WG_BAR));
	if (error)
		wg_text_cut(c, inside, x + 1 + SPAN_GAP, 0, inside.w, error, WG_CUT_END, WG_STYLE(WG_BAD, WG_BAR));
}
