/*
 * Growth suspects on a real process: a child that leaks 8 KiB a second beside memory that comes and goes and a warm-up
 * that has ended. Time is made up, a second for each step of the child; all else is real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/hunt/suspects.h"
#include "core/scan/scan.h"
#include "tests/support/child.h"

#define STEPS     100u
#define PAGE      4096u
#define SECOND_NS 1000000000ull

static uint64_t *places; /* where the child has what: shared with it */
enum { LEAK, SAW, WARM, N_PLACES };

static char *map(size_t pages)
{
	char *p = child_map(pages * PAGE, PAGE);
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

/* Two pages more each step; up to 40 and back to none every ten; 500 within the first twenty, then no more. */
static void live(struct child *self)
{
	char *leak = map(4096), *saw = map(64), *warm = map(1024);
	places[LEAK] = (uint64_t)(uintptr_t)leak;
	places[SAW] = (uint64_t)(uintptr_t)saw;
	places[WARM] = (uint64_t)(uintptr_t)warm;
	child_touch(leak, 100, 1);
	for (size_t i = 0; i < STEPS; i++) {
		child_touch(leak + (100 + 2 * i) * PAGE, 2, 1);
		if (i % 10 == 9)
			madvise(saw, 64 * PAGE, MADV_DONTNEED);
		else
			child_touch(saw + 4 * (i % 10) * PAGE, 4, 1);
		if (i < 20)
			child_touch(warm + 25 * i * PAGE, 25, 1);
		child_say(self, 1);
	}
}

static void push(struct pt_suspects *suspects, struct pt_kernel *k, pid_t pid, uint64_t ns)
{
	struct pt_snapshot *snapshot;
	assert_int_equal(pt_scan_once(k, pid, 1, &snapshot), 0);
	snapshot->monotonic_ns = ns;
	assert_int_equal(pt_suspects_push(suspects, snapshot), 0);
	pt_snapshot_unref(snapshot);
}

static void test_leak_of_8_kib_a_second(void **state)
{
	(void)state;
	struct pt_suspects *suspects;
	struct pt_kernel *k;
	assert_int_equal(pt_suspects_new(&suspects), 0);
	assert_int_equal(pt_kernel_linux_new(&k, "/", 0), 0);
	struct child child = child_start(live);
	for (unsigned i = 0; i < STEPS; i++) {
		assert_int_equal(child_wait(&child), 1);
		push(suspects, k, child.pid, (i + 1) * SECOND_NS);
		child_go(&child);
	}
	child_end(&child);
	struct pt_growing *g = pt_suspects_latest(suspects);
	assert_non_null(g);
	const struct pt_suspect *s = pt_growing_in(g, places[LEAK], places[LEAK] + 1);
	assert_non_null(s);
	assert_true(s->slope > 8000 && s->slope < 8400);
	assert_null(pt_growing_in(g, places[SAW], places[SAW] + 1));
	assert_null(pt_growing_in(g, places[WARM], places[WARM] + 1));
	for (size_t i = 0; i < g->n_vmas; i++)
		assert_true(!g->vmas[i].grows || &g->vmas[i] == s);
	pt_growing_unref(g);
	pt_suspects_unref(suspects);
	pt_kernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_leak_of_8_kib_a_second)};
	places = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return places == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
