/*
 * Whether a series goes on growing: the test behind slope and plateau. Pure.
 *
 * The lower hull counts, not the noise above it: the series is cut into 12 blocks of equal time, of each the minimum is
 * taken, and the hull is what those never undershoot again. It grows if every quarter of the time, wherever that begins,
 * adds its share to the rise of the hull (at least 0.35 of what an even rise would add), with the minima close to it.
 * Collectors, bursts and noise fall back; caches that fill and warm-ups leave a quarter with nothing: neither is growth.
 * The last half and the last quarter are looked at in the same way, as long as they have 60 samples: a leak that began
 * late, or after a warm-up, is found if the stretch rises above all that was there before it and about as fast as the
 * one before it did.
 *
 * What it cannot tell from a leak: a warm-up that lasts for more than 3/4 of the series, and a collector whose round takes
 * longer than half of it. tests/bench/trend.c measures all of this.
 */
#ifndef PT_VERDICT_TREND_H
#define PT_VERDICT_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pt_trend_kind {
	PT_TREND_UNDECIDED, /* too little data: see need_ns */
	PT_TREND_FLAT,
	PT_TREND_GROWING,
	PT_TREND_SHRINKING,
};

struct pt_trend {
	enum pt_trend_kind kind;
	/* Units a second, of the sustained growth: 0 of what is flat. Meaningless if it is undecided. */
	double slope;
	double low, high;  /* an interval that holds the slope with that confidence; of the later half, if it is flat */
	double confidence; /* 0.99 */
	/* How often a steady series, of the kind that does so most often, rises as evenly as this: found by simulation. */
	double chance;
	uint64_t need_ns;  /* of PT_TREND_UNDECIDED: how long a run would decide, 0: cannot be told */
	uint64_t began_ns; /* of PT_TREND_GROWING: the moment from which it holds, on the clock of t */
	size_t samples, blocks;
};

/* t: CLOCK_MONOTONIC in ns, ascending; v: what was counted, NAN where that is not known; n of both. Of fewer than 24
 * samples nothing is decided, of fewer than 60 only what is clear; of 60 and more everything is, but where t has gaps. */
void pt_trend_of(const uint64_t *t, const double *v, size_t n, struct pt_trend *ret);

#endif
