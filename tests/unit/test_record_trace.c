/*
 * Traces out of recordings: what was sampled and what the snapshots that were written sum up to, by process and by role;
 * marks and ends; what a tree tells its sink.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/record/trace.h"
#include "core/record/treetap.h"
#include "tests/support/rounds.h"
#include "tests/support/tape.h"

#define N      3
#define SECOND 1000000000ull

static void expect_amounts(const struct pt_amounts *got, const struct pt_amounts *wanted)
{
	for (int q = 0; q < PT_QUANTITY_N; q++) {
		assert_int_equal(got->v[q].known, wanted->v[q].known);
		if (wanted->v[q].known)
			assert_int_equal(got->v[q].value, wanted->v[q].value);
	}
}

static void expect_sample(const struct pt_sample *sample, const struct pt_snapshot *s)
{
	struct pt_amounts all, roles[PT_ROLE_N];
	pt_amounts_of(s, &all, roles);
	assert_int_equal(sample->realtime_ns, s->realtime_ns);
	assert_int_equal(sample->monotonic_ns, s->monotonic_ns);
	expect_amounts(&sample->all, &all);
	assert_non_null(sample->roles);
	for (int role = 0; role < PT_ROLE_N; role++)
		expect_amounts(&sample->roles[role], &roles[role]);
}

static void open_trace(const struct tape *t, struct pt_record_trace *ret)
{
	char message[300];
	if (pt_record_trace_open(t->path, ret, message, sizeof(message)) < 0)
		fail_msg("%s", message);
}

static void a_trace_is_the_sums_of_the_frames(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(20); seed++) {
		struct pt_record_trace r;
		struct tape t;
		tape_make(&t, seed);
		open_trace(&t, &r);
		assert_int_equal(r.trace->n_processes, 1);
		assert_int_equal(r.trace->processes[0].pid, 100);
		assert_int_equal(r.trace->n_samples, TAPE_FRAMES);
		for (size_t i = 0; i < TAPE_FRAMES; i++)
			expect_sample(&r.trace->samples[i], t.frames[i]);
		assert_int_equal(r.trace->began_ns, t.frames[0]->monotonic_ns);
		assert_int_equal(r.trace->ended_ns, t.frames[TAPE_FRAMES - 1]->monotonic_ns);
		assert_int_equal(r.trace->interval_ns, SECOND);
		pt_record_trace_close(&r);
		tape_end(&t);
	}
}

/* Frames of several processes, mixed with samples. */
static void each_process_has_its_own_samples(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {.interval_ns = SECOND / 10};
	struct pt_record_trace r;
	struct made made[N];
	struct tape t;
	size_t of[TAPE_FRAMES], frames = 0, samples = 0;
	tape_open(&t, 1, &options);
	for (size_t i = 0; i < N; i++) {
		made_init(&made[i], i + 1, 200);
		made[i].pid = (pid_t)(200 + i);
	}
	while (t.n < TAPE_FRAMES) {
		of[t.n] = made_random(&t.made, N);
		made[of[t.n]].seq = t.n + 1;
		struct pt_snapshot *s = made_next(&made[of[t.n]]);
		t.frames[t.n++] = s;
		assert_int_equal(pt_writer_frame(t.writer, s), 0);
		const struct pt_recorded other = {.pid = (pid_t)(200 + made_random(&t.made, N + 1)), .name = "made"};
		const struct pt_recorded *processes[] = {&other};
		struct pt_recorded_sample sample = {
			.realtime_ns = s->realtime_ns + 5, .monotonic_ns = s->monotonic_ns + 5, .rss = {t.n, true}};
		assert_int_equal(pt_writer_samples(t.writer, processes, &sample, 1), 0);
	}
	open_trace(&t, &r);
	assert_int_equal(r.trace->n_processes, N + 1);
	assert_int_equal(r.trace->n_samples, 2 * TAPE_FRAMES);
	assert_int_equal(r.trace->interval_ns, SECOND / 10);
	for (size_t i = 0; i < r.trace->n_samples; i++) {
		const struct pt_sample *sample = &r.trace->samples[i];
		pid_t pid = r.trace->processes[sample->process].pid;
		if (sample->roles) {
			assert_int_equal(pid, 200 + of[frames]);
			expect_sample(sample, t.frames[frames++]);
		} else {
			assert_int_equal(sample->all.v[PT_QUANTITY_RSS].value, ++samples);
			assert_false(sample->all.v[PT_QUANTITY_ANON].known);
			assert_false(sample->all.v[PT_QUANTITY_VMAS].known);
		}
	}
	for (size_t i = 0; i <= N; i++) {
		struct pt_past *past = r.trace->processes[i].past;
		size_t n = 0;
		for (size_t k = 0; k < TAPE_FRAMES; k++)
			n += 200 + of[k] == (size_t)r.trace->processes[i].pid;
		assert_int_equal(past ? past->ops->count(past) : 0, n);
	}
	pt_record_trace_close(&r);
	for (size_t i = 0; i < N; i++)
		made_end(&made[i]);
	tape_end(&t);
}

