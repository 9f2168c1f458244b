/*
 * Baselines: what of a run is measured, what kept runs allow, and how often a run of the same kind, or a worse one, is
 * found to be worse.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/verdict/baseline.h"

#define SECOND 1000000000ull
#define MIB    (1024.0 * 1024)

/* One process for 10 s, seen every second: from 20 MiB of heap to `peak`, and back to 10. */
static struct pt_trace *run_of(double peak, bool frames)
{
	struct pt_trace *trace;
	struct pt_trace_process process = {.pid = 7, .name = "job", .began_ns = SECOND};
	assert_int_equal(pt_trace_new(&trace), 0);
	trace->interval_ns = trace->began_ns = SECOND;
	trace->ended_ns = 11 * SECOND;
	assert_int_equal(pt_trace_add_process(trace, &process), 0);
	for (unsigned second = 1; second <= 10; second++) {
		struct pt_amounts roles[PT_ROLE_N];
		uint64_t monotonic = second * SECOND, heap = (uint64_t)(second == 5    ? peak
									: second == 10 ? 10 * MIB
										       : 20 * MIB);
		struct pt_sample sample = {.monotonic_ns = monotonic, .realtime_ns = monotonic + 1000 * SECOND};
		for (int q = 0; q < PT_QUANTITY_N; q++) {
			sample.all.v[q] = (struct pt_maybe){.known = true};
			for (int role = 0; role < PT_ROLE_N; role++)
				roles[role].v[q] = (struct pt_maybe){.known = true};
		}
		roles[PT_ROLE_HEAP].v[PT_QUANTITY_RSS].value = sample.all.v[PT_QUANTITY_RSS].value = heap;
		sample.all.v[PT_QUANTITY_VMAS].value = 40;
		sample.roles = frames ? roles : NULL;
		assert_int_equal(pt_trace_add(trace, &sample), 0);
	}
	return trace;
}

static double measured(const struct pt_baseline_run *run, const char *name)
{
	size_t i = pt_measure_of(name);
	assert_true(i < PT_MEASURES);
	return run->v[i];
}

/* A baseline of n runs in which every measure is v[i]. */
static struct pt_baseline kept(const double *v, size_t n)
{
	struct pt_baseline baseline = {.n = 0};
	for (size_t i = 0; i < n; i++) {
		struct pt_baseline_run run = {.realtime_ns = i + 1};
		for (size_t k = 0; k < PT_MEASURES; k++)
			run.v[k] = v[i];
		pt_baseline_add(&baseline, &run);
	}
	return baseline;
}

static struct pt_baseline_limit limit_of(const double *v, size_t n, const char *name)
{
	struct pt_baseline baseline = kept(v, n);
	return pt_baseline_limit(&baseline, pt_measure_of(name));
}

static void test_measures(void **state)
{
	(void)state;
	for (size_t i = 0; i < PT_MEASURES; i++) {
		assert_non_null(pt_measure_name(i));
		assert_int_equal(pt_measure_of(pt_measure_name(i)), i);
	}
	assert_int_equal(pt_measure_of("peak(nonsense)"), PT_MEASURES);

	struct pt_trace *trace = run_of(50 * MIB, true);
	struct pt_baseline_run run;
	assert_int_equal(pt_baseline_measure(trace, &run), 0);
	assert_true(measured(&run, "duration") == 10);
	assert_true(measured(&run, "peak(rss)") == 50 * MIB && measured(&run, "peak(rss, end-1s..end)") == 10 * MIB);
	assert_true(measured(&run, "peak(heap.rss)") == 50 * MIB &&
		    measured(&run, "peak(heap.rss, end-1s..end)") == 10 * MIB);
	assert_true(measured(&run, "peak(stack.rss)") == 0 && measured(&run, "peak(vmas)") == 40);
	assert_int_equal(run.realtime_ns, 1001 * SECOND);
	pt_trace_free(trace);

	trace = run_of(50 * MIB, false); /* by counters alone a role is not known, which is not 0 */
	assert_int_equal(pt_baseline_measure(trace, &run), 0);
	assert_true(measured(&run, "peak(rss)") == 50 * MIB && isnan(measured(&run, "peak(stack.rss)")));
	pt_trace_free(trace);
}

