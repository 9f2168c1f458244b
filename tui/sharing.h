/*
 * With whom the target shares its pages, as maps and tables show it: which of the groups of sharers a cell's pages are
 * shared with, and what those are called. The answers are of tui/owners.h; nothing is kept here.
 */
#ifndef UI_SHARING_H
#define UI_SHARING_H

#include "core/model/bins.h"
#include "tui/owners.h"
#include "tui/scratch.h"
#include "widgets/views.h"

/* What cells are told apart by: the largest sets of sharers, any others, and what is with nobody else. */
enum ui_shared_group {
	UI_SHARED_OTHERS = UI_SHARING_GROUPS,
	UI_SHARED_ITSELF,
	UI_SHARED_NOT_FOUND,
	UI_SHARED_GROUPS,
};
uint8_t ui_shared_hue(unsigned group); /* enum ui_shared_group, or the number of a set */

/* What is known of the target as it is now; NULL: nothing (yet), or a moment of the past is shown. */
const struct ui_sharing *ui_sharing_now(const struct ui_shell *shell);

/* Fills in with whom the pages of n bins are shared that begin at a position of an axis; sharing may be NULL. */
void ui_sharing_bins(const struct ui_sharing *sharing, const struct pt_axis *axis, const struct pt_snapshot *snapshot,
		     uint64_t first, struct pt_bin *bins, size_t n);

/*
 * "redis-server 4122 4123", "12 bash", "61 processes": a set in few words; "without bash 7" where it is set `than` (0: is
 * compared with none) but for one.
 */
const char *ui_shared_set_name(struct ui_scratch *s, const struct pt_sharing *sharing, uint32_t set, uint32_t than);
/* "312M shared with 5 others: postgres 4121 312M, ...": of [start, end), as spans; returns how many, at most
 * UI_SHARED_SPANS. What is to be done or awaited where nothing is known. */
#define UI_SHARED_SPANS 8
size_t ui_shared_words(struct ui_shell *shell, uint64_t start, uint64_t end, struct wg_span *ret);
/* Up to UI_LEGEND_MAX items; names in scratch memory. */
size_t ui_shared_legend(struct ui_scratch *s, const struct ui_sharing *sharing, struct wg_legend_item *items);

/* "reading the page tables of all processes, 12 of 80...", or why there is no answer; NULL: there is one. */
const char *ui_sharing_state(struct ui_shell *shell);

#endif
