/*
 * Zones, their free lists and how scattered those are; which debugging features a made-up kernel has on.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine/debugging.h"
#include "core/machine/zones.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

/* As Linux 6.18 prints it, shortened. */
static const char zoneinfo[] = "Node 0, zone      DMA\n"
			       "  per-node stats\n"
			       "      nr_inactive_anon 13253\n"
			       "  pages free     3840\n"
			       "        boost    0\n"
			       "        min      10\n"
			       "        low      13\n"
			       "        high     16\n"
			       "        spanned  4095\n"
			       "        present  3998\n"
			       "        managed  3840\n"
			       "        cma      0\n"
			       "        protection: (0, 3019, 24090, 24090, 24090)\n"
			       "      nr_free_pages 3840\n"
			       "  pagesets\n"
			       "    cpu: 0\n"
			       "              count:    7\n"
			       "              high:     100\n"
			       "              batch:    63\n"
			       "              high_min: 10081\n"
			       "    cpu: 1\n"
			       "              count: 5\n"
			       "  node_unreclaimable:  0\n"
			       "  start_pfn:           1\n"
			       "Node 0, zone  Movable\n"
			       "  pages free     0\n"
			       "        spanned  0\n"
			       "Node 1, zone   Normal\n"
			       "        spanned  1000\n"
			       "  start_pfn:           5000\n";
static const char buddyinfo[] = "Node 0, zone      DMA      4      0      1 \n"
				"Node 1, zone   Normal      0      0      0 \n"
				"Node 2, zone   Normal      9      9      9 \n";
static const char pagetypeinfo[] = "Page block order: 9\n"
				   "Pages per block:  512\n"
				   "\n"
				   "Free pages count per migrate type at order       0      1      2 \n"
				   "Node    0, zone      DMA, type    Unmovable      3      0      0 \n"
				   "Node    0, zone      DMA, type      Movable      1      0      1 \n"
				   "Node    1, zone   Normal, type    Unmovable >100000      0      0 \n"
				   "\n"
				   "Number of blocks type     Unmovable      Movable \n"
				   "Node 0, zone      DMA            1            7 \n";

static struct fixture *machine(void)
{
	struct fixture *f = fixture_new(4096, "");
	fixture_write(f, "proc/zoneinfo", zoneinfo);
	fixture_write(f, "proc/buddyinfo", buddyinfo);
	fixture_write(f, "proc/pagetypeinfo", pagetypeinfo);
	return f;
}

static void zones_have_what_three_files_say(void **state)
{
	(void)state;
	struct fixture *f = machine();
	struct pt_kernel *k = fixture_kernel(f);
	struct pt_zones zones;
	assert_int_equal(pt_zones_read(k, &zones), 0);
	assert_int_equal(zones.n, 2); /* Movable has no memory */
	const struct pt_zone_state *dma = &zones.v[0], *normal = &zones.v[1];
	assert_string_equal(dma->name, "DMA");
	assert_int_equal(dma->free.value, 3840);
	assert_int_equal(dma->min.value, 10);
	assert_int_equal(dma->low.value, 13);
	assert_int_equal(dma->high.value, 16);
	assert_int_equal(dma->present.value, 3998);
	assert_int_equal(dma->start, 1);
	assert_int_equal(dma->n_cpus, 2);
	assert_int_equal(dma->cpus[0].high, 100);
	assert_int_equal(pt_zone_per_cpu(dma), 12);
	assert_int_equal(normal->node, 1);
	assert_false(normal->free.known);
	assert_int_equal(zones.orders, 3);
	assert_int_equal(dma->blocks[0], 4);
	assert_int_equal(dma->blocks[2], 1);
	assert_int_equal(zones.pageblock_order.value, 9);
	assert_int_equal(zones.n_types, 2);
	assert_string_equal(zones.types[1], "Movable");
	assert_int_equal(dma->by_type[0][0], 3);
	assert_int_equal(dma->by_type[1][2], 1);
	assert_int_equal(dma->pageblocks[1], 7);
	assert_int_equal(normal->by_type[0][0], 100000);
	pt_zones_free(&zones);
	pt_kernel_free(k);
	fixture_free(f);
}

