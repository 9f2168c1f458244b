/*
 * The watch on real children: what they fault is in the views, whoever forks or becomes another program is followed, and
 * whenever it ends, whoever of the two ends first, no descriptor, thread or mapping stays behind.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/faults/watch.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define PAGES 600u
#define ALL   (64 * PAGES) /* rows: a sanitizer touches much of its own, more often than the pages that are looked for */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static char *plain_memory(void)
{
	char *memory = child_map(PAGES * page_size(), 0);
	child_need(!madvise(memory, PAGES * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	return memory;
}

static int try_to_watch(struct pt_fault_watch **ret, pid_t pid, const struct pt_fault_watch_options *options)
{
	struct pt_kernel *k;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return pt_fault_watch_new(ret, k, pid, options);
}

static struct pt_fault_watch *watch(struct child *child, const struct pt_fault_watch_options *options)
{
	struct pt_fault_watch *w;
	int error = try_to_watch(&w, child->pid, options);
	if (error)
		child_end(child);
	if (error == -EACCES || error == -EPERM || error == -ENOSYS)
		skip_because("perf_event_open is not permitted here");
	assert_int_equal(error, 0);
	return w;
}

/* Faults of addresses in [start, start + pages). */
static uint64_t faults_at(const struct pt_fault_view *view, uint64_t start, size_t pages)
{
	uint64_t n = 0;
	for (size_t i = 0; i < view->n_addresses; i++)
		if (view->addresses[i].address >= start && view->addresses[i].address < start + pages * page_size())
			n += view->addresses[i].counts.events;
	return n;
}

/* ---- what was told ---------------------------------------------------------------------------------------------- */

static void run_touching(struct child *self)
{
	char *memory = plain_memory();
	child_say(self, (uintptr_t)memory);
	child_touch(memory, PAGES, 1);
	pid_t other = fork();
	child_need(other >= 0, "fork");
	if (other == 0) {
		child_touch(memory, 100, 1);
		_exit(0);
	}
	child_need(waitpid(other, NULL, 0) == other, "waitpid");
	child_say(self, 1);
}

static void every_fault_is_in_the_view(void **state)
{
	(void)state;
	struct child child = child_start(run_touching);
	uint64_t start = child_wait(&child);
	struct pt_fault_watch *w = watch(&child, &(struct pt_fault_watch_options){.period = 1, .rows = ALL});
	child_go(&child);
	child_wait(&child);
	struct pt_fault_view *view = pt_fault_watch_finish(w);
	assert_non_null(view);
	assert_int_equal(faults_at(view, start, PAGES), PAGES);
	assert_true(view->children.events >= 100); /* and what fork itself made it copy */
	assert_int_equal(view->all.events + view->children.events, view->totals.told);
	assert_int_equal(view->totals.told, view->totals.minor + view->totals.major);
	assert_int_equal(view->totals.lost, 0);
	assert_int_equal(view->period_most, 1);
	assert_false(view->ended);
	pt_fault_view_unref(view);
	pt_fault_watch_free(w);
	child_end(&child);
}

static void a_view_comes_by_itself_and_the_last_one_says_so(void **state)
{
	(void)state;
	struct child child = child_start(run_touching);
	child_wait(&child);
	pid_t pid = child.pid;
	struct pt_fault_watch *w = watch(&child, &(struct pt_fault_watch_options){.interval_ns = 20000000});
	struct pt_fault_view *view = NULL;
	bool ended = false, alive = false;
	while (!ended) {
		struct pollfd polled = {.fd = pt_fault_watch_fd(w), .events = POLLIN};
		assert_int_equal(poll(&polled, 1, 20000), 1);
		view = pt_fault_watch_take(w);
		assert_non_null(view);
		assert_int_equal(view->pid, pid);
		ended = view->ended;
		if (!ended && !alive)
			child_end(&child);
		alive |= !ended;
		pt_fault_view_unref(view);
	}
	assert_true(alive);
	assert_null(pt_fault_watch_take(w)); /* none since */
	pt_fault_watch_free(w);
}

static void run_touching_little(struct child *self)
{
	char *memory = plain_memory();
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 40, 1);
	child_say(self, 1);
}

/* What was there before is known from a snapshot. */
static void hand_over_snapshot(struct pt_fault_watch *w, pid_t pid)
{
	struct pt_kernel *k;
	struct pt_snapshot *snapshot;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	assert_int_equal(pt_scan_once(k, pid, 1, &snapshot), 0);
	pt_fault_watch_snapshot(w, snapshot);
	pt_snapshot_unref(snapshot);
	pt_kernel_free(k);
}

static void births_and_calls_are_told_to_any_thread(void **state)
{
	(void)state;
	struct child child = child_start(run_touching_little);
	uint64_t start = child_wait(&child), at = 0;
	struct pt_fault_watch *w = watch(&child, &(struct pt_fault_watch_options){.period = 1, .stacks = true});
	hand_over_snapshot(w, child.pid);
	child_go(&child);
	child_wait(&child);
	struct pt_fault_view *view = pt_fault_watch_finish(w);
	struct pt_fault_call *calls;
	size_t n;
	bool stacks = view->stacks_error == 0;
	pt_fault_view_unref(view);
	if (stacks) {
		pt_stack_id id = pt_fault_watch_birth(w, start, &at);
		assert_int_not_equal(id, 0);
		assert_true(at > 0);
		assert_int_equal(pt_fault_watch_calls(w, id, &calls, &n), 0);
		assert_true(n > 0);
		pt_fault_calls_free(calls, n);
		assert_int_equal(pt_fault_watch_birth(w, start - page_size(), &at), 0);
	}
	assert_int_equal(pt_fault_watch_calls(w, 0, &calls, &n), -ENOENT);
	assert_int_equal(pt_fault_watch_calls(w, UINT32_MAX, &calls, &n), -ENOENT);
	pt_fault_watch_free(w);
	child_end(&child);
	if (!stacks)
		skip_because("the registers of this machine are not known");
}

/* ---- another program -------------------------------------------------------------------------------------------- */

static void run_exec(struct child *self)
{
	char *memory = plain_memory();
	child_touch(memory, 1, 1);
	child_say(self, 1);
	child_touch(memory, PAGES, 1); /* before the exec */
	execl("/bin/true", "true", (char *)NULL);
	_exit(1);
}

/* From there on alone: what came before is the parent's doing. */
static void an_exec_is_followed(void **state)
{
	(void)state;
	for (int from_exec = 0; from_exec < 2; from_exec++) {
		const struct pt_fault_watch_options options = {.period = 1, .from_exec = from_exec, .rows = ALL};
		struct child child = child_start(run_exec);
		child_wait(&child);
		struct pt_fault_watch *w = watch(&child, &options);
		child_go(&child);
		bool ended = false;
		while (!ended) {
			struct pollfd polled = {.fd = pt_fault_watch_fd(w), .events = POLLIN};
			assert_int_equal(poll(&polled, 1, 20000), 1);
			struct pt_fault_view *view = pt_fault_watch_take(w);
			ended = view->ended;
			if (ended) {
				assert_true(view->all.events > 20); /* a program begins */
				assert_true(from_exec ? view->all.events < PAGES : view->all.events > PAGES);
			}
			pt_fault_view_unref(view);
		}
		pt_fault_watch_free(w);
		child_end(&child);
	}
}

/* ---- leaving ---------------------------------------------------------------------------------------------------- */

static unsigned entries(const char *path)
{
	unsigned n = 0;
	DIR *folder = opendir(path);
	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static unsigned mapped_events(void)
{
	char line[512];
	unsigned n = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps))
		n += strstr(line, "perf_event") != NULL;
	fclose(maps);
	return n;
}

