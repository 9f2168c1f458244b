/*
 * See tracepoint.h. The names of flags stand in the format as the C expressions of their bits, with casts, as the
 * preprocessor left them: the small evaluator below knows what occurs there (( ) | & << ~, casts and numbers).
 */
#include "core/kernel/tracepoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/parse.h"

#define DEPTH_MAX 64 /* of parentheses */

/* ---- expressions ------------------------------------------------------------------------------------------------ */

static bool take_or(struct pt_cursor *c, unsigned depth, uint64_t *ret);

static bool is_word(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' || (ch >= '0' && ch <= '9');
}

/* "( unsigned long)", behind its parenthesis; the cursor is moved only if it is one. */
static bool skip_cast(struct pt_cursor *c)
{
	const char *at = c->at;
	bool any = false;
	for (; at < c->end && (is_word(*at) || *at == ' ' || *at == '*'); at++) {
		if (!any && *at >= '0' && *at <= '9')
			return false;
		any |= is_word(*at);
	}
	if (!any || at == c->end || *at != ')')
		return false;
	c->at = at + 1;
	return true;
}

/* "1UL", "0x400u" */
static bool take_number(struct pt_cursor *c, uint64_t *ret)
{
	bool ok = pt_skip_word(c, "0x") ? pt_take_hex(c, ret) : pt_take_decimal(c, ret);
	while (ok && c->at < c->end && strchr("uUlL", *c->at) && *c->at)
		c->at++;
	return ok;
}

static bool take_primary(struct pt_cursor *c, unsigned depth, uint64_t *ret)
{
	pt_skip_blanks(c);
	if (depth == 0)
		return false;
	if (pt_skip(c, '~')) {
		bool ok = take_primary(c, depth - 1, ret);
		*ret = ~*ret;
		return ok;
	}
	if (!pt_skip(c, '('))
		return take_number(c, ret);
	if (skip_cast(c))
		return take_primary(c, depth - 1, ret);
	if (!take_or(c, depth - 1, ret))
		return false;
	pt_skip_blanks(c);
	return pt_skip(c, ')');
}

static bool take_shift(struct pt_cursor *c, unsigned depth, uint64_t *ret)
{
	uint64_t by;
	if (!take_primary(c, depth, ret))
		return false;
	for (pt_skip_blanks(c); pt_skip_word(c, "<<"); pt_skip_blanks(c)) {
		if (!take_primary(c, depth, &by) || by > 63)
			return false;
		*ret <<= by;
	}
	return true;
}

static bool take_and(struct pt_cursor *c, unsigned depth, uint64_t *ret)
{
	uint64_t more;
	if (!take_shift(c, depth, ret))
		return false;
	for (pt_skip_blanks(c); pt_skip(c, '&'); pt_skip_blanks(c)) {
		if (!take_shift(c, depth, &more))
			return false;
		*ret &= more;
	}
	return true;
}

static bool take_or(struct pt_cursor *c, unsigned depth, uint64_t *ret)
{
	uint64_t more;
	if (!take_and(c, depth, ret))
		return false;
	for (pt_skip_blanks(c); pt_skip(c, '|'); pt_skip_blanks(c)) {
		if (!take_and(c, depth, &more))
			return false;
		*ret |= more;
	}
	return true;
}

/* ---- the format ------------------------------------------------------------------------------------------------- */

/* Copies [at, at + n) into ret; false if there is no room. */
static bool copy_name(const char *at, size_t n, char *ret, size_t size)
{
	if (n == 0 || n >= size)
		return false;
	memcpy(ret, at, n);
	ret[n] = '\0';
	return true;
}

/* "\tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;" */
static void add_field(struct pt_cursor line, struct pt_tracepoint *ret)
{
	struct pt_trace_field *field = &ret->fields[ret->n_fields];
	uint64_t offset, size, is_signed = 0;
	pt_skip_blanks(&line);
	if (ret->n_fields == PT_TRACE_FIELDS_MAX || !pt_skip_word(&line, "field:"))
		return;
	const char *semicolon = memchr(line.at, ';', (size_t)(line.end - line.at));
	if (!semicolon)
		return;
	const char *name = semicolon;
	while (name > line.at && is_word(name[-1]))
		name--;
	if (!copy_name(name, (size_t)(semicolon - name), field->name, sizeof(field->name)))
		return;
	line.at = semicolon + 1;
	pt_skip_blanks(&line);
	if (!pt_skip_word(&line, "offset:") || !pt_take_decimal(&line, &offset) || !pt_skip(&line, ';'))
		return;
	pt_skip_blanks(&line);
	if (!pt_skip_word(&line, "size:") || !pt_take_decimal(&line, &size) || !pt_skip(&line, ';'))
		return;
	pt_skip_blanks(&line);
	if (pt_skip_word(&line, "signed:"))
		(void)pt_take_decimal(&line, &is_signed);
	if (offset > 65535 || size == 0 || size > 8)
		return;
	field->offset = (unsigned)offset;
	field->size = (unsigned)size;
	field->is_signed = is_signed;
	ret->n_fields++;
}

