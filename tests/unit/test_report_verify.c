/*
 * Verify: the verdict on one VMA from hand-made numbers; and whole processes of a fixture, whose smaps is summed by the
 * kernel's rules: at rest, moving under every call, ending under every call, with every call failing once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/report/verify.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define BASE 0x7f0000000000ull
#define PAGE 4096ull

/* ---- one VMA ---------------------------------------------------------------------------------------------------- */

/* A snapshot of one VMA of 16 pages, the first n of them `page`, each on a frame of its own. */
static struct pt_snapshot *snapshot_of(struct pt_page page, unsigned n)
{
	struct pt_vma_table *vmas = pt_vma_table_new(1, 0);
	struct pt_slot *slots = calloc(2, sizeof(*slots));

	vmas->n = 1;
	vmas->v[0] = (struct pt_vma){
		.start = BASE, .end = BASE + 16 * PAGE, .perms = PT_READ | PT_WRITE, .path = "", .has_vm_flags = true};
	struct pt_snapshot *s = pt_snapshot_new(vmas, 12);
	for (int i = 0; i < PT_SIG_N; i++)
		s->signals.of[i] = (struct pt_signal_state){PT_GIVEN, "there", NULL};
	for (unsigned chunk = 0; chunk < 2; chunk++) {
		struct pt_page pages[PT_CHUNK_PAGES] = {0};
		for (unsigned i = 0; i < PT_CHUNK_PAGES && chunk * PT_CHUNK_PAGES + i < n; i++) {
			pages[i] = page;
			pages[i].pfn = 1000 + 2 * i + 100 * chunk;
		}
		slots[chunk] = (struct pt_slot){BASE / PAGE / PT_CHUNK_PAGES + chunk, pt_chunk_new(pages, 12), 0};
	}
	assert_int_equal(pt_snapshot_set_slots(s, NULL, slots, 2), 0);
	return s;
}

static struct pt_maybe some(uint64_t value)
{
	return (struct pt_maybe){value, true};
}

/* smaps of n private written anonymous pages. */
static struct pt_smaps smaps_of(unsigned n)
{
	struct pt_maybe all = some(n * PAGE), none = some(0);

	return (struct pt_smaps){.start = BASE,
				 .end = BASE + 16 * PAGE,
				 .rss = all,
				 .pss = all,
				 .shared_clean = none,
				 .shared_dirty = none,
				 .private_clean = none,
				 .private_dirty = all,
				 .referenced = all,
				 .anonymous = all,
				 .ksm = none,
				 .lazyfree = none,
				 .anon_huge = none,
				 .swap = none,
				 .locked = none};
}

static const struct pt_page anon = {.bits = PT_ANON | PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE | PT_EXCLUSIVE,
				    .count = 1};

/* Cells of `s` beside smaps before and after; frees s. */
static void compare(struct pt_snapshot *s, const struct pt_smaps *before, const struct pt_smaps *after,
		    struct pt_verify_cell *cells)
{
	pt_verify_compare(s, 0, before, after, cells);
	pt_snapshot_unref(s);
}

static void equal_sums_are_equal(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);

	compare(snapshot_of(anon, 5), &smaps, &smaps, cells);
	for (int sum = 0; sum < PT_VERIFY_EXACT; sum++) {
		assert_int_equal(cells[sum].verdict, PT_VERDICT_EQUAL);
		assert_null(cells[sum].why);
		assert_true(cells[sum].ours.known);
	}
	assert_int_equal(cells[PT_VERIFY_RSS].ours.value, 5 * PAGE);
	assert_int_equal(cells[PT_VERIFY_PRIVATE].smaps.value, 5 * PAGE);
}

static void a_page_too_many_differs(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);

	compare(snapshot_of(anon, 6), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_RSS].verdict, PT_VERDICT_DIFFERS);
	assert_int_equal(cells[PT_VERIFY_PSS].verdict, PT_VERDICT_DIFFERS);
	assert_int_equal(cells[PT_VERIFY_PRIVATE].verdict, PT_VERDICT_DIFFERS);
	assert_int_equal(cells[PT_VERIFY_SWAP].verdict, PT_VERDICT_EQUAL);
}

static void pss_may_be_off_by_a_kib(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);

	smaps.pss.value -= 1024;
	compare(snapshot_of(anon, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_PSS].verdict, PT_VERDICT_EQUAL);
	smaps.pss.value -= 1;
	compare(snapshot_of(anon, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_PSS].verdict, PT_VERDICT_DIFFERS);
}

