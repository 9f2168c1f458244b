/*
 * Filter: a regular expression (PCRE2, JIT where it can) over VMA and process names. Smart case: ignores case unless
 * the pattern has a capital. Matching is bounded (match and depth limits), so a pattern that explodes says so.
 * pcre2 is used in this module alone.
 */
#ifndef PT_FILTER_FILTER_H
#define PT_FILTER_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct pt_filter;

/* -EINVAL with a one-line message ("unmatched parenthesis at column 5") in message; -ENOMEM. */
int pt_filter_new(struct pt_filter **ret, const char *pattern, char *message, size_t size);
void pt_filter_free(struct pt_filter *filter); /* NULL is fine */

/* Whether the pattern is found in text (any bytes; invalid UTF-8 is matched bytewise). A NULL filter matches all. */
bool pt_filter_match(struct pt_filter *filter, const char *text, size_t size);
/* Some match since the last call ran into its limit. */
bool pt_filter_gave_up(struct pt_filter *filter);

#endif
