/*
 * Fold: the slots of a snapshot under way, while deltas are applied to them one after the other; all of them, or those
 * of a stretch of addresses (private to core/history). Chunks are borrowed from what is applied.
 */
#ifndef PT_HISTORY_FOLD_H
#define PT_HISTORY_FOLD_H

#include "core/history/delta.h"

struct pt_fold {
	uint64_t first, last; /* indices of chunks; what lies outside is passed over */
	struct pt_slot *v;
	size_t n, room;
	struct pt_slot *spare; /* what v is merged into */
	size_t spare_room;
};

/* Two lists of slots side by side, in the order of their indices. */
struct pt_pairs {
	const struct pt_slot *a, *a_end, *b, *b_end;
};
struct pt_pairs pt_pairs_of(const struct pt_slot *a, size_t a_n, const struct pt_slot *b, size_t b_n);
/* The next index that either list has, with the slots of it (NULL: that list has none). False: both are at their end. */
bool pt_next_pair(struct pt_pairs *pairs, const struct pt_slot **ret_a, const struct pt_slot **ret_b);
/* The position of the first slot from `at` on whose index is >= index; n if there is none. */
size_t pt_slots_lower(const struct pt_slot *slots, size_t n, size_t at, uint64_t index);

/* What a delta does to one chunk of those that are folded; one of the two may be NULL. */
typedef void (*pt_fold_fn)(void *arg, uint64_t index, const struct pt_chunk *old, const struct pt_chunk *now);

/* Begins with the slots of a snapshot (NULL: nothing). 0 or -ENOMEM; fit for pt_fold_free in any case. */
int pt_fold_begin(struct pt_fold *fold, const struct pt_snapshot *snapshot);
/* `each` may be NULL. A delta that is whole starts over, without a word of what was there. 0 or -ENOMEM. */
int pt_fold_step(struct pt_fold *fold, const struct pt_delta *delta, pt_fold_fn each, void *arg);
void pt_fold_free(struct pt_fold *fold);

#endif
