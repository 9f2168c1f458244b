/*
 * The real kernel operations, on this process, on a child, and on a folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/kernel/kernel.h"
#include "tests/support/fixture.h"
#include "tests/support/skip.h"

static struct pt_kernel *real(void)
{
	struct pt_kernel *k = NULL;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return k;
}

static void knows_what_it_stands_on(void **state)
{
	(void)state;
	struct pt_kernel *k = real(), *untouched = k;

	assert_true(k->real);
	assert_int_equal(1l << k->page_shift, sysconf(_SC_PAGESIZE));
	pt_kernel_free(k);
	assert_int_equal(pt_kernel_linux_new(&untouched, "/no such folder", 0), -ENOENT);
	assert_int_equal(pt_kernel_linux_new(&untouched, "/proc/self/maps", 0), -ENOTDIR);
	assert_ptr_equal(untouched, k);
	pt_kernel_free(NULL);
}

static void reads_files(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	char buf[256] = "";

	int fd = k->ops->open(k, "proc/self/stat", O_RDONLY);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(k->ops->pread(k, fd, buf, sizeof(buf), 0) > 4);
	assert_int_equal(atoi(buf), getpid());
	assert_int_equal(k->ops->ioctl(k, fd, PT_PAGEMAP_SCAN, buf), -ENOTTY);
	k->ops->close(k, fd);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	k->ops->close(k, -1); /* as free(NULL) */
	assert_int_equal(k->ops->pread(k, fd, buf, sizeof(buf), 0), -EBADF);
	assert_int_equal(k->ops->open(k, "proc/self/no such file", O_RDONLY), -ENOENT);
	pt_kernel_free(k);
}

static void slurps(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "");
	struct pt_kernel *k = fixture_kernel(fixture);
	char bytes[10000], *text;
	size_t size;

	memset(bytes, 'x', sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n += n < 4090 || n > 4100 ? 409 : 1) { /* around its first buffer */
		fixture_write_bytes(fixture, "file", bytes, n);
		assert_int_equal(pt_kernel_slurp(k, "file", &text, &size), 0);
		assert_int_equal(size, n);
		assert_memory_equal(text, bytes, n);
		assert_int_equal(text[n], '\0');
		free(text);
	}
	text = bytes;
	assert_int_equal(pt_kernel_slurp(k, "no such file", &text, &size), -ENOENT);
	assert_int_equal(pt_kernel_slurp(k, "proc", &text, &size), -EISDIR);
	assert_ptr_equal(text, bytes);
	pt_kernel_free(k);
	fixture_free(fixture);
}

static int count_until(void *arg, const char *name)
{
	int *left = arg;
	assert_string_not_equal(name, ".");
	assert_string_not_equal(name, "..");
	return --*left == 0;
}

static void lists_and_follows(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct pt_file_stat st = {0};
	char link[16] = "";
	int left = -1;

	assert_int_equal(k->ops->list(k, "proc/self/task", count_until, &left), 0);
	assert_int_equal(left, -2); /* one thread */
	left = 2;
	assert_int_equal(k->ops->list(k, "proc/self", count_until, &left), 0);
	assert_int_equal(left, 0); /* stopped when told to */
	assert_int_equal(k->ops->list(k, "proc/self/stat", count_until, &left), -ENOTDIR);
	assert_int_equal(k->ops->list(k, "no such folder", count_until, &left), -ENOENT);

	assert_true(k->ops->readlink(k, "proc/self", link, sizeof(link)) > 0);
	assert_int_equal(atoi(link), getpid());
	assert_int_equal(k->ops->readlink(k, "proc", link, sizeof(link)), -EINVAL);

	assert_int_equal(k->ops->stat(k, "proc/self", &st), 0);
	assert_true(S_ISDIR(st.mode));
	assert_false(st.tmpfs);
	assert_int_equal(k->ops->stat(k, "no such file", &st), -ENOENT);
	pt_kernel_free(k);
}

