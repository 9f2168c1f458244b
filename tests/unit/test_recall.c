/*
 * Facts out of a snapshot: they lead to the page they came from, are told as the kernel's own are, and do not claim what
 * a snapshot does not keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/explain/explain.h"
#include "core/explain/recall.h"
#include "core/report/facts.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char text[] = "process 100 S start=777 threads=1 recalled\n"
			   "vma 10000000-10200000 rw-p flags=hg\n"
			   "page 10000000 anon pfn=0x1003 count=2 +dirty +mlocked\n"
			   "pages 10010000-10014000 anon pfn=0x1200 huge large\n"
			   "swap 10020000 type=2 offset=77\n"
			   "page 10030000 anon pfn=0x1300 soft-dirty\n"
			   "pages 10040000-10042000 lazyfree pfn=0x1310\n"
			   "page 10050000 ksm pfn=0x1320 count=3\n"
			   "page 10051000 zero pfn=0x1\n"
			   "marker 10052000 guard\n"
			   "marker 10053000 uffd-wp\n"
			   "marker 10054000 poison\n"
			   "migrating 10055000 pfn=1010\n"
			   "vma 18000000-18004000 r-xp inode=7 /usr/bin/program\n"
			   "pages 18000000-18003000 file pfn=0x2000 count=3 +active\n"
			   "vma 20000000-20010000 rw-s inode=9 /dev/shm/segment\n"
			   "pages 20000000-20002000 shmem pfn=0x3000 count=2\n"
			   "evicted 20002000-20003000\n"
			   "vma 30000000-30002000 r-xp [vdso]\n"
			   "page 30000000 kernel pfn=0x900 count=12\n"
			   "vma ffffffffff600000-ffffffffff601000 --xp [vsyscall]\n";

static struct fixture *fixture;
static struct scripted *k;
static struct pt_snapshot *snapshot;

static int make(void **arg)
{
	(void)arg;
	fixture = fixture_new(4096, text);
	k = scripted_new(fixture_kernel(fixture));
	return pt_scan_once(&k->k, 100, 1, &snapshot);
}

static int drop(void **arg)
{
	(void)arg;
	pt_snapshot_unref(snapshot);
	scripted_free(k);
	fixture_free(fixture);
	return 0;
}

static struct pt_facts recall(uint64_t address)
{
	struct pt_facts facts;
	pt_recall_page(snapshot, address, &facts);
	assert_true(facts.recalled);
	return facts;
}

static void for_each_page(void (*check)(uint64_t address))
{
	for (size_t i = 0; i < snapshot->vmas->n; i++)
		for (uint64_t at = snapshot->vmas->v[i].start; at < snapshot->vmas->v[i].end; at += 4096)
			check(at);
}

static void check_page(uint64_t address)
{
	struct pt_facts f = recall(address);
	struct pt_page was = pt_snapshot_page(snapshot, address), is = pt_facts_page(&f);
	if (was.bits != is.bits || was.pfn != is.pfn || was.count != is.count)
		fail_msg("%lx: bits %x and %x", (unsigned long)address, was.bits, is.bits);
}

static void facts_lead_to_the_page_they_came_from(void **arg)
{
	(void)arg;
	for_each_page(check_page);
}

static void check_words(uint64_t address)
{
	struct pt_facts now, then = recall(address);
	struct pt_explanation a, b;
	assert_int_equal(pt_inspect_page(&k->k, 100, address, NULL, &now), 0);
	pt_explain_page(&now, &a);
	pt_explain_page(&then, &b);
	if (a.cause != b.cause)
		fail_msg("%lx: %s and %s", (unsigned long)address, pt_cause_name(a.cause), pt_cause_name(b.cause));
}

static void a_page_is_what_it_was(void **arg)
{
	(void)arg;
	for_each_page(check_words);
}

static bool tells(const struct pt_facts *facts, const char *value)
{
	struct pt_fact_list list;
	pt_facts_list(facts, &list);
	for (size_t i = 0; i < list.n; i++)
		if (strstr(list.v[i].value, value) || strstr(list.v[i].note, value))
			return true;
	return false;
}

static void what_is_not_kept_is_unknown(void **arg)
{
	(void)arg;
	struct pt_facts f = recall(0x10000000);
	assert_false(f.has_near || f.cgroup.known || f.folio_first.known);
	assert_int_equal(f.physical.node, -1);
	assert_true(tells(&f, "history does not keep it"));
	assert_true(tells(&f, "other bits are unknown"));
	struct pt_explanation words;
	f = recall(0x20008000);
	pt_explain_page(&f, &words);
	assert_int_equal(words.cause, PT_CAUSE_UNTOUCHED);
	assert_null(strstr(words.headline, "Never")); /* others may have touched it */
}

static void an_address_that_was_not_mapped_is_an_answer(void **arg)
{
	(void)arg;
	struct pt_facts f = recall(0x40000abc);
	struct pt_explanation words;
	assert_false(f.mapped);
	assert_int_equal(f.address, 0x40000000);
	pt_explain_page(&f, &words);
	assert_int_equal(words.cause, PT_CAUSE_UNMAPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_lead_to_the_page_they_came_from),
		cmocka_unit_test(a_page_is_what_it_was),
		cmocka_unit_test(what_is_not_kept_is_unknown),
		cmocka_unit_test(an_address_that_was_not_mapped_is_an_answer),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
