/*
 * Marks: the socket and the descriptor that programs write to, in order, with time and sender; what is hostile; what is
 * left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "assets/pagetop-mark.h"
#include "core/mark/mark.h"

static struct pt_marks *open_marks(void)
{
	struct pt_marks *marks = NULL;
	assert_int_equal(pt_marks_open(&marks, NULL), 0);
	return marks;
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t take(struct pt_marks *marks, struct pt_trace_mark *ret, size_t max)
{
	return pt_marks_take(marks, now(CLOCK_REALTIME), now(CLOCK_MONOTONIC), ret, max);
}

static struct sockaddr_un address_of(const struct pt_marks *marks)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	assert_true(strlen(pt_marks_path(marks)) < sizeof(address.sun_path));
	memcpy(address.sun_path, pt_marks_path(marks), strlen(pt_marks_path(marks)) + 1);
	return address;
}

static void send_bytes(const struct pt_marks *marks, const void *bytes, size_t size)
{
	struct sockaddr_un address = address_of(marks);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, bytes, size, 0, (struct sockaddr *)&address, sizeof(address)), size);
	close(fd);
}

static void send_text(const struct pt_marks *marks, const char *text)
{
	send_bytes(marks, text, strlen(text));
}

/* The one mark that comes of these bytes; its label. */
static struct pt_trace_mark one(struct pt_marks *marks, const char *bytes, size_t size)
{
	struct pt_trace_mark mark[2];
	send_bytes(marks, bytes, size);
	assert_int_equal(take(marks, mark, 2), 1);
	return mark[0];
}

static bool readable(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};
	return poll(&p, 1, 0) == 1;
}

/* ---- what comes ------------------------------------------------------------------------------------------------- */

static void marks_come_in_order_with_time_and_sender(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[4];
	assert_false(readable(pt_marks_fd(marks)));
	assert_int_equal(take(marks, mark, 4), 0);
	uint64_t before = now(CLOCK_REALTIME), before_monotonic = now(CLOCK_MONOTONIC);
	send_text(marks, "warm");
	send_text(marks, "loaded\n");
	uint64_t after = now(CLOCK_REALTIME);
	assert_true(readable(pt_marks_fd(marks)));
	assert_int_equal(take(marks, mark, 4), 2);
	assert_string_equal(mark[0].label, "warm");
	assert_string_equal(mark[1].label, "loaded");
	assert_true(before <= mark[0].realtime_ns && mark[0].realtime_ns <= mark[1].realtime_ns);
	assert_true(mark[1].realtime_ns <= after);
	/* two clocks cannot be read at one moment */
	assert_true(mark[0].monotonic_ns + 1000000000 > before_monotonic &&
		    mark[0].monotonic_ns <= now(CLOCK_MONOTONIC));
	assert_int_equal(mark[0].pid, getpid());
	pt_marks_close(marks);
}

/* The time is that of sending, however late marks are taken, and whatever became of the clock meanwhile. */
static void time_is_that_of_sending(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark;
	uint64_t second = 1000000000, at;
	send_text(marks, "a");
	at = now(CLOCK_REALTIME);
	assert_int_equal(pt_marks_take(marks, at + 5 * second, 100 * second, &mark, 1), 1);
	assert_true(mark.realtime_ns <= at && mark.realtime_ns + second > at);
	assert_true(mark.monotonic_ns <= 95 * second && mark.monotonic_ns > 94 * second);
	send_text(marks, "b"); /* the clock was set back since */
	assert_int_equal(pt_marks_take(marks, 3 * second, 100 * second, &mark, 1), 1);
	assert_true(mark.realtime_ns == 3 * second && mark.monotonic_ns == 100 * second);
	send_text(marks, "c"); /* or on, by more than this machine has run */
	assert_int_equal(pt_marks_take(marks, UINT64_MAX, 100 * second, &mark, 1), 1);
	assert_true(mark.monotonic_ns == 0);
	pt_marks_close(marks);
}

static void a_datagram_is_a_mark_for_each_line(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[3];
	send_text(marks, "one\ntwo\r\n\n\nthree\n");
	assert_int_equal(take(marks, mark, 2), 2);
	assert_string_equal(mark[0].label, "one");
	assert_string_equal(mark[1].label, "two");
	assert_int_equal(take(marks, mark, 3), 1);
	assert_string_equal(mark[0].label, "three");
	send_text(marks, "");
	send_text(marks, "\n\r\n");
	assert_int_equal(take(marks, mark, 3), 0);
	assert_int_equal(pt_marks_lost(marks), 0);
	pt_marks_close(marks);
}

