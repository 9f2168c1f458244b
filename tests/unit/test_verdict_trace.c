/*
 * Traces: samples and marks in the order of time; what a snapshot and the counters of a process hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/verdict/trace.h"
#include "tests/support/program.h"

static const struct program program = {"10000000-10010000 rw-p 00000000 00:00 0 [heap]\n"
				       "20000000-20010000 rw-p 00000000 00:00 0 \n"
				       "30000000-30020000 rw-p 00000000 00:00 0 \n"
				       "50000000-50010000 r-xp 00001000 fe:00 7 /lib/libc.so.6\n",
				       {4, 8, 2, 3},
				       5000,
				       1};

static void expect(struct pt_maybe amount, uint64_t value)
{
	assert_true(amount.known);
	assert_int_equal(amount.value, value);
}

static void names_go_both_ways(void **arg)
{
	(void)arg;
	for (int q = 0; q < PT_QUANTITY_N; q++) {
		const char *name = pt_quantity_name((enum pt_quantity)q);
		assert_int_equal(pt_quantity_of(name, strlen(name)), q);
		assert_int_equal(pt_quantity_of(name, strlen(name) - 1), PT_QUANTITY_N);
	}
	assert_int_equal(pt_quantity_of("rss+", 3), PT_QUANTITY_RSS);
	assert_int_equal(pt_quantity_of("", 0), PT_QUANTITY_N);
}

static void a_snapshot_holds_by_role(void **arg)
{
	struct pt_amounts all, roles[PT_ROLE_N];
	struct pt_snapshot *s = program_snapshot(&program);
	(void)arg;
	pt_amounts_of(s, &all, roles);
	expect(all.v[PT_QUANTITY_RSS], 17 * PROGRAM_PAGE);
	expect(all.v[PT_QUANTITY_VMAS], 4);
	expect(all.v[PT_QUANTITY_SIZE], 0x50000);
	expect(roles[PT_ROLE_HEAP].v[PT_QUANTITY_ANON], 4 * PROGRAM_PAGE);
	expect(roles[PT_ROLE_ANON].v[PT_QUANTITY_RSS], 10 * PROGRAM_PAGE);
	expect(roles[PT_ROLE_ANON].v[PT_QUANTITY_VMAS], 2);
	expect(roles[PT_ROLE_TEXT].v[PT_QUANTITY_PRIVATE], 3 * PROGRAM_PAGE);
	expect(roles[PT_ROLE_STACK].v[PT_QUANTITY_RSS], 0);
	pt_snapshot_unref(s);
}

/* What no signal gives is unknown in the whole, and in the roles that hold pages of which it is asked. */
static void what_was_not_read_is_unknown(void **arg)
{
	struct pt_amounts all, roles[PT_ROLE_N];
	struct pt_snapshot *s = program_snapshot(&program);
	(void)arg;
	for (size_t i = 0; i < PT_SIG_N; i++)
		s->signals.of[i].given = PT_ABSENT;
	pt_amounts_of(s, &all, roles);
	assert_false(all.v[PT_QUANTITY_THP].known);
	assert_false(roles[PT_ROLE_HEAP].v[PT_QUANTITY_THP].known);
	expect(all.v[PT_QUANTITY_VMAS], 4);
	pt_snapshot_unref(s);
}

static void counters_hold_what_status_says(void **arg)
{
	struct pt_process process = {.rss_anon = {5000, true}, .rss_file = {300, true}, .swap = {0, true}};
	struct pt_amounts all;
	(void)arg;
	pt_amounts_of_process(&process, &all);
	expect(all.v[PT_QUANTITY_ANON], 5000);
	expect(all.v[PT_QUANTITY_SWAP], 0);
	assert_false(all.v[PT_QUANTITY_RSS].known); /* its shared memory is not known */
	assert_false(all.v[PT_QUANTITY_THP].known);
	process.rss_shmem = (struct pt_maybe){20, true};
	pt_amounts_of_process(&process, &all);
	expect(all.v[PT_QUANTITY_RSS], 5320);
}

