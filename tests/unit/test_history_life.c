/*
 * Ages of pages against plain arrays that are told of every frame; sums over ranges; moves, execs, and memory that runs
 * out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/history/ledger.h"
#include "core/history/life.h"
#include "tests/support/heap.h"
#include "tests/support/space.h"

#define RW   (PT_READ | PT_WRITE)
#define TICK 100000000ull /* frames come at whole ticks here */

static struct pt_page anon(uint64_t pfn)
{
	const uint32_t read = PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE;
	return (struct pt_page){.pfn = pfn, .bits = PT_ANON | read | PT_EXCLUSIVE, .count = 1};
}

static struct pt_snapshot *look(const struct space *space, const struct pt_snapshot *before, uint64_t ns)
{
	struct pt_snapshot *s = space_snapshot(space, before, ns - 10);
	assert_int_equal(s->monotonic_ns, ns);
	return s;
}

/* ---- plainly ---------------------------------------------------------------------------------------------------- */

struct plain {
	uint64_t born[SPACE_PAGES], changed[SPACE_PAGES]; /* ns, 0: never */
};

static int is_kept(const struct pt_vma *was, const struct pt_vma *is)
{
	if (!was || !is || was->inode != is->inode || (was->perms ^ is->perms) & PT_SHARED)
		return 0;
	uint64_t there = was->offset - (was->start << SPACE_SHIFT), here = is->offset - (is->start << SPACE_SHIFT);
	return !was->inode || there == here;
}

static void step_plainly(struct plain *plain, const struct space *before, const struct space *after, uint64_t now)
{
	static const struct pt_page nothing;
	for (unsigned i = 0; i < SPACE_PAGES; i++) {
		const struct pt_vma *was = space_vma(before, i), *is = space_vma(after, i);
		bool kept = is_kept(was, is);
		struct pt_page a = kept ? before->pages[i] : nothing, b = after->pages[i];
		uint32_t events = pt_page_events(a, b);
		if (!kept)
			plain->born[i] = plain->changed[i] = 0;
		if (!is)
			continue;
		if (!pt_page_holds(b))
			plain->born[i] = 0;
		else if (!plain->born[i] || events >> PT_BORN & 1)
			plain->born[i] = now;
		if (events || pt_page_differs(a, b))
			plain->changed[i] = now;
	}
}

static void check_range(const struct pt_life *life, const struct plain *plain, unsigned first, unsigned end,
			uint64_t since)
{
	struct pt_life_sum sum, mine = {0};
	uint64_t born = 0;
	for (unsigned i = first; i < end; i++) {
		mine.pages += plain->born[i] != 0;
		mine.from_start += plain->born[i] == TICK;
		born += plain->born[i];
		mine.changed += plain->changed[i] && plain->changed[i] >= since;
	}
	pt_life_sum(life, space_address(first), space_address(end), since, &sum);
	assert_int_equal(sum.pages, mine.pages);
	assert_int_equal(sum.from_start, mine.from_start);
	assert_int_equal(sum.changed, mine.changed);
	assert_int_equal(sum.mean_born_ns / TICK, mine.pages ? born / mine.pages / TICK : 0);
}

static void check(const struct pt_life *life, const struct plain *plain, uint64_t now)
{
	for (unsigned i = 0; i < SPACE_PAGES; i++) {
		struct pt_lifetime page = pt_life_page(life, space_address(i) + space_random(4096));
		assert_int_equal(page.born_ns, plain->born[i]);
		assert_int_equal(page.changed_ns, plain->changed[i]);
		assert_int_equal(page.from_start, plain->born[i] == TICK);
	}
	for (int i = 0; i < 10; i++) {
		unsigned first = (unsigned)space_random(SPACE_PAGES);
		unsigned end = first + 1 + (unsigned)space_random(SPACE_PAGES - first);
		check_range(life, plain, first, end, TICK * (1 + space_random(now / TICK + 2)));
	}
}

