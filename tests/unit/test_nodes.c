/*
 * Frames by node on made-up machines, and what of a made-up process's memory is far from its threads.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine/nodes.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

/* 100 frames of a THP that crosses a bound; on node 1 a page of a file; one whose block both nodes have. */
static const char world[] = "process 100 S start=5 p\n"
			    "vma 10000000-10100000 rw-p\n"
			    "pages 10000000-10040000 anon pfn=0x7fe0\n"
			    "page 10050000 zero pfn=0x1\n"
			    "page 10060000 anon pfn=0x18010\n"
			    "page 10061000 anon pfn=0x1c010\n"
			    "swap 10070000-10072000 type=2 offset=77\n"
			    "vma 20000000-20100000 r--p inode=9 /a\n"
			    "page 20000000 file pfn=0x8000\n"
			    "page 20001000 file pfn=0x30000\n";

struct world {
	struct fixture *fixture;
	struct scripted *k;
};

static void write_thread(struct fixture *f, int tid, int cpu, int utime)
{
	char path[64], text[200];
	snprintf(path, sizeof path, "proc/100/task/%d/stat", tid);
	snprintf(
		text, sizeof text,
		"%d (a) (b) S 1 1 1 0 -1 0 0 0 0 0 %d 5 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 %d 0 0 0 0 0\n",
		tid, utime, cpu);
	fixture_write(f, path, text);
}

