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
	assert_false(pt_settle_pass(&settle, 1000));
	assert_true(pt_settle_pass(&settle, 1000));
}

static void nothing_lost_takes_one(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	assert_true(pt_settle_pass(&settle, 0));
}

static void one_drop_is_not_trusted_at_once(void **state)
{
	(void)state;
	struct pt_settle settle = {0};
	assert_false(pt_settle_pass(&settle, 1001));
	assert_false(pt_settle_pass(&settle, 1000));
	assert_false(pt_settle_pass(&settle, 1000));
	unsigned more = 1;
	while (!pt_settle_pass(&settle, 1000))
		more++;
	assert_in_range(more, 1, 6);
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
		} while (!pt_settle_pass(&settle, 50 + left));
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
	while (!pt_settle_pass(&settle, n))
		n -= random_of(&seed) % 3 == 0;
	assert_in_range(settle.passes, 2, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quiet_takes_two),
		cmocka_unit_test(nothing_lost_takes_one),
		cmocka_unit_test(one_drop_is_not_trusted_at_once),
		cmocka_unit_test(what_lives_is_not_left),
		cmocka_unit_test(noise_is_no_movement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
