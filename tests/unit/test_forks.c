/*
 * A made-up process and what was forked from it: pages at equal addresses, by whose write they were copied, who is in the
 * family, and what looks tell over time.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/forks/bill.h"
#include "core/scan/scan.h"
#include "tests/support/fixture.h"
#include "tests/support/made.h"
#include "tests/support/rounds.h"
#include "tests/support/scripted.h"

#define SECOND 1000000000ull

/* A page in every state that two can be in; the child grew its heap and mapped another file over the parent's. */
static const char world[] = "process 100 S start=500 stack=7ffd0000 store\n"
			    "vma 10000-30000 rw-p [heap]\n"
			    "pages 10000-13000 anon pfn=0x200 count=2\n" /* shared */
			    "page 13000 anon pfn=0x300 +owner2\n"        /* the parent wrote */
			    "page 14000 anon pfn=0x204\n"                /* the child wrote */
			    "page 15000 anon pfn=0x301 +owner2\n"        /* both */
			    "page 16000 anon pfn=0x302 +owner2\n"        /* of the parent alone */
			    "swap 18000 type=1 offset=5\n"               /* shared, swapped out */
			    "swap 19000 type=1 offset=6\n"               /* one has it in memory */
			    "page 1a000 zero pfn=0x1\n"
			    "vma 200000-600000 rw-p\n"
			    "pages 200000-400000 anon pfn=0x400 huge large count=2\n"
			    "vma 700000-710000 rw-s inode=9 /a\n"
			    "pages 700000-704000 file pfn=0x800 count=2\n"
			    "vma 720000-730000 rw-p inode=10 /b\n"
			    "page 720000 file pfn=0x810 count=2\n"
			    "page 721000 anon pfn=0x303 +owner2\n"
			    "vma 800000-810000 rw-p inode=11 /c\n"
			    "page 800000 anon pfn=0x304 +owner2\n"
			    "process 200 S start=700 parent=100 stack=7ffd0000 store\n"
			    "vma 10000-34000 rw-p [heap]\n"
			    "pages 10000-13000 anon pfn=0x200 count=2\n"
			    "page 13000 anon pfn=0x203\n"
			    "page 14000 anon pfn=0x305 +owner2\n"
			    "page 15000 anon pfn=0x306 +owner2\n"
			    "page 17000 anon pfn=0x307 +owner2\n" /* of the child alone */
			    "swap 18000 type=1 offset=5\n"
			    "page 19000 anon pfn=0x308\n"
			    "page 1a000 zero pfn=0x1\n"
			    "page 32000 anon pfn=0x309 +owner2\n"
			    "vma 200000-600000 rw-p\n"
			    "page 200000 anon pfn=0x30a +owner2\n" /* one page of the huge one was written */
			    "pages 201000-400000 anon pfn=0x401 large count=2\n"
			    "vma 700000-710000 rw-s inode=9 /a\n"
			    "pages 700000-704000 file pfn=0x800 count=2\n"
			    "vma 720000-730000 rw-p inode=10 /b\n"
			    "page 720000 file pfn=0x810 count=2\n"
			    "page 721000 file pfn=0x811\n"
			    "vma 800000-810000 rw-p inode=12 /d\n"
			    "page 800000 anon pfn=0x30b +owner2\n";

static struct fixture *fixture;
static struct scripted *s;
static struct pt_forks *forks;

static int set_up(void **state)
{
	(void)state;
	fixture = fixture_new(4096, world);
	fixture_write(fixture, "proc/uptime", "12.50 9.00\n");
	s = scripted_new(fixture_kernel(fixture));
	forks = pt_forks_new(&s->k, 100);
	return 0;
}

static int take_down(void **state)
{
	(void)state;
	pt_forks_free(forks);
	scripted_free(s);
	fixture_free(fixture);
	return 0;
}

static struct pt_forks_look *look(void)
{
	struct pt_forks_look *l = NULL;
	s->clock[PT_CLOCK_MONOTONIC] += SECOND;
	assert_int_equal(pt_forks_look(forks, NULL, NULL, &l), 0);
	return l;
}