/* Blocks of 0x8000 frames: 0 is of node 0, 1 and 2 of node 2, 3 of both; where the zones help in half of it. */
static struct world begin(void)
{
	struct world w = {.fixture = fixture_new(4096, world)};
	struct fixture *f = w.fixture;
	w.k = scripted_new(fixture_kernel(f));
	fixture_write(f, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	fixture_write(f, "sys/devices/system/node/online", "0,2\n");
	fixture_write(f, "sys/devices/system/node/node2/memory1", "");
	fixture_write(f, "sys/devices/system/node/node2/memory2", "");
	fixture_write(f, "sys/devices/system/node/node2/memory3", "");
	fixture_write(f, "sys/devices/system/node/node2/memory_failure", "");
	fixture_write(f, "sys/devices/system/node/node2/cpulist", "4-7\n");
	fixture_write(f, "sys/devices/system/node/node0/memory0", "");
	fixture_write(f, "sys/devices/system/node/node0/memory3", "");
	fixture_write(f, "sys/devices/system/node/node0/cpulist", "0-3\n");
	fixture_write(f, "proc/zoneinfo",
		      "Node 0, zone      DMA\n        spanned  32767\n  start_pfn:           1\n"
		      "Node 0, zone   Normal\n        spanned  16384\n  start_pfn:           114688\n"
		      "Node 2, zone   Normal\n        spanned  73728\n  start_pfn:           32768\n"
		      "Node 2, zone  Movable\n        spanned  8192\n  start_pfn:           106496\n");
	return w;
}

static void end(struct world w)
{
	scripted_free(w.k);
	fixture_free(w.fixture);
}

static void blocks_know_their_node(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_nodes nodes;
	assert_int_equal(pt_nodes_read(&w.k->k, &nodes), 0);
	assert_int_equal(nodes.n, 2);
	assert_int_equal(nodes.ids[0], 0);
	assert_int_equal(nodes.ids[1], 2);
	assert_int_equal(pt_node_of(&nodes, 0), 0);
	assert_int_equal(pt_node_of(&nodes, 0x7fff), 0);
	assert_int_equal(pt_node_of(&nodes, 0x8000), 1);
	assert_int_equal(pt_node_of(&nodes, 0x17fff), 1);
	assert_int_equal(pt_node_of(&nodes, 0x18000), 1); /* the block is of both, by the zones it is */
	assert_int_equal(pt_node_of(&nodes, 0x1bfff), 1);
	assert_int_equal(pt_node_of(&nodes, 0x1c000), 0);
	assert_int_equal(pt_node_of(&nodes, 0x1ffff), 0);
	assert_int_equal(pt_node_of(&nodes, 0x20000), 2); /* no such memory */
	pt_nodes_free(&nodes);
	end(w);
}

static void zones_that_overlap_say_nothing(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_nodes nodes;
	fixture_remove(w.fixture, "sys/devices/system/memory/block_size_bytes");
	fixture_write(w.fixture, "proc/zoneinfo",
		      "Node 0, zone   Normal\n        spanned  200\n  start_pfn:           100\n"
		      "Node 2, zone   Normal\n        spanned  200\n  start_pfn:           250\n");
	assert_int_equal(pt_nodes_read(&w.k->k, &nodes), 0);
	assert_int_equal(pt_node_of(&nodes, 99), 2);
	assert_int_equal(pt_node_of(&nodes, 100), 0);
	assert_int_equal(pt_node_of(&nodes, 249), 0);
	assert_int_equal(pt_node_of(&nodes, 250), 2);
	assert_int_equal(pt_node_of(&nodes, 299), 2);
	assert_int_equal(pt_node_of(&nodes, 300), 1);
	assert_int_equal(pt_node_of(&nodes, 450), 2);
	pt_nodes_free(&nodes);
	end(w);
}

static void pages_are_counted_by_node(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_nodes nodes;
	struct pt_snapshot *s;
	uint64_t all[3] = {0}, some[3] = {0};
	assert_int_equal(pt_nodes_read(&w.k->k, &nodes), 0);
	assert_int_equal(pt_scan_once(&w.k->k, 100, 1, &s), 0);
	pt_nodes_count(&nodes, s, 0, UINT64_MAX, all);
	assert_int_equal(all[0], 0x20 + 1);
	assert_int_equal(all[1], 0x20 + 1 + 1);
	assert_int_equal(all[2], 1);
	pt_nodes_count(&nodes, s, 0x1001f000, 0x10022000, some);
	assert_int_equal(some[0], 1);
	assert_int_equal(some[1], 2);
	assert_int_equal(some[2], 0);
	pt_snapshot_unref(s);
	pt_nodes_free(&nodes);
	end(w);
}

/* A thread on node 0 used a third of the time, one on node 2 the rest; a third thread runs where nobody knows. */
static void what_is_far_depends_on_who_runs_where(void **state)
{
	(void)state;
	struct world w = begin();
	struct pt_nodes nodes;
	struct pt_node_threads threads;
	double shares[2];
	uint64_t pages[3] = {300, 600, 0};
	write_thread(w.fixture, 100, 1, 95);
	write_thread(w.fixture, 102, 5, 195);
	write_thread(w.fixture, 103, 99, 1000);
	assert_int_equal(pt_nodes_read(&w.k->k, &nodes), 0);
	assert_int_equal(pt_node_threads_read(&w.k->k, 100, &nodes, &threads), 0);
	assert_int_equal(threads.n, 3);
	assert_int_equal(threads.v[0].node, 0);
	assert_int_equal(threads.v[0].ticks, 100);
	assert_int_equal(threads.v[1].node, 1);
	assert_int_equal(threads.v[2].node, 2);
	assert_true(pt_node_shares(&nodes, &threads, 0, shares));
	assert_int_equal((int)(shares[0] * 300 + 0.5), 100);
	assert_int_equal(pt_nodes_remote(&nodes, pages, shares).value, 400);
	assert_true(pt_nodes_remote(&nodes, pages, shares).known);
	assert_true(pt_node_shares(&nodes, &threads, 102, shares));
	assert_int_equal(pt_nodes_remote(&nodes, pages, shares).value, 300);
	assert_false(pt_node_shares(&nodes, &threads, 103, shares));
	pages[2] = 1;
	assert_false(pt_nodes_remote(&nodes, pages, shares).known);
	free(threads.v);
	pt_nodes_free(&nodes);
	end(w);
}

static void one_node_has_it_all(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(4096, world);
	struct scripted *k = scripted_new(fixture_kernel(f));
	struct pt_nodes nodes;
	assert_int_equal(pt_nodes_read(&k->k, &nodes), -ENODATA);
	fixture_write(f, "sys/devices/system/node/node0/cpulist", "0-3\n");
	assert_int_equal(pt_nodes_read(&k->k, &nodes), 0);
	assert_int_equal(nodes.n, 1);
	assert_int_equal(pt_node_of(&nodes, 0x123456), 0);
	pt_nodes_free(&nodes);
	scripted_free(k);
	fixture_free(f);
}

static void lines_of_stat(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "1 (x", "1 (x)", "1 (x) S 1 1 1 0 -1 0 0 0 0 0 7 5 0", "1 (x) S S S"};
	unsigned cpu;
	uint64_t ticks;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(pt_parse_thread_cpu(bad[i], strlen(bad[i]), &cpu, &ticks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_know_their_node),    cmocka_unit_test(zones_that_overlap_say_nothing),
		cmocka_unit_test(pages_are_counted_by_node), cmocka_unit_test(what_is_far_depends_on_who_runs_where),
		cmocka_unit_test(one_node_has_it_all),       cmocka_unit_test(lines_of_stat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
