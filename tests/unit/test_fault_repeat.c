/*
 * Pages that fault again and again, on made-up faults: who counts as one, why, how often, and whether that grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/tallied.h"

/* Pages by name: what is constant to a compiler cannot have a struct of another table in it. */
enum which { NONE, OWN_PAGE, OWN_OTHER, SWAPPED, COMMON, MERGED, IN_FILE, MOVING, LOCKED_PAGE, HUGE_PAGE, WRITTEN };
static const struct pt_page pages[] = {
	[OWN_PAGE] = {.pfn = 100, .bits = OWN, .count = 1},
	[OWN_OTHER] = {.pfn = 200, .bits = OWN, .count = 1},
	[SWAPPED] = {.pfn = 32, .bits = PT_SWAP},
	[COMMON] = {.pfn = 100, .bits = PT_ANON | READ, .count = 2},
	[MERGED] = {.pfn = 300, .bits = PT_ANON | READ | PT_KSM, .count = 9},
	[IN_FILE] = {.pfn = 9, .bits = PT_FILE | READ, .count = 2},
	[MOVING] = {.pfn = 100, .bits = PT_MIGRATING},
	[LOCKED_PAGE] = {.pfn = 100, .bits = OWN | PT_MLOCKED | PT_UNEVICTABLE, .count = 1},
	[HUGE_PAGE] = {.pfn = 512, .bits = OWN | PT_PMD | PT_LARGE, .count = 1},
	[WRITTEN] = {.pfn = 100, .bits = OWN | PT_SOFT_DIRTY, .count = 1},
};

enum about { NOTHING, FORKS = 1, MAJOR = 2, SHARED_FILE = 4, SEEN_ABSENT = 8, SEEN_MERGED = 16, LOCKED = 32 };

static const struct repeated {
	const char *what;
	enum pt_fault_kind kind;
	enum which before, after;
	unsigned about;
	enum pt_repeat_cause cause;
	const char *says;
} repeated[] = {
	{"freed", PT_FAULT_FIRST_TOUCH, NONE, OWN_PAGE, 0, PT_REPEAT_FREED, "MADV_DONTNEED"},
	{"huge pages freed", PT_FAULT_HUGE, NONE, HUGE_PAGE, 0, PT_REPEAT_FREED, "MADV_DONTNEED"},
	{"collapsed", PT_FAULT_HUGE, OWN_PAGE, HUGE_PAGE, 0, PT_REPEAT_KHUGEPAGED, "scan_sleep_millisecs = 10000"},
	{"copied after forks", PT_FAULT_COW, COMMON, OWN_OTHER, FORKS, PT_REPEAT_FORK, "came after a fork"},
	{"shared since before", PT_FAULT_COW, COMMON, OWN_OTHER, 0, PT_REPEAT_FORK, "before pagetop came"},
	{"moved after forks", PT_FAULT_MIGRATION, LOCKED_PAGE, OWN_OTHER, FORKS | LOCKED, PT_REPEAT_COMPACTION,
	 "mlock"},
	{"alone again after forks", PT_FAULT_WRITE_PROTECT, COMMON, OWN_PAGE, FORKS, PT_REPEAT_FORK, "MADV_DONTFORK"},
	{"copied from KSM", PT_FAULT_COW, MERGED, OWN_OTHER, 0, PT_REPEAT_KSM, "mm/ksm/run = 1"},
	{"seen merged between", PT_FAULT_UNKNOWN, OWN_PAGE, OWN_OTHER, SEEN_MERGED, PT_REPEAT_KSM, "mm/ksm/run = 1"},
	{"dropped private page of a file", PT_FAULT_COW, NONE, OWN_PAGE, 0, PT_REPEAT_FREED, "MADV_DONTNEED"},
	{"copied, why is not known", PT_FAULT_COW, OWN_PAGE, OWN_OTHER, 0, PT_REPEAT_UNKNOWN, "No reason"},
	{"swapped", PT_FAULT_SWAP_IN, SWAPPED, OWN_PAGE, MAJOR, PT_REPEAT_RECLAIM, "vm.swappiness = 60"},
	{"file read again", PT_FAULT_FILE_MAP, NONE, IN_FILE, MAJOR, PT_REPEAT_RECLAIM, "read again"},
	{"file unmapped", PT_FAULT_FILE_MAP, NONE, IN_FILE, 0, PT_REPEAT_UNKNOWN, "stayed in memory"},
	{"file written back", PT_FAULT_WRITE_PROTECT, IN_FILE, IN_FILE, SHARED_FILE, PT_REPEAT_WRITEBACK,
	 "vm.dirty_expire_centisecs = 3000"},
	{"file written back unseen", PT_FAULT_SPURIOUS, IN_FILE, IN_FILE, SHARED_FILE, PT_REPEAT_WRITEBACK, "msync"},
	{"soft-dirty", PT_FAULT_WRITE_PROTECT, OWN_PAGE, WRITTEN, 0, PT_REPEAT_SOFT_DIRTY, "clear_refs"},
	{"NUMA", PT_FAULT_NUMA, OWN_PAGE, OWN_PAGE, 0, PT_REPEAT_NUMA_BALANCING, "kernel.numa_balancing = ?"},
	{"moved while locked", PT_FAULT_MIGRATION, LOCKED_PAGE, OWN_OTHER, LOCKED, PT_REPEAT_COMPACTION,
	 "vm.compact_unevictable_allowed = 1"},
	{"seen on the way", PT_FAULT_MIGRATION, MOVING, OWN_OTHER, 0, PT_REPEAT_COMPACTION,
	 "vm.compaction_proactiveness = 20"},
	{"other frame", PT_FAULT_UNKNOWN, OWN_PAGE, OWN_OTHER, 0, PT_REPEAT_UNKNOWN, "another frame"},
	{"other frame, absent between", PT_FAULT_UNKNOWN, OWN_PAGE, OWN_OTHER, SEEN_ABSENT, PT_REPEAT_FREED,
	 "MADV_DONTNEED"},
	{"same frame, absent between", PT_FAULT_SPURIOUS, OWN_PAGE, OWN_PAGE, SEEN_ABSENT, PT_REPEAT_FREED,
	 "MADV_DONTNEED"},
	{"nothing known", PT_FAULT_SPURIOUS, OWN_PAGE, OWN_PAGE, 0, PT_REPEAT_UNKNOWN, "same page"},
	{"same frame", PT_FAULT_UNKNOWN, OWN_PAGE, OWN_PAGE, 0, PT_REPEAT_UNKNOWN, "same frame"},
	{"nothing seen", PT_FAULT_UNKNOWN, NONE, NONE, 0, PT_REPEAT_UNKNOWN, "no time"},
	{"unknown, absent between", PT_FAULT_UNKNOWN, OWN_PAGE, OWN_PAGE, SEEN_ABSENT, PT_REPEAT_FREED,
	 "MADV_DONTNEED"},
	{"unknown, of a shared file", PT_FAULT_UNKNOWN, IN_FILE, IN_FILE, SHARED_FILE, PT_REPEAT_WRITEBACK, "msync"},
	{"unknown, after forks", PT_FAULT_UNKNOWN, OWN_PAGE, OWN_OTHER, FORKS, PT_REPEAT_FORK, "came after a fork"},
};

