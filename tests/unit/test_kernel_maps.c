/*
 * The reader of /proc/PID/maps: lines as kernels print them, and lines that no kernel prints.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static struct pt_vma_table *parse(const char *text)
{
	struct pt_vma_table *vmas = NULL;
	assert_int_equal(pt_parse_maps(text, strlen(text), &vmas), 0);
	return vmas;
}

static void a_line_has_all_fields(void **state)
{
	(void)state;
	struct pt_vma_table *vmas =
		parse("7f00dead0000-7f00dead2000 r-xs 00002000 fe:1b 247498                     /usr/bin/head\n");
	const struct pt_vma *vma = &vmas->v[0];

	assert_int_equal(vmas->n, 1);
	assert_int_equal(vma->start, 0x7f00dead0000);
	assert_int_equal(vma->end, 0x7f00dead2000);
	assert_int_equal(vma->perms, PT_READ | PT_EXEC | PT_SHARED);
	assert_int_equal(vma->offset, 0x2000);
	assert_int_equal(vma->dev_major, 0xfe);
	assert_int_equal(vma->dev_minor, 0x1b);
	assert_int_equal(vma->inode, 247498);
	assert_string_equal(vma->path, "/usr/bin/head");
	pt_vma_table_unref(vmas);
}

static void permissions_are_single_bits(void **state)
{
	(void)state;
	struct pt_vma_table *vmas = parse("1000-2000 ---p 0 0:0 0 \n2000-3000 r--p 0 0:0 0 \n3000-4000 -w-p 0 0:0 0 \n"
					  "4000-5000 --xp 0 0:0 0 \n5000-6000 ---s 0 0:0 0 \n");
	const uint8_t expected[] = {0, PT_READ, PT_WRITE, PT_EXEC, PT_SHARED};

	for (size_t i = 0; i < 5; i++)
		assert_int_equal(vmas->v[i].perms, expected[i]);
	pt_vma_table_unref(vmas);
}

static void names_stay_raw(void **state)
{
	(void)state;
	static const char *const names[] = {
		"",
		"[heap]",
		"[anon: a name of malloc]",
		"/memfd:x y z (deleted)",
		"/tmp/a\\012b", /* the kernel's escape for a newline */
		"/tmp/\033[31mred\033[0m\t\r",
		"/tmp/\xff\xfe not UTF-8",
		"anon_inode:[perf_event]",
		"/ends in blanks  ",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char line[256];
		snprintf(line, sizeof(line), "1000-2000 rw-p 00000000 00:00 0 %s%s\n", *names[i] ? "      " : "",
			 names[i]);
		struct pt_vma_table *vmas = parse(line);
		assert_string_equal(vmas->v[0].path, names[i]);
		pt_vma_table_unref(vmas);
	}
}

