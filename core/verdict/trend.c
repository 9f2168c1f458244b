/*
 * The test for growth: minima over blocks, their hull, and how evenly that rises. See trend.h. Holds nothing.
 */
#include "core/verdict/trend.h"

#include <math.h>
#include <stdlib.h>

#define BLOCKS      12
#define WINDOW      3    /* blocks: a quarter of the time */
#define SPARE       2    /* as many blocks may lie as far above the hull as they like */
#define GAP         0.3  /* the others by no more than this part of the growth */
#define EVEN        0.35 /* from here on a rise is even enough */
#define SURELY_EVEN 0.5  /* of few samples */
#define ABOVE       0.6  /* part of the growth of a later stretch that is above all that was before it */
#define PACE        0.75 /* of the half before a later stretch, at least */
#define FILLED      9    /* blocks that hold a sample, at least */
#define FEWEST      24   /* samples: below that nothing is decided */
#define ENOUGH      60   /* from here on everything is */
#define PAIRS       (BLOCKS * (BLOCKS - 1) / 2)
#define Z99         2.5758293 /* of the normal distribution, for 0.99 in the middle */

/* Minima of blocks of equal time; INFINITY where a block holds no sample. And their lower hull: what was never undershot
 * again. */
struct minima {
	double span_s;
	double low[BLOCKS], hull[BLOCKS];
	double at[BLOCKS]; /* when it was so low, the first time: seconds from the first sample on */
	size_t filled;
};

struct rise {
	double total; /* of the hull, over all blocks */
	double even; /* the least that a quarter of the time added to it, over what an even rise would have added: 0 to 1 */
};

static void hull_of(struct minima *m)
{
	double least = INFINITY;
	for (size_t i = BLOCKS; i-- > 0;)
		m->hull[i] = least = fmin(least, m->low[i]);
}

/* Samples from..n - 1; t[from] < t[n - 1]. */
static void cut(const uint64_t *t, const double *v, size_t from, size_t n, struct minima *m)
{
	double span = (double)(t[n - 1] - t[from]);
	*m = (struct minima){.span_s = span / 1e9};
	for (size_t i = 0; i < BLOCKS; i++)
		m->low[i] = INFINITY;
	for (size_t i = from; i < n; i++) {
		double at = (double)(t[i] - t[from]);
		size_t block = (size_t)(at / span * BLOCKS);
		block = block < BLOCKS ? block : BLOCKS - 1;
		if (v[i] < m->low[block]) {
			m->filled += isinf(m->low[block]) != 0;
			m->low[block] = v[i];
			m->at[block] = at / 1e9;
		}
	}
	hull_of(m);
}

/* The same, seen backwards in time: what shrinks, grows. */
static struct minima backwards(const struct minima *m)
{
	struct minima back = *m;
	for (size_t i = 0; i < BLOCKS; i++)
		back.low[i] = m->low[BLOCKS - 1 - i];
	hull_of(&back);
	return back;
}

static bool near_hull(const struct minima *m, double total)
{
	size_t far = 0;
	for (size_t i = 0; i < BLOCKS; i++)
		far += isfinite(m->low[i]) && m->low[i] - m->hull[i] > GAP * total;
	return far <= SPARE;
}

