/*
 * The tables of the machine screen: zones with their free lists, slabs with what they grew since the screen was opened,
 * and the kernel's debugging features.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/frame.h"
#include "tui/screens/machineview.h"

static void draw_text(struct wg_canvas *c, struct wg_rect rect, const char *text, uint8_t role)
{
	struct wg_paragraph p = {text, role, 0};
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w - 2, rect.h};
	if (inside.w > 0)
		wg_draw_text(c, inside, &p, 1, 0);
}

static struct pt_maybe known(uint64_t value)
{
	return (struct pt_maybe){value, true};
}

static struct pt_maybe bytes_of(struct pt_maybe frames, unsigned shift)
{
	return (struct pt_maybe){frames.value << shift, frames.known};
}

/* ---- zones ------------------------------------------------------------------------------------------------------ */

enum { ZONE_NAME, ZONE_NODE, ZONE_SIZE, ZONE_FREE, ZONE_MIN, ZONE_LOW, ZONE_HIGH, ZONE_CPUS, ZONE_STATE, ZONE_COLUMNS };

static const struct wg_column zone_columns[ZONE_COLUMNS] = {
	[ZONE_NAME] = {"ZONE", 8, 0, 0},
	[ZONE_NODE] = {"NODE", 4, 3, WG_COL_RIGHT},
	[ZONE_SIZE] = {"SIZE", 6, 0, WG_COL_RIGHT},
	[ZONE_FREE] = {"FREE", 6, 0, WG_COL_RIGHT},
	[ZONE_MIN] = {"MIN", 6, 1, WG_COL_RIGHT},
	[ZONE_LOW] = {"LOW", 6, 1, WG_COL_RIGHT},
	[ZONE_HIGH] = {"HIGH", 6, 1, WG_COL_RIGHT},
	[ZONE_CPUS] = {"CPUS' OWN", 9, 2, WG_COL_RIGHT},
	[ZONE_STATE] = {"HOW IT STANDS", 20, 2, WG_COL_GROW},
};

static struct wg_table_cell state_of(const struct pt_zone_state *z)
{
	if (!z->free.known || !z->min.known || !z->low.known || !z->high.known)
		return (struct wg_table_cell){"?", WG_UNKNOWN};
	if (z->free.value < z->min.value)
		return (struct wg_table_cell){"below min: allocations reclaim by themselves", WG_BAD};
	if (z->free.value < z->low.value)
		return (struct wg_table_cell){"below low: kswapd reclaims", WG_WARN};
	if (z->free.value < z->high.value)
		return (struct wg_table_cell){"below high: kswapd goes on if it runs", WG_TEXT};
	return (struct wg_table_cell){"above all watermarks", WG_DIM};
}

static const struct wg_table_cell *zone_row(struct ui_scratch *s, const struct pt_zone_state *z, unsigned shift)
{
	struct wg_table_cell *cells = ui_scratch_array(s, ZONE_COLUMNS, sizeof *cells);
	if (!cells)
		return NULL;
	cells[ZONE_NAME] = (struct wg_table_cell){ui_printable(s, z->name), WG_STRONG};
	cells[ZONE_NODE] = (struct wg_table_cell){ui_scratch_text(s, "%d", z->node), WG_DIM};
	cells[ZONE_SIZE] = ui_cell_bytes(s, bytes_of(z->managed, shift));
	cells[ZONE_FREE] = ui_cell_bytes(s, bytes_of(z->free, shift));
	cells[ZONE_MIN] = ui_cell_bytes(s, bytes_of(z->min, shift));
	cells[ZONE_LOW] = ui_cell_bytes(s, bytes_of(z->low, shift));
	cells[ZONE_HIGH] = ui_cell_bytes(s, bytes_of(z->high, shift));
	cells[ZONE_CPUS] = ui_cell_bytes(s, known(pt_zone_per_cpu(z) << shift));
	cells[ZONE_STATE] = state_of(z);
	return cells;
}

static void draw_zones(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_zones *zones = &m->facts->zones;
	struct wg_table_row *rows = ui_scratch_array(s, zones->n, sizeof *rows);
	size_t shown = rect.h > 1 ? (size_t)rect.h - 1 : 0, top = m->zone >= shown && shown ? m->zone - shown + 1 : 0;
	for (size_t i = 0; rows && i < zones->n; i++)
		rows[i].cells = zone_row(s, &zones->v[i], m->got->page_shift);
	if (!rows || top >= zones->n)
		return;
	struct wg_table table = {.columns = zone_columns,
				 .n_columns = ZONE_COLUMNS,
				 .rows = rows + top,
				 .n_rows = zones->n - top < shown ? zones->n - top : shown,
				 .total = zones->n,
				 .top = top,
				 .selected = (int)(m->zone - top)};
	wg_draw_table(c, rect, &table);
}

