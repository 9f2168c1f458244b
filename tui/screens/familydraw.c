/*
 * Drawing the family screen: its members, the bill of the one that is chosen, what it shared and copied over time, and
 * its VMAs with a strip for either side. What there is no room for leaves in the reverse order of its worth.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/format.h"
#include "tui/screens/familyview.h"

#define MEMBERS_MOST 6  /* rows of the table of members */
#define WIDEST       4  /* columns of the plot that an interval takes while there is room */
#define MAP_FROM     26 /* lines from which the map is there besides the table */

uint8_t ui_family_hue(enum pt_kin kin)
{
	switch (kin) {
	case PT_KIN_BY_PARENT: return WG_HUE_CAME;
	case PT_KIN_BY_CHILD: return WG_HUE_WENT;
	case PT_KIN_EITHER: return WG_HUE_OTHER;
	case PT_KIN_PARENT:
	case PT_KIN_CHILD: return WG_HUE_ANON;
	case PT_KIN_COMMON: return WG_HUE_FILE;
	default: return WG_HUE_ZERO; /* as it was: nothing that would stand out */
	}
}

static const char *why_not(int error, struct ui_scratch *s)
{
	switch (error) {
	case -ESRCH: return "The process has ended.";
	case -EACCES:
	case -EPERM: return "It may not be looked at: that takes root, or the capabilities that pagetop doctor names.";
	case -ENODATA: return "A kernel thread has no memory of its own.";
	default: return ui_scratch_text(s, "It cannot be looked at: %s.", strerror(-error));
	}
}

/* ---- members ---------------------------------------------------------------------------------------------------- */

enum { PID, NAME, AGE, RSS, SHARED, COPIED, BY_PARENT, BY_CHILD, BOTH, ALONE, UNKNOWN, MEMBER_COLUMNS };

static const struct wg_column member_columns[MEMBER_COLUMNS] = {
	[PID] = {"PID", 7, 0, WG_COL_RIGHT},
	[NAME] = {"NAME", 8, 4, WG_COL_GROW},
	[AGE] = {"AGE", 7, 3, WG_COL_RIGHT},
	[RSS] = {"RSS", 6, 5, WG_COL_RIGHT},
	[SHARED] = {"SHARED", 6, 0, WG_COL_RIGHT},
	[COPIED] = {"COPIED", 6, 0, WG_COL_RIGHT},
	[BY_PARENT] = {"BY PARENT", 9, 1, WG_COL_RIGHT},
	[BY_CHILD] = {"BY CHILD", 8, 1, WG_COL_RIGHT},
	[BOTH] = {"BOTH", 6, 2, WG_COL_RIGHT},
	[ALONE] = {"ITS ALONE", 9, 6, WG_COL_RIGHT},
	[UNKNOWN] = {"UNKNOWN", 7, 7, WG_COL_RIGHT},
};

static struct wg_table_cell cell_of_pages(struct ui_scratch *s, const struct pt_forks_look *look, uint64_t pages,
					  bool known)
{
	return ui_cell_bytes(s, (struct pt_maybe){pages << look->page_shift, known});
}

static struct wg_table_cell cell_of_time(struct ui_scratch *s, struct pt_maybe ns)
{
	char text[24];
	if (!ns.known)
		return (struct wg_table_cell){"?", WG_UNKNOWN};
	return (struct wg_table_cell){ui_scratch_text(s, "%s", pt_text_ns(ns.value, text, sizeof text)), WG_TEXT};
}

/* The first has nothing it could be held against. */
static void fill_sums(struct ui_scratch *s, const struct pt_forks_look *look, const struct pt_forks_member *m,
		      struct wg_table_cell *cells)
{
	const struct pt_kin_sums *sums = &m->table.sums;
	const uint64_t pages[MEMBER_COLUMNS] = {
		[SHARED] = sums->n[PT_KIN_SHARED],       [COPIED] = pt_kin_copied(sums),
		[BY_PARENT] = sums->n[PT_KIN_BY_PARENT], [BY_CHILD] = sums->n[PT_KIN_BY_CHILD],
		[BOTH] = sums->n[PT_KIN_EITHER],         [ALONE] = sums->n[PT_KIN_CHILD],
		[UNKNOWN] = sums->n[PT_KIN_UNKNOWN],
	};
	for (int i = SHARED; i < MEMBER_COLUMNS; i++) {
		bool known = m->compared && !(i == SHARED && sums->hidden) &&
			     !(i >= BY_PARENT && i <= BOTH && sums->unmarked);
		cells[i] = m->parent == PT_FORKS_NONE ? (struct wg_table_cell){"", WG_DIM}
						      : cell_of_pages(s, look, pages[i], known);
	}
}