static const struct pt_fault_system settings = {
	.ksm_run = {1, true},
	.compact_unevictable = {1, true},
	.compact_proactive = {20, true},
	.khugepaged_defrag = {1, true},
	.khugepaged_sleep_ms = {10000, true},
	.swappiness = {60, true},
	.writeback_cs = {500, true},
	.expire_cs = {3000, true},
};

static void fault_again(struct pt_tally *tally, const struct repeated *row, unsigned times)
{
	struct space space = {0};
	space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE | (row->about & SHARED_FILE ? PT_SHARED : 0),
		  row->about & SHARED_FILE ? 5 : 0);
	for (unsigned i = 0; i < times; i++) {
		uint64_t ns = (2 + 2 * i) * S;
		space.pages[5] = row->about & SEEN_ABSENT ? none : row->about & SEEN_MERGED ? pages[MERGED] : own;
		tallied_give(tally, &space, ns - S);
		if (row->about & FORKS)
			pt_tally_forked(tally, ns - S / 2);
		struct pt_joined f = tallied_change(5, ns, row->kind, pages[row->before], pages[row->after]);
		f.major = row->about & MAJOR;
		f.stack = i;
		pt_tally_add(tally, &f);
	}
}

static void test_causes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(repeated) / sizeof(*repeated); i++) {
		struct pt_tally *tally = tallied_new();
		struct pt_fault_view *view = pt_fault_view_new();
		fault_again(tally, &repeated[i], 6);
		assert_int_equal(pt_tally_view(tally, 20 * S, 100, &settings, view), 0);
		assert_int_equal(view->n_repeaters, 1);
		const struct pt_fault_repeater *r = &view->repeaters[0];
		if (r->cause != repeated[i].cause || !strstr(r->text, repeated[i].says))
			fail_msg("%s: %s: %s", repeated[i].what, pt_repeat_cause_name(r->cause), r->text);
		assert_int_equal(r->address, space_address(5));
		assert_int_equal(r->events, 6);
		assert_int_equal(r->kind, repeated[i].kind);
		assert_int_equal(r->interval_ns, 2 * S);
		assert_false(r->backs_off);
		assert_int_equal(r->locked, !!(repeated[i].about & LOCKED));
		assert_int_equal(r->last_ns, 12 * S);
		assert_int_equal(r->stack, 5);
		assert_in_range(strlen(r->text), 20, 300);
		pt_fault_view_unref(view);
		pt_tally_free(tally);
	}
}

static size_t repeaters(struct pt_tally *tally)
{
	struct pt_fault_view *view = tallied_look(tally, 100 * S);
	size_t n = view->n_repeaters;
	pt_fault_view_unref(view);
	return n;
}

