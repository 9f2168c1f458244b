/*
 * The readers of /proc/PID/stat and status. A process chooses its name, and the kernel prints it raw into stat.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

/* Behind the name: state, and the fields up to start time (22) and two more. */
#define REST " S 1 2 3 0 -1 4194304 99 98 7 97 30 12 0 0 20 0 4 0 93370 3133440 418\n"

static struct pt_process parse_name(const char *name)
{
	char line[512];
	struct pt_process process = {0};
	snprintf(line, sizeof(line), "4916 (%s)" REST, name);
	assert_int_equal(pt_parse_stat(line, strlen(line), &process), 0);
	return process;
}

static void stat_has_the_counters(void **state)
{
	(void)state;
	struct pt_process process = parse_name("cat");

	assert_int_equal(process.pid, 4916);
	assert_string_equal(process.name, "cat");
	assert_int_equal(process.state, 'S');
	assert_int_equal(process.minor_faults.value, 99);
	assert_int_equal(process.major_faults.value, 7);
	assert_int_equal(process.cpu_ns.value, (30 + 12) * 10000000);
	assert_int_equal(process.threads, 4);
	assert_int_equal(process.start_time, 93370);
}

static void start_of_the_stack_may_be_missing(void **state)
{
	(void)state;
	static const struct {
		const char *rest;
		uint64_t stack;
	} rests[] = {{" 3133440 418 1 2 3 140000 4 5 6\n", 140000},
		     {" 3133440 418 1 2 3 140000\n", 140000},
		     {" 3133440 418 1 2 3 140000", 0},
		     {" 3133440 418 1 2 3 0 4\n", 0},
		     {" 3133440 418 1 x 3 140000 4\n", 0},
		     {"\n", 0}};
	for (size_t i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		char line[256];
		struct pt_process process = {0};
		snprintf(line, sizeof(line), "1 (a) S 1 2 3 0 -1 0 99 98 7 97 30 12 0 0 20 0 4 0 93370%s",
			 rests[i].rest);
		assert_int_equal(pt_parse_stat(line, strlen(line), &process), 0);
		assert_int_equal(process.start_stack, rests[i].stack);
	}
}

static void names_are_what_they_like(void **state)
{
	(void)state;
	static const char *const names[] = {"",         " ",         ")",           "(",  "a) R 1 2 3",
					    "a\nb",     "a) Z 0\n1", ") S 1 2 3 (", "((", "\033[2J",
					    "\xff\xfe", "-1 (x",     "a)b"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct pt_process process = parse_name(names[i]);
		assert_string_equal(process.name, names[i]);
		assert_int_equal(process.state, 'S');
		assert_int_equal(process.start_time, 93370);
	}
}

static void long_names_are_cut(void **state)
{
	(void)state;
	char name[201];
	memset(name, 'n', 200);
	name[200] = '\0';
	struct pt_process process = parse_name(name);
	assert_int_equal(strlen(process.name), PT_NAME_MAX - 1);
}

static void damaged_stats_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"1",
		"1 (a)",
		"1 (a) S",
		"1 a S 1 2 3 0 -1 4194304 99 0 7 0 30 12 0 0 20 0 4 0 93370 1\n", /* no parentheses */
		("x (a)" REST),
		("99999999999 (a)" REST),                                       /* no PID is that large */
		"1 (a) S 1 2 3 0 -1 4194304 99 0 7 0 30 12 0 0 20 0 4 0 93370", /* may be cut inside of the number */
		"1 (a) S 1 2 3 0 -1 x 99 0 7 0 30 12 0 0 20 0 4 0 93370 1\n",   /* not a number */
		"1 (a) S 1 2 3 0 - 0 99 0 7 0 30 12 0 0 20 0 4 0 93370 1\n",    /* no digits */
		"1 (a) S 1 2 3 0 -1 0 99999999999999999999 0 7 0 30 12 0 0 20 0 4 0 93370 1\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pt_process process = {.pid = 77};
		if (pt_parse_stat(bad[i], strlen(bad[i]), &process) != -EBADMSG)
			fail_msg("accepted: \"%s\"", bad[i]);
		assert_int_equal(process.pid, 77);
	}
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	static const char text[] = "4916 (a) b)" REST;
	const size_t enough = (size_t)(strstr(text, "93370 ") - text) + 6;

	for (size_t n = 0; n < sizeof(text); n++) {
		struct pt_process process = {0};
		char *exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, text, n);
		assert_int_equal(pt_parse_stat(exact, n, &process), n >= enough ? 0 : -EBADMSG);
		free(exact);
	}
}