static struct wg_table_row member_row(struct ui_scratch *s, const struct pt_forks_look *look, size_t i)
{
	const struct pt_forks_member *m = &look->v[i];
	const struct pt_snapshot *snapshot = m->snapshot;
	struct wg_table_cell *cells = ui_scratch_array(s, MEMBER_COLUMNS, sizeof *cells);
	if (!cells)
		return (struct wg_table_row){0};
	cells[PID] = (struct wg_table_cell){ui_scratch_text(s, "%d", (int)m->pid), WG_TEXT};
	cells[NAME] = (struct wg_table_cell){ui_printable(s, m->name), WG_STRONG};
	cells[AGE] = cell_of_time(s, m->live_ns);
	cells[RSS] = ui_cell_bytes(s, snapshot ? pt_snapshot_bytes(snapshot, snapshot->vmas->n, PT_SUM_RSS)
					       : (struct pt_maybe){0});
	fill_sums(s, look, m, cells);
	return (struct wg_table_row){.cells = cells};
}

/* Those around the one that is chosen, the first always. */
static void draw_members(struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct pt_forks_look *look = v->got->look;
	struct wg_table_row rows[MEMBERS_MOST + 1];
	size_t room = rect.h > 1 ? (size_t)rect.h - 1 : 0, n = look->n < room ? look->n : room;
	size_t top = v->child != PT_FORKS_NONE && v->child >= n && n ? v->child - n + 1 : 0;
	for (size_t i = 0; i < n; i++)
		rows[i] = member_row(&shell->scratch, look, i ? top + i : 0);
	struct wg_table table = {.columns = member_columns,
				 .n_columns = MEMBER_COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = look->n,
				 .top = top,
				 .selected = v->child == PT_FORKS_NONE || v->child < top ? -1 : (int)(v->child - top)};
	for (size_t i = 0; i < n; i++)
		if (!rows[i].cells)
			return;
	wg_draw_table(c, rect, &table);
	v->members_at = top ? (struct wg_rect){0} : rect; /* clicks are for those that stand where they are counted */
}

/* ---- the bill --------------------------------------------------------------------------------------------------- */

static size_t words_of(const struct ui_family_view *v, struct ui_shell *shell, struct wg_paragraph *ret)
{
	enum { WORDS = 1024 };
	struct ui_scratch *s = &shell->scratch;
	const struct pt_forks_look *look = v->got->look;
	size_t i = v->child == PT_FORKS_NONE ? 0 : v->child, n = 0;
	char words[WORDS];
	if (v->over)
		ret[n++] = (struct wg_paragraph){"The forks have ended: this is how it was last seen.", WG_WARN, 0};
	ret[n++] = (struct wg_paragraph){ui_scratch_text(s, "%s", pt_forks_words(look, i, words, sizeof words)),
					 WG_STRONG, 0};
	if (!v->over && *pt_forks_outlook(look, i, words, sizeof words))
		ret[n++] = (struct wg_paragraph){ui_scratch_text(s, "%s", words), WG_TEXT, 0};
	return n;
}

static void draw_words(const struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c,
		       struct wg_rect *rest)
{
	struct wg_paragraph paragraphs[3];
	size_t n = words_of(v, shell, paragraphs);
	struct wg_rect inside = {rest->x + 1, rest->y, rest->w > 2 ? rest->w - 2 : 0, 0};
	int lines = inside.w ? wg_draw_text(c, inside, paragraphs, n, 0) : 0, most = rest->h / 3;
	inside.h = wg_take_top(rest, lines < most ? lines : most).h;
	if (inside.h)
		wg_draw_text(c, inside, paragraphs, n, 0);
}

/* ---- over time -------------------------------------------------------------------------------------------------- */

