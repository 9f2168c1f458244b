/*
 * On which memory nodes pages lie, as a layer of maps: cells, words, legend. Which frames are whose is of the machine and
 * does not change, so it is read once, by the worker of tui/owners.h; nothing is kept here.
 */
#ifndef UI_NODELAYER_H
#define UI_NODELAYER_H

#include "core/machine/nodes.h"
#include "core/model/bins.h"
#include "tui/scratch.h"
#include "widgets/views.h"

struct ui_shell;

/* Of the machine that the target runs on; NULL: not known (yet). */
const struct pt_nodes *ui_nodes_now(const struct ui_shell *shell);
uint8_t ui_node_hue(unsigned node); /* its position in pt_nodes.ids; others than the first share one */

/* Fills in where the pages of n bins lie that begin at a position of an axis; nodes may be NULL. */
void ui_nodes_bins(const struct pt_nodes *nodes, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		   uint64_t first, struct pt_bin *bins, size_t n);
/* "node 0 312M, node 1 40M": of [start, end), as at most UI_NODE_SPANS spans; or why nothing is known. */
#define UI_NODE_SPANS 8
size_t ui_nodes_words(struct ui_shell *shell, uint64_t start, uint64_t end, struct wg_span *ret);
/* Up to UI_LEGEND_MAX items. */
size_t ui_nodes_legend(struct ui_scratch *s, const struct pt_nodes *nodes, struct wg_legend_item *items);

#endif
