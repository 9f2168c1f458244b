/*
 * The tally on made-up faults: sums, tables, rates, births, repeaters and their causes; against a naive count; within its
 * memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/faults/birth.h"
#include "tests/support/heap.h"
#include "tests/support/rounds.h"
#include "tests/support/tallied.h"

/* ---- sums and tables -------------------------------------------------------------------------------------------- */

static void test_counts(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	struct pt_joined a = tallied_touch(1, 2 * S), b = tallied_touch(2, 2 * S), c = tallied_touch(2, 3 * S);
	b.weight = 5;
	b.major = true;
	b.tid = 9;
	b.cpu = 3;
	b.stack = 2;
	c.kind = PT_FAULT_COW;
	c.kernel = true;
	pt_tally_add(tally, &a);
	pt_tally_add(tally, &b);
	pt_tally_add(tally, &c);
	struct pt_fault child = {.pid = 8, .tid = 8, .weight = 4};
	pt_tally_child(tally, &child);

	struct pt_fault_view *view = tallied_look(tally, 5 * S);
	assert_int_equal(view->from_ns, S);
	assert_int_equal(view->to_ns, 5 * S);
	assert_int_equal(view->all.events, 7);
	assert_int_equal(view->all.major, 5);
	assert_int_equal(view->all.kernel, 1);
	assert_int_equal(view->all.kinds[PT_FAULT_FIRST_TOUCH], 6);
	assert_int_equal(view->all.kinds[PT_FAULT_COW], 1);
	assert_int_equal(view->children.events, 4);
	assert_int_equal(view->left_out, 0);

	assert_int_equal(view->n_addresses, 2);
	assert_int_equal(view->addresses[0].address, space_address(2));
	assert_int_equal(view->addresses[0].counts.events, 6);
	assert_int_equal(view->addresses[0].last, PT_FAULT_COW);
	assert_int_equal(view->addresses[0].last_ns, 3 * S);
	assert_int_equal(view->addresses[0].stack, 1);
	assert_int_equal(view->n_threads, 2);
	assert_int_equal(view->threads[0].tid, 9);
	assert_int_equal(view->threads[0].cpu, 3);
	assert_int_equal(view->threads[0].node, -1);
	assert_int_equal(view->n_cpus, 2);
	assert_int_equal(view->cpus[0].cpu, 3);
	assert_int_equal(view->n_stacks, 2);
	assert_int_equal(view->stacks[0].id, 2);
	assert_int_equal(view->stacks[0].counts.events, 5);
	assert_int_equal(view->n_vmas, 1);
	assert_int_equal(view->vmas[0].start, space_address(0));
	assert_int_equal(view->vmas[0].counts.events, 7);
	assert_string_equal(view->vmas[0].name, "");
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

static void test_no_stacks_no_table(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	struct pt_joined f = tallied_touch(1, 2 * S);
	f.stack = 0;
	f.has_vma = false;
	pt_tally_add(tally, &f);
	struct pt_fault_view *view = tallied_look(tally, 5 * S);
	assert_int_equal(view->all.events, 1);
	assert_int_equal(view->n_stacks, 0);
	assert_int_equal(view->n_vmas, 0);
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

static struct pt_joined touch_in(uint64_t start, uint64_t end, uint64_t ns)
{
	struct pt_joined f = tallied_touch(0, ns);
	f.address = start << SPACE_SHIFT;
	f.vma_start = start << SPACE_SHIFT;
	f.vma_end = end << SPACE_SHIFT;
	return f;
}

static void expect_vmas(struct pt_tally *tally, size_t n, const uint64_t (*rows)[3])
{
	struct pt_fault_view *view = tallied_look(tally, 100 * S);
	assert_int_equal(view->n_vmas, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(view->vmas[i].start >> SPACE_SHIFT, rows[i][0]);
		assert_int_equal(view->vmas[i].end >> SPACE_SHIFT, rows[i][1]);
		assert_int_equal(view->vmas[i].counts.events, rows[i][2]);
	}
	pt_fault_view_unref(view);
}

static void test_vmas_that_grow(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	const uint64_t grown[][3] = {{60, 100, 4}, {200, 210, 1}},
		       apart[][3] = {{60, 100, 4}, {95, 100, 2}, {200, 210, 1}},
		       merged_up[][3] = {{60, 130, 7}, {200, 210, 1}};
	for (unsigned i = 0; i < 4; i++) { /* downwards, as mmap does it */
		struct pt_joined f = touch_in(100 - (i + 1) * 10, 100, (2 + i) * S);
		pt_tally_add(tally, &f);
	}
	struct pt_joined f = touch_in(200, 210, 7 * S);
	pt_tally_add(tally, &f);
	expect_vmas(tally, 2, grown);
	for (unsigned i = 0; i < 2; i++) { /* one that begins in it later is another */
		f = touch_in(95, 100, 8 * S);
		pt_tally_add(tally, &f);
	}
	expect_vmas(tally, 3, apart);
	f = touch_in(60, 130, 9 * S);
	pt_tally_add(tally, &f);
	expect_vmas(tally, 2, merged_up);
	pt_tally_free(tally);
}

/* A snapshot says that two became one, without another fault. */
static void test_vmas_that_merge(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	struct space space = {0};
	uint64_t base = SPACE_BASE >> SPACE_SHIFT;
	const uint64_t one[][3] = {{base + 5, base + 40, 2}};
	struct pt_joined f = touch_in(base + 10, base + 20, 2 * S);
	pt_tally_add(tally, &f);
	f = touch_in(base + 20, base + 30, 2 * S);
	pt_tally_add(tally, &f);
	space_map(&space, 5, 35, PT_READ, 0);
	tallied_give(tally, &space, 3 * S);
	expect_vmas(tally, 1, one);
	pt_tally_free(tally);
}

static double rate(struct pt_tally *tally, uint64_t now_ns)
{
	struct pt_fault_view *view = tallied_look(tally, now_ns);
	double ret = view->all.per_s;
	assert_true(view->n_addresses == 0 || view->addresses[0].counts.per_s == ret);
	pt_fault_view_unref(view);
	return ret;
}

static void test_rates(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new(); /* from second 1 on */
	assert_true(rate(tally, S) == 0);
	for (unsigned i = 0; i < 10; i++) {
		struct pt_joined f = tallied_touch(1, S + i);
		pt_tally_add(tally, &f);
	}
	assert_true(rate(tally, S + S / 10) == 100); /* 10 in the first tenth, not 10 a second */
	assert_true(rate(tally, 2 * S) == 10);
	assert_true(rate(tally, 2 * S + 1000) == 10); /* too soon for another window: the last one's */
	struct pt_joined f = tallied_touch(1, 2 * S + 2000);
	pt_tally_add(tally, &f);
	assert_true(rate(tally, 4 * S) == 0.5);
	assert_true(rate(tally, 5 * S) == 0);
	assert_true(rate(tally, 8 * S) == 0);
	pt_tally_free(tally);
}

/* ---- births ----------------------------------------------------------------------------------------------------- */

static void expect_stack(struct pt_tally *tally, pt_stack_id id, uint64_t born_pages, uint64_t still_pages, bool known)
{
	struct pt_fault_view *view = tallied_look(tally, 100 * S);
	for (size_t i = 0; i < view->n_stacks; i++)
		if (view->stacks[i].id == id) {
			assert_int_equal(view->stacks[i].born, born_pages << SPACE_SHIFT);
			assert_int_equal(view->stacks[i].still_known, known);
			if (known)
				assert_int_equal(view->stacks[i].still, still_pages << SPACE_SHIFT);
			pt_fault_view_unref(view);
			return;
		}
	fail_msg("no row of stack %u", id);
}

static void test_births(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	struct space space = {0};
	uint64_t when = 0;
	space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
	for (unsigned page = 10; page < 40; page++) {
		struct pt_joined f = tallied_touch(page, 2 * S);
		space.pages[page] = own;
		pt_tally_add(tally, &f);
	}
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 1);
	assert_in_range(when, 2 * S, 2 * S + 1000000);
	assert_int_equal(pt_tally_birth(tally, space_address(9), &when), 0);
	expect_stack(tally, 1, 30, 0, false);

	tallied_give(tally, &space, 3 * S);
	expect_stack(tally, 1, 30, 30, true);

	for (unsigned page = 10; page < 20; page++) /* freed, and one of them swapped out */
		space.pages[page] = page == 15 ? (struct pt_page){.pfn = 32, .bits = PT_SWAP} : none;
	tallied_give(tally, &space, 4 * S);
	expect_stack(tally, 1, 30, 21, true);
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 0);
	assert_int_equal(pt_tally_birth(tally, space_address(15), &when), 1);

	struct pt_joined f = tallied_touch(12,
					   5 * S); /* born anew, by another; a snapshot of before knows nothing of it */
	f.stack = 2;
	pt_tally_add(tally, &f);
	tallied_give(tally, &space, 5 * S - 1000);
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 2);
	expect_stack(tally, 2, 1, 1, true);
	f = tallied_touch(20, 5 * S); /* freed and touched again before anybody looked */
	f.stack = 2;
	pt_tally_add(tally, &f);
	expect_stack(tally, 1, 30, 20, true);
	expect_stack(tally, 2, 2, 2, true);

	pt_tally_execed(tally);
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 0);
	expect_stack(tally, 2, 2, 0, false);
	pt_tally_free(tally);
}

