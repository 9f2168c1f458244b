/*
 * What assertions come to on made-up traces: every function against numbers reckoned by hand, sums over processes that
 * come and go, what is not known, and what is said to have grown.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/verdict/assert.h"
#include "tests/support/program.h"
#include "tests/support/scripted_past.h"

#define SECOND 1000000000ull
#define KIB    1024ull
#define MIB    (1024 * KIB)

/* ---- traces ----------------------------------------------------------------------------------------------------- */

static struct pt_trace *new_trace(void)
{
	struct pt_trace *trace;
	assert_int_equal(pt_trace_new(&trace), 0);
	trace->interval_ns = SECOND;
	trace->began_ns = SECOND;
	return trace;
}

static uint32_t add_process(struct pt_trace *trace, const char *name, uint64_t began, uint64_t ended)
{
	struct pt_trace_process process = {
		.pid = 100 + (pid_t)trace->n_processes, .began_ns = began * SECOND, .ended_ns = ended * SECOND};
	snprintf(process.name, sizeof(process.name), "%s", name);
	return (uint32_t)pt_trace_add_process(trace, &process);
}

/* A sample of counters alone. */
static void counters(struct pt_trace *trace, uint32_t process, double second, uint64_t anon, uint64_t file)
{
	struct pt_sample sample = {.process = process, .monotonic_ns = (uint64_t)(second * 1e9)};
	struct pt_process status = {.rss_anon = {anon, true}, .rss_file = {file, true}, .rss_shmem = {0, true}};
	sample.realtime_ns = sample.monotonic_ns + 1000 * SECOND;
	status.swap = (struct pt_maybe){.known = true};
	pt_amounts_of_process(&status, &sample.all);
	assert_int_equal(pt_trace_add(trace, &sample), 0);
}

/* A sample of a whole frame: so much of [heap], of anonymous memory elsewhere, of huge pages in that. */
static void frame(struct pt_trace *trace, uint32_t process, double second, uint64_t heap, uint64_t anon, uint64_t huge)
{
	struct pt_amounts roles[PT_ROLE_N];
	struct pt_sample sample = {.process = process, .monotonic_ns = (uint64_t)(second * 1e9), .roles = roles};
	sample.realtime_ns = sample.monotonic_ns + 1000 * SECOND;
	for (int q = 0; q < PT_QUANTITY_N; q++) {
		sample.all.v[q] = (struct pt_maybe){.known = true};
		for (int role = 0; role < PT_ROLE_N; role++)
			roles[role].v[q] = (struct pt_maybe){.known = true};
	}
	roles[PT_ROLE_HEAP].v[PT_QUANTITY_ANON].value = roles[PT_ROLE_HEAP].v[PT_QUANTITY_RSS].value = heap;
	roles[PT_ROLE_ANON].v[PT_QUANTITY_ANON].value = roles[PT_ROLE_ANON].v[PT_QUANTITY_RSS].value = anon;
	roles[PT_ROLE_ANON].v[PT_QUANTITY_THP].value = sample.all.v[PT_QUANTITY_THP].value = huge;
	sample.all.v[PT_QUANTITY_ANON].value = sample.all.v[PT_QUANTITY_RSS].value = heap + anon;
	sample.all.v[PT_QUANTITY_VMAS].value = 40;
	assert_int_equal(pt_trace_add(trace, &sample), 0);
}

