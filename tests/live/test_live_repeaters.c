/*
 * Programs that are interrupted again and again, each in a way of the kernel's: forks, KSM, swapping, writing back, memory
 * given back, compaction of locked memory. The tally must find the pages and name the reason.
 *
 * Stream, join and tally are driven by hand, a snapshot after each step, so that nothing depends on time.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/faults/tally.h"
#include "core/kernel/abi.h"
#include "tests/support/locked.h"
#include "tests/support/machine.h"
#include "tests/support/scene.h"
#include "tests/support/skip.h"

#define PAGES  16u
#define ROUNDS 6u
#define SLACK  8u          /* pages of its own stack and libraries that a child may touch as well */
#define MEMORY (16u << 20) /* of tables */

#define PATIENCE_S 20

struct run {
	struct scene scene;
	struct pt_faults *faults;
	struct pt_join *join;
	struct pt_tally *tally;
	struct pt_fault_view *view;
	uint64_t pages; /* that are looked at */
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- the way of the faults -------------------------------------------------------------------------------------- */

static void take_fault(void *arg, const struct pt_fault *fault)
{
	struct run *run = arg;
	if (fault->pid == run->scene.child.pid)
		pt_join_add(run->join, fault, 1);
	else
		pt_tally_child(run->tally, fault);
}

static void take_news(void *arg, enum pt_fault_news what, pid_t pid, pid_t parent, uint64_t time_ns)
{
	struct run *run = arg;
	(void)pid;
	if (what != PT_FAULT_FORKED || parent != run->scene.child.pid)
		return;
	pt_join_forked(run->join, time_ns);
	pt_tally_forked(run->tally, time_ns);
}

static void take_joined(void *arg, const struct pt_joined *fault)
{
	struct run *run = arg;
	pt_tally_add(run->tally, fault);
}

static void take_all(struct run *run)
{
	const struct pt_fault_sink sink = {.fault = take_fault, .news = take_news, .arg = run};
	pt_faults_take(run->faults, &sink);
	pt_join_flush(run->join, SIZE_MAX, NULL, take_joined, run);
}

static void give_snapshot(struct run *run)
{
	scene_look(&run->scene);
	pt_join_snapshot(run->join, run->scene.snapshot);
	pt_tally_snapshot(run->tally, run->scene.snapshot);
}

static struct run begin(void (*child)(struct child *self), const char *why_not)
{
	struct run run = {.scene = scene_set(child, PAGES, why_not), .pages = PAGES};
	struct pt_kernel *k = run.scene.k;
	uint64_t now = k->ops->now(k, PT_CLOCK_MONOTONIC);
	int error = pt_faults_open(&run.faults, k, run.scene.child.pid, &(struct pt_fault_options){0});
	if (error == -EACCES || error == -EPERM || error == -ENOSYS) {
		scene_leave(&run.scene);
		skip_because("perf_event_open is not permitted here");
	}
	assert_int_equal(error, 0);
	if (!scene_sees_frames(&run.scene)) {
		pt_faults_close(run.faults);
		scene_leave(&run.scene);
		skip_because("what a page is cannot be told without its frame");
	}
	assert_int_equal(pt_join_new(&run.join, k, run.scene.child.pid, MEMORY), 0);
	run.tally = pt_tally_new(k->page_shift, MEMORY, now);
	assert_non_null(run.tally);
	return run;
}

/* The child goes on; its faults are counted, and its pages looked at where that is of use. False: it cannot. */
static bool step(struct run *run, bool looks)
{
	child_go(&run->scene.child);
	if (child_wait(&run->scene.child) == CHILD_CANNOT)
		return false;
	take_all(run);
	if (looks)
		give_snapshot(run);
	return true;
}

static void end(struct run *run)
{
	pt_fault_view_unref(run->view);
	pt_tally_free(run->tally);
	pt_join_free(run->join);
	pt_faults_close(run->faults);
	scene_leave(&run->scene);
}

/* How many of the pages are repeaters for this reason. With PT_VERBOSE, all are printed. */
static unsigned named(struct run *run, enum pt_repeat_cause cause)
{
	struct pt_fault_system system;
	struct pt_kernel *k = run->scene.k;
	unsigned n = 0;
	pt_fault_system_read(k, &system);
	pt_fault_view_unref(run->view);
	run->view = pt_fault_view_new();
	assert_int_equal(pt_tally_view(run->tally, k->ops->now(k, PT_CLOCK_MONOTONIC), 10000, &system, run->view), 0);
	for (size_t i = 0; i < run->view->n_repeaters; i++) {
		const struct pt_fault_repeater *r = &run->view->repeaters[i];
		if (r->address < run->scene.start || r->address >= run->scene.start + run->pages * page_size())
			continue;
		n += r->cause == cause;
		if (getenv("PT_VERBOSE"))
			print_message("%s %llu x %s: %s\n", pt_repeat_cause_name(r->cause),
				      (unsigned long long)r->events, pt_fault_kind_name(r->kind), r->text);
	}
	return n;
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static char *plain_memory(size_t pages)
{
	char *memory = child_map(pages * page_size(), 0);
	child_need(!madvise(memory, pages * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_touch(memory, pages, 1);
	return memory;
}

/* A snapshot as Redis makes one: a child that lives on while its parent writes. */
static void run_forking(struct child *self)
{
	char *memory = plain_memory(PAGES);
	int pipes[2];
	for (;;) {
		child_say(self, (uintptr_t)memory);
		child_need(!pipe(pipes), "pipe");
		pid_t other = fork();
		child_need(other >= 0, "fork");
		if (other == 0) {
			close(pipes[1]);
			_exit((int)read(pipes[0], pipes, 1));
		}
		child_touch(memory, PAGES, 1);
		close(pipes[0]);
		close(pipes[1]);
		child_need(waitpid(other, NULL, 0) == other, "waitpid");
	}
}

/* The child is gone before its parent writes: the same frames, written to again. */
static void run_forking_shortly(struct child *self)
{
	char *memory = plain_memory(PAGES);
	for (;;) {
		child_say(self, (uintptr_t)memory);
		pid_t other = fork();
		child_need(other >= 0, "fork");
		if (other == 0)
			_exit(0);
		child_need(waitpid(other, NULL, 0) == other, "waitpid");
		child_touch(memory, PAGES, 1);
	}
}

static void run_freeing(struct child *self)
{
	char *memory = plain_memory(PAGES);
	for (;;) {
		child_say(self, (uintptr_t)memory);
		child_need(!madvise(memory, PAGES * page_size(), MADV_DONTNEED), "MADV_DONTNEED");
		child_say(self, (uintptr_t)memory);
		child_touch(memory, PAGES, 1);
	}
}

static void run_swapped(struct child *self)
{
	char *memory = plain_memory(PAGES);
	for (;;) {
		child_say(self, (uintptr_t)memory);
		if (madvise(memory, PAGES * page_size(), MADV_PAGEOUT))
			child_say(self, CHILD_CANNOT);
		child_say(self, (uintptr_t)memory);
		child_touch(memory, PAGES, 1);
	}
}

static void run_written_back(struct child *self)
{
	char name[] = "/var/tmp/pagetop-writeback-XXXXXX";
	int fd = mkstemp(name);
	child_need(fd >= 0 && !unlink(name) && !ftruncate(fd, (off_t)(PAGES * page_size())), "a file");
	char *memory = child_map_file(fd, PAGES * page_size(), MAP_SHARED);
	child_touch(memory, PAGES, 1);
	for (;;) {
		child_say(self, (uintptr_t)memory);
		child_need(!msync(memory, PAGES * page_size(), MS_SYNC), "msync");
		child_touch(memory, PAGES, 1);
	}
}

static bool patient(void)
{
	static struct timespec began;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!began.tv_sec)
		began = now;
	return now.tv_sec - began.tv_sec < PATIENCE_S;
}

/* All of them in one frame; the kernel's count of merged pages lags behind. */
static bool are_merged(char *memory)
{
	uint64_t entries[PAGES] = {0};
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)memory / page_size() * sizeof(*entries));
	bool merged = pread(fd, entries, sizeof(entries), at) == (ssize_t)sizeof(entries);
	for (unsigned i = 1; i < PAGES; i++)
		merged = merged && entries[i] == entries[0];
	close(fd);
	return merged;
}

static void run_merged(struct child *self)
{
	char *memory = plain_memory(PAGES);
	child_need(!madvise(memory, PAGES * page_size(), MADV_MERGEABLE), "MADV_MERGEABLE");
	for (char round = 1;; round++) {
		for (unsigned i = 0; i < PAGES; i++)
			memory[i * page_size()] = round; /* the same into each */
		child_say(self, (uintptr_t)memory);
		while (!are_merged(memory) && patient())
			;
		child_say(self, are_merged(memory) ? (uintptr_t)memory : CHILD_CANNOT);
	}
}

static void run_read_first(struct child *self)
{
	char *memory = child_map(PAGES * page_size(), 0);
	child_need(!madvise(memory, PAGES * page_size(), MADV_NOHUGEPAGE) || errno == EINVAL, "madvise");
	child_say(self, (uintptr_t)memory);
	unsigned sum = 0;
	for (unsigned i = 0; i < PAGES; i++)
		sum += *(volatile char *)(memory + i * page_size());
	child_need(!sum, "zeroes");
	child_say(self, (uintptr_t)memory);
	child_touch(memory, PAGES, 1);
	for (;;)
		child_say(self, (uintptr_t)memory);
}

/* ---- each is named ---------------------------------------------------------------------------------------------- */

static void expect_locked(const struct run *run, bool locked)
{
	for (size_t i = 0; i < run->view->n_repeaters; i++)
		assert_int_equal(run->view->repeaters[i].locked, locked);
}

/* How many of the pages were named so, and fault as often as the child had them. */
static unsigned one_round(void (*child)(struct child *self), unsigned steps, bool looks, enum pt_repeat_cause cause)
{
	struct run run = begin(child, "what this needs is not to be had here");
	unsigned as_often = 0;
	give_snapshot(&run);
	for (unsigned i = 0; i < ROUNDS * steps; i++)
		if (!step(&run, looks)) {
			end(&run);
			skip_because("the kernel did not do what this is about");
		}
	unsigned n = named(&run, cause);
	for (size_t i = 0; i < run.view->n_repeaters && n == PAGES; i++)
		as_often += run.view->repeaters[i].cause == cause && run.view->repeaters[i].events >= ROUNDS - 1 &&
			    run.view->repeaters[i].events <= ROUNDS + 1;
	expect_locked(&run, false);
	end(&run);
	return n == PAGES ? as_often : n;
}

/*
 * KSM and reclaim work at a pace of their own: a page that was merged again meanwhile faults twice for one write, and what
 * is swapped out may come back with its neighbours. So these have three tries.
 */
static void each_round(void (*child)(struct child *self), unsigned steps, bool looks, enum pt_repeat_cause cause)
{
	unsigned tries = cause == PT_REPEAT_KSM || cause == PT_REPEAT_RECLAIM ? 3 : 1, n = 0;
	while (tries-- && n < PAGES)
		n = one_round(child, steps, looks, cause);
	assert_true(n >= PAGES);
}

static void forks(void **state)
{
	(void)state;
	each_round(run_forking, 1, true, PT_REPEAT_FORK);
}

static void forks_unseen(void **state)
{
	(void)state;
	each_round(run_forking, 1, false, PT_REPEAT_FORK);
}

static void short_forks(void **state)
{
	(void)state;
	each_round(run_forking_shortly, 1, true, PT_REPEAT_FORK);
}

static void freed(void **state)
{
	(void)state;
	each_round(run_freeing, 2, true, PT_REPEAT_FREED);
}

/* Of the one stack there is: what it brought, and how much of that is there. */
static void expect_born(struct run *run, uint64_t born_least, uint64_t still_least, uint64_t still_most)
{
	(void)named(run, PT_REPEAT_UNKNOWN);
	assert_int_equal(run->view->n_stacks, 1);
	const struct pt_fault_stack_row *row = &run->view->stacks[0];
	assert_true(row->still_known);
	assert_in_range(row->born / page_size(), born_least, born_least + SLACK);
	assert_in_range(row->still / page_size(), still_least, still_most + SLACK);
}

static void births(void **state)
{
	(void)state;
	struct run run = begin(run_freeing, "");
	uint64_t when;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		step(&run, true); /* gives its memory back */
		if (round > 1)
			expect_born(&run, (round - 1) * (uint64_t)PAGES, 0, 0);
		assert_int_equal(pt_tally_birth(run.tally, run.scene.start, &when), 0);
		step(&run, true); /* and touches it */
		expect_born(&run, round * (uint64_t)PAGES, PAGES, PAGES);
		for (unsigned i = 0; i < PAGES; i++)
			assert_int_equal(pt_tally_birth(run.tally, run.scene.start + i * page_size(), &when), 1);
		assert_int_equal(pt_tally_birth(run.tally, run.scene.start + PAGES * page_size(), &when), 0);
	}
	end(&run);
}

