/*
 * The scripted kernel; see scripted.h. It knows what each descriptor it gave out stands for, which is how it can act for
 * a process that is only files.
 */
#include "tests/support/scripted.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "tests/support/scripted_scan.h"

struct scripted_fd {
	int fd;
	char path[128];      /* "" for a pidfd */
	int pid;             /* of a pidfd, */
	uint64_t start_time; /* and when that process began, also of its status and children */
	struct scripted_fd *next;
};

static struct scripted *of(struct pt_kernel *k)
{
	return (struct scripted *)k;
}

/* Counts a call; the error it is to fail with, or 0. */
static int begin(struct scripted *s)
{
	s->calls++;
	if (s->hook && s->calls == s->hook_call)
		s->hook(s->hook_arg);
	return s->calls == s->fail_call ? s->fail_error : 0;
}

static struct scripted_fd *find(struct scripted *s, int fd)
{
	struct scripted_fd *f = s->fds;
	while (f && f->fd != fd)
		f = f->next;
	return f;
}

static struct scripted_fd *keep(struct scripted *s, int fd, const char *path)
{
	struct scripted_fd *f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->fd = fd;
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->next = s->fds;
	s->fds = f;
	s->open_fds++;
	return f;
}

static bool ends_with(const char *path, const char *name)
{
	size_t n = strlen(path), m = strlen(name);
	return n >= m && !strcmp(path + n - m, name);
}

/* A file of a process is dead when the folder has gone, or is another's now. */
static bool is_dead(struct scripted *s, const struct scripted_fd *f)
{
	struct stat opened;
	struct pt_file_stat now;
	if (s->k.real || s->inner->ops->stat(s->inner, f->path, &now))
		return !s->k.real;
	return fstat(f->fd, &opened) || opened.st_ino != now.inode;
}

/* When the process began whose file that is; 0: it is gone, or its stat is being written. An exec does not change it. */
static uint64_t start_time_at(struct scripted *s, const char *path, bool *ret_gone)
{
	char stat[64], *text;
	size_t size;
	struct pt_process process = {0};
	int pid;
	*ret_gone = false;
	if (s->k.real || sscanf(path, "proc/%d/", &pid) != 1)
		return 0;
	snprintf(stat, sizeof(stat), "proc/%d/stat", pid);
	*ret_gone = pt_kernel_slurp(s->inner, stat, &text, &size) != 0;
	if (*ret_gone)
		return 0;
	pt_parse_stat(text, size, &process);
	free(text);
	return process.start_time;
}

static bool is_gone(struct scripted *s, const struct scripted_fd *f)
{
	bool gone;
	uint64_t now = start_time_at(s, f->path, &gone);
	return gone || (now && now != f->start_time);
}

static bool is_of_process(const char *path)
{
	return ends_with(path, "/status") || ends_with(path, "/children");
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static int scripted_open(struct pt_kernel *k, const char *path, int flags)
{
	struct scripted *s = of(k);
	int error = begin(s);
	s->opens++;
	if (!error && s->deny && strstr(path, s->deny))
		error = s->deny_error;
	int fd = error ? error : s->inner->ops->open(s->inner, path, flags);
	bool gone;
	if (fd >= 0)
		keep(s, fd, path)->start_time = is_of_process(path) ? start_time_at(s, path, &gone) : 0;
	return fd;
}

static void scripted_close(struct pt_kernel *k, int fd)
{
	struct scripted *s = of(k);
	struct scripted_fd **at = &s->fds;

	if (fd < 0)
		return;
	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	if (!*at)
		fail_msg("descriptor %d is closed, but was not open", fd);
	struct scripted_fd *f = *at;
	*at = f->next;
	free(f);
	s->open_fds--;
	close(fd);
}

static ssize_t scripted_pread(struct pt_kernel *k, int fd, void *buf, size_t size, uint64_t offset)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, fd);
	int error = begin(s);

	s->preads++;
	if (error)
		return error;
	if (f && ends_with(f->path, "/pagemap")) {
		if ((offset | size) % 8)
			return -EINVAL;
		if (is_dead(s, f))
			return 0;
	}
	if (f && *f->path && f->start_time && is_gone(s, f))
		return -ESRCH;
	int again = f && f->start_time && *f->path ? s->inner->ops->open(s->inner, f->path, O_RDONLY) : -1;
	ssize_t n = s->inner->ops->pread(s->inner, again >= 0 ? again : fd, buf, size, offset);
	s->inner->ops->close(s->inner, again); /* it was for what the fixture has put into its place since */
	if (n > 0 && f && s->edit)
		s->edit(f->path, buf, (size_t)n);
	if (n > 0 && s->calls == s->short_call)
		return n >= 16 ? n / 2 & ~7 : n / 2;
	return n;
}

