/*
 * Drawing the frame screen: what the frame is in a sentence, then its facts and the frames around it.
 */
#include <stdio.h>
#include <string.h>

#include "tui/frame.h"
#include "tui/screens/pageview.h"
#include "tui/screens/physframe.h"

#define FACT_ROWS (PT_FACTS_MAX + 16)

static struct wg_rect inset(struct wg_rect rect)
{
	if (rect.w > 20) {
		rect.x++;
		rect.w -= 2;
	}
	return rect;
}

static size_t fact_rows(const struct ui_physframe_view *v, struct wg_fact *ret)
{
	size_t n = 0;
	const char *group = NULL;
	for (size_t i = 0; i < v->facts.n && n + 3 < FACT_ROWS; i++) {
		const struct pt_fact *f = &v->facts.v[i];
		if (!group || strcmp(group, f->group) != 0) {
			if (group)
				ret[n++] = (struct wg_fact){0};
			ret[n++] = (struct wg_fact){.name = f->group, .role = WG_TITLE};
			group = f->group;
		}
		ret[n++] = (struct wg_fact){f->name[0] ? f->name : NULL, f->value, f->note[0] ? f->note : NULL,
					    WG_TEXT};
	}
	return n;
}

static void draw_facts(struct ui_physframe_view *v, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_fact rows[FACT_ROWS];
	struct wg_facts facts = {rows, fact_rows(v, rows), 0};
	struct wg_rect inside = inset(rect), none = inside;
	none.h = 0;
	int all = wg_draw_facts(c, none, &facts);
	v->lines = inside.h;
	facts.top = v->top = ui_scroll_bounded(v->top, all, inside.h);
	wg_draw_facts(c, inside, &facts);
	ui_scroll_mark(c, rect, v->top, all);
}

void ui_physframe_draw(struct ui_physframe_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	char headline[256] = "reading...";
	if (v->got && v->got->error)
		snprintf(headline, sizeof headline, "The machine cannot be asked: %s.", strerror(-v->got->error));
	else if (v->got)
		pt_frame_headline(&v->got->info, headline, sizeof headline);
	struct wg_paragraph text = {headline, v->got ? WG_STRONG : WG_DIM, 0};
	struct wg_rect head = inset(rect);
	wg_take_top(&rect, wg_draw_text(c, head, &text, 1, 0) + 1);
	if (!v->got || v->got->error)
		return;
	const struct pt_facts *f = &v->got->info.facts;
	int frames = f->has_near ? ui_frames_lines(c, rect.w) : 0;
	if (frames && rect.h >= frames + 8)
		ui_frames_draw(f, shell, c, wg_take_bottom(&rect, frames));
	draw_facts(v, c, rect);
}
