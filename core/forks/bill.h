/*
 * The bill: what a fork has cost so far and will come to, in words. Pure.
 */
#ifndef PT_FORKS_BILL_H
#define PT_FORKS_BILL_H

#include "core/forks/forks.h"

#define PT_BILL_RATE_NS 5000000000u /* rates are of the last 5 s */

struct pt_bill {
	bool one_memory;      /* the child uses the parent's memory itself: there is nothing to pay */
	uint64_t copied;      /* bytes so far, all of which the fork has cost, */
	uint64_t most;        /* and when all of it, and what is not known, will have been copied */
	bool has_shared;      /* frame numbers were seen */
	double shared;        /* of what was private memory at the fork, 0..1; 1 of nothing */
	bool has_rate;        /* there were looks before */
	double rate;          /* bytes a second */
	struct pt_maybe left; /* ns it is likely to live on, by how long others did; 0: longer than they */
	double then;          /* bytes copied by then; meant only where that and the rate are known */
};
/* Of a member that was compared. */
void pt_forks_bill(const struct pt_forks_look *look, size_t member, struct pt_bill *ret);

/*
 * What has become of the memory of a member and its parent's: "312M were copied in 12 s: 300M by the parent's writes ...".
 * Of the first, or of one that could not be read, that. Returns ret.
 */
char *pt_forks_words(const struct pt_forks_look *look, size_t member, char *ret, size_t size);
/* What is to be expected: "24M/s now; at most 1.43G, ..."; "" where nothing is. Returns ret. */
char *pt_forks_outlook(const struct pt_forks_look *look, size_t member, char *ret, size_t size);

#endif
