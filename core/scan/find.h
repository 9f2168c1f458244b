/*
 * Find: from the walk's regions to parts with their pagemap entries. Decides what is read of a region: all of its
 * pages, or one that answers for a whole huge page. Owns walk and parts; one thread uses it at a time.
 */
#ifndef PT_SCAN_FIND_H
#define PT_SCAN_FIND_H

#include "core/scan/parts.h"

enum pt_depth {
	PT_DEPTH_PRESENCE, /* only what the regions say */
	PT_DEPTH_DETAIL,   /* everything */
};

struct pt_find {
	enum pt_depth depth;
	struct pt_walk walk;
	struct pt_region rest; /* of a region that was taken up in part; empty: start == end */
	struct pt_parts parts; /* what was found; whoever is done with them clears them */
};

/* Called every few milliseconds; nonzero ends the work under way with it. A NULL fn is fine. */
struct pt_step {
	int (*fn)(void *arg);
	void *arg;
};
static inline int pt_step(struct pt_step step)
{
	return step.fn ? step.fn(step.arg) : 0;
}

#define PT_FIND_OVER (1u << 15) /* entries that pt_find_more() may go over what it was told */

/* Begins with a stretch of addresses; parts that are there stay. Target and table are borrowed. */
void pt_find_begin(struct pt_find *find, enum pt_depth depth, struct pt_target *target, const struct pt_vma_table *vmas,
		   struct pt_stretch stretch);

/*
 * Adds parts until `most` entries (or parts) or a few more are there, but always whole chunks. 1: there is more; 0: that
 * was all; -errno; or what the step said.
 */
int pt_find_more(struct pt_find *find, size_t most, struct pt_step step);

#endif
