/*
 * See faulted.h.
 */
#include "tests/support/faulted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void faulted_init(struct faulted *f, uint64_t seed, pid_t pid)
{
	*f = (struct faulted){.made = {.state = seed * 2 + 1}, .totals = {.kernel_mode = seed % 2}, .now_ns = 1000};
	f->steps = pt_fault_steps_new(pid, 100000, f->now_ns, &f->totals);
	assert_non_null(f->steps);
}

void faulted_end(struct faulted *f)
{
	pt_fault_steps_free(f->steps);
	free(f->v);
}

/* What it is depends on how far out it is, so that stacks end alike; every fifth is in no module, every third has no
 * symbol. */
static struct pt_fault_call call_of(size_t code)
{
	char text[64];
	struct pt_fault_call call = {.ip = 0x400000 + code * 16};
	if (code % 5 == 4)
		return call;
	snprintf(text, sizeof(text), "/opt/" FAULTED_SECRET "/lib%zu.so", code % 3);
	call.module = strdup(text);
	call.module_offset = code * 16;
	snprintf(text, sizeof(text), "5ec4e7%02zx", code % 3);
	call.build_id = code % 3 ? strdup(text) : NULL;
	if (code % 3 == 2)
		return call;
	snprintf(text, sizeof(text), FAULTED_SECRET "::grow<%zu>(int)", code);
	call.symbol = strdup(text);
	call.offset = code;
	call.file = code % 2 ? strdup("/home/" FAULTED_SECRET "/grow.cc") : NULL;
	call.line = code % 2 ? (int)code : 0;
	return call;
}

int faulted_name(void *arg, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n, bool *ret_complete)
{
	(void)arg;
	size_t n = 1 + id % 7;
	struct pt_fault_call *calls = calloc(n, sizeof(*calls));
	calls[0] = call_of(100 + id); /* its own */
	for (size_t i = 1; i < n; i++)
		calls[i] = call_of(n - i);
	*ret = calls;
	*ret_n = n;
	*ret_complete = id % 4 != 0;
	return 0;
}

void faulted_add(struct faulted *f, const struct pt_snapshot *frame, size_t n)
{
	const struct pt_vma_table *vmas = frame->vmas;
	for (size_t i = 0; i < n; i++) {
		struct made *m = &f->made;
		const struct pt_vma *vma = made_random(m, 10) ? &vmas->v[made_random(m, vmas->n)] : NULL;
		uint64_t weight = made_random(m, 4) ? 1 : 1 + made_random(m, 1000);
		bool major = made_random(m, 5) == 0, kernel = made_random(m, 3) == 0;
		struct pt_joined fault = {.pid = frame->process.pid,
					  .weight = weight,
					  .major = major,
					  .kernel = kernel,
					  .kind = (enum pt_fault_kind)made_random(m, PT_FAULT_KIND_N),
					  .has_vma = vma != NULL,
					  .vma_start = vma ? vma->start : 77,
					  .vma_end = vma ? vma->end : 78,
					  .stack = (pt_stack_id)made_random(m, FAULTED_STACKS + 1)};
		uint64_t born = made_random(m, 2) ? weight * MADE_PAGE : 0;
		pt_fault_steps_add(f->steps, &fault, born);
		if (f->n == f->room) {
			f->room = f->room ? f->room * 2 : 256;
			f->v = realloc(f->v, f->room * sizeof(*f->v));
			assert_non_null(f->v);
		}
		f->v[f->n++] = (struct faulted_fault){.seq = frame->seq,
						      .vma_start = vma ? vma->start : 0,
						      .vma_end = vma ? vma->end : 0,
						      .kind = fault.kind,
						      .stack = fault.stack,
						      .weight = weight,
						      .major = major ? weight : 0,
						      .kernel = kernel ? weight : 0,
						      .born = born};
		*(major ? &f->totals.major : &f->totals.minor) += weight;
	}
	f->totals.lost += n / 10;
	pt_fault_steps_child(f->steps, n);
	f->children += n;
}

struct pt_fault_step *faulted_step(struct faulted *f, const struct pt_snapshot *frame)
{
	const struct pt_fault_naming naming = {faulted_name, NULL};
	struct pt_fault_step *step = NULL;
	f->now_ns += 1000000000;
	assert_int_equal(pt_fault_steps_cut(f->steps, frame, f->now_ns, &f->totals, &naming, &step), 0);
	return step;
}
