/*
 * The map of all frames: which cells there are and how they look, the zones along its edge, the numbers under the
 * cursor, and the sums of every kind as its legend.
 *
 * A cell has the hue of what most of its used frames are, as bright as much of it is used: a free cell is nearly the
 * background, a hole is the background itself.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tui/format.h"
#include "tui/heat.h"
#include "tui/screens/machineview.h"
#include "tui/screens/screens.h"

#define GUTTER_FROM 60 /* columns from which lines begin with their frame */
#define ZONES_FROM  90 /* ... and with the zone that begins there */
#define ZONE_NAME   9
#define WINDOW_MAX  65536u /* frames that are read every interval: some 7 ms */

_Static_assert(UI_MACHINE_KINDS == PT_FRAME_N, "every kind is in the legend");
const enum pt_frame ui_machine_kinds[UI_MACHINE_KINDS] = {
	PT_FRAME_ANON,    PT_FRAME_FILE,  PT_FRAME_SHMEM,    PT_FRAME_HUGETLB, PT_FRAME_SLAB,
	PT_FRAME_PGTABLE, PT_FRAME_OTHER, PT_FRAME_RESERVED, PT_FRAME_POISON,  PT_FRAME_OFFLINE,
	PT_FRAME_UNKNOWN, PT_FRAME_FREE,  PT_FRAME_HOLE,
};

void ui_machine_map_init(struct ui_machine_map *map)
{
	ui_grid_init(&map->grid);
}

void ui_machine_map_free(struct ui_machine_map *map)
{
	pt_ram_axis_free(&map->axis);
	free(map->sums);
	free(map->cells);
}

/* ---- what it shows ---------------------------------------------------------------------------------------------- */

static void make_axis(struct ui_machine_map *map, const struct pt_ram *ram)
{
	struct pt_ram_axis axis;
	if (pt_ram_axis_init(&axis, ram, map->n ? map->first : 0, map->n ? map->n : ram->frames))
		return;
	pt_ram_axis_free(&map->axis);
	map->axis = axis;
	map->axis_frames = ram->frames;
	map->axis_online = ram->online;
	ui_grid_show(&map->grid, axis.positions, pt_ram_axis_position(&axis, map->cursor));
	map->cursor = pt_ram_axis_frame(&axis, map->grid.cursor);
}

void ui_machine_map_update(struct ui_machine_map *map, const struct pt_ram *ram)
{
	if (!map->axis.v || map->axis_frames != ram->frames || map->axis_online != ram->online)
		make_axis(map, ram);
}

void ui_machine_map_show_zone(struct ui_machine_map *map, const struct pt_ram *ram, uint64_t pfn)
{
	map->cursor = pfn;
	map->scope = UI_MACHINE_ALL;
	ui_machine_map_scope(map, ram);
}

void ui_machine_map_scope(struct ui_machine_map *map, const struct pt_ram *ram)
{
	const struct pt_zone *zone = pt_zone_of(ram->zones, ram->n_zones, map->cursor);
	enum ui_machine_scope next = (map->scope + 1) % UI_MACHINE_SCOPES;
	if (next == UI_MACHINE_ZONE && !zone)
		next = UI_MACHINE_BLOCK;
	if (next == UI_MACHINE_BLOCK && !ram->block_frames)
		next = UI_MACHINE_ALL;
	map->first = map->n = 0;
	if (next == UI_MACHINE_ZONE) {
		map->first = zone->start;
		map->n = zone->pages;
	} else if (next == UI_MACHINE_BLOCK) {
		map->first = map->cursor / ram->block_frames * ram->block_frames;
		map->n = ram->block_frames;
	}
	map->scope = next;
	make_axis(map, ram);
}

/* Frames of a cell on the axis, from *ret_first on; those of a hole that was cut out are not in it. */
static uint64_t frames_of(const struct ui_machine_map *map, size_t cell, uint64_t *ret_first)
{
	uint64_t per_cell = ui_grid_per_cell(&map->grid), at = map->grid.top + cell * per_cell;
	*ret_first = pt_ram_axis_frame(&map->axis, at);
	return at >= map->grid.length ? 0 : map->grid.length - at < per_cell ? map->grid.length - at : per_cell;
}

