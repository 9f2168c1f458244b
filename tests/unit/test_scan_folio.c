/*
 * Tails of large folios, of which kernels before 6.12 show little: what they lack comes from their head.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"
#include "core/scan/folio.h"
#include "core/scan/inspect.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

struct world {
	struct fixture *fixture;
	struct scripted *scripted;
	struct pt_snapshot *snapshot;
};

static struct world scan(const char *text)
{
	struct world w = {.fixture = fixture_new(4096, text)};
	w.scripted = scripted_new(fixture_kernel(w.fixture));
	assert_int_equal(pt_scan_once(&w.scripted->k, 100, 1, &w.snapshot), 0);
	return w;
}

static void leave(struct world *w)
{
	pt_snapshot_unref(w->snapshot);
	scripted_free(w->scripted);
	fixture_free(w->fixture);
}

#define HUGE_AT "process 100 S p\nvma 40000000-40400000 rw-p\n"

static void assert_sums(const char *kind, uint64_t lazyfree, uint64_t dirty, uint64_t referenced)
{
	char text[256];
	snprintf(text, sizeof(text), HUGE_AT "pages 40000000-40200000 %s huge bare-tails pfn=512\n", kind);
	struct world w = scan(text);
	assert_int_equal(w.snapshot->total.n[PT_N_RSS], 512);
	assert_int_equal(w.snapshot->total.n[PT_N_LARGE], 512);
	assert_int_equal(w.snapshot->total.n[PT_N_LAZYFREE], lazyfree);
	assert_int_equal(w.snapshot->total.n[PT_N_DIRTY], dirty);
	assert_int_equal(w.snapshot->total.n[PT_N_REFERENCED], referenced);
	leave(&w);
}

static void tails_are_as_their_head(void **state)
{
	(void)state;
	assert_sums("anon", 0, 512, 0);
	assert_sums("anon +referenced", 0, 512, 512);
	assert_sums("lazyfree", 512, 0, 0);
	assert_sums("file +dirty", 0, 512, 0);
}

static void shmem_tails_are_shmem(void **state)
{
	(void)state;
	struct world w = scan("process 100 S p\nvma 40000000-40400000 rw-p /a file\n"
			      "pages 40000000-40200000 shmem huge bare-tails pfn=512\n");
	assert_int_equal(w.snapshot->total.n[PT_N_SHMEM], 512);
	leave(&w);
}

/* The head is not mapped here any more: it is read from its frame. */
static void a_head_elsewhere_is_found(void **state)
{
	(void)state;
	struct world w = scan(HUGE_AT "pages 40000000-40200000 anon large bare-tails pfn=512 +referenced\n"
				      "in 100\nunmap 40000000-40100000\n"
				      "vma 40000000-40100000 rw-p\n");
	assert_int_equal(w.snapshot->total.n[PT_N_RSS], 256);
	assert_int_equal(w.snapshot->total.n[PT_N_LAZYFREE], 0);
	assert_int_equal(w.snapshot->total.n[PT_N_REFERENCED], 256);
	leave(&w);
}

static void a_tail_without_a_head_claims_nothing(void **state)
{
	(void)state;
	struct world w = scan(HUGE_AT
			      "pages 40000000-40002000 anon large bare-tails pfn=600 -head +tail -lru -uptodate "
			      "-swapbacked\n");
	assert_int_equal(w.snapshot->total.n[PT_N_RSS], 2);
	assert_int_equal(w.snapshot->total.n[PT_N_LAZYFREE], 0);
	leave(&w);
}

static void one_page_is_as_the_scan_has_it(void **state)
{
	(void)state;
	struct world w = scan(HUGE_AT "pages 40000000-40200000 anon huge bare-tails pfn=512\n");
	struct pt_facts facts;

	assert_int_equal(pt_inspect_page(&w.scripted->k, 100, 0x40005000, &w.snapshot->signals, &facts), 0);
	struct pt_page one = pt_facts_page(&facts), same = pt_snapshot_page(w.snapshot, 0x40005000);
	assert_int_equal(facts.flags.value, KPF(COMPOUND_TAIL) | KPF(THP) | KPF(MMAP) | KPF(ANON));
	assert_int_equal(one.bits & (PT_LAZYFREE | PT_UPTODATE | PT_LRU), PT_UPTODATE | PT_LRU);
	assert_int_equal(same.bits & (PT_LAZYFREE | PT_UPTODATE | PT_LRU), PT_UPTODATE | PT_LRU);
	leave(&w);
}

/* A folio's tails follow its head, so reading them costs no more; newer kernels' tails speak for themselves. */
static void no_head_is_read_without_need(void **state)
{
	(void)state;
	struct world w = scan(HUGE_AT "pages 40000000-40200000 anon large bare-tails pfn=512\n");
	unsigned long with_bare = w.scripted->preads;
	leave(&w);
	w = scan(HUGE_AT "pages 40000000-40200000 anon large pfn=512\n");
	assert_int_equal(w.scripted->preads, with_bare);
	leave(&w);
}

/* The head of a huge mapping answers for all its pages, counts included, if the kernel marks it as this PMD's alone. */
static void an_exclusive_huge_page_costs_a_few_reads(void **state)
{
	(void)state;
	struct world w = scan(HUGE_AT "pages 40000000-40200000 anon huge pfn=512 +owner2\n");
	unsigned long exclusive = w.scripted->preads;
	assert_int_equal(w.snapshot->total.n[PT_N_PRIVATE], 512);
	assert_int_equal(w.snapshot->total.n[PT_N_PMD_ANON], 512);
	assert_int_equal(pt_snapshot_page(w.snapshot, 0x401ff000).pfn, 512 + 511);
	assert_int_equal(pt_snapshot_page(w.snapshot, 0x401ff000).count, 1);
	leave(&w);
	w = scan(HUGE_AT "pages 40000000-40200000 anon huge pfn=512 count=2 exclusive\n");
	assert_true(w.scripted->preads >= exclusive);
	assert_int_equal(w.snapshot->total.n[PT_N_SHARED], 512);
	leave(&w);
}

static void joining_keeps_what_is_of_one_page(void **state)
{
	(void)state;
	uint64_t tail = KPF(COMPOUND_TAIL) | KPF(THP);
	uint64_t head = KPF(COMPOUND_HEAD) | KPF(THP) | KPF(HWPOISON) | KPF(MMAP) | KPF(LRU);
	assert_int_equal(pt_folio_join(tail, head), tail | KPF(LRU));
	assert_int_equal(pt_folio_join(tail | KPF(HWPOISON), 0), tail | KPF(HWPOISON));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails_are_as_their_head),
		cmocka_unit_test(shmem_tails_are_shmem),
		cmocka_unit_test(a_head_elsewhere_is_found),
		cmocka_unit_test(a_tail_without_a_head_claims_nothing),
		cmocka_unit_test(one_page_is_as_the_scan_has_it),
		cmocka_unit_test(no_head_is_read_without_need),
		cmocka_unit_test(an_exclusive_huge_page_costs_a_few_reads),
		cmocka_unit_test(joining_keeps_what_is_of_one_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
