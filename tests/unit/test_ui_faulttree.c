/*
 * Stacks as trees: sums, both ways round, order, what is open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/screens/faulttree.h"

#define ROWS_MAX 8

static struct pt_fault_call calls[ROWS_MAX][8];
static struct pt_fault_stack_row rows[ROWS_MAX];
static size_t n_rows;
static struct ui_fault_tree tree;
static struct ui_fault_open open_nodes;

static int begin(void **arg)
{
	(void)arg;
	memset(calls, 0, sizeof calls);
	memset(rows, 0, sizeof rows);
	n_rows = 0;
	return 0;
}

static int end(void **arg)
{
	(void)arg;
	ui_fault_tree_free(&tree);
	ui_fault_open_free(&open_nodes);
	return 0;
}

/* A stack as letters, outermost first; each is a function of that name. */
static struct pt_fault_stack_row *stack(const char *outermost_first, uint64_t events)
{
	static char names[256][2];
	struct pt_fault_stack_row *row = &rows[n_rows];
	size_t n = strlen(outermost_first);
	for (size_t i = 0; i < n; i++) {
		unsigned char letter = (unsigned char)outermost_first[n - 1 - i];
		names[letter][0] = (char)letter;
		calls[n_rows][i] = (struct pt_fault_call){.ip = 0x1000 + i, .symbol = names[letter]};
	}
	*row = (struct pt_fault_stack_row){.id = (pt_stack_id)++n_rows,
					   .counts = {.events = events, .per_s = (double)events / 10},
					   .born = events * 4096,
					   .still = events * 1024,
					   .still_known = true,
					   .complete = true,
					   .calls = calls[row - rows],
					   .n_calls = n};
	row->counts.kinds[PT_FAULT_FIRST_TOUCH] = events;
	return row;
}

static void build(enum ui_fault_way way)
{
	assert_int_equal(ui_fault_tree_build(&tree, rows, n_rows, way, NULL, NULL), 0);
	ui_fault_tree_sort(&tree, UI_FAULT_BY_EVENTS, false);
}

/* The tree as text: "a10(b7(c7)d3)", a cut as '^', no stack as '?'. */
static void write_nodes(uint32_t parent, char *ret, size_t size)
{
	for (uint32_t i = tree.v[parent].child; i; i = tree.v[i].next) {
		const struct ui_fault_node *node = &tree.v[i];
		size_t at = strlen(ret);
		char name = node->what == UI_FAULT_CUT ? '^' : node->call ? node->call->symbol[0] : '?';
		snprintf(ret + at, size - at, "%c%d%s", name, (int)node->counts.events, node->child ? "(" : "");
		write_nodes(i, ret, size);
		if (node->child)
			snprintf(ret + strlen(ret), size - strlen(ret), ")");
	}
}

static const char *text(void)
{
	static char ret[512];
	ret[0] = '\0';
	write_nodes(0, ret, sizeof ret);
	return ret;
}

/* The names of the rows that show. */
static const char *shown(void)
{
	static char ret[512];
	uint32_t list[256];
	size_t n = ui_fault_tree_rows(&tree, &open_nodes, list);
	for (size_t i = 0; i < n; i++)
		ret[i] = tree.v[list[i]].call->symbol[0];
	ret[n] = '\0';
	return ret;
}

static uint32_t node_of(char name)
{
	for (uint32_t i = 1; i < tree.n; i++)
		if (tree.v[i].call && tree.v[i].call->symbol[0] == name)
			return i;
	fail_msg("no node %c", name);
	return 0;
}

static void stacks_share_what_they_begin_with(void **arg)
{
	(void)arg;
	stack("abc", 5);
	stack("abd", 2);
	stack("ae", 3);
	stack("x", 1);
	build(UI_FAULT_CALLEES);
	assert_string_equal(text(), "a10(b7(c5d2)e3)x1");
	const struct ui_fault_node *a = &tree.v[node_of('a')];
	assert_int_equal(a->born, 10 * 4096);
	assert_int_equal(a->still, 10 * 1024);
	assert_int_equal(a->own, 0);
	assert_int_equal(tree.v[node_of('e')].own, 3);
	assert_int_equal(tree.v[0].counts.events, 11);
	assert_int_equal(a->counts.kinds[PT_FAULT_FIRST_TOUCH], 10);
}

