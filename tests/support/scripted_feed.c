/*
 * See scripted_feed.h.
 */
#include "tests/support/scripted_feed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct scripted_feed *self(struct pt_feed *feed)
{
	return (struct scripted_feed *)feed;
}

static struct pt_snapshot *latest(struct pt_feed *feed)
{
	return self(feed)->newest ? pt_snapshot_ref(self(feed)->newest) : NULL;
}

static struct pt_feed_status status(struct pt_feed *feed)
{
	return self(feed)->status;
}

static int fd(struct pt_feed *feed)
{
	return self(feed)->fd;
}

static void ack(struct pt_feed *feed)
{
	uint64_t count;
	self(feed)->acked = read(self(feed)->fd, &count, sizeof count) > 0;
}

static void pause_feed(struct pt_feed *feed, bool paused)
{
	self(feed)->paused = paused;
	self(feed)->status.state = paused ? PT_FEED_PAUSED : PT_FEED_RUNNING;
	scripted_feed_changed(self(feed));
}

static void interval(struct pt_feed *feed, uint64_t ns)
{
	self(feed)->status.interval_ns = ns;
}

static void watch(struct pt_feed *feed, const struct pt_stretch *stretches, size_t n, bool soon)
{
	n = n < PT_WATCH_MAX ? n : PT_WATCH_MAX;
	memcpy(self(feed)->watched, stretches, n * sizeof(*stretches));
	self(feed)->n_watched = n;
	self(feed)->watches++;
	self(feed)->soon = soon;
}

static void refresh(struct pt_feed *feed)
{
	self(feed)->refreshes++;
}

static void free_feed(struct pt_feed *feed)
{
	struct scripted_feed *f = self(feed);
	pt_snapshot_unref(f->newest);
	close(f->fd);
	if (f->freed)
		*f->freed = true;
	free(f);
}

struct scripted_feed *scripted_feed_new(void)
{
	static const struct pt_feed_ops ops = {latest,   status,  fd,    ack,      pause_feed,
					       interval, refresh, watch, free_feed};
	struct scripted_feed *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->feed.ops = &ops;
	f->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->status.interval_ns = 1000000000;
	return f;
}

void scripted_feed_changed(struct scripted_feed *f)
{
	eventfd_write(f->fd, 1);
}

void scripted_feed_push(struct scripted_feed *f, struct pt_snapshot *snapshot)
{
	pt_snapshot_unref(f->newest);
	f->newest = snapshot;
	if (f->status.state == PT_FEED_STARTING)
		f->status.state = PT_FEED_RUNNING;
	scripted_feed_changed(f);
}
