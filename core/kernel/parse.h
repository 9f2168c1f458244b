/*
 * Private to core/kernel: a cursor over text of the kernel, and the few things its files are made of. Written by hand
 * since sscanf would be ten times slower and accepts signs, spaces and overflows that the kernel never prints.
 *
 * Every function returns false, with the cursor anywhere, when the text is not what it wants.
 */
#ifndef PT_KERNEL_PARSE_H
#define PT_KERNEL_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pt_cursor {
	const char *at, *end;
};

/* The next line without its newline, into *line. False at the end, or where a last line has no newline: cut off. */
static inline bool pt_cut_line(struct pt_cursor *text, struct pt_cursor *line)
{
	size_t left = (size_t)(text->end - text->at);
	const char *newline = left ? memchr(text->at, '\n', left) : NULL;
	if (!newline)
		return false;
	*line = (struct pt_cursor){text->at, newline};
	text->at = newline + 1;
	return true;
}

static inline bool pt_skip(struct pt_cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

/* Any number of spaces and tabs. */
static inline void pt_skip_blanks(struct pt_cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

static inline bool pt_skip_word(struct pt_cursor *c, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n))
		return false;
	c->at += n;
	return true;
}

static inline bool pt_take_decimal(struct pt_cursor *c, uint64_t *ret)
{
	const char *first = c->at;
	uint64_t n = 0;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*c->at - '0'), &n))
			return false;
	*ret = n;
	return c->at > first;
}

/* Lower-case hexadecimal without a prefix. Leading zeroes may make it any length. */
static inline bool pt_take_hex(struct pt_cursor *c, uint64_t *ret)
{
	const char *first = c->at;
	uint64_t n = 0;

	for (; c->at < c->end; c->at++) {
		unsigned digit = (unsigned)(unsigned char)*c->at - '0';
		if (digit > 9) {
			digit = (unsigned)(unsigned char)*c->at - 'a';
			if (digit > 5)
				break;
			digit += 10;
		}
		if (n >> 60)
			return false;
		n = n << 4 | digit;
	}
	*ret = n;
	return c->at > first;
}

static inline bool pt_take_hex32(struct pt_cursor *c, uint32_t *ret)
{
	uint64_t n;
	if (!pt_take_hex(c, &n) || n > UINT32_MAX)
		return false;
	*ret = (uint32_t)n;
	return true;
}

#endif
