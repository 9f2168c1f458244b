/*
 * Rows of unwind tables; see cfi.h. A cfi owns libdw's view of the tables, and a hash table (open addressing) of the rows
 * that were asked for, each with copies of the expressions it needs.
 */
#include "core/unwind/cfi.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "core/unwind/expression.h"

#define ROWS_FIRST 256u
#define ROWS_MAX   32768u /* then all are forgotten */
#define OPS_MAX    64u    /* of an expression; signal frames have 2, procedure linkage tables 8 */

enum how {
	SAVED,      /* at the canonical frame address + offset */
	IS,         /* canonical frame address + offset */
	SAVED_EXPR, /* at what the expression comes to */
	IS_EXPR,    /* what the expression comes to */
	MOVED,      /* in the register of that number */
};

struct rule {
	uint8_t reg;
	uint8_t how; /* enum how */
	uint16_t n_ops;
	int32_t offset; /* or number of a register */
	Dwarf_Op *ops;  /* [n_ops]; owned */
};

struct pt_row {
	uint64_t address;
	bool known; /* the tables say something of it */
	bool signal, end;
	uint8_t return_reg;
	uint8_t cfa_reg;
	uint8_t n_rules;
	uint16_t n_cfa_ops;
	int32_t cfa_offset;
	uint32_t kept;       /* bit N: the caller's register N is that of the frame */
	Dwarf_Op *cfa_ops;   /* [n_cfa_ops] instead of register and offset; NULL: not. Owned */
	struct rule rules[]; /* [n_rules] */
};

struct pt_cfi {
	Dwarf_CFI *eh;    /* .eh_frame; NULL: none */
	Dwarf *dwarf;     /* of debug; NULL: none */
	Dwarf_CFI *debug; /* .debug_frame; NULL: none */
	struct pt_row **rows;
	size_t room, n; /* room is a power of two */
};

struct pt_cfi *pt_cfi_new(const struct pt_image *image)
{
	struct pt_cfi *cfi = calloc(1, sizeof(*cfi));
	if (!cfi)
		return NULL;
	cfi->room = ROWS_FIRST;
	cfi->rows = calloc(cfi->room, sizeof(struct pt_row *));
	if (!cfi->rows) {
		free(cfi);
		return NULL;
	}
	cfi->eh = dwarf_getcfi_elf(image->elf);
	if (pt_image_has(image, ".debug_frame"))
		cfi->dwarf = dwarf_begin_elf(image->elf, DWARF_C_READ, NULL);
	cfi->debug = cfi->dwarf ? dwarf_getcfi(cfi->dwarf) : NULL;
	return cfi;
}

static void free_row(struct pt_row *row)
{
	if (!row)
		return;
	for (unsigned i = 0; i < row->n_rules; i++)
		free(row->rules[i].ops);
	free(row->cfa_ops);
	free(row);
}

static void forget_rows(struct pt_cfi *cfi)
{
	for (size_t i = 0; i < cfi->room; i++) {
		free_row(cfi->rows[i]);
		cfi->rows[i] = NULL;
	}
	cfi->n = 0;
}

void pt_cfi_free(struct pt_cfi *cfi)
{
	if (!cfi)
		return;
	forget_rows(cfi);
	free(cfi->rows);
	if (cfi->eh)
		dwarf_cfi_end(cfi->eh);
	if (cfi->dwarf)
		dwarf_end(cfi->dwarf);
	free(cfi);
}

/* ---- from libdw to a row ---------------------------------------------------------------------------------------- */

static Dwarf_Op *keep_ops(const Dwarf_Op *ops, size_t n)
{
	Dwarf_Op *kept = n && n <= OPS_MAX ? malloc(n * sizeof(*kept)) : NULL;
	if (kept)
		memcpy(kept, ops, n * sizeof(*kept));
	return kept;
}

static bool fits(Dwarf_Word number)
{
	const int64_t value = (int64_t)number;
	return value >= INT32_MIN && value <= INT32_MAX;
}

