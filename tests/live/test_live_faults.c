/*
 * The fault stream on real children: every first touch, copy and thread's fault in a known place is told, once, with its
 * thread; what was forked later is covered; what a ring has no room for is counted; nothing stays behind.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/faults/stream.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define PAGES 2000u /* of the memory that is looked at */

struct seen {
	uint64_t start;          /* of the memory */
	size_t page;             /* bytes */
	unsigned by_page[PAGES]; /* faults */
	unsigned all, others, kernel, stacks, majors;
	pid_t tid_of[PAGES], pid_of[PAGES];
	unsigned forks, ends;
	uint64_t last_ns;
};

static void take_fault(void *arg, const struct pt_fault *fault)
{
	struct seen *seen = arg;
	uint64_t page = (fault->address - seen->start) / seen->page;
	assert_true(fault->time_ns >= seen->last_ns); /* in the order of time */
	seen->last_ns = fault->time_ns;
	seen->all += (unsigned)fault->weight;
	seen->majors += fault->major;
	if (fault->address < seen->start || page >= PAGES) {
		seen->others++;
		return;
	}
	seen->by_page[page]++;
	seen->kernel += fault->kernel;
	seen->stacks += fault->stack_size > 0 && fault->n_regs > 0;
	seen->tid_of[page] = fault->tid;
	seen->pid_of[page] = fault->pid;
}

static void take_news(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns)
{
	struct seen *seen = arg;
	(void)pid;
	(void)parent;
	assert_true(time_ns > 0);
	seen->forks += what == PT_FAULT_FORKED;
	seen->ends += what == PT_FAULT_EXITED;
}

/* A child, the kernel, and the stream of the child's faults, from before it goes on. */
struct watch {
	struct child child;
	struct pt_kernel *k;
	struct pt_faults *faults;
	struct seen seen;
};

static void watch(struct watch *w, void (*run)(struct child *self), const struct pt_fault_options *options)
{
	memset(w, 0, sizeof *w);
	w->child = child_start(run);
	w->seen.start = child_wait(&w->child);
	w->seen.page = (size_t)sysconf(_SC_PAGESIZE);
	assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
	int error = pt_faults_open(&w->faults, w->k, w->child.pid, options);
	if (error) {
		child_end(&w->child);
		pt_kernel_free(w->k);
	}
	if (error == -EACCES || error == -EPERM || error == -ENOSYS)
		skip_because("perf_event_open is not permitted here");
	assert_int_equal(error, 0);
}

static void next(struct watch *w)
{
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &w->seen};
	child_go(&w->child);
	child_wait(&w->child);
	pt_faults_take(w->faults, &sink);
}

static void leave(struct watch *w)
{
	child_end(&w->child);
	pt_faults_close(w->faults);
	pt_kernel_free(w->k);
}

static char *plain_memory(void)
{
	size_t size = PAGES * (size_t)sysconf(_SC_PAGESIZE);
	char *memory = child_map(size, 0);
	child_need(!madvise(memory, size, MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	return memory;
}

/* ---- every one of them ------------------------------------------------------------------------------------------ */

static void *touch_in_thread(void *memory)
{
	child_touch(memory, 300, 1);
	return NULL;
}

static void run_touching(struct child *self)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = plain_memory();
	pthread_t thread;
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 1000, 1);
	child_need(!pthread_create(&thread, NULL, touch_in_thread, memory + 1000 * page), "pthread_create");
	pthread_join(thread, NULL);
	child_say(self, 1);
	pid_t other = fork();
	child_need(other >= 0, "fork");
	if (other == 0) {
		child_touch(memory, 500, 1); /* each a copy */
		_exit(0);
	}
	child_need(waitpid(other, NULL, 0) == other, "waitpid");
	child_say(self, 2);
}

static void every_fault_is_told(void **state)
{
	(void)state;
	struct watch w;
	watch(&w, run_touching, &(struct pt_fault_options){0});
	next(&w);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(w.seen.by_page[i], i < 1300);
	assert_int_equal(w.seen.tid_of[999], w.child.pid);
	assert_int_not_equal(w.seen.tid_of[1000], w.child.pid);
	assert_int_equal(w.seen.pid_of[1000], w.child.pid);
	assert_int_equal(w.seen.kernel + w.seen.forks + w.seen.ends, 0); /* a thread is no process */
	next(&w);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(w.seen.by_page[i], i < 500 ? 2 : i < 1300);
	assert_int_not_equal(w.seen.pid_of[0], w.child.pid);
	assert_int_equal(w.seen.forks, 1);
	assert_int_equal(w.seen.ends, 1);
	struct pt_fault_totals t = pt_faults_totals(w.faults);
	assert_int_equal(t.told, w.seen.all);
	assert_int_equal(t.minor + t.major, w.seen.all);
	assert_int_equal(t.major, w.seen.majors);
	assert_int_equal(t.lost + t.damaged, 0);
	leave(&w);
}

