/*
 * Baselines: what runs that were kept measured, and whether another run is no worse. What is measured goes by its name in
 * the language of assertions (assert.h), so that a comparison is an assertion whose number nobody had to choose. Pure;
 * files of baselines are read and written by tui/commands/baseline.h.
 *
 * The tolerance is learnt: of three runs and more a limit is what the next run of the same kind stays below with 99.9 %
 * (a prediction interval: mean + t s sqrt(1 + 1/n)), yet no closer to their mean than the default tolerance over n - 1,
 * and never below one of them. Of one or two runs it is the most of them and the default tolerance: a quarter and 4 MiB, of
 * vmas a quarter and 16, of the duration as much again and 2 s.
 */
#ifndef PT_VERDICT_BASELINE_H
#define PT_VERDICT_BASELINE_H

#include "core/verdict/assert.h"

#define PT_BASELINE_RUNS 10 /* that are kept: the last ones */
#define PT_MEASURES      25

enum pt_measure_unit { PT_MEASURE_BYTES, PT_MEASURE_NUMBER, PT_MEASURE_SECONDS };

struct pt_baseline_run {
	uint64_t realtime_ns;  /* when it began; 0: not known */
	double v[PT_MEASURES]; /* NAN: not known */
};

struct pt_baseline {
	struct pt_baseline_run runs[PT_BASELINE_RUNS]; /* the newest last */
	size_t n;
};

/* "peak(heap.rss)", "duration": static storage. */
const char *pt_measure_name(size_t measure);
enum pt_measure_unit pt_measure_unit(size_t measure);
/* Less than this is too little to speak of: 1 MiB, 8, 2 s. */
double pt_measure_least(size_t measure);
/* The measure of that name, or PT_MEASURES. */
size_t pt_measure_of(const char *name);

/* What a run measured; of what is known to within a sixteenth or 1 MiB, the most it can have been. What frames alone tell
 * counts where they were there when it held most, to within as much. 0, or -errno as of pt_assert_judge. */
int pt_baseline_measure(const struct pt_trace *trace, struct pt_baseline_run *ret);
/* The newest; the oldest goes when there are too many. */
void pt_baseline_add(struct pt_baseline *baseline, const struct pt_baseline_run *run);

/* What the kept runs allow. */
struct pt_baseline_limit {
	size_t runs;        /* in which it is known; 0: it is not compared, and all else is 0 */
	double least, most; /* of those runs */
	double limit;
};
struct pt_baseline_limit pt_baseline_limit(const struct pt_baseline *baseline, size_t measure);

/*
 * Holds a run against a limit, of runs > 0. `text` is the assertion that was judged, as "peak(heap.rss) <= 113.3M"; the
 * duration is judged as one, though the language does not know it. 0, or -errno; free *ret where it is 0.
 */
int pt_baseline_judge(const struct pt_baseline_limit *limit, size_t measure, const struct pt_trace *trace, char *text,
		      size_t size, struct pt_judgement *ret);

#endif
