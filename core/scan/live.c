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

#include "core/scan/scan.h"

#define LEAVE_NS 100000000ull /* how long freeing waits for the thread */
#define SHARE                                                                                                          \
	2 /* a frame never starts before as much time has passed as the last one took, so that at
                                 most half a core is spent on a target too large for its interval */

struct live {
	struct pt_feed feed;
	struct pt_kernel *k; /* owned */
	struct pt_scan *scan;
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
	bool paused, refresh, leave, left, abandoned;
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

/* Takes note of how a frame ended; true if there is nothing more to come. */
static bool note_end(struct live *live, int error, uint64_t wall_ns, uint64_t cpu_ns)
{
	pthread_mutex_lock(&live->lock);
	live->status.busy = false;
	uint64_t span = wall_ns * SHARE > live->interval_ns ? wall_ns * SHARE : live->interval_ns;
	if (span)
		live->status.cost = (double)cpu_ns / (double)span;
	if (error == -ESRCH) {
		live->status.state = PT_FEED_ENDED;
		live->status.ended_ns = live->k->ops->now(live->k, PT_CLOCK_REALTIME);
	} else if (error && error != -ECANCELED) {
		live->status.state = PT_FEED_FAILED;
		live->status.error = error;
	}
	bool over = error == -ESRCH || live->leave;
	pthread_mutex_unlock(&live->lock);
	notify(live);
	return over;
}

static bool scan_once(struct live *live, uint64_t *ret_wall_ns)
{
	pthread_mutex_lock(&live->lock);
	live->status.busy = true;
	live->refresh = false;
	pthread_mutex_unlock(&live->lock);
	struct pt_snapshot *snapshot = NULL;
	uint64_t wall = live->k->ops->now(live->k, PT_CLOCK_MONOTONIC);
	uint64_t cpu = live->k->ops->now(live->k, PT_CLOCK_THREAD_CPU);
	int error = pt_scan_frame(live->scan, publish, live, &snapshot);
	if (!error)
		publish(live, snapshot);
	pt_snapshot_unref(snapshot);
	*ret_wall_ns = live->k->ops->now(live->k, PT_CLOCK_MONOTONIC) - wall;
	return note_end(live, error, *ret_wall_ns, live->k->ops->now(live->k, PT_CLOCK_THREAD_CPU) - cpu);
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

/* Until the next frame is due; false when it is time to leave. */
static bool wait_for_turn(struct live *live, uint64_t started, uint64_t wall_ns)
{
	pthread_mutex_lock(&live->lock);
	while (!live->leave && !live->refresh) {
		if (live->paused) {
			wait_until(live, 0);
			continue;
		}
		uint64_t span = wall_ns * SHARE > live->interval_ns ? wall_ns * SHARE : live->interval_ns;
		if (live->k->ops->now(live->k, PT_CLOCK_MONOTONIC) >= started + span)
			break;
		wait_until(live, started + span);
	}
	bool go_on = !live->leave;
	pthread_mutex_unlock(&live->lock);
	return go_on;
}

static void destroy(struct live *live)
{
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
	uint64_t started, wall_ns;
	do {
		started = live->k->ops->now(live->k, PT_CLOCK_MONOTONIC);
		if (scan_once(live, &wall_ns))
			break;
	} while (wait_for_turn(live, started, wall_ns));
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

static void live_watch(struct pt_feed *feed, const struct pt_stretch *stretches, size_t n)
{
	struct live *live = of(feed);
	n = n < PT_WATCH_MAX ? n : PT_WATCH_MAX;
	pthread_mutex_lock(&live->lock);
	memcpy(live->watched, stretches, n * sizeof(*stretches));
	live->n_watched = n;
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

int pt_live_feed_new(struct pt_feed **ret, struct pt_kernel *k, pid_t pid, uint64_t interval_ns)
{
	struct live *live = calloc(1, sizeof(*live));
	if (!live) {
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
	live->interval_ns = interval_ns;
	live->event = -1;
	int error = pt_scan_open(&live->scan, k, pid);
	if (!error)
		error = start(live);
	if (error) {
		destroy(live);
		return error;
	}
	*ret = &live->feed;
	return 0;
}
