/*
 * Flags as page-types shows them, and its specs: what was tried with page-types itself, of linux-source-6.1.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/machine/bits.h"

static void without_raw_the_flags_of_kernel_people_are_left_out(void **state)
{
	(void)state;
	const uint64_t plain = KPF(LRU) | KPF(ANON) | KPF(IDLE), hidden = KPF(RESERVED) | KPF(OWNER_2) | KPF(ARCH_3);
	assert_int_equal(pt_bits_shown(plain | hidden, ~0ull, false), plain);
	assert_int_equal(pt_bits_shown(KPF(COMPOUND_HEAD) | KPF(THP), 0, false), KPF(THP));
	assert_int_equal(pt_bits_shown(KPF(COMPOUND_TAIL), 0, false), 0);
	assert_int_equal(pt_bits_shown(KPF(COMPOUND_TAIL) | KPF(HUGE), 0, false), KPF(COMPOUND_TAIL) | KPF(HUGE));
	assert_int_equal(pt_bits_shown(KPF(RECLAIM), 0, false), KPF(RECLAIM));
}

static void raw_tells_overloaded_flags_apart(void **state)
{
	(void)state;
	static const struct {
		uint64_t flags, pagemap, shown;
	} cases[] = {
		{KPF(OWNER_2), 0, KPF(OWNER_2)},
		{KPF(OWNER_2) | KPF(ANON), 0, KPF(ANON_EXCLUSIVE) | KPF(ANON)},
		{KPF(RECLAIM), 0, KPF(READAHEAD)},
		{KPF(RECLAIM) | KPF(WRITEBACK), 0, KPF(RECLAIM) | KPF(WRITEBACK)},
		{KPF(SLAB) | KPF(ACTIVE) | KPF(ERROR), 0, KPF(SLAB) | KPF(SLUB_FROZEN) | KPF(SLUB_DEBUG)},
		{KPF(SLAB) | KPF(ANON), 0, KPF(SLAB) | KPF(ANON)}, /* as it counts them */
		{KPF(COMPOUND_TAIL) | KPF(RESERVED), 0, KPF(COMPOUND_TAIL) | KPF(RESERVED)},
		{KPF(LRU), PM_PRESENT | PM_FILE | PM_EXCLUSIVE, KPF(LRU) | KPF(FILE) | KPF(MMAP_EXCLUSIVE)},
		{0, PM_SWAP | PM_SOFT_DIRTY, KPF(SWAP) | KPF(SOFTDIRTY)},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(pt_bits_shown(cases[i].flags, cases[i].pagemap, true), cases[i].shown);
}

static void flags_have_letters_and_names(void **state)
{
	(void)state;
	char letters[PT_BITS_LETTERS], names[PT_BITS_NAMES];
	pt_bits_letters(KPF(UPTODATE) | KPF(LRU) | KPF(MMAP_EXCLUSIVE), letters);
	assert_int_equal(strncmp(letters, "___U_l____", 10), 0);
	assert_int_equal(letters[strlen(letters) - 1], '1');
	assert_string_equal(pt_bits_names(KPF(UPTODATE) | KPF(LRU) | 1ull << 43, names), "uptodate,lru,bit 43");
	assert_string_equal(pt_bits_names(0, names), "");
	assert_true(strlen(pt_bits_names(~0ull, names)) < PT_BITS_NAMES - 1);
	assert_int_equal(strspn(pt_bits_letters(0, letters), "_"), strlen(letters));
	assert_true(strlen(pt_bits_letters(~0ull, letters)) < PT_BITS_LETTERS);
}

static struct pt_bits_rule read_spec(const char *text)
{
	struct pt_bits_rule rule;
	char message[200];
	assert_int_equal(pt_bits_parse(text, pt_bits_word, &rule, message, sizeof(message)), 0);
	return rule;
}

