/*
 * Where a frame lies (zone, node, memory block), and which cgroup an inode is.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

/* As Linux 6.18 prints it, shortened: zones without memory have no start_pfn. */
static const char zoneinfo[] = "Node 0, zone      DMA\n"
			       "  per-node stats\n"
			       "      nr_inactive_anon 1785\n"
			       "  pages free     3840\n"
			       "        boost    0\n"
			       "        spanned  4095\n"
			       "        present  3998\n"
			       "      nr_free_pages 3840\n"
			       "  pagesets\n"
			       "    cpu: 0\n"
			       "              count:    0\n"
			       "  node_unreclaimable:  0\n"
			       "  start_pfn:           1\n"
			       "Node 0, zone   Normal\n"
			       "        spanned  1000\n"
			       "  start_pfn:           4096\n"
			       "Node 0, zone  Movable\n"
			       "        spanned  0\n"
			       "        protection: (0, 0, 0, 0, 0)\n"
			       "Node 1, zone   Normal\n"
			       "        spanned  1000\n"
			       "  start_pfn:           5000\n";

static struct pt_physical zone_of(const char *text, uint64_t pfn, int node)
{
	struct pt_physical physical = {.node = node};
	bool found = pt_parse_zoneinfo(text, strlen(text), pfn, &physical);
	assert_int_equal(found, physical.zone[0] != '\0');
	return physical;
}

static void a_frame_is_in_the_zone_that_spans_it(void **state)
{
	(void)state;
	static const struct {
		uint64_t pfn;
		const char *zone;
		int node;
	} frames[] = {
		{0, "", -1},         {1, "DMA", 0},       {4095, "DMA", 0}, {4096, "Normal", 0},  {5095, "Normal", 0},
		{5096, "Normal", 1}, {5999, "Normal", 1}, {6000, "", -1},   {UINT64_MAX, "", -1},
	};
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		struct pt_physical physical = zone_of(zoneinfo, frames[i].pfn, -1);
		assert_string_equal(physical.zone, frames[i].zone);
		assert_int_equal(physical.node, frames[i].node);
	}
}

static void a_known_node_settles_overlaps(void **state)
{
	(void)state;
	assert_int_equal(zone_of(zoneinfo, 5050, -1).node, 0);
	assert_int_equal(zone_of(zoneinfo, 5050, 1).node, 1);
	assert_string_equal(zone_of(zoneinfo, 5050, 2).zone, "");
}

static void damaged_zoneinfo_finds_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"start_pfn: 0\n",
		"        spanned  1000\n  start_pfn:           0\n", /* of which zone? */
		"        spanned  1000\n  start_pfn:           0",
		"Node 0, zone   Normal\n  start_pfn:           0\n",
		"Node 0, zone   Normal\n        spanned  99999999999999999999\n  start_pfn:           0\n",
		"Node 0, zone   NameOfAZoneThatIsTooLong\n        spanned  10\n  start_pfn:           0\n",
		"Node 0, zone\n        spanned  x\n  start_pfn: 0\n",
		"Node 99999999999, zone Normal\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(zone_of(bad[i], 5, -1).zone, "");
}

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(zoneinfo); n++) {
		struct pt_physical physical = {.node = -1};
		char *exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, zoneinfo, n);
		bool found = pt_parse_zoneinfo(exact, n, 5500, &physical);
		assert_int_equal(found, n == sizeof(zoneinfo) - 1 || n == sizeof(zoneinfo));
		free(exact);
	}
}

