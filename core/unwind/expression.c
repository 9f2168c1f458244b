/*
 * DWARF expressions of unwind tables: a small stack machine; see expression.h. Holds nothing. No jumps: none is known
 * that an unwind table has, and so each ends.
 */
#include "core/unwind/expression.h"

#include <dwarf.h>

#define DEPTH 32u

struct machine {
	const struct pt_frame *frame;
	const struct pt_dump *dump;
	uint64_t cfa;
	uint64_t stack[DEPTH];
	unsigned n;
};

static bool push(struct machine *m, uint64_t value)
{
	if (m->n == DEPTH)
		return false;
	m->stack[m->n++] = value;
	return true;
}

static bool push_register(struct machine *m, uint64_t reg, uint64_t offset)
{
	return reg < PT_REGS && m->frame->known >> reg & 1 && push(m, m->frame->regs[reg] + offset);
}

static bool push_constant(struct machine *m, const Dwarf_Op *op)
{
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
		return push(m, op->atom - DW_OP_lit0);
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return push_register(m, op->atom - DW_OP_breg0, op->number);
	switch (op->atom) {
	case DW_OP_const1u:
	case DW_OP_const1s:
	case DW_OP_const2u:
	case DW_OP_const2s:
	case DW_OP_const4u:
	case DW_OP_const4s:
	case DW_OP_const8u:
	case DW_OP_const8s:
	case DW_OP_constu:
	case DW_OP_consts: return push(m, op->number);
	case DW_OP_bregx: return push_register(m, op->number, op->number2);
	case DW_OP_call_frame_cfa: return push(m, m->cfa);
	default: return false;
	}
}

static bool change_top(struct machine *m, const Dwarf_Op *op)
{
	uint64_t *top = &m->stack[m->n - 1];
	switch (op->atom) {
	case DW_OP_dup: return push(m, *top);
	case DW_OP_drop: m->n--; return true;
	case DW_OP_deref: return pt_dump_read(m->dump, *top, top);
	case DW_OP_plus_uconst: *top += op->number; return true;
	case DW_OP_neg: *top = 0 - *top; return true;
	case DW_OP_not: *top = ~*top; return true;
	default: return false;
	}
}

static bool of_two(uint8_t atom, uint64_t a, uint64_t b, uint64_t *ret)
{
	const int64_t x = (int64_t)a, y = (int64_t)b;
	switch (atom) {
	case DW_OP_plus: *ret = a + b; return true;
	case DW_OP_minus: *ret = a - b; return true;
	case DW_OP_mul: *ret = a * b; return true;
	case DW_OP_and: *ret = a & b; return true;
	case DW_OP_or: *ret = a | b; return true;
	case DW_OP_xor: *ret = a ^ b; return true;
	case DW_OP_shl: *ret = b < 64 ? a << b : 0; return true;
	case DW_OP_shr: *ret = b < 64 ? a >> b : 0; return true;
	case DW_OP_eq: *ret = x == y; return true;
	case DW_OP_ne: *ret = x != y; return true;
	case DW_OP_ge: *ret = x >= y; return true;
	case DW_OP_gt: *ret = x > y; return true;
	case DW_OP_le: *ret = x <= y; return true;
	case DW_OP_lt: *ret = x < y; return true;
	default: return false;
	}
}

static bool step(struct machine *m, const Dwarf_Op *op)
{
	if (op->atom == DW_OP_nop || push_constant(m, op))
		return true;
	if (m->n >= 1 && change_top(m, op))
		return true;
	if (m->n < 2 || !of_two(op->atom, m->stack[m->n - 2], m->stack[m->n - 1], &m->stack[m->n - 2]))
		return false;
	m->n--;
	return true;
}

bool pt_expression(const Dwarf_Op *ops, size_t n, const struct pt_frame *frame, const struct pt_dump *dump,
		   uint64_t cfa, uint64_t *ret)
{
	struct machine m = {.frame = frame, .dump = dump, .cfa = cfa};
	for (size_t i = 0; i < n && ops[i].atom != DW_OP_stack_value; i++)
		if (!step(&m, &ops[i]))
			return false;
	if (!m.n)
		return false;
	*ret = m.stack[m.n - 1];
	return true;
}
