/*
 * Which of some words a misspelt one is nearest to: for "did you mean". Pure.
 */
#ifndef PT_TEXT_NEAR_H
#define PT_TEXT_NEAR_H

#include <stddef.h>

struct pt_near {
	const char *word; /* what was written, of so many bytes: the caller's */
	size_t size;
	const char *best; /* the nearest so far, at most two letters off; NULL: none is */
	unsigned distance;
};

/* One word more that could have been meant; borrowed. Of words that are as near the first one stays. */
void pt_near_try(struct pt_near *near, const char *candidate);

#endif
