/*
 * Children of tests; see child.h. The child's struct has the other ends of the same two pipes.
 */
#include "tests/support/child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void run_child(const int *to, const int *from, void (*run)(struct child *self))
{
	struct child self = {.pid = getpid(), .to = from[1], .from = to[0]};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	close(to[1]);
	close(from[0]);
	run(&self);
	_exit(0);
}

struct child child_start(void (*run)(struct child *self))
{
	int to[2], from[2];

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	fflush(NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a child forks comes to us when it is gone */
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(to, from, run);
	setpgid(pid, pid); /* whoever of the two is first */
	close(to[0]);
	close(from[1]);
	return (struct child){.pid = pid, .to = to[1], .from = from[0]};
}

uint64_t child_wait(struct child *child)
{
	uint64_t what = 0;
	if (read(child->from, &what, sizeof(what)) != sizeof(what))
		fail_msg("the child ended too early");
	return what;
}

void child_go(struct child *child)
{
	assert_int_equal(write(child->to, "g", 1), 1);
}

void child_end(struct child *child)
{
	if (child->pid <= 0)
		return;
	kill(-child->pid, SIGKILL);
	while (waitpid(-child->pid, NULL, 0) > 0 || errno == EINTR)
		;
	close(child->to);
	close(child->from);
	child->pid = 0;
}

void child_say(struct child *self, uint64_t what)
{
	char byte;
	if (write(self->to, &what, sizeof(what)) != sizeof(what) || read(self->from, &byte, 1) != 1)
		_exit(1);
}

void child_need(int condition, const char *what)
{
	if (condition)
		return;
	dprintf(STDERR_FILENO, "child: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* A hole in memory that nothing may touch, with room at both ends. */
static char *reserve(size_t size, size_t alignment, size_t page)
{
	char *area = mmap(NULL, size + alignment + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			  0);
	child_need(area != MAP_FAILED, "mmap");
	uintptr_t at = (uintptr_t)area + page;
	return area + page + (-at & (alignment - 1));
}

char *child_map(size_t size, size_t alignment)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = reserve(size, alignment > page ? alignment : page, page);
	child_need(mprotect(memory, size, PROT_READ | PROT_WRITE) == 0, "mprotect");
	return memory;
}

char *child_map_file(int fd, size_t size, int flags)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(reserve(size, page, page), size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
	child_need(memory != MAP_FAILED, "mmap of a file");
	return memory;
}

void child_touch(char *memory, size_t n, size_t step)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < n; i++)
		*(volatile char *)(memory + i * step * page) = (char)(i + 1);
}

pid_t child_fork_waiting(int *ret)
{
	int ends[2];
	char byte;
	child_need(pipe(ends) == 0, "pipe");
	pid_t pid = fork();
	child_need(pid >= 0, "fork");
	if (!pid) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1);
	}
	close(ends[0]);
	*ret = ends[1];
	return pid;
}
