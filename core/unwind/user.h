/*
 * What a sample of perf has of the user: registers and a piece of stack.
 */
#ifndef PT_UNWIND_USER_H
#define PT_UNWIND_USER_H

#include <stddef.h>
#include <stdint.h>

struct pt_user {
	uint64_t ip;          /* of the sample; may be the kernel's */
	const uint64_t *regs; /* [n_regs], in the order of pt_user_regs(); NULL: none */
	unsigned n_regs;
	const uint8_t *stack; /* [stack_size] bytes from the stack pointer up; NULL: none */
	size_t stack_size;
};

/* Mask of the registers to ask for, as perf's PERF_REG_* of this machine; 0: unknown machine, no stacks. */
uint64_t pt_user_regs(void);

#endif
