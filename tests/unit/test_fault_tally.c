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

#include "core/faults/tally.h"
#include "tests/support/heap.h"
#include "tests/support/space.h"

#define S    1000000000ull
#define ROOM (8u << 20)

#define READ (PT_HAS_FLAGS | PT_HAS_COUNT | PT_HAS_EXCLUSIVE)
#define OWN  (PT_ANON | READ | PT_EXCLUSIVE)

static const struct pt_page none = {0}, own = {.pfn = 100, .bits = OWN, .count = 1},
			    own2 = {.pfn = 200, .bits = OWN, .count = 1}, zero = {.pfn = 1, .bits = PT_ZERO | READ};
static const struct pt_fault_system no_system;

/* A first touch by thread 7 on CPU 0; what a test is about is changed. */
static struct pt_joined touch(unsigned page, uint64_t time_ns)
{
	return (struct pt_joined){
		.time_ns = time_ns,
		.address = space_address(page) + 0x123,
		.pid = 7,
		.tid = 7,
		.weight = 1,
		.kind = PT_FAULT_FIRST_TOUCH,
		.knew = true,
		.knows = true,
		.after = own,
		.has_vma = true,
		.vma_start = space_address(0),
		.vma_end = space_address(SPACE_PAGES),
		.stack = 1,
	};
}

static struct pt_joined change(unsigned page, uint64_t time_ns, enum pt_fault_kind kind, struct pt_page before,
			       struct pt_page after)
{
	struct pt_joined f = touch(page, time_ns);
	f.kind = kind;
	f.before = before;
	f.after = after;
	return f;
}

static struct pt_tally *new_tally(void)
{
	struct pt_tally *tally = pt_tally_new(SPACE_SHIFT, ROOM, S);
	assert_non_null(tally);
	return tally;
}

static struct pt_fault_view *look(struct pt_tally *tally, uint64_t now_ns)
{
	struct pt_fault_view *view = pt_fault_view_new();
	assert_non_null(view);
	assert_int_equal(pt_tally_view(tally, now_ns, 100, &no_system, view), 0);
	return view;
}

static void give(struct pt_tally *tally, const struct space *space, uint64_t ns)
{
	struct pt_snapshot *snapshot = space_snapshot(space, NULL, ns);
	pt_tally_snapshot(tally, snapshot);
	pt_snapshot_unref(snapshot);
}

/* ---- sums and tables -------------------------------------------------------------------------------------------- */

static void test_counts(void **state)
{
	(void)state;
	struct pt_tally *tally = new_tally();
	struct pt_joined a = touch(1, 2 * S), b = touch(2, 2 * S), c = touch(2, 3 * S);
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

	struct pt_fault_view *view = look(tally, 5 * S);
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
	struct pt_tally *tally = new_tally();
	struct pt_joined f = touch(1, 2 * S);
	f.stack = 0;
	f.has_vma = false;
	pt_tally_add(tally, &f);
	struct pt_fault_view *view = look(tally, 5 * S);
	assert_int_equal(view->all.events, 1);
	assert_int_equal(view->n_stacks, 0);
	assert_int_equal(view->n_vmas, 0);
	pt_fault_view_unref(view);
	pt_tally_free(tally);
}

static double rate(struct pt_tally *tally, uint64_t now_ns)
{
	struct pt_fault_view *view = look(tally, now_ns);
	double ret = view->all.per_s;
	assert_true(view->n_addresses == 0 || view->addresses[0].counts.per_s == ret);
	pt_fault_view_unref(view);
	return ret;
}

static void test_rates(void **state)
{
	(void)state;
	struct pt_tally *tally = new_tally(); /* from second 1 on */
	assert_true(rate(tally, S) == 0);
	for (unsigned i = 0; i < 10; i++) {
		struct pt_joined f = touch(1, S + i);
		pt_tally_add(tally, &f);
	}
	assert_true(rate(tally, S + S / 10) == 100); /* 10 in the first tenth, not 10 a second */
	assert_true(rate(tally, 2 * S) == 10);
	assert_true(rate(tally, 2 * S + 1000) == 10); /* too soon for another window: the last one's */
	struct pt_joined f = touch(1, 2 * S + 2000);
	pt_tally_add(tally, &f);
	assert_true(rate(tally, 4 * S) == 0.5);
	assert_true(rate(tally, 5 * S) == 0);
	assert_true(rate(tally, 8 * S) == 0);
	pt_tally_free(tally);
}

/* ---- births ----------------------------------------------------------------------------------------------------- */