/* page_owner gives one record at a time. */
static ssize_t one_record(int fd, const char *text, ssize_t n)
{
	const char *end = n > 0 ? memmem(text, (size_t)n, "\n\n", 2) : NULL;
	ssize_t size = end ? end + 2 - text : n;
	if (size < n && lseek(fd, size - n, SEEK_CUR) < 0)
		return -errno;
	return size;
}

static ssize_t scripted_read(struct pt_kernel *k, int fd, void *buf, size_t size)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, fd);
	int error = begin(s);
	if (error)
		return error;
	if (s->calls == s->short_call && size > 1)
		size /= 2;
	ssize_t n = s->inner->ops->read(s->inner, fd, buf, size);
	return f && ends_with(f->path, "/debug/page_owner") ? one_record(fd, buf, n) : n;
}

static ssize_t scripted_readlink(struct pt_kernel *k, const char *path, char *buf, size_t size)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->readlink(s->inner, path, buf, size);
}

static int scripted_list(struct pt_kernel *k, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->list(s->inner, path, each, arg);
}

static int scripted_stat(struct pt_kernel *k, const char *path, struct pt_file_stat *ret)
{
	struct scripted *s = of(k);
	int error = begin(s);
	if (!error)
		error = s->inner->ops->stat(s->inner, path, ret);
	if (!error && !s->k.real && strstr(path, "/map_files/"))
		ret->tmpfs = true;
	return error;
}

/* ---- calls on a target ------------------------------------------------------------------------------------------ */

static int scan(struct scripted *s, const struct scripted_fd *f, struct ps_arg *arg)
{
	int error = scripted_scan_check(arg, s->no_guard ? PS_ALL_6_7 : PS_ALL, s->k.page_shift);
	if (error)
		return error;
	if (is_dead(s, f)) {
		arg->walk_end = arg->end;
		return s->dead_scan_is_done ? 0 : -ESRCH;
	}
	char path[160];
	snprintf(path, sizeof(path), "%.*scategories", (int)(strlen(f->path) - strlen("pagemap")), f->path);
	int fd = s->inner->ops->open(s->inner, path, O_RDONLY);
	if (fd < 0)
		return fd;
	int n = scripted_scan(fd, s->k.page_shift, s->scan_round, arg);
	close(fd);
	return n;
}

static int scripted_ioctl(struct pt_kernel *k, int fd, unsigned long request, void *arg)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, fd);
	int error = begin(s);

	s->ioctls++;
	if (error)
		return error;
	if ((request == PT_PAGEMAP_SCAN && s->no_scan) || (request == PT_PROCMAP_QUERY && s->no_procmap_query))
		return -ENOTTY;
	if (request == PT_PAGEMAP_SCAN && !s->k.real && f && ends_with(f->path, "/pagemap"))
		return scan(s, f, arg);
	return s->inner->ops->ioctl(s->inner, fd, request, arg);
}

/* Field 22 of stat; false: no such process. */
static bool start_time(struct scripted *s, int pid, uint64_t *ret)
{
	char path[32], *text, *at;
	size_t size;
	bool found = false;

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	if (pt_kernel_slurp(s->inner, path, &text, &size))
		return false;
	if ((at = strrchr(text, ')'))) {
		for (int field = 2; at && field < 22; field++)
			at = strchr(at + 1, ' ');
		found = at != NULL;
		*ret = found ? strtoull(at, NULL, 10) : 0;
	}
	free(text);
	return found;
}

static int scripted_pidfd(struct pt_kernel *k, pid_t pid)
{
	struct scripted *s = of(k);
	int error = begin(s);
	uint64_t start = 0;

	if (error || s->no_pidfd)
		return error ? error : -ENOSYS;
	if (!s->k.real && !start_time(s, pid, &start))
		return -ESRCH;
	int fd = s->k.real ? s->inner->ops->pidfd(s->inner, pid) : eventfd(0, EFD_CLOEXEC);
	if (fd < 0)
		return s->k.real ? fd : -errno;
	struct scripted_fd *f = keep(s, fd, "");
	f->pid = pid;
	f->start_time = start;
	return fd;
}

