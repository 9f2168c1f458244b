/*
 * Measures, limits and comparisons; see baseline.h. Holds the table of what is measured.
 */
#include "core/verdict/baseline.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIB 1024.0
#define MIB (KIB * KIB)

#define SECOND   1000000000u
#define DURATION 0
#define SURE     3 /* runs, from which on the tolerance is learnt */

/* What it came to: the most of the last second, since the last sample may find it half taken down. */
#define LAST(series) "peak(" series ", end-1s..end)"

static const struct {
	const char *name;
	enum pt_measure_unit unit;
} measures[PT_MEASURES] = {
	[DURATION] = {"duration", PT_MEASURE_SECONDS},
	{"peak(rss)", PT_MEASURE_BYTES},
	{LAST("rss"), PT_MEASURE_BYTES},
	{"peak(anon)", PT_MEASURE_BYTES},
	{LAST("anon"), PT_MEASURE_BYTES},
	{"peak(file)", PT_MEASURE_BYTES},
	{LAST("file"), PT_MEASURE_BYTES},
	{"peak(shmem)", PT_MEASURE_BYTES},
	{LAST("shmem"), PT_MEASURE_BYTES},
	{"peak(swap)", PT_MEASURE_BYTES},
	{LAST("swap"), PT_MEASURE_BYTES},
	{"peak(hugetlb)", PT_MEASURE_BYTES},
	{LAST("hugetlb"), PT_MEASURE_BYTES},
	{"peak(vmas)", PT_MEASURE_NUMBER},
	{LAST("vmas"), PT_MEASURE_NUMBER},
	{"peak(heap.rss)", PT_MEASURE_BYTES},
	{LAST("heap.rss"), PT_MEASURE_BYTES},
	{"peak(stack.rss)", PT_MEASURE_BYTES},
	{LAST("stack.rss"), PT_MEASURE_BYTES},
	{"peak(program.rss)", PT_MEASURE_BYTES},
	{LAST("program.rss"), PT_MEASURE_BYTES},
	{"peak(file.rss)", PT_MEASURE_BYTES},
	{LAST("file.rss"), PT_MEASURE_BYTES},
	{"peak(shmem.rss)", PT_MEASURE_BYTES},
	{LAST("shmem.rss"), PT_MEASURE_BYTES},
};

/* The default tolerance: a part, and so much more; and what is too little to speak of. */
static const struct {
	double part, more, least;
} tolerances[] = {
	[PT_MEASURE_BYTES] = {0.25, 4 * MIB, MIB},
	[PT_MEASURE_NUMBER] = {0.25, 16, 8},
	[PT_MEASURE_SECONDS] = {1, 2, 2},
};

const char *pt_measure_name(size_t measure)
{
	return measures[measure].name;
}

enum pt_measure_unit pt_measure_unit(size_t measure)
{
	return measures[measure].unit;
}

double pt_measure_least(size_t measure)
{
	return tolerances[measures[measure].unit].least;
}

size_t pt_measure_of(const char *name)
{
	size_t i = 0;
	while (i < PT_MEASURES && strcmp(name, measures[i].name) != 0)
		i++;
	return i;
}

/* ---- measuring -------------------------------------------------------------------------------------------------- */

static int judge(const char *text, const struct pt_trace *trace, struct pt_judgement *ret)
{
	struct pt_assert *assertion;
	struct pt_assert_error error;
	int r = pt_assert_parse(text, &assertion, &error);
	if (r)
		return r;
	r = pt_assert_judge(assertion, trace, ret);
	pt_assert_free(assertion);
	return r;
}

static double duration_of(const struct pt_trace *trace)
{
	return trace->ended_ns > trace->began_ns ? (double)(trace->ended_ns - trace->began_ns) / 1e9 : NAN;
}

/* Bounds that are as good as a number. */
static bool is_tight(double low, double high)
{
	return isfinite(high) && high - low <= fmax(high / 16, MIB);
}

/* The RSS of a process at its largest from a moment on, by its counters and by its frames; of these at least the newest. */
struct seen {
	uint64_t counted, framed;
	uint64_t newest_ns;
};

static void see(struct seen *seen, const struct pt_sample *sample, uint64_t from_ns)
{
	uint64_t rss = sample->all.v[PT_QUANTITY_RSS].value;
	bool before = sample->monotonic_ns < from_ns;
	if (!sample->frame) {
		if (!before && rss > seen->counted)
			seen->counted = rss;
		return;
	}
	if (before || seen->newest_ns < from_ns || rss > seen->framed)
		seen->framed = rss;
	seen->newest_ns = sample->monotonic_ns;
}

/* Whether frames were there when the processes were largest, from a moment on: what is told by role is known from frames
 * alone, and of a short run or on a busy machine these may all have come before. */
static bool is_framed(const struct pt_trace *trace, uint64_t from_ns)
{
	double counted = 0, missed = 0;
	struct seen *seen = calloc(trace->n_processes + 1, sizeof(*seen));
	for (size_t i = 0; seen && i < trace->n_samples; i++)
		if (trace->samples[i].process < trace->n_processes && trace->samples[i].all.v[PT_QUANTITY_RSS].known)
			see(&seen[trace->samples[i].process], &trace->samples[i], from_ns);
	for (size_t i = 0; seen && i < trace->n_processes; i++) {
		counted += (double)seen[i].counted;
		missed += fmax((double)seen[i].counted - (double)seen[i].framed, 0);
	}
	free(seen);
	return seen && is_tight(counted - missed, counted);
}

