/*
 * Registers of threads that run. Each is stopped, read and let go before the next one, but that those which do not stop at
 * once (they wait for a processor) are looked after meanwhile. New threads may have come, so the list is read again
 * until it has no new ones.
 *
 * A thread of ours does it, which ends with it: a thread in the kernel, in a sleep that nothing ends, cannot be let go
 * before it stops, but the kernel lets go of all that a thread of ours traces when that ends, and when it is killed.
 */
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "core/hunt/roots_parts.h"

#define MICRO      1000ull
#define MILLI      1000000ull
#define ROUNDS     64u
#define FLIGHTS    16u            /* threads that are being stopped at a time, at most */
#define WINDOW     2u             /* and at first: those that stop together wait for each other */
#define SPIN       (20 * MICRO)   /* so long one that runs is asked for without a pause */
#define NAP        (20 * MICRO)   /* between two looks at one, */
#define NAP_MANY   (50 * MICRO)   /* and at several: to stop they need the processor that we have */
#define LONG       (5 * MILLI)    /* without any that stopped: they wait for a processor */
#define PATIENCE   (100 * MILLI)  /* without any that stopped: for who sleeps in the kernel */
#define PATIENCE_R (4000 * MILLI) /* and for who waits for a processor */
#define HURRY      (400 * MILLI) /* the kernel gives who comes first 950 ms of a second, and then makes it wait for 50 */
#define REST       40            /* ms */
#define VECTOR     16384u        /* bytes of vector registers; AMX makes them 11 KiB */
#define GENERAL    1024u

/* One that was told to stop. */
struct flight {
	pid_t tid;
	uint64_t began;
};

struct visit {
	struct pt_gather *gather;
	struct pt_kernel *k;
	pid_t pid;
	struct flight flights[FLIGHTS];
	size_t n, window; /* so many at a time, now */
	unsigned crowd;   /* so many were found to have stopped, one after the other */
	uint64_t ran;     /* when none of them was last seen to have stopped */
	uint64_t landed;  /* when the last one stopped */
	uint64_t rested;  /* when it last left the processor to others */
	bool stuck;       /* one did not stop in time */
	int error;
	uint64_t general[GENERAL / 8], vector[VECTOR / 8];
};

static uint64_t now(struct visit *v)
{
	return v->k->ops->now(v->k, PT_CLOCK_MONOTONIC);
}

static long trace(struct visit *v, int request, pid_t tid, uint64_t addr, void *data)
{
	return v->k->ops->ptrace(v->k, request, tid, addr, data);
}

/* ---- one that has stopped --------------------------------------------------------------------------------------- */

static size_t read_set(struct visit *v, pid_t tid, unsigned type, void *room, size_t size)
{
	struct iovec iov = {room, size};
	return trace(v, PTRACE_GETREGSET, tid, type, &iov) < 0 ? 0 : iov.iov_len;
}

static size_t read_vector(struct visit *v, pid_t tid)
{
#if defined(NT_X86_XSTATE)
	size_t size = read_set(v, tid, NT_X86_XSTATE, v->vector, VECTOR);
	if (size)
		return size;
#endif
	return read_set(v, tid, NT_PRFPREG, v->vector, VECTOR);
}

/* Reads and lets go; what was read is looked at afterwards. */
static void visit_stopped(struct visit *v, const struct flight *flight, int status)
{
	struct pt_roots *roots = v->gather->roots;
	int signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
	size_t vector = 0, general = read_set(v, flight->tid, NT_PRSTATUS, v->general, GENERAL);
	if (general && pt_registers_outside_call(v->general, general))
		vector = read_vector(v, flight->tid);
	trace(v, PTRACE_DETACH, flight->tid, 0, (void *)(intptr_t)signal);
	uint64_t stopped = now(v) - (flight->began > v->ran ? flight->began : v->ran);
	roots->stopped_ns += stopped;
	if (stopped > roots->stopped_ns_max)
		roots->stopped_ns_max = stopped;
	if (!general)
		return; /* it was killed */
	roots->threads++;
	v->error = pt_gather_registers(v->gather, flight->tid, v->general, general, v->vector, vector);
}