static void test_births_of_huge_pages(void **state)
{
	(void)state;
	struct pt_tally *tally = tallied_new();
	struct space space = {0};
	uint64_t when;
	/* The space begins within a chunk: its first whole one begins here. */
	unsigned first = PT_CHUNK_PAGES - (unsigned)(SPACE_BASE >> SPACE_SHIFT) % PT_CHUNK_PAGES;
	struct pt_page huge = own;
	huge.bits |= PT_PMD | PT_LARGE;
	space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
	struct pt_joined f = tallied_change(first + 3, 2 * S, PT_FAULT_HUGE, none, huge);
	pt_tally_add(tally, &f);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		space.pages[first + i] = huge;
		space.pages[first + i].pfn += i;
		assert_int_equal(pt_tally_birth(tally, space_address(first + i), &when), 1);
	}
	assert_int_equal(pt_tally_birth(tally, space_address(first + PT_CHUNK_PAGES), &when), 0);
	tallied_give(tally, &space, 3 * S);
	expect_stack(tally, 1, PT_CHUNK_PAGES, PT_CHUNK_PAGES, true);
	space.pages[first + 1] = none; /* split, and part of it freed */
	tallied_give(tally, &space, 4 * S);
	expect_stack(tally, 1, PT_CHUNK_PAGES, PT_CHUNK_PAGES - 1, true);
	f = tallied_touch(first + 1, 5 * S);
	f.stack = 2;
	pt_tally_add(tally, &f);
	assert_int_equal(pt_tally_birth(tally, space_address(first + 1), &when), 2);
	assert_int_equal(pt_tally_birth(tally, space_address(first + 2), &when), 1);
	/* khugepaged makes one of them: nothing is born */
	f = tallied_change(first, 6 * S, PT_FAULT_HUGE, own, huge);
	pt_tally_add(tally, &f);
	expect_stack(tally, 1, PT_CHUNK_PAGES, PT_CHUNK_PAGES - 1, true);
	pt_tally_free(tally);
}

