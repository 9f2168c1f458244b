/*
 * What came, went and changed, bin by bin, against single pages looked at one after the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/difference.h"
#include "tests/support/made.h"

#define PAGES 300

static bool holds(struct pt_page page)
{
	enum pt_kind kind = pt_page_kind(page);
	return pt_kind_present(kind) || kind == PT_SWAP || kind == PT_SWAP_SHMEM || kind == PT_MIGRATING;
}

static void add_page(const struct pt_snapshot *now, const struct pt_snapshot *before, uint64_t address,
		     struct pt_difference *sum)
{
	struct pt_page a = pt_snapshot_page(before, address), b = pt_snapshot_page(now, address);
	sum->came += !holds(a) && holds(b);
	sum->went += holds(a) && !holds(b);
	sum->other += holds(a) && holds(b) && pt_page_differs(a, b);
}

static void check_bins(const struct pt_snapshot *now, const struct pt_snapshot *before, uint64_t first,
		       uint64_t per_bin)
{
	struct pt_axis axis;
	struct pt_difference got[PAGES + 3];
	assert_int_equal(pt_axis_init(&axis, now, 0, now->vmas->n), 0);
	pt_difference_bins(&axis, now, before, first, per_bin, got, PAGES + 3);
	for (uint64_t i = 0; i < PAGES + 3; i++) {
		struct pt_difference plain = {0};
		for (uint64_t at = first + i * per_bin; at < first + (i + 1) * per_bin && at < axis.pages; at++)
			add_page(now, before, pt_axis_address(&axis, now, at), &plain);
		assert_memory_equal(&got[i], &plain, sizeof plain);
	}
	pt_axis_free(&axis);
}

static void bins_are_sums_of_pages(void **arg)
{
	(void)arg;
	struct made made;
	uint64_t seen = 0;
	made_init(&made, 3, PAGES);
	struct pt_snapshot *before = made_next(&made);
	for (int round = 0; round < 40; round++) {
		struct pt_snapshot *now = made_next(&made);
		struct pt_difference all = {0};
		check_bins(now, before, made_random(&made, 20), 1 + made_random(&made, 40));
		pt_difference_add(now, before, MADE_BASE, MADE_BASE + PAGES * MADE_PAGE, &all);
		seen += (all.came > 0) + (all.went > 0) + (all.other > 0);
		pt_snapshot_unref(before);
		before = now;
	}
	assert_true(seen > 60); /* there was something to compare */
	pt_snapshot_unref(before);
	made_end(&made);
}

static void a_snapshot_is_as_itself(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_difference all = {0}, none = {0};
	made_init(&made, 4, PAGES);
	struct pt_snapshot *s = made_next(&made);
	pt_difference_add(s, s, 0, MADE_BASE + PAGES * MADE_PAGE, &all);
	assert_memory_equal(&all, &none, sizeof all);
	pt_snapshot_unref(s);
	made_end(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_are_sums_of_pages),
		cmocka_unit_test(a_snapshot_is_as_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