/* ---- its free lists --------------------------------------------------------------------------------------------- */

enum { ORDER, ORDER_SIZE, ORDER_BLOCKS, ORDER_FREE, ORDER_UNUSABLE, ORDER_FRAGMENTED, ORDER_TYPES };

static size_t order_columns(const struct pt_zones *zones, struct wg_column *ret)
{
	static const struct wg_column fixed[ORDER_TYPES] = {
		[ORDER] = {"ORDER", 5, 0, WG_COL_RIGHT},
		[ORDER_SIZE] = {"BLOCK", 6, 0, WG_COL_RIGHT},
		[ORDER_BLOCKS] = {"FREE BLOCKS", 11, 0, WG_COL_RIGHT},
		[ORDER_FREE] = {"FREE", 6, 0, WG_COL_RIGHT},
		[ORDER_UNUSABLE] = {"UNUSABLE", 8, 1, WG_COL_RIGHT},
		[ORDER_FRAGMENTED] = {"FRAGMENTED", 10, 2, WG_COL_RIGHT},
	};
	memcpy(ret, fixed, sizeof fixed);
	for (unsigned i = 0; i < zones->n_types; i++)
		ret[ORDER_TYPES + i] = (struct wg_column){zones->types[i], 11, 3 + (int)i, WG_COL_RIGHT};
	return ORDER_TYPES + zones->n_types;
}

static struct wg_table_cell cell_of_type(struct ui_scratch *s, const struct pt_zone_state *z, unsigned type,
					 unsigned order)
{
	return ui_cell_number(s, (struct pt_maybe){z->by_type[type][order], z->has_types});
}

static const struct wg_table_cell *order_row(struct ui_scratch *s, const struct pt_zones *zones,
					     const struct pt_zone_state *z, unsigned order, unsigned shift)
{
	struct wg_table_cell *cells = ui_scratch_array(s, ORDER_TYPES + zones->n_types, sizeof *cells);
	double part;
	if (!cells)
		return NULL;
	cells[ORDER] = (struct wg_table_cell){ui_scratch_text(s, "%u", order), WG_STRONG};
	cells[ORDER_SIZE] = (struct wg_table_cell){ui_size(s, 1ull << (order + shift)), WG_DIM};
	cells[ORDER_BLOCKS] = ui_cell_number(s, (struct pt_maybe){z->blocks[order], z->has_blocks});
	cells[ORDER_FREE] = ui_cell_bytes(s, (struct pt_maybe){z->blocks[order] << (order + shift), z->has_blocks});
	cells[ORDER_UNUSABLE] = (struct wg_table_cell){"?", WG_UNKNOWN};
	if (pt_zone_unusable(z, order, &part))
		cells[ORDER_UNUSABLE] = (struct wg_table_cell){ui_scratch_text(s, "%.1f %%", part * 100),
							       part > 0.5 ? WG_WARN : WG_TEXT};
	cells[ORDER_FRAGMENTED] = (struct wg_table_cell){z->has_blocks ? UI_DOT : "?", WG_DIM};
	if (pt_zone_fragmentation(z, order, &part))
		cells[ORDER_FRAGMENTED] = (struct wg_table_cell){ui_scratch_text(s, "%.3f", part), WG_WARN};
	for (unsigned i = 0; i < zones->n_types; i++)
		cells[ORDER_TYPES + i] = cell_of_type(s, z, i, order);
	return cells;
}

static void draw_orders(const struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_zones *zones = &m->facts->zones;
	const struct pt_zone_state *z = &zones->v[m->zone];
	struct wg_column columns[ORDER_TYPES + PT_MIGRATE_TYPES];
	struct wg_table_row rows[PT_ORDERS] = {0};
	size_t n = order_columns(zones, columns), shown = rect.h > 1 ? (size_t)rect.h - 1 : 0;
	for (unsigned i = 0; i < zones->orders; i++) /* the largest first: they are what is scarce */
		rows[i].cells = order_row(s, zones, z, zones->orders - 1 - i, m->got->page_shift);
	struct wg_table table = {.columns = columns,
				 .n_columns = n,
				 .rows = rows,
				 .n_rows = zones->orders < shown ? zones->orders : shown,
				 .total = zones->orders,
				 .selected = -1,
				 .empty = "its free lists are not known"};
	wg_draw_table(c, rect, &table);
}

