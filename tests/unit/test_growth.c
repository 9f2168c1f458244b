/*
 * What grew between two snapshots: VMAs of one run go by place, of two runs by what they are for; sums by VMA and role.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/growth.h"
#include "tests/support/program.h"

#define PAGE PROGRAM_PAGE

struct pair_of_snapshots {
	struct pt_snapshot *before, *after;
	struct pt_growth growth;
};

static void compare(struct pair_of_snapshots *p, const struct program *before, const struct program *after)
{
	p->before = program_snapshot(before);
	p->after = program_snapshot(after);
	assert_int_equal(pt_growth_make(p->before, p->after, &p->growth), 0);
}

static void drop(struct pair_of_snapshots *p)
{
	pt_growth_free(&p->growth);
	pt_snapshot_unref(p->before);
	pt_snapshot_unref(p->after);
}

static uint64_t start_of(const struct pt_snapshot *s, size_t vma)
{
	return vma == PT_NO_VMA ? 0 : s->vmas->v[vma].start;
}

/* Pair i is of these two addresses (0: none), and grew by so many pages. */
static void expect_pair(const struct pair_of_snapshots *p, size_t i, uint64_t was, uint64_t is, int64_t pages)
{
	assert_true(i < p->growth.pairs.n);
	assert_int_equal(start_of(p->before, p->growth.pairs.v[i].was), was);
	assert_int_equal(start_of(p->after, p->growth.pairs.v[i].is), is);
	struct pt_grew grew = pt_growth_of_pair(&p->growth, i, PT_SUM_RSS);
	assert_true(grew.known);
	assert_int_equal(grew.value, pages * (int64_t)PAGE);
}

static void expect_role(const struct pair_of_snapshots *p, enum pt_role role, int64_t pages)
{
	struct pt_grew grew = pt_growth_of_role(&p->growth, role, PT_SUM_RSS);
	assert_true(grew.known);
	assert_int_equal(grew.value, pages * (int64_t)PAGE);
}

static void one_run_goes_by_place(void **arg)
{
	(void)arg;
	const struct program before = {"10000000-10010000 rw-p 00000000 00:00 0 [heap]\n"
				       "20000000-20010000 rw-p 00000000 00:00 0 \n"
				       "30000000-30010000 rw-p 00000000 00:00 0 \n",
				       {4, 8, 2},
				       5000,
				       1};
	const struct program after = {"10000000-10020000 rw-p 00000000 00:00 0 [heap]\n"
				      "20000000-20010000 rw-p 00000000 00:00 0 \n"
				      "40000000-40010000 rw-p 00000000 00:00 0 \n",
				      {14, 9, 1},
				      5000,
				      1};
	struct pair_of_snapshots p;
	compare(&p, &before, &after);
	assert_true(p.growth.same_run);
	assert_int_equal(p.growth.pairs.n, 4);
	expect_pair(&p, 0, 0x10000000, 0x10000000, 10);
	expect_pair(&p, 1, 0x30000000, 0, -2);
	expect_pair(&p, 2, 0x20000000, 0x20000000, 1);
	expect_pair(&p, 3, 0, 0x40000000, 1);
	expect_role(&p, PT_ROLE_HEAP, 10);
	expect_role(&p, PT_ROLE_ANON, 0);
	expect_role(&p, PT_ROLE_N, 10);
	assert_int_equal(pt_growth_born(&p.growth, 0).value, 10 * PAGE);
	assert_int_equal(pt_growth_born(&p.growth, 1).value, 0);
	assert_int_equal(pt_growth_born(&p.growth, p.growth.pairs.n).value, 12 * PAGE);
	drop(&p);
}

/* The same pages elsewhere: mremap. */
static void what_moved_stays_a_pair(void **arg)
{
	(void)arg;
	const struct program before = {"20000000-20010000 rw-p 00000000 00:00 0 \n", {16}, 5000, 1};
	const struct program after = {"70000000-70020000 rw-p 00000000 00:00 0 \n", {18}, 5000, 1};
	struct pair_of_snapshots p;
	compare(&p, &before, &after);
	assert_int_equal(p.growth.pairs.n, 1);
	expect_pair(&p, 0, 0x20000000, 0x70000000, 2);
	assert_int_equal(pt_growth_born(&p.growth, 0).value, 2 * PAGE);
	drop(&p);
}

