/*
 * Costs: fitted on a made-up kernel whose clock goes by what is asked of it, and the choices made of them. The kernel
 * answers for this very process, from its real pagemap; frames, PAGEMAP_SCAN and PROCMAP_QUERY are made up on top.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "core/scan/cost.h"
#include "tests/support/skip.h"

enum { PAGEMAP = 1000, KPAGEFLAGS, KPAGECOUNT, MAPS };

/* A kernel with a price list. */
struct shop {
	struct pt_kernel k;
	struct pt_kernel *inner;
	int pagemap; /* of inner */
	double price[PT_COST_N];
	double clock; /* ns */
	double look;  /* what looking at the clock takes */
	bool still;   /* the clock does not go by what is asked */
	bool hidden;  /* no frame numbers */
	const char *deny;
	unsigned disturb; /* every so manieth question takes a millisecond more */
	unsigned questions;
	bool no_scan, no_query, wrong_regions;
	unsigned open;
};

static struct shop *of(struct pt_kernel *k)
{
	return (struct shop *)k;
}

static void charge(struct shop *s, double ns)
{
	s->clock += s->still ? 0 : ns;
	if (s->disturb && ++s->questions % s->disturb == 0)
		s->clock += 1e6;
}

static int shop_open(struct pt_kernel *k, const char *path, int flags)
{
	static const char *const names[] = {"proc/self/pagemap", "proc/kpageflags", "proc/kpagecount",
					    "proc/self/maps"};
	struct shop *s = of(k);
	(void)flags;
	if (s->deny && !strcmp(path, s->deny))
		return -EACCES;
	for (int i = 0; i < 4; i++)
		if (!strcmp(path, names[i])) {
			s->open++;
			return PAGEMAP + i;
		}
	return -ENOENT;
}

static void shop_close(struct pt_kernel *k, int fd)
{
	of(k)->open -= fd >= 0;
}

static ssize_t read_pagemap(struct shop *s, uint64_t *entries, size_t size, uint64_t offset)
{
	ssize_t got = s->inner->ops->pread(s->inner, s->pagemap, entries, size, offset);
	double ns = s->price[PT_COST_PAGEMAP_CALL];
	for (ssize_t i = 0; i < got / 8; i++) {
		bool present = entries[i] & PM_PRESENT;
		ns += s->price[present ? PT_COST_PAGEMAP_PRESENT : PT_COST_PAGEMAP_ABSENT];
		entries[i] = present ? PM_PRESENT | (s->hidden ? 0 : 5000 + offset / 8 % 1000 + (uint64_t)i) : 0;
	}
	charge(s, ns);
	return got;
}

static ssize_t read_maps(struct shop *s, char *text, size_t size)
{
	int n = snprintf(text, size,
			 "1000-2000 r-xp 00000000 fe:00 5    /a\n3000-4000 rw-p 00000000 00:00 0 \n"
			 "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\n"
			 "5000-6000 rw-p 00000000 00:00 0    [he"); /* as much as a read holds */
	charge(s, 3 * s->price[PT_COST_MAPS_VMA]);
	return n;
}

static ssize_t shop_pread(struct pt_kernel *k, int fd, void *buf, size_t size, uint64_t offset)
{
	struct shop *s = of(k);
	size_t n = size / 8;
	switch (fd) {
	case PAGEMAP: return read_pagemap(s, buf, size, offset);
	case KPAGEFLAGS: charge(s, s->price[PT_COST_FLAGS_CALL] + (double)n * s->price[PT_COST_FLAGS_ENTRY]); break;
	case KPAGECOUNT: charge(s, s->price[PT_COST_COUNT_CALL] + (double)n * s->price[PT_COST_COUNT_ENTRY]); break;
	case MAPS: return read_maps(s, buf, size);
	default: fail_msg("a read of descriptor %d", fd);
	}
	memset(buf, 0, size);
	return (ssize_t)size;
}

static int scan(struct shop *s, struct ps_arg *arg)
{
	unsigned shift = s->k.page_shift;
	uint64_t pages = (arg->end - arg->start) >> shift, *entries = calloc(pages, 8);
	assert_non_null(entries);
	ssize_t got = s->inner->ops->pread(s->inner, s->pagemap, entries, pages * 8, (arg->start >> shift) * 8);
	assert_int_equal(got, pages * 8);
	int regions = 0;
	double ns = s->price[PT_COST_SCAN_CALL];
	bool last = false;
	for (uint64_t i = 0; i < pages; i++) {
		bool present = entries[i] & PM_PRESENT;
		ns += present ? s->price[PT_COST_SCAN_PAGE] : 0;
		regions += present && !last;
		last = present;
	}
	free(entries);
	charge(s, ns + regions * s->price[PT_COST_SCAN_REGION]);
	return s->wrong_regions ? regions + 1 : regions;
}

