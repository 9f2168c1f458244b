/*
 * What happens to real processes while they are looked at: exec, exit, threads, memory that changes all the time,
 * reservations of many terabytes, and processes that may not be looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/scan/live.h"
#include "core/scan/scan.h"
#include "tests/support/scene.h"
#include "tests/support/skip.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct pt_kernel *real(void)
{
	struct pt_kernel *k = NULL;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return k;
}

static void run_waiting(struct child *self)
{
	char *memory = child_map(64 * page_size(), 0);
	child_touch(memory, 64, 1);
	child_say(self, (uintptr_t)memory);
}

/* ---- exec and exit ---------------------------------------------------------------------------------------------- */

/* This program again, as another image of the same process; see main(). */
static void become_image(const struct child *self, const char *what)
{
	char to[16], from[16];
	char *const arguments[] = {(char *)"image", (char *)what, to, from, NULL};

	fcntl(self->to, F_SETFD, 0);
	fcntl(self->from, F_SETFD, 0);
	snprintf(to, sizeof(to), "%d", self->to);
	snprintf(from, sizeof(from), "%d", self->from);
	execv("/proc/self/exe", arguments);
	child_need(0, "exec");
}

/* The memory that it leaves stays alive: it is its parent's. */
static void run_vfork(struct child *self)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		child_say(self, (uint64_t)getpid());
		become_image(self, "once");
	}
	waitpid(pid, NULL, 0);
}

static void exec_out_of_shared_memory_is_followed(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_vfork);
	pid_t pid = (pid_t)child_wait(&child);
	struct pt_scan *scan;
	struct pt_snapshot *before, *after;

	assert_int_equal(pt_scan_open(&scan, k, pid), 0);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &before), 0);
	child_go(&child);
	assert_int_equal(child_wait(&child), 1);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &after), 0);
	assert_int_equal(after->process.image, before->process.image + 1);
	assert_true(after->total.n[PT_N_RSS] > 0);
	pt_snapshot_unref(before);
	pt_snapshot_unref(after);
	pt_scan_close(scan);
	kill(pid, SIGKILL);
	child_end(&child);
	pt_kernel_free(k);
}

static pthread_t main_thread;

static void *outlive_main(void *arg)
{
	pthread_join(main_thread, NULL);
	run_waiting(arg);
	return NULL;
}

static void run_without_main(struct child *self)
{
	pthread_t thread;
	main_thread = pthread_self();
	child_need(!pthread_create(&thread, NULL, outlive_main, self), "pthread_create");
	pthread_exit(NULL);
}

/* It is a zombie then, to look at. */
static void threads_outlive_the_main_thread(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_without_main);
	uint64_t address = child_wait(&child);
	struct pt_process process = {0};
	struct pt_snapshot *snapshot;

	while (process.state != 'Z') /* it is on its way */
		assert_int_equal(pt_read_process(k, child.pid, &process), 0);
	assert_int_equal(pt_scan_once(k, child.pid, 1, &snapshot), 0);
	assert_int_equal(snapshot->process.pid, child.pid);
	assert_int_not_equal(pt_page_kind(pt_snapshot_page(snapshot, address)), PT_UNTOUCHED);
	pt_snapshot_unref(snapshot);
	child_end(&child);
	pt_kernel_free(k);
}

static void run_exec(struct child *self)
{
	run_waiting(self);
	become_image(self, "once");
}

static void exec_is_followed(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_exec);
	uint64_t address = child_wait(&child);
	struct pt_scan *scan;
	struct pt_snapshot *before, *after;

	assert_int_equal(pt_scan_open(&scan, k, child.pid), 0);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &before), 0);
	assert_int_equal(before->process.image, 0);
	assert_int_equal(pt_page_kind(pt_snapshot_page(before, address)) != PT_UNTOUCHED, 1);
	child_go(&child);
	child_wait(&child); /* the new image says something */
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &after), 0);
	assert_int_equal(after->process.image, 1);
	assert_int_equal(after->process.start_time, before->process.start_time);
	assert_true(after->total.n[PT_N_RSS] > 0);
	struct pollfd p = {.fd = pt_scan_pidfd(scan), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);

	child_end(&child);
	pt_snapshot_unref(before);
	before = after;
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &after), -ESRCH);
	assert_int_equal(poll(&p, 1, 0), 1);
	pt_snapshot_unref(before);
	pt_scan_close(scan);
	pt_kernel_free(k);
}

