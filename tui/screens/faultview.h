/*
 * What the fault screen shows, for its drawing: a view, the rows of its tables, the tree of its stacks, and where all of
 * that was drawn last.
 */
#ifndef UI_FAULTVIEW_H
#define UI_FAULTVIEW_H

#include "tui/screens/faultrows.h"
#include "tui/screens/faulttree.h"
#include "tui/shell.h"

/* The stacks as a tree: which nodes show. */
struct ui_fault_stacks {
	struct ui_fault_tree tree;
	struct ui_fault_open open;
	uint32_t *rows; /* nodes, owned; [n] */
	size_t n;
	size_t at;
	uint64_t selected; /* path */
	bool touched;      /* someone moved in it: it keeps its order, and what is open */
	enum ui_fault_way way;
	enum ui_fault_column sort;
	bool ascending;
	bool resort; /* sorting was asked for */
};

struct ui_fault_screen {
	enum ui_fault_tab tab;
	struct pt_fault_view *view; /* a reference; NULL: none yet */
	struct ui_fault_rows rows[UI_FAULT_TABS];
	struct ui_fault_stacks stacks;
	struct ui_filter filter;
	unsigned filter_seen;
	size_t top[UI_FAULT_TABS]; /* first row on the screen */
	/* of the last drawing */
	struct wg_rect tabs_at, table_at;
	struct ui_fault_want want; /* what the pane shows of the selected row */
};

/* How a kind of fault looks; the pattern of what is unknown where unknown. */
struct wg_heat_cell ui_fault_cell(enum pt_fault_kind kind);
/* "first touch": as the legend has it. */
const char *ui_fault_label(enum pt_fault_kind kind);
/* A bar of n cells, filled as `events` are of `most`, and divided by kind; where there is room, each has a cell. */
void ui_fault_strip(const struct pt_fault_counts *counts, uint64_t most, struct wg_heat_cell *cells, int n);

/* Rows of the table that is shown; which of them is selected. */
size_t ui_fault_shown(const struct ui_fault_screen *f);
size_t ui_fault_at(const struct ui_fault_screen *f);
/* The row that is selected; false: there is none, or it is a node of the tree. */
bool ui_fault_selected(const struct ui_fault_screen *f, const struct ui_shell *shell, struct ui_fault_line *ret);
/* The node that is selected; NULL: there is none, or it is a row of another table. */
const struct ui_fault_node *ui_fault_selected_node(const struct ui_fault_screen *f);

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

/* The name of a table, and where it stands in the line of them; -1 where none is. */
const char *ui_fault_tab_name(enum ui_fault_tab tab);
void ui_fault_draw_tabs(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line);
int ui_fault_tab_at(const struct ui_fault_screen *f, const struct ui_shell *shell, int x);
/* What there is to say at the top: how much, what it is worth, and pictures of it. */
void ui_fault_draw_head(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect *rest);
void ui_fault_draw_table(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
/* The column whose heading is at x of the table; UI_FAULT_COLUMNS: none. */
enum ui_fault_column ui_fault_heading_at(const struct ui_fault_screen *f, int x);
/* What more there is to say of the selected row; lines it wants of a screen of that size. */
int ui_fault_pane_lines(const struct ui_fault_screen *f, int w, int h);
void ui_fault_draw_pane(struct ui_fault_screen *f, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect);
/* Why there is nothing to show at all; NULL: there is. In scratch memory. */
const char *ui_fault_why_nothing(const struct ui_fault_screen *f, struct ui_shell *shell);
/* "dictFind", "libjemalloc.so.2+0x1f3c", "0x7f..": what a call is called. In scratch memory. */
const char *ui_fault_name_of(struct ui_scratch *s, const struct pt_fault_call *call);
/* "dict.c:88, redis-server": where it is. Likewise. */
const char *ui_fault_place_of(struct ui_scratch *s, const struct pt_fault_call *call);

#endif