static const enum pt_kin plotted[] = {PT_KIN_SHARED, PT_KIN_BY_PARENT, PT_KIN_BY_CHILD, PT_KIN_EITHER, PT_KIN_UNKNOWN};
#define PLOTTED (sizeof plotted / sizeof *plotted)

/* Time of a column: the first look is at the left, and the newest at the right once there are enough of them. */
static uint64_t column_ns(const struct pt_forks_member *m, const struct ui_shell *shell, int w)
{
	uint64_t all = m->points[m->n_points - 1].at_ns - m->points[0].at_ns;
	uint64_t each = w > 1 ? all / (uint64_t)(w - 1) + 1 : all + 1;
	return each > shell->interval_ns / WIDEST ? each : shell->interval_ns / WIDEST;
}

static uint64_t fill_columns(const struct pt_forks_member *m, const struct ui_shell *shell,
			     struct wg_plot_column *columns, int w)
{
	uint64_t each = column_ns(m, shell, w), first = m->points[0].at_ns, top = 0;
	const struct pt_forks_point *last = &m->points[m->n_points - 1];
	size_t at = 0;
	for (int x = 0; x < w; x++) {
		uint64_t until = first + (uint64_t)x * each + each / 2, all = 0;
		while (at + 1 < m->n_points && m->points[at + 1].at_ns <= until)
			at++;
		columns[x].gap = until >= last->at_ns + each;
		for (size_t k = 0; k < PLOTTED && !columns[x].gap; k++)
			all += columns[x].v[k] = m->points[at].sums.n[plotted[k]];
		top = all > top ? all : top;
	}
	return top;
}

