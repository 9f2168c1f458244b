/*
 * Steps of faults: what is counted between two cuts is in exactly one step, whatever there is room for; each stack is
 * named once; a cut that fails loses nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/faults/step.h"
#include "tests/support/faulted.h"

static struct pt_snapshot *frame_of(struct made *made)
{
	made_init(made, 3, 200);
	return made_next(made);
}

/* The cells of a step against the plain faults from first to last, by VMA, kind and stack. */
static void expect_cells(const struct pt_fault_step *step, const struct faulted_fault *v, size_t n)
{
	uint64_t all = 0, told = 0;
	for (size_t i = 0; i < step->n_cells; i++) {
		const struct pt_fault_cell *cell = &step->cells[i];
		struct faulted_fault sum = {0};
		for (size_t k = 0; k < n; k++) {
			const struct pt_fault_named *named = cell->stack ? step->stacks[cell->stack - 1] : NULL;
			uint64_t ip = 0x400000 + (100 + v[k].stack) * 16; /* of its first call */
			if (v[k].vma_start != cell->vma_start || v[k].kind != cell->kind ||
			    (named ? named->calls[0].ip != ip || !v[k].stack : v[k].stack != 0))
				continue;
			sum.weight += v[k].weight;
			sum.major += v[k].major;
			sum.kernel += v[k].kernel;
			sum.born += v[k].born;
		}
		assert_true(cell->events > 0);
		assert_int_equal(cell->events, sum.weight);
		assert_int_equal(cell->major, sum.major);
		assert_int_equal(cell->kernel, sum.kernel);
		assert_int_equal(cell->born, sum.born);
		told += cell->events;
	}
	for (size_t k = 0; k < n; k++)
		all += v[k].weight;
	assert_int_equal(told, all);
	assert_int_equal(step->minor + step->major, all);
}

static void each_fault_is_in_the_step_that_its_frame_ended(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_snapshot *frame = frame_of(&made);
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct faulted f;
		uint64_t until = 1000;
		faulted_init(&f, seed, frame->process.pid);
		for (int i = 0; i < 5; i++) {
			size_t first = f.n, n = made_random(&f.made, 2) * made_random(&f.made, 2000);
			faulted_add(&f, frame, n);
			struct pt_fault_step *step = faulted_step(&f, frame);
			expect_cells(step, f.v + first, f.n - first);
			assert_int_equal(step->seq, frame->seq);
			assert_int_equal(step->pid, frame->process.pid);
			assert_int_equal(step->start_time, frame->process.start_time);
			assert_int_equal(step->from_ns, until);
			assert_int_equal(step->to_ns, f.now_ns);
			assert_int_equal(step->children, n);
			assert_int_equal(step->lost, n / 10);
			assert_int_equal(step->left_out, 0);
			until = step->to_ns;
			pt_fault_step_unref(step);
		}
		faulted_end(&f);
	}
	pt_snapshot_unref(frame);
	made_end(&made);
}

static void what_there_is_no_room_for_keeps_its_kind(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_snapshot *frame = frame_of(&made);
	for (size_t most = 0; most < 40; most += 3) {
		struct faulted f;
		faulted_init(&f, 8, frame->process.pid);
		pt_fault_steps_free(f.steps);
		f.steps = pt_fault_steps_new(frame->process.pid, most, 0, &f.totals);
		faulted_add(&f, frame, 3000);
		struct pt_fault_step *step = faulted_step(&f, frame);
		uint64_t kinds[PT_FAULT_KIND_N] = {0}, in_place = 0, all = 0;
		assert_true(step->n_cells <= most + PT_FAULT_KIND_N);
		for (size_t i = 0; i < step->n_cells; i++) {
			kinds[step->cells[i].kind] += step->cells[i].events;
			in_place += i < step->n_cells - PT_FAULT_KIND_N ? step->cells[i].events : 0;
		}
		for (size_t i = 0; i < f.n; i++) {
			kinds[f.v[i].kind] -= f.v[i].weight;
			all += f.v[i].weight;
		}
		for (int i = 0; i < PT_FAULT_KIND_N; i++)
			assert_int_equal(kinds[i], 0);
		assert_int_equal(in_place + step->left_out, all);
		assert_true(step->left_out > 0);
		pt_fault_step_unref(step);
		faulted_end(&f);
	}
	pt_snapshot_unref(frame);
	made_end(&made);
}

static int count_names(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n, bool *ret_complete)
{
	unsigned *named = arg;
	if (!named[0])
		return -ENOMEM;
	named[id]++;
	return faulted_name(NULL, id, ret, ret_n, ret_complete);
}

static void a_stack_is_named_once_and_a_cut_that_fails_loses_nothing(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_snapshot *frame = frame_of(&made);
	struct faulted f;
	unsigned named[FAULTED_STACKS + 1] = {0};
	const struct pt_fault_naming naming = {count_names, named};
	struct pt_fault_step *steps[3] = {0};
	faulted_init(&f, 4, frame->process.pid);
	faulted_add(&f, frame, 400);
	assert_int_equal(pt_fault_steps_cut(f.steps, frame, 1, &f.totals, &naming, &steps[0]), -ENOMEM);
	named[0] = 1;
	faulted_add(&f, frame, 400);
	for (int i = 0; i < 3; i++) {
		size_t first = i ? f.n : 0;
		if (i)
			faulted_add(&f, frame, 400);
		assert_int_equal(pt_fault_steps_cut(f.steps, frame, 2, &f.totals, &naming, &steps[i]), 0);
		expect_cells(steps[i], f.v + first, f.n - first);
	}
	for (int i = 1; i <= FAULTED_STACKS; i++)
		assert_int_equal(named[i], 1);
	faulted_end(&f); /* steps outlive who made them */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(steps[i]->n_stacks, FAULTED_STACKS);
		for (size_t k = 0; k < steps[i]->n_stacks; k++)
			assert_non_null(steps[i]->stacks[k]->calls);
		pt_fault_step_unref(steps[i]);
	}
	pt_snapshot_unref(frame);
	made_end(&made);
}

static void a_step_has_the_largest_period_of_its_time(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_snapshot *frame = frame_of(&made);
	struct faulted f;
	const uint64_t expected[] = {1, 64, 8, 8};
	faulted_init(&f, 4, frame->process.pid);
	for (int i = 0; i < 4; i++) {
		struct pt_fault_step *step = faulted_step(&f, frame);
		assert_int_equal(step->period, expected[i]);
		pt_fault_step_unref(step);
		if (i == 0) {
			pt_fault_steps_period(f.steps, 64);
			pt_fault_steps_period(f.steps, 8);
		}
	}
	faulted_end(&f);
	pt_snapshot_unref(frame);
	made_end(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_in_the_step_that_its_frame_ended),
		cmocka_unit_test(what_there_is_no_room_for_keeps_its_kind),
		cmocka_unit_test(a_stack_is_named_once_and_a_cut_that_fails_loses_nothing),
		cmocka_unit_test(a_step_has_the_largest_period_of_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