static void test_limits(void **state)
{
	(void)state;
	const double one[] = {100 * MIB}, two[] = {100 * MIB, 90 * MIB};
	const double equal[] = {100 * MIB, 100 * MIB, 100 * MIB, 100 * MIB, 100 * MIB};
	const double three[] = {99 * MIB, 100 * MIB, 101 * MIB}, wild[] = {10 * MIB, 10 * MIB, 400 * MIB};
	const double partly[] = {NAN, 100 * MIB, NAN};

	assert_true(limit_of(one, 0, "peak(rss)").runs == 0);
	struct pt_baseline_limit limit = limit_of(one, 1, "peak(rss)");
	assert_true(limit.runs == 1 && limit.least == 100 * MIB && limit.most == 100 * MIB);
	assert_true(fabs(limit.limit - 129 * MIB) < 1);
	assert_true(fabs(limit_of(one, 1, "peak(vmas)").limit - (125 * MIB + 16)) < 1);
	assert_true(fabs(limit_of(one, 1, "duration").limit - (200 * MIB + 2)) < 1);
	assert_true(fabs(limit_of(two, 2, "peak(rss)").limit - 129 * MIB) < 1);
	assert_true(fabs(limit_of(equal, 5, "peak(rss)").limit - (100 + 29.0 / 4) * MIB) < 1);
	/* t of 2 degrees, 22.33, times a deviation of 1 times sqrt(4/3) */
	assert_true(fabs(limit_of(three, 3, "peak(rss)").limit - (100 + 22.33 * sqrt(4.0 / 3)) * MIB) < 1);
	assert_true(limit_of(wild, 3, "peak(rss)").limit >= 400 * MIB);
	limit = limit_of(partly, 3, "peak(rss)");
	assert_true(limit.runs == 1 && fabs(limit.limit - 129 * MIB) < 1);
}

static void test_keeps_the_last(void **state)
{
	(void)state;
	double v[PT_BASELINE_RUNS + 3];
	for (size_t i = 0; i < PT_BASELINE_RUNS + 3; i++)
		v[i] = (double)i;
	struct pt_baseline baseline = kept(v, PT_BASELINE_RUNS + 3);
	assert_int_equal(baseline.n, PT_BASELINE_RUNS);
	assert_true(baseline.runs[0].v[0] == 3 && baseline.runs[PT_BASELINE_RUNS - 1].v[0] == PT_BASELINE_RUNS + 2);
}

static void comes_to(double limit, const char *name, const struct pt_trace *trace, enum pt_answer answer,
		     const char *text)
{
	char said[128];
	struct pt_judgement judgement;
	const struct pt_baseline_limit l = {.runs = 1, .least = limit, .most = limit, .limit = limit};
	assert_int_equal(pt_baseline_judge(&l, pt_measure_of(name), trace, said, sizeof(said), &judgement), 0);
	assert_string_equal(said, text);
	assert_int_equal(judgement.answer, answer);
	assert_int_equal(judgement.why[0] != '\0',
			 strcmp(name, "duration") == 0 ? answer != PT_ANSWER_YES : answer == PT_ANSWER_UNDECIDED);
	pt_judgement_free(&judgement);
}

static void test_judging(void **state)
{
	(void)state;
	struct pt_trace *trace = run_of(50 * MIB, true), *bare = run_of(50 * MIB, false);
	comes_to(50 * MIB, "peak(rss)", trace, PT_ANSWER_YES, "peak(rss) <= 50.0M");
	comes_to(49.81 * MIB, "peak(heap.rss)", trace, PT_ANSWER_NO, "peak(heap.rss) <= 49.9M");
	comes_to(9 * MIB + 1, "peak(rss, end-1s..end)", trace, PT_ANSWER_NO, "peak(rss, end-1s..end) <= 9217K");
	comes_to(49.9 * MIB, "peak(stack.rss)", bare, PT_ANSWER_UNDECIDED, "peak(stack.rss) <= 49.9M");
	comes_to(39.2, "peak(vmas)", trace, PT_ANSWER_YES, "peak(vmas) <= 40");
	comes_to(38, "peak(vmas)", trace, PT_ANSWER_NO, "peak(vmas) <= 38");
	comes_to(10, "duration", trace, PT_ANSWER_YES, "duration <= 10.0s");
	comes_to(9.85, "duration", trace, PT_ANSWER_NO, "duration <= 9.9s");
	trace->ended_ns = 0;
	comes_to(10, "duration", trace, PT_ANSWER_UNDECIDED, "duration <= 10.0s");
	pt_trace_free(bare);
	pt_trace_free(trace);
}

