/*
 * Whether a series goes on growing: the test behind slope and plateau. Pure.
 *
 * The lower hull counts, not the noise above it: the series is cut into 12 blocks of equal time, of each the minimum is
 * taken, and the hull is what those never undershoot again. It grows if
 *   - every quarter of the time, wherever that begins, adds its share to the rise of the hull (0.3 of what an even rise
 *     would add; 0.55 of long series), and the minima are close to it: collectors, bursts and noise fall back, caches that
 *     fill and warm-ups that end leave a quarter with nothing;
 *   - its later half adds about as much as the earlier one (0.6; 0.65 of long series): what comes to rest slows down;
 *   - it rises by more than a few of the smallest steps it takes (20; 32 of long series); with fewer it is undecided;
 *   - it rises by more than it had risen before, or by even steps from block to block (their mean is 7 standard errors).
 *     Else it is undecided: what has started or warmed up comes to rest in lumps, and where a collector's rounds are long
 *     its heap may seem to grow for minutes.
 * The same is asked of the last three quarters, so that a warm-up hides no leak, and of the last half and quarter where
 * they rise at least twice as much as as much time before them, so that a leak may begin late. Those must rise above
 * what was there before them.
 *
 * What cannot be told from a leak: of a program whose start was not seen, a warm-up that ends in the last quarter of the
 * series, a collector whose round takes longer than half of it, and now and then what comes to rest as slowly as a
 * logarithm. A mark after the warm-up helps.
 * tests/bench/trend.c and growth measure all of this; RESULTS.md has it.
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
	/* Of what grows or shrinks: how often a steady series, of the kind that does so most often, seems to as surely as this:
	 * found by simulation. Else 1. */
	double chance;
	bool uneven;       /* of PT_TREND_UNDECIDED: there is enough data, but it rises as what comes to rest does */
	double rise;       /* of that: by how much */
	uint64_t need_ns;  /* of PT_TREND_UNDECIDED: how long a run would decide, 0: cannot be told */
	uint64_t began_ns; /* of PT_TREND_GROWING: the moment from which it holds, on the clock of t */
	size_t samples, blocks;
};

/* t: CLOCK_MONOTONIC in ns, ascending; v: what was counted, NAN where that is not known; n of both. Judged are those from
 * `first` on; what lies before them tells what it had risen by. Of fewer than 24 samples nothing is decided, of fewer than
 * 60 only what is clear; of more nearly everything, where they neither cluster nor leave gaps. */
void pt_trend_of(const uint64_t *t, const double *v, size_t n, size_t first, struct pt_trend *ret);

#endif
