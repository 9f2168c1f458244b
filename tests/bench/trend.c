/*
 * How often the test for growth (core/verdict/trend.h) is wrong.
 *
 *   trend made [RUNS [SEED]]      on made-up programs (tests/support/series.h): a table of all shapes and lengths, RUNS (200) of
 *                                 each from SEED on (7000000; what the test was tuned on lies below), held against the bar
 *   trend watch PID SECONDS INTERVAL
 *                                 reads what a process holds every INTERVAL seconds: lines of CLOCK_MONOTONIC in ns, RSS and
 *                                 anonymous memory in bytes
 *   trend judge INTERVAL FROM FILE...
 *                                 judges such lines, as if they had been read that far apart, from FROM seconds on, as
 *                                 if a mark had been there: a line "FILE rss|anon VERDICT SLOPE LOW HIGH CHANCE" for each
 *                                 quantity of each file
 *
 * Status 0: done; 1: the bar is missed, or nothing could be read; 2: usage.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/verdict/trend.h"
#include "tests/support/series.h"

#define MOST 100000 /* samples of a file */

static const char *const verdicts[] = {"undecided", "flat", "growing", "shrinking"};

/* ---- made-up programs --------------------------------------------------------------------------------------------- */

struct tally {
	size_t runs, of[4];
	size_t inside; /* leaks that grow: whose rate lies in the interval */
};

/* started: a first sample tells that all it holds came before. */
static void judge_made(enum series_shape shape, uint64_t seed, size_t n, bool started, struct tally *tally)
{
	static uint64_t t[MOST + 1];
	static double v[MOST + 1];
	struct pt_trend trend;
	double rate = series_rate(shape);
	series_make(shape, seed, n, t + 1, v + 1);
	if (started)
		pt_trend_of(t, v, n + 1, 1, &trend);
	else
		pt_trend_of(t + 1, v + 1, n, 0, &trend);
	tally->runs++;
	tally->of[trend.kind]++;
	tally->inside += trend.kind == PT_TREND_GROWING && rate > 0 && rate >= trend.low && rate <= trend.high;
}

static double percent(size_t part, size_t all)
{
	return all ? 100 * (double)part / (double)all : 0;
}

static void print_tally(const char *shape, const char *samples, const struct tally *tally)
{
	printf("| %-13s | %7s | %5zu |", shape, samples, tally->runs);
	for (size_t i = 0; i < 4; i++)
		printf(" %9.2f |", percent(tally->of[i], tally->runs));
	if (tally->inside)
		printf(" %8.2f |\n", percent(tally->inside, tally->of[PT_TREND_GROWING]));
	else
		printf(" %8s |\n", "-");
}

static void add(struct tally *sum, const struct tally *tally)
{
	sum->runs += tally->runs;
	for (size_t i = 0; i < 4; i++)
		sum->of[i] += tally->of[i];
	sum->inside += tally->inside;
}

/* The leaks again, of programs whose start is seen: then they have to be told from what has not come to rest. */
static void made_started(size_t runs, uint64_t seed, const size_t *lengths, size_t n_lengths)
{
	for (enum series_shape shape = SERIES_LEAK_4K; shape <= SERIES_LEAK_1M; shape++)
		for (size_t i = 0; i < n_lengths; i++) {
			struct tally tally = {0};
			char name[32], samples[16];
			for (size_t run = 0; run < runs; run++)
				judge_made(shape, seed + run, lengths[i], true, &tally);
			snprintf(name, sizeof(name), "%s, start", series_name(shape));
			snprintf(samples, sizeof(samples), "%zu", lengths[i]);
			print_tally(name, samples, &tally);
		}
}

