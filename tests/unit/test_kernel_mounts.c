/*
 * Which file systems are memory: mountinfo as text, and what comes of it for the VMAs of made-up processes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/scan/inspect.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static const char mountinfo[] = "22 1 254:0 / / rw,noatime shared:1 - ext4 /dev/vda rw\n"
				"23 22 0:31 / /tmp/with\\040-\\040dash rw - tmpfs tmpfs rw,size=4k\n"
				"24 22 0:5 / /dev rw shared:2 master:1 - devtmpfs devtmpfs rw\n"
				"25 22 0:33 / /huge rw - hugetlbfs none rw,pagesize=2M\n"
				"26 22 0:34 / /merged rw - overlay overlay rw\n"
				"27 22 0:2 / / rw - rootfs rootfs rw\n"
				"28 22 0:35 / /tmp rw - tmpfsish x rw\n";

static void types_by_device(void **state)
{
	(void)state;
	static const struct pt_mount expected[] = {{254, 0, PT_FS_OTHER}, {0, 31, PT_FS_TMPFS},
						   {0, 5, PT_FS_TMPFS},   {0, 33, PT_FS_HUGETLBFS},
						   {0, 34, PT_FS_OTHER},  {0, 35, PT_FS_OTHER}};
	struct pt_mount *mounts;
	size_t n;
	assert_int_equal(pt_parse_mountinfo(mountinfo, strlen(mountinfo), &mounts, &n), 0);
	assert_int_equal(n, sizeof(expected) / sizeof(*expected));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(mounts[i].dev_major, expected[i].dev_major);
		assert_int_equal(mounts[i].dev_minor, expected[i].dev_minor);
		assert_int_equal(mounts[i].fs, expected[i].fs);
	}
	free(mounts);
}

static void damaged_lines_say_nothing(void **state)
{
	(void)state;
	static const char text[] = "\n22\n22 1\n22 1 0\n22 1 0:\n22 1 0:4294967296 / / rw - tmpfs t rw\n"
				   "22 1 0:7 / / rw -\n22 1 0:7 / / rw - tmpfs\n-1 1 0:7 / / rw - tmpfs t rw\n"
				   "22 1 0:7 / / rw - tmpfs cut off";
	struct pt_mount *mounts;
	size_t n;
	assert_int_equal(pt_parse_mountinfo(text, strlen(text), &mounts, &n), 0);
	assert_int_equal(n, 1); /* "tmpfs" at the end of its line is no name that is followed by a source */
	assert_int_equal(mounts[0].fs, PT_FS_OTHER);
	free(mounts);
	assert_int_equal(pt_parse_mountinfo("", 0, &mounts, &n), 0);
	assert_int_equal(n, 0);
	free(mounts);
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

enum { DATA, TEXT, OVERLAY, ELSEWHERE, SYSV, DISK, HUGE, N };

static const char process[] = "process 100 S start=777 threads=1 p\n"
			      "vma 10000000-10010000 rw-s minor=31 /tmp/data\n"
			      "evicted 10000000-10001000\n"
			      "vma 20000000-20010000 r-xp minor=31 /tmp/program\n"
			      "evicted 20000000-20002000\n"
			      "vma 30000000-30010000 r--p minor=34 /merged/file\n"
			      "vma 40000000-40010000 r--s minor=99 /another/namespace\n"
			      "vma 50000000-50010000 rw-s inode=0 minor=1 /SYSV00000000 (deleted)\n"
			      "evicted 50000000-50004000\n"
			      "vma 60000000-60010000 r--p /usr/lib/file\n"
			      "vma 70000000-70010000 rw-s minor=33 /huge/file\n";

static struct fixture *fixture;
static struct scripted *k;

static int make(void **state)
{
	(void)state;
	fixture = fixture_new(4096, process);
	fixture_write(fixture, "proc/100/mountinfo", mountinfo);
	fixture_write(fixture, "proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 1048572 64 10\n");
	k = scripted_new(fixture_kernel(fixture));
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scripted_free(k);
	fixture_free(fixture);
	return 0;
}

static void roles_follow_the_file_system(void **state)
{
	(void)state;
	static const enum pt_role roles[N] = {
		[DATA] = PT_ROLE_SHMEM, [TEXT] = PT_ROLE_TEXT, [OVERLAY] = PT_ROLE_FILE, [ELSEWHERE] = PT_ROLE_FILE,
		[SYSV] = PT_ROLE_SHMEM, [DISK] = PT_ROLE_FILE, [HUGE] = PT_ROLE_HUGETLB};
	struct pt_snapshot *s;
	assert_int_equal(pt_scan_once(&k->k, 100, 1, &s), 0);
	assert_int_equal(s->vmas->n, N);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(s->vmas->v[i].role, roles[i]);
	pt_snapshot_unref(s);
}

/* Also that of a program, and that of the first piece of SysV memory, whose inode number is 0. */
static void swapped_pages_of_any_tmpfs_file_are_found(void **state)
{
	(void)state;
	static const uint64_t swapped[N] = {[DATA] = 1, [TEXT] = 2, [SYSV] = 4};
	struct pt_snapshot *s;
	assert_int_equal(pt_scan_once(&k->k, 100, 1, &s), 0);
	for (size_t i = 0; i < N; i++) {
		struct pt_maybe bytes = pt_snapshot_bytes(s, i, PT_SUM_SWAP);
		assert_true(bytes.known);
		assert_int_equal(bytes.value, swapped[i] * 4096);
		if (!swapped[i])
			continue;
		struct pt_facts facts;
		assert_int_equal(pt_inspect_page(&k->k, 100, s->vmas->v[i].start, NULL, &facts), 0);
		assert_int_equal(facts.backing, PT_BACKING_SWAPPED);
	}
	pt_snapshot_unref(s);
}

/* Where the files cannot be asked, what may be swapped is not known, rather than 0; what is no tmpfs file is. */
static void what_cannot_be_asked_is_not_known(void **state)
{
	(void)state;
	static const bool known[N] = {[OVERLAY] = true, [DISK] = true, [HUGE] = true};
	struct pt_snapshot *s;
	k->deny = "map_files";
	k->deny_error = -EPERM;
	k->no_cachestat = true;
	assert_int_equal(pt_scan_once(&k->k, 100, 1, &s), 0);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(pt_snapshot_bytes(s, i, PT_SUM_SWAP).known, known[i]);
	assert_false(pt_snapshot_bytes(s, N, PT_SUM_SWAP).known);
	pt_snapshot_unref(s);
}

/* Without mountinfo, every file without a block device may be one of tmpfs. */
static void without_mountinfo_overlayfs_may_be_tmpfs(void **state)
{
	(void)state;
	struct pt_snapshot *s;
	k->deny = "mountinfo";
	k->deny_error = -EACCES;
	k->no_cachestat = true;
	assert_int_equal(pt_scan_once(&k->k, 100, 1, &s), 0);
	assert_false(pt_snapshot_bytes(s, OVERLAY, PT_SUM_SWAP).known);
	assert_true(pt_snapshot_bytes(s, DISK, PT_SUM_SWAP).known);
	pt_snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_by_device),
		cmocka_unit_test(damaged_lines_say_nothing),
		cmocka_unit_test_setup_teardown(roles_follow_the_file_system, make, drop),
		cmocka_unit_test_setup_teardown(swapped_pages_of_any_tmpfs_file_are_found, make, drop),
		cmocka_unit_test_setup_teardown(what_cannot_be_asked_is_not_known, make, drop),
		cmocka_unit_test_setup_teardown(without_mountinfo_overlayfs_may_be_tmpfs, make, drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
