/*
 * Call sites of a program whose leaks are known (tests/live/sites/target.c), by a whole hunt; and the debug registers: who
 * has them, and that they are given back.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/hunt.h"
#include "core/perf/watchpoints.h"
#include "tests/support/child.h"
#include "tests/support/sited.h"
#include "tests/support/skip.h"

#define SECONDS    1000000000ull
#define HUNTS      6u /* of one program, until enough of its leaks have a site */
#define ENOUGH     25u
#define LEAKS      1000u
#define STACK_SIZE 1024u

/* RATE LEAKED SCALE THREADS KEPT SAME */
static void start(struct sited *s, const char *const arguments[6])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(strrchr(path, '/') + 1, 32, "sites-target");
	assert_true(sited_start(s, path, arguments));
	while (s->truth->n < LEAKS) /* which the hunt can find, so that there is something to look for */
		sched_yield();
}

static struct pt_kernel *kernel(void)
{
	struct pt_kernel *k;
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	return k;
}

/* ---- hunts ------------------------------------------------------------------------------------------------------ */

static struct pt_hunt_view *hunt(pid_t pid)
{
	const struct pt_hunt_options options = {.sites_ns = (getenv("PT_LONG") ? 10 : 5) * SECONDS};
	struct pt_hunt *hunt;
	struct pt_hunt_view *view = NULL;
	int error = pt_hunt_new(&hunt, kernel(), pid, &options);
	assert_int_equal(error, 0);
	while (!view && !error) {
		struct pollfd p = {.fd = pt_hunt_fd(hunt), .events = POLLIN};
		poll(&p, 1, -1);
		pt_hunt_progress(hunt);
		view = pt_hunt_take(hunt, &error);
	}
	assert_int_equal(error, 0);
	pt_hunt_free(hunt);
	if (!view->verdict)
		return view;
	if (view->sites_error == -EACCES || view->sites_error == -EPERM || view->sites_error == -EOPNOTSUPP ||
	    view->sites_error == -ENOSPC)
		skip_because("there are no watchpoints to be had here");
	assert_int_equal(view->sites_error, 0);
	return view;
}

/* Hunts it until there is enough to judge by. */
static void judge(const char *const arguments[6])
{
	struct sited s;
	struct sited_result sum = {0};
	start(&s, arguments);
	for (unsigned i = 0; i < HUNTS && (sum.right + sum.wrong < ENOUGH || sum.named * 2 < sum.leaking); i++) {
		struct pt_hunt_view *view = hunt(s.pid);
		const struct sited_result r = sited_judge(&s, view);
		sum.right += r.right;
		sum.wrong += r.wrong;
		sum.named = r.named > sum.named ? r.named : sum.named;
		sum.leaking = r.leaking;
		pt_hunt_view_unref(view);
	}
	sited_end(&s);
	print_message("%u right, %u wrong; %u of %u sites in one hunt\n", sum.right, sum.wrong, sum.named, sum.leaking);
	assert_true(sum.right + sum.wrong >= ENOUGH);
	assert_true(sum.wrong * 20 <= sum.right + sum.wrong);
	assert_true(sum.named * 2 >= sum.leaking);
}

static void small_objects(void **state)
{
	(void)state;
	judge((const char *const[]){"50000", "20000", "1", "1", "4000", "0"});
}

static void by_several_threads(void **state)
{
	(void)state;
	judge((const char *const[]){"50000", "20000", "1", "3", "0", "0"});
}

static void by_more_threads_than_are_watched_one_by_one(void **state)
{
	(void)state;
	judge((const char *const[]){"50000", "20000", "1", "12", "0", "0"});
}

/* A chunk is handed out again at once, with the same in it. */
static void that_all_hold_the_same(void **state)
{
	(void)state;
	judge((const char *const[]){"50000", "50000", "1", "1", "0", "1"});
}

static void larger_than_caches_serve(void **state)
{
	(void)state;
	judge((const char *const[]){"20000", "20000", "50", "1", "100", "0"});
}

/* ---- debug registers -------------------------------------------------------------------------------------------- */

static void rest(struct child *self)
{
	child_say(self, 1);
}

static struct pt_watchpoints *take(struct pt_kernel *k, pid_t pid)
{
	struct pt_watchpoints *w;
	int error = pt_watchpoints_open(&w, k, pid, STACK_SIZE);
	if (error == -EACCES || error == -EPERM || error == -EOPNOTSUPP || error == -ENOSPC)
		skip_because("there are no watchpoints to be had here");
	assert_int_equal(error, 0);
	return w;
}

