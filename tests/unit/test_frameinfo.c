/*
 * Facts of one frame on a made-up machine: free blocks, pageblocks, page_owner's records, the file of a page, and what is
 * said of owners.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine/frameinfo.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char world[] = "process 100 S start=5 mapper\n"
			    "vma 10000-20000 rw-p\n"
			    "page 10000 anon pfn=0x200\n"
			    "vma 700000-710000 r--s offset=0x3000 inode=9 /a file\n"
			    "pages 700000-704000 file pfn=0x300\n"
			    "frame 0x400-0x405 count=0 +buddy\n"
			    "frame 0x408-0x410 count=0 +buddy\n"
			    "frame 0x800-0x1000 count=0 +buddy\n";

static const char record[] =
	"Page allocated via order 2, mask 0x140dca(GFP_HIGHUSER_MOVABLE), pid 7, tgid 7 (e\033vil), ts 5 ns\n"
	"PFN 0x200 type Movable Block 1 type Reclaimable Flags 0x2(lru)\n"
	" get_page_from_freelist+0x1/0x2\n"
	" do_anonymous_page+0x3/0x4\n\n"
	"Page allocated via order 0, mask 0x0, pid 8, tgid 8 (b), ts 6 ns\n"
	"PFN 0x204 type Unmovable Block 1 type Movable Flags 0x0()\n\n";

static struct fixture *fixture;
static struct scripted *s;
static struct pt_signals signals;
static struct pt_frame_info info;

static int set_up(void **state)
{
	(void)state;
	fixture = fixture_new(4096, world);
	s = scripted_new(fixture_kernel(fixture));
	fixture_write(fixture, "proc/buddyinfo",
		      "Node 0, zone      DMA      1      0      1      0      0      0      0 "
		      "     0      0      1      1 \n");
	fixture_write(fixture, "proc/pagetypeinfo", "Page block order: 9\nPages per block:  512\n");
	pt_probe_signals(&s->k, 100, &signals);
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	scripted_free(s);
	fixture_free(fixture);
	return 0;
}

static void look(uint64_t pfn)
{
	pt_frame_read(&s->k, pfn, &signals, &info);
}

static void expect_free(uint64_t pfn, uint64_t order)
{
	look(pfn);
	assert_int_equal(info.kind, PT_FRAME_FREE);
	assert_true(info.free_order.known);
	assert_int_equal(info.free_order.value, order);
}

static void free_blocks_are_the_largest_aligned_ones(void **state)
{
	(void)state;
	expect_free(0x400, 2);
	expect_free(0x403, 2);
	expect_free(0x404, 0);
	expect_free(0x408, 3);
	expect_free(0x40f, 3);
	expect_free(0x800, 10); /* no block is larger than the allocator has */
	expect_free(0xfff, 10);
	look(0x200);
	assert_false(info.free_order.known);
	fixture_remove(fixture, "proc/buddyinfo");
	look(0x400);
	assert_false(info.free_order.known);
}

static void kinds_and_pageblocks(void **state)
{
	char text[256];
	(void)state;
	look(0x200);
	assert_true(info.exists);
	assert_int_equal(info.kind, PT_FRAME_ANON);
	assert_int_equal(info.block_order.value, 9);
	assert_string_equal(pt_frame_headline(&info, text, sizeof text),
			    "This frame is anonymous memory of processes. It is mapped once.");
	look(0x10000000);
	assert_false(info.exists);
	assert_string_equal(pt_frame_headline(&info, text, sizeof text), "There is no such frame.");
	fixture_remove(fixture, "proc/pagetypeinfo");
	look(0x200);
	assert_false(info.block_order.known);
}

