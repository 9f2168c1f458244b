/*
 * The rows of facts about a page: each group, what is said where something is not known, and that nothing hostile gets
 * through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/report/facts.h"

#define BASE 0x7f0000000000ull

static struct pt_fact_list list;

static struct pt_maybe some(uint64_t value)
{
	return (struct pt_maybe){value, true};
}

/* An anonymous page of a THP with everything known. */
static struct pt_facts everything(void)
{
	struct pt_facts f = {
		.pid = 7,
		.address = BASE + 0x3000,
		.page_shift = 12,
		.mapped = true,
		.vma = {.start = BASE, .end = BASE + 0x400000, .perms = PT_READ | PT_WRITE, .path = ""},
		.pagemap = some(PM_PRESENT | PM_EXCLUSIVE | 0x1003),
		.pagemap_again = some(PM_PRESENT | PM_EXCLUSIVE | 0x1003),
		.flags = some(KPF(ANON) | KPF(SWAPBACKED) | KPF(THP) | KPF(COMPOUND_TAIL) | KPF(UPTODATE)),
		.count = some(1),
		.cgroup = some(77),
		.pfn = 0x1003,
		.cgroup_path = "/a/slice",
		.physical = {"Normal", 0, 12, "online"},
		.folio_first = some(0x1000),
		.folio_pages = some(512),
		.head_count = some(1),
	};
	for (int i = 0; i < PT_SIG_N; i++)
		f.signals.of[i] = (struct pt_signal_state){PT_GIVEN, "there", NULL};
	return f;
}

static const struct pt_fact *find(const char *group, const char *name)
{
	for (size_t i = 0; i < list.n; i++)
		if (strcmp(list.v[i].group, group) == 0 && strcmp(list.v[i].name, name) == 0)
			return &list.v[i];
	return NULL;
}

static const char *value_of(const char *group, const char *name)
{
	const struct pt_fact *fact = find(group, name);
	if (!fact)
		fail_msg("no row %s of %s", name, group);
	return fact->value;
}

/* A nameless row of a group: a bit. */
static bool has_bit(const char *group, const char *bit)
{
	for (size_t i = 0; i < list.n; i++)
		if (strcmp(list.v[i].group, group) == 0 && !list.v[i].name[0] && strcmp(list.v[i].value, bit) == 0)
			return list.v[i].note[0] != '\0';
	return false;
}

static void all_groups_of_a_known_page(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Mapping", "address"), "0x7f0000003000");
	assert_string_equal(value_of("Mapping", "VMA"), "7f0000000000-7f0000400000 rw-p");
	assert_string_equal(value_of("Mapping", "page"), "3 of 1024 (4M)");
	assert_string_equal(value_of("Page table", "pagemap"), "0x8100000000001003");
	assert_null(find("Page table", "swap entry"));
	assert_null(find("Page table", "read again"));
	assert_string_equal(value_of("Frame", "PFN"), "4099 (0x1003)");
	assert_string_equal(value_of("Frame", "physical address"), "0x1003000");
	assert_string_equal(value_of("Frame", "kpagecount"), "1");
	assert_string_equal(value_of("Frame", "folio"), "512 pages (2M) from PFN 4096");
	assert_string_equal(value_of("Frame", "cgroup"), "/a/slice");
	assert_string_equal(value_of("Frame", "zone"), "Normal");
	assert_string_equal(value_of("Frame", "node"), "0");
	assert_string_equal(value_of("Frame", "memory block"), "12, online");
	assert_true(has_bit("Flags", "anonymous"));
	assert_true(has_bit("Flags", "compound_tail"));
	assert_true(has_bit("Flags", "mmap_exclusive"));
}

static void groups_stay_together(void **state)
{
	(void)state;
	struct pt_facts f = everything();
	const char *seen[8];
	size_t n = 0;

	pt_facts_list(&f, &list);
	for (size_t i = 0; i < list.n; i++) {
		if (i > 0 && strcmp(list.v[i].group, list.v[i - 1].group) == 0)
			continue;
		for (size_t k = 0; k < n; k++)
			assert_string_not_equal(seen[k], list.v[i].group);
		seen[n++] = list.v[i].group;
	}
	assert_int_equal(n, 4);
}

static void nothing_mapped_is_a_mapping_fact(void **state)
{
	(void)state;
	struct pt_facts f = {.address = 0x1000, .page_shift = 12};

	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Mapping", "VMA"), "none");
	assert_int_equal(list.n, 2);
}

static void a_swapped_page_shows_its_entry(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	f.pagemap = f.pagemap_again = some(PM_SWAP | 3 | 9 << 5);
	f.pfn = 0;
	f.flags.known = f.count.known = f.cgroup.known = false;
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Page table", "swap entry"), "type 3, offset 9");
	assert_string_equal(value_of("Frame", "PFN"), "none");
	assert_null(find("Flags", "kpageflags"));
}

static void a_hidden_frame_says_why(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	f.pagemap = f.pagemap_again = some(PM_PRESENT);
	f.pfn = 0;
	f.flags.known = false;
	f.signals.of[PT_SIG_PFN] = (struct pt_signal_state){PT_ABSENT, "they are hidden", NULL};
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Frame", "PFN"), "not known: they are hidden");
}