static void marks_and_ends_are_on_its_clock(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct pt_record_trace r;
	struct tape t;
	tape_open(&t, 1, &options);
	for (int i = 0; i < 5; i++)
		tape_frame(&t);
	assert_int_equal(pt_writer_mark(t.writer, t.frames[2]->realtime_ns + 7, 4711, "warm"), 0);
	assert_int_equal(pt_writer_mark(t.writer, t.frames[0]->realtime_ns - 3, 0, "before"), 0);
	assert_int_equal(pt_writer_end(t.writer, t.frames[4]->realtime_ns + 9), 0);
	open_trace(&t, &r);
	assert_int_equal(r.trace->n_marks, 2);
	assert_string_equal(r.trace->marks[0].label, "before");
	assert_int_equal(r.trace->marks[0].monotonic_ns, t.frames[0]->monotonic_ns - 3);
	assert_int_equal(r.trace->marks[1].pid, 4711);
	assert_int_equal(r.trace->marks[1].monotonic_ns, t.frames[2]->monotonic_ns + 7);
	assert_int_equal(r.trace->processes[0].ended_ns, t.frames[4]->monotonic_ns + 9);
	assert_int_equal(r.trace->ended_ns, t.frames[4]->monotonic_ns + 9);
	pt_record_trace_close(&r);
	tape_end(&t);
}

static void what_cannot_be_a_trace_is_said(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct pt_record_trace r;
	struct tape t;
	char message[300];
	sqlite3 *db;
	tape_open(&t, 1, &options);
	assert_int_equal(pt_record_trace_open(t.path, &r, message, sizeof(message)), -ENODATA);
	assert_non_null(strstr(message, "nothing has been recorded yet"));
	pt_record_trace_close(&r);
	tape_frame(&t);
	assert_int_equal(sqlite3_open(t.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE vma SET role = 'none'", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(pt_record_trace_open(t.path, &r, message, sizeof(message)), -EBADMSG);
	assert_non_null(strstr(message, "damaged"));
	/* out of order, for ever, never: it is read somehow */
	assert_int_equal(sqlite3_exec(db,
				      "UPDATE vma SET role = 'heap', since_frame = 50, until_frame = 3; "
				      "UPDATE vma_sum SET frame = frame - 9223372036854775807, rss = 'x', anon = -1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(pt_record_trace_open(t.path, &r, message, sizeof(message)), 0);
	pt_record_trace_close(&r);
	sqlite3_close(db);
	tape_end(&t);
}

/* ---- a tree ----------------------------------------------------------------------------------------------------- */

static void what_a_tree_tells_is_in_the_trace(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct pt_tree_process root = {.pid = 100, .parent = 1, .seen_ns = SECOND / 2};
	struct pt_tree_process child = {.id = 1, .pid = 300, .parent = 100, .start_time = 5, .seen_ns = 2 * SECOND};
	struct pt_recorder *recorder;
	struct pt_record_trace r;
	struct tape t;
	tape_open(&t, 1, &options);
	assert_int_equal(pt_recorder_new(&recorder, t.writer, NULL), 0);
	t.writer = NULL;
	const struct pt_tree_sink sink = pt_treetap_sink(recorder);
	snprintf(root.counters.name, sizeof(root.counters.name), "make");
	sink.began(sink.arg, &root);
	root.counters.rss_anon = root.counters.rss_file = root.counters.rss_shmem = (struct pt_maybe){4096, true};
	root.counters.swap = root.counters.hugetlb = root.counters.mapped = (struct pt_maybe){8192, true};
	sink.sampled(sink.arg, &root, 1001 * SECOND - 1, SECOND - 1);
	struct pt_snapshot *s = made_next(&t.made);
	t.frames[t.n++] = s;
	sink.frame(sink.arg, &root, s);
	sink.began(sink.arg, &child);
	snprintf(child.counters.name, sizeof(child.counters.name), "cc1");
	child.counters.mapped = (struct pt_maybe){77, true};
	for (uint64_t i = 0; i < 1000; i++) /* more than the queue of frames has room for */
		sink.sampled(sink.arg, &child, 1002 * SECOND + i, 2 * SECOND + i);
	child.counters = (struct pt_process){.name = "cc1", .peak_rss = {99, true}};
	sink.sampled(sink.arg, &child, 1003 * SECOND, 3 * SECOND); /* a zombie */
	child.ended_ns = 4 * SECOND;
	child.exit_status = (struct pt_maybe){9, true};
	sink.ended(sink.arg, &child);
	pt_recorder_stop(recorder);
	pt_recorder_free(recorder);
	open_trace(&t, &r);
	assert_int_equal(r.trace->n_processes, 2);
	assert_string_equal(r.trace->processes[0].name, "made"); /* as its frame had it */
	assert_int_equal(r.trace->processes[0].began_ns, SECOND / 2);
	assert_int_equal(r.trace->began_ns, SECOND / 2);
	assert_int_equal(r.trace->processes[0].ended_ns, 0);
	assert_string_equal(r.trace->processes[1].name, "cc1");
	assert_int_equal(r.trace->processes[1].parent, 100);
	assert_int_equal(r.trace->processes[1].ended_ns, 4 * SECOND);
	assert_int_equal(r.trace->processes[1].exit_status.value, 9);
	assert_int_equal(r.trace->processes[1].peak_rss.value, 99);
	assert_null(r.trace->processes[1].past);
	assert_int_equal(r.trace->n_samples, 1002);
	struct pt_amounts all;
	pt_amounts_of_process(&root.counters, &all);
	assert_int_equal(all.v[PT_QUANTITY_RSS].value, 3 * 4096);
	expect_amounts(&r.trace->samples[0].all, &all);
	expect_sample(&r.trace->samples[1], s);
	assert_int_equal(r.trace->samples[2].all.v[PT_QUANTITY_SIZE].value, 77);
	pt_record_trace_close(&r);
	tape_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_is_the_sums_of_the_frames), cmocka_unit_test(each_process_has_its_own_samples),
		cmocka_unit_test(marks_and_ends_are_on_its_clock),   cmocka_unit_test(what_cannot_be_a_trace_is_said),
		cmocka_unit_test(what_a_tree_tells_is_in_the_trace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
