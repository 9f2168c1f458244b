/*
 * The writing thread; see recorder.h. One mutex guards the queue and the status, and is never held while writing.
 */
#include "core/record/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ROOM (PT_RECORDER_QUEUE + 8u) /* marks find a place where frames do not */

/* A frame, a mark, or the end of the target. */
struct item {
	struct pt_snapshot *snapshot; /* NULL: a mark, or the end */
	bool is_end;
	uint64_t realtime_ns;
	pid_t pid;
	char label[sizeof(((struct pt_mark *)0)->label)];
};

struct pt_recorder {
	struct pt_writer *writer; /* the thread's */
	struct pt_kernel *clock;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event;
	/* under the lock: */
	struct item queue[ROOM];
	size_t first, n;
	uint64_t last_seq; /* of what was pushed */
	bool stop;
	struct pt_recorder_status status;
};

static void notify(struct pt_recorder *r)
{
	uint64_t one = 1;
	ssize_t written = write(r->event, &one, sizeof(one));
	(void)written; /* it can only fail when it is readable already */
}

/* ---- the thread ------------------------------------------------------------------------------------------------- */

/* The next thing to write; false when there is nothing more to come. */
static bool take(struct pt_recorder *r, struct item *ret)
{
	pthread_mutex_lock(&r->lock);
	while (!r->n && !r->stop)
		pthread_cond_wait(&r->wake, &r->lock);
	bool any = r->n > 0;
	if (any) {
		*ret = r->queue[r->first];
		r->first = (r->first + 1) % ROOM;
		r->n--;
	}
	pthread_mutex_unlock(&r->lock);
	return any;
}

static int write_item(struct pt_recorder *r, struct item *item)
{
	if (item->snapshot)
		return pt_writer_frame(r->writer, item->snapshot);
	if (item->is_end)
		return pt_writer_end(r->writer, item->realtime_ns);
	return pt_writer_mark(r->writer, item->realtime_ns, item->pid, item->label);
}

static void note(struct pt_recorder *r, const struct item *item, int error)
{
	uint64_t cpu = r->clock ? r->clock->ops->now(r->clock, PT_CLOCK_THREAD_CPU) : 0;
	pthread_mutex_lock(&r->lock);
	r->status.cpu_ns = cpu;
	if (error) {
		r->status.error = error;
		snprintf(r->status.message, sizeof(r->status.message), "%s", pt_writer_message(r->writer));
	} else {
		r->status.frames += item->snapshot != NULL;
	}
	pthread_mutex_unlock(&r->lock);
	notify(r);
}

static void *run(void *arg)
{
	struct pt_recorder *r = arg;
	struct item item;
	int error = 0;
	while (take(r, &item)) {
		if (!error) {
			error = write_item(r, &item);
			note(r, &item, error);
		}
		pt_snapshot_unref(item.snapshot);
	}
	pt_writer_close(r->writer);
	pthread_mutex_lock(&r->lock);
	r->status.stopped = true;
	pthread_mutex_unlock(&r->lock);
	notify(r);
	return NULL;
}

/* ---- the other side --------------------------------------------------------------------------------------------- */

static void destroy(struct pt_recorder *r)
{
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	if (r->event >= 0)
		close(r->event);
	pt_kernel_free(r->clock);
	free(r);
}

int pt_recorder_new(struct pt_recorder **ret, struct pt_writer *writer, struct pt_kernel *clock)
{
	struct pt_recorder *r = calloc(1, sizeof(*r));
	if (!r) {
		pt_writer_close(writer);
		pt_kernel_free(clock);
		return -ENOMEM;
	}
	r->writer = writer;
	r->clock = clock;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = r->event < 0 ? -errno : -pthread_create(&r->thread, NULL, run, r);
	if (error) {
		pt_writer_close(writer);
		destroy(r);
		return error;
	}
	*ret = r;
	return 0;
}

/* False: there is no room, or no one to write it. Lock held. */
static bool put(struct pt_recorder *r, const struct item *item, size_t room)
{
	if (r->stop || r->status.error || r->n >= room)
		return false;
	r->queue[(r->first + r->n++) % ROOM] = *item;
	pthread_cond_signal(&r->wake);
	return true;
}

void pt_recorder_push(struct pt_recorder *r, struct pt_snapshot *snapshot)
{
	struct item item = {.snapshot = pt_snapshot_ref(snapshot)};
	pthread_mutex_lock(&r->lock);
	bool again = snapshot->seq <= r->last_seq;
	bool taken = !again && put(r, &item, PT_RECORDER_QUEUE);
	r->status.lost += !taken && !again && !r->stop && !r->status.error;
	if (!again)
		r->last_seq = snapshot->seq;
	pthread_mutex_unlock(&r->lock);
	if (!taken)
		pt_snapshot_unref(snapshot);
}

static void put_now(struct pt_recorder *r, const struct item *item)
{
	pthread_mutex_lock(&r->lock);
	put(r, item, ROOM);
	pthread_mutex_unlock(&r->lock);
}

void pt_recorder_mark(struct pt_recorder *r, uint64_t realtime_ns, pid_t pid, const char *label)
{
	struct item item = {.realtime_ns = realtime_ns, .pid = pid};
	snprintf(item.label, sizeof(item.label), "%s", label);
	put_now(r, &item);
}

void pt_recorder_end(struct pt_recorder *r, uint64_t realtime_ns)
{
	struct item item = {.is_end = true, .realtime_ns = realtime_ns};
	put_now(r, &item);
}

void pt_recorder_stop(struct pt_recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

struct pt_recorder_status pt_recorder_status(struct pt_recorder *r)
{
	uint64_t count;
	ssize_t got = read(r->event, &count, sizeof(count));
	(void)got; /* nothing to take is fine */
	pthread_mutex_lock(&r->lock);
	struct pt_recorder_status status = r->status;
	pthread_mutex_unlock(&r->lock);
	return status;
}

int pt_recorder_fd(struct pt_recorder *r)
{
	return r->event;
}

void pt_recorder_free(struct pt_recorder *r)
{
	if (!r)
		return;
	pt_recorder_stop(r);
	pthread_join(r->thread, NULL);
	destroy(r);
}
