/*
 * Stacks of two runs beside each other: found again by build id and place, by name where the program was built anew, by
 * the file's name where there is neither; and by nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/faults/grown.h"

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

struct call {
	uint64_t ip;
	const char *symbol, *module, *build_id;
	uint64_t module_offset;
};

/* One more stack of up to three calls. */
static void add(struct pt_fault_view *view, uint64_t events, uint64_t born, bool complete, const struct call calls[3])
{
	view->stacks = realloc(view->stacks, (view->n_stacks + 1) * sizeof(*view->stacks));
	struct pt_fault_stack_row *row = &view->stacks[view->n_stacks++];
	*row = (struct pt_fault_stack_row){
		.id = (pt_stack_id)view->n_stacks, .counts = {.events = events}, .born = born, .complete = complete};
	row->calls = calloc(3, sizeof(*row->calls));
	for (size_t i = 0; i < 3 && calls && calls[i].ip; i++)
		row->calls[row->n_calls++] = (struct pt_fault_call){.ip = calls[i].ip,
								    .symbol = copy(calls[i].symbol),
								    .module = copy(calls[i].module),
								    .build_id = copy(calls[i].build_id),
								    .module_offset = calls[i].module_offset};
}

static struct pt_fault_view *view_of(const struct call calls[3])
{
	struct pt_fault_view *view = pt_fault_view_new();
	assert_non_null(view);
	if (calls)
		add(view, 10, 4096, true, calls);
	return view;
}

/* Whether a stack of one run is that of the other. */
static bool are_same(const struct call a[3], const struct call b[3])
{
	struct pt_fault_view *before = view_of(a), *after = view_of(b);
	struct pt_fault_grown_row *rows;
	ssize_t n = pt_fault_grown(before, after, &rows);
	assert_true(n == 1 || n == 2);
	assert_true(n == 2 || (rows[0].was == before->stacks && rows[0].is == after->stacks));
	free(rows);
	pt_fault_view_unref(before);
	pt_fault_view_unref(after);
	return n == 1;
}

static void calls_are_the_same_by_place_or_name(void **arg)
{
	(void)arg;
	static const struct call base[3] = {{0x1000, "grow", "/bin/a", "01", 0x100},
					    {0x2000, "main", "/bin/a", "01", 0x200}};
	static const struct {
		const char *what;
		struct call calls[3];
		bool same;
	} cases[] = {
		{"elsewhere in memory",
		 {{0x5000, "grow", "/bin/a", "01", 0x100}, {0x6000, "main", "/bin/a", "01", 0x200}},
		 true},
		{"another folder", {{1, "grow", "/usr/a", "01", 0x100}, {2, "main", "/usr/a", "01", 0x200}}, true},
		{"names found in one run alone",
		 {{1, NULL, "/bin/a", "01", 0x100}, {2, NULL, "/bin/a", "01", 0x200}},
		 true},
		{"another place of the same build",
		 {{1, "grow", "/bin/a", "01", 0x101}, {2, "main", "/bin/a", "01", 0x200}},
		 false},
		{"built anew", {{1, "grow", "/bin/a", "02", 0x700}, {2, "main", "/bin/a", "02", 0x800}}, true},
		{"built anew, and renamed",
		 {{1, "grew", "/bin/a", "02", 0x100}, {2, "main", "/bin/a", "02", 0x200}},
		 false},
		{"one call less", {{1, "grow", "/bin/a", "01", 0x100}}, false},
		{"one call more",
		 {{1, "grow", "/bin/a", "01", 0x100},
		  {2, "main", "/bin/a", "01", 0x200},
		  {3, "main", "/bin/a", "01", 0x200}},
		 false},
		{"no build id", {{1, "grow", "/bin/a", NULL, 0}, {2, "main", "/bin/a", NULL, 0}}, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (are_same(base, cases[i].calls) != cases[i].same)
			fail_msg("%s", cases[i].what);
}

static void without_names_the_file_counts(void **arg)
{
	(void)arg;
	static const struct call a[3] = {{0x1000, NULL, "/lib/x.so", NULL, 0x10}};
	static const struct call b[3] = {{0x2000, NULL, "/opt/lib/x.so", NULL, 0x10}};
	static const struct call c[3] = {{0x1000, NULL, "/lib/y.so", NULL, 0x10}};
	static const struct call made[3] = {{0x1000, NULL, NULL, NULL, 0}},
				 made_again[3] = {{0x9000, NULL, NULL, NULL, 0}};
	assert_true(are_same(a, b));
	assert_false(are_same(a, c));
	assert_true(are_same(made, made_again));
	assert_false(are_same(a, made));
}

static void rows_are_in_the_order_of_growth(void **arg)
{
	(void)arg;
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	static const uint64_t was[] = {5000, 0, 900, 100, 0}, is[] = {5000, 300, 100, 900, 0};
	struct pt_fault_view *before = view_of(NULL), *after = view_of(NULL);
	struct pt_fault_grown_row *rows;
	for (size_t i = 0; i < 5; i++) {
		const struct call calls[3] = {{i + 1, names[i], "/bin/x", NULL, i}};
		if (was[i])
			add(before, 1, was[i], true, calls);
		if (is[i]) { /* twice: two places of one function */
			add(after, 1, is[i] - 1, true, calls);
			add(after, 2, 1, true, calls);
		}
	}
	assert_int_equal(pt_fault_grown(before, after, &rows), 4);
	static const char *const order[] = {"d", "b", "a", "c"};
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(rows[i].is->calls[0].symbol, order[i]);
		assert_int_equal(rows[i].events, 3);
		assert_int_equal(rows[i].events_before, rows[i].was ? 1 : 0);
	}
	assert_null(rows[1].was);
	assert_int_equal(rows[1].born, 300);
	free(rows);
	assert_int_equal(pt_fault_grown(NULL, after, &rows), 4);
	assert_string_equal(rows[0].is->calls[0].symbol, "a");
	assert_int_equal(rows[0].born, 5000);
	free(rows);
	struct pt_fault_view *none = view_of(NULL);
	assert_int_equal(pt_fault_grown(before, none, &rows), 3);
	assert_null(rows[0].is);
	free(rows);
	pt_fault_view_unref(none);
	pt_fault_view_unref(before);
	pt_fault_view_unref(after);
}

static void stacks_that_are_cut_are_others(void **arg)
{
	(void)arg;
	static const struct call calls[3] = {{1, "grow", "/bin/x", NULL, 0}};
	struct pt_fault_view *after = view_of(calls);
	struct pt_fault_grown_row *rows;
	add(after, 1, 0, false, calls);
	add(after, 1, 0, false, NULL); /* no stack is known */
	assert_int_equal(pt_fault_grown(NULL, after, &rows), 3);
	free(rows);
	pt_fault_view_unref(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_the_same_by_place_or_name),
		cmocka_unit_test(without_names_the_file_counts),
		cmocka_unit_test(rows_are_in_the_order_of_growth),
		cmocka_unit_test(stacks_that_are_cut_are_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
