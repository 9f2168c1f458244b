/*
 * Text: what is hostile is escaped, what is not stays; no buffer size cuts inside a character or an escape; sizes,
 * counts and durations round without ever reaching the next unit's number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/text/text.h"

struct sample {
	const char *bytes;
	size_t n;
	const char *expected;
};
/* clang-format off */
#define SAMPLE(bytes, expected) {(bytes), sizeof(bytes) - 1, (expected)}
static const struct sample samples[] = {
	SAMPLE("", ""),
	SAMPLE("plain name-1.2 (deleted)", "plain name-1.2 (deleted)"),
	SAMPLE("d\303\251j\303\240 \346\227\245\346\234\254 \360\237\230\200",
	       "d\303\251j\303\240 \346\227\245\346\234\254 \360\237\230\200"),
	SAMPLE("e\314\201", "e\314\201"),                           /* a combining accent is text */
	SAMPLE("\302\240\343\200\200", "\302\240\343\200\200"),     /* wide and unbreakable spaces draw */
	SAMPLE("/tmp/a\\012b", "/tmp/a\\012b"),                     /* the kernel's own escape is left alone */
	SAMPLE("\033[2J\033]0;owned\a", "\\x1b[2J\\x1b]0;owned\\x07"),
	SAMPLE("a\tb\nc\rd\be\vf\f", "a\\x09b\\x0ac\\x0dd\\x08e\\x0bf\\x0c"),
	SAMPLE("a\0b", "a\\x00b"),
	SAMPLE("\177", "\\x7f"),
	SAMPLE("\302\200\302\233[2J\302\237\302\240", "\\u{0080}\\u{009B}[2J\\u{009F}\302\240"), /* C1 as characters */
	SAMPLE("\200\233\237", "\\x80\\x9b\\x9f"),                  /* and as bytes */
	SAMPLE("\303", "\\xc3"),                                    /* cut short */
	SAMPLE("\342\202", "\\xe2\\x82"),
	SAMPLE("\360\237\230", "\\xf0\\x9f\\x98"),
	SAMPLE("\303(", "\\xc3("),                                  /* no continuation: the next byte is not eaten */
	SAMPLE("\303\033", "\\xc3\\x1b"),
	SAMPLE("\300\257", "\\xc0\\xaf"),                           /* overlong '/' in two, three and four bytes */
	SAMPLE("\340\200\257", "\\xe0\\x80\\xaf"),
	SAMPLE("\360\200\200\257", "\\xf0\\x80\\x80\\xaf"),
	SAMPLE("\340\202\233", "\\xe0\\x82\\x9b"),                  /* overlong C1 */
	SAMPLE("\355\240\200\355\277\277", "\\xed\\xa0\\x80\\xed\\xbf\\xbf"), /* surrogates */
	SAMPLE("\355\237\277\356\200\200", "\355\237\277\356\200\200"),       /* their neighbours */
	SAMPLE("\364\220\200\200", "\\xf4\\x90\\x80\\x80"),         /* above U+10FFFF */
	SAMPLE("\370\210\200\200\200", "\\xf8\\x88\\x80\\x80\\x80"),
	SAMPLE("\376\377", "\\xfe\\xff"),
	SAMPLE("\342\200\250\342\200\251", "\\u{2028}\\u{2029}"),   /* line and paragraph separator */
	SAMPLE("\342\200\252\342\200\253\342\200\254\342\200\255\342\200\256",
	       "\\u{202A}\\u{202B}\\u{202C}\\u{202D}\\u{202E}"),    /* embeddings and overrides */
	SAMPLE("\342\201\246\342\201\247\342\201\250\342\201\251", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"), /* isolates */
	SAMPLE("\342\200\216\342\200\217\330\234", "\\u{200E}\\u{200F}\\u{061C}"), /* direction marks */
	SAMPLE("\342\200\213\342\200\214\342\200\215\342\201\240\357\273\277",
	       "\\u{200B}\\u{200C}\\u{200D}\\u{2060}\\u{FEFF}"),    /* zero width */
	SAMPLE("\302\255\341\205\237\343\205\244", "\\u{00AD}\\u{115F}\\u{3164}"), /* soft hyphen, fillers */
	SAMPLE("\357\270\217\363\240\204\200", "\\u{FE0F}\\u{E0100}"), /* variation selectors */
	SAMPLE("\363\240\201\201", "\\u{E0041}"),                   /* a tag letter */
	SAMPLE("\357\277\276\357\277\277\360\237\277\277\364\217\277\277", "\\u{FFFE}\\u{FFFF}\\u{1FFFF}\\u{10FFFF}"),
	SAMPLE("\357\277\275", "\357\277\275"),                     /* the replacement character is a character */
	SAMPLE("\342\200\220\342\200\247\342\200\257", "\342\200\220\342\200\247\342\200\257"), /* between the ranges */
};
/* clang-format on */
#define N_SAMPLES (sizeof samples / sizeof *samples)

static void hostile_bytes_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		char out[256];
		const size_t length = pt_text_printable(samples[i].bytes, samples[i].n, out, sizeof out);
		assert_string_equal(out, samples[i].expected);
		assert_int_equal(length, strlen(samples[i].expected));
	}
}

