/*
 * Pass after pass; see hunt.h. Each looks, walks the heap, reads the roots and reaches anew, and keeps nothing of the one
 * before but the lost.
 *
 * Of a process that runs, objects may also die and be born again between passes, at the same address with the same contents:
 * no pass tells that from one that lies there for good. So in the end the lost are looked at often, for a while.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/hunt/aside.h"
#include "core/hunt/run.h"
#include "core/kernel/hold.h"

#define PASSES_MAX 100u         /* unless said otherwise */
#define LONGEST_NS 60000000000u /* nobody waits longer than that for objects to settle */
#define AGAIN_MAX  16u          /* tries at a heap that changes while it is walked */
#define TELL_NS    20000000u    /* between two words on how far it is */
#define REST       16           /* ms, the last and longest of several */
#define LOOKS      20u          /* at the lost of a process that runs, in a row, without any that is struck off, */
#define LOOKS_NS   300000000u   /* or for so long, */
#define LOOKS_MIN  4u           /* but so many */
#define GAP        7u           /* ms between two at most, and never the same two times in a row */

void pt_passes_tell(struct pt_passes *passes, enum pt_hunt_stage stage, double done)
{
	struct pt_hunt_run *run = passes->run;
	passes->progress.stage = stage;
	passes->progress.done = done;
	if (run->progress)
		run->progress(run->arg, &passes->progress);
}

static bool is_cancelled(const struct pt_hunt_run *run)
{
	return run->cancelled && run->cancelled(run->arg);
}

void pt_passes_tell_seldom(struct pt_passes *passes, enum pt_hunt_stage stage, double done)
{
	struct pt_kernel *k = passes->run->target->k;
	uint64_t now = k->ops->now(k, PT_CLOCK_MONOTONIC);
	if (now - passes->told_ns < TELL_NS)
		return;
	passes->told_ns = now;
	pt_passes_tell(passes, stage, done);
}

static void progress(void *arg, uint64_t done, uint64_t all)
{
	pt_passes_tell_seldom(arg, PT_HUNT_PASS, all && done < all ? (double)done / (double)all : 1);
}

static bool cancelled(void *arg)
{
	struct pt_passes *passes = arg;
	return is_cancelled(passes->run);
}

static void drop_pass(struct pt_passes *passes)
{
	pt_reach_free(passes->reach);
	passes->reach = NULL;
	pt_roots_free(&passes->roots);
	memset(&passes->roots, 0, sizeof(passes->roots));
	pt_heap_free(passes->heap);
	passes->heap = NULL;
}

void pt_passes_free(struct pt_passes *passes)
{
	drop_pass(passes);
	pt_memory_free(&passes->memory);
	pt_lost_free(&passes->lost);
	memset(passes, 0, sizeof(*passes));
}

/* Whether it ran since that was last asked; where that cannot be told it did. It counts, or not. */
static void see_running(struct pt_passes *passes, bool counts)
{
	struct pt_target *target = passes->run->target;
	uint64_t ns = 0;
	bool ran = target->k->ops->cpu_time(target->k, target->pid, &ns) || ns != passes->cpu_ns;
	passes->ran |= counts && ran;
	passes->cpu_ns = ns;
}

static bool is_any_running(struct pt_passes *passes)
{
	const struct pt_roots *roots = &passes->roots;
	struct pt_process thread;
	for (size_t i = 0; i < roots->n_threads; i++)
		if (pt_read_process(passes->run->target->k, roots->thread[i].tid, &thread) == 0 && thread.state == 'R')
			return true;
	return false;
}

/* Who was stopped runs to go back to sleep, and on a busy machine waits for that: it does not count. */
static void let_rest(struct pt_passes *passes)
{
	if (passes->ran || passes->settle.ran)
		return;
	for (int ms = 1; ms <= REST && is_any_running(passes); ms *= 2)
		poll(NULL, 0, ms);
	see_running(passes, false);
}

static int see_heap(void *arg)
{
	struct pt_passes *passes = arg;
	drop_pass(passes);
	int error = pt_memory_look(&passes->memory, passes->run->target, passes->run->options.swapped);
	return error ? error : pt_heap_read(&passes->heap, &passes->memory);
}

static int see_roots(struct pt_passes *passes, struct pt_hold *held)
{
	struct pt_roots_options options = {.held = held};
	int error = pt_roots_read(&passes->roots, &passes->memory, passes->heap, &options);
	if (passes->roots.stopped_ns_max > passes->stopped_ns_max)
		passes->stopped_ns_max = passes->roots.stopped_ns_max;
	return error;
}

/*
 * Once there are suspects, nothing else is asked for: whatever else is in use is taken for alive, and what it points at lives.
 * That strikes off no less than a pass which asks what is alive, for a fraction of its cost. Where it strikes off more, it
 * is by what dead memory holds: nobody has a pointer left to what had leaked, to write into memory that is in use.
 */
