/*
 * Filter: what matches, smart case, hostile bytes, errors with their column, and patterns that explode.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/filter/filter.h"

static struct pt_filter *filter_of(const char *pattern)
{
	struct pt_filter *filter = NULL;
	char message[128] = "";
	if (pt_filter_new(&filter, pattern, message, sizeof message))
		fail_msg("%s: %s", pattern, message);
	assert_string_equal(message, "");
	return filter;
}

static bool matches_bytes(const char *pattern, const char *text, size_t size)
{
	struct pt_filter *filter = filter_of(pattern);
	const bool found = pt_filter_match(filter, text, size);
	assert_false(pt_filter_gave_up(filter));
	pt_filter_free(filter);
	return found;
}

static bool matches(const char *pattern, const char *text)
{
	return matches_bytes(pattern, text, strlen(text));
}

static void a_pattern_is_found_anywhere(void **state)
{
	(void)state;
	assert_true(matches("lib.*so", "/usr/lib/libc.so.6"));
	assert_true(matches("^\\[heap\\]$", "[heap]"));
	assert_false(matches("^heap", "[heap]"));
	assert_true(matches("", ""));
	assert_true(matches("", "anything"));
	assert_false(matches("x", ""));
	assert_true(matches("stack|heap", "[stack]"));
	assert_true(matches("(?<!foo)bar", "bar"));
}

static void a_capital_asks_for_case(void **state)
{
	(void)state;
	assert_true(matches("redis", "Redis"));
	assert_false(matches("Redis", "redis"));
	assert_true(matches("Redis", "Redis"));
	assert_false(matches("[A-Z]{3}", "abc"));
	assert_false(matches("\\QAB", "ab"));
	assert_true(matches("(?i)Redis", "redis"));
	assert_true(matches("\303\251cole", "\303\211COLE")); /* beyond ASCII too */
}

static void capitals_of_escapes_do_not_count(void **state)
{
	(void)state;
	assert_true(matches("\\Sed\\D", "REDX"));
	assert_true(matches("\\x4Aava", "jAVA"));
	assert_true(matches("\\x{4A}ava", "jAVA"));
	assert_true(matches("\\p{L}ava", "jAVA"));
	assert_true(matches("\\pLava", "jAVA"));
	assert_true(matches("(?P<n>j)ava", "JAVA"));
	assert_false(matches("\\\\A", "\\a"));
	assert_false(matches("\\x4aA", "ja")); /* two digits, then a letter */
	assert_true(matches("\\cAx", "\001X"));
}

static void a_dot_is_a_character_or_a_hostile_byte(void **state)
{
	(void)state;
	assert_true(matches("^.$", "\346\227\245"));
	assert_true(matches("^a.b$", "a\377b"));
	assert_true(matches("libc.*so", "libc\377\300.so")); /* a bad byte hides nothing */
	assert_true(matches("\\xff", "a\377b"));
	assert_true(matches("\346\227\245", "\377\346\227\245"));
	assert_true(matches("so$", "\355\240\200so"));
	assert_false(matches("^so", "\377so"));
	assert_true(matches_bytes("^a.b$", "a\0b", 3));
	assert_true(matches_bytes("b$", "a\0b", 3));
	assert_false(matches_bytes("b", "ab", 1)); /* not beyond its size */
}

static void a_pattern_for_text_alone_sees_the_valid_part(void **state)
{
	(void)state;
	assert_true(matches("\\x{65e5}", "\377\346\227\245"));
	assert_false(matches("\\x{65e5}", "\377\346\227"));
	assert_true(matches("(*UTF)so", "\377so"));
}

static void errors_name_their_column(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *says, *column;
	} cases[] = {
		{"abc(", "parenthesis", "at column 5"},
		{"a)", "parenthesis", "at column 2"},
		{"[z", "character class", "at column 3"},
		{"*a", "quantifier", "at column 1"},
		{"\303\251(", "parenthesis", "at column 3"}, /* characters, not bytes */
		{"a\\", "\\ at end", "at column 3"},
		{"a\\C", "disabled", "at column 4"},
		{"\377", "UTF-8", "at column 1"},
		{"((a{1,1000}){1,1000}){1,1000}", "too large", "at column"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pt_filter *filter = (void *)&cases;
		char message[128] = "";
		assert_int_equal(pt_filter_new(&filter, cases[i].pattern, message, sizeof message), -EINVAL);
		assert_ptr_equal(filter, &cases); /* untouched */
		assert_non_null(strstr(message, cases[i].says));
		assert_non_null(strstr(message, cases[i].column));
		assert_null(strchr(message, '\n'));
	}
}

