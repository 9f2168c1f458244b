/*
 * Drawing the screen of sharers: the answer in a sentence, the processes with where in the stretch their pages are, and
 * the memory nodes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/sharers.h"

#define COLUMNS   8
#define MAP       7 /* the column of strips */
#define MAP_LEAST 12

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *about(const struct ui_sharers_view *v, struct ui_shell *shell)
{
	const struct pt_vma_table *vmas = shell->target.now->vmas;
	size_t i = pt_vma_find(vmas, v->start);
	if (!v->end)
		return "all of the process";
	if (i >= vmas->n || !pt_vma_covers(&vmas->v[i], v->start))
		return "what was mapped there";
	return ui_scratch_text(&shell->scratch, vmas->v[i].end < v->end ? "%s and what follows" : "%s",
			       ui_vma_name(&shell->scratch, &vmas->v[i]));
}

static const char *headline(const struct ui_sharers_view *v, struct ui_shell *shell)
{
	struct ui_scratch *s = &shell->scratch;
	unsigned shift = shell->target.now->page_shift;
	if (!v->known)
		return ui_scratch_text(s, "Who shares %s: %s", about(v, shell), ui_sharing_state(shell));
	if (!v->list.n)
		return ui_scratch_text(s, "%s: none of the %s in memory is shared with another process.",
				       about(v, shell), ui_size(s, v->rss << shift));
	return ui_scratch_text(s, "%s: %s of the %s in memory are shared with %zu other process%s.", about(v, shell),
			       ui_size(s, v->list.pages.others << shift), ui_size(s, v->rss << shift), v->list.n,
			       v->list.n == 1 ? "" : "es");
}

static int draw_words(const struct ui_sharers_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct ui_sharing *a = ui_sharing_now(shell);
	const struct pt_sharing_pages *p = &v->list.pages;
	unsigned shift = shell->target.now->page_shift;
	struct wg_paragraph text[4];
	size_t n = 0;
	text[n++] = (struct wg_paragraph){headline(v, shell), v->known ? WG_STRONG : WG_DIM, 0};
	if (v->known && p->itself)
		text[n++] = (struct wg_paragraph){
			ui_scratch_text(s, "%s more it maps twice or more by itself.", ui_size(s, p->itself << shift)),
			WG_TEXT, 0};
	if (v->known && p->nobody)
		text[n++] = (struct wg_paragraph){ui_scratch_text(s, "Of %s more it was not found who shares it%s.",
								  ui_size(s, p->nobody << shift),
								  a && pt_sharing_refused(a->sharing)
									  ? ": some processes may not be looked at"
									  : ": it came since the look"),
						  WG_UNKNOWN, 0};
	if (v->known && p->unasked)
		text[n++] = (struct wg_paragraph){
			ui_scratch_text(s, "Whether %s are shared is not known.", ui_size(s, p->unasked << shift)),
			WG_UNKNOWN, 0};
	return wg_draw_text(c, rect, text, n, 0);
}

/* ---- where their pages are -------------------------------------------------------------------------------------- */

struct count {
	const struct pt_sharing *sharing;
	pid_t pid;
	uint64_t pages;
};

static void count_pages(void *arg, uint32_t set, uint64_t pages)
{
	struct count *count = arg;
	if (pt_sharing_has(count->sharing, set, count->pid))
		count->pages += pages;
}

static struct wg_heat_cell cell_of(const struct ui_sharing *a, const struct pt_axis *axis, const struct pt_snapshot *s,
				   pid_t pid, uint64_t first, uint64_t end)
{
	struct count count = {a->sharing, pid, 0};
	for (uint64_t at = first, pages; at < end; at += pages) {
		struct pt_stretch piece;
		pages = pt_axis_piece(axis, s, at, end, &piece);
		if (!pages)
			break;
		pt_sharing_each(a->sharing, piece.start, piece.end, count_pages, &count);
	}
	return (struct wg_heat_cell){.hue = WG_HUE_LAYER, .level = (uint8_t)wg_heat_level(count.pages, end - first)};
}

