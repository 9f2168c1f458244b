/*
 * See nodelayer.h.
 */
#include "tui/nodelayer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/shell.h"

#define HUES 5 /* the last is for all nodes beyond */

uint8_t ui_node_hue(unsigned node)
{
	static const uint8_t hues[HUES] = {WG_HUE_WENT, WG_HUE_TABLE, WG_HUE_FREE, WG_HUE_HUGETLB, WG_HUE_KERNEL};
	return hues[node < HUES ? node : HUES - 1];
}

const struct pt_nodes *ui_nodes_now(const struct ui_shell *shell)
{
	const struct ui_nodes *n = shell->owners.nodes;
	return n && !n->error && shell->target.inspect ? &n->nodes : NULL;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static struct pt_bin_place most_of(const struct pt_nodes *nodes, const uint64_t *pages)
{
	struct pt_bin_place place = {.known = true, .unplaced = pages[nodes->n]};
	for (size_t i = 0; i < nodes->n; i++)
		if (pages[i] > place.pages) {
			place.node = (unsigned)i;
			place.pages = pages[i];
		}
	return place;
}

void ui_nodes_bins(const struct pt_nodes *nodes, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		   uint64_t first, struct pt_bin *bins, size_t n)
{
	uint64_t *pages = nodes ? calloc(nodes->n + 1, sizeof *pages) : NULL;
	for (size_t i = 0; i < n; first += bins[i].pages, i++) {
		struct pt_stretch piece;
		bins[i].place = (struct pt_bin_place){0};
		if (!pages || !bins[i].sum.n[PT_N_PRESENT])
			continue;
		memset(pages, 0, (nodes->n + 1) * sizeof *pages);
		if (nodes->n == 1) { /* no need to look at every run of frames */
			bins[i].place = (struct pt_bin_place){.known = true, .pages = bins[i].sum.n[PT_N_PRESENT]};
			continue;
		}
		for (uint64_t at = first, end = first + bins[i].pages, part; at < end; at += part) {
			part = pt_axis_piece(axis, snapshot, at, end, &piece);
			if (!part)
				break;
			pt_nodes_count(nodes, snapshot, piece.start, piece.end, pages);
		}
		bins[i].place = most_of(nodes, pages);
	}
	free(pages);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *why_not(const struct ui_shell *shell)
{
	const struct ui_nodes *n = shell->owners.nodes;
	if (!shell->sources->kernel || !shell->target.inspect)
		return "nodes: not known of a recording";
	if (n && n->error)
		return n->error == -ENODATA ? "this kernel says nothing of nodes" : "nodes cannot be read";
	return "nodes: asking...";
}

size_t ui_nodes_words(struct ui_shell *shell, uint64_t start, uint64_t end, struct wg_span *ret)
{
	const struct pt_nodes *nodes = ui_nodes_now(shell);
	struct ui_scratch *s = &shell->scratch;
	unsigned shift = shell->target.now->page_shift;
	uint64_t *pages = nodes ? ui_scratch_array(s, nodes->n + 1, sizeof *pages) : NULL;
	size_t n = 0;
	if (!pages) {
		ret[n++] = (struct wg_span){why_not(shell), WG_DIM, 1};
		return n;
	}
	memset(pages, 0, (nodes->n + 1) * sizeof *pages);
	pt_nodes_count(nodes, shell->target.now, start, end, pages);
	if (nodes->n == 1)
		ret[n++] = (struct wg_span){"one memory node: nothing is remote", WG_DIM, 1};
	for (size_t i = 0; i < nodes->n && nodes->n > 1 && n + 2 < UI_NODE_SPANS; i++)
		if (pages[i])
			ret[n++] = (struct wg_span){
				ui_scratch_text(s, "node %d %s", nodes->ids[i], ui_size(s, pages[i] << shift)),
				WG_HEAT(ui_node_hue((unsigned)i), WG_LEVELS - 1), 1};
	if (pages[nodes->n])
		ret[n++] = (struct wg_span){
			ui_scratch_text(s, "%s on nodes not known", ui_size(s, pages[nodes->n] << shift)), WG_UNKNOWN,
			1};
	return n;
}

size_t ui_nodes_legend(struct ui_scratch *s, const struct pt_nodes *nodes, struct wg_legend_item *items)
{
	size_t n = 0;
	for (size_t i = 0; i < nodes->n && i < HUES; i++)
		items[n++] = (struct wg_legend_item){.hue = ui_node_hue((unsigned)i),
						     .level = WG_LEVELS - 1,
						     .label = i == HUES - 1 && nodes->n > HUES
								      ? "other nodes"
								      : ui_scratch_text(s, "node %d", nodes->ids[i])};
	items[n++] = (struct wg_legend_item){.unknown = true, .label = "unknown"};
	return n;
}