static struct rise rise_of(const struct minima *m)
{
	struct rise rise = {.total = m->hull[BLOCKS - 1] - m->hull[0]};
	if (m->filled < FILLED || !(rise.total > 0) || !near_hull(m, rise.total))
		return rise;
	double least = INFINITY;
	for (size_t i = 0; i + WINDOW < BLOCKS; i++)
		least = fmin(least, m->hull[i + WINDOW] - m->hull[i]);
	rise.even = least / (rise.total * WINDOW / (BLOCKS - 1));
	return rise;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Theil's and Sen's slope of the minima from block `from` on, and its interval by Kendall's statistic. */
static void slope_of(const struct minima *m, size_t from, struct pt_trend *ret)
{
	double slopes[PAIRS], blocks = 0;
	size_t n = 0;
	for (size_t i = from; i < BLOCKS; i++) {
		blocks += isfinite(m->low[i]);
		for (size_t j = i + 1; j < BLOCKS; j++)
			if (isfinite(m->low[i]) && isfinite(m->low[j]))
				slopes[n++] = (m->low[j] - m->low[i]) / (m->at[j] - m->at[i]);
	}
	if (!n)
		return;
	qsort(slopes, n, sizeof(*slopes), by_value);
	double reach = Z99 * sqrt(blocks * (blocks - 1) * (2 * blocks + 5) / 18);
	double rank = floor(((double)n - reach) / 2);
	size_t outer = rank > 1 ? (size_t)rank - 1 : 0;
	ret->slope = (slopes[(n - 1) / 2] + slopes[n / 2]) / 2;
	ret->low = slopes[outer];
	ret->high = slopes[n - 1 - outer];
}

/* How often a steady series rises as evenly, at steps of a twentieth: 20,000 runs each of every steady shape of
 * tests/support/series.h at 60, 120 and 600 samples, and of these the shape and length where it happens most often. */
static double chance_of(double even)
{
	static const double of[] = {1,      1,      0.2,    0.06,   0.014,  0.009,  0.007,
				    0.005,  0.0035, 0.0025, 0.002,  0.0015, 0.0011, 0.0008,
				    0.0005, 0.0003, 0.0002, 0.0001, 0.0001, 0.0001, 0.0001};
	size_t n = sizeof(of) / sizeof(*of), step = (size_t)(even * 20);
	return of[step < n ? step : n - 1];
}

/* Whether what rose since t[from] rose above what was there before: a collector's memory does not. */
static bool above_before(const uint64_t *t, const double *v, size_t from, const struct minima *m, double total)
{
	uint64_t block_ns = (uint64_t)(m->span_s * 1e9 / BLOCKS) + 1;
	double highest = m->hull[0];
	for (size_t i = 0, end; i < from; i = end) {
		double low = INFINITY;
		for (end = i; end < from && t[end] - t[i] < block_ns; end++)
			low = fmin(low, v[end]);
		highest = fmax(highest, isfinite(low) ? low : highest);
	}
	return m->hull[BLOCKS - 1] - highest >= ABOVE * total;
}

/* Whether it rose in its later half about as much as in its earlier one: what warms up does not. */
static bool keeps_pace(const struct minima *m)
{
	double earlier = m->hull[BLOCKS / 2 - 1] - m->hull[0];
	double later = m->hull[BLOCKS - 1] - m->hull[BLOCKS / 2];
	return later >= PACE * earlier;
}

/* Growth over all of it, or over the last half or quarter, as long as there are enough samples. */
static bool find_growth(const uint64_t *t, const double *v, size_t n, double even, struct pt_trend *ret)
{
	struct minima longer, m;
	for (size_t from = 0; from == 0 || (n - from >= ENOUGH && n - from >= n / 4); from = n - (n - from) / 2) {
		cut(t, v, from, n, &m);
		struct rise rise = rise_of(&m);
		bool enough = rise.even >= even;
		if (from)
			enough = enough && keeps_pace(&longer) && above_before(t, v, from, &m, rise.total);
		if (enough) {
			ret->kind = PT_TREND_GROWING;
			ret->began_ns = t[from];
			ret->chance = chance_of(rise.even);
			slope_of(&m, 0, ret);
			return true;
		}
		longer = m;
	}
	return false;
}

static void undecided(const uint64_t *t, size_t n, struct pt_trend *ret)
{
	ret->kind = PT_TREND_UNDECIDED;
	ret->need_ns = n > 1 ? (t[n - 1] - t[0]) / (n - 1) * ENOUGH : 0;
}

void pt_trend_of(const uint64_t *t, const double *v, size_t n, struct pt_trend *ret)
{
	*ret = (struct pt_trend){.confidence = 0.99, .chance = 1, .samples = n};
	if (n < FEWEST || t[n - 1] <= t[0]) {
		undecided(t, n, ret);
		return;
	}
	struct minima all;
	double even = n < ENOUGH ? SURELY_EVEN : EVEN;
	cut(t, v, 0, n, &all);
	ret->blocks = all.filled;
	if (find_growth(t, v, n, even, ret))
		return;
	struct minima back = backwards(&all);
	double shrinks = rise_of(&back).even;
	if (shrinks >= even) {
		ret->kind = PT_TREND_SHRINKING;
		ret->chance = chance_of(shrinks);
		slope_of(&all, 0, ret);
	} else if (all.filled < FILLED || (n < ENOUGH && rise_of(&all).even > 0)) {
		undecided(t, n, ret);
	} else {
		ret->kind = PT_TREND_FLAT;
		slope_of(&all, BLOCKS / 2, ret);
		ret->slope = 0;
		ret->low = fmin(ret->low, 0);
		ret->high = fmax(ret->high, 0);
	}
}
