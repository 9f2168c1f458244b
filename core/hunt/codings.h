/*
 * Private to core/hunt/hidden*.c: ways in which programs encode pointers. Pure.
 */
#ifndef PT_HUNT_CODINGS_H
#define PT_HUNT_CODINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pt_coding_kind {
	PT_CODING_XOR,      /* with a constant; complemented; with a tag in the high bits */
	PT_CODING_ROTATE,   /* left by `amount`; shifted, too, where nothing is lost by it */
	PT_CODING_SWAP,     /* bytes swapped */
	PT_CODING_NEGATE,   /* as 0 - p */
	PT_CODING_MASK,     /* 48 bits, and something else in the 16 above */
	PT_CODING_SHIFT,    /* the upper 48 bits, and something else in the 16 below */
	PT_CODING_SELF_XOR, /* with its own place, without the lower 12 bits: glibc's safe linking */
	PT_CODING_LOW32,    /* the lower 32 bits; key: the upper ones */
	PT_CODING_OFFSET32, /* 32 bits: (p - key) >> amount */
};

struct pt_coding {
	enum pt_coding_kind kind;
	unsigned amount;
	uint64_t key;
};

/* What is looked at in a word: the word, or what is left when it is taken apart. */
enum pt_coding_part {
	PT_PART_WORD,
	PT_PART_MASKED,
	PT_PART_SHIFTED,
	PT_PART_SELF_XOR,
	PT_PART_HALF, /* each 32 bits */
	PT_PART_N
};
enum pt_coding_part pt_coding_part(enum pt_coding_kind kind);

/* A part of the word at `place`; half: 0 or 1, of PT_PART_HALF. */
static inline uint64_t pt_part_of(enum pt_coding_part part, uint64_t word, uint64_t place, unsigned half)
{
	switch (part) {
	case PT_PART_MASKED: return word & 0xffffffffffff;
	case PT_PART_SHIFTED: return word >> 16;
	case PT_PART_SELF_XOR: return word ^ place >> 12;
	case PT_PART_HALF: return word >> 32 * half & UINT32_MAX;
	default: return word;
	}
}

/* The part that stands for an address; false: there is none. */
bool pt_coding_encode(const struct pt_coding *code, uint64_t address, uint64_t *ret);
/* The address that a part stands for. */
uint64_t pt_coding_decode(const struct pt_coding *code, uint64_t part);

/* Those that have no parameter to be found. */
#define PT_CODINGS_FIXED 69u
size_t pt_codings_fixed(struct pt_coding ret[PT_CODINGS_FIXED]);

#endif