static void longest_name_fits(void **state)
{
	(void)state;
	char name[4096], line[5000];

	memset(name, 'n', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	snprintf(line, sizeof(line), "1000-2000 rw-p 00000000 fe:00 7                          %s\n", name);
	struct pt_vma_table *vmas = parse(line);
	assert_string_equal(vmas->v[0].path, name);
	pt_vma_table_unref(vmas);
}

static void equal_names_share_bytes(void **state)
{
	(void)state;
	struct pt_vma_table *vmas = parse("1000-2000 r--p 0 fe:0 7 /lib/a\n2000-3000 r-xp 0 fe:0 7 /lib/a\n"
					  "3000-4000 r-xp 0 fe:0 7 /lib/ab\n4000-5000 r-xp 0 fe:0 7 /lib/a\n");

	assert_ptr_equal(vmas->v[0].path, vmas->v[1].path);
	assert_string_equal(vmas->v[2].path, "/lib/ab");
	assert_string_equal(vmas->v[3].path, "/lib/a");
	pt_vma_table_unref(vmas);
}

static void addresses_of_any_width(void **state)
{
	(void)state;
	struct pt_vma_table *vmas = parse(
		"00010000-00020000 rw-p 00000000 00:00 0 \n"
		"ff00000000000000-ff00000000001000 rw-p ffffffffffff000 ffffffff:ffffffff "
		"18446744073709551615 \n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]\n");

	assert_int_equal(vmas->n, 3);
	assert_int_equal(vmas->v[1].start, 0xff00000000000000);
	assert_int_equal(vmas->v[1].offset, 0xffffffffffff000);
	assert_int_equal(vmas->v[1].dev_major, 0xffffffff);
	assert_int_equal(vmas->v[1].inode, UINT64_MAX);
	assert_int_equal(vmas->v[2].start, 0xffffffffff600000);
	assert_int_equal(vmas->v[2].role, PT_ROLE_VSYSCALL);
	pt_vma_table_unref(vmas);
}

static void nothing_is_an_empty_table(void **state)
{
	(void)state;
	struct pt_vma_table *vmas = parse(""); /* zombies and kernel threads */
	assert_int_equal(vmas->n, 0);
	pt_vma_table_unref(vmas);
}

static void damaged_lines_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\n",
		"garbage\n",
		"1000-2000 rw-p 0 0:0 0 ",                             /* no newline: cut off */
		"1000-2000 rw-p 0 0:0\n",                              /* no inode */
		"1000-2000 rw-p 0 0:0 x\n",                            /* no number */
		"1000-2000 rw-p 0 0:0 0x\n",                           /* not at its end */
		"1000-2000 rwxz 0 0:0 0 \n",                           /* no such letter */
		"1000-2000 wr-p 0 0:0 0 \n",                           /* not in that order */
		"1000 2000 rw-p 0 0:0 0 \n",                           /* no dash */
		"2000-1000 rw-p 0 0:0 0 \n",                           /* ends before it begins */
		"1000-1000 rw-p 0 0:0 0 \n",                           /* holds nothing */
		"1001-2000 rw-p 0 0:0 0 \n",                           /* no page begins there */
		"0x1000-0x2000 rw-p 0 0:0 0 \n",                       /* no prefixes */
		"ABCD000-ABCE000 rw-p 0 0:0 0 \n",                     /* no capitals */
		"-1000-2000 rw-p 0 0:0 0 \n",                          /* no signs */
		" 1000-2000 rw-p 0 0:0 0 \n",                          /* no blanks in front */
		"1ffffffffffffffff-2ffffffffffffffff rw-p 0 0:0 0 \n", /* 65 bits */
		"1000-2000 rw-p 0 0:0 18446744073709551616 \n",        /* 2^64 */
		"1000-2000 rw-p 0 100000000:0 0 \n",                   /* 33 bits */
		"1000-3000 rw-p 0 0:0 0 \n2000-3000 rw-p 0 0:0 0 \n",  /* within another */
		"3000-4000 rw-p 0 0:0 0 \n1000-2000 rw-p 0 0:0 0 \n",  /* out of order */
		"1000-2000 rw-p 0 0:0 0 \n\n",                         /* a line of nothing */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pt_vma_table *untouched = (void *)bad;
		if (pt_parse_maps(bad[i], strlen(bad[i]), &untouched) != -EBADMSG)
			fail_msg("accepted: \"%s\"", bad[i]);
		assert_ptr_equal(untouched, bad);
	}
	static const char with_nul[] = "1000-2000 rw-p 0 0:0 0 /a\0b\n";
	struct pt_vma_table *vmas;
	assert_int_equal(pt_parse_maps(with_nul, sizeof(with_nul) - 1, &vmas), -EBADMSG);
}

/* Seen on 6.18 of a process that merges VMAs while it is read, in one reading of twelve. */
static void merged_while_read(void **state)
{
	(void)state;
	static const char text[] = "1000-3000 rw-p 00000000 00:00 0 \n1000-4000 rw-p 00000000 00:00 0 \n"
				   "5000-7000 r--s 00005000 fe:00 9    /a\n6000-9000 r--s 00006000 fe:00 9    /a\n";
	struct pt_vma_table *vmas;
	assert_int_equal(pt_parse_maps(text, sizeof(text) - 1, &vmas), 0);
	assert_int_equal(vmas->n, 4);
	assert_int_equal(vmas->v[1].start, 0x3000);
	assert_int_equal(vmas->v[1].end, 0x4000);
	assert_int_equal(vmas->v[1].offset, 0);
	assert_int_equal(vmas->v[3].start, 0x7000);
	assert_int_equal(vmas->v[3].offset, 0x7000);
	pt_vma_table_unref(vmas);
}

/* A text cut anywhere is refused, unless it was cut between lines. */
static void cut_at_every_byte(void **state)
{
	(void)state;
	static const char text[] = "7f00dead0000-7f00dead2000 r-xp 00002000 fe:00 247498        /usr/bin/head\n"
				   "7f00dead2000-7f00dead3000 rw-p 00000000 00:00 0 \n"
				   "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]\n";
	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = malloc(n ? n : 1); /* so that reading past it is found */
		struct pt_vma_table *vmas;
		assert_non_null(exact);
		memcpy(exact, text, n);
		bool whole_lines = n == 0 || text[n - 1] == '\n';
		int error = pt_parse_maps(exact, n, &vmas);
		assert_int_equal(error, whole_lines ? 0 : -EBADMSG);
		if (!error)
			pt_vma_table_unref(vmas);
		free(exact);
	}
}

