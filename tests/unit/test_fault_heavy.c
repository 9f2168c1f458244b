/*
 * The bounded table: exact while there is room; what is hit most stays when there is none; never more memory than it was
 * given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/faults/heavy.h"
#include "tests/support/heap.h"

struct row {
	uint64_t key, hits;
};

static uint64_t state_of_chance = 7;

static uint64_t chance(uint64_t below)
{
	state_of_chance ^= state_of_chance << 13;
	state_of_chance ^= state_of_chance >> 7;
	state_of_chance ^= state_of_chance << 17;
	return state_of_chance % below;
}

/* As a tally does it. Returns the row, or NULL. */
static struct row *hit(struct pt_heavy *heavy, uint64_t key, uint64_t weight)
{
	void *place;
	enum pt_heavy_hit what = pt_heavy_hit(heavy, key, weight, &place);
	struct row *row = place;
	if (what == PT_HEAVY_REFUSED) {
		assert_null(row);
		return NULL;
	}
	assert_non_null(row);
	if (what == PT_HEAVY_KNOWN)
		assert_int_equal(row->key, key);
	else if (what == PT_HEAVY_NEW)
		assert_int_equal(row->hits, 0);
	if (what != PT_HEAVY_KNOWN)
		*row = (struct row){.key = key};
	row->hits += weight;
	return row;
}

static size_t rows_of(const struct pt_heavy *heavy)
{
	struct row *row;
	uint64_t key;
	size_t n = 0;
	for (size_t at = 0; (row = pt_heavy_next(heavy, &at, &key)); n++)
		assert_int_equal(row->key, key);
	return n;
}

static void test_exact_with_room(void **state)
{
	(void)state;
	enum { KEYS = 3000 };
	static uint64_t hits[KEYS];
	struct pt_heavy *heavy = pt_heavy_new(sizeof(struct row), 1 << 20);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t key = chance(KEYS), weight = 1 + chance(3);
		hits[key] += weight;
		hit(heavy, key << 12, weight);
	}
	size_t n = 0;
	for (uint64_t key = 0; key < KEYS; key++) {
		struct row *row = pt_heavy_find(heavy, key << 12);
		assert_int_equal(row ? row->hits : 0, hits[key]);
		n += hits[key] != 0;
	}
	assert_int_equal(rows_of(heavy), n);
	assert_int_equal(pt_heavy_n(heavy), n);
	assert_false(pt_heavy_forgot(heavy));
	pt_heavy_drop(heavy, 5 << 12);
	pt_heavy_drop(heavy, 5 << 12);
	assert_null(pt_heavy_find(heavy, 5 << 12));
	assert_int_equal(pt_heavy_n(heavy), n - 1);
	pt_heavy_clear(heavy);
	assert_int_equal(rows_of(heavy), 0);
	pt_heavy_free(heavy);
}

/* Twenty keys get a fifth of all hits, half a million others the rest: the twenty are there, and nearly all hits of each. */
static void test_heavy_hitters_stay(void **state)
{
	(void)state;
	enum { HEAVY = 20 };
	uint64_t hits[HEAVY] = {0};
	struct pt_heavy *heavy = pt_heavy_new(sizeof(struct row), 64 << 10);
	for (unsigned i = 0; i < 600000; i++) {
		uint64_t key = chance(5) ? 1000 + i : chance(HEAVY);
		hits[key < HEAVY ? key : 0] += key < HEAVY;
		hit(heavy, key, 1);
		if (i % 100000 == 0)
			pt_heavy_halve(heavy);
	}
	for (uint64_t key = 0; key < HEAVY; key++) {
		struct row *row = pt_heavy_find(heavy, key);
		assert_non_null(row);
		assert_in_range(row->hits, hits[key] * 9 / 10, hits[key]);
	}
	assert_true(pt_heavy_forgot(heavy));
	pt_heavy_free(heavy);
}

/* What begins to come often after the table is full is let in, and what no longer comes gives way. */
static void test_newcomers(void **state)
{
	(void)state;
	struct pt_heavy *heavy = pt_heavy_new(sizeof(struct row), 16 << 10);
	for (unsigned round = 0; round < 200; round++)
		for (uint64_t key = 0; key < 4096; key++)
			hit(heavy, key, 1);
	for (unsigned i = 0; i < 20; i++)
		pt_heavy_halve(heavy);
	for (unsigned round = 0; round < 50; round++)
		for (uint64_t key = 10000; key < 10010; key++)
			hit(heavy, key, 1);
	for (uint64_t key = 10000; key < 10010; key++)
		assert_non_null(pt_heavy_find(heavy, key));
	pt_heavy_free(heavy);
}

static void test_memory(void **state)
{
	(void)state;
	for (size_t most = 16 << 10; most <= 4 << 20; most *= 4) {
		size_t before = heap_bytes(), peak = 0;
		struct pt_heavy *heavy = pt_heavy_new(sizeof(struct row), most);
		for (uint64_t key = 0; key < 150000; key++) {
			hit(heavy, key, 1);
			peak = heap_bytes() - before > peak ? heap_bytes() - before : peak;
		}
		assert_in_range(peak, most / 2, most * 3 / 4); /* the rest is for growing */
		assert_int_equal(pt_heavy_bytes(heavy) <= peak, 1);
		pt_heavy_free(heavy);
		assert_int_equal(heap_bytes(), before);
	}
}

/* A table that cannot grow stays as it is. */
static void test_out_of_memory(void **state)
{
	(void)state;
	heap_fail_at(1);
	assert_null(pt_heavy_new(sizeof(struct row), 1 << 20));
	heap_fail_at(2);
	assert_null(pt_heavy_new(sizeof(struct row), 1 << 20));
	heap_fail_at(0);
	for (unsigned long n = 1; n < 3; n++) {
		struct pt_heavy *heavy = pt_heavy_new(sizeof(struct row), 1 << 20);
		heap_fail_at(n);
		for (uint64_t key = 0; key < 1000; key++)
			hit(heavy, key, 1);
		assert_true(heap_has_failed());
		heap_fail_at(0);
		assert_int_equal(rows_of(heavy), pt_heavy_n(heavy));
		assert_in_range(pt_heavy_n(heavy), 60, 15 * 8);
		pt_heavy_free(heavy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_with_room), cmocka_unit_test(test_heavy_hitters_stay),
		cmocka_unit_test(test_newcomers),       cmocka_unit_test(test_memory),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
