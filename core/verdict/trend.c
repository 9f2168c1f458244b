/*
 * The test for growth: minima over blocks, their hull, and how evenly that rises. See trend.h. Holds nothing.
 */
#include "core/verdict/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS   12
#define WINDOW   3   /* blocks: a quarter of the time */
#define SPARE    2   /* as many blocks may lie as far above the hull as they like */
#define GAP      0.3 /* the others by no more than this part of the growth */
#define ABOVE    0.6 /* part of the growth of a later stretch that is above all that was before it */
#define PICKS_UP 2.0 /* times as much as in the stretch before */
#define ALIKE    7   /* standard errors that the mean step is above nothing, where it had risen by more before */
#define NEAR     1.5 /* blocks' worth of growth that a minimum may lie beside the line */
#define FILLED   9   /* blocks that hold a sample, at least */
#define FEWEST   2   /* samples of a block: below that nothing is decided */
#define ENOUGH   5   /* from here on everything is */
#define PLENTY   15  /* from here on more samples make a minimum no surer */
#define SAMPLES  (BLOCKS * ENOUGH)
#define PAIRS    (BLOCKS * (BLOCKS - 1) / 2)
#define Z99      2.5758293 /* of the normal distribution, for 0.99 in the middle */

/* What is judged, and the lowest there was before it; INFINITY: nothing was. */
struct samples {
	const uint64_t *t;
	const double *v;
	size_t n;
	double before;
};

/* What is asked of a rise. The more samples a block has, the surer is its minimum, and the more can be asked. */
struct demand {
	double even;  /* the least a quarter of the time adds, of what it would in an even rise */
	double keeps; /* what the later half adds, of what the earlier one does: what warms up slows down */
	double steps; /* the rise, in the smallest steps the series takes: a few may come about by chance */
};

static const struct demand of_few = {0.5, 0.6, 20}, of_enough = {0.3, 0.6, 20}, of_plenty = {0.55, 0.65, 32};

/* Minima of blocks of equal time; INFINITY where a block holds no sample. And their lower hull: what was never undershot
 * again. */
struct minima {
	double span_s;
	double low[BLOCKS], hull[BLOCKS];
	double at[BLOCKS]; /* when it was so low, the first time: seconds from the first sample on */
	size_t samples[BLOCKS], filled;
	double step; /* the smallest between two samples that differ */
};

struct rise {
	double total;              /* of the hull, over all blocks */
	double even, keeps, steps; /* see struct demand; even is 0 where minima lie far above the hull */
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
	double before = NAN;
	*m = (struct minima){.span_s = span / 1e9, .step = INFINITY};
	for (size_t i = 0; i < BLOCKS; i++)
		m->low[i] = INFINITY;
	for (size_t i = from; i < n; i++) {
		double at = (double)(t[i] - t[from]);
		size_t block = (size_t)(at / span * BLOCKS);
		block = block < BLOCKS ? block : BLOCKS - 1;
		if (!isfinite(v[i]))
			continue;
		m->filled += !m->samples[block]++;
		if (fabs(v[i] - before) > 0)
			m->step = fmin(m->step, fabs(v[i] - before));
		before = v[i];
		if (v[i] < m->low[block]) {
			m->low[block] = v[i];
			m->at[block] = at / 1e9;
		}
	}
	hull_of(m);
}

static int by_number(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	return (x > y) - (x < y);
}

/* Samples of a block, by the block in the middle: many in one second are not worth more than a few. */
static size_t usual_samples(const struct minima *m)
{
	size_t sorted[BLOCKS], all = 0;
	for (size_t i = 0; i < BLOCKS; i++)
		all += m->samples[i];
	memcpy(sorted, m->samples, sizeof(sorted));
	qsort(sorted, BLOCKS, sizeof(*sorted), by_number);
	size_t middle = sorted[BLOCKS / 2];
	if (m->filled < FILLED)
		return 0;
	return middle < all / BLOCKS ? middle : all / BLOCKS;
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
	if (!(rise.total > 0) || !near_hull(m, rise.total))
		return rise;
	double least = INFINITY, earlier = m->hull[BLOCKS / 2 - 1] - m->hull[0];
	for (size_t i = 0; i + WINDOW < BLOCKS; i++)
		least = fmin(least, m->hull[i + WINDOW] - m->hull[i]);
	rise.even = least / (rise.total * WINDOW / (BLOCKS - 1));
	rise.keeps = earlier > 0 ? (m->hull[BLOCKS - 1] - m->hull[BLOCKS / 2]) / earlier : INFINITY;
	rise.steps = rise.total / m->step;
	return rise;
}

