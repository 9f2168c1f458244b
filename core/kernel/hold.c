/*
 * Stopping threads; see hold.h. A running thread can start others, so the list of threads is read again until every one
 * in it was stopped before.
 */
#include "core/kernel/hold.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "core/kernel/process.h"
#include "core/kernel/readers.h"

#define ROUNDS   64u                /* of reading the list */
#define PATIENCE (100ull * 1000000) /* ns for those that do not stop at once, all together: a sleep in the kernel */

struct pt_hold {
	struct pt_kernel *k;
	pid_t pid;
	struct pt_held *v;
	size_t n, room;
	uint64_t since, until; /* `until`: of the patience */
	bool released;
};

static long trace(struct pt_hold *h, int request, pid_t tid, uint64_t addr, void *data)
{
	return h->k->ops->ptrace(h->k, request, tid, addr, data);
}

static struct pt_held *find(const struct pt_hold *h, pid_t tid)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].tid == tid)
			return &h->v[i];
	return NULL;
}

/* EPERM can mean that someone else traces it. */
static int why_refused(struct pt_hold *h, int error)
{
	char *text, *line;
	size_t size;
	if (error != -EPERM || pt_read_pid_file(h->k, h->pid, "status", &text, &size))
		return error;
	line = strstr(text, "\nTracerPid:\t");
	if (line && strtol(line + strlen("\nTracerPid:\t"), NULL, 10) > 0)
		error = -EBUSY;
	free(text);
	return error;
}

static int seize(struct pt_hold *h, pid_t tid)
{
	if (h->n == h->room) {
		size_t room = h->room ? h->room * 2 : 16;
		struct pt_held *more = reallocarray(h->v, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		h->v = more;
		h->room = room;
	}
	long error = trace(h, PTRACE_SEIZE, tid, 0, NULL);
	if (error == -ESRCH || error == -EPERM) { /* a thread that ends just now is refused too */
		struct pt_process thread;
		if (pt_read_process(h->k, tid, &thread) || thread.state == 'Z' || thread.state == 'X')
			return 0;
	}
	if (error < 0)
		return why_refused(h, (int)error);
	h->v[h->n++] = (struct pt_held){.tid = tid};
	trace(h, PTRACE_INTERRUPT, tid, 0, NULL);
	return 0;
}

/* Those in the list that are not held yet. */
static int seize_new(struct pt_hold *h, size_t *ret_new)
{
	pid_t *tids;
	size_t n, before = h->n;
	int error = pt_read_threads(h->k, h->pid, &tids, &n);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	for (size_t i = 0; i < n && !error; i++)
		if (!find(h, tids[i]))
			error = seize(h, tids[i]);
	free(tids);
	*ret_new = h->n - before;
	return error;
}

static void await(struct pt_hold *h, struct pt_held *t)
{
	uint64_t now = h->k->ops->now(h->k, PT_CLOCK_MONOTONIC);
	int status, r = h->k->ops->wait(h->k, t->tid, now < h->until ? h->until - now : 0, &status);
	if (r == -ECHILD || (r > 0 && !WIFSTOPPED(status)))
		t->gone = true;
	if (r <= 0 || t->gone)
		return;
	t->stopped = true;
	if (status >> 16 != PTRACE_EVENT_STOP)
		t->signal = WSTOPSIG(status);
}

static int hold_all(struct pt_hold *h)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t more, from = h->n;
		int error = seize_new(h, &more);
		if (error)
			return error;
		for (size_t i = from; i < h->n; i++)
			await(h, &h->v[i]);
		if (more == 0)
			return h->n ? 0 : -ESRCH;
	}
	return -EAGAIN; /* it starts threads faster than they can be stopped */
}

int pt_hold_new(struct pt_hold **ret, struct pt_kernel *k, pid_t pid)
{
	struct pt_hold *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->k = k;
	h->pid = pid;
	h->since = k->ops->now(k, PT_CLOCK_MONOTONIC);
	h->until = h->since + PATIENCE;
	int error = hold_all(h);
	if (error) {
		pt_hold_free(h);
		return error;
	}
	*ret = h;
	return 0;
}

void pt_hold_release(struct pt_hold *h)
{
	h->until = h->k->ops->now(h->k, PT_CLOCK_MONOTONIC) + PATIENCE;
	for (size_t i = 0; i < h->n; i++) {
		struct pt_held *t = &h->v[i];
		if (!t->stopped && !t->gone) { /* only a stopped one can be let go; it may have come out of its sleep */
			trace(h, PTRACE_INTERRUPT, t->tid, 0, NULL);
			await(h, t);
		}
		if (t->stopped && !t->gone)
			t->gone = trace(h, PTRACE_DETACH, t->tid, 0, (void *)(intptr_t)t->signal) >= 0;
	}
	h->released = true;
}

void pt_hold_free(struct pt_hold *h)
{
	if (!h)
		return;
	pt_hold_release(h);
	free(h->v);
	free(h);
}

const struct pt_held *pt_hold_threads(const struct pt_hold *h, size_t *ret_n)
{
	*ret_n = h->n;
	return h->v;
}

int pt_hold_registers(struct pt_hold *h, pid_t tid, unsigned type, void *ret, size_t *size)
{
	const struct pt_held *t = find(h, tid);
	struct iovec iov = {ret, *size};
	if (!t || !t->stopped || t->gone || h->released)
		return -ESRCH;
	long error = trace(h, PTRACE_GETREGSET, tid, type, &iov);
	*size = error < 0 ? 0 : iov.iov_len;
	return error < 0 ? (int)error : 0;
}

uint64_t pt_hold_since(const struct pt_hold *h)
{
	return h->since;
}