/* ---- with stacks ------------------------------------------------------------------------------------------------ */

static void run_slowly(struct child *self)
{
	char *memory = plain_memory();
	child_say(self, (uintptr_t)memory);
	child_touch(memory, 40, 1);
	child_say(self, 1);
}

static void stacks_come_along(void **state)
{
	(void)state;
	struct watch w;
	if (!pt_user_regs())
		skip_because("the registers of this machine are not known");
	watch(&w, run_slowly, &(struct pt_fault_options){.stack_bytes = 4096});
	next(&w);
	assert_int_equal(w.seen.stacks, 40);
	leave(&w);
}

/* ---- too many --------------------------------------------------------------------------------------------------- */

static void run_all(struct child *self)
{
	char *memory = plain_memory();
	child_say(self, (uintptr_t)memory);
	child_touch(memory, PAGES, 1);
	child_say(self, 1);
}

static void what_is_lost_is_counted(void **state)
{
	(void)state;
	struct watch w;
	watch(&w, run_all, &(struct pt_fault_options){.ring_bytes = 8192});
	next(&w);
	assert_true(w.seen.all < PAGES);
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &w.seen};
	pt_faults_take(w.faults, &sink);
	struct pt_fault_totals t = pt_faults_totals(w.faults);
	assert_true(t.minor + t.major >= PAGES); /* the kernel's own count has all */
	assert_int_equal(t.told, w.seen.all);
	assert_true(t.told < t.minor + t.major);
	leave(&w);
}

static void a_period_tells_some_for_all(void **state)
{
	(void)state;
	struct watch w;
	unsigned told = 0;
	watch(&w, run_all, &(struct pt_fault_options){.period = 16});
	next(&w);
	for (unsigned i = 0; i < PAGES; i++)
		told += w.seen.by_page[i];
	assert_in_range(told, PAGES / 16 - 2, PAGES / 16 + 2);
	assert_int_equal(w.seen.all, 16 * (told + w.seen.others)); /* sanitizers fault elsewhere as well */
	leave(&w);
}

/* ---- other periods ---------------------------------------------------------------------------------------------- */

/* What the thread and the forked child of run_family wait on and tell the end by: pipes to and from each. */
struct helper {
	int to[2], from[2];
	char *memory;
};

static void helper_init(struct helper *h, char *memory)
{
	child_need(!pipe(h->to) && !pipe(h->from), "pipe");
	h->memory = memory;
}

static void *helper_run(void *arg)
{
	struct helper *h = arg;
	char byte;
	while (read(h->to[0], &byte, 1) == 1 && byte) {
		child_touch(h->memory, 100, 1);
		h->memory += 100 * (size_t)sysconf(_SC_PAGESIZE);
		child_need(write(h->from[1], &byte, 1) == 1, "write");
	}
	return NULL;
}

static void helper_go(struct helper *h)
{
	char byte = 1;
	child_need(write(h->to[1], &byte, 1) == 1 && read(h->from[0], &byte, 1) == 1, "helper");
}

/* 200 pages by the main thread, 200 by another, 200 by a process it forks, each in two halves. */
static void run_family(struct child *self)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = plain_memory();
	struct helper in_thread, in_child;
	pthread_t thread;
	helper_init(&in_thread, memory + 200 * page);
	helper_init(&in_child, memory + 400 * page);
	child_say(self, (uintptr_t)memory);
	child_need(!pthread_create(&thread, NULL, helper_run, &in_thread), "pthread_create");
	pid_t other = fork();
	child_need(other >= 0, "fork");
	if (other == 0) {
		helper_run(&in_child);
		_exit(0);
	}
	for (int half = 0; half < 2; half++) {
		child_touch(memory + (size_t)half * 100 * page, 100, 1);
		helper_go(&in_thread);
		helper_go(&in_child);
		child_say(self, 1);
	}
	char end = 0;
	child_need(write(in_thread.to[1], &end, 1) == 1 && write(in_child.to[1], &end, 1) == 1, "write");
	pthread_join(thread, NULL);
	child_need(waitpid(other, NULL, 0) == other, "waitpid");
	child_say(self, 2);
}