/* Whether `text` may be cut at `at`: not inside a character, \xNN or \u{...} that pt_text_printable wrote. */
static bool is_boundary(const char *text, size_t at)
{
	if ((text[at] & 0xc0) == 0x80)
		return false;
	for (size_t back = 1; back <= at && back < 10; back++) {
		const char *escape = text + at - back;
		if (!strncmp(escape, "\\x", 2))
			return back >= 4;
		if (!strncmp(escape, "\\u{", 3))
			return strcspn(escape, "}") < back;
	}
	return true;
}

static void no_size_cuts_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		const char *whole = samples[i].expected;
		for (size_t size = 1; size <= strlen(whole) + 2; size++) {
			char *out = malloc(size); /* exactly: ASan sees a byte too many */
			const size_t length = pt_text_printable(samples[i].bytes, samples[i].n, out, size);
			assert_true(length < size);
			assert_int_equal(out[length], '\0');
			assert_memory_equal(out, whole, length);
			assert_true(is_boundary(whole, length));
			assert_true(length == strlen(whole) || length + 10 >= size - 1); /* as much as fits */
			free(out);
		}
	}
}

static void no_room_writes_nothing(void **state)
{
	(void)state;
	char guard = 'x';
	assert_int_equal(pt_text_printable("abc", 3, &guard, 0), 0);
	assert_int_equal(guard, 'x');
}

static void every_code_point_is_one_piece(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 7) {
		char in[4], out[16];
		size_t n;
		if (c < 0x80)
			n = 1, in[0] = (char)c;
		else if (c < 0x800)
			n = 2, in[0] = (char)(0xc0 | c >> 6);
		else if (c < 0x10000)
			n = 3, in[0] = (char)(0xe0 | c >> 12);
		else
			n = 4, in[0] = (char)(0xf0 | c >> 18);
		for (size_t i = 1; i < n; i++)
			in[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
		const size_t length = pt_text_printable(in, n, out, sizeof out);
		const bool same = length == n && !memcmp(in, out, n);
		assert_true(same || out[0] == '\\');
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
			assert_false(same);
	}
}

static void any_bytes_come_out_clean_and_stable(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		char in[24], out[sizeof in * 4 + 1], again[sizeof out * 4];
		for (size_t i = 0; i < sizeof in; i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = (char)(seed >> 24);
		}
		const size_t length = pt_text_printable(in, sizeof in, out, sizeof out);
		for (size_t i = 0; i < length; i++)
			assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
		assert_int_equal(pt_text_printable(out, length, again, sizeof again), length);
		assert_string_equal(again, out);
	}
}

static void assert_size(uint64_t bytes, const char *expected)
{
	char out[16];
	assert_ptr_equal(pt_text_size(bytes, out, sizeof out), out);
	assert_string_equal(out, expected);
}

static void sizes_have_three_digits(void **state)
{
	(void)state;
	assert_size(0, "0");
	assert_size(1, "1B");
	assert_size(999, "999B");
	assert_size(1023, "1023B");
	assert_size(1024, "1K");
	assert_size(1025, "1K");
	assert_size(1536, "1.5K");
	assert_size(4096, "4K");
	assert_size(132 << 10, "132K");
	assert_size(9542042, "9.1M");
	assert_size(64 << 20, "64M");
	assert_size(1299227607, "1.21G");
	assert_size((1 << 20) - 1, "1M");               /* 1023.999K is not 1024K */
	assert_size((1 << 20) - (1 << 9), "1M");        /* 1023.5K rounds up */
	assert_size((1 << 20) - (1 << 9) - 1, "1023K"); /* just below does not */
	assert_size((10 << 10) - 1, "10K");             /* 9.999K is not 10.00K */
	assert_size((100 << 10) - 1, "100K");
	assert_size(1000 << 10, "1000K");
	assert_size((1ull << 30) - 1, "1G");
	assert_size(16ull << 40, "16T");
	assert_size(3ull << 49, "1.5P");
	assert_size(1ull << 60, "1E");
	assert_size(UINT64_MAX, "16E");
	assert_size(UINT64_MAX / 2 + 1, "8E");
}