static void paths_stay_below_the_root(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(65536, "");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_file_stat st;

	assert_false(k->real);
	assert_int_equal(k->page_shift, 16);
	fixture_write(fixture, "etc/only-here", "");
	assert_int_equal(k->ops->stat(k, "/etc/only-here", &st), 0);
	assert_int_equal(k->ops->stat(k, "/etc/passwd", &st), -ENOENT);
	assert_int_equal(k->ops->stat(k, "//", &st), 0);
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void a_folder_has_no_processes(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 1 S p\n");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_cachestat pages;
	char byte;

	assert_int_equal(k->ops->pidfd(k, 1), -ENOSYS);
	assert_int_equal(k->ops->ended(k, 0), 0);
	assert_int_equal(k->ops->cachestat(k, 0, 0, 0, &pages), -ENOSYS);
	assert_int_equal(k->ops->read_memory(k, 1, 2, &byte, 1), -ENOSYS);
	fixture_write(fixture, "proc/1/mem", "abc");
	assert_int_equal(k->ops->read_memory(k, 1, 2, &byte, 1), 1);
	assert_int_equal(byte, 'c');
	pt_kernel_free(k);
	fixture_free(fixture);
}

/* A child that lives until its pipe is closed, and ends without running any of our code again. */
static pid_t start_child(int *ret_pipe)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char byte;
		close(fds[1]);
		_exit((int)read(fds[0], &byte, 1));
	}
	close(fds[0]);
	*ret_pipe = fds[1];
	return child;
}

static void pidfd_tells_the_end(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	siginfo_t info;
	int pipe;
	pid_t child = start_child(&pipe);

	int pidfd = k->ops->pidfd(k, child);
	if (pidfd == -ENOSYS) {
		close(pipe);
		waitpid(child, NULL, 0);
		pt_kernel_free(k);
		skip_because("there is no pidfd_open (before 5.3, or under valgrind)");
	}
	assert_true(pidfd >= 0);
	assert_int_equal(k->ops->ended(k, pidfd), 0);
	close(pipe);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(k->ops->ended(k, pidfd), 1); /* already as a zombie */
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(k->ops->ended(k, pidfd), 1);
	assert_int_equal(k->ops->pidfd(k, child), -ESRCH);
	k->ops->close(k, pidfd);
	assert_int_equal(k->ops->ended(k, pidfd), -EBADF);
	pt_kernel_free(k);
}

static void reads_memory(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	char there[] = "contents", here[sizeof(there)] = "";

	assert_int_equal(k->ops->read_memory(k, getpid(), (uintptr_t)there, here, sizeof(here)), sizeof(here));
	assert_string_equal(here, there);
	assert_int_equal(k->ops->read_memory(k, getpid(), 1ull << 63, here, sizeof(here)), -EFAULT);
	pt_kernel_free(k);
}

static void counts_cached_pages(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct pt_cachestat pages = {0};
	int fd = memfd_create("test", MFD_CLOEXEC);
	uint64_t page = 1ull << k->page_shift;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(8 * page)), 0);
	assert_int_equal(pwrite(fd, "x", 1, (off_t)(2 * page)), 1);
	int error = k->ops->cachestat(k, fd, 0, 8 * page, &pages);
	close(fd);
	pt_kernel_free(k);
	if (error == -ENOSYS)
		skip_because("there is no cachestat (before 6.5, or under valgrind)");
	assert_int_equal(error, 0);
	assert_int_equal(pages.cache, 1);
}

