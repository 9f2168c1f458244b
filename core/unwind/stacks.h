/*
 * Stacks, each kept once: a fault has a number instead of a stack. Append-only; owned and used by one thread.
 */
#ifndef PT_UNWIND_STACKS_H
#define PT_UNWIND_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_STACK_MAX 128 /* frames; deeper ones are cut at the outer end, and not complete */

typedef uint32_t pt_stack_id; /* 0: no stack is known */

struct pt_stack {
	const uint64_t *ips; /* [n], innermost first; of a caller: the byte before the return address */
	uint32_t n;
	uint32_t image; /* grows with every exec of the process: addresses of one image mean nothing in another */
	bool complete;  /* reaches where its thread began */
};

struct pt_stacks;

struct pt_stacks *pt_stacks_new(size_t bytes_max); /* NULL: out of memory */
void pt_stacks_free(struct pt_stacks *stacks);     /* NULL is fine */
/* The number of this stack, an old one where it was there before; 0: no room any more. */
pt_stack_id pt_stacks_add(struct pt_stacks *stacks, const struct pt_stack *stack);
/* id is one that was given out; what is returned stays. */
const struct pt_stack *pt_stacks_get(const struct pt_stacks *stacks, pt_stack_id id);
size_t pt_stacks_n(const struct pt_stacks *stacks); /* ids are 1..n */

#endif
