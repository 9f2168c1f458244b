/*
 * On which nodes the threads of a process run, and what is far from them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"
#include "core/kernel/readers.h"
#include "core/machine/nodes.h"

/* Fields of stat, counted from the state, which is the first behind the name. */
enum { FIELD_UTIME = 11, FIELD_STIME = 12, FIELD_CPU = 36 };

bool pt_parse_thread_cpu(const char *text, size_t size, unsigned *ret_cpu, uint64_t *ret_ticks)
{
	const char *at = text + size;
	uint64_t number = 0, ticks = 0;
	while (at > text && at[-1] != ')') /* the name may have anything in it */
		at--;
	if (at == text)
		return false;
	struct pt_cursor c = {at, text + size};
	for (int field = 0; field <= FIELD_CPU; field++) {
		pt_skip_blanks(&c);
		if (field == FIELD_UTIME || field == FIELD_STIME || field == FIELD_CPU) {
			if (!pt_take_decimal(&c, &number))
				return false;
			ticks += field == FIELD_CPU ? 0 : number;
		}
		while (c.at < c.end && *c.at != ' ' && *c.at != '\n')
			c.at++;
	}
	if (number > UINT32_MAX)
		return false;
	*ret_cpu = (unsigned)number;
	*ret_ticks = ticks;
	return true;
}

static bool read_thread(struct pt_kernel *k, pid_t pid, const struct pt_nodes *nodes, struct pt_node_thread *ret)
{
	char path[64], *text;
	size_t size;
	unsigned cpu;
	snprintf(path, sizeof(path), "proc/%d/task/%d/stat", (int)pid, (int)ret->tid);
	if (pt_kernel_slurp(k, path, &text, &size)) /* it has ended */
		return false;
	bool parsed = pt_parse_thread_cpu(text, size, &cpu, &ret->ticks);
	bool known = parsed && cpu < nodes->n_cpus && nodes->of_cpu[cpu] >= 0;
	ret->node = known ? (size_t)nodes->of_cpu[cpu] : nodes->n;
	free(text);
	return parsed;
}

static int by_tid(const void *a, const void *b)
{
	const struct pt_node_thread *x = a, *y = b;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

int pt_node_threads_read(struct pt_kernel *k, pid_t pid, const struct pt_nodes *nodes, struct pt_node_threads *ret)
{
	pid_t *tids;
	size_t n;
	int error = pt_read_threads(k, pid, &tids, &n);
	if (error)
		return error;
	struct pt_node_threads threads = {.v = calloc(n + 1, sizeof(*threads.v))};
	for (size_t i = 0; threads.v && i < n; i++) {
		threads.v[threads.n].tid = tids[i];
		threads.n += read_thread(k, pid, nodes, &threads.v[threads.n]);
	}
	free(tids);
	if (!threads.v)
		return -ENOMEM;
	if (threads.n)
		qsort(threads.v, threads.n, sizeof(*threads.v), by_tid);
	*ret = threads;
	return 0;
}

/* A thread that has not used a tick yet counts as a little. */
static double weight(const struct pt_node_thread *thread)
{
	return (double)thread->ticks + 0.01;
}

bool pt_node_shares(const struct pt_nodes *nodes, const struct pt_node_threads *threads, pid_t tid, double *shares)
{
	double all = 0;
	for (size_t i = 0; i < nodes->n; i++)
		shares[i] = 0;
	for (size_t i = 0; i < threads->n; i++) {
		const struct pt_node_thread *thread = &threads->v[i];
		if (thread->node >= nodes->n || (tid && thread->tid != tid))
			continue;
		shares[thread->node] += weight(thread);
		all += weight(thread);
	}
	for (size_t i = 0; all > 0 && i < nodes->n; i++)
		shares[i] /= all;
	return all > 0;
}

struct pt_maybe pt_nodes_remote(const struct pt_nodes *nodes, const uint64_t *pages, const double *shares)
{
	double remote = 0;
	for (size_t i = 0; i < nodes->n; i++)
		remote += (double)pages[i] * (1 - shares[i]);
	return (struct pt_maybe){(uint64_t)(remote + 0.5), !pages[nodes->n]};
}