static void mark(struct pt_trace *trace, const char *label, double second)
{
	struct pt_trace_mark m = {.monotonic_ns = (uint64_t)(second * 1e9)};
	snprintf(m.label, sizeof(m.label), "%s", label);
	assert_int_equal(pt_trace_mark(trace, &m), 0);
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

static struct pt_judgement judge(const struct pt_trace *trace, const char *text)
{
	struct pt_assert *a;
	struct pt_assert_error error;
	struct pt_judgement judgement;
	if (pt_assert_parse(text, &a, &error))
		fail_msg("%s\n%*s^ %s", text, (int)error.at, "", error.message);
	assert_int_equal(pt_assert_judge(a, trace, &judgement), 0);
	pt_assert_free(a);
	return judgement;
}

static void comes_to(const struct pt_trace *trace, const char *text, enum pt_answer answer)
{
	struct pt_judgement j = judge(trace, text);
	if (j.answer != answer)
		fail_msg("%s: expected %s, found %s (%s)", text, pt_answer_name(answer), pt_answer_name(j.answer),
			 j.why);
	if (j.answer == PT_ANSWER_UNDECIDED)
		assert_true(j.why[0]);
	else
		assert_string_equal(j.why, "");
	pt_judgement_free(&j);
}

static void is_undecided(const struct pt_trace *trace, const char *text, const char *why)
{
	struct pt_judgement j = judge(trace, text);
	if (j.answer != PT_ANSWER_UNDECIDED || !strstr(j.why, why))
		fail_msg("%s: expected undecided: %s\nfound %s: %s", text, why, pt_answer_name(j.answer), j.why);
	pt_judgement_free(&j);
}

/* What a value is, by two comparisons that hold it between them. */
static void is(const struct pt_trace *trace, const char *value, double expected)
{
	char text[200];
	snprintf(text, sizeof(text), "%s < 1B", value);
	struct pt_judgement j = judge(trace, text);
	assert_int_equal(j.n_findings, 1);
	if (fabs(j.findings[0].low - expected) > 1e-6 || fabs(j.findings[0].high - expected) > 1e-6)
		fail_msg("%s: expected %g, found %g..%g", value, expected, j.findings[0].low, j.findings[0].high);
	pt_judgement_free(&j);
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* One process: 10, 20, 50, 30, 30 MiB at 1..5 s; "warm" at 2.1 s, "b" at 4 s. */
static struct pt_trace *simple_trace(void)
{
	static const uint64_t mib[] = {10, 20, 50, 30, 30};
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "server", 1, 0);
	for (size_t i = 0; i < 5; i++)
		counters(trace, p, 1 + (double)i, mib[i] * MIB - MIB, MIB);
	mark(trace, "warm", 2.1);
	mark(trace, "b", 4);
	trace->ended_ns = 5 * SECOND;
	return trace;
}

static void every_function_by_hand(void **arg)
{
	struct pt_trace *trace = simple_trace();
	(void)arg;
	is(trace, "peak(rss)", 50.0 * MIB);
	is(trace, "peak(anon)", 49.0 * MIB);
	is(trace, "min(rss)", 10.0 * MIB);
	is(trace, "final(rss)", 30.0 * MIB);
	is(trace, "mean(rss)", 27.5 * MIB);
	is(trace, "at(\"warm\", rss)", 20.0 * MIB);
	is(trace, "at(\"warm\"+500ms, rss)", 50.0 * MIB);
	is(trace, "at(start, rss)", 10.0 * MIB);
	is(trace, "at(end, rss)", 30.0 * MIB);
	is(trace, "peak(rss, \"b\"..end)", 30.0 * MIB);
	is(trace, "peak(rss, start..\"warm\")", 20.0 * MIB);
	is(trace, "mean(rss, \"warm\"..\"b\")", 50.0 * MIB);
	is(trace, "min(file)", 1.0 * MIB);
	is(trace, "peak(rss of root)", 50.0 * MIB);
	is(trace, "peak(rss of \"server\")", 50.0 * MIB);
	pt_trace_free(trace);
}

static void operators_hold(void **arg)
{
	struct pt_trace *trace = simple_trace();
	(void)arg;
	comes_to(trace, "final(rss) - at(\"warm\", rss) < 11M", PT_ANSWER_YES);
	comes_to(trace, "final(rss) - at(\"warm\", rss) < 10M", PT_ANSWER_NO);
	comes_to(trace, "final(rss) - at(\"warm\", rss) <= 10M", PT_ANSWER_YES);
	comes_to(trace, "final(rss) - at(\"warm\", rss) == 10240K", PT_ANSWER_YES);
	comes_to(trace, "final(rss) / peak(rss) == 60%", PT_ANSWER_YES);
	comes_to(trace, "-final(rss) < -29M", PT_ANSWER_YES);
	comes_to(trace, "2 * final(rss) - 3M * 4 > 47M", PT_ANSWER_YES);
	comes_to(trace, "2 * (final(rss) - 3M) * 4 > 47M", PT_ANSWER_YES);
	comes_to(trace, "rss < 51M", PT_ANSWER_YES);
	comes_to(trace, "rss < 50M", PT_ANSWER_NO);
	comes_to(trace, "50M >= rss", PT_ANSWER_YES);
	comes_to(trace, "rss > 10M", PT_ANSWER_NO);
	comes_to(trace, "9M < rss", PT_ANSWER_YES);
	comes_to(trace, "swap == 0", PT_ANSWER_YES);
	comes_to(trace, "swap != 0", PT_ANSWER_NO);
	comes_to(trace, "rss == 30M", PT_ANSWER_NO);
	comes_to(trace, "file == 1M and rss != 40M", PT_ANSWER_YES);
	comes_to(trace, "rss < 50M or swap == 0", PT_ANSWER_YES);
	comes_to(trace, "not rss < 50M and not swap > 0", PT_ANSWER_YES);
	comes_to(trace, "peak(file) == 256 pages", PT_ANSWER_YES);
	pt_trace_free(trace);
}

static void what_is_not_there_is_said(void **arg)
{
	struct pt_trace *trace = simple_trace();
	(void)arg;
	is_undecided(trace, "at(\"cold\", rss) < 1M", "there is no mark \"cold\"");
	is_undecided(trace, "at(\"warm\"#2, rss) < 1M", "fewer than 2 marks \"warm\"");
	is_undecided(trace, "peak(rss, \"b\"..\"warm\") < 1M", "ends before it begins");
	is_undecided(trace, "peak(rss of \"client\") < 1M", "no process \"client\"");
	is_undecided(trace, "vmas < 1000", "vmas was never read: the run was too short");
	is_undecided(trace, "final(rss) / final(swap) < 2", "is 0, or may be");
	is_undecided(trace, "plateau(rss)", "5 samples over 4 s: too few");
	is_undecided(trace, "slope(rss) < 1K/s", "5 samples");
	is_undecided(trace, "still_present(born(start..\"b\"), end) < 1M", "of 1 processes were not read");
	is_undecided(trace, "still_present(born(start..\"b\"), \"warm\") < 1M", "before the end of the range");
	/* what cannot be told does not stand in the way of what can */
	comes_to(trace, "at(\"cold\", rss) < 1M or rss > 1M", PT_ANSWER_YES);
	comes_to(trace, "at(\"cold\", rss) < 1M and rss < 1M", PT_ANSWER_NO);
	pt_trace_free(trace);
	trace = new_trace();
	is_undecided(trace, "rss < 1M", "there is no process");
	pt_trace_free(trace);
}

static void the_first_the_third_and_the_last_mark(void **arg)
{
	struct pt_trace *trace = simple_trace();
	(void)arg;
	mark(trace, "warm", 3);
	mark(trace, "warm", 5);
	is(trace, "at(\"warm\", rss)", 20.0 * MIB);
	is(trace, "at(\"warm\"#2, rss)", 50.0 * MIB);
	is(trace, "at(\"warm\"#3, rss)", 30.0 * MIB);
	is(trace, "at(\"warm\"#last, rss)", 30.0 * MIB);
	pt_trace_free(trace);
}

/* ---- sums over processes ---------------------------------------------------------------------------------------- */

static void processes_come_and_go(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t make = add_process(trace, "make", 1, 0), cc = add_process(trace, "cc1", 2, 4);
	(void)arg;
	for (int s = 1; s <= 6; s++)
		counters(trace, make, s, 10 * MIB, 0);
	counters(trace, cc, 2.01, 5 * MIB, 0); /* in the same round as make's */
	counters(trace, cc, 3.01, 70 * MIB, 0);
	trace->ended_ns = 6 * SECOND;
	is(trace, "peak(rss)", 80.0 * MIB);
	is(trace, "final(rss)", 10.0 * MIB);
	is(trace, "min(rss)", 10.0 * MIB);
	is(trace, "at(start+1s, rss)", 15.0 * MIB);
	is(trace, "peak(rss of \"cc1\")", 70.0 * MIB);
	is(trace, "final(rss of \"cc1\")", 70.0 * MIB);
	is(trace, "peak(rss of root)", 10.0 * MIB);
	pt_trace_free(trace);
}

static void the_kernels_peak_counts(void **arg)
{
	struct pt_trace *trace = simple_trace();
	(void)arg;
	trace->processes[0].peak_rss = (struct pt_maybe){90 * MIB, true};
	is(trace, "peak(rss)", 90.0 * MIB);
	is(trace, "peak(rss, start+1s..end)", 50.0 * MIB);
	is(trace, "peak(anon)", 49.0 * MIB);
	comes_to(trace, "rss < 60M", PT_ANSWER_NO);
	pt_trace_free(trace);
}

/* A name of 15 bytes is all that the kernel keeps. */
static void long_names_are_cut(void **arg)
{
	struct pt_trace *trace = new_trace();
	(void)arg;
	uint32_t p = add_process(trace, "a-rather-long-n", 1, 0);
	counters(trace, p, 1, MIB, 0);
	is(trace, "peak(rss of \"a-rather-long-name\")", 1.0 * MIB);
	pt_trace_free(trace);
}

/* Of roles nothing is known before the first frame, but that they hold no more than all does. */
static void counters_bound_what_was_not_read(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t sh = add_process(trace, "sh", 1, 0), brief = add_process(trace, "brief", 3, 4);
	(void)arg;
	for (int s = 1; s <= 6; s++)
		frame(trace, sh, s, MIB, 2 * MIB, 0);
	counters(trace, brief, 3.1, 8 * MIB, 0);
	counters(trace, brief, 3.6, 6 * MIB, 0);
	comes_to(trace, "peak(heap.anon) < 12M", PT_ANSWER_YES);
	comes_to(trace, "peak(heap.anon) < 3M", PT_ANSWER_NO);
	is_undecided(trace, "peak(heap.anon) < 10M", "not known of 1 of 2 processes, which ended before");
	is_undecided(trace, "peak(thp) < 1M", "thp is not known of 1 of 2");
	comes_to(trace, "peak(heap.anon of root) < 4M", PT_ANSWER_YES);
	comes_to(trace, "final(heap.anon) == 3M", PT_ANSWER_YES);
	comes_to(trace, "brk.anon of \"sh\" == 1M", PT_ANSWER_YES);
	is_undecided(trace, "vmas < 1000", "vmas is not known");
	comes_to(trace, "vmas < 40", PT_ANSWER_NO);
	pt_trace_free(trace);
}

/* A frame has pages that were read some time ago. */
static void counters_go_before_frames(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "x", 1, 0);
	(void)arg;
	for (int i = 1; i < 5; i++) {
		counters(trace, p, i, 10 * MIB, 0);
		frame(trace, p, i + 0.5, 3 * MIB, MIB, 0);
	}
	is(trace, "min(rss)", 10.0 * MIB);
	is(trace, "final(anon)", 10.0 * MIB);
	is(trace, "final(heap.anon)", 4.0 * MIB);
	comes_to(trace, "vmas == 40", PT_ANSWER_YES);
	pt_trace_free(trace);
}

