/*
 * The reader of /proc/PID/smaps and smaps_rollup: a line that is not there is not zero.
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

#define HEAD "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \n"

static struct pt_smaps parse_one(const char *text)
{
	struct pt_smaps *blocks, block;
	size_t n;
	assert_int_equal(pt_parse_smaps(text, strlen(text), &blocks, &n), 0);
	assert_int_equal(n, 1);
	block = blocks[0];
	free(blocks);
	return block;
}

/* As Linux 6.18 prints it, each number its own. */
static const char full[] =
	"55738bfd1000-55738bfd4000 r--p 00000000 fe:00 248030                     /usr/bin/sed: 5 kB\n"
	"Size:                 12 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
	"Rss:                   1 kB\nPss:                   2 kB\nPss_Dirty:           999 kB\n"
	"Shared_Clean:          3 kB\nShared_Dirty:          4 kB\nPrivate_Clean:         5 kB\n"
	"Private_Dirty:         6 kB\nReferenced:            7 kB\nAnonymous:             8 kB\n"
	"KSM:                   9 kB\nLazyFree:             10 kB\nAnonHugePages:        11 kB\n"
	"ShmemPmdMapped:       12 kB\nFilePmdMapped:        13 kB\nShared_Hugetlb:       14 kB\n"
	"Private_Hugetlb:      15 kB\nSwap:                 16 kB\nSwapPss:              17 kB\n"
	"Locked:               18 kB\nTHPeligible:           0\nProtectionKey:         0\n"
	"VmFlags: rd mr mw me lo hg ?? sd \n";

static void every_field_lands_in_its_place(void **state)
{
	(void)state;
	struct pt_smaps s = parse_one(full);
	const struct pt_maybe fields[] = {s.rss,
					  s.pss,
					  s.shared_clean,
					  s.shared_dirty,
					  s.private_clean,
					  s.private_dirty,
					  s.referenced,
					  s.anonymous,
					  s.ksm,
					  s.lazyfree,
					  s.anon_huge,
					  s.shmem_pmd,
					  s.file_pmd,
					  s.shared_hugetlb,
					  s.private_hugetlb,
					  s.swap,
					  s.swap_pss,
					  s.locked};

	assert_int_equal(s.start, 0x55738bfd1000);
	assert_int_equal(s.end, 0x55738bfd4000);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		assert_true(fields[i].known);
		assert_int_equal(fields[i].value, (i + 1) * 1024);
	}
	assert_int_equal(s.kernel_page_size.value, 4096);
	assert_true(s.has_vm_flags);
	assert_int_equal(s.vm_flags, PT_VM_LOCKED | PT_VM_HUGEPAGE);
}

static void what_is_not_printed_is_not_known(void **state)
{
	(void)state;
	struct pt_smaps s = parse_one(HEAD "Rss:                   0 kB\nNewThing:  5 pages of something\n");

	assert_true(s.rss.known);
	assert_int_equal(s.rss.value, 0);
	assert_false(s.pss.known);
	assert_false(s.ksm.known);
	assert_false(s.has_vm_flags);
}

static void blocks_in_any_number(void **state)
{
	(void)state;
	char text[64 * 100], *at = text;
	struct pt_smaps *blocks;
	size_t n;

	for (unsigned i = 1; i <= 100; i++)
		at += sprintf(at, "%x0000-%x1000 rw-p 0 0:0 0 \nRss: %u kB\nSwap: %u kB\n", i, i, i, 2 * i);
	assert_int_equal(pt_parse_smaps(text, strlen(text), &blocks, &n), 0);
	assert_int_equal(n, 100);
	for (unsigned i = 1; i <= 100; i++) {
		assert_int_equal(blocks[i - 1].start, i * 0x10000);
		assert_int_equal(blocks[i - 1].rss.value, i * 1024);
		assert_int_equal(blocks[i - 1].swap.value, 2 * i * 1024);
	}
	free(blocks);
	assert_int_equal(pt_parse_smaps("", 0, &blocks, &n), 0);
	assert_int_equal(n, 0);
	free(blocks);
}

static void order_of_fields_does_not_matter(void **state)
{
	(void)state;
	struct pt_smaps s = parse_one(HEAD "Locked: 1 kB\nSwap: 2 kB\nRss: 3 kB\nRss: 4 kB\nVmFlags:\nPss: 5 kB\n");

	assert_int_equal(s.locked.value, 1024);
	assert_int_equal(s.swap.value, 2048);
	assert_int_equal(s.rss.value, 4096);
	assert_int_equal(s.pss.value, 5 * 1024);
	assert_true(s.has_vm_flags);
	assert_int_equal(s.vm_flags, 0);
}

