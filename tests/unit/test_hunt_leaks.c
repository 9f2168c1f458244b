/*
 * Leaks out of graphs of lost objects: lists, trees, circles, what several share; at random against dominators found by
 * leaving out one object after the other; and a list too long for any stack.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hunt/leaks.h"

#define N_MAX 24u

struct made {
	struct pt_leak_object objects[N_MAX];
	uint32_t n;
	bool edge[N_MAX][N_MAX];
	struct pt_leak *leaks;
	size_t n_leaks;
};

static int made_edges(void *arg, pt_leak_edge *each, void *each_arg)
{
	const struct made *m = arg;
	for (uint32_t from = 0; from < N_MAX; from++) /* also from and to what is no object of it */
		for (uint32_t to = 0; to < N_MAX; to++)
			if (m->edge[from][to] && !each(each_arg, from, to))
				return -ECANCELED;
	return 0;
}

static void run(struct made *m)
{
	assert_int_equal(pt_leaks_of(m->objects, m->n, made_edges, m, &m->leaks, &m->n_leaks), 0);
}

/* Objects 0..n-1, of the size that is given for each. */
static void make(struct made *m, uint32_t n, const uint64_t *sizes)
{
	memset(m, 0, sizeof(*m));
	m->n = n;
	for (uint32_t i = 0; i < n; i++)
		m->objects[i] = (struct pt_leak_object){.address = 0x1000 + 0x100 * i, .size = sizes ? sizes[i] : 24};
}

static void expect(const struct made *m, size_t i, uint32_t root, uint64_t count, uint64_t bytes, bool cycle,
		   bool shared)
{
	assert_true(i < m->n_leaks);
	assert_int_equal(m->leaks[i].root, root);
	assert_int_equal(m->leaks[i].count, count);
	assert_int_equal(m->leaks[i].bytes, bytes);
	assert_int_equal(m->leaks[i].cycle, cycle);
	assert_int_equal(m->leaks[i].shared, shared);
}

static void a_list_is_one_leak(void **state)
{
	(void)state;
	struct made m;
	make(&m, 5, NULL);
	m.edge[3][1] = m.edge[1][4] = m.edge[4][0] = m.edge[0][2] = true;
	run(&m);
	assert_int_equal(m.n_leaks, 1);
	expect(&m, 0, 3, 5, 120, false, false);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(m.objects[i].root, 3);
	free(m.leaks);
}

static void alone_each_is_one(void **state)
{
	(void)state;
	struct made m;
	make(&m, 3, (const uint64_t[]){24, 40, 24});
	m.edge[0][0] = true; /* itself */
	m.edge[1][3] = true; /* none of them */
	run(&m);
	assert_int_equal(m.n_leaks, 3);
	expect(&m, 0, 1, 1, 40, false, false);
	expect(&m, 1, 0, 1, 24, false, false);
	expect(&m, 2, 2, 1, 24, false, false);
	free(m.leaks);
	make(&m, 0, NULL);
	run(&m);
	assert_int_equal(m.n_leaks, 0);
	free(m.leaks);
}

static void a_circle_hangs_on_what_is_unlike_the_others(void **state)
{
	(void)state;
	struct made m;
	make(&m, 5, (const uint64_t[]){24, 24, 56, 24, 8});
	for (uint32_t i = 0; i < 4; i++)
		m.edge[i][(i + 1) % 4] = m.edge[(i + 1) % 4][i] = true;
	m.edge[3][4] = true; /* hangs on it */
	run(&m);
	assert_int_equal(m.n_leaks, 1);
	expect(&m, 0, 2, 5, 136, true, false);
	free(m.leaks);
	make(&m, 3, NULL); /* all alike: the first */
	m.edge[2][1] = m.edge[1][0] = m.edge[0][2] = true;
	run(&m);
	expect(&m, 0, 0, 3, 72, true, false);
	free(m.leaks);
}

static void what_several_share_is_its_own(void **state)
{
	(void)state;
	struct made m;
	make(&m, 6, (const uint64_t[]){100, 50, 10, 10, 1, 1});
	m.edge[0][2] = m.edge[1][2] = m.edge[2][3] = true; /* 0 and 1 share 2, on which 3 hangs */
	m.edge[0][4] = m.edge[0][5] = m.edge[4][5] = true; /* twice from 0 is 0's alone */
	run(&m);
	assert_int_equal(m.n_leaks, 3);
	expect(&m, 0, 0, 3, 102, false, false);
	expect(&m, 1, 1, 1, 50, false, false);
	expect(&m, 2, 2, 2, 20, false, true);
	assert_int_equal(m.objects[3].root, 2);
	free(m.leaks);
}

