/*
 * State and keys of a map; see mapview.h. Drawing is in mapdraw.c.
 */
#include "tui/screens/mapview.h"

#include <stdlib.h>
#include <string.h>

#include "tui/screens/screens.h"

#define LINGERS_NS 500000000u /* a layer that is shown for so long is not just passed by */

void ui_map_init(struct ui_map_view *m)
{
	*m = (struct ui_map_view){0};
	ui_grid_init(&m->grid);
}

void ui_map_free(struct ui_map_view *m)
{
	pt_axis_free(&m->axis);
	pt_vma_table_unref(m->table);
	free(m->bins);
	free(m->differences);
	free(m->cells);
}

static void forget_axis(struct ui_map_view *m)
{
	pt_axis_free(&m->axis);
	pt_vma_table_unref(m->table);
	m->table = NULL;
	m->filled.n = m->compared.n = 0;
}

void ui_map_show(struct ui_map_view *m, uint64_t start, uint64_t end)
{
	if (m->start == start && m->end == end && m->table)
		return;
	bool same_vma = end && m->end && m->start == start; /* which grew or shrank */
	forget_axis(m);
	m->start = start;
	m->end = end;
	m->grid.drag_from = -1;
	if (same_vma)
		return;
	ui_grid_show(&m->grid, 0, 0);
	if (end && (m->cursor < start || m->cursor >= end))
		m->cursor = start;
}

/* The VMAs between start and end, as they are now. */
static void find_vmas(struct ui_map_view *m, const struct pt_vma_table *table)
{
	m->first = m->end ? pt_vma_find(table, m->start) : 0;
	size_t last = m->first;
	while (last < table->n && (!m->end || table->v[last].start < m->end))
		last++;
	m->n = last - m->first;
}

/* A reservation: no access, and nothing in it. Gigabytes of those would leave no room for what is there. */
static bool is_reservation(const struct pt_snapshot *s, size_t i)
{
	const struct pt_counts *sum = pt_snapshot_sums(s, i);
	if (s->vmas->v[i].perms & (PT_READ | PT_WRITE | PT_EXEC))
		return false;
	return !sum->n[PT_N_PRESENT] && !sum->n[PT_N_SWAP] && !sum->n[PT_N_GUARD] && !sum->n[PT_N_MARKER];
}

static void leave_out_reservations(struct ui_map_view *m, const struct pt_snapshot *s)
{
	struct pt_axis *axis = &m->axis;
	size_t kept = 0;
	uint64_t pages = 0;
	for (size_t i = 0; i < axis->n; i++) {
		const struct pt_vma *vma = &s->vmas->v[axis->vma[i]];
		if (is_reservation(s, axis->vma[i]))
			continue;
		axis->vma[kept] = axis->vma[i];
		axis->first[kept++] = pages;
		pages += (vma->end - vma->start) >> axis->page_shift;
	}
	m->left_out = axis->n - kept;
	axis->n = kept;
	axis->pages = pages;
}

static bool same_axis(const struct pt_axis *a, const struct pt_axis *b)
{
	return a->n == b->n && a->pages == b->pages && (!a->n || memcmp(a->vma, b->vma, a->n * sizeof *a->vma) == 0);
}

/* What was drawn is kept when it comes out the same, of the same VMAs. `table` stays NULL without memory. */
static void make_axis(struct ui_map_view *m, const struct pt_snapshot *s)
{
	struct pt_axis old = m->axis;
	size_t filled = m->table == s->vmas ? m->filled.n : 0;
	m->axis = (struct pt_axis){0};
	forget_axis(m);
	find_vmas(m, s->vmas);
	if (pt_axis_init(&m->axis, s, m->first, m->n) == 0) {
		m->left_out = 0;
		if (!m->end)
			leave_out_reservations(m, s);
		m->table = pt_vma_table_ref(s->vmas);
		m->filled.n = same_axis(&old, &m->axis) ? filled : 0;
	}
	pt_axis_free(&old);
}

/*
 * The cursor stays at its address. Where that is not mapped (any more, or yet: time goes both ways) it goes to the next
 * one that is, and comes back as soon as it can, unless a person moves it.
 */
static void keep_cursor(struct ui_map_view *m, const struct pt_snapshot *s)
{
	if (m->astray && m->cursor == m->astray_at)
		m->cursor = m->astray_from;
	m->astray = false;
	if (!m->axis.pages)
		return;
	uint64_t wanted = m->cursor, at = pt_axis_position(&m->axis, s, wanted), last = m->axis.pages - 1;
	m->cursor = pt_axis_address(&m->axis, s, at > last ? last : at);
	m->astray = (m->cursor ^ wanted) >> m->axis.page_shift;
	m->astray_from = wanted;
	m->astray_at = m->cursor;
}