struct left { /* behind */
	unsigned descriptors, events;
};

static struct left look(void)
{
	return (struct left){entries("/proc/self/fd"), mapped_events()};
}

/* A thread that is slow to leave may be left behind, and cleans up by itself: if it does not, the test never ends. */
static void wait_until_nothing_is_left(struct left before)
{
	for (;;) {
		struct left now = look();
		if (now.descriptors == before.descriptors && now.events == before.events)
			return;
		sched_yield();
	}
}

static void run_forever(struct child *self)
{
	char *memory = plain_memory();
	child_say(self, 1);
	for (;;) {
		child_touch(memory, PAGES, 1);
		child_need(!madvise(memory, PAGES * page_size(), MADV_DONTNEED), "madvise");
	}
}

/* Freed at once, after the first view, or when all is over: each time the child goes on without any event. */
static void it_can_be_left_at_any_moment(void **state)
{
	(void)state;
	struct child child = child_start(run_forever);
	child_wait(&child);
	child_go(&child);
	struct left before = look();
	for (unsigned i = 0; i < 12; i++) {
		struct pt_fault_watch *w =
			watch(&child, &(struct pt_fault_watch_options){.stacks = i % 2, .interval_ns = 10000000});
		struct pollfd polled = {.fd = pt_fault_watch_fd(w), .events = POLLIN};
		if (i % 4 > 1)
			assert_int_equal(poll(&polled, 1, 20000), 1);
		if (i % 3 == 0) {
			struct pt_fault_view *view = pt_fault_watch_finish(w);
			assert_non_null(view);
			assert_int_equal(mapped_events(), 0); /* finished: nothing more is told */
			pt_fault_view_unref(view);
		}
		pt_fault_watch_free(w);
		wait_until_nothing_is_left(before);
	}
	child_end(&child);
}

