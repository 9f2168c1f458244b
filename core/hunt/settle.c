/*
 * Objects that live are missed by a pass by chance, each pass anew, so that their number falls by the same factor every
 * time; see settle.h. The factor is estimated from the last few passes, and passes go on until fewer than one in a
 * thousand hunts would have one of them left. Where nothing ever moved, and the process slept, the second pass is the last.
 *
 * What hangs on one word is missed as a whole: passes may agree and be wrong, by the rate to the power of their number.
 * A word that goes from place to place at random while they are read is missed by 37 of 100 passes, at worst. So each of
 * the lost of a process that runs has to be missed by at least so many passes that all of them are not wrong by chance.
 *
 * A busy process also has stale pointers on its stacks, which strike off a leaked object now and then. That goes on for
 * as long as one looks, so it is known by not becoming less.
 */
#include "core/hunt/settle.h"

#include <string.h>

#define RESTLESS 9     /* passes: 0.37 to the power of that is 0.0001 */
#define ENOUGH   0.001 /* expected to be left */
#define FEW      300   /* drops: what they say of the rate is vague. It is no less than it was, */
#define FEW_RATE 0.75  /* and may be thought to be up to this */
#define FIRST    0.5   /* when there is nothing to go by */
#define FAST     0.5   /* a rate at which what becomes less slowly may yet be what moves */
#define NOISE    200 /* of so many of the lost one, in all passes of the window, may be struck off by stale pointers */
#define LEAST    0.1 /* no two passes are alike: one of them may be held up */
#define MOST     0.98
#define SURPRISE 7 /* more that could have been struck off would not all have stayed (once in a thousand times) */

static double rate_of(struct pt_settle *settle)
{
	unsigned known = settle->passes - 1 < PT_SETTLE_WINDOW ? settle->passes - 1 : PT_SETTLE_WINDOW;
	uint64_t before = 0, after = 0;
	for (unsigned i = PT_SETTLE_WINDOW - known; i + 1 < PT_SETTLE_WINDOW; i++) {
		before += settle->drops[i];
		after += settle->drops[i + 1];
	}
	if (!before)
		return FIRST;
	double rate = ((double)after + 0.5) / ((double)before + 1), least = LEAST;
	if (after < FEW) {
		rate = rate < FEW_RATE ? rate : FEW_RATE;
		least = settle->passes > 3 && settle->rate > LEAST ? settle->rate : LEAST;
	} else {
		settle->sure = rate;
	}
	rate = rate > least ? rate : least;
	return rate < MOST ? rate : MOST;
}

/*
 * A pass that struck nothing off says that there was little left to strike off, whatever was expected. And while all passes
 * are in the window, that the rate is less than was thought: what hangs together is struck off together, which looks like
 * a rate near 1.
 */
static void be_quiet(struct pt_settle *settle)
{
	if (settle->passes <= PT_SETTLE_WINDOW + 1 && settle->moved) {
		double rate = rate_of(settle);
		if (rate < settle->rate || settle->passes == 3)
			settle->rate = rate;
	}
	double most = SURPRISE / (1 - settle->rate);
	settle->left = (settle->left < most ? settle->left : most) * settle->rate;
	settle->quiet++;
}

/* Whether what the passes of the window struck off was little, and no less in the second half than in the first. */
static bool is_noise(const struct pt_settle *settle)
{
	uint64_t older = 0, newer = 0;
	if (settle->passes <= PT_SETTLE_WINDOW || settle->sure >= FAST)
		return false;
	for (unsigned i = 0; i < PT_SETTLE_WINDOW / 2; i++) {
		older += settle->drops[i];
		newer += settle->drops[i + PT_SETTLE_WINDOW / 2];
	}
	return older && newer * 5 >= older * 4 && (older + newer) * NOISE <= settle->n;
}

bool pt_settle_pass(struct pt_settle *settle, uint64_t n, bool ran)
{
	settle->ran |= ran;
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
		be_quiet(settle);
	}
	if (!n)
		return true;
	if (settle->ran && settle->passes < RESTLESS)
		return false;
	if (!settle->moved || is_noise(settle))
		return true;
	return settle->quiet >= 2 && settle->left < ENOUGH;
}
