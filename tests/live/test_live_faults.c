/*
 * The fault stream on real children: every first touch, copy and thread's fault in a known place is told, once, with its
 * thread; what was forked later is covered; what a ring has no room for is counted; nothing stays behind.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
	const struct pt_fault_sink sink = {take_fault, take_news, &w->seen};
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
	if (!pt_fault_regs())
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
	const struct pt_fault_sink sink = {take_fault, take_news, &w.seen};
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
		cmocka_unit_test(every_fault_is_told),     cmocka_unit_test(stacks_come_along),
		cmocka_unit_test(what_is_lost_is_counted), cmocka_unit_test(a_period_tells_some_for_all),
		cmocka_unit_test(nothing_stays_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