void ui_map_update(struct ui_map_view *m, const struct ui_target *t)
{
	bool same_pages = m->end || m->version == t->version; /* else what is left out may be another */
	if (m->table == t->now->vmas && same_pages)
		return;
	m->version = t->version;
	make_axis(m, t->now);
	if (!m->table)
		return;
	keep_cursor(m, t->now);
}

void ui_map_ask(struct ui_map_view *m, struct ui_shell *shell)
{
	if (m->layer == PT_LAYER_NODE)
		ui_owners_ask_nodes(shell);
	if (m->layer != PT_LAYER_SHARED)
		m->shared_ns = 0;
	else if (!m->shared_ns)
		m->shared_ns = shell->now_ns;
	else if (shell->now_ns - m->shared_ns >= LINGERS_NS)
		ui_owners_ask_sharing(shell);
}

/* ---- the grid --------------------------------------------------------------------------------------------------- */

void ui_map_to_grid(struct ui_map_view *m, const struct pt_snapshot *s)
{
	m->grid.length = m->axis.pages;
	m->grid.cursor = pt_axis_position(&m->axis, s, m->cursor);
}

/* From a position to an address. That of an earlier zoom was kept: what is there may have another position by now. */
static void from_grid(struct ui_map_view *m, const struct pt_snapshot *s, const struct ui_grid *was)
{
	struct ui_grid *g = &m->grid;
	if (g->n_back > was->n_back)
		m->back_to[was->n_back] = m->cursor;
	if (g->n_back < was->n_back) {
		m->cursor = m->back_to[g->n_back];
		keep_cursor(m, s);
		ui_map_to_grid(m, s);
	} else if (g->cursor != was->cursor) {
		m->cursor = pt_axis_address(&m->axis, s, g->cursor);
	}
}

size_t ui_map_watch(const struct ui_map_view *m, const struct pt_snapshot *s, struct pt_stretch *ret, size_t max)
{
	const struct ui_grid *g = &m->grid;
	if (!g->w || m->table != s->vmas)
		return 0;
	uint64_t end = g->top + ui_grid_cells(g) * ui_grid_per_cell(g);
	return pt_axis_stretches(&m->axis, s, g->top, end, pt_axis_position(&m->axis, s, m->cursor), ret, max);
}

/* ---- looking for what the layer shows --------------------------------------------------------------------------- */

#define BINS_AT_ONCE 64

static uint64_t hits_of(const struct ui_map_view *m, const struct pt_snapshot *s, const struct pt_bin *bin)
{
	if (m->layer == PT_LAYER_HEAP) /* all of it shows, leaks are looked for */
		return bin->heap.leaked + bin->heap.mixed;
	return pt_bin_heat(bin, m->layer, &s->signals).hits;
}

/* What cells hold that may not be on the screen. */
static void look_at(const struct ui_map_view *m, struct ui_shell *shell, uint64_t first, uint64_t pages,
		    struct pt_bin *bins, size_t n)
{
	struct ui_target *t = &shell->target;
	pt_bins_fill(&m->axis, t->now, NULL, first, pages, bins, n);
	ui_changes_bins(&t->changes, m->layer, &m->axis, t->now, first, bins, n);
	if (m->layer == PT_LAYER_HEAP)
		ui_hunt_bins(ui_hunt_now(shell), &m->axis, t->now, first, bins, n);
}

static void find_densest(struct ui_map_view *m, struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	uint64_t most = 0, best = 0, per_cell = ui_grid_per_cell(&m->grid), cells = ui_grid_cells(&m->grid);
	struct pt_bin bins[BINS_AT_ONCE];
	for (uint64_t cell = 0; cell < cells; cell += BINS_AT_ONCE) {
		look_at(m, shell, m->grid.top + cell * per_cell, per_cell, bins, BINS_AT_ONCE);
		for (uint64_t i = 0; i < BINS_AT_ONCE && cell + i < cells; i++)
			if (hits_of(m, s, &bins[i]) > most) {
				most = hits_of(m, s, &bins[i]);
				best = cell + i;
			}
	}
	if (most)
		m->grid.cursor = m->grid.top + best * per_cell;
}

