/*
 * Many chunks at once; see batch.h.
 *
 * A small batch stays in the processor's caches; a large one finds more frames that lie side by side, which is what
 * counts where memory was touched in random order. It starts small and grows while reads would be short.
 */
#include "core/scan/batch.h"

#include <stdlib.h>

#ifndef PT_BATCH_FEWEST
#define PT_BATCH_FEWEST (1u << 15) /* entries */
#endif
#define MOST       (5u << 18) /* entries: 20 MiB of buffers */
#define SHORT_READ 8u         /* frames of a read, on average, below which a larger batch is worth trying */
#define LONG_READ  128u       /* above which a smaller one will do */

struct pt_batch {
	const struct pt_build_job *job;
	struct pt_step step;
	struct pt_find find;
	struct pt_frames *frames;
	struct pt_build *build;
	size_t limit;        /* entries of a batch, for now */
	bool settled;        /* it is known to be good */
	uint64_t done_index; /* chunks below it are in the slots */
	uint64_t pages;      /* in chunks that were built */
};

struct pt_batch *pt_batch_new(unsigned page_shift)
{
	struct pt_batch *batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->limit = PT_BATCH_FEWEST;
	batch->frames = pt_frames_new();
	batch->build = pt_build_new(page_shift);
	if (batch->frames && batch->build)
		return batch;
	pt_batch_free(batch);
	return NULL;
}

void pt_batch_free(struct pt_batch *batch)
{
	if (!batch)
		return;
	pt_parts_free(&batch->find.parts);
	pt_frames_free(batch->frames);
	pt_build_free(batch->build);
	free(batch);
}

void pt_batch_begin(struct pt_batch *batch, const struct pt_build_job *job, struct pt_step step)
{
	batch->job = job;
	batch->step = step;
	batch->done_index = batch->pages = 0;
	pt_parts_clear(&batch->find.parts, job->target);
}

uint64_t pt_batch_done_index(const struct pt_batch *batch)
{
	return batch->done_index;
}

uint64_t pt_batch_pages(const struct pt_batch *batch)
{
	return batch->pages + batch->find.parts.pages;
}

static bool may_grow(const struct pt_batch *batch, struct pt_frames_cost cost)
{
	return batch->limit < MOST && cost.frames < cost.reads * SHORT_READ;
}

static int build(struct pt_batch *batch)
{
	struct pt_parts *parts = &batch->find.parts;
	int error = pt_build_chunks(batch->build, batch->job, parts, batch->frames, batch->step, &batch->done_index);
	batch->pages += parts->pages;
	pt_parts_clear(parts, batch->job->target);
	return error;
}

/* Chunks of what was found, unless a larger batch would be better and there is more to come. */
static int flush(struct pt_batch *batch, bool more)
{
	struct pt_parts *parts = &batch->find.parts;
	if (!parts->n)
		return 0;
	if (batch->job->depth == PT_DEPTH_PRESENCE)
		return build(batch);
	int error = pt_frames_order(batch->frames, parts);
	if (error)
		return error;
	/* before the first batch is read it pays to find out what that would take; after that it is known */
	if (more && !batch->settled && may_grow(batch, pt_frames_cost(batch->frames, parts))) {
		batch->limit = MOST;
		return pt_parts_reserve(parts, MOST + MOST / 16);
	}
	struct pt_frames_cost cost;
	error = pt_frames_read(batch->frames, parts, batch->step, &cost);
	batch->settled = true;
	if (more && may_grow(batch, cost))
		batch->limit = MOST;
	else if (more && cost.frames > cost.reads * LONG_READ)
		batch->limit = PT_BATCH_FEWEST;
	return error ? error : build(batch);
}

int pt_batch_add(struct pt_batch *batch, struct pt_stretch stretch)
{
	int more = 1;
	pt_find_begin(&batch->find, batch->job->depth, batch->job->target, batch->job->vmas, stretch);
	while (more == 1) {
		more = pt_find_more(&batch->find, batch->limit, batch->step);
		int error = more == 1 ? flush(batch, true) : 0;
		if (error)
			return error;
	}
	return more;
}

int pt_batch_end(struct pt_batch *batch)
{
	return flush(batch, false);
}
