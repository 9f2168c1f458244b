/*
 * The language of assertions: what it takes, and at which column it points, with which words, when it does not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/verdict/assert.h"

static void takes(const char *text)
{
	struct pt_assert *a = NULL;
	struct pt_assert_error error;
	int r = pt_assert_parse(text, &a, &error);
	if (r)
		fail_msg("%s\n%*s^ %s", text, (int)error.at, "", error.message);
	assert_string_equal(pt_assert_text(a), text);
	pt_assert_free(a);
}

/* `marked` has a ^ under each byte that the error points at. */
static void refuses(const char *text, const char *marked, const char *words)
{
	struct pt_assert *a = NULL;
	struct pt_assert_error error;
	assert_int_equal(pt_assert_parse(text, &a, &error), -EINVAL);
	assert_null(a);
	size_t at = strcspn(marked, "^"), size = strspn(marked + at, "^");
	if (error.at != at || (error.size ? error.size : 1) != size || !strstr(error.message, words))
		fail_msg("expected:\n%s\n%s %s\nfound (%zu bytes):\n%s\n%*s^ %s", text, marked, words, error.size, text,
			 (int)error.at, "", error.message);
}

static void takes_what_the_manual_shows(void **arg)
{
	(void)arg;
	takes("peak(rss) < 200M");
	takes("final(rss) - at(\"warm\", rss) < 5M");
	takes("slope(heap.anon, \"warm\"..end) < 10K/s");
	takes("plateau(anon, \"warm\"..end)");
	takes("still_present(born(\"a\"..\"b\"), end) < 100 pages");
	takes("thp_share(heap) > 50%");
	takes("swap == 0");
	takes("vmas < 1000");
}

static void takes_every_form(void **arg)
{
	(void)arg;
	takes("slope(heap.anon) < 4K/s and not (swap > 0 or hugetlb >= 2Mi)");
	takes("mean(pss, start+5s..end-500ms) <= 1.5GiB");
	takes("min(brk.rss of \"redis-server\", \"a\"#2..\"a\"#last) != 12 pages");
	takes("peak(thread-stack.dirty of root) * 2 < 1T / 4");
	takes("thp_share(all, \"warm\") > 10 %");
	takes("thp_share(heap of \"x\", \"warm\"-1s..end) > 0.5");
	takes("-slope(rss)*60s > -1M");
	takes("still_present(born(start..\"b\"), \"c\" + 2min, heap of root) == 0");
	takes("200M > rss");
	takes("file.file < 3B and file < 4KB and anon.rss == 0");
	takes("peak(rss)<1M/min*2h");
	takes("peak(rss) / peak(size) < 50%");
	takes("peak(rss)-final(rss)<1M");
	takes("slope(vmas) < 3/s");
	takes("leaked(\"done\") == 0");
	takes("leaked(\"done\"#last of \"redis-server\") < 4K");
	takes("objects_still(born(\"a\"..\"b\"), \"c\") < 100");
	takes("objects_still(born(\"a\"#2..\"b\"#2), \"c\" of root) * 2 == 0");
}

static void points_at_words_it_does_not_know(void **arg)
{
	(void)arg;
	refuses("pek(rss) < 200M", "^^^", "did you mean peak?");
	refuses("peak(rs) < 200M", "     ^^", "did you mean rss?");
	refuses("peak(heep.anon) < 200M", "     ^^^^", "did you mean heap?");
	refuses("peak(heap.anno) < 200M", "          ^^^^", "expected rss anon file");
	refuses("frobnicate < 3", "^^^^^^^^^^", "no such series or function: man pagetop");
	refuses("frobnicate(rss) < 3", "^^^^^^^^^^", "no such function");
	refuses("peak(heap) < 3M", "     ^^^^", "what of it? heap.anon");
	refuses("thp_share(hepa) < 3", "          ^^^^", "did you mean heap?");
}