/* What brings memory, and what does not. */
static void test_born(void **state)
{
	(void)state;
	struct pt_page swap = {.pfn = 32, .bits = PT_SWAP}, huge_zero = {.pfn = 512, .bits = PT_ZERO_HUGE | READ},
		       file = {.pfn = 9, .bits = PT_FILE | READ};
	const struct {
		struct pt_joined f;
		uint64_t pages;
	} cases[] = {
		{tallied_change(1, S, PT_FAULT_FIRST_TOUCH, none, own), 1},
		{tallied_change(1, S, PT_FAULT_FIRST_TOUCH, none, zero), 0},
		{tallied_change(1, S, PT_FAULT_ZERO_WRITE, zero, own), 1},
		{tallied_change(1, S, PT_FAULT_HUGE, none, own), PT_CHUNK_PAGES},
		{tallied_change(1, S, PT_FAULT_HUGE, none, huge_zero), 0},
		{tallied_change(1, S, PT_FAULT_HUGE, own, own2), 0},
		{tallied_change(1, S, PT_FAULT_FILE_MAP, none, file), 1},
		{tallied_change(1, S, PT_FAULT_COW, file, own), 0},
		{tallied_change(1, S, PT_FAULT_COW, none, own), 1},
		{tallied_change(1, S, PT_FAULT_SWAP_IN, swap, own), 0},
		{tallied_change(1, S, PT_FAULT_MIGRATION, own, own2), 0},
		{tallied_change(1, S, PT_FAULT_FIRST_TOUCH, own, own2),
		 1}, /* the join knows that it was freed meanwhile */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pt_joined f = cases[i].f;
		assert_int_equal(pt_joined_born(&f, SPACE_SHIFT), cases[i].pages << SPACE_SHIFT);
		f.weight = 3;
		assert_int_equal(pt_joined_born(&f, SPACE_SHIFT), 3 * cases[i].pages << SPACE_SHIFT);
		f.knew = false;
		assert_int_equal(pt_joined_born(&f, SPACE_SHIFT), 0);
	}
}

