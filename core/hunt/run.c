/*
 * The steps of a hunt, and the view that comes of them; see run.h.
 */
#include "core/hunt/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/allocator.h"
#include "core/hunt/aside.h"
#include "core/hunt/groups.h"
#include "core/hunt/hidden.h"
#include "core/hunt/loose.h"
#include "core/hunt/why.h"

#define EXECS_MAX 3u /* programs that took another's place while one was looked at */

/* ---- the view --------------------------------------------------------------------------------------------------- */

static int list_objects(struct pt_hunt_view *view, struct pt_lost *lost)
{
	view->objects = calloc(lost->n + 1, sizeof(*view->objects));
	if (!view->objects || lost->n >= UINT32_MAX)
		return -ENOMEM;
	view->n_objects = lost->n;
	for (size_t i = 0; i < lost->n; i++)
		view->objects[i] = (struct pt_leak_object){
			.address = lost->v[i].address,
			.size = lost->v[i].size,
			.hash = lost->v[i].hash,
			.tier = lost->v[i].weak ? PT_LEAK_WEAK : PT_LEAK_LEAKED,
			.root = (uint32_t)i,
		};
	pt_lost_free(lost);
	return 0;
}

static void sum_tiers(struct pt_hunt_view *view)
{
	for (size_t i = 0; i < view->n_objects; i++) {
		struct pt_leak_sum *sum = &view->tiers[view->objects[i].tier];
		sum->count++;
		sum->bytes += view->objects[i].size;
	}
}

static void count_used(const struct pt_heap *heap, struct pt_hunt_view *view, uint64_t *bytes)
{
	struct pt_heap_cursor cursor;
	for (bool more = pt_heap_seek(heap, 0, &cursor); more; more = pt_heap_next(&cursor)) {
		if (!pt_heap_used(heap, cursor.id))
			continue;
		view->objects_used++;
		*bytes += cursor.end - cursor.start - 16;
	}
}

static bool is_other(const struct pt_vma *vma)
{
	return !(vma->perms & PT_SHARED) && vma->perms & PT_WRITE && !vma->inode;
}

/* Bytes of private memory that is neither the heap's nor a file's. */
static uint64_t count_other(const struct pt_memory *memory, const struct pt_heap *heap)
{
	uint64_t sum = 0, own = 0;
	size_t n_regions = 0;
	const struct pt_heap_region *regions = heap ? pt_heap_regions(heap, &n_regions) : NULL;
	for (size_t i = 0; i < memory->n; i++)
		if (is_other(&memory->vmas->v[memory->pieces[i].vma]))
			sum += memory->pieces[i].end - memory->pieces[i].start;
	for (size_t i = 0; i < n_regions; i++)
		own += regions[i].end - regions[i].start;
	return sum > own ? sum - own : 0;
}

static int judge(struct pt_passes *passes, struct pt_hunt_view *view)
{
	struct pt_hunt_facts facts = {
		.allocators = pt_allocators_of(&passes->memory),
		.version = passes->heap ? pt_heap_version(passes->heap) : NULL,
		.heap_error = passes->heap_error,
		.other = count_other(&passes->memory, passes->heap),
		.swapped = passes->memory.with_swapped ? 0 : passes->memory.swapped,
		.broken = passes->heap ? pt_heap_broken(passes->heap) : 0,
		.refused = passes->roots.refused,
		.passes = passes->lost.passes,
		.converged = passes->converged,
	};
	if (passes->heap)
		count_used(passes->heap, view, &facts.used);
	view->swapped_unread = facts.swapped;
	view->broken = facts.broken;
	view->passes = passes->lost.passes;
	view->converged = passes->converged;
	view->stopped_ns_max = passes->stopped_ns_max;
	view->stopped_all_ns = passes->stopped_all_ns;
	return pt_hunt_judge(view, &facts);
}

/* A step, and which part of its stage that is. */
struct part {
	struct pt_passes *passes;
	enum pt_hunt_stage stage;
	double from, share;
};

static bool part_cancelled(void *arg)
{
	const struct pt_hunt_run *run = ((struct part *)arg)->passes->run;
	return run->cancelled && run->cancelled(run->arg);
}

static void part_progress(void *arg, double done)
{
	const struct part *part = arg;
	pt_passes_tell_seldom(part->passes, part->stage, part->from + done * part->share);
}

