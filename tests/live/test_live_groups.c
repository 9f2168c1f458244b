/*
 * What a child has lost, as leaks and groups: lists, trees, rings, what two of them share, single objects; from one pass
 * over its memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/hunt/groups.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define LIST   20000u
#define DEPTH  10u
#define RING   500u
#define SINGLE 300u

struct node {
	struct node *next, *before;
	uint64_t rest;
};

struct tree {
	struct tree *left, *right;
	uint64_t rest[4];
};

struct ring {
	struct node *first;
	char name[80];
};

static uint64_t coded[6]; /* heads, so that these are no pointers */

static void *make(size_t size)
{
	void *object = calloc(1, size);
	child_need(object != NULL, "memory");
	return object;
}

static uint64_t code(const void *object)
{
	return ~(uint64_t)(uintptr_t)object;
}

static struct tree *make_tree(unsigned depth)
{
	struct tree *tree = make(sizeof(*tree));
	if (depth > 1) {
		tree->left = make_tree(depth - 1);
		tree->right = make_tree(depth - 1);
	}
	return tree;
}

/* A ring, and one object that knows it and is known by one of its nodes. */
static struct ring *make_ring(void)
{
	struct ring *ring = make(sizeof(*ring));
	struct node *first = make(sizeof(*first)), *last = first;
	for (unsigned i = 1; i < RING; i++) {
		struct node *node = make(sizeof(*node));
		last->next = node;
		node->before = last;
		last = node;
	}
	last->next = first;
	first->before = last;
	first->rest = (uintptr_t)ring;
	ring->first = first;
	return ring;
}

static __attribute__((noinline)) void wipe_stack(void)
{
	volatile char bytes[32768];
	memset((char *)bytes, 0, sizeof(bytes));
	__asm__ volatile("" : : "r"(bytes) : "memory"); /* nobody reads them, as a compiler sees it */
}

static __attribute__((noinline)) void lose(void)
{
	struct node *head = NULL;
	for (unsigned i = 0; i < LIST; i++) {
		struct node *node = make(sizeof(*node));
		node->next = head;
		head = node;
	}
	coded[0] = code(head);
	coded[1] = code(make_tree(DEPTH));
	coded[2] = code(make_ring());
	void **one = make(200), **two = make(400);
	one[0] = two[0] = make(600);
	coded[3] = code(one);
	coded[4] = code(two);
	coded[5] = code(one[0]);
	for (unsigned i = 0; i < SINGLE; i++)
		snprintf(make(1000), 1000, "request %u", i);
}

static void run(struct child *self)
{
	lose();
	wipe_stack();
	for (size_t i = 0; i < 6; i++)
		child_say(self, coded[i]);
}

struct world {
	struct child child;
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_memory memory;
	struct pt_heap *heap;
	struct pt_roots roots;
	struct pt_reach *reach;
	struct pt_hunt_view *view;
	uint64_t said[6];
	size_t room;
};

static void take(void *arg, pt_chunk_id id, enum pt_reached how)
{
	struct world *w = arg;
	struct pt_chunk chunk;
	pt_heap_chunk(w->heap, id, &chunk);
	if (w->view->n_objects == w->room) {
		w->room = 2 * w->room + 1000;
		w->view->objects = realloc(w->view->objects, w->room * sizeof(*w->view->objects));
		assert_non_null(w->view->objects);
	}
	w->view->objects[w->view->n_objects++] =
		(struct pt_leak_object){.address = chunk.address,
					.size = chunk.size,
					.tier = how == PT_REACHED_WEAKLY ? PT_LEAK_WEAK : PT_LEAK_LEAKED};
}

/* False: the child's heap is not known, as under a sanitizer. */
static bool hunt(struct world *w)
{
	const struct pt_reach_options options = {0};
	w->child = child_start(run);
	for (size_t i = 0; i < 6; i++) {
		w->said[i] = ~child_wait(&w->child);
		if (i < 5)
			child_go(&w->child);
	}
	assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
	assert_int_equal(pt_target_open(&w->target, w->k, w->child.pid, NULL), 0);
	assert_int_equal(pt_memory_look(&w->memory, &w->target, false), 0);
	int error = pt_heap_read(&w->heap, &w->memory);
	if (error == -ENOTSUP)
		return false;
	assert_int_equal(error, 0);
	assert_int_equal(pt_roots_read(&w->roots, &w->memory, w->heap, NULL), 0);
	assert_int_equal(pt_reach_pass(&w->reach, &w->memory, w->heap, &w->roots, &options), 0);
	w->view = pt_hunt_view_new();
	pt_reach_lost(w->reach, take, w);
	return true;
}

