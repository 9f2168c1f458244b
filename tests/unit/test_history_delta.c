/*
 * Deltas of made-up snapshots: what is applied and joined equals what they were made of, and nothing is lost when memory
 * runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>

#include "core/history/delta.h"
#include "tests/support/heap.h"
#include "tests/support/made.h"

#define FRAMES 12

struct series {
	struct made made;
	struct pt_snapshot *frames[FRAMES];
	struct pt_delta *deltas[FRAMES]; /* the first is from nothing */
};

static void make_series(struct series *s, uint64_t seed)
{
	made_init(&s->made, seed, 40 + seed % 7 * 100);
	s->made.chunk_changes = seed % 3 ? 300 : 20;
	s->made.rereads = seed % 5 ? 400 : 1000;
	for (int i = 0; i < FRAMES; i++) {
		s->frames[i] = made_next(&s->made);
		assert_int_equal(pt_delta_make(i ? s->frames[i - 1] : NULL, s->frames[i], &s->deltas[i]), 0);
	}
}

static void drop_series(struct series *s)
{
	for (int i = 0; i < FRAMES; i++) {
		pt_snapshot_unref(s->frames[i]);
		pt_delta_unref(s->deltas[i]);
	}
	made_end(&s->made);
}

static void each_series(void (*check)(struct series *s))
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		size_t blocks = heap_blocks();
		struct series s;
		make_series(&s, seed);
		check(&s);
		drop_series(&s);
		assert_int_equal(heap_blocks(), blocks);
	}
}

static void expect_applied(const struct pt_snapshot *before, struct pt_delta *const *deltas, size_t n,
			   const struct pt_snapshot *after)
{
	struct pt_snapshot *applied;
	assert_int_equal(pt_delta_apply(before, deltas, n, &applied), 0);
	made_expect_equal(applied, after);
	pt_snapshot_unref(applied);
}

static void check_applied(struct series *s)
{
	for (int from = -1; from < FRAMES - 1; from++)
		for (int to = from + 1; to < FRAMES; to++)
			expect_applied(from < 0 ? NULL : s->frames[from], &s->deltas[from + 1], (size_t)(to - from),
				       s->frames[to]);
}

static void applied_is_what_it_was_made_of(void **arg)
{
	(void)arg;
	each_series(check_applied);
}

/* The frames from .. to - 1 as one delta: neighbours are joined in a random order. */
static struct pt_delta *join_all(struct series *s, int from, int to)
{
	struct pt_delta *joined;
	if (to - from == 1)
		return pt_delta_ref(s->deltas[from]);
	int middle = from + 1 + (int)made_random(&s->made, (uint64_t)(to - from - 1));
	struct pt_delta *first = join_all(s, from, middle), *second = join_all(s, middle, to);
	assert_int_equal(pt_delta_join(first, second, &joined), 0);
	pt_delta_unref(first);
	pt_delta_unref(second);
	return joined;
}

static void check_joined(struct series *s)
{
	for (int from = 0; from < FRAMES; from++)
		for (int to = from + 1; to <= FRAMES; to++) {
			struct pt_delta *joined = join_all(s, from, to);
			assert_int_equal(joined->whole, from == 0);
			expect_applied(from ? s->frames[from - 1] : NULL, &joined, 1, s->frames[to - 1]);
			pt_delta_unref(joined);
		}
}

static void joined_ones_do_what_both_do(void **arg)
{
	(void)arg;
	each_series(check_joined);
}

static void expect_order(const struct pt_delta *d)
{
	for (size_t k = 1; k < d->n_changed; k++)
		assert_true(d->changed[k - 1].index < d->changed[k].index);
	for (size_t k = 0; k < d->n_reread; k++) {
		assert_true(d->reread[k].first <= d->reread[k].last);
		assert_true(!k || d->reread[k - 1].last < d->reread[k].first);
	}
}

static void check_order(struct series *s)
{
	for (int i = 0; i < FRAMES; i++) {
		struct pt_delta *joined = join_all(s, i / 2, i + 1);
		expect_order(s->deltas[i]);
		expect_order(joined);
		pt_delta_unref(joined);
		joined = join_all(s, 0, i + 1);
		/* what is whole says nothing of what is not there */
		for (size_t k = 0; k < joined->n_changed; k++)
			assert_non_null(joined->changed[k].chunk);
		assert_int_equal(joined->n_changed, s->frames[i]->n_slots);
		pt_delta_unref(joined);
	}
}