/* Of a process without a frame they were counted; where there are frames, these say it. */
static void counted_vmas_give_way_to_frames(void **arg)
{
	(void)arg;
	struct pt_trace *trace = new_trace();
	uint32_t brief = add_process(trace, "brief", 1, 3), framed = add_process(trace, "framed", 1, 0);
	for (unsigned i = 1; i < 6; i++) {
		struct pt_sample sample = {.process = i < 3 ? brief : framed, .monotonic_ns = i * SECOND};
		sample.all.v[PT_QUANTITY_RSS] = (struct pt_maybe){MIB, true};
		sample.all.v[PT_QUANTITY_VMAS] = (struct pt_maybe){7, i < 4};
		assert_int_equal(pt_trace_add(trace, &sample), 0);
	}
	frame(trace, framed, 4.5, MIB, 0, 0);
	comes_to(trace, "vmas <= 40", PT_ANSWER_YES);
	comes_to(trace, "peak(vmas of \"brief\") == 7", PT_ANSWER_YES);
	comes_to(trace, "at(start + 2s, vmas) == 7", PT_ANSWER_YES);
	comes_to(trace, "final(vmas) == 40", PT_ANSWER_YES);
	pt_trace_free(trace);
}

/* It was seen when it had no memory any more, and holds none. */
static void what_is_seen_ending_holds_nothing(void **arg)
{
	struct pt_trace *trace = simple_trace();
	struct pt_sample sample = {.process = add_process(trace, "brief", 2, 3), .monotonic_ns = 2 * SECOND};
	(void)arg;
	assert_int_equal(pt_trace_add(trace, &sample), 0);
	sample.process = 0; /* and so does the command, at its end, whose last sample is the one before */
	sample.monotonic_ns = 5 * SECOND + 1;
	assert_int_equal(pt_trace_add(trace, &sample), 0);
	is(trace, "peak(rss)", 50.0 * MIB);
	is(trace, "final(rss)", 30.0 * MIB);
	is_undecided(trace, "peak(rss of \"brief\") < 1M", "nothing is known of rss");
	pt_trace_free(trace);
}

