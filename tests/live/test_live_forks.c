/*
 * Forked processes that write to so many pages each: exactly those are told as copied, and by whose writes. The child of
 * the test is a fork of the test itself, so what it forks is a grandchild here.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/forks/forks.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define PAGES     600u
#define BY_PARENT 37u /* pages that each writes to, one after the other */
#define BY_CHILD  23u
#define BY_BOTH   11u
#define GIVEN_UP  5u
#define NEW       3u
#define HUGE_SIZE ((size_t)2 << 20)
#define TRIES     20 /* while the kernel moves pages to other frames */

static struct pt_kernel *k;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Runs a function in a fork of this one, which says so when it is done and then waits. */
static pid_t fork_and_wait(void (*run)(char *memory), char *memory)
{
	int ends[2];
	char byte;
	child_need(pipe(ends) == 0, "pipe");
	pid_t pid = fork();
	child_need(pid >= 0, "fork");
	if (!pid) {
		run(memory);
		child_need(write(ends[1], "", 1) == 1, "write");
		for (;;)
			pause();
	}
	child_need(read(ends[0], &byte, 1) == 1, "the fork");
	return pid;
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static const struct pt_kin_row *row_at(const struct pt_forks_member *m, uint64_t address)
{
	for (size_t i = 0; i < m->table.n; i++)
		if (address >= m->table.v[i].start && address < m->table.v[i].end)
			return &m->table.v[i];
	return NULL;
}

static bool sees_frames(const struct pt_forks_member *m)
{
	return pt_signal_has(&m->snapshot->signals, PT_SIG_PFN) &&
	       pt_signal_has(&m->snapshot->signals, PT_SIG_KPAGEFLAGS);
}

/* Without frame numbers it can only be told of a page that it is mapped once. */
static struct pt_kin_sums as_seen(const struct pt_kin_sums *sums, bool frames)
{
	struct pt_kin_sums s = *sums;
	if (frames)
		return s;
	s.n[PT_KIN_EITHER] = pt_kin_copied(sums);
	s.n[PT_KIN_BY_PARENT] = s.n[PT_KIN_BY_CHILD] = 0;
	s.n[PT_KIN_UNKNOWN] += s.n[PT_KIN_SHARED];
	s.n[PT_KIN_SHARED] = 0;
	return s;
}

static struct pt_forks_look *look(struct pt_forks *forks)
{
	struct pt_forks_look *l = NULL;
	assert_int_equal(pt_forks_look(forks, NULL, NULL, &l), 0);
	return l;
}

/* Looks until the memory of a fork at an address is what it should be, or for too long. */
static struct pt_forks_look *look_for(struct pt_forks *forks, pid_t pid, uint64_t address,
				      const struct pt_kin_sums *wanted)
{
	for (int i = 0;; i++) {
		struct pt_forks_look *l = look(forks);
		size_t at = pt_forks_find(l, pid);
		assert_true(at != PT_FORKS_NONE);
		assert_true(l->v[at].compared);
		const struct pt_kin_row *row = row_at(&l->v[at], address);
		struct pt_kin_sums want = as_seen(wanted, sees_frames(&l->v[at]));
		assert_non_null(row);
		if (!memcmp(&want.n[1], &row->sums.n[1], sizeof want.n - sizeof want.n[0]))
			return l;
		if (i < TRIES) {
			pt_forks_look_free(l);
			continue;
		}
		for (unsigned kin = 1; kin < PT_KIN_N; kin++)
			print_message("%s: %lu, not %lu\n", pt_kin_name(kin), (unsigned long)row->sums.n[kin],
				      (unsigned long)want.n[kin]);
		fail_msg("not as it should be");
	}
}

/* ---- writes ----------------------------------------------------------------------------------------------------- */

static void write_as_child(char *memory)
{
	child_touch(memory + BY_PARENT * page_size(), BY_CHILD + BY_BOTH, 1);
	child_need(!madvise(memory + (PAGES - GIVEN_UP) * page_size(), GIVEN_UP * page_size(), MADV_DONTNEED),
		   "madvise");
	child_touch(memory + PAGES * page_size(), NEW, 1);
}

/* Says the fork, the memory, and once more when it has written. */
static void run_writer(struct child *self)
{
	char *memory = child_map((PAGES + NEW) * page_size(), 0);
	madvise(memory, (PAGES + NEW) * page_size(), MADV_NOHUGEPAGE);
	child_touch(memory, PAGES, 1);
	child_say(self, (uint64_t)fork_and_wait(write_as_child, memory));
	child_say(self, (uintptr_t)memory);
	child_touch(memory, BY_PARENT, 1);
	child_touch(memory + (BY_PARENT + BY_CHILD) * page_size(), BY_BOTH, 1);
	child_say(self, 1);
}

static void pages_that_both_wrote_to(void **state)
{
	(void)state;
	struct child child = child_start(run_writer);
	pid_t fork = (pid_t)child_wait(&child);
	child_go(&child);
	uint64_t address = child_wait(&child);
	struct pt_forks *forks = pt_forks_new(k, child.pid);
	struct pt_kin_sums wanted = {.n = {[PT_KIN_SHARED] = PAGES - BY_CHILD - BY_BOTH - GIVEN_UP,
					   [PT_KIN_BY_CHILD] = BY_CHILD + BY_BOTH,
					   [PT_KIN_PARENT] = GIVEN_UP,
					   [PT_KIN_CHILD] = NEW}};
	struct pt_forks_look *before = look_for(forks, fork, address, &wanted);
	size_t at = pt_forks_find(before, fork);
	assert_int_equal(before->v[before->v[at].parent].pid, child.pid);
	assert_int_equal(before->v[0].pid, getpid()); /* of whom all are forks */
	uint64_t points = before->v[at].n_points;

	child_go(&child);
	child_wait(&child);
	wanted.n[PT_KIN_SHARED] -= BY_PARENT;
	wanted.n[PT_KIN_BY_PARENT] = BY_PARENT;
	wanted.n[PT_KIN_BY_CHILD] -= BY_BOTH;
	wanted.n[PT_KIN_EITHER] = BY_BOTH;
	struct pt_forks_look *after = look_for(forks, fork, address, &wanted);
	const struct pt_forks_member *m = &after->v[pt_forks_find(after, fork)];
	assert_true(m->n_points > points);
	assert_true(pt_kin_copied(&m->points[m->n_points - 1].sums) >=
		    pt_kin_copied(&m->points[points - 1].sums) + (sees_frames(m) ? BY_PARENT : 0));
	pt_forks_look_free(before);
	pt_forks_look_free(after);
	pt_forks_free(forks);
	child_end(&child);
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

static void write_nothing(char *memory)
{
	(void)memory;
}

static void run_huge(struct child *self)
{
	char *memory = child_map(2 * HUGE_SIZE, HUGE_SIZE);
	madvise(memory, 2 * HUGE_SIZE, MADV_HUGEPAGE);
	child_touch(memory, 2 * HUGE_SIZE / page_size(), 1);
	child_say(self, (uint64_t)fork_and_wait(write_nothing, memory));
	child_touch(memory + 3 * page_size(), 1, 1);
	child_say(self, (uintptr_t)memory);
}

static void a_huge_page_that_is_split_by_a_write(void **state)
{
	(void)state;
	struct child child = child_start(run_huge);
	pid_t fork = (pid_t)child_wait(&child);
	struct pt_forks *forks = pt_forks_new(k, child.pid);
	struct pt_forks_look *l = look(forks);
	size_t parent = pt_forks_find(l, child.pid), whole = 2 * HUGE_SIZE / page_size();
	bool huge = parent != PT_FORKS_NONE && l->v[parent].snapshot->total.n[PT_N_PMD_ANON] >= whole;
	pt_forks_look_free(l);
	if (!huge) {
		pt_forks_free(forks);
		child_end(&child);
		skip_because("no huge pages to be had, or seen");
	}
	child_go(&child);
	uint64_t address = child_wait(&child);
	struct pt_kin_sums wanted = {.n = {[PT_KIN_SHARED] = whole - 1, [PT_KIN_BY_PARENT] = 1}};
	l = look_for(forks, fork, address, &wanted);
	pt_forks_look_free(l);
	pt_forks_free(forks);
	child_end(&child);
}

/* ---- who comes and goes ----------------------------------------------------------------------------------------- */

static void become_another(char *memory)
{
	(void)memory;
	if (!fork())
		execl("/bin/sleep", "sleep", "60", (char *)NULL);
}

static void run_generations(struct child *self)
{
	child_say(self, (uint64_t)fork_and_wait(become_another, NULL));
}

/* A shell's child is none of its parent's memory any more once it is a program of its own. */
static void a_fork_that_became_another_program(void **state)
{
	(void)state;
	struct child child = child_start(run_generations);
	pid_t fork = (pid_t)child_wait(&child);
	struct pt_forks *forks = pt_forks_new(k, fork);
	struct pt_forks_look *l = look(forks);
	for (int i = 0; l->n > 3 && i < 1000; i++) { /* it may not have got there yet */
		pt_forks_look_free(l);
		l = look(forks);
	}
	assert_int_equal(l->n, 3); /* the test, its child, the fork of that */
	assert_int_equal(l->v[2].pid, fork);
	assert_int_equal(l->v[2].parent, 1);
	pt_forks_look_free(l);
	pt_forks_free(forks);
	child_end(&child);
}

static void one_that_ends_while_it_is_looked_at(void **state)
{
	(void)state;
	struct child child = child_start(run_writer);
	pid_t fork = (pid_t)child_wait(&child);
	struct pt_forks *forks = pt_forks_new(k, child.pid);
	struct pt_forks_look *l = look(forks);
	uint64_t copied = pt_kin_copied(&l->v[pt_forks_find(l, fork)].table.sums);
	pt_forks_look_free(l);
	kill(fork, SIGKILL);
	for (int i = 0;; i++) {
		l = look(forks);
		if (l->n_ended || i > 10000)
			break;
		pt_forks_look_free(l);
	}
	assert_int_equal(l->n_ended, 1);
	assert_int_equal(l->ended[0].pid, fork);
	assert_int_equal(l->ended[0].how, PT_FORKS_GONE);
	assert_true(pt_kin_copied(&l->ended[0].last.sums) >= copied);
	assert_int_equal(pt_forks_find(l, fork), PT_FORKS_NONE);
	pt_forks_look_free(l);
	child_end(&child);
	assert_int_equal(pt_forks_look(forks, NULL, NULL, &l), -ESRCH);
	pt_forks_free(forks);
}

static int wait_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

static void run_sharing_all(struct child *self)
{
	static char stack[65536] __attribute__((aligned(16)));
	child_say(self, (uint64_t)clone(wait_for_ever, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL));
}

static void one_that_shares_its_page_tables(void **state)
{
	(void)state;
	struct child child = child_start(run_sharing_all);
	pid_t other = (pid_t)child_wait(&child);
	struct pt_forks *forks = pt_forks_new(k, child.pid);
	struct pt_forks_look *l = look(forks);
	size_t at = pt_forks_find(l, other);
	assert_true(at != PT_FORKS_NONE);
	if (sees_frames(&l->v[at])) {
		/* what stems from the fork off the test is mapped there as well */
		assert_int_equal(pt_kin_copied(&l->v[at].table.sums), 0);
		assert_true(l->v[at].table.sums.once > 0);
	}
	pt_forks_look_free(l);
	pt_forks_free(forks);
	kill(other, SIGKILL);
	child_end(&child);
}

static int group_setup(void **state)
{
	(void)state;
	return pt_kernel_linux_new(&k, "/", 0);
}

static int group_teardown(void **state)
{
	(void)state;
	pt_kernel_free(k);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_that_both_wrote_to),
		cmocka_unit_test(a_huge_page_that_is_split_by_a_write),
		cmocka_unit_test(a_fork_that_became_another_program),
		cmocka_unit_test(one_that_ends_while_it_is_looked_at),
		cmocka_unit_test(one_that_shares_its_page_tables),
	};
	return cmocka_run_group_tests_name("live forks", tests, group_setup, group_teardown);
}
