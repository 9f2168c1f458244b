/*
 * The hunt's thread; see hunt.h.
 *
 * One mutex guards what both sides touch: progress, the newest view and answer, what is wished for next. It is never held
 * while the target is looked at. The thread owns the kernel and the target: ptrace binds to it.
 *
 * A target in an uninterruptible sleep can hold mmap_lock and so the thread, for good. Freeing the hunt waits a moment for
 * the thread, which sees that it is cancelled wherever it reads; whoever of the two leaves last cleans up.
 */
#include "core/hunt/hunt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/hunt/run.h"
#include "core/scan/target.h"

#define LEAVE_NS 2000000000ull /* how long freeing waits for the thread */

struct pt_hunt {
	struct pt_kernel *k; /* owned */
	struct pt_target target;
	bool opened;
	struct pt_unwinder *unwinder; /* the thread's; NULL: not needed yet, or not to be had */
	struct pt_hunt_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int event;           /* eventfd the other side polls */
	atomic_bool stopped; /* cancels what is under way */
	/* under the lock: */
	struct pt_hunt_progress progress;
	struct pt_hunt_view *view; /* not yet taken */
	int error;
	struct pt_heap_page *pages;
	size_t n_pages;
	struct pt_object *answer;
	int answer_error;
	uint64_t question;
	bool run, ask, leave, left, abandoned;
};

static void notify(struct pt_hunt *hunt)
{
	uint64_t one = 1;
	ssize_t written = write(hunt->event, &one, sizeof(one));
	(void)written; /* it can only fail when it is readable already */
}

static void destroy(struct pt_hunt *hunt)
{
	pt_hunt_view_unref(hunt->view);
	pt_object_free(hunt->answer);
	free(hunt->pages);
	pt_unwinder_free(hunt->unwinder);
	if (hunt->opened)
		pt_target_close(&hunt->target);
	pthread_cond_destroy(&hunt->wake);
	pthread_mutex_destroy(&hunt->lock);
	if (hunt->event >= 0)
		close(hunt->event);
	pt_kernel_free(hunt->k);
	free(hunt);
}

/* ---- the thread ------------------------------------------------------------------------------------------------- */

static bool is_cancelled(void *arg)
{
	struct pt_hunt *hunt = arg;
	return atomic_load_explicit(&hunt->stopped, memory_order_relaxed);
}

static void tell(void *arg, const struct pt_hunt_progress *now)
{
	struct pt_hunt *hunt = arg;
	pthread_mutex_lock(&hunt->lock);
	hunt->progress = *now;
	pthread_mutex_unlock(&hunt->lock);
	notify(hunt);
}

/* Names are worth having, but not needed. */
static struct pt_unwinder *unwinder(struct pt_hunt *hunt)
{
	if (!hunt->unwinder && pt_unwinder_new(&hunt->unwinder, hunt->k, hunt->target.pid))
		hunt->unwinder = NULL;
	return hunt->unwinder;
}

static void run_once(struct pt_hunt *hunt)
{
	struct pt_hunt_run run = {.target = &hunt->target,
				  .unwinder = unwinder(hunt),
				  .options = hunt->options,
				  .cancelled = is_cancelled,
				  .progress = tell,
				  .arg = hunt};
	struct pt_hunt_result result = {0};
	int error = pt_hunt_run(&run, &result);
	pthread_mutex_lock(&hunt->lock);
	struct pt_hunt_view *old = NULL;
	if (!error) {
		old = hunt->view;
		hunt->view = result.view;
		free(hunt->pages);
		hunt->pages = result.pages;
		hunt->n_pages = result.n_pages;
	}
	if (!hunt->run) /* else it begins anew */
		hunt->error = error;
	hunt->progress.stage = PT_HUNT_DONE;
	hunt->progress.done = 1;
	pthread_mutex_unlock(&hunt->lock);
	pt_hunt_view_unref(old);
	notify(hunt);
}

static void answer(struct pt_hunt *hunt, uint64_t address)
{
	const struct pt_ask_options options = {.cancelled = is_cancelled, .arg = hunt};
	struct pt_object *object = NULL;
	int error = pt_hunt_ask(&object, &hunt->target, unwinder(hunt), address, &options);
	pthread_mutex_lock(&hunt->lock);
	struct pt_object *old = hunt->answer; /* that nobody took */
	hunt->answer = object;
	hunt->answer_error = error;
	pthread_mutex_unlock(&hunt->lock);
	pt_object_free(old);
	notify(hunt);
}

/* Waits for something to do; false when it is time to leave. */
static bool take_wish(struct pt_hunt *hunt, bool *run, uint64_t *address)
{
	pthread_mutex_lock(&hunt->lock);
	while (!hunt->run && !hunt->ask && !hunt->leave)
		pthread_cond_wait(&hunt->wake, &hunt->lock);
	bool go_on = !hunt->leave;
	*run = hunt->run;
	*address = hunt->question;
	if (hunt->run)
		hunt->run = false;
	else
		hunt->ask = false;
	if (go_on)
		atomic_store(&hunt->stopped, false);
	pthread_mutex_unlock(&hunt->lock);
	return go_on;
}