static void points_at_what_is_missing(void **arg)
{
	(void)arg;
	refuses("", "^", "it is empty");
	refuses("  ", "^", "it is empty");
	refuses("peak(rss) <", "           ^", "it ends here: expected a function");
	refuses("peak rss < 3M", "     ^^^", "peak(SERIES[, RANGE])");
	refuses("peak(rss < 3M", "         ^", "), as in peak(SERIES[, RANGE])");
	refuses("peak(rss,) < 3M", "         ^", "a range, as \"a\"..\"b\"");
	refuses("peak(rss, \"a\") < 3M", "             ^", "a range");
	refuses("peak(rss, \"a\"..) < 3M", "               ^", "a moment: a mark's label in quotes, start or end");
	refuses("at(rss, \"a\") < 3M", "   ^^^", "a moment");
	refuses("at(\"a\") < 3M", "      ^", "expected ,");
	refuses("at(\"a\"#0, rss) < 3M", "       ^", "from 1 on, or last");
	refuses("at(\"a\"+5, rss) < 3M", "        ^", "a unit of time");
	refuses("at(\"a\"+5M, rss) < 3M", "        ^", "a unit of time");
	refuses("at(\"a, rss) < 3M", "   ^^^^^^^^^^^^^", "no end");
	refuses("still_present(\"a\"..\"b\", end) < 3M", "              ^^^", "born(RANGE)");
	refuses("leaked(end) == 0", "       ^^^", "at marks");
	refuses("leaked(\"a\" + 2s) == 0", "       ^^^^^^^^", "at marks");
	refuses("objects_still(\"a\", \"b\") == 0", "              ^^^", "born(\"a\"..\"b\")");
	refuses("objects_still(born(start..\"b\"), \"c\") == 0", "                   ^^^^^", "at marks");
	refuses("(rss < 3M", "         ^", ") or an operator");
	refuses("rss of redis < 3M", "       ^^^^^", "its name in quotes, or root");
	refuses("rss < 3M and", "            ^", "it ends here");
}

static void points_at_what_does_not_fit(void **arg)
{
	(void)arg;
	refuses("peak(rss)", "^^^^^^^^^", "compare it, as < 200M");
	refuses("slope(rss)", "^^^^^^^^^^", "compare it, as < 10K/s");
	refuses("rss", "^^^", "which is not true or false");
	refuses("peak(rss) < 200", "            ^^^", "a unit is missing: the other side is a size");
	refuses("slope(rss) < 10", "             ^^", "as 10K/s");
	refuses("slope(rss) < 10K", "             ^^^", "this is a size, but the other side is a size a second");
	refuses("vmas < 10K", "       ^^^", "this is a size, but the other side is a plain number");
	refuses("peak(rss) + 3s < 10K", "            ^^", "this is a time, but the other side is a size");
	refuses("rss - anon < 3M", "^^^", "which value of it? peak(...)");
	refuses("rss < anon", "      ^^^^", "which value of it?");
	refuses("rss < 3M < 4M", "         ^", "one comparison at a time");
	refuses("plateau(rss) == 1", "^^^^^^^^^^^^", "this is true or false");
	refuses("not peak(rss)", "    ^^^^^^^^^", "which is not true or false");
	refuses("rss = 3M", "    ^", "expected ==");
	refuses("rss < 3Q", "       ^", "a unit (B K M G T, pages, %");
	refuses("rss < 3M swap == 0", "         ^^^^", "and, or, or the end");
	refuses("peak(rss) 3M", "          ^", "an operator");
	refuses("peak(rss)*peak(rss)*peak(rss)*peak(rss)*peak(rss) < 1",
		"^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^", "too many sizes");
	refuses("rss < \xc3\xa4", "      ^^", "expected a function");
}

static void has_bounds(void **arg)
{
	(void)arg;
	char text[PT_ASSERT_MAX + 100];
	struct pt_assert *a = NULL;
	struct pt_assert_error error;
	memset(text, '(', 100);
	strcpy(text + 100, "rss < 3M");
	assert_int_equal(pt_assert_parse(text, &a, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too many ("));
	text[0] = '\0';
	for (int i = 0; i < 60; i++)
		strcat(text, "not ");
	strcat(text, "rss < 3M");
	assert_int_equal(pt_assert_parse(text, &a, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too many not"));
	strcpy(text, "rss < 3M");
	for (int i = 0; i < 200; i++)
		strcat(text, " or rss < 3M");
	assert_int_equal(pt_assert_parse(text, &a, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too long: at most"));
	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pt_assert_parse(text, &a, &error), -EINVAL);
	assert_non_null(strstr(error.message, "too long"));
	snprintf(text, sizeof(text), "at(\"%064d\", rss) < 3M", 0);
	assert_int_equal(pt_assert_parse(text, &a, &error), -EINVAL);
	assert_non_null(strstr(error.message, "at most 63 bytes"));
}

/* A message is one printable line, whatever is in the text. */
static void says_nothing_hostile(void **arg)
{
	(void)arg;
	struct pt_assert *a = NULL;
	struct pt_assert_error error;
	assert_int_equal(pt_assert_parse("peak(\x1b[31m", &a, &error), -EINVAL);
	for (const char *c = error.message; *c; c++)
		assert_true(*c >= ' ' && *c <= '~');
	pt_assert_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_manual_shows),
		cmocka_unit_test(takes_every_form),
		cmocka_unit_test(points_at_words_it_does_not_know),
		cmocka_unit_test(points_at_what_is_missing),
		cmocka_unit_test(points_at_what_does_not_fit),
		cmocka_unit_test(has_bounds),
		cmocka_unit_test(says_nothing_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
