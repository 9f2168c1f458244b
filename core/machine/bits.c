/* See bits.h. The names and their order are those of core/explain/flags.c. */
#include "core/machine/bits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/explain/explain.h"
#include "core/kernel/abi.h"
#include "core/text/near.h"

#define HACKERS  (0xffffull << 32)
#define COMPOUND (KPF(COMPOUND_HEAD) | KPF(COMPOUND_TAIL))

/* ---- showing ---------------------------------------------------------------------------------------------------- */

static uint64_t told_apart(uint64_t flags, uint64_t overloaded, uint64_t meant)
{
	return flags & overloaded ? flags ^ (overloaded | meant) : flags;
}

static uint64_t raw_flags(uint64_t flags, uint64_t pagemap)
{
	if (flags & KPF(ANON))
		flags = told_apart(flags, KPF(OWNER_2), KPF(ANON_EXCLUSIVE));
	if (flags & KPF(SLAB)) {
		flags = told_apart(flags, KPF(ACTIVE), KPF(SLUB_FROZEN));
		flags = told_apart(flags, KPF(ERROR), KPF(SLUB_DEBUG));
	}
	if (!(flags & KPF(WRITEBACK)))
		flags = told_apart(flags, KPF(RECLAIM), KPF(READAHEAD));
	flags |= pagemap & PM_SOFT_DIRTY ? KPF(SOFTDIRTY) : 0;
	flags |= pagemap & PM_FILE ? KPF(FILE) : 0;
	flags |= pagemap & PM_SWAP ? KPF(SWAP) : 0;
	return flags | (pagemap & PM_EXCLUSIVE ? KPF(MMAP_EXCLUSIVE) : 0);
}

uint64_t pt_bits_shown(uint64_t kpageflags, uint64_t pagemap, bool raw)
{
	if (raw)
		return raw_flags(kpageflags, pagemap);
	uint64_t flags = kpageflags & ~HACKERS;
	return flags & KPF(HUGE) ? flags : flags & ~COMPOUND;
}

char *pt_bits_letters(uint64_t flags, char ret[PT_BITS_LETTERS])
{
	unsigned n;
	const struct pt_bit_name *bits = pt_kpageflags_bits(&n);
	for (unsigned i = 0; i < n; i++)
		ret[i] = flags >> bits[i].bit & 1 ? bits[i].letter : '_';
	ret[n] = '\0';
	return ret;
}