static void what_moves_may_be_either(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps before = smaps_of(4), after = smaps_of(6);

	compare(snapshot_of(anon, 4), &before, &after, cells);
	assert_int_equal(cells[PT_VERIFY_RSS].verdict, PT_VERDICT_EQUAL);
	assert_int_equal(cells[PT_VERIFY_RSS].smaps.value, 4 * PAGE);
	compare(snapshot_of(anon, 6), &before, &after, cells);
	assert_int_equal(cells[PT_VERIFY_RSS].verdict, PT_VERDICT_EQUAL);
	compare(snapshot_of(anon, 5), &before, &after, cells);
	assert_int_equal(cells[PT_VERIFY_RSS].verdict, PT_VERDICT_EXPLAINED);
	assert_int_equal(cells[PT_VERIFY_RSS].ours.value, 5 * PAGE);
	assert_int_equal(cells[PT_VERIFY_RSS].smaps.value, 6 * PAGE);
	assert_non_null(strstr(cells[PT_VERIFY_RSS].why, "changed during the scan"));
}

static void a_vma_without_smaps_is_not_compared(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];

	compare(snapshot_of(anon, 4), NULL, NULL, cells);
	for (int sum = 0; sum < PT_VERIFY_N; sum++)
		assert_int_equal(cells[sum].verdict, PT_VERDICT_UNKNOWN);
	assert_true(cells[PT_VERIFY_RSS].ours.known);
	assert_non_null(cells[PT_VERIFY_RSS].why);
}

static void lazyfree_written_again_is_explained(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);
	struct pt_page lazyfree = anon;

	lazyfree.bits |= PT_LAZYFREE;
	smaps.lazyfree = some(2 * PAGE);
	compare(snapshot_of(lazyfree, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_LAZYFREE].verdict, PT_VERDICT_EXPLAINED);
	assert_non_null(strstr(cells[PT_VERIFY_LAZYFREE].why, "MADV_FREE"));
	/* the other way round nothing explains it */
	smaps.lazyfree = some(6 * PAGE);
	compare(snapshot_of(lazyfree, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_LAZYFREE].verdict, PT_VERDICT_DIFFERS);
}

static void dirty_and_referenced_never_fail(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);

	compare(snapshot_of(anon, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_DIRTY].verdict, PT_VERDICT_EQUAL);
	assert_int_equal(cells[PT_VERIFY_REFERENCED].verdict, PT_VERDICT_EXPLAINED);
	assert_non_null(strstr(cells[PT_VERIFY_REFERENCED].why, "approximate"));
}

/* A cell of 5 pages beside the smaps of 7, with one signal less than perfect. */
static struct pt_verify_cell with_signal(enum pt_signal signal, enum pt_given given, struct pt_page page,
					 enum pt_verify_sum sum)
{
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(7);
	struct pt_snapshot *s = snapshot_of(page, 5);

	s->signals.of[signal] = (struct pt_signal_state){given, "the reason", NULL};
	compare(s, &smaps, &smaps, cells);
	return cells[sum];
}

static void average_counts_explain_shares_of_large_folios(void **state)
{
	(void)state;
	struct pt_page large = anon;
	struct pt_verify_cell cell;

	large.bits |= PT_LARGE;
	cell = with_signal(PT_SIG_MAP_COUNT, PT_APPROXIMATE, large, PT_VERIFY_PSS);
	assert_int_equal(cell.verdict, PT_VERDICT_EXPLAINED);
	assert_string_equal(cell.why, "the reason");
	cell = with_signal(PT_SIG_MAP_COUNT, PT_APPROXIMATE, large, PT_VERIFY_RSS);
	assert_int_equal(cell.verdict, PT_VERDICT_DIFFERS);
	cell = with_signal(PT_SIG_MAP_COUNT, PT_APPROXIMATE, anon, PT_VERIFY_PSS);
	assert_int_equal(cell.verdict, PT_VERDICT_DIFFERS);
}

static void what_is_hidden_is_not_compared(void **state)
{
	(void)state;
	struct pt_page hidden = {.bits = PT_ANON | PT_HAS_EXCLUSIVE};
	struct pt_verify_cell cell = with_signal(PT_SIG_PFN, PT_ABSENT, hidden, PT_VERIFY_PSS);

	assert_int_equal(cell.verdict, PT_VERDICT_UNKNOWN);
	assert_false(cell.ours.known);
	assert_int_equal(cell.smaps.value, 7 * PAGE);
	assert_string_equal(cell.why, "the reason");
	cell = with_signal(PT_SIG_KSM, PT_ABSENT, anon, PT_VERIFY_KSM);
	assert_int_equal(cell.verdict, PT_VERDICT_UNKNOWN);
	assert_string_equal(cell.why, "the reason");
}

