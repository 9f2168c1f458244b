/*
 * The scan on made-up processes: its sums beside the fixture's smaps, with and without PAGEMAP_SCAN, for every page
 * size; targets that change, exec and end under it; and every call failing once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>

#include "core/kernel/readers.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

/* Every kind of page there is, two VMAs that share a chunk, and VMAs that touch. */
static const char everything[] = "process 100 S start=777 threads=1 every kind\n"
				 "vma 10000000-10100000 rw-p\n"
				 "pages 10000000-10050000 anon pfn=0x1000\n"
				 "page 10050000 anon pfn=0x3000 count=3\n"
				 "page 10060000 lazyfree pfn=0x3001\n"
				 "page 10070000 zero pfn=0x4000\n"
				 "swap 10080000 type=0 offset=77\n"
				 "marker 10090000 guard\n"
				 "marker 100a0000 uffd-wp\n"
				 "page 100c0000 ksm pfn=0x3002 count=5\n"
				 "vma 10100000-10180000 r--p inode=5 /usr/lib/libx.so\n"
				 "pages 10100000-10140000 file pfn=0x5000 count=4\n"
				 "page 10150000 anon pfn=0x3003\n"
				 "vma 20000000-20200000 rw-s inode=9 /dev/shm/segment (deleted)\n"
				 "pages 20000000-20040000 shmem pfn=0x6000 count=2\n"
				 "evicted 20040000-20080000\n"
				 "vma 7ffff0000000-7ffff0010000 r-xp [vdso]\n"
				 "page 7ffff0000000 kernel pfn=0x7000 count=9\n"
				 "vma ffffffffff600000-ffffffffff610000 --xp [vsyscall]\n";

static struct scripted *kernel_on(const struct fixture *fixture)
{
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	s->tick = 1000;
	return s;
}

static struct pt_snapshot *scan_of(struct scripted *s)
{
	struct pt_snapshot *snapshot = NULL;
	assert_int_equal(pt_scan_once(&s->k, 100, 1, &snapshot), 0);
	assert_int_equal(snapshot->stage, PT_STAGE_COMPLETE);
	return snapshot;
}

static void assert_sum(const struct pt_snapshot *s, size_t i, enum pt_sum what, struct pt_maybe smaps)
{
	struct pt_maybe ours = pt_snapshot_bytes(s, i, what);
	if (!ours.known || !smaps.known || ours.value / 1024 != smaps.value / 1024)
		print_error("VMA %zu at %llx, sum %d: ours %s%llu smaps %llu\n", i,
			    (unsigned long long)s->vmas->v[i].start, what, ours.known ? "" : "? ",
			    (unsigned long long)ours.value, (unsigned long long)smaps.value);
	assert_true(ours.known && smaps.known);
	assert_int_equal(ours.value / 1024, smaps.value / 1024);
}

static struct pt_maybe both(struct pt_maybe a, struct pt_maybe b)
{
	return (struct pt_maybe){.value = a.value + b.value, .known = a.known && b.known};
}

/* The fixture sums up by the kernel's rules what its text says of each page. */
static void assert_equals_smaps(struct scripted *k, const struct pt_snapshot *s)
{
	struct pt_smaps *smaps;
	size_t n;
	assert_int_equal(pt_read_smaps(&k->k, 100, &smaps, &n), 0);
	assert_int_equal(n, s->vmas->n);
	for (size_t i = 0; i < n; i++) {
		assert_sum(s, i, PT_SUM_RSS, smaps[i].rss);
		assert_sum(s, i, PT_SUM_PSS, smaps[i].pss);
		assert_sum(s, i, PT_SUM_SWAP, smaps[i].swap);
		assert_sum(s, i, PT_SUM_SHARED, both(smaps[i].shared_clean, smaps[i].shared_dirty));
		assert_sum(s, i, PT_SUM_PRIVATE, both(smaps[i].private_clean, smaps[i].private_dirty));
		assert_sum(s, i, PT_SUM_LAZYFREE, smaps[i].lazyfree);
		assert_sum(s, i, PT_SUM_KSM, smaps[i].ksm);
		assert_sum(s, i, PT_SUM_ANON, smaps[i].anonymous);
	}
	free(smaps);
}

