/*
 * A parser at work (private to core/verdict): parse.c knows operators, terms.c what they stand between. Each function
 * returns NULL or false after a mistake, which is in *error then.
 */
#ifndef PT_VERDICT_PARSE_H
#define PT_VERDICT_PARSE_H

#include "core/verdict/lexer.h"

struct pt_parser {
	const char *text;
	struct pt_token token; /* the next one */
	size_t end;            /* of the last one that was taken */
	struct pt_assert *assertion;
	struct pt_assert_error *error;
	unsigned depth, n_nodes;
	int failed; /* -EINVAL or -ENOMEM */
};

/* A mistake in bytes [at, at + size) of the text; the first one stands. Returns false. */
bool pt_parser_fail(struct pt_parser *p, size_t at, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* At the next token: what was found there instead of what. */
bool pt_parser_expected(struct pt_parser *p, const char *what);
/* Goes on to the next token. */
void pt_parser_take(struct pt_parser *p);
bool pt_parser_is(const struct pt_parser *p, const char *sign_or_word);
/* Takes it if it is next. */
bool pt_parser_accept(struct pt_parser *p, const char *sign_or_word);

/* A new node from byte `at` of the text to the end of the last token. */
struct pt_node *pt_parser_node(struct pt_parser *p, enum pt_node_kind kind, size_t at);

/* All operators, down to those of least weight. */
struct pt_node *pt_parse_expression(struct pt_parser *p);
/* A number, a series or a call; not what stands in parentheses. */
struct pt_node *pt_parse_term(struct pt_parser *p);

#endif
