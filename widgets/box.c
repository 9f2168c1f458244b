/*
 * A frame with a title, for what lies above a screen.
 */
#include "widgets/views.h"

static void draw_frame(struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_style style = WG_STYLE(WG_DIM, WG_BACK);
	int right = rect.w - 1, bottom = rect.h - 1;
	for (int x = 1; x < right; x++) {
		wg_put(c, rect, x, 0, 0x2500 /* ─ */, style);
		wg_put(c, rect, x, bottom, 0x2500, style);
	}
	for (int y = 1; y < bottom; y++) {
		wg_put(c, rect, 0, y, 0x2502 /* │ */, style);
		wg_put(c, rect, right, y, 0x2502, style);
	}
	wg_put(c, rect, 0, 0, 0x250c /* ┌ */, style);
	wg_put(c, rect, right, 0, 0x2510 /* ┐ */, style);
	wg_put(c, rect, 0, bottom, 0x2514 /* └ */, style);
	wg_put(c, rect, right, bottom, 0x2518 /* ┘ */, style);
}

struct wg_rect wg_draw_box(struct wg_canvas *c, struct wg_rect rect, const char *title)
{
	struct wg_rect inside = {rect.x + 2, rect.y + 1, rect.w - 4, rect.h - 2};
	wg_fill(c, rect, ' ', WG_STYLE(WG_TEXT, WG_BACK));
	if (inside.w <= 0 || inside.h <= 0) /* no room for both: the frame gives way */
		return rect;
	draw_frame(c, rect);
	if (title && title[0] && inside.w > 2) {
		int x = wg_text_cut(c, rect, 3, 0, inside.w - 2, title, WG_CUT_END, WG_STYLE(WG_TITLE, WG_BACK));
		wg_put(c, rect, 2, 0, ' ', WG_STYLE(WG_TITLE, WG_BACK));
		wg_put(c, rect, x, 0, ' ', WG_STYLE(WG_TITLE, WG_BACK));
	}
	return inside;
}