static void migration_explains_as_many_pages_as_migrate(void **state)
{
	(void)state;
	struct pt_page migrating = {.bits = PT_MIGRATING};
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);

	compare(snapshot_of(migrating, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_PRIVATE].verdict, PT_VERDICT_EXPLAINED);
	assert_non_null(strstr(cells[PT_VERIFY_PRIVATE].why, "migrated"));
	smaps.private_dirty = some(6 * PAGE);
	compare(snapshot_of(migrating, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_PRIVATE].verdict, PT_VERDICT_DIFFERS);
}

/* Seen on 6.18: pages that were write-protected by userfaultfd and then swapped out, and copies made writable no more. */
static void a_file_may_be_swapped_behind_what_stands_for_it(void **state)
{
	(void)state;
	static const struct pt_page markers = {.bits = PT_UFFD_MARKER};
	const struct pt_page kinds[] = {markers, anon};
	for (size_t i = 0; i < 2; i++)
		for (unsigned role = PT_ROLE_ANON; role <= PT_ROLE_SHMEM; role += PT_ROLE_SHMEM - PT_ROLE_ANON)
			for (unsigned swapped = 5; swapped < 7; swapped++) {
				struct pt_verify_cell cells[PT_VERIFY_N];
				struct pt_smaps smaps = smaps_of(5);
				struct pt_snapshot *s = snapshot_of(kinds[i], 5);
				bool explained = role == PT_ROLE_SHMEM && swapped == 5;

				s->vmas->v[0].role = (uint8_t)role;
				smaps.swap = some(swapped * PAGE);
				compare(s, &smaps, &smaps, cells);
				assert_int_equal(cells[PT_VERIFY_SWAP].verdict,
						 explained ? PT_VERDICT_EXPLAINED : PT_VERDICT_DIFFERS);
			}
}

static void hidden_swap_types_explain_too_much_swap(void **state)
{
	(void)state;
	static const struct pt_page swapped = {.bits = PT_SWAP};
	struct pt_verify_cell cell = with_signal(PT_SIG_PFN, PT_ABSENT, swapped, PT_VERIFY_SWAP);

	assert_int_equal(cell.verdict, PT_VERDICT_EXPLAINED);
	assert_non_null(strstr(cell.why, "hidden"));
	cell = with_signal(PT_SIG_KPAGECOUNT, PT_ABSENT, swapped, PT_VERIFY_SWAP);
	assert_int_equal(cell.verdict, PT_VERDICT_DIFFERS);
}

static void smaps_of_an_older_kernel_is_not_compared(void **state)
{
	(void)state;
	struct pt_verify_cell cells[PT_VERIFY_N];
	struct pt_smaps smaps = smaps_of(5);

	smaps.ksm.known = false;
	compare(snapshot_of(anon, 5), &smaps, &smaps, cells);
	assert_int_equal(cells[PT_VERIFY_KSM].verdict, PT_VERDICT_UNKNOWN);
	assert_non_null(strstr(cells[PT_VERIFY_KSM].why, "smaps"));
}

static void every_sum_has_its_names(void **state)
{
	(void)state;
	for (int a = 0; a < PT_VERIFY_N; a++)
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(pt_verify_sum_name((enum pt_verify_sum)a),
						pt_verify_sum_name((enum pt_verify_sum)b));
			assert_string_not_equal(pt_verify_smaps_name((enum pt_verify_sum)a),
						pt_verify_smaps_name((enum pt_verify_sum)b));
		}
}

/* ---- a process -------------------------------------------------------------------------------------------------- */

static const char lines[] = "process 100 S start=777 uid=1000 threads=1 target\n"
			    "vma 7f0000000000-7f0000010000 rw-p\n"
			    "vma 7f0000010000-7f0000020000 rw-p flags=lo [heap]\n"
			    "vma 7f0000020000-7f0000040000 r--p offset=0 inode=5 /usr/lib/a.so\n"
			    "vma 7f0000040000-7f0000050000 rw-s /memfd:x (deleted)\n"
			    "pages 7f0000000000-7f0000004000 anon pfn=1000\n"
			    "pages 7f0000005000-7f0000007000 anon pfn=1100 count=3\n"
			    "swap 7f0000008000 type=1 offset=5\n"
			    "marker 7f0000009000 guard\n"
			    "page 7f000000a000 zero pfn=3\n"
			    "page 7f000000b000 lazyfree pfn=1200\n"
			    "page 7f000000c000 ksm pfn=1210 count=7\n"
			    "pages 7f0000010000-7f0000014000 anon pfn=1300 +mlocked\n"
			    "pages 7f0000020000-7f0000030000 file pfn=2000 count=9\n"
			    "pages 7f0000040000-7f0000044000 shmem pfn=3000\n"
			    "evicted 7f0000046000-7f0000049000\n"
			    "process 101 Z start=778 zombie\n";