static void sizes_never_reach_the_next_unit(void **state)
{
	(void)state;
	for (unsigned shift = 10; shift <= 60; shift += 10)
		for (uint64_t below = 0; below < 5000; below++) {
			char out[16];
			char *end;
			pt_text_size((1ull << shift) - below * ((1ull << shift) >> 14), out, sizeof out);
			assert_true(strtod(out, &end) < 1024);
			assert_int_equal(strlen(end), 1);
			assert_true(strlen(out) <= 5);
		}
}

static void deltas_carry_a_sign(void **state)
{
	(void)state;
	static const struct {
		int64_t bytes;
		const char *expected;
	} cases[] = {
		{0, "0"},           {1258291, "+1.2M"}, {-(340 << 10), "-340K"}, {-1, "-1B"},
		{INT64_MIN, "-8E"}, {INT64_MAX, "+8E"}, {-1048575, "-1M"},       {1023ll << 30, "+1023G"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[16];
		assert_string_equal(pt_text_delta(cases[i].bytes, out, sizeof out), cases[i].expected);
	}
}

static void numbers_use_powers_of_1000(void **state)
{
	(void)state;
	static const struct {
		uint64_t n;
		const char *expected;
	} cases[] = {
		{0, "0"},
		{12, "12"},
		{999, "999"},
		{1000, "1k"},
		{4312, "4.31k"},
		{999499, "999k"},
		{999500, "1M"},
		{1200000, "1.2M"},
		{12345678, "12.3M"},
		{999999999, "1G"},
		{UINT64_MAX, "18.4E"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[16];
		assert_string_equal(pt_text_number(cases[i].n, out, sizeof out), cases[i].expected);
	}
}

static void durations_read_well(void **state)
{
	(void)state;
	static const struct {
		uint64_t ns;
		const char *expected;
	} cases[] = {
		{0, "0 ns"},
		{999, "999 ns"},
		{1000, "1 us"},
		{1234, "1.2 us"},
		{99499, "99 us"},
		{99500, "0.1 ms"},
		{400000, "0.4 ms"},
		{9960000, "10 ms"},
		{999499999, "999 ms"},
		{999500000, "1 s"},
		{1200000000, "1.2 s"},
		{59499999999, "59 s"},
		{59500000000, "1 min"},
		{90000000000, "1.5 min"},
		{120000000000, "2 min"},
		{3600000000000, "1 h"},
		{86400000000000, "24 h"},
		{172800000000000, "2 d"},
		{UINT64_MAX, "213504 d"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[16];
		assert_string_equal(pt_text_ns(cases[i].ns, out, sizeof out), cases[i].expected);
	}
}

static void small_buffers_are_respected(void **state)
{
	(void)state;
	for (size_t size = 1; size < 8; size++) {
		char *out = malloc(size);
		assert_int_equal(strlen(pt_text_size(1299227607, out, size)), size - 1 < 5 ? size - 1 : 5);
		assert_true(strlen(pt_text_delta(INT64_MIN, out, size)) < size);
		assert_true(strlen(pt_text_number(UINT64_MAX, out, size)) < size);
		assert_true(strlen(pt_text_ns(UINT64_MAX, out, size)) < size);
		free(out);
	}
}

static void numbers_parse_whole_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{"0", 0},
		{"00", 0},
		{"010", 10}, /* no octal */
		{"7391", 7391},
		{"18446744073709551615", UINT64_MAX},
		{"0x0", 0},
		{"0x7f3A00000000", 0x7f3a00000000},
		{"0XfF", 255},
		{"0xffffffffffffffff", UINT64_MAX},
		{"0x000000000000000000001", 1},
	};
	static const char *const bad[] = {
		"",
		" ",
		" 1",
		"1 ",
		"-1",
		"+1",
		"1.5",
		"1k",
		"abc",
		"12a",
		"x12",
		"0x",
		"0xg",
		"0x-1",
		"0x 1",
		"18446744073709551616",
		"99999999999999999999",
		"0x10000000000000000",
		"\n",
		"1\n",
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint64_t value = 42;
		assert_true(pt_text_parse_u64(good[i].text, &value));
		assert_int_equal(value, good[i].value);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint64_t value = 42;
		assert_false(pt_text_parse_u64(bad[i], &value));
		assert_int_equal(value, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_bytes_are_escaped),
		cmocka_unit_test(no_size_cuts_inside),
		cmocka_unit_test(no_room_writes_nothing),
		cmocka_unit_test(every_code_point_is_one_piece),
		cmocka_unit_test(any_bytes_come_out_clean_and_stable),
		cmocka_unit_test(sizes_have_three_digits),
		cmocka_unit_test(sizes_never_reach_the_next_unit),
		cmocka_unit_test(deltas_carry_a_sign),
		cmocka_unit_test(numbers_use_powers_of_1000),
		cmocka_unit_test(durations_read_well),
		cmocka_unit_test(small_buffers_are_respected),
		cmocka_unit_test(numbers_parse_whole_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