/* The kernel does not count shared memory that is swapped; frames do. */
static void swap_of_counters_gives_way_to_frames(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "x", 1, 0);
	(void)arg;
	counters(trace, p, 1, MIB, 0);
	frame(trace, p, 2, MIB, 0, 0);
	trace->samples[1].all.v[PT_QUANTITY_SWAP].value = 3 * MIB;
	counters(trace, p, 3, MIB, 0);
	is(trace, "final(swap)", 3.0 * MIB);
	is(trace, "min(swap)", 0);
	pt_trace_free(trace);
}

static void shares_of_huge_pages(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "x", 1, 0);
	(void)arg;
	frame(trace, p, 1, 2 * MIB, 6 * MIB, 0);
	frame(trace, p, 2, 2 * MIB, 6 * MIB, 4 * MIB);
	frame(trace, p, 3, 2 * MIB, 6 * MIB, 4 * MIB);
	mark(trace, "late", 3);
	comes_to(trace, "thp_share(heap) == 25%", PT_ANSWER_YES);
	comes_to(trace, "thp_share(heap, \"late\") == 0.5", PT_ANSWER_YES);
	comes_to(trace, "thp_share(all, start+1s..end) > 49%", PT_ANSWER_YES);
	comes_to(trace, "thp_share(brk) == 0", PT_ANSWER_YES);
	is_undecided(trace, "thp_share(stack) > 10%", "no anonymous memory");
	pt_trace_free(trace);
}