static void registers_are_given_back(void **state)
{
	(void)state;
	struct child c = child_start(rest);
	struct pt_kernel *k = kernel();
	child_wait(&c);
	struct pt_watchpoints *w = take(k, c.pid), *other;
	const unsigned all = pt_watchpoints_n(w);
	assert_int_equal(pt_watchpoints_open(&other, k, c.pid, STACK_SIZE), -ENOSPC);
	pt_watchpoints_close(w);
	w = take(k, c.pid);
	assert_int_equal(pt_watchpoints_n(w), all);
	pt_watchpoints_close(w);
	pt_kernel_free(k);
	child_end(&c);
}

/* The same when whoever has them is killed. */
static void registers_are_given_back_by_the_dead(void **state)
{
	(void)state;
	int ready[2];
	struct child c = child_start(rest);
	struct pt_kernel *k = kernel();
	child_wait(&c);
	pt_watchpoints_close(take(k, c.pid));
	assert_int_equal(pipe(ready), 0);
	pid_t watcher = fork();
	if (watcher == 0) {
		struct pt_watchpoints *w;
		char said = pt_watchpoints_open(&w, k, c.pid, STACK_SIZE) == 0 &&
					    pt_watchpoints_arm(w, 0, (uint64_t)(uintptr_t)&c, 1) == 0
				    ? 'y'
				    : 'n';
		if (write(ready[1], &said, 1) == 1)
			pause();
		_exit(0);
	}
	char said = 0;
	assert_int_equal(read(ready[0], &said, 1), 1);
	assert_int_equal(said, 'y');
	struct pt_watchpoints *w;
	assert_int_equal(pt_watchpoints_open(&w, k, c.pid, STACK_SIZE), -ENOSPC);
	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	w = take(k, c.pid);
	pt_watchpoints_close(w);
	close(ready[0]);
	close(ready[1]);
	pt_kernel_free(k);
	child_end(&c);
}

static volatile char watched[64];

static void write_twice(struct child *self)
{
	for (;;) {
		child_say(self, 1);
		for (unsigned i = 0; i < 5; i++)
			watched[8] = (char)i;
		watched[32] = 1;
	}
}

struct counted {
	unsigned hits[2];
	pid_t pid;
	bool ascends;
	uint64_t last_ns;
};

static void count_hit(void *arg, const struct pt_perf_record *hit)
{
	struct counted *c = arg;
	assert_int_equal(hit->pid, c->pid);
	assert_non_null(hit->regs);
	c->hits[hit->address == (uintptr_t)&watched[32]]++;
	c->ascends = c->ascends && hit->time_ns >= c->last_ns;
	c->last_ns = hit->time_ns;
}

/* As many hits as it was armed for, of this address and then of that. */
static void hits_are_limited(void **state)
{
	(void)state;
	struct child c = child_start(write_twice);
	struct pt_kernel *k = kernel();
	struct counted counted = {.pid = c.pid, .ascends = true};
	child_wait(&c);
	struct pt_watchpoints *w = take(k, c.pid);
	for (unsigned round = 0; round < 3; round++) {
		memset(counted.hits, 0, sizeof(counted.hits));
		assert_int_equal(pt_watchpoints_arm(w, 0, (uintptr_t)&watched[8], 3), 0);
		assert_int_equal(pt_watchpoints_arm(w, 1, (uintptr_t)&watched[32], 3), 0);
		child_go(&c);
		child_wait(&c);
		pt_watchpoints_take(w, count_hit, &counted);
		assert_int_equal(counted.hits[0], 3);
		assert_int_equal(counted.hits[1], 1);
		assert_true(counted.ascends);
	}
	pt_watchpoints_disarm(w, 0);
	pt_watchpoints_disarm(w, 1);
	memset(counted.hits, 0, sizeof(counted.hits));
	child_go(&c);
	child_wait(&c);
	pt_watchpoints_take(w, count_hit, &counted);
	assert_int_equal(counted.hits[0] + counted.hits[1], 0);
	assert_int_equal(pt_watchpoints_lost(w), 0);
	pt_watchpoints_close(w);
	pt_kernel_free(k);
	child_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_are_limited),
		cmocka_unit_test(registers_are_given_back),
		cmocka_unit_test(registers_are_given_back_by_the_dead),
		cmocka_unit_test(small_objects),
		cmocka_unit_test(by_several_threads),
		cmocka_unit_test(by_more_threads_than_are_watched_one_by_one),
		cmocka_unit_test(that_all_hold_the_same),
		cmocka_unit_test(larger_than_caches_serve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
