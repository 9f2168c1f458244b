/*
 * The replaying thread; see replay.h. Going to a moment reads the file, so the thread alone does it; the mutex guards
 * what the screen wishes and what it gets.
 */
#include "core/record/replay.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS 250000000ull   /* how often the end of the file is looked at for more */
#define GAP_NS  10000000000ull /* a longer silence is not waited for */

struct pt_replay {
	struct pt_feed feed;
	struct pt_reader *reader; /* owned */
	struct pt_past *past;
	uint64_t (*now)(void);
	uint64_t shown_ns; /* the thread's: when it showed `latest`, or would have */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event;
	/* under the lock: */
	struct pt_snapshot *latest;
	uint64_t wanted; /* seq to go to */
	bool has_wanted, playing, leave;
	double speed;
	enum pt_feed_state state; /* but for pauses */
	int error;
	uint64_t ended_ns;
};

static const struct pt_feed_ops replay_ops;

static struct pt_replay *of(struct pt_feed *feed)
{
	return (struct pt_replay *)feed;
}

static void notify(struct pt_replay *r)
{
	uint64_t one = 1;
	ssize_t written = write(r->event, &one, sizeof(one));
	(void)written; /* it can only fail when it is readable already */
}

/* ---- the thread ------------------------------------------------------------------------------------------------- */

/* Shows a moment. Lock held, but not while the file is read. */
static void show(struct pt_replay *r, uint64_t seq)
{
	struct pt_snapshot *snapshot = NULL, *old = r->latest;
	pthread_mutex_unlock(&r->lock);
	int error = r->past->ops->at(r->past, seq, &snapshot);
	uint64_t last = r->past->ops->step(r->past, UINT64_MAX, 0);
	struct pt_maybe ended = pt_reader_ended(r->reader);
	pthread_mutex_lock(&r->lock);
	r->error = error == -ENODATA ? 0 : error;
	if (!error) {
		r->latest = snapshot;
		r->state = ended.known && snapshot->seq == last ? PT_FEED_ENDED : PT_FEED_RUNNING;
		r->ended_ns = ended.value;
		pt_snapshot_unref(old);
	}
	r->shown_ns = r->now();
	notify(r);
}

/* The moment after the one that is shown, and when it is due; 0: there is none yet, or that was the end. Lock held, but not while the file
 * is read. */
static uint64_t next_moment(struct pt_replay *r, uint64_t *ret_due)
{
	struct pt_snapshot *latest = r->latest ? pt_snapshot_ref(r->latest) : NULL;
	struct pt_moment moment;
	pthread_mutex_unlock(&r->lock);
	uint64_t seq = r->past->ops->step(r->past, latest ? latest->seq : 0, latest != NULL);
	bool any = seq && (!latest || seq > latest->seq) &&
		   r->past->ops->plot(r->past, seq, seq, 0, 0, &moment, 1) == 1;
	struct pt_maybe ended = any || !latest ? (struct pt_maybe){0} : pt_reader_ended(r->reader);
	pthread_mutex_lock(&r->lock);
	if (ended.known && r->state == PT_FEED_RUNNING) { /* the last moment was shown before that was written */
		r->state = PT_FEED_ENDED;
		r->ended_ns = ended.value;
		notify(r);
	}
	uint64_t gap = 0;
	if (any && latest && moment.monotonic_ns > latest->monotonic_ns)
		gap = moment.monotonic_ns - latest->monotonic_ns;
	*ret_due = r->shown_ns + (uint64_t)((double)(gap < GAP_NS ? gap : GAP_NS) / r->speed);
	pt_snapshot_unref(latest);
	return any ? seq : 0;
}

static void wait_until(struct pt_replay *r, uint64_t ns)
{
	struct timespec at = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
	pthread_cond_timedwait(&r->wake, &r->lock, &at);
}

/* Plays on, or waits for the time to; lock held. */
static void play(struct pt_replay *r)
{
	uint64_t due, seq = next_moment(r, &due), now = r->now();
	if (r->has_wanted || r->leave || !r->playing)
		return;                              /* meanwhile */
	if (r->error && due < r->shown_ns + POLL_NS) /* a moment that cannot be read is due again at once */
		due = r->shown_ns + POLL_NS;
	if (!seq)
		wait_until(r, now + POLL_NS);
	else if (due > now)
		wait_until(r, due);
	else
		show(r, seq);
}