struct world {
	struct fixture *fixture;
	struct scripted *scripted;
	struct pt_kernel *k;
};

static struct world make(void)
{
	struct world w = {.fixture = fixture_new(4096, lines)};
	w.scripted = scripted_new(fixture_kernel(w.fixture));
	w.k = &w.scripted->k;
	return w;
}

static void drop(struct world *w)
{
	scripted_free(w->scripted);
	fixture_free(w->fixture);
}

static void a_still_process_is_equal(void **state)
{
	(void)state;
	struct world w = make();
	struct pt_verify verify;

	assert_int_equal(pt_verify_process(w.k, 100, &verify), 0);
	assert_int_equal(verify.n, 4);
	assert_int_equal(verify.rounds, 1);
	for (size_t i = 0; i < verify.n; i++)
		for (int sum = 0; sum < PT_VERIFY_EXACT; sum++)
			if (verify.rows[i].cells[sum].verdict != PT_VERDICT_EQUAL)
				fail_msg("VMA %zu, %s: %lld is not %lld", i,
					 pt_verify_sum_name((enum pt_verify_sum)sum),
					 (long long)verify.rows[i].cells[sum].ours.value,
					 (long long)verify.rows[i].cells[sum].smaps.value);
	for (int sum = 0; sum < PT_VERIFY_EXACT; sum++)
		assert_int_equal(verify.totals[sum].verdict, PT_VERDICT_EQUAL);
	assert_int_equal(verify.vmas_equal, 4);
	assert_int_equal(verify.verdicts[PT_VERDICT_EQUAL], 4 * PT_VERIFY_EXACT);
	assert_false(pt_verify_failed(&verify));
	/* the oracle saw something to compare */
	assert_int_equal(verify.totals[PT_VERIFY_SWAP].smaps.value, 4 * PAGE);
	assert_int_equal(verify.totals[PT_VERIFY_LOCKED].smaps.value, 4 * PAGE);
	assert_int_equal(verify.totals[PT_VERIFY_KSM].smaps.value, PAGE);
	pt_verify_free(&verify);
	drop(&w);
}

static void a_wrong_smaps_is_found(void **state)
{
	(void)state;
	struct world w = make();
	struct pt_verify verify;
	char *text;
	size_t size;

	assert_int_equal(pt_kernel_slurp(w.k, "proc/100/smaps", &text, &size), 0);
	char *rss = strstr(text, "Rss:");
	assert_non_null(rss);
	rss += strcspn(rss, "0123456789");
	*rss = *rss == '9' ? '8' : (char)(*rss + 1);
	fixture_write(w.fixture, "proc/100/smaps", text);
	free(text);
	assert_int_equal(pt_verify_process(w.k, 100, &verify), 0);
	assert_true(pt_verify_failed(&verify));
	assert_int_equal(verify.vmas_differ, 1);
	assert_int_equal(verify.rows[0].cells[PT_VERIFY_RSS].verdict, PT_VERDICT_DIFFERS);
	assert_int_equal(verify.rounds, 4);
	pt_verify_free(&verify);
	drop(&w);
}

static void bad_processes_are_told(void **state)
{
	(void)state;
	struct world w = make();
	struct pt_verify verify = {0};

	assert_int_equal(pt_verify_process(w.k, 4711, &verify), -ESRCH);
	assert_int_equal(pt_verify_process(w.k, 101, &verify), -ESRCH);
	fixture_remove(w.fixture, "proc/100/smaps");
	assert_int_equal(pt_verify_process(w.k, 100, &verify), -ENOENT);
	assert_null(verify.rows);
	drop(&w);
}

static void without_rollup_only_totals_are_unknown(void **state)
{
	(void)state;
	struct world w = make();
	struct pt_verify verify;

	fixture_remove(w.fixture, "proc/100/smaps_rollup");
	assert_int_equal(pt_verify_process(w.k, 100, &verify), 0);
	assert_false(pt_verify_failed(&verify));
	assert_int_equal(verify.vmas_equal, 4);
	assert_int_equal(verify.totals[PT_VERIFY_RSS].verdict, PT_VERDICT_UNKNOWN);
	assert_non_null(strstr(verify.totals[PT_VERIFY_RSS].why, "smaps_rollup"));
	pt_verify_free(&verify);
	drop(&w);
}

