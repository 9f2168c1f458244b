/*
 * One frame after the other; see scan.h.
 */
#include "core/scan/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/scan/budget.h"
#include "core/scan/layout.h"
#include "core/scan/refresh.h"
#include "core/scan/shmem.h"

#define ALWAYS           0.0               /* a share for pt_pace_due: whatever it costs */
#define EXECS_MAX        8                 /* of a target in one frame, before it is given up as not holding still */
#define PUBLISH_EVERY_NS (150u * 1000000u) /* while the first frame is under way */

struct pt_scan {
	struct pt_target target;
	struct pt_layout layout;
	struct pt_pass *pass;
	struct pt_snapshot *last; /* the newest complete one */
	struct pt_refresh refresh;
	struct pt_pace maps, rollup;
	struct pt_maybe rollup_pss; /* of the last time it was asked for */
	uint64_t seq;
	bool cancelled; /* atomic */
};

/* What one frame carries along. */
struct frame {
	struct pt_process process;
	uint64_t started, cpu_started, published;
	uint64_t interval_ns;  /* 0: all of it is read in this frame */
	uint64_t presence_ns;  /* since when presence was looked at everywhere */
	struct pt_slots rough; /* of presence; empty but for the first frame */
	struct pt_slots slots;
	uint64_t all_pages; /* in `rough` */
	bool shmem_known;
	pt_publish_fn publish;
	void *arg;
};