/* Any one byte changed to any other: parsed or refused, never worse. */
static void every_byte_changed(void **state)
{
	(void)state;
	static const char text[] = "7f00dead0000-7f00dead2000 r-xp 00002000 fe:00 247498        /usr/bin/head\n";
	char copy[sizeof(text)];
	unsigned parsed = 0;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		for (int byte = 0; byte < 256; byte++) {
			struct pt_vma_table *vmas;
			memcpy(copy, text, sizeof(text));
			copy[i] = (char)byte;
			if (pt_parse_maps(copy, sizeof(text) - 1, &vmas))
				continue;
			assert_int_equal(vmas->n, 1);
			parsed++;
			pt_vma_table_unref(vmas);
		}
	assert_true(parsed > 0);
}

static void sixty_thousand(void **state)
{
	(void)state;
	const size_t n = 60000, room = n * 64;
	char *text = malloc(room), *at = text;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		at += snprintf(at, room - (size_t)(at - text), "%lx-%lx ---p 00000000 00:00 0 \n",
			       0x7f0000000000 + i * 0x2000, 0x7f0000000000 + i * 0x2000 + 0x1000);
	struct pt_vma_table *vmas = parse(text);
	assert_int_equal(vmas->n, n);
	assert_int_equal(vmas->v[n - 1].start, 0x7f0000000000 + (n - 1) * 0x2000);
	pt_vma_table_unref(vmas);
	free(text);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static struct fixture *two_vmas(void)
{
	return fixture_new(4096, "process 100 S p\n"
				 "vma 7f0000000000-7f0000010000 rw-p [heap]\n"
				 "vma 7f0000020000-7f0000030000 r--p /a file (deleted)\n");
}

static void reads_a_process(void **state)
{
	(void)state;
	struct fixture *fixture = two_vmas();
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_vma_table *vmas;

	assert_int_equal(pt_read_maps(&s->k, 100, &vmas), 0);
	assert_int_equal(vmas->n, 2);
	assert_string_equal(vmas->v[1].path, "/a file (deleted)");
	pt_vma_table_unref(vmas);
	assert_int_equal(pt_read_maps(&s->k, 101, &vmas), -ESRCH);
	assert_int_equal(pt_read_maps(&s->k, -1, &vmas), -ESRCH);
	scripted_free(s);
	fixture_free(fixture);
}

static void every_call_may_fail(void **state)
{
	(void)state;
	struct fixture *fixture = two_vmas();
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_vma_table *vmas;
	int error = -1;

	s->fail_error = -EACCES;
	for (s->fail_call = 1; error; s->fail_call++) {
		s->calls = 0;
		error = pt_read_maps(&s->k, 100, &vmas);
		assert_true(error == 0 || error == -EACCES);
		assert_int_equal(s->open_fds, 0);
	}
	assert_int_equal(s->fail_call, 5); /* open and two reads failed, the fourth call is none of ours */
	pt_vma_table_unref(vmas);
	scripted_free(s);
	fixture_free(fixture);
}

static void mend(void *fixture)
{
	fixture_write(fixture, "proc/100/maps", "1000-2000 rw-p 0 0:0 0 \n");
}

/* A text that was torn by a change under the read is read again. */
static void torn_text_is_read_again(void **state)
{
	(void)state;
	struct fixture *fixture = two_vmas();
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_vma_table *vmas;

	fixture_write(fixture, "proc/100/maps", "1000-3000 rw-p 0 0:0 0 \n2000-3000 rw-p 0 0:0 0 \n");
	assert_int_equal(pt_read_maps(&s->k, 100, &vmas), -EBADMSG);
	s->calls = 0;
	s->hook_call = 4; /* the second attempt's open */
	s->hook = mend;
	s->hook_arg = fixture;
	assert_int_equal(pt_read_maps(&s->k, 100, &vmas), 0);
	assert_int_equal(vmas->n, 1);
	pt_vma_table_unref(vmas);
	scripted_free(s);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_all_fields),
		cmocka_unit_test(permissions_are_single_bits),
		cmocka_unit_test(names_stay_raw),
		cmocka_unit_test(longest_name_fits),
		cmocka_unit_test(equal_names_share_bytes),
		cmocka_unit_test(addresses_of_any_width),
		cmocka_unit_test(nothing_is_an_empty_table),
		cmocka_unit_test(damaged_lines_are_refused),
		cmocka_unit_test(merged_while_read),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(every_byte_changed),
		cmocka_unit_test(sixty_thousand),
		cmocka_unit_test(reads_a_process),
		cmocka_unit_test(every_call_may_fail),
		cmocka_unit_test(torn_text_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
