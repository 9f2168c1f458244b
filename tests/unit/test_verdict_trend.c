/*
 * What goes on growing and what does not: plain series, made-up programs (a part of what bench/trend.c judges), and what
 * is too little to tell.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/verdict/trend.h"
#include "tests/support/series.h"

#define SECOND 1000000000ull
#define MOST   600

static uint64_t t[MOST];
static double v[MOST];

/* Of n samples, a second apart, of f. */
static struct pt_trend of(double (*f)(double), size_t n)
{
	struct pt_trend trend;
	for (size_t i = 0; i < n; i++) {
		t[i] = (i + 5) * SECOND;
		v[i] = f((double)i);
	}
	pt_trend_of(t, v, n, 0, &trend);
	assert_int_equal(trend.samples, n);
	return trend;
}

static double constant(double s)
{
	(void)s;
	return 7e6;
}

static double up(double s)
{
	return 7e6 + 4096 * s;
}

static double down(double s)
{
	return 7e6 - 4096 * s;
}

static double slowly(double s) /* a page in five seconds */
{
	return 7e6 + 4096 * floor(s / 5);
}

static double up_late(double s) /* from 300 s on */
{
	return 7e6 + 4096 * fmax(s - 300, 0);
}

static double up_from_200(double s)
{
	return 7e6 + 4096 * fmax(s - 200, 0) + 1e5 * (fmod(s, 7) > 5);
}

static double up_and_flat(double s)
{
	return 7e6 + 40960 * fmin(s, 40);
}

static double saturating(double s)
{
	return 7e6 + 4e7 * (1 - exp(-s / 15));
}

static double falls_back(double s) /* every 25 s */
{
	return 7e6 + 1e6 * fmod(s, 25);
}

static double up_with_bursts(double s)
{
	return up(s) + (fmod(s, 3) > 0 ? 1e6 : 0);
}

static double unknown_now_and_then(double s)
{
	return fmod(s, 4) > 0 ? up(s) : NAN;
}

static void test_plain(void **state)
{
	(void)state;
	assert_int_equal(of(constant, 60).kind, PT_TREND_FLAT);
	assert_int_equal(of(constant, 24).kind, PT_TREND_FLAT);
	assert_int_equal(of(up_and_flat, 60).kind, PT_TREND_FLAT);
	assert_int_equal(of(saturating, 60).kind, PT_TREND_FLAT);
	assert_int_equal(of(saturating, 120).kind, PT_TREND_FLAT);
	assert_int_equal(of(falls_back, 75).kind, PT_TREND_FLAT);
	assert_int_equal(of(falls_back, 600).kind, PT_TREND_FLAT);
	assert_int_equal(of(down, 60).kind, PT_TREND_SHRINKING);
	assert_int_equal(of(up, 60).kind, PT_TREND_GROWING);
	assert_int_equal(of(up_with_bursts, 60).kind, PT_TREND_GROWING);
	assert_int_equal(of(unknown_now_and_then, 120).kind, PT_TREND_GROWING);
}

static void test_numbers(void **state)
{
	(void)state;
	struct pt_trend trend = of(up, 60);
	assert_true(fabs(trend.slope - 4096) < 1 && trend.low <= 4096 && trend.high >= 4096);
	assert_true(trend.confidence == 0.99 && trend.chance > 0 && trend.chance < 0.005 && trend.blocks == 12);
	assert_int_equal(trend.began_ns, t[0]);
	assert_int_equal(trend.need_ns, 0);

	trend = of(down, 60);
	assert_true(fabs(trend.slope + 4096) < 1 && trend.low <= -4096 && trend.high >= -4096);

	trend = of(saturating, 60);
	assert_true(trend.slope == 0 && trend.low <= 0 && trend.high >= 0 && trend.chance > 0.01);
	assert_int_equal(trend.began_ns, 0);
}

static void test_late(void **state)
{
	(void)state;
	struct pt_trend trend = of(up_late, 600);
	assert_int_equal(trend.kind, PT_TREND_GROWING);
	assert_in_range(trend.began_ns, 280 * SECOND, 330 * SECOND);
	assert_true(fabs(trend.slope - 4096) < 10);
	trend = of(up_from_200, 600); /* the half is looked at, but it began before that */
	assert_int_equal(trend.kind, PT_TREND_GROWING);
	assert_in_range(trend.began_ns, 145 * SECOND, 230 * SECOND);
	trend = of(up_late, 310); /* ten seconds of growth are too little */
	assert_int_equal(trend.kind, PT_TREND_FLAT);
}