/* Addresses of another run say nothing: what lies where the heap was is something else. */
static void two_runs_go_by_role_file_and_offset(void **arg)
{
	(void)arg;
	const struct program before = {"10000000-10010000 rw-p 00000000 00:00 0 [heap]\n"
				       "50000000-50010000 r-xp 00001000 fe:00 7 /lib/libc.so.6\n"
				       "50010000-50020000 rw-p 00011000 fe:00 7 /lib/libc.so.6\n"
				       "60000000-60010000 r-xp 00001000 fe:00 9 /opt/app-1.2/libapp.so\n",
				       {4, 5, 6, 7},
				       5000,
				       1};
	const struct program after = {"10000000-10010000 r-xp 00001000 fe:00 9 /opt/app-1.3/libapp.so\n"
				      "30000000-30030000 rw-p 00000000 00:00 0 [heap]\n"
				      "70000000-70010000 r-xp 00001000 fe:01 4 /lib/libc.so.6\n"
				      "70010000-70020000 rw-p 00011000 fe:01 4 /lib/libc.so.6\n",
				      {10, 24, 5, 7},
				      900000,
				      2};
	struct pair_of_snapshots p;
	compare(&p, &before, &after);
	assert_false(p.growth.same_run);
	assert_int_equal(p.growth.pairs.n, 4);
	expect_pair(&p, 0, 0x10000000, 0x30000000, 20);
	expect_pair(&p, 1, 0x60000000, 0x10000000, 3);
	expect_pair(&p, 2, 0x50010000, 0x70010000, 1);
	expect_pair(&p, 3, 0x50000000, 0x70000000, 0);
	expect_role(&p, PT_ROLE_HEAP, 20);
	assert_false(pt_growth_born(&p.growth, 0).known);
	drop(&p);
}

static void a_temporary_file_is_known_by_its_folder(void **arg)
{
	(void)arg;
	const struct program before = {"50000000-50010000 rw-s 00000000 fe:00 7 /tmp/job.a1\n"
				       "60000000-60010000 rw-p 00000000 00:00 0 [heap]\n",
				       {4, 1},
				       5000,
				       1};
	const struct program after = {"10000000-10010000 rw-s 00000000 fe:00 8 /tmp/job.b2\n"
				      "20000000-20010000 rw-s 00000000 fe:00 9 /var/job.b2\n",
				      {6, 1},
				      5000,
				      2};
	struct pair_of_snapshots p;
	compare(&p, &before, &after);
	assert_int_equal(p.growth.pairs.n, 3);
	expect_pair(&p, 0, 0x50000000, 0x10000000, 2);
	expect_pair(&p, 1, 0, 0x20000000, 1);
	expect_pair(&p, 2, 0x60000000, 0, -1);
	drop(&p);
}

/* Anonymous ones: those of equal size first, then from the top down. */
static void alike_ones_of_two_runs_go_by_size_and_order(void **arg)
{
	(void)arg;
	const struct program before = {"10000000-10010000 rw-p 00000000 00:00 0 \n"
				       "20000000-20040000 rw-p 00000000 00:00 0 \n"
				       "30000000-30010000 rw-p 00000000 00:00 0 \n",
				       {1, 2, 3},
				       5000,
				       1};
	const struct program after = {"11000000-11040000 rw-p 00000000 00:00 0 \n"
				      "12000000-12020000 rw-p 00000000 00:00 0 \n"
				      "13000000-13010000 rw-p 00000000 00:00 0 \n"
				      "14000000-14070000 rw-p 00000000 00:00 0 \n",
				      {12, 4, 3, 30},
				      5000,
				      2};
	struct pair_of_snapshots p;
	compare(&p, &before, &after);
	assert_int_equal(p.growth.pairs.n, 4);
	expect_pair(&p, 0, 0x10000000, 0x14000000, 29);
	expect_pair(&p, 1, 0x20000000, 0x11000000, 10);
	expect_pair(&p, 2, 0, 0x12000000, 4);
	expect_pair(&p, 3, 0x30000000, 0x13000000, 0);
	drop(&p);
}

static void what_is_unknown_in_one_is_unknown_in_the_difference(void **arg)
{
	(void)arg;
	const struct program program = {"10000000-10010000 rw-p 00000000 00:00 0 [heap]\n", {4}, 5000, 1};
	struct pt_snapshot *before = program_snapshot(&program), *after = program_snapshot(&program);
	struct pt_growth growth;
	before->signals.of[PT_SIG_PAGEMAP_SCAN].given = PT_ABSENT;
	assert_int_equal(pt_growth_make(before, after, &growth), 0);
	assert_false(pt_growth_of_pair(&growth, 0, PT_SUM_THP).known);
	assert_false(pt_growth_of_role(&growth, PT_ROLE_HEAP, PT_SUM_THP).known);
	assert_true(pt_growth_of_pair(&growth, 0, PT_SUM_SIZE).known);
	pt_growth_free(&growth);
	pt_snapshot_unref(before);
	pt_snapshot_unref(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_run_goes_by_place),
		cmocka_unit_test(what_moved_stays_a_pair),
		cmocka_unit_test(two_runs_go_by_role_file_and_offset),
		cmocka_unit_test(a_temporary_file_is_known_by_its_folder),
		cmocka_unit_test(alike_ones_of_two_runs_go_by_size_and_order),
		cmocka_unit_test(what_is_unknown_in_one_is_unknown_in_the_difference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
