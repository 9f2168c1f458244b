/*
 * Presence: what a cheap look at where pages are says about a picture that was read in full before. PAGEMAP_SCAN tells
 * present from swapped, huge and zero; where that agrees with the picture the facts stay, where it does not they are
 * dropped for what was seen, and the chunk counts as unread.
 */
#ifndef PT_SCAN_PRESENCE_H
#define PT_SCAN_PRESENCE_H

#include "core/scan/slots.h"

/*
 * Brings the slots inside the stretches in line with `seen`, the slots of a pass of PT_DEPTH_PRESENCE over them.
 * `zero_told`: zero pages were told from others there, which PAGEMAP_SCAN does. *ret_changed (may be NULL) counts the chunks that did not agree.
 */
int pt_presence_merge(struct pt_slots *slots, const struct pt_stretch *stretches, size_t n, unsigned page_shift,
		      const struct pt_slots *seen, bool zero_told, size_t *ret_changed);

#endif
