/*
 * Stretches through a batch; see pass.h.
 */
#include "core/scan/pass.h"

#include <errno.h>
#include <stdlib.h>

struct pt_pass {
	struct pt_batch *batch;
};

struct pt_pass *pt_pass_new(unsigned page_shift, unsigned threads)
{
	struct pt_pass *pass = calloc(1, sizeof(*pass));
	if (!pass)
		return NULL;
	pass->batch = pt_batch_new(page_shift, threads);
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

int pt_pass_run(struct pt_pass *pass, const struct pt_pass_job *job, struct pt_slots *slots)
{
	const struct pt_stretch all = {0, UINT64_MAX};
	const struct pt_build_job build = {job->depth, job->target, job->vmas, job->before, slots};
	int error = 0;
	pt_batch_begin(pass->batch, &build, (struct pt_step){job->step, job->arg});
	if (!job->stretches)
		error = pt_batch_add(pass->batch, all, false);
	for (size_t i = 0; job->stretches && i < job->n && !error; i++)
		error = pt_batch_add(pass->batch, job->stretches[i], true);
	return error ? error : pt_batch_end(pass->batch);
}
