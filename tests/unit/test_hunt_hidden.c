/*
 * Codes of pointers: there and back; which words were seen; where small numbers count as pointers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hunt/contexts.h"

#define OBJECT 0x55e794b36140u
#define PLACE  0x7f0012345678u

static const struct pt_coding keyed[] = {
	{.kind = PT_CODING_XOR, .key = 0x5deece66d5deece6},
	{.kind = PT_CODING_LOW32, .key = 0x55e700000000},
	{.kind = PT_CODING_OFFSET32, .key = 0x55e794b00010},
	{.kind = PT_CODING_OFFSET32, .key = 0x55e794b00040, .amount = 4},
};

static void assert_there_and_back(const struct pt_coding *coding)
{
	uint64_t value = 0;
	assert_true(pt_coding_encode(coding, OBJECT, &value));
	assert_int_equal(pt_coding_decode(coding, value), OBJECT);
}

static void there_and_back(void **state)
{
	(void)state;
	struct pt_coding fixed[PT_CODINGS_FIXED];
	assert_int_equal(pt_codings_fixed(fixed), PT_CODINGS_FIXED);
	for (size_t i = 0; i < PT_CODINGS_FIXED; i++)
		assert_there_and_back(&fixed[i]);
	for (size_t i = 0; i < sizeof(keyed) / sizeof(*keyed); i++)
		assert_there_and_back(&keyed[i]);
}

static void some_addresses_have_no_code(void **state)
{
	(void)state;
	uint64_t value;
	assert_false(pt_coding_encode(&keyed[1], OBJECT + (1ull << 32), &value));
	assert_false(pt_coding_encode(&keyed[2], keyed[2].key, &value)); /* 0 is no pointer */
	assert_false(pt_coding_encode(&keyed[2], keyed[2].key - 16, &value));
	assert_false(pt_coding_encode(&keyed[2], keyed[2].key + (1ull << 32), &value));
	assert_false(pt_coding_encode(&keyed[3], OBJECT + 8, &value)); /* bits would be lost */
}

static void parts_of_a_word(void **state)
{
	(void)state;
	assert_int_equal(pt_part_of(PT_PART_WORD, OBJECT, PLACE, 0), OBJECT);
	assert_int_equal(pt_part_of(PT_PART_MASKED, 0xabcdull << 48 | OBJECT, PLACE, 0), OBJECT);
	assert_int_equal(pt_part_of(PT_PART_SHIFTED, (uint64_t)OBJECT << 16 | 0xabcd, PLACE, 0), OBJECT);
	assert_int_equal(pt_part_of(PT_PART_SELF_XOR, OBJECT ^ PLACE >> 12, PLACE, 0), OBJECT);
	assert_int_equal(pt_part_of(PT_PART_HALF, 0x1111111122222222, PLACE, 0), 0x22222222);
	assert_int_equal(pt_part_of(PT_PART_HALF, 0x1111111122222222, PLACE, 1), 0x11111111);
}

static void what_was_seen_is_known(void **state)
{
	(void)state;
	struct pt_sight *sight = pt_sight_new(1000, 1);
	assert_non_null(sight);
	assert_true(pt_sight_filled(sight) == 0);
	size_t others = 0;
	for (uint64_t i = 0; i < 1000; i++)
		pt_sight_put(sight, PT_PART_WORD, i * i * 77777);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_true(pt_sight_has(sight, PT_PART_WORD, i * i * 77777));
		others += pt_sight_has(sight, PT_PART_HALF, i * i * 77777);
		others += pt_sight_has(sight, PT_PART_WORD, i * i * 77777 + 1);
	}
	assert_true(others < 200); /* of 2000 */
	assert_true(pt_sight_filled(sight) > 0 && pt_sight_filled(sight) < 0.1);
	pt_sight_free(sight);
}

static void families(void **state)
{
	(void)state;
	struct pt_sight *sight = pt_sight_new(1000, 2);
	struct pt_sight_family found[8];
	assert_non_null(sight);
	for (uint64_t i = 0; i < 100; i++) {
		pt_sight_put_family(sight, 0, 0x1234567800000008 + i * 16);
		pt_sight_put_family(sight, 1, i * 0x123456789abcdef1);
		pt_sight_put_family(sight, 1, 0x7777777700000000); /* always the same */
	}
	assert_int_equal(pt_sight_families(sight, found, 8), 1);
	assert_int_equal(found[0].count, 100);
	for (size_t i = 0; i < PT_FAMILY_SAMPLES; i++)
		assert_int_equal(found[0].samples[i] >> 32, 0x12345678);
	assert_int_equal(pt_sight_families(sight, found, 0), 0);
	pt_sight_free(sight);
}

static void count_each(void *arg, pt_chunk_id id)
{
	*(uint64_t *)arg += id;
}

static void where_numbers_are_pointers(void **state)
{
	(void)state;
	struct pt_contexts *c = pt_contexts_new(1);
	assert_non_null(c);
	/* the same place of objects of one size, wherever they are */
	uint32_t offsets = pt_context_of(OBJECT + 8, OBJECT, 40), sizes = pt_context_of(OBJECT + 12, OBJECT, 40);
	assert_int_equal(offsets, pt_context_of(PLACE + 8, PLACE, 40));
	assert_int_not_equal(offsets, sizes);
	for (unsigned i = 0; i < 100; i++) {
		pt_contexts_count(c, offsets, i % 2 ? PT_TRY_LOST : PT_TRY_OBJECT);
		pt_contexts_count(c, sizes, i % 2 ? PT_TRY_LOST : PT_TRY_NOTHING);
	}
	assert_int_equal(pt_contexts_keep(c, 0, offsets, 7), 0);
	assert_int_equal(pt_contexts_keep(c, 0, sizes, 100), 0);
	assert_true(pt_contexts_good(c, offsets));
	assert_false(pt_contexts_good(c, sizes)); /* half of them are mere numbers */
	uint64_t sum = 0;
	pt_contexts_each(c, count_each, &sum);
	assert_int_equal(sum, 7);
	/* a few hits are none, and more of them are needed of a code */
	uint32_t few = pt_context_of(OBJECT + 16, OBJECT, 40), code = pt_context_of_code(3);
	pt_contexts_count(c, few, PT_TRY_LOST);
	assert_false(pt_contexts_good(c, few));
	for (unsigned i = 0; i < 10; i++) {
		pt_contexts_count(c, few, PT_TRY_LOST);
		pt_contexts_count(c, code, PT_TRY_LOST);
	}
	assert_true(pt_contexts_good(c, few));
	assert_false(pt_contexts_good(c, code));
	pt_contexts_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),  cmocka_unit_test(some_addresses_have_no_code),
		cmocka_unit_test(parts_of_a_word), cmocka_unit_test(what_was_seen_is_known),
		cmocka_unit_test(families),        cmocka_unit_test(where_numbers_are_pointers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
