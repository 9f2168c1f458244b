/*
 * Bits: the flags of a frame as the kernel's page-types shows them, and its language for choosing among frames by them:
 *
 *   a,b      any of these is set            a,b=a    of these a is set and b is not
 *   a,~b     the same: a and not b          =a,b     these are set and no others
 *
 * The rules are of any vocabulary that has up to 64 words: a page of a process has other traits than a frame of the
 * machine (core/machine/traits.h), chosen among in the same way. Pure.
 */
#ifndef PT_MACHINE_BITS_H
#define PT_MACHINE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is only shown raw: flags for who works on the kernel, overloaded ones told apart, and bits of pagemap. */
#define PT_BITS_RAW (~0ull << 32)

/*
 * kpageflags as page-types shows them: without -r, PT_BITS_RAW left out, and HEAD and TAIL where they are not of
 * hugetlbfs. Raw, all of them, with bits that have two meanings told apart, and those of the entry of pagemap (0: there
 * is none). Bits that SLAB pages carry by mistake stay in, as page-types counts them: pt_flags_expand() is the one for
 * saying what a page is.
 */
uint64_t pt_bits_shown(uint64_t kpageflags, uint64_t pagemap, bool raw);

/* A letter for each bit that has a name, in their order, _ for those that are not set: "__RUDlA____Ma_b__...". */
#define PT_BITS_LETTERS 65
char *pt_bits_letters(uint64_t flags, char ret[PT_BITS_LETTERS]);
/* Their long names, "referenced,uptodate"; "" for none. */
#define PT_BITS_NAMES 1024
char *pt_bits_names(uint64_t flags, char ret[PT_BITS_NAMES]);

/* What a spec asks for: some bit of the mask, or just these of the mask. */
struct pt_bits_rule {
	uint64_t mask, bits;
	bool any;
};

/* A vocabulary: the bits that a word of n bytes means; 0: it is none. `near` gets what else could have been meant. */
struct pt_near;
typedef uint64_t (*pt_bits_word_fn)(const char *word, size_t n, struct pt_near *near);

/*
 * Flags of frames by their long names, as page-types takes them: the beginning of a name will do and means the first
 * that begins so ("swap" is swapcache), "compound" is both of HEAD and TAIL; "mappedtodisk" and "swapped" are known too.
 */
uint64_t pt_bits_word(const char *word, size_t n, struct pt_near *near);

/* Reads a spec; numbers (0x10) stand for themselves. 0, or -EINVAL and in message what is wrong with it, in one line. */
int pt_bits_parse(const char *text, pt_bits_word_fn word, struct pt_bits_rule *ret, char *message, size_t size);

enum pt_bits_match { PT_BITS_NO, PT_BITS_YES, PT_BITS_UNKNOWN };
/* Whether all n rules hold of the flags, of which those of `known` are known (~0ull: all). */
enum pt_bits_match pt_bits_match(const struct pt_bits_rule *rules, size_t n, uint64_t flags, uint64_t known);

#endif