static void the_other_way_round_they_share_what_faulted(void **arg)
{
	(void)arg;
	stack("abm", 5);
	stack("acm", 2);
	stack("an", 3);
	build(UI_FAULT_CALLERS);
	assert_string_equal(text(), "m7(b5(a5)c2(a2))n3(a3)");
}

static void a_function_that_calls_itself_is_a_node_each_time(void **arg)
{
	(void)arg;
	stack("aaa", 4);
	stack("aa", 1);
	build(UI_FAULT_CALLEES);
	assert_string_equal(text(), "a5(a5(a4))");
	assert_int_equal(tree.v[tree.v[1].child].own, 1);
}

static void cut_stacks_are_no_beginnings(void **arg)
{
	(void)arg;
	stack("ab", 4);
	stack("b", 3)->complete = false;
	stack("", 2);
	build(UI_FAULT_CALLEES);
	assert_string_equal(text(), "a4(b4)^3(b3)?2");
	build(UI_FAULT_CALLERS);
	assert_string_equal(text(), "b7(a4^3)?2");
}

static void what_is_unknown_stays_unknown(void **arg)
{
	(void)arg;
	stack("ab", 4);
	stack("ac", 3)->still_known = false;
	build(UI_FAULT_CALLEES);
	assert_false(tree.v[node_of('a')].still_known);
	assert_true(tree.v[node_of('b')].still_known);
}

static void code_without_names_is_told_apart_by_its_address(void **arg)
{
	(void)arg;
	stack("ab", 4);
	stack("ac", 3);
	calls[0][0] = (struct pt_fault_call){.ip = 0x5000};
	calls[1][0] = (struct pt_fault_call){.ip = 0x6000};
	assert_int_equal(ui_fault_tree_build(&tree, rows, n_rows, UI_FAULT_CALLEES, NULL, NULL), 0);
	assert_int_equal(tree.v[node_of('a')].n_children, 2);
	calls[1][0].ip = 0x5000;
	assert_int_equal(ui_fault_tree_build(&tree, rows, n_rows, UI_FAULT_CALLEES, NULL, NULL), 0);
	assert_int_equal(tree.v[node_of('a')].n_children, 1);
}

static void the_same_name_in_another_module_is_another_function(void **arg)
{
	static char one[] = "/one", two[] = "/two";
	(void)arg;
	stack("ab", 4);
	stack("ab", 3);
	calls[0][0].module = one;
	calls[1][0].module = two;
	build(UI_FAULT_CALLEES);
	assert_string_equal(text(), "a7(b4b3)");
}

static void sums_end_at_the_largest_number(void **arg)
{
	(void)arg;
	stack("a", UINT64_MAX - 1);
	stack("a", 7);
	build(UI_FAULT_CALLEES);
	assert_true(tree.v[1].counts.events == UINT64_MAX);
}

static void order_follows_the_weight(void **arg)
{
	(void)arg;
	stack("b", 5)->born = 1;
	stack("a", 3)->born = 9;
	stack("c", 4)->still = 0;
	rows[0].still_known = false;
	build(UI_FAULT_CALLEES);
	assert_string_equal(text(), "b5c4a3");
	ui_fault_tree_sort(&tree, UI_FAULT_BY_EVENTS, true);
	assert_string_equal(text(), "a3c4b5");
	ui_fault_tree_sort(&tree, UI_FAULT_BY_BORN, false);
	assert_string_equal(text(), "c4a3b5");
	ui_fault_tree_sort(&tree, UI_FAULT_BY_STILL, false);
	assert_string_equal(text(), "a3c4b5"); /* what is not known last */
	ui_fault_tree_sort(&tree, UI_FAULT_BY_NAME, true);
	assert_string_equal(text(), "a3b5c4");
	ui_fault_tree_sort(&tree, UI_FAULT_BY_NAME, false);
	assert_string_equal(text(), "c4b5a3");
}

static void order_can_be_kept(void **arg)
{
	(void)arg;
	stack("ab", 5);
	stack("ac", 3);
	stack("d", 2);
	build(UI_FAULT_CALLEES);
	struct ui_fault_tree before = tree;
	tree = (struct ui_fault_tree){0};
	rows[1].counts.events = 30;
	rows[2].counts.events = 90;
	stack("e", 100);
	build(UI_FAULT_CALLEES);
	assert_string_equal(text(), "e100d90a35(c30b5)");
	assert_int_equal(ui_fault_tree_sort_like(&tree, &before), 0);
	assert_string_equal(text(), "a35(b5c30)d90e100");
	ui_fault_tree_free(&before);
}

