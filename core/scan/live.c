/*
 * The scanning thread; see live.h.
 *
 * One mutex guards what both sides touch: the newest snapshot, the wishes of the screen, the state. It is never held
 * during a scan, so the screen never waits. The thread owns the scan; it alone talks to the kernel.
 *
 * A target in an uninterruptible sleep can hold mmap_lock and so the thread, for good. Freeing the feed waits a moment
 * for the thread, which is enough when it is not stuck; else whoever of the two leaves last cleans up.
 */
#include "core/scan/live.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/scan/budget.h"
#include "core/scan/scan.h"

#define LEAVE_NS 100000000ull  /* how long freeing waits for the thread */
#define MARGIN   0.95          /* of the share is spent, so that it holds however it is measured */
#define PULSE_NS 1000000000ull /* how often a feed that waits longer looks whether the target lives */
#define LOOK_NS  50000000ull   /* between two frames that a screen asked for by showing something else */

struct live {
	struct pt_feed feed;
	struct pt_kernel *k; /* owned */
	struct pt_scan *scan;
	struct pt_budget budget; /* the thread's */
	double share;            /* of one core */
	struct pt_feed_sink sinks[PT_LIVE_SINKS];
	size_t n_sinks;
	bool clear_soft_dirty;
	uint64_t ended_ns, spent_ns; /* the last frame did, and all CPU time until then */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event; /* eventfd the screen polls */
	/* under the lock: */
	struct pt_snapshot *latest;
	struct pt_feed_status status;
	uint64_t interval_ns;
	struct pt_stretch watched[PT_WATCH_MAX];
	size_t n_watched;
	bool paused, refresh, look, leave, left, abandoned;
};

static struct live *of(struct pt_feed *feed)
{
	return (struct live *)feed;
}

static void notify(struct live *live)
{
	uint64_t one = 1;
	ssize_t written = write(live->event, &one, sizeof(one));
	(void)written; /* it can only fail when it is readable already */
}

/* ---- the thread ------------------------------------------------------------------------------------------------- */

static int publish(void *arg, struct pt_snapshot *snapshot)
{
	struct live *live = arg;
	pthread_mutex_lock(&live->lock);
	struct pt_snapshot *old = live->latest;
	live->latest = pt_snapshot_ref(snapshot);
	live->status.state = live->paused ? PT_FEED_PAUSED : PT_FEED_RUNNING;
	live->status.error = 0;
	live->status.execs = snapshot->process.image;
	bool leave = live->leave;
	pthread_mutex_unlock(&live->lock);
	pt_snapshot_unref(old);
	notify(live);
	return leave;
}

static uint64_t now(struct live *live, enum pt_clock clock)
{
	return live->k->ops->now(live->k, clock);
}

/* Takes note of how a frame ended; true if there is nothing more to come. */
static bool note_end(struct live *live, int error, double cost)
{
	pthread_mutex_lock(&live->lock);
	live->status.busy = false;
	live->status.cost = cost;
	if (error == -ESRCH) {
		live->status.state = PT_FEED_ENDED;
		live->status.ended_ns = now(live, PT_CLOCK_REALTIME);
	} else if (error && error != -ECANCELED) {
		live->status.state = PT_FEED_FAILED;
		live->status.error = error;
	}
	bool over = error == -ESRCH || live->leave;
	pthread_mutex_unlock(&live->lock);
	notify(live);
	return over;
}

/* What the screen wishes for; true if it wants all of it. */
static bool take_wishes(struct live *live, struct pt_scan_wish *wish, struct pt_stretch *watched)
{
	pthread_mutex_lock(&live->lock);
	bool all = live->refresh;
	live->status.busy = true;
	live->refresh = live->look = false;
	memcpy(watched, live->watched, live->n_watched * sizeof(*watched));
	*wish = (struct pt_scan_wish){.share = live->share,
				      .interval_ns = live->interval_ns,
				      .watched = watched,
				      .n_watched = live->n_watched};
	live->budget.interval_ns = live->interval_ns;
	pthread_mutex_unlock(&live->lock);
	return all;
}

static void settle(struct live *live, bool present)
{
	uint64_t wall = now(live, PT_CLOCK_MONOTONIC), own = now(live, PT_CLOCK_THREAD_CPU);
	uint64_t all = now(live, PT_CLOCK_PROCESS_CPU);
	if (present)
		pt_budget_forgive(&live->budget, wall, own, all);
	else
		pt_budget_settle(&live->budget, wall, own, all);
}

/* The share of a core that all of pagetop took from the end of the last frame to that of this one. */
static double measure(struct live *live)
{
	uint64_t wall = live->budget.wall_ns - live->ended_ns, cpu = live->budget.all_ns - live->spent_ns;
	live->ended_ns = live->budget.wall_ns;
	live->spent_ns = live->budget.all_ns;
	return wall ? (double)cpu / (double)wall : 0;
}