static int scripted_ended(struct pt_kernel *k, int pidfd)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, pidfd);
	int error = begin(s);
	uint64_t start;

	if (error)
		return error;
	if (s->k.real)
		return s->inner->ops->ended(s->inner, pidfd);
	if (!f || *f->path)
		return -EBADF;
	if (start_time(s, f->pid, &start) && start == f->start_time)
		return 0;
	eventfd_write(pidfd, 1); /* who polls it wakes up */
	return 1;
}

static ssize_t scripted_read_memory(struct pt_kernel *k, pid_t pid, uint64_t addr, void *buf, size_t size)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->read_memory(s->inner, pid, addr, buf, size);
}

static const struct scripted_file *file_at(const struct scripted *s, const char *path)
{
	for (size_t i = 0; i < s->n_files; i++)
		if (!strcmp(s->files[i].path, path))
			return &s->files[i];
	return NULL;
}

/* Whether "self" has the page of a file; its pagemap entry. */
static uint64_t file_entry(struct scripted *s, const struct scripted_file *file, uint64_t page)
{
	uint64_t entry = 0;
	int fd = s->inner->ops->open(s->inner, "proc/self/pagemap", O_RDONLY);
	if (fd >= 0)
		s->inner->ops->pread(s->inner, fd, &entry, 8, ((file->address >> s->k.page_shift) + page) * 8);
	s->inner->ops->close(s->inner, fd);
	return entry;
}

/* What is present counts as cached; of what is not the kernel says the rest. */
static int count_file(struct scripted *s, int fd, const struct scripted_file *file, uint64_t offset, uint64_t size,
		      struct pt_cachestat *ret)
{
	struct stat st;
	if (fstat(fd, &st))
		return -errno;
	uint64_t end = size && offset + size < (uint64_t)st.st_size ? offset + size : (uint64_t)st.st_size;
	for (uint64_t page = offset >> s->k.page_shift; page << s->k.page_shift < end; page++) {
		bool there = file_entry(s, file, page) & PM_PRESENT;
		ret->cache += there;
		ret->dirty += there ? file->cached.dirty : 0;
		ret->writeback += there ? file->cached.writeback : 0;
		ret->evicted += there ? 0 : file->cached.evicted;
		ret->recently_evicted += there ? 0 : file->cached.recently_evicted;
	}
	return 0;
}

static int scripted_fstat(struct pt_kernel *k, int fd, struct pt_file_stat *ret)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->fstat(s->inner, fd, ret);
}

static int scripted_reopen(struct pt_kernel *k, int fd, int flags)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, fd);
	int error = begin(s);
	if (!error && s->no_noatime && flags & O_NOATIME)
		error = -EPERM;
	int again = error ? error : s->inner->ops->reopen(s->inner, fd, flags);
	if (again >= 0)
		keep(s, again, f ? f->path : "");
	return again;
}

static int scripted_peek(struct pt_kernel *k, int fd, uint64_t offset, size_t n, uint8_t *ret_cached, void **ret)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, fd);
	const struct scripted_file *file = f ? file_at(s, f->path) : NULL;
	int error = begin(s);

	if (error || s->k.real)
		return error ? error : s->inner->ops->peek(s->inner, fd, offset, n, ret_cached, ret);
	if (!file)
		return -ENODEV;
	for (size_t i = 0; i < n; i++)
		ret_cached[i] = file_entry(s, file, (offset >> s->k.page_shift) + i) & PM_PRESENT ? 1 : 0;
	*ret = (void *)(uintptr_t)(file->address + offset);
	return 0;
}

static int scripted_cachestat(struct pt_kernel *k, int fd, uint64_t offset, uint64_t size, struct pt_cachestat *ret)
{
	struct scripted *s = of(k);
	const struct scripted_fd *f = find(s, fd);
	int error = begin(s);

	if (error || s->no_cachestat)
		return error ? error : -ENOSYS;
	if (s->k.real)
		return s->inner->ops->cachestat(s->inner, fd, offset, size, ret);
	*ret = (struct pt_cachestat){0};
	if (f && strstr(f->path, "/map_files/"))
		scripted_count_backing(fd, s->k.page_shift, offset, size, ret);
	const struct scripted_file *file = f ? file_at(s, f->path) : NULL;
	if (file)
		return count_file(s, fd, file, offset, size, ret);
	return 0;
}

