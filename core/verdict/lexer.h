/*
 * Words, numbers, strings and signs of an assertion (private to core/verdict). Pure; points into the text.
 */
#ifndef PT_VERDICT_LEXER_H
#define PT_VERDICT_LEXER_H

#include "core/verdict/expr.h"

enum pt_token_kind {
	PT_TOKEN_END,
	PT_TOKEN_NUMBER,
	PT_TOKEN_WORD,
	PT_TOKEN_STRING, /* "...", without the quotes */
	PT_TOKEN_SIGN,   /* one of ( ) , . .. + - * / # % < <= > >= == != */
	PT_TOKEN_BAD,    /* what no token begins with, or a string that does not end */
};

struct pt_token {
	enum pt_token_kind kind;
	size_t at, size; /* in the text, quotes included */
	struct pt_word word;
	double number;
};

/* The next token from `at` on, blanks passed over. */
struct pt_token pt_token_next(const char *text, size_t at);

#endif
