/*
 * The threads of a process and where their stacks are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

struct collect {
	pid_t *v;
	size_t n, room;
};

static int collect_one(void *arg, const char *name)
{
	struct collect *tids = arg;
	char *end;
	long tid = strtol(name, &end, 10);
	if (*end || tid <= 0)
		return 0;
	if (tids->n == tids->room) {
		size_t room = tids->room ? tids->room * 2 : 16;
		pid_t *v = realloc(tids->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		tids->v = v;
		tids->room = room;
	}
	tids->v[tids->n++] = (pid_t)tid;
	return 0;
}

int pt_read_threads(struct pt_kernel *k, pid_t pid, pid_t **ret, size_t *ret_n)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/task", pid);
	struct collect tids = {0};
	int error = k->ops->list(k, path, collect_one, &tids);
	if (error < 0) {
		free(tids.v);
		return error;
	}
	*ret = tids.v;
	*ret_n = tids.n;
	return 0;
}

/* proc_pid_syscall(): "running", or "NR ARGS... SP PC" with six arguments, or "-1 SP PC" when blocked outside a call. */
bool pt_parse_syscall_sp(const char *text, uint64_t *ret)
{
	const char *before_last = NULL, *last = NULL;
	for (const char *blank = strchr(text, ' '); blank; blank = strchr(blank + 1, ' ')) {
		before_last = last;
		last = blank;
	}
	if (!before_last)
		return false;
	uint64_t sp = strtoull(before_last + 1, NULL, 16);
	if (!sp)
		return false;
	*ret = sp;
	return true;
}

int pt_read_thread_sp(struct pt_kernel *k, pid_t pid, pid_t tid, uint64_t *ret)
{
	char path[64], *text;
	size_t size;
	snprintf(path, sizeof(path), "proc/%d/task/%d/syscall", pid, tid);
	int error = pt_kernel_slurp(k, path, &text, &size);
	if (error)
		return error;
	bool found = pt_parse_syscall_sp(text, ret);
	free(text);
	return found ? 0 : -EAGAIN;
}