/* ---- trends ----------------------------------------------------------------------------------------------------- */

static struct pt_trace *growing_trace(unsigned samples, uint64_t from, uint64_t by)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "leaky", 1, 0);
	for (unsigned i = 0; i < samples; i++)
		counters(trace, p, 1.0 + i, from + i * by + (i * 7919 % 13) * 4 * KIB, MIB);
	trace->ended_ns = trace->samples[trace->n_samples - 1].monotonic_ns;
	mark(trace, "warm", 10);
	return trace;
}

/* What comes to rest after its start: what was before the mark counts. */
static void lumps_after_a_warm_up_are_undecided(void **arg)
{
	(void)arg;
	struct pt_trace *trace = new_trace();
	uint32_t process = add_process(trace, "heap", 1, 0);
	uint64_t lumps = 0;
	mark(trace, "warm", 5.5);
	for (unsigned s = 1; s <= 65; s++) {
		lumps += s > 5 && (s * s % 13 == 1 || s % 17 == 3) ? 1u << 20 : 0;
		counters(trace, process, s, (s < 5 ? s * 20u : 100u) * (1u << 20) + lumps + s % 2 * 4096, 1u << 20);
	}
	is_undecided(trace, "plateau(anon, \"warm\"..end)", "it rose by");
	is_undecided(trace, "slope(anon, \"warm\"..end) < 10K/s", "in lumps and by less than before");
	struct pt_judgement j = judge(trace, "plateau(anon, \"warm\"..end)");
	assert_in_range(j.need_ns, 60 * SECOND, 1000 * SECOND);
	pt_judgement_free(&j);
	pt_trace_free(trace);
}

