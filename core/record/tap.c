/*
 * See tap.h. One mutex; what happens under it never waits for a disk.
 */
#include "core/record/tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct pt_tap {
	pthread_mutex_t lock;
	struct pt_recorder *recorder; /* NULL: none */
	struct pt_snapshot *newest;   /* NULL: none yet */
	unsigned refs;                /* atomic */
};

int pt_tap_new(struct pt_tap **ret)
{
	struct pt_tap *tap = calloc(1, sizeof(*tap));
	if (!tap)
		return -ENOMEM;
	pthread_mutex_init(&tap->lock, NULL);
	tap->refs = 1;
	*ret = tap;
	return 0;
}

void pt_tap_unref(struct pt_tap *tap)
{
	if (!tap || __atomic_sub_fetch(&tap->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	pt_snapshot_unref(tap->newest);
	pthread_mutex_destroy(&tap->lock);
	free(tap);
}

static void take(void *arg, struct pt_snapshot *snapshot)
{
	struct pt_tap *tap = arg;
	pthread_mutex_lock(&tap->lock);
	struct pt_snapshot *old = tap->newest;
	tap->newest = pt_snapshot_ref(snapshot);
	if (tap->recorder)
		pt_recorder_push(tap->recorder, snapshot);
	pthread_mutex_unlock(&tap->lock);
	pt_snapshot_unref(old);
}

static void leave(void *arg)
{
	pt_tap_unref(arg);
}

struct pt_feed_sink pt_tap_sink(struct pt_tap *tap)
{
	__atomic_fetch_add(&tap->refs, 1, __ATOMIC_RELAXED);
	return (struct pt_feed_sink){take, leave, tap};
}

void pt_tap_set(struct pt_tap *tap, struct pt_recorder *recorder)
{
	pthread_mutex_lock(&tap->lock);
	tap->recorder = recorder;
	if (recorder && tap->newest)
		pt_recorder_push(recorder, tap->newest);
	pthread_mutex_unlock(&tap->lock);
}
