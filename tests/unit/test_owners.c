/*
 * The index of owners on made-up processes: which mappings it finds, what it takes over, and what it says is missing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/owners/owners.h"
#include "core/owners/owners_parts.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char world[] = "process 100 S start=5 parent\n"
			    "vma 10000-20000 rw-p\n"
			    "pages 10000-13000 anon pfn=0x200 count=2\n"
			    "page 18000 zero pfn=0x1\n"
			    "vma 200000-600000 rw-p\n"
			    "pages 200000-400000 anon pfn=0x400 huge large\n"
			    "vma 700000-710000 r--s inode=9 /a\n"
			    "pages 700000-704000 file pfn=0x300 count=2\n"
			    "process 101 S start=6 child\n"
			    "vma 10000-20000 rw-p\n"
			    "pages 10000-13000 anon pfn=0x200 count=2\n"
			    "process 102 S start=7 copies\n"
			    "vma 30000-60000 rw-p\n"
			    "page 30000 ksm pfn=0x240 count=3\n"
			    "page 38000 ksm pfn=0x240 count=3\n"
			    "page 55000 ksm pfn=0x240 count=3\n"
			    "vma 90000-a0000 r--s inode=9 /a\n"
			    "pages 92000-94000 file pfn=0x302 count=2\n";

static struct fixture *fixture;
static struct scripted *s;
static struct pt_signals signals;

static int set_up(void **state)
{
	(void)state;
	fixture = fixture_new(4096, world);
	s = scripted_new(fixture_kernel(fixture));
	pt_probe_signals(&s->k, 100, &signals);
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	scripted_free(s);
	fixture_free(fixture);
	return 0;
}

static struct pt_owners *build(struct pt_owners *before)
{
	struct pt_owners *owners;
	struct pt_owners_request request = {.before = before, .signals = &signals};
	assert_int_equal(pt_owners_build(&s->k, &request, &owners), 0);
	return owners;
}

/* Who maps it: "100:10000 101:10000", checked in any order. */
static void expect(const struct pt_owners *owners, uint64_t pfn, const struct pt_owner *wanted, size_t n,
		   enum pt_owners_missing missing)
{
	struct pt_owners_answer answer;
	assert_int_equal(pt_owners_of(owners, &s->k, pfn, &answer), 0);
	assert_int_equal(answer.n, n);
	assert_int_equal(answer.missing, missing);
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;
		while (at < n && (answer.v[at].pid != wanted[i].pid || answer.v[at].address != wanted[i].address))
			at++;
		assert_true(at < n);
		assert_int_equal(answer.v[at].huge, wanted[i].huge);
	}
	free(answer.v);
}

static void all_mappings_are_found(void **state)
{
	(void)state;
	struct pt_owners *owners = build(NULL);
	struct pt_owners_size size = pt_owners_size(owners);
	assert_int_equal(size.processes, 3);
	assert_int_equal(size.pages, 3 + 512 + 4 + 3 + 3 + 2);
	assert_int_equal(size.refused, 0);
	expect(owners, 0x201, (struct pt_owner[]){{.pid = 100, .address = 0x11000}, {.pid = 101, .address = 0x11000}},
	       2, PT_OWNERS_ALL_FOUND);
	expect(owners, 0x240,
	       (struct pt_owner[]){{.pid = 102, .address = 0x30000},
				   {.pid = 102, .address = 0x38000},
				   {.pid = 102, .address = 0x55000}},
	       3, PT_OWNERS_ALL_FOUND);
	expect(owners, 0x303, (struct pt_owner[]){{.pid = 100, .address = 0x703000}, {.pid = 102, .address = 0x93000}},
	       2, PT_OWNERS_ALL_FOUND);
	expect(owners, 0x44d, (struct pt_owner[]){{.pid = 100, .address = 0x24d000, .huge = true}}, 1,
	       PT_OWNERS_ALL_FOUND);
	expect(owners, 0x1, NULL, 0, PT_OWNERS_ALL_FOUND);        /* the zero page is nobody's */
	expect(owners, 0x5000, NULL, 0, PT_OWNERS_COUNT_UNKNOWN); /* no such frame */
	pt_owners_unref(owners);
}

