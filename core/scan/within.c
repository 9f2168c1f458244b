/*
 * The frame within a budget: see pt_scan_refresh in scan.h. What to read is decided in refresh.c; here is what a frame
 * needs around it.
 */
#include <errno.h>

#include "core/scan/shot.h"

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

static uint64_t resident(const struct pt_process *p, unsigned page_shift)
{
	const struct pt_maybe counted[] = {p->rss_anon, p->rss_file, p->rss_shmem};
	uint64_t bytes = 0;
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++)
		bytes += counted[i].known ? counted[i].value : 0;
	return bytes >> page_shift;
}

/* maps of 60,000 VMAs costs more than the budget of a second: asked seldom, sooner if VmSize says that it changed. */
static int read_layout_in_time(struct pt_scan *scan, struct pt_shot *shot, double share)
{
	bool resized = !same(shot->process.mapped, scan->last->process.mapped);
	double most = share / (resized ? 2 : 4);
	return pt_pace_due(&scan->maps, most, shot->started) ? pt_shot_read_layout(scan, shot) : 0;
}

static int step(void *arg)
{
	return pt_shot_cancelled(arg);
}

static int refresh_slots(struct pt_scan *scan, struct pt_shot *shot, const struct pt_scan_wish *wish,
			 const struct pt_stretches *replaced)
{
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
		.resident = resident(&shot->process, scan->target.k->page_shift),
		.fresh_ns = shot->started,
		.cpu_began_ns = shot->cpu_started,
		.cpu_until_ns = shot->cpu_started + wish->budget_ns,
		.moved = counters_moved(&shot->process, &scan->last->process),
		.shmem = !clean && pt_signal_has(&scan->target.signals, PT_SIG_SHMEM_SWAP),
		.step = step,
		.arg = scan,
	};
	scan->refresh.shmem_known |= clean;
	int error = pt_refresh_run(&scan->refresh, &job, &shot->slots);
	/* nobody looked where VMAs came since maps was read */
	uint64_t swept_ns = pt_sweep_oldest(&scan->refresh.sweep);
	shot->presence_ns = swept_ns < scan->maps.asked_ns ? swept_ns : scan->maps.asked_ns;
	shot->shmem_known = clean || (job.shmem && scan->refresh.shmem_known);
	return error;
}

static int refresh_from_last(struct pt_scan *scan, struct pt_shot *shot, const struct pt_scan_wish *wish)
{
	struct pt_slots last = {.v = scan->last->slots, .n = scan->last->n_slots};
	struct pt_stretches replaced = {0};
	int error = pt_slots_push_from(&shot->slots, &last, 0);
	if (!error)
		error = pt_layout_replaced(scan->last->vmas, scan->layout.vmas, &replaced);
	if (!error)
		error = refresh_slots(scan, shot, wish, &replaced);
	pt_stretches_free(&replaced);
	return error;
}

static int read_what_matters(struct pt_scan *scan, struct pt_shot *shot, const struct pt_scan_wish *wish)
{
	int error = pt_shot_read_process(scan, shot);
	if (!error)
		error = read_layout_in_time(scan, shot, wish->share);
	if (!error)
		error = pt_shot_check_alive(scan);
	if (error)
		return error;
	pt_shot_read_rollup(scan, &shot->process, wish->share / 4);
	error = refresh_from_last(scan, shot, wish);
	if (error == -ECANCELED || error == -ENOMEM)
		return error;
	return pt_shot_check_alive(scan) ? -EAGAIN : error;
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
	struct pt_shot shot = pt_shot_begin(scan, publish_fn, arg);
	shot.interval_ns = wish->interval_ns;
	int error = read_what_matters(scan, &shot, wish);
	if (error == -EAGAIN) {
		pt_shot_drop(&shot);
		return pt_scan_frame(scan, publish_fn, arg, ret);
	}
	if (error) /* what it had looked at is dropped */
		pt_sweep_all(&scan->refresh.sweep, scan->last->presence_ns);
	shot.all_pages = pages_in(&shot.slots);
	return pt_shot_finish(scan, &shot, error, ret);
}
