/*
 * From the model's kinds and layers to the widgets' hues and cells: the one place that says which kind of page has
 * which colour, for map, strip, class bar and legend alike.
 */
#ifndef UI_HEAT_H
#define UI_HEAT_H

#include "core/explain/frame.h"
#include "core/model/difference.h"
#include "tui/changes.h"
#include "tui/hunt.h"
#include "tui/nodelayer.h"
#include "tui/scratch.h"
#include "tui/sharing.h"
#include "widgets/views.h"

uint8_t ui_hue_of_kind(enum pt_kind kind);
/* "anon", "file", ...: what the legend calls a hue. */
const char *ui_hue_name(uint8_t hue);

/* How a frame of the machine looks. */
struct wg_heat_cell ui_frame_look(enum pt_frame frame, bool colour);

/* How a bin of a snapshot looks in a layer. */
struct wg_heat_cell ui_heat_cell(const struct pt_bin *bin, enum pt_layer layer, const struct pt_snapshot *snapshot);

/* How it looks where two moments are compared. */
struct wg_heat_cell ui_heat_difference(const struct pt_bin *bin, const struct pt_difference *difference,
				       const struct pt_snapshot *snapshot);
size_t ui_legend_of_difference(struct wg_legend_item *items);

/*
 * n cells over all of an axis (hunt, sharing, nodes: of this moment, or NULL), in scratch memory; NULL when it ran out. *ret_n
 * may be less: cells there are.
 */
struct wg_heat_cell *ui_heat_strip(struct ui_scratch *s, const struct pt_axis *axis, const struct pt_snapshot *now,
				   const struct pt_snapshot *before, struct ui_changes *changes,
				   const struct ui_hunt *hunt, const struct ui_sharing *sharing,
				   const struct pt_nodes *nodes, enum pt_layer layer, int n, int *ret_n);

/* A bar of n cells, divided as the pages of the sum are by kind; every kind that is there gets a cell. */
void ui_class_bar(const struct pt_counts *sum, struct wg_heat_cell *cells, int n);

/* Items of the legend for a layer, up to UI_LEGEND_MAX; returns how many. `old`: some cells are. */
size_t ui_legend(enum pt_layer layer, bool old, struct wg_legend_item *items);
#define UI_LEGEND_MAX 12
/* How much of a cell has what a layer is about, as its brightness: WG_LEVELS items. */
size_t ui_legend_of_shares(uint8_t hue, struct wg_legend_item *items);

#endif
