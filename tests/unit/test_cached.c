/*
 * The cache of made-up files: what is known of each page, by frames and by counting; what is not known stays unknown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cache/cached.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define PAGES 40u
#define BASE  0x10000000u

/* Our own mapping of the file is one of each count. */
static const char text[] = "process 4242 S start=7 self\n"
			   "vma 10000000-10028000 r--s inode=9 /data\n"
			   "page 10000000 file pfn=0x1000 count=1 -dirty\n"
			   "page 10001000 file pfn=0x1007 count=3 +dirty +active\n"
			   "page 10002000 file pfn=0x1006 count=1 +writeback +referenced\n"
			   "pages 10004000-10008000 file pfn=0x1100 count=2 large\n"
			   "page 10012000 file pfn=0x1300 count=2\n";

static struct fixture *fixture;
static struct scripted *k;
static struct pt_cached_reader *reader;
static const struct scripted_file files[] = {{"data", BASE, {.dirty = 0, .evicted = 1, .recently_evicted = 1}}};

static void make(void)
{
	char link[256], bytes[PAGES * 4096 - 100] = "";
	fixture = fixture_new(4096, text);
	fixture_write_bytes(fixture, "data", bytes, sizeof(bytes));
	fixture_write_bytes(fixture, "empty", bytes, 0);
	snprintf(link, sizeof(link), "%s/proc/self", fixture_root(fixture));
	assert_int_equal(symlink("4242", link), 0);
	k = scripted_new(fixture_kernel(fixture));
	k->files = files;
	k->n_files = 1;
}

static int set_up(void **state)
{
	(void)state;
	make();
	return pt_cached_reader_new(&k->k, &reader);
}

static int tear_down(void **state)
{
	(void)state;
	pt_cached_reader_free(reader);
	scripted_free(k);
	fixture_free(fixture);
	return 0;
}

static const struct pt_step none = {0};

static int stop(void *arg)
{
	(void)arg;
	return -ECANCELED;
}

static struct pt_cached *look(const char *path)
{
	struct pt_cached *cached = NULL;
	assert_int_equal(pt_cached_read(reader, path, true, none, &cached), 0);
	return cached;
}

static void assert_sum(struct pt_maybe sum, uint64_t expected)
{
	assert_true(sum.known);
	assert_int_equal(sum.value, expected);
}

static void pages_have_their_facts(void **state)
{
	(void)state;
	struct pt_cached *c = look("data");
	const unsigned known = PT_CACHED_THERE | PT_CACHED_HAS_STATE | PT_CACHED_HAS_FLAGS | PT_CACHED_HAS_COUNT;
	struct pt_cached_page page = pt_cached_page(c, 0);

	assert_int_equal(page.pfn, 0x1000);
	assert_int_equal(page.bits & (known | PT_CACHED_MAPPED | PT_CACHED_DIRTY), known);
	page = pt_cached_page(c, 1);
	assert_int_equal(page.pfn, 0x1007);
	assert_int_equal(page.count, 2);
	assert_true(page.bits & PT_CACHED_DIRTY && page.bits & PT_CACHED_ACTIVE && page.bits & PT_CACHED_MAPPED);
	page = pt_cached_page(c, 2);
	assert_int_equal(page.pfn, 0x1006);
	assert_true(page.bits & PT_CACHED_WRITEBACK && page.bits & PT_CACHED_REFERENCED);
	assert_false(page.bits & (PT_CACHED_ACTIVE | PT_CACHED_MAPPED));
	page = pt_cached_page(c, 3);
	assert_int_equal(page.bits, PT_CACHED_EVICTED);
	assert_true(pt_cached_page(c, 7).bits & PT_CACHED_LARGE);
	assert_int_equal(pt_cached_page(c, PAGES).bits, 0); /* past its end */
	pt_cached_free(c);
}

static void sums_add_up(void **state)
{
	(void)state;
	struct pt_cached *c = look("data");

	assert_int_equal(c->sum.pages, PAGES);
	assert_int_equal(c->sum.bytes, PAGES * 4096 - 100);
	assert_sum(c->sum.cached, 8);
	assert_sum(c->sum.dirty, 1);
	assert_sum(c->sum.writeback, 1);
	assert_sum(c->sum.active, 1);
	assert_sum(c->sum.referenced, 1);
	assert_sum(c->sum.large, 4);
	assert_sum(c->sum.mapped, 6);
	assert_sum(c->sum.evicted, PAGES - 8);
	assert_sum(c->sum.recent, PAGES - 8);
	struct pt_cached_share share = pt_cached_share(c, PT_CACHED_MAPPED, 0, 6);
	assert_int_equal(share.pages, 6);
	assert_int_equal(share.hits, 3);
	assert_int_equal(share.unknown, 0);
	assert_int_equal(pt_cached_share(c, PT_CACHED_THERE, 6, UINT64_MAX).hits, 3);
	assert_int_equal(pt_cached_share(c, PT_CACHED_EVICTED, 30, 100).pages, PAGES - 30);
	struct pt_cached_sum both = c->sum;
	pt_cached_add(&both, &c->sum);
	assert_sum(both.mapped, 12);
	pt_cached_free(c);
}

