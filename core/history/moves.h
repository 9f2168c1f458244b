/*
 * What mremap moved: addresses whose pages are found, in the same frames and order, at others. Looked for only between
 * what vanished and what appeared, and only in what can be the same VMA.
 *
 * The evidence is frames: more than half of the pages of a stretch whose frame (or swap entry) is known must be at one
 * distance from where they were, and that is all of what vanished or all of what appeared (both, where it is less than
 * 8 pages). The allocator hands freed frames out again, but in other orders. One huge page, or a few small ones, that
 * were given back and handed out again in another VMA of the same kind and size cannot be told from a move. Where no
 * frames are known nothing is found: then a move is pages freed here, and born there.
 */
#ifndef PT_HISTORY_MOVES_H
#define PT_HISTORY_MOVES_H

#include "core/history/vmas.h"

/* Ascending by where they came from; free(*ret) is the caller's. 0 or -ENOMEM. */
int pt_moves_find(const struct pt_snapshot *before, const struct pt_snapshot *after, const struct pt_vma_part *parts,
		  size_t n_parts, struct pt_move **ret, size_t *ret_n);

#endif