static void expect(const struct pt_kin_sums *sums, const struct pt_kin_sums *wanted)
{
	for (unsigned i = PT_KIN_SHARED; i < PT_KIN_N; i++)
		if (sums->n[i] != wanted->n[i])
			fail_msg("%s: %lu pages, not %lu", pt_kin_name(i), (unsigned long)sums->n[i],
				 (unsigned long)wanted->n[i]);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

static const struct pt_kin_row *row_at(const struct pt_kin_table *table, uint64_t address)
{
	for (size_t i = 0; i < table->n; i++)
		if (address >= table->v[i].start && address < table->v[i].end)
			return &table->v[i];
	fail_msg("no row at %lx", (unsigned long)address);
	return NULL;
}

static void pages_by_whose_write(void **state)
{
	(void)state;
	struct pt_forks_look *l = look();
	const struct pt_forks_member *child = &l->v[1];
	assert_int_equal(l->n, 2);
	assert_true(child->compared);
	const struct pt_kin_row *heap = row_at(&child->table, 0x10000);
	assert_int_equal(heap->start, 0x10000);
	assert_int_equal(heap->end, 0x34000); /* where the child's goes on is the same row */
	expect(&heap->sums, &(struct pt_kin_sums){.n = {[PT_KIN_SHARED] = 4,
							[PT_KIN_BY_PARENT] = 1,
							[PT_KIN_BY_CHILD] = 1,
							[PT_KIN_EITHER] = 1,
							[PT_KIN_PARENT] = 1,
							[PT_KIN_CHILD] = 2,
							[PT_KIN_UNKNOWN] = 1}});
	expect(&row_at(&child->table, 0x200000)->sums,
	       &(struct pt_kin_sums){.n = {[PT_KIN_SHARED] = 511, [PT_KIN_BY_CHILD] = 1}});
	expect(&row_at(&child->table, 0x700000)->sums, &(struct pt_kin_sums){.n = {[PT_KIN_COMMON] = 4}});
	expect(&row_at(&child->table, 0x720000)->sums,
	       &(struct pt_kin_sums){.n = {[PT_KIN_COMMON] = 1, [PT_KIN_PARENT] = 1}});
	expect(&row_at(&child->table, 0x800000)->sums, /* other files: nothing of the one is the other's */
	       &(struct pt_kin_sums){.n = {[PT_KIN_PARENT] = 1, [PT_KIN_CHILD] = 1}});
	assert_int_equal(pt_kin_copied(&child->table.sums), 4);
	assert_false(pt_kin_is_one_memory(&child->table.sums));
	pt_forks_look_free(l);
}

static void hidden_frame_numbers(void **state)
{
	(void)state;
	const uint32_t anon = PT_ANON | PT_HAS_EXCLUSIVE;
	struct pt_page lone = {.bits = anon | PT_EXCLUSIVE}, shared = {.bits = anon};
	assert_int_equal(pt_kin_of(lone, lone), PT_KIN_EITHER);
	assert_int_equal(pt_kin_of(lone, shared), PT_KIN_EITHER);
	assert_int_equal(pt_kin_of(shared, shared), PT_KIN_UNKNOWN); /* with whom is not known */
	assert_int_equal(pt_kin_of(shared, (struct pt_page){0}), PT_KIN_PARENT);
}

static void pages_that_move(void **state)
{
	(void)state;
	struct pt_page here = {.bits = PT_ANON, .pfn = 7}, moving = {.bits = PT_MIGRATING, .pfn = 7};
	struct pt_page vague = {.bits = PT_PRESENT, .pfn = 9};
	assert_int_equal(pt_kin_of(here, moving), PT_KIN_SHARED);
	assert_int_equal(pt_kin_of(moving, here), PT_KIN_SHARED);
	assert_int_equal(pt_kin_of(here, vague), PT_KIN_UNKNOWN);
	assert_int_equal(pt_kin_of(vague, (struct pt_page){0}), PT_KIN_UNKNOWN);
}

/* Then what cannot be known is not said to be 0. */
static void a_user_who_sees_no_frames(void **state)
{
	(void)state;
	char text[512];
	fixture_add(fixture, "process 500 S start=500 stack=7ffe0000 hidden\nvma 10000-30000 rw-p\n"
			     "pages 10000-13000 anon pfn=0x500 count=2 hidden\npage 13000 anon pfn=0x600 hidden\n"
			     "process 501 S start=500 parent=500 stack=7ffe0000 hidden\nvma 10000-30000 rw-p\n"
			     "pages 10000-13000 anon pfn=0x500 count=2 hidden\npage 13000 anon pfn=0x503 hidden\n");
	s->deny = "kpage";
	s->deny_error = -EACCES;
	pt_forks_free(forks);
	forks = pt_forks_new(&s->k, 500);
	struct pt_forks_look *l = look();
	const struct pt_kin_sums *sums = &l->v[1].table.sums;
	expect(sums, &(struct pt_kin_sums){.n = {[PT_KIN_EITHER] = 1, [PT_KIN_UNKNOWN] = 3}});
	assert_true(sums->hidden && sums->unmarked);
	pt_forks_words(l, 1, text, sizeof(text));
	assert_non_null(strstr(text,
			       "4K copied in 7.5 s, by whose writes is not known. How much is still shared is not "
			       "known: frame numbers are hidden from this user. Of 12K it is not known."));
	assert_non_null(strstr(pt_forks_outlook(l, 1, text, sizeof(text)), "in the end: 16K."));
	pt_forks_look_free(l);
}

/* Against each page for itself, of processes that have little to do with each other. */
static void tables_and_cells_are_sums_of_pages(void **state)
{
	(void)state;
	enum { PAGES = 300 };
	struct made a, b;
	uint64_t seen[PT_KIN_N] = {0};
	made_init(&a, 5, PAGES);
	made_init(&b, 6, PAGES);
	for (unsigned round = 0; round < rounds(30); round++) {
		struct pt_snapshot *parent = made_next(&a), *child = made_next(&b);
		struct pt_kin_table table;
		struct pt_kin_sums cells[5], all = {0};
		assert_int_equal(pt_kin_table_make(parent, child, &table), 0);
		for (size_t i = 0; i < table.n; i++) {
			const struct pt_kin_row *row = &table.v[i];
			uint64_t pages = (row->end - row->start) / MADE_PAGE, per_cell = pages / 3 + 1;
			struct pt_kin_sums sum = {0};
			pt_kin_cells(parent, child, row->start, row->end, per_cell, cells, 5);
			for (size_t c = 0; c < 5; c++)
				for (unsigned kin = 0; kin < PT_KIN_N; kin++)
					sum.n[kin] += cells[c].n[kin];
			assert_memory_equal(sum.n, row->sums.n, sizeof sum.n);
			for (unsigned kin = 0; kin < PT_KIN_N; kin++)
				all.n[kin] += row->sums.n[kin];
			assert_true(!i || row->start >= table.v[i - 1].end);
		}
		assert_memory_equal(all.n, table.sums.n, sizeof all.n);
		for (unsigned kin = 0; kin < PT_KIN_N; kin++)
			seen[kin] += all.n[kin];
		pt_kin_table_free(&table);
		pt_snapshot_unref(parent);
		pt_snapshot_unref(child);
	}
	assert_true(seen[PT_KIN_PARENT] && seen[PT_KIN_CHILD] && seen[PT_KIN_COMMON]);
	made_end(&a);
	made_end(&b);
}

/* ---- who is in the family --------------------------------------------------------------------------------------- */

static void grandchildren_and_other_programs(void **state)
{
	(void)state;
	fixture_add(fixture, "process 300 S start=800 parent=200 stack=7ffd0000 grandchild\n"
			     "vma 10000-30000 rw-p [heap]\n"
			     "page 13000 anon pfn=0x203\n"
			     "process 301 S start=801 parent=200 stack=7ffe0000 another program\n"
			     "process 302 Z start=802 parent=200 stack=7ffd0000 zombie\n"
			     "process 303 S start=803 parent=301 stack=7ffd0000 no relative\n");
	pt_forks_free(forks);
	forks = pt_forks_new(&s->k, 300); /* up from the youngest */
	struct pt_forks_look *l = look();
	assert_int_equal(l->n, 3);
	assert_int_equal(l->v[0].pid, 100);
	assert_int_equal(l->v[0].parent, PT_FORKS_NONE);
	assert_int_equal(l->v[1].pid, 200);
	assert_int_equal(l->v[1].parent, 0);
	assert_int_equal(l->v[1].live_ns.value, 5500000000ull); /* began 7 s after boot, it is 12.5 s now */
	assert_int_equal(l->v[2].pid, 300);
	assert_int_equal(l->v[2].parent, 1);
	assert_int_equal(l->v[2].table.sums.n[PT_KIN_SHARED], 1); /* with its parent, not with the first */
	assert_int_equal(pt_forks_find(l, 300), 2);
	assert_int_equal(pt_forks_find(l, 303), PT_FORKS_NONE);
	pt_forks_look_free(l);
}

static void children_where_the_kernel_lists_them(void **state)
{
	(void)state;
	fixture_add(fixture, "process 201 S start=900 parent=100 stack=7ffd0000 of another thread\n");
	fixture_write(fixture, "proc/100/task/100/children", "");
	fixture_write(fixture, "proc/100/task/101/children", "201 ");
	fixture_write(fixture, "proc/201/task/201/children", "");
	struct pt_forks_look *l = look();
	assert_int_equal(l->n, 2);
	assert_int_equal(l->v[1].pid, 201);
	pt_forks_look_free(l);
}

static void a_process_that_is_alone(void **state)
{
	(void)state;
	fixture_add(fixture, "process 400 S start=1 alone\nvma 10000-20000 rw-p\n");
	pt_forks_free(forks);
	forks = pt_forks_new(&s->k, 400);
	struct pt_forks_look *l = look();
	assert_int_equal(l->n, 1);
	assert_false(l->v[0].compared);
	pt_forks_look_free(l);
	fixture_end(fixture, 400);
	assert_int_equal(pt_forks_look(forks, NULL, NULL, &l), -ESRCH);
}

static void a_child_that_may_not_be_read(void **state)
{
	(void)state;
	struct pt_forks_look *l;
	s->deny = "proc/200/pagemap";
	s->deny_error = -EACCES;
	l = look();
	assert_int_equal(l->n, 2);
	assert_int_equal(l->v[1].error, -EACCES);
	assert_false(l->v[1].compared);
	pt_forks_look_free(l);
	s->deny = "proc/100/pagemap";
	pt_forks_free(forks);
	forks = pt_forks_new(&s->k, 200); /* its own could be read, but nothing can be said of it alone */
	assert_int_equal(pt_forks_look(forks, NULL, NULL, &l), -EACCES);
}

/* ---- over time -------------------------------------------------------------------------------------------------- */

static void copies_over_time(void **state)
{
	(void)state;
	double rate;
	struct pt_forks_look *l = look();
	assert_false(pt_forks_rate(&l->v[1], SECOND, &rate));
	pt_forks_look_free(l);
	fixture_add(fixture, "in 100\npages 10000-12000 anon pfn=0x310 +owner2\n");
	l = look();
	assert_int_equal(l->v[1].n_points, 2);
	assert_int_equal(l->v[1].points[0].sums.n[PT_KIN_BY_PARENT], 1);
	assert_int_equal(l->v[1].points[1].sums.n[PT_KIN_BY_PARENT], 3);
	assert_true(pt_forks_rate(&l->v[1], SECOND, &rate));
	assert_true(fabs(rate - 2) < 1e-6);
	pt_forks_look_free(l);
}

static void a_past_that_is_thinned_out(void **state)
{
	(void)state;
	uint64_t first = 0;
	for (unsigned i = 0; i < PT_FORKS_POINTS + 2; i++) {
		struct pt_forks_look *l = look();
		const struct pt_forks_member *m = &l->v[1];
		first = first ? first : m->points[0].at_ns;
		assert_int_equal(m->points[0].at_ns, first);
		assert_int_equal(m->points[m->n_points - 1].at_ns, l->at_ns);
		assert_true(m->n_points <= PT_FORKS_POINTS);
		pt_forks_look_free(l);
	}
}

static void children_that_end_or_become_others(void **state)
{
	(void)state;
	fixture_add(fixture, "process 201 S start=900 parent=100 stack=7ffd0000 second\nvma 10000-20000 rw-p\n"
			     "process 202 S start=901 parent=200 stack=7ffd0000 third\nvma 10000-20000 rw-p\n");
	pt_forks_look_free(look());
	fixture_end(fixture, 200);
	fixture_add(fixture, "process 201 S start=900 parent=100 stack=7ffe0000 other\nvma 10000-20000 rw-p\n"
			     "process 202 S start=901 parent=1 stack=7ffd0000 third\nvma 10000-20000 rw-p\n");
	struct pt_forks_look *l = look();
	assert_int_equal(l->n, 1);
	assert_int_equal(l->n_ended, 3);
	assert_int_equal(l->ended[0].pid, 200);
	assert_int_equal(l->ended[0].how, PT_FORKS_GONE);
	assert_int_equal(l->ended[0].live_ns.value, 5500000000ull);
	assert_int_equal(pt_kin_copied(&l->ended[0].last.sums), 4);
	assert_int_equal(l->ended[1].pid, 201);
	assert_int_equal(l->ended[1].how, PT_FORKS_OTHER);
	assert_int_equal(l->ended[2].how, PT_FORKS_ORPHAN);
	assert_int_equal(pt_forks_life(l).value, 5500000000ull); /* of those that ended alone */
	pt_forks_look_free(l);
}

/* The next child is expected to live as long as the one before it. */
static void the_bill_in_words(void **state)
{
	(void)state;
	char text[512];
	fixture_add(fixture, "process 201 S start=1240 parent=100 stack=7ffd0000 short-lived\nvma 10000-20000 rw-p\n");
	pt_forks_look_free(look());
	fixture_end(fixture, 200);
	pt_forks_look_free(look());
	fixture_add(fixture, "in 201\npages 10000-12000 anon pfn=0x200 count=2\npage 12000 anon pfn=0x202\n"
			     "in 100\npage 12000 anon pfn=0x320 +owner2\n");
	struct pt_forks_look *l = look();
	assert_string_equal(pt_forks_words(l, 0, text, sizeof(text)), "The others were forked from it.");
	assert_non_null(strstr(pt_forks_words(l, 1, text, sizeof(text)),
			       "4K copied in 100 ms: 4K by the parent's writes. 8K still shared, 66 %."));
	pt_forks_outlook(l, 1, text, sizeof(text));
	assert_non_null(strstr(text, "/s now. About "));
	assert_non_null(strstr(text, "by its end, if it lives as long as those before it (5.4 s more). "
				     "If all is written to in the end: 12K."));
	pt_forks_look_free(l);
}

static void what_it_comes_to(void **state)
{
	(void)state;
	const struct pt_kin_sums sums = {.n = {[PT_KIN_SHARED] = 1000, [PT_KIN_BY_PARENT] = 500}};
	assert_true(fabs(pt_forks_expect(&sums, 0, SECOND) - 500) < 1e-6);
	assert_true(fabs(pt_forks_expect(&sums, 100, 0) - 500) < 1e-6);
	double soon = pt_forks_expect(&sums, 100, SECOND);
	assert_true(soon > 590 && soon < 600);                            /* less than in proportion */
	assert_true(pt_forks_expect(&sums, 100, 10000 * SECOND) <= 1500); /* never more than there is */
}

static void every_call_fails_once(void **state)
{
	(void)state;
	unsigned whole = 0;
	for (unsigned long n = 1; whole < 3; n += rounds_are_slow() ? 5 : 1) {
		struct pt_forks_look *l = NULL;
		s->calls = 0;
		s->fail_call = n;
		s->fail_error = -EIO;
		int error = pt_forks_look(forks, NULL, NULL, &l);
		whole = s->calls < n ? whole + 1 : 0;
		assert_true(error || l);
		if (!error)
			pt_forks_look_free(l);
	}
	s->fail_call = 0;
}

static bool stop(void *arg)
{
	return ++*(int *)arg > 1;
}

static void a_look_that_is_stopped(void **state)
{
	(void)state;
	struct pt_forks_look *l;
	int asked = 0;
	assert_int_equal(pt_forks_look(forks, stop, &asked, &l), -ECANCELED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, take_down)
	const struct CMUnitTest tests[] = {
		TEST(pages_by_whose_write),
		TEST(hidden_frame_numbers),
		TEST(a_user_who_sees_no_frames),
		TEST(pages_that_move),
		TEST(tables_and_cells_are_sums_of_pages),
		TEST(grandchildren_and_other_programs),
		TEST(children_where_the_kernel_lists_them),
		TEST(a_process_that_is_alone),
		TEST(a_child_that_may_not_be_read),
		TEST(copies_over_time),
		TEST(a_past_that_is_thinned_out),
		TEST(children_that_end_or_become_others),
		TEST(the_bill_in_words),
		TEST(what_it_comes_to),
		TEST(every_call_fails_once),
		TEST(a_look_that_is_stopped),
	};
	return cmocka_run_group_tests_name("forks", tests, NULL, NULL);
}
