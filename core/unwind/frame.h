/*
 * A frame of a call as an unwinder sees it: registers by DWARF's numbers, of which not all are known, and the piece of
 * stack that came with a sample.
 */
#ifndef PT_UNWIND_FRAME_H
#define PT_UNWIND_FRAME_H

#include <stdbool.h>

#include "core/unwind/user.h"

/* DWARF's numbers of the registers of this machine. */
#if defined(__aarch64__)
#define PT_REGS      32u
#define PT_REG_SP    31u
#define PT_REG_FRAME 29u
#else
#define PT_REGS      17u /* the last: where to return to */
#define PT_REG_SP    7u
#define PT_REG_FRAME 6u
#endif

struct pt_frame {
	uint64_t pc;
	uint64_t regs[PT_REGS];
	uint32_t known; /* bit N: register N is */
};

/* The user's stack as it was; borrowed from the sample. */
struct pt_dump {
	uint64_t start;
	const uint8_t *bytes;
	size_t size;
};

/* As it was saved: without the signature that aarch64 may put into its upper bits (of 48-bit addresses). */
static inline uint64_t pt_return_address(uint64_t saved)
{
#if defined(__aarch64__)
	return saved & ((1ull << 48) - 1);
#else
	return saved;
#endif
}

/* Eight bytes; false: not in the dump. */
bool pt_dump_read(const struct pt_dump *dump, uint64_t address, uint64_t *ret);

/* False: there are no registers. */
bool pt_frame_of_user(struct pt_frame *ret, struct pt_dump *ret_dump, const struct pt_user *user);

enum pt_step { PT_STEP_CALLER, PT_STEP_END, PT_STEP_LOST };
/* To the caller's frame by the frame pointer, where no table says how. END: a thread begins here by its ABI's mark. */
enum pt_step pt_frame_pointer_step(const struct pt_dump *dump, struct pt_frame *frame);

#endif
