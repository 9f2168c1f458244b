/*
 * Stacks and thread-local memory. A stack counts from 128 bytes below its pointer (the red zone) up to its end; what is
 * below is what calls have left. The stack of a thread that is dead, which glibc keeps for the next one, counts not at all,
 * but its DTV is still in use. See roots_tcb.h for how they are found. Stacks that are not glibc's (of clone(), of coroutines, of
 * signals) are memory as any other.
 */
#include <stdlib.h>

#include "core/hunt/roots_parts.h"
#include "core/hunt/roots_tcb.h"

#define RED_ZONE 128u

static uint64_t stack_top(uint64_t sp)
{
	return (sp - RED_ZONE) & ~7ull;
}

static struct pt_root_span span_of(uint64_t start, uint64_t end, enum pt_root_kind kind, pid_t tid)
{
	return (struct pt_root_span){.start = start, .end = end, .kind = kind, .tid = tid};
}

/* The main thread's, which is a VMA. */
static int add_main_stack(struct pt_gather *g, const struct pt_root_thread *thread, struct pt_root_list *ret)
{
	const struct pt_vma_table *vmas = g->memory->vmas;
	size_t i = pt_vma_find(vmas, thread->sp);
	if (i == vmas->n || !pt_vma_covers(&vmas->v[i], thread->sp) || vmas->v[i].role != PT_ROLE_STACK)
		return 0;
	uint64_t top = stack_top(thread->sp);
	int error = pt_root_add(ret, span_of(vmas->v[i].start, top, PT_ROOT_NONE, 0));
	return error ? error : pt_root_add(ret, span_of(top, vmas->v[i].end, PT_ROOT_STACK, thread->tid));
}

static int add_live(struct pt_gather *g, const struct pt_root_thread *thread, const struct pt_tcb *tcb,
		    struct pt_root_list *ret)
{
	uint64_t start = tcb->stack, tls = pt_tcb_tls(g->memory, tcb);
	int error = pt_root_add(ret, span_of(tls, tcb->end, PT_ROOT_TLS, thread->tid));
	if (!error && thread->sp >= tcb->stack && thread->sp < tls) {
		start = stack_top(thread->sp) > tcb->stack ? stack_top(thread->sp) : tcb->stack;
		error = pt_root_add(ret, span_of(tcb->stack, start, PT_ROOT_NONE, 0));
	}
	return error ? error : pt_root_add(ret, span_of(start, tls, PT_ROOT_STACK, thread->tid));
}

/* One that nobody has waited for has a result, which somebody may ask for yet. */
static int add_dead(struct pt_gather *g, const struct pt_tcb *tcb, struct pt_root_list *ret)
{
	int error = pt_gather_word(
		g, (struct pt_root_word){.value = tcb->dtv, .kind = PT_ROOT_TLS, .fd = -1, .name = "dtv"});
	uint64_t end = tcb->awaited ? tcb->address : tcb->end;
	if (!error)
		error = pt_root_add(ret, span_of(tcb->stack, end, PT_ROOT_NONE, 0));
	return error ? error : pt_root_add(ret, span_of(end, tcb->end, PT_ROOT_TLS, 0));
}

static int by_pointer(const void *a, const void *b)
{
	const struct pt_root_thread *x = a, *y = b;
	return (x->tp > y->tp) - (x->tp < y->tp);
}

int pt_gather_stacks(struct pt_gather *g, struct pt_root_list *ret)
{
	struct pt_tcb_list tcbs = {0};
	struct pt_roots *roots = g->roots;
	int error = 0;
	if (roots->n_threads)
		qsort(roots->thread, roots->n_threads, sizeof(*roots->thread), by_pointer);
	for (size_t i = 0; i < roots->n_threads && !error; i++)
		error = add_main_stack(g, &roots->thread[i], ret);
	if (!error)
		error = pt_tcb_find(&tcbs, g->memory, roots->thread, roots->n_threads);
	for (size_t i = 0; i < tcbs.n && !error; i++) {
		const struct pt_tcb *tcb = &tcbs.v[i];
		const struct pt_root_thread key = {.tp = tcb->address};
		const struct pt_root_thread *live = roots->n_threads ? bsearch(&key, roots->thread, roots->n_threads,
									       sizeof(key), by_pointer)
								     : NULL;
		if (live)
			error = add_live(g, live, tcb, ret);
		else if (tcb->dead)
			error = add_dead(g, tcb, ret);
	}
	free(tcbs.v);
	pt_root_sort(ret);
	return error;
}