static void sums_equal_smaps_for_every_page_size(void **arg)
{
	(void)arg;
	static const unsigned sizes[] = {4096, 16384, 65536};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct fixture *fixture = fixture_new(sizes[i], everything);
		struct scripted *k = kernel_on(fixture);
		struct pt_snapshot *s = scan_of(k);
		assert_equals_smaps(k, s);
		pt_snapshot_unref(s);
		scripted_free(k);
		fixture_free(fixture);
	}
}

static const struct {
	uint64_t address;
	enum pt_kind kind;
} kinds[] = {
	{0x10000000, PT_ANON},      {0x10060000, PT_ANON},       {0x10070000, PT_ZERO},
	{0x10080000, PT_SWAP},      {0x10090000, PT_GUARD},      {0x100a0000, PT_UFFD_MARKER},
	{0x100b0000, PT_UNTOUCHED}, {0x100f0000, PT_UNTOUCHED},  {0x10100000, PT_FILE},
	{0x10150000, PT_ANON},      {0x20000000, PT_SHMEM},      {0x20040000, PT_SWAP_SHMEM},
	{0x20090000, PT_UNTOUCHED}, {0x7ffff0000000, PT_KERNEL},
};

static void every_kind_is_told_with_and_without_pagemap_scan(void **arg)
{
	(void)arg;
	/* as 6.16 and newer; 6.13 to 6.15, which have guard markers but no category for them; 6.6 */
	for (int kernel = 0; kernel < 3; kernel++) {
		struct fixture *fixture = fixture_new(65536, everything);
		struct scripted *k = kernel_on(fixture);
		k->no_guard = kernel == 1;
		k->no_scan = kernel == 2;
		struct pt_snapshot *s = scan_of(k);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			assert_int_equal(pt_page_kind(pt_snapshot_page(s, kinds[i].address)), kinds[i].kind);
		assert_int_equal(pt_snapshot_page(s, 0x10050000).count, 3);
		assert_int_equal(pt_snapshot_page(s, 0x10010000).pfn, 0x1001);
		assert_int_equal(pt_swap_offset(pt_snapshot_page(s, 0x10080000).pfn), 77);
		assert_true(pt_snapshot_page(s, 0x10060000).bits & PT_LAZYFREE);
		assert_true(pt_snapshot_page(s, 0x100c0000).bits & PT_KSM);
		pt_snapshot_unref(s);
		scripted_free(k);
		fixture_free(fixture);
	}
}

static void without_pfns_the_rest_is_unknown_not_zero(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 hidden\n"
						    "vma 10000000-10010000 rw-p\n"
						    "pages 10000000-10004000 anon pfn=0x100 hidden\n"
						    "pages 10004000-10006000 anon pfn=0x200 count=2 hidden\n");
	fixture_remove(fixture, "proc/kpageflags");
	fixture_remove(fixture, "proc/kpagecount");
	struct scripted *k = kernel_on(fixture);
	struct pt_snapshot *s = scan_of(k);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_RSS).value, 6 * 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_PRIVATE).value, 4 * 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_SHARED).value, 2 * 4096);
	assert_false(pt_snapshot_bytes(s, 0, PT_SUM_PSS).known);
	assert_false(pt_snapshot_bytes(s, 0, PT_SUM_LAZYFREE).known);
	assert_false(pt_snapshot_bytes(s, 0, PT_SUM_DIRTY).known);
	assert_true(pt_snapshot_bytes(s, 0, PT_SUM_SWAP).known);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

/* An old kernel and no privileges: a zero page looks like memory that is shared. */
static void zero_pages_that_nothing_tells_leave_sums_unknown(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 hidden\n"
						    "vma 10000000-10010000 rw-p\n"
						    "pages 10000000-10004000 anon pfn=0x100 hidden\n"
						    "vma 10020000-10030000 rw-p\n"
						    "page 10020000 anon pfn=0x200 hidden\n"
						    "page 10021000 zero pfn=0x300 hidden\n");
	fixture_remove(fixture, "proc/kpageflags");
	fixture_remove(fixture, "proc/kpagecount");
	struct scripted *k = kernel_on(fixture);
	k->no_scan = true;
	struct pt_snapshot *s = scan_of(k);
	static const enum pt_sum sums[] = {PT_SUM_RSS, PT_SUM_ANON, PT_SUM_FILE, PT_SUM_SHARED, PT_SUM_ZERO};
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		assert_true(pt_snapshot_bytes(s, 0, sums[i]).known); /* all are mapped exactly once */
		assert_false(pt_snapshot_bytes(s, 1, sums[i]).known);
	}
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_RSS).value, 4 * 4096);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