/* How its pageblocks are grouped, and what of that only root may know. */
static void draw_blocks(const struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_zones *zones = &m->facts->zones;
	const struct pt_zone_state *z = &zones->v[m->zone];
	struct wg_span spans[PT_MIGRATE_TYPES + 2];
	size_t n = 0;
	if (zones->types_error)
		spans[n++] = (struct wg_span){zones->types_error == -EACCES || zones->types_error == -EPERM
						      ? "by migrate type: only root may know (pagetypeinfo)"
						      : "by migrate type: unknown, without pagetypeinfo",
					      WG_UNKNOWN, 0};
	else
		spans[n++] = (struct wg_span){"pageblocks:", WG_DIM, 1};
	for (unsigned i = 0; !zones->types_error && i < zones->n_types; i++)
		if (z->pageblocks[i])
			spans[n++] = (struct wg_span){ui_scratch_text(s, "%s %s", ui_number(s, z->pageblocks[i]),
								      ui_printable(s, zones->types[i])),
						      WG_TEXT, (int)i + 2};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

#define CPU_WIDTH 26

/* What each CPU keeps of the zone for itself, down and then on to the right. */
static void draw_cpus(const struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
		      struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const struct pt_zone_state *z = &m->facts->zones.v[m->zone];
	unsigned shift = m->got->page_shift;
	struct wg_span title[] = {
		{"free lists of CPUs", WG_STRONG, 0},
		{ui_size(s, pt_zone_per_cpu(z) << shift), WG_TEXT, 1},
		{"what each keeps for itself, of how much it may", WG_DIM, 2},
	};
	wg_draw_rule(c, wg_take_top(&rect, 1), title, sizeof title / sizeof *title);
	size_t across = rect.w > CPU_WIDTH ? (size_t)(rect.w / CPU_WIDTH) : 1, room = across * (size_t)rect.h;
	for (size_t i = 0; i < z->n_cpus && i < room; i++) {
		const struct pt_zone_cpu *cpu = &z->cpus[i];
		bool more = i + 1 == room && z->n_cpus > room;
		const char *text = more ? ui_scratch_text(s, "and %zu more", z->n_cpus - i)
					: ui_scratch_text(s, "CPU %u: %s of %s", cpu->cpu,
							  ui_bytes(s, known(cpu->count << shift)),
							  ui_size(s, cpu->high << shift));
		wg_text_cut(c, rect, 1 + (int)(i / (size_t)rect.h) * CPU_WIDTH, (int)(i % (size_t)rect.h),
			    CPU_WIDTH - 1, text, WG_CUT_END, WG_STYLE(WG_TEXT, WG_BACK));
	}
}

void ui_machine_zones_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			   struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	if (!m->facts || m->facts->zones_error) {
		draw_text(c, rect,
			  m->facts ? ui_scratch_text(s, "zones: %s", strerror(-m->facts->zones_error)) : "reading...",
			  WG_TEXT);
		return;
	}
	const struct pt_zones *zones = &m->facts->zones;
	m->zone = m->zone < zones->n ? m->zone : zones->n - 1;
	int lines = (int)zones->n + 1, most = rect.h > 8 ? rect.h / 2 : rect.h;
	m->table_at = wg_take_top(&rect, lines < most ? lines : most);
	draw_zones(m, shell, c, m->table_at);
	if (rect.h < 3)
		return;
	struct wg_span title[] = {
		{ui_scratch_text(s, "free lists of %s", ui_printable(s, zones->v[m->zone].name)), WG_STRONG, 0},
		{ui_scratch_text(s, "node %d", zones->v[m->zone].node), WG_TEXT, 1},
		{"unusable: the part of what is free that is too scattered for a block of this size", WG_DIM, 2},
	};
	wg_draw_rule(c, wg_take_top(&rect, 1), title, sizeof title / sizeof *title);
	struct wg_rect foot = wg_take_bottom(&rect, rect.h >= 4);
	struct wg_rect lists = wg_take_top(&rect, (int)zones->orders + 1 < rect.h ? (int)zones->orders + 1 : rect.h);
	draw_orders(m, shell, c, lists);
	if (rect.h >= 3 && zones->v[m->zone].n_cpus)
		draw_cpus(m, shell, c, rect);
	if (foot.h)
		draw_blocks(m, shell, c, foot);
}

/* ---- slabs ------------------------------------------------------------------------------------------------------ */

