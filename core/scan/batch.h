/*
 * Batch: many chunks at once, so that their frames can be read in the order of PFNs: finds parts, reads their frames,
 * builds chunks of them. Several threads can do so together: each goes through a range of addresses of its own, and all
 * read the frames of what they have found by then. Owns the buffers and the threads; used by one thread.
 */
#ifndef PT_SCAN_BATCH_H
#define PT_SCAN_BATCH_H

#include "core/scan/build.h"

struct pt_batch;

struct pt_batch *pt_batch_new(unsigned page_shift, unsigned threads); /* NULL: out of memory */
void pt_batch_free(struct pt_batch *batch);

/* Begins a pass. All of the job is borrowed until the pass ends. The step is called in the caller's thread. */
void pt_batch_begin(struct pt_batch *batch, const struct pt_build_job *job, struct pt_step step);
/* A stretch behind those before; `alone`: in the caller's thread, as all but a pass's only stretch must be. 0, -errno, or
 * what the step said; after that the pass is over. */
int pt_batch_add(struct pt_batch *batch, struct pt_stretch stretch, bool alone);
int pt_batch_end(struct pt_batch *batch);

/* Chunks below this index are in the slots already. */
uint64_t pt_batch_done_index(const struct pt_batch *batch);
/* Pages found so far in this pass. */
uint64_t pt_batch_pages(const struct pt_batch *batch);

#endif
