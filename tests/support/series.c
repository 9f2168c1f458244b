/*
 * Shapes out of pages; see series.h. Random numbers are splitmix64's.
 */
#include "tests/support/series.h"

#include <math.h>

#define PAGE 4096.0

struct maker {
	uint64_t random;
	size_t n;
	double interval, span; /* seconds */
	const uint64_t *t;
	double *v; /* pages, while it is being made */
};

static uint64_t bits(struct maker *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double unit(struct maker *m)
{
	return (double)(bits(m) >> 11) / 9007199254740992.0;
}

static double from_to(struct maker *m, double from, double to)
{
	return from + (to - from) * unit(m);
}

/* As often from 1 to 2 as from 10 to 20. */
static double scale(struct maker *m, double from, double to)
{
	return from * exp(unit(m) * log(to / from));
}

static double normal(struct maker *m)
{
	double far = sqrt(-2 * log(1 - unit(m)));
	return far * cos(6.283185307179586 * unit(m));
}

/* Seconds since the first sample. */
static double at(const struct maker *m, size_t i)
{
	return (double)(m->t[i] - m->t[0]) / 1e9;
}

/* Buffers of up to 300 pages that stay for a sample or a few, and a few pages that come and go. */
static void bustle(struct maker *m)
{
	double often = from_to(m, 0, 0.3), most = scale(m, 1, 300), stays = from_to(m, 0, 0.6), held = 0;
	double jitters = from_to(m, 0, 0.5), pages = 1 + floor(from_to(m, 0, 3));
	for (size_t i = 0; i < m->n; i++) {
		if (!(held > 0 && unit(m) < stays))
			held = unit(m) < often ? most * unit(m) : 0;
		m->v[i] += held;
		if (unit(m) < jitters)
			m->v[i] += floor(from_to(m, -pages, pages + 1));
	}
}

/* A level that wanders about its mean: deviation in pages, memory in samples. */
static double wander(struct maker *m, double level, double deviation, double memory)
{
	double keeps = exp(-1 / memory);
	return keeps * level + sqrt(1 - keeps * keeps) * deviation * normal(m);
}

static void noise(struct maker *m, double deviation, double memory)
{
	double level = deviation * normal(m);
	for (size_t i = 0; i < m->n; i++) {
		m->v[i] += level;
		level = wander(m, level, deviation, memory);
	}
}

static double memory(struct maker *m)
{
	return scale(m, 0.3, (double)m->n / 10);
}

/* From 0 up to 1: in a line that ends at `part` of the run, or as a curve with that time constant. */
static void warm_up(struct maker *m, double part, bool curve)
{
	double pages = scale(m, 50, 50000);
	for (size_t i = 0; i < m->n; i++) {
		double x = at(m, i) / m->span / part;
		m->v[i] += pages * (curve ? 1 - exp(-x) : fmin(x, 1));
	}
	if (unit(m) < 0.5)
		noise(m, pages * scale(m, 0.002, 0.2), memory(m));
}

/* A heap that gives nothing back: the high-water mark of a level that wanders; it has done so for a while already. */
static void high_water(struct maker *m, double before)
{
	double deviation = scale(m, 10, 5000), remembers = scale(m, 0.1, (double)m->n / 30);
	double level = deviation * normal(m), highest = 0;
	size_t unseen = (size_t)(before * (double)m->n);
	for (size_t i = 0; i < unseen + m->n; i++) {
		highest = fmax(highest, level);
		if (i >= unseen)
			m->v[i - unseen] += highest;
		level = wander(m, level, deviation, remembers);
	}
}

static double poisson(struct maker *m, double mean)
{
	double n = 0, product = unit(m), least = exp(-mean);
	while (product > least) {
		product *= unit(m);
		n++;
	}
	return n;
}

/* A heap that falls to pieces, ever slower: pages come at random, as often as time since the start is short. */
static void fall_to_pieces(struct maker *m, double before)
{
	double pages = scale(m, 5, 1000), start = (before + 0.01) * m->span, held = 0;
	for (size_t i = 1; i < m->n; i++) {
		double expected = pages * log((start + at(m, i)) / (start + at(m, i - 1)));
		held += poisson(m, fmin(expected, 500));
		m->v[i] += held;
	}
}

/* A collector: rises for `period` seconds by `depth` pages, falls back. Every `rounds`th time to the floor, else not quite;
 * periods, heights and floors differ from time to time. */
static void sawtooth(struct maker *m, double period, unsigned rounds)
{
	double depth = scale(m, 20, 50000), period_varies = from_to(m, 0, 0.3), depth_varies = from_to(m, 0, 0.3);
	unsigned round = (unsigned)from_to(m, 0, rounds);
	double since = unit(m) * period, takes = period, low = 0, top = depth, old = depth / 5 * round;
	for (size_t i = 0; i < m->n; i++, since += m->interval) {
		if (since >= takes) {
			since = fmod(since, takes);
			takes = period * (1 + period_varies * from_to(m, -1, 1));
			top = depth * (1 + depth_varies * from_to(m, -1, 1));
			low = depth * depth_varies * unit(m) / 5;
			round = (round + 1) % rounds;
			old = depth / 5 * round;
		}
		m->v[i] += low + old + (top - low) * since / takes;
	}
}

static void collector(struct maker *m)
{
	double longest = m->span / 3, period = scale(m, 3 * m->interval, longest);
	double most = fmin(longest / period, 8);
	sawtooth(m, period, unit(m) < 0.5 ? 1 + (unsigned)from_to(m, 0, most) : 1);
}

/* From `part` of the run on. */
static void leak(struct maker *m, double pages_a_second, double part)
{
	double first = unit(m), from = part * m->span;
	for (size_t i = 0; i < m->n; i++)
		m->v[i] += first + pages_a_second * fmax(at(m, i) - from, 0);
}

static void shape_it(struct maker *m, enum series_shape shape)
{
	double rate = series_rate(shape) / PAGE;
	switch (shape) {
	case SERIES_NOISY: noise(m, scale(m, 4, 3000), memory(m)); break;
	case SERIES_WARM_LINE: warm_up(m, from_to(m, 0.05, 0.7), false); break;
	case SERIES_WARM_CURVE: warm_up(m, from_to(m, 0.03, 0.25), true); break;
	case SERIES_WARM_CREEP: high_water(m, unit(m) < 0.5 ? 0 : from_to(m, 0, 0.25)); break;
	case SERIES_SAWTOOTH: collector(m); break;
	case SERIES_LEAK_1M:
		if (unit(m) < 0.67)
			noise(m, scale(m, 4, rate * m->span / 20), memory(m));
		leak(m, rate, 0);
		break;
	case SERIES_LATE_LEAK: leak(m, rate, from_to(m, 0.2, 0.7)); break;
	case SERIES_WARM_LEAK:
		warm_up(m, from_to(m, 0.03, 0.5), false);
		leak(m, rate, 0);
		break;
	case SERIES_LONG_WARM: warm_up(m, from_to(m, 0.7, 0.9), false); break;
	case SERIES_FADING: fall_to_pieces(m, unit(m) < 0.5 ? 0 : from_to(m, 0, 0.25)); break;
	case SERIES_LONG_SAWTOOTH: sawtooth(m, from_to(m, 0.34, 1) * m->span, 1); break;
	case SERIES_LEAK_4K: leak(m, rate, 0); break;
	default: break; /* steady */
	}
	bustle(m);
}

const char *series_name(enum series_shape shape)
{
	static const char *const names[SERIES_N] = {
		"steady",  "noisy",     "warm-line", "warm-curve", "warm-creep", "sawtooth",      "leak-4K",
		"leak-1M", "late-leak", "warm-leak", "long-warm",  "fading",     "long-sawtooth",
	};
	return names[shape];
}

double series_rate(enum series_shape shape)
{
	switch (shape) {
	case SERIES_LEAK_4K:
	case SERIES_LATE_LEAK:
	case SERIES_WARM_LEAK: return 4096;
	case SERIES_LEAK_1M: return 1048576;
	default: return 0;
	}
}

void series_make(enum series_shape shape, uint64_t seed, size_t n, uint64_t *t, double *v)
{
	struct maker m = {.random = seed * 1000003 + (uint64_t)shape * 7919 + n, .n = n, .t = t, .v = v};
	bits(&m);
	m.interval = unit(&m) < 0.5 ? 0.5 : 1;
	m.span = m.interval * (double)n;
	double base = scale(&m, 500, 200000), first = from_to(&m, 0, 1e5);
	for (size_t i = 0; i < n; i++) {
		t[i] = (uint64_t)((first + m.interval * ((double)i + from_to(&m, 0, 0.02))) * 1e9);
		v[i] = base;
	}
	shape_it(&m, shape);
	for (size_t i = 0; i < n; i++)
		v[i] = fmax(floor(v[i]), 1) * PAGE;
}
