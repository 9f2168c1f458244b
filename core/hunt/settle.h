/*
 * When to stop: from how many of the lost each pass struck off to how many that live are likely to be left (core/hunt
 * only). Pure.
 */
#ifndef PT_HUNT_SETTLE_H
#define PT_HUNT_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#define PT_SETTLE_WINDOW 8u

struct pt_settle {
	unsigned passes;
	uint64_t n;                       /* lost, after the last one */
	uint64_t drops[PT_SETTLE_WINDOW]; /* of the last passes, the newest last */
	bool moved;                       /* some pass struck off */
	bool ran;                         /* the process did, meanwhile */
	unsigned quiet;                   /* passes in a row that did not */
	double sure;                      /* the rate, when it was last told by many; 0: never */
	double rate, left; /* of those that live a pass misses so many; so many of them are expected to be left */
};

/*
 * Zeroed at first. A pass left n, and the process ran since the one before it, or during the first; true: another would
 * not be expected to strike off any.
 */
bool pt_settle_pass(struct pt_settle *settle, uint64_t n, bool ran);

#endif