/* ---- at random --------------------------------------------------------------------------------------------------- */

struct naive {
	uint64_t pages[SPACE_PAGES], kinds[PT_FAULT_KIND_N], stacks[5], threads[4], all;
};

static struct pt_joined random_fault(struct naive *naive, uint64_t ns)
{
	struct pt_joined f = tallied_touch((unsigned)space_random(SPACE_PAGES), ns);
	f.kind = (enum pt_fault_kind)space_random(PT_FAULT_KIND_N);
	f.before = space_random_page();
	f.after = space_random_page();
	f.knew = space_random(4);
	f.knows = space_random(4);
	f.weight = 1 + space_random(4);
	f.stack = (pt_stack_id)space_random(5);
	f.tid = (pid_t)space_random(4);
	naive->pages[(f.address - SPACE_BASE) >> SPACE_SHIFT] += f.weight;
	naive->kinds[f.kind] += f.weight;
	naive->stacks[f.stack] += f.weight;
	naive->threads[f.tid] += f.weight;
	naive->all += f.weight;
	return f;
}

static void expect_naive(struct pt_tally *tally, const struct naive *naive, uint64_t ns)
{
	struct pt_fault_view *view = pt_fault_view_new();
	assert_int_equal(pt_tally_view(tally, ns, SPACE_PAGES, &no_system, view), 0);
	assert_int_equal(view->all.events, naive->all);
	assert_memory_equal(view->all.kinds, naive->kinds, sizeof(naive->kinds));
	uint64_t sum = 0;
	for (size_t i = 0; i < view->n_addresses; i++) {
		assert_int_equal(view->addresses[i].counts.events,
				 naive->pages[(view->addresses[i].address - SPACE_BASE) >> SPACE_SHIFT]);
		assert_true(!i || view->addresses[i].counts.events <= view->addresses[i - 1].counts.events);
		sum += view->addresses[i].counts.events;
	}
	assert_int_equal(sum, naive->all);
	for (size_t i = 0; i < view->n_stacks; i++) {
		assert_int_equal(view->stacks[i].counts.events, naive->stacks[view->stacks[i].id]);
		assert_true(view->stacks[i].still <= view->stacks[i].born);
	}
	for (size_t i = 0; i < view->n_threads; i++)
		assert_int_equal(view->threads[i].counts.events, naive->threads[view->threads[i].tid]);
	pt_fault_view_unref(view);
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct pt_tally *tally = tallied_new();
		struct naive naive = {0};
		struct space space = {0};
		space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
		for (uint64_t i = 0; i < 2000; i++) {
			struct pt_joined f = random_fault(&naive, (2 + i) * S / 10);
			pt_tally_add(tally, &f);
			if (!space_random(50))
				pt_tally_forked(tally, f.time_ns);
			for (unsigned page = 0; page < SPACE_PAGES && i % 100 == 0; page++)
				space.pages[page] = space_random_page();
			if (i % 100 == 0)
				tallied_give(tally, &space, f.time_ns);
			if (i % 500 == 0)
				expect_naive(tally, &naive, f.time_ns);
		}
		expect_naive(tally, &naive, 300 * S);
		pt_tally_free(tally);
	}
}