static void what_is_not_known_says_why(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	f.flags.known = f.count.known = f.cgroup.known = f.pagemap.known = false;
	f.cgroup_path[0] = '\0';
	for (int i = 0; i < PT_SIG_N; i++)
		f.signals.of[i].reason = pt_signal_name((enum pt_signal)i);
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Page table", "pagemap"), "not known: pagemap");
	assert_string_equal(value_of("Frame", "kpagecount"), "not known: kpagecount");
	assert_string_equal(value_of("Frame", "cgroup inode"), "not known: kpagecgroup");
	assert_string_equal(value_of("Flags", "kpageflags"), "not known: kpageflags");
}

static void a_change_between_reads_is_shown(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	f.pagemap_again = some(0);
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Page table", "read again"), "0x0");
}

static void names_are_made_printable(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	strcpy(f.path, "/tmp/\033[31mred");
	f.vma.inode = 5;
	strcpy(f.cgroup_path, "/a\nb");
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Mapping", "name"), "/tmp/\\x1b[31mred");
	assert_string_equal(value_of("Frame", "cgroup"), "/a\\x0ab");
	for (size_t i = 0; i < list.n; i++)
		assert_null(strpbrk(list.v[i].value, "\033\n"));
}

static void every_bit_fits(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	f.flags = some(~KPF(SLAB));
	f.pagemap = f.pagemap_again = some(~0ull);
	pt_facts_list(&f, &list);
	assert_true(list.n < PT_FACTS_MAX);
	for (size_t i = 0; i < list.n; i++)
		assert_true(strlen(list.v[i].name) < sizeof(list.v[i].name) - 1 &&
			    strlen(list.v[i].note) < sizeof(list.v[i].note) - 1);
}

static void flags_of_one_without_are_unknown(void **state)
{
	(void)state;
	struct pt_facts f = everything();

	assert_true(pt_facts_flags(&f).known);
	assert_true(pt_facts_flags(&f).value >> KPF_MMAP_EXCLUSIVE & 1);
	f.flags.known = false;
	assert_false(pt_facts_flags(&f).known);
	assert_string_equal(pt_flag_what(43), "");
}

/* The path through the page tables: indices of the address, and the level at which a page of that size is mapped. */
static void the_path_ends_where_the_page_is_mapped(void **state)
{
	(void)state;
	struct pt_facts f = everything(); /* 0x7f0000003000 */
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Page table", "PGD"), "entry 254");
	assert_string_equal(value_of("Page table", "PUD"), "entry 0");
	assert_string_equal(value_of("Page table", "PTE"), "entry 3");
	assert_non_null(strstr(find("Page table", "PTE")->note, "unless a huge page")); /* nobody said */

	f.categories = some(0);
	pt_facts_list(&f, &list);
	assert_string_equal(find("Page table", "PTE")->note, "each for 4K; this one holds the frame");

	f.categories = some(PS_HUGE);
	pt_facts_list(&f, &list);
	assert_null(find("Page table", "PTE"));
	assert_non_null(
		strstr(find("Page table", "PMD")->note, "each for 2M; this one holds the frames of a huge page"));

	f.vma.role = PT_ROLE_HUGETLB;
	f.folio_pages = some(1 << 18);
	pt_facts_list(&f, &list);
	assert_null(find("Page table", "PMD"));
	assert_non_null(strstr(find("Page table", "PUD")->note, "huge page"));

	f = everything();
	f.pagemap = some(0);
	pt_facts_list(&f, &list);
	assert_non_null(strstr(find("Page table", "PTE")->note, "holds nothing"));
	f.pagemap = some(PM_SWAP | 1ull << 10);
	pt_facts_list(&f, &list);
	assert_non_null(strstr(find("Page table", "PTE")->note, "swap"));
	f.pagemap = (struct pt_maybe){0};
	pt_facts_list(&f, &list);
	assert_null(find("Page table", "PGD"));

	f = everything(); /* 16 KiB pages: 11 bits a level; 64 KiB: 13, and a level less */
	f.page_shift = 14;
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Page table", "PGD"), "entry 0");
	assert_string_equal(value_of("Page table", "PUD"), "entry 2032");
	f.page_shift = 16;
	pt_facts_list(&f, &list);
	assert_string_equal(value_of("Page table", "PGD"), "entry 31");
	assert_null(find("Page table", "PUD"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_ends_where_the_page_is_mapped),
		cmocka_unit_test(all_groups_of_a_known_page),
		cmocka_unit_test(groups_stay_together),
		cmocka_unit_test(nothing_mapped_is_a_mapping_fact),
		cmocka_unit_test(a_swapped_page_shows_its_entry),
		cmocka_unit_test(a_hidden_frame_says_why),
		cmocka_unit_test(what_is_not_known_says_why),
		cmocka_unit_test(a_change_between_reads_is_shown),
		cmocka_unit_test(names_are_made_printable),
		cmocka_unit_test(every_bit_fits),
		cmocka_unit_test(flags_of_one_without_are_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