/* Its own image all the time anew: each frame is of one image, or the scan says that it did not hold still. */
static void run_exec_forever(struct child *self)
{
	child_say(self, 1);
	become_image(self, "forever");
}

static void exec_all_the_time(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_exec_forever);
	struct pt_scan *scan;
	unsigned whole = 0, execs = 0;

	child_wait(&child);
	assert_int_equal(pt_scan_open(&scan, k, child.pid), 0);
	child_go(&child);
	child_wait(&child); /* an image of many */
	for (int i = 0; i < 300; i++) {
		struct pt_snapshot *snapshot = NULL;
		int error = pt_scan_frame(scan, NULL, NULL, &snapshot);
		assert_true(error == 0 || error == -ESRCH || error == -EACCES);
		if (!error) {
			whole++;
			execs = snapshot->process.image;
			assert_int_equal(snapshot->process.pid, child.pid);
			assert_true(snapshot->total.n[PT_N_RSS] <= snapshot->total.n[PT_N_PRESENT]);
		}
		pt_snapshot_unref(snapshot);
	}
	assert_true(whole > 0);
	assert_true(execs > 0);
	pt_scan_close(scan);
	child_end(&child);
	pt_kernel_free(k);
}

static void the_dead_are_not_scanned(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_waiting);
	struct pt_scan *scan;
	siginfo_t info;

	child_wait(&child);
	kill(child.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pt_scan_open(&scan, k, child.pid), -ESRCH); /* a zombie */
	child_end(&child);
	assert_int_equal(pt_scan_open(&scan, k, info.si_pid), -ESRCH);
	pt_kernel_free(k);
}

static void kernel_threads_have_no_memory(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	bool there = pt_is_kernel_thread(k, 2);
	struct pt_scan *scan;

	if (there)
		assert_int_equal(pt_scan_open(&scan, k, 2), -ENODATA);
	pt_kernel_free(k);
	if (!there)
		skip_because("PID 2 is no kernel thread in this PID namespace");
}

/* The superuser's process 1, as an ordinary user. */
static void run_stranger(struct child *self)
{
	struct pt_kernel *k;
	struct pt_scan *scan;

	child_need(geteuid() != 0 || (!setgid(65534) && !setuid(65534)), "setuid");
	child_need(!pt_kernel_linux_new(&k, "/", 0), "kernel");
	child_say(self, (uint64_t)-pt_scan_open(&scan, k, 1));
}

static void strangers_are_not_permitted(void **state)
{
	(void)state;
	struct child child = child_start(run_stranger);
	int error = (int)child_wait(&child);
	child_end(&child);
	assert_true(error == EACCES || error == EPERM);
}

/* ---- memory that moves ------------------------------------------------------------------------------------------ */