/* smaps counts it in Rss, whole and as shared; its flags and count are those of a frame it is about to leave. */
static void a_migrating_page_is_in_rss(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 moving\n"
						    "vma 10000000-10010000 rw-p\n"
						    "migrating 10003000 pfn=0x3100\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_snapshot *s = scan_of(k);
	assert_int_equal(pt_page_kind(pt_snapshot_page(s, 0x10003000)), PT_MIGRATING);
	assert_int_equal(pt_snapshot_page(s, 0x10003000).pfn, 0x3100);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_RSS).value, 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_SHARED).value, 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_PSS).value, 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_SWAP).value, 0);
	assert_false(pt_snapshot_bytes(s, 0, PT_SUM_LAZYFREE).known);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

/* A child of fork copied the first page: bit 56 of all entries is the first page's, while the others are shared. */
static void exclusive_tells_of_a_huge_pages_first_page_only(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 forked\n"
						    "vma 40000000-40200000 rw-p\n"
						    "page 40000000 anon huge large exclusive pfn=0x8000\n"
						    "pages 40001000-40200000 anon huge exclusive count=2 pfn=0x8001\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_snapshot *s = scan_of(k);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_THP).value, 512 * 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_PRIVATE).value, 4096);
	assert_equals_smaps(k, s);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

/*
 * Neighbours that are all called huge, but are not one: hugetlb pages smaller than a PMD; or a huge page that was split
 * between the scan and the reading of its first page, of which the flags of that page tell.
 */
static void huge_pages_that_are_several_are_read_one_by_one(void **arg)
{
	(void)arg;
	static const char *const several[] = {"vma 10000000-10010000 rw-s /anon_hugepage (deleted)\n"
					      "pages 10000000-10004000 hugetlb pfn=0x1000 huge large\n"
					      "pages 10004000-10008000 hugetlb pfn=0x2000 huge large\n"
					      "pages 10008000-10010000 hugetlb pfn=0x3000 huge large\n",
					      "vma 10000000-10010000 rw-p\n"
					      "pages 10000000-10004000 anon pfn=0x1000 huge -thp\n"
					      "pages 10004000-10008000 anon pfn=0x2000 huge -thp\n"
					      "pages 10008000-10010000 anon pfn=0x3004 huge large\n",
					      "vma 10000000-10010000 rw-p\n"
					      "pages 10000000-10004000 anon pfn=0x1001 huge large\n"
					      "pages 10004000-10008000 anon pfn=0x2000 huge large\n"
					      "pages 10008000-10010000 anon pfn=0x3004 huge large\n"};
	static const uint64_t frames[][4] = {
		{0x1000, 0x2000, 0x3000, 0x3004}, {0x1000, 0x2000, 0x3004, 0x3008}, {0x1001, 0x2000, 0x3004, 0x3008}};
	for (size_t kind = 0; kind < sizeof(several) / sizeof(*several); kind++) {
		struct fixture *fixture = fixture_new(4096, "process 100 S start=777 threads=1 p\n");
		fixture_add(fixture, several[kind]);
		struct scripted *k = kernel_on(fixture);
		struct pt_snapshot *s = scan_of(k);
		for (uint64_t i = 0; i < 16; i++) {
			struct pt_page page = pt_snapshot_page(s, 0x10000000 + i * 4096);
			assert_int_equal(page.pfn, frames[kind][i / 4] + i % 4);
			assert_true(page.bits & PT_HAS_FLAGS);
			assert_int_equal(page.count, 1);
		}
		pt_snapshot_unref(s);
		scripted_free(k);
		fixture_free(fixture);
	}
}

/*
 * Where nearly all is there the scan reads ahead instead of asking first. What it comes upon must be as if it had asked:
 * holes, zero pages, markers, and huge pages, which look like small ones that happen to follow each other.
 */
static void reading_ahead_finds_what_asking_would(void **arg)
{
	(void)arg;
	static const char text[] = "process 100 S start=1 dense\n"
				   "vma 10000000-18000000 rw-p\n"
				   "pages 10000000-13000000 anon pfn=0x10003\n"
				   "pages 13000000-13200000 anon pfn=0x20000\n" /* aligned, and mapped by the page */
				   "pages 13200000-13400000 anon pfn=0x30000 huge large\n"
				   "page 13400000 zero pfn=0x99\n"
				   "swap 13401000 type=0 offset=5\n"
				   "marker 13402000 guard\n"
				   "pages 13500000-15000000 anon pfn=0x40005 count=2\n"
				   "page 17000000 anon pfn=0x50001\n"
				   "vma 18000000-19000000 rw-s /anon_hugepage (deleted)\n"
				   "pages 18000000-18200000 hugetlb pfn=0x60000 huge large\n";
	struct fixture *fixture = fixture_new(4096, text);
	struct scripted *k = kernel_on(fixture);
	struct pt_snapshot *s = scan_of(k);
	assert_equals_smaps(k, s);
	assert_int_equal(pt_snapshot_page(s, 0x12345000).pfn, 0x12348);
	assert_int_equal(pt_snapshot_page(s, 0x12345000).bits & PT_PMD, 0);
	assert_int_equal(pt_snapshot_page(s, 0x13001000).bits & PT_PMD, 0);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_THP).value, 0x200000);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_ZERO).value, 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_SWAP).value, 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_GUARD).value, 4096);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_SHARED).value, 0x1b00000);
	assert_int_equal(pt_snapshot_bytes(s, 0, PT_SUM_RSS).value, 0x13400000 - 0x10000000 + 0x1b00000 + 4096);
	assert_int_equal(pt_snapshot_bytes(s, 1, PT_SUM_HUGETLB).value, 0x200000);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