static void what_comes_late_stands_where_it_belongs(void **arg)
{
	static const uint64_t times[] = {10, 30, 20, 40, 5, 30};
	static const uint64_t sorted[] = {5, 10, 20, 30, 30, 40};
	struct pt_trace *trace;
	struct pt_amounts roles[PT_ROLE_N] = {0};
	(void)arg;
	assert_int_equal(pt_trace_new(&trace), 0);
	assert_int_equal(pt_trace_add_process(trace, &(struct pt_trace_process){.pid = 7}), 0);
	assert_int_equal(pt_trace_add_process(trace, &(struct pt_trace_process){.pid = 8}), 1);
	for (size_t i = 0; i < 6; i++) {
		roles[PT_ROLE_HEAP].v[0] = (struct pt_maybe){times[i], true};
		struct pt_sample sample = {.monotonic_ns = times[i], .roles = i % 2 ? roles : NULL};
		struct pt_trace_mark mark = {.monotonic_ns = times[i], .pid = (pid_t)i};
		assert_int_equal(pt_trace_add(trace, &sample), 0);
		assert_int_equal(pt_trace_mark(trace, &mark), 0);
	}
	for (size_t i = 0; i < 6; i++) {
		const struct pt_sample *sample = &trace->samples[i];
		assert_int_equal(sample->monotonic_ns, sorted[i]);
		assert_int_equal(trace->marks[i].monotonic_ns, sorted[i]);
		if (sample->roles)
			expect(sample->roles[PT_ROLE_HEAP].v[0], sorted[i]);
	}
	assert_int_equal(trace->marks[3].pid, 1); /* of two at the same time the first stays first */
	assert_int_equal(trace->marks[4].pid, 5);
	pt_trace_free(trace);
	pt_trace_free(NULL);
}

/* A long run: memory stays bounded, each process keeps roles evenly over time, and no sample goes. */
static void roles_are_thinned_out(void **arg)
{
	struct pt_amounts roles[PT_ROLE_N] = {0};
	struct pt_trace *trace;
	size_t with = 0, of_first = 0, gap = 0, last = 0;
	(void)arg;
	assert_int_equal(pt_trace_new(&trace), 0);
	assert_int_equal(pt_trace_add_process(trace, &(struct pt_trace_process){.pid = 7}), 0);
	assert_int_equal(pt_trace_add_process(trace, &(struct pt_trace_process){.pid = 8}), 1);
	for (uint32_t i = 0; i < 3000; i++) {
		struct pt_sample sample = {.process = i % 2, .monotonic_ns = i, .roles = roles};
		assert_int_equal(pt_trace_add(trace, &sample), 0);
	}
	assert_int_equal(trace->n_samples, 3000);
	for (size_t i = 0; i < 3000; i++) {
		if (!trace->samples[i].roles)
			continue;
		with++;
		of_first += trace->samples[i].process == 0;
		gap = i - last > gap ? i - last : gap;
		last = i;
	}
	assert_true(with > 250 && with <= 512);
	assert_true(of_first > with / 3 && of_first < with - with / 3);
	assert_true(gap <= 32);
	assert_non_null(trace->samples[0].roles);
	assert_true(last > 2999 - 32);
	pt_trace_thin(trace); /* frames that have lost their roles are not kept for ever */
	assert_in_range(trace->n_samples, with + (3000 - with) / 2 - 2, with + (3000 - with) / 2 + 2);
	pt_trace_free(trace);
}

/* Counters alone are halved, evenly in each process; frames and what was marked stay. */
static void a_trace_that_is_thinned_stays_even(void **arg)
{
	struct pt_amounts roles[PT_ROLE_N] = {0};
	struct pt_trace *trace;
	uint64_t last[2] = {0};
	size_t of[2] = {0}, frames = 0;
	(void)arg;
	assert_int_equal(pt_trace_new(&trace), 0);
	assert_int_equal(pt_trace_add_process(trace, &(struct pt_trace_process){.pid = 7}), 0);
	assert_int_equal(pt_trace_add_process(trace, &(struct pt_trace_process){.pid = 8}), 1);
	for (uint32_t i = 0; i < 400; i++) {
		struct pt_sample sample = {.process = i % 2, .monotonic_ns = i, .roles = i % 50 == 7 ? roles : NULL};
		assert_int_equal(pt_trace_add(trace, &sample), 0);
	}
	pt_trace_thin(trace);
	for (size_t i = 0; i < trace->n_samples; i++) {
		const struct pt_sample *s = &trace->samples[i];
		frames += s->roles != NULL;
		assert_true(!of[s->process] || s->monotonic_ns - last[s->process] <= 4);
		last[s->process] = s->monotonic_ns;
		of[s->process] += s->roles == NULL;
	}
	assert_int_equal(frames, 8);
	assert_int_equal(of[0], 100); /* 200 each, 8 of the second are frames */
	assert_int_equal(of[1], 96);
	pt_trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(a_snapshot_holds_by_role),
		cmocka_unit_test(what_was_not_read_is_unknown),
		cmocka_unit_test(counters_hold_what_status_says),
		cmocka_unit_test(what_comes_late_stands_where_it_belongs),
		cmocka_unit_test(roles_are_thinned_out),
		cmocka_unit_test(a_trace_that_is_thinned_stays_even),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
