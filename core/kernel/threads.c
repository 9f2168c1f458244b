/*
 * Who there is: processes and their names, the threads of one and where their stacks are.
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
	struct collect *ids = arg;
	char *end;
	long id = strtol(name, &end, 10);
	if (*end || id <= 0)
		return 0;
	if (ids->n == ids->room) {
		size_t room = ids->room ? ids->room * 2 : 16;
		pid_t *v = realloc(ids->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		ids->v = v;
		ids->room = room;
	}
	ids->v[ids->n++] = (pid_t)id;
	return 0;
}

/* The entries of a folder that are numbers. */
static int collect(struct pt_kernel *k, const char *path, pid_t **ret, size_t *ret_n)
{
	struct collect ids = {0};
	int error = k->ops->list(k, path, collect_one, &ids);
	if (error < 0) {
		free(ids.v);
		return error;
	}
	*ret = ids.v;
	*ret_n = ids.n;
	return 0;
}

int pt_read_pids(struct pt_kernel *k, pid_t **ret, size_t *ret_n)
{
	return collect(k, "proc", ret, ret_n);
}

int pt_read_threads(struct pt_kernel *k, pid_t pid, pid_t **ret, size_t *ret_n)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/task", pid);
	return collect(k, path, ret, ret_n);
}

int pt_read_comm(struct pt_kernel *k, pid_t pid, char *ret, size_t size)
{
	char path[64], *text;
	size_t n;
	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	int error = pt_kernel_slurp(k, path, &text, &n);
	if (error)
		return error;
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	snprintf(ret, size, "%s", text);
	free(text);
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
