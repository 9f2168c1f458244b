/*
 * pagetop vmas --by: the other processes that share the VMAs' pages, and the memory nodes they lie on. A status each.
 */
#ifndef UI_VMAS_BY_H
#define UI_VMAS_BY_H

#include "core/filter/filter.h"
#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"
#include "tui/options.h"

int ui_vmas_by_sharer(const struct ui_options *options, struct pt_kernel *k, const struct pt_snapshot *snapshot,
		      struct pt_filter *filter);
int ui_vmas_by_node(const struct ui_options *options, struct pt_kernel *k, const struct pt_snapshot *snapshot,
		    struct pt_filter *filter);

#endif
