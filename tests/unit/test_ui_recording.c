/*
 * The recording that the live screen makes: begun and ended by a key, what is in the file then, and what is said when
 * there cannot be one.
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
#include "tests/support/faulted.h"
#include "tests/support/scripted_faults.h"
#include "tests/support/stage.h"

static struct stage *stage;
static char folder[64], path[80];

static int enter(void **arg)
{
	(void)arg;
	snprintf(folder, sizeof folder, "/tmp/pagetop-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/r", folder);
	stage = stage_open(STAGE_PID, 130, 44);
	return 0;
}

static int leave(void **arg)
{
	(void)arg;
	stage_close(stage);
	unlink(path);
	rmdir(folder);
	return 0;
}

/* Asks for a recording in the file `path`, in place of the name that is offered. */
static void press_record(void)
{
	stage_key(stage, 'r');
	stage_expect(stage, "record to file:");
	stage_key(stage, UI_CTRL('u'));
	stage_type(stage, path);
	stage_key(stage, UI_KEY_ENTER);
}

static void expect_moments(size_t want)
{
	struct pt_reader *reader;
	struct pt_mark mark;
	char message[200];
	assert_int_equal(pt_reader_open(path, &reader, message, sizeof message), 0);
	struct pt_past *past = pt_reader_past(reader);
	assert_int_equal(past->ops->count(past), want);
	assert_int_equal(past->ops->marks(past, &mark, 1), 1);
	assert_string_equal(mark.label, "warm");
	pt_reader_close(reader);
}

static void a_key_begins_it_and_ends_it(void **arg)
{
	(void)arg;
	stage_frame(stage);
	press_record();
	stage_expect(stage, "REC ");
	stage_frame(stage); /* besides the frame that was there */
	stage_frame(stage);
	stage_type(stage, "mwarm\n");
	stage_key(stage, 'r');
	stage_expect(stage, "has 3 frames; pagetop replay shows them");
	stage_expect_not(stage, "REC ");
	expect_moments(3);
}

static void a_name_is_offered(void **arg)
{
	(void)arg;
	stage_key(stage, 'r');
	stage_expect(stage, "record to file: e__31mvil_012-100-"); /* nothing in it that a shell or a terminal obeys */
	stage_key(stage, UI_KEY_ESC);
	stage_expect_not(stage, "record to file:");
	stage_expect_not(stage, "REC ");
}

static void a_file_that_is_there_stays(void **arg)
{
	(void)arg;
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs("mine", file) < 0, 0);
	assert_int_equal(fclose(file), 0);
	press_record();
	stage_expect(stage, "there is such a file");
	stage_expect(stage, "record to file:"); /* for another name */
	stage_expect_not(stage, "REC ");
	char text[8] = "";
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof text, file), 4);
	fclose(file);
	assert_string_equal(text, "mine");
}

static void leaving_the_target_ends_it(void **arg)
{
	(void)arg;
	press_record();
	stage_type(stage, "mwarm\n");
	stage_frame(stage);
	stage_key(stage, UI_KEY_ESC); /* to the list of processes */
	stage_expect_not(stage, "REC ");
	expect_moments(2);
}

static void its_loss_is_said_and_the_screen_goes_on(void **arg)
{
	(void)arg;
	press_record();
	stage_expect(stage, "REC ");
	assert_int_equal(unlink(path), 0);
	stage_frame(stage);
	stage_expect(stage, "recording has stopped: cannot write");
	stage_expect_not(stage, "REC ");
	stage_frame(stage);
	stage_expect(stage, "[heap]");
}

/* The step that the newest frame ended. */
static struct pt_fault_step *some_faults(uint64_t events)
{
	const struct pt_snapshot *s = stage->shell.target.live;
	const struct pt_joined fault = {.pid = STAGE_PID, .weight = events, .stack = 2};
	struct faulted f;
	faulted_init(&f, 1, STAGE_PID);
	pt_fault_steps_add(f.steps, &fault, 4096);
	struct pt_fault_step *step = faulted_step(&f, s);
	faulted_end(&f);
	return step;
}

static void expect_faults(uint64_t want)
{
	struct pt_reader *reader;
	struct pt_fault_view *view;
	char message[200];
	assert_int_equal(pt_reader_open(path, &reader, message, sizeof message), 0);
	assert_int_equal(pt_reader_faults(reader, 0, UINT64_MAX, 0, &view), 0);
	assert_int_equal(view->all.events, want);
	assert_non_null(view->stacks[0].calls);
	pt_fault_view_unref(view);
	pt_reader_close(reader);
}

/* From when both are on until one of them is not. */
static void faults_that_are_watched_are_in_it(void **arg)
{
	(void)arg;
	stage_frame(stage);
	scripted_faults.step = some_faults(7);
	stage_key(stage, 'P');
	stage_expect(stage, "the first second");
	assert_false(scripted_faults.steps);
	press_record();
	stage_expect(stage, "REC ");
	for (int i = 0; i < 3; i++) {
		for (int tries = 0; tries < 1000 && scripted_faults.step; tries++)
			stage_wait(stage);
		assert_null(scripted_faults.step);
		if (i < 2) {
			stage_frame(stage);
			scripted_faults.step = some_faults(10);
		}
	}
	stage_key(stage, 'r');
	stage_expect(stage, "has 3 frames");
	assert_false(scripted_faults.steps);
	expect_faults(27);
}

#define RECORDED(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDED(a_key_begins_it_and_ends_it),
		RECORDED(a_name_is_offered),
		RECORDED(a_file_that_is_there_stays),
		RECORDED(leaving_the_target_ends_it),
		RECORDED(its_loss_is_said_and_the_screen_goes_on),
		RECORDED(faults_that_are_watched_are_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