int pt_scan_open(struct pt_scan **ret, struct pt_kernel *k, pid_t pid)
{
	struct pt_scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		return -ENOMEM;
	int error = pt_target_open(&scan->target, k, pid, NULL);
	if (error) {
		free(scan);
		return error;
	}
	scan->pass = pt_pass_new(k->page_shift);
	if (!scan->pass) {
		pt_scan_close(scan);
		return -ENOMEM;
	}
	*ret = scan;
	return 0;
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

static int cancelled(const struct pt_scan *scan)
{
	return __atomic_load_n(&scan->cancelled, __ATOMIC_RELAXED) ? -ECANCELED : 0;
}

int pt_scan_pidfd(const struct pt_scan *scan)
{
	return scan->target.pidfd;
}

pid_t pt_scan_task(const struct pt_scan *scan)
{
	return scan->target.task;
}

static uint64_t now(struct pt_scan *scan, enum pt_clock clock)
{
	return scan->target.k->ops->now(scan->target.k, clock);
}

/* ---- snapshots out of slots ------------------------------------------------------------------------------------- */

/* PSS of a process whose map counts are hidden: the kernel's own sum is better than none. It walks
 * all page tables for that. */
static void read_rollup(struct pt_scan *scan, struct pt_process *process, double share)
{
	struct pt_smaps rollup;
	uint64_t cpu = now(scan, PT_CLOCK_THREAD_CPU), began = now(scan, PT_CLOCK_MONOTONIC);
	if (scan->target.kpagecount >= 0)
		return;
	if (pt_pace_due(&scan->rollup, share, began)) {
		bool got = pt_read_rollup(scan->target.k, scan->target.task, &rollup) == 0;
		scan->rollup_pss = got ? rollup.pss : (struct pt_maybe){0};
		pt_pace_asked(&scan->rollup, now(scan, PT_CLOCK_THREAD_CPU) - cpu, began);
	}
	process->rollup_pss = scan->rollup_pss;
}

/* Takes over the slots, also when it fails. */
static int make_snapshot(struct pt_scan *scan, struct frame *frame, enum pt_stage stage, struct pt_slots *slots,
			 struct pt_snapshot **ret)
{
	struct pt_snapshot *s = pt_snapshot_new(pt_vma_table_ref(scan->layout.vmas), scan->target.k->page_shift);
	if (!s) {
		pt_slots_free(slots);
		return -ENOMEM;
	}
	s->process = frame->process;
	s->signals = scan->target.signals;
	s->stage = stage;
	s->seq = ++scan->seq;
	s->all_pages = frame->all_pages;
	s->done_pages = stage == PT_STAGE_COMPLETE ? frame->all_pages : pt_pass_pages(scan->pass);
	if (stage == PT_STAGE_PRESENCE)
		s->done_pages = 0;
	if (!frame->shmem_known)
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
	s->monotonic_ns = now(scan, PT_CLOCK_MONOTONIC);
	s->realtime_ns = now(scan, PT_CLOCK_REALTIME);
	s->scan_ns = s->monotonic_ns - frame->started;
	s->scan_cpu_ns = now(scan, PT_CLOCK_THREAD_CPU) - frame->cpu_started;
	s->presence_ns = frame->presence_ns;
	s->fresh_ns = frame->started;
	if (s->monotonic_ns > frame->interval_ns && s->monotonic_ns - frame->interval_ns < s->fresh_ns)
		s->fresh_ns = s->monotonic_ns - frame->interval_ns;
	*ret = s;
	return 0;
}

static int publish(struct pt_scan *scan, struct frame *frame, enum pt_stage stage, struct pt_slots *slots)
{
	struct pt_snapshot *snapshot;
	int error = make_snapshot(scan, frame, stage, slots, &snapshot);
	if (error)
		return error;
	frame->published = snapshot->monotonic_ns;
	bool stop = frame->publish && frame->publish(frame->arg, snapshot) != 0;
	pt_snapshot_unref(snapshot);
	return stop ? -ECANCELED : 0;
}

/* What is done so far in detail, and the rest as presence has it. */
static int publish_progress(struct pt_scan *scan, struct frame *frame)
{
	if (!frame->publish || !frame->rough.n || now(scan, PT_CLOCK_MONOTONIC) - frame->published < PUBLISH_EVERY_NS)
		return 0;
	struct pt_slots mixed = {0};
	int error = pt_slots_push_from(&mixed, &frame->slots, 0);
	if (!error)
		error = pt_slots_push_from(&mixed, &frame->rough, pt_pass_done_index(scan->pass));
	if (!error)
		return publish(scan, frame, PT_STAGE_DETAIL, &mixed);
	pt_slots_free(&mixed);
	return error;
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

struct step {
	struct pt_scan *scan;
	struct frame *frame; /* NULL: nothing to publish yet */
};

static int step(void *arg)
{
	struct step *step = arg;
	int error = cancelled(step->scan);
	return error || !step->frame ? error : publish_progress(step->scan, step->frame);
}

static int pass(struct pt_scan *scan, struct frame *frame, enum pt_depth depth, struct pt_slots *slots)
{
	struct step arg = {scan, depth == PT_DEPTH_DETAIL ? frame : NULL};
	struct pt_pass_job job = {.depth = depth,
				  .target = &scan->target,
				  .vmas = scan->layout.vmas,
				  .before = scan->last,
				  .step = step,
				  .arg = &arg};
	return pt_pass_run(scan->pass, &job, slots);
}

/* The first frame has nothing to show before it; and without PAGEMAP_SCAN presence costs as much as detail. */
static int presence_first(struct pt_scan *scan, struct frame *frame)
{
	if (scan->last || !frame->publish || !pt_signal_has(&scan->target.signals, PT_SIG_PAGEMAP_SCAN))
		return 0;
	int error = pass(scan, frame, PT_DEPTH_PRESENCE, &frame->rough);
	frame->all_pages = pt_pass_pages(scan->pass);
	struct pt_slots copy = {0};
	if (!error)
		error = pt_slots_push_from(&copy, &frame->rough, 0);
	if (!error)
		return publish(scan, frame, PT_STAGE_PRESENCE, &copy);
	pt_slots_free(&copy);
	return error;
}

static int shared_memory(struct pt_scan *scan, struct frame *frame)
{
	uint64_t used;
	frame->shmem_known = pt_read_swap_used(scan->target.k, &used) == 0 && used == 0;
	if (frame->shmem_known)
		return 0; /* nothing is swapped out on this machine */
	if (!pt_signal_has(&scan->target.signals, PT_SIG_SHMEM_SWAP))
		return 0;
	return pt_shmem_swapped(&scan->target, scan->layout.vmas, NULL, 0, &frame->slots, &frame->shmem_known);
}

static int read_layout(struct pt_scan *scan, struct frame *frame)
{
	uint64_t cpu = now(scan, PT_CLOCK_THREAD_CPU);
	int error = pt_layout_read(&scan->layout, &scan->target, &frame->process);
	pt_pace_asked(&scan->maps, now(scan, PT_CLOCK_THREAD_CPU) - cpu, frame->started);
	return error;
}

/* 0, or -EAGAIN when the memory went away underneath: ended, or an exec. */
static int read_process(struct pt_scan *scan, struct frame *frame)
{
	int error = pt_target_read(&scan->target, &frame->process);
	return !error && pt_target_left_memory(&scan->target, &frame->process) ? -EAGAIN : error;
}

static int check_alive(struct pt_scan *scan)
{
	return pt_target_memory_alive(&scan->target, scan->layout.vmas) ? 0 : -EAGAIN;
}

static int read_frame(struct pt_scan *scan, struct frame *frame)
{
	int error = read_process(scan, frame);
	if (!error)
		error = read_layout(scan, frame);
	if (!error)
		error = check_alive(scan);
	if (error)
		return error;
	read_rollup(scan, &frame->process, ALWAYS);
	error = presence_first(scan, frame);
	uint64_t cpu = now(scan, PT_CLOCK_THREAD_CPU);
	if (!error)
		error = pass(scan, frame, PT_DEPTH_DETAIL, &frame->slots);
	frame->all_pages = pt_pass_pages(scan->pass);
	if (!error)
		error = shared_memory(scan, frame);
	scan->refresh.shmem_known = frame->shmem_known;
	if (error == -ECANCELED || error == -ENOMEM)
		return error;
	if (check_alive(scan))
		return -EAGAIN;
	if (!error)
		pt_refresh_whole(&scan->refresh, &frame->slots, frame->started, now(scan, PT_CLOCK_THREAD_CPU) - cpu);
	return error;
}

static void drop(struct frame *frame)
{
	pt_slots_free(&frame->rough);
	pt_slots_free(&frame->slots);
}

static int read_frames_until_still(struct pt_scan *scan, struct frame *frame)
{
	int error = read_frame(scan, frame);
	for (int execs = 0; error == -EAGAIN && execs < EXECS_MAX; execs++) {
		drop(frame);
		error = pt_target_read(&scan->target, &frame->process);
		if (!error)
			error = pt_target_reopen(&scan->target, &frame->process);
		if (error)
			return error;
		pt_snapshot_unref(scan->last); /* of other memory */
		scan->last = NULL;
		error = read_frame(scan, frame);
	}
	return error == -EAGAIN ? -ESRCH : error;
}

static struct frame begin(struct pt_scan *scan, pt_publish_fn publish_fn, void *arg)
{
	return (struct frame){.started = now(scan, PT_CLOCK_MONOTONIC),
			      .cpu_started = now(scan, PT_CLOCK_THREAD_CPU),
			      .presence_ns = now(scan, PT_CLOCK_MONOTONIC),
			      .publish = publish_fn,
			      .arg = arg};
}

/* Takes over what the frame holds, also when there was an error. */
static int finish(struct pt_scan *scan, struct frame *frame, int error, struct pt_snapshot **ret)
{
	struct pt_snapshot *snapshot = NULL;
	if (!error)
		error = make_snapshot(scan, frame, PT_STAGE_COMPLETE, &frame->slots, &snapshot);
	drop(frame);
	if (error)
		return error;
	pt_snapshot_unref(scan->last);
	scan->last = pt_snapshot_ref(snapshot);
	*ret = snapshot;
	return 0;
}

int pt_scan_frame(struct pt_scan *scan, pt_publish_fn publish_fn, void *arg, struct pt_snapshot **ret)
{
	struct frame frame = begin(scan, publish_fn, arg);
	int error = read_frames_until_still(scan, &frame);
	return finish(scan, &frame, error, ret);
}

/* ---- within a budget -------------------------------------------------------------------------------------------- */

static bool same(struct pt_maybe a, struct pt_maybe b)
{
	return a.known == b.known && a.value == b.value;
}

/* The kernel's own counters: when none of them moved, hardly any page did. */
static bool counters_moved(const struct pt_process *a, const struct pt_process *b)
{
	return !same(a->rss_anon, b->rss_anon) || !same(a->rss_file, b->rss_file) ||
	       !same(a->rss_shmem, b->rss_shmem) || !same(a->swap, b->swap) || !same(a->minor_faults, b->minor_faults);
}

/* maps of 60,000 VMAs costs more than the budget of a second: asked seldom, sooner if VmSize says that it changed. */
static int read_layout_in_time(struct pt_scan *scan, struct frame *frame, double share)
{
	bool resized = !same(frame->process.mapped, scan->last->process.mapped);
	double most = share / (resized ? 2 : 4);
	return pt_pace_due(&scan->maps, most, frame->started) ? read_layout(scan, frame) : 0;
}

static int refresh_slots(struct pt_scan *scan, struct frame *frame, const struct pt_scan_wish *wish,
			 const struct pt_stretches *replaced)
{
	struct step arg = {scan, NULL};
	uint64_t used;
	bool clean = pt_read_swap_used(scan->target.k, &used) == 0 && used == 0;
	struct pt_refresh_job job = {
		.target = &scan->target,
		.pass = scan->pass,
		.vmas = scan->layout.vmas,
		.before = scan->last,
		.replaced = replaced,
		.watched = wish->watched,
		.n_watched = wish->n_watched,
		.fresh_ns = frame->started,
		.cpu_until_ns = frame->cpu_started + wish->budget_ns,
		.moved = counters_moved(&frame->process, &scan->last->process),
		.shmem = !clean && pt_signal_has(&scan->target.signals, PT_SIG_SHMEM_SWAP),
		.step = step,
		.arg = &arg,
	};
	scan->refresh.shmem_known |= clean;
	int error = pt_refresh_run(&scan->refresh, &job, &frame->slots);
	frame->presence_ns = pt_sweep_oldest(&scan->refresh.sweep);
	frame->shmem_known = clean || (job.shmem && scan->refresh.shmem_known);
	return error;
}

static int refresh_from_last(struct pt_scan *scan, struct frame *frame, const struct pt_scan_wish *wish)
{
	struct pt_slots last = {.v = scan->last->slots, .n = scan->last->n_slots};
	struct pt_stretches replaced = {0};
	int error = pt_slots_push_from(&frame->slots, &last, 0);
	if (!error)
		error = pt_layout_replaced(scan->last->vmas, scan->layout.vmas, &replaced);
	if (!error)
		error = refresh_slots(scan, frame, wish, &replaced);
	pt_stretches_free(&replaced);
	return error;
}

static int read_what_matters(struct pt_scan *scan, struct frame *frame, const struct pt_scan_wish *wish)
{
	int error = read_process(scan, frame);
	if (!error)
		error = read_layout_in_time(scan, frame, wish->share);
	if (!error)
		error = check_alive(scan);
	if (error)
		return error;
	read_rollup(scan, &frame->process, wish->share / 4);
	error = refresh_from_last(scan, frame, wish);
	if (error == -ECANCELED || error == -ENOMEM)
		return error;
	return check_alive(scan) ? -EAGAIN : error;
}

static uint64_t pages_in(const struct pt_slots *slots)
{
	uint64_t pages = 0;
	for (size_t i = 0; i < slots->n; i++)
		pages += pt_chunk_stat(slots->v[i].chunk, PT_N_PRESENT) + pt_chunk_stat(slots->v[i].chunk, PT_N_SWAP);
	return pages;
}

int pt_scan_refresh(struct pt_scan *scan, const struct pt_scan_wish *wish, pt_publish_fn publish_fn, void *arg,
		    struct pt_snapshot **ret)
{
	if (!scan->last)
		return pt_scan_frame(scan, publish_fn, arg, ret);
	struct frame frame = begin(scan, publish_fn, arg);
	frame.interval_ns = wish->interval_ns;
	int error = read_what_matters(scan, &frame, wish);
	if (error == -EAGAIN) {
		drop(&frame);
		return pt_scan_frame(scan, publish_fn, arg, ret);
	}
	if (error) /* what it had looked at is dropped */
		pt_sweep_all(&scan->refresh.sweep, scan->last->presence_ns);
	frame.all_pages = pages_in(&frame.slots);
	return finish(scan, &frame, error, ret);
}

int pt_scan_once(struct pt_kernel *k, pid_t pid, struct pt_snapshot **ret)
{
	struct pt_scan *scan;
	int error = pt_scan_open(&scan, k, pid);
	if (error)
		return error;
	error = pt_scan_frame(scan, NULL, NULL, ret);
	pt_scan_close(scan);
	return error;
}
