/*
 * Inspecting one page of made-up processes: every source is read, a race is seen, and what is not there is not asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/kernel/abi.h"
#include "core/scan/classify.h"
#include "core/scan/inspect.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char text[] = "process 100 S start=777 threads=1 inspected\n"
			   "vma 10000000-10200000 rw-p flags=hg\n"
			   "page 10000000 anon pfn=0x1003 count=2\n"
			   "pages 10010000-10014000 anon pfn=0x1200 huge large\n"
			   "swap 10020000 type=2 offset=77\n"
			   "page 10030000 anon pfn=0x1300 hidden\n"
			   "vma 20000000-20010000 rw-s inode=9 /dev/shm/segment\n"
			   "evicted 20002000-20003000\n"
			   "vma ffffffffff600000-ffffffffff601000 --xp [vsyscall]\n";

static struct fixture *fixture;
static struct scripted *k;

static int make(void **arg)
{
	(void)arg;
	fixture = fixture_new(4096, text);
	k = scripted_new(fixture_kernel(fixture));
	return 0;
}

static int drop(void **arg)
{
	(void)arg;
	scripted_free(k);
	fixture_free(fixture);
	return 0;
}

static struct pt_facts inspect(uint64_t address)
{
	struct pt_facts facts;
	assert_int_equal(pt_inspect_page(&k->k, 100, address, NULL, &facts), 0);
	return facts;
}

static void a_present_page_has_all_its_facts(void **arg)
{
	(void)arg;
	struct pt_facts f = inspect(0x10000abc);
	assert_int_equal(f.address, 0x10000000);
	assert_true(f.mapped);
	assert_true(f.vma.has_vm_flags && f.vma.vm_flags & PT_VM_HUGEPAGE);
	assert_int_equal(f.pfn, 0x1003);
	assert_int_equal(f.pagemap.value, f.pagemap_again.value);
	assert_true(f.flags.known && f.flags.value & KPF(ANON));
	assert_true(f.count.known);
	assert_int_equal(f.count.value, 2);
	assert_true(f.has_near);
	assert_int_equal(f.near_first, 0x1000);
	assert_int_equal(f.near_flags[3], f.flags.value);
	assert_int_equal(f.near_count[3], 2);
	assert_false(f.folio_pages.known);
	assert_int_equal(pt_page_kind(pt_facts_page(&f)), PT_ANON);
}

static void a_folio_is_found_from_any_of_its_pages(void **arg)
{
	(void)arg;
	for (uint64_t address = 0x10010000; address < 0x10014000; address += 4096) {
		struct pt_facts f = inspect(address);
		assert_true(f.folio_first.known && f.folio_pages.known);
		assert_int_equal(f.folio_first.value, 0x1200);
		assert_int_equal(f.folio_pages.value, 4);
		assert_true(f.categories.known && f.categories.value & PS_HUGE);
		assert_true(pt_facts_page(&f).bits & PT_PMD);
	}
}

/* Of a gigantic page's first 2 MiB all can be seen that makes a huge page, but for the frame behind. */
static void a_folio_that_goes_on_has_no_known_length(void **arg)
{
	(void)arg;
	fixture_add(fixture, "vma 30000000-30800000 rw-s /anon_hugepage (deleted)\n"
			     "pages 30000000-30400000 hugetlb pfn=0x2000\n"
			     "pages 30400000-30600000 hugetlb pfn=0x2400\n");
	struct pt_facts f = inspect(0x30001000);
	assert_int_equal(f.folio_first.value, 0x2000);
	assert_false(f.folio_pages.known);
	assert_false(inspect(0x30300000).folio_pages.known);
	f = inspect(0x30401000);
	assert_true(f.folio_pages.known);
	assert_int_equal(f.folio_pages.value, 512);
}

/* PAGEMAP_SCAN came before the page was written, its entry and flags after. */
static void a_zero_page_written_meanwhile_is_memory(void **arg)
{
	(void)arg;
	const struct pt_vma vma = {.role = PT_ROLE_ANON};
	const struct pt_signals signals = {0};
	const uint64_t flags[] = {KPF(ANON) | KPF(SWAPBACKED) | KPF(UPTODATE), KPF(ZERO_PAGE) | KPF(RESERVED)};
	const enum pt_kind kinds[] = {PT_ANON, PT_ZERO};
	for (size_t i = 0; i < 2; i++) {
		struct pt_page page = pt_classify_entry(PM_PRESENT | 0x1234, PS_PRESENT | PS_PFNZERO, &vma, &signals);
		assert_int_equal(pt_page_kind(page), PT_ZERO);
		pt_classify_flags(&page, flags[i], &signals);
		assert_int_equal(pt_page_kind(page), kinds[i]);
	}
}

/* As 6.13 to 6.15 do, which have guard markers but no category for them. */
static void a_kernel_may_refuse_the_category_of_guard_markers(void **arg)
{
	(void)arg;
	k->no_guard = true;
	struct pt_facts f = inspect(0x10010000);
	assert_true(f.categories.known && f.categories.value & PS_HUGE);
}

static void what_is_not_present_has_no_frame(void **arg)
{
	(void)arg;
	struct pt_facts f = inspect(0x10020000);
	assert_int_equal(f.pfn, 0);
	assert_false(f.flags.known || f.count.known || f.has_near);
	assert_int_equal(pt_page_kind(pt_facts_page(&f)), PT_SWAP);
	f = inspect(0x10100000);
	assert_int_equal(pt_page_kind(pt_facts_page(&f)), PT_UNTOUCHED);
	f = inspect(0x40000000);
	assert_false(f.mapped);
	f = inspect(0xffffffffff600000);
	assert_true(f.mapped);
	assert_false(f.pagemap.known);
}

