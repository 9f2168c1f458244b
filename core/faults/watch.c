/*
 * The watching thread; see watch.h.
 *
 * It takes turns (turn.c) and makes views (show.c). Between turns the thread sleeps until a ring fills up, some time has passed, the
 * process has ended, or somebody wants something.
 *
 * A thread that is stuck in the kernel is left behind when the watch is freed, and whoever of the two leaves last cleans
 * up.
 */
#include "core/faults/watching.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS   1000000000ull
#define IDLE_NS     100000000ull    /* between two looks while nothing happens */
#define LEAVE_NS    500000000ull    /* how long freeing waits for the thread */
#define PATIENCE_NS 100000000ull    /* and who wants names */
#define FINISH_NS   (5 * SECOND_NS) /* and a last look */
#define LAST_NS     50000000.0      /* CPU time for a last look at what came */
#define BUDGET      0.05
#define ROWS        100
#define MEMORY      (64ull << 20)
#define STACK_BYTES 8192 /* of each fault: deep enough for 95 % and more of stacks */
/*
 * What is assumed of pagetop's cost before it was measured, and how many faults a second the target is to pay for: 0.7 us
 * each, 2.7 us with a stack (tests/bench/faults), which makes 3 % of a core; not to be told of costs 0.05 us.
 */
#define EACH_NS         2000.0
#define EACH_STACK_NS   8000.0
#define PERIOD_STACKS   8 /* in the beginning */
#define TOLD_MAX        40000.0
#define TOLD_MAX_STACKS 10000.0

void pt_watch_notify(int fd)
{
	uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));
	(void)written; /* it can only fail when it is readable already */
}

static void take_notice(int fd)
{
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof(count));
	(void)got; /* nothing to take is fine */
}

/* ---- the thread ------------------------------------------------------------------------------------------------- */

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
}

/* In debt it does not wait for faults, but until there is time for them. */
static void wait_for_faults(struct pt_fault_watch *w)
{
	uint64_t debt = pt_fault_pace_wait(&w->pace), at = pt_watch_now(w, PT_CLOCK_MONOTONIC);
	uint64_t soon = pt_fault_pace_interval(&w->pace), ns = w->records || soon > IDLE_NS ? soon : IDLE_NS;
	if (w->next_view_ns < at + ns)
		ns = w->next_view_ns > at ? w->next_view_ns - at : 0;
	struct pollfd polled[] = {{.fd = w->wake, .events = POLLIN},
				  {.fd = w->pidfd, .events = POLLIN},
				  {.fd = pt_faults_fd(w->stream), .events = POLLIN}};
	struct timespec timeout = timespec_of(debt > ns ? debt : ns);
	ppoll(polled, debt ? 2 : 3, &timeout, NULL);
	take_notice(w->wake);
	w->ended = w->k->ops->ended(w->k, w->pidfd) == 1;
}

static bool leaving(struct pt_fault_watch *w)
{
	pthread_mutex_lock(&w->lock);
	bool leave = w->leave;
	pthread_mutex_unlock(&w->lock);
	return leave;
}

static void destroy(struct pt_fault_watch *w)
{
	pt_faults_close(w->stream);
	pt_join_free(w->join);
	pt_tally_free(w->tally);
	pt_besides_close(&w->besides);
	pt_stacks_free(w->stacks);
	pt_unwinder_free(w->unwinder);
	pt_cpu_nodes_free(&w->nodes);
	pt_fault_steps_free(w->steps);
	pt_snapshot_unref(w->frame);
	while (w->n_ready_steps)
		pt_fault_step_unref(w->ready_steps[--w->n_ready_steps]);
	pt_fault_view_unref(w->newest);
	pt_snapshot_unref(w->snapshot);
	if (w->pidfd >= 0)
		w->k->ops->close(w->k, w->pidfd);
	if (w->wake >= 0)
		close(w->wake);
	if (w->ready >= 0)
		close(w->ready);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	pthread_mutex_destroy(&w->tables);
	pthread_mutex_destroy(&w->naming);
	pt_kernel_free(w->k);
	free(w);
}

