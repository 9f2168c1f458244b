/*
 * The map of all frames: which cells there are and how they look, the zones along its edge, the numbers under the
 * cursor, and the sums of every kind as its legend.
 *
 * A cell has the hue of what most of its used frames are, as bright as much of it is used: a free cell is nearly the
 * background, a hole is the background itself. What the newest answer found changed flashes.
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

/* From the first frame of any of its zones to the last; false: there is one node alone. */
static bool frames_of_node(const struct pt_ram *ram, int node, uint64_t *ret_first, uint64_t *ret_n)
{
	uint64_t first = UINT64_MAX, end = 0;
	bool others = false;
	for (size_t i = 0; i < ram->n_zones; i++) {
		const struct pt_zone *z = &ram->zones[i];
		others = others || z->node != node;
		if (z->node != node)
			continue;
		first = z->start < first ? z->start : first;
		end = z->start + z->pages > end ? z->start + z->pages : end;
	}
	*ret_first = first;
	*ret_n = end - first;
	return others;
}

/* The frames of a scope around the cursor; false: there is no such thing. */
static bool frames_of_scope(const struct ui_machine_map *map, const struct pt_ram *ram, enum ui_machine_scope scope,
			    uint64_t *ret_first, uint64_t *ret_n)
{
	const struct pt_zone *zone = pt_zone_of(ram->zones, ram->n_zones, map->cursor);
	*ret_first = *ret_n = 0;
	switch (scope) {
	case UI_MACHINE_NODE: return zone && frames_of_node(ram, zone->node, ret_first, ret_n);
	case UI_MACHINE_ZONE:
		*ret_first = zone ? zone->start : 0;
		*ret_n = zone ? zone->pages : 0;
		return zone;
	case UI_MACHINE_BLOCK:
		*ret_first = ram->block_frames ? map->cursor / ram->block_frames * ram->block_frames : 0;
		*ret_n = ram->block_frames;
		return ram->block_frames;
	default: return true;
	}
}

void ui_machine_map_show_zone(struct ui_machine_map *map, const struct pt_ram *ram, uint64_t pfn)
{
	map->cursor = pfn;
	map->scope = UI_MACHINE_NODE; /* what comes before a zone */
	ui_machine_map_scope(map, ram);
}

void ui_machine_map_scope(struct ui_machine_map *map, const struct pt_ram *ram)
{
	do
		map->scope = (map->scope + 1) % UI_MACHINE_SCOPES;
	while (!frames_of_scope(map, ram, map->scope, &map->first, &map->n));
	make_axis(map, ram);
}

/* Frames of a cell on the axis, from *ret_first on; those of a hole that was cut out are not in it. */
static uint64_t frames_of(const struct ui_machine_map *map, size_t cell, uint64_t *ret_first)
{
	uint64_t per_cell = ui_grid_per_cell(&map->grid), at = map->grid.top + cell * per_cell;
	*ret_first = pt_ram_axis_frame(&map->axis, at);
	return at >= map->grid.length ? 0 : map->grid.length - at < per_cell ? map->grid.length - at : per_cell;
}

/* Takes off the positions [*at, *at + *n) the frames that come first and lie side by side; false: there are no more. */
static bool take_frames(const struct pt_ram_axis *axis, uint64_t *at, uint64_t *n, uint64_t *ret_first, uint64_t *ret_n)
{
	for (size_t i = 0; i < axis->n && *n; i++) {
		const struct pt_ram_axis_part *part = &axis->v[i];
		if (*at < part->at || *at - part->at >= part->n)
			continue;
		uint64_t skip = *at - part->at;
		*ret_first = part->first + skip;
		*ret_n = part->n - skip < *n ? part->n - skip : *n;
		*at += *ret_n;
		*n -= *ret_n;
		return true;
	}
	return false;
}