static void a_huge_reservation_costs_what_was_touched(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 reserved\n"
						    "vma 100000000000-110000000000 rw-p\n"
						    "page 100000000000 anon pfn=0x100\n"
						    "page 104000000000 anon pfn=0x101\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_snapshot *s = scan_of(k);
	assert_int_equal(s->n_slots, 2);
	assert_int_equal(s->total.n[PT_N_RSS], 2);
	assert_in_range(k->preads + k->ioctls, 1, 400);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

static void addresses_of_five_level_tables_work(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 la57\n"
						    "vma 10000000-10001000 rw-p\n"
						    "page 10000000 anon pfn=0x100\n"
						    "vma ff000000000000-ff000000010000 rw-p\n"
						    "page ff000000003000 anon pfn=0x101\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_snapshot *s = scan_of(k);
	assert_int_equal(pt_snapshot_page(s, 0xff000000003000).pfn, 0x101);
	assert_int_equal(s->total.n[PT_N_RSS], 2);
	pt_snapshot_unref(s);
	scripted_free(k);
	fixture_free(fixture);
}

/* More regions than one call of PAGEMAP_SCAN hands out, alike over VMA borders, and rounds that end early. */
static void many_regions_over_many_vmas_are_all_found_once(void **arg)
{
	(void)arg;
	enum { VMAS = 3000 };
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 many\n");
	char *text = malloc(VMAS * 120), *at = text;
	for (unsigned i = 0; i < VMAS; i++) {
		unsigned start = 0x10000000 + i * 0x2000;
		at += sprintf(at, "vma %x-%x %s\npage %x %s pfn=%u\n", start, start + 0x2000, i & 1 ? "rw-p" : "r--p",
			      start + (i % 3 ? 0 : 0x1000), i & 2 ? "anon" : "zero", 0x1000 + i * 7 % 5000);
	}
	fixture_add(fixture, text);
	free(text);
	static const unsigned rounds[] = {512, 1, 7, 1024};
	for (size_t r = 0; r < 4; r++) {
		struct scripted *k = kernel_on(fixture);
		k->scan_round = rounds[r];
		struct pt_snapshot *s = scan_of(k);
		assert_int_equal(s->vmas->n, VMAS);
		assert_int_equal(s->total.n[PT_N_PRESENT], VMAS);
		assert_int_equal(s->total.n[PT_N_ZERO], VMAS / 2);
		pt_snapshot_unref(s);
		scripted_free(k);
	}
	fixture_free(fixture);
}

/* Frames far apart and in no order: batches grow, and every answer still comes to its page. */
static void frames_in_any_order_are_found(void **arg)
{
	(void)arg;
	enum { PAGES = 4001 };
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 scattered\nvma 10000000-11000000 rw-p\n");
	char *text = malloc(PAGES * 80), *at = text;
	for (unsigned i = 0; i < PAGES; i++)
		at += sprintf(at, "page %x anon pfn=%u count=%u\n", 0x10000000 + i * 4096,
			      0x100 + i * 7919 % PAGES * (i % 2 ? 17 : 19), i % 5 + 1);
	fixture_add(fixture, text);
	free(text);
	struct scripted *k = kernel_on(fixture);
	struct pt_scan *scan;
	assert_int_equal(pt_scan_open(&scan, &k->k, 100), 0);
	for (int frame = 0; frame < 3; frame++) {
		struct pt_snapshot *s;
		assert_int_equal(pt_scan_frame(scan, NULL, NULL, &s), 0);
		for (unsigned i = 0; i < PAGES; i++) {
			struct pt_page page = pt_snapshot_page(s, 0x10000000 + i * 4096);
			assert_int_equal(page.pfn, 0x100 + i * 7919 % PAGES * (i % 2 ? 17 : 19));
			assert_true(page.bits & PT_HAS_FLAGS && page.bits & PT_HAS_COUNT);
		}
		pt_snapshot_unref(s);
	}
	pt_scan_close(scan);
	scripted_free(k);
	fixture_free(fixture);
}

/* DAMON marks pages idle everywhere and all the time; that is stale as soon as it is read, and nothing shows it. */
static void idle_marks_do_not_make_a_page_another(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 idle\n"
						    "vma 10000000-10010000 rw-p\n"
						    "page 10000000 anon pfn=0x100\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_scan *scan;
	struct pt_snapshot *first, *second;
	assert_int_equal(pt_scan_open(&scan, &k->k, 100), 0);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &first), 0);
	fixture_add(fixture, "in 100\npage 10000000 anon pfn=0x100 +idle\n");
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &second), 0);
	assert_non_null(pt_snapshot_chunk(first, 0x10000000));
	assert_ptr_equal(pt_snapshot_chunk(first, 0x10000000), pt_snapshot_chunk(second, 0x10000000));
	pt_snapshot_unref(first);
	pt_snapshot_unref(second);
	pt_scan_close(scan);
	scripted_free(k);
	fixture_free(fixture);
}