static int made(size_t runs, uint64_t seed)
{
	static const size_t lengths[] = {30, 60, 120, 600};
	struct tally steady = {0}, leaks = {0};
	bool holds = true;
	puts("| shape         | samples | runs  | undecided | flat      | growing   | shrinking | interval |\n"
	     "|---------------|---------|-------|-----------|-----------|-----------|-----------|----------|");
	for (enum series_shape shape = 0; shape < SERIES_N; shape++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
			struct tally tally = {0};
			char samples[16];
			bool leak = series_rate(shape) > 0;
			for (size_t run = 0; run < runs; run++)
				judge_made(shape, seed + run, lengths[i], false, &tally);
			snprintf(samples, sizeof(samples), "%zu", lengths[i]);
			print_tally(series_name(shape), samples, &tally);
			if (lengths[i] < 60 || shape > SERIES_LEAK_1M)
				continue;
			add(leak ? &leaks : &steady, &tally);
			holds = holds && (leak ? tally.of[PT_TREND_GROWING] * 100 >= tally.runs * 99
					       : tally.of[PT_TREND_FLAT] * 100 >= tally.runs * 99);
		}
	}
	made_started(runs, seed, lengths + 1, sizeof(lengths) / sizeof(*lengths) - 1);
	print_tally("all steady", ">= 60", &steady);
	print_tally("all leaks", ">= 60", &leaks);
	printf("\nOf %zu runs each of the six steady shapes and the two leaks, of 60 samples and more: false alarms "
	       "%.2f %%, leaks "
	       "caught %.2f %%.\nAt most 1 %% and at least 99 %% for every shape and length: %s.\n",
	       runs, percent(steady.of[PT_TREND_GROWING], steady.runs), percent(leaks.of[PT_TREND_GROWING], leaks.runs),
	       holds ? "holds" : "missed");
	return !holds;
}

/* ---- real ones ---------------------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* False when the process has gone. */
static bool look(const char *path)
{
	char line[256];
	unsigned long long rss, anon;
	unsigned found = 0;
	FILE *status = fopen(path, "re");
	if (!status)
		return false;
	while (fgets(line, sizeof(line), status))
		found += (sscanf(line, "VmRSS: %llu", &rss) == 1) + (sscanf(line, "RssAnon: %llu", &anon) == 1);
	fclose(status);
	if (found == 2)
		printf("%llu %llu %llu\n", (unsigned long long)now_ns(), rss * 1024, anon * 1024);
	return found == 2;
}

static int watch(const char *pid, double seconds, double interval)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9), step = (uint64_t)(interval * 1e9);
	for (uint64_t next = began; next < end; next += step) {
		uint64_t now = now_ns();
		if (now < next)
			poll(NULL, 0, (int)((next - now) / 1000000) + 1);
		if (!look(path))
			return next == began;
	}
	return 0;
}

static int judge(const char *path, double interval, double from)
{
	static uint64_t t[MOST];
	static double v[2][MOST];
	unsigned long long at, rss, anon, first = 0;
	size_t n = 0, begin = 0;
	FILE *file = fopen(path, "re");
	if (!file)
		return 1;
	while (n < MOST && fscanf(file, "%llu %llu %llu", &at, &rss, &anon) == 3) {
		first = first ? first : at;
		double since = (double)(at - first) / 1e9;
		if (n && (double)(at - t[n - 1]) / 1e9 < interval * 0.9)
			continue;
		begin += since < from;
		t[n] = at;
		v[0][n] = (double)rss;
		v[1][n++] = (double)anon;
	}
	fclose(file);
	for (size_t i = 0; i < 2; i++) {
		struct pt_trend trend;
		pt_trend_of(t, v[i], n, begin, &trend);
		printf("%s %s %s %.0f %.0f %.0f %g\n", path, i ? "anon" : "rss", verdicts[trend.kind], trend.slope,
		       trend.low, trend.high, trend.chance);
	}
	return n == begin;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int status = 0;
	if (strcmp(what, "made") == 0)
		return made(argc > 2 ? strtoul(argv[2], NULL, 10) : 200,
			    argc > 3 ? strtoull(argv[3], NULL, 10) : 7000000);
	if (strcmp(what, "watch") == 0 && argc == 5)
		return watch(argv[2], strtod(argv[3], NULL), strtod(argv[4], NULL));
	if (strcmp(what, "judge") != 0 || argc < 5)
		return 2;
	for (int i = 4; i < argc; i++)
		status |= judge(argv[i], strtod(argv[2], NULL), strtod(argv[3], NULL));
	return status;
}
