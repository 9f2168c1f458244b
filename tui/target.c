/*
 * The series of frames. A snapshot that is not complete is a stage of the first frame and is replaced by the next; a
 * complete one becomes what the next is compared with. After an exec there is nothing to compare with.
 */
#include "tui/target.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "core/record/replay.h"
#include "core/scan/live.h"
#include "tui/now.h"
#include "tui/worker.h"

/* ---- the live inspector ----------------------------------------------------------------------------------------- */

static int live_open(void **ret)
{
	struct pt_kernel *k;
	int error = pt_kernel_linux_new(&k, "/", 0);
	if (!error)
		*ret = k;
	return error;
}

static int live_page(void *self, pid_t pid, uint64_t address, const struct pt_signals *signals, struct pt_facts *ret)
{
	return pt_inspect_page(self, pid, address, signals, ret);
}

static int live_contents(void *self, pid_t pid, uint64_t address, uint8_t *buf)
{
	return pt_inspect_contents(self, pid, address, buf);
}

static void live_close(void *self)
{
	pt_kernel_free(self);
}

const struct ui_inspect_ops ui_inspect_live = {live_open, live_page, live_contents, live_close};

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

void ui_target_init(struct ui_target *t, pid_t pid, struct pt_feed *feed, const struct ui_inspect_ops *inspect)
{
	*t = (struct ui_target){.pid = pid, .feed = feed, .inspect = inspect};
	t->status = feed->ops->status(feed);
}

/* Its thread inherits the mask. */
static int new_feed(struct pt_feed **ret, struct pt_kernel *kernel, pid_t pid, const struct pt_live_options *options)
{
	sigset_t before;
	ui_block_signals(&before);
	int error = pt_live_feed_new(ret, kernel, pid, options);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

int ui_target_open(struct ui_target *t, pid_t pid, uint64_t interval_ns, const struct ui_options *o)
{
	struct pt_live_options options = {
		.interval_ns = interval_ns, .share = o->budget / 100, .clear_soft_dirty = o->clear_soft_dirty};
	struct pt_history *history = NULL;
	struct pt_suspects *suspects = NULL;
	struct pt_kernel *kernel;
	struct pt_feed *feed;
	struct pt_tap *tap = NULL;
	int error = o->history_bytes ? pt_history_new(o->history_bytes, &history) : 0;
	if (!error)
		error = pt_suspects_new(&suspects);
	if (!error)
		error = pt_tap_new(&tap);
	if (!error)
		error = pt_kernel_linux_new(&kernel, "/", 0);
	if (!error && history)
		options.sinks[options.n_sinks++] = pt_history_sink(history);
	if (!error)
		options.sinks[options.n_sinks++] = pt_tap_sink(tap);
	if (!error)
		options.sinks[options.n_sinks++] = pt_suspects_sink(suspects);
	if (!error)
		error = new_feed(&feed, kernel, pid, &options);
	if (error) {
		pt_history_unref(history);
		pt_suspects_unref(suspects);
		pt_tap_unref(tap);
		return error;
	}
	ui_target_init(t, pid, feed, &ui_inspect_live);
	t->history = history;
	t->suspects = suspects;
	t->tap = tap;
	t->faults = &ui_faults_live;
	t->hunt = &ui_hunt_live;
	t->past = history ? pt_history_past(history) : NULL;
	return 0;
}

static uint64_t monotonic(void)
{
	return ui_now(CLOCK_MONOTONIC);
}

int ui_target_replay(struct ui_target *t, struct pt_reader *reader, uint64_t seq)
{
	struct pt_reader *faults = NULL;
	struct pt_feed *feed;
	sigset_t before;
	if (pt_reader_has_faults(reader) && pt_reader_again(reader, &faults) < 0)
		faults = NULL;
	ui_block_signals(&before);
	int error = pt_replay_new(&feed, reader, monotonic);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		pt_reader_close(faults);
		return error;
	}
	ui_target_init(t, 0, feed, NULL);
	t->faults_source = faults;
	t->faults = faults ? &ui_faults_replayed : NULL;
	t->past = pt_replay_past(pt_replay_of(feed));
	if (seq)
		pt_replay_seek(pt_replay_of(feed), seq);
	ui_target_pause(t, seq != 0);
	return 0;
}

