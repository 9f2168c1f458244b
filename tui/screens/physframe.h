/*
 * What the frame screen shows, for its drawing: the newest reading of the frame, and who maps it.
 */
#ifndef UI_PHYSFRAME_H
#define UI_PHYSFRAME_H

#include "core/machine/frameinfo.h"
#include "core/report/facts.h"
#include "tui/shell.h"

/* What the reader of frames answers. */
struct ui_physframe_reading {
	uint64_t pfn; /* that was asked for */
	int error;    /* -errno of opening the kernel; then the rest means nothing */
	struct pt_frame_info info;
	uint64_t realtime_ns;
};

struct ui_physframe_view {
	uint64_t pfn;
	const struct ui_physframe_reading *got; /* of this frame; NULL: not read yet */
	struct pt_fact_list facts;
	size_t at, top_owner; /* the selected owner, and the first one shown; drawing keeps them in bounds */
	struct wg_rect table; /* where owners were drawn, without the headings */
	int top;              /* lines scrolled away; drawing keeps it in bounds */
	int lines;            /* of text on the screen, for PgUp and PgDn */
};

void ui_physframe_draw(struct ui_physframe_view *view, struct ui_shell *shell, struct wg_canvas *canvas,
		       struct wg_rect rect);

#endif