/* The first frame reads all there is, and one that was asked for; others as much as the budget has. */
static bool scan_once(struct live *live, bool first)
{
	struct pt_stretch watched[PT_WATCH_MAX];
	struct pt_snapshot *snapshot = NULL;
	struct pt_scan_wish wish;
	bool all = take_wishes(live, &wish, watched) || first;
	int error;
	settle(live, false);
	if (live->budget.balance_ns > 0)
		wish.budget_ns = (uint64_t)live->budget.balance_ns;
	if (all)
		error = pt_scan_frame(live->scan, publish, live, &snapshot);
	else
		error = pt_scan_refresh(live->scan, &wish, publish, live, &snapshot);
	if (!error) {
		publish(live, snapshot);
		for (size_t i = 0; i < live->n_sinks; i++)
			live->sinks[i].frame(live->sinks[i].arg, snapshot);
	}
	if (!error && live->clear_soft_dirty)
		error = pt_scan_clear_soft_dirty(live->scan);
	pt_snapshot_unref(snapshot);
	settle(live, all);
	return note_end(live, error, measure(live));
}

/* Waits on the condition until a moment of CLOCK_MONOTONIC; 0 waits for a signal alone. Lock held. */
static void wait_until(struct live *live, uint64_t ns)
{
	struct timespec at = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
	if (ns)
		pthread_cond_timedwait(&live->wake, &live->lock, &at);
	else
		pthread_cond_wait(&live->wake, &live->lock);
}

/* When the next frame begins, as things are: at its time, but not while in debt; at once for a look at something else. */
static uint64_t next_turn(const struct live *live, uint64_t started)
{
	uint64_t solvent = live->budget.wall_ns + pt_budget_wait(&live->budget);
	uint64_t wanted = started + (live->look && live->interval_ns > LOOK_NS ? LOOK_NS : live->interval_ns);
	return wanted > solvent ? wanted : solvent;
}

static bool ended(struct live *live)
{
	int pidfd = pt_scan_pidfd(live->scan);
	return pidfd >= 0 && live->k->ops->ended(live->k, pidfd) == 1;
}

/* Until the next frame is due, or the target ended; false when it is time to leave. */
static bool wait_for_turn(struct live *live, uint64_t started)
{
	pthread_mutex_lock(&live->lock);
	while (!live->leave && !live->refresh) {
		uint64_t turn = live->paused ? UINT64_MAX : next_turn(live, started);
		uint64_t at = now(live, PT_CLOCK_MONOTONIC);
		if (at >= turn || ended(live))
			break;
		wait_until(live, turn < at + PULSE_NS ? turn : at + PULSE_NS);
	}
	bool go_on = !live->leave;
	pthread_mutex_unlock(&live->lock);
	return go_on;
}

static void leave_sinks(const struct pt_feed_sink *sinks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sinks[i].leave(sinks[i].arg);
}

static void destroy(struct live *live)
{
	leave_sinks(live->sinks, live->n_sinks);
	pt_scan_close(live->scan);
	pt_snapshot_unref(live->latest);
	pthread_cond_destroy(&live->wake);
	pthread_mutex_destroy(&live->lock);
	if (live->event >= 0)
		close(live->event);
	pt_kernel_free(live->k);
	free(live);
}

static void *run(void *arg)
{
	struct live *live = arg;
	uint64_t started = now(live, PT_CLOCK_MONOTONIC);
	pt_budget_init(&live->budget, live->share, live->interval_ns, started, now(live, PT_CLOCK_THREAD_CPU),
		       now(live, PT_CLOCK_PROCESS_CPU));
	live->ended_ns = live->budget.wall_ns;
	live->spent_ns = live->budget.all_ns;
	bool over = scan_once(live, true);
	while (!over && wait_for_turn(live, started)) {
		started = now(live, PT_CLOCK_MONOTONIC);
		over = scan_once(live, false);
	}
	pthread_mutex_lock(&live->lock);
	live->left = true;
	bool abandoned = live->abandoned;
	pthread_cond_broadcast(&live->wake);
	pthread_mutex_unlock(&live->lock);
	if (abandoned)
		destroy(live);
	return NULL;
}

/* ---- the screen's side ------------------------------------------------------------------------------------------ */

static struct pt_snapshot *live_latest(struct pt_feed *feed)
{
	struct live *live = of(feed);
	pthread_mutex_lock(&live->lock);
	struct pt_snapshot *latest = live->latest ? pt_snapshot_ref(live->latest) : NULL;
	pthread_mutex_unlock(&live->lock);
	return latest;
}

