/*
 * The scan's life, and the exact frame; see scan.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/scan/shmem.h"
#include "core/scan/shot.h"

#define EXECS_MAX        8                 /* of a target in one frame, before it is given up as not holding still */
#define PUBLISH_EVERY_NS (150u * 1000000u) /* while the first frame is under way */

int pt_scan_open(struct pt_scan **ret, struct pt_kernel *k, pid_t pid)
{
	return pt_scan_open_by(ret, k, pid, NULL);
}

void pt_scan_find_means(struct pt_kernel *k, pid_t pid, struct pt_scan_means *ret)
{
	pt_costs_default(&ret->costs);
	pt_probe_signals(k, pid, &ret->signals);
	pt_costs_fit(k, &ret->costs);
}

int pt_scan_open_by(struct pt_scan **ret, struct pt_kernel *k, pid_t pid, const struct pt_scan_means *means)
{
	struct pt_scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		return -ENOMEM;
	int error = pt_target_open(&scan->target, k, pid, means ? &means->signals : NULL);
	if (!error && means)
		scan->target.costs = means->costs;
	if (error) {
		free(scan);
		return error;
	}
	scan->pass = pt_pass_new(k->page_shift, 1);
	if (!scan->pass) {
		pt_scan_close(scan);
		return -ENOMEM;
	}
	*ret = scan;
	return 0;
}

int pt_scan_use_threads(struct pt_scan *scan, unsigned threads)
{
	struct pt_pass *pass = pt_pass_new(scan->target.k->page_shift, threads);
	if (!pass)
		return -ENOMEM;
	pt_pass_free(scan->pass);
	scan->pass = pass;
	return 0;
}

void pt_scan_number(struct pt_scan *scan, uint64_t seq)
{
	if (scan->seq < seq)
		scan->seq = seq;
}

void pt_scan_close(struct pt_scan *scan)
{
	if (!scan)
		return;
	pt_target_close(&scan->target);
	pt_layout_free(&scan->layout);
	pt_pass_free(scan->pass);
	pt_snapshot_unref(scan->last);
	free(scan);
}

void pt_scan_cancel(struct pt_scan *scan)
{
	__atomic_store_n(&scan->cancelled, true, __ATOMIC_RELAXED);
}

int pt_scan_clear_soft_dirty(struct pt_scan *scan)
{
	struct pt_kernel *k = scan->target.k;
	if (!pt_signal_has(&scan->target.signals, PT_SIG_SOFT_DIRTY))
		return -EOPNOTSUPP;
	if (!scan->last)
		return 0;
	uint64_t now = k->ops->now(k, PT_CLOCK_MONOTONIC), oldest = pt_snapshot_oldest(scan->last, 0, UINT64_MAX);
	if (scan->cleared_ns && scan->last->n_slots && (oldest == PT_NO_AGE || oldest <= scan->cleared_ns))
		return 0;
	int error = k->ops->clear_soft_dirty(k, scan->target.task);
	if (!error)
		scan->cleared_ns = now;
	return error;
}

int pt_scan_pidfd(const struct pt_scan *scan)
{
	return scan->target.pidfd;
}

pid_t pt_scan_task(const struct pt_scan *scan)
{
	return scan->target.task;
}

/* ---- the first frame, while it is under way --------------------------------------------------------------------- */

static int publish(struct pt_scan *scan, struct pt_shot *shot, enum pt_stage stage, struct pt_slots *slots)
{
	struct pt_snapshot *snapshot;
	int error = pt_shot_snapshot(scan, shot, stage, slots, &snapshot);
	if (error)
		return error;
	shot->published = snapshot->monotonic_ns;
	bool stop = shot->publish && shot->publish(shot->arg, snapshot) != 0;
	pt_snapshot_unref(snapshot);
	return stop ? -ECANCELED : 0;
}

