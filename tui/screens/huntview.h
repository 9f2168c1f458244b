/*
 * What the hunt screen shows, for its drawing: the tables over the shell's newest view (tui/hunt.h), which rows they have,
 * and where all of that was drawn last.
 */
#ifndef UI_HUNTVIEW_H
#define UI_HUNTVIEW_H

#include "tui/filter.h"
#include "tui/shell.h"

enum ui_hunt_tab {
	UI_HUNT_LEAKS,
	UI_HUNT_GROUPS,
	UI_HUNT_OBJECTS,
	UI_HUNT_SITES,
	UI_HUNT_HEAP, /* a picture, no rows */
	UI_HUNT_TABS
};

enum ui_hunt_column {
	UI_HUNT_BYTES,
	UI_HUNT_SHARE,
	UI_HUNT_LEAKS_N, /* leaks that are alike */
	UI_HUNT_COUNT,
	UI_HUNT_EACH, /* size of one */
	UI_HUNT_TIER,
	UI_HUNT_SUSPECTS, /* those that are weak or hidden */
	UI_HUNT_ADDRESS,
	UI_HUNT_ROOT,
	UI_HUNT_SAMPLES,
	UI_HUNT_WHAT,
	UI_HUNT_WHERE,
	UI_HUNT_COLUMNS
};

struct ui_hunt_rows {
	uint32_t *v; /* [n] indices into the view's table, owned */
	size_t n, at, top;
	enum ui_hunt_column sort;
	bool ascending;
};

/* Leaks that are alike: their roots are of one group, most of what hangs on them is of one, and their tier is. A thousand
 * lost connections with their buffers are one row. */
struct ui_hunt_kind {
	uint32_t leak; /* the largest of them: index into leaks */
	uint32_t n;    /* leaks */
	uint64_t count, bytes;
};

/* Objects of one kind of leak or one group alone. */
enum ui_hunt_only { UI_HUNT_ALL, UI_HUNT_OF_KIND, UI_HUNT_OF_GROUP };

struct ui_hunt_screen {
	enum ui_hunt_tab tab;
	struct ui_hunt_rows rows[UI_HUNT_TABS];
	enum ui_hunt_only only;
	uint32_t only_index;        /* into kinds or groups */
	struct ui_hunt_kind *kinds; /* [n_kinds], owned; of the view */
	size_t n_kinds;
	uint32_t *kind_of; /* [view->n_objects] of those that a leak hangs on: index into kinds, owned */
	struct ui_filter filter;
	/* what the rows were made of */
	struct pt_hunt_view *view; /* a reference; NULL: none */
	unsigned filter_seen;
	/* of the last drawing */
	struct wg_rect tabs_at, table_at;
};

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* Finds what is alike in a new view; then, and whenever a filter or order is another, makes the rows of all tables anew.
 * Without memory there are none. */
void ui_hunt_kinds_make(struct ui_hunt_screen *h);
void ui_hunt_rows_make(struct ui_hunt_screen *h);
void ui_hunt_rows_free(struct ui_hunt_screen *h);
/* Rows that a table has, filtered or not. */
size_t ui_hunt_total(const struct ui_hunt_screen *h, enum ui_hunt_tab tab);
/* The columns of a table, in their order, into ret[UI_HUNT_COLUMNS]; how many. */
size_t ui_hunt_columns(enum ui_hunt_tab tab, enum ui_hunt_column *ret);
bool ui_hunt_sorts(enum ui_hunt_column column);
enum ui_hunt_column ui_hunt_next_sort(enum ui_hunt_tab tab, enum ui_hunt_column column);
/* The index into the view's table that is selected; false: none is. */
bool ui_hunt_selected(const struct ui_hunt_screen *h, size_t *ret);
/* The number behind a column of a row, for sorting and drawing. */
uint64_t ui_hunt_value(const struct ui_hunt_screen *h, enum ui_hunt_tab tab, size_t i, enum ui_hunt_column column);

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* "Connection", "\"session-000…\"", "begins with 0x41…": what objects of a group are, by their first words. */
const char *ui_hunt_what(struct ui_scratch *s, const struct pt_leak_group *group);
/* "insert", "libfoo.so+0x1f3c"; and "table.c:88, program". */
const char *ui_hunt_call(struct ui_scratch *s, const struct pt_leak_call *call);
const char *ui_hunt_call_place(struct ui_scratch *s, const struct pt_leak_call *call);
/* "3 objects", "1 object". */
const char *ui_hunt_objects(struct ui_scratch *s, uint64_t n);
uint8_t ui_hunt_tier_hue(unsigned tier);

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

/* Why there is nothing to show at all; NULL: there is. In scratch memory. */
const char *ui_hunt_why_nothing(struct ui_shell *shell);
/* Why no objects can be hunted in this program; NULL: they can. */
const char *ui_hunt_why_no_verdict(struct ui_shell *shell);
/* What is under way; lines it wants. */
int ui_hunt_progress_lines(const struct ui_shell *shell);
void ui_hunt_draw_progress(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
/* The answer, and what it is worth. */
void ui_hunt_draw_head(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest);
void ui_hunt_draw_tabs(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line);
int ui_hunt_tab_at(const struct ui_hunt_screen *h, struct ui_shell *shell, int x);
void ui_hunt_draw_table(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
enum ui_hunt_column ui_hunt_heading_at(const struct ui_hunt_screen *h, int x);
int ui_hunt_pane_lines(const struct ui_hunt_screen *h, int height);
void ui_hunt_draw_pane(struct ui_hunt_screen *h, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
/* The heap against residency. */
void ui_hunt_draw_heap(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
/* What goes on growing, where there is no verdict. */
void ui_hunt_draw_growth(struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);

#endif