static void end(struct world *w)
{
	pt_hunt_view_unref(w->view);
	pt_reach_free(w->reach);
	pt_roots_free(&w->roots);
	pt_heap_free(w->heap);
	pt_memory_free(&w->memory);
	pt_target_close(&w->target);
	pt_kernel_free(w->k);
	child_end(&w->child);
}

static const struct pt_leak *leak_of(const struct world *w, uint64_t address)
{
	const struct pt_leak_object *object = pt_hunt_view_at(w->view, address);
	assert_non_null(object);
	assert_int_equal(object->address, address);
	for (size_t i = 0; i < w->view->n_leaks; i++)
		if (w->view->leaks[i].root == object->root)
			return &w->view->leaks[i];
	fail();
	return NULL;
}

static void expect(const struct world *w, uint64_t address, uint64_t count, bool cycle, bool shared)
{
	const struct pt_leak *leak = leak_of(w, address);
	assert_int_equal(w->view->objects[leak->root].address, address);
	assert_int_equal(leak->count, count);
	assert_int_equal(leak->cycle, cycle);
	assert_int_equal(leak->shared, shared);
	assert_int_equal(leak->tier, PT_LEAK_LEAKED);
}

static void check_groups(const struct world *w)
{
	uint64_t texts = 0, of_list = 0;
	for (size_t i = 0; i < w->view->n_groups; i++) {
		const struct pt_leak_group *g = &w->view->groups[i];
		if (g->word == PT_LEAK_WORD_TEXT && g->name && !strncmp(g->name, "request ", 8))
			texts += g->tiers[PT_LEAK_LEAKED].count;
		if (g->size == w->view->objects[leak_of(w, w->said[0])->root].size)
			of_list += g->tiers[PT_LEAK_LEAKED].count;
	}
	assert_int_equal(texts, SINGLE);
	assert_true(of_list >= LIST + RING);
	const struct pt_leak *list = leak_of(w, w->said[0]);
	assert_int_equal(w->view->groups[list->most].size, w->view->objects[list->root].size);
}

static void each_is_one_leak(void **state)
{
	(void)state;
	struct world w = {.child = {.pid = 0}};
	if (!hunt(&w)) {
		end(&w);
		skip_because("no heap of glibc here");
	}
	assert_int_equal(pt_hunt_group(w.view, &w.memory, w.heap, w.reach, NULL, NULL), 0);
	expect(&w, w.said[0], LIST, false, false);
	expect(&w, w.said[1], (1u << DEPTH) - 1, false, false);
	expect(&w, w.said[2], RING + 1, true, false);
	expect(&w, w.said[3], 1, false, false);
	expect(&w, w.said[4], 1, false, false);
	expect(&w, w.said[5], 1, false, true);
	check_groups(&w);
	end(&w);
}

/* ---- on the way ------------------------------------------------------------------------------------------------- */

struct patience {
	unsigned asked, until; /* cancelled when it is asked for the until-th time; 0: never */
	double done;
};

static bool has_had_enough(void *arg)
{
	struct patience *p = arg;
	return ++p->asked == p->until;
}

static void hear(void *arg, double done)
{
	struct patience *p = arg;
	assert_true(done >= p->done && done <= 1);
	p->done = done;
}

static struct pt_hunt_view *copy_objects(const struct pt_hunt_view *view)
{
	struct pt_hunt_view *copy = pt_hunt_view_new();
	copy->objects = malloc(view->n_objects * sizeof(*copy->objects));
	memcpy(copy->objects, view->objects, view->n_objects * sizeof(*copy->objects));
	copy->n_objects = view->n_objects;
	return copy;
}

static int group_until(const struct world *w, struct patience *p)
{
	const struct pt_hunt_step step = {has_had_enough, hear, p};
	struct pt_hunt_view *view = copy_objects(w->view);
	int r = pt_hunt_group(view, &w->memory, w->heap, w->reach, NULL, &step);
	pt_hunt_view_unref(view);
	return r;
}

static void it_says_how_far_it_is_and_can_be_cancelled_anywhere(void **state)
{
	(void)state;
	struct world w = {.child = {.pid = 0}};
	struct patience all = {0};
	if (!hunt(&w)) {
		end(&w);
		skip_because("no heap of glibc here");
	}
	assert_int_equal(group_until(&w, &all), 0);
	assert_true(all.done > 0.7);
	assert_true(all.asked > 10); /* edges, contents, sorting */
	for (unsigned until = 1; until <= all.asked; until++) {
		struct patience some = {.until = until};
		assert_int_equal(group_until(&w, &some), -ECANCELED);
		assert_int_equal(some.asked, until); /* and goes no further */
	}
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_one_leak),
		cmocka_unit_test(it_says_how_far_it_is_and_can_be_cancelled_anywhere),
	};
	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
