/*
 * The real kernel operations: openat(2) and friends below a root directory descriptor, and the system calls on a
 * target. With a root other than "/" the files are a test's, made to look like /proc and /sys; there is no process
 * behind them then, so what needs one says -ENOSYS, and a target's memory is the sparse file proc/PID/mem.
 *
 * Reads may be short, as the kernel gave them; EINTR never gets out. Nothing here keeps state but the root descriptor,
 * which the kernel object owns.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/kernel/abi.h"
#include "core/kernel/kernel.h"

struct linux_kernel {
	struct pt_kernel k;
	int root;
};

/* An absolute path would leave the root. */
static const char *below(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static int open_below(struct pt_kernel *k, const char *path, int flags)
{
	struct linux_kernel *self = (struct linux_kernel *)k;
	int fd;

	do
		fd = openat(self->root, below(path), flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int linux_open(struct pt_kernel *k, const char *path, int flags)
{
	return open_below(k, path, flags);
}

static void linux_close(struct pt_kernel *k, int fd)
{
	(void)k;
	if (fd >= 0)
		close(fd);
}

static ssize_t linux_pread(struct pt_kernel *k, int fd, void *buf, size_t size, uint64_t offset)
{
	ssize_t n;

	(void)k;
	do
		n = pread(fd, buf, size, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ESPIPE && !offset) /* a perf event has no position */
		n = read(fd, buf, size);
	return n < 0 ? -errno : n;
}

static ssize_t linux_read(struct pt_kernel *k, int fd, void *buf, size_t size)
{
	ssize_t n;

	(void)k;
	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int linux_ioctl(struct pt_kernel *k, int fd, unsigned long request, void *arg)
{
	int r;

	(void)k;
	do
		r = ioctl(fd, request, arg);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static ssize_t linux_readlink(struct pt_kernel *k, const char *path, char *buf, size_t size)
{
	struct linux_kernel *self = (struct linux_kernel *)k;
	ssize_t n = readlinkat(self->root, below(path), buf, size);

	return n < 0 ? -errno : n;
}

static int linux_list(struct pt_kernel *k, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
	int fd = open_below(k, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		int error = -errno;
		close(fd);
		return error;
	}

	int stop = 0;
	const struct dirent *entry;
	errno = 0;
	while (!stop && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			stop = each(arg, entry->d_name);
		errno = 0;
	}
	int error = stop ? 0 : -errno;
	closedir(dir);
	return error;
}

static int linux_fstat(struct pt_kernel *k, int fd, struct pt_file_stat *ret)
{
	struct stat st;
	struct statfs fs;

	(void)k;
	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return -errno;
	*ret = (struct pt_file_stat){
		.inode = st.st_ino,
		.mode = st.st_mode,
		.dev_major = major(st.st_dev),
		.dev_minor = minor(st.st_dev),
		.tmpfs = (unsigned long)fs.f_type == TMPFS_MAGIC,
		.hugetlbfs = (unsigned long)fs.f_type == HUGETLBFS_MAGIC,
		.size = (uint64_t)st.st_size,
		.links = st.st_nlink,
	};
	return 0;
}

static int linux_stat(struct pt_kernel *k, const char *path, struct pt_file_stat *ret)
{
	int fd = open_below(k, path, O_PATH);
	int error = fd < 0 ? fd : linux_fstat(k, fd, ret);
	if (fd >= 0)
		close(fd);
	return error;
}

static int linux_reopen(struct pt_kernel *k, int fd, int flags)
{
	char path[32];

	(void)k;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	do
		fd = open(path, flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static int linux_pidfd(struct pt_kernel *k, pid_t pid)
{
	if (!k->real)
		return -ENOSYS;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* is close-on-exec by itself */
	return fd < 0 ? -errno : fd;
}

static int linux_ended(struct pt_kernel *k, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int r;

	if (!k->real)
		return 0;
	do
		r = poll(&p, 1, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return r > 0;
}

/* A fixture's memory, if it has any. */
static ssize_t read_mem_file(struct pt_kernel *k, pid_t pid, uint64_t addr, void *buf, size_t size)
{
	char path[32];
	snprintf(path, sizeof(path), "proc/%d/mem", (int)pid);
	int fd = open_below(k, path, O_RDONLY);
	if (fd < 0)
		return fd == -ENOENT ? -ENOSYS : fd;
	ssize_t n = linux_pread(k, fd, buf, size, addr);
	close(fd);
	return n;
}

static ssize_t linux_read_memory(struct pt_kernel *k, pid_t pid, uint64_t addr, void *buf, size_t size)
{
	if (!k->real)
		return read_mem_file(k, pid, addr, buf, size);
	struct iovec local = {buf, size};
	struct iovec remote = {(void *)(uintptr_t)addr, size};
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	int error = errno;
	if (n < 0 && error == EFAULT) { /* protected from the process itself, perhaps: the file shows that too */
		n = read_mem_file(k, pid, addr, buf, size);
		return n > 0 ? n : -EFAULT;
	}
	return n < 0 ? -error : n;
}

static int linux_cachestat(struct pt_kernel *k, int fd, uint64_t offset, uint64_t size, struct pt_cachestat *ret)
{
	uint64_t range[2] = {offset, size}; /* struct cachestat_range */
	struct pt_cachestat result;

	if (!k->real)
		return -ENOSYS;
	if (syscall(PT_SYS_CACHESTAT, fd, range, &result, 0) < 0)
		return -errno;
	*ret = result;
	return 0;
}

static uint64_t linux_now(struct pt_kernel *k, enum pt_clock clock)
{
	static const clockid_t ids[] = {
		[PT_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
		[PT_CLOCK_REALTIME] = CLOCK_REALTIME,
		[PT_CLOCK_THREAD_CPU] = CLOCK_THREAD_CPUTIME_ID,
		[PT_CLOCK_PROCESS_CPU] = CLOCK_PROCESS_CPUTIME_ID,
	};
	struct timespec ts = {0};

	(void)k;
	clock_gettime(ids[clock], &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int linux_cpu_time(struct pt_kernel *k, pid_t pid, uint64_t *ret_ns)
{
	clockid_t clock;
	struct timespec ts;

	if (!k->real)
		return -ENOSYS;
	int error = clock_getcpuclockid(pid, &clock);
	if (error)
		return -error;
	if (clock_gettime(clock, &ts))
		return errno == EINVAL ? -ESRCH : -errno;
	*ret_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return 0;
}

static long linux_ptrace(struct pt_kernel *k, int request, pid_t tid, uint64_t addr, void *data)
{
	if (!k->real)
		return -ENOSYS;
	long r = ptrace((enum __ptrace_request)request, tid, (void *)(uintptr_t)addr, data);
	return r < 0 ? -errno : r;
}

static int linux_clear_soft_dirty(struct pt_kernel *k, pid_t pid)
{
	char path[32];
	snprintf(path, sizeof(path), "proc/%d/clear_refs", (int)pid);
	int fd = open_below(k, path, O_WRONLY);
	if (fd < 0)
		return fd;
	ssize_t n = write(fd, "4", 1);
	int error = n < 0 ? -errno : 0;
	close(fd);
	return error;
}

/*
 * There is no wait that ends by itself, and a signal for it would be the program's affair: so it looks again, soon, since
 * somebody stands still meanwhile; later in longer steps. Naps last as long as they say, for this thread alone.
 */
static int linux_wait(struct pt_kernel *k, pid_t tid, uint64_t timeout_ns, int *ret_status)
{
	uint64_t nap = 5000, at;
	const uint64_t until = linux_now(k, PT_CLOCK_MONOTONIC) + timeout_ns;
	int slack = 0, r = 0;

	for (;;) {
		pid_t got = waitpid(tid, ret_status, __WALL | WNOHANG | (tid < 0 ? __WNOTHREAD : 0));
		if (got > 0 || (got < 0 && errno != EINTR)) {
			r = got > 0 ? got : -errno;
			break;
		}
		if ((at = linux_now(k, PT_CLOCK_MONOTONIC)) >= until)
			break;
		if (!slack) {
			slack = prctl(PR_GET_TIMERSLACK);
			prctl(PR_SET_TIMERSLACK, 1);
		}
		nanosleep(&(struct timespec){.tv_nsec = (long)(nap < until - at ? nap : until - at)}, NULL);
		if (nap < 300000)
			nap *= 2;
	}
	if (slack > 0)
		prctl(PR_SET_TIMERSLACK, slack);
	return r;
}

static int linux_perf_open(struct pt_kernel *k, void *attr, pid_t tid, int cpu)
{
	if (!k->real)
		return -ENOSYS;
	int fd = (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int linux_map(struct pt_kernel *k, int fd, size_t size, void **ret)
{
	(void)k;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret = memory;
	return 0;
}

static void linux_unmap(struct pt_kernel *k, void *memory, size_t size)
{
	(void)k;
	munmap(memory, size);
}

/*
 * A page comes into our page tables when it is read. The kernel reads it, for a call that then finds fault with another
 * argument: a file that was cut off meanwhile is an error of that call, where we would get a signal. MADV_RANDOM
 * keeps the kernel from reading ahead; that it is MADV_SEQUENTIAL when it goes away, from counting the pages as
 * accessed (since 6.3 either does that).
 */
static int linux_peek(struct pt_kernel *k, int fd, uint64_t offset, size_t n, uint8_t *ret_cached, void **ret)
{
	const size_t size = n << k->page_shift;
	const int no_how = -1;

	if (!k->real)
		return -ENOSYS;
	char *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return -errno;
	if (madvise(memory, size, MADV_RANDOM) || mincore(memory, size, ret_cached)) {
		int error = -errno;
		munmap(memory, size);
		return error;
	}
	for (size_t i = 0; i < n; i++)
		if (ret_cached[i] & 1)
			syscall(SYS_rt_sigprocmask, no_how, memory + (i << k->page_shift), NULL, sizeof(uint64_t));
	madvise(memory, size, MADV_SEQUENTIAL);
	*ret = memory;
	return 0;
}

/*
 * A write takes as much as fits a page of the kernel's. Where the last word has bits for more frames than there are, the
 * kernel takes its bits, and says that it took nothing.
 */
static int linux_mark_idle(struct pt_kernel *k, uint64_t first, const uint64_t *words, size_t n)
{
	const char *at = (const char *)words, *end = at + n * sizeof(*words);
	const off_t offset = (off_t)(first * sizeof(*words));
	ssize_t done = 1;
	int fd = open_below(k, "sys/kernel/mm/page_idle/bitmap", O_WRONLY);

	if (fd < 0)
		return fd;
	while (at < end && (done > 0 || (done < 0 && errno == EINTR))) {
		done = pwrite(fd, at, (size_t)(end - at), offset + (at - (const char *)words));
		at += done > 0 ? done : 0;
	}
	int error = done < 0 ? -errno : 0;
	close(fd);
	return error;
}

static void linux_free(struct pt_kernel *k)
{
	struct linux_kernel *self = (struct linux_kernel *)k;

	close(self->root);
	free(self);
}

static const struct pt_kernel_ops linux_ops = {
	.open = linux_open,
	.close = linux_close,
	.pread = linux_pread,
	.ioctl = linux_ioctl,
	.readlink = linux_readlink,
	.list = linux_list,
	.stat = linux_stat,
	.pidfd = linux_pidfd,
	.ended = linux_ended,
	.read_memory = linux_read_memory,
	.cachestat = linux_cachestat,
	.now = linux_now,
	.cpu_time = linux_cpu_time,
	.ptrace = linux_ptrace,
	.clear_soft_dirty = linux_clear_soft_dirty,
	.wait = linux_wait,
	.perf_open = linux_perf_open,
	.map = linux_map,
	.unmap = linux_unmap,
	.free = linux_free,
	.fstat = linux_fstat,
	.reopen = linux_reopen,
	.peek = linux_peek,
	.read = linux_read,
	.mark_idle = linux_mark_idle,
};

int pt_kernel_linux_new(struct pt_kernel **ret, const char *root, unsigned page_shift)
{
	struct linux_kernel *self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (self->root < 0) {
		int error = -errno;
		free(self);
		return error;
	}
	self->k.ops = &linux_ops;
	self->k.page_shift = page_shift ? page_shift : (unsigned)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	self->k.real = !strcmp(root, "/");
	*ret = &self->k;
	return 0;
}

void pt_kernel_free(struct pt_kernel *k)
{
	if (k)
		k->ops->free(k);
}
