/*
 * A delta: what makes a snapshot out of the one before it. History in memory and recordings on disk are both a series of
 * deltas, so both hold what changed and nothing twice; the first of a series is a delta from nothing.
 *
 * Immutable once made and reference-counted. It holds a reference to each chunk that it brings, to the VMA table and to
 * the sums of the later snapshot, which snapshots share where they are equal.
 */
#ifndef PT_HISTORY_DELTA_H
#define PT_HISTORY_DELTA_H

#include "core/model/snapshot.h"

/* Slots first .. last (indices of chunks) that are as they were and were read again. */
struct pt_reread {
	uint64_t first, last;
	uint64_t read_ns;
};

struct pt_delta {
	struct pt_snapshot *head; /* the later snapshot, but for its slots */
	struct pt_slot *changed;  /* [n_changed] by ascending index; chunk NULL: nothing is there any more */
	size_t n_changed;
	struct pt_reread *reread; /* [n_reread] ascending, no two overlap */
	size_t n_reread;
	/* private: */
	unsigned refs; /* atomic */
};

/* From `before` (NULL: from nothing) to `after`. 0 or -ENOMEM. */
int pt_delta_make(struct pt_snapshot *before, struct pt_snapshot *after, struct pt_delta **ret);
/* The snapshot that comes after `before` (NULL: nothing). Equal to the one the delta was made of. 0 or -ENOMEM. */
int pt_delta_apply(struct pt_snapshot *before, struct pt_delta *delta, struct pt_snapshot **ret);
/* Two that follow each other as one: the snapshot between them is forgotten. 0 or -ENOMEM. */
int pt_delta_join(struct pt_delta *first, struct pt_delta *second, struct pt_delta **ret);

struct pt_delta *pt_delta_ref(struct pt_delta *delta);
void pt_delta_unref(struct pt_delta *delta); /* NULL is fine */

/* Memory that it holds, with every chunk it brings: what would be free if it alone went away, at most. */
size_t pt_delta_bytes(const struct pt_delta *delta);

#endif