static void nodes_are_found_again(void **arg)
{
	(void)arg;
	stack("abc", 5);
	stack("ad", 3);
	build(UI_FAULT_CALLEES);
	uint64_t path = tree.v[node_of('d')].path;
	stack("x", 100);
	rows[0].counts.events = 1;
	build(UI_FAULT_CALLEES);
	assert_int_equal(ui_fault_tree_find(&tree, path), node_of('d'));
	assert_int_equal(ui_fault_tree_find(&tree, path + 1), 0);
}

static void closed_nodes_hide_what_is_below(void **arg)
{
	(void)arg;
	stack("abcd", 5);
	stack("abe", 3);
	stack("xy", 2);
	build(UI_FAULT_CALLEES);
	assert_string_equal(shown(), "ax");
	ui_fault_open_node(&open_nodes, &tree, node_of('a')); /* and its only child */
	assert_string_equal(shown(), "abcex");
	ui_fault_open_all(&open_nodes, &tree, node_of('a'));
	assert_string_equal(shown(), "abcdex");
	ui_fault_close_all(&open_nodes, &tree, node_of('b'));
	assert_string_equal(shown(), "abx");
	ui_fault_open_node(&open_nodes, &tree, node_of('b'));
	assert_string_equal(shown(), "abcex"); /* what was open below was closed with it */
	ui_fault_close_all(&open_nodes, &tree, node_of('a'));
	assert_string_equal(shown(), "ax");
	assert_int_equal(open_nodes.n, 0);
}

static void the_heaviest_stack_can_be_opened(void **arg)
{
	(void)arg;
	stack("abcd", 3);
	stack("abe", 5);
	stack("xy", 2);
	build(UI_FAULT_CALLEES);
	ui_fault_open_first(&open_nodes, &tree, tree.v[0].child);
	assert_string_equal(shown(), "abecx");
}

static void only_children_are_set_in_no_farther(void **arg)
{
	(void)arg;
	stack("abcd", 3);
	stack("abef", 5);
	stack("x", 1);
	build(UI_FAULT_CALLEES);
	assert_int_equal(tree.v[node_of('a')].level, 0);
	assert_int_equal(tree.v[node_of('b')].level, 0);
	assert_int_equal(tree.v[node_of('c')].level, 1);
	assert_int_equal(tree.v[node_of('d')].level, 1);
	assert_int_equal(tree.v[node_of('x')].level, 0);
}

static bool keep_second(const void *arg, const struct pt_fault_stack_row *row)
{
	return row->id == *(const pt_stack_id *)arg;
}

static void some_stacks_can_be_left_out(void **arg)
{
	pt_stack_id second = 2;
	(void)arg;
	stack("ab", 3);
	stack("ac", 5);
	assert_int_equal(ui_fault_tree_build(&tree, rows, n_rows, UI_FAULT_CALLEES, keep_second, &second), 0);
	assert_string_equal(text(), "a5(c5)");
}

static void of_nothing_there_is_an_empty_tree(void **arg)
{
	(void)arg;
	build(UI_FAULT_CALLEES);
	assert_int_equal(tree.n, 1);
	assert_string_equal(shown(), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stacks_share_what_they_begin_with),
		TEST(the_other_way_round_they_share_what_faulted),
		TEST(a_function_that_calls_itself_is_a_node_each_time),
		TEST(cut_stacks_are_no_beginnings),
		TEST(what_is_unknown_stays_unknown),
		TEST(code_without_names_is_told_apart_by_its_address),
		TEST(the_same_name_in_another_module_is_another_function),
		TEST(sums_end_at_the_largest_number),
		TEST(order_follows_the_weight),
		TEST(order_can_be_kept),
		TEST(nodes_are_found_again),
		TEST(closed_nodes_hide_what_is_below),
		TEST(the_heaviest_stack_can_be_opened),
		TEST(only_children_are_set_in_no_farther),
		TEST(some_stacks_can_be_left_out),
		TEST(of_nothing_there_is_an_empty_tree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
