/*
 * Moments as people write them, against a recording that begins at a known time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/tape.h"
#include "tui/when.h"

#define SECOND 1000000000ull
#define BEGIN  1700006350ull /* 2023-11-14 23:59:10 UTC */

/* A frame a second, over midnight. */
static void make(struct tape *t)
{
	const struct pt_record_options options = {0};
	setenv("TZ", "UTC0", 1);
	tzset();
	tape_open(t, 1, &options);
	for (; t->n < TAPE_FRAMES; t->n++) {
		struct pt_snapshot *s = t->frames[t->n] = made_next(&t->made);
		s->realtime_ns = (BEGIN + 2 * t->n) * SECOND;
		assert_int_equal(pt_writer_frame(t->writer, s), 0);
	}
	assert_int_equal(pt_writer_mark(t->writer, (BEGIN + 10) * SECOND, 0, "the peak"), 0);
	assert_int_equal(pt_writer_mark(t->writer, (BEGIN + 20) * SECOND, 0, "+4"), 0);
	tape_read(t);
}

static void moments_are_understood(void **arg)
{
	(void)arg;
	static const struct {
		const char *text;
		uint64_t seq;
	} cases[] = {
		{"+0", 1},
		{"+1.9", 1},
		{"+2", 2},
		{"+5.5", 3},
		{"+4", 11}, /* a mark of that name goes before */
		{"+100000", TAPE_FRAMES},
		{"the peak", 6},
		{"23:59:10", 1},
		{"23:59:20", 6},
		{"23:59:21.9", 6},
		{"23:59", 1},
		{"00:00:00", 26},
		{"00:00:10", 31},
		{"12:00", 1}, /* of the day it begins on: before its begin */
		{"2023-11-14 23:59:20", 6},
		{"2023-11-14T23:59:20", 6},
		{"2023-11-14T23:59:20Z", 6},
		{"2023-11-15T00:59:20+01:00", 6},
		{"2023-11-15T00:59:20+01", 6},
		{"2023-11-14T18:59:20-0500", 6},
		{"2023-11-15", 26},
		{"2030-01-01", TAPE_FRAMES},
		{"1999-12-31T23:59:59", 1},
	};
	struct tape t;
	make(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char message[400] = "";
		uint64_t seq = 0;
		if (!ui_when(cases[i].text, t.past, &seq, message, sizeof(message)) || seq != cases[i].seq)
			fail_msg("'%s' is %d: %s", cases[i].text, (int)seq, message);
	}
	tape_end(&t);
}

static void what_is_none_is_told(void **arg)
{
	(void)arg;
	static const char *const wrong[] = {"",
					    "+",
					    "+-1",
					    "+1e3",
					    "5",
					    "24:00",
					    "12:60",
					    "1:00",
					    "12:00:00x",
					    "12",
					    "the",
					    "2023-13-01",
					    "2023-00-10",
					    "2023-1-1",
					    "2023-11",
					    "the peak ",
					    "+1s",
					    "-5",
					    "2023-11-14T12:00+9"};
	struct tape t;
	make(&t);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char message[400] = "";
		uint64_t seq = 77;
		if (ui_when(wrong[i], t.past, &seq, message, sizeof(message)))
			fail_msg("'%s' was taken for %d", wrong[i], (int)seq);
		assert_non_null(strstr(message, "is neither a mark nor a time"));
		assert_int_equal(seq, 77);
	}
	tape_end(&t);
}

static void an_empty_past_has_no_moment(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	char message[400] = "";
	struct tape t;
	uint64_t seq;
	tape_open(&t, 1, &options);
	tape_read(&t);
	assert_false(ui_when("+0", t.past, &seq, message, sizeof(message)));
	assert_string_equal(message, "no frame has been recorded yet");
	tape_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_understood),
		cmocka_unit_test(what_is_none_is_told),
		cmocka_unit_test(an_empty_past_has_no_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