/* ---- what is hostile -------------------------------------------------------------------------------------------- */

static void labels_are_cut_and_raw(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[3];
	static const char euro[] = {'\xe2', '\x82', '\xac', 'x'};
	char bytes[8192];
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(strlen(one(marks, bytes, 63).label), 63);
	assert_int_equal(strlen(one(marks, bytes, 64).label), 63);
	assert_int_equal(strlen(one(marks, bytes, sizeof(bytes)).label), 63);
	memcpy(bytes + 61, euro, 3); /* a character of which two bytes would stay */
	assert_int_equal(strlen(one(marks, bytes, 70).label), 61);
	memcpy(bytes + 60, euro, 4);
	assert_int_equal(strlen(one(marks, bytes, 70).label), 63);
	memset(bytes, 0x80, sizeof(bytes));
	assert_int_equal(strlen(one(marks, bytes, 70).label), 63);
	assert_string_equal(one(marks, "\033[2J\xff\t", 6).label, "\033[2J\xff\t");
	send_bytes(marks, "a\0b", 3);
	assert_int_equal(take(marks, mark, 3), 2);
	assert_string_equal(mark[0].label, "a");
	assert_string_equal(mark[1].label, "b");
	pt_marks_close(marks);
}

/* Whatever bytes come: labels are lines of it, cut, and never empty. */
static void any_bytes_are_labels(void **state)
{
	(void)state;
	static const char some[] = {'\n', '\r', '\0', 'x', '\x80', '\xe2', '\xff'};
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[8];
	uint64_t random = 1, seen = 0;
	for (int round = 0; round < 2000; round++) {
		char bytes[300];
		size_t size, n;
		random = random * 6364136223846793005u + 1442695040888963407u;
		size = (random >> 33) % sizeof(bytes);
		for (size_t i = 0; i < size; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = some[(random >> 33) % ((random >> 60) ? sizeof(some) : 3)];
		}
		send_bytes(marks, bytes, size);
		while ((n = take(marks, mark, 8)) > 0) {
			for (size_t i = 0; i < n; i++) {
				size_t length = strnlen(mark[i].label, sizeof(mark[i].label));
				assert_true(length > 0 && length < sizeof(mark[i].label));
				assert_null(memchr(mark[i].label, '\n', length));
				assert_non_null(memmem(bytes, size, mark[i].label, length));
			}
			seen += n;
		}
		assert_false(readable(pt_marks_fd(marks)));
	}
	assert_true(seen > 2000);
	assert_int_equal(pt_marks_lost(marks) + seen > PT_MARKS_MAX, pt_marks_lost(marks) > 0);
	pt_marks_close(marks);
}

static void floods_are_bounded_and_counted(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[64];
	char bytes[4000];
	size_t sent = 0, got = 0, n;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 2 ? '\n' : 'x';
	while (sent < PT_MARKS_MAX + 5000) {
		send_bytes(marks, bytes, sizeof(bytes));
		sent += sizeof(bytes) / 2;
		while ((n = take(marks, mark, 64)) > 0)
			got += n;
		while (readable(pt_marks_fd(marks)))
			assert_int_equal(take(marks, mark, 64), 0);
	}
	assert_int_equal(got, PT_MARKS_MAX);
	assert_int_equal(pt_marks_lost(marks), sent - got);
	pt_marks_close(marks);
}

/* Only so many datagrams at a time, whatever comes meanwhile and is thrown away. */
static void one_call_ends(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[2];
	for (size_t i = 0; i < 5; i++)
		send_text(marks, "\n");
	assert_int_equal(take(marks, mark, 2), 0);
	assert_true(readable(pt_marks_fd(marks)));
	pt_marks_close(marks);
}

