/*
 * The parts of a frame; see shot.h.
 */
#include "core/scan/shot.h"

#include <errno.h>

uint64_t pt_shot_now(struct pt_scan *scan, enum pt_clock clock)
{
	return scan->target.k->ops->now(scan->target.k, clock);
}

int pt_shot_cancelled(const struct pt_scan *scan)
{
	return __atomic_load_n(&scan->cancelled, __ATOMIC_RELAXED) ? -ECANCELED : 0;
}

struct pt_shot pt_shot_begin(struct pt_scan *scan, pt_publish_fn publish_fn, void *arg)
{
	return (struct pt_shot){.started = pt_shot_now(scan, PT_CLOCK_MONOTONIC),
				.cpu_started = pt_shot_now(scan, PT_CLOCK_THREAD_CPU),
				.presence_ns = pt_shot_now(scan, PT_CLOCK_MONOTONIC),
				.publish = publish_fn,
				.arg = arg};
}

/* ---- the process ------------------------------------------------------------------------------------------------ */

int pt_shot_read_layout(struct pt_scan *scan, struct pt_shot *shot)
{
	uint64_t cpu = pt_shot_now(scan, PT_CLOCK_THREAD_CPU);
	int error = pt_layout_read(&scan->layout, &scan->target, &shot->process);
	pt_pace_asked(&scan->maps, pt_shot_now(scan, PT_CLOCK_THREAD_CPU) - cpu, shot->started);
	return error;
}

int pt_shot_read_process(struct pt_scan *scan, struct pt_shot *shot)
{
	int error = pt_target_read(&scan->target, &shot->process);
	return !error && pt_target_left_memory(&scan->target, &shot->process) ? -EAGAIN : error;
}

int pt_shot_check_alive(struct pt_scan *scan)
{
	return pt_target_memory_alive(&scan->target, scan->layout.vmas) ? 0 : -EAGAIN;
}

/* PSS of a process whose map counts are hidden: the kernel's own sum is better than none. It walks
 * all page tables for that. */
void pt_shot_read_rollup(struct pt_scan *scan, struct pt_process *process, double share)
{
	struct pt_smaps rollup;
	uint64_t cpu = pt_shot_now(scan, PT_CLOCK_THREAD_CPU), began = pt_shot_now(scan, PT_CLOCK_MONOTONIC);
	if (scan->target.kpagecount >= 0)
		return;
	if (pt_pace_due(&scan->rollup, share, began)) {
		bool got = pt_read_rollup(scan->target.k, scan->target.task, &rollup) == 0;
		scan->rollup_pss = got ? rollup.pss : (struct pt_maybe){0};
		pt_pace_asked(&scan->rollup, pt_shot_now(scan, PT_CLOCK_THREAD_CPU) - cpu, began);
	}
	process->rollup_pss = scan->rollup_pss;
}

/* ---- the snapshot ----------------------------------------------------------------------------------------------- */

int pt_shot_snapshot(struct pt_scan *scan, struct pt_shot *shot, enum pt_stage stage, struct pt_slots *slots,
		     struct pt_snapshot **ret)
{
	struct pt_snapshot *s = pt_snapshot_new(pt_vma_table_ref(scan->layout.vmas), scan->target.k->page_shift);
	if (!s) {
		pt_slots_free(slots);
		return -ENOMEM;
	}
	s->process = shot->process;
	s->signals = scan->target.signals;
	s->stage = stage;
	s->seq = ++scan->seq;
	s->cleared_ns = scan->cleared_ns;
	s->all_pages = shot->all_pages;
	s->done_pages = stage == PT_STAGE_COMPLETE ? shot->all_pages : pt_pass_pages(scan->pass);
	if (stage == PT_STAGE_PRESENCE)
		s->done_pages = 0;
	if (!shot->shmem_known)
		s->signals.of[PT_SIG_SHMEM_SWAP] = (struct pt_signal_state){
			.given = PT_ABSENT,
			.reason = stage == PT_STAGE_COMPLETE ? "the files behind its shared memory cannot be opened"
							     : "not read yet",
			.remedy = stage == PT_STAGE_COMPLETE ? "run as root" : NULL};
	int error = pt_snapshot_set_slots(s, scan->last, slots->v, slots->n);
	*slots = (struct pt_slots){0};
	if (error) {
		pt_snapshot_unref(s);
		return error;
	}
	s->monotonic_ns = pt_shot_now(scan, PT_CLOCK_MONOTONIC);
	s->realtime_ns = pt_shot_now(scan, PT_CLOCK_REALTIME);
	s->scan_ns = s->monotonic_ns - shot->started;
	s->scan_cpu_ns = pt_shot_now(scan, PT_CLOCK_THREAD_CPU) - shot->cpu_started;
	s->presence_ns = shot->presence_ns;
	s->fresh_ns = shot->started;
	if (s->monotonic_ns > shot->interval_ns && s->monotonic_ns - shot->interval_ns < s->fresh_ns)
		s->fresh_ns = s->monotonic_ns - shot->interval_ns;
	*ret = s;
	return 0;
}

void pt_shot_drop(struct pt_shot *shot)
{
	pt_slots_free(&shot->rough);
	pt_slots_free(&shot->slots);
}

int pt_shot_finish(struct pt_scan *scan, struct pt_shot *shot, int error, struct pt_snapshot **ret)
{
	struct pt_snapshot *snapshot = NULL;
	if (!error)
		error = pt_shot_snapshot(scan, shot, PT_STAGE_COMPLETE, &shot->slots, &snapshot);
	pt_shot_drop(shot);
	if (error)
		return error;
	pt_snapshot_unref(scan->last);
	scan->last = pt_snapshot_ref(snapshot);
	*ret = snapshot;
	return 0;
}
