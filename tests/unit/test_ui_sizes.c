/*
 * Every screen at every size from 0x0 to 200x60, in turn with each ability of a terminal: nothing is drawn outside, all
 * that is inside is drawn, and everything is printable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/canvas_check.h"
#include "tests/support/scripted_faults.h"
#include "tests/support/stage.h"

#define W 200
#define H 60

static struct stage *stage;

static void draw(struct wg_canvas *c, struct wg_rect rect)
{
	ui_shell_draw(&stage->shell, c, rect);
}

/* On the screen that these keys lead to, where a text shows once it is ready. */
static void sweep(pid_t pid, const char *keys, const char *ready)
{
	stage = stage_open(pid, 120, 40);
	if (pid)
		stage_frame(stage);
	stage_type(stage, keys);
	stage_expect(stage, ready);
	check_sizes(draw, W, H, false);
	stage_close(stage);
}

static void processes(void **arg)
{
	(void)arg;
	sweep(0, "", "25M");
}

static void processes_with_a_bad_filter(void **arg)
{
	(void)arg;
	sweep(0, "/(other", "(other");
}

static void overview(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "", "[heap]");
}

static void overview_folded_and_filtered(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "f/so|heap\n", "VMAs");
}

static void overview_with_the_map_in_focus(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "\t", "to the table");
}

static void map(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "\n", "map of");
}

static void sharers(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "Ww", "all of the process");
}

static void file(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "/bin.program\ng\nC", "layer: cached");
}

static void whole_process_zoomed(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "w+++", "a cell is");
}

static void page(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, ":55d100000000\n", "history");
}

static void contents(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, ":55d100000000\nx", "0405");
}

static void time_strip(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "tmstart\n(m\xc3\n", "PAST");
}

static void time_over_all(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "ttv(", "CLASS");
}

static void page_in_the_past(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, ":55d100000000\nt(\t", "As it was at");
}

static void time_before_the_plot_is_there(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 120, 40);
	stage_type(stage, "t");
	check_sizes(draw, W, H, false);
	stage_close(stage);
}

/* The table that these keys lead to. */
static void sweep_faults(const char *keys, struct pt_fault_view *view)
{
	stage = stage_open(STAGE_PID, 120, 40);
	stage_type(stage, "P");
	stage_expect(stage, "the first second");
	scripted_faults_push(view);
	stage_expect(stage, "FAULTS");
	stage_type(stage, keys);
	check_sizes(draw, 130, 50, false); /* larger ones are as these, with more room */
	stage_close(stage);
}

static void faults(void **arg)
{
	(void)arg;
	sweep_faults("", made_faults(10));
}

static void faults_by_address_filtered(void **arg)
{
	(void)arg;
	sweep_faults("2/55d\n", made_faults(10));
}

static void faults_by_thread(void **arg)
{
	(void)arg;
	sweep_faults("3", made_faults(10));
}

static void faults_by_stack(void **arg)
{
	(void)arg;
	sweep_faults("4jj+", made_faults(10));
}

static void faults_again_and_again(void **arg)
{
	(void)arg;
	sweep_faults("5", made_faults(10));
}

static void no_faults(void **arg)
{
	(void)arg;
	sweep_faults("", made_no_faults(10));
}

static void help(void **arg)
{
	(void)arg;
	sweep(STAGE_PID, "?", "Get around");
}

static void banners(void **arg)
{
	(void)arg;
	stage = stage_open(STAGE_PID, 120, 40);
	stage->feed->status.state = PT_FEED_ENDED;
	stage->feed->status.ended_ns = 5;
	scripted_feed_changed(stage->feed);
	ui_shell_update(&stage->shell, stage->now_ns);
	stage_type(stage, ">");
	stage_expect(stage, "ended");
	check_sizes(draw, W, H, false);
	stage_close(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes),
		cmocka_unit_test(processes_with_a_bad_filter),
		cmocka_unit_test(overview),
		cmocka_unit_test(overview_folded_and_filtered),
		cmocka_unit_test(overview_with_the_map_in_focus),
		cmocka_unit_test(map),
		cmocka_unit_test(sharers),
		cmocka_unit_test(file),
		cmocka_unit_test(whole_process_zoomed),
		cmocka_unit_test(page),
		cmocka_unit_test(contents),
		cmocka_unit_test(time_strip),
		cmocka_unit_test(time_over_all),
		cmocka_unit_test(page_in_the_past),
		cmocka_unit_test(time_before_the_plot_is_there),
		cmocka_unit_test(faults),
		cmocka_unit_test(faults_by_address_filtered),
		cmocka_unit_test(faults_by_thread),
		cmocka_unit_test(faults_by_stack),
		cmocka_unit_test(faults_again_and_again),
		cmocka_unit_test(no_faults),
		cmocka_unit_test(help),
		cmocka_unit_test(banners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