static void sums_need_no_pages(void **state)
{
	(void)state;
	struct pt_cached *c, *whole = look("data");
	assert_int_equal(pt_cached_read(reader, "data", false, none, &c), 0);
	assert_null(c->window);
	assert_int_equal(pt_cached_page(c, 0).bits, 0);
	assert_memory_equal(&c->sum, &whole->sum, sizeof(c->sum));
	pt_cached_free(c);
	pt_cached_free(whole);
	c = look("empty");
	assert_sum(c->sum.cached, 0);
	assert_sum(c->sum.active, 0);
	pt_cached_free(c);
}

/* Of another's file cachestat tells how many; not who maps them, nor which are active. */
static void anothers_file_is_counted(void **state)
{
	(void)state;
	k->no_noatime = true;
	struct pt_cached *c = look("data");
	assert_true(c->counted);
	assert_sum(c->sum.cached, 8);
	assert_sum(c->sum.dirty, 0);
	assert_sum(c->sum.evicted, PAGES - 8);
	assert_false(c->sum.active.known);
	assert_false(c->sum.mapped.known);
	assert_int_equal(pt_cached_page(c, 4).bits, PT_CACHED_THERE | PT_CACHED_HAS_STATE);
	assert_int_equal(pt_cached_page(c, 8).bits, PT_CACHED_EVICTED);
	assert_int_equal(pt_cached_share(c, PT_CACHED_ACTIVE, 0, PAGES).unknown, 8);
	pt_cached_free(c);
	k->no_cachestat = true;
	assert_int_equal(pt_cached_read(reader, "data", true, none, &c), -EPERM);
}

/* Before 6.5 nothing is known of what was evicted, and without kpageflags nothing of dirty pages. */
static void an_old_kernel_knows_less(void **state)
{
	(void)state;
	k->no_cachestat = true;
	struct pt_cached *c = look("data");
	assert_sum(c->sum.cached, 8);
	assert_sum(c->sum.mapped, 6);
	assert_false(c->sum.evicted.known);
	pt_cached_free(c);
	pt_cached_reader_free(reader);
	k->deny = "proc/kpage";
	k->deny_error = -EACCES;
	assert_int_equal(pt_cached_reader_new(&k->k, &reader), 0);
	c = look("data");
	assert_sum(c->sum.cached, 8);
	assert_false(c->sum.dirty.known);
	assert_false(c->sum.mapped.known);
	pt_cached_free(c);
	k->no_cachestat = false;
	c = look("data");
	assert_sum(c->sum.dirty, 0);
	assert_false(c->sum.mapped.known);
	pt_cached_free(c);
}

static void generations_hide_the_active(void **state)
{
	(void)state;
	pt_cached_reader_free(reader);
	fixture_write(fixture, "sys/kernel/mm/lru_gen/enabled", "0x0007\n");
	assert_int_equal(pt_cached_reader_new(&k->k, &reader), 0);
	struct pt_cached *c = look("data");
	assert_true(c->no_active);
	assert_false(c->sum.active.known);
	assert_sum(c->sum.referenced, 1);
	assert_int_equal(pt_cached_share(c, PT_CACHED_ACTIVE, 0, 3).unknown, 3);
	pt_cached_free(c);
}

/* The second look at the entries finds other frames. */
static void move_frames(const char *path, void *buf, size_t size)
{
	static unsigned looks;
	uint64_t *entries = buf;
	if (!strstr(path, "self/pagemap") || ++looks % 2)
		return;
	for (size_t i = 0; i < size / 8; i++)
		entries[i] += entries[i] ? 0x100 : 0;
}

static void what_moved_meanwhile_is_unknown(void **state)
{
	(void)state;
	k->edit = move_frames;
	struct pt_cached *c = look("data");
	assert_int_equal(c->sum.raced, 8);
	assert_sum(c->sum.cached, 8);
	assert_int_equal(pt_cached_page(c, 1).bits & ~(unsigned)(PT_CACHED_HAS_STATE), PT_CACHED_THERE);
	assert_int_equal(pt_cached_page(c, 1).pfn, 0);
	pt_cached_free(c);
}

static void what_is_no_file_is_said(void **state)
{
	(void)state;
	struct pt_cached *c;
	const struct pt_step cancel = {stop, NULL};
	assert_int_equal(pt_cached_read(reader, "proc", true, none, &c), -EISDIR);
	assert_int_equal(pt_cached_read(reader, "nowhere", true, none, &c), -ENOENT);
	assert_int_equal(pt_cached_read(reader, "data", true, cancel, &c), -ECANCELED);
	pt_cached_free(NULL);
}

/* Whatever fails, there is an error or a picture without what failed, and nothing is left open. */
static void every_call_may_fail(void **state)
{
	(void)state;
	k->calls = 0;
	pt_cached_free(look("data"));
	const unsigned long calls = k->calls;
	for (unsigned long n = 1; n <= calls; n++) {
		struct pt_cached *c = NULL;
		unsigned open = k->open_fds;
		k->calls = 0;
		k->fail_call = n;
		k->fail_error = -EIO;
		int r = pt_cached_read(reader, "data", true, none, &c);
		assert_true(r == 0 || r == -EIO || r == -EPERM);
		assert_int_equal(k->open_fds, open);
		if (!r)
			assert_sum(c->sum.cached, 8);
		pt_cached_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_have_their_facts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sums_add_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sums_need_no_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(anothers_file_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_old_kernel_knows_less, set_up, tear_down),
		cmocka_unit_test_setup_teardown(generations_hide_the_active, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_moved_meanwhile_is_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_call_may_fail, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
