/*
 * The layers of the machine's map: what of some frames each shows, and as which cell. Pure functions of sums; nothing
 * is kept.
 */
#include "tui/heat.h"
#include "tui/screens/machineview.h"

_Static_assert(UI_MACHINE_KINDS == PT_FRAME_N, "every kind is in the legend");
const enum pt_frame ui_machine_kinds[UI_MACHINE_KINDS] = {
	PT_FRAME_ANON,    PT_FRAME_FILE,  PT_FRAME_SHMEM,    PT_FRAME_HUGETLB, PT_FRAME_SLAB,
	PT_FRAME_PGTABLE, PT_FRAME_OTHER, PT_FRAME_RESERVED, PT_FRAME_POISON,  PT_FRAME_OFFLINE,
	PT_FRAME_UNKNOWN, PT_FRAME_FREE,  PT_FRAME_HOLE,
};

/* ---- which layers there are ------------------------------------------------------------------------------------- */

static enum pt_frame kind_of_layer(unsigned layer)
{
	return ui_machine_kinds[layer - UI_MACHINE_LAYER_KINDS];
}

const char *ui_machine_layer_name(unsigned layer)
{
	if (!layer)
		return "kind";
	return layer < UI_MACHINE_LAYER_KINDS ? pt_frame_fact_name((enum pt_frame_fact)(layer - 1))
					      : pt_frame_name(kind_of_layer(layer));
}

const char *ui_machine_layer_what(unsigned layer)
{
	static const char *const what[UI_MACHINE_LAYER_KINDS] = {
		"what each frame is used for", "mapped by any process", "part of a folio larger than a page",
		"not written back yet, or being written", "not evictable: locked, or held by the kernel"};
	return layer < UI_MACHINE_LAYER_KINDS ? what[layer] : "where frames of this kind are";
}

/* No layer alone have kinds of which there are no frames, and what is no memory or not known. */
static bool is_there(unsigned layer, const struct pt_picture_sums *sums)
{
	if (layer < UI_MACHINE_LAYER_KINDS)
		return true;
	enum pt_frame kind = kind_of_layer(layer);
	return kind != PT_FRAME_HOLE && kind != PT_FRAME_UNKNOWN && sums->n[kind];
}

unsigned ui_machine_layer_next(unsigned layer, bool back, const struct pt_picture_sums *sums)
{
	do
		layer = (layer + (back ? UI_MACHINE_LAYERS - 1 : 1)) % UI_MACHINE_LAYERS;
	while (!is_there(layer, sums));
	return layer;
}

unsigned ui_machine_layer_changes(unsigned layer)
{
	return layer && layer < UI_MACHINE_LAYER_KINDS ? 1u << (layer - 1) : PT_FRAME_KIND_CHANGED;
}

/* ---- what they show --------------------------------------------------------------------------------------------- */

static bool is_used(enum pt_frame kind)
{
	return kind != PT_FRAME_FREE && kind != PT_FRAME_HOLE && kind != PT_FRAME_UNKNOWN && kind != PT_FRAME_OFFLINE;
}

static uint64_t used_of(const struct pt_picture_sums *sums)
{
	uint64_t used = 0;
	for (int i = 0; i < PT_FRAME_N; i++)
		used += is_used((enum pt_frame)i) ? sums->n[i] : 0;
	return used;
}

enum pt_frame ui_machine_kind_of(const struct pt_picture_sums *sums)
{
	enum pt_frame most = sums->n[PT_FRAME_OFFLINE] > sums->n[PT_FRAME_FREE] ? PT_FRAME_OFFLINE : PT_FRAME_FREE;
	uint64_t best = 0;
	for (int i = 0; i < PT_FRAME_N; i++)
		if (is_used((enum pt_frame)i) && sums->n[i] > best) {
			best = sums->n[i];
			most = (enum pt_frame)i;
		}
	return sums->n[PT_FRAME_POISON] ? PT_FRAME_POISON : most;
}

uint64_t ui_machine_hits(const struct pt_picture_sums *sums, unsigned layer)
{
	if (!layer)
		return used_of(sums);
	return layer < UI_MACHINE_LAYER_KINDS ? sums->facts[layer - 1] : sums->n[kind_of_layer(layer)];
}

unsigned ui_machine_layer_of(enum pt_frame kind)
{
	unsigned i = 0;
	while (ui_machine_kinds[i] != kind)
		i++;
	return UI_MACHINE_LAYER_KINDS + i;
}

uint8_t ui_machine_layer_hue(unsigned layer)
{
	return layer < UI_MACHINE_LAYER_KINDS ? WG_HUE_LAYER : ui_frame_look(kind_of_layer(layer), true).hue;
}

static struct wg_heat_cell cell_of_kinds(const struct pt_picture_sums *sums, uint64_t memory, bool colour)
{
	struct wg_heat_cell cell = ui_frame_look(ui_machine_kind_of(sums), colour);
	if (is_used(ui_machine_kind_of(sums)) && !sums->n[PT_FRAME_POISON])
		cell.level = (uint8_t)wg_heat_level(used_of(sums), memory);
	return cell;
}

struct wg_heat_cell ui_machine_cell(const struct pt_picture_sums *sums, unsigned layer, bool colour)
{
	uint64_t holes = sums->n[PT_FRAME_HOLE], unknown = sums->n[PT_FRAME_UNKNOWN];
	uint64_t memory = sums->frames - holes - unknown;
	if (holes == sums->frames)
		return (struct wg_heat_cell){.flags = WG_HEAT_OUTSIDE};
	if (unknown > memory)
		return ui_frame_look(PT_FRAME_UNKNOWN, colour);
	if (!layer)
		return cell_of_kinds(sums, memory, colour);
	return (struct wg_heat_cell){.hue = ui_machine_layer_hue(layer),
				     .level = (uint8_t)wg_heat_level(ui_machine_hits(sums, layer), memory)};
}