/* A file of 8 pages of which 2 to 4 are cached; -1: this file system lets go of none. */
static int cached_in_part(struct pt_kernel *k, uint64_t size, uint8_t *ret)
{
	char name[] = "/var/tmp/pagetop-peek-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC | O_NOATIME);
	void *memory;

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(ftruncate(fd, (off_t)(8 * size)), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pwrite(fd, "x", 1, (off_t)(i * size)), 1);
	assert_int_equal(fsync(fd), 0);
	posix_fadvise(fd, 0, (off_t)(2 * size), POSIX_FADV_DONTNEED);
	posix_fadvise(fd, (off_t)(5 * size), 0, POSIX_FADV_DONTNEED);
	assert_int_equal(k->ops->peek(k, fd, 0, 8, ret, &memory), 0);
	k->ops->unmap(k, memory, 8 * size);
	if (!(ret[0] & 1) && ret[2] & 1 && ret[4] & 1 && !(ret[7] & 1))
		return fd;
	close(fd);
	return -1;
}

/* Those that are cached come into our page tables, those that are not do not become cached; what lies past the end of the
 * file is no signal. */
static void peeks_at_files(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	const uint64_t size = 1ull << k->page_shift;
	uint8_t cached[8], again[9];
	uint64_t entries[8];
	void *memory;
	int fd = cached_in_part(k, size, cached);
	if (fd < 0) {
		pt_kernel_free(k);
		skip_because("the file system of /var/tmp keeps pages that it is told to let go of");
	}
	assert_int_equal(k->ops->peek(k, fd, 0, 8, again, &memory), 0);
	int pagemap = k->ops->open(k, "proc/self/pagemap", O_RDONLY);
	assert_int_equal(k->ops->pread(k, pagemap, entries, sizeof(entries), (uintptr_t)memory / size * 8),
			 (ssize_t)sizeof(entries));
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(again[i] & 1, cached[i] & 1);
		assert_int_equal((entries[i] & PM_PRESENT) != 0, cached[i] & 1);
	}
	k->ops->unmap(k, memory, 8 * size);
	assert_int_equal(k->ops->peek(k, pagemap, 0, 8, again, &memory), -ENODEV);
	k->ops->close(k, pagemap);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(k->ops->peek(k, fd, 0, 8, again, &memory), 0);
	k->ops->unmap(k, memory, 8 * size);
	close(fd);
	pt_kernel_free(k);
}

static void opens_anew(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct pt_file_stat path, behind;
	char byte;
	int fd = k->ops->open(k, "proc/self/exe", O_PATH);

	assert_true(fd >= 0);
	assert_int_equal(k->ops->fstat(k, fd, &behind), 0);
	assert_int_equal(k->ops->stat(k, "proc/self/exe", &path), 0);
	assert_int_equal(behind.inode, path.inode);
	assert_true(behind.size > 1000 && behind.links >= 1);
	int again = k->ops->reopen(k, fd, O_RDONLY);
	assert_true(again >= 0 && again != fd);
	assert_int_equal(k->ops->pread(k, again, &byte, 1, 1), 1);
	assert_int_equal(byte, 'E');
	k->ops->close(k, again);
	k->ops->close(k, fd);
	assert_int_equal(k->ops->reopen(k, fd, O_RDONLY), -ENOENT);
	pt_kernel_free(k);
}

static void clocks_run(void **state)
{
	(void)state;
	struct pt_kernel *k = real();

	for (int clock = PT_CLOCK_MONOTONIC; clock < PT_CLOCK_N; clock++) {
		uint64_t first = k->ops->now(k, (enum pt_clock)clock), now = first;
		while (now == first)
			now = k->ops->now(k, (enum pt_clock)clock);
		assert_true(first > 0 && now > first);
	}
	pt_kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_it_stands_on),
		cmocka_unit_test(reads_files),
		cmocka_unit_test(slurps),
		cmocka_unit_test(lists_and_follows),
		cmocka_unit_test(paths_stay_below_the_root),
		cmocka_unit_test(a_folder_has_no_processes),
		cmocka_unit_test(pidfd_tells_the_end),
		cmocka_unit_test(reads_memory),
		cmocka_unit_test(counts_cached_pages),
		cmocka_unit_test(peeks_at_files),
		cmocka_unit_test(opens_anew),
		cmocka_unit_test(clocks_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