/* A mark with these descriptors along. */
static void send_along(const struct pt_marks *marks, const int *fds, size_t n)
{
	struct sockaddr_un address = address_of(marks);
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control = {0};
	char gift[] = "gift";
	struct iovec bytes = {gift, 4};
	struct msghdr message = {.msg_name = &address,
				 .msg_namelen = sizeof(address),
				 .msg_iov = &bytes,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(sizeof(int) * n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(n <= 8);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	assert_int_equal(sendmsg(fd, &message, 0), 4);
	close(fd);
}

/* Sends the end of a new pair along, and keeps the other, which is returned. */
static int send_waiting(const struct pt_marks *marks)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	send_along(marks, &pair[1], 1);
	close(pair[1]);
	return pair[0];
}

static void senders_wait_until_they_are_looked_at(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark;
	int waits[PT_MARKS_HELD + 2];
	for (size_t i = 0; i < PT_MARKS_HELD + 2; i++) {
		waits[i] = send_waiting(marks);
		assert_false(readable(waits[i]));
		assert_int_equal(take(marks, &mark, 1), 1);
		assert_string_equal(mark.label, "gift");
		assert_int_equal(mark.pid, getpid());
		assert_int_equal(readable(waits[i]), i >= PT_MARKS_HELD); /* more than that do not wait */
	}
	pt_marks_release(marks);
	for (size_t i = 0; i < PT_MARKS_HELD + 2; i++) {
		assert_true(readable(waits[i]));
		close(waits[i]);
	}
	waits[0] = send_waiting(marks);
	waits[1] = send_waiting(marks);
	assert_int_equal(take(marks, &mark, 1), 1);
	pt_marks_close(marks); /* taken or not */
	assert_true(readable(waits[0]) && readable(waits[1]));
	close(waits[0]);
	close(waits[1]);
}

static void descriptors_are_not_left_open(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark;
	int gifts[8], lowest = dup(STDERR_FILENO), again;
	for (size_t i = 0; i < 8; i++)
		gifts[i] = STDERR_FILENO;
	close(lowest);
	for (int i = 0; i < 3; i++) {
		send_along(marks, gifts, 8);
		assert_int_equal(take(marks, &mark, 1), 1);
		pt_marks_release(marks);
		again = dup(STDERR_FILENO);
		assert_int_equal(again, lowest);
		close(again);
	}
	pt_marks_close(marks);
}

/* The header of programs: sends what a string and a waiting sender make, and waits no longer than it is let. */
static void the_header_waits(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark;
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		errno = 77;
		setenv(PT_MARK_ENV, pt_marks_path(marks), 1);
		if (pagetop_mark("here") == 0 && errno == 77)
			raise(SIGKILL); /* lest valgrind take what it has of its parent for leaked */
		_exit(1);
	}
	struct pollfd p = {pt_marks_fd(marks), POLLIN, 0};
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(take(marks, &mark, 1), 1);
	assert_string_equal(mark.label, "here");
	assert_int_equal(mark.pid, pid);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it waits: for a second */
	pt_marks_release(marks);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGKILL);
	pt_marks_close(marks);
}

/* ---- children --------------------------------------------------------------------------------------------------- */