char *pt_bits_names(uint64_t flags, char ret[PT_BITS_NAMES])
{
	char name[24];
	size_t at = 0;
	ret[0] = '\0';
	for (int bit = 0; bit < 64; bit++)
		if (flags >> bit & 1)
			at += (size_t)snprintf(ret + at, PT_BITS_NAMES - at, "%s%s", at ? "," : "",
					       pt_flag_name(bit, name, sizeof(name)));
	return ret;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static bool begins(const char *name, const char *word, size_t n)
{
	return strncmp(name, word, n) == 0;
}

uint64_t pt_bits_word(const char *word, size_t n, struct pt_near *near)
{
	static const struct {
		const char *name;
		uint64_t bits;
	} besides[] = {{"mappedtodisk", KPF(OWNER_2)}, {"swapped", KPF(SWAP)}};
	unsigned n_bits;
	const struct pt_bit_name *bits = pt_kpageflags_bits(&n_bits);

	if (n <= strlen("compound") && begins("compound", word, n))
		return COMPOUND;
	for (unsigned i = 0; i < n_bits; i++) {
		if (begins(bits[i].name, word, n))
			return 1ull << bits[i].bit;
		pt_near_try(near, bits[i].name);
	}
	for (unsigned i = 0; i < sizeof(besides) / sizeof(besides[0]); i++) {
		if (begins(besides[i].name, word, n))
			return besides[i].bits;
		pt_near_try(near, besides[i].name);
	}
	return 0;
}

/* ---- specs ------------------------------------------------------------------------------------------------------ */

/* A spec being read. */
struct reading {
	const char *at, *end;
	pt_bits_word_fn word;
	char *message;
	size_t size;
};

static int read_number(const struct reading *r, const char *word, size_t n, uint64_t *ret)
{
	char *end;
	errno = 0;
	*ret = strtoull(word, &end, 0);
	if (!errno && end == word + n)
		return 0;
	snprintf(r->message, r->size, "'%.*s' is no number", (int)n, word);
	return -EINVAL;
}

static int read_word(const struct reading *r, const char *word, size_t n, uint64_t *ret)
{
	struct pt_near near = {.word = word, .size = n};

	if (n && word[0] >= '0' && word[0] <= '9')
		return read_number(r, word, n, ret);
	*ret = n ? r->word(word, n, &near) : 0;
	if (*ret)
		return 0;
	if (!n)
		snprintf(r->message, r->size, "a name is missing");
	else if (near.best)
		snprintf(r->message, r->size, "'%.*s' is none of the names: did you mean %s?", (int)n, word, near.best);
	else
		snprintf(r->message, r->size, "'%.*s' is none of the names", (int)n, word);
	return -EINVAL;
}

/* "a,~b" up to `end`: all of its bits, and those without a ~. */
static int read_list(struct reading *r, const char *end, uint64_t *ret_all, uint64_t *ret_plain, bool *ret_not)
{
	*ret_all = *ret_plain = 0;
	*ret_not = false;
	for (bool more = true; more; r->at++) {
		bool negated = r->at < end && *r->at == '~';
		r->at += negated;
		const char *comma = memchr(r->at, ',', (size_t)(end - r->at));
		uint64_t bits;
		int error = read_word(r, r->at, (size_t)((comma ? comma : end) - r->at), &bits);
		if (error)
			return error;
		*ret_all |= bits;
		*ret_plain |= negated ? 0 : bits;
		*ret_not |= negated;
		more = comma != NULL;
		r->at = comma ? comma : end;
	}
	return 0;
}

/* What stands behind a =: nothing at all means that none is set. */
static int read_right(struct reading *r, const char *equals, uint64_t *ret)
{
	uint64_t all;
	bool negated = false;
	int error = 0;
	*ret = 0;
	r->at = equals + 1;
	if (r->at < r->end)
		error = read_list(r, r->end, &all, ret, &negated);
	if (!error && negated) {
		snprintf(r->message, r->size, "~ means nothing beside =");
		error = -EINVAL;
	}
	return error;
}

static int read_equation(struct reading *r, const char *equals, struct pt_bits_rule *ret)
{
	uint64_t plain;
	bool negated = false;
	int error = equals == r->at ? 0 : read_list(r, equals, &ret->mask, &plain, &negated);
	if (error)
		return error;
	if (negated) {
		snprintf(r->message, r->size, "~ means nothing beside =");
		return -EINVAL;
	}
	if (equals == r->at)
		ret->mask = ~0ull;
	error = read_right(r, equals, &ret->bits);
	if (!error && ret->bits & ~ret->mask) {
		snprintf(r->message, r->size, "what stands right of = must stand left of it too, or nothing there");
		error = -EINVAL;
	}
	return error;
}

int pt_bits_parse(const char *text, pt_bits_word_fn word, struct pt_bits_rule *ret, char *message, size_t size)
{
	struct reading r = {.at = text, .end = text + strlen(text), .word = word, .message = message, .size = size};
	const char *equals = strchr(text, '=');
	bool negated = false;

	*ret = (struct pt_bits_rule){0};
	if (equals)
		return read_equation(&r, equals, ret);
	int error = read_list(&r, r.end, &ret->mask, &ret->bits, &negated);
	ret->any = !negated;
	return error;
}

static enum pt_bits_match match(const struct pt_bits_rule *rule, uint64_t flags, uint64_t known)
{
	bool whole = !(rule->mask & ~known);
	if (rule->any)
		return flags & rule->mask & known ? PT_BITS_YES : whole ? PT_BITS_NO : PT_BITS_UNKNOWN;
	if ((flags ^ rule->bits) & rule->mask & known)
		return PT_BITS_NO;
	return whole ? PT_BITS_YES : PT_BITS_UNKNOWN;
}

enum pt_bits_match pt_bits_match(const struct pt_bits_rule *rules, size_t n, uint64_t flags, uint64_t known)
{
	enum pt_bits_match all = PT_BITS_YES;
	for (size_t i = 0; i < n && all != PT_BITS_NO; i++) {
		enum pt_bits_match one = match(&rules[i], flags, known);
		if (one != PT_BITS_YES)
			all = one;
	}
	return all;
}