/* ... {( unsigned long)(...), "GFP_KERNEL"}, {...}; an expression that makes no sense is passed over. */
static void add_flags(struct pt_cursor line, struct pt_tracepoint *ret)
{
	const char *flags = memmem(line.at, (size_t)(line.end - line.at), "__print_flags(", 14);
	if (!flags)
		return;
	line.at = flags;
	while (ret->n_flags < PT_TRACE_FLAGS_MAX) {
		struct pt_trace_flag *flag = &ret->flags[ret->n_flags];
		const char *brace = memchr(line.at, '{', (size_t)(line.end - line.at));
		if (!brace)
			return;
		line.at = brace + 1;
		bool ok = take_or(&line, DEPTH_MAX, &flag->bits) && flag->bits;
		pt_skip_blanks(&line);
		if (!ok || !pt_skip(&line, ','))
			continue;
		pt_skip_blanks(&line);
		const char *quote;
		if (!pt_skip(&line, '"') || !(quote = memchr(line.at, '"', (size_t)(line.end - line.at))))
			continue;
		ret->n_flags += copy_name(line.at, (size_t)(quote - line.at), flag->name, sizeof(flag->name));
		line.at = quote + 1;
	}
}

bool pt_parse_tracepoint(const char *text, size_t size, struct pt_tracepoint *ret)
{
	struct pt_cursor all = {text, text + size}, line;
	bool has_id = false;
	memset(ret, 0, sizeof(*ret));
	while (pt_cut_line(&all, &line)) {
		if (pt_skip_word(&line, "ID: "))
			has_id = pt_take_decimal(&line, &ret->id);
		else if (pt_skip_word(&line, "print fmt:"))
			add_flags(line, ret);
		else
			add_field(line, ret);
	}
	return has_id;
}

int pt_read_tracepoint(struct pt_kernel *k, const char *name, struct pt_tracepoint *ret)
{
	static const char *const places[] = {"sys/kernel/tracing", "sys/kernel/debug/tracing"};
	int error = -ENOENT;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char path[128], *text;
		size_t size;
		snprintf(path, sizeof(path), "%s/events/%s/format", places[i], name);
		int slurped = pt_kernel_slurp(k, path, &text, &size);
		if (slurped) {
			error = slurped == -ENOENT ? error : slurped;
			continue;
		}
		bool ok = pt_parse_tracepoint(text, size, ret);
		free(text);
		return ok ? 0 : -EBADMSG;
	}
	return error;
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

bool pt_trace_value(const struct pt_tracepoint *tracepoint, const char *field, const void *raw, size_t size,
		    uint64_t *ret)
{
	for (unsigned i = 0; i < tracepoint->n_fields; i++) {
		const struct pt_trace_field *f = &tracepoint->fields[i];
		uint64_t value = 0;
		if (strcmp(f->name, field) != 0)
			continue;
		if (f->offset > size || f->size > size - f->offset)
			return false;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "fields shorter than a word lie at its other end"
#endif
		memcpy(&value, (const char *)raw + f->offset, f->size);
		if (f->is_signed && f->size < 8 && value >> (8 * f->size - 1) & 1)
			value |= ~0ull << 8 * f->size;
		*ret = value;
		return true;
	}
	return false;
}

char *pt_trace_flags(const struct pt_tracepoint *tracepoint, uint64_t value, char *ret, size_t size)
{
	size_t n = 0;
	if (size)
		ret[0] = '\0';
	for (unsigned i = 0; i <= tracepoint->n_flags && value && n < size; i++) {
		const struct pt_trace_flag *flag = &tracepoint->flags[i];
		int added;
		if (i == tracepoint->n_flags)
			added = snprintf(ret + n, size - n, "%s0x%" PRIx64, n ? "|" : "", value);
		else if ((value & flag->bits) == flag->bits)
			added = snprintf(ret + n, size - n, "%s%s", n ? "|" : "", flag->name);
		else
			continue;
		n += added > 0 ? (size_t)added : 0;
		value &= i < tracepoint->n_flags ? ~flag->bits : 0;
	}
	return ret;
}