static void draw_strip(const struct pt_axis *axis, struct ui_shell *shell, pid_t pid, int w, struct wg_table_row *ret)
{
	const struct ui_sharing *a = ui_sharing_now(shell);
	if (w <= 0 || !axis->pages || !a)
		return;
	uint64_t per_cell = (axis->pages + (uint64_t)w - 1) / (uint64_t)w;
	int n = (int)((axis->pages + per_cell - 1) / per_cell);
	struct wg_heat_cell *cells = ui_scratch_array(&shell->scratch, (size_t)n, sizeof *cells);
	for (int i = 0; cells && i < n; i++) {
		uint64_t first = (uint64_t)i * per_cell, end = first + per_cell;
		cells[i] = cell_of(a, axis, shell->target.now, pid, first, end < axis->pages ? end : axis->pages);
	}
	ret->strip = cells;
	ret->strip_n = cells ? n : 0;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static void fill_row(const struct ui_sharers_view *v, size_t i, struct ui_shell *shell, struct wg_table_cell *ret)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_sharer *sharer = &v->list.v[i];
	const uint64_t sizes[] = {sharer->pages, sharer->anon, sharer->file, sharer->shmem};
	static const int columns[] = {2, 4, 5, 6};
	ret[0] = (struct wg_table_cell){ui_scratch_text(s, "%d", (int)sharer->pid), WG_TEXT};
	ret[1] = (struct wg_table_cell){ui_printable(s, sharer->name), WG_STRONG};
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
		ret[columns[k]] = ui_cell_bytes(s, (struct pt_maybe){sizes[k] << shell->target.now->page_shift, true});
	ret[3] = (struct wg_table_cell){ui_share(s, sharer->pages, v->rss), WG_TEXT};
	ret[MAP] = (struct wg_table_cell){NULL, WG_TEXT};
}

static void keep_in_sight(struct ui_sharers_view *v, size_t lines)
{
	v->top = v->at < v->top ? v->at : v->top;
	if (v->at >= v->top + lines)
		v->top = v->at - lines + 1;
	if (v->top + lines > v->list.n)
		v->top = v->list.n > lines ? v->list.n - lines : 0;
}

/* The VMAs of the stretch, end to end. */
static int make_axis(const struct ui_sharers_view *v, const struct pt_snapshot *s, struct pt_axis *ret)
{
	size_t first = v->end ? pt_vma_find(s->vmas, v->start) : 0, end = first;
	while (end < s->vmas->n && (!v->end || s->vmas->v[end].start < v->end))
		end++;
	return pt_axis_init(ret, s, first, end - first);
}

static void draw_table(struct ui_sharers_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	static const struct wg_column columns[COLUMNS] = {
		{"PID", 7, 0, WG_COL_RIGHT},
		{"NAME", 12, 0, WG_COL_CUT_MIDDLE},
		{"SHARED", 7, 0, WG_COL_RIGHT | WG_COL_SORTED | WG_COL_DESCENDING},
		{"OF ALL", 6, 2, WG_COL_RIGHT},
		{"ANON", 6, 3, WG_COL_RIGHT},
		{"FILE", 6, 4, WG_COL_RIGHT},
		{"SHMEM", 6, 5, WG_COL_RIGHT},
		{"WHERE", MAP_LEAST, 1, WG_COL_STRIP | WG_COL_GROW}};
	size_t lines = rect.h > 1 ? (size_t)rect.h - 1 : 1;
	struct pt_axis axis = {0};
	int widths[COLUMNS];
	keep_in_sight(v, lines);
	size_t n = v->list.n - v->top < lines ? v->list.n - v->top : lines;
	struct wg_table_row *rows = ui_scratch_array(&shell->scratch, n + 1, sizeof *rows);
	struct wg_table_cell *cells = ui_scratch_array(&shell->scratch, (n + 1) * COLUMNS, sizeof *cells);
	if (!rows || !cells || make_axis(v, shell->target.now, &axis))
		return;
	struct wg_table table = {.columns = columns,
				 .n_columns = COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = v->list.n,
				 .top = v->top,
				 .selected = n ? (int)(v->at - v->top) : -1};
	wg_table_layout(&table, rect.w, widths);
	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct wg_table_row){.cells = &cells[i * COLUMNS]};
		fill_row(v, v->top + i, shell, &cells[i * COLUMNS]);
		draw_strip(&axis, shell, v->list.v[v->top + i].pid, widths[MAP], &rows[i]);
	}
	pt_axis_free(&axis);
	v->table = (struct wg_rect){rect.x, rect.y + 1, rect.w, (int)n};
	wg_draw_table(c, rect, &table);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

