/*
 * Regions from the walk, in slices into the batch; see pass.h.
 */
#include "core/scan/pass.h"

#include <errno.h>
#include <stdlib.h>

#define SLICE_CHUNKS 32u /* of a long region, between two steps */

struct pt_pass {
	unsigned page_shift;
	struct pt_batch *batch;
	struct pt_walk walk;
};

struct pt_pass *pt_pass_new(unsigned page_shift)
{
	struct pt_pass *pass = calloc(1, sizeof(*pass));
	if (!pass)
		return NULL;
	pass->page_shift = page_shift;
	pass->batch = pt_batch_new(page_shift);
	if (!pass->batch) {
		free(pass);
		return NULL;
	}
	return pass;
}

void pt_pass_free(struct pt_pass *pass)
{
	if (!pass)
		return;
	pt_batch_free(pass->batch);
	free(pass);
}

uint64_t pt_pass_done_index(const struct pt_pass *pass)
{
	return pt_batch_done_index(pass->batch);
}

uint64_t pt_pass_pages(const struct pt_pass *pass)
{
	return pt_batch_pages(pass->batch);
}

/* A region can be as long as the process; in slices it can be shown in part, and given up. */
static int add_in_slices(struct pt_pass *pass, const struct pt_pass_job *job, struct pt_region region)
{
	uint64_t most = (uint64_t)SLICE_CHUNKS * PT_CHUNK_PAGES << pass->page_shift, end = region.end;
	int error = 0;
	for (; !error && region.start < end; region.start = region.end) {
		region.end = end - region.start > most ? region.start + most : end;
		error = job->step ? job->step(job->arg) : 0;
		if (!error)
			error = pt_batch_add(pass->batch, &region);
	}
	return error;
}

static int run_stretch(struct pt_pass *pass, const struct pt_pass_job *job, struct pt_stretch stretch)
{
	struct pt_region region;
	int more = 0, error = 0;
	pt_walk_init(&pass->walk, job->target, job->vmas, stretch.start, stretch.end);
	while (!error && (more = pt_walk_next(&pass->walk, &region)) == 1)
		error = add_in_slices(pass, job, region);
	return more < 0 ? more : error;
}

int pt_pass_run(struct pt_pass *pass, const struct pt_pass_job *job, struct pt_slots *slots)
{
	int error = 0;
	pt_batch_begin(pass->batch, job->depth, job->target, job->vmas, job->before, slots);
	if (!job->stretches)
		error = run_stretch(pass, job, (struct pt_stretch){0, UINT64_MAX});
	for (size_t i = 0; job->stretches && i < job->n && !error; i++)
		error = run_stretch(pass, job, job->stretches[i]);
	return error ? error : pt_batch_end(pass->batch);
}
