/*
 * State and keys of a map; see mapview.h. Drawing is in mapdraw.c.
 */
#include "tui/screens/mapview.h"

#include <stdlib.h>
#include <string.h>

#include "tui/screens/screens.h"

void ui_map_init(struct ui_map_view *m)
{
	*m = (struct ui_map_view){.drag_from = -1};
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
	m->drag_from = -1;
	if (same_vma)
		return;
	m->per_cell = m->top = 0;
	m->n_back = 0;
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

uint64_t ui_map_position(const struct ui_map_view *m, const struct pt_snapshot *s)
{
	return pt_axis_position(&m->axis, s, m->cursor);
}

static uint64_t cells(const struct ui_map_view *m)
{
	uint64_t n = (uint64_t)m->w * (uint64_t)m->rows;
	return n ? n : 1;
}

static uint64_t fit(const struct ui_map_view *m)
{
	return m->axis.pages ? (m->axis.pages + cells(m) - 1) / cells(m) : 1;
}

uint64_t ui_map_per_cell(const struct ui_map_view *m)
{
	return m->per_cell ? m->per_cell : fit(m);
}

size_t ui_map_cursor_cell(const struct ui_map_view *m, const struct pt_snapshot *s)
{
	uint64_t at = ui_map_position(m, s);
	return at > m->top ? (size_t)((at - m->top) / ui_map_per_cell(m)) : 0;
}

void ui_map_keep_in_sight(struct ui_map_view *m, const struct pt_snapshot *s)
{
	uint64_t at = ui_map_position(m, s);
	uint64_t line = (uint64_t)(m->w > 0 ? m->w : 1) * ui_map_per_cell(m);
	uint64_t all = line * (uint64_t)(m->rows > 0 ? m->rows : 1);
	if (!m->per_cell)
		m->top = 0;
	if (at < m->top) {
		uint64_t up = (m->top - at + line - 1) / line * line;
		m->top = m->top > up ? m->top - up : 0;
	} else if (at - m->top >= all) {
		m->top += ((at - m->top - all) / line + 1) * line;
	}
}

size_t ui_map_watch(const struct ui_map_view *m, const struct pt_snapshot *s, struct pt_stretch *ret, size_t max)
{
	if (!m->w || m->table != s->vmas)
		return 0;
	uint64_t end = m->top + cells(m) * ui_map_per_cell(m);
	return pt_axis_stretches(&m->axis, s, m->top, end, ui_map_position(m, s), ret, max);
}

/* ---- moving ----------------------------------------------------------------------------------------------------- */

static void move_to(struct ui_map_view *m, const struct pt_snapshot *s, int64_t position)
{
	int64_t last = (int64_t)m->axis.pages - 1;
	position = position > last ? last : position;
	m->cursor = pt_axis_address(&m->axis, s, position < 0 ? 0 : (uint64_t)position);
}

/* By cells. A step that would leave the axis stays where it is, or goes to the very end. */
static void move_by(struct ui_map_view *m, const struct pt_snapshot *s, int64_t n, bool to_the_end)
{
	int64_t to = (int64_t)ui_map_position(m, s) + n * (int64_t)ui_map_per_cell(m);
	if ((to >= 0 && to < (int64_t)m->axis.pages) || to_the_end)
		move_to(m, s, to);
}

static bool move(struct ui_map_view *m, const struct pt_snapshot *s, enum ui_action action)
{
	int64_t page = (int64_t)m->w * (m->rows > 1 ? m->rows - 1 : 1);
	switch (action) {
	case UI_DO_LEFT: move_by(m, s, -1, true); return true;
	case UI_DO_RIGHT: move_by(m, s, 1, true); return true;
	case UI_DO_UP: move_by(m, s, -m->w, false); return true;
	case UI_DO_DOWN: move_by(m, s, m->w, false); return true;
	case UI_DO_PAGE_UP: move_by(m, s, -page, true); return true;
	case UI_DO_PAGE_DOWN: move_by(m, s, page, true); return true;
	case UI_DO_FIRST: move_to(m, s, 0); return true;
	case UI_DO_LAST: move_to(m, s, (int64_t)m->axis.pages - 1); return true;
	default: return false;
	}
}

/* ---- zoom ------------------------------------------------------------------------------------------------------- */

/* Another zoom, the cursor in the middle of the screen. */
static void zoom_to(struct ui_map_view *m, const struct pt_snapshot *s, uint64_t per_cell)
{
	if (per_cell >= fit(m)) {
		m->per_cell = m->top = 0;
		return;
	}
	m->per_cell = per_cell ? per_cell : 1;
	uint64_t at = ui_map_position(m, s) / m->per_cell, line = (uint64_t)(m->w ? m->w : 1);
	uint64_t row = at / line, half = (uint64_t)m->rows / 2;
	m->top = (row > half ? row - half : 0) * line * m->per_cell;
}

static void zoom_in(struct ui_map_view *m, const struct pt_snapshot *s)
{
	uint64_t now = ui_map_per_cell(m), power = 1;
	while (power * 2 < now)
		power *= 2;
	zoom_to(m, s, power);
}

static void remember_zoom(struct ui_map_view *m)
{
	if (m->n_back < UI_ZOOMS)
		m->back[m->n_back++] = (struct ui_zoom){m->per_cell, m->top, m->cursor};
}

static bool zoom_back(struct ui_map_view *m)
{
	if (!m->n_back)
		return false;
	struct ui_zoom z = m->back[--m->n_back];
	m->per_cell = z.per_cell;
	m->top = z.top;
	m->cursor = z.cursor;
	return true;
}

/* Zooms so that the cells from..to fill the grid. */
static void zoom_to_range(struct ui_map_view *m, const struct pt_snapshot *s, int from, int to)
{
	if (from > to) {
		int swap = from;
		from = to;
		to = swap;
	}
	uint64_t first = m->top + (uint64_t)from * ui_map_per_cell(m);
	uint64_t pages = (uint64_t)(to - from + 1) * ui_map_per_cell(m);
	if (first >= m->axis.pages)
		return;
	remember_zoom(m);
	m->per_cell = (pages + cells(m) - 1) / cells(m);
	m->top = first;
	m->cursor = pt_axis_address(&m->axis, s, first);
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
	uint64_t most = 0, best = 0, per_cell = ui_map_per_cell(m);
	struct pt_bin bins[BINS_AT_ONCE];
	for (uint64_t cell = 0; cell < cells(m); cell += BINS_AT_ONCE) {
		look_at(m, shell, m->top + cell * per_cell, per_cell, bins, BINS_AT_ONCE);
		for (uint64_t i = 0; i < BINS_AT_ONCE && cell + i < cells(m); i++)
			if (hits_of(m, s, &bins[i]) > most) {
				most = hits_of(m, s, &bins[i]);
				best = cell + i;
			}
	}
	if (most)
		move_to(m, s, (int64_t)(m->top + best * per_cell));
}

/* The next cell with hits, on the screen or beyond it, screenful by screenful. */
static void find_hit(struct ui_map_view *m, struct ui_shell *shell, int direction)
{
	const struct pt_snapshot *s = shell->target.now;
	uint64_t per_cell = ui_map_per_cell(m), at = ui_map_position(m, s) / per_cell;
	uint64_t top = m->top % per_cell, last = m->axis.pages ? (m->axis.pages - 1 - top) / per_cell : 0;
	struct pt_bin bin;
	for (unsigned tries = 0; tries < 1u << 20; tries++) {
		if (direction < 0 ? at == 0 : at >= last)
			break;
		at = direction < 0 ? at - 1 : at + 1;
		look_at(m, shell, top + at * per_cell, per_cell, &bin, 1);
		if (hits_of(m, s, &bin)) {
			move_to(m, s, (int64_t)(top + at * per_cell));
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
	uint64_t pages = ui_map_per_cell(m), first = m->top + ui_map_cursor_cell(m, s) * pages;
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
	move_to(m, s, (int64_t)first);
}

static void enter(struct ui_map_view *m, struct ui_shell *shell)
{
	if (ui_map_per_cell(m) <= 1) {
		ui_shell_push(shell, ui_page_new(shell, m->cursor));
		return;
	}
	remember_zoom(m);
	aim(m, shell);
	zoom_to(m, shell->target.now, 1);
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

static bool zoom(struct ui_map_view *m, const struct pt_snapshot *s, enum ui_action action)
{
	switch (action) {
	case UI_DO_ZOOM_IN: zoom_in(m, s); return true;
	case UI_DO_ZOOM_OUT: zoom_to(m, s, ui_map_per_cell(m) * 2); return true;
	case UI_DO_ZOOM_FIT: zoom_to(m, s, UINT64_MAX); return true;
	case UI_DO_BACK: return zoom_back(m);
	default: return false;
	}
}

static bool act_on_pages(struct ui_map_view *m, struct ui_shell *shell, enum ui_action action)
{
	const struct pt_snapshot *s = shell->target.now;
	switch (action) {
	case UI_DO_ENTER: enter(m, shell); return true;
	case UI_DO_PAGE: ui_shell_push(shell, ui_page_new(shell, m->cursor)); return true;
	case UI_DO_FILE: ui_file_open(shell, m->cursor); return true;
	case UI_DO_NEXT_HIT: find_hit(m, shell, 1); return true;
	case UI_DO_PREVIOUS_HIT: find_hit(m, shell, -1); return true;
	case UI_DO_DENSEST: find_densest(m, shell); return true;
	default: return zoom(m, s, action) || move(m, s, action);
	}
}

bool ui_map_act(struct ui_map_view *m, struct ui_shell *shell, enum ui_action action, uint32_t key)
{
	if (ui_map_layer(&m->layer, action, key))
		return true;
	if (!shell->target.now || !m->axis.pages || !m->w)
		return false;
	bool done = act_on_pages(m, shell, action);
	ui_map_keep_in_sight(m, shell->target.now);
	return done;
}

/* ---- the mouse -------------------------------------------------------------------------------------------------- */

/* The cell at a character, -1 outside. With half blocks the upper of the two, or the lower if the cursor is there. */
static int cell_at(const struct ui_map_view *m, const struct pt_snapshot *s, int x, int y)
{
	int column = (x - m->grid.x) / m->across, line = (y - m->grid.y) * (m->halves ? 2 : 1);
	if (x < m->grid.x || y < m->grid.y || column >= m->w || y >= m->grid.y + m->grid.h)
		return -1;
	int cell = line / m->down * m->w + column, below = (line + 1) / m->down * m->w + column;
	if (m->halves && (size_t)below == ui_map_cursor_cell(m, s))
		cell = below;
	bool inside = cell < m->w * m->rows && m->top + (uint64_t)cell * ui_map_per_cell(m) < m->axis.pages;
	return inside ? cell : -1;
}

static void wheel(struct ui_map_view *m, const struct pt_snapshot *s, int cell, bool in)
{
	move_to(m, s, (int64_t)(m->top + (uint64_t)cell * ui_map_per_cell(m)));
	zoom(m, s, in ? UI_DO_ZOOM_IN : UI_DO_ZOOM_OUT);
}

static void release(struct ui_map_view *m, struct ui_shell *shell, int cell)
{
	const struct pt_snapshot *s = shell->target.now;
	int from = m->drag_from, to = cell >= 0 ? cell : m->drag_to;
	bool dragged = m->dragged || (to >= 0 && to != from);
	m->drag_from = -1;
	m->dragged = false;
	if (dragged && to >= 0)
		zoom_to_range(m, s, from, to);
}

void ui_map_mouse(struct ui_map_view *m, struct ui_shell *shell, const struct ui_event *event)
{
	const struct pt_snapshot *s = shell->target.now;
	if (!s || !m->axis.pages || !m->w)
		return;
	ui_map_keep_in_sight(m, s);
	int cell = cell_at(m, s, event->x, event->y);
	if (event->mouse == UI_MOUSE_RELEASE && m->drag_from >= 0) {
		release(m, shell, cell);
		return;
	}
	if (cell < 0)
		return;
	switch (event->mouse) {
	case UI_MOUSE_WHEEL_UP: wheel(m, s, cell, true); break;
	case UI_MOUSE_WHEEL_DOWN: wheel(m, s, cell, false); break;
	case UI_MOUSE_PRESS:
		if ((size_t)cell == ui_map_cursor_cell(m, s)) {
			enter(m, shell);
			break;
		}
		m->drag_from = m->drag_to = cell;
		m->dragged = false;
		move_to(m, s, (int64_t)(m->top + (uint64_t)cell * ui_map_per_cell(m)));
		break;
	case UI_MOUSE_DRAG:
		m->dragged = m->dragged || (m->drag_from >= 0 && cell != m->drag_from);
		m->drag_to = cell;
		break;
	case UI_MOUSE_RELEASE: break;
	}
}