static void run_restless(struct child *self)
{
	const size_t size = 512 * page_size();
	char *memory[8] = {0};
	unsigned random = 1;

	child_say(self, 1);
	for (;;) {
		random = random * 1103515245 + 12345;
		unsigned i = random >> 16 & 7;
		if (!memory[i]) {
			memory[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			child_need(memory[i] != MAP_FAILED, "mmap");
			child_touch(memory[i], (random >> 20 & 255) + 1, 2);
		} else if (random >> 28 & 1) {
			madvise(memory[i] + size / 4, size / 2, MADV_DONTNEED);
			mprotect(memory[i], size / 2, random >> 29 & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
		} else {
			munmap(memory[i], size);
			memory[i] = NULL;
		}
	}
}

static void frames_of_restless_memory(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_restless);
	struct pt_scan *scan;

	child_wait(&child);
	assert_int_equal(pt_scan_open(&scan, k, child.pid), 0);
	child_go(&child);
	for (int i = 0; i < 300; i++) {
		struct pt_snapshot *snapshot;
		struct pt_counts sum = {0};
		assert_int_equal(pt_scan_frame(scan, NULL, NULL, &snapshot), 0);
		for (size_t v = 0; v < snapshot->vmas->n; v++) {
			const struct pt_vma *vma = &snapshot->vmas->v[v];
			assert_true(pt_snapshot_sums(snapshot, v)->n[PT_N_PRESENT] <=
				    (vma->end - vma->start) / page_size());
			pt_counts_add(&sum, pt_snapshot_sums(snapshot, v));
		}
		assert_memory_equal(&sum, &snapshot->total, sizeof(sum));
		pt_snapshot_unref(snapshot);
	}
	pt_scan_close(scan);
	child_end(&child);
	pt_kernel_free(k);
}

/* ---- large and many --------------------------------------------------------------------------------------------- */

#define RESERVED (16ull << 40)

static void run_reserved(struct child *self)
{
	char *memory = mmap(NULL, RESERVED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		child_say(self, CHILD_CANNOT);
	madvise(memory, RESERVED, MADV_NOHUGEPAGE);
	child_touch(memory, 64, RESERVED / 64 / page_size());
	child_say(self, (uintptr_t)memory);
}

/* Without PAGEMAP_SCAN, reading a pagemap entry for each page takes seconds. */
static bool has_scan(void)
{
	struct pt_kernel *k = real();
	struct pt_signals signals;
	pt_probe_signals(k, 0, &signals);
	pt_kernel_free(k);
	return pt_signal_has(&signals, PT_SIG_PAGEMAP_SCAN);
}

static void a_reservation_costs_what_is_in_it(void **state)
{
	(void)state;
	if (!has_scan())
		skip_because("this kernel has no PAGEMAP_SCAN, so it does cost more");
	struct scene scene = scene_set(run_reserved, RESERVED / page_size(),
				       "16 TiB of address space are not to be had here");
	scene_expect(&scene, PT_N_RSS, 64);
	assert_true(scene.snapshot->scan_ns < 1000000000);
	scene_verify(&scene);
	scene_leave(&scene);
}

#define MANY 20000ul

static void run_many(struct child *self)
{
	char *memory = child_map(2 * MANY * page_size(), 0);
	madvise(memory, 2 * MANY * page_size(), MADV_NOHUGEPAGE);
	child_touch(memory, MANY, 2);
	for (size_t i = 0; i < MANY; i++)
		if (mprotect(memory + 2 * i * page_size(), page_size(), PROT_READ))
			child_say(self, CHILD_CANNOT);
	child_say(self, (uintptr_t)memory);
}

static void many_vmas(void **state)
{
	(void)state;
	struct scene scene = scene_set(run_many, 2 * MANY, "so many mappings are not permitted (vm.max_map_count)");
	assert_true(scene.snapshot->vmas->n >= 2 * MANY);
	scene_expect(&scene, PT_N_RSS, MANY);
	scene_verify(&scene);
	scene_leave(&scene);
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static struct child *thread_child;

static void *thread_main(void *unused)
{
	char on_stack = 0;
	(void)unused;
	child_say(thread_child, (uintptr_t)&on_stack);
	child_say(thread_child, (uint64_t)syscall(SYS_gettid));
	return NULL;
}

static void run_threaded(struct child *self)
{
	pthread_t thread;

	thread_child = self;
	child_need(!pthread_create(&thread, NULL, thread_main, NULL), "pthread_create");
	pthread_join(thread, NULL);
}

static void stacks_of_threads_are_known(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct child child = child_start(run_threaded);
	uint64_t address = child_wait(&child);
	child_go(&child);
	pid_t tid = (pid_t)child_wait(&child);
	struct pt_scan *scan;
	struct pt_snapshot *snapshot;
	uint64_t sp;
	int error;

	/* a thread shows where its stack is once it sleeps; it is about to */
	while ((error = pt_read_thread_sp(k, child.pid, tid, &sp)) == -EAGAIN)
		sched_yield();
	assert_int_equal(error, 0);
	assert_int_equal(pt_scan_open(&scan, k, child.pid), 0);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &snapshot), 0);
	const struct pt_vma vma = snapshot->vmas->v[pt_vma_find(snapshot->vmas, address)];
	pt_snapshot_unref(snapshot);
	assert_int_equal(vma.role, PT_ROLE_THREAD_STACK);
	assert_int_equal(vma.tid, tid);
	pt_scan_close(scan);
	child_end(&child);
	pt_kernel_free(k);
}

/* ---- the feed --------------------------------------------------------------------------------------------------- */

/* Waits until the feed is in that state and has a snapshot. */
static void await(struct pt_feed *feed, enum pt_feed_state state)
{
	for (;;) {
		struct pollfd p = {.fd = feed->ops->fd(feed), .events = POLLIN};
		feed->ops->ack(feed);
		struct pt_snapshot *latest = feed->ops->latest(feed);
		bool there = latest && feed->ops->status(feed).state == state;
		pt_snapshot_unref(latest);
		if (there)
			return;
		if (poll(&p, 1, 20000) != 1)
			fail_msg("the feed did not come to state %d", (int)state);
	}
}

static void the_last_frame_stays(void **state)
{
	(void)state;
	struct child child = child_start(run_waiting);
	uint64_t address = child_wait(&child);
	struct pt_feed *feed;

	assert_int_equal(pt_live_feed_new(&feed, real(), child.pid,
					  &(struct pt_live_options){.interval_ns = 1000000, .share = 0.05}),
			 0);
	await(feed, PT_FEED_RUNNING);
	child_end(&child);
	await(feed, PT_FEED_ENDED);
	struct pt_snapshot *last = feed->ops->latest(feed);
	assert_int_not_equal(pt_page_kind(pt_snapshot_page(last, address)), PT_UNTOUCHED);
	assert_true(feed->ops->status(feed).ended_ns > 0);
	pt_snapshot_unref(last);
	feed->ops->free(feed);
}

static void one_can_look_at_oneself(void **state)
{
	(void)state;
	struct pt_kernel *k = real();
	struct pt_snapshot *snapshot;
	assert_int_equal(pt_scan_once(k, getpid(), 1, &snapshot), 0);
	assert_true(snapshot->total.n[PT_N_RSS] > 0);
	pt_snapshot_unref(snapshot);
	pt_kernel_free(k);
}

/* image WHAT TO FROM: see become_image */
static int run_image(char **arguments)
{
	struct child self = {.to = atoi(arguments[2]), .from = atoi(arguments[3])};
	if (!strcmp(arguments[1], "once"))
		child_say(&self, 1);
	if (!strcmp(arguments[1], "forever"))
		child_need(write(self.to, &(uint64_t){1}, 8) == 8, "write");
	become_image(&self, "silent");
	return 1;
}

int main(int n_arguments, char **arguments)
{
	if (n_arguments == 4)
		return run_image(arguments);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exec_is_followed),
		cmocka_unit_test(exec_out_of_shared_memory_is_followed),
		cmocka_unit_test(threads_outlive_the_main_thread),
		cmocka_unit_test(exec_all_the_time),
		cmocka_unit_test(the_dead_are_not_scanned),
		cmocka_unit_test(kernel_threads_have_no_memory),
		cmocka_unit_test(strangers_are_not_permitted),
		cmocka_unit_test(frames_of_restless_memory),
		cmocka_unit_test(a_reservation_costs_what_is_in_it),
		cmocka_unit_test(many_vmas),
		cmocka_unit_test(stacks_of_threads_are_known),
		cmocka_unit_test(the_last_frame_stays),
		cmocka_unit_test(one_can_look_at_oneself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