/* Over the parts of the axis, of which there are few. */
static void add_positions(const struct ui_machine_map *map, const struct pt_picture *p, uint64_t at, uint64_t n,
			  struct pt_picture_sums *sums)
{
	for (size_t i = 0; i < map->axis.n && n; i++) {
		const struct pt_ram_axis_part *part = &map->axis.v[i];
		if (at < part->at || at - part->at >= part->n)
			continue;
		uint64_t skip = at - part->at, here = part->n - skip < n ? part->n - skip : n;
		pt_picture_add(p, part->first + skip, here, sums);
		at += here;
		n -= here;
	}
}

bool ui_machine_map_window(const struct ui_machine_map *map, uint64_t *ret_first, uint64_t *ret_n)
{
	uint64_t n = ui_grid_per_cell(&map->grid) * ui_grid_cells(&map->grid);
	*ret_n = 0;
	if (!map->grid.w || n > WINDOW_MAX)
		return false;
	*ret_first = pt_ram_axis_frame(&map->axis, map->grid.top);
	*ret_n = n;
	return true;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static bool is_used(enum pt_frame kind)
{
	return kind != PT_FRAME_FREE && kind != PT_FRAME_HOLE && kind != PT_FRAME_UNKNOWN && kind != PT_FRAME_OFFLINE;
}

static struct wg_heat_cell cell_of_kinds(const struct pt_picture_sums *sums, uint64_t memory)
{
	enum pt_frame most = PT_FRAME_FREE;
	uint64_t used = 0, best = 0;
	for (int i = 0; i < PT_FRAME_N; i++) {
		if (!is_used((enum pt_frame)i))
			continue;
		used += sums->n[i];
		if (sums->n[i] > best) {
			best = sums->n[i];
			most = (enum pt_frame)i;
		}
	}
	if (sums->n[PT_FRAME_POISON]) /* one is worth to be seen */
		return ui_frame_look(PT_FRAME_POISON);
	if (!used)
		return ui_frame_look(sums->n[PT_FRAME_OFFLINE] > sums->n[PT_FRAME_FREE] ? PT_FRAME_OFFLINE
											: PT_FRAME_FREE);
	struct wg_heat_cell cell = ui_frame_look(most);
	cell.level = (uint8_t)wg_heat_level(used, memory);
	return cell;
}

static struct wg_heat_cell cell_of(const struct pt_picture_sums *sums, unsigned layer)
{
	uint64_t holes = sums->n[PT_FRAME_HOLE], unknown = sums->n[PT_FRAME_UNKNOWN];
	uint64_t memory = sums->frames - holes - unknown;
	if (holes == sums->frames)
		return (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
	if (unknown > memory)
		return ui_frame_look(PT_FRAME_UNKNOWN);
	if (!layer)
		return cell_of_kinds(sums, memory);
	return (struct wg_heat_cell){.hue = WG_HUE_LAYER,
				     .level = (uint8_t)wg_heat_level(sums->facts[layer - 1], memory)};
}

static bool make_room(struct ui_machine_map *map)
{
	size_t need = ui_grid_cells(&map->grid);
	if (need <= map->room)
		return true;
	struct pt_picture_sums *sums = realloc(map->sums, need * sizeof *sums);
	if (sums)
		map->sums = sums;
	struct wg_heat_cell *cells = sums ? realloc(map->cells, need * sizeof *cells) : NULL;
	if (cells) {
		map->cells = cells;
		map->room = need;
	}
	return cells != NULL;
}

static void fill_cells(struct ui_machine_map *map, const struct pt_picture *p)
{
	uint64_t per_cell = ui_grid_per_cell(&map->grid), first;
	for (size_t i = 0; i < ui_grid_cells(&map->grid); i++) {
		map->sums[i] = (struct pt_picture_sums){0};
		add_positions(map, p, map->grid.top + i * per_cell, frames_of(map, i, &first), &map->sums[i]);
		map->cells[i] = cell_of(&map->sums[i], map->layer);
		if (map->sums[i].frames && ui_grid_in_drag(&map->grid, i))
			map->cells[i].flags |= WG_HEAT_MARKED;
	}
}

/* ---- the gutter ------------------------------------------------------------------------------------------------- */

struct gutter {
	const struct ui_machine_map *map;
	const struct pt_ram *ram;
	struct ui_scratch *s;
	bool zones;
};

/* The zone that begins in a line, the largest of them; of several nodes with its node. */
static const char *zone_in_line(const struct gutter *g, uint64_t position)
{
	const struct ui_grid *grid = &g->map->grid;
	uint64_t end = position + (uint64_t)grid->w * ui_grid_per_cell(grid);
	const struct pt_zone *best = NULL;
	bool nodes = false;
	for (size_t i = 0; i < g->ram->n_zones; i++) {
		const struct pt_zone *z = &g->ram->zones[i];
		uint64_t at = pt_ram_axis_position(&g->map->axis, z->start);
		nodes = nodes || z->node != g->ram->zones[0].node;
		if (at >= position && at < end && (!best || z->pages > best->pages))
			best = z;
	}
	if (!best)
		return "";
	return nodes ? ui_scratch_text(g->s, "%d %s", best->node, best->name) : best->name;
}

static const char *label(void *arg, uint64_t position)
{
	const struct gutter *g = arg;
	uint64_t pfn = pt_ram_axis_frame(&g->map->axis, position);
	if (!g->zones)
		return ui_scratch_text(g->s, "%" PRIx64, pfn);
	return ui_scratch_text(g->s, "%-*s%7" PRIx64, ZONE_NAME, ui_printable(g->s, zone_in_line(g, position)), pfn);
}

static int frame_digits(const struct pt_ram *ram)
{
	int n = 6;
	while (n < 13 && ram->frames >> (4 * n))
		n++;
	return n;
}

static bool draw_grid(struct ui_machine_map *map, const struct ui_machine *got, struct ui_shell *shell,
		      struct wg_canvas *c, struct wg_rect rect)
{
	struct gutter gutter = {map, &got->ram, &shell->scratch, rect.w >= ZONES_FROM};
	int w = rect.w < GUTTER_FROM ? 0 : frame_digits(&got->ram) + 2 + (gutter.zones ? ZONE_NAME : 0);
	wg_take_left(&rect, w);
	if (!ui_grid_place(&map->grid, c, rect) || !make_room(map)) {
		map->grid.w = map->grid.rows = 0;
		return false;
	}
	fill_cells(map, got->picture);
	ui_grid_draw(&map->grid, &shell->scratch, c, map->cells);
	if (w)
		ui_grid_draw_gutter(&map->grid, c, w, label, &gutter);
	return true;
}

/* ---- the lines around it ---------------------------------------------------------------------------------------- */

static const char *layer_name(unsigned layer)
{
	return layer ? pt_frame_fact_name((enum pt_frame_fact)(layer - 1)) : "kind";
}

static const char *layer_what(unsigned layer)
{
	static const char *const what[UI_MACHINE_LAYERS] = {
		"what each frame is used for", "mapped by any process", "part of a folio larger than a page",
		"not written back yet, or being written", "not evictable: locked, or held by the kernel"};
	return what[layer];
}

static const char *map_name(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_scratch *s)
{
	const struct pt_zone *zone = pt_zone_of(got->ram.zones, got->ram.n_zones, map->cursor);
	if (map->scope == UI_MACHINE_ZONE && zone)
		return ui_scratch_text(s, "zone %s of node %d", ui_printable(s, zone->name), zone->node);
	if (map->scope == UI_MACHINE_BLOCK && got->ram.block_frames)
		return ui_scratch_text(s, "memory block %" PRIu64, map->first / got->ram.block_frames);
	return map->axis.left_out ? ui_scratch_text(s, "all frames, but %s without memory",
						    ui_size(s, map->axis.left_out << got->page_shift))
				  : "all frames";
}

static void draw_rule(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_shell *shell,
		      struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	uint64_t per_cell = ui_grid_per_cell(&map->grid);
	struct wg_span spans[] = {
		{map_name(map, got, s), WG_STRONG, 0},
		{ui_size(s, map->axis.positions << got->page_shift), WG_TEXT, 2},
		{ui_scratch_text(s, "layer: %s", layer_name(map->layer)), WG_ACCENT, 1},
		{per_cell == 1 ? "a cell is one frame"
			       : ui_scratch_text(s, "a cell is %s", ui_size(s, per_cell << got->page_shift)),
		 WG_DIM, 3},
		{layer_what(map->layer), WG_DIM, 4},
	};
	wg_draw_rule(c, line, spans, sizeof spans / sizeof *spans);
}

/* All of the axis in one line, the window of the grid set off: where one is. */
static void draw_whole(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_shell *shell,
		       struct wg_canvas *c, struct wg_rect line)
{
	struct wg_heat_cell *cells = ui_scratch_array(&shell->scratch, (size_t)line.w + 1, sizeof *cells);
	uint64_t per_cell = (map->axis.positions + (uint64_t)line.w - 1) / (uint64_t)(line.w ? line.w : 1);
	int n = 0;
	if (!cells || !per_cell)
		return;
	for (uint64_t at = 0; at < map->axis.positions && n < line.w; at += per_cell) {
		struct pt_picture_sums sums = {0};
		uint64_t left = map->axis.positions - at;
		add_positions(map, got->picture, at, left < per_cell ? left : per_cell, &sums);
		cells[n++] = cell_of(&sums, map->layer);
	}
	wg_draw_strip(c, line, cells, n, WG_BACK);
	uint64_t shown = ui_grid_per_cell(&map->grid) * ui_grid_cells(&map->grid);
	int from = (int)(map->grid.top / per_cell), to = (int)((map->grid.top + shown - 1) / per_cell);
	struct wg_rect window = {line.x + from, line.y, to - from + 1, 1};
	wg_tint(c, wg_rect_clip(window, line), WG_CURSOR);
}

/* "page 1234  12 anon (3 %)": of one frame only the words. */
static size_t describe(struct ui_scratch *s, const struct pt_picture_sums *sums, struct wg_span *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < UI_MACHINE_KINDS; i++) {
		enum pt_frame kind = ui_machine_kinds[i];
		const char *name = pt_frame_name(kind);
		uint64_t hits = sums->n[kind];
		if (hits)
			ret[n++] = (struct wg_span){
				sums->frames == 1 ? name : ui_scratch_text(s, "%s %s", ui_number(s, hits), name),
				kind == PT_FRAME_UNKNOWN ? WG_UNKNOWN : WG_TEXT, (int)i + 4};
	}
	for (int f = 0; f < PT_FRAME_FACTS; f++) {
		const char *name = pt_frame_fact_name((enum pt_frame_fact)f);
		if (sums->facts[f])
			ret[n++] = (struct wg_span){
				sums->frames == 1 ? name
						  : ui_scratch_text(s, "%s %s", ui_number(s, sums->facts[f]), name),
				WG_DIM, UI_MACHINE_KINDS + 4 + f};
	}
	return n;
}

static void draw_status(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_shell *shell,
			struct wg_canvas *c, struct wg_rect line)
{
	struct ui_scratch *s = &shell->scratch;
	struct wg_span spans[UI_MACHINE_KINDS + PT_FRAME_FACTS + 8];
	size_t cell = ui_grid_cursor_cell(&map->grid), n = 0;
	const struct pt_picture_sums *sums = &map->sums[cell];
	const struct pt_zone *zone = pt_zone_of(got->ram.zones, got->ram.n_zones, map->cursor);
	uint64_t first;
	frames_of(map, cell, &first);
	spans[n++] = (struct wg_span){ui_scratch_text(s, "PFN 0x%" PRIx64, first), WG_STRONG, 0};
	if (sums->frames != 1)
		spans[n++] = (struct wg_span){ui_scratch_text(s, "%s frames", ui_number(s, sums->frames)), WG_DIM, 3};
	n += describe(s, sums, spans + n);
	if (zone)
		spans[n++] = (struct wg_span){ui_printable(s, zone->name), WG_ACCENT, 2};
	if (zone)
		spans[n++] = (struct wg_span){ui_scratch_text(s, "node %d", zone->node), WG_DIM, 23};
	if (got->ram.block_frames)
		spans[n++] = (struct wg_span){ui_scratch_text(s, "block %" PRIu64, map->cursor / got->ram.block_frames),
					      WG_DIM, 24};
	spans[n++] = (struct wg_span){ui_scratch_text(s, "at 0x%" PRIx64, first << got->page_shift), WG_DIM, 22};
	wg_draw_line(c, line, &(struct wg_line){.spans = spans, .n = n, .bg = WG_BACK});
}

/* Every kind with its sum; of a layer of a fact, what its brightness means. */
static size_t legend(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_scratch *s,
		     struct wg_legend_item *items)
{
	static const char *const levels[WG_LEVELS] = {"none", "a trace", "some", "half", "most", "all"};
	const struct pt_picture_sums *sums = &got->picture->sums;
	size_t n = 0;
	for (unsigned i = 0; map->layer && i < WG_LEVELS; i++)
		items[n++] = (struct wg_legend_item){.hue = WG_HUE_LAYER, .level = (uint8_t)i, .label = levels[i]};
	for (size_t i = 0; !map->layer && i < UI_MACHINE_KINDS; i++) {
		enum pt_frame kind = ui_machine_kinds[i];
		struct wg_heat_cell look = ui_frame_look(kind);
		if (!sums->n[kind])
			continue;
		items[n++] =
			(struct wg_legend_item){.hue = look.hue,
						.level = look.level,
						.unknown = kind == PT_FRAME_UNKNOWN,
						.label = ui_scratch_text(s, "%s %s", pt_frame_name(kind),
									 ui_size(s, sums->n[kind] << got->page_shift))};
	}
	return n;
}

static int legend_lines(const struct wg_legend_item *items, size_t n, int w)
{
	int lines = 1, x = 0;
	for (size_t i = 0; i < n; i++) {
		int item = 2 + wg_text_width(items[i].label);
		if (x && x + item > w - 2) {
			lines++;
			x = 0;
		}
		x += item + 2;
	}
	return lines;
}

void ui_machine_map_draw(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_machine_map *map = &m->map;
	struct wg_legend_item items[UI_MACHINE_KINDS + WG_LEVELS];
	size_t n = legend(map, m->got, &shell->scratch, items);
	int lines = legend_lines(items, n, rect.w);
	map->grid.w = map->grid.rows = 0;
	struct wg_rect rule = wg_take_top(&rect, rect.h >= 3);
	struct wg_rect whole = wg_take_top(&rect, map->grid.per_cell && rect.h >= 7);
	struct wg_rect key = wg_take_bottom(&rect, rect.h >= 4 + lines ? lines : rect.h >= 3);
	struct wg_rect status = wg_take_bottom(&rect, rect.h >= 2);
	if (!draw_grid(map, m->got, shell, c, rect))
		return;
	if (rule.h)
		draw_rule(map, m->got, shell, c, rule);
	if (whole.h && whole.w > 0)
		draw_whole(map, m->got, shell, c, whole);
	if (status.h)
		draw_status(map, m->got, shell, c, status);
	if (key.h)
		wg_draw_legend(c, key, items, n);
}

/* ---- keys and mouse --------------------------------------------------------------------------------------------- */

static void follow_cursor(struct ui_machine_map *map)
{
	map->cursor = pt_ram_axis_frame(&map->axis, map->grid.cursor);
}

/* Deeper: a frame a cell, then the frame. */
static void enter(struct ui_machine_map *map, struct ui_shell *shell)
{
	if (ui_grid_per_cell(&map->grid) > 1)
		ui_grid_enter(&map->grid);
	else
		ui_shell_push(shell, ui_frame_new(shell, map->cursor));
}

bool ui_machine_map_act(struct ui_machine_screen *m, struct ui_shell *shell, enum ui_action action)
{
	struct ui_machine_map *map = &m->map;
	if (!map->grid.length || !map->grid.w)
		return false;
	bool done = true;
	switch (action) {
	case UI_DO_LAYER: map->layer = (map->layer + 1) % UI_MACHINE_LAYERS; break;
	case UI_DO_LAYER_BACK: map->layer = (map->layer + UI_MACHINE_LAYERS - 1) % UI_MACHINE_LAYERS; break;
	case UI_DO_WHOLE: ui_machine_map_scope(map, &m->got->ram); break;
	case UI_DO_ENTER: enter(map, shell); break;
	case UI_DO_FRAME: ui_shell_push(shell, ui_frame_new(shell, map->cursor)); break;
	default: done = ui_grid_act(&map->grid, action); break;
	}
	follow_cursor(map);
	return done;
}

void ui_machine_map_mouse(struct ui_machine_screen *m, struct ui_shell *shell, const struct ui_event *event)
{
	if (ui_grid_mouse(&m->map.grid, event))
		enter(&m->map, shell);
	follow_cursor(&m->map);
}
