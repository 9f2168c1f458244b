/*
 * See vmatable.h. Only rows on the screen are looked at.
 */
#include "tui/screens/vmatable.h"

#include <inttypes.h>
#include <string.h>

#include "tui/format.h"
#include "tui/heat.h"

static const struct wg_column columns[UI_VMA_COLUMNS] = {
	[UI_VMA_ADDRESS] = {"ADDRESS", 12, 0, WG_COL_RIGHT},
	[UI_VMA_SIZE] = {"SIZE", 5, 2, WG_COL_RIGHT},
	[UI_VMA_PERMS] = {"PERM", 4, 7, 0},
	[UI_VMA_RSS] = {"RSS", 5, 0, WG_COL_RIGHT},
	[UI_VMA_PSS] = {"PSS", 5, 5, WG_COL_RIGHT},
	[UI_VMA_DIRTY] = {"DIRTY", 5, 4, WG_COL_RIGHT},
	[UI_VMA_SWAP] = {"SWAP", 5, 6, WG_COL_RIGHT},
	[UI_VMA_THP] = {"THP", 5, 12, WG_COL_RIGHT},
	[UI_VMA_SHARED] = {"SHARE", 5, 8, WG_COL_RIGHT},
	[UI_VMA_GROWTH] = {"+/-", 6, 3, WG_COL_RIGHT},
	[UI_VMA_WRITTEN] = {"WRIT", 5, 9, WG_COL_RIGHT},
	[UI_VMA_BORN] = {"BORN", 5, 11, WG_COL_RIGHT},
	[UI_VMA_FREED] = {"FREED", 5, 11, WG_COL_RIGHT},
	[UI_VMA_COPIED] = {"COW", 5, 13, WG_COL_RIGHT},
	[UI_VMA_OUT] = {"OUT", 5, 14, WG_COL_RIGHT},
	[UI_VMA_IN] = {"IN", 5, 15, WG_COL_RIGHT},
	[UI_VMA_MIGRATED] = {"MIGR", 5, 16, WG_COL_RIGHT},
	[UI_VMA_ROLE] = {"ROLE", 17, 10, 0},
	[UI_VMA_NAME] = {"NAME", 12, 0, WG_COL_GROW | WG_COL_CUT_MIDDLE},
	[UI_VMA_MAP] = {"MAP", 10, 1, WG_COL_STRIP},
};

#define RATE_FROM 110 /* columns of the screen from which how fast a VMA grows stands beside its name */
#define ALL_FIT   146 /* columns of the screen from which every one of the table is there */

/* The map column gets what a wide screen has to spare. */
static void set_columns(const struct ui_shell *shell, struct wg_column *ret, int w)
{
	memcpy(ret, columns, sizeof columns);
	if (!ui_vma_has(&shell->target, UI_VMA_WRITTEN))
		ret[UI_VMA_WRITTEN].width = WG_COL_ABSENT;
	if (w > ALL_FIT)
		ret[UI_VMA_MAP].width += (w - ALL_FIT) / 2;
	if (w > ALL_FIT + 10)
		ret[UI_VMA_ROLE].width = 22;
}

enum ui_vma_column ui_vma_heading_at(const struct ui_shell *shell, int w, int x)
{
	struct wg_column c[UI_VMA_COLUMNS];
	set_columns(shell, c, w);
	struct wg_table table = {.columns = c, .n_columns = UI_VMA_COLUMNS};
	int column = wg_table_column_at(&table, w, x);
	return column < 0 ? UI_VMA_COLUMNS : (enum ui_vma_column)column;
}

/* What is not in the role column already: the file, or the thread of a stack. */
static const char *name_of(struct ui_scratch *s, const struct pt_vma *vma, size_t n)
{
	const char *name = vma->path[0] ? ui_base_name(s, vma->path) : "";
	if (n > 1)
		return ui_scratch_text(s, "%zux %s", n, name);
	return vma->tid && !vma->path[0] ? ui_scratch_text(s, "thread %d", (int)vma->tid) : name;
}

/* What goes on growing is marked where every table has room. */
static struct wg_table_cell name_cell(struct ui_shell *shell, const struct ui_vma_row *row)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_vma *v = &shell->target.now->vmas->v[row->first];
	const struct pt_growing *growing = ui_target_growing(&shell->target);
	const struct pt_suspect *suspect = growing ? pt_growing_in(growing, v->start, v[row->n - 1].end) : NULL;
	const char *name = name_of(s, v, row->n);
	if (!suspect)
		return (struct wg_table_cell){name, WG_TEXT};
	if (shell->body.w < RATE_FROM)
		return (struct wg_table_cell){ui_scratch_text(s, UI_GROWS " %s", name), WG_GREW};
	return (struct wg_table_cell){
		ui_scratch_text(s, UI_GROWS " %s/s %s", ui_size(s, (uint64_t)(suspect->slope + 0.5)), name), WG_GREW};
}

