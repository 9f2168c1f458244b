/*
 * When passes end: of a quiet process, of one whose pointers move, of one where they move so fast that most are missed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "core/hunt/settle.h"

static void quiet_takes_two(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	assert_false(pt_settle_pass(&settle, 1000, false));
	assert_true(pt_settle_pass(&settle, 1000, false));
}

static void nothing_lost_takes_one(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	assert_true(pt_settle_pass(&settle, 0, false));
}

static void one_drop_is_not_trusted_at_once(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	assert_false(pt_settle_pass(&settle, 1001, false));
	assert_false(pt_settle_pass(&settle, 1000, false));
	assert_false(pt_settle_pass(&settle, 1000, false));
	unsigned more = 1;
	while (!pt_settle_pass(&settle, 1000, false))
		more++;
	assert_in_range(more, 1, 6);
}

/* What one word leads to is missed as a whole. */
static void who_runs_is_looked_at_more_often(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	unsigned passes = 1;
	while (!pt_settle_pass(&settle, 1000, true))
		passes++;
	assert_in_range(passes, 8, 12);
}

/* What hangs together is struck off together: more of it the second time than the first says little of the rate. */
static void structures_settle(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	assert_false(pt_settle_pass(&settle, 3873, true));
	assert_false(pt_settle_pass(&settle, 3398, true));
	while (!pt_settle_pass(&settle, 2500, true))
		assert_in_range(settle.passes, 3, 40);
}

static uint64_t random_of(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Hunts where each pass misses what lives with one probability: how many ended with one of them left. */
static unsigned hunts_wrong(double rate, unsigned living, unsigned hunts, unsigned *ret_passes)
{
	uint64_t seed = 7;
	unsigned wrong = 0;
	*ret_passes = 0;
	for (unsigned h = 0; h < hunts; h++) {
		struct pt_settle settle = {0};
		unsigned left = living;
		do {
			unsigned stay = 0;
			for (unsigned i = 0; i < left; i++)
				stay += (double)random_of(&seed) / (double)(1u << 31) < rate;
			left = stay;
		} while (!pt_settle_pass(&settle, 50 + left, false));
		wrong += left > 0;
		*ret_passes += settle.passes;
	}
	return wrong;
}

static void what_lives_is_not_left(void **state)
{
	(void)state;
	const double rates[] = {0.02, 0.2, 0.4, 0.6, 0.8};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		unsigned passes;
		assert_in_range(hunts_wrong(rates[i], 10000, 500, &passes), 0, 3);
		assert_true(passes / 500 < 100);
	}
}

/* A leaked object now and then, for ever: by a stale pointer. */
static void noise_is_no_movement(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	uint64_t seed = 5, n = 4000;
	while (!pt_settle_pass(&settle, n, false))
		n -= random_of(&seed) % 3 == 0;
	assert_in_range(settle.passes, 2, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_takes_two),
		cmocka_unit_test(nothing_lost_takes_one),
		cmocka_unit_test(one_drop_is_not_trusted_at_once),
		cmocka_unit_test(who_runs_is_looked_at_more_often),
		cmocka_unit_test(structures_settle),
		cmocka_unit_test(what_lives_is_not_left),
		cmocka_unit_test(noise_is_no_movement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