static void test_too_little(void **state)
{
	(void)state;
	struct pt_trend trend = of(up, 20);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	assert_int_equal(trend.need_ns, 60 * SECOND);
	trend = of(saturating, 40); /* has not come to rest */
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	assert_int_equal(trend.need_ns, 60 * SECOND);
	trend = of(slowly, 60); /* 12 pages: even, but few */
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	assert_in_range(trend.need_ns, 120 * SECOND, 200 * SECOND);
	assert_int_equal(of(slowly, (size_t)(trend.need_ns / SECOND) + 1).kind, PT_TREND_GROWING);
	trend = of(up, 1);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	assert_int_equal(trend.need_ns, 0);
	trend = of(up, 0);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);

	for (size_t i = 0; i < 60; i++) { /* all at one moment; all but one */
		t[i] = 5 * SECOND;
		v[i] = (double)i;
	}
	pt_trend_of(t, v, 60, 0, &trend);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	t[59] = 100 * SECOND;
	pt_trend_of(t, v, 60, 0, &trend);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	for (size_t i = 0; i < 60; i++) {
		t[i] = (5 + i) * SECOND;
		v[i] = NAN;
	}
	pt_trend_of(t, v, 60, 0, &trend);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
}

/* A heap that widens: 90 MB, then lumps of a MB and two, further apart and nearer. */
static double lumps(double s)
{
	static const double at[] = {4, 13, 17, 22, 31, 34, 43, 47, 52};
	double sum = 9e7 + 4096 * fmod(s, 2);
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++)
		sum += s >= at[i] ? 1e6 * (double)(1 + i % 2) : 0;
	return sum;
}

/* n samples of f from the one at `first` on; before it, it started from nothing. */
static struct pt_trend since_start(double (*f)(double), size_t n)
{
	struct pt_trend trend;
	for (size_t i = 0; i < n + 5; i++) {
		t[i] = (i + 5) * SECOND;
		v[i] = i < 5 ? (double)i * f(0) / 5 : f((double)(i - 5));
	}
	pt_trend_of(t, v, n + 5, 5, &trend);
	assert_int_equal(trend.samples, n);
	return trend;
}

static double leaks_many(double s)
{
	return 9e7 + 1e5 * s;
}

static double lumps_of_a_leak(double s) /* more than it was at first */
{
	return 10 * (lumps(s) - 9e7) + 1e6;
}

static void test_what_comes_to_rest(void **state)
{
	(void)state;
	assert_int_equal(of(lumps, 60).kind, PT_TREND_GROWING); /* nothing is known of what was before */
	struct pt_trend trend = since_start(lumps, 60);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	assert_true(trend.uneven && trend.rise > 9e6 && trend.rise < 1.31e7);
	assert_in_range(trend.need_ns, 61 * SECOND, 600 * SECOND);
	assert_int_equal(since_start(leaks_many, 60).kind, PT_TREND_GROWING);
	assert_int_equal(since_start(lumps_of_a_leak, 60).kind, PT_TREND_GROWING);
	assert_int_equal(since_start(up, 60).kind, PT_TREND_GROWING);
	assert_int_equal(since_start(constant, 60).kind, PT_TREND_FLAT);
	assert_int_equal(since_start(saturating, 60).kind, PT_TREND_FLAT);
}

/* Hundreds of samples in the first second are not a long series. */
static void test_clustered(void **state)
{
	(void)state;
	struct pt_trend trend;
	for (size_t i = 0; i < 300; i++) {
		t[i] = i < 285 ? i * SECOND / 285 : (i - 284) * SECOND;
		v[i] = up((double)t[i] / 1e9);
	}
	pt_trend_of(t, v, 300, 0, &trend);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
	assert_int_equal(trend.need_ns, 60 * SECOND);
	for (size_t i = 0; i < 120; i++) { /* the second half of the time without a sample: it was stopped */
		t[i] = i < 119 ? i * SECOND : 240 * SECOND;
		v[i] = up((double)t[i] / 1e9);
	}
	pt_trend_of(t, v, 120, 0, &trend);
	assert_int_equal(trend.kind, PT_TREND_UNDECIDED);
}

/* 40 runs each of every shape and length: of 720 steady ones 7 may raise an alarm, of 240 leaks 2 may be missed. */
static void test_programs(void **state)
{
	(void)state;
	static const size_t lengths[] = {60, 120, 600};
	size_t steady = 0, alarms = 0, leaks = 0, caught = 0;
	for (enum series_shape shape = 0; shape <= SERIES_LEAK_1M; shape++) {
		for (size_t i = 0; i < 3 * 40; i++) {
			size_t n = lengths[i % 3];
			struct pt_trend trend;
			series_make(shape, 500 + i, n, t, v);
			pt_trend_of(t, v, n, 0, &trend);
			bool grows = trend.kind == PT_TREND_GROWING, leak = series_rate(shape) > 0;
			steady += !leak;
			leaks += leak;
			alarms += !leak && grows;
			caught += leak && grows;
			if (leak != grows)
				print_message("%s of %zu samples, seed %zu\n", series_name(shape), n, 500 + i);
		}
	}
	assert_true(steady == 720 && leaks == 240);
	assert_true(alarms <= steady / 100);
	assert_true(leaks - caught <= leaks / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),     cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_late),      cmocka_unit_test(test_what_comes_to_rest),
		cmocka_unit_test(test_clustered), cmocka_unit_test(test_too_little),
		cmocka_unit_test(test_programs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
