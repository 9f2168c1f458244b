/*
 * The named bits: all that facts.md lists and no others, page-types' letters, and the overloaded bits told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/explain/explain.h"
#include "core/kernel/abi.h"

/* Letters of bits 0-26, 32-42, 47, 48, 50, 51, 61-63 in order: what page-types prints for a page with all of them. */
static const char letters[] = "LERUDlASWIBMasbHTGuXnxtozigrmdPpOhcfHHdIAEFw1";

static void every_bit_has_name_letter_and_meaning(void **state)
{
	(void)state;
	unsigned n;
	const struct pt_bit_name *bits = pt_kpageflags_bits(&n);
	assert_int_equal(n, sizeof letters - 1);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(bits[i].letter, letters[i]);
		assert_true(i == 0 || bits[i].bit > bits[i - 1].bit);
		assert_int_equal(strspn(bits[i].name, "abcdefghijklmnopqrstuvwxyz_23"), strlen(bits[i].name));
		assert_true(strlen(bits[i].what) >= 8 && strlen(bits[i].what) < 70);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(bits[i].name, bits[j].name);
	}
}

static void the_bits_of_the_kernel_are_all_named(void **state)
{
	(void)state;
	char name[24];
	for (int bit = 0; bit < 64; bit++) {
		const bool named = bit <= KPF_PGTABLE || (bit >= KPF_RESERVED && bit <= KPF_ARCH_3) || bit == 47 ||
				   bit == 48 || bit == 50 || bit == 51 || bit >= 61;
		assert_ptr_equal(pt_flag_name(bit, name, sizeof name), name);
		assert_int_equal(strncmp(name, "bit ", 4) != 0, named);
	}
	assert_string_equal(pt_flag_name(KPF_COMPOUND_HEAD, name, sizeof name), "compound_head");
	assert_string_equal(pt_flag_name(KPF_IDLE, name, sizeof name), "idle_page");
	assert_string_equal(pt_flag_name(43, name, sizeof name), "bit 43");
	assert_string_equal(pt_flag_name(KPF_COMPOUND_HEAD, name, 4), "com");
}

static void pagemap_bits_are_named(void **state)
{
	(void)state;
	unsigned n;
	uint64_t all = 0;
	const struct pt_bit_name *bits = pt_pagemap_bits(&n);
	for (unsigned i = 0; i < n; i++) {
		all |= 1ull << bits[i].bit;
		assert_true(strlen(bits[i].what) > 8);
	}
	assert_true(all == (PM_SOFT_DIRTY | PM_EXCLUSIVE | PM_UFFD_WP | PM_GUARD | PM_FILE | PM_SWAP | PM_PRESENT));
}

static void overloaded_bits_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		uint64_t flags, pagemap, expected;
	} cases[] = {
		{0, 0, 0},
		{KPF(ANON) | KPF(OWNER_2), 0, KPF(ANON) | KPF(ANON_EXCLUSIVE)},
		{KPF(OWNER_2), 0, KPF(OWNER_2)},
		{KPF(RECLAIM), 0, KPF(READAHEAD)},
		{KPF(RECLAIM) | KPF(WRITEBACK), 0, KPF(RECLAIM) | KPF(WRITEBACK)},
		{KPF(SLAB) | KPF(ACTIVE) | KPF(ERROR), 0, KPF(SLAB) | KPF(SLUB_FROZEN) | KPF(SLUB_DEBUG)},
		{KPF(ACTIVE) | KPF(ERROR), 0, KPF(ACTIVE) | KPF(ERROR)},
		{KPF(SLAB) | KPF(ANON) | KPF(KSM), 0, KPF(SLAB)},
		{KPF(SLAB) | KPF(ANON) | KPF(OWNER_2), 0, KPF(SLAB) | KPF(OWNER_2)},
		{0, PM_SOFT_DIRTY | PM_PRESENT | 0x1234, KPF(SOFTDIRTY)},
		{KPF(LRU), PM_FILE, KPF(LRU) | KPF(FILE)},
		{0, PM_SWAP | PM_GUARD, KPF(SWAP)},
		{KPF(MMAP), PM_EXCLUSIVE | PM_UFFD_WP, KPF(MMAP) | KPF(MMAP_EXCLUSIVE)},
		{1ull << 43 | KPF(LOCKED), 0, 1ull << 43 | KPF(LOCKED)}, /* what nobody named stays */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(pt_flags_expand(cases[i].flags, cases[i].pagemap) == cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_has_name_letter_and_meaning),
		cmocka_unit_test(the_bits_of_the_kernel_are_all_named),
		cmocka_unit_test(pagemap_bits_are_named),
		cmocka_unit_test(overloaded_bits_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