static int shop_ioctl(struct pt_kernel *k, int fd, unsigned long request, void *arg)
{
	struct shop *s = of(k);
	if (fd == PAGEMAP && request == PT_PAGEMAP_SCAN)
		return s->no_scan ? -ENOTTY : scan(s, arg);
	if (fd != MAPS || request != PT_PROCMAP_QUERY || s->no_query)
		return -ENOTTY;
	struct pq_arg *query = arg;
	charge(s, s->price[PT_COST_QUERY_VMA]);
	if (query->query_addr >= 0x4000)
		return -ENOENT;
	query->vma_start = query->query_addr < 0x2000 ? 0x1000 : 0x3000;
	query->vma_end = query->vma_start + 0x1000;
	return 0;
}

static uint64_t shop_now(struct pt_kernel *k, enum pt_clock clock)
{
	struct shop *s = of(k);
	(void)clock;
	s->clock += s->look;
	return (uint64_t)s->clock;
}

static const struct pt_kernel_ops ops = {
	.open = shop_open, .close = shop_close, .pread = shop_pread, .ioctl = shop_ioctl, .now = shop_now};

static struct shop shop_new(void)
{
	struct shop s = {
		.price = {[PT_COST_FLAGS_CALL] = 300,
			  [PT_COST_FLAGS_ENTRY] = 110,
			  [PT_COST_COUNT_CALL] = 320,
			  [PT_COST_COUNT_ENTRY] = 60,
			  [PT_COST_PAGEMAP_CALL] = 800,
			  [PT_COST_PAGEMAP_PRESENT] = 40,
			  [PT_COST_PAGEMAP_ABSENT] = 2,
			  [PT_COST_SCAN_CALL] = 1500,
			  [PT_COST_SCAN_PAGE] = 12,
			  [PT_COST_SCAN_REGION] = 30,
			  [PT_COST_MAPS_VMA] = 100000, /* parsing takes real time, but not of this clock */
			  [PT_COST_QUERY_VMA] = 4000},
		.look = 25,
		.pagemap = -1,
	};
	assert_int_equal(pt_kernel_linux_new(&s.inner, "/", 0), 0);
	s.k = (struct pt_kernel){.ops = &ops, .page_shift = s.inner->page_shift, .real = true};
	s.pagemap = s.inner->ops->open(s.inner, "proc/self/pagemap", 0);
	if (s.pagemap < 0) {
		pt_kernel_free(s.inner);
		skip_because("/proc/self/pagemap cannot be read");
	}
	return s;
}

static struct pt_costs fit(struct shop *s)
{
	struct pt_costs costs;
	pt_costs_fit(&s->k, &costs);
	assert_int_equal(s->open, 0);
	s->inner->ops->close(s->inner, s->pagemap);
	pt_kernel_free(s->inner);
	return costs;
}

/* Measured, and within a thousandth of its price. */
static void assert_measured(const struct shop *s, const struct pt_costs *costs, enum pt_cost first, enum pt_cost last)
{
	for (enum pt_cost i = first; i <= last; i++) {
		if (!costs->measured[i])
			fail_msg("%s was not measured", pt_cost_name(i));
		if (fabs(costs->ns[i] - s->price[i]) > s->price[i] / 1000 + 0.5)
			fail_msg("%s costs %f, not %f", pt_cost_name(i), costs->ns[i], s->price[i]);
	}
}

static void assert_default(const struct pt_costs *costs, enum pt_cost first, enum pt_cost last)
{
	struct pt_costs plain;
	pt_costs_default(&plain);
	for (enum pt_cost i = first; i <= last; i++) {
		if (costs->measured[i] || costs->ns[i] != plain.ns[i])
			fail_msg("%s: %f instead of the default", pt_cost_name(i), costs->ns[i]);
		assert_true(plain.ns[i] > 0);
	}
}

/* ---- fitting ---------------------------------------------------------------------------------------------------- */

static void the_price_list_is_found_out(void **state)
{
	(void)state;
	struct shop s = shop_new();
	struct pt_costs costs = fit(&s);
	assert_measured(&s, &costs, 0, PT_COST_N - 1);
	assert_true(costs.fit_ns > 0);
}

static void what_disturbs_a_measurement_does_not_count(void **state)
{
	(void)state;
	struct shop s = shop_new();
	s.disturb = 40;
	struct pt_costs costs = fit(&s);
	assert_measured(&s, &costs, PT_COST_FLAGS_CALL, PT_COST_PAGEMAP_ABSENT);
}