/* Births against a plain array: who touched each page last, and which of these it still holds. */
static void test_random_births(void **state)
{
	(void)state;
	for (unsigned round = 0; round < rounds(30); round++) {
		struct pt_tally *tally = tallied_new();
		struct space space = {0};
		pt_stack_id born[SPACE_PAGES] = {0};
		uint64_t ns = 2 * S, when;
		space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
		for (unsigned i = 0; i < 1000; i++, ns += S / 100) {
			unsigned page = (unsigned)space_random(SPACE_PAGES);
			if (space_random(3)) {
				struct pt_joined f = tallied_touch(page, ns);
				born[page] = f.stack = 1 + (pt_stack_id)space_random(3);
				space.pages[page] = own;
				pt_tally_add(tally, &f);
			} else {
				space.pages[page] = none;
			}
			if (space_random(30))
				continue;
			ns += S / 100;
			tallied_give(tally, &space, ns);
			uint64_t still[4] = {0};
			for (unsigned k = 0; k < SPACE_PAGES; k++) {
				born[k] = pt_births_holds(space.pages[k]) ? born[k] : 0;
				still[born[k]]++;
				assert_int_equal(pt_tally_birth(tally, space_address(k), &when), born[k]);
			}
			struct pt_fault_view *view = tallied_look(tally, ns);
			for (size_t k = 0; k < view->n_stacks; k++)
				assert_int_equal(view->stacks[k].still, still[view->stacks[k].id] << SPACE_SHIFT);
			pt_fault_view_unref(view);
		}
		pt_tally_free(tally);
	}
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

/* Every allocation fails once: an error, or a tally that has forgotten something. */
static void test_out_of_memory(void **state)
{
	(void)state;
	bool failed = true;
	for (unsigned long n = 1; failed; n++) {
		heap_fail_at(n);
		struct pt_tally *tally = pt_tally_new(SPACE_SHIFT, TALLIED_ROOM, S);
		for (unsigned i = 0; tally && i < 300; i++) {
			struct pt_joined f = tallied_touch(i % SPACE_PAGES, 2 * S + i);
			pt_tally_add(tally, &f);
		}
		struct pt_fault_view *made = tally ? pt_fault_view_new() : NULL;
		int error = made ? pt_tally_view(tally, 3 * S, 100, &no_system, made) : -1;
		failed = heap_has_failed();
		heap_fail_at(0);
		assert_true(failed || !error);
		if (!error)
			assert_int_equal(made->all.events, 300);
		pt_fault_view_unref(made);
		pt_tally_free(tally);
	}
}

/* Hundreds of thousands of pages, stacks, threads and VMAs: no more memory than was given, sums right, and the rest is left out. */
static void test_memory_is_bounded(void **state)
{
	(void)state;
	size_t before = heap_bytes(), peak = 0;
	struct pt_tally *tally = pt_tally_new(SPACE_SHIFT, TALLIED_ROOM, S);
	for (uint64_t i = 0; i < 400000; i++) {
		struct pt_joined f = tallied_touch(0, 2 * S + i);
		f.address = (i % 8 ? i * 7919 : i % 64) << SPACE_SHIFT;
		f.vma_start = i << 30;
		f.stack = (pt_stack_id)i;
		f.tid = (pid_t)i;
		f.cpu = (uint32_t)i;
		pt_tally_add(tally, &f);
		peak = heap_bytes() - before > peak ? heap_bytes() - before : peak;
	}
	assert_in_range(peak, TALLIED_ROOM / 4, TALLIED_ROOM + TALLIED_ROOM / 16);
	struct pt_fault_view *view = tallied_look(tally, 3 * S);
	assert_int_equal(view->all.events, 400000);
	assert_in_range(view->left_out, 300000, 400000);
	assert_in_range(view->addresses_left_out, 250000, 400000);
	assert_int_equal(view->n_addresses, 100);
	for (size_t i = 0; i < 8; i++) { /* those that came 6,250 times each */
		assert_int_equal(view->addresses[i].address >> SPACE_SHIFT & 7, 0);
		assert_in_range(view->addresses[i].counts.events, 6000, 6251);
	}
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_stacks_no_table),
		cmocka_unit_test(test_vmas_that_grow),
		cmocka_unit_test(test_vmas_that_merge),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_births),
		cmocka_unit_test(test_births_of_huge_pages),
		cmocka_unit_test(test_born),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_births),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