static void tiers_stay_apart(void **state)
{
	(void)state;
	struct made m;
	make(&m, 3, NULL);
	m.objects[1].tier = m.objects[2].tier = PT_LEAK_WEAK;
	m.edge[0][1] = m.edge[1][2] = true;
	run(&m);
	assert_int_equal(m.n_leaks, 2);
	expect(&m, 0, 1, 2, 48, false, false);
	assert_int_equal(m.leaks[0].tier, PT_LEAK_WEAK);
	assert_int_equal(m.leaks[1].tier, PT_LEAK_LEAKED);
	free(m.leaks);
}

static int broken_edges(void *arg, pt_leak_edge *each, void *each_arg)
{
	(void)arg;
	each(each_arg, 0, 1);
	return -ESRCH;
}

static void what_edges_say_is_said(void **state)
{
	(void)state;
	struct made m;
	make(&m, 3, NULL);
	assert_int_equal(pt_leaks_of(m.objects, m.n, broken_edges, &m, &m.leaks, &m.n_leaks), -ESRCH);
	assert_null(m.leaks);
}

static void groups_of_leaks(void **state)
{
	(void)state;
	struct made m;
	make(&m, 6, (const uint64_t[]){24, 24, 24, 24, 24, 8});
	static const uint32_t groups[] = {2, 1, 1, 0, 1, 0};
	for (uint32_t i = 0; i < 6; i++)
		m.objects[i].group = groups[i];
	m.edge[0][1] = m.edge[0][2] = m.edge[0][3] = m.edge[0][4] = true;
	run(&m);
	assert_int_equal(pt_leaks_set_groups(m.leaks, m.n_leaks, m.objects, m.n, 3), 0);
	assert_int_equal(m.n_leaks, 2);
	assert_int_equal(m.leaks[0].group, 2);
	assert_int_equal(m.leaks[0].most, 1);
	assert_int_equal(m.leaks[1].group, 0);
	assert_int_equal(m.leaks[1].most, 0);
	free(m.leaks);
	assert_int_equal(pt_leaks_set_groups(NULL, 0, NULL, 0, 0), 0);
}

/* ---- at random -------------------------------------------------------------------------------------------------- */

struct naive {
	const struct made *m;
	bool edge[N_MAX][N_MAX];    /* that count */
	bool leads[N_MAX][N_MAX];   /* from one to another by any number of edges, 0 too */
	bool without[N_MAX][N_MAX]; /* [t][v]: v can be got at although t's circle is left out */
};

static bool is_source(const struct naive *x, uint32_t v)
{
	for (uint32_t u = 0; u < x->m->n; u++)
		if (x->leads[u][v] && !x->leads[v][u])
			return false;
	return true;
}

static void walk(const struct naive *x, uint32_t from, const bool *left_out, bool *seen)
{
	if (seen[from] || left_out[from])
		return;
	seen[from] = true;
	for (uint32_t to = 0; to < x->m->n; to++)
		if (x->edge[from][to])
			walk(x, to, left_out, seen);
}

static void prepare(struct naive *x, const struct made *m)
{
	const bool nothing[N_MAX] = {false};
	memset(x, 0, sizeof(*x));
	x->m = m;
	for (uint32_t a = 0; a < m->n; a++)
		for (uint32_t b = 0; b < m->n; b++)
			x->edge[a][b] = m->edge[a][b] && m->objects[a].tier == m->objects[b].tier;
	for (uint32_t v = 0; v < m->n; v++)
		walk(x, v, nothing, x->leads[v]);
	for (uint32_t t = 0; t < m->n; t++) {
		bool out[N_MAX] = {false};
		for (uint32_t v = 0; v < m->n; v++)
			out[v] = x->leads[t][v] && x->leads[v][t];
		for (uint32_t v = 0; v < m->n; v++)
			if (is_source(x, v))
				walk(x, v, out, x->without[t]);
	}
}

/* Whether the circles of t and v are one, or t's is on every way to v. */
static bool is_above(const struct naive *x, uint32_t t, uint32_t v)
{
	return !x->without[t][v];
}

/* Above v, and below nothing but its own circle. */
static bool is_top(const struct naive *x, uint32_t t, uint32_t v)
{
	for (uint32_t u = 0; u < x->m->n; u++)
		if (is_above(x, u, t) && !is_above(x, t, u))
			return false;
	return is_above(x, t, v);
}

