/*
 * Assertions out of text: a parser by recursive descent that checks, as it goes, that what is added or compared is of
 * the same kind. See assert.h and expr.h.
 */
#include "core/verdict/parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"

#define DEPTH_MOST  32
#define NODES_MOST  256
#define POWERS_MOST 4

/* ---- mistakes and tokens ---------------------------------------------------------------------------------------- */

bool pt_parser_fail(struct pt_parser *p, size_t at, size_t size, const char *format, ...)
{
	char raw[sizeof(p->error->message)];
	va_list args;
	if (p->failed)
		return false;
	p->failed = -EINVAL;
	p->error->at = at;
	p->error->size = size;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	pt_text_printable(raw, strlen(raw), p->error->message, sizeof(p->error->message));
	return false;
}

bool pt_parser_expected(struct pt_parser *p, const char *what)
{
	const struct pt_token *t = &p->token;
	if (t->kind == PT_TOKEN_END)
		return pt_parser_fail(p, t->at, 0, "it ends here: expected %s", what);
	if (t->kind == PT_TOKEN_BAD && p->text[t->at] == '"')
		return pt_parser_fail(p, t->at, t->size, "this string has no end: expected \"");
	if (t->kind == PT_TOKEN_BAD && p->text[t->at] == '=')
		return pt_parser_fail(p, t->at, t->size, "a single =: expected ==");
	return pt_parser_fail(p, t->at, t->size, "expected %s", what);
}

void pt_parser_take(struct pt_parser *p)
{
	p->end = p->token.at + p->token.size;
	p->token = pt_token_next(p->text, p->end);
}

bool pt_parser_is(const struct pt_parser *p, const char *text)
{
	return (p->token.kind == PT_TOKEN_WORD || p->token.kind == PT_TOKEN_SIGN) && pt_word_is(p->token.word, text);
}

bool pt_parser_accept(struct pt_parser *p, const char *text)
{
	if (!pt_parser_is(p, text))
		return false;
	pt_parser_take(p);
	return true;
}

struct pt_node *pt_parser_node(struct pt_parser *p, enum pt_node_kind kind, size_t at)
{
	if (++p->n_nodes > NODES_MOST) {
		pt_parser_fail(p, at, p->end - at, "it is too long: at most %d terms", NODES_MOST);
		return NULL;
	}
	struct pt_node *node = calloc(1, sizeof(*node));
	if (!node) {
		p->failed = p->failed ? p->failed : -ENOMEM;
		return NULL;
	}
	node->kind = kind;
	node->at = at;
	node->size = p->end - at;
	node->next = p->assertion->nodes;
	p->assertion->nodes = node;
	return node;
}

/* ---- what fits what --------------------------------------------------------------------------------------------- */

static const char *words_of(const struct pt_node *node)
{
	static const struct {
		struct pt_dimension dimension;
		const char *words;
	} known[] = {{{0, 0}, "a plain number"},
		     {{1, 0}, "a size"},
		     {{1, -1}, "a size a second"},
		     {{0, 1}, "a time"},
		     {{0, -1}, "a number a second"}};
	if (node->type == PT_TYPE_TRUTH)
		return "true or false";
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].dimension.bytes == node->dimension.bytes &&
		    known[i].dimension.seconds == node->dimension.seconds)
			return known[i].words;
	return "a product of sizes and times";
}

static bool same(struct pt_dimension a, struct pt_dimension b)
{
	return a.bytes == b.bytes && a.seconds == b.seconds;
}

/* A number of its own, not a series at every sample, and not a statement. */
static bool is_value(struct pt_parser *p, const struct pt_node *node)
{
	if (node->type == PT_TYPE_TRUTH)
		return pt_parser_fail(p, node->at, node->size, "this is true or false: expected a number");
	if (node->type == PT_TYPE_SERIES)
		return pt_parser_fail(p, node->at, node->size,
				      "which value of it? peak(...), final(...), min(...) or mean(...)");
	return true;
}

static bool is_truth(struct pt_parser *p, const struct pt_node *node)
{
	if (node->type == PT_TYPE_TRUTH)
		return true;
	return pt_parser_fail(p, node->at, node->size, "this is %s, which is not true or false: compare it, as < %s",
			      words_of(node),
			      node->dimension.bytes && node->dimension.seconds ? "10K/s"
			      : node->dimension.bytes                          ? "200M"
									       : "1000");
}

/* Both are of the same kind; a plain 0 is of any. */
static bool agree(struct pt_parser *p, const struct pt_node *a, const struct pt_node *b)
{
	if (a->zero || b->zero || same(a->dimension, b->dimension))
		return true;
	const struct pt_node *bare = b->kind == PT_NODE_NUMBER ? b : a;
	if (bare->kind == PT_NODE_NUMBER && same(bare->dimension, (struct pt_dimension){0, 0}))
		return pt_parser_fail(p, bare->at, bare->size, "a unit is missing: the other side is %s, as %s",
				      words_of(bare == b ? a : b),
				      (bare == b ? a : b)->dimension.seconds ? "10K/s or 1M/min" : "200M or 100 pages");
	return pt_parser_fail(p, b->at, b->size, "this is %s, but the other side is %s", words_of(b), words_of(a));
}