static void lists_ascend_and_do_not_overlap(void **arg)
{
	(void)arg;
	each_series(check_order);
}

static void what_did_not_change_costs_nothing(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_delta *delta;
	made_init(&made, 5, 1000);
	struct pt_snapshot *first = made_next(&made);
	made.chunk_changes = made.vma_changes = made.rereads = 0;
	struct pt_snapshot *second = made_next(&made);
	assert_int_equal(pt_delta_make(first, second, &delta), 0);
	assert_int_equal(delta->n_changed, 0);
	assert_int_equal(delta->n_reread, 0);
	assert_in_range(pt_delta_bytes(delta), 1, 2048);
	assert_null(pt_delta_find(delta, first->slots[0].index));
	pt_delta_unref(delta);
	assert_int_equal(pt_delta_make(NULL, second, &delta), 0);
	assert_int_equal(delta->n_changed, second->n_slots);
	for (size_t i = 0; i < second->n_slots; i++)
		assert_ptr_equal(pt_delta_find(delta, second->slots[i].index)->chunk, second->slots[i].chunk);
	assert_null(pt_delta_find(delta, second->slots[second->n_slots - 1].index + 1));
	assert_null(pt_delta_find(delta, 0));
	pt_delta_unref(delta);
	pt_snapshot_unref(first);
	pt_snapshot_unref(second);
	made_end(&made);
}

/* Whatever order the numbers of a delta from a damaged file are in, applying and joining end and give back all memory. */
static void nonsense_does_no_harm(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct series s;
		struct pt_delta *joined;
		struct pt_snapshot *applied;
		size_t blocks = heap_blocks();
		make_series(&s, seed);
		for (int i = 0; i < 2; i++) {
			struct pt_delta *d = s.deltas[3 + i];
			for (size_t k = 0; k < d->n_changed; k++)
				if (!made_random(&s.made, 3))
					d->changed[k].index = made_random(&s.made, 3) - 1;
			for (size_t k = 0; k < d->n_reread; k++)
				if (!made_random(&s.made, 3))
					d->reread[k].last = made_random(&s.made, 3) - 1;
		}
		assert_int_equal(pt_delta_join(s.deltas[3], s.deltas[4], &joined), 0);
		assert_int_equal(pt_delta_apply(s.frames[2], &s.deltas[3], 2, &applied), 0);
		pt_delta_unref(joined);
		pt_snapshot_unref(applied);
		drop_series(&s);
		assert_int_equal(heap_blocks(), blocks);
	}
}

/* Runs it with every allocation failing in turn, and those after it; all it got must be given back. */
static void starve(int (*run)(struct series *s), struct series *s)
{
	size_t blocks = heap_blocks();
	for (unsigned long n = 1;; n++) {
		heap_fail_at(n);
		int error = run(s);
		int failed = heap_has_failed();
		heap_fail_at(0);
		assert_int_equal(heap_blocks(), blocks);
		if (!failed) {
			assert_int_equal(error, 0);
			assert_true(n > 2);
			return;
		}
		assert_true(error == -ENOMEM || error == 0); /* what merely gives back too much may fail */
	}
}

static int run_make(struct series *s)
{
	struct pt_delta *delta;
	int error = pt_delta_make(s->frames[3], s->frames[4], &delta);
	if (!error)
		pt_delta_unref(delta);
	return error;
}

static int run_apply(struct series *s)
{
	struct pt_snapshot *applied;
	int error = pt_delta_apply(NULL, s->deltas, FRAMES, &applied);
	if (!error)
		pt_snapshot_unref(applied);
	return error;
}

static int run_join(struct series *s)
{
	struct pt_delta *joined;
	int error = pt_delta_join(s->deltas[3], s->deltas[4], &joined);
	if (!error)
		pt_delta_unref(joined);
	return error;
}

static void check_starved(struct series *s)
{
	starve(run_make, s);
	starve(run_apply, s);
	starve(run_join, s);
}

static void nothing_is_lost_when_memory_runs_out(void **arg)
{
	(void)arg;
	each_series(check_starved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applied_is_what_it_was_made_of),
		cmocka_unit_test(joined_ones_do_what_both_do),
		cmocka_unit_test(lists_ascend_and_do_not_overlap),
		cmocka_unit_test(what_did_not_change_costs_nothing),
		cmocka_unit_test(nonsense_does_no_harm),
		cmocka_unit_test(nothing_is_lost_when_memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
