/*
 * Codes of pointers; see codings.h.
 */
#include "core/hunt/codings.h"

enum pt_coding_part pt_coding_part(enum pt_coding_kind kind)
{
	switch (kind) {
	case PT_CODING_MASK: return PT_PART_MASKED;
	case PT_CODING_SHIFT: return PT_PART_SHIFTED;
	case PT_CODING_SELF_XOR: return PT_PART_SELF_XOR;
	case PT_CODING_LOW32:
	case PT_CODING_OFFSET32: return PT_PART_HALF;
	default: return PT_PART_WORD;
	}
}

static uint64_t rotate(uint64_t word, unsigned left)
{
	return word << (left & 63) | word >> (-left & 63);
}

bool pt_coding_encode(const struct pt_coding *code, uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - code->key;
	switch (code->kind) {
	case PT_CODING_XOR: *ret = address ^ code->key; return true;
	case PT_CODING_ROTATE: *ret = rotate(address, code->amount); return true;
	case PT_CODING_SWAP: *ret = __builtin_bswap64(address); return true;
	case PT_CODING_NEGATE: *ret = -address; return true;
	case PT_CODING_LOW32: *ret = address & UINT32_MAX; return address >> 32 == code->key >> 32;
	case PT_CODING_OFFSET32:
		*ret = offset >> code->amount;
		return address > code->key && *ret <= UINT32_MAX && *ret << code->amount == offset;
	default: *ret = address; return true;
	}
}

uint64_t pt_coding_decode(const struct pt_coding *code, uint64_t part)
{
	switch (code->kind) {
	case PT_CODING_XOR: return part ^ code->key;
	case PT_CODING_ROTATE: return rotate(part, 64 - code->amount);
	case PT_CODING_SWAP: return __builtin_bswap64(part);
	case PT_CODING_NEGATE: return -part;
	case PT_CODING_LOW32: return part | code->key;
	case PT_CODING_OFFSET32: return code->key + (part << code->amount);
	default: return part;
	}
}

size_t pt_codings_fixed(struct pt_coding ret[PT_CODINGS_FIXED])
{
	static const enum pt_coding_kind plain[] = {PT_CODING_SWAP, PT_CODING_NEGATE, PT_CODING_MASK, PT_CODING_SHIFT,
						    PT_CODING_SELF_XOR};
	size_t n = 0;
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		ret[n++] = (struct pt_coding){.kind = plain[i]};
	ret[n++] = (struct pt_coding){.kind = PT_CODING_XOR, .key = UINT64_MAX}; /* complemented */
	for (unsigned left = 1; left < 64; left++)
		ret[n++] = (struct pt_coding){.kind = PT_CODING_ROTATE, .amount = left};
	return n;
}