/* The next cell with hits, on the screen or beyond it, screenful by screenful. */
static void find_hit(struct ui_map_view *m, struct ui_shell *shell, int direction)
{
	const struct pt_snapshot *s = shell->target.now;
	uint64_t per_cell = ui_grid_per_cell(&m->grid), top = m->grid.top % per_cell;
	uint64_t at = m->grid.cursor > top ? (m->grid.cursor - top) / per_cell : 0;
	uint64_t last = m->axis.pages > top ? (m->axis.pages - 1 - top) / per_cell : 0;
	struct pt_bin bin;
	for (unsigned tries = 0; tries < 1u << 20; tries++) {
		if (direction < 0 ? at == 0 : at >= last)
			break;
		at = direction < 0 ? at - 1 : at + 1;
		look_at(m, shell, top + at * per_cell, per_cell, &bin, 1);
		if (hits_of(m, s, &bin)) {
			m->grid.cursor = top + at * per_cell;
			return;
		}
	}
	ui_shell_say(shell, WG_DIM, "no more cells with what the layer %s shows", pt_layer_name(m->layer));
}

/* ---- deeper ----------------------------------------------------------------------------------------------------- */

/* Moves the cursor to the first page of its cell that the layer shows, looking at ever smaller parts of it. */
static void aim(struct ui_map_view *m, struct ui_shell *shell)
{
	const struct pt_snapshot *s = shell->target.now;
	uint64_t pages = ui_grid_per_cell(&m->grid), first = m->grid.top + ui_grid_cursor_cell(&m->grid) * pages;
	struct pt_bin bins[BINS_AT_ONCE];
	while (pages > 1) {
		uint64_t part = (pages + BINS_AT_ONCE - 1) / BINS_AT_ONCE;
		size_t i = 0, n = (size_t)((pages + part - 1) / part);
		look_at(m, shell, first, part, bins, n);
		while (i < n && !hits_of(m, s, &bins[i]))
			i++;
		if (i == n)
			return;
		first += i * part;
		pages = part;
	}
	m->grid.cursor = first;
}

static void enter(struct ui_map_view *m, struct ui_shell *shell)
{
	if (ui_grid_per_cell(&m->grid) <= 1) {
		ui_shell_push(shell, ui_page_new(shell, m->cursor));
		return;
	}
	aim(m, shell);
	ui_grid_enter(&m->grid);
}

bool ui_map_layer(enum pt_layer *layer, enum ui_action action, uint32_t key)
{
	switch (action) {
	case UI_DO_LAYER: *layer = (*layer + 1) % PT_LAYER_N; return true;
	case UI_DO_LAYER_BACK: *layer = (*layer + PT_LAYER_N - 1) % PT_LAYER_N; return true;
	case UI_DO_LAYER_DIGIT: *layer = (enum pt_layer)(key - '1'); return true;
	default: return false;
	}
}

static bool act_on_pages(struct ui_map_view *m, struct ui_shell *shell, enum ui_action action)
{
	switch (action) {
	case UI_DO_ENTER: enter(m, shell); return true;
	case UI_DO_PAGE: ui_shell_push(shell, ui_page_new(shell, m->cursor)); return true;
	case UI_DO_FILE: ui_file_open(shell, m->cursor); return true;
	case UI_DO_NEXT_HIT: find_hit(m, shell, 1); return true;
	case UI_DO_PREVIOUS_HIT: find_hit(m, shell, -1); return true;
	case UI_DO_DENSEST: find_densest(m, shell); return true;
	default: return ui_grid_act(&m->grid, action);
	}
}

bool ui_map_act(struct ui_map_view *m, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	if (ui_map_layer(&m->layer, action, key))
		return true;
	const struct pt_snapshot *s = shell->target.now;
	if (!s || !m->axis.pages || !m->grid.w)
		return false;
	ui_map_to_grid(m, s);
	struct ui_grid was = m->grid;
	bool done = act_on_pages(m, shell, action);
	ui_grid_keep_in_sight(&m->grid);
	from_grid(m, s, &was);
	return done;
}

void ui_map_mouse(struct ui_map_view *m, struct ui_shell *shell, const struct ui_event *event)
{
	const struct pt_snapshot *s = shell->target.now;
	if (!s || !m->axis.pages || !m->grid.w)
		return;
	ui_map_to_grid(m, s);
	struct ui_grid was = m->grid;
	if (ui_grid_mouse(&m->grid, event))
		enter(m, shell);
	from_grid(m, s, &was);
}
