/*
 * Whether a series goes on growing: the test behind slope and plateau. Pure. The lower hull counts, not the noise above it:
 * the series is cut into blocks of equal time, of each the minimum is taken, and growth is what their sustained slope
 * leaves no other explanation for. Garbage collectors, caches that fill and bursts must not look like leaks; too little
 * data is an answer of its own.
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
	double slope;      /* units a second, of the sustained growth */
	double low, high;  /* an interval that holds the slope with that confidence */
	double confidence; /* 0.99 */
	double chance;     /* how often a steady series would look like this: the significance */
	uint64_t need_ns;  /* of PT_TREND_UNDECIDED: how long a run would decide, 0: cannot be told */
	uint64_t began_ns; /* of PT_TREND_GROWING: the moment from which it holds, on the clock of t */
	size_t samples, blocks;
};

/* t: CLOCK_MONOTONIC in ns, ascending; v: what was counted; n of both. */
void pt_trend_of(const uint64_t *t, const double *v, size_t n, struct pt_trend *ret);

#endif