static void an_endless_pattern_is_refused(void **state)
{
	(void)state;
	char *pattern = malloc(100001);
	memset(pattern, 'a', 100000);
	pattern[100000] = '\0';
	struct pt_filter *filter = NULL;
	char message[16] = ""; /* cut, not overrun */
	assert_int_equal(pt_filter_new(&filter, pattern, message, sizeof message), -EINVAL);
	assert_int_equal(strlen(message), sizeof message - 1);
	free(pattern);
}

static void no_filter_matches_all(void **state)
{
	(void)state;
	assert_true(pt_filter_match(NULL, "x", 1));
	assert_true(pt_filter_match(NULL, "", 0));
	assert_false(pt_filter_gave_up(NULL));
	pt_filter_free(NULL);
}

static void a_pattern_that_explodes_gives_up(void **state)
{
	(void)state;
	static const char *const patterns[] = {"(a+)+$", "(*NO_JIT)(a+)+$", "(?R)?a", "(*NO_JIT)(a|aa)+$"};
	static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		struct pt_filter *filter = filter_of(patterns[i]);
		assert_false(pt_filter_gave_up(filter));
		assert_false(pt_filter_match(filter, text, strlen(text)));
		assert_true(pt_filter_gave_up(filter));
		assert_false(pt_filter_gave_up(filter)); /* asked and answered */
		pt_filter_free(filter);
	}
}

static void it_stops_trying_until_asked(void **state)
{
	(void)state;
	static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct pt_filter *filter = filter_of("(a+)+$");
	assert_true(pt_filter_match(filter, "aaa", 3));
	for (int i = 0; i < 100000; i++) /* minutes, if each one were tried */
		assert_false(pt_filter_match(filter, text, strlen(text)));
	assert_false(pt_filter_match(filter, "aaa", 3));
	assert_true(pt_filter_gave_up(filter));
	assert_true(pt_filter_match(filter, "aaa", 3));
	pt_filter_free(filter);
}

static void random_patterns_on_random_bytes_are_safe(void **state)
{
	(void)state;
	static const char alphabet[] = "abA.*+?()[]{}|\\^$1,xpLQ\303\251\377";
	uint32_t seed = 7;
	unsigned compiled = 0;
	for (int round = 0; round < 5000; round++) {
		char pattern[12], text[16], message[64];
		for (size_t i = 0; i < sizeof pattern; i++, seed = seed * 1664525 + 1013904223)
			pattern[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		pattern[sizeof pattern - 1 - (seed >> 20) % sizeof pattern] = '\0';
		for (size_t i = 0; i < sizeof text; i++, seed = seed * 1664525 + 1013904223)
			text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		struct pt_filter *filter = NULL;
		const int error = pt_filter_new(&filter, pattern, message, sizeof message);
		assert_true(error ? error == -EINVAL && !filter : filter != NULL);
		if (!error)
			pt_filter_match(filter, text, sizeof text);
		compiled += !error;
		pt_filter_free(filter);
	}
	assert_true(compiled > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_is_found_anywhere),
		cmocka_unit_test(a_capital_asks_for_case),
		cmocka_unit_test(capitals_of_escapes_do_not_count),
		cmocka_unit_test(a_dot_is_a_character_or_a_hostile_byte),
		cmocka_unit_test(a_pattern_for_text_alone_sees_the_valid_part),
		cmocka_unit_test(errors_name_their_column),
		cmocka_unit_test(an_endless_pattern_is_refused),
		cmocka_unit_test(no_filter_matches_all),
		cmocka_unit_test(a_pattern_that_explodes_gives_up),
		cmocka_unit_test(it_stops_trying_until_asked),
		cmocka_unit_test(random_patterns_on_random_bytes_are_safe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
