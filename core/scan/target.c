/*
 * Opening a target and keeping hold of it; see target.h.
 *
 * A pidfd says when the process ends; the start time, that the PID was not given to another in between. An exec keeps
 * both, but the memory that the pagemap descriptor stands for is gone then: reads of mapped addresses give 0 bytes. Where
 * others share that memory it is not; then stat tells of another stack.
 */
#include "core/scan/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"

static int open_of_pid(struct pt_target *t, const char *file)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/%s", t->task, file);
	return t->k->ops->open(t->k, path, O_RDONLY);
}

static void close_fd(struct pt_target *t, int *fd)
{
	if (*fd >= 0)
		t->k->ops->close(t->k, *fd);
	*fd = -1;
}

static int open_pagemap(struct pt_target *t)
{
	int fd = open_of_pid(t, "pagemap");
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	close_fd(t, &t->pagemap);
	t->pagemap = fd;
	return 0;
}

/* The files of frames are of use only to those who see PFNs. */
static void open_frames(struct pt_target *t)
{
	if (!pt_signal_has(&t->signals, PT_SIG_PFN))
		return;
	if (pt_signal_has(&t->signals, PT_SIG_KPAGEFLAGS))
		t->kpageflags = t->k->ops->open(t->k, "proc/kpageflags", O_RDONLY);
	if (pt_signal_has(&t->signals, PT_SIG_KPAGECOUNT))
		t->kpagecount = t->k->ops->open(t->k, "proc/kpagecount", O_RDONLY);
}

static bool has_ended(const struct pt_process *process)
{
	return process->state == 'Z' || process->state == 'X';
}

/*
 * A process whose main thread has ended lives on while it has others. It is a zombie without memory then, to look at,
 * but each thread has a folder of its own in /proc, which shows the memory they share.
 */
static int read_through_thread(struct pt_target *t, struct pt_process *process)
{
	pid_t *tids;
	size_t n;
	if (pt_read_threads(t->k, t->pid, &tids, &n) != 0)
		return -ESRCH;
	int error = -ESRCH;
	for (size_t i = 0; i < n && error; i++) {
		struct pt_process thread;
		if (tids[i] == t->pid || pt_read_process(t->k, tids[i], &thread) || has_ended(&thread))
			continue;
		thread.pid = process->pid;
		thread.start_time = process->start_time;
		memcpy(thread.name, process->name, sizeof(thread.name));
		*process = thread;
		t->task = tids[i];
		error = 0;
	}
	free(tids);
	return error;
}

int pt_target_read(struct pt_target *t, struct pt_process *ret)
{
	struct pt_process process;
	int error = pt_read_process(t->k, t->pid, &process);
	if (error)
		return error == -ENOENT ? -ESRCH : error;
	t->task = t->pid;
	if (has_ended(&process))
		error = process.threads > 1 ? read_through_thread(t, &process) : -ESRCH;
	if (error)
		return error;
	if (t->start_time && process.start_time != t->start_time)
		return -ESRCH;
	if (t->pidfd >= 0 && t->k->ops->ended(t->k, t->pidfd) == 1)
		return -ESRCH;
	process.image = t->image;
	*ret = process;
	return 0;
}

static int open_all(struct pt_target *t, const struct pt_signals *signals)
{
	t->pidfd = t->k->ops->pidfd(t->k, t->pid);
	if (t->pidfd == -ESRCH || t->pidfd == -EINVAL)
		return -ESRCH;
	struct pt_process process;
	int error = pt_target_read(t, &process);
	if (error)
		return error;
	t->start_time = process.start_time;
	t->start_stack = process.start_stack;
	if (pt_is_kernel_thread(t->k, t->pid))
		return -ENODATA;
	error = open_pagemap(t);
	if (error)
		return error;
	pt_costs_default(&t->costs);
	if (signals)
		t->signals = *signals;
	else {
		pt_probe_signals(t->k, t->task, &t->signals);
		pt_costs_fit(t->k, &t->costs);
	}
	open_frames(t);
	return 0;
}

int pt_target_open(struct pt_target *ret, struct pt_kernel *k, pid_t pid, const struct pt_signals *signals)
{
	struct pt_target target = {
		.k = k, .pid = pid, .task = pid, .pidfd = -1, .pagemap = -1, .kpageflags = -1, .kpagecount = -1};
	int error = open_all(&target, signals);
	if (error)
		pt_target_close(&target);
	else
		*ret = target;
	return error;
}

void pt_target_close(struct pt_target *t)
{
	close_fd(t, &t->pidfd);
	close_fd(t, &t->pagemap);
	close_fd(t, &t->kpageflags);
	close_fd(t, &t->kpagecount);
}

/* Guard markers are of 6.13, bit 58 of pagemap is of 6.15, and their category here is of 6.16: only trying tells. */
int pt_target_scan(struct pt_target *t, struct ps_arg *arg)
{
	bool guard = pt_signal_has(&t->signals, PT_SIG_GUARD) &&
		     !__atomic_load_n(&t->no_guard_category, __ATOMIC_RELAXED);
	const struct ps_arg asked = *arg;
	arg->size = sizeof(*arg);
	arg->category_anyof_mask = PS_PRESENT | PS_SWAPPED;
	arg->return_mask |= guard ? PS_GUARD : 0;
	int n = t->k->ops->ioctl(t->k, t->pagemap, PT_PAGEMAP_SCAN, arg);
	if (n != -EINVAL || !guard)
		return n;
	__atomic_store_n(&t->no_guard_category, true, __ATOMIC_RELAXED);
	*arg = asked;
	return pt_target_scan(t, arg);
}

bool pt_target_memory_alive(struct pt_target *t, const struct pt_vma_table *vmas)
{
	uint64_t entry;
	for (size_t i = 0; i < vmas->n; i++)
		if (vmas->v[i].role != PT_ROLE_VSYSCALL)
			return t->k->ops->pread(t->k, t->pagemap, &entry, 8,
						(vmas->v[i].start >> t->k->page_shift) * 8) == 8;
	return false;
}

bool pt_target_left_memory(const struct pt_target *t, const struct pt_process *process)
{
	return t->start_stack && process->start_stack && process->start_stack != t->start_stack;
}

int pt_target_reopen(struct pt_target *t, const struct pt_process *process)
{
	int error = open_pagemap(t);
	if (error)
		return error;
	t->start_stack = process->start_stack;
	t->image++;
	return 0;
}
