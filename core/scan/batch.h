/*
 * Batch: the working memory of a scan. Regions go in, in address order; whole chunks come out into slots, with what
 * pagemap, kpageflags and kpagecount say of each page. Many chunks are worked on at once, so that their frames can be
 * read in the order of PFNs. Owns its buffers; one thread uses it.
 */
#ifndef PT_SCAN_BATCH_H
#define PT_SCAN_BATCH_H

#include "core/scan/slots.h"
#include "core/scan/target.h"
#include "core/scan/walk.h"

struct pt_batch;

struct pt_batch *pt_batch_new(unsigned page_shift); /* NULL: out of memory */
void pt_batch_free(struct pt_batch *batch);

enum pt_depth {
	PT_DEPTH_PRESENCE, /* only what the regions say */
	PT_DEPTH_DETAIL,   /* everything */
};

/*
 * Begins a pass that appends to `slots`. `before` (may be NULL) is the snapshot before: a chunk equal to its own is
 * shared. All are borrowed until the pass ends.
 */
void pt_batch_begin(struct pt_batch *batch, enum pt_depth depth, struct pt_target *target,
		    const struct pt_vma_table *vmas, const struct pt_snapshot *before, struct pt_slots *slots);
/* 0 or -errno; after an error the pass is over. */
int pt_batch_add(struct pt_batch *batch, const struct pt_region *region);
int pt_batch_end(struct pt_batch *batch);

/* Chunks below this index are in the slots already. */
uint64_t pt_batch_done_index(const struct pt_batch *batch);
/* Pages handed in so far in this pass. */
uint64_t pt_batch_pages(const struct pt_batch *batch);

#endif