static uint64_t scripted_now(struct pt_kernel *k, enum pt_clock clock)
{
	struct scripted *s = of(k);
	return __atomic_add_fetch(&s->clock[clock], s->tick, __ATOMIC_RELAXED); /* clocks may be read by any thread */
}

static int scripted_cpu_time(struct pt_kernel *k, pid_t pid, uint64_t *ret_ns)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->cpu_time(s->inner, pid, ret_ns);
}

static long scripted_ptrace(struct pt_kernel *k, int request, pid_t tid, uint64_t addr, void *data)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->ptrace(s->inner, request, tid, addr, data);
}

static int scripted_clear_soft_dirty(struct pt_kernel *k, pid_t pid)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->clear_soft_dirty(s->inner, pid);
}

static int scripted_wait(struct pt_kernel *k, pid_t tid, uint64_t timeout_ns, int *ret_status)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->wait(s->inner, tid, timeout_ns, ret_status);
}

static int scripted_perf_open(struct pt_kernel *k, void *attr, pid_t tid, int cpu)
{
	struct scripted *s = of(k);
	int error = begin(s);
	int fd = error ? error : s->inner->ops->perf_open(s->inner, attr, tid, cpu);
	if (fd >= 0)
		keep(s, fd, "perf");
	return fd;
}

static int scripted_map(struct pt_kernel *k, int fd, size_t size, void **ret)
{
	struct scripted *s = of(k);
	int error = begin(s);
	return error ? error : s->inner->ops->map(s->inner, fd, size, ret);
}

static void scripted_unmap(struct pt_kernel *k, void *memory, size_t size)
{
	struct scripted *s = of(k);
	for (size_t i = 0; !s->k.real && i < s->n_files; i++)
		if ((uintptr_t)memory >= s->files[i].address)
			return; /* it was peeked at */
	s->inner->ops->unmap(s->inner, memory, size);
}

/* As in the kernel, bits that are not set leave a mark that is there. Of a fixture the bitmap is a plain file. */
static int scripted_mark_idle(struct pt_kernel *k, uint64_t first, const uint64_t *words, size_t n)
{
	struct scripted *s = of(k);
	int error = begin(s);
	uint64_t *both = calloc(n, sizeof(*both));
	int fd = error || s->k.real ? -1 : s->inner->ops->open(s->inner, "sys/kernel/mm/page_idle/bitmap", 0);
	if (!both)
		abort();
	if (fd >= 0) {
		s->inner->ops->pread(s->inner, fd, both, n * sizeof(*both), first * sizeof(*both));
		s->inner->ops->close(s->inner, fd);
	}
	for (size_t i = 0; i < n; i++)
		both[i] |= words[i];
	error = error ? error : s->inner->ops->mark_idle(s->inner, first, both, n);
	free(both);
	return error;
}

static void free_op(struct pt_kernel *k)
{
	scripted_free(of(k));
}

static const struct pt_kernel_ops ops = {
	.open = scripted_open,
	.close = scripted_close,
	.pread = scripted_pread,
	.ioctl = scripted_ioctl,
	.readlink = scripted_readlink,
	.list = scripted_list,
	.stat = scripted_stat,
	.pidfd = scripted_pidfd,
	.ended = scripted_ended,
	.read_memory = scripted_read_memory,
	.cachestat = scripted_cachestat,
	.now = scripted_now,
	.cpu_time = scripted_cpu_time,
	.ptrace = scripted_ptrace,
	.clear_soft_dirty = scripted_clear_soft_dirty,
	.wait = scripted_wait,
	.perf_open = scripted_perf_open,
	.map = scripted_map,
	.unmap = scripted_unmap,
	.free = free_op,
	.fstat = scripted_fstat,
	.reopen = scripted_reopen,
	.peek = scripted_peek,
	.read = scripted_read,
	.mark_idle = scripted_mark_idle,
};

struct scripted *scripted_new(struct pt_kernel *inner)
{
	struct scripted *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->k = (struct pt_kernel){.ops = &ops, .page_shift = inner->page_shift, .real = inner->real};
	s->inner = inner;
	s->scan_round = 512;
	return s;
}

void scripted_free(struct scripted *s)
{
	if (!s)
		return;
	if (s->fds)
		fail_msg("%u descriptors are still open, the last of %s", s->open_fds,
			 *s->fds->path ? s->fds->path : "a pidfd");
	pt_kernel_free(s->inner);
	free(s);
}