static const struct wg_column slab_columns[UI_SLAB_COLUMNS] = {
	[UI_SLAB_NAME] = {"CACHE", 24, 0, WG_COL_GROW},    [UI_SLAB_BYTES] = {"SIZE", 7, 0, WG_COL_RIGHT},
	[UI_SLAB_GROWTH] = {"+/-", 7, 1, WG_COL_RIGHT},    [UI_SLAB_OBJECTS] = {"OBJECTS", 8, 2, WG_COL_RIGHT},
	[UI_SLAB_ACTIVE] = {"IN USE", 8, 3, WG_COL_RIGHT}, [UI_SLAB_USED] = {"USED", 6, 3, WG_COL_RIGHT},
	[UI_SLAB_SIZE] = {"ONE IS", 7, 2, WG_COL_RIGHT},   [UI_SLAB_SLABS] = {"SLABS", 8, 4, WG_COL_RIGHT},
};

static uint64_t slab_bytes(const struct ui_machine_screen *m, const struct pt_slab *slab)
{
	return (slab->slabs * slab->pages) << m->got->page_shift;
}

/* Since the screen was opened; a cache that was not there then grew by all of it. */
static int64_t slab_growth(const struct ui_machine_screen *m, const struct pt_slab *slab)
{
	const struct pt_slab *before = pt_slab_named(&m->first->slabs, slab->name);
	return (int64_t)(slab_bytes(m, slab) - (before ? slab_bytes(m, before) : 0));
}

static int64_t slab_value(const struct ui_machine_screen *m, const struct pt_slab *slab)
{
	switch (m->slab_sort) {
	case UI_SLAB_BYTES: return (int64_t)slab_bytes(m, slab);
	case UI_SLAB_GROWTH: return slab_growth(m, slab);
	case UI_SLAB_OBJECTS: return (int64_t)slab->objects;
	case UI_SLAB_ACTIVE: return (int64_t)slab->active;
	case UI_SLAB_USED: return slab->objects ? (int64_t)(slab->active * 1000 / slab->objects) : -1;
	case UI_SLAB_SIZE: return (int64_t)slab->object_size;
	case UI_SLAB_SLABS: return (int64_t)slab->slabs;
	default: return 0;
	}
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct ui_machine_screen *m = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int64_t u = slab_value(m, &m->facts->slabs.v[x]), v = slab_value(m, &m->facts->slabs.v[y]);
	int order = u != v ? (u > v) - (u < v) : 0;
	order = m->slab_ascending ? order : -order;
	return order                                                ? order
	       : m->slab_sort == UI_SLAB_NAME && !m->slab_ascending ? (x < y) - (x > y)
								    : (x > y) - (x < y);
}

void ui_machine_slabs_make(struct ui_machine_screen *m)
{
	size_t n = m->facts ? m->facts->slabs.n : 0;
	uint32_t *v = realloc(m->slabs, (n + 1) * sizeof *v);
	m->n_slabs = 0;
	m->filter_seen = m->filter.version;
	if (!v)
		return;
	m->slabs = v;
	for (size_t i = 0; i < n; i++)
		if (ui_filter_match(&m->filter, m->facts->slabs.v[i].name))
			v[m->n_slabs++] = (uint32_t)i;
	if (m->n_slabs)
		qsort_r(v, m->n_slabs, sizeof *v, compare, m);
	if (m->slab_at >= m->n_slabs)
		m->slab_at = m->n_slabs ? m->n_slabs - 1 : 0;
}

void ui_machine_slabs_sort(struct ui_machine_screen *m, enum ui_slab_column column, bool flip)
{
	m->slab_ascending = flip && m->slab_sort == column ? !m->slab_ascending : column == UI_SLAB_NAME;
	m->slab_sort = column;
	m->slab_at = m->slab_top = 0;
	ui_machine_slabs_make(m);
}

int ui_machine_slab_heading_at(const struct ui_machine_screen *m, int x)
{
	struct wg_table table = {.columns = slab_columns, .n_columns = UI_SLAB_COLUMNS};
	return wg_table_column_at(&table, m->table_at.w, x - m->table_at.x);
}

