/*
 * A delta: what makes a snapshot out of the one before it. History in memory and recordings on disk are both a series of
 * deltas, so both hold what changed and nothing twice; the first of a series is a delta from nothing.
 *
 * Immutable once made and reference-counted. It holds a reference to each chunk that it brings and to the VMA table,
 * which snapshots share where they are equal. Sums per VMA are not in it: they follow from the chunks, cost more than a
 * changed chunk does, and are shared with the snapshot before when a delta is applied.
 */
#ifndef PT_HISTORY_DELTA_H
#define PT_HISTORY_DELTA_H

#include "core/model/snapshot.h"

/*
 * The slots first .. last (indices of chunks) were read again and hold what they did, except for those among them that
 * are in `changed`.
 */
struct pt_reread {
	uint64_t first, last;
	uint64_t read_ns;
};

struct pt_delta {
	struct pt_snapshot *head; /* the later snapshot's: pt_snapshot_head() */
	struct pt_slot *changed;  /* [n_changed] by ascending index; chunk NULL: nothing is there any more */
	size_t n_changed;
	struct pt_reread *reread; /* [n_reread] ascending, no two overlap */
	size_t n_reread;
	bool whole; /* from nothing: what is not in `changed` is not there */
	/* private: */
	unsigned refs; /* atomic */
};

/* From `before` (NULL: from nothing) to `after`. 0 or -ENOMEM. */
int pt_delta_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_delta **ret);

/*
 * The snapshot that comes after `before` (NULL: nothing) when n deltas, at least one, are applied one after the other;
 * one that is whole starts over. Equal to the one that the last of them was made of. 0 or -ENOMEM.
 */
int pt_delta_apply(const struct pt_snapshot *before, struct pt_delta *const *deltas, size_t n,
		   struct pt_snapshot **ret);
/* Two that follow each other as one: the snapshot between them is forgotten. 0 or -ENOMEM. */
int pt_delta_join(struct pt_delta *first, struct pt_delta *second, struct pt_delta **ret);

struct pt_delta *pt_delta_ref(struct pt_delta *delta);
void pt_delta_unref(struct pt_delta *delta); /* NULL is fine */

/* The slot of a chunk's index in `changed`; NULL: that one did not change. */
const struct pt_slot *pt_delta_find(const struct pt_delta *delta, uint64_t index);

/* Memory that is its own: without the chunks it brings and the VMA table, which others may hold too. */
size_t pt_delta_bytes(const struct pt_delta *delta);

#endif