void ui_target_close(struct ui_target *t)
{
	pt_snapshot_unref(t->now);
	pt_snapshot_unref(t->before);
	pt_snapshot_unref(t->live);
	pt_snapshot_unref(t->live_before);
	pt_snapshot_unref(t->pin);
	pt_growing_unref(t->growing);
	pt_suspects_unref(t->suspects);
	ui_changes_free(&t->changes);
	if (t->feed) {
		t->feed->ops->free(t->feed);
		pt_history_unref(t->history);
		pt_tap_unref(t->tap);
		pt_reader_close(t->faults_source);
	}
	memset(t, 0, sizeof *t);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static void note_rss(struct ui_target *t, uint64_t rss)
{
	if (t->rss_n == UI_RSS_HISTORY)
		memmove(t->rss, t->rss + 1, (--t->rss_n) * sizeof *t->rss);
	t->rss[t->rss_n++] = rss;
}

static struct pt_maybe faults_of(const struct pt_process *p)
{
	return (struct pt_maybe){p->minor_faults.value + p->major_faults.value,
				 p->minor_faults.known && p->major_faults.known};
}

static uint64_t rss_of(const struct pt_snapshot *s)
{
	return pt_snapshot_bytes(s, s->vmas->n, PT_SUM_RSS).value;
}

static bool is_aged(const struct ui_target *t)
{
	return t->ages.fresh != t->ages.pages;
}

static struct pt_maybe counted_rss(const struct pt_process *p)
{
	return (struct pt_maybe){p->rss_anon.value + p->rss_file.value + p->rss_shmem.value,
				 p->rss_anon.known && p->rss_file.known && p->rss_shmem.known};
}

/*
 * How RSS changed from the frame before, in bytes. Pages are exact where both frames read all of them; else a frame
 * finds the change of several at once, where it happens to look, and the kernel's counters tell better.
 */
static double rss_change(const struct ui_target *t)
{
	struct pt_maybe a = counted_rss(&t->before->process), b = counted_rss(&t->now->process);
	if ((is_aged(t) || t->before_aged) && a.known && b.known)
		return (double)b.value - (double)a.value;
	return (double)rss_of(t->now) - (double)rss_of(t->before);
}

/* What two frames after each other tell. */
static void note_rates(struct ui_target *t)
{
	const struct pt_snapshot *a = t->before, *b = t->now;
	t->faults_per_s = (struct pt_maybe){0};
	t->has_rss_per_s = false;
	if (!a || b->monotonic_ns <= a->monotonic_ns)
		return;
	double seconds = (double)(b->monotonic_ns - a->monotonic_ns) / 1e9;
	struct pt_maybe fa = faults_of(&a->process), fb = faults_of(&b->process);
	if (fa.known && fb.known && fb.value >= fa.value)
		t->faults_per_s = (struct pt_maybe){(uint64_t)((double)(fb.value - fa.value) / seconds + 0.5), true};
	t->rss_per_s = rss_change(t) / seconds;
	t->has_rss_per_s = true;
}

/* How far apart frames come: a feed that keeps to its budget may be slower than was asked for. */
static void note_period(struct ui_target *t)
{
	const struct pt_snapshot *a = t->live_before, *b = t->live;
	bool both = a && a->stage == PT_STAGE_COMPLETE && b->stage == PT_STAGE_COMPLETE;
	uint64_t last = t->last_period_ns;
	t->last_period_ns = both ? b->monotonic_ns - a->monotonic_ns : 0;
	t->period_ns = last < t->last_period_ns ? last : t->last_period_ns;
}

/* After a pause, or where another interval was asked for, what was measured means nothing. */
static void forget_period(struct ui_target *t)
{
	t->period_ns = t->last_period_ns = 0;
}

/* Of `before`, which mostly was `now` until now. */
static bool was_aged(const struct ui_target *t, const struct pt_snapshot *before)
{
	struct pt_ages ages = {0};
	if (before == t->now)
		return is_aged(t);
	if (before == t->before)
		return t->before_aged;
	if (before)
		pt_snapshot_ages(before, &ages);
	return ages.fresh != ages.pages;
}

/* What the screens show from here on. Takes no references over. */
static void present(struct ui_target *t, struct pt_snapshot *now, struct pt_snapshot *before)
{
	if (before && before->process.image != now->process.image)
		before = NULL;
	bool aged = was_aged(t, before);
	if (before != t->before)
		t->before_version = before && before == t->now ? t->version : 0;
	struct pt_snapshot *old_now = t->now, *old_before = t->before;
	t->now = pt_snapshot_ref(now);
	t->before = before ? pt_snapshot_ref(before) : NULL;
	pt_snapshot_unref(old_now);
	pt_snapshot_unref(old_before);
	t->before_aged = aged;
	t->version++;
	t->image = now->process.image;
	pt_snapshot_ages(now, &t->ages);
	note_rates(t);
	bool moments = t->back || t->pin;
	ui_changes_between(&t->changes, moments ? t->before : NULL, moments ? t->now : NULL);
}

static void take_growing(struct ui_target *t)
{
	pt_growing_unref(t->growing);
	t->growing = t->suspects ? pt_suspects_latest(t->suspects) : NULL;
}

const struct pt_growing *ui_target_growing(const struct ui_target *t)
{
	return t->back ? NULL : t->growing;
}

/* The next frame of the feed. Takes over its reference. */
static void take(struct ui_target *t, struct pt_snapshot *next, uint64_t now_ns)
{
	bool exec = t->live && next->process.image != t->live->process.image;
	bool new_frame = !t->live || exec || t->live->stage == PT_STAGE_COMPLETE;
	if (new_frame) {
		pt_snapshot_unref(t->live_before);
		t->live_before = t->live;
	} else {
		pt_snapshot_unref(t->live);
	}
	t->live = next;
	if (!t->pid) /* a recording says it */
		t->pid = next->process.pid;
	if (exec) {
		pt_snapshot_unref(t->live_before);
		t->live_before = NULL;
		t->exec_ns = now_ns;
		forget_period(t);
	}
	if (new_frame)
		note_rss(t, rss_of(next));
	note_period(t);
	take_growing(t);
	if (next->stage == PT_STAGE_COMPLETE)
		ui_changes_frame(&t->changes, t->live_before, next);
	if (!t->back)
		present(t, t->live, t->pin ? t->pin : t->live_before);
}

void ui_target_go_back(struct ui_target *t, struct pt_snapshot *now, struct pt_snapshot *before)
{
	t->back = true;
	present(t, now, before);
	pt_snapshot_unref(now);
	pt_snapshot_unref(before);
}

void ui_target_go_live(struct ui_target *t, struct pt_snapshot *pin)
{
	t->back = false;
	pt_snapshot_unref(t->pin);
	t->pin = pin;
	if (t->live)
		present(t, t->live, pin ? pin : t->live_before);
}

static bool same_status(const struct pt_feed_status *a, const struct pt_feed_status *b)
{
	return a->state == b->state && a->error == b->error && a->interval_ns == b->interval_ns &&
	       a->ended_ns == b->ended_ns && a->execs == b->execs && a->cost == b->cost && a->busy == b->busy;
}

bool ui_target_update(struct ui_target *t, uint64_t now_ns)
{
	if (!t->feed)
		return false;
	t->feed->ops->ack(t->feed);
	struct pt_feed_status status = t->feed->ops->status(t->feed);
	bool changed = !same_status(&status, &t->status);
	if (status.state != PT_FEED_RUNNING || status.interval_ns != t->status.interval_ns)
		forget_period(t);
	t->status = status;
	struct pt_snapshot *next = t->feed->ops->latest(t->feed);
	if (!next || next == t->live) {
		pt_snapshot_unref(next);
		return changed;
	}
	take(t, next, now_ns);
	return true;
}

void ui_target_pause(struct ui_target *t, bool paused)
{
	if (!t->feed)
		return;
	t->paused = paused;
	t->feed->ops->pause(t->feed, paused);
}

void ui_target_watch(struct ui_target *t, const struct pt_stretch *stretches, size_t n, bool soon)
{
	bool same = n == t->n_watched && memcmp(stretches, t->watched, n * sizeof *stretches) == 0;
	if (!t->feed || same)
		return;
	memcpy(t->watched, stretches, n * sizeof *stretches);
	t->n_watched = n;
	t->feed->ops->watch(t->feed, t->watched, n, soon);
}
