/*
 * Registers of perf as a frame, and chains of frame pointers; see frame.h. Holds nothing.
 */
#include "core/unwind/frame.h"

#include <string.h>
#if defined(__x86_64__) || defined(__aarch64__)
#include <asm/perf_regs.h>
#endif

#if defined(__aarch64__)
#define PERF_REGS 33u /* x0 to x30, sp, pc: as DWARF has them */
#define PERF_PC   32u
#else
#define PERF_REGS 17u
#define PERF_PC   8u
/*
 * Where those that pt_user_regs() asks for have each of DWARF's rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, rip.
 * Perf's order is ax, bx, cx, dx, si, di, bp, sp, ip, then segments and flags, which come along no more, r8 to r15.
 */
static const uint8_t places[PT_REGS] = {0, 3, 2, 1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, PERF_PC};
#endif

uint64_t pt_user_regs(void)
{
#if defined(__x86_64__)
	return ((1ull << (PERF_REG_X86_IP + 1)) - 1) | 0xffull << PERF_REG_X86_R8;
#elif defined(__aarch64__)
	return (1ull << PERF_REG_ARM64_MAX) - 1;
#else
	return 0;
#endif
}

bool pt_dump_read(const struct pt_dump *dump, uint64_t address, uint64_t *ret)
{
	const uint64_t at = address - dump->start;
	if (dump->size < sizeof(*ret) || at > dump->size - sizeof(*ret))
		return false;
	memcpy(ret, dump->bytes + at, sizeof(*ret));
	return true;
}

bool pt_frame_of_user(struct pt_frame *ret, struct pt_dump *ret_dump, const struct pt_user *user)
{
	if (!user->regs || user->n_regs != PERF_REGS)
		return false;
#if defined(__aarch64__)
	memcpy(ret->regs, user->regs, sizeof(ret->regs));
#else
	for (unsigned i = 0; i < PT_REGS; i++)
		ret->regs[i] = user->regs[places[i]];
#endif
	ret->pc = user->regs[PERF_PC];
	ret->known = (uint32_t)((1ull << PT_REGS) - 1);
	*ret_dump = (struct pt_dump){ret->regs[PT_REG_SP], user->stack, user->stack ? user->stack_size : 0};
	return true;
}

enum pt_step pt_frame_pointer_step(const struct pt_dump *dump, struct pt_frame *frame)
{
	const uint64_t at = frame->regs[PT_REG_FRAME];
	uint64_t before, pc;
	if (!(frame->known >> PT_REG_FRAME & 1))
		return PT_STEP_LOST;
	if (!at) /* the ABI's mark of the outermost frame */
		return PT_STEP_END;
	if (at % sizeof(at) || !(frame->known >> PT_REG_SP & 1) || at < frame->regs[PT_REG_SP] ||
	    !pt_dump_read(dump, at, &before) || !pt_dump_read(dump, at + sizeof(at), &pc))
		return PT_STEP_LOST;
	pc = pt_return_address(pc);
	if (!pc)
		return PT_STEP_END;
	frame->pc = pc;
	frame->regs[PT_REG_FRAME] = before;
	frame->regs[PT_REG_SP] = at + 2 * sizeof(at);
	frame->known = 1u << PT_REG_FRAME | 1u << PT_REG_SP;
	return PT_STEP_CALLER;
}
