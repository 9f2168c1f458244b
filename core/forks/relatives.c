/*
 * Who is in a family; see relatives.h. A fork has its parent's memory, and so the address where the first stack began;
 * an exec makes a new one. Where that address is not shown (0) nobody is taken for a relative.
 */
#include "core/forks/relatives.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/kernel/parse.h"

struct pids {
	pid_t *v;
	size_t n, room;
};

static int add_pid(struct pids *pids, pid_t pid)
{
	if (pids->n == pids->room) {
		size_t room = pids->room ? 2 * pids->room : 64;
		pid_t *v = realloc(pids->v, room * sizeof *v);
		if (!v)
			return -ENOMEM;
		pids->v = v;
		pids->room = room;
	}
	pids->v[pids->n++] = pid;
	return 0;
}

/* ---- children --------------------------------------------------------------------------------------------------- */

static int add_children_of_thread(struct pt_kernel *k, pid_t pid, pid_t tid, struct pids *ret)
{
	char path[64], *text;
	size_t size;
	pid_t child;
	snprintf(path, sizeof path, "proc/%d/task/%d/children", (int)pid, (int)tid);
	int error = pt_kernel_slurp(k, path, &text, &size);
	if (error)
		return error;
	for (const char *at = text; !error && pt_next_pid(&at, text + size, &child);)
		error = add_pid(ret, child);
	free(text);
	return error;
}

static int note_process(void *arg, const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);
	return !*end && pid > 0 ? add_pid(arg, (pid_t)pid) : 0;
}

/* Kernels that do not list children name the parent of each process. */
static int add_children_by_parents(struct pt_kernel *k, pid_t pid, struct pids *ret)
{
	struct pids all = {0};
	int error = k->ops->list(k, "proc", note_process, &all);
	for (size_t i = 0; !error && i < all.n; i++) {
		pid_t parent;
		if (pt_read_parent(k, all.v[i], &parent) == 0 && parent == pid)
			error = add_pid(ret, all.v[i]);
	}
	free(all.v);
	return error;
}

/* Of all its threads: any may have forked. */
static int find_children(struct pt_kernel *k, pid_t pid, struct pids *ret)
{
	pid_t *tids;
	size_t n;
	int error = add_children_of_thread(k, pid, pid, ret);
	if (error == -ENOENT)
		return add_children_by_parents(k, pid, ret);
	if (error || pt_read_threads(k, pid, &tids, &n) < 0)
		return error;
	for (size_t i = 0; error != -ENOMEM && i < n; i++)
		if (tids[i] != pid)
			error = add_children_of_thread(k, pid, tids[i], ret);
	free(tids);
	return error == -ENOMEM ? error : 0; /* a thread that has ended has no children */
}

/* ---- the family ------------------------------------------------------------------------------------------------- */

static bool is_alive(const struct pt_process *process)
{
	return process->state != 'Z' && process->state != 'X';
}

static bool is_fork_of(const struct pt_process *child, const struct pt_process *parent)
{
	return is_alive(child) && parent->start_stack && child->start_stack == parent->start_stack;
}

/* Up to who is nobody's fork. */
static int find_first(struct pt_kernel *k, pid_t pid, struct pt_process *ret)
{
	struct pt_process up;
	pid_t parent;
	int error = pt_read_process(k, pid, ret);
	if (error)
		return error;
	if (!is_alive(ret))
		return -ESRCH;
	while (pt_read_parent(k, ret->pid, &parent) == 0 && parent > 0 && pt_read_process(k, parent, &up) == 0 &&
	       is_fork_of(ret, &up))
		*ret = up;
	return 0;
}

/* ns since boot, to two digits of a second: as the start of processes is counted. */
static struct pt_maybe uptime(struct pt_kernel *k)
{
	char *text;
	size_t size;
	uint64_t seconds = 0, hundredths = 0;
	if (pt_kernel_slurp(k, "proc/uptime", &text, &size) < 0)
		return (struct pt_maybe){0};
	struct pt_cursor at = {text, text + size};
	bool ok = pt_take_decimal(&at, &seconds) && pt_skip_word(&at, ".") && pt_take_decimal(&at, &hundredths);
	free(text);
	return (struct pt_maybe){seconds * 1000000000u + hundredths % 100 * 10000000u, ok};
}

static struct pt_maybe live_ns(const struct pt_process *process, struct pt_maybe uptime_ns)
{
	long ticks = sysconf(_SC_CLK_TCK);
	uint64_t began = ticks > 0 ? process->start_time * (1000000000u / (uint64_t)ticks) : 0;
	return (struct pt_maybe){uptime_ns.value > began ? uptime_ns.value - began : 0, uptime_ns.known && ticks > 0};
}

static int add(struct pt_relatives *r, const struct pt_process *process, size_t parent, struct pt_maybe uptime_ns)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 8;
		struct pt_relation *v = realloc(r->v, room * sizeof *v);
		if (!v)
			return -ENOMEM;
		r->v = v;
		r->room = room;
	}
	r->v[r->n++] = (struct pt_relation){*process, parent, live_ns(process, uptime_ns)};
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct pt_process *x = &((const struct pt_relation *)a)->process,
				*y = &((const struct pt_relation *)b)->process;
	return x->start_time != y->start_time ? (x->start_time > y->start_time) - (x->start_time < y->start_time)
					      : (x->pid > y->pid) - (x->pid < y->pid);
}

/* What was forked from member i; its own children follow when it is their turn. */
static int add_forks(struct pt_kernel *k, struct pt_relatives *r, size_t i, struct pt_maybe uptime_ns)
{
	struct pids children = {0};
	size_t first = r->n;
	int error = find_children(k, r->v[i].process.pid, &children);
	error = error == -ENOMEM ? error : 0; /* it may have ended */
	for (size_t c = 0; !error && c < children.n; c++) {
		struct pt_process child;
		if (pt_read_process(k, children.v[c], &child) == 0 && is_fork_of(&child, &r->v[i].process))
			error = add(r, &child, i, uptime_ns);
	}
	qsort(r->v + first, r->n - first, sizeof *r->v, by_age);
	free(children.v);
	return error;
}

int pt_relatives_read(struct pt_kernel *k, pid_t pid, struct pt_relatives *ret)
{
	struct pt_relatives r = {0};
	struct pt_process first;
	struct pt_maybe uptime_ns = uptime(k);
	int error = find_first(k, pid, &first);
	if (!error)
		error = add(&r, &first, SIZE_MAX, uptime_ns);
	for (size_t i = 0; !error && i < r.n; i++)
		error = add_forks(k, &r, i, uptime_ns);
	if (error)
		pt_relatives_free(&r);
	else
		*ret = r;
	return error;
}

void pt_relatives_free(struct pt_relatives *relatives)
{
	free(relatives->v);
	*relatives = (struct pt_relatives){0};
}
