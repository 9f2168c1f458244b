/*
 * Tracepoints: fields and names of flags out of the kernel's own description, also of one that makes no sense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/tracepoint.h"

/* As Linux 6.18 prints it, shortened. */
static const char format[] =
	"name: mm_page_alloc\n"
	"ID: 653\n"
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;\n"
	"\tfield:unsigned long gfp_flags;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:int migratetype;\toffset:32;\tsize:4;\tsigned:1;\n"
	"\n"
	"print fmt: \"page=%p order=%d gfp_flags=%s\", REC->pfn != -1UL ? (((struct page *)vmemmap_base) + (REC->pfn)) "
	": "
	"((void *)0), REC->order, (REC->gfp_flags) ? __print_flags(REC->gfp_flags, \"|\", {( unsigned long)(((((((( "
	"gfp_t)"
	"(((((1UL))) << (10))|((((1UL))) << (11)))) | (( gfp_t)((((1UL))) << (6))) | (( gfp_t)((((1UL))) << (7)))) & "
	"~(( "
	"gfp_t)((((1UL))) << (10)))))))), \"GFP_SOME\"}, {(unsigned long)0x100u, \"__GFP_ZERO\"}, {( unsigned long)(( "
	"gfp_t)"
	"((((1UL))) << (6))), \"__GFP_IO\"}, {nonsense, \"NEVER\"}, { 0, ((void *)0) } ) : \"none\"\n";

static void fields_are_found_in_a_sample(void **state)
{
	(void)state;
	struct pt_tracepoint t;
	uint64_t value;
	uint8_t raw[36] = {[8] = 0x34, [9] = 0x12, [16] = 9, [32] = 0xff, [33] = 0xff, [34] = 0xff, [35] = 0xff};
	assert_true(pt_parse_tracepoint(format, strlen(format), &t));
	assert_int_equal(t.id, 653);
	assert_int_equal(t.n_fields, 6);
	assert_true(pt_trace_value(&t, "pfn", raw, sizeof raw, &value));
	assert_int_equal(value, 0x1234);
	assert_true(pt_trace_value(&t, "order", raw, sizeof raw, &value));
	assert_int_equal(value, 9);
	assert_true(pt_trace_value(&t, "migratetype", raw, sizeof raw, &value));
	assert_true((int64_t)value == -1);
	assert_false(pt_trace_value(&t, "migratetype", raw, sizeof raw - 1, &value)); /* cut off */
	assert_false(pt_trace_value(&t, "zone", raw, sizeof raw, &value));            /* no such field */
}

static void flags_have_the_kernels_names(void **state)
{
	(void)state;
	struct pt_tracepoint t;
	char text[96];
	assert_true(pt_parse_tracepoint(format, strlen(format), &t));
	assert_int_equal(t.n_flags, 3);
	assert_int_equal(t.flags[0].bits, 0x8c0); /* 10 taken away again */
	assert_string_equal(pt_trace_flags(&t, 0x8c0, text, sizeof text), "GFP_SOME");
	assert_string_equal(pt_trace_flags(&t, 0x9c0, text, sizeof text), "GFP_SOME|__GFP_ZERO");
	assert_string_equal(pt_trace_flags(&t, 0x140, text, sizeof text), "__GFP_ZERO|__GFP_IO");
	assert_string_equal(pt_trace_flags(&t, 0x20000100, text, sizeof text), "__GFP_ZERO|0x20000000");
	assert_string_equal(pt_trace_flags(&t, 0, text, sizeof text), "");
	assert_string_equal(pt_trace_flags(&t, 0x9c0, text, 6), "GFP_S");
}

/* Cut anywhere, or with any byte changed, it is refused or understood in part; nothing is read outside of it. */
static void damage_does_no_harm(void **state)
{
	(void)state;
	static const char bytes[] = "({~<9;\"\n\xff";
	struct pt_tracepoint t;
	char copy[sizeof format], text[64];
	for (size_t n = 0; n < sizeof format; n++) {
		(void)pt_parse_tracepoint(format, n, &t);
		for (size_t b = 0; b < sizeof bytes - 1; b++) {
			memcpy(copy, format, sizeof format);
			copy[n] = bytes[b];
			(void)pt_parse_tracepoint(copy, sizeof format - 1, &t);
			assert_true(t.n_flags <= PT_TRACE_FLAGS_MAX && t.n_fields <= PT_TRACE_FIELDS_MAX);
			pt_trace_flags(&t, ~0ull, text, sizeof text);
		}
	}
	char deep[8192] = "ID: 1\nprint fmt: __print_flags(x, {";
	memset(deep + strlen(deep), '(', sizeof deep - strlen(deep) - 2);
	deep[sizeof deep - 2] = '\n';
	assert_true(pt_parse_tracepoint(deep, sizeof deep - 1, &t));
	assert_int_equal(t.n_flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found_in_a_sample),
		cmocka_unit_test(flags_have_the_kernels_names),
		cmocka_unit_test(damage_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