/* What is done so far in detail, and the rest as presence has it. */
static int publish_progress(struct pt_scan *scan, struct pt_shot *shot)
{
	if (!shot->publish || !shot->rough.n ||
	    pt_shot_now(scan, PT_CLOCK_MONOTONIC) - shot->published < PUBLISH_EVERY_NS)
		return 0;
	struct pt_slots mixed = {0};
	int error = pt_slots_push_from(&mixed, &shot->slots, 0);
	if (!error)
		error = pt_slots_push_from(&mixed, &shot->rough, pt_pass_done_index(scan->pass));
	if (!error)
		return publish(scan, shot, PT_STAGE_DETAIL, &mixed);
	pt_slots_free(&mixed);
	return error;
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

struct step {
	struct pt_scan *scan;
	struct pt_shot *shot; /* NULL: nothing to publish yet */
};

static int step(void *arg)
{
	struct step *step = arg;
	int error = pt_shot_cancelled(step->scan);
	return error || !step->shot ? error : publish_progress(step->scan, step->shot);
}

static int pass(struct pt_scan *scan, struct pt_shot *shot, enum pt_depth depth, struct pt_slots *slots)
{
	struct step arg = {scan, depth == PT_DEPTH_DETAIL ? shot : NULL};
	struct pt_pass_job job = {.depth = depth,
				  .target = &scan->target,
				  .vmas = scan->layout.vmas,
				  .before = scan->last,
				  .step = step,
				  .arg = &arg};
	return pt_pass_run(scan->pass, &job, slots);
}

/* The first frame has nothing to show before it; and without PAGEMAP_SCAN presence costs as much as detail. */
static int presence_first(struct pt_scan *scan, struct pt_shot *shot)
{
	if (scan->last || !shot->publish || !pt_signal_has(&scan->target.signals, PT_SIG_PAGEMAP_SCAN))
		return 0;
	int error = pass(scan, shot, PT_DEPTH_PRESENCE, &shot->rough);
	shot->all_pages = pt_pass_pages(scan->pass);
	struct pt_slots copy = {0};
	if (!error)
		error = pt_slots_push_from(&copy, &shot->rough, 0);
	if (!error)
		return publish(scan, shot, PT_STAGE_PRESENCE, &copy);
	pt_slots_free(&copy);
	return error;
}

static int shared_memory(struct pt_scan *scan, struct pt_shot *shot)
{
	uint64_t used;
	shot->shmem_known = pt_read_swap_used(scan->target.k, &used) == 0 && used == 0;
	if (shot->shmem_known)
		return 0; /* nothing is swapped out on this machine */
	if (!pt_signal_has(&scan->target.signals, PT_SIG_SHMEM_SWAP))
		return 0;
	return pt_shmem_swapped(&scan->target, scan->layout.vmas, NULL, 0, &shot->slots, &shot->shmem_known);
}

static int read_frame(struct pt_scan *scan, struct pt_shot *shot)
{
	int error = pt_shot_read_process(scan, shot);
	if (!error)
		error = pt_shot_read_layout(scan, shot);
	if (!error)
		error = pt_shot_check_alive(scan);
	if (error)
		return error;
	pt_shot_read_rollup(scan, &shot->process, PT_ALWAYS);
	error = presence_first(scan, shot);
	uint64_t cpu = pt_shot_now(scan, PT_CLOCK_THREAD_CPU);
	if (!error)
		error = pass(scan, shot, PT_DEPTH_DETAIL, &shot->slots);
	shot->all_pages = pt_pass_pages(scan->pass);
	if (!error)
		error = shared_memory(scan, shot);
	scan->refresh.shmem_known = shot->shmem_known;
	if (error == -ECANCELED || error == -ENOMEM)
		return error;
	if (pt_shot_check_alive(scan))
		return -EAGAIN;
	if (!error)
		pt_refresh_whole(&scan->refresh, &shot->slots, shot->started,
				 pt_shot_now(scan, PT_CLOCK_THREAD_CPU) - cpu);
	return error;
}

static int read_frames_until_still(struct pt_scan *scan, struct pt_shot *shot)
{
	int error = read_frame(scan, shot);
	for (int execs = 0; error == -EAGAIN && execs < EXECS_MAX; execs++) {
		pt_shot_drop(shot);
		error = pt_target_read(&scan->target, &shot->process);
		if (!error)
			error = pt_target_reopen(&scan->target, &shot->process);
		if (error)
			return error;
		pt_snapshot_unref(scan->last); /* of other memory */
		scan->last = NULL;
		error = read_frame(scan, shot);
	}
	return error == -EAGAIN ? -ESRCH : error;
}

int pt_scan_frame(struct pt_scan *scan, pt_publish_fn publish_fn, void *arg, struct pt_snapshot **ret)
{
	struct pt_shot shot = pt_shot_begin(scan, publish_fn, arg);
	int error = read_frames_until_still(scan, &shot);
	return pt_shot_finish(scan, &shot, error, ret);
}

int pt_scan_once(struct pt_kernel *k, pid_t pid, unsigned threads, struct pt_snapshot **ret)
{
	struct pt_scan *scan;
	int error = pt_scan_open(&scan, k, pid);
	if (error)
		return error;
	error = pt_scan_use_threads(scan, threads);
	if (!error)
		error = pt_scan_frame(scan, NULL, NULL, ret);
	pt_scan_close(scan);
	return error;
}