/* By an assertion that says nothing: its finding is the value. */
static int measure(const struct pt_trace *trace, size_t i, double *ret)
{
	char text[64];
	struct pt_judgement judgement;
	*ret = NAN;
	snprintf(text, sizeof(text), "%s >= 0", measures[i].name);
	int error = judge(text, trace, &judgement);
	if (error)
		return error;
	if (judgement.n_findings && is_tight(judgement.findings[0].low, judgement.findings[0].high))
		*ret = judgement.findings[0].high;
	pt_judgement_free(&judgement);
	return 0;
}

int pt_baseline_measure(const struct pt_trace *trace, struct pt_baseline_run *ret)
{
	int error = 0;
	*ret = (struct pt_baseline_run){.realtime_ns = trace->n_samples ? trace->samples[0].realtime_ns : 0};
	ret->v[DURATION] = duration_of(trace);
	bool framed = is_framed(trace, 0);
	bool framed_last = is_framed(trace, trace->ended_ns > SECOND ? trace->ended_ns - SECOND : 0);
	for (size_t i = DURATION + 1; i < PT_MEASURES && !error; i++) {
		ret->v[i] = NAN;
		if (!strstr(measures[i].name, ".rss") || (strstr(measures[i].name, "end-1s") ? framed_last : framed))
			error = measure(trace, i, &ret->v[i]);
	}
	return error;
}

void pt_baseline_add(struct pt_baseline *baseline, const struct pt_baseline_run *run)
{
	if (baseline->n == PT_BASELINE_RUNS) {
		memmove(baseline->runs, baseline->runs + 1, (PT_BASELINE_RUNS - 1) * sizeof(*run));
		baseline->n--;
	}
	baseline->runs[baseline->n++] = *run;
}

/* ---- limits ----------------------------------------------------------------------------------------------------- */

/* Student's t that is exceeded once in a thousand times, of n runs: n - 1 degrees of freedom. */
static double student(size_t n)
{
	static const double t[] = {22.33, 10.21, 7.173, 5.893, 5.208, 4.785, 4.501, 4.297};
	return t[n - SURE];
}

static size_t known_values(const struct pt_baseline *baseline, size_t measure, double *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < baseline->n; i++)
		if (isfinite(baseline->runs[i].v[measure]))
			ret[n++] = baseline->runs[i].v[measure];
	return n;
}

struct pt_baseline_limit pt_baseline_limit(const struct pt_baseline *baseline, size_t measure)
{
	double v[PT_BASELINE_RUNS], mean = 0, squares = 0;
	struct pt_baseline_limit ret = {.runs = known_values(baseline, measure, v)};
	double n = (double)ret.runs, part = tolerances[measures[measure].unit].part;
	if (!ret.runs)
		return ret;
	ret.least = ret.most = v[0];
	for (size_t i = 0; i < ret.runs; i++) {
		ret.least = fmin(ret.least, v[i]);
		ret.most = fmax(ret.most, v[i]);
		mean += v[i] / n;
	}
	for (size_t i = 0; i < ret.runs; i++)
		squares += (v[i] - mean) * (v[i] - mean);
	double slack = part * ret.most + tolerances[measures[measure].unit].more;
	if (ret.runs < SURE) {
		ret.limit = ret.most + slack;
	} else {
		double learnt = student(ret.runs) * sqrt(squares / (n - 1) * (1 + 1 / n));
		ret.limit = fmax(ret.most, mean + fmax(learnt, slack / (n - 1)));
	}
	return ret;
}

/* ---- comparing -------------------------------------------------------------------------------------------------- */

/* The limit as the language has it, with a digit or two that say something: rounded up. */
static void assertion_text(const struct pt_baseline_limit *limit, size_t measure, char *text, size_t size)
{
	const char *name = measures[measure].name;
	if (measures[measure].unit == PT_MEASURE_SECONDS)
		snprintf(text, size, "%s <= %.1fs", name, ceil(limit->limit * 10) / 10);
	else if (measures[measure].unit == PT_MEASURE_NUMBER)
		snprintf(text, size, "%s <= %.0f", name, ceil(limit->limit));
	else if (limit->limit >= 10 * MIB)
		snprintf(text, size, "%s <= %.1fM", name, ceil(limit->limit / MIB * 10) / 10);
	else
		snprintf(text, size, "%s <= %.0fK", name, ceil(limit->limit / KIB));
}

static void judge_duration(const struct pt_baseline_limit *limit, const struct pt_trace *trace,
			   struct pt_judgement *ret)
{
	double took = duration_of(trace);
	*ret = (struct pt_judgement){.answer = PT_ANSWER_UNDECIDED};
	if (isnan(took)) {
		snprintf(ret->why, sizeof(ret->why), "how long it took is not known");
		return;
	}
	ret->answer = took <= ceil(limit->limit * 10) / 10 ? PT_ANSWER_YES : PT_ANSWER_NO;
	if (ret->answer == PT_ANSWER_NO)
		snprintf(ret->why, sizeof(ret->why), "it took %.1f s", took);
}

int pt_baseline_judge(const struct pt_baseline_limit *limit, size_t measure, const struct pt_trace *trace, char *text,
		      size_t size, struct pt_judgement *ret)
{
	assertion_text(limit, measure, text, size);
	if (measure != DURATION)
		return judge(text, trace, ret);
	judge_duration(limit, trace, ret);
	return 0;
}