static void growth_and_none(void **arg)
{
	struct pt_trace *leak = growing_trace(120, 10 * MIB, 50 * KIB), *flat = growing_trace(120, 10 * MIB, 0);
	(void)arg;
	comes_to(leak, "plateau(anon)", PT_ANSWER_NO);
	comes_to(leak, "plateau(anon, \"warm\"..end)", PT_ANSWER_NO);
	comes_to(leak, "slope(anon) < 10K/s", PT_ANSWER_NO);
	comes_to(leak, "slope(anon, \"warm\"..end) < 100K/s", PT_ANSWER_YES);
	comes_to(leak, "slope(rss) * 1min < 6M and slope(rss) > 2M/min", PT_ANSWER_YES);
	comes_to(leak, "plateau(file)", PT_ANSWER_YES);
	comes_to(flat, "plateau(anon)", PT_ANSWER_YES);
	comes_to(flat, "slope(anon) < 10K/s", PT_ANSWER_YES);
	struct pt_judgement j = judge(leak, "slope(anon) < 10K/s");
	assert_int_equal(j.n_findings, 1);
	assert_true(j.findings[0].has_trend);
	assert_int_equal(j.findings[0].unit, PT_UNIT_BYTES_A_SECOND);
	assert_int_equal(j.findings[0].trend.kind, PT_TREND_GROWING);
	assert_true(fabs(j.findings[0].low / KIB - 50) < 5 && j.findings[0].low == j.findings[0].high);
	assert_true(j.findings[0].trend.low <= 50.0 * KIB && j.findings[0].trend.high >= 50.0 * KIB);
	pt_judgement_free(&j);
	pt_trace_free(leak);
	pt_trace_free(flat);
}

static void too_little_says_how_long(void **arg)
{
	struct pt_trace *trace = growing_trace(12, 10 * MIB, 0);
	(void)arg;
	struct pt_judgement j = judge(trace, "plateau(anon)");
	assert_int_equal(j.answer, PT_ANSWER_UNDECIDED);
	assert_true(j.need_ns > 20 * SECOND);
	pt_judgement_free(&j);
	pt_trace_free(trace);
}

/* ---- what grew -------------------------------------------------------------------------------------------------- */

#define MAPS                                                                                                           \
	"10000000-10100000 rw-p 00000000 00:00 0 [heap]\n"                                                             \
	"20000000-20100000 rw-p 00000000 00:00 0 \n"                                                                   \
	"50000000-50010000 r-xp 00001000 fe:00 7 /lib/libc.so.6\n"

/* Ten frames, one a second from 1 s on: the heap grows by 3 pages a frame from the 5th on; the rest stays. */
static struct scripted_past *growing_past(struct pt_trace *trace, uint32_t process)
{
	struct scripted_past *past = scripted_past_new();
	struct pt_amounts all, roles[PT_ROLE_N];
	for (unsigned i = 1; i <= 10; i++) {
		struct program program = {MAPS, {4 + (i > 4 ? 3 * (i - 4) : 0), 8, 2}, 5000, 1};
		struct pt_snapshot *s = program_snapshot(&program);
		s->seq = i;
		s->monotonic_ns = i * SECOND;
		s->realtime_ns = (1000 + i) * SECOND;
		pt_amounts_of(s, &all, roles);
		struct pt_sample sample = {.process = process, .all = all, .roles = roles};
		sample.realtime_ns = s->realtime_ns;
		sample.monotonic_ns = s->monotonic_ns;
		assert_int_equal(pt_trace_add(trace, &sample), 0);
		scripted_past_push(past, s);
		pt_snapshot_unref(s);
	}
	trace->processes[process].past = &past->past;
	trace->ended_ns = 10 * SECOND;
	return past;
}

static void a_failure_says_what_grew(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "leaky", 1, 0);
	struct scripted_past *past = growing_past(trace, p);
	(void)arg;
	mark(trace, "warm", 3);
	struct pt_judgement j = judge(trace, "final(rss) - at(\"warm\", rss) < 17 pages");
	assert_int_equal(j.answer, PT_ANSWER_NO);
	assert_int_equal(j.from_ns, 3 * SECOND);
	assert_int_equal(j.to_ns, 10 * SECOND);
	assert_int_equal(j.grown.n, 1);
	assert_int_equal(j.grown.v[0].start, 0x10000000);
	assert_int_equal(j.grown.v[0].role, PT_ROLE_HEAP);
	assert_int_equal(j.grown.v[0].pages, 18);
	assert_int_equal(j.grown.v[0].began_ns, 4 * SECOND);
	assert_int_equal(j.grown.v[0].began_realtime, 1004 * SECOND);
	assert_string_equal(j.grown.v[0].path, "[heap]");
	pt_judgement_free(&j);

	j = judge(trace, "peak(file.rss) < 1 page"); /* what is there since the start; of this role alone */
	assert_int_equal(j.answer, PT_ANSWER_YES);
	assert_int_equal(j.grown.n, 0);
	pt_judgement_free(&j);
	j = judge(trace, "peak(heap.rss) < 1 page and rss < 1G");
	assert_int_equal(j.grown.n, 1);
	assert_int_equal(j.grown.v[0].pages, 18);
	pt_judgement_free(&j);
	scripted_past_free(past);
	pt_trace_free(trace);
}