static void unchanged_chunks_are_shared_between_frames(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 two chunks\n"
						    "vma 10000000-10010000 rw-p\n"
						    "page 10000000 anon pfn=0x100\n"
						    "page 10008000 anon pfn=0x101\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_scan *scan;
	struct pt_snapshot *first, *second;
	assert_int_equal(pt_scan_open(&scan, &k->k, 100), 0);
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &first), 0);
	fixture_add(fixture, "in 100\npage 10009000 anon pfn=0x102\n");
	assert_int_equal(pt_scan_frame(scan, NULL, NULL, &second), 0);
	assert_ptr_equal(first->vmas, second->vmas);
	assert_ptr_equal(pt_snapshot_chunk(first, 0x10000000), pt_snapshot_chunk(second, 0x10000000));
	assert_ptr_not_equal(pt_snapshot_chunk(first, 0x10008000), pt_snapshot_chunk(second, 0x10008000));
	pt_scan_close(scan);
	assert_int_equal(second->total.n[PT_N_RSS], 3); /* outlives the scan */
	pt_snapshot_unref(first);
	pt_snapshot_unref(second);
	scripted_free(k);
	fixture_free(fixture);
}

/* ---- stages ----------------------------------------------------------------------------------------------------- */

struct stages {
	unsigned n[PT_STAGE_COMPLETE + 1];
	uint64_t present; /* pages at the first stage */
	int stop_at;      /* -1: never */
};

