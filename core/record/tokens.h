/*
 * Tokens: a number for each distinct name, for recordings without names (private). The kernel's own names ("[heap]") say
 * nothing of anyone and stay.
 */
#ifndef PT_RECORD_TOKENS_H
#define PT_RECORD_TOKENS_H

#include <stddef.h>
#include <stdint.h>

struct pt_tokens {
	struct pt_named {
		char *name; /* NULL: free */
		uint64_t number;
	} * v; /* [room], hashed */
	size_t n, room;
};

/* What stands for a name, in ret or the name itself. NULL: out of memory. */
const char *pt_token(struct pt_tokens *tokens, const char *name, char *ret, size_t size);
void pt_tokens_free(struct pt_tokens *tokens);

#endif