static void kernels_without_a_scan(void **state)
{
	(void)state;
	s->no_scan = true;
	pt_probe_signals(&s->k, 100, &signals);
	struct pt_owners *owners = build(NULL);
	expect(owners, 0x201, (struct pt_owner[]){{.pid = 100, .address = 0x11000}, {.pid = 101, .address = 0x11000}},
	       2, PT_OWNERS_ALL_FOUND);
	expect(owners, 0x44d, (struct pt_owner[]){{.pid = 100, .address = 0x24d000}}, 1, PT_OWNERS_ALL_FOUND);
	pt_owners_unref(owners);
}

static void what_is_there_no_more_is_not_told(void **state)
{
	(void)state;
	struct pt_owners *owners = build(NULL);
	fixture_add(fixture, "in 101\nunmap 10000-20000\n");
	expect(owners, 0x201, (struct pt_owner[]){{.pid = 100, .address = 0x11000}}, 1, PT_OWNERS_CHANGED);
	fixture_end(fixture, 100);
	expect(owners, 0x44d, NULL, 0, PT_OWNERS_CHANGED);
	pt_owners_unref(owners);
}

static void what_came_is_found_by_the_next(void **state)
{
	(void)state;
	struct pt_owners *first = build(NULL);
	fixture_add(fixture, "in 101\nvma 80000-90000 rw-p\npages 80000-82000 anon pfn=0x280\n"
			     "process 103 S start=9 new\nvma 10000-20000 rw-p\npage 10000 anon pfn=0x290\n");
	struct pt_owners *next = build(first);
	pt_owners_unref(first);
	expect(next, 0x281, (struct pt_owner[]){{.pid = 101, .address = 0x81000}}, 1, PT_OWNERS_ALL_FOUND);
	expect(next, 0x290, (struct pt_owner[]){{.pid = 103, .address = 0x10000}}, 1, PT_OWNERS_ALL_FOUND);
	expect(next, 0x44d, (struct pt_owner[]){{.pid = 100, .address = 0x24d000, .huge = true}}, 1,
	       PT_OWNERS_ALL_FOUND);
	pt_owners_unref(next);
}

static void what_did_not_change_is_not_read_again(void **state)
{
	(void)state;
	struct pt_owners *first = build(NULL);
	fixture_add(fixture, "in 101\nvma 80000-90000 rw-p\n");
	struct pt_owners *next = build(first);
	assert_int_equal(next->n, 3);
	assert_ptr_equal(next->v[0].piece, first->v[0].piece);
	assert_ptr_not_equal(next->v[1].piece, first->v[1].piece);
	assert_ptr_equal(next->v[2].piece, first->v[2].piece);
	fixture_write(fixture, "proc/vmstat", "pgmigrate_success 17\n"); /* frames moved, and no process knows whose */
	struct pt_owners *last = build(next);
	assert_ptr_not_equal(last->v[0].piece, next->v[0].piece);
	pt_owners_unref(first);
	pt_owners_unref(next);
	pt_owners_unref(last);
}

static void processes_that_refuse_are_the_reason(void **state)
{
	(void)state;
	s->deny = "proc/101/pagemap";
	s->deny_error = -EACCES;
	struct pt_owners *owners = build(NULL);
	assert_int_equal(pt_owners_size(owners).refused, 1);
	expect(owners, 0x201, (struct pt_owner[]){{.pid = 100, .address = 0x11000}}, 1, PT_OWNERS_NOT_PERMITTED);
	pt_owners_unref(owners);
}