static void draw_plot(const struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_forks_member *m = ui_family_child(v);
	const unsigned shift = v->got->look->page_shift;
	struct wg_plot_series series[PLOTTED] = {{0}};
	struct wg_plot_label levels[2], ticks[2];
	char time[24];
	rect.w -= rect.w > 1;
	struct wg_rect area = wg_plot_area(rect, false);
	struct wg_plot_column *columns = ui_scratch_array(s, (size_t)(area.w > 0 ? area.w : 1), sizeof *columns);
	if (!columns || area.w <= 0 || rect.h <= 0)
		return;
	for (size_t k = 0; k < PLOTTED; k++)
		series[k] = (struct wg_plot_series){.hue = ui_family_hue(plotted[k]),
						    .unknown = plotted[k] == PT_KIN_UNKNOWN};
	uint64_t top = fill_columns(m, shell, columns, area.w);
	uint64_t each = column_ns(m, shell, area.w), middle = (uint64_t)area.w / 2;
	levels[0] = (struct wg_plot_label){top, ui_size(s, top << shift)};
	levels[1] = (struct wg_plot_label){top / 2, ui_size(s, top / 2 << shift)};
	ticks[0] = (struct wg_plot_label){0, "first look"};
	ticks[1] = (struct wg_plot_label){middle,
					  ui_scratch_text(s, "+%s", pt_text_ns(middle * each, time, sizeof time))};
	struct wg_plot plot = {.series = series,
			       .n_series = PLOTTED,
			       .columns = columns,
			       .n = area.w,
			       .top = top,
			       .levels = levels,
			       .n_levels = area.h >= 4 ? 2 : 1,
			       .ticks = ticks,
			       .n_ticks = 2,
			       .cursor = -1,
			       .anchor = -1};
	wg_draw_plot(c, rect, &plot);
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

enum { ADDRESS, VMA, V_SHARED, V_PARENT, V_CHILD, V_BOTH, V_STRIP, VMA_COLUMNS };

static void vma_columns(const struct ui_family_view *v, int w, struct ui_scratch *s, struct wg_column *ret)
{
	const struct wg_column columns[VMA_COLUMNS] = {
		[ADDRESS] = {"ADDRESS", 12, 1, WG_COL_RIGHT},        [VMA] = {"NAME", w >= 110 ? 22 : 12, 0, 0},
		[V_SHARED] = {"SHARED", 6, 0, WG_COL_RIGHT},         [V_PARENT] = {"BY PARENT", 9, 3, WG_COL_RIGHT},
		[V_CHILD] = {"BY CHILD", 8, 4, WG_COL_RIGHT},        [V_BOTH] = {"BOTH", 6, 5, WG_COL_RIGHT},
		[V_STRIP] = {"", 21, 2, WG_COL_STRIP | WG_COL_GROW},
	};
	memcpy(ret, columns, sizeof columns);
	int widths[VMA_COLUMNS];
	struct wg_table table = {.columns = ret, .n_columns = VMA_COLUMNS};
	wg_table_layout(&table, w, widths);
	int half = (widths[V_STRIP] - 1) / 2;
	/* over each half whose memory it is */
	ret[V_STRIP].title = ui_scratch_text(s, "%-*.*s %s", half, half > 0 ? half : 0,
					     ui_scratch_text(s, "PARENT %d", (int)ui_family_parent(v)->pid),
					     ui_scratch_text(s, "CHILD %d", (int)ui_family_child(v)->pid));
}

/* Both sides, at equal addresses. */
static struct wg_heat_cell *strip_of(struct ui_family_view *v, struct ui_scratch *s, const struct pt_kin_row *row,
				     int w)
{
	size_t half = w > 2 ? (size_t)(w - 1) / 2 : 0;
	uint64_t pages = (row->end - row->start) >> v->got->look->page_shift;
	uint64_t per_cell = half ? (pages + half - 1) / half : 1;
	struct wg_heat_cell *cells = ui_scratch_array(s, 2 * half + 1, sizeof *cells);
	const struct pt_kin_sums *sums =
		half ? ui_family_cells(v, &v->strips[(size_t)(row - ui_family_child(v)->table.v) % UI_FAMILY_STRIPS],
				       row->start, row->end, per_cell ? per_cell : 1, half)
		     : NULL;
	if (!cells || !sums)
		return NULL;
	cells[half].flags = WG_HEAT_OUTSIDE;
	for (size_t i = 0; i < half; i++) {
		cells[i] = ui_family_look(&sums[i], false);
		cells[half + 1 + i] = ui_family_look(&sums[i], true);
	}
	return cells;
}

static const struct pt_vma *vma_of(const struct ui_family_view *v, const struct pt_kin_row *row)
{
	return row->parent != PT_KIN_NO_VMA ? &ui_family_parent(v)->snapshot->vmas->v[row->parent]
					    : &ui_family_child(v)->snapshot->vmas->v[row->child];
}

static struct wg_table_row vma_row(struct ui_family_view *v, struct ui_scratch *s, const struct pt_kin_row *row, int w)
{
	const struct pt_forks_look *look = v->got->look;
	struct wg_table_cell *cells = ui_scratch_array(s, VMA_COLUMNS, sizeof *cells);
	int strip_n = w > 2 ? (w - 1) / 2 * 2 + 1 : 0;
	if (!cells)
		return (struct wg_table_row){0};
	cells[ADDRESS] = (struct wg_table_cell){ui_scratch_text(s, "%" PRIx64, row->start), WG_TEXT};
	cells[VMA] = (struct wg_table_cell){ui_vma_name(s, vma_of(v, row)), WG_TEXT};
	cells[V_SHARED] = cell_of_pages(s, look, row->sums.n[PT_KIN_SHARED], !row->sums.hidden);
	cells[V_PARENT] = cell_of_pages(s, look, row->sums.n[PT_KIN_BY_PARENT], !row->sums.unmarked);
	cells[V_CHILD] = cell_of_pages(s, look, row->sums.n[PT_KIN_BY_CHILD], !row->sums.unmarked);
	cells[V_BOTH] = cell_of_pages(s, look, row->sums.n[PT_KIN_EITHER], !row->sums.unmarked);
	return (struct wg_table_row){
		.cells = cells, .strip = strip_n ? strip_of(v, s, row, w) : NULL, .strip_n = strip_n};
}

static void draw_vmas(struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_column columns[VMA_COLUMNS];
	size_t room = rect.h > 1 ? (size_t)rect.h - 1 : 0, n = 0;
	struct wg_table_row *rows = ui_scratch_array(s, room + 1, sizeof *rows);
	int widths[VMA_COLUMNS] = {0};
	if (!rows)
		return;
	if (v->row < v->top || v->top + room > v->n_rows)
		v->top = v->n_rows > room && v->row > v->n_rows - room ? v->n_rows - room
			 : v->row < v->top                             ? v->row
								       : v->top;
	v->top = v->n_rows <= room ? 0 : v->top;
	v->top = room && v->row >= v->top + room ? v->row - room + 1 : v->top;
	vma_columns(v, rect.w, s, columns);
	struct wg_table table = {.columns = columns,
				 .n_columns = VMA_COLUMNS,
				 .rows = rows,
				 .total = v->n_rows,
				 .top = v->top,
				 .selected = (int)v->row - (int)v->top,
				 .empty = "neither has private memory"};
	wg_table_layout(&table, rect.w, widths);
	for (; n < room && v->top + n < v->n_rows; n++) {
		rows[n] = vma_row(v, s, &ui_family_child(v)->table.v[v->rows[v->top + n]], widths[V_STRIP]);
		if (!rows[n].cells)
			return;
	}
	table.n_rows = n;
	wg_draw_table(c, rect, &table);
	v->table_at = rect;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static void draw_legend(const struct ui_family_view *v, struct wg_canvas *c, struct wg_rect line)
{
	const uint8_t most = WG_LEVELS - 1;
	const struct pt_kin_sums *sums = &ui_family_child(v)->table.sums;
	const struct wg_legend_item items[] = {
		{.hue = ui_family_hue(PT_KIN_SHARED), .level = most, .label = "as at the fork"},
		{.hue = ui_family_hue(PT_KIN_BY_PARENT), .level = most, .label = "copied by the parent"},
		{.hue = ui_family_hue(PT_KIN_BY_CHILD), .level = most, .label = "by the child"},
		{.hue = ui_family_hue(PT_KIN_EITHER), .level = most, .label = sums->unmarked ? "copied" : "both wrote"},
		{.hue = ui_family_hue(PT_KIN_CHILD), .level = most, .label = "its alone"},
		{.hue = ui_family_hue(PT_KIN_COMMON), .level = most, .label = "files, shared"},
		{.unknown = true, .label = "unknown"},
	};
	wg_draw_legend(c, line, items, sizeof items / sizeof *items - !sums->n[PT_KIN_UNKNOWN]);
}

static int plot_lines(int h)
{
	return h >= 50 ? 10 : h >= 40 ? 8 : h >= 32 ? 6 : h >= 20 ? 5 : 0;
}

/* The table, the map below it, or where there is little room the one that the keyboard is in. */
static void draw_memory(struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
			bool both)
{
	int table = both ? (rect.h * 2 / 5 > (int)v->n_rows + 1 ? (int)v->n_rows + 1 : rect.h * 2 / 5) : rect.h;
	v->grid.w = v->grid.rows = 0;
	if (both || !v->in_map)
		draw_vmas(v, shell, c, wg_take_top(&rect, table));
	if (ui_family_row(v) && (both || v->in_map))
		ui_family_map_draw(v, shell, c, rect);
}

void ui_family_draw(struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	const struct pt_forks_look *look = v->got ? v->got->look : NULL;
	const int h = rect.h;
	v->table_at = v->members_at = (struct wg_rect){0};
	if (!look) {
		const char *text = !shell->sources->kernel ? "A recording has no forks side by side."
				   : v->got                ? why_not(v->error, &shell->scratch)
							   : "looking...";
		struct wg_paragraph words = {text, WG_TEXT, 0};
		struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
		if (inside.w > 0)
			wg_draw_text(c, inside, &words, 1, 0);
		return;
	}
	size_t members = look->n < MEMBERS_MOST ? look->n : MEMBERS_MOST;
	if (h >= 10)
		draw_members(v, shell, c, wg_take_top(&rect, 1 + (int)(h >= 30 ? members : members < 3 ? members : 3)));
	draw_words(v, shell, c, &rect);
	if (v->child == PT_FORKS_NONE || !ui_family_child(v)->compared)
		return;
	if (h >= 8)
		draw_legend(v, c, wg_take_bottom(&rect, h >= 30 && rect.w < 110 ? 2 : 1));
	draw_plot(v, shell, c, wg_take_top(&rect, plot_lines(h)));
	draw_memory(v, shell, c, rect, h >= MAP_FROM);
}
