/*
 * Clearing a target's soft-dirty bits, to tell what it writes: when that is done, and when it is left alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/history/ledger.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char text[] = "process 100 S start=777 threads=1 writer\n"
			   "vma 10000000-10200000 rw-p\n"
			   "pages 10000000-10010000 anon pfn=0x100 soft-dirty\n"
			   "pages 10010000-10020000 anon pfn=0x300\n";

static struct fixture *fixture;
static struct scripted *scripted;
static struct pt_scan *scan;

static int begin(void **arg)
{
	(void)arg;
	fixture = fixture_new(4096, text);
	scripted = scripted_new(fixture_kernel(fixture));
	scripted->tick = 1000;
	return 0;
}

static int end(void **arg)
{
	(void)arg;
	pt_scan_close(scan);
	scan = NULL;
	scripted_free(scripted);
	fixture_free(fixture);
	return 0;
}

static struct pt_snapshot *frame(void)
{
	struct pt_snapshot *snapshot = NULL;
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &snapshot), 0);
	return snapshot;
}

static void expect_cleared(bool cleared)
{
	char *was;
	size_t size;
	assert_int_equal(pt_kernel_slurp(&scripted->k, "proc/100/clear_refs", &was, &size), 0);
	assert_string_equal(was, cleared ? "4" : "");
	free(was);
	fixture_write(fixture, "proc/100/clear_refs", "");
}

static void each_frame_tells_what_was_written_since_the_last(void **arg)
{
	struct pt_ledger ledger;
	(void)arg;
	fixture_write(fixture, "proc/100/clear_refs", "");
	assert_int_equal(pt_scan_open(&scan, &scripted->k, 100), 0);
	assert_int_equal(pt_scan_clear_soft_dirty(scan), 0); /* there is no frame yet that would need it */
	expect_cleared(false);
	struct pt_snapshot *first = frame();
	assert_int_equal(first->cleared_ns, 0);

	assert_int_equal(pt_scan_clear_soft_dirty(scan), 0);
	expect_cleared(true);
	struct pt_snapshot *second = frame(); /* in the fixture what is soft-dirty stays so: as if written again */
	assert_true(second->cleared_ns > first->monotonic_ns && second->cleared_ns < second->monotonic_ns);

	assert_int_equal(pt_scan_clear_soft_dirty(scan), 0);
	struct pt_snapshot *third = frame();
	assert_true(third->cleared_ns > second->monotonic_ns);
	assert_int_equal(pt_ledger_make(second, third, &ledger), 0);
	assert_true(ledger.known >> PT_WRITTEN & 1);
	assert_int_equal(ledger.n[PT_WRITTEN], 16);
	pt_ledger_free(&ledger);
	pt_snapshot_unref(first);
	pt_snapshot_unref(second);
	pt_snapshot_unref(third);
}

/* Else what was written to a part that was not read yet would be lost. */
static void bits_are_cleared_only_when_all_was_read(void **arg)
{
	struct pt_scan_wish wish = {.share = 0.05, .budget_ns = 0, .interval_ns = 3600000000000ull};
	struct pt_snapshot *again = NULL;
	(void)arg;
	fixture_write(fixture, "proc/100/clear_refs", "");
	assert_int_equal(pt_scan_open(&scan, &scripted->k, 100), 0);
	pt_snapshot_unref(frame());
	assert_int_equal(pt_scan_clear_soft_dirty(scan), 0);
	pt_snapshot_unref(frame());
	assert_int_equal(pt_scan_clear_soft_dirty(scan), 0); /* all was read: cleared again */
	expect_cleared(true);
	assert_int_equal(pt_scan_refresh(scan, &wish, NULL, NULL, &again), 0);
	assert_true(pt_snapshot_oldest(again, 0, UINT64_MAX) < again->cleared_ns);
	assert_int_equal(pt_scan_clear_soft_dirty(scan), 0);
	expect_cleared(false);
	pt_snapshot_unref(again);
}

static void what_cannot_be_cleared_is_said(void **arg)
{
	(void)arg;
	assert_int_equal(pt_scan_open(&scan, &scripted->k, 100), 0);
	assert_int_equal(pt_scan_clear_soft_dirty(scan), -EOPNOTSUPP);
}

#define CLEARED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLEARED(each_frame_tells_what_was_written_since_the_last),
		CLEARED(bits_are_cleared_only_when_all_was_read),
		CLEARED(what_cannot_be_cleared_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