/* ---- whatever happens, whenever --------------------------------------------------------------------------------- */

static void grow(void *arg)
{
	fixture_add(arg, "in 100\npages 7f000000d000-7f000000f000 anon pfn=4000\n"
			 "unmap 7f0000030000-7f0000034000\n");
}

static void end_it(void *arg)
{
	fixture_end(arg, 100);
}

static unsigned long calls_of_one(void)
{
	struct world w = make();
	struct pt_verify verify;

	w.scripted->calls = 0;
	assert_int_equal(pt_verify_process(w.k, 100, &verify), 0);
	unsigned long calls = w.scripted->calls;
	pt_verify_free(&verify);
	drop(&w);
	return calls;
}

/* A change at one moment is never taken for an error, and everything is equal in the end. */
static void a_change_before_any_call_settles(void **state)
{
	(void)state;
	unsigned long calls = calls_of_one();

	for (unsigned long call = 1; call <= calls; call++) {
		struct world w = make();
		struct pt_verify verify;

		w.scripted->calls = 0;
		w.scripted->hook_call = call;
		w.scripted->hook = grow;
		w.scripted->hook_arg = w.fixture;
		assert_int_equal(pt_verify_process(w.k, 100, &verify), 0);
		if (pt_verify_failed(&verify) || verify.vmas_equal != verify.n)
			fail_msg("changed before call %lu: %zu of %zu VMAs equal", call, verify.vmas_equal, verify.n);
		pt_verify_free(&verify);
		drop(&w);
	}
}

static void an_end_before_any_call_is_told(void **state)
{
	(void)state;
	unsigned long calls = calls_of_one();

	for (unsigned long call = 1; call <= calls; call++) {
		struct world w = make();
		struct pt_verify verify = {0};

		w.scripted->calls = 0;
		w.scripted->hook_call = call;
		w.scripted->hook = end_it;
		w.scripted->hook_arg = w.fixture;
		int r = pt_verify_process(w.k, 100, &verify);
		if (r != -ESRCH && (r != 0 || pt_verify_failed(&verify)))
			fail_msg("ended before call %lu: %d", call, r);
		pt_verify_free(&verify);
		drop(&w);
	}
}

/* An error on any call is an error, or something not known; never a difference. */
static void any_call_may_fail(void **state)
{
	(void)state;
	unsigned long calls = calls_of_one();

	for (unsigned long call = 1; call <= calls; call++) {
		struct world w = make();
		struct pt_verify verify = {0};

		w.scripted->calls = 0;
		w.scripted->fail_call = call;
		w.scripted->fail_error = -EIO;
		int r = pt_verify_process(w.k, 100, &verify);
		if (r > 0 || (r == 0 && pt_verify_failed(&verify)))
			fail_msg("failed on call %lu: %d", call, r);
		pt_verify_free(&verify);
		drop(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_sums_are_equal),
		cmocka_unit_test(a_page_too_many_differs),
		cmocka_unit_test(pss_may_be_off_by_a_kib),
		cmocka_unit_test(what_moves_may_be_either),
		cmocka_unit_test(a_vma_without_smaps_is_not_compared),
		cmocka_unit_test(lazyfree_written_again_is_explained),
		cmocka_unit_test(dirty_and_referenced_never_fail),
		cmocka_unit_test(average_counts_explain_shares_of_large_folios),
		cmocka_unit_test(what_is_hidden_is_not_compared),
		cmocka_unit_test(migration_explains_as_many_pages_as_migrate),
		cmocka_unit_test(a_file_may_be_swapped_behind_what_stands_for_it),
		cmocka_unit_test(hidden_swap_types_explain_too_much_swap),
		cmocka_unit_test(smaps_of_an_older_kernel_is_not_compared),
		cmocka_unit_test(every_sum_has_its_names),
		cmocka_unit_test(a_still_process_is_equal),
		cmocka_unit_test(a_wrong_smaps_is_found),
		cmocka_unit_test(bad_processes_are_told),
		cmocka_unit_test(without_rollup_only_totals_are_unknown),
		cmocka_unit_test(a_change_before_any_call_settles),
		cmocka_unit_test(an_end_before_any_call_is_told),
		cmocka_unit_test(any_call_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