/* Lines that they take; 0: there is nothing to say. */
static int nodes_lines(const struct ui_sharers_view *v)
{
	if (!v->known || !v->n_nodes)
		return 0;
	return v->n_nodes == 1 ? 1 : 1 + (int)(v->n_nodes < UI_NODE_ROWS ? v->n_nodes : UI_NODE_ROWS);
}

static void draw_node(const struct ui_node_row *row, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_span spans[] = {
		{ui_scratch_text(s, "node %d", row->node), WG_TEXT, 0},
		{ui_scratch_text(s, "%6s", ui_size(s, row->pages << shell->target.now->page_shift)), WG_STRONG, 0},
		{row->threads ? ui_scratch_text(s, "%zu thread%s there, with %.0f %% of the CPU time", row->threads,
						row->threads == 1 ? " runs" : "s run", 100 * row->cpu_share)
			      : "no thread runs there",
		 row->threads ? WG_TEXT : WG_DIM, 1},
	};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
}

static void draw_nodes(const struct ui_sharers_view *v, struct ui_shell *shell, struct wg_canvas *c,
		       struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	unsigned shift = shell->target.now->page_shift;
	const char *text = "one memory node: nothing is remote";
	if (v->n_nodes > 1)
		text = v->remote.known ? ui_scratch_text(s, "%s remote to the threads that use it",
							 ui_size(s, v->remote.value << shift))
				       : "not known what is remote";
	struct wg_span spans[] = {
		{v->n_nodes > 1 ? "memory nodes" : NULL, WG_STRONG, 0},
		{text, v->n_nodes > 1 ? WG_TEXT : WG_DIM, 0},
		{v->unplaced && v->n_nodes > 1
			 ? ui_scratch_text(s, "%s on nodes not known", ui_size(s, v->unplaced << shift))
			 : NULL,
		 WG_UNKNOWN, 1},
	};
	if (v->n_nodes > 1)
		wg_draw_rule(c, wg_take_top(&rect, 1), spans, sizeof spans / sizeof *spans);
	else
		wg_draw_line(c, wg_take_top(&rect, 1),
			     &(struct wg_line){.spans = spans, .n = sizeof spans / sizeof *spans, .bg = WG_BACK});
	for (size_t i = 0; i < v->n_nodes && i < UI_NODE_ROWS && rect.h && v->n_nodes > 1; i++)
		draw_node(&v->nodes[i], shell, c, wg_take_top(&rect, 1));
}

void ui_sharers_draw(struct ui_sharers_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_rect inside = rect;
	v->table = (struct wg_rect){0};
	if (!shell->target.now)
		return;
	if (inside.w > 20) {
		inside.x++;
		inside.w -= 2;
	}
	int used = draw_words(v, shell, c, inside);
	wg_take_top(&rect, used + (rect.h > 8));
	if (rect.h > nodes_lines(v) + 3)
		draw_nodes(v, shell, c, wg_take_bottom(&rect, nodes_lines(v)));
	if (v->known && v->list.n && rect.h >= 2)
		draw_table(v, shell, c, rect);
}
