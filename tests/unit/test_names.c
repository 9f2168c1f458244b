/*
 * The names of signals and kinds: every one has its own, in the form that keys of JSON and --where take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/page.h"
#include "core/model/signals.h"

static const char *signal_name(int i)
{
	return pt_signal_name((enum pt_signal)i);
}

static const char *kind_name(int i)
{
	return pt_kind_name((enum pt_kind)i);
}

static void assert_names(const char *(*name)(int), int n)
{
	for (int i = 0; i < n; i++) {
		assert_non_null(name(i));
		assert_true(strlen(name(i)) > 0);
		assert_int_equal(strspn(name(i), "abcdefghijklmnopqrstuvwxyz-"), strlen(name(i)));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name(i), name(j));
	}
	assert_string_equal(name(n), "unknown");
	assert_string_equal(name(-1), "unknown");
}

static void every_signal_has_a_name_and_a_use(void **state)
{
	(void)state;
	assert_names(signal_name, PT_SIG_N);
	for (int i = 0; i < PT_SIG_N; i++) {
		const char *what = pt_signal_what((enum pt_signal)i);
		assert_true(strlen(what) > 10);
		assert_null(strchr(what, '\n'));
	}
	assert_string_equal(pt_signal_name(PT_SIG_PFN), "pfn");
	assert_string_equal(pt_signal_name(PT_SIG_SOFT_DIRTY), "soft-dirty");
}

static void every_kind_has_a_name(void **state)
{
	(void)state;
	assert_names(kind_name, PT_KIND_N);
	assert_string_equal(pt_kind_name(PT_ANON), "anon");
	assert_string_equal(pt_kind_name(PT_PRESENT), "present");
}

static void what_is_given_has_the_contract_words(void **state)
{
	(void)state;
	assert_string_equal(pt_given_name(PT_ABSENT), "absent");
	assert_string_equal(pt_given_name(PT_APPROXIMATE), "approximate");
	assert_string_equal(pt_given_name(PT_GIVEN), "present");
	assert_string_equal(pt_given_name((enum pt_given)7), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signal_has_a_name_and_a_use),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(what_is_given_has_the_contract_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