static struct pt_node *join(struct pt_parser *p, enum pt_node_kind kind, struct pt_node *left, struct pt_node *right)
{
	struct pt_node *node = left && right ? pt_parser_node(p, kind, left->at) : NULL;
	if (!node)
		return NULL;
	node->left = left;
	node->right = right;
	return node;
}

/* ---- operators, the heavier ones first -------------------------------------------------------------------------- */

static struct pt_node *parse_negation(struct pt_parser *p);

static struct pt_node *parse_factor(struct pt_parser *p)
{
	struct pt_node *node;
	size_t at = p->token.at;
	if (++p->depth > DEPTH_MOST) {
		pt_parser_fail(p, at, p->token.size, "too many ( or - within each other: at most %d", DEPTH_MOST);
		return NULL;
	}
	if (pt_parser_accept(p, "(")) {
		node = pt_parse_expression(p);
		if (node && !pt_parser_accept(p, ")")) {
			pt_parser_expected(p, ") or an operator");
			node = NULL;
		}
	} else if (pt_parser_accept(p, "-")) {
		struct pt_node *of = parse_factor(p);
		node = of && is_value(p, of) ? pt_parser_node(p, PT_NODE_NEGATIVE, at) : NULL;
		if (node) {
			node->left = of;
			node->dimension = of->dimension;
			node->zero = of->zero;
		}
	} else {
		node = pt_parse_term(p);
	}
	p->depth--;
	return node;
}

static struct pt_node *multiply(struct pt_parser *p, enum pt_node_kind kind, struct pt_node *left)
{
	struct pt_node *right = parse_factor(p);
	if (!right || !is_value(p, left) || !is_value(p, right))
		return NULL;
	struct pt_node *node = join(p, kind, left, right);
	if (!node)
		return NULL;
	int sign = kind == PT_NODE_DIVIDE ? -1 : 1;
	int bytes = left->dimension.bytes + sign * right->dimension.bytes;
	int seconds = left->dimension.seconds + sign * right->dimension.seconds;
	if (abs(bytes) > POWERS_MOST || abs(seconds) > POWERS_MOST) {
		pt_parser_fail(p, node->at, node->size, "too many sizes or times multiplied: nothing to compare with");
		return NULL;
	}
	node->dimension = (struct pt_dimension){(int8_t)bytes, (int8_t)seconds};
	return node;
}

static struct pt_node *parse_product(struct pt_parser *p)
{
	struct pt_node *node = parse_factor(p);
	for (;;) {
		if (node && pt_parser_accept(p, "*"))
			node = multiply(p, PT_NODE_MULTIPLY, node);
		else if (node && pt_parser_accept(p, "/"))
			node = multiply(p, PT_NODE_DIVIDE, node);
		else
			return node;
	}
}

static struct pt_node *add(struct pt_parser *p, enum pt_node_kind kind, struct pt_node *left)
{
	struct pt_node *right = parse_product(p);
	if (!right || !is_value(p, left) || !is_value(p, right) || !agree(p, left, right))
		return NULL;
	struct pt_node *node = join(p, kind, left, right);
	if (node)
		node->dimension = left->zero ? right->dimension : left->dimension;
	return node;
}

static struct pt_node *parse_sum(struct pt_parser *p)
{
	struct pt_node *node = parse_product(p);
	for (;;) {
		if (node && pt_parser_accept(p, "+"))
			node = add(p, PT_NODE_ADD, node);
		else if (node && pt_parser_accept(p, "-"))
			node = add(p, PT_NODE_SUBTRACT, node);
		else
			return node;
	}
}

/* PT_NODE_NUMBER: the next token is no comparison. */
static enum pt_node_kind comparison(const struct pt_parser *p)
{
	static const struct {
		const char *sign;
		enum pt_node_kind kind;
	} signs[] = {{"<", PT_NODE_LESS},           {"<=", PT_NODE_LESS_EQUAL}, {">", PT_NODE_GREATER},
		     {">=", PT_NODE_GREATER_EQUAL}, {"==", PT_NODE_EQUAL},      {"!=", PT_NODE_UNEQUAL}};
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (pt_parser_is(p, signs[i].sign))
			return signs[i].kind;
	return PT_NODE_NUMBER;
}

