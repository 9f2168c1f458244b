/*
 * The threads of a process, where their stacks are, and how much is swapped out on the machine.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static int by_number(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

static void lists_threads(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 S threads=3 p\n");
	struct pt_kernel *k = fixture_kernel(fixture);
	pid_t *tids;
	size_t n;

	fixture_write(fixture, "proc/100/task/101/comm", "");
	fixture_write(fixture, "proc/100/task/4194303/comm", "");
	fixture_write(fixture, "proc/100/task/not-a-number/comm", "");
	assert_int_equal(pt_read_threads(k, 100, &tids, &n), 0);
	assert_int_equal(n, 3);
	qsort(tids, n, sizeof(*tids), by_number);
	assert_int_equal(tids[0], 100);
	assert_int_equal(tids[1], 101);
	assert_int_equal(tids[2], 4194303);
	free(tids);
	assert_true(pt_read_threads(k, 101, &tids, &n) < 0);
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void lists_processes_and_names_them(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 S p\nprocess 4194303 S p\n");
	struct pt_kernel *k = fixture_kernel(fixture);
	pid_t *pids;
	size_t n;
	char name[16] = "as before";

	fixture_write(fixture, "proc/self-not-a-number/comm", "");
	fixture_write(fixture, "proc/100/comm", "a name\nof two lines\n"); /* prctl takes that */
	assert_int_equal(pt_read_pids(k, &pids, &n), 0);
	assert_int_equal(n, 2);
	qsort(pids, n, sizeof(*pids), by_number);
	assert_int_equal(pids[0], 100);
	assert_int_equal(pids[1], 4194303);
	free(pids);
	assert_true(pt_read_comm(k, 101, name, sizeof(name)) < 0);
	assert_string_equal(name, "as before");
	assert_int_equal(pt_read_comm(k, 100, name, sizeof(name)), 0);
	assert_string_equal(name, "a name\nof two l");
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void stack_pointer_is_the_last_but_one(void **state)
{
	(void)state;
	uint64_t sp = 7;

	assert_true(pt_parse_syscall_sp("0 0x3 0x7ffd00 0x1 0x0 0x0 0x0 0x7ffd12345678 0x7f00aabbccdd\n", &sp));
	assert_int_equal(sp, 0x7ffd12345678);
	assert_true(pt_parse_syscall_sp("-1 0x7ffd00000008 0x7f00aabbccdd\n", &sp)); /* blocked outside of a call */
	assert_int_equal(sp, 0x7ffd00000008);
	assert_false(pt_parse_syscall_sp("running\n", &sp));
	assert_false(pt_parse_syscall_sp("", &sp));
	assert_false(pt_parse_syscall_sp("\n", &sp));
	assert_false(pt_parse_syscall_sp("1 2", &sp));
	assert_false(pt_parse_syscall_sp("0 0x0 0x0\n", &sp)); /* a kernel thread */
	assert_int_equal(sp, 0x7ffd00000008);
}

static void reads_a_stack_pointer(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 S p\n");
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	uint64_t sp;

	fixture_write(fixture, "proc/100/task/100/syscall", "-1 0x7ffd00000008 0x7f00aabbccdd\n");
	assert_int_equal(pt_read_thread_sp(&s->k, 100, 100, &sp), 0);
	assert_int_equal(sp, 0x7ffd00000008);
	fixture_write(fixture, "proc/100/task/100/syscall", "running\n");
	assert_int_equal(pt_read_thread_sp(&s->k, 100, 100, &sp), -EAGAIN);
	assert_true(pt_read_thread_sp(&s->k, 100, 101, &sp) < 0);
	s->fail_error = -EPERM;
	for (s->fail_call = 1; s->fail_call <= 3; s->fail_call++) {
		s->calls = 0;
		assert_int_equal(pt_read_thread_sp(&s->k, 100, 100, &sp), -EPERM);
		assert_int_equal(s->open_fds, 0);
	}
	scripted_free(s);
	fixture_free(fixture);
}

#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static void swap_in_use_is_summed(void **state)
{
	(void)state;
	assert_int_equal(pt_parse_swaps(""), 0);
	assert_int_equal(pt_parse_swaps(HEADING), 0);
	assert_int_equal(pt_parse_swaps(HEADING "/dev/zram0      partition\t524284\t\t0\t\t10\n"), 0);
	assert_int_equal(pt_parse_swaps(HEADING "/dev/zram0      partition\t524284\t\t12\t\t10\n"
						"/var/a\\040file\\040(deleted)  file\t65532\t\t30\t\t-2\n"),
			 42 * 1024);
	assert_int_equal(pt_parse_swaps(HEADING "/dev/x partition"), 0);
	assert_int_equal(pt_parse_swaps("\n\n\n"), 0);
}

static void reads_swap_in_use(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "");
	struct pt_kernel *k = fixture_kernel(fixture);
	uint64_t used = 7;

	assert_int_equal(pt_read_swap_used(k, &used), -ENOENT); /* a kernel without swap */
	assert_int_equal(used, 7);
	fixture_write(fixture, "proc/swaps", HEADING "/dev/zram0 partition 524284 12 10\n");
	assert_int_equal(pt_read_swap_used(k, &used), 0);
	assert_int_equal(used, 12 * 1024);
	pt_kernel_free(k);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_threads),
		cmocka_unit_test(lists_processes_and_names_them),
		cmocka_unit_test(stack_pointer_is_the_last_but_one),
		cmocka_unit_test(reads_a_stack_pointer),
		cmocka_unit_test(swap_in_use_is_summed),
		cmocka_unit_test(reads_swap_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
