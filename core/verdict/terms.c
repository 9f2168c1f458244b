/*
 * What stands between the operators of an assertion: numbers with their units, series, and calls of functions with
 * ranges, moments and roles. See parse.h.
 */
#include <stdio.h>
#include <string.h>

#include "core/verdict/parse.h"

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static struct pt_node *parse_number(struct pt_parser *p)
{
	size_t at = p->token.at;
	double number = p->token.number, factor = 1;
	const struct pt_unit_word *unit = NULL;
	bool percent = false;
	pt_parser_take(p);
	if (p->token.kind == PT_TOKEN_WORD) {
		unit = pt_unit_of(p->token.word);
		if (!unit && !pt_parser_is(p, "and") && !pt_parser_is(p, "or")) {
			pt_parser_expected(p, "a unit (B K M G T, pages, %, ms s min h), an operator or the end");
			return NULL;
		}
	}
	if (unit) {
		factor = unit->factor;
		pt_parser_take(p);
	} else if (pt_parser_accept(p, "%")) {
		percent = true;
		factor = 0.01;
	}
	struct pt_node *node = pt_parser_node(p, PT_NODE_NUMBER, at);
	if (!node)
		return NULL;
	node->pages = unit && factor == 0;
	node->number = node->pages ? number : number * factor;
	node->zero = number == 0 && !unit && !percent;
	if (unit)
		node->dimension = unit->dimension;
	return node;
}

/* A unit of time on its own is one of it, so that 10K/s is a rate. */
static struct pt_node *parse_unit(struct pt_parser *p, const struct pt_unit_word *unit)
{
	size_t at = p->token.at;
	pt_parser_take(p);
	struct pt_node *node = pt_parser_node(p, PT_NODE_NUMBER, at);
	if (node) {
		node->number = unit->factor;
		node->dimension = unit->dimension;
	}
	return node;
}

/* ---- moments and ranges ----------------------------------------------------------------------------------------- */

static bool is_instant(const struct pt_parser *p)
{
	return p->token.kind == PT_TOKEN_STRING || pt_parser_is(p, "start") || pt_parser_is(p, "end");
}

/* Copies what is between quotes. */
static bool take_string(struct pt_parser *p, const char *what, char *ret, size_t size)
{
	const struct pt_token *t = &p->token;
	if (t->kind != PT_TOKEN_STRING)
		return pt_parser_expected(p, what);
	if (t->word.size >= size)
		return pt_parser_fail(p, t->at, t->size, "this name is too long: at most %zu bytes", size - 1);
	memcpy(ret, t->word.text, t->word.size);
	ret[t->word.size] = '\0';
	pt_parser_take(p);
	return true;
}

/* #2: the second mark of that label; #last: the last one. */
static bool parse_nth(struct pt_parser *p, unsigned *ret)
{
	*ret = 1;
	if (!pt_parser_accept(p, "#"))
		return true;
	double number = p->token.number;
	if (pt_parser_is(p, "last"))
		*ret = 0;
	else if (p->token.kind == PT_TOKEN_NUMBER && number >= 1 && number < 1e6 && number == (unsigned)number)
		*ret = (unsigned)number;
	else
		return pt_parser_expected(p, "which mark of that label: a number from 1 on, or last");
	pt_parser_take(p);
	return true;
}

/* + or - so many seconds, or nothing. */
static bool parse_offset(struct pt_parser *p, double *ret)
{
	double sign = pt_parser_is(p, "-") ? -1 : 1;
	if (!pt_parser_is(p, "+") && !pt_parser_is(p, "-"))
		return true;
	pt_parser_take(p);
	double number = p->token.number;
	if (p->token.kind != PT_TOKEN_NUMBER)
		return pt_parser_expected(p, "a time, as 10s or 2min");
	pt_parser_take(p);
	const struct pt_unit_word *unit = p->token.kind == PT_TOKEN_WORD ? pt_unit_of(p->token.word) : NULL;
	if (!unit || !unit->dimension.seconds)
		return pt_parser_expected(p, "a unit of time: ms, s, min or h");
	pt_parser_take(p);
	*ret = sign * number * unit->factor;
	return true;
}

static bool parse_instant(struct pt_parser *p, struct pt_instant *ret)
{
	*ret = (struct pt_instant){.anchor = PT_AT_MARK};
	if (pt_parser_accept(p, "start"))
		ret->anchor = PT_AT_START;
	else if (pt_parser_accept(p, "end"))
		ret->anchor = PT_AT_END;
	else if (!take_string(p, "a moment: a mark's label in quotes, start or end", ret->label, sizeof(ret->label)) ||
		 !parse_nth(p, &ret->nth))
		return false;
	return parse_offset(p, &ret->offset);
}

static bool parse_range_from(struct pt_parser *p, struct pt_instant from, struct pt_range *ret)
{
	ret->from = from;
	if (!pt_parser_accept(p, ".."))
		return pt_parser_expected(p, "a range, as \"a\"..\"b\", \"a\"..end or start..\"b\"");
	return parse_instant(p, &ret->to);
}

