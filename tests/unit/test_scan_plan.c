/*
 * The pure parts of frames within a budget: earning and paying, seldom questions, rounds of presence, address ranges,
 * and what of a process was mapped anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "core/scan/budget.h"
#include "core/scan/layout.h"
#include "core/scan/sweep.h"

#define MS 1000000ull
#define S  (1000 * MS)

static void what_is_spent_is_paid_before_the_next_frame(void **arg)
{
	(void)arg;
	struct pt_budget b;
	pt_budget_init(&b, 0.05, S, 10 * S, 0, 0);
	assert_int_equal(b.balance_ns, 50 * MS);
	assert_int_equal(pt_budget_wait(&b), 0);
	pt_budget_settle(&b, 10 * S + 100 * MS, 80 * MS, 80 * MS); /* earned 5, spent 80 */
	assert_int_equal(b.balance_ns, -25 * (int64_t)MS);
	assert_in_range(pt_budget_wait(&b), 500 * MS, 500 * MS + 2);
	pt_budget_settle(&b, 11 * S, 80 * MS, 80 * MS);
	assert_int_equal(b.balance_ns, 20 * MS);
}

static void a_quiet_hour_does_not_buy_noise(void **arg)
{
	(void)arg;
	struct pt_budget b;
	pt_budget_init(&b, 0.05, S, 0, 0, 0);
	pt_budget_settle(&b, 3600 * S, 0, 0);
	assert_int_equal(b.balance_ns, 50 * MS);
}

static void over_many_frames_the_share_is_kept(void **arg)
{
	(void)arg;
	struct pt_budget b;
	uint64_t wall = 0, cpu = 0;
	pt_budget_init(&b, 0.01, S, wall, cpu, cpu);
	for (int i = 0; i < 1000; i++) {
		uint64_t wait = pt_budget_wait(&b);
		wall += wait > S ? wait : S;
		pt_budget_settle(&b, wall, cpu, cpu);
		assert_true(b.balance_ns >= 0);
		cpu += (uint64_t)b.balance_ns +
		       (uint64_t)(i % 7) * MS * 9; /* overdrawn by up to five intervals' worth */
		pt_budget_settle(&b, wall, cpu, cpu);
	}
	assert_true((double)cpu <= 0.0101 * (double)wall + 64 * (double)MS);
	assert_true((double)cpu >= 0.0099 * (double)wall);
}

static void the_screen_may_take_three_quarters_and_no_more(void **arg)
{
	(void)arg;
	struct pt_budget b;
	pt_budget_init(&b, 0.1, S, 0, 0, 0);
	pt_budget_settle(&b, S / 2, 100 * MS, 110 * MS); /* earned 50, own 100, others 10 */
	assert_int_equal(b.balance_ns, 40 * MS);
	pt_budget_settle(&b, S, 100 * MS, 900 * MS); /* others 790: 37.5 of them count */
	assert_int_equal(b.balance_ns, 52 * MS + MS / 2);
}

static void a_present_costs_nothing_but_pays_no_debt(void **arg)
{
	(void)arg;
	struct pt_budget b;
	pt_budget_init(&b, 0.1, S, 0, 0, 0);
	pt_budget_settle(&b, 0, 150 * MS, 150 * MS);
	pt_budget_forgive(&b, 100 * MS, 5 * S, 5 * S);
	assert_int_equal(b.balance_ns, -40 * (int64_t)MS);
	pt_budget_settle(&b, 200 * MS, 5 * S, 5 * S);
	assert_int_equal(b.balance_ns, -30 * (int64_t)MS);
}

static void dear_questions_are_asked_seldom(void **arg)
{
	(void)arg;
	struct pt_pace pace = {0};
	assert_true(pt_pace_due(&pace, 0.01, 0));
	pt_pace_asked(&pace, 20 * MS, 7 * S);
	assert_false(pt_pace_due(&pace, 0.01, 8 * S));
	assert_true(pt_pace_due(&pace, 0.01, 9 * S));
	assert_true(pt_pace_due(&pace, 0.02, 8 * S));
	assert_true(pt_pace_due(&pace, 0, 7 * S)); /* whatever it costs */
}

static void a_sweep_knows_its_oldest_part(void **arg)
{
	(void)arg;
	struct pt_sweep s = {0};
	assert_int_equal(pt_sweep_oldest(&s), 0);
	pt_sweep_reached(&s, 100, 1);
	assert_int_equal(pt_sweep_oldest(&s), 0); /* the rest never */
	pt_sweep_reached(&s, 200, 2);
	pt_sweep_reached(&s, PT_SWEEP_END, 3);
	assert_int_equal(s.at, 0);
	assert_int_equal(pt_sweep_oldest(&s), 1);
	pt_sweep_reached(&s, 150, 4); /* of 100..200 the part behind 150 is from 2 */
	assert_int_equal(pt_sweep_oldest(&s), 2);
	assert_int_equal(pt_sweep_newest(&s), 4);
	pt_sweep_reached(&s, 900, 5);
	assert_int_equal(pt_sweep_oldest(&s), 3);
	pt_sweep_all(&s, 9);
	assert_int_equal(pt_sweep_oldest(&s), 9);
}

static void a_sweep_of_too_many_parts_is_never_called_younger_than_it_is(void **arg)
{
	(void)arg;
	struct pt_sweep s = {0};
	uint64_t n = 3 * PT_SWEEP_PARTS;
	for (uint64_t i = 1; i < n; i++)
		pt_sweep_reached(&s, i, i);
	pt_sweep_reached(&s, PT_SWEEP_END, n);
	assert_int_equal(pt_sweep_oldest(&s), 1);
	pt_sweep_reached(&s, n - 1, n + 1);
	assert_true(pt_sweep_oldest(&s) <= n - 1);
}