static const struct wg_table_cell *slab_row(const struct ui_machine_screen *m, struct ui_scratch *s,
					    const struct pt_slab *slab)
{
	struct wg_table_cell *cells = ui_scratch_array(s, UI_SLAB_COLUMNS, sizeof *cells);
	if (!cells)
		return NULL;
	cells[UI_SLAB_NAME] = (struct wg_table_cell){ui_printable(s, slab->name), WG_STRONG};
	cells[UI_SLAB_BYTES] = ui_cell_bytes(s, known(slab_bytes(m, slab)));
	cells[UI_SLAB_GROWTH] = ui_cell_delta(s, slab_growth(m, slab), true);
	cells[UI_SLAB_OBJECTS] = ui_cell_number(s, known(slab->objects));
	cells[UI_SLAB_ACTIVE] = ui_cell_number(s, known(slab->active));
	cells[UI_SLAB_USED] = (struct wg_table_cell){slab->objects ? ui_share(s, slab->active, slab->objects) : UI_DOT,
						     WG_TEXT};
	cells[UI_SLAB_SIZE] = ui_cell_bytes(s, known(slab->object_size));
	cells[UI_SLAB_SLABS] = ui_cell_number(s, known(slab->slabs));
	return cells;
}

static const char *why_no_slabs(const struct ui_machine_screen *m, struct ui_scratch *s)
{
	if (!m->facts)
		return "reading...";
	if (m->facts->slabs_error == -EACCES || m->facts->slabs_error == -EPERM)
		return "Which caches the kernel's slabs are of only root may know (slabinfo); the map sums them up.";
	return m->facts->slabs_error ? ui_scratch_text(s, "slabinfo: %s", strerror(-m->facts->slabs_error)) : NULL;
}

void ui_machine_slabs_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			   struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	const char *nothing = why_no_slabs(m, s);
	size_t shown = rect.h > 1 ? (size_t)rect.h - 1 : 0;
	struct wg_table_row *rows = ui_scratch_array(s, shown + 1, sizeof *rows);
	struct wg_column columns[UI_SLAB_COLUMNS];
	if (nothing || !rows) {
		draw_text(c, rect, nothing ? nothing : "out of memory", WG_TEXT);
		return;
	}
	m->table_at = rect;
	if (m->slab_at < m->slab_top)
		m->slab_top = m->slab_at;
	if (shown && m->slab_at >= m->slab_top + shown)
		m->slab_top = m->slab_at - shown + 1;
	size_t n = 0;
	for (; n < shown && m->slab_top + n < m->n_slabs; n++)
		rows[n].cells = slab_row(m, s, &m->facts->slabs.v[m->slabs[m->slab_top + n]]);
	memcpy(columns, slab_columns, sizeof columns);
	columns[m->slab_sort].flags |= WG_COL_SORTED | (m->slab_ascending ? 0 : WG_COL_DESCENDING);
	struct wg_table table = {.columns = columns,
				 .n_columns = UI_SLAB_COLUMNS,
				 .rows = rows,
				 .n_rows = n,
				 .total = m->n_slabs,
				 .top = m->slab_top,
				 .selected = m->n_slabs ? (int)(m->slab_at - m->slab_top) : -1,
				 .empty = "no cache of that name"};
	wg_draw_table(c, rect, &table);
}

/* ---- debugging -------------------------------------------------------------------------------------------------- */

static uint8_t role_of(enum pt_debug_state state)
{
	return state == PT_DEBUG_ON ? WG_GOOD : state == PT_DEBUG_UNKNOWN ? WG_UNKNOWN : WG_DIM;
}

void ui_machine_debugging_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c,
			       struct wg_rect rect)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_fact facts[2 * PT_DEBUG_FEATURES];
	size_t n = 0;
	if (!m->facts) {
		draw_text(c, rect, "reading...", WG_TEXT);
		return;
	}
	for (size_t i = 0; i < m->facts->n_debugging; i++) {
		const struct pt_debug_feature *f = &m->facts->debugging[i];
		const char *more = f->state == PT_DEBUG_ON ? "" : f->switch_on;
		if (f->detail[0])
			more = *more ? ui_scratch_text(s, "%s; %s", f->detail, more) : f->detail;
		facts[n++] = (struct wg_fact){f->name, pt_debug_state_name(f->state), f->what, role_of(f->state)};
		if (*more)
			facts[n++] = (struct wg_fact){NULL, "", more, WG_DIM};
	}
	struct wg_facts view = {.facts = facts, .n = n, .top = 0};
	struct wg_rect inside = {rect.x + 1, rect.y, rect.w > 2 ? rect.w - 2 : 0, rect.h};
	int all = wg_draw_facts(&(struct wg_canvas){.can = c->can}, (struct wg_rect){0, 0, inside.w, 0}, &view);
	m->debugging_top = view.top = ui_scroll_bounded(m->debugging_top, all, rect.h);
	wg_draw_facts(c, inside, &view);
	ui_scroll_mark(c, rect, m->debugging_top, all);
}