static bool parse_range(struct pt_parser *p, struct pt_range *ret)
{
	struct pt_instant from;
	if (!is_instant(p))
		return pt_parser_expected(p, "a range, as \"a\"..\"b\", \"a\"..end or start..\"b\"");
	return parse_instant(p, &from) && parse_range_from(p, from, ret);
}

/* ---- series ----------------------------------------------------------------------------------------------------- */

/* A list of names into ret: "rss, anon, ..." */
static char *quantities(char *ret, size_t size)
{
	size_t n = 0;
	for (int q = 0; q < PT_QUANTITY_N && n < size; q++)
		n += (size_t)snprintf(ret + n, size - n, "%s%s", q ? " " : "", pt_quantity_name((enum pt_quantity)q));
	return ret;
}

static bool unknown_word(struct pt_parser *p, const char *what)
{
	const struct pt_token *t = &p->token;
	const char *near = pt_word_near(t->word);
	if (near)
		return pt_parser_fail(p, t->at, t->size, "no %s: did you mean %s?", what, near);
	return pt_parser_fail(p, t->at, t->size, "no %s: man pagetop lists them", what);
}

static bool parse_who(struct pt_parser *p, struct pt_who *ret)
{
	*ret = (struct pt_who){0};
	if (!pt_parser_accept(p, "of"))
		return true;
	ret->named = true;
	ret->root = pt_parser_accept(p, "root");
	return ret->root || take_string(p, "a process: its name in quotes, or root", ret->name, sizeof(ret->name));
}

static bool parse_roles(struct pt_parser *p, struct pt_series *ret)
{
	ret->roles = p->token.kind == PT_TOKEN_WORD ? pt_roles_of(p->token.word) : 0;
	if (p->token.kind != PT_TOKEN_WORD)
		return pt_parser_expected(p, "a role, as heap, stack, file or all");
	if (!ret->roles)
		return unknown_word(p, "such role");
	pt_parser_take(p);
	return true;
}

static bool parse_series(struct pt_parser *p, struct pt_series *ret)
{
	char list[200];
	struct pt_token first = p->token;
	*ret = (struct pt_series){.roles = PT_ROLES_ALL};
	if (first.kind != PT_TOKEN_WORD)
		return pt_parser_expected(p, "a series, as rss, anon or heap.anon");
	if (p->text[first.at + first.size] == '.' && p->text[first.at + first.size + 1] != '.') {
		if (!parse_roles(p, ret))
			return false;
		pt_parser_take(p); /* the dot */
	} else if (pt_quantity_of(first.word.text, first.word.size) == PT_QUANTITY_N && pt_roles_of(first.word)) {
		return pt_parser_fail(p, first.at, first.size, "a role, not a series: what of it? %.*s.anon, %.*s.rss",
				      (int)first.size, first.word.text, (int)first.size, first.word.text);
	}
	ret->quantity = p->token.kind == PT_TOKEN_WORD ? pt_quantity_of(p->token.word.text, p->token.word.size)
						       : PT_QUANTITY_N;
	if (ret->quantity == PT_QUANTITY_N && p->token.at == first.at)
		return unknown_word(p, "such series or function");
	if (ret->quantity == PT_QUANTITY_N)
		return pt_parser_expected(p, quantities(list, sizeof(list)));
	pt_parser_take(p);
	return parse_who(p, &ret->who);
}

static struct pt_dimension dimension_of(enum pt_quantity quantity)
{
	return (struct pt_dimension){.bytes = quantity == PT_QUANTITY_VMAS ? 0 : 1};
}

/* ---- calls ------------------------------------------------------------------------------------------------------ */

static const struct pt_range whole_run = {{.anchor = PT_AT_START}, {.anchor = PT_AT_END}};

static bool comma(struct pt_parser *p)
{
	return pt_parser_accept(p, ",") || pt_parser_expected(p, ", and another argument");
}

static bool parse_born(struct pt_parser *p, struct pt_range *ret)
{
	if (!pt_parser_accept(p, "born") || !pt_parser_accept(p, "("))
		return pt_parser_expected(p, "born(RANGE)");
	return parse_range(p, ret) && (pt_parser_accept(p, ")") || pt_parser_expected(p, ") after the range"));
}

/* ROLE[, RANGE or MOMENT] */
static bool thp_arguments(struct pt_parser *p, struct pt_node *call)
{
	call->series.quantity = PT_QUANTITY_THP;
	if (!parse_roles(p, &call->series) || !parse_who(p, &call->series.who))
		return false;
	if (!pt_parser_accept(p, ","))
		return true;
	if (!parse_instant(p, &call->instant))
		return false;
	call->at_instant = !pt_parser_is(p, "..");
	return call->at_instant || parse_range_from(p, call->instant, &call->range);
}

