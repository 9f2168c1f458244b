/*
 * The small map of the 512 frames around a page: what physical memory looks like there. The frame itself is under the
 * cursor, the rest of its folio is marked.
 */
#include <inttypes.h>

#include "core/explain/frame.h"
#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/pageview.h"

#define ACROSS 64

static int across(int w)
{
	return w >= 2 * ACROSS ? 2 * ACROSS : w >= ACROSS ? ACROSS : w >= ACROSS / 2 ? ACROSS / 2 : 0;
}

int ui_frames_lines(const struct wg_canvas *c, int w)
{
	int n = across(w), per_line = wg_heat_rows(c, 1);
	return n ? PT_NEIGHBOURS / n / (per_line ? per_line : 1) + 2 : 0;
}

static bool same_folio(const struct pt_facts *f, uint64_t pfn)
{
	return f->folio_first.known && f->folio_pages.known && pfn >= f->folio_first.value &&
	       pfn - f->folio_first.value < f->folio_pages.value;
}

/* Of words about such frames. */
static uint8_t role_of(enum pt_frame frame)
{
	struct wg_heat_cell look = ui_frame_look(frame, true);
	return look.flags ? WG_DIM : WG_HEAT(look.hue, look.level < 3 ? 3 : look.level);
}

static void draw_counts(const unsigned *counts, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct wg_span spans[PT_FRAME_N];
	size_t n = 0;
	for (int i = 0; i < PT_FRAME_N; i++)
		if (counts[i])
			spans[n++] = (struct wg_span){
				ui_scratch_text(&shell->scratch, "%u %s", counts[i], pt_frame_name((enum pt_frame)i)),
				role_of((enum pt_frame)i), i};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

void ui_frames_draw(const struct pt_facts *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_heat_cell cells[PT_NEIGHBOURS];
	unsigned counts[PT_FRAME_N] = {0};
	int w = across(rect.w);
	if (!f->has_near || !w)
		return;
	for (size_t i = 0; i < PT_NEIGHBOURS; i++) {
		enum pt_frame frame = pt_frame_of(f->near_flags[i]);
		counts[frame]++;
		cells[i] = ui_frame_look(frame, c->can.colour);
		if (same_folio(f, f->near_first + i))
			cells[i].flags = WG_HEAT_MARKED;
	}
	bool folio = f->folio_pages.known && f->folio_pages.value > 1;
	struct wg_span title[] = {
		{"the 512 frames around it", WG_TEXT, 0},
		{ui_scratch_text(&shell->scratch, "PFN 0x%" PRIx64 " on", f->near_first), WG_DIM, 2},
		{folio ? "its folio" : NULL, WG_ACCENT, 1},
	};
	wg_draw_rule(c, wg_take_top(&rect, 1), title, folio ? 3 : 2);
	draw_counts(counts, shell, c, wg_take_bottom(&rect, 1));
	wg_take_left(&rect, rect.w > w ? 1 : 0);
	struct wg_rect grid = wg_take_left(&rect, w);
	int cursor = f->pfn >= f->near_first && f->pfn - f->near_first < PT_NEIGHBOURS ? (int)(f->pfn - f->near_first)
										       : -1;
	wg_draw_heat(c, grid, &(struct wg_heat_view){cells, w, PT_NEIGHBOURS / w, cursor});
}
