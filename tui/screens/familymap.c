/*
 * The map of the family screen: one stretch of addresses twice, the parent's side at the left and the child's at the
 * right, under one cursor; and in words what is under it.
 */
#include <inttypes.h>

#include "tui/format.h"
#include "tui/screens/familyview.h"

#define GUTTER_FROM 70 /* columns from which lines begin with their address */
#define GUTTER      13

/* The sort that most copies of a cell are of. */
static enum pt_kin most_of_copies(const struct pt_kin_sums *sums)
{
	enum pt_kin best = PT_KIN_BY_PARENT;
	for (enum pt_kin kin = PT_KIN_BY_CHILD; kin <= PT_KIN_EITHER; kin++)
		best = sums->n[kin] > sums->n[best] ? kin : best;
	return best;
}

/*
 * A copy shows on the side of who made it, and where both have written on both: the other side has the page as it was at
 * the fork. Of a cell with copies in it their share is what shines: that is what the fork costs.
 */
struct wg_heat_cell ui_family_look(const struct pt_kin_sums *sums, bool child)
{
	const uint64_t *n = sums->n;
	struct pt_kin_sums own = {.n = {[PT_KIN_EITHER] = n[PT_KIN_EITHER]}};
	enum pt_kin mine = child ? PT_KIN_BY_CHILD : PT_KIN_BY_PARENT, alone = child ? PT_KIN_CHILD : PT_KIN_PARENT;
	own.n[mine] = n[mine];
	uint64_t copied = pt_kin_copied(&own), old = n[PT_KIN_SHARED] + pt_kin_copied(sums) - copied, all = 0;
	for (unsigned kin = 0; kin < PT_KIN_N; kin++)
		all += n[kin];
	if (!all)
		return (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
	struct wg_heat_cell cell = {0};
	uint64_t hits = copied;
	if (copied)
		cell.hue = ui_family_hue(most_of_copies(&own));
	else if (old && old >= n[alone])
		cell.hue = ui_family_hue(PT_KIN_SHARED), hits = old;
	else if (n[alone])
		cell.hue = ui_family_hue(alone), hits = n[alone];
	else
		cell.hue = ui_family_hue(PT_KIN_COMMON), hits = n[PT_KIN_COMMON];
	cell.level = (uint8_t)wg_heat_level(hits, all);
	if (n[PT_KIN_UNKNOWN] > copied + old + n[alone])
		cell.flags = WG_HEAT_UNKNOWN;
	return cell;
}

/* ---- both sides ------------------------------------------------------------------------------------------------- */

struct gutter {
	const struct ui_family_view *v;
	struct ui_scratch *scratch;
};

static const char *label(void *arg, uint64_t position)
{
	const struct gutter *g = arg;
	return ui_scratch_text(g->scratch, "%" PRIx64, g->v->row_start + (position << g->v->got->look->page_shift));
}

static uint64_t address_of(const struct ui_family_view *v, uint64_t position)
{
	return v->row_start + (position << v->got->look->page_shift);
}

static void draw_side(const struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, int x,
		      const struct pt_kin_sums *sums, bool child)
{
	struct ui_grid side = v->grid;
	size_t n = ui_grid_cells(&side);
	struct wg_heat_cell *cells = ui_scratch_array(&shell->scratch, n, sizeof *cells);
	if (!cells)
		return;
	for (size_t i = 0; i < n; i++) {
		cells[i] = ui_family_look(&sums[i], child);
		if (ui_grid_in_drag(&side, i) && cells[i].flags != WG_HEAT_OUTSIDE)
			cells[i].flags |= WG_HEAT_MARKED;
	}
	side.rect.x = x;
	ui_grid_draw(&side, &shell->scratch, c, cells);
}

static void draw_sides(struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct gutter gutter = {v, &shell->scratch};
	int w = rect.w >= GUTTER_FROM ? GUTTER : 1, half = (rect.w - w - 1) / 2;
	struct wg_rect left = {rect.x + w, rect.y, half, rect.h};
	if (half < 1 || !ui_grid_place(&v->grid, c, left))
		return;
	const struct pt_kin_row *row = ui_family_row(v);
	const struct pt_kin_sums *sums = ui_family_cells(v, &v->map, address_of(v, v->grid.top), row->end,
							 ui_grid_per_cell(&v->grid), ui_grid_cells(&v->grid));
	if (!sums)
		return;
	draw_side(v, shell, c, left.x, sums, false);
	draw_side(v, shell, c, left.x + half + 1, sums, true);
	if (w == GUTTER)
		ui_grid_draw_gutter(&v->grid, c, w, label, &gutter);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static void draw_rule(const struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	uint64_t per_cell = ui_grid_per_cell(&v->grid);
	struct wg_span spans[] = {
		{ui_scratch_text(s, "left %s %d", ui_printable(s, ui_family_parent(v)->name),
				 (int)ui_family_parent(v)->pid),
		 WG_STRONG, 0},
		{ui_scratch_text(s, "right %s %d", ui_printable(s, ui_family_child(v)->name),
				 (int)ui_family_child(v)->pid),
		 WG_STRONG, 0},
		{"the same addresses", WG_DIM, 3},
		{per_cell == 1 ? "a cell is one page"
			       : ui_scratch_text(s, "a cell is %s", ui_size(s, per_cell << v->got->look->page_shift)),
		 WG_DIM, 2},
	};
	wg_draw_rule(c, line, spans, sizeof spans / sizeof *spans);
}

static void draw_status(const struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c,
			struct wg_rect line)
{
	static const struct {
		enum pt_kin kin;
		const char *many;
	} told[] = {{PT_KIN_SHARED, "still shared"},          {PT_KIN_BY_PARENT, "copied by the parent"},
		    {PT_KIN_BY_CHILD, "copied by the child"}, {PT_KIN_EITHER, "written by both"},
		    {PT_KIN_PARENT, "the parent's alone"},    {PT_KIN_CHILD, "the child's alone"},
		    {PT_KIN_COMMON, "of files or shared"},    {PT_KIN_UNKNOWN, "unknown"}};
	enum { TOLD = sizeof told / sizeof *told };
	struct ui_scratch *s = &shell->scratch;
	size_t cell = ui_grid_cursor_cell(&v->grid), n = 1, held = 0;
	struct wg_span spans[TOLD + 2] = {
		{ui_scratch_text(s, "%" PRIx64, address_of(v, v->grid.top + cell * ui_grid_per_cell(&v->grid))),
		 WG_STRONG, 0}};
	if (cell >= v->map.n)
		return;
	for (size_t i = 0; i < TOLD; i++) {
		uint64_t pages = v->map.sums[cell].n[told[i].kin];
		if (!pages)
			continue;
		held++;
		bool by_whom = told[i].kin != PT_KIN_EITHER || !v->map.sums[cell].unmarked;
		spans[n++] = (struct wg_span){
			ui_scratch_text(s, "%s %s", ui_number(s, pages), by_whom ? told[i].many : "copied"),
			told[i].kin == PT_KIN_UNKNOWN ? WG_UNKNOWN : WG_TEXT, (int)i + 1};
	}
	if (!held)
		spans[n++] = (struct wg_span){"neither has memory here", WG_DIM, 1};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = v->in_map ? WG_SELECT : WG_BACK});
}

void ui_family_map_draw(struct ui_family_view *v, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct wg_rect rule = wg_take_top(&rect, rect.h >= 3), status = wg_take_bottom(&rect, rect.h >= 2);
	v->grid.w = v->grid.rows = 0;
	draw_sides(v, shell, c, rect);
	if (rule.h)
		draw_rule(v, shell, c, rule);
	if (status.h && v->grid.w)
		draw_status(v, shell, c, status);
}