static int note_stage(void *arg, struct pt_snapshot *s)
{
	struct stages *stages = arg;
	if (s->stage == PT_STAGE_PRESENCE)
		stages->present = s->total.n[PT_N_PRESENT];
	stages->n[s->stage]++;
	return (int)s->stage == stages->stop_at;
}

static void presence_comes_first_and_can_be_stopped(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(65536, everything);
	struct scripted *k = kernel_on(fixture);
	k->tick = 100000000; /* a slow machine: something to show after every batch */
	struct pt_scan *scan;
	struct pt_snapshot *s = NULL;
	struct stages stages = {.stop_at = PT_STAGE_PRESENCE};
	assert_int_equal(pt_scan_open(&scan, &k->k, 100), 0);
	assert_int_equal(pt_scan_frame(scan, note_stage, &stages, &s), -ECANCELED);
	assert_null(s);
	stages = (struct stages){.stop_at = -1};
	assert_int_equal(pt_scan_frame(scan, note_stage, &stages, &s), 0);
	assert_int_equal(stages.n[PT_STAGE_PRESENCE], 1);
	assert_int_equal(stages.present, s->total.n[PT_N_PRESENT]);
	pt_snapshot_unref(s);
	stages = (struct stages){.stop_at = -1};
	assert_int_equal(pt_scan_frame(scan, note_stage, &stages, &s), 0);
	assert_int_equal(stages.n[PT_STAGE_PRESENCE], 0); /* only the first frame has nothing better to show */
	pt_snapshot_unref(s);
	pt_scan_close(scan);
	scripted_free(k);
	fixture_free(fixture);
}

/* ---- targets that do not hold still ----------------------------------------------------------------------------- */

struct change {
	struct fixture *fixture;
	const char *text; /* NULL: the process ends */
};

static void apply(void *arg)
{
	struct change *change = arg;
	if (change->text)
		fixture_add(change->fixture, change->text);
	else
		fixture_end(change->fixture, 100);
}

/* Runs one frame with the change before call number `call` of it; returns pt_scan_frame's result. */
static int frame_with_change(const char *text, unsigned long call, bool dead_is_done, struct pt_snapshot **ret,
			     unsigned long *ret_calls)
{
	struct fixture *fixture = fixture_new(4096, everything);
	struct scripted *k = kernel_on(fixture);
	struct change change = {fixture, text};
	struct pt_scan *scan;
	k->dead_scan_is_done = dead_is_done;
	assert_int_equal(pt_scan_open(&scan, &k->k, 100), 0);
	k->hook = apply;
	k->hook_arg = &change;
	unsigned long before = k->calls;
	k->hook_call = before + call;
	int error = pt_scan_frame(scan, NULL, NULL, ret);
	*ret_calls = k->calls - before;
	pt_scan_close(scan);
	scripted_free(k);
	fixture_free(fixture);
	return error;
}

/* For a change at each moment of a frame. check() sees what came of it. */
static void at_every_moment(const char *text, void (*check)(int error, const struct pt_snapshot *s))
{
	unsigned long most, calls;
	struct pt_snapshot *undisturbed = NULL;
	assert_int_equal(frame_with_change(text, ULONG_MAX / 2, false, &undisturbed, &most), 0);
	pt_snapshot_unref(undisturbed);
	assert_in_range(most, 10, 100000);
	for (unsigned long call = 1; call <= most; call++)
		for (int dead_is_done = 0; dead_is_done < 2; dead_is_done++) {
			struct pt_snapshot *s = NULL;
			int error = frame_with_change(text, call, dead_is_done, &s, &calls);
			check(error, s);
			pt_snapshot_unref(s);
		}
}

/* Either the frame was over before, or the end is told: never half a process. */
static void check_end(int error, const struct pt_snapshot *s)
{
	if (error)
		assert_int_equal(error, -ESRCH);
	else
		assert_int_equal(s->total.n[PT_N_RSS], 0x50 + 3 + 1 + 0x40 + 1 + 0x40 + 1);
}

static void a_target_that_ends_is_whole_or_gone(void **arg)
{
	(void)arg;
	at_every_moment(NULL, check_end);
}