static void fragmentation_is_as_the_kernel_counts_it(void **state)
{
	(void)state;
	struct pt_zones zones;
	double part;
	assert_int_equal(pt_parse_zones(zoneinfo, sizeof zoneinfo - 1, &zones), 0);
	assert_false(pt_zone_unusable(&zones.v[0], 0, &part)); /* free lists are not known yet */
	assert_false(pt_zone_fragmentation(&zones.v[0], 9, &part));
	pt_parse_buddyinfo(buddyinfo, sizeof buddyinfo - 1, &zones);
	/* 4 single frames and a block of 4: 8 free frames */
	assert_true(pt_zone_unusable(&zones.v[0], 0, &part));
	assert_float_equal(part, 0, 1e-9);
	assert_true(pt_zone_unusable(&zones.v[0], 1, &part));
	assert_float_equal(part, 0.5, 1e-9);
	assert_true(pt_zone_unusable(&zones.v[0], 3, &part));
	assert_float_equal(part, 1, 1e-9);
	assert_false(pt_zone_fragmentation(&zones.v[0], 2, &part)); /* there is one */
	assert_true(pt_zone_fragmentation(&zones.v[0], 3, &part));
	assert_float_equal(part, 1 - (1 + 8.0 / 8) / 5, 1e-9);
	assert_true(pt_zone_fragmentation(&zones.v[1], 0, &part)); /* nothing is free at all */
	assert_float_equal(part, 0, 1e-9);
	pt_zones_free(&zones);
}

static void what_is_not_permitted_is_said(void **state)
{
	(void)state;
	struct fixture *f = machine();
	struct scripted *s = scripted_new(fixture_kernel(f));
	struct pt_zones zones;
	s->deny = "pagetypeinfo";
	s->deny_error = -EACCES;
	assert_int_equal(pt_zones_read(&s->k, &zones), 0);
	assert_int_equal(zones.types_error, -EACCES);
	assert_false(zones.v[0].has_types);
	pt_zones_free(&zones);
	for (unsigned long call = 1; call < 12; call++) { /* whatever fails, nothing leaks and nothing is invented */
		s->fail_call = s->calls + call;
		s->fail_error = -EIO;
		if (pt_zones_read(&s->k, &zones) == 0)
			pt_zones_free(&zones);
	}
	fixture_write(f, "proc/zoneinfo", "nothing of that kind\n");
	s->fail_call = 0;
	assert_int_equal(pt_zones_read(&s->k, &zones), -EBADMSG);
	scripted_free(s);
	fixture_free(f);
}

/* ---- debugging -------------------------------------------------------------------------------------------------- */

static const struct pt_debug_feature *feature(struct pt_kernel *k, const char *name)
{
	static struct pt_debug_feature all[PT_DEBUG_FEATURES];
	size_t n = pt_debugging_read(k, all);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	fail_msg("no feature %s", name);
	return NULL;
}

static void features_are_judged_by_evidence(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(4096, "");
	struct pt_kernel *k = fixture_kernel(f);
	/* nothing can be seen: nothing is claimed */
	assert_int_equal(feature(k, "page_owner")->state, PT_DEBUG_UNKNOWN);
	assert_int_equal(feature(k, "debug_pagealloc")->state, PT_DEBUG_UNKNOWN);
	assert_int_equal(feature(k, "slub_debug")->state, PT_DEBUG_UNKNOWN);
	fixture_write(f, "proc/kallsyms",
		      "ffffffff81000000 T kmem_cache_free\nffffffff81000100 T __set_page_owner\n"
		      "ffffffff81000200 T page_end\n");
	fixture_write(f, "proc/cmdline", "quiet page_poison=10 debug_pagealloc=on\n");
	assert_int_equal(feature(k, "page_owner")->state, PT_DEBUG_OFF);
	assert_int_equal(feature(k, "KASAN")->state, PT_DEBUG_ABSENT);
	assert_int_equal(feature(k, "page poisoning")->state, PT_DEBUG_ABSENT);
	assert_string_equal(feature(k, "debug_pagealloc")->detail, "asked for at boot");
	assert_string_equal(feature(k, "guard pages")->detail, "not asked for at boot");
	fixture_write(f, "sys/kernel/debug/page_owner", "");
	assert_int_equal(feature(k, "page_owner")->state, PT_DEBUG_ON);
	fixture_write(f, "sys/kernel/slab/dentry/red_zone", "0\n");
	fixture_write(f, "sys/kernel/slab/inode/red_zone", "1\n");
	assert_int_equal(feature(k, "slub_debug")->state, PT_DEBUG_ON);
	assert_string_equal(feature(k, "slub_debug")->detail, "1 of 2 caches are watched");
	fixture_write(f, "sys/module/kfence/parameters/sample_interval", "100\n");
	assert_int_equal(feature(k, "KFENCE")->state, PT_DEBUG_ON);
	pt_kernel_free(k);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_have_what_three_files_say),
		cmocka_unit_test(fragmentation_is_as_the_kernel_counts_it),
		cmocka_unit_test(what_is_not_permitted_is_said),
		cmocka_unit_test(features_are_judged_by_evidence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