static void counters_too_large_for_us_are_not_known(void **state)
{
	(void)state;
	static const char text[] =
		"1 (a) S 1 2 3 0 -1 0 1 0 1 0 18446744073709551615 12 0 0 20 0 18446744073709551615 0 5 1\n";
	struct pt_process process = {0};

	assert_int_equal(pt_parse_stat(text, strlen(text), &process), 0);
	assert_false(process.cpu_ns.known);
	assert_int_equal(process.threads, UINT_MAX);
}

/* ---- status ----------------------------------------------------------------------------------------------------- */

static void status_has_sizes(void **state)
{
	(void)state;
	static const char text[] = "Name:\tVmSwap: 77 kB\\nVmLck:\t77 kB\nUid:\t1000\t1001\t1002\t1003\n"
				   "VmLck:\t       1 kB\nVmHWM:\t    2 kB\nVmRSS:\t    1768 kB\nRssAnon:\t     3 kB\n"
				   "RssFile:\t    4 kB\nRssShmem:\t       5 kB\nVmSwap:\t       6 kB\n"
				   "HugetlbPages:\t    2048 kB\n";
	struct pt_process process = {0};

	pt_parse_status(text, strlen(text), &process);
	assert_int_equal(process.uid, 1001); /* the effective one */
	assert_int_equal(process.locked.value, 1024);
	assert_int_equal(process.peak_rss.value, 2 * 1024);
	assert_int_equal(process.rss_anon.value, 3 * 1024);
	assert_int_equal(process.hugetlb.value, 2048 * 1024);
	assert_int_equal(process.rss_file.value, 4 * 1024);
	assert_int_equal(process.rss_shmem.value, 5 * 1024);
	assert_int_equal(process.swap.value, 6 * 1024);
}

static void what_status_lacks_is_not_known(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"Name:\tkthreadd\nState:\tS\n",
		"VmSwap:\t6",
		"VmSwap:\tx kB\n",
		"VmSwap:\t6 MB\n",
		"VmSwap:\n",
		"VmSwap:\t18446744073709551615 kB\n",
		"XVmSwap:\t6 kB\n",
		"\n\n\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct pt_process process = {.uid = 7};
		pt_parse_status(texts[i], strlen(texts[i]), &process);
		assert_false(process.swap.known);
		assert_false(process.rss_anon.known);
		assert_int_equal(process.uid, 7);
	}
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void reads_a_process(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 T start=5 uid=33 threads=3 (name) with S 1 2\n"
						    "vma 7f0000000000-7f0000010000 rw-p flags=lo\n"
						    "page 7f0000000000 anon pfn=5\n"
						    "process 2 S kthread=1 kthreadd\n"
						    "process 3 Z gone\n");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_process process;

	assert_int_equal(pt_read_process(k, 100, &process), 0);
	assert_string_equal(process.name, "(name) with S 1 2");
	assert_int_equal(process.state, 'T');
	assert_int_equal(process.uid, 33);
	assert_int_equal(process.locked.value, 0x10000);
	assert_int_equal(process.image, 0);
	assert_false(process.rollup_pss.known);
	assert_false(pt_is_kernel_thread(k, 100));
	assert_true(pt_is_kernel_thread(k, 2));
	assert_int_equal(pt_read_process(k, 3, &process), 0);
	assert_int_equal(process.state, 'Z');
	assert_false(process.rss_anon.known);
	assert_int_equal(pt_read_process(k, 4, &process), -ESRCH);
	assert_int_equal(pt_read_process(k, 0, &process), -ESRCH);
	assert_false(pt_is_kernel_thread(k, 4));
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void every_call_may_fail(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 S p\n");
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_process process = {.pid = 7};
	int error = -1;

	s->fail_error = -ESRCH;
	for (s->fail_call = 1; error; s->fail_call++) {
		assert_int_equal(process.pid, 7);
		s->calls = 0;
		error = pt_read_process(&s->k, 100, &process);
		assert_true(error == 0 || error == -ESRCH);
		assert_int_equal(s->open_fds, 0);
	}
	assert_int_equal(s->fail_call, 8); /* twice open, read, read */
	for (s->fail_call = 1; s->fail_call <= 3; s->fail_call++) {
		s->calls = 0;
		assert_false(pt_is_kernel_thread(&s->k, 100));
	}
	scripted_free(s);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_has_the_counters),
		cmocka_unit_test(start_of_the_stack_may_be_missing),
		cmocka_unit_test(names_are_what_they_like),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(damaged_stats_are_refused),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(counters_too_large_for_us_are_not_known),
		cmocka_unit_test(status_has_sizes),
		cmocka_unit_test(what_status_lacks_is_not_known),
		cmocka_unit_test(reads_a_process),
		cmocka_unit_test(every_call_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