static void check_exec(int error, const struct pt_snapshot *s)
{
	assert_int_equal(error, 0);
	if (s->process.image == 0) {
		check_end(0, s);
		return;
	}
	assert_int_equal(s->process.image, 1);
	assert_string_equal(s->process.name, "after exec");
	assert_int_equal(s->vmas->n, 1);
	assert_int_equal(s->total.n[PT_N_RSS], 1);
}

static void an_exec_is_followed_at_any_moment(void **arg)
{
	(void)arg;
	at_every_moment(
		"process 100 S start=777 after exec\nvma 30000000-30010000 rw-p\npage 30000000 anon pfn=0x9000\n",
		check_exec);
}

/* Another stack, and the old memory still there: it execed, and others share what it left. */
static void another_stack_is_an_exec(void **arg)
{
	(void)arg;
	static const char stat[] =
		"100 (p) S 1 100 100 0 -1 4194304 99 0 7 0 30 12 0 0 20 0 1 0 777 3133440 418 1 1 1 %d 0\n";
	static const int stacks[] = {5000, 5000, 0, 5000, 6000, 6000};
	static const unsigned images[] = {0, 0, 0, 0, 1, 1};
	struct fixture *fixture = fixture_new(65536, everything);
	struct scripted *k = kernel_on(fixture);
	struct pt_scan *scan = NULL;
	for (size_t i = 0; i < sizeof(stacks) / sizeof(*stacks); i++) {
		char text[256];
		struct pt_snapshot *s;
		snprintf(text, sizeof(text), stat, stacks[i]);
		fixture_write(fixture, "proc/100/stat", text);
		if (!scan)
			assert_int_equal(pt_scan_open(&scan, &k->k, 100), 0);
		assert_int_equal(pt_scan_frame(scan, NULL, NULL, &s), 0);
		assert_int_equal(s->process.image, images[i]);
		pt_snapshot_unref(s);
	}
	pt_scan_close(scan);
	scripted_free(k);
	fixture_free(fixture);
}

/* The main thread has ended, the process has not: another thread's folder shows the memory. */
static void a_thread_may_outlive_the_main_one(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 Z start=777 threads=3 main\n"
						    "process 101 X start=778 threads=3 gone\n"
						    "process 102 S start=779 threads=3 worker\n"
						    "vma 10000000-10010000 rw-p\n"
						    "pages 10000000-10004000 anon pfn=0x1000\n");
	struct scripted *k = kernel_on(fixture);
	fixture_write(fixture, "proc/100/task/101/comm", "");
	fixture_write(fixture, "proc/100/task/102/comm", "");
	struct pt_snapshot *s = scan_of(k);
	assert_int_equal(s->process.pid, 100);
	assert_string_equal(s->process.name, "main");
	assert_int_equal(s->process.start_time, 777);
	assert_int_equal(s->total.n[PT_N_RSS], 4);
	pt_snapshot_unref(s);
	fixture_end(fixture, 102);
	assert_int_equal(pt_scan_once(&k->k, 100, 1, &s), -ESRCH);
	scripted_free(k);
	fixture_free(fixture);
}

static void check_reuse(int error, const struct pt_snapshot *s)
{
	check_end(error, s);
}

static void a_reused_pid_is_not_the_target(void **arg)
{
	(void)arg;
	at_every_moment("process 100 S start=999 stranger\nvma 30000000-30010000 rw-p\npage 30000000 anon pfn=0x9000\n",
			check_reuse);
}

static void check_vmas_changed(int error, const struct pt_snapshot *s)
{
	assert_int_equal(error, 0);
	for (size_t i = 0; i < s->vmas->n; i++) {
		uint64_t size = (s->vmas->v[i].end - s->vmas->v[i].start) >> 12;
		assert_in_range(pt_snapshot_sums(s, i)->n[PT_N_PRESENT], 0, size);
	}
}

static void vmas_may_change_at_any_moment(void **arg)
{
	(void)arg;
	at_every_moment("in 100\nunmap 10010000-10030000\nvma 30000000-30010000 rw-p\npage 30000000 anon pfn=0x9000\n",
			check_vmas_changed);
}