static void *work(void *arg)
{
	struct pt_hunt *hunt = arg;
	uint64_t address;
	bool run;
	while (take_wish(hunt, &run, &address)) {
		if (run)
			run_once(hunt);
		else
			answer(hunt, address);
	}
	pthread_mutex_lock(&hunt->lock);
	hunt->left = true;
	bool abandoned = hunt->abandoned;
	pthread_cond_broadcast(&hunt->wake);
	pthread_mutex_unlock(&hunt->lock);
	if (abandoned)
		destroy(hunt);
	return NULL;
}

/* ---- the other side --------------------------------------------------------------------------------------------- */

/* Signals are for the threads of the caller. */
static int start(struct pt_hunt *hunt)
{
	sigset_t all, before;
	hunt->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hunt->event < 0)
		return -errno;
	hunt->run = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = -pthread_create(&hunt->thread, NULL, work, hunt);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

int pt_hunt_new(struct pt_hunt **ret, struct pt_kernel *k, pid_t pid, const struct pt_hunt_options *options)
{
	struct pt_hunt *hunt = calloc(1, sizeof(*hunt));
	if (!hunt) {
		pt_kernel_free(k);
		return -ENOMEM;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&hunt->lock, NULL);
	pthread_cond_init(&hunt->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	hunt->k = k;
	hunt->event = -1;
	hunt->options = *options;
	hunt->progress = (struct pt_hunt_progress){.done = -1, .suspects = UINT64_MAX};
	int error = pt_target_open(&hunt->target, k, pid, NULL);
	hunt->opened = !error;
	if (!error)
		error = start(hunt);
	if (error) {
		destroy(hunt);
		return error;
	}
	*ret = hunt;
	return 0;
}

static void wait_for_end(struct pt_hunt *hunt)
{
	uint64_t until = hunt->k->ops->now(hunt->k, PT_CLOCK_MONOTONIC) + LEAVE_NS;
	struct timespec at = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
	while (!hunt->left && hunt->k->ops->now(hunt->k, PT_CLOCK_MONOTONIC) < until)
		pthread_cond_timedwait(&hunt->wake, &hunt->lock, &at);
}

void pt_hunt_free(struct pt_hunt *hunt)
{
	if (!hunt)
		return;
	pthread_mutex_lock(&hunt->lock);
	hunt->leave = true;
	atomic_store(&hunt->stopped, true);
	pthread_cond_broadcast(&hunt->wake);
	wait_for_end(hunt);
	bool left = hunt->left;
	pthread_t thread = hunt->thread;
	hunt->abandoned = !left;
	if (!left)
		pthread_detach(thread);
	pthread_mutex_unlock(&hunt->lock);
	if (!left)
		return; /* and the thread may have freed it all by now */
	pthread_join(thread, NULL);
	destroy(hunt);
}

int pt_hunt_fd(const struct pt_hunt *hunt)
{
	return hunt->event;
}

struct pt_hunt_progress pt_hunt_progress(struct pt_hunt *hunt)
{
	uint64_t count;
	ssize_t got = read(hunt->event, &count, sizeof(count));
	(void)got; /* nothing to take is fine */
	pthread_mutex_lock(&hunt->lock);
	struct pt_hunt_progress progress = hunt->progress;
	pthread_mutex_unlock(&hunt->lock);
	return progress;
}

struct pt_hunt_view *pt_hunt_take(struct pt_hunt *hunt, int *ret_error)
{
	pthread_mutex_lock(&hunt->lock);
	struct pt_hunt_view *view = hunt->view;
	hunt->view = NULL;
	if (ret_error)
		*ret_error = view ? 0 : hunt->error;
	pthread_mutex_unlock(&hunt->lock);
	return view;
}

void pt_hunt_ask_for(struct pt_hunt *hunt, uint64_t address)
{
	pthread_mutex_lock(&hunt->lock);
	hunt->ask = true;
	hunt->question = address;
	pthread_cond_broadcast(&hunt->wake);
	pthread_mutex_unlock(&hunt->lock);
}

struct pt_object *pt_hunt_answer(struct pt_hunt *hunt, int *ret_error)
{
	pthread_mutex_lock(&hunt->lock);
	struct pt_object *object = hunt->answer;
	hunt->answer = NULL;
	if (ret_error)
		*ret_error = hunt->answer_error;
	hunt->answer_error = 0;
	pthread_mutex_unlock(&hunt->lock);
	return object;
}

int pt_hunt_pages(struct pt_hunt *hunt, struct pt_heap_page **ret, size_t *ret_n)
{
	pthread_mutex_lock(&hunt->lock);
	size_t n = hunt->n_pages;
	struct pt_heap_page *pages = malloc((n + 1) * sizeof(*pages));
	if (pages && n)
		memcpy(pages, hunt->pages, n * sizeof(*pages));
	pthread_mutex_unlock(&hunt->lock);
	*ret = pages;
	*ret_n = pages ? n : 0;
	return pages ? 0 : -ENOMEM;
}