static void whoever_came_meanwhile_keeps_being_told(void **state)
{
	(void)state;
	struct watch w;
	watch(&w, run_family, &(struct pt_fault_options){0});
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &w.seen};
	next(&w);
	assert_int_equal(pt_faults_set_period(w.faults, 1, &sink), 0);
	next(&w);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(w.seen.by_page[i], i < 600);
	assert_int_equal(w.seen.forks, 1);
	assert_int_equal(pt_faults_set_period(w.faults, 7, &sink), 0);
	next(&w);
	assert_int_equal(w.seen.ends, 1);
	leave(&w);
}

static bool says_something(const struct child *child)
{
	struct pollfd polled = {.fd = child->from, .events = POLLIN};
	return poll(&polled, 1, 0) == 1;
}

/* A fault that is under way when the periods change may be told by none or both. */
static void a_change_under_way_loses_nothing(void **state)
{
	(void)state;
	struct watch w;
	unsigned changes = 0, wrong = 0;
	watch(&w, run_all, &(struct pt_fault_options){0});
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &w.seen};
	child_go(&w.child);
	do {
		assert_int_equal(pt_faults_set_period(w.faults, 1, &sink), 0);
		changes++;
	} while (!says_something(&w.child));
	child_wait(&w.child);
	pt_faults_take(w.faults, &sink);
	for (unsigned i = 0; i < PAGES; i++)
		wrong += w.seen.by_page[i] != 1;
	assert_true(wrong <= changes);
	struct pt_fault_totals t = pt_faults_totals(w.faults);
	assert_int_equal(t.lost + t.damaged, 0);
	assert_true(t.unsure < PAGES);
	assert_in_range(t.minor, PAGES - t.unsure, PAGES + t.unsure + w.seen.others);
	leave(&w);
}

/* ---- events of CPUs alone --------------------------------------------------------------------------------------- */

static void of_cpus_alone_the_process_is_told(void **state)
{
	(void)state;
	struct watch w;
	watch(&w, run_family, &(struct pt_fault_options){.machine = true});
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = &w.seen};
	assert_true(pt_faults_totals(w.faults).machine);
	next(&w);
	assert_int_equal(pt_faults_set_period(w.faults, 1, &sink), 0);
	next(&w);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(w.seen.by_page[i], i < 600);
	assert_int_equal(w.seen.forks, 1);
	struct pt_fault_totals t = pt_faults_totals(w.faults);
	assert_true(t.minor >= 400 && t.minor <= w.seen.all); /* its child counts for itself */
	leave(&w);
}

/* In a process of its own, since a hard limit does not go up again: its status says how the stream was opened. */
static void open_with_few_descriptors(pid_t pid)
{
	struct rlimit few = {.rlim_cur = 100, .rlim_max = 100};
	struct pt_kernel *k;
	struct pt_faults *faults;
	if (setrlimit(RLIMIT_NOFILE, &few) || pt_kernel_linux_new(&k, "/", 0))
		_exit(100);
	int error = pt_faults_open(&faults, k, pid, &(struct pt_fault_options){0});
	if (error)
		_exit(-error);
	_exit(pt_faults_totals(faults).machine ? 0 : 101);
}

/* Who may see every process's events gets those; others are told why there are none. */
static void too_few_descriptors(void **state)
{
	(void)state;
	struct watch w;
	int status;
	watch(&w, run_all, &(struct pt_fault_options){0}); /* so that it is skipped where that is not permitted */
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		open_with_few_descriptors(w.child.pid);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	bool all_seen = WEXITSTATUS(status) == 0;
	leave(&w);
	if (geteuid() == 0)
		assert_true(all_seen);
	else
		assert_true(all_seen || WEXITSTATUS(status) == EMFILE);
}

/* ---- leaving ---------------------------------------------------------------------------------------------------- */

static unsigned descriptors(void)
{
	unsigned n = 0;
	DIR *folder = opendir("/proc/self/fd");
	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void nothing_stays_behind(void **state)
{
	(void)state;
	unsigned before = descriptors();
	struct watch w;
	watch(&w, run_all, &(struct pt_fault_options){0});
	next(&w);
	leave(&w);
	assert_int_equal(descriptors(), before);
	struct pt_kernel *k;
	struct pt_faults *faults;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	assert_int_equal(pt_faults_open(&faults, k, w.child.pid, &(struct pt_fault_options){0}), -ESRCH);
	pt_kernel_free(k);
	assert_int_equal(descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_is_told),
		cmocka_unit_test(stacks_come_along),
		cmocka_unit_test(what_is_lost_is_counted),
		cmocka_unit_test(a_period_tells_some_for_all),
		cmocka_unit_test(whoever_came_meanwhile_keeps_being_told),
		cmocka_unit_test(a_change_under_way_loses_nothing),
		cmocka_unit_test(of_cpus_alone_the_process_is_told),
		cmocka_unit_test(too_few_descriptors),
		cmocka_unit_test(nothing_stays_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