static struct demand demand_of(size_t samples)
{
	if (samples < ENOUGH)
		return of_few;
	double part = (double)(samples - ENOUGH) / (PLENTY - ENOUGH);
	part = fmin(part, 1);
	return (struct demand){
		.even = of_enough.even + part * (of_plenty.even - of_enough.even),
		.keeps = of_enough.keeps + part * (of_plenty.keeps - of_enough.keeps),
		.steps = of_enough.steps + part * (of_plenty.steps - of_enough.steps),
	};
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

/* How often a steady series rises so evenly and meets the other demands, by steps of a twentieth: of 20,000 runs each of
 * every steady shape of tests/support/series.h at 60, 120 and 600 samples, that shape and length where it happens most
 * often. */
static double chance_of(double even)
{
	static const double of[] = {1,     0.014,  0.009,  0.006,  0.004,  0.003,  0.0022, 0.0017, 0.0014,
				    0.001, 0.0007, 0.0005, 0.0004, 0.0003, 0.0002, 0.0002, 0.0002, 0.0001};
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

/* The first sample of the last `part` of the time. */
static size_t start_of(const uint64_t *t, size_t n, double part)
{
	double since = (double)(t[n - 1] - t[0]) * (1 - part);
	size_t from = 0;
	while ((double)(t[from] - t[0]) < since)
		from++;
	return from;
}

/* Whether the last `part` rose much more than as much time before it: something new began. What creeps ever slower, or
 * warms up, looks straight in its last part too. */
static bool picks_up(const uint64_t *t, const double *v, size_t n, double part)
{
	struct minima both;
	cut(t, v, start_of(t, n, 2 * part), n, &both);
	double before = both.hull[BLOCKS / 2 - 1] - both.hull[0];
	return both.hull[BLOCKS - 1] - both.hull[BLOCKS / 2] >= PICKS_UP * before;
}

/* Where the line of that slope through the minima is when the first of them begins: the median. */
static double line_at_start(const struct minima *m, double slope)
{
	double at_start[BLOCKS];
	size_t n = 0;
	for (size_t i = 0; i < BLOCKS; i++)
		if (isfinite(m->low[i]))
			at_start[n++] = m->low[i] - slope * m->at[i];
	qsort(at_start, n, sizeof(*at_start), by_value);
	return at_start[n / 2];
}

/* The moment since which it has been on the line that was found in t[from]..: back from the end, block by block, until
 * the minima of two are beside it. */
static uint64_t beginning(const uint64_t *t, const double *v, size_t n, size_t from, const struct minima *m,
			  double slope)
{
	double block_s = m->span_s / BLOCKS, start = line_at_start(m, slope);
	uint64_t block_ns = (uint64_t)(block_s * 1e9) + 1;
	size_t began = n - 1, beside = 0;
	for (size_t end = n, first = n; end && beside < 2; end = first) {
		double low = INFINITY, at = 0;
		while (first && t[end - 1] - t[first - 1] < block_ns) {
			first--;
			if (v[first] <= low) {
				low = v[first];
				at = ((double)t[first] - (double)t[from]) / 1e9;
			}
		}
		bool near = fabs(low - (start + slope * at)) <= NEAR * slope * block_s;
		beside = near ? 0 : beside + 1;
		began = near ? first : began;
	}
	return t[began];
}

/* How long it takes to have enough samples, at the pace of the later half. */
static uint64_t enough_ns(const uint64_t *t, size_t n)
{
	if (n < 2)
		return 0;
	size_t from = n - 2;
	while (from && t[from - 1] >= t[0] + (t[n - 1] - t[0]) / 2)
		from--;
	return (t[n - 1] - t[from]) / (n - 1 - from) * SAMPLES;
}

static void undecided(uint64_t need_ns, struct pt_trend *ret)
{
	ret->kind = PT_TREND_UNDECIDED;
	ret->need_ns = need_ns;
}

/* How many standard errors the mean step of the hull is above nothing: Student's t against a level that strays, by steps as
 * unequal as these, without going anywhere. */
static double evenness_of(const struct minima *m)
{
	const size_t n = BLOCKS - 1;
	double mean = (m->hull[n] - m->hull[0]) / n, squares = 0;
	for (size_t i = 0; i < n; i++) {
		double off = m->hull[i + 1] - m->hull[i] - mean;
		squares += off * off;
	}
	return squares > 0 ? mean / sqrt(squares / (n - 1) / n) : INFINITY;
}

/* What rose since sample `from` had risen by more before, and does not do it evenly: how long it takes until one of the two
 * is otherwise, into *ret. */
static bool comes_to_rest(const struct samples *s, size_t from, const struct minima *m, double rise,
			  struct pt_trend *ret)
{
	double lowest = s->before, evenness = evenness_of(m);
	for (size_t i = 0; i < from; i++)
		lowest = fmin(lowest, s->v[i]);
	double before = m->hull[0] - lowest;
	if (rise >= before || evenness >= ALIKE)
		return false;
	double times = fmin(before / rise, ALIKE / fmax(evenness, 1));
	undecided(s->t[s->n - 1] - s->t[0] + (uint64_t)(m->span_s * 1e9 * (times - 1)), ret);
	ret->uneven = true;
	ret->rise = rise;
	return true;
}

/* Growth in all of it or in a last part; or what would be growth if there were more of it. */
static bool find_growth(const struct samples *s, struct pt_trend *ret)
{
	const uint64_t *t = s->t;
	const double *v = s->v;
	size_t n = s->n;
	static const double parts[] = {1, 0.75, 0.5, 0.25};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct minima m;
		size_t from = start_of(t, n, parts[i]);
		if (t[from] >= t[n - 1])
			break;
		cut(t, v, from, n, &m);
		size_t samples = usual_samples(&m);
		if (i && samples < ENOUGH)
			break;
		struct demand demand = demand_of(samples);
		struct rise rise = rise_of(&m);
		if (rise.even < demand.even || rise.keeps < demand.keeps)
			continue;
		if (i && !above_before(t, v, from, &m, rise.total))
			continue;
		if (parts[i] <= 0.5 && !picks_up(t, v, n, parts[i]))
			continue;
		if (comes_to_rest(s, from, &m, rise.total, ret))
			continue;
		if (rise.steps < demand.steps) {
			double longer_s = m.span_s * (of_plenty.steps / rise.steps - 1); /* more samples ask for more */
			undecided(t[n - 1] - t[0] + (uint64_t)(longer_s * 1e9), ret);
			return true;
		}
		ret->kind = PT_TREND_GROWING;
		ret->uneven = false;
		ret->need_ns = 0;
		ret->chance = chance_of(rise.even);
		slope_of(&m, 0, ret);
		ret->began_ns = beginning(t, v, n, from, &m, ret->slope);
		return true;
	}
	return ret->uneven;
}

static bool find_shrinking(const struct minima *all, struct pt_trend *ret)
{
	struct minima back = backwards(all);
	struct demand demand = demand_of(usual_samples(all));
	struct rise rise = rise_of(&back);
	if (rise.even < demand.even || rise.steps < demand.steps)
		return false;
	ret->kind = PT_TREND_SHRINKING;
	ret->chance = chance_of(rise.even);
	slope_of(all, 0, ret);
	return true;
}

static void flat(const struct minima *m, struct pt_trend *ret)
{
	ret->kind = PT_TREND_FLAT;
	slope_of(m, BLOCKS / 2, ret);
	ret->slope = 0;
	ret->low = fmin(ret->low, 0);
	ret->high = fmax(ret->high, 0);
}

static void judge(const struct samples *s, struct pt_trend *ret)
{
	const uint64_t *t = s->t;
	size_t n = s->n;
	struct minima all = {.filled = 0};
	if (n && t[n - 1] > t[0])
		cut(t, s->v, 0, n, &all);
	ret->blocks = all.filled;
	size_t samples = usual_samples(&all);
	if (samples < FEWEST)
		undecided(enough_ns(t, n), ret);
	else if (find_growth(s, ret) || find_shrinking(&all, ret))
		return;
	else if (samples < ENOUGH && rise_of(&all).even > 0)
		undecided(enough_ns(t, n), ret);
	else
		flat(&all, ret);
}

void pt_trend_of(const uint64_t *t, const double *v, size_t n, size_t first, struct pt_trend *ret)
{
	struct samples s = {t + first, v + first, n - first, INFINITY};
	*ret = (struct pt_trend){.confidence = 0.99, .chance = 1, .samples = s.n};
	for (size_t i = 0; i < first; i++)
		s.before = fmin(s.before, v[i]);
	judge(&s, ret);
}