/* What the lost are: tiers, groups. */
static int tell_apart(struct pt_passes *passes, struct pt_hunt_view *view)
{
	struct part part = {.passes = passes, .stage = PT_HUNT_HIDDEN, .share = 0.5};
	const struct pt_hunt_step step = {part_cancelled, part_progress, &part};
	pt_passes_tell(passes, PT_HUNT_HIDDEN, 0);
	int error = pt_loose_find(&passes->lost, &passes->memory, passes->heap, &passes->roots, passes->reach, &step);
	part.from = 0.5;
	if (!error)
		error = list_objects(view, &passes->lost);
	if (!error)
		error = pt_hunt_hidden(view->objects, view->n_objects, &passes->memory, passes->heap, &passes->roots,
				       passes->reach, &step);
	if (error)
		return error;
	sum_tiers(view);
	part = (struct part){.passes = passes, .stage = PT_HUNT_GROUPING, .share = 1};
	pt_passes_tell(passes, PT_HUNT_GROUPING, 0);
	return pt_hunt_group(view, &passes->memory, passes->heap, passes->reach, passes->run->unwinder, &step);
}

/* The heap against residency: also where there is no verdict. */
static int sum_pages(struct pt_passes *passes, struct pt_hunt_view *view, struct pt_hunt_result *ret)
{
	struct pt_heap_page *pages = NULL;
	size_t n = 0;
	if (!passes->heap)
		return 0;
	int error = pt_heap_pages(passes->heap, &passes->memory, view->objects, view->n_objects, &pages, &n);
	if (!error)
		pt_heap_sum(passes->heap, &passes->memory, view->objects, view->n_objects, pages, n, view);
	if (error || !passes->run->options.pages) {
		free(pages);
		return error;
	}
	ret->pages = pages;
	ret->n_pages = n;
	return 0;
}

struct making {
	struct pt_passes *passes;
	struct pt_hunt_view *view;
	struct pt_hunt_result *ret;
};

static int make_view(void *arg)
{
	const struct making *m = arg;
	int error = judge(m->passes, m->view);
	if (!error && m->view->verdict)
		error = tell_apart(m->passes, m->view);
	return error ? error : sum_pages(m->passes, m->view, m->ret);
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

/* sites may be NULL, for the reason `why`. */
static int view_it(struct pt_passes *passes, struct pt_sites *sites, int why, struct pt_hunt_result *ret)
{
	struct pt_hunt_view *view = pt_hunt_view_new();
	if (!view)
		return -ENOMEM;
	view->pid = passes->run->target->pid;
	view->sites_error = why;
	int error = pt_aside(make_view, &(struct making){passes, view, ret});
	if (!error && sites && view->verdict)
		error = pt_sites_join(sites, view);
	if (error) {
		pt_hunt_view_unref(view);
		free(ret->pages);
		ret->pages = NULL;
	} else {
		ret->view = view;
	}
	return error;
}

static int hunt_once(struct pt_passes *passes, struct pt_hunt_result *ret)
{
	struct pt_kernel *k = passes->run->target->k;
	const uint64_t began = k->ops->now(k, PT_CLOCK_MONOTONIC);
	struct pt_sites *sites = NULL;
	int why = -ENODATA;
	pt_passes_tell(passes, PT_HUNT_LOOKING, -1);
	int error = pt_passes_run(passes);
	if (!error)
		error = pt_hunt_sites(passes, &sites, &why);
	if (!error)
		error = view_it(passes, sites, why, ret);
	pt_sites_free(sites);
	if (error)
		return error;
	ret->view->at_ns = k->ops->now(k, PT_CLOCK_MONOTONIC);
	ret->view->ns = ret->view->at_ns - began;
	return 0;
}

/* Whether another program has taken its place, which is looked at in its stead. */
static bool has_execed(struct pt_target *target)
{
	struct pt_process process;
	return pt_target_read(target, &process) == 0 && pt_target_reopen(target, &process) == 0;
}

int pt_hunt_run(struct pt_hunt_run *run, struct pt_hunt_result *ret)
{
	int error = 0;
	for (unsigned execs = 0; execs <= EXECS_MAX; execs++) {
		struct pt_passes passes = {.run = run, .progress = {.suspects = UINT64_MAX}};
		*ret = (struct pt_hunt_result){0};
		error = hunt_once(&passes, ret);
		pt_passes_free(&passes);
		if (error != -ESRCH || (run->cancelled && run->cancelled(run->arg)) || !has_execed(run->target))
			break;
		if (run->unwinder)
			pt_unwinder_execed(run->unwinder);
	}
	return error;
}
