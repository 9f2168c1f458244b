/*
 * The fault screen on a recording: what there was up to the moment shown, or between two; forth and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/record/faults.h"
#include "core/record/replay.h"
#include "tests/support/faulted.h"
#include "tests/support/stage.h"

#define SECOND 1000000000ull
#define FRAMES 5

static struct stage *stage;
static char path[64];

/* So many times ten faults in the heap before the frame i, all but the first. */
static void put_faults(struct pt_writer *writer, struct faulted *f, const struct pt_snapshot *s, unsigned i)
{
	const struct pt_joined fault = {.pid = STAGE_PID,
					.weight = 10 * i,
					.kind = PT_FAULT_FIRST_TOUCH,
					.has_vma = true,
					.vma_start = 0x55d10000a000,
					.vma_end = 0x55d10000a000 + 0x1000,
					.stack = 1};
	if (!i)
		return;
	pt_fault_steps_add(f->steps, &fault, fault.weight * 4096);
	f->totals.minor += fault.weight;
	f->now_ns = s->monotonic_ns - SECOND; /* faulted_step adds one */
	struct pt_fault_step *step = faulted_step(f, s);
	step->start_time = s->process.start_time;
	assert_int_equal(pt_writer_faults(writer, step), 0);
	pt_fault_step_unref(step);
}

static void record(bool with_faults)
{
	const struct pt_record_options options = {0};
	struct pt_writer *writer;
	struct faulted faulted;
	char message[200], folder[] = "/tmp/pagetop-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/r", folder);
	assert_int_equal(pt_writer_open(path, &options, &writer, message, sizeof message), 0);
	struct stage *live = stage_open(STAGE_PID, 130, 44);
	faulted_init(&faulted, 1, STAGE_PID);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct pt_snapshot *s = stage_snapshot(live);
		s->seq = i + 1;
		s->realtime_ns = (1000 + i) * SECOND;
		s->monotonic_ns = (500 + i) * SECOND;
		assert_int_equal(pt_writer_frame(writer, s), 0);
		if (with_faults)
			put_faults(writer, &faulted, s, i);
		pt_snapshot_unref(s);
	}
	faulted_end(&faulted);
	pt_writer_close(writer);
	stage_close(live);
}

static void begin(bool with_faults, uint64_t seq)
{
	struct pt_reader *reader;
	char message[200];
	record(with_faults);
	assert_int_equal(pt_reader_open(path, &reader, message, sizeof message), 0);
	stage = stage_replay(reader, seq, 130, 44);
	stage_expect(stage, "[heap]");
}

static int leave(void **arg)
{
	(void)arg;
	if (stage)
		stage_close(stage);
	stage = NULL;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return 0;
}

static void expect_moment(uint64_t seq)
{
	for (int tries = 0; tries < 1000 && stage->shell.target.now->seq != seq; tries++)
		stage_wait(stage);
	assert_int_equal(stage->shell.target.now->seq, seq);
}

static uint64_t events(void)
{
	return stage->shell.faults.view ? stage->shell.faults.view->all.events : UINT64_MAX;
}

static void expect_events(uint64_t want)
{
	for (int tries = 0; tries < 1000 && events() != want; tries++)
		stage_wait(stage);
	assert_int_equal(events(), want);
}

static void it_shows_what_there_was_up_to_the_moment(void **arg)
{
	(void)arg;
	begin(true, 3);
	stage_key(stage, 'P');
	stage_expect(stage, "FAULTS");
	expect_events(30);
	stage_expect(stage, "heap");
	stage_expect_not(stage, "faults watched");
	stage_key(stage, ')');
	expect_events(60);
	stage_type(stage, "T");
	expect_events(100);
	stage_type(stage, "(((");
	expect_events(10);
	stage_key(stage, '(');
	expect_events(0);
	stage_key(stage, 'q');
}

static void its_stacks_have_names(void **arg)
{
	(void)arg;
	begin(true, 5);
	stage_key(stage, 'P');
	expect_events(100);
	stage_key(stage, '4');
	stage_expect(stage, FAULTED_SECRET "::grow<1>(int)");
}

static void the_second_cursor_is_where_it_begins(void **arg)
{
	(void)arg;
	begin(true, 2);
	expect_moment(2);
	stage_key(stage, 'v');
	stage_type(stage, "))");
	expect_moment(4);
	stage_key(stage, 'P');
	expect_events(20 + 30);
	stage_type(stage, "(((");
	expect_events(10); /* before it: the other way round */
}

static void what_it_does_not_have_is_said(void **arg)
{
	(void)arg;
	begin(true, 5);
	stage_key(stage, 'P');
	expect_events(100);
	stage_key(stage, '2');
	stage_expect(stage, "keeps faults by VMA, kind and stack alone");
	stage_expect_not(stage, "o watch");
	stage_type(stage, "oa");
	stage_expect(stage, "those that were watched then");
	assert_true(events() == 100);
}

static void a_recording_without_faults_says_so(void **arg)
{
	(void)arg;
	begin(false, 3);
	stage_key(stage, 'P');
	stage_expect(stage, "page faults are not in it");
}

#define RECORDED(test) cmocka_unit_test_teardown(test, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDED(it_shows_what_there_was_up_to_the_moment), RECORDED(its_stacks_have_names),
		RECORDED(the_second_cursor_is_where_it_begins),     RECORDED(what_it_does_not_have_is_said),
		RECORDED(a_recording_without_faults_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
