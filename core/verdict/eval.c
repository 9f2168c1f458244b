/*
 * Whether a trace bears an assertion out: see assert.h. Values are intervals and truth has three values, so that what
 * is not known stays so through every operator.
 */
#include "core/verdict/eval.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"

static const struct pt_value unknown = {(double)-INFINITY, (double)INFINITY};

const char *pt_answer_name(enum pt_answer answer)
{
	static const char *const names[] = {"failed", "undecided", "passed"};
	return names[answer];
}

void pt_judge_why(struct pt_judge *j, uint64_t need_ns, const char *format, ...)
{
	char raw[sizeof(j->why)];
	va_list args;
	if (j->why[0])
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	pt_text_printable(raw, strlen(raw), j->why, sizeof(j->why));
	j->need_ns = need_ns;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static struct pt_value sound(struct pt_value v)
{
	return isnan(v.low) || isnan(v.high) ? unknown : v;
}

static struct pt_value negative(struct pt_value v)
{
	return (struct pt_value){-v.high, -v.low};
}

static struct pt_value sum(struct pt_value a, struct pt_value b)
{
	return sound((struct pt_value){a.low + b.low, a.high + b.high});
}

static struct pt_value product(struct pt_value a, struct pt_value b)
{
	double corners[] = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
	struct pt_value v = {(double)INFINITY, (double)-INFINITY};
	for (size_t i = 0; i < 4; i++) {
		double corner = isnan(corners[i]) ? 0 : corners[i]; /* nothing of something unbounded is nothing */
		v.low = corner < v.low ? corner : v.low;
		v.high = corner > v.high ? corner : v.high;
	}
	return v;
}

static struct pt_value quotient(struct pt_judge *j, struct pt_value a, struct pt_value b)
{
	if (b.low <= 0 && b.high >= 0) {
		pt_judge_why(j, 0, "what is divided by is 0, or may be");
		return unknown;
	}
	return product(a, (struct pt_value){1 / b.high, 1 / b.low});
}

enum pt_answer pt_value_less(struct pt_value a, struct pt_value b, bool or_equal)
{
	if (a.high < b.low || (or_equal && a.high == b.low))
		return PT_ANSWER_YES;
	if (a.low > b.high || (!or_equal && a.low == b.high))
		return PT_ANSWER_NO;
	return PT_ANSWER_UNDECIDED;
}

enum pt_answer pt_value_equal(struct pt_value a, struct pt_value b)
{
	if (a.low > b.high || a.high < b.low)
		return PT_ANSWER_NO;
	return a.low == a.high && b.low == b.high ? PT_ANSWER_YES : PT_ANSWER_UNDECIDED;
}

enum pt_answer pt_answer_not(enum pt_answer answer)
{
	return (enum pt_answer)(PT_ANSWER_YES - answer);
}

static double page_size(const struct pt_judge *j)
{
	return (double)j->trace->page_size;
}

/* `most`: of a series, where it is most rather than least. */
static struct pt_value value_of(struct pt_judge *j, const struct pt_node *node, bool most)
{
	double number = node->number * (node->pages ? page_size(j) : 1);
	struct pt_value a, b;
	switch (node->kind) {
	case PT_NODE_NUMBER: return (struct pt_value){number, number};
	case PT_NODE_SERIES: return pt_judge_extreme(j, node, most);
	case PT_NODE_CALL: return pt_judge_call(j, node);
	case PT_NODE_NEGATIVE: return negative(value_of(j, node->left, most));
	default: break;
	}
	a = value_of(j, node->left, most);
	b = value_of(j, node->right, most);
	switch (node->kind) {
	case PT_NODE_ADD: return sum(a, b);
	case PT_NODE_SUBTRACT: return sum(a, negative(b));
	case PT_NODE_MULTIPLY: return product(a, b);
	default: return quotient(j, a, b);
	}
}

/* ---- truth ------------------------------------------------------------------------------------------------------ */

/* left is less than right. */
static enum pt_answer is_less(struct pt_judge *j, const struct pt_node *left, const struct pt_node *right,
			      bool or_equal)
{
	struct pt_value a = value_of(j, left, true);
	return pt_value_less(a, value_of(j, right, false), or_equal);
}

static enum pt_answer is_equal(struct pt_judge *j, const struct pt_node *node, bool equal)
{
	const struct pt_node *series = node->left->kind == PT_NODE_SERIES ? node->left : node->right;
	if (series->kind == PT_NODE_SERIES)
		return pt_judge_equals(j, series, value_of(j, series == node->left ? node->right : node->left, false),
				       equal);
	enum pt_answer answer = pt_value_equal(value_of(j, node->left, false), value_of(j, node->right, false));
	return equal ? answer : pt_answer_not(answer);
}

static enum pt_answer compare(struct pt_judge *j, const struct pt_node *node)
{
	switch (node->kind) {
	case PT_NODE_LESS: return is_less(j, node->left, node->right, false);
	case PT_NODE_LESS_EQUAL: return is_less(j, node->left, node->right, true);
	case PT_NODE_GREATER: return is_less(j, node->right, node->left, false);
	case PT_NODE_GREATER_EQUAL: return is_less(j, node->right, node->left, true);
	case PT_NODE_CALL: return pt_judge_plateau(j, node);
	default: return is_equal(j, node, node->kind == PT_NODE_EQUAL);
	}
}

/* The first call or series in the order of the text. */
static const struct pt_node *first_leaf(const struct pt_node *node)
{
	if (!node || node->kind == PT_NODE_CALL || node->kind == PT_NODE_SERIES)
		return node;
	const struct pt_node *left = first_leaf(node->left);
	return left ? left : first_leaf(node->right);
}

/* A comparison, or a plateau: what is told of a judgement is told of these. */
static enum pt_answer judge_one(struct pt_judge *j, const struct pt_node *node)
{
	struct pt_judgement *ret = j->judgement;
	size_t first = ret->n_findings;
	j->why[0] = '\0';
	j->need_ns = 0;
	enum pt_answer answer = compare(j, node);
	if (answer == PT_ANSWER_UNDECIDED && !ret->why[0]) {
		snprintf(ret->why, sizeof(ret->why), "%s",
			 j->why[0] ? j->why : "what is known does not tell them apart");
		ret->need_ns = j->need_ns;
	}
	if (answer == PT_ANSWER_NO && !j->blamed) {
		j->blamed = first_leaf(node);
		j->first_blamed = first;
		j->end_blamed = ret->n_findings;
	}
	return answer;
}

static enum pt_answer judge(struct pt_judge *j, const struct pt_node *node)
{
	enum pt_answer a, b;
	switch (node->kind) {
	case PT_NODE_NOT: return pt_answer_not(judge(j, node->left));
	case PT_NODE_AND:
	case PT_NODE_OR:
		a = judge(j, node->left);
		b = judge(j, node->right);
		return (node->kind == PT_NODE_AND) == (a < b) ? a : b;
	default: return judge_one(j, node);
	}
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct pt_finding *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* What grew, where that is why it failed. */
static int find_grown(struct pt_judge *j, const struct pt_node *root)
{
	struct pt_judgement *ret = j->judgement;
	const struct pt_node *leaf = j->blamed ? j->blamed : first_leaf(root);
	size_t end = j->blamed ? j->end_blamed : ret->n_findings;
	uint64_t from = UINT64_MAX, to = 0;
	if (!leaf)
		return 0;
	for (size_t i = j->blamed ? j->first_blamed : 0; i < end; i++) {
		const struct pt_finding *f = &ret->findings[i];
		uint64_t began = f->has_trend && f->trend.kind == PT_TREND_GROWING ? f->trend.began_ns : f->from_ns;
		from = began < from ? began : from;
		to = f->to_ns > to ? f->to_ns : to;
	}
	if (from >= to) /* of one moment alone: since the start */
		from = j->trace->began_ns;
	ret->from_ns = from;
	ret->to_ns = to;
	if (leaf->kind == PT_NODE_CALL && leaf->fn == PT_FN_THP_SHARE)
		return 0;
	if (leaf->kind == PT_NODE_CALL && leaf->fn == PT_FN_STILL_PRESENT) {
		ret->grown = j->born;
		return 0;
	}
	return pt_grown_find(j->trace, &leaf->series, from, to, &ret->grown);
}

int pt_assert_judge(const struct pt_assert *a, const struct pt_trace *trace, struct pt_judgement *ret)
{
	struct pt_judge j = {.trace = trace, .judgement = ret};
	*ret = (struct pt_judgement){0};
	ret->answer = judge(&j, a->root);
	if (ret->answer == PT_ANSWER_NO && !j.error)
		j.error = find_grown(&j, a->root);
	if (ret->answer != PT_ANSWER_UNDECIDED) {
		ret->why[0] = '\0';
		ret->need_ns = 0;
	}
	if (ret->n_findings)
		qsort(ret->findings, ret->n_findings, sizeof(*ret->findings), by_place);
	if (j.error)
		pt_judgement_free(ret);
	return j.error;
}

void pt_judgement_free(struct pt_judgement *judgement)
{
	free(judgement->findings);
	judgement->findings = NULL;
	judgement->n_findings = 0;
}