/* Runs a script in the environment of a run, in another folder, and waits for it. */
static void run(struct pt_marks *marks, const char *script, int want)
{
	static char path[] = "PATH=/usr/bin:/bin", outer[] = "PAGETOP_MARK=/outer", other[] = "PAGETOP_MARKS=other",
		    outer_fd[] = "PAGETOP_MARK_FD=3";
	char *const base[] = {path, outer, other, outer_fd, NULL};
	char **env = pt_marks_environment(marks, base);
	int status;
	assert_non_null(env);
	pid_t pid = fork();
	if (pid == 0) {
		pt_marks_inherit(marks);
		if (chdir("/") == 0)
			execle("/bin/sh", "sh", "-c", script, (char *)NULL, env);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
	free(env);
}

static void a_shell_writes_to_the_descriptor(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	struct pt_trace_mark mark[3];
	run(marks, "echo warm >&$PAGETOP_MARK_FD; (echo deep >&$PAGETOP_MARK_FD)", 0);
	assert_int_equal(take(marks, mark, 3), 2);
	assert_string_equal(mark[0].label, "warm");
	assert_string_equal(mark[1].label, "deep");
	assert_true(mark[0].pid > 0 && mark[0].pid != getpid());
	pt_marks_close(marks);
}

static void the_environment_is_the_runs_own(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	run(marks, "[ -S \"$PAGETOP_MARK\" ] && [ \"$PAGETOP_MARKS\" = other ] && [ ${#PAGETOP_MARK_FD} = 1 ]", 0);
	run(marks, "[ $(env | grep -c ^PAGETOP_MARK) = 3 ]", 0);
	pt_marks_close(marks);
}

/* What has the number already, and is to be inherited, stays; and a run in a run has its own. */
static void descriptors_in_use_stay(void **state)
{
	(void)state;
	struct pt_marks *outer = open_marks(), *inner = open_marks();
	struct pt_trace_mark mark[2];
	run(outer, "echo a >&$PAGETOP_MARK_FD", 0);
	run(inner, "echo b >&$PAGETOP_MARK_FD", 0);
	assert_int_equal(take(outer, mark, 2), 1);
	assert_string_equal(mark[0].label, "a");
	assert_int_equal(take(inner, mark, 2), 1);
	assert_string_equal(mark[0].label, "b");
	pt_marks_close(outer);
	pt_marks_close(inner);
}

/* Whoever writes when nobody receives any more is told so, and neither waits nor dies of it. */
static void a_writer_survives_the_run(void **state)
{
	(void)state;
	struct pt_marks *marks = open_marks();
	int fd = -1;
	for (int i = 3; i < 10 && fd < 0; i++) {
		struct sockaddr_un peer = {0};
		socklen_t size = sizeof(peer);
		if (getpeername(i, (struct sockaddr *)&peer, &size) == 0 &&
		    strcmp(peer.sun_path, pt_marks_path(marks)) == 0)
			fd = dup(i);
	}
	assert_true(fd >= 0);
	pt_marks_close(marks);
	assert_true(write(fd, "late\n", 5) < 0);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
}

/* ---- folders and paths ------------------------------------------------------------------------------------------ */

static void nothing_is_left(void **state)
{
	(void)state;
	char parent[] = "/tmp/test-mark-XXXXXX", path[128];
	struct pt_marks *marks = NULL;
	struct stat st;
	assert_non_null(mkdtemp(parent));
	assert_int_equal(pt_marks_open(&marks, parent), 0);
	snprintf(path, sizeof(path), "%s", pt_marks_path(marks));
	assert_int_equal(strncmp(path, parent, strlen(parent)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	send_text(marks, "never taken");
	pt_marks_close(marks);
	assert_int_equal(rmdir(parent), 0);
	pt_marks_close(NULL);
}

static void a_folder_that_does_not_do_is_not_used(void **state)
{
	(void)state;
	static const char *const folders[] = {"/no/such/folder", "relative", "", "/dev/null", NULL};
	char deep[200] = "/";
	struct pt_marks *marks = NULL;
	memset(deep + 1, 'd', sizeof(deep) - 2);
	for (size_t i = 0; i <= sizeof(folders) / sizeof(*folders); i++) {
		assert_int_equal(pt_marks_open(&marks, i < sizeof(folders) / sizeof(*folders) ? folders[i] : deep), 0);
		assert_int_equal(strncmp(pt_marks_path(marks), "/tmp/pagetop-", 13), 0);
		pt_marks_close(marks);
	}
}

static void a_path_of_ones_own(void **state)
{
	(void)state;
	char parent[] = "/tmp/test-mark-XXXXXX", path[64], deep[200];
	struct pt_marks *marks = NULL, *second = NULL;
	struct pt_trace_mark mark;
	struct stat st;
	assert_non_null(mkdtemp(parent));
	snprintf(path, sizeof(path), "%s/marks", parent);
	assert_int_equal(pt_marks_open_at(&marks, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(pt_marks_open_at(&second, path), -EADDRINUSE); /* somebody listens */
	send_text(marks, "still");
	assert_int_equal(take(marks, &mark, 1), 1);
	pt_marks_close(marks);
	assert_int_equal(access(path, F_OK), -1);

	int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); /* a file is nobody's to remove */
	close(file);
	assert_int_equal(pt_marks_open_at(&marks, path), -EADDRINUSE);
	assert_int_equal(unlink(path), 0);

	struct sockaddr_un address = {.sun_family = AF_UNIX}; /* a killed one left its socket */
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(pt_marks_open_at(&marks, path), 0);
	assert_string_equal(one(marks, "new", 3).label, "new");
	pt_marks_close(marks);

	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(pt_marks_open_at(&marks, deep), -ENAMETOOLONG);
	assert_int_equal(pt_marks_open_at(&marks, ""), -ENOENT);
	assert_int_equal(pt_marks_open_at(&marks, "/no/such/folder/marks"), -ENOENT);
	assert_int_equal(rmdir(parent), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_come_in_order_with_time_and_sender),
		cmocka_unit_test(time_is_that_of_sending),
		cmocka_unit_test(a_datagram_is_a_mark_for_each_line),
		cmocka_unit_test(labels_are_cut_and_raw),
		cmocka_unit_test(any_bytes_are_labels),
		cmocka_unit_test(floods_are_bounded_and_counted),
		cmocka_unit_test(one_call_ends),
		cmocka_unit_test(senders_wait_until_they_are_looked_at),
		cmocka_unit_test(descriptors_are_not_left_open),
		cmocka_unit_test(the_header_waits),
		cmocka_unit_test(a_shell_writes_to_the_descriptor),
		cmocka_unit_test(the_environment_is_the_runs_own),
		cmocka_unit_test(descriptors_in_use_stay),
		cmocka_unit_test(a_writer_survives_the_run),
		cmocka_unit_test(nothing_is_left),
		cmocka_unit_test(a_folder_that_does_not_do_is_not_used),
		cmocka_unit_test(a_path_of_ones_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