static struct pt_node *parse_comparison(struct pt_parser *p)
{
	struct pt_node *left = parse_sum(p);
	enum pt_node_kind kind = comparison(p);
	if (!left || kind == PT_NODE_NUMBER)
		return left;
	pt_parser_take(p);
	struct pt_node *right = parse_sum(p);
	if (!right)
		return NULL;
	if (left->type == PT_TYPE_SERIES && right->type == PT_TYPE_SERIES)
		is_value(p, right);
	if ((left->type != PT_TYPE_SERIES && !is_value(p, left)) ||
	    (right->type != PT_TYPE_SERIES && !is_value(p, right)) || p->failed || !agree(p, left, right))
		return NULL;
	struct pt_node *node = join(p, kind, left, right);
	if (node)
		node->type = PT_TYPE_TRUTH;
	if (node && comparison(p) != PT_NODE_NUMBER) {
		pt_parser_expected(p, "and, or, or the end: one comparison at a time");
		return NULL;
	}
	return node;
}

static struct pt_node *parse_negation(struct pt_parser *p)
{
	size_t at = p->token.at;
	if (!pt_parser_is(p, "not"))
		return parse_comparison(p);
	if (p->depth >= DEPTH_MOST) {
		pt_parser_fail(p, at, p->token.size, "too many not within each other: at most %d", DEPTH_MOST);
		return NULL;
	}
	pt_parser_take(p);
	p->depth++;
	struct pt_node *of = parse_negation(p);
	p->depth--;
	struct pt_node *node = of && is_truth(p, of) ? pt_parser_node(p, PT_NODE_NOT, at) : NULL;
	if (node) {
		node->left = of;
		node->type = PT_TYPE_TRUTH;
	}
	return node;
}

static struct pt_node *parse_joined(struct pt_parser *p, const char *word, enum pt_node_kind kind,
				    struct pt_node *(*parse)(struct pt_parser *))
{
	struct pt_node *node = parse(p);
	while (node && pt_parser_is(p, word)) {
		pt_parser_take(p);
		struct pt_node *right = is_truth(p, node) ? parse(p) : NULL;
		node = right && is_truth(p, right) ? join(p, kind, node, right) : NULL;
		if (node)
			node->type = PT_TYPE_TRUTH;
	}
	return node;
}

static struct pt_node *parse_and(struct pt_parser *p)
{
	return parse_joined(p, "and", PT_NODE_AND, parse_negation);
}

struct pt_node *pt_parse_expression(struct pt_parser *p)
{
	return parse_joined(p, "or", PT_NODE_OR, parse_and);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static void parse_all(struct pt_parser *p)
{
	p->token = pt_token_next(p->text, 0);
	if (p->token.kind == PT_TOKEN_END) {
		pt_parser_fail(p, 0, 0, "it is empty: expected something as peak(rss) < 200M");
		return;
	}
	struct pt_node *root = pt_parse_expression(p);
	if (root && p->token.kind != PT_TOKEN_END)
		pt_parser_expected(p, root->type == PT_TYPE_TRUTH ? "and, or, or the end"
								  : "an operator: < <= > >= == != + - * /");
	else if (root)
		is_truth(p, root);
	p->assertion->root = root;
}

int pt_assert_parse(const char *text, struct pt_assert **ret, struct pt_assert_error *error)
{
	struct pt_assert *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	*error = (struct pt_assert_error){0};
	struct pt_parser p = {.assertion = a, .error = error};
	a->text = strdup(text);
	p.text = a->text;
	if (!a->text)
		p.failed = -ENOMEM;
	else if (strlen(text) > PT_ASSERT_MAX)
		pt_parser_fail(&p, PT_ASSERT_MAX, 0, "it is too long: at most %d bytes", PT_ASSERT_MAX);
	else
		parse_all(&p);
	if (p.failed) {
		pt_assert_free(a);
		return p.failed;
	}
	*ret = a;
	return 0;
}

void pt_assert_free(struct pt_assert *a)
{
	if (!a)
		return;
	for (struct pt_node *node = a->nodes, *next; node; node = next) {
		next = node->next;
		free(node);
	}
	free(a->text);
	free(a);
}

const char *pt_assert_text(const struct pt_assert *a)
{
	return a->text;
}

static bool is_mark(const struct pt_instant *instant, const char *label)
{
	return strcmp(instant->label, label) == 0;
}

bool pt_assert_asks_heap(const struct pt_assert *a, const char *label, bool *ret_leaked)
{
	bool asks = false;
	*ret_leaked = false;
	for (const struct pt_node *node = a->nodes; node; node = node->next) {
		bool leaked = node->kind == PT_NODE_CALL && node->fn == PT_FN_LEAKED && is_mark(&node->instant, label);
		*ret_leaked |= leaked;
		asks |= leaked || (node->kind == PT_NODE_CALL && node->fn == PT_FN_OBJECTS_STILL &&
				   (is_mark(&node->instant, label) || is_mark(&node->born.from, label) ||
				    is_mark(&node->born.to, label)));
	}
	return asks;
}

bool pt_assert_asks(const struct pt_assert *a, enum pt_quantity quantity)
{
	bool asks = false;
	for (const struct pt_node *node = a->nodes; node; node = node->next)
		asks |= (node->kind == PT_NODE_SERIES || node->kind == PT_NODE_CALL) &&
			node->series.quantity == quantity;
	return asks;
}
