/*
 * Made-up series of RSS, as programs of known behaviour show it: whole pages, read every half second or second, not quite
 * on time, with what programs do to it on the side. Sizes, amplitudes, times and noise are drawn from wide ranges; the
 * same shape, seed and number of samples give the same series.
 */
#ifndef TESTS_SERIES_H
#define TESTS_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum series_shape {
	/* the steady ones: what they grow by, they do not go on growing by */
	SERIES_STEADY, /* short-lived buffers, a few pages more or less */
	SERIES_NOISY, /* and a level that wanders about its mean: up to 12 MiB, remembered for up to a tenth of the run */
	SERIES_WARM_LINE,  /* warm-up of 5 to 70 % of the run, in a line, then flat */
	SERIES_WARM_CURVE, /* warm-up that saturates: time constant 3 to 25 % of the run */
	SERIES_WARM_CREEP, /* a heap that gives nothing back: the high-water mark of a noisy one */
	SERIES_SAWTOOTH,   /* a collector: its full rounds 3 samples to a third of the run apart */
	SERIES_STEADY_N,   /* how many those are */
	/* leaks, on top of what a steady program does */
	SERIES_LEAK_4K = SERIES_STEADY_N, /* 4 KiB a second */
	SERIES_LEAK_1M,                   /* 1 MiB a second; two thirds of them on a level that wanders */
	/* beyond the bar: what else there is */
	SERIES_LATE_LEAK,     /* 4 KiB a second, from 20 to 70 % of the run on */
	SERIES_WARM_LEAK,     /* a warm-up in a line of 3 to 50 % of the run, and 4 KiB a second all the time */
	SERIES_LONG_WARM,     /* the warm-up in a line takes 70 to 90 % of the run */
	SERIES_FADING,        /* comes to rest ever more slowly, as a logarithm does: a heap that falls to pieces */
	SERIES_LONG_SAWTOOTH, /* full rounds a third of the run to all of it apart */
	SERIES_N
};

const char *series_name(enum series_shape shape);
/* Bytes a second that a leak of this shape leaks; 0: none. */
double series_rate(enum series_shape shape);
/* t: ns, v: bytes; n of both. */
void series_make(enum series_shape shape, uint64_t seed, size_t n, uint64_t *t, double *v);

#endif