/* Children that end about when the watch is opened: it was there, or there was no such process. */
static void the_process_may_end_while_it_is_opened(void **state)
{
	(void)state;
	struct left before = look();
	for (unsigned i = 0; i < 60; i++) {
		struct pt_fault_watch *w;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			for (volatile unsigned n = 0; n < i * 2000; n++)
				;
			_exit(0);
		}
		int error = try_to_watch(&w, pid, &(struct pt_fault_watch_options){.interval_ns = 1000000});
		if (error == -EACCES || error == -EPERM || error == -ENOSYS) {
			waitpid(pid, NULL, 0);
			skip_because("perf_event_open is not permitted here");
		}
		assert_true(error == 0 || error == -ESRCH);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (!error)
			pt_fault_watch_free(w);
		wait_until_nothing_is_left(before);
	}
}

static void *touch_a_page(void *memory)
{
	*(volatile char *)memory = 1;
	return NULL;
}

/* A thread for each page, one after the other, from before the watch until it is told to end. */
static void run_threads(struct child *self)
{
	char *memory = plain_memory();
	child_say(self, (uintptr_t)memory);
	for (size_t i = 0; i < PAGES; i++) {
		pthread_t thread;
		if (i == PAGES / 2)
			child_say(self, 1);
		child_need(!pthread_create(&thread, NULL, touch_a_page, memory + i * page_size()), "pthread_create");
		pthread_join(thread, NULL);
	}
	child_say(self, 2);
}

static void threads_may_come_and_go_while_it_is_opened(void **state)
{
	(void)state;
	struct child child = child_start(run_threads);
	uint64_t start = child_wait(&child);
	child_go(&child); /* it goes on while the watch is opened */
	struct pt_fault_watch *w = watch(&child, &(struct pt_fault_watch_options){.period = 1, .rows = ALL});
	child_wait(&child);
	child_go(&child);
	child_wait(&child);
	struct pt_fault_view *view = pt_fault_watch_finish(w);
	assert_int_equal(faults_at(view, start + PAGES / 2 * page_size(), PAGES / 2), PAGES / 2);
	pt_fault_view_unref(view);
	pt_fault_watch_free(w);
	child_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_is_in_the_view),
		cmocka_unit_test(a_view_comes_by_itself_and_the_last_one_says_so),
		cmocka_unit_test(births_and_calls_are_told_to_any_thread),
		cmocka_unit_test(an_exec_is_followed),
		cmocka_unit_test(it_can_be_left_at_any_moment),
		cmocka_unit_test(the_process_may_end_while_it_is_opened),
		cmocka_unit_test(threads_may_come_and_go_while_it_is_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
