/*
 * What the page screen shows, for its drawing: the newest inspection, explained, and the history of the address.
 */
#ifndef UI_PAGEVIEW_H
#define UI_PAGEVIEW_H

#include "core/explain/explain.h"
#include "core/report/facts.h"
#include "tui/screens/inspector.h"
#include "tui/shell.h"

#define UI_PAGE_HISTORY 64

/* One state the page was seen in. */
struct ui_page_moment {
	uint64_t realtime_ns;
	enum pt_cause cause;
	uint64_t pfn; /* 0: none, or not known */
	uint64_t count;
	bool has_count;
};

struct ui_page_view {
	uint64_t address;
	const struct ui_inspection *got; /* of this address; NULL: not read yet */
	struct pt_explanation words;     /* of `got`, if it has no error */
	struct pt_fact_list facts;
	struct ui_page_moment history[UI_PAGE_HISTORY]; /* oldest first */
	size_t n_history;
	unsigned reads; /* since the screen came to this address */
	bool hex;
	int top;        /* lines scrolled away; drawing keeps it in bounds */
	size_t hex_top; /* bytes scrolled away */
	int lines;      /* of text on the screen, for PgUp and PgDn */
};

void ui_page_draw(struct ui_page_view *view, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);
/* The contents, or why there are none. */
void ui_page_draw_hex(struct ui_page_view *view, struct ui_shell *shell, struct wg_canvas *canvas, struct wg_rect rect);
/* Who first touched it, where faults are watched and that was seen: paragraphs, at most max; how many. */
struct ui_fault_want ui_page_want(const struct ui_page_view *view);
size_t ui_page_birth(const struct ui_page_view *view, struct ui_shell *shell, struct wg_paragraph *ret, size_t max);
/* The 512 frames around the page, in as many lines as rect has; lines it wants. */
int ui_frames_lines(const struct wg_canvas *canvas, int w);
void ui_frames_draw(const struct pt_facts *facts, struct ui_shell *shell, struct wg_canvas *canvas,
		    struct wg_rect rect);

#endif
