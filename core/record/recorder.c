/*
 * The writing thread; see recorder.h. One mutex guards the queue and the status, and is never held while writing.
 */
#include "core/record/recorder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SMALL_MOST 16384 /* marks, processes and samples that wait: a minute of a hundred processes */
#define TOGETHER   64    /* samples in one transaction */

struct item {
	enum { FRAME, MARK, PROCESS, SAMPLE, END, FAULTS } what;
	struct pt_snapshot *snapshot; /* of a frame; else NULL */
	struct pt_fault_step *step;   /* of FAULTS; else NULL */
	uint64_t realtime_ns;         /* of a mark and the end */
	pid_t pid;                    /* of whoever set a mark */
	char label[sizeof(((struct pt_mark *)0)->label)];
	struct pt_recorded process; /* of PROCESS and SAMPLE */
	struct pt_recorded_sample sample;
};

struct items {
	struct item *v;
	size_t n, room;
};

struct pt_recorder {
	struct pt_writer *writer; /* the thread's */
	struct pt_kernel *clock;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event;
	/* under the lock: */
	struct items queue;
	size_t frames, steps, small; /* that wait, in the queue or with the thread */
	uint64_t last_seq;           /* of what was pushed */
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

/* All that waits, in exchange for what has been written; false when there is nothing more to come. */
static bool take(struct pt_recorder *r, struct items *batch)
{
	pthread_mutex_lock(&r->lock);
	while (!r->queue.n && !r->stop)
		pthread_cond_wait(&r->wake, &r->lock);
	struct items taken = r->queue;
	r->queue = *batch;
	r->queue.n = 0;
	*batch = taken;
	pthread_mutex_unlock(&r->lock);
	return taken.n > 0;
}

/* How many of these are samples one after the other, which go into one transaction. */
static size_t count_samples(const struct item *items, size_t n)
{
	size_t samples = 0;
	while (samples < n && samples < TOGETHER && items[samples].what == SAMPLE)
		samples++;
	return samples;
}

static int write_samples(struct pt_recorder *r, const struct item *items, size_t n)
{
	const struct pt_recorded *processes[TOGETHER];
	struct pt_recorded_sample samples[TOGETHER];
	for (size_t i = 0; i < n; i++) {
		processes[i] = &items[i].process;
		samples[i] = items[i].sample;
	}
	return pt_writer_samples(r->writer, processes, samples, n);
}

/* The first of these, with those that go with it; *ret_n: how many. */
static int write_some(struct pt_recorder *r, const struct item *items, size_t n, size_t *ret_n)
{
	*ret_n = 1;
	switch (items->what) {
	case FRAME: return pt_writer_frame(r->writer, items->snapshot);
	case MARK: return pt_writer_mark(r->writer, items->realtime_ns, items->pid, items->label);
	case PROCESS: return pt_writer_process(r->writer, &items->process);
	case FAULTS: return pt_writer_faults(r->writer, items->step);
	case SAMPLE: *ret_n = count_samples(items, n); return write_samples(r, items, *ret_n);
	default: return pt_writer_end(r->writer, items->realtime_ns);
	}
}

/* How many of its like wait, or are being written. Lock held. */
static size_t *waiting(struct pt_recorder *r, const struct item *item)
{
	return item->what == FRAME ? &r->frames : item->what == FAULTS ? &r->steps : &r->small;
}

static void note(struct pt_recorder *r, const struct item *items, size_t n, int error)
{
	uint64_t cpu = r->clock ? r->clock->ops->now(r->clock, PT_CLOCK_THREAD_CPU) : 0;
	bool is_frame = items->what == FRAME;
	pthread_mutex_lock(&r->lock);
	r->status.cpu_ns = cpu;
	*waiting(r, items) -= n;
	if (error && !r->status.error) {
		r->status.error = error;
		snprintf(r->status.message, sizeof(r->status.message), "%s", pt_writer_message(r->writer));
	}
	r->status.frames += is_frame && !error;
	pthread_mutex_unlock(&r->lock);
	if (is_frame || error)
		notify(r);
}

static void write_batch(struct pt_recorder *r, const struct items *batch, int *error)
{
	for (size_t i = 0, n; i < batch->n; i += n) {
		n = 1;
		if (!*error) {
			*error = write_some(r, &batch->v[i], batch->n - i, &n);
			note(r, &batch->v[i], n, *error);
		}
		pt_snapshot_unref(batch->v[i].snapshot);
		pt_fault_step_unref(batch->v[i].step);
	}
}

static void *run(void *arg)
{
	struct pt_recorder *r = arg;
	struct items batch = {0};
	int error = 0;
	while (take(r, &batch))
		write_batch(r, &batch, &error);
	free(batch.v);
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
static bool put(struct pt_recorder *r, const struct item *item)
{
	struct items *queue = &r->queue;
	bool is_small = item->what != FRAME && item->what != FAULTS;
	if (r->stop || r->status.error || *waiting(r, item) >= (is_small ? SMALL_MOST : PT_RECORDER_QUEUE))
		return false;
	if (queue->n == queue->room) {
		size_t room = queue->room ? queue->room * 2 : 16;
		struct item *v = realloc(queue->v, room * sizeof(*v));
		if (!v)
			return false;
		queue->v = v;
		queue->room = room;
	}
	queue->v[queue->n++] = *item;
	++*waiting(r, item);
	pthread_cond_signal(&r->wake);
	return true;
}

void pt_recorder_push(struct pt_recorder *r, struct pt_snapshot *snapshot)
{
	struct item item = {.what = FRAME, .snapshot = pt_snapshot_ref(snapshot)};
	pthread_mutex_lock(&r->lock);
	bool again = snapshot->seq <= r->last_seq;
	bool taken = !again && put(r, &item);
	r->status.lost += !taken && !again && !r->stop && !r->status.error;
	if (!again)
		r->last_seq = snapshot->seq;
	pthread_mutex_unlock(&r->lock);
	if (!taken)
		pt_snapshot_unref(snapshot);
}

static bool put_small(struct pt_recorder *r, const struct item *item)
{
	pthread_mutex_lock(&r->lock);
	bool taken = put(r, item);
	r->status.lost_small += !taken && !r->stop && !r->status.error;
	pthread_mutex_unlock(&r->lock);
	return taken;
}

void pt_recorder_faults(struct pt_recorder *r, struct pt_fault_step *step)
{
	struct item item = {.what = FAULTS, .step = pt_fault_step_ref(step)};
	if (!put_small(r, &item))
		pt_fault_step_unref(step);
}

void pt_recorder_mark(struct pt_recorder *r, uint64_t realtime_ns, pid_t pid, const char *label)
{
	struct item item = {.what = MARK, .realtime_ns = realtime_ns, .pid = pid};
	snprintf(item.label, sizeof(item.label), "%s", label);
	put_small(r, &item);
}

void pt_recorder_process(struct pt_recorder *r, const struct pt_recorded *process)
{
	struct item item = {.what = PROCESS, .process = *process};
	put_small(r, &item);
}

void pt_recorder_sample(struct pt_recorder *r, const struct pt_recorded *process,
			const struct pt_recorded_sample *sample)
{
	struct item item = {.what = SAMPLE, .process = *process, .sample = *sample};
	put_small(r, &item);
}

void pt_recorder_end(struct pt_recorder *r, uint64_t realtime_ns)
{
	struct item item = {.what = END, .realtime_ns = realtime_ns};
	put_small(r, &item);
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

struct pt_recorder_status pt_recorder_finish(struct pt_recorder *r)
{
	struct pt_recorder_status status;
	pt_recorder_stop(r);
	while (status = pt_recorder_status(r), !status.stopped) {
		struct pollfd fd = {r->event, POLLIN, 0};
		poll(&fd, 1, -1);
	}
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
	free(r->queue.v);
	destroy(r);
}