static void ranges_are_joined_and_found(void **arg)
{
	(void)arg;
	struct pt_stretches s = {0};
	assert_int_equal(pt_stretches_push(&s, 0x5000, 0x7000), 0);
	assert_int_equal(pt_stretches_push(&s, 0x7000, 0x8000), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(pt_stretches_push(&s, 0x1000, 0x1000), 0); /* empty */
	assert_int_equal(pt_stretches_push(&s, 0x1000, 0x2000), 0);
	assert_int_equal(pt_stretches_push(&s, 0x7800, 0x9000), 0);
	pt_stretches_put_in_order(&s);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.v[1].end, 0x9000);
	assert_false(pt_stretches_hold(s.v, s.n, 0xfff));
	assert_true(pt_stretches_hold(s.v, s.n, 0x1000));
	assert_false(pt_stretches_hold(s.v, s.n, 0x2000));
	assert_true(pt_stretches_hold(s.v, s.n, 0x8fff));
	pt_stretches_align(&s, 0x4000);
	assert_int_equal(s.n, 1); /* 0..4000 and 4000..c000 */
	assert_int_equal(s.v[0].start, 0);
	assert_int_equal(s.v[0].end, 0xc000);
	pt_stretches_free(&s);
	assert_int_equal(pt_stretches_push(&s, UINT64_MAX - 0x10, UINT64_MAX), 0);
	pt_stretches_align(&s, 0x1000);
	assert_true(s.v[0].start < s.v[0].end); /* no wrapping around at the top */
	pt_stretches_free(&s);
}

/* ---- layout ----------------------------------------------------------------------------------------------------- */

static struct pt_vma_table *table(const char *maps)
{
	struct pt_vma_table *t;
	assert_int_equal(pt_parse_maps(maps, strlen(maps), &t), 0);
	pt_vma_table_set_roles(t);
	return t;
}

static void assert_replaced(const char *before, const char *now, const struct pt_stretch *want, size_t n)
{
	struct pt_vma_table *a = table(before), *b = table(now);
	struct pt_stretches got = {0};
	assert_int_equal(pt_layout_replaced(a, b, &got), 0);
	assert_int_equal(got.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(got.v[i].start, want[i].start);
		assert_int_equal(got.v[i].end, want[i].end);
	}
	pt_stretches_free(&got);
	pt_vma_table_unref(a);
	pt_vma_table_unref(b);
}

#define ANON(range) range " rw-p 00000000 00:00 0 \n"

static void what_did_not_move_was_not_replaced(void **arg)
{
	(void)arg;
	assert_replaced(ANON("1000-9000"), ANON("1000-9000"), NULL, 0);
	assert_replaced("", "", NULL, 0);
	/* mprotect splits, and memory stays where it is */
	assert_replaced(ANON("1000-9000"), ANON("1000-3000") "3000-4000 r--p 00000000 00:00 0 \n" ANON("4000-9000"),
			NULL, 0);
	assert_replaced("1000-9000 r--p 00000000 08:01 7 /lib\n",
			"1000-3000 r--p 00000000 08:01 7 /lib\n3000-9000 rw-p 00002000 08:01 7 /lib\n", NULL, 0);
}

static void what_came_went_or_lies_elsewhere_was(void **arg)
{
	(void)arg;
	assert_replaced(ANON("1000-9000"), ANON("1000-b000"), (struct pt_stretch[]){{0x9000, 0xb000}}, 1);
	assert_replaced(ANON("1000-9000"), ANON("1000-2000") ANON("8000-9000"), (struct pt_stretch[]){{0x2000, 0x8000}},
			1);
	assert_replaced("", ANON("1000-2000"), (struct pt_stretch[]){{0x1000, 0x2000}}, 1);
	assert_replaced(ANON("1000-2000"), "", (struct pt_stretch[]){{0x1000, 0x2000}}, 1);
	/* another file, another place in it, private instead of shared */
	const struct pt_stretch all[] = {{0x1000, 0x9000}};
	assert_replaced("1000-9000 r--p 00000000 08:01 7 /a\n", "1000-9000 r--p 00000000 08:01 8 /a\n", all, 1);
	assert_replaced("1000-9000 r--p 00000000 08:01 7 /a\n", "1000-9000 r--p 00001000 08:01 7 /a\n", all, 1);
	assert_replaced("1000-9000 rw-s 00000000 08:01 7 /a\n", "1000-9000 rw-p 00000000 08:01 7 /a\n", all, 1);
	assert_replaced(ANON("1000-9000"), "1000-9000 rw-p 00000000 08:01 7 /a\n", all, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_spent_is_paid_before_the_next_frame),
		cmocka_unit_test(a_quiet_hour_does_not_buy_noise),
		cmocka_unit_test(over_many_frames_the_share_is_kept),
		cmocka_unit_test(the_screen_may_take_three_quarters_and_no_more),
		cmocka_unit_test(a_present_costs_nothing_but_pays_no_debt),
		cmocka_unit_test(dear_questions_are_asked_seldom),
		cmocka_unit_test(a_sweep_knows_its_oldest_part),
		cmocka_unit_test(a_sweep_of_too_many_parts_is_never_called_younger_than_it_is),
		cmocka_unit_test(ranges_are_joined_and_found),
		cmocka_unit_test(what_did_not_move_was_not_replaced),
		cmocka_unit_test(what_came_went_or_lies_elsewhere_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