/* The flight of a thread, taken off the list; of one that was given up and stopped after all there is none. */
static struct flight take_flight(struct visit *v, pid_t tid)
{
	struct flight flight = {.tid = tid};
	for (size_t i = 0; i < v->n; i++)
		if (v->flights[i].tid == tid) {
			flight = v->flights[i];
			v->flights[i] = v->flights[--v->n];
		}
	return flight;
}

/* Whichever has stopped first is read first. False: none, for so long. */
static bool look(struct visit *v, uint64_t timeout)
{
	int status;
	uint64_t before = now(v);
	int r = v->k->ops->wait(v->k, -1, timeout, &status);
	if (r <= 0) {
		v->ran = before;
		v->crowd = 0;
		v->n = r == 0 ? v->n : 0; /* none is traced any more: they ended */
		return false;
	}
	struct flight flight = take_flight(v, r);
	if (WIFSTOPPED(status))
		visit_stopped(v, &flight, status);
	v->landed = now(v);
	if (++v->crowd > 1 && v->window > WINDOW)
		v->window /= 2;
	return true;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static char state_of(struct visit *v, pid_t tid)
{
	struct pt_process thread;
	return pt_read_process(v->k, tid, &thread) ? 0 : thread.state;
}

/* Leaves unread who does not stop. The kernel lets go of it at our end. */
static void give_up(struct visit *v, bool running_too)
{
	size_t kept = 0;
	for (size_t i = 0; i < v->n; i++) {
		char state = v->error ? 0 : state_of(v, v->flights[i].tid);
		if (v->error || (!running_too && state == 'R')) {
			v->flights[kept++] = v->flights[i];
			continue;
		}
		if (!state)
			continue; /* it ended */
		v->stuck = true;
		v->gather->roots->refused++;
		v->error = pt_gather_thread(v->gather, (struct pt_root_thread){.tid = v->flights[i].tid});
	}
	v->n = kept;
}

/* Until there is room for one more, or none is under way. */
static void land(struct visit *v, bool all)
{
	uint64_t asked = v->landed = now(v);
	while (v->n && (all || v->n >= v->window) && !v->error) {
		look(v, v->n > 1 ? NAP_MANY : NAP);
		uint64_t at = now(v);
		if (v->landed > asked)
			asked = v->landed;
		if (at - v->landed > LONG && v->window < FLIGHTS)
			v->window *= 2;
		if (at - asked < PATIENCE)
			continue;
		give_up(v, at - v->landed > PATIENCE_R);
		asked = at;
	}
}

static int why_refused(struct visit *v, pid_t tid, int error)
{
	static const char key[] = "\nTracerPid:\t";
	char path[64], *text;
	const char *line;
	size_t size;
	char state = state_of(v, tid);
	if (!state || state == 'Z' || state == 'X') /* a thread that ends just now is refused too */
		return 0;
	snprintf(path, sizeof(path), "proc/%d/status", (int)tid);
	if (error != -EPERM || pt_kernel_slurp(v->k, path, &text, &size))
		return error;
	line = strstr(text, key);
	if (line && strtol(line + strlen(key), NULL, 10) > 0)
		error = -EBUSY;
	free(text);
	return error;
}

/* While nobody stands still; else the kernel would see to it when somebody does. */
static void rest(struct visit *v)
{
	land(v, true);
	poll(NULL, 0, REST);
	v->rested = now(v);
}

static void visit_thread(struct visit *v, pid_t tid)
{
	if (now(v) - v->rested > HURRY)
		rest(v);
	land(v, false);
	if (v->stuck && state_of(v, tid) == 'D') {
		v->gather->roots->refused++;
		v->error = pt_gather_thread(v->gather, (struct pt_root_thread){.tid = tid});
		return;
	}
	long error = trace(v, PTRACE_SEIZE, tid, 0, NULL);
	if (error < 0) {
		v->error = why_refused(v, tid, (int)error);
		return;
	}
	uint64_t began = now(v);
	v->flights[v->n++] = (struct flight){.tid = tid, .began = began};
	trace(v, PTRACE_INTERRUPT, tid, 0, NULL);
	while (v->n && now(v) - began < SPIN && !v->error)
		look(v, 0);
}

static int by_tid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
	return (x > y) - (x < y);
}

