/*
 * One mutex and one condition variable for all of a worker. Owner and thread hold a reference each; whoever lets go
 * last frees it, so neither ever waits for the other without a limit.
 */
#include "tui/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct ui_worker {
	const struct ui_worker_ops *ops;
	void *state;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;
	bool stop, ended;
	bool asked;   /* `request` waits */
	bool working; /* `current` is being answered */
	void *request, *current;
	void *result;
	int fd; /* eventfd: counts while `result` waits */
};

static void unref_locked(struct ui_worker *w)
{
	bool last = --w->refs == 0;
	pthread_mutex_unlock(&w->lock);
	if (!last)
		return;
	if (w->result)
		w->ops->drop(w->result);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	close(w->fd);
	free(w->request);
	free(w->current);
	free(w);
}

static void *run(void *arg)
{
	struct ui_worker *w = arg;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->asked && !w->stop)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->stop)
			break;
		memcpy(w->current, w->request, w->ops->request_size);
		w->asked = false;
		w->working = true;
		pthread_mutex_unlock(&w->lock);
		w->ops->work(w, w->state, w->current);
		pthread_mutex_lock(&w->lock);
		w->working = false;
	}
	pthread_mutex_unlock(&w->lock);
	w->ops->close(w->state);
	pthread_mutex_lock(&w->lock);
	w->ended = true;
	pthread_cond_broadcast(&w->changed);
	unref_locked(w);
	return NULL;
}

void ui_block_signals(sigset_t *ret_before)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
	sigset_t mask;
	sigfillset(&mask);
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		sigdelset(&mask, crashes[i]);
	pthread_sigmask(SIG_SETMASK, &mask, ret_before);
}

static int start_detached(void *(*f)(void *), void *arg)
{
	sigset_t before;
	pthread_t thread;
	ui_block_signals(&before);
	int error = pthread_create(&thread, NULL, f, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_detach(thread);
	return -error;
}
static int init_sync(pthread_mutex_t *lock, pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	int error = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return error ? -error : -pthread_mutex_init(lock, NULL);
}

int ui_worker_new(struct ui_worker **ret, const struct ui_worker_ops *ops, void *state)
{
	struct ui_worker *w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	w->ops = ops;
	w->state = state;
	w->refs = 2;
	w->request = malloc(ops->request_size);
	w->current = malloc(ops->request_size);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int error = !w->request || !w->current ? -ENOMEM : w->fd < 0 ? -errno : init_sync(&w->lock, &w->changed);
	if (!error)
		error = start_detached(run, w);
	if (error) {
		if (w->fd >= 0)
			close(w->fd);
		free(w->request);
		free(w->current);
		free(w);
		return error;
	}
	*ret = w;
	return 0;
}

static struct timespec deadline_in(int ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

bool ui_worker_free(struct ui_worker *w, int wait_ms)
{
	if (!w)
		return true;
	struct timespec deadline = deadline_in(wait_ms);
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	while (wait_ms > 0 && !w->ended)
		if (pthread_cond_timedwait(&w->changed, &w->lock, &deadline))
			break;
	bool ended = w->ended;
	unref_locked(w);
	return ended;
}

void ui_worker_ask(struct ui_worker *w, const void *request)
{
	pthread_mutex_lock(&w->lock);
	memcpy(w->request, request, w->ops->request_size);
	w->asked = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void ui_worker_publish(struct ui_worker *w, void *result)
{
	pthread_mutex_lock(&w->lock);
	void *before = w->result;
	w->result = result;
	if (!before) {
		ssize_t written = write(w->fd, &(uint64_t){1}, sizeof(uint64_t));
		(void)written; /* one waiting result is counted once: it cannot be full */
	}
	pthread_mutex_unlock(&w->lock);
	if (before)
		w->ops->drop(before);
}

void *ui_worker_take(struct ui_worker *w)
{
	uint64_t count;
	pthread_mutex_lock(&w->lock);
	void *result = w->result;
	w->result = NULL;
	if (result) {
		ssize_t got = read(w->fd, &count, sizeof count);
		(void)got;
	}
	pthread_mutex_unlock(&w->lock);
	return result;
}

bool ui_worker_interrupted(struct ui_worker *w)
{
	pthread_mutex_lock(&w->lock);
	bool yes = w->stop || w->asked;
	pthread_mutex_unlock(&w->lock);
	return yes;
}

bool ui_worker_busy(struct ui_worker *w)
{
	pthread_mutex_lock(&w->lock);
	bool yes = w->asked || w->working;
	pthread_mutex_unlock(&w->lock);
	return yes;
}

int ui_worker_fd(const struct ui_worker *w)
{
	return w->fd;
}

void ui_worker_wait(const struct ui_worker *w, int wait_ms)
{
	struct pollfd polled = {.fd = w->fd, .events = POLLIN};
	poll(&polled, 1, wait_ms);
}
