/*
 * Pace: what there is time for, and the periods that follow from made-up costs and rates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/faults/pace.h"

#define SECOND 1000000000ull
#define MS     1000000ull

static struct pt_fault_pace five_percent(uint64_t period)
{
	struct pt_fault_pace p;
	pt_fault_pace_init(&p, 0.05, period, 10000, SECOND);
	return p;
}

static void time_is_earned_and_paid(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(1);
	assert_int_equal(pt_fault_pace_room(&p), 5000); /* of 10 us each: a second's share */
	pt_fault_pace_settle(&p, SECOND, 30 * MS + 100000, 3000);
	assert_int_equal(pt_fault_pace_room(&p), 1990);
	assert_int_equal(pt_fault_pace_wait(&p), 0);
	pt_fault_pace_settle(&p, SECOND + 100 * MS, 0, 0);
	assert_int_equal(pt_fault_pace_room(&p), 2490);
	pt_fault_pace_settle(&p, SECOND + 100 * MS, 26 * MS, 0); /* a view */
	assert_int_equal(pt_fault_pace_room(&p), 0);
	assert_in_range(pt_fault_pace_wait(&p), 22 * MS, 22 * MS + 1);
	pt_fault_pace_settle(&p, 100 * SECOND, 0, 0); /* no more is saved up than a second's share */
	assert_int_equal(pt_fault_pace_room(&p), 5000);
}

/* Whatever they are, as long as looks find different numbers of faults. */
static void what_things_cost_is_learned(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(1);
	for (unsigned i = 1; i <= 2000; i++) {
		uint64_t full = i * 37 % 101 + 1;
		pt_fault_pace_settle(&p, SECOND + i * SECOND, 400000 + full * 40000, full);
	}
	assert_in_range((unsigned)p.each_ns, 39000, 41000);
	assert_in_range((unsigned)p.turn_ns, 360000, 440000);
	p = five_percent(1);
	pt_fault_pace_settle(&p, 2 * SECOND, 100 * MS, 5); /* symbols of a module */
	assert_in_range((unsigned)p.each_ns, 10000, 10500);
	assert_in_range((unsigned)p.turn_ns, 100000, 170000);
}

static void looks_that_cost_much_are_rare(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(1);
	assert_int_equal(pt_fault_pace_interval(&p), 20 * MS);
	p.turn_ns = 1e6;
	assert_int_equal(pt_fault_pace_interval(&p), 80 * MS); /* a quarter of the budget */
	p.turn_ns = 1e9;
	assert_int_equal(pt_fault_pace_interval(&p), 500 * MS);
}

static void a_storm_makes_the_period_grow_at_once(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(1);
	/* A million a second, of which a second would cost 10 s. */
	uint64_t period = pt_fault_pace_told(&p, SECOND + 20 * MS, 20000);
	assert_in_range(period, 256, 1024);
	double load = 1e6 / (double)period * p.each_ns / 1e9 / 0.05;
	assert_true(load < 0.7);
	pt_fault_pace_switched(&p, period, SECOND + 21 * MS, MS);
	for (uint64_t t = 0; t < 20; t++) /* and that holds */
		assert_int_equal(pt_fault_pace_told(&p, SECOND + (22 + t * 20) * MS, 20000 / period), period);
}

static void a_moment_of_faults_is_no_storm(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(1);
	assert_int_equal(pt_fault_pace_told(&p, SECOND + MS, 300), 1); /* 3 ms of work within 1 ms */
	assert_int_equal(pt_fault_pace_told(&p, SECOND + 250 * MS, 0), 1);
}

static void calm_makes_it_shrink_after_a_while(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(64);
	uint64_t period = 64, faults = 0, seconds = 0;
	while (period == 64 && seconds < 20) {
		faults += 5;
		seconds++;
		period = pt_fault_pace_counted(&p, SECOND + seconds * SECOND, faults);
	}
	assert_in_range(seconds, 3, 5);
	assert_int_equal(period, 1);
	pt_fault_pace_switched(&p, 1, SECOND + seconds * SECOND, MS);
	assert_int_equal(pt_fault_pace_counted(&p, (seconds + 2) * SECOND, faults + 5), 1);
}

static void it_does_not_go_up_and_down(void **state)
{
	(void)state;
	/* Whatever the rate, the period that follows from it stays when the rate does. */
	for (uint64_t rate = 10; rate < 3000000; rate += rate / 3 + 1) {
		struct pt_fault_pace p = five_percent(64);
		uint64_t faults = 0, changes = 0, now = SECOND;
		for (unsigned turn = 0; turn < 3000; turn++) { /* a minute */
			uint64_t before = faults / p.period, period;
			now += 20 * MS;
			faults += rate / 50;
			period = pt_fault_pace_told(&p, now, faults / p.period - before);
			if (period == p.period && turn % 50 == 49)
				period = pt_fault_pace_counted(&p, now, faults);
			if (period != p.period) {
				pt_fault_pace_switched(&p, period, now, MS);
				changes++;
			}
		}
		assert_true(changes <= 2);
		assert_true((double)rate / (double)p.period * p.each_ns / 1e9 <= 0.05);
	}
}

static void dear_changes_are_rare(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(64);
	pt_fault_pace_switched(&p, 64, SECOND, 500 * MS); /* thousands of threads */
	uint64_t seconds = 0;
	while (seconds < 1000 && pt_fault_pace_counted(&p, SECOND + seconds * SECOND, seconds) == 64)
		seconds++;
	assert_in_range(seconds, 80, 82);
}

static void the_target_is_spared_too(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(1);
	p.each_ns = 1; /* cheap for pagetop */
	p.told_max = 1000;
	assert_int_equal(pt_fault_pace_told(&p, SECOND + 500 * MS, 8000), 32);
}

static void what_is_fixed_stays(void **state)
{
	(void)state;
	struct pt_fault_pace p = five_percent(2);
	p.fixed = true;
	assert_int_equal(pt_fault_pace_told(&p, SECOND + 500 * MS, 1000000), 2);
	for (uint64_t s = 0; s < 100; s++)
		assert_int_equal(pt_fault_pace_counted(&p, SECOND + s * SECOND, s), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_earned_and_paid),
		cmocka_unit_test(what_things_cost_is_learned),
		cmocka_unit_test(looks_that_cost_much_are_rare),
		cmocka_unit_test(a_storm_makes_the_period_grow_at_once),
		cmocka_unit_test(a_moment_of_faults_is_no_storm),
		cmocka_unit_test(calm_makes_it_shrink_after_a_while),
		cmocka_unit_test(it_does_not_go_up_and_down),
		cmocka_unit_test(dear_changes_are_rare),
		cmocka_unit_test(the_target_is_spared_too),
		cmocka_unit_test(what_is_fixed_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