static struct pt_picture_sums sums_of(const struct ui_machine_map *map, const struct pt_picture *p, uint64_t at,
				      uint64_t n)
{
	struct pt_picture_sums sums = {0};
	uint64_t first, here;
	while (take_frames(&map->axis, &at, &n, &first, &here))
		pt_picture_add(p, first, here, &sums);
	return sums;
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

/* Whether what the layer shows of these positions changed. */
static bool is_changed(const struct ui_machine_screen *m, uint64_t at, uint64_t n)
{
	unsigned what = ui_machine_layer_changes(m->map.layer), changed = 0;
	uint64_t first, here;
	while (m->before && take_frames(&m->map.axis, &at, &n, &first, &here))
		changed |= pt_picture_changed(m->got->picture, m->before, first, here);
	return changed & what;
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

static void fill_cells(struct ui_machine_screen *m, bool colour)
{
	struct ui_machine_map *map = &m->map;
	uint64_t per_cell = ui_grid_per_cell(&map->grid), first;
	for (size_t i = 0; i < ui_grid_cells(&map->grid); i++) {
		uint64_t at = map->grid.top + i * per_cell, n = frames_of(map, i, &first);
		map->sums[i] = sums_of(map, m->got->picture, at, n);
		map->cells[i] = ui_machine_cell(&map->sums[i], map->layer, colour);
		if (!map->sums[i].frames)
			continue;
		if (is_changed(m, at, n) && (!map->layer || ui_machine_hits(&map->sums[i], map->layer)))
			map->cells[i].flags |= WG_HEAT_CHANGED;
		if (ui_grid_in_drag(&map->grid, i))
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
	uint64_t rows = grid->halves && grid->down == 1 ? 2 : 1; /* of cells in a line */
	uint64_t end = position + rows * (uint64_t)grid->w * ui_grid_per_cell(grid);
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

static bool draw_grid(struct ui_machine_screen *m, struct ui_shell *shell, struct wg_canvas *c, struct wg_rect rect)
{
	struct ui_machine_map *map = &m->map;
	const struct ui_machine *got = m->got;
	struct gutter gutter = {map, &got->ram, &shell->scratch, rect.w >= ZONES_FROM};
	int w = rect.w < GUTTER_FROM ? 0 : frame_digits(&got->ram) + 2 + (gutter.zones ? ZONE_NAME : 0);
	wg_take_left(&rect, w);
	if (!ui_grid_place(&map->grid, c, rect) || !make_room(map)) {
		map->grid.w = map->grid.rows = 0;
		return false;
	}
	fill_cells(m, c->can.colour);
	ui_grid_draw(&map->grid, &shell->scratch, c, map->cells);
	if (w)
		ui_grid_draw_gutter(&map->grid, c, w, label, &gutter);
	return true;
}

/* ---- the lines around it ---------------------------------------------------------------------------------------- */

static const char *map_name(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_scratch *s)
{
	const struct pt_zone *zone = pt_zone_of(got->ram.zones, got->ram.n_zones, map->cursor);
	if (map->scope == UI_MACHINE_NODE && zone)
		return ui_scratch_text(s, "node %d", zone->node);
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
		{ui_scratch_text(s, "layer: %s", ui_machine_layer_name(map->layer)), WG_ACCENT, 1},
		{per_cell == 1 ? "a cell is one frame"
			       : ui_scratch_text(s, "a cell is %s", ui_size(s, per_cell << got->page_shift)),
		 WG_DIM, 3},
		{ui_machine_layer_what(map->layer), WG_DIM, 4},
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
		struct pt_picture_sums sums = sums_of(map, got->picture, at, per_cell);
		cells[n++] = ui_machine_cell(&sums, map->layer, c->can.colour);
	}
	ui_grid_draw_whole(&map->grid, c, line, cells, n);
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

/* Every kind of memory with its sum in what the map shows; of a layer of one thing, what its brightness means. */
static size_t legend(const struct ui_machine_map *map, const struct ui_machine *got, struct ui_scratch *s, bool colour,
		     struct wg_legend_item *items)
{
	struct pt_picture_sums all = sums_of(map, got->picture, 0, map->axis.positions), *sums = &all;
	size_t n = map->layer ? ui_legend_of_shares(ui_machine_layer_hue(map->layer), items) : 0;
	for (size_t i = 0; !map->layer && i < UI_MACHINE_KINDS; i++) {
		enum pt_frame kind = ui_machine_kinds[i];
		struct wg_heat_cell look = ui_frame_look(kind, colour);
		if (!sums->n[kind] || kind == PT_FRAME_HOLE) /* holes are the background */
			continue;
		items[n++] =
			(struct wg_legend_item){.hue = look.hue,
						.level = look.level,
						.unknown = kind == PT_FRAME_UNKNOWN,
						.label = ui_scratch_text(s, "%s %s", pt_frame_name(kind),
									 ui_size(s, sums->n[kind] << got->page_shift))};
	}
	items[n++] = (struct wg_legend_item){
		.hue = ui_machine_layer_hue(map->layer), .level = WG_LEVELS - 1, .changed = true, .label = "changed"};
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
	struct wg_legend_item items[UI_MACHINE_KINDS + WG_LEVELS + 1];
	size_t n = legend(map, m->got, &shell->scratch, c->can.colour, items);
	int lines = legend_lines(items, n, rect.w);
	map->grid.w = map->grid.rows = 0;
	struct wg_rect rule = wg_take_top(&rect, rect.h >= 3);
	struct wg_rect whole = wg_take_top(&rect, map->grid.per_cell && rect.h >= 7);
	struct wg_rect key = wg_take_bottom(&rect, rect.h >= 4 + lines ? lines : rect.h >= 3);
	struct wg_rect status = wg_take_bottom(&rect, rect.h >= 2);
	if (!draw_grid(m, shell, c, rect))
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

/* The first position of [from, to) whose frame a layer shows, or the last: by halves, as sums of chunks are cheap. */
static bool find_frame(const struct ui_machine_screen *m, unsigned layer, uint64_t from, uint64_t to, bool last,
		       uint64_t *ret)
{
	for (uint64_t step = to - from; from < to;) {
		uint64_t n = to - from < step ? to - from : step, at = last ? to - n : from;
		struct pt_picture_sums sums = sums_of(&m->map, m->got->picture, at, n);
		if (!ui_machine_hits(&sums, layer)) {
			from = last ? from : at + n;
			to = last ? at : to;
			continue;
		}
		if (n == 1) {
			*ret = at;
			return true;
		}
		from = at;
		to = at + n;
		step = (n + 1) / 2;
	}
	return false;
}

/* To what the layer shows in the next cell that has any, or in the one before. */
static void find_hit(struct ui_machine_screen *m, struct ui_shell *shell, bool back)
{
	struct ui_grid *g = &m->map.grid;
	uint64_t per_cell = ui_grid_per_cell(g), first = g->top + ui_grid_cursor_cell(g) * per_cell;
	uint64_t end = first + per_cell < g->length ? first + per_cell : g->length;
	if (find_frame(m, m->map.layer, back ? 0 : end, back ? first : g->length, back, &g->cursor))
		ui_grid_keep_in_sight(g);
	else
		ui_shell_say(shell, WG_DIM, "no more cells with what the layer %s shows",
			     ui_machine_layer_name(m->map.layer));
}

static void find_densest(struct ui_machine_screen *m)
{
	struct ui_grid *g = &m->map.grid;
	uint64_t per_cell = ui_grid_per_cell(g), most = 0, best = g->cursor;
	for (size_t i = 0; i < ui_grid_cells(g); i++) {
		uint64_t at = g->top + i * per_cell;
		struct pt_picture_sums sums = sums_of(&m->map, m->got->picture, at, per_cell);
		uint64_t hits = ui_machine_hits(&sums, m->map.layer);
		best = hits > most ? at : best;
		most = hits > most ? hits : most;
	}
	if (most)
		find_frame(m, m->map.layer, best, best + per_cell, false, &g->cursor);
}

/* Deeper: a frame a cell, around a frame that is what its cell is shown as; then the frame. */
static void enter(struct ui_machine_screen *m, struct ui_shell *shell)
{
	struct ui_machine_map *map = &m->map;
	uint64_t per_cell = ui_grid_per_cell(&map->grid);
	uint64_t at = map->grid.top + ui_grid_cursor_cell(&map->grid) * per_cell;
	struct pt_picture_sums cell = sums_of(map, m->got->picture, at, per_cell);
	struct pt_picture_sums here = sums_of(map, m->got->picture, map->grid.cursor, 1);
	unsigned layer = map->layer ? map->layer : ui_machine_layer_of(ui_machine_kind_of(&cell));
	if (per_cell == 1) {
		ui_shell_push(shell, ui_frame_new(shell, map->cursor));
		return;
	}
	if (!ui_machine_hits(&here, layer))
		find_frame(m, layer, at, at + per_cell, false, &map->grid.cursor);
	ui_grid_enter(&map->grid);
}

bool ui_machine_map_act(struct ui_machine_screen *m, struct ui_shell *shell, enum ui_action action)
{
	struct ui_machine_map *map = &m->map;
	const struct pt_picture_sums *sums = &m->got->picture->sums;
	if (!map->grid.length || !map->grid.w)
		return false;
	bool done = true;
	switch (action) {
	case UI_DO_LAYER: map->layer = ui_machine_layer_next(map->layer, false, sums); break;
	case UI_DO_LAYER_BACK: map->layer = ui_machine_layer_next(map->layer, true, sums); break;
	case UI_DO_NEXT_HIT: find_hit(m, shell, false); break;
	case UI_DO_PREVIOUS_HIT: find_hit(m, shell, true); break;
	case UI_DO_DENSEST: find_densest(m); break;
	case UI_DO_WHOLE: ui_machine_map_scope(map, &m->got->ram); break;
	case UI_DO_ENTER: enter(m, shell); break;
	case UI_DO_FRAME: ui_shell_push(shell, ui_frame_new(shell, map->cursor)); break;
	default: done = ui_grid_act(&map->grid, action); break;
	}
	follow_cursor(map);
	return done;
}

void ui_machine_map_mouse(struct ui_machine_screen *m, struct ui_shell *shell, const struct ui_event *event)
{
	if (ui_grid_mouse(&m->map.grid, event))
		enter(m, shell);
	follow_cursor(&m->map);
}
