/*
 * Stacks kept once: what was added is what is found, under one number, whatever came later; and the limit of memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/unwind/stacks.h"

/* The i-th of many stacks that differ in length, addresses, image and whether they are complete. */
static struct pt_stack made(uint64_t *ips, uint32_t i)
{
	const uint32_t n = i % 37;
	for (uint32_t j = 0; j < n; j++)
		ips[j] = 0x400000 + (uint64_t)(i / 4 + j) * 16;
	return (struct pt_stack){.ips = ips, .n = n, .image = i % 3, .complete = i % 2};
}

static void each_is_kept_once(void **state)
{
	(void)state;
	enum { MANY = 20000 };
	uint64_t ips[PT_STACK_MAX];
	struct pt_stacks *s = pt_stacks_new(64u << 20);
	pt_stack_id *ids = calloc(MANY, sizeof *ids);
	assert_non_null(s);
	assert_non_null(ids);
	for (uint32_t i = 0; i < MANY; i++) {
		struct pt_stack stack = made(ips, i);
		const size_t before = pt_stacks_n(s);
		ids[i] = pt_stacks_add(s, &stack);
		assert_in_range(ids[i], 1, before + 1);
		assert_int_equal(pt_stacks_n(s), ids[i] > before ? before + 1 : before);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		struct pt_stack stack = made(ips, i);
		const struct pt_stack *kept = pt_stacks_get(s, ids[i]);
		assert_int_equal(pt_stacks_add(s, &stack), ids[i]);
		assert_int_equal(kept->n, stack.n);
		assert_int_equal(kept->image, stack.image);
		assert_int_equal(kept->complete, stack.complete);
		assert_memory_equal(kept->ips, ips, stack.n * sizeof *ips);
	}
	free(ids);
	pt_stacks_free(s);
}

static void what_was_given_out_stays(void **state)
{
	(void)state;
	uint64_t ips[PT_STACK_MAX];
	struct pt_stacks *s = pt_stacks_new(64u << 20);
	struct pt_stack stack = made(ips, 30);
	const struct pt_stack *first = pt_stacks_get(s, pt_stacks_add(s, &stack));
	const uint64_t *first_ips = first->ips;
	for (uint32_t i = 31; i < 9000; i++) {
		stack = made(ips, i);
		pt_stacks_add(s, &stack);
	}
	stack = made(ips, 30);
	assert_ptr_equal(pt_stacks_get(s, pt_stacks_add(s, &stack)), first);
	assert_ptr_equal(first->ips, first_ips);
	assert_memory_equal(first->ips, ips, stack.n * sizeof *ips);
	pt_stacks_free(s);
}

static void memory_has_a_limit(void **state)
{
	(void)state;
	uint64_t ips[PT_STACK_MAX];
	struct pt_stacks *s = pt_stacks_new(256u << 10);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		struct pt_stack stack = made(ips, 37 * i + 36);
		kept += pt_stacks_add(s, &stack) != 0;
	}
	assert_in_range(kept, 100, 900); /* 288 bytes of addresses each */
	assert_int_equal(pt_stacks_n(s), kept);
	struct pt_stack old = made(ips, 36);
	assert_int_equal(pt_stacks_add(s, &old), 1); /* what is there is found still */
	pt_stacks_free(s);

	struct pt_stacks *none = pt_stacks_new(0);
	assert_int_equal(pt_stacks_add(none, &old), 0);
	assert_int_equal(pt_stacks_n(none), 0);
	pt_stacks_free(none);
	pt_stacks_free(NULL);
}

static void deep_ones_are_cut(void **state)
{
	(void)state;
	uint64_t ips[PT_STACK_MAX + 1] = {1, 2, 3};
	struct pt_stacks *s = pt_stacks_new(1u << 20);
	const struct pt_stack deep = {.ips = ips, .n = PT_STACK_MAX + 1, .complete = true};
	const struct pt_stack *kept = pt_stacks_get(s, pt_stacks_add(s, &deep));
	assert_int_equal(kept->n, PT_STACK_MAX);
	assert_false(kept->complete);
	pt_stacks_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_kept_once),
		cmocka_unit_test(what_was_given_out_stays),
		cmocka_unit_test(memory_has_a_limit),
		cmocka_unit_test(deep_ones_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