/* Two faults are no habit, but for a zero page that was written to; and a locked page should not fault at all. */
static void test_who_repeats(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	fault_again(tally, &repeated[0], 2);
	assert_int_equal(repeaters(tally), 0);
	fault_again(tally, &repeated[0], 3);
	assert_int_equal(repeaters(tally), 1);
	pt_tally_execed(tally);
	assert_int_equal(repeaters(tally), 0);
	pt_tally_free(tally);

	tally = tallied_new();
	struct pt_joined f = tallied_change(7, 2 * S, PT_FAULT_FIRST_TOUCH, none, zero);
	pt_tally_add(tally, &f);
	assert_int_equal(repeaters(tally), 0);
	f = tallied_change(7, 3 * S, PT_FAULT_ZERO_WRITE, zero, own);
	pt_tally_add(tally, &f);
	f = tallied_change(8, 3 * S, PT_FAULT_COW, pages[LOCKED_PAGE], own2);
	pt_tally_add(tally, &f);
	f = tallied_change(9, 3 * S, PT_FAULT_FIRST_TOUCH, none, pages[LOCKED_PAGE]);
	pt_tally_add(tally, &f);
	struct pt_fault_view *view = tallied_look(tally, 100 * S);
	assert_int_equal(view->n_repeaters, 2);
	assert_int_equal(view->repeaters[0].address, space_address(7));
	assert_int_equal(view->repeaters[0].cause, PT_REPEAT_ZERO_PAGE);
	assert_int_equal(view->repeaters[0].interval_ns, S);
	assert_int_equal(view->repeaters[1].address, space_address(8));
	assert_int_equal(view->repeaters[1].interval_ns, 0);
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

/* Faults are counted after news of a fork that came later. */
static void test_forks_in_order(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	for (unsigned i = 0; i < 6; i++)
		pt_tally_forked(tally, 50 * S + i);
	for (unsigned i = 0; i < 6; i++) {
		struct pt_joined f = tallied_change(5, (2 + i) * S, PT_FAULT_COW, own, own2);
		pt_tally_add(tally, &f);
	}
	struct pt_fault_view *view = tallied_look(tally, 100 * S);
	assert_int_equal(view->n_repeaters, 1);
	assert_int_equal(view->repeaters[0].cause, PT_REPEAT_UNKNOWN);
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

static bool backs_off(const uint64_t *seconds, size_t n, uint64_t *ret_interval)
{
	struct pt_tally *tally = tallied_new();
	uint64_t ns = 2 * S;
	for (size_t i = 0; i <= n; i++) {
		struct pt_joined f = tallied_touch(5, ns);
		pt_tally_add(tally, &f);
		ns += i < n ? seconds[i] * S : 0;
	}
	struct pt_fault_view *view = tallied_look(tally, ns + S);
	assert_int_equal(view->n_repeaters, 1);
	bool ret = view->repeaters[0].backs_off;
	*ret_interval = view->repeaters[0].interval_ns;
	pt_fault_view_unref(view);
	pt_tally_free(tally);
	return ret;
}

static void test_intervals(void **state)
{
	(void)state;
	const uint64_t doubling[] = {1, 2, 4, 8, 16, 32}, steady[] = {5, 5, 5, 5, 5, 5, 5, 5},
		       odd[] = {5, 5, 5, 900, 5, 5, 5, 5}, shrinking[] = {32, 16, 8, 4, 2, 1}, few[] = {1, 2, 4, 8},
		       slow[] = {100, 101, 102, 103, 104, 105}, grown_with_odd[] = {1, 2, 3, 60, 5, 8, 13, 18, 21, 34},
		       once_slow[] = {90, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
	uint64_t interval;
	assert_true(backs_off(doubling, 6, &interval));
	assert_int_equal(interval, 6 * S);
	assert_false(backs_off(steady, 8, &interval));
	assert_int_equal(interval, 5 * S);
	assert_false(backs_off(odd, 8, &interval));
	assert_int_equal(interval, 5 * S);
	assert_false(backs_off(shrinking, 6, &interval));
	assert_false(backs_off(few, 4, &interval));
	assert_false(backs_off(slow, 6, &interval));
	assert_true(backs_off(grown_with_odd, 10, &interval));
	assert_false(backs_off(once_slow, 13, &interval));
	assert_in_range(interval, S, 2 * S);
}

/* Of every fourth fault that is told, the others lie between: the interval is a quarter of that seen. */
static void test_interval_of_estimates(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	for (unsigned i = 0; i < 8; i++) {
		struct pt_joined f = tallied_touch(5, (2 + 4 * i) * S);
		f.weight = 4;
		pt_tally_add(tally, &f);
	}
	struct pt_fault_view *view = tallied_look(tally, 100 * S);
	assert_int_equal(view->repeaters[0].events, 32);
	assert_int_equal(view->repeaters[0].interval_ns, S);
	assert_non_null(strstr(view->repeaters[0].text, "8 of them were told"));
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_who_repeats),
		cmocka_unit_test(test_forks_in_order),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_interval_of_estimates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