/* Frames without flags: the kernel's own, or none at all. Blocks of 256 frames: 9 is not there, 10 is off. */
static void holes_are_known_by_where_memory_is(void **state)
{
	(void)state;
	fixture_write(fixture, "proc/zoneinfo",
		      "Node 0, zone      DMA\n        spanned  4095\n  start_pfn:           1\n");
	fixture_write(fixture, "sys/devices/system/memory/block_size_bytes", "100000\n");
	for (int i = 0; i < 16; i++) {
		char path[80];
		snprintf(path, sizeof path, "sys/devices/system/memory/memory%d/state", i);
		if (i != 9)
			fixture_write(fixture, path, i == 10 ? "offline\n" : "online\n");
	}
	const struct {
		uint64_t pfn;
		enum pt_frame kind;
		bool exists;
	} cases[] = {{0x500, PT_FRAME_OTHER, true},
		     {0x7ff, PT_FRAME_OTHER, true},
		     {0x800, PT_FRAME_FREE, true},
		     {0x200, PT_FRAME_ANON, true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		look(cases[i].pfn);
		assert_int_equal(info.kind, cases[i].kind);
		assert_int_equal(info.exists, cases[i].exists);
	}
	fixture_add(fixture, "frame 0x1000-0x1001 count=0 +buddy\nframe 0x900-0xb00 count=0\n");
	look(0x900);
	assert_int_equal(info.kind, PT_FRAME_HOLE);
	assert_false(info.exists);
	look(0xa80);
	assert_int_equal(info.kind, PT_FRAME_OFFLINE);
	assert_true(info.exists);
	fixture_remove(fixture, "proc/zoneinfo"); /* then nobody knows */
	look(0x900);
	assert_int_equal(info.kind, PT_FRAME_OTHER);
}

static bool has_row(const char *name, const char *value)
{
	static struct pt_fact_list list;
	pt_frame_list(&info, &list);
	for (size_t i = 0; i < list.n; i++)
		if (!strcmp(list.v[i].name, name) && strstr(list.v[i].value, value))
			return true;
	return false;
}

static void the_record_of_an_allocation(void **state)
{
	(void)state;
	for (uint64_t pfn = 0x200; pfn < 0x204; pfn++) {
		info = (struct pt_frame_info){0};
		assert_true(pt_frame_parse_record(record, strlen(record), pfn, &info));
		assert_string_equal(info.migrate_type, "Reclaimable"); /* of the block, not of the page */
		assert_non_null(strstr(info.record, "do_anonymous_page"));
		assert_null(strstr(info.record, "0x204"));
	}
	info = (struct pt_frame_info){0};
	assert_false(pt_frame_parse_record(record, strlen(record), 0x1ff, &info));
	assert_false(pt_frame_parse_record(record, strlen(record), 0x204, &info)); /* is the second's */
	assert_string_equal(info.record, "");
}

static void damaged_records(void **state)
{
	(void)state;
	for (size_t n = 0; n < 140; n++) { /* up to within the second line */
		char *part = malloc(n + 1);
		assert_non_null(part);
		memcpy(part, record, n);
		info = (struct pt_frame_info){0};
		bool whole = pt_frame_parse_record(part, n, 0x200, &info);
		assert_true(!whole || strstr(info.record, "PFN 0x200"));
		free(part);
	}
	assert_false(pt_frame_parse_record("Page allocated via order 99\nPFN 1\n\n", 36, 1, &info));
	assert_false(pt_frame_parse_record("Page allocated via order 0\0\nPFN 1\n\n", 35, 1, &info));
	assert_false(pt_frame_parse_record("Page allocated via order x\nPFN y\n\n", 34, 1, &info));
}

/* Positions in the file are PFNs: the made-up one has the record at the byte of its first frame, less what old kernels
 * add. */
static void write_records(uint64_t at)
{
	char *text = malloc(at + sizeof record);
	assert_non_null(text);
	memset(text, '\n', at);
	memcpy(text + at, record, sizeof record);
	fixture_write(fixture, "sys/kernel/debug/page_owner", text);
	free(text);
	pt_probe_signals(&s->k, 100, &signals);
}

static void records_are_found_by_frame(void **state)
{
	(void)state;
	for (uint64_t at = 0x1ff; at <= 0x200; at++) {
		write_records(at);
		look(0x203);
		assert_true(strstr(info.record, "PFN 0x200") != NULL);
		assert_string_equal(info.migrate_type, "Reclaimable");
		assert_true(has_row("page_owner", "tgid 7 (e\\x1bvil)")); /* names are hostile */
		assert_true(has_row("migrate type", "Reclaimable"));
	}
	look(0x300);
	assert_string_equal(info.record, "");
	assert_true(has_row("page_owner", "has no record of it"));
}

static void the_file_of_a_page(void **state)
{
	struct pt_owner owner = {.pid = 100, .address = 0x702000};
	struct pt_owners_answer owners = {.v = &owner, .n = 1};
	struct pt_frame_mapping file;
	(void)state;
	look(0x302);
	assert_true(pt_frame_file(&s->k, &info, &owners, &file));
	assert_string_equal(file.name, "/a file");
	assert_int_equal(file.offset, 0x5000);
	assert_int_equal(file.inode, 9);
	look(0x200); /* anonymous: copied from a file, it would be no page of it */
	assert_false(pt_frame_file(&s->k, &info, &owners, &file));
	assert_int_equal(pt_frame_mapping(&s->k, 100, 0x10000, &file), 0);
	assert_false(file.is_file);
	assert_int_equal(pt_frame_mapping(&s->k, 100, 0x30000, &file), -ESRCH);
}

static void expect_words(size_t n, uint64_t count, enum pt_owners_missing missing, const char *wanted)
{
	char text[160];
	struct pt_owners_answer answer = {.n = n, .count = count, .has_count = true, .missing = missing};
	assert_string_equal(pt_owners_words(&answer, text, sizeof text), wanted);
}

static void owners_in_words(void **state)
{
	(void)state;
	expect_words(0, 0, PT_OWNERS_ALL_FOUND, "");
	expect_words(1, 1, PT_OWNERS_ALL_FOUND, "its one mapping");
	expect_words(6, 6, PT_OWNERS_ALL_FOUND, "all 6 mappings");
	expect_words(2, 3, PT_OWNERS_NOT_PERMITTED, "2 of 3 mappings found: some processes may not be looked into");
	expect_words(0, 3, PT_OWNERS_CHANGED, "0 of 3 mappings found: the others came or went meanwhile");
	expect_words(4, 3, PT_OWNERS_ALL_FOUND,
		     "4 found, 3 counted: one went meanwhile, or processes share one memory");
}

#define scene(f) cmocka_unit_test_setup_teardown(f, set_up, take_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene(free_blocks_are_the_largest_aligned_ones),
		scene(kinds_and_pageblocks),
		scene(holes_are_known_by_where_memory_is),
		cmocka_unit_test(the_record_of_an_allocation),
		cmocka_unit_test(damaged_records),
		scene(records_are_found_by_frame),
		scene(the_file_of_a_page),
		cmocka_unit_test(owners_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