static struct wg_table_cell role_of(struct ui_scratch *s, const struct pt_vma *vma)
{
	char words[96];
	if (vma->tid && !vma->path[0]) /* which one is said by the name */
		return (struct wg_table_cell){"stack of thread", WG_DIM};
	return (struct wg_table_cell){ui_scratch_text(s, "%s", pt_role_words(vma, words, sizeof words)), WG_DIM};
}

static void fill_cells(struct ui_shell *shell, const struct ui_vma_row *row, struct wg_table_cell *cells)
{
	static const struct {
		enum ui_vma_column column;
		enum pt_sum sum;
	} sums[] = {{UI_VMA_SIZE, PT_SUM_SIZE},    {UI_VMA_RSS, PT_SUM_RSS},   {UI_VMA_PSS, PT_SUM_PSS},
		    {UI_VMA_DIRTY, PT_SUM_DIRTY},  {UI_VMA_SWAP, PT_SUM_SWAP}, {UI_VMA_THP, PT_SUM_THP},
		    {UI_VMA_SHARED, PT_SUM_SHARED}};
	struct ui_scratch *s = &shell->scratch;
	const struct pt_snapshot *now = shell->target.now;
	const struct pt_vma *vma = &now->vmas->v[row->first];
	char perms[5];
	bool known;
	int64_t growth = ui_vma_row_growth(&shell->target, row, &known);
	pt_vma_perms(vma, perms);
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
		cells[sums[i].column] = ui_cell_bytes(s, ui_vma_row_bytes(now, row, sums[i].sum));
	cells[UI_VMA_ADDRESS] = (struct wg_table_cell){ui_scratch_text(s, "%" PRIx64, vma->start), WG_TEXT};
	cells[UI_VMA_PERMS] = (struct wg_table_cell){row->n > 1 ? "" : ui_scratch_text(s, "%s", perms), WG_DIM};
	cells[UI_VMA_GROWTH] = ui_cell_delta(s, growth, known);
	for (int i = UI_VMA_WRITTEN; i <= UI_VMA_MIGRATED; i++)
		cells[i] = ui_cell_bytes(s, ui_vma_row_event(&shell->target, row, ui_vma_event((enum ui_vma_column)i)));
	cells[UI_VMA_ROLE] = role_of(s, vma);
	cells[UI_VMA_NAME] = name_cell(shell, row);
}

static void fill_row(struct ui_shell *shell, const struct ui_vma_row *row, enum pt_layer layer, int strip,
		     struct wg_table_row *ret)
{
	struct ui_target *t = &shell->target;
	struct wg_table_cell *cells = ui_scratch_array(&shell->scratch, UI_VMA_COLUMNS, sizeof *cells);
	struct pt_axis axis;
	if (!cells)
		return;
	fill_cells(shell, row, cells);
	ret->cells = cells;
	if (strip <= 0 || pt_axis_init(&axis, t->now, row->first, row->n) < 0)
		return;
	ret->strip = ui_heat_strip(&shell->scratch, &axis, t->now, t->before, &t->changes, ui_hunt_now(shell),
				   ui_sharing_now(shell), ui_nodes_now(shell), layer, strip, &ret->strip_n);
	pt_axis_free(&axis);
}

static const char *why_empty(const struct ui_vma_list *l, const struct pt_snapshot *s)
{
	if (!s)
		return "reading...";
	if (!s->vmas->n)
		return "this process has no memory of its own";
	return l->filter.text[0] ? "no VMA matches the filter; / changes it" : "no VMAs";
}

static void scroll(const struct ui_vma_list *l, size_t height, size_t *top)
{
	if (l->at < *top)
		*top = l->at;
	if (l->at >= *top + height)
		*top = l->at - height + 1;
	if (*top + height > l->n)
		*top = l->n > height ? l->n - height : 0;
}

void ui_vma_table_draw(struct ui_vma_list *l, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect,
		       enum pt_layer layer, size_t *top)
{
	struct wg_column cols[UI_VMA_COLUMNS];
	int widths[UI_VMA_COLUMNS] = {0};
	size_t height = rect.h > 1 ? (size_t)rect.h - 1 : 1;
	set_columns(shell, cols, rect.w);
	cols[l->sort].flags |= WG_COL_SORTED | (l->descending ? WG_COL_DESCENDING : 0);
	scroll(l, height, top);
	size_t n = l->n - *top < height ? l->n - *top : height;
	struct wg_table_row *rows = ui_scratch_array(&shell->scratch, n + 1, sizeof *rows);
	if (!rows)
		return;
	struct wg_table table = {.columns = cols,
				 .n_columns = UI_VMA_COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = l->n,
				 .top = *top,
				 .selected = n ? (int)(l->at - *top) : -1,
				 .empty = why_empty(l, shell->target.now)};
	wg_table_layout(&table, rect.w, widths);
	for (size_t i = 0; i < n; i++)
		fill_row(shell, &l->rows[*top + i], layer, widths[UI_VMA_MAP], &rows[i]);
	wg_draw_table(c, rect, &table);
}