/* What is in the rings is looked at, whatever was spent before, if anybody still wants to know; then there are no events. */
static void finish(struct pt_fault_watch *w)
{
	pthread_mutex_lock(&w->lock);
	bool wanted = !w->freed;
	pthread_mutex_unlock(&w->lock);
	w->pace.fixed = true;
	w->pace.balance_ns = LAST_NS;
	if (wanted) {
		pt_watch_turn(w);
		pt_watch_count(w);
		pt_watch_cut(w, w->frame, true);
	}
	pt_faults_close(w->stream);
	w->stream = NULL;
	if (wanted)
		pt_watch_show(w, true);
}

static void *run(void *arg)
{
	struct pt_fault_watch *w = arg;
	w->spent_ns = w->viewed_spent_ns = pt_watch_now(w, PT_CLOCK_THREAD_CPU);
	pt_cpu_nodes_read(w->k, &w->nodes);
	while (!w->ended && !leaving(w)) {
		wait_for_faults(w);
		pt_watch_turn(w);
		pt_watch_show_in_time(w);
	}
	finish(w);
	pthread_mutex_lock(&w->lock);
	w->left = true;
	bool abandoned = w->abandoned;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (abandoned)
		destroy(w);
	return NULL;
}

/* ---- beginning -------------------------------------------------------------------------------------------------- */

static void set_options(struct pt_fault_watch *w, const struct pt_fault_watch_options *options)
{
	w->options = *options;
	if (!(w->options.budget > 0))
		w->options.budget = BUDGET;
	if (!w->options.interval_ns)
		w->options.interval_ns = SECOND_NS;
	if (!w->options.rows)
		w->options.rows = ROWS;
	if (!w->options.memory)
		w->options.memory = MEMORY;
	if (w->options.stacks && !pt_user_regs()) {
		w->options.stacks = false;
		w->stacks_error = -EOPNOTSUPP;
	}
}

static int open_stream(struct pt_fault_watch *w)
{
	bool stacks = w->options.stacks;
	uint64_t period = w->options.period ? w->options.period : stacks ? PERIOD_STACKS : 1;
	const struct pt_fault_options options = {.period = period,
						 .stack_bytes = stacks ? STACK_BYTES : 0,
						 .from_exec = w->options.from_exec,
						 .codes = true};
	w->began_ns = w->viewed_ns = pt_watch_now(w, PT_CLOCK_MONOTONIC);
	w->next_view_ns = w->began_ns + w->options.interval_ns;
	w->period_most = period;
	pt_fault_pace_init(&w->pace, w->options.budget, period, stacks ? EACH_STACK_NS : EACH_NS, w->began_ns);
	w->pace.told_max = stacks ? TOLD_MAX_STACKS : TOLD_MAX;
	w->pace.fixed = w->options.period != 0;
	return pt_faults_open(&w->stream, w->k, w->pid, &options);
}

/* Without stacks the rest is still worth having. */
static int make_parts(struct pt_fault_watch *w)
{
	uint64_t part = w->options.memory / 4;
	w->stacks = pt_stacks_new(part);
	w->tally = pt_tally_new(w->k->page_shift, 2 * part, w->began_ns);
	if (!w->stacks || !w->tally)
		return -ENOMEM;
	if (w->options.stacks)
		w->stacks_error = pt_unwinder_new(&w->unwinder, w->k, w->pid);
	if (w->stacks_error)
		w->unwinder = NULL;
	pt_besides_open(&w->besides, w->k, w->pid, &w->options, w->pace.period);
	return pt_join_new(&w->join, w->k, w->pid, part);
}

static int open_watch(struct pt_fault_watch *w)
{
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake < 0 || w->ready < 0)
		return -errno;
	w->pidfd = w->k->ops->pidfd(w->k, w->pid);
	if (w->pidfd < 0)
		return w->pidfd;
	int error = open_stream(w);
	return error ? error : make_parts(w);
}

/* Signals are for whoever has the terminal. */
static int start(struct pt_fault_watch *w)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int pt_fault_watch_new(struct pt_fault_watch **ret, struct pt_kernel *k, pid_t pid,
		       const struct pt_fault_watch_options *options)
{
	struct pt_fault_watch *w = calloc(1, sizeof(*w));
	if (!w) {
		pt_kernel_free(k);
		return -ENOMEM;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&w->lock, NULL);
	pthread_mutex_init(&w->tables, NULL);
	pthread_mutex_init(&w->naming, NULL);
	w->k = k;
	w->pid = pid;
	w->wake = w->ready = w->pidfd = -1;
	set_options(w, options);
	int error = open_watch(w);
	if (!error)
		error = start(w);
	if (error) {
		destroy(w);
		return error;
	}
	*ret = w;
	return 0;
}

