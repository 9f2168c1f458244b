/*
 * A hunt's step between two verdicts: the call sites of what the first one lost are sampled, for the second to say which of
 * the objects seen have leaked. Owns nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hunt/run.h"

#define SIZES_MAX 64u        /* size classes that are sampled */
#define TELL_NS   100000000u /* between two news of progress */

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

struct size_class {
	uint64_t size, bytes;
};

static int by_size(const void *a, const void *b)
{
	const struct size_class *p = a, *q = b;
	return p->size < q->size ? -1 : p->size > q->size;
}

static int by_bytes(const void *a, const void *b)
{
	const struct size_class *p = a, *q = b;
	return p->bytes > q->bytes ? -1 : p->bytes < q->bytes;
}

/* Of the lost, most bytes first; ret has room. How many, or -ENOMEM. */
static int list_sizes(const struct pt_lost *lost, uint64_t ret[SIZES_MAX])
{
	struct size_class *classes = calloc(lost->n + 1, sizeof(*classes));
	size_t n = 0;
	if (!classes)
		return -ENOMEM;
	for (size_t i = 0; i < lost->n; i++)
		classes[i] = (struct size_class){lost->v[i].size, lost->v[i].size};
	qsort(classes, lost->n, sizeof(*classes), by_size);
	for (size_t i = 0; i < lost->n; i++)
		if (n && classes[n - 1].size == classes[i].size)
			classes[n - 1].bytes += classes[i].bytes;
		else
			classes[n++] = classes[i];
	qsort(classes, n, sizeof(*classes), by_bytes);
	n = n < SIZES_MAX ? n : SIZES_MAX;
	for (size_t i = 0; i < n; i++)
		ret[i] = classes[i].size;
	free(classes);
	return (int)n;
}

/* ---- sampling --------------------------------------------------------------------------------------------------- */

struct watch {
	struct pt_passes *passes;
	uint64_t began_ns, told_ns;
};

static bool is_over(void *arg)
{
	struct watch *w = arg;
	struct pt_hunt_run *run = w->passes->run;
	const uint64_t now = run->target->k->ops->now(run->target->k, PT_CLOCK_MONOTONIC);
	if (now - w->told_ns > TELL_NS) {
		const double done = (double)(now - w->began_ns) / (double)run->options.sites_ns;
		pt_passes_tell(w->passes, PT_HUNT_SITES, done < 1 ? done : 1);
		w->told_ns = now;
	}
	return run->cancelled && run->cancelled(run->arg);
}

static int sample(struct pt_passes *passes, struct pt_sites **ret)
{
	struct pt_hunt_run *run = passes->run;
	uint64_t sizes[SIZES_MAX];
	const int n = list_sizes(&passes->lost, sizes);
	if (n < 0)
		return n;
	const struct pt_sites_options options = {.heap = passes->heap, .sizes = sizes, .n = (size_t)n};
	int error = pt_sites_new(ret, run->target, &options);
	if (error)
		return error;
	struct watch watch = {passes, run->target->k->ops->now(run->target->k, PT_CLOCK_MONOTONIC), 0};
	return pt_sites_sample(*ret, run->options.sites_ns, is_over, &watch);
}

int pt_hunt_sites(struct pt_passes *passes, struct pt_sites **ret, int *ret_why)
{
	*ret = NULL;
	*ret_why = -ENODATA;
	if (!passes->run->options.sites_ns || !passes->heap || !passes->lost.n)
		return 0;
	*ret_why = sample(passes, ret);
	if (*ret_why && *ret_why != -ESRCH) {
		pt_sites_free(*ret);
		*ret = NULL;
		return *ret_why == -ENOMEM ? -ENOMEM : 0;
	}
	const struct pt_passes before = *passes;
	pt_passes_free(passes);
	*passes = (struct pt_passes){.run = before.run,
				     .progress = {.suspects = UINT64_MAX},
				     .stopped_ns_max = before.stopped_ns_max,
				     .stopped_all_ns = before.stopped_all_ns};
	return pt_passes_run(passes);
}
