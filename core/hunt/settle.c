/*
 * Objects that live are missed by a pass by chance, each pass anew, so that their number falls by the same factor every
 * time; see settle.h. The factor is estimated from the last few passes, and passes go on until fewer than one in a
 * thousand hunts would have one of them left. Where nothing ever moved the second pass is the last.
 */
#include "core/hunt/settle.h"

#include <string.h>

#define ENOUGH	 0.001 /* expected to be left */
#define FEW	 30    /* drops: what they say of a rate is vague, */
#define FEW_RATE 0.75  /* so it is taken to be no more than this */
#define MOST	 0.98

static double rate_of(const struct pt_settle *settle)
{
	uint64_t before = 0, after = 0;
	for (unsigned i = 0; i + 1 < PT_SETTLE_WINDOW; i++) {
		before += settle->drops[i];
		after += settle->drops[i + 1];
	}
	if (!before)
		return 0.5; /* nothing to go by */
	double rate = ((double)after + 0.5) / ((double)before + 1), most = after < FEW ? FEW_RATE : MOST;
	return rate < most ? rate : most;
}

bool pt_settle_pass(struct pt_settle *settle, uint64_t n)
{
	if (settle->passes++ == 0) {
		settle->n = n;
		return n == 0;
	}
	uint64_t drop = settle->n > n ? settle->n - n : 0;
	memmove(settle->drops, settle->drops + 1, sizeof(settle->drops) - sizeof(settle->drops[0]));
	settle->drops[PT_SETTLE_WINDOW - 1] = drop;
	settle->n = n;
	if (drop) {
		settle->moved = true;
		settle->quiet = 0;
		settle->rate = rate_of(settle);
		settle->left = (double)drop * settle->rate / (1 - settle->rate);
	} else {
		settle->quiet++;
		settle->left *= settle->rate;
	}
	if (!settle->moved || !n)
		return true;
	return settle->quiet >= 2 && settle->left < ENOUGH;
}