static void hidden_frame_numbers(void **state)
{
	(void)state;
	struct pt_owners *owners;
	struct pt_owners_request request = {0};
	fixture_remove(fixture, "proc/kpageflags");
	assert_int_equal(pt_owners_build(&s->k, &request, &owners), -EPERM);
}

static bool only_102(void *arg, pid_t pid)
{
	(void)arg;
	return pid == 102;
}

static void some_processes_alone(void **state)
{
	(void)state;
	struct pt_owners *owners;
	struct pt_owners_progress progress = {0};
	struct pt_owners_request request = {.only = only_102, .progress = &progress, .signals = &signals};
	assert_int_equal(pt_owners_build(&s->k, &request, &owners), 0);
	assert_int_equal(pt_owners_size(owners).processes, 1);
	assert_int_equal(progress.processes, progress.of_processes);
	assert_int_equal(progress.pages, 5);
	expect(owners, 0x302, (struct pt_owner[]){{.pid = 102, .address = 0x92000}}, 1, PT_OWNERS_CHANGED);
	pt_owners_unref(owners);
}

static void it_can_be_cancelled(void **state)
{
	(void)state;
	struct pt_owners *owners;
	volatile bool cancel = true;
	struct pt_owners_request request = {.cancel = &cancel};
	assert_int_equal(pt_owners_build(&s->k, &request, &owners), -ECANCELED);
}

/* ---- many frames, against a search without any order ------------------------------------------------------------ */

#define FRAMES 4096u

static uint32_t state_of_random;

static uint32_t below(uint32_t n)
{
	state_of_random = state_of_random * 1664525 + 1013904223;
	return (state_of_random >> 8) % n;
}

static void count_hit(void *arg, size_t i, pid_t pid, uint64_t address)
{
	assert_int_equal(pid, 7);
	((unsigned *)arg)[i] += (unsigned)(address >> 12);
}

static void runs_are_found_however_they_overlap(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 40; seed++) {
		static unsigned expected[FRAMES], found[FRAMES];
		static uint64_t pfns[FRAMES];
		struct pt_runs runs = {0};
		uint64_t page = 1;
		state_of_random = seed;
		for (size_t i = 0; i < FRAMES; i++) {
			pfns[i] = i;
			expected[i] = found[i] = 0;
		}
		for (uint32_t i = below(200); i; i--) {
			uint64_t n = below(4) ? 1 + below(3) : 1 + below(1500), pfn = below(FRAMES - (uint32_t)n);
			page += below(3);
			for (uint64_t j = 0; j < n; j++)
				expected[pfn + j] += (unsigned)(page + j);
			assert_int_equal(pt_runs_add(&runs, page, pfn, n), 0);
			page += n;
		}
		assert_int_equal(pt_runs_finish(&runs), 0);
		struct pt_piece piece = {.pid = 7, .runs = runs.v, .n = runs.n};
		struct pt_piece_ref pieces[] = {{&piece}};
		struct pt_owners owners = {.page_shift = 12, .v = pieces, .n = 1};
		pt_owners_each(&owners, pfns, FRAMES, count_hit, found);
		assert_memory_equal(found, expected, sizeof found);
		for (size_t i = 0; i < FRAMES; i += 1 + below(100)) { /* and each alone */
			unsigned one = 0;
			pt_owners_each(&owners, &pfns[i], 1, count_hit, &one);
			assert_int_equal(one, expected[i]);
		}
		free(runs.v);
	}
}

#define scene(f) cmocka_unit_test_setup_teardown(f, set_up, take_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene(all_mappings_are_found),
		scene(kernels_without_a_scan),
		scene(what_is_there_no_more_is_not_told),
		scene(what_came_is_found_by_the_next),
		scene(what_did_not_change_is_not_read_again),
		scene(processes_that_refuse_are_the_reason),
		scene(hidden_frame_numbers),
		scene(some_processes_alone),
		scene(it_can_be_cancelled),
		cmocka_unit_test(runs_are_found_however_they_overlap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