static void specs_are_those_of_page_types(void **state)
{
	(void)state;
	const uint64_t lru = KPF(LRU), dirty = KPF(DIRTY), head = KPF(COMPOUND_HEAD), tail = KPF(COMPOUND_TAIL);
	const struct {
		const char *text;
		uint64_t mask, bits;
		bool any;
	} cases[] = {
		{"lru,dirty", lru | dirty, 0, true},
		{"lru,dirty=dirty", lru | dirty, dirty, false},
		{"lru,~dirty", lru | dirty, lru, false},
		{"~dirty", dirty, 0, false},
		{"=lru,dirty", ~0ull, lru | dirty, false},
		{"=", ~0ull, 0, false},
		{"lru=", lru, 0, false},
		{"0x20,dirty", lru | dirty, 0, true},
		{"040", lru, 0, true},
		{"=0", ~0ull, 0, false},
		{"anon", KPF(ANON), 0, true},
		{"d", dirty, 0, true},
		{"swap", KPF(SWAPCACHE), 0, true}, /* the first that begins so */
		{"swapped", KPF(SWAP), 0, true},
		{"compound", head | tail, 0, true},
		{"c", head | tail, 0, true},
		{"compound_t", tail, 0, true},
		{"mappedtodisk", KPF(OWNER_2), 0, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pt_bits_rule rule = read_spec(cases[i].text);
		assert_int_equal(rule.mask, cases[i].mask);
		assert_int_equal(rule.any, cases[i].any);
		if (!rule.any)
			assert_int_equal(rule.bits, cases[i].bits);
	}
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "missing"},           {"lru,", "missing"},
		{",lru", "missing"},       {"lru,,dirty", "missing"},
		{"~", "missing"},          {"drity", "dirty?"},
		{"qqqqqqqq", "none of"},   {"0x", "no number"},
		{"12q", "no number"},      {"=~lru", "~ means"},
		{"lru,~dirty=lru", "~ m"}, {"lru=dirty", "left of it"},
		{"lru=dirty=", "none of"}, {"0x10000000000000000", "no number"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pt_bits_rule rule;
		char message[200] = "";
		assert_int_equal(pt_bits_parse(cases[i].text, pt_bits_word, &rule, message, sizeof(message)), -EINVAL);
		if (!strstr(message, cases[i].says))
			fail_msg("of '%s' it says '%s'", cases[i].text, message);
	}
}

static void all_rules_must_hold(void **state)
{
	(void)state;
	const struct pt_bits_rule rules[] = {read_spec("lru,dirty"), read_spec("anon,~locked")};
	assert_int_equal(pt_bits_match(rules, 2, KPF(LRU) | KPF(ANON), ~0ull), PT_BITS_YES);
	assert_int_equal(pt_bits_match(rules, 2, KPF(ANON), ~0ull), PT_BITS_NO);
	assert_int_equal(pt_bits_match(rules, 2, KPF(LRU) | KPF(ANON) | KPF(LOCKED), ~0ull), PT_BITS_NO);
	assert_int_equal(pt_bits_match(rules, 0, 0, ~0ull), PT_BITS_YES);
}

static void what_is_not_known_is_not_guessed(void **state)
{
	(void)state;
	const struct pt_bits_rule any = read_spec("lru,dirty"), all = read_spec("anon,~locked");
	assert_int_equal(pt_bits_match(&any, 1, KPF(LRU), KPF(LRU)), PT_BITS_YES); /* whatever dirty is */
	assert_int_equal(pt_bits_match(&any, 1, 0, KPF(LRU)), PT_BITS_UNKNOWN);
	assert_int_equal(pt_bits_match(&all, 1, 0, KPF(ANON)), PT_BITS_NO); /* whatever locked is */
	assert_int_equal(pt_bits_match(&all, 1, KPF(ANON), KPF(ANON)), PT_BITS_UNKNOWN);
	const struct pt_bits_rule both[] = {any, all};
	assert_int_equal(pt_bits_match(both, 2, 0, KPF(ANON)), PT_BITS_NO);
	assert_int_equal(pt_bits_match(both, 2, KPF(ANON), KPF(ANON) | KPF(LOCKED)), PT_BITS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_raw_the_flags_of_kernel_people_are_left_out),
		cmocka_unit_test(raw_tells_overloaded_flags_apart),
		cmocka_unit_test(flags_have_letters_and_names),
		cmocka_unit_test(specs_are_those_of_page_types),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(all_rules_must_hold),
		cmocka_unit_test(what_is_not_known_is_not_guessed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