/* 128 MiB blocks, 0x8000000 in hexadecimal. */
static struct fixture *machine(unsigned page_size)
{
	struct fixture *fixture = fixture_new(page_size, "process 100 S p\n");
	fixture_write(fixture, "proc/zoneinfo",
		      "Node 3, zone   Normal\n        spanned  1000000\n  start_pfn:           0\n");
	fixture_write(fixture, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	fixture_write(fixture, "sys/devices/system/memory/memory2/state", "going-offline\n");
	fixture_write(fixture, "sys/devices/system/memory/memory2/node3/x", "");
	fixture_write(fixture, "sys/devices/system/memory/memory2/nodes", "");
	return fixture;
}

static void a_frame_is_in_its_memory_block(void **state)
{
	(void)state;
	for (unsigned page = 4096; page <= 65536; page *= 16) {
		struct fixture *fixture = machine(page);
		struct pt_kernel *k = fixture_kernel(fixture);
		struct pt_physical physical;

		pt_read_physical(k, 0x10000000 / page, &physical); /* the first of block 2 */
		assert_int_equal(physical.memory_block, 2);
		assert_string_equal(physical.block_state, "going-offline");
		assert_int_equal(physical.node, 3);
		assert_string_equal(physical.zone, "Normal");
		pt_read_physical(k, 0x10000000 / page - 1, &physical); /* the last of block 1, which is not there */
		assert_int_equal(physical.memory_block, -1);
		assert_string_equal(physical.block_state, "");
		assert_int_equal(physical.node, 3); /* zoneinfo knows */
		pt_kernel_free(k);
		fixture_free(fixture);
	}
}

/* All zones that have memory at once, for many frames. */
static void zones_of_many_frames(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_zone *zones;
	size_t n;

	assert_int_equal(pt_read_zones(k, &zones, &n), -ENOENT);
	fixture_write(fixture, "proc/zoneinfo", zoneinfo);
	assert_int_equal(pt_read_zones(k, &zones, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(pt_zone_of(zones, n, 4095)->name, "DMA");
	assert_int_equal(pt_zone_of(zones, n, 4096)->node, 0);
	assert_int_equal(pt_zone_of(zones, n, 5999)->node, 1);
	assert_null(pt_zone_of(zones, n, 6000));
	assert_null(pt_zone_of(zones, n, 0));
	free(zones);
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void without_sysfs_little_is_known(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "");
	struct pt_kernel *k = fixture_kernel(fixture);
	struct pt_physical physical;

	for (int i = 0; i < 3; i++) {
		static const char *const sizes[] = {NULL, "garbage", "10"}; /* 16 bytes: less than a page */
		if (sizes[i])
			fixture_write(fixture, "sys/devices/system/memory/block_size_bytes", sizes[i]);
		pt_read_physical(k, 5, &physical);
		assert_string_equal(physical.zone, "");
		assert_int_equal(physical.node, -1);
		assert_int_equal(physical.memory_block, -1);
	}
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void physical_survives_any_failing_call(void **state)
{
	(void)state;
	struct fixture *fixture = machine(4096);
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_physical physical;

	s->fail_error = -EIO;
	for (s->fail_call = 1; s->fail_call <= 12; s->fail_call++) {
		s->calls = 0;
		pt_read_physical(&s->k, 0x10000000 / 4096, &physical);
		assert_int_equal(s->open_fds, 0);
		assert_true(physical.memory_block == -1 || physical.memory_block == 2);
		assert_true(physical.zone[0] == '\0' || !strcmp(physical.zone, "Normal"));
	}
	scripted_free(s);
	fixture_free(fixture);
}

/* ---- cgroups ---------------------------------------------------------------------------------------------------- */

static uint64_t inode_of(const struct fixture *fixture, const char *path)
{
	char whole[512];
	struct stat st;
	snprintf(whole, sizeof(whole), "%s/%s", fixture_root(fixture), path);
	assert_int_equal(stat(whole, &st), 0);
	return st.st_ino;
}

#define V2 "sys/fs/cgroup"
#define V1 "sys/fs/cgroup/memory"

static struct fixture *cgroups(void)
{
	struct fixture *fixture = fixture_new(4096, "process 100 S p\n");
	fixture_write(fixture, V2 "/cgroup.controllers", "memory\n");
	fixture_write(fixture, V2 "/user.slice/user-0.slice/a.scope/cgroup.procs", "");
	fixture_write(fixture, V2 "/system.slice/redis.service/cgroup.procs", "");
	fixture_write(fixture, "proc/100/cgroup", "0::/user.slice/user-0.slice/a.scope\n");
	return fixture;
}

static void cgroup_of(struct fixture *fixture, const char *path, pid_t near_pid, const char *expected)
{
	struct pt_kernel *k = fixture_kernel(fixture);
	char got[256] = "untouched";
	int error = pt_read_cgroup_path(k, inode_of(fixture, path), near_pid, got, sizeof(got));
	assert_int_equal(error, expected ? 0 : -ENOENT);
	assert_string_equal(got, expected ? expected : "untouched");
	pt_kernel_free(k);
}

static void cgroup_by_inode(void **state)
{
	(void)state;
	struct fixture *fixture = cgroups();

	cgroup_of(fixture, V2 "/user.slice/user-0.slice/a.scope", 100,
		  "/user.slice/user-0.slice/a.scope");                                            /* its own */
	cgroup_of(fixture, V2 "/user.slice", 100, "/user.slice");                                 /* one above it */
	cgroup_of(fixture, V2, 100, "/");                                                         /* the root */
	cgroup_of(fixture, V2 "/system.slice/redis.service", 100, "/system.slice/redis.service"); /* another's */
	cgroup_of(fixture, V2 "/system.slice/redis.service", 0, "/system.slice/redis.service");   /* of nobody */
	cgroup_of(fixture, V2 "/cgroup.controllers", 100, NULL);                                  /* no folder */
	cgroup_of(fixture, "proc/100", 100, NULL); /* not below the mount */
	fixture_free(fixture);
}

static void own_path_needs_no_walk(void **state)
{
	(void)state;
	struct fixture *fixture = cgroups();
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	char path[256];

	assert_int_equal(pt_read_cgroup_path(&s->k, inode_of(fixture, V2 "/user.slice/user-0.slice/a.scope"), 100, path,
					     sizeof(path)),
			 0);
	assert_true(s->calls <= 5); /* which version, the file of the process, the folder */
	scripted_free(s);
	fixture_free(fixture);
}

static void version_one_has_its_memory_hierarchy(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 S p\n");

	fixture_write(fixture, V1 "/box/inner/tasks", "");
	fixture_write(fixture, "sys/fs/cgroup/cpu/box/tasks", "");
	fixture_write(fixture, "proc/100/cgroup", "9:name=systemd:/x\n4:cpuset,memory:/box/inner\n1:cpu:/box\n0::/\n");
	cgroup_of(fixture, V1 "/box/inner", 100, "/box/inner");
	cgroup_of(fixture, V1 "/box", 100, "/box");
	cgroup_of(fixture, V1, 100, "/");
	cgroup_of(fixture, "sys/fs/cgroup/cpu/box", 100, NULL); /* another hierarchy's numbers mean nothing */
	fixture_free(fixture);
}

static void odd_cgroup_files_do_no_harm(void **state)
{
	(void)state;
	static const char *const odd[] = {
		"",
		"\n",
		"garbage\n",
		"0:\n",
		"0::",
		"0::/../../proc\n",
		"0::/gone/away\n",
		"x::/\n",
		"0::relative\n",
		"::::\n",
	};
	struct fixture *fixture = cgroups();
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		fixture_write(fixture, "proc/100/cgroup", odd[i]);
		cgroup_of(fixture, V2 "/system.slice", 100, "/system.slice");
	}
	fixture_free(fixture);
}

static void no_inode_or_no_room(void **state)
{
	(void)state;
	struct fixture *fixture = cgroups();
	struct pt_kernel *k = fixture_kernel(fixture);
	char small[8] = "before";

	assert_int_equal(pt_read_cgroup_path(k, 0, 100, small, sizeof(small)), -ENOENT);
	assert_int_equal(pt_read_cgroup_path(k, inode_of(fixture, V2 "/system.slice"), 100, small, sizeof(small)),
			 -ENAMETOOLONG);
	assert_string_equal(small, "before");
	pt_kernel_free(k);
	fixture_free(fixture);
}

static void cgroup_survives_any_failing_call(void **state)
{
	(void)state;
	struct fixture *fixture = cgroups();
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	uint64_t inode = inode_of(fixture, V2 "/system.slice/redis.service");
	char path[256];

	s->fail_error = -EIO;
	do {
		s->fail_call++;
		s->calls = 0;
		int error = pt_read_cgroup_path(&s->k, inode, 100, path, sizeof(path));
		assert_true(error == -ENOENT || (error == 0 && !strcmp(path, "/system.slice/redis.service")));
		assert_int_equal(s->open_fds, 0);
	} while (s->calls >= s->fail_call); /* until there was no such call */
	assert_true(s->fail_call > 10);
	scripted_free(s);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_is_in_the_zone_that_spans_it),
		cmocka_unit_test(a_known_node_settles_overlaps),
		cmocka_unit_test(damaged_zoneinfo_finds_nothing),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(a_frame_is_in_its_memory_block),
		cmocka_unit_test(zones_of_many_frames),
		cmocka_unit_test(without_sysfs_little_is_known),
		cmocka_unit_test(physical_survives_any_failing_call),
		cmocka_unit_test(cgroup_by_inode),
		cmocka_unit_test(own_path_needs_no_walk),
		cmocka_unit_test(version_one_has_its_memory_hierarchy),
		cmocka_unit_test(odd_cgroup_files_do_no_harm),
		cmocka_unit_test(no_inode_or_no_room),
		cmocka_unit_test(cgroup_survives_any_failing_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