/* A mark, and nothing beside it: heaps are looked at while whoever set it stands still. */
static bool parse_mark(struct pt_parser *p, struct pt_instant *ret)
{
	size_t at = p->token.at;
	if (!parse_instant(p, ret))
		return false;
	return (ret->anchor == PT_AT_MARK && ret->offset == 0) ||
	       pt_parser_fail(p, at, p->end - at,
			      "heaps are looked at at marks: a mark's label in quotes, no start or end, "
			      "at which there is no heap, and no time beside it");
}

/* MARK[ of PROCESS], or born(MARK..MARK), MARK[ of PROCESS] */
static bool heap_arguments(struct pt_parser *p, struct pt_node *call)
{
	bool still = call->fn == PT_FN_OBJECTS_STILL;
	call->series = (struct pt_series){.quantity = PT_QUANTITY_RSS, .roles = PT_ROLES_ALL};
	call->dimension.bytes = still ? 0 : 1;
	if (still) {
		if (!pt_parser_accept(p, "born") || !pt_parser_accept(p, "("))
			return pt_parser_expected(p, "born(\"a\"..\"b\")");
		if (!parse_mark(p, &call->born.from) ||
		    !(pt_parser_accept(p, "..") || pt_parser_expected(p, "a range, as \"a\"..\"b\"")) ||
		    !parse_mark(p, &call->born.to) ||
		    !(pt_parser_accept(p, ")") || pt_parser_expected(p, ") after the range")) || !comma(p))
			return false;
	}
	return parse_mark(p, &call->instant) && parse_who(p, &call->series.who);
}

static bool arguments(struct pt_parser *p, struct pt_node *call)
{
	call->range = whole_run;
	call->dimension = (struct pt_dimension){0, 0};
	switch (call->fn) {
	case PT_FN_AT:
		if (!parse_instant(p, &call->instant) || !comma(p) || !parse_series(p, &call->series))
			return false;
		call->dimension = dimension_of(call->series.quantity);
		return true;
	case PT_FN_STILL_PRESENT:
		call->series = (struct pt_series){.quantity = PT_QUANTITY_RSS, .roles = PT_ROLES_ALL};
		call->dimension = (struct pt_dimension){.bytes = 1};
		if (!parse_born(p, &call->born) || !comma(p) || !parse_instant(p, &call->instant))
			return false;
		if (!pt_parser_accept(p, ","))
			return true;
		return parse_roles(p, &call->series) && parse_who(p, &call->series.who);
	case PT_FN_THP_SHARE: return thp_arguments(p, call);
	case PT_FN_LEAKED:
	case PT_FN_OBJECTS_STILL: return heap_arguments(p, call);
	default: break;
	}
	if (!parse_series(p, &call->series))
		return false;
	call->dimension = dimension_of(call->series.quantity);
	if (call->fn == PT_FN_SLOPE)
		call->dimension.seconds = -1;
	if (call->fn == PT_FN_PLATEAU)
		call->type = PT_TYPE_TRUTH;
	return call->fn == PT_FN_FINAL || !pt_parser_accept(p, ",") || parse_range(p, &call->range);
}

static struct pt_node *parse_call(struct pt_parser *p, enum pt_function fn)
{
	char what[80];
	size_t at = p->token.at;
	pt_parser_take(p);
	struct pt_node *node = pt_parser_node(p, PT_NODE_CALL, at);
	if (!node)
		return NULL;
	node->fn = fn;
	snprintf(what, sizeof(what), "(, as in %s", pt_function_usage(fn));
	if (!pt_parser_accept(p, "(")) {
		pt_parser_expected(p, what);
		return NULL;
	}
	if (!arguments(p, node))
		return NULL;
	snprintf(what, sizeof(what), "), as in %s", pt_function_usage(fn));
	if (!pt_parser_accept(p, ")")) {
		pt_parser_expected(p, what);
		return NULL;
	}
	node->size = p->end - at;
	return node;
}

struct pt_node *pt_parse_term(struct pt_parser *p)
{
	struct pt_token first = p->token;
	if (first.kind == PT_TOKEN_NUMBER)
		return parse_number(p);
	if (first.kind != PT_TOKEN_WORD) {
		pt_parser_expected(p, "a function, a series or a number");
		return NULL;
	}
	bool called = pt_token_next(p->text, first.at + first.size).word.text[0] == '(';
	enum pt_function fn = pt_function_of(first.word);
	const struct pt_unit_word *unit = pt_unit_of(first.word);
	if (!called && unit && unit->dimension.seconds)
		return parse_unit(p, unit);
	if (fn != PT_FN_N)
		return parse_call(p, fn);
	if (called) {
		unknown_word(p, "such function");
		return NULL;
	}
	struct pt_series series;
	if (!parse_series(p, &series))
		return NULL;
	struct pt_node *node = pt_parser_node(p, PT_NODE_SERIES, first.at);
	if (node) {
		node->series = series;
		node->range = whole_run;
		node->type = PT_TYPE_SERIES;
		node->dimension = dimension_of(series.quantity);
	}
	return node;
}