/* ---- failures --------------------------------------------------------------------------------------------------- */

/* Whatever call fails, with whatever error, a frame is either right or an error; nothing leaks (scripted_free and the
 * sanitizer see to that). */
static void every_call_may_fail_once(void **arg)
{
	(void)arg;
	static const int errors[] = {-EIO, -EACCES, -ENOMEM, -ESRCH, -EINTR};
	for (size_t e = 0; e < sizeof(errors) / sizeof(*errors); e++) {
		unsigned long calls = 1;
		for (unsigned long n = 1; n <= calls; n++) {
			struct fixture *fixture = fixture_new(65536, everything);
			struct scripted *k = kernel_on(fixture);
			struct pt_snapshot *s = NULL;
			k->fail_call = n;
			k->fail_error = errors[e];
			int error = pt_scan_once(&k->k, 100, 1, &s);
			assert_true(error ? s == NULL : s->vmas->n == 5);
			calls = k->calls > calls ? k->calls : calls;
			pt_snapshot_unref(s);
			scripted_free(k);
			fixture_free(fixture);
		}
	}
}

static void a_short_read_never_invents_pages(void **arg)
{
	(void)arg;
	unsigned long calls = 1;
	for (unsigned long n = 1; n <= calls; n++) {
		struct fixture *fixture = fixture_new(65536, everything);
		struct scripted *k = kernel_on(fixture);
		struct pt_snapshot *s = NULL;
		k->short_call = n;
		if (pt_scan_once(&k->k, 100, 1, &s) == 0)
			assert_in_range(s->total.n[PT_N_PRESENT], 0, 0x10 + 8 + 8);
		calls = k->calls > calls ? k->calls : calls;
		pt_snapshot_unref(s);
		scripted_free(k);
		fixture_free(fixture);
	}
}

static void what_cannot_be_a_target_says_why(void **arg)
{
	(void)arg;
	struct fixture *fixture = fixture_new(4096, "process 100 S start=1 alive\nvma 10000000-10001000 rw-p\n"
						    "process 200 Z start=2 zombie\n");
	struct scripted *k = kernel_on(fixture);
	struct pt_scan *scan = NULL;
	assert_int_equal(pt_scan_open(&scan, &k->k, 4711), -ESRCH);
	assert_int_equal(pt_scan_open(&scan, &k->k, 200), -ESRCH);
	assert_null(scan);
	scripted_free(k);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_equal_smaps_for_every_page_size),
		cmocka_unit_test(every_kind_is_told_with_and_without_pagemap_scan),
		cmocka_unit_test(without_pfns_the_rest_is_unknown_not_zero),
		cmocka_unit_test(zero_pages_that_nothing_tells_leave_sums_unknown),
		cmocka_unit_test(a_migrating_page_is_in_rss),
		cmocka_unit_test(exclusive_tells_of_a_huge_pages_first_page_only),
		cmocka_unit_test(huge_pages_that_are_several_are_read_one_by_one),
		cmocka_unit_test(reading_ahead_finds_what_asking_would),
		cmocka_unit_test(a_huge_reservation_costs_what_was_touched),
		cmocka_unit_test(addresses_of_five_level_tables_work),
		cmocka_unit_test(many_regions_over_many_vmas_are_all_found_once),
		cmocka_unit_test(frames_in_any_order_are_found),
		cmocka_unit_test(unchanged_chunks_are_shared_between_frames),
		cmocka_unit_test(idle_marks_do_not_make_a_page_another),
		cmocka_unit_test(presence_comes_first_and_can_be_stopped),
		cmocka_unit_test(a_target_that_ends_is_whole_or_gone),
		cmocka_unit_test(an_exec_is_followed_at_any_moment),
		cmocka_unit_test(another_stack_is_an_exec),
		cmocka_unit_test(a_thread_may_outlive_the_main_one),
		cmocka_unit_test(a_reused_pid_is_not_the_target),
		cmocka_unit_test(vmas_may_change_at_any_moment),
		cmocka_unit_test(every_call_may_fail_once),
		cmocka_unit_test(a_short_read_never_invents_pages),
		cmocka_unit_test(what_cannot_be_a_target_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
