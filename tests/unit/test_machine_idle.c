/*
 * Frames marked idle, on a made-up machine: which bits the kernel is given, which words it is asked for, and what counts
 * as marked.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine/idle.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

#define BITMAP "sys/kernel/mm/page_idle/bitmap"
#define WORDS  2048u /* of the bitmap */

static const char memory[] = "process 100 S p\n"
			     "vma 40000000-40100000 rw-p\n"
			     "pages 40000000-40004000 anon pfn=1000 +idle +locked\n"
			     "pages 40004000-40006000 anon pfn=90000\n"
			     "pages 40008000-4000a000 anon pfn=90000 count=2\n" /* merged: the same frames once more */
			     "swap 40006000-40007000 type=0 offset=5\n";

static struct fixture *fixture;
static struct scripted *k;
static size_t n_asked; /* bytes of the bitmap that were read */

static void note(const char *path, void *buf, size_t size)
{
	(void)buf;
	if (strstr(path, BITMAP))
		n_asked += size;
}

static int set_up(void **state)
{
	static const uint64_t none[WORDS];
	(void)state;
	fixture = fixture_new(4096, memory);
	fixture_write_bytes(fixture, BITMAP, none, sizeof(none));
	k = scripted_new(fixture_kernel(fixture));
	k->edit = note;
	n_asked = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scripted_free(k);
	fixture_free(fixture);
	return 0;
}

static uint64_t bitmap_word(uint64_t pfn)
{
	uint64_t word = 0;
	int fd = k->k.ops->open(&k->k, BITMAP, 0);
	assert_int_equal(k->k.ops->pread(&k->k, fd, &word, sizeof(word), pfn / 64 * 8), sizeof(word));
	k->k.ops->close(&k->k, fd);
	return word;
}

static void frames_of_a_process_are_marked(void **state)
{
	(void)state;
	const struct pt_types_request request = {.pid = 100};
	struct pt_idle idle = {0};
	assert_int_equal(pt_idle_check(&k->k), 0);
	assert_int_equal(pt_idle_add(&k->k, &request, &idle, NULL), 0);
	assert_int_equal(idle.frames, 6);
	assert_int_equal(pt_idle_mark(&k->k, &idle), 0);
	assert_int_equal(bitmap_word(1000), 0xfull << 1000 % 64);
	assert_int_equal(bitmap_word(90000), 3ull << 90000 % 64);
	assert_int_equal(bitmap_word(999 - 64), 0);
	pt_idle_free(&idle);
}

static void marks_of_others_stay(void **state)
{
	(void)state;
	const struct pt_types_request request = {
		.pid = 100, .ranges = &(struct pt_stretch){0x40001, 0x40002}, .n_ranges = 1};
	struct pt_idle idle = {0};
	uint64_t other = 1ull << 1003 % 64;
	assert_int_equal(k->k.ops->mark_idle(&k->k, 1003 / 64, &other, 1), 0);
	assert_int_equal(pt_idle_add(&k->k, &request, &idle, NULL), 0);
	assert_int_equal(idle.frames, 1);
	assert_int_equal(pt_idle_mark(&k->k, &idle), 0);
	assert_int_equal(bitmap_word(1003), other | 1ull << 1001 % 64);
	pt_idle_free(&idle);
}

/* Asking costs the kernel a look at every page table that has the page: so no others are asked for. */
static void marks_are_asked_for_where_frames_are(void **state)
{
	(void)state;
	const struct pt_types_request request = {.pid = 100};
	struct pt_idle idle = {0};
	assert_int_equal(pt_idle_add(&k->k, &request, &idle, NULL), 0);
	n_asked = 0;
	assert_int_equal(pt_idle_ask(&k->k, &idle), 0);
	assert_in_range(n_asked, 2 * 8, 1024 * 8);
	pt_idle_free(&idle);
	n_asked = 0;
	assert_int_equal(pt_idle_ask(&k->k, &idle), 0);
	assert_int_equal(n_asked, 0);
}

static void what_is_marked_is_counted_by_flags(void **state)
{
	(void)state;
	const struct pt_types_request process = {.pid = 100}, machine = {0};
	struct pt_idle idle = {0};
	uint64_t marked = 77;
	assert_int_equal(pt_idle_add(&k->k, &process, &idle, NULL), 0);
	assert_int_equal(pt_idle_count(&k->k, &idle, &marked), 0);
	assert_int_equal(marked, 4);
	assert_int_equal(pt_idle_add(&k->k, &machine, &idle, NULL),
			 0); /* of the machine no frame is new that is there */
	assert_true(idle.frames > 90000);
	assert_int_equal(pt_idle_count(&k->k, &idle, &marked), 0);
	assert_int_equal(marked, 4);
	pt_idle_free(&idle);
}

static void kernels_without_it_are_told(void **state)
{
	(void)state;
	struct pt_idle none = {0};
	fixture_remove(fixture, BITMAP);
	assert_int_equal(pt_idle_check(&k->k), -EOPNOTSUPP);
	assert_int_equal(pt_idle_ask(&k->k, &none), -EOPNOTSUPP);
	k->deny = BITMAP;
	k->deny_error = -EACCES;
	assert_int_equal(pt_idle_check(&k->k), -EACCES);
}

/* A call of the kernel fails: that is told, and nothing leaks. */
static void any_call_may_fail(void **state)
{
	const struct pt_types_request request = {.pid = 100};
	unsigned long calls = 1;
	bool all_well = false;
	for (unsigned long call = 1; call <= calls; call++) {
		struct pt_idle idle = {0};
		uint64_t marked = 77;
		k->calls = 0;
		k->fail_call = call;
		k->fail_error = -EIO;
		int r = pt_idle_add(&k->k, &request, &idle, NULL);
		unsigned long added = k->calls;
		r = r ? r : pt_idle_mark(&k->k, &idle);
		r = r ? r : pt_idle_ask(&k->k, &idle);
		r = r ? r : pt_idle_count(&k->k, &idle, &marked);
		if (call > added) /* from then on every call matters */
			assert_int_equal(r == 0, call > k->calls);
		assert_int_equal(marked == 77, r != 0);
		all_well = all_well || r == 0;
		calls = k->calls + (r != 0);
		assert_int_equal(k->open_fds, 0);
		pt_idle_free(&idle);
	}
	assert_true(all_well);
	(void)state;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(frames_of_a_process_are_marked),       TEST(marks_of_others_stay),
		TEST(marks_are_asked_for_where_frames_are), TEST(what_is_marked_is_counted_by_flags),
		TEST(kernels_without_it_are_told),          TEST(any_call_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
