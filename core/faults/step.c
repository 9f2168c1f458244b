/*
 * See step.h. What is counted is a hash table of cells, which is emptied by each cut; what there is no room for goes into
 * one cell a kind. Stacks are named when a cut needs them first, and kept.
 */
#include "core/faults/step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/watch.h"

struct stack {                        /* by its number */
	struct pt_fault_named *named; /* a reference; NULL: not named yet */
	uint64_t turn;                /* the cut that it has a place in, */
	size_t place;                 /* 1 + index */
};

struct pt_fault_steps {
	pid_t pid;
	struct pt_fault_cell *cells; /* [room], hashed; free: no events. Their stack is its number */
	size_t n, room, most;
	struct pt_fault_cell rest[PT_FAULT_KIND_N];
	uint64_t children, left_out, period, next_period;
	uint64_t from_ns;
	struct pt_fault_totals before; /* at the last cut */
	struct stack *stacks;          /* [n_stacks], by number */
	size_t n_stacks;
	uint64_t turn;
};

/* ---- references ------------------------------------------------------------------------------------------------- */

struct pt_fault_named *pt_fault_named_ref(struct pt_fault_named *named)
{
	__atomic_fetch_add(&named->refs, 1, __ATOMIC_RELAXED);
	return named;
}

void pt_fault_named_unref(struct pt_fault_named *named)
{
	if (!named || __atomic_sub_fetch(&named->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	pt_fault_calls_free(named->calls, named->n_calls);
	free(named);
}

struct pt_fault_step *pt_fault_step_ref(struct pt_fault_step *step)
{
	__atomic_fetch_add(&step->refs, 1, __ATOMIC_RELAXED);
	return step;
}

void pt_fault_step_unref(struct pt_fault_step *step)
{
	if (!step || __atomic_sub_fetch(&step->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < step->n_stacks; i++)
		pt_fault_named_unref(step->stacks[i]);
	free(step->stacks);
	free(step->cells);
	free(step);
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

struct pt_fault_steps *pt_fault_steps_new(pid_t pid, size_t cells_max, uint64_t now_ns,
					  const struct pt_fault_totals *totals)
{
	struct pt_fault_steps *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->pid = pid;
	s->most = cells_max;
	s->from_ns = now_ns;
	s->before = *totals;
	s->period = s->next_period = 1;
	return s;
}

void pt_fault_steps_free(struct pt_fault_steps *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_stacks; i++)
		pt_fault_named_unref(s->stacks[i].named);
	free(s->stacks);
	free(s->cells);
	free(s);
}

void pt_fault_steps_period(struct pt_fault_steps *s, uint64_t period)
{
	s->next_period = period;
	if (period > s->period)
		s->period = period;
}

static struct pt_fault_cell *place_of(struct pt_fault_cell *cells, size_t room, const struct pt_fault_cell *key)
{
	uint64_t hash = (key->vma_start >> 12) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ key->stack ^ (uint64_t)key->kind << 32) * 0xff51afd7ed558ccdu;
	size_t i = (size_t)(hash >> 32) & (room - 1);
	while (cells[i].events &&
	       (cells[i].vma_start != key->vma_start || cells[i].stack != key->stack || cells[i].kind != key->kind))
		i = (i + 1) & (room - 1);
	return &cells[i];
}

static void grow(struct pt_fault_steps *s)
{
	size_t room = s->room ? s->room * 2 : 64;
	struct pt_fault_cell *cells = calloc(room, sizeof(*cells));
	if (!cells)
		return;
	for (size_t i = 0; i < s->room; i++)
		if (s->cells[i].events)
			*place_of(cells, room, &s->cells[i]) = s->cells[i];
	free(s->cells);
	s->cells = cells;
	s->room = room;
}

/* The cell of a key; NULL: there is no room for it. */
static struct pt_fault_cell *cell_of(struct pt_fault_steps *s, const struct pt_fault_cell *key)
{
	if (s->n * 2 >= s->room && s->n < s->most)
		grow(s); /* or it gets fuller */
	if (!s->room)
		return NULL;
	struct pt_fault_cell *cell = place_of(s->cells, s->room, key);
	if (!cell->events) {
		if (s->n >= s->most || s->n + 1 >= s->room) /* one stays free: looking for a key ends there */
			return NULL;
		*cell = *key;
		s->n++;
	}
	return cell;
}

void pt_fault_steps_add(struct pt_fault_steps *s, const struct pt_joined *f, uint64_t born)
{
	if (!f->weight)
		return;
	const struct pt_fault_cell key = {.vma_start = f->has_vma ? f->vma_start : 0,
					  .vma_end = f->has_vma ? f->vma_end : 0,
					  .kind = f->kind,
					  .stack = f->stack};
	struct pt_fault_cell *cell = cell_of(s, &key);
	if (!cell) {
		cell = &s->rest[f->kind];
		cell->kind = f->kind;
		s->left_out += f->weight;
	} else if (key.vma_end > cell->vma_end) {
		cell->vma_end = key.vma_end;
	}
	cell->events += f->weight;
	cell->major += f->major ? f->weight : 0;
	cell->kernel += f->kernel ? f->weight : 0;
	cell->born += born;
}

void pt_fault_steps_child(struct pt_fault_steps *s, uint64_t weight)
{
	s->children += weight;
}

/* ---- a step ----------------------------------------------------------------------------------------------------- */

/* The stack of this number, named. NULL: out of memory. */
static struct stack *stack_of(struct pt_fault_steps *s, size_t id, const struct pt_fault_naming *naming)
{
	if (id >= s->n_stacks) {
		size_t n = id < 128 ? 256 : id * 2;
		struct stack *v = realloc(s->stacks, n * sizeof(*v));
		if (!v)
			return NULL;
		memset(v + s->n_stacks, 0, (n - s->n_stacks) * sizeof(*v));
		s->stacks = v;
		s->n_stacks = n;
	}
	struct stack *stack = &s->stacks[id];
	if (stack->named)
		return stack;
	struct pt_fault_named *named = calloc(1, sizeof(*named));
	if (!named)
		return NULL;
	named->refs = 1;
	if (naming->name(naming->arg, (pt_stack_id)id, &named->calls, &named->n_calls, &named->complete) < 0) {
		free(named);
		return NULL;
	}
	stack->named = named;
	return stack;
}

/* The cell's stack by its place in the step. */
static bool put_stack(struct pt_fault_steps *s, const struct pt_fault_naming *naming, struct pt_fault_step *step,
		      struct pt_fault_cell *cell)
{
	struct stack *stack = cell->stack ? stack_of(s, cell->stack, naming) : NULL;
	if (!stack)
		return !cell->stack;
	if (stack->turn != s->turn) {
		step->stacks[step->n_stacks++] = pt_fault_named_ref(stack->named);
		stack->turn = s->turn;
		stack->place = step->n_stacks;
	}
	cell->stack = stack->place;
	return true;
}

static bool put_cells(struct pt_fault_steps *s, const struct pt_fault_naming *naming, struct pt_fault_step *step)
{
	step->cells = calloc(s->n + PT_FAULT_KIND_N, sizeof(*step->cells));
	step->stacks = calloc(s->n + 1, sizeof(struct pt_fault_named *));
	if (!step->cells || !step->stacks)
		return false;
	s->turn++;
	for (size_t i = 0; i < s->room; i++)
		if (s->cells[i].events) {
			step->cells[step->n_cells] = s->cells[i];
			if (!put_stack(s, naming, step, &step->cells[step->n_cells++]))
				return false;
		}
	for (size_t i = 0; i < PT_FAULT_KIND_N; i++)
		if (s->rest[i].events)
			step->cells[step->n_cells++] = s->rest[i];
	return true;
}

static void begin_anew(struct pt_fault_steps *s, uint64_t now_ns, const struct pt_fault_totals *totals)
{
	if (s->n)
		memset(s->cells, 0, s->room * sizeof(*s->cells));
	memset(s->rest, 0, sizeof(s->rest));
	s->n = 0;
	s->children = s->left_out = 0;
	s->period = s->next_period;
	s->from_ns = now_ns;
	s->before = *totals;
}

int pt_fault_steps_cut(struct pt_fault_steps *s, const struct pt_snapshot *frame, uint64_t now_ns,
		       const struct pt_fault_totals *totals, const struct pt_fault_naming *naming,
		       struct pt_fault_step **ret)
{
	struct pt_fault_step *step = calloc(1, sizeof(*step));
	if (!step)
		return -ENOMEM;
	*step = (struct pt_fault_step){.pid = s->pid,
				       .start_time = frame->process.start_time,
				       .seq = frame->seq,
				       .from_ns = s->from_ns,
				       .to_ns = now_ns,
				       .minor = totals->minor - s->before.minor,
				       .major = totals->major - s->before.major,
				       .lost = totals->lost - s->before.lost,
				       .children = s->children,
				       .left_out = s->left_out,
				       .period = s->period,
				       .system_calls = totals->kernel_mode,
				       .refs = 1};
	if (!put_cells(s, naming, step)) {
		pt_fault_step_unref(step);
		return -ENOMEM;
	}
	begin_anew(s, now_ns, totals);
	*ret = step;
	return 0;
}