static void swapped(void **state)
{
	(void)state;
	const char *why_not = machine_needs_swap();
	if (why_not)
		skip_because(why_not);
	each_round(run_swapped, 2, true, PT_REPEAT_RECLAIM);
	machine_restore();
}

static void written_back(void **state)
{
	(void)state;
	each_round(run_written_back, 1, true, PT_REPEAT_WRITEBACK);
}

static void written_back_unseen(void **state)
{
	(void)state;
	each_round(run_written_back, 1, false, PT_REPEAT_WRITEBACK);
}

static void read_first(void **state)
{
	(void)state;
	struct run run = begin(run_read_first, "");
	step(&run, true);
	step(&run, true);
	unsigned n = named(&run, PT_REPEAT_ZERO_PAGE);
	end(&run);
	assert_int_equal(n, PAGES);
}

static void merged(void **state)
{
	(void)state;
	const char *why_not = machine_needs_ksm();
	if (why_not)
		skip_because(why_not);
	each_round(run_merged, 2, true, PT_REPEAT_KSM);
	machine_restore();
}

/* A program that locks its memory and is interrupted nevertheless: each reason by name. */
static void locked(void **state)
{
	const enum pt_repeat_cause causes[] = {PT_REPEAT_ZERO_PAGE, PT_REPEAT_FORK, PT_REPEAT_FORK, PT_REPEAT_FORK};
	(void)state;
	if (geteuid())
		skip_because("locking so much needs root");
	struct run run = begin(locked_run, "");
	run.pages = LOCKED_PAGES;
	give_snapshot(&run);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(step(&run, true));
		assert_int_equal(named(&run, causes[i]), LOCKED_PAGES);
		expect_locked(&run, true);
	}
	run.scene.start += LOCKED_PAGES * page_size();
	run.pages = LOCKED_BYTES / page_size() - LOCKED_PAGES;
	assert_int_equal(named(&run, PT_REPEAT_COMPACTION), 0);
	bool compacted = step(&run, true);
	unsigned forked = named(&run, PT_REPEAT_FORK), moved = named(&run, PT_REPEAT_COMPACTION);
	expect_locked(&run, true);
	assert_int_equal(forked + moved + LOCKED_PAGES, run.view->n_repeaters);
	end(&run);
	if (!compacted || !moved)
		skip_because("compaction moved nothing that was touched just then; the other reasons were named");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forks),        cmocka_unit_test(forks_unseen),
		cmocka_unit_test(short_forks),  cmocka_unit_test(freed),
		cmocka_unit_test(births),       cmocka_unit_test(swapped),
		cmocka_unit_test(written_back), cmocka_unit_test(written_back_unseen),
		cmocka_unit_test(read_first),   cmocka_unit_test(merged),
		cmocka_unit_test(locked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