static void check_sums(const struct made *m)
{
	uint64_t count = 0;
	for (size_t i = 0; i < m->n_leaks; i++) {
		uint64_t members = 0, bytes = 0;
		for (uint32_t v = 0; v < m->n; v++) {
			const bool mine = m->objects[v].root == m->leaks[i].root;
			members += mine;
			bytes += mine ? m->objects[v].size : 0;
		}
		assert_int_equal(m->leaks[i].count, members);
		assert_int_equal(m->leaks[i].bytes, bytes);
		assert_true(i == 0 || m->leaks[i - 1].bytes >= bytes);
		count += members;
	}
	assert_int_equal(count, m->n);
}

static void check(const struct made *m)
{
	struct naive x;
	prepare(&x, m);
	for (uint32_t v = 0; v < m->n; v++) {
		assert_true(is_top(&x, m->objects[v].root, v));
		assert_int_equal(m->objects[m->objects[v].root].root, m->objects[v].root);
	}
	for (size_t i = 0; i < m->n_leaks; i++) {
		const uint32_t root = m->leaks[i].root;
		bool cycle = false;
		for (uint32_t v = 0; v < m->n; v++)
			cycle |= v != root && x.leads[root][v] && x.leads[v][root];
		assert_int_equal(m->leaks[i].cycle, cycle);
		assert_int_equal(m->leaks[i].shared, !is_source(&x, root));
		assert_int_equal(m->leaks[i].tier, m->objects[root].tier);
	}
	check_sums(m);
}

static void as_by_leaving_out_each(void **state)
{
	(void)state;
	struct made m;
	srandom(7);
	for (unsigned round = 0; round < 4000; round++) {
		make(&m, 1 + (uint32_t)random() % N_MAX, NULL);
		const unsigned edges = (unsigned)random() % (2 * m.n), tiers = round % 4 ? 1 : 3;
		for (uint32_t i = 0; i < m.n; i++) {
			m.objects[i].tier = (uint8_t)((unsigned)random() % tiers);
			m.objects[i].size = 8 + 16 * ((unsigned)random() % 4);
		}
		for (unsigned i = 0; i < edges; i++)
			m.edge[(uint32_t)random() % m.n][(uint32_t)random() % m.n] = true;
		run(&m);
		check(&m);
		free(m.leaks);
	}
}

/* ---- long ------------------------------------------------------------------------------------------------------- */

struct line {
	uint32_t n, step; /* from i to i + step, modulo n */
	bool back;        /* and back */
};

static int line_edges(void *arg, pt_leak_edge *each, void *each_arg)
{
	const struct line *line = arg;
	for (uint32_t from = 0; from < line->n; from++) {
		const uint32_t to = (uint32_t)(((uint64_t)from + line->step) % line->n);
		const uint32_t before = (uint32_t)(((uint64_t)from + line->n - line->step) % line->n);
		if ((to && !each(each_arg, from, to)) || (line->back && from && !each(each_arg, from, before)))
			return -ECANCELED;
	}
	return 0;
}

static void a_list_of_any_length(void **state)
{
	(void)state;
	for (unsigned back = 0; back < 2; back++) {
		struct line line = {.n = 1000003, .step = 777777, .back = back};
		struct pt_leak_object *objects = calloc(line.n, sizeof(*objects));
		struct pt_leak *leaks;
		size_t n;
		assert_non_null(objects);
		for (uint32_t i = 0; i < line.n; i++)
			objects[i].size = i ? 24 : 40;
		assert_int_equal(pt_leaks_of(objects, line.n, line_edges, &line, &leaks, &n), 0);
		assert_int_equal(n, 1);
		assert_int_equal(leaks[0].root, 0);
		assert_int_equal(leaks[0].count, line.n);
		assert_int_equal(leaks[0].cycle, back);
		free(leaks);
		free(objects);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_one_leak),
		cmocka_unit_test(alone_each_is_one),
		cmocka_unit_test(a_circle_hangs_on_what_is_unlike_the_others),
		cmocka_unit_test(what_several_share_is_its_own),
		cmocka_unit_test(tiers_stay_apart),
		cmocka_unit_test(what_edges_say_is_said),
		cmocka_unit_test(groups_of_leaks),
		cmocka_unit_test(as_by_leaving_out_each),
		cmocka_unit_test(a_list_of_any_length),
	};
	return cmocka_run_group_tests_name("leaks", tests, NULL, NULL);
}