/* PFN 0 is what those see who may not see PFNs: it is never looked up. */
static void a_hidden_pfn_is_not_looked_up(void **arg)
{
	(void)arg;
	struct pt_facts f = inspect(0x10030000);
	assert_int_equal(f.pfn, 0);
	assert_false(f.flags.known || f.count.known || f.cgroup.known);
	assert_int_equal(pt_page_kind(pt_facts_page(&f)), PT_ANON);
}

static void swapped_shared_memory_is_asked_of_its_file(void **arg)
{
	(void)arg;
	struct pt_facts f = inspect(0x20002000);
	assert_int_equal(f.pagemap.value, 0);
	assert_int_equal(f.backing, PT_BACKING_SWAPPED);
	assert_int_equal(pt_page_kind(pt_facts_page(&f)), PT_SWAP_SHMEM);
	f = inspect(0x20004000);
	assert_int_equal(f.backing, PT_BACKING_HOLE);
	k->no_cachestat = true;
	f = inspect(0x20002000);
	assert_true(f.backing == PT_BACKING_UNKNOWN || f.backing == PT_BACKING_HOLE);
}

static void make_soft_dirty(const char *path, void *buf, size_t size)
{
	uint64_t *entries = buf;
	for (size_t i = 0; strstr(path, "/pagemap") && i < size / 8; i++)
		entries[i] |= PM_SOFT_DIRTY;
}

/* Where soft-dirty is built in, every page of a new VMA has the bit, also those that were never touched. */
static void soft_dirty_is_no_page(void **arg)
{
	(void)arg;
	k->edit = make_soft_dirty;
	struct pt_facts f = inspect(0x20002000);
	assert_int_equal(f.pagemap.value, PM_SOFT_DIRTY);
	assert_int_equal(f.backing, PT_BACKING_SWAPPED);
}

static void free_the_page(void *arg)
{
	(void)arg;
	fixture_add(fixture, "in 100\nunmap 10000000-10001000\n");
}

/* Wherever the page goes away in between, the two readings of pagemap differ or the answer is of one moment. */
static void a_race_is_seen(void **arg)
{
	(void)arg;
	bool seen = false;
	struct pt_facts whole = inspect(0x10000000);
	unsigned long calls = k->calls;
	for (unsigned long call = 1; call <= calls; call++) {
		drop(NULL);
		make(NULL);
		k->hook = free_the_page;
		k->hook_call = call;
		struct pt_facts f = inspect(0x10000000);
		if (f.mapped && f.pagemap.value == whole.pagemap.value)
			seen |= f.pagemap_again.value != f.pagemap.value;
		else
			assert_true(!f.mapped || !f.pfn);
	}
	assert_true(seen);
}

static void contents_are_read_of_present_pages_alone(void **arg)
{
	(void)arg;
	uint8_t bytes[4096];
	unsigned long before = k->calls;
	assert_int_equal(pt_inspect_contents(&k->k, 100, 0x10020000, bytes), -ENODATA);
	assert_int_equal(pt_inspect_contents(&k->k, 100, 0x10100000, bytes), -ENODATA);
	assert_int_equal(pt_inspect_contents(&k->k, 100, 0x40000000, bytes), -ENODATA);
	assert_true(k->calls > before);
	/* a folder has no memory to read: what matters is that a present page gets as far as asking */
	assert_int_not_equal(pt_inspect_contents(&k->k, 100, 0x10000000, bytes), -ENODATA);
}

static void every_call_may_fail_once(void **arg)
{
	(void)arg;
	static const int errors[] = {-EIO, -EACCES, -ENOMEM, -ESRCH};
	for (size_t e = 0; e < sizeof(errors) / sizeof(*errors); e++) {
		unsigned long calls = 1;
		for (unsigned long n = 1; n <= calls; n++) {
			struct pt_facts f;
			drop(NULL);
			make(NULL);
			k->fail_call = n;
			k->fail_error = errors[e];
			int error = pt_inspect_page(&k->k, 100, 0x10000000, NULL, &f);
			if (!error && f.mapped && f.pfn)
				assert_int_equal(f.pfn, 0x1003);
			calls = k->calls > calls ? k->calls : calls;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_present_page_has_all_its_facts, make, drop),
		cmocka_unit_test_setup_teardown(a_folio_is_found_from_any_of_its_pages, make, drop),
		cmocka_unit_test_setup_teardown(a_folio_that_goes_on_has_no_known_length, make, drop),
		cmocka_unit_test_setup_teardown(a_zero_page_written_meanwhile_is_memory, make, drop),
		cmocka_unit_test_setup_teardown(a_kernel_may_refuse_the_category_of_guard_markers, make, drop),
		cmocka_unit_test_setup_teardown(what_is_not_present_has_no_frame, make, drop),
		cmocka_unit_test_setup_teardown(a_hidden_pfn_is_not_looked_up, make, drop),
		cmocka_unit_test_setup_teardown(swapped_shared_memory_is_asked_of_its_file, make, drop),
		cmocka_unit_test_setup_teardown(soft_dirty_is_no_page, make, drop),
		cmocka_unit_test_setup_teardown(a_race_is_seen, make, drop),
		cmocka_unit_test_setup_teardown(contents_are_read_of_present_pages_alone, make, drop),
		cmocka_unit_test_setup_teardown(every_call_may_fail_once, make, drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