static int reach(void *arg)
{
	struct pt_passes *passes = arg;
	struct pt_reach_options options = {.cancelled = cancelled, .progress = progress, .arg = passes};
	uint64_t *suspects = NULL;
	if (passes->lost.passes) {
		suspects = pt_lost_chunks(&passes->lost, passes->heap);
		if (!suspects)
			return -ENOMEM;
		options.suspects = suspects;
	}
	int error = pt_reach_pass(&passes->reach, &passes->memory, passes->heap, &passes->roots, &options);
	free(suspects);
	return error;
}

/* Nobody waits for a pass, unless all threads stand still for it. */
static int pass_once(struct pt_passes *passes, struct pt_hold *held)
{
	see_running(passes, false);
	int error = held ? see_heap(passes) : pt_aside(see_heap, passes);
	see_running(passes, true);
	if (error || (passes->memory.swapped && !passes->memory.with_swapped))
		return error;
	error = see_roots(passes, held);
	if (!held)
		let_rest(passes);
	if (error)
		return error;
	return held ? reach(passes) : pt_aside(reach, passes);
}

/* Without a verdict the heap is all that is left to look at. */
static bool is_hopeless(const struct pt_passes *passes)
{
	return passes->heap_error || (passes->memory.swapped && !passes->memory.with_swapped);
}

/* A heap that was there in an earlier pass will be there again. */
static int pass(struct pt_passes *passes)
{
	for (unsigned again = 0;; again++) {
		int error = is_cancelled(passes->run) ? -ECANCELED : pass_once(passes, NULL);
		bool moved = error == -EAGAIN || (error == -ENOTSUP && passes->lost.passes);
		if (moved && again < AGAIN_MAX)
			continue;
		if (error == -EAGAIN || error == -ENOTSUP || error == -EOVERFLOW) {
			passes->heap_error = error;
			error = 0;
		}
		return error;
	}
}

/* All threads stand still meanwhile. */
static int pass_held(struct pt_passes *passes)
{
	struct pt_target *target = passes->run->target;
	struct pt_hold *held;
	int error = pt_hold_new(&held, target->k, target->pid);
	if (error)
		return error;
	error = pass_once(passes, held);
	pt_hold_release(held);
	passes->stopped_all_ns = target->k->ops->now(target->k, PT_CLOCK_MONOTONIC) - pt_hold_since(held);
	passes->stopped_ns_max = passes->stopped_all_ns;
	pt_hold_free(held);
	if (error == -EAGAIN || error == -ENOTSUP || error == -EOVERFLOW) {
		passes->heap_error = error;
		error = 0;
	}
	return error;
}

static int lose(struct pt_passes *passes)
{
	struct pt_lost *lost = &passes->lost;
	int error = pt_lost_pass(lost, &passes->memory, passes->heap, passes->reach);
	if (error)
		return error;
	see_running(passes, true);
	passes->converged = pt_settle_pass(&passes->settle, lost->n, passes->ran) || passes->run->options.stop;
	passes->ran = false;
	passes->progress.suspects = lost->n;
	pt_passes_tell(passes, PT_HUNT_PASS, 1);
	return 0;
}

/* Looks at the lost until for a while none of them is struck off. */
static int watch(struct pt_passes *passes)
{
	struct pt_kernel *k = passes->run->target->k;
	const uint64_t began = k->ops->now(k, PT_CLOCK_MONOTONIC);
	unsigned gap = (unsigned)began;
	for (unsigned looks = 0, all = 0; looks < LOOKS; looks++, all++) {
		const size_t before = passes->lost.n;
		if (is_cancelled(passes->run))
			return -ECANCELED;
		int error = pt_lost_watch(&passes->lost, &passes->memory);
		if (error)
			return error;
		if (passes->lost.n < before)
			looks = 0;
		if (all >= LOOKS_MIN && k->ops->now(k, PT_CLOCK_MONOTONIC) - began > LOOKS_NS)
			break;
		gap = gap * 1103515245u + 12345u;
		poll(NULL, 0, (int)(1 + (gap >> 16) % GAP));
	}
	return 0;
}

int pt_passes_run(struct pt_passes *passes)
{
	const struct pt_hunt_options *options = &passes->run->options;
	unsigned most = options->passes_max ? options->passes_max : PASSES_MAX;
	struct pt_kernel *k = passes->run->target->k;
	uint64_t until = k->ops->now(k, PT_CLOCK_MONOTONIC) + LONGEST_NS;
	while (!passes->converged && passes->lost.passes < most && k->ops->now(k, PT_CLOCK_MONOTONIC) < until) {
		passes->progress.pass = passes->lost.passes + 1;
		pt_passes_tell(passes, PT_HUNT_PASS, 0);
		int error = options->stop ? pass_held(passes) : pass(passes);
		if (error || is_hopeless(passes))
			return error;
		error = lose(passes);
		if (error)
			return error;
	}
	return passes->settle.ran && !options->stop ? watch(passes) : 0;
}