/* What a process holds that began in between all grew. */
static void all_of_a_new_process_grew(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t sh = add_process(trace, "sh", 1, 0), p = add_process(trace, "leaky", 1, 0);
	(void)arg;
	counters(trace, sh, 1, MIB, 0);
	counters(trace, sh, 10, MIB, 0);
	struct scripted_past *past = growing_past(trace, p);
	trace->processes[p].began_ns = 5 * SECOND / 2;
	trace->began_ns = SECOND / 2;
	struct pt_judgement j = judge(trace, "rss < 4K");
	assert_int_equal(j.answer, PT_ANSWER_NO);
	assert_int_equal(j.grown.unseen, 1);
	assert_int_equal(j.grown.n, 3);
	assert_int_equal(j.grown.v[0].process, p);
	assert_int_equal(j.grown.v[0].pages, 22);
	assert_int_equal(j.grown.v[1].pages, 8);
	assert_int_equal(j.grown.v[2].pages, 2);
	pt_judgement_free(&j);
	scripted_past_free(past);
	pt_trace_free(trace);
}

/* And of one that was watched from its first moment on, though its pages were read later. */
static void all_of_the_command_grew(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "leaky", 0, 0);
	(void)arg;
	trace->began_ns = trace->processes[p].began_ns = SECOND / 2;
	counters(trace, p, 0.5, 4096, 0);
	struct scripted_past *past = growing_past(trace, p);
	struct pt_judgement j = judge(trace, "heap.rss < 4K");
	assert_int_equal(j.grown.n, 2);
	assert_int_equal(j.grown.v[0].pages, 22);
	pt_judgement_free(&j);
	trace->samples[0].frame = true; /* it ran already */
	j = judge(trace, "heap.rss < 4K");
	assert_int_equal(j.grown.n, 1);
	assert_int_equal(j.grown.v[0].pages, 18);
	pt_judgement_free(&j);
	scripted_past_free(past);
	pt_trace_free(trace);
}

static void pages_by_when_they_were_born(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "leaky", 1, 0);
	struct scripted_past *past = growing_past(trace, p);
	(void)arg;
	mark(trace, "a", 5);
	mark(trace, "b", 7);
	mark(trace, "c", 7.5);
	comes_to(trace, "still_present(born(\"a\"..\"b\"), end) == 6 pages", PT_ANSWER_YES);
	comes_to(trace, "still_present(born(start..\"a\"), end) == 3 pages", PT_ANSWER_YES);
	comes_to(trace, "still_present(born(\"a\"..\"b\"), end, heap) < 7 pages", PT_ANSWER_YES);
	comes_to(trace, "still_present(born(\"a\"..\"b\"), end, file) == 0", PT_ANSWER_YES);
	is_undecided(trace, "still_present(born(\"a\"..\"b\"), end, heap of \"sh\") == 0", "no process \"sh\"");
	/* between two frames */
	comes_to(trace, "still_present(born(\"a\"..\"c\"), end) >= 6 pages", PT_ANSWER_YES);
	comes_to(trace, "still_present(born(\"a\"..\"c\"), end) <= 9 pages", PT_ANSWER_YES);
	is_undecided(trace, "still_present(born(\"a\"..\"c\"), end) < 8 pages", "between two frames");
	struct pt_judgement j = judge(trace, "still_present(born(\"a\"..\"b\"), end) < 6 pages");
	assert_int_equal(j.answer, PT_ANSWER_NO);
	assert_int_equal(j.findings[0].unit, PT_UNIT_PAGES);
	assert_int_equal(j.grown.n, 1);
	assert_int_equal(j.grown.v[0].start, 0x10000000);
	assert_int_equal(j.grown.v[0].pages, 6);
	pt_judgement_free(&j);
	scripted_past_free(past);
	pt_trace_free(trace);
}

