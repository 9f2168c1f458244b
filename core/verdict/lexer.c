/*
 * See lexer.h. By hand, since libc's own functions look at the locale.
 */
#include "core/verdict/lexer.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Digits with an optional fraction; "1..2" is a 1 before a range. */
static size_t number(const char *text, double *ret)
{
	size_t n = 0;
	double unit = 1;
	*ret = 0;
	for (; is_digit(text[n]); n++)
		*ret = *ret * 10 + (text[n] - '0');
	if (text[n] != '.' || !is_digit(text[n + 1]))
		return n;
	for (n++; is_digit(text[n]); n++)
		*ret += (text[n] - '0') * (unit /= 10);
	return n;
}

/* The one word with a dash in it is the name of a role. */
static size_t word(const char *text)
{
	static const char dashed[] = "thread-stack";
	size_t n = 0;
	if (strncmp(text, dashed, sizeof dashed - 1) == 0)
		n = sizeof dashed - 1;
	while (is_letter(text[n]) || is_digit(text[n]))
		n++;
	return n;
}

static size_t sign(const char *text)
{
	static const char *const twos[] = {"..", "<=", ">=", "==", "!="};
	for (size_t i = 0; i < sizeof(twos) / sizeof(*twos); i++)
		if (strncmp(text, twos[i], 2) == 0)
			return 2;
	return strchr("(),.+-*/#%<>", *text) ? 1 : 0;
}

struct pt_token pt_token_next(const char *text, size_t at)
{
	struct pt_token token = {.at = at + strspn(text + at, " \t")};
	const char *from = text + token.at;
	token.word = (struct pt_word){from, 0};
	if (!*from)
		return token;
	if (is_digit(*from)) {
		token.kind = PT_TOKEN_NUMBER;
		token.size = number(from, &token.number);
	} else if (is_letter(*from)) {
		token.kind = PT_TOKEN_WORD;
		token.size = word(from);
	} else if (*from == '"') {
		const char *end = strchr(from + 1, '"');
		token.kind = end ? PT_TOKEN_STRING : PT_TOKEN_BAD;
		token.size = end ? (size_t)(end - from) + 1 : strlen(from);
		token.word = (struct pt_word){from + 1, end ? token.size - 2 : 0};
		return token;
	} else {
		token.size = sign(from);
		token.kind = token.size ? PT_TOKEN_SIGN : PT_TOKEN_BAD;
		token.size += !token.size;
		while (token.kind == PT_TOKEN_BAD && (from[token.size] & 0xc0) == 0x80)
			token.size++; /* the rest of a character of UTF-8 */
	}
	token.word.size = token.size;
	return token;
}
