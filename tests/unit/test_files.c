/*
 * Trees of files: what is counted, what once, and what is told to be left out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cache/files.h"
#include "core/kernel/abi.h"
#include "core/machine/types.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char text[] = "process 4242 S start=7 self\n"
			   "vma 10000000-10008000 r--s inode=9 /one\n"
			   "pages 10000000-10003000 file pfn=0x1000 count=1 +active\n"
			   "vma 20000000-20008000 r--s inode=10 /two\n"
			   "pages 20000000-20006000 file pfn=0x2000 count=2\n";

static struct fixture *fixture;
static struct scripted *k;
static const struct scripted_file files[] = {{.path = "tree/one", .address = 0x10000000},
					     {.path = "tree/sub/two", .address = 0x20000000}};

static const char *inside(const char *path)
{
	static char all[2][256];
	static unsigned turn;
	char *ret = all[turn++ % 2];
	snprintf(ret, sizeof(*all), "%s/%s", fixture_root(fixture), path);
	return ret;
}

static int set_up(void **state)
{
	static const char bytes[8 * 4096];
	(void)state;
	fixture = fixture_new(4096, text);
	fixture_write_bytes(fixture, "tree/one", bytes, sizeof(bytes));
	fixture_write_bytes(fixture, "tree/sub/two", bytes, sizeof(bytes));
	fixture_write_bytes(fixture, "tree/sub/empty", bytes, 0);
	assert_int_equal(link(inside("tree/one"), inside("tree/sub/another name")), 0);
	assert_int_equal(symlink("../sub", inside("tree/sub/round")), 0);
	assert_int_equal(mkfifo(inside("tree/pipe"), 0600), 0);
	assert_int_equal(symlink("4242", inside("proc/self")), 0);
	k = scripted_new(fixture_kernel(fixture));
	k->files = files;
	k->n_files = 2;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scripted_free(k);
	fixture_free(fixture);
	return 0;
}

static int read_tree(const char *path, const char *other, struct pt_files *ret)
{
	const char *paths[] = {path, other};
	struct pt_files_request request = {.paths = paths, .n = other ? 2 : 1};
	int r = pt_files_read(&k->k, &request, ret);
	pt_files_sort(ret);
	return r;
}

static void each_file_counts_once(void **state)
{
	(void)state;
	struct pt_files f;
	assert_int_equal(read_tree("tree", "tree/sub", &f), 0);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.v[0].path, "tree/sub/two");
	assert_int_equal(f.v[0].sum.cached.value, 6);
	assert_int_equal(f.v[1].sum.cached.value, 3);
	assert_int_equal(f.sum.cached.value, 9);
	assert_true(f.sum.mapped.known);
	assert_int_equal(f.sum.mapped.value, 6);
	assert_int_equal(f.files, 3);
	assert_int_equal(f.again, 4); /* the other name, and all of the folder that was given twice */
	assert_int_equal(f.special, 1);
	assert_int_equal(f.failed, 0);
	pt_files_free(&f);
}

static void what_is_given_is_told(void **state)
{
	(void)state;
	struct pt_files f;
	assert_int_equal(read_tree("tree/sub/empty", "nowhere", &f), 0);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.v[0].error, -ENOENT);
	assert_false(f.v[0].sum.cached.known);
	assert_int_equal(f.v[1].error, 0);
	assert_true(f.v[1].sum.cached.known);
	assert_int_equal(f.failed, 1);
	pt_files_free(&f);
	assert_int_equal(read_tree("tree/sub/round", NULL, &f), 0); /* a link that was given is followed */
	assert_int_equal(f.folders, 1);
	assert_int_equal(f.files, 3);
	pt_files_free(&f);
}

static void what_cannot_be_read_is_a_gap(void **state)
{
	(void)state;
	struct pt_files f;
	k->no_noatime = k->no_cachestat = true; /* another's files, and a kernel that does not tell */
	assert_int_equal(read_tree("tree", NULL, &f), 0);
	assert_int_equal(f.failed, 2);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.v[0].error, -EPERM);
	pt_files_free(&f);
}

struct taken {
	uint64_t files, pages, pfns, flags; /* flags: pages of which they are known */
	uint64_t stop_at;                   /* of files */
};

static int take(void *arg, const char *path, struct pt_cached *cached)
{
	struct taken *taken = arg;
	assert_non_null(strstr(path, "tree/"));
	taken->files++;
	for (uint64_t i = 0; i < cached->sum.pages; i++) {
		struct pt_cached_page page = pt_cached_page(cached, i);
		taken->pages += (page.bits & PT_CACHED_THERE) != 0;
		taken->pfns += page.pfn;
		taken->flags += (page.bits & (PT_CACHED_HAS_FLAGS | PT_CACHED_HAS_COUNT)) != 0;
	}
	pt_cached_free(cached);
	return taken->files == taken->stop_at ? 42 : 0;
}