static void what_is_not_smaps_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"Rss: 1 kB\n", /* of what? */
		"\n",
		HEAD "\n",
		HEAD "Rss: 1 kB", /* cut off */
		HEAD "Rss: 1\n",  /* no unit */
		HEAD "Rss: 1 MB\n",
		HEAD "Rss: 1 kBytes\n",
		HEAD "Rss: -1 kB\n",
		HEAD "Rss: x kB\n",
		HEAD "Rss:\n",
		HEAD "Rss: 18446744073709551616 kB\n", /* 2^64 */
		HEAD "Rss: 18014398509481984 kB\n",    /* 2^64 bytes */
		HEAD "Rss without a colon\n",
		"7f0000000000-7f0000010000 rw-p nonsense\n",
		"7f0000010000-7f0000000000 rw-p 00000000 00:00 0 \n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct pt_smaps *blocks = (void *)bad;
		size_t n = 7;
		if (pt_parse_smaps(bad[i], strlen(bad[i]), &blocks, &n) != -EBADMSG)
			fail_msg("accepted: \"%s\"", bad[i]);
		assert_ptr_equal(blocks, bad);
		assert_int_equal(n, 7);
	}
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(full); n++) {
		char *exact = malloc(n ? n : 1);
		struct pt_smaps *blocks;
		size_t count;
		assert_non_null(exact);
		memcpy(exact, full, n);
		int error = pt_parse_smaps(exact, n, &blocks, &count);
		assert_int_equal(error, n == 0 || full[n - 1] == '\n' ? 0 : -EBADMSG);
		if (!error)
			free(blocks);
		free(exact);
	}
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void reads_pages_of_any_size(void **state)
{
	(void)state;
	for (unsigned page = 4096; page <= 65536; page *= 4) {
		struct fixture *fixture = fixture_new(page, "process 5 S p\n"
							    "vma 7f0000000000-7f0000100000 rw-p flags=lo,nh [heap]\n"
							    "page 7f0000000000 anon pfn=8\n"
							    "page 7f0000010000 anon pfn=9 count=4\n");
		struct pt_kernel *k = fixture_kernel(fixture);
		struct pt_smaps *blocks, rollup;
		size_t n;
		assert_int_equal(pt_read_smaps(k, 5, &blocks, &n), 0);
		assert_int_equal(n, 1);
		assert_int_equal(blocks[0].kernel_page_size.value, page);
		assert_int_equal(blocks[0].rss.value, 2 * page);
		assert_int_equal(blocks[0].pss.value, page + page / 4);
		assert_int_equal(blocks[0].locked.value, page + page / 4);
		assert_int_equal(blocks[0].vm_flags, PT_VM_LOCKED | PT_VM_NOHUGEPAGE);
		free(blocks);
		assert_int_equal(pt_read_rollup(k, 5, &rollup), 0);
		assert_int_equal(rollup.rss.value, 2 * page);
		pt_kernel_free(k);
		fixture_free(fixture);
	}
}

static void every_call_may_fail(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 5 S p\nvma 7f0000000000-7f0000100000 rw-p\n");
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_smaps *blocks, rollup;
	size_t n;

	s->fail_error = -EACCES;
	for (s->fail_call = 1; s->fail_call <= 3; s->fail_call++) { /* open, read, read */
		s->calls = 0;
		assert_int_equal(pt_read_smaps(&s->k, 5, &blocks, &n), -EACCES);
		s->calls = 0;
		assert_int_equal(pt_read_rollup(&s->k, 5, &rollup), -EACCES);
		assert_int_equal(s->open_fds, 0);
	}
	s->fail_call = 0;
	assert_int_equal(pt_read_smaps(&s->k, 6, &blocks, &n), -ESRCH);
	fixture_remove(fixture, "proc/5/smaps");
	assert_int_equal(pt_read_smaps(&s->k, 5, &blocks, &n), -ENOENT); /* it lives, but the kernel has no smaps */
	scripted_free(s);
	fixture_free(fixture);
}

static void rollup_is_one_block(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 5 S p\n");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_smaps untouched = {.start = 7};

	fixture_write(fixture, "proc/5/smaps_rollup", "1000-2000 rw-p 0 0:0 0 \n2000-3000 rw-p 0 0:0 0 \n");
	assert_int_equal(pt_read_rollup(k, 5, &untouched), -EBADMSG);
	fixture_write(fixture, "proc/5/smaps_rollup", "");
	assert_int_equal(pt_read_rollup(k, 5, &untouched), -EBADMSG);
	assert_int_equal(untouched.start, 7);
	pt_kernel_free(k);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_lands_in_its_place),
		cmocka_unit_test(what_is_not_printed_is_not_known),
		cmocka_unit_test(blocks_in_any_number),
		cmocka_unit_test(order_of_fields_does_not_matter),
		cmocka_unit_test(what_is_not_smaps_is_refused),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(reads_pages_of_any_size),
		cmocka_unit_test(every_call_may_fail),
		cmocka_unit_test(rollup_is_one_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
