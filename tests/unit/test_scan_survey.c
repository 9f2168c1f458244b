/*
 * Surveys of made-up processes: what there is to read, counted from presence.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/model/chunk.h"
#include "core/scan/survey.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char memory[] = "process 100 S p\n"
			     "vma 40000000-40100000 rw-p\n" /* 256 pages */
			     "pages 40000000-40008000 anon pfn=512 huge\n"
			     "pages 40010000-40013000 anon pfn=1000\n"
			     "page 40013000 zero pfn=5\n"
			     "swap 40014000-40016000 type=0 offset=5\n"
			     "vma 50000000-50010000 r--s inode=5 /a file\n"
			     "pages 50008000-5000a000 file pfn=2000\n";

static struct pt_survey survey(const char *text, bool no_scan)
{
	struct fixture *fixture = fixture_new(4096, text);
	struct scripted *scripted = scripted_new(fixture_kernel(fixture));
	struct pt_signals signals;
	struct pt_survey ret;
	scripted->no_scan = no_scan;
	pt_probe_signals(&scripted->k, 100, &signals);
	if (no_scan)
		signals.of[PT_SIG_PAGEMAP_SCAN].given = PT_ABSENT;
	assert_int_equal(pt_survey(&scripted->k, 100, &signals, &ret), 0);
	assert_int_equal(scripted->open_fds, 0);
	scripted_free(scripted);
	fixture_free(fixture);
	return ret;
}

static void what_is_there_is_counted(void **state)
{
	(void)state;
	struct pt_survey s = survey(memory, false);
	assert_int_equal(s.work.vmas, 2);
	assert_int_equal(s.work.pages, 256 + 16);
	assert_int_equal(s.work.huge, 8 / PT_CHUNK_PAGES);
	assert_int_equal(s.work.present, 3 + 1 + 2);
	assert_int_equal(s.work.counted, 2);
	assert_int_equal(s.pages, 8 + 3 + 1 + 2 + 2);
	assert_in_range(s.work.regions, 4, 5);
	assert_int_equal(s.work.tables, 3); /* of 8 pages in this build, */
	assert_int_equal(s.work.upper, 2);  /* which lie in two stretches of 8 tables */
}

static void without_a_scan_rss_tells(void **state)
{
	(void)state;
	struct pt_survey s = survey(memory, true);
	assert_int_equal(s.work.pages, 256 + 16);
	assert_int_equal(s.work.present, 8 + 3 + 2);
	assert_int_equal(s.pages, 8 + 3 + 2 + 2);
	assert_int_equal(s.work.counted, 2);
}

static void nothing_is_counted_as_nothing(void **state)
{
	(void)state;
	struct pt_survey s = survey("process 100 S p\nvma 40000000-80000000 rw-p\n", false);
	assert_int_equal(s.work.pages, 0x40000);
	assert_int_equal(s.work.tables + s.work.upper + s.work.regions + s.work.present + s.pages, 0);
}

static void who_is_not_there_is_not_surveyed(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, memory);
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_signals signals;
	struct pt_survey ret;
	pt_probe_signals(k, 100, &signals);
	assert_int_equal(pt_survey(k, 101, &signals, &ret), -ESRCH);
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void every_call_may_fail(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, memory);
	struct pt_signals signals;
	struct pt_survey ret;
	struct scripted *scripted = scripted_new(fixture_kernel(fixture));
	pt_probe_signals(&scripted->k, 100, &signals);
	scripted->calls = 0;
	assert_int_equal(pt_survey(&scripted->k, 100, &signals, &ret), 0);
	unsigned long calls = scripted->calls;
	for (unsigned long call = 1; call <= calls; call++) {
		scripted->calls = 0;
		scripted->fail_call = call;
		scripted->fail_error = -EIO;
		pt_survey(&scripted->k, 100, &signals, &ret);
		assert_int_equal(scripted->open_fds, 0);
	}
	scripted_free(scripted);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_counted),      cmocka_unit_test(without_a_scan_rss_tells),
		cmocka_unit_test(nothing_is_counted_as_nothing), cmocka_unit_test(who_is_not_there_is_not_surveyed),
		cmocka_unit_test(every_call_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