static void a_slow_kernel_is_not_asked_for_long(void **state)
{
	(void)state;
	struct shop s = shop_new();
	s.price[PT_COST_FLAGS_ENTRY] = 100000;
	struct pt_costs costs = fit(&s);
	assert_measured(&s, &costs, PT_COST_PAGEMAP_CALL, PT_COST_PAGEMAP_ABSENT);
	assert_default(&costs, PT_COST_FLAGS_CALL, PT_COST_COUNT_ENTRY);
	assert_default(&costs, PT_COST_SCAN_CALL, PT_COST_QUERY_VMA);
	assert_true(costs.fit_ns < 20000000);
}

static void a_clock_that_stands_still_or_merely_ticks_tells_nothing(void **state)
{
	(void)state;
	for (int tick = 0; tick <= 1000; tick += 1000) {
		struct shop s = shop_new();
		s.still = true;
		s.look = tick;
		struct pt_costs costs = fit(&s);
		assert_default(&costs, 0, PT_COST_N - 1);
	}
}

static void what_may_not_be_opened_is_not_known(void **state)
{
	(void)state;
	struct shop s = shop_new();
	s.deny = "proc/kpageflags";
	struct pt_costs costs = fit(&s);
	assert_default(&costs, PT_COST_FLAGS_CALL, PT_COST_FLAGS_ENTRY);
	assert_measured(&s, &costs, PT_COST_COUNT_CALL, PT_COST_QUERY_VMA);

	s = shop_new();
	s.hidden = true;
	costs = fit(&s);
	assert_default(&costs, PT_COST_FLAGS_CALL, PT_COST_COUNT_ENTRY);
	assert_measured(&s, &costs, PT_COST_PAGEMAP_CALL, PT_COST_QUERY_VMA);

	s = shop_new();
	s.deny = "proc/self/pagemap";
	costs = fit(&s);
	assert_default(&costs, PT_COST_FLAGS_CALL, PT_COST_SCAN_REGION);
	assert_measured(&s, &costs, PT_COST_MAPS_VMA, PT_COST_QUERY_VMA);
}

static void what_a_kernel_lacks_is_not_known(void **state)
{
	(void)state;
	struct shop s = shop_new();
	s.no_scan = s.no_query = true;
	struct pt_costs costs = fit(&s);
	assert_default(&costs, PT_COST_SCAN_CALL, PT_COST_SCAN_REGION);
	assert_default(&costs, PT_COST_QUERY_VMA, PT_COST_QUERY_VMA);
	assert_measured(&s, &costs, PT_COST_FLAGS_CALL, PT_COST_PAGEMAP_ABSENT);

	s = shop_new();
	s.wrong_regions = true;
	costs = fit(&s);
	assert_default(&costs, PT_COST_SCAN_CALL, PT_COST_SCAN_REGION);
}

static void a_folder_is_not_measured(void **state)
{
	(void)state;
	struct shop s = shop_new();
	s.k.real = false;
	struct pt_costs costs = fit(&s);
	assert_default(&costs, 0, PT_COST_N - 1);
	assert_int_equal(costs.fit_ns, 0);
}

/* ---- choices ---------------------------------------------------------------------------------------------------- */

static struct pt_costs priced(void)
{
	struct pt_costs costs = {
		.ns = {[PT_COST_FLAGS_CALL] = 300,
		       [PT_COST_FLAGS_ENTRY] = 110,
		       [PT_COST_COUNT_CALL] = 320,
		       [PT_COST_COUNT_ENTRY] = 80,
		       [PT_COST_PAGEMAP_CALL] = 800,
		       [PT_COST_PAGEMAP_PRESENT] = 40,
		       [PT_COST_PAGEMAP_ABSENT] = 2,
		       [PT_COST_SCAN_CALL] = 1500,
		       [PT_COST_SCAN_PAGE] = 12,
		       [PT_COST_SCAN_REGION] = 30,
		       [PT_COST_MAPS_VMA] = 600,
		       [PT_COST_QUERY_VMA] = 400},
	};
	return costs;
}

static void a_gap_is_read_along_while_that_is_cheaper_than_a_call(void **state)
{
	(void)state;
	struct pt_costs costs = priced();
	assert_int_equal(pt_cost_gap(&costs, PT_COST_KPAGEFLAGS), 2);
	assert_int_equal(pt_cost_gap(&costs, PT_COST_KPAGECOUNT), 4);
	assert_int_equal(pt_cost_gap(&costs, PT_COST_PAGEMAP), 20);
	costs.ns[PT_COST_FLAGS_CALL] = 50;
	assert_int_equal(pt_cost_gap(&costs, PT_COST_KPAGEFLAGS), 0);
	costs.ns[PT_COST_FLAGS_CALL] = 1e9;
	assert_in_range(pt_cost_gap(&costs, PT_COST_KPAGEFLAGS), 1, 1000);
}