/* Bins of some size over all VMAs: what the pages that each covers have. */
static void check_bins(const struct pt_life *life, const struct plain *plain, const struct pt_snapshot *s)
{
	struct pt_bin bins[SPACE_PAGES];
	struct pt_axis axis;
	uint64_t each = 1 + space_random(30), since = TICK * (1 + space_random(s->monotonic_ns / TICK));
	assert_int_equal(pt_axis_init(&axis, s, 0, SIZE_MAX), 0);
	size_t n = (size_t)((axis.pages + each - 1) / each);
	pt_bins_fill(&axis, s, NULL, 0, each, bins, n);
	assert_true(!n || !bins[0].life.known);
	pt_life_bins(life, &axis, s, since, 0, bins, n);
	for (size_t i = 0; i < n; i++) {
		struct pt_bin_life mine = {.known = true};
		for (uint64_t k = i * each; k < (i + 1) * each && k < axis.pages; k++) {
			uint64_t page = (pt_axis_address(&axis, s, k) - SPACE_BASE) >> SPACE_SHIFT;
			mine.held += plain->born[page] != 0;
			mine.from_start += plain->born[page] == TICK;
			mine.changed += plain->changed[page] && plain->changed[page] >= since;
			mine.age_ns += plain->born[page] ? s->monotonic_ns - plain->born[page] : 0;
		}
		uint64_t mean = mine.held ? mine.age_ns / mine.held : 0, got = bins[i].life.age_ns;
		assert_true(bins[i].life.known);
		assert_int_equal(bins[i].life.held, mine.held);
		assert_int_equal(bins[i].life.from_start, mine.from_start);
		assert_int_equal(bins[i].life.changed, mine.changed);
		assert_in_range(got, mean, mean + TICK); /* rounded by VMA */
	}
	pt_axis_free(&axis);
}

static void random_step(struct space *space)
{
	if (space_random(3) == 0) {
		unsigned first = (unsigned)space_random(SPACE_PAGES - 20);
		if (space_random(3))
			space_map(space, first, 20, space_random(2) ? RW : RW | PT_SHARED, space_random(2));
		else
			space_unmap(space, first, 20);
	}
	uint64_t one_in = 1 + space_random(30);
	for (unsigned i = 0; i < SPACE_PAGES; i++)
		if (space_vma(space, i) && !space_random(one_in))
			space->pages[i] = space_random_page();
		else if (space->pages[i].bits & PT_HAS_FLAGS && !space_random(10))
			space->pages[i].bits ^= PT_REFERENCED; /* no change */
}

static void ages_are_those_of_each_page(void **state)
{
	(void)state;
	for (int round = 0; round < 60; round++) {
		static struct space was, is;
		struct plain plain = {{0}, {0}};
		struct pt_life *life;
		memset(&is, 0, sizeof is);
		for (int i = 0; i < 5; i++)
			random_step(&is);
		struct pt_snapshot *before = look(&is, NULL, TICK), *after;
		before->signals.of[PT_SIG_PFN].given = PT_ABSENT; /* no moves: the frames are too few */
		for (unsigned i = 0; i < SPACE_PAGES; i++)
			plain.born[i] = pt_page_holds(is.pages[i]) ? TICK : 0;
		assert_int_equal(pt_life_new(before, &life), 0);
		assert_int_equal(pt_life_start_ns(life), TICK);
		for (uint64_t now = 2 * TICK; now < 40 * TICK; now += TICK) {
			was = is;
			random_step(&is);
			after = look(&is, before, now);
			after->signals.of[PT_SIG_PFN].given = PT_ABSENT;
			step_plainly(&plain, &was, &is, now);
			assert_int_equal(pt_life_step(life, before, after), 0);
			check(life, &plain, now);
			check_bins(life, &plain, after);
			pt_snapshot_unref(before);
			before = after;
		}
		pt_snapshot_unref(before);
		pt_life_free(life);
	}
}

/* ---- what life goes on through ---------------------------------------------------------------------------------- */

/* Zero pages and markers have no age; a chunk of nothing else is no chunk of ages, also in the first frame. */
static void what_holds_nothing_has_no_age(void **state)
{
	struct space space = {0};
	struct pt_life *life;
	struct pt_life_sum sum;
	(void)state;
	space_map(&space, 0, SPACE_PAGES, RW, 0);
	for (unsigned i = 0; i < SPACE_PAGES; i++)
		space.pages[i] = (struct pt_page){.pfn = 1, .bits = PT_ZERO | PT_HAS_FLAGS};
	space.pages[SPACE_PAGES - 1] = anon(7);
	struct pt_snapshot *s = look(&space, NULL, TICK);
	assert_int_equal(pt_life_new(s, &life), 0);
	pt_life_sum(life, space_address(0), space_address(SPACE_PAGES), TICK, &sum);
	assert_int_equal(sum.pages, 1);
	assert_int_equal(pt_life_page(life, space_address(0)).born_ns, 0);
	pt_life_free(life);
	pt_snapshot_unref(s);
}

static void fill(struct space *space, unsigned first, unsigned n, uint64_t pfn)
{
	for (unsigned i = 0; i < n; i++)
		space->pages[first + i] = anon(pfn + 7 * i);
}