static void *run(void *arg)
{
	struct pt_replay *r = arg;
	pthread_mutex_lock(&r->lock);
	while (!r->leave) {
		if (r->has_wanted) {
			r->has_wanted = false;
			show(r, r->wanted);
		} else if (!r->latest && !r->error) { /* a file without a frame yet */
			wait_until(r, r->now() + POLL_NS);
			r->has_wanted |= !r->latest;
		} else if (r->playing) {
			play(r);
		} else {
			pthread_cond_wait(&r->wake, &r->lock);
		}
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* ---- the feed --------------------------------------------------------------------------------------------------- */

static struct pt_snapshot *replay_latest(struct pt_feed *feed)
{
	struct pt_replay *r = of(feed);
	pthread_mutex_lock(&r->lock);
	struct pt_snapshot *latest = r->latest ? pt_snapshot_ref(r->latest) : NULL;
	pthread_mutex_unlock(&r->lock);
	return latest;
}

static struct pt_feed_status replay_status(struct pt_feed *feed)
{
	struct pt_replay *r = of(feed);
	pthread_mutex_lock(&r->lock);
	struct pt_feed_status status = {.state = r->state, .interval_ns = 1000000000, .ended_ns = r->ended_ns};
	if (r->error) {
		status.state = PT_FEED_FAILED;
		status.error = r->error;
	} else if (r->state == PT_FEED_RUNNING && !r->playing) {
		status.state = PT_FEED_PAUSED;
	}
	status.execs = r->latest ? r->latest->process.image : 0;
	pthread_mutex_unlock(&r->lock);
	return status;
}

static int replay_fd(struct pt_feed *feed)
{
	return of(feed)->event;
}

static void replay_ack(struct pt_feed *feed)
{
	uint64_t count;
	ssize_t got = read(of(feed)->event, &count, sizeof(count));
	(void)got; /* nothing to take is fine */
}

static void replay_pause(struct pt_feed *feed, bool paused)
{
	struct pt_replay *r = of(feed);
	pthread_mutex_lock(&r->lock);
	r->playing = !paused;
	r->shown_ns = r->now();
	pthread_cond_broadcast(&r->wake);
	pthread_mutex_unlock(&r->lock);
	notify(r);
}

static void replay_interval(struct pt_feed *feed, uint64_t ns)
{
	(void)feed;
	(void)ns;
}

static void replay_refresh(struct pt_feed *feed)
{
	(void)feed;
}

static void replay_watch(struct pt_feed *feed, const struct pt_stretch *stretches, size_t n, bool soon)
{
	(void)feed;
	(void)stretches;
	(void)n;
	(void)soon;
}

static void destroy(struct pt_replay *r)
{
	pt_snapshot_unref(r->latest);
	pt_reader_close(r->reader);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	if (r->event >= 0)
		close(r->event);
	free(r);
}

static void replay_free(struct pt_feed *feed)
{
	struct pt_replay *r = of(feed);
	pthread_mutex_lock(&r->lock);
	r->leave = true;
	pthread_cond_broadcast(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	destroy(r);
}

static const struct pt_feed_ops replay_ops = {.latest = replay_latest,
					      .status = replay_status,
					      .fd = replay_fd,
					      .ack = replay_ack,
					      .pause = replay_pause,
					      .interval = replay_interval,
					      .refresh = replay_refresh,
					      .watch = replay_watch,
					      .free = replay_free};

int pt_replay_new(struct pt_feed **ret, struct pt_reader *reader, uint64_t (*now)(void))
{
	struct pt_replay *r = calloc(1, sizeof(*r));
	if (!r) {
		pt_reader_close(reader);
		return -ENOMEM;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r->feed.ops = &replay_ops;
	r->reader = reader;
	r->past = pt_reader_past(reader);
	r->now = now;
	r->speed = 1;
	r->has_wanted = true;
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = r->event < 0 ? -errno : -pthread_create(&r->thread, NULL, run, r);
	if (error) {
		destroy(r);
		return error;
	}
	*ret = &r->feed;
	return 0;
}

/* ---- anywhere in it --------------------------------------------------------------------------------------------- */

struct pt_replay *pt_replay_of(struct pt_feed *feed)
{
	return feed && feed->ops == &replay_ops ? of(feed) : NULL;
}

struct pt_past *pt_replay_past(struct pt_replay *r)
{
	return r->past;
}

void pt_replay_seek(struct pt_replay *r, uint64_t seq)
{
	pthread_mutex_lock(&r->lock);
	r->wanted = seq;
	r->has_wanted = true;
	r->playing = false;
	pthread_cond_broadcast(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

void pt_replay_speed(struct pt_replay *r, double speed)
{
	pthread_mutex_lock(&r->lock);
	r->speed = speed < PT_REPLAY_SPEED_MIN   ? PT_REPLAY_SPEED_MIN
		   : speed > PT_REPLAY_SPEED_MAX ? PT_REPLAY_SPEED_MAX
						 : speed;
	pthread_cond_broadcast(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

double pt_replay_get_speed(struct pt_replay *r)
{
	pthread_mutex_lock(&r->lock);
	double speed = r->speed;
	pthread_mutex_unlock(&r->lock);
	return speed;
}