/* Those in the list that were not in the last one. */
static bool visit_new(struct visit *v, pid_t **seen, size_t *n_seen)
{
	pid_t *tids;
	size_t n, at = 0;
	bool more = false;
	int error = pt_read_threads(v->k, v->pid, &tids, &n);
	if (error || !n) {
		v->error = !error || error == -ENOENT ? -ESRCH : error;
		return false;
	}
	qsort(tids, n, sizeof(*tids), by_tid);
	for (size_t i = 0; i < n && !v->error; i++) {
		while (at < *n_seen && (*seen)[at] < tids[i])
			at++;
		if (at < *n_seen && (*seen)[at] == tids[i])
			continue;
		more = true;
		visit_thread(v, tids[i]);
	}
	land(v, true);
	free(*seen);
	*seen = tids;
	*n_seen = n;
	return more && !v->error;
}

/*
 * While somebody stands still for us, nobody else's work comes first, but the kernel's, whose threads begin in the middle;
 * where that is not permitted, it may.
 */
static void hurry(void)
{
	const int middle = (sched_get_priority_min(SCHED_FIFO) + sched_get_priority_max(SCHED_FIFO)) / 2;
	const struct sched_param below = {.sched_priority = middle - 1};
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &below);
}

static void *visit_all(void *arg)
{
	struct visit *v = arg;
	pid_t *seen = NULL;
	size_t n = 0;
	hurry();
	v->rested = now(v);
	for (unsigned round = 0; round < ROUNDS; round++)
		if (!visit_new(v, &seen, &n))
			break;
	free(seen);
	return NULL;
}

int pt_gather_threads(struct pt_gather *gather)
{
	const struct pt_target *target = gather->memory->target;
	struct visit *v = malloc(sizeof(*v));
	pthread_t thread;
	if (!v)
		return -ENOMEM;
	memset(v, 0, sizeof(*v)); /* so that no page of it has to be made while somebody stands still */
	v->gather = gather;
	v->k = target->k;
	v->pid = target->pid;
	v->window = WINDOW;
	int error = -pthread_create(&thread, NULL, visit_all, v);
	if (!error) {
		pthread_join(thread, NULL);
		error = v->error;
	}
	if (!error && !gather->roots->n_threads)
		error = -ESRCH;
	free(v);
	return error;
}

int pt_gather_held(struct pt_gather *gather, struct pt_hold *held)
{
	size_t n;
	const struct pt_held *threads = pt_hold_threads(held, &n);
	uint64_t general[GENERAL / 8], *vector = malloc(VECTOR);
	int error = vector ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && !error; i++) {
		size_t size = GENERAL, vector_size = VECTOR;
		if (threads[i].gone)
			continue;
		if (pt_hold_registers(held, threads[i].tid, NT_PRSTATUS, general, &size)) {
			gather->roots->refused++;
			error = pt_gather_thread(gather, (struct pt_root_thread){.tid = threads[i].tid});
			continue;
		}
#if defined(NT_X86_XSTATE)
		if (!pt_registers_outside_call(general, size) ||
		    pt_hold_registers(held, threads[i].tid, NT_X86_XSTATE, vector, &vector_size))
#endif
			vector_size = 0;
		gather->roots->threads++;
		error = pt_gather_registers(gather, threads[i].tid, general, size, vector, vector_size);
	}
	free(vector);
	return error;
}