static void moved_pages_keep_their_age(void **state)
{
	(void)state;
	static struct space space;
	struct pt_life *life;
	memset(&space, 0, sizeof space);
	space_map(&space, 0, 40, RW, 0);
	fill(&space, 0, 10, 1000);
	struct pt_snapshot *a = look(&space, NULL, TICK);
	fill(&space, 10, 10, 3000);
	struct pt_snapshot *b = look(&space, a, 2 * TICK);
	struct pt_page pages[20];
	memcpy(pages, space.pages, sizeof pages);
	space_unmap(&space, 0, 40);
	space_map(&space, 103, 40, RW, 0);
	memcpy(space.pages + 103, pages, sizeof pages);
	struct pt_snapshot *c = look(&space, b, 3 * TICK);
	assert_int_equal(pt_life_new(a, &life), 0);
	assert_int_equal(pt_life_step(life, a, b), 0);
	assert_int_equal(pt_life_step(life, b, c), 0);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(pt_life_page(life, space_address(103 + i)).born_ns, i < 10 ? TICK : 2 * TICK);
		assert_int_equal(pt_life_page(life, space_address(103 + i)).changed_ns, i < 10 ? 0 : 2 * TICK);
		assert_int_equal(pt_life_page(life, space_address(i)).born_ns, 0);
	}
	pt_life_free(life);
	pt_snapshot_unref(a);
	pt_snapshot_unref(b);
	pt_snapshot_unref(c);
}

static void a_new_program_begins_anew(void **state)
{
	(void)state;
	static struct space space;
	struct pt_life *life;
	memset(&space, 0, sizeof space);
	space_map(&space, 0, 40, RW, 0);
	fill(&space, 0, 10, 1000);
	struct pt_snapshot *a = look(&space, NULL, TICK), *b = look(&space, a, 5 * TICK);
	b->process.image = 1;
	assert_int_equal(pt_life_new(a, &life), 0);
	assert_int_equal(pt_life_step(life, a, b), 0);
	assert_int_equal(pt_life_start_ns(life), 5 * TICK);
	assert_int_equal(pt_life_page(life, space_address(3)).born_ns, 5 * TICK);
	assert_true(pt_life_page(life, space_address(3)).from_start);
	pt_life_free(life);
	pt_snapshot_unref(a);
	pt_snapshot_unref(b);
}

static void what_is_alike_costs_little(void **state)
{
	(void)state;
	static struct space space;
	struct pt_life *life;
	memset(&space, 0, sizeof space);
	space_map(&space, 0, SPACE_PAGES, RW, 0);
	fill(&space, 0, SPACE_PAGES, 1000);
	struct pt_snapshot *a = look(&space, NULL, TICK);
	assert_int_equal(pt_life_new(a, &life), 0);
	assert_in_range(pt_life_bytes(life), 1, 64 * (a->n_slots + 1));
	pt_life_free(life);
	pt_snapshot_unref(a);
}

/* ---- memory runs out -------------------------------------------------------------------------------------------- */

static void a_step_is_done_or_not_at_all(void **state)
{
	(void)state;
	static struct space space;
	struct pt_life *life = NULL;
	unsigned long n = 0;
	memset(&space, 0, sizeof space);
	space_map(&space, 0, 40, RW, 0);
	space_map(&space, 60, 40, RW, 0);
	fill(&space, 0, 20, 1000);
	struct pt_snapshot *a = look(&space, NULL, TICK);
	fill(&space, 60, 20, 5000);
	space_unmap(&space, 0, 5);
	struct pt_snapshot *b = look(&space, a, 3 * TICK);
	for (bool failed = true; failed;) {
		heap_fail_at(++n);
		int error = pt_life_new(a, &life);
		failed = heap_has_failed();
		heap_fail_at(0);
		assert_int_equal(error, failed ? -ENOMEM : 0);
	}
	assert_in_range(n, 4, 99);
	n = 0;
	for (bool failed = true; failed;) {
		heap_fail_at(++n);
		int error = pt_life_step(life, a, b);
		failed = heap_has_failed();
		heap_fail_at(0);
		assert_int_equal(error, failed ? -ENOMEM : 0);
		assert_int_equal(pt_life_page(life, space_address(2)).born_ns, failed ? TICK : 0);
		assert_int_equal(pt_life_page(life, space_address(62)).born_ns, failed ? 0 : 3 * TICK);
	}
	assert_in_range(n, 6, 99);
	pt_life_free(life);
	pt_snapshot_unref(a);
	pt_snapshot_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_are_those_of_each_page), cmocka_unit_test(what_holds_nothing_has_no_age),
		cmocka_unit_test(moved_pages_keep_their_age),  cmocka_unit_test(a_new_program_begins_anew),
		cmocka_unit_test(what_is_alike_costs_little),  cmocka_unit_test(a_step_is_done_or_not_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
