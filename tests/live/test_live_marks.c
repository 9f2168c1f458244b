/*
 * Marks as snapshots: what a child got between two of them and still has at a third, by address; and which of that a verdict
 * calls lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/hunt/marks.h"
#include "tests/support/child.h"
#include "tests/support/skip.h"

#define SIZE  7128u /* what malloc gives for it exactly; nothing else is of that size, no cache takes it */
#define OTHER 5112u
#define OLD   10u
#define CAME  30u
#define FREED 3u /* every so manieth of these */
#define STILL (CAME - CAME / FREED)

static uint64_t *addresses; /* [CAME], shared with the child */

/* One that no compiler leaves out. */
static void get(size_t size)
{
	static void *volatile newest;
	newest = malloc(size);
	child_need(newest != NULL, "memory");
}

static void run(struct child *self)
{
	void *came[CAME];
	for (unsigned i = 0; i < OLD; i++)
		get(SIZE);
	child_say(self, 1);
	for (unsigned i = 0; i < CAME; i++) {
		came[i] = calloc(1, SIZE);
		child_need(came[i] != NULL, "memory");
		addresses[i] = (uintptr_t)came[i];
	}
	child_say(self, 2);
	for (unsigned i = 0; i < CAME; i += FREED)
		free(came[i]);
	for (unsigned i = 0; i < OLD; i++)
		get(OTHER);
	child_say(self, 3);
}

struct world {
	struct child child;
	struct pt_kernel *k;
	struct pt_target target;
	struct pt_heap_mark *marks[3];
	unsigned n; /* objects of that size that each() was told, in order */
	uint64_t last;
	bool kept_alone;
};

static void end(struct world *w)
{
	for (size_t i = 0; i < 3; i++)
		pt_heap_mark_free(w->marks[i]);
	pt_target_close(&w->target);
	pt_kernel_free(w->k);
	child_end(&w->child);
}

static void take_marks(struct world *w)
{
	*w = (struct world){.child = child_start(run)};
	for (size_t i = 0; i < 3; i++) {
		child_wait(&w->child);
		if (i == 0) {
			assert_int_equal(pt_kernel_linux_new(&w->k, "/", 0), 0);
			assert_int_equal(pt_target_open(&w->target, w->k, w->child.pid, NULL), 0);
		}
		int error = pt_heap_mark_take(&w->marks[i], &w->target);
		if (error == -ENOTSUP) {
			end(w);
			skip_because("no heap of glibc here");
		}
		assert_int_equal(error, 0);
		if (i < 2)
			child_go(&w->child);
	}
}

static void each(void *arg, uint64_t address, uint64_t size)
{
	struct world *w = arg;
	bool known = false, kept = false;
	assert_true(address > w->last); /* ascending */
	w->last = address;
	if (size != SIZE)
		return;
	for (unsigned i = 0; i < CAME; i++)
		if (addresses[i] == address) {
			known = true;
			kept = i % FREED != 0;
		}
	assert_true(known);
	w->kept_alone &= kept;
	w->n++;
}

static void count(struct world *w, size_t b, size_t c)
{
	w->n = 0;
	w->last = 0;
	w->kept_alone = true;
	pt_heap_born(w->marks[0], w->marks[b], w->marks[c], each, w);
}

static void what_came_and_stayed_is_told_by_address(void **state)
{
	(void)state;
	struct world w;
	uint64_t bytes[3], n[3];
	take_marks(&w);
	count(&w, 1, 1);
	assert_int_equal(w.n, CAME);
	count(&w, 1, 2);
	assert_int_equal(w.n, STILL);
	assert_true(w.kept_alone);
	for (size_t i = 0; i < 3; i++)
		n[i] = pt_heap_mark_objects(w.marks[i], &bytes[i]);
	assert_int_equal(n[1] - n[0], CAME);
	assert_int_equal(bytes[1] - bytes[0], CAME * SIZE);
	assert_int_equal(n[2] - n[1], OLD - CAME / FREED);
	assert_int_equal(strncmp(pt_heap_mark_allocator(w.marks[0]), "glibc ", 6), 0);
	end(&w);
}

static const struct pt_leak_group *group_of_size(const struct pt_hunt_view *view, size_t *ret)
{
	for (*ret = 0; *ret < view->n_groups; ++*ret)
		if (view->groups[*ret].size == SIZE)
			return &view->groups[*ret];
	fail();
	return NULL;
}

/* A verdict by which five of them are leaked and one is weak; that of another address is none of them. */
static struct pt_hunt_view *made_verdict(void)
{
	static const unsigned lost[] = {1, 2, 4, 5, 7, 8};
	struct pt_hunt_view *view = pt_hunt_view_new();
	view->verdict = true;
	view->objects = calloc(8, sizeof(*view->objects));
	for (size_t i = 0; i < 6; i++)
		view->objects[view->n_objects++] = (struct pt_leak_object){
			.address = addresses[lost[i]], .size = SIZE, .tier = i == 5 ? PT_LEAK_WEAK : PT_LEAK_LEAKED};
	view->objects[view->n_objects++] = (struct pt_leak_object){.address = addresses[10] + 32, .size = 64};
	return view;
}

static void of_what_stayed_a_verdict_says_what_is_lost(void **state)
{
	(void)state;
	struct world w;
	struct pt_born_objects born;
	size_t i;
	take_marks(&w);
	const struct pt_heap_mark *const marks[3] = {w.marks[0], w.marks[1], w.marks[2]};
	assert_int_equal(pt_heap_born_objects(&born, marks, &w.target, NULL, NULL), 0);
	assert_false(born.verdict);
	assert_int_equal(born.came.count, CAME);
	assert_int_equal(born.still.count, STILL);
	assert_int_equal(born.still.bytes, STILL * SIZE);
	assert_int_equal(group_of_size(born.view, &i)->tiers[PT_LEAK_LEAKED].count, STILL);
	pt_born_objects_free(&born);

	struct pt_hunt_view *verdict = made_verdict();
	assert_int_equal(pt_heap_born_objects(&born, marks, &w.target, NULL, verdict), 0);
	assert_true(born.verdict);
	assert_int_equal(born.tiers[PT_LEAK_LEAKED].count, 5);
	assert_int_equal(born.tiers[PT_LEAK_WEAK].count, 1);
	assert_int_equal(born.tiers[PT_LEAK_HIDDEN].count, 0);
	group_of_size(born.view, &i);
	assert_int_equal(born.groups[i][PT_LEAK_LEAKED].bytes, 5 * SIZE);
	assert_int_equal(born.groups[i][PT_LEAK_WEAK].count, 1);
	pt_born_objects_free(&born);
	pt_hunt_view_unref(verdict);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_and_stayed_is_told_by_address),
		cmocka_unit_test(of_what_stayed_a_verdict_says_what_is_lost),
	};
	addresses = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return addresses == MAP_FAILED ? 1 : cmocka_run_group_tests_name("marks", tests, NULL, NULL);
}