/* ---- how often it is wrong -------------------------------------------------------------------------------------- */

static double unit(uint64_t *state) /* splitmix64 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

/* About 200 MiB: with normal noise, or with a tail to the right. */
static double peak_of(uint64_t *state, double noise, bool tail)
{
	double far = sqrt(-2 * log(1 - unit(state))), normal = far * cos(6.283185307179586 * unit(state));
	return 200 * MIB * (tail ? exp(noise * normal) : 1 + noise * normal);
}

/* Of 4000 new runs that are `worse` times what those kept are: how many are above the limit, in percent. */
static double found(size_t runs, double noise, bool tail, double worse)
{
	uint64_t state = 42 + runs;
	size_t above = 0;
	for (size_t i = 0; i < 4000; i++) {
		double v[PT_BASELINE_RUNS];
		for (size_t k = 0; k < runs; k++)
			v[k] = peak_of(&state, noise, tail);
		above += worse * peak_of(&state, noise, tail) > limit_of(v, runs, "peak(rss)").limit;
	}
	return (double)above / 40;
}

static void test_rates(void **state)
{
	(void)state;
	static const size_t runs[] = {1, 2, 3, 5, 10};
	for (size_t i = 0; i < 5; i++) {
		assert_true(found(runs[i], 0.002, false, 1) <= 0.1);
		assert_true(found(runs[i], 0.02, false, 1) <= 0.5);
		assert_true(found(runs[i], 0.02, true, 1) <= 0.5);
		assert_true(runs[i] < 3 || found(runs[i], 0.2, false, 1) <= 0.5);
		assert_true(found(runs[i], 0.002, false, 1.35) >= 99);
	}
	assert_true(found(5, 0.02, false, 1.25) >= 90);
	assert_true(found(10, 0.02, false, 1.25) >= 99);
	assert_true(found(5, 0.002, false, 1.1) >= 99);
	assert_true(found(10, 0.002, false, 1.05) >= 99);
}

/* A frame that came before the heap was filled says nothing of its peak. */
static void test_early_frames(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct pt_baseline_run run;
		struct pt_trace *trace = run_of(60 * MIB, false);
		struct pt_amounts roles[PT_ROLE_N];
		struct pt_sample early = {.monotonic_ns = 4 * SECOND + 1, .roles = roles};
		for (unsigned second = 4; second <= (late ? 10 : 4); second += late ? 1 : 10) {
			early.monotonic_ns = second * SECOND + 1;
			early.all = trace->samples[0].all;
			double held = second == 5 ? 58 * MIB : second == 10 ? 10 * MIB : 20 * MIB;
			early.all.v[PT_QUANTITY_RSS].value = (uint64_t)held;
			for (int role = 0; role < PT_ROLE_N; role++)
				for (int q = 0; q < PT_QUANTITY_N; q++)
					roles[role].v[q] = (struct pt_maybe){.known = true};
			roles[PT_ROLE_HEAP].v[PT_QUANTITY_RSS].value = (uint64_t)held;
			assert_int_equal(pt_trace_add(trace, &early), 0);
		}
		assert_int_equal(pt_baseline_measure(trace, &run), 0);
		assert_true(measured(&run, "peak(rss)") == 60 * MIB);
		if (late)
			assert_true(measured(&run, "peak(heap.rss)") == 58 * MIB);
		else
			assert_true(isnan(measured(&run, "peak(heap.rss)")));
		pt_trace_free(trace);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measures), cmocka_unit_test(test_limits), cmocka_unit_test(test_keeps_the_last),
		cmocka_unit_test(test_judging),  cmocka_unit_test(test_rates),  cmocka_unit_test(test_early_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