/* ---- from any thread -------------------------------------------------------------------------------------------- */

void pt_fault_watch_snapshot(struct pt_fault_watch *w, struct pt_snapshot *snapshot)
{
	pthread_mutex_lock(&w->lock);
	struct pt_snapshot *old = w->snapshot;
	w->snapshot = pt_snapshot_ref(snapshot);
	pt_watch_notify(w->wake); /* it is to be used before the next one takes its place */
	pthread_mutex_unlock(&w->lock);
	pt_snapshot_unref(old);
}

int pt_fault_watch_fd(const struct pt_fault_watch *w)
{
	return w->ready;
}

struct pt_fault_view *pt_fault_watch_take(struct pt_fault_watch *w)
{
	take_notice(w->ready);
	pthread_mutex_lock(&w->lock);
	struct pt_fault_view *view = w->fresh && w->newest ? pt_fault_view_ref(w->newest) : NULL;
	w->fresh = false;
	pthread_mutex_unlock(&w->lock);
	return view;
}

/* Tells the thread to leave, and waits so long for it; whether it has. Lock held. */
static bool see_off(struct pt_fault_watch *w, uint64_t patience_ns)
{
	struct timespec until = timespec_of(pt_watch_now(w, PT_CLOCK_MONOTONIC) + patience_ns);
	int error = 0;
	w->leave = true;
	pt_watch_notify(w->wake);
	while (!w->left && !error)
		error = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	return w->left;
}

struct pt_fault_view *pt_fault_watch_finish(struct pt_fault_watch *w)
{
	pthread_mutex_lock(&w->lock);
	see_off(w, FINISH_NS);
	struct pt_fault_view *view = w->newest ? pt_fault_view_ref(w->newest) : NULL;
	pthread_mutex_unlock(&w->lock);
	return view;
}

int pt_fault_watch_calls(struct pt_fault_watch *w, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n)
{
	pthread_mutex_lock(&w->tables);
	bool there = id && id <= pt_stacks_n(w->stacks);
	const struct pt_stack *stack = there ? pt_stacks_get(w->stacks, id) : NULL;
	pthread_mutex_unlock(&w->tables);
	if (!stack)
		return -ENOENT;
	struct timespec until = timespec_of(pt_watch_now(w, PT_CLOCK_MONOTONIC) + PATIENCE_NS);
	if (pthread_mutex_clocklock(&w->naming, CLOCK_MONOTONIC, &until))
		return -EAGAIN;
	int error = pt_fault_name_calls(stack->image == w->image ? w->unwinder : NULL, stack, true, ret);
	pthread_mutex_unlock(&w->naming);
	if (!error)
		*ret_n = stack->n;
	return error;
}

bool pt_fault_watch_alloc(struct pt_fault_watch *w, uint64_t pfn, struct pt_alloc *ret, char *ret_flags, size_t size)
{
	pthread_mutex_lock(&w->tables);
	bool found = w->besides.allocs && pt_allocs_find(w->besides.allocs, pfn, ret);
	if (found)
		pt_allocs_flags(w->besides.allocs, ret->flags, ret_flags, size);
	pthread_mutex_unlock(&w->tables);
	return found;
}

pt_stack_id pt_fault_watch_birth(struct pt_fault_watch *w, uint64_t address, uint64_t *ret_time_ns)
{
	pthread_mutex_lock(&w->tables);
	pt_stack_id id = pt_tally_birth(w->tally, address, ret_time_ns);
	pthread_mutex_unlock(&w->tables);
	return id;
}

void pt_fault_watch_free(struct pt_fault_watch *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->freed = true;
	bool left = see_off(w, LEAVE_NS);
	pthread_t thread = w->thread;
	w->abandoned = !left;
	if (!left)
		pthread_detach(thread);
	pthread_mutex_unlock(&w->lock);
	if (!left)
		return; /* and the thread may have freed it all by now */
	pthread_join(thread, NULL);
	destroy(w);
}