static void expect_stack(struct pt_tally *tally, pt_stack_id id, uint64_t born_pages, uint64_t still_pages, bool known)
{
	struct pt_fault_view *view = look(tally, 100 * S);
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
	struct pt_tally *tally = new_tally();
	struct space space = {0};
	uint64_t when = 0;
	space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
	for (unsigned page = 10; page < 40; page++) {
		struct pt_joined f = touch(page, 2 * S);
		space.pages[page] = own;
		pt_tally_add(tally, &f);
	}
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 1);
	assert_in_range(when, 2 * S, 2 * S + 1000000);
	assert_int_equal(pt_tally_birth(tally, space_address(9), &when), 0);
	expect_stack(tally, 1, 30, 0, false);

	give(tally, &space, 3 * S);
	expect_stack(tally, 1, 30, 30, true);

	for (unsigned page = 10; page < 20; page++) /* freed, and one of them swapped out */
		space.pages[page] = page == 15 ? (struct pt_page){.pfn = 32, .bits = PT_SWAP} : none;
	give(tally, &space, 4 * S);
	expect_stack(tally, 1, 30, 21, true);
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 0);
	assert_int_equal(pt_tally_birth(tally, space_address(15), &when), 1);

	struct pt_joined f = touch(12, 5 * S); /* born anew, by another; a snapshot of before knows nothing of it */
	f.stack = 2;
	pt_tally_add(tally, &f);
	give(tally, &space, 5 * S - 1000);
	assert_int_equal(pt_tally_birth(tally, space_address(12), &when), 2);
	expect_stack(tally, 2, 1, 1, true);
	f = touch(20, 5 * S); /* freed and touched again before anybody looked */
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
	struct pt_tally *tally = new_tally();
	struct space space = {0};
	uint64_t when;
	/* The space begins within a chunk: its first whole one begins here. */
	unsigned first = PT_CHUNK_PAGES - (unsigned)(SPACE_BASE >> SPACE_SHIFT) % PT_CHUNK_PAGES;
	struct pt_page huge = own;
	huge.bits |= PT_PMD | PT_LARGE;
	space_map(&space, 0, SPACE_PAGES, PT_READ | PT_WRITE, 0);
	struct pt_joined f = change(first + 3, 2 * S, PT_FAULT_HUGE, none, huge);
	pt_tally_add(tally, &f);
	for (unsigned i = 0; i < PT_CHUNK_PAGES; i++) {
		space.pages[first + i] = huge;
		space.pages[first + i].pfn += i;
		assert_int_equal(pt_tally_birth(tally, space_address(first + i), &when), 1);
	}
	assert_int_equal(pt_tally_birth(tally, space_address(first + PT_CHUNK_PAGES), &when), 0);
	give(tally, &space, 3 * S);
	expect_stack(tally, 1, PT_CHUNK_PAGES, PT_CHUNK_PAGES, true);
	space.pages[first + 1] = none; /* split, and part of it freed */
	give(tally, &space, 4 * S);
	expect_stack(tally, 1, PT_CHUNK_PAGES, PT_CHUNK_PAGES - 1, true);
	f = touch(first + 1, 5 * S);
	f.stack = 2;
	pt_tally_add(tally, &f);
	assert_int_equal(pt_tally_birth(tally, space_address(first + 1), &when), 2);
	assert_int_equal(pt_tally_birth(tally, space_address(first + 2), &when), 1);
	/* khugepaged makes one of them: nothing is born */
	f = change(first, 6 * S, PT_FAULT_HUGE, own, huge);
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
		{change(1, S, PT_FAULT_FIRST_TOUCH, none, own), 1},
		{change(1, S, PT_FAULT_FIRST_TOUCH, none, zero), 0},
		{change(1, S, PT_FAULT_ZERO_WRITE, zero, own), 1},
		{change(1, S, PT_FAULT_HUGE, none, own), PT_CHUNK_PAGES},
		{change(1, S, PT_FAULT_HUGE, none, huge_zero), 0},
		{change(1, S, PT_FAULT_HUGE, own, own2), 0},
		{change(1, S, PT_FAULT_FILE_MAP, none, file), 1},
		{change(1, S, PT_FAULT_COW, file, own), 0},
		{change(1, S, PT_FAULT_COW, none, own), 1},
		{change(1, S, PT_FAULT_SWAP_IN, swap, own), 0},
		{change(1, S, PT_FAULT_MIGRATION, own, own2), 0},
		{change(1, S, PT_FAULT_FIRST_TOUCH, own, own2), 1}, /* the join knows that it was freed meanwhile */
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

/* ---- memory ----------------------------------------------------------------------------------------------------- */

/* Every allocation fails once: an error, or a tally that has forgotten something. */
static void test_out_of_memory(void **state)
{
	(void)state;
	bool failed = true;
	for (unsigned long n = 1; failed; n++) {
		heap_fail_at(n);
		struct pt_tally *tally = pt_tally_new(SPACE_SHIFT, ROOM, S);
		for (unsigned i = 0; tally && i < 300; i++) {
			struct pt_joined f = touch(i % SPACE_PAGES, 2 * S + i);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_stacks_no_table),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_births),
		cmocka_unit_test(test_births_of_huge_pages),
		cmocka_unit_test(test_born),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