/* Heaps: of process 0 at each mark as many bytes are leaked as the mark has seconds; of process 1 it is not known. */
static bool leaked_at(void *arg, size_t process, uint64_t at_ns, double *ret_bytes, char *why, size_t size)
{
	(void)arg;
	*ret_bytes = (double)at_ns / SECOND;
	snprintf(why, size, "nobody knows");
	return process == 0;
}

static bool still_at(void *arg, size_t process, const uint64_t at_ns[3], double *ret_objects, char *why, size_t size)
{
	(void)arg;
	(void)process;
	(void)why;
	(void)size;
	*ret_objects = (double)(100 * at_ns[0] + 10 * at_ns[1] + at_ns[2]) / SECOND;
	return true;
}

static void heaps_at_marks(void **arg)
{
	static const struct pt_trace_heaps heaps = {.leaked = leaked_at, .still = still_at};
	struct pt_trace *trace = new_trace();
	(void)arg;
	add_process(trace, "leaky", 1, 0);
	mark(trace, "a", 5);
	mark(trace, "b", 7);
	mark(trace, "c", 9);
	is_undecided(trace, "leaked(\"a\") == 0", "nobody looked at heaps");
	trace->heaps = &heaps;
	comes_to(trace, "leaked(\"a\") == 5B", PT_ANSWER_YES);
	comes_to(trace, "leaked(\"b\") == 0", PT_ANSWER_NO);
	comes_to(trace, "leaked(\"c\" of \"leaky\") - leaked(\"a\") == 4B", PT_ANSWER_YES);
	comes_to(trace, "objects_still(born(\"a\"..\"b\"), \"c\") == 579", PT_ANSWER_YES);
	is_undecided(trace, "leaked(\"d\") == 0", "no mark \"d\"");
	is_undecided(trace, "objects_still(born(\"a\"..\"c\"), \"b\") == 0", "before the end of the range");
	add_process(trace, "other", 6, 0); /* not there at the first mark */
	comes_to(trace, "leaked(\"a\") == 5B", PT_ANSWER_YES);
	is_undecided(trace, "leaked(\"b\") == 7B", "nobody knows");
	comes_to(trace, "leaked(\"b\") < 7B", PT_ANSWER_NO); /* it is no less than that in any case */
	comes_to(trace, "leaked(\"b\" of \"leaky\") == 7B", PT_ANSWER_YES);
	pt_trace_free(trace);
}

/* A past that cannot be read is an error, not an answer. */
static void a_broken_past_is_an_error(void **arg)
{
	struct pt_trace *trace = new_trace();
	uint32_t p = add_process(trace, "leaky", 1, 0);
	struct scripted_past *past = growing_past(trace, p);
	struct pt_assert *a;
	struct pt_assert_error error;
	struct pt_judgement j;
	(void)arg;
	past->at_error = -EBADMSG;
	assert_int_equal(pt_assert_parse("still_present(born(start..end), end) < 6 pages", &a, &error), 0);
	assert_int_equal(pt_assert_judge(a, trace, &j), -EBADMSG);
	pt_assert_free(a);
	assert_int_equal(pt_assert_parse("rss < 1B", &a, &error), 0);
	assert_int_equal(pt_assert_judge(a, trace, &j), -EBADMSG);
	pt_assert_free(a);
	scripted_past_free(past);
	pt_trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_by_hand),
		cmocka_unit_test(operators_hold),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(the_first_the_third_and_the_last_mark),
		cmocka_unit_test(processes_come_and_go),
		cmocka_unit_test(the_kernels_peak_counts),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(counters_bound_what_was_not_read),
		cmocka_unit_test(counters_go_before_frames),
		cmocka_unit_test(what_is_seen_ending_holds_nothing),
		cmocka_unit_test(swap_of_counters_gives_way_to_frames),
		cmocka_unit_test(shares_of_huge_pages),
		cmocka_unit_test(counted_vmas_give_way_to_frames),
		cmocka_unit_test(lumps_after_a_warm_up_are_undecided),
		cmocka_unit_test(growth_and_none),
		cmocka_unit_test(too_little_says_how_long),
		cmocka_unit_test(a_failure_says_what_grew),
		cmocka_unit_test(all_of_a_new_process_grew),
		cmocka_unit_test(all_of_the_command_grew),
		cmocka_unit_test(pages_by_when_they_were_born),
		cmocka_unit_test(heaps_at_marks),
		cmocka_unit_test(a_broken_past_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