static void pages_of_each_file_are_handed_on(void **state)
{
	(void)state;
	struct pt_files f;
	struct taken taken = {.stop_at = 0};
	const char *paths[] = {"tree", "tree/one"};
	struct pt_files_request request = {.paths = paths, .n = 2, .each = take, .arg = &taken};
	assert_int_equal(pt_files_read(&k->k, &request, &f), 0);
	assert_int_equal(taken.files, 3);
	assert_int_equal(taken.pages, 9);
	assert_int_equal(taken.pfns, 3 * 0x1000 + 3 + 6 * 0x2000 + 15);
	assert_int_equal(taken.flags, 9);
	pt_files_free(&f);
	taken = (struct taken){.stop_at = 0};
	request.only_frames = true;
	assert_int_equal(pt_files_read(&k->k, &request, &f), 0);
	assert_int_equal(taken.pfns, 3 * 0x1000 + 3 + 6 * 0x2000 + 15);
	assert_int_equal(taken.flags, 0);
	assert_true(f.sum.cached.known && !f.sum.mapped.known);
	pt_files_free(&f);
	taken = (struct taken){.stop_at = 2};
	assert_int_equal(pt_files_read(&k->k, &request, &f), 42);
	assert_int_equal(taken.files, 2);
	pt_files_free(&f);
}

struct run {
	char path[32];
	uint64_t page, first, pages;
};

static int take_run(void *arg, const struct pt_frame_run *run)
{
	struct run *all = arg;
	while (all->pages)
		all++;
	*all = (struct run){.page = run->page, .first = run->first, .pages = run->pages};
	strncpy(all->path, run->path, sizeof(all->path) - 1);
	return 0;
}

static void pages_of_files_are_counted_by_flags(void **state)
{
	(void)state;
	const struct pt_bits_rule active = {.mask = KPF(ACTIVE), .bits = KPF(ACTIVE)};
	const struct pt_stretch third = {2, 3};
	struct pt_files f;
	struct pt_types types;
	struct pt_types_request request = {.file = "tree", .files = &f};
	assert_int_equal(pt_types_count(&k->k, &request, &types, NULL), 0);
	assert_int_equal(types.pages, 9);
	assert_int_equal(f.files, 3);
	assert_int_equal(f.again, 1);
	pt_types_free(&types);
	pt_files_free(&f);
	request = (struct pt_types_request){.file = "tree", .rules = &active, .n_rules = 1};
	assert_int_equal(pt_types_count(&k->k, &request, &types, NULL), 0);
	assert_int_equal(types.pages, 3);
	pt_types_free(&types);

	struct run runs[4] = {0};
	request = (struct pt_types_request){.file = "tree", .ranges = &third, .n_ranges = 1}; /* of each file */
	assert_int_equal(pt_types_walk(&k->k, &request, take_run, runs, NULL), 0);
	bool swapped = runs[0].first != 0x1002;
	assert_string_equal(runs[swapped].path, "tree/one");
	assert_int_equal(runs[swapped].first, 0x1002);
	assert_string_equal(runs[!swapped].path, "tree/sub/two");
	assert_int_equal(runs[!swapped].first, 0x2002);
	assert_int_equal(runs[0].page, 2);
	assert_int_equal(runs[0].pages + runs[1].pages, 2);
	assert_int_equal(runs[2].pages, 0);
}

static void a_path_that_is_none_is_an_error(void **state)
{
	(void)state;
	const struct {
		const char *path;
		int error;
	} cases[] = {{"nowhere", -ENOENT}, {"tree/pipe", -ENODEV}};
	for (size_t i = 0; i < 2; i++) {
		struct pt_types types;
		const char *file;
		const struct pt_types_request request = {.file = cases[i].path};
		assert_int_equal(pt_types_count(&k->k, &request, &types, &file), cases[i].error);
		assert_string_equal(file, cases[i].path);
	}
}

static int stop(void *arg)
{
	const struct pt_files *f = arg;
	return f->files ? -ECANCELED : 0;
}

static void it_can_be_ended(void **state)
{
	(void)state;
	struct pt_files f;
	const char *paths[] = {"tree"};
	struct pt_files_request request = {.paths = paths, .n = 1, .step = {stop, &f}};
	assert_int_equal(pt_files_read(&k->k, &request, &f), -ECANCELED);
	assert_int_equal(f.files, 1);
	pt_files_free(&f);
}

/* Whatever fails, what is told is no more than there is, and what is not known is counted as such. */
static void every_call_may_fail(void **state)
{
	(void)state;
	struct pt_files f;
	k->calls = 0;
	assert_int_equal(read_tree("tree", NULL, &f), 0);
	pt_files_free(&f);
	const unsigned long calls = k->calls;
	for (unsigned long n = 1; n <= calls; n++) {
		k->calls = 0;
		k->fail_call = n;
		k->fail_error = -EIO;
		assert_int_equal(read_tree("tree", NULL, &f), 0);
		assert_true(f.sum.cached.value <= 9);
		if (f.sum.cached.value < 9)
			assert_true(f.failed || f.gaps[PT_FILES_UNREADABLE]);
		pt_files_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_file_counts_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_given_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_a_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pages_of_each_file_are_handed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pages_of_files_are_counted_by_flags, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_that_is_none_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_can_be_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_call_may_fail, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