static struct pt_feed_status live_status(struct pt_feed *feed)
{
	struct live *live = of(feed);
	pthread_mutex_lock(&live->lock);
	struct pt_feed_status status = live->status;
	status.interval_ns = live->interval_ns;
	if (live->paused && status.state == PT_FEED_RUNNING)
		status.state = PT_FEED_PAUSED;
	pthread_mutex_unlock(&live->lock);
	return status;
}

static int live_fd(struct pt_feed *feed)
{
	return of(feed)->event;
}

static void live_ack(struct pt_feed *feed)
{
	uint64_t count;
	ssize_t got = read(of(feed)->event, &count, sizeof(count));
	(void)got; /* nothing to take is fine */
}

static void live_pause(struct pt_feed *feed, bool paused)
{
	struct live *live = of(feed);
	pthread_mutex_lock(&live->lock);
	live->paused = paused;
	if (live->status.state == PT_FEED_PAUSED && !paused)
		live->status.state = PT_FEED_RUNNING;
	pthread_cond_broadcast(&live->wake);
	pthread_mutex_unlock(&live->lock);
}

static void live_interval(struct pt_feed *feed, uint64_t ns)
{
	struct live *live = of(feed);
	pthread_mutex_lock(&live->lock);
	live->interval_ns = ns;
	pthread_cond_broadcast(&live->wake);
	pthread_mutex_unlock(&live->lock);
}

static void live_refresh(struct pt_feed *feed)
{
	struct live *live = of(feed);
	pthread_mutex_lock(&live->lock);
	live->refresh = true;
	pthread_cond_broadcast(&live->wake);
	pthread_mutex_unlock(&live->lock);
}

static void live_watch(struct pt_feed *feed, const struct pt_stretch *stretches, size_t n, bool soon)
{
	struct live *live = of(feed);
	n = n < PT_WATCH_MAX ? n : PT_WATCH_MAX;
	pthread_mutex_lock(&live->lock);
	bool other = n != live->n_watched || memcmp(live->watched, stretches, n * sizeof(*stretches)) != 0;
	live->look |= soon && other;
	memcpy(live->watched, stretches, n * sizeof(*stretches));
	live->n_watched = n;
	if (live->look)
		pthread_cond_broadcast(&live->wake);
	pthread_mutex_unlock(&live->lock);
}

static void live_free(struct pt_feed *feed)
{
	struct live *live = of(feed);
	uint64_t until = live->k->ops->now(live->k, PT_CLOCK_MONOTONIC) + LEAVE_NS;
	pt_scan_cancel(live->scan);
	pthread_mutex_lock(&live->lock);
	live->leave = true;
	pthread_cond_broadcast(&live->wake);
	while (!live->left && live->k->ops->now(live->k, PT_CLOCK_MONOTONIC) < until)
		wait_until(live, until);
	bool left = live->left;
	pthread_t thread = live->thread;
	live->abandoned = !left;
	if (!left)
		pthread_detach(thread);
	pthread_mutex_unlock(&live->lock);
	if (!left)
		return; /* and the thread may have freed it all by now */
	pthread_join(thread, NULL);
	destroy(live);
}

static const struct pt_feed_ops live_ops = {.latest = live_latest,
					    .status = live_status,
					    .fd = live_fd,
					    .ack = live_ack,
					    .pause = live_pause,
					    .interval = live_interval,
					    .refresh = live_refresh,
					    .watch = live_watch,
					    .free = live_free};

static int start(struct live *live)
{
	live->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (live->event < 0)
		return -errno;
	return -pthread_create(&live->thread, NULL, run, live);
}

int pt_live_feed_new(struct pt_feed **ret, struct pt_kernel *k, pid_t pid, const struct pt_live_options *options)
{
	struct live *live = calloc(1, sizeof(*live));
	if (!live) {
		leave_sinks(options->sinks, options->n_sinks);
		pt_kernel_free(k);
		return -ENOMEM;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&live->lock, NULL);
	pthread_cond_init(&live->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	live->feed.ops = &live_ops;
	live->k = k;
	live->interval_ns = options->interval_ns;
	live->share = options->share * MARGIN;
	live->n_sinks = options->n_sinks;
	live->clear_soft_dirty = options->clear_soft_dirty;
	memcpy(live->sinks, options->sinks, sizeof(live->sinks));
	live->event = -1;
	int error = pt_scan_open(&live->scan, k, pid);
	if (!error && options->clear_soft_dirty)
		error = pt_scan_clear_soft_dirty(live->scan);
	if (!error)
		error = start(live);
	if (error) {
		destroy(live);
		return error;
	}
	*ret = &live->feed;
	return 0;
}
