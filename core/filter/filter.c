/*
 * Filter. A pattern is compiled twice: once for text that is valid UTF-8, where a dot is a character and case folds
 * beyond ASCII, and once for bytes, which is used on names that are not valid UTF-8, so that no name escapes a filter
 * by holding one bad byte. A pattern that has no meaning on bytes (\x{100}) has only the first; it then sees the valid
 * stretches of such a name.
 *
 * Names come from processes and patterns from a keyboard, and there are up to 60,000 names a frame: each match is
 * bounded by PCRE2's limits, and after a few matches ran into them the filter stops trying until someone asks
 * (pt_filter_gave_up).
 *
 * The filter owns its codes and match data. It is used by one thread.
 */
#include "core/filter/filter.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_MAX     4096   /* bytes */
#define MATCH_LIMIT     100000 /* steps: about a millisecond */
#define DEPTH_LIMIT     10000  /* nested backtracking, without JIT */
#define HEAP_LIMIT_KIB  4096
#define JIT_STACK_START (32 << 10)
#define JIT_STACK_MAX   (512 << 10)
#define GIVE_UP_AFTER   16 /* matches that ran into a limit */

struct pt_filter {
	pcre2_code *text, *bytes; /* bytes may be NULL: see above */
	pcre2_match_data *match_data;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack; /* NULL where there is no JIT */
	unsigned exhausted;     /* matches that ran into a limit since the last question */
};

/* What one escape in a pattern covers, from its backslash on: its letters say nothing about case. */
static size_t escape_length(const char *at)
{
	if (!at[1])
		return 1;
	if (strchr("pPxNogk", at[1]) && at[2] == '{')
		return 3 + strcspn(at + 3, "}");
	if (strchr("pPc", at[1]) && at[2])
		return 3;
	const size_t digits = at[1] == 'x' ? strspn(at + 2, "0123456789abcdefABCDEF") : 0;
	return 2 + (digits < 2 ? digits : 2);
}

static bool has_capital(const char *pattern)
{
	for (size_t i = 0; pattern[i];) {
		if (pattern[i] == '\\')
			i += escape_length(pattern + i);
		else if (!strncmp(pattern + i, "(?P", 3))
			i += 3;
		else if (pattern[i] >= 'A' && pattern[i] <= 'Z')
			return true;
		else
			i++;
	}
	return false;
}

/* Column of a byte offset: characters before it, from 1. */
static size_t column(const char *pattern, size_t offset)
{
	size_t n = 1;
	for (size_t i = 0; i < offset && pattern[i]; i++)
		n += ((unsigned char)pattern[i] & 0xc0) != 0x80;
	return n;
}

static int refuse(const char *pattern, int error, size_t offset, char *message, size_t size)
{
	PCRE2_UCHAR why[128] = "";
	if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	pcre2_get_error_message(error, why, sizeof why);
	snprintf(message, size, "%s at column %zu", (const char *)why, column(pattern, offset));
	return -EINVAL;
}

/* Sets text, or returns PCRE2's error; bytes is set where the pattern means something there. */
static int compile(struct pt_filter *filter, const char *pattern, size_t *ret_offset)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (!context)
		return PCRE2_ERROR_NOMEMORY;
	pcre2_set_max_pattern_length(context, PATTERN_MAX);
	const uint32_t common = PCRE2_NEVER_BACKSLASH_C | (has_capital(pattern) ? 0 : PCRE2_CASELESS);
	const PCRE2_SPTR p = (PCRE2_SPTR)pattern;
	const size_t n = strlen(pattern);
	int error = 0;
	filter->bytes = pcre2_compile(p, n, common | PCRE2_NEVER_UTF, &error, ret_offset, context);
	const uint32_t utf = PCRE2_UTF | (filter->bytes ? 0 : PCRE2_MATCH_INVALID_UTF);
	filter->text = pcre2_compile(p, n, common | utf, &error, ret_offset, context);
	pcre2_compile_context_free(context);
	return filter->text ? 0 : error;
}

/* JIT where the machine has it: without it pcre2_match interprets, under the same limits. */
static int prepare(struct pt_filter *filter)
{
	/* Only whether it matches is asked, so one pair of offsets will do. */
	filter->match_data = pcre2_match_data_create(1, NULL);
	filter->limits = pcre2_match_context_create(NULL);
	if (!filter->match_data || !filter->limits)
		return -ENOMEM;
	pcre2_set_match_limit(filter->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(filter->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(filter->limits, HEAP_LIMIT_KIB);
	if (pcre2_jit_compile(filter->text, PCRE2_JIT_COMPLETE))
		return 0;
	if (filter->bytes)
		pcre2_jit_compile(filter->bytes, PCRE2_JIT_COMPLETE);
	filter->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (!filter->stack)
		return -ENOMEM;
	pcre2_jit_stack_assign(filter->limits, NULL, filter->stack);
	return 0;
}

int pt_filter_new(struct pt_filter **ret, const char *pattern, char *message, size_t size)
{
	struct pt_filter *filter = calloc(1, sizeof *filter);
	if (!filter)
		return -ENOMEM;
	size_t offset = 0;
	const int error = compile(filter, pattern, &offset);
	const int result = error ? refuse(pattern, error, offset, message, size) : prepare(filter);
	if (result < 0) {
		pt_filter_free(filter);
		return result;
	}
	*ret = filter;
	return 0;
}

void pt_filter_free(struct pt_filter *filter)
{
	if (!filter)
		return;
	pcre2_code_free(filter->text);
	pcre2_code_free(filter->bytes);
	pcre2_match_data_free(filter->match_data);
	pcre2_match_context_free(filter->limits);
	pcre2_jit_stack_free(filter->stack);
	free(filter);
}

static bool is_utf8_error(int result)
{
	return result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21;
}

static int match(struct pt_filter *filter, const pcre2_code *code, const char *text, size_t size)
{
	return pcre2_match(code, (PCRE2_SPTR)text, size, 0, 0, filter->match_data, filter->limits);
}

bool pt_filter_match(struct pt_filter *filter, const char *text, size_t size)
{
	if (!filter)
		return true;
	if (filter->exhausted >= GIVE_UP_AFTER)
		return false;
	int result = match(filter, filter->text, text, size);
	if (is_utf8_error(result) && filter->bytes)
		result = match(filter, filter->bytes, text, size);
	if (result < 0 && result != PCRE2_ERROR_NOMATCH)
		filter->exhausted++;
	return result >= 0;
}

bool pt_filter_gave_up(struct pt_filter *filter)
{
	if (!filter)
		return false;
	const bool gave_up = filter->exhausted > 0;
	filter->exhausted = 0;
	return gave_up;
}