/* "Canonical frame address + offset", the form of nearly all. */
static bool is_offset(const Dwarf_Op *ops, size_t n, int32_t *ret)
{
	*ret = 0;
	if (!n || n > 2 || ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	if (n == 2 && (ops[1].atom != DW_OP_plus_uconst || !fits(ops[1].number)))
		return false;
	if (n == 2)
		*ret = (int32_t)(int64_t)ops[1].number;
	return true;
}

/* How the caller's register is found. False: a table that makes no sense. */
static bool add_rule(struct pt_row *row, struct rule *rule, Dwarf_Frame *frame, unsigned reg)
{
	Dwarf_Op memory[3], *ops;
	size_t n;
	if (dwarf_frame_register(frame, (int)reg, memory, &ops, &n))
		return false;
	if (!n && !ops)
		row->kept |= 1u << reg;
	else if (!n)
		row->end |= reg == row->return_reg;
	if (!n)
		return true;
	const bool value = ops[n - 1].atom == DW_OP_stack_value; /* itself, not where it was saved */
	*rule = (struct rule){.reg = (uint8_t)reg, .how = value ? IS : SAVED};
	if (n == 1 && ops[0].atom == DW_OP_regx && ops[0].number < PT_REGS) {
		rule->how = MOVED;
		rule->offset = (int32_t)ops[0].number;
	} else if (!is_offset(ops, n - value, &rule->offset)) {
		rule->how = value ? IS_EXPR : SAVED_EXPR;
		rule->ops = keep_ops(ops, n);
		rule->n_ops = (uint16_t)n;
		if (!rule->ops)
			return false;
	}
	row->n_rules++;
	return true;
}

static bool set_cfa(struct pt_row *row, Dwarf_Frame *frame)
{
	Dwarf_Op *ops;
	size_t n;
	if (dwarf_frame_cfa(frame, &ops, &n) || !n)
		return false;
	if (n == 1 && ops[0].atom == DW_OP_bregx && ops[0].number < PT_REGS && fits(ops[0].number2)) {
		row->cfa_reg = (uint8_t)ops[0].number;
		row->cfa_offset = (int32_t)(int64_t)ops[0].number2;
		return true;
	}
	row->cfa_ops = keep_ops(ops, n);
	row->n_cfa_ops = (uint16_t)n;
	return row->cfa_ops != NULL;
}

static bool set_row(struct pt_row *row, Dwarf_Frame *frame)
{
	Dwarf_Addr start, end;
	int reg = dwarf_frame_info(frame, &start, &end, &row->signal);
	if (reg < 0 || (unsigned)reg >= PT_REGS || !set_cfa(row, frame))
		return false;
	row->return_reg = (uint8_t)reg;
	for (unsigned i = 0; i < PT_REGS; i++)
		if (!add_rule(row, &row->rules[row->n_rules], frame, i))
			return false;
	return true;
}

/* NULL: out of memory. */
static struct pt_row *read_row(const struct pt_cfi *cfi, uint64_t address)
{
	struct pt_row *row = calloc(1, sizeof(*row) + PT_REGS * sizeof(row->rules[0]));
	Dwarf_Frame *frame = NULL;
	if (!row)
		return NULL;
	if ((cfi->eh && !dwarf_cfi_addrframe(cfi->eh, address, &frame)) ||
	    (cfi->debug && !dwarf_cfi_addrframe(cfi->debug, address, &frame))) {
		row->known = set_row(row, frame);
		free(frame);
	}
	row->address = address;
	struct pt_row *less = realloc(row, sizeof(*row) + row->n_rules * sizeof(row->rules[0]));
	return less ? less : row;
}

/* ---- rows, kept ------------------------------------------------------------------------------------------------- */

static struct pt_row **find(struct pt_row **rows, size_t room, uint64_t address)
{
	for (size_t i = (address * 0x9e3779b97f4a7c15u) >> 32;; i++) {
		struct pt_row **at = &rows[i & (room - 1)];
		if (!*at || (*at)->address == address)
			return at;
	}
}

/* Room for one more, by a larger table or by forgetting. */
static void make_room(struct pt_cfi *cfi)
{
	if (cfi->n < cfi->room / 2)
		return;
	struct pt_row **rows = cfi->n < ROWS_MAX ? calloc(2 * cfi->room, sizeof(struct pt_row *)) : NULL;
	if (!rows) {
		forget_rows(cfi);
		return;
	}
	for (size_t i = 0; i < cfi->room; i++)
		if (cfi->rows[i])
			*find(rows, 2 * cfi->room, cfi->rows[i]->address) = cfi->rows[i];
	free(cfi->rows);
	cfi->rows = rows;
	cfi->room *= 2;
}

const struct pt_row *pt_cfi_row(struct pt_cfi *cfi, uint64_t address)
{
	struct pt_row **at = find(cfi->rows, cfi->room, address);
	if (!*at) {
		make_room(cfi);
		at = find(cfi->rows, cfi->room, address);
		*at = read_row(cfi, address);
		cfi->n += *at != NULL;
	}
	return *at && (*at)->known ? *at : NULL;
}

bool pt_row_is_signal(const struct pt_row *row)
{
	return row->signal;
}

/* ---- from frame to frame ---------------------------------------------------------------------------------------- */

static bool is_known(const struct pt_frame *frame, unsigned reg)
{
	return frame->known >> reg & 1;
}

static bool find_cfa(const struct pt_row *row, const struct pt_dump *dump, const struct pt_frame *frame, uint64_t *ret)
{
	if (row->cfa_ops)
		return pt_expression(row->cfa_ops, row->n_cfa_ops, frame, dump, 0, ret);
	*ret = frame->regs[row->cfa_reg] + (uint64_t)(int64_t)row->cfa_offset;
	return is_known(frame, row->cfa_reg);
}

/* One register of the caller; false: it can't be known. */
static bool restore(const struct rule *rule, const struct pt_dump *dump, const struct pt_frame *frame, uint64_t cfa,
		    uint64_t *ret)
{
	switch ((enum how)rule->how) {
	case SAVED: return pt_dump_read(dump, cfa + (uint64_t)(int64_t)rule->offset, ret);
	case IS: *ret = cfa + (uint64_t)(int64_t)rule->offset; return true;
	case SAVED_EXPR:
		return pt_expression(rule->ops, rule->n_ops, frame, dump, cfa, ret) && pt_dump_read(dump, *ret, ret);
	case IS_EXPR: return pt_expression(rule->ops, rule->n_ops, frame, dump, cfa, ret);
	case MOVED: *ret = frame->regs[rule->offset]; return is_known(frame, (unsigned)rule->offset);
	}
	return false;
}

enum pt_step pt_row_step(const struct pt_row *row, const struct pt_dump *dump, struct pt_frame *frame)
{
	struct pt_frame caller = *frame;
	uint64_t cfa;
	if (row->end)
		return PT_STEP_END;
	if (!find_cfa(row, dump, frame, &cfa))
		return PT_STEP_LOST;
	caller.known &= row->kept;
	caller.regs[PT_REG_SP] = cfa; /* unless a rule has it otherwise */
	caller.known |= 1u << PT_REG_SP;
	for (unsigned i = 0; i < row->n_rules; i++) {
		const struct rule *rule = &row->rules[i];
		const uint32_t bit = 1u << rule->reg;
		bool found = restore(rule, dump, frame, cfa, &caller.regs[rule->reg]);
		caller.known = found ? caller.known | bit : caller.known & ~bit;
	}
	if (!is_known(&caller, row->return_reg))
		return PT_STEP_LOST;
	caller.pc = pt_return_address(caller.regs[row->return_reg]);
	if (!caller.pc)
		return PT_STEP_END;
	if (caller.pc == frame->pc && caller.regs[PT_REG_SP] == frame->regs[PT_REG_SP])
		return PT_STEP_LOST; /* a table that leads in a circle */
	*frame = caller;
	return PT_STEP_CALLER;
}