static void the_cheaper_way_to_list_vmas(void **state)
{
	(void)state;
	struct pt_costs costs = priced();
	assert_true(pt_cost_query_pays(&costs));
	costs.ns[PT_COST_QUERY_VMA] = 700;
	assert_false(pt_cost_query_pays(&costs));
}

static void a_scan_pays_where_memory_is_sparse(void **state)
{
	(void)state;
	const struct pt_costs costs = priced();
	const uint64_t reserved = 16ull << 28; /* pages of 16 TiB */
	for (int detail = 0; detail <= 1; detail++) {
		assert_true(pt_cost_scan_pays(&costs, reserved, 0, 0, detail));
		assert_true(pt_cost_scan_pays(&costs, reserved, 262144, 1024, detail));
	}
	/* dense: the scan is cheaper than pagemap for presence, but does not spare it where detail is wanted */
	assert_true(pt_cost_scan_pays(&costs, 1 << 20, 1 << 20, 1, false));
	assert_false(pt_cost_scan_pays(&costs, 1 << 20, 1 << 20, 1, true));
	/* every other page: a region each */
	assert_false(pt_cost_scan_pays(&costs, 1 << 20, 1 << 19, 1 << 19, true));
	/* a stretch too short for the dearer call */
	assert_false(pt_cost_scan_pays(&costs, 4, 4, 1, false));
}

static void a_frame_costs_the_sum_of_its_questions(void **state)
{
	(void)state;
	const struct pt_costs costs = priced();
	struct pt_work work = {0};
	uint64_t nothing = pt_cost_frame(&costs, &work);
	assert_true(nothing < 10000);
	work = (struct pt_work){.vmas = 1000};
	assert_in_range(pt_cost_frame(&costs, &work) - nothing, 600000, 2000000);
	work = (struct pt_work){.pages = 1 << 20, .present = 1 << 20, .tables = 2048, .regions = 1, .runs = 1};
	uint64_t dense = pt_cost_frame(&costs, &work);
	assert_in_range(dense, (1ull << 20) * (40 + 110), (1ull << 20) * 300);
	work.runs = 1 << 18;
	assert_int_equal(pt_cost_frame(&costs, &work) - dense, ((1 << 18) - 1) * 300);
	work.runs = 1;
	work.counted = 1 << 20;
	assert_in_range(pt_cost_frame(&costs, &work) - dense, (1 << 20) * 80, (1 << 20) * 160);
	work = (struct pt_work){.pages = 1 << 20, .huge = 2048, .tables = 2048, .regions = 1};
	assert_true(pt_cost_frame(&costs, &work) < dense / 10);
}

static void a_sparse_frame_costs_what_is_there_and_its_tables(void **state)
{
	(void)state;
	const struct pt_costs costs = priced();
	struct pt_work few = {.pages = 16ull << 28, .present = 1 << 14, .tables = 1 << 14, .regions = 1 << 14};
	struct pt_work near = {.pages = 16ull << 28, .present = 1 << 14, .tables = 1 << 5, .regions = 1 << 5};
	assert_true(pt_cost_frame(&costs, &few) < 200000000);
	assert_true(pt_cost_frame(&costs, &near) < pt_cost_frame(&costs, &few) / 3);
	uint64_t before = pt_cost_frame(&costs, &few);
	few.upper = 1 << 14; /* each in a table of its own, which is in one of its own */
	assert_true(pt_cost_frame(&costs, &few) > before);
	/* nonsense does not run over */
	struct pt_work absurd = {.pages = UINT64_MAX, .present = UINT64_MAX, .counted = UINT64_MAX, .regions = 1};
	assert_true(pt_cost_frame(&costs, &absurd) >= (uint64_t)1e18);
}

static void every_cost_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < PT_COST_N; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(pt_cost_name((enum pt_cost)i), pt_cost_name((enum pt_cost)j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_price_list_is_found_out),
		cmocka_unit_test(what_disturbs_a_measurement_does_not_count),
		cmocka_unit_test(a_slow_kernel_is_not_asked_for_long),
		cmocka_unit_test(a_clock_that_stands_still_or_merely_ticks_tells_nothing),
		cmocka_unit_test(what_may_not_be_opened_is_not_known),
		cmocka_unit_test(what_a_kernel_lacks_is_not_known),
		cmocka_unit_test(a_folder_is_not_measured),
		cmocka_unit_test(a_gap_is_read_along_while_that_is_cheaper_than_a_call),
		cmocka_unit_test(the_cheaper_way_to_list_vmas),
		cmocka_unit_test(a_scan_pays_where_memory_is_sparse),
		cmocka_unit_test(a_frame_costs_the_sum_of_its_questions),
		cmocka_unit_test(a_sparse_frame_costs_what_is_there_and_its_tables),
		cmocka_unit_test(every_cost_has_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
