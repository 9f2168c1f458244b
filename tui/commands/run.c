/*
 * pagetop run: starts a command, watches it and all that come from it, and says at its end what their memory was. What
 * this process prints itself goes to stderr or to a file; the command has streams and terminal for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/kernel/readers.h"
#include "tui/commands/commands.h"
#include "tui/commands/json_out.h"
#include "tui/commands/run_heaps.h"
#include "tui/commands/run_live.h"
#include "tui/commands/run_marks.h"
#include "tui/commands/run_record.h"
#include "tui/commands/run_report.h"
#include "tui/now.h"

#define FRAME_NS  250000000u /* between two frames of a process, as the budget goes, */
#define SETTLE_NS 300000000u /* the first of which comes after so long */

/* What the command is at. */
struct session {
	const struct ui_options *options;
	struct pt_kernel *k;
	struct ui_child child;
	struct ui_watch watch;
	struct pt_tree *tree; /* NULL: the command ended before it could be looked at */
	struct ui_run_marks marks;
	struct ui_run_verdict verdict;
	struct ui_run_record record;
	struct ui_run_live live;
	struct ui_run_heaps heaps;
	struct pt_maybe oom_before;
	FILE *report; /* --report, or stderr */
	bool failed;  /* something that was asked for could not be done */
};

static struct pt_maybe count_oom_kills(struct session *s)
{
	struct pt_maybe n = {0};
	n.known = pt_read_oom_kills(s->k, &n.value) == 0;
	return n;
}

/* ---- opening: all that can fail, before the command is started -------------------------------------------------- */

static int open_report(struct session *s)
{
	const char *path = s->options->report;
	s->report = path ? fopen(path, "we") : stderr;
	if (s->report)
		return UI_OK;
	ui_complain("%s: %s", path, strerror(errno));
	return UI_RUN_FAILED;
}

static void keep_mark(void *arg, const struct pt_trace_mark *mark)
{
	struct session *s = arg;
	ui_watch_mark(&s->watch, mark);
	ui_run_heaps_mark(&s->heaps, mark); /* who set it still stands there */
	if (s->record.recorder)
		pt_recorder_mark(s->record.recorder, mark->realtime_ns, mark->pid, mark->label);
}

static int open_all(struct session *s)
{
	ui_run_marks_open(&s->marks, keep_mark, s); /* first: it wants a low descriptor */
	int status = ui_run_verdict_read(s->options, &s->verdict);
	if (status == UI_OK)
		status = open_report(s);
	if (status == UI_OK)
		status = ui_run_record_open(&s->record, s->options);
	if (status == UI_OK && s->options->live)
		status = ui_run_live_open(&s->live, s->options);
	if (status != UI_OK)
		return status;
	ui_run_heaps_init(&s->heaps, s->options, &s->verdict.assertions, &s->watch);
	int error = ui_child_prepare(&s->child, s->k);
	if (!error)
		error = ui_watch_init(&s->watch, s->options->interval_ns, s->options->history_bytes);
	if (!error)
		return UI_OK;
	ui_complain("cannot watch a command: %s", strerror(-error));
	return UI_RUN_FAILED;
}

/* ---- starting --------------------------------------------------------------------------------------------------- */

static void in_child(void *arg)
{
	pt_marks_inherit(arg);
}

static int start_command(struct session *s)
{
	struct ui_child_setup setup = {.argv = s->options->rest, .streams = {-1, -1, -1}};
	int error;
	ui_run_live_streams(&s->live, setup.streams);
	if (s->marks.marks) {
		setup.environment = pt_marks_environment(s->marks.marks, environ);
		setup.in_child = in_child;
		setup.arg = s->marks.marks;
	}
	fflush(stderr);
	int status = ui_child_start(&s->child, &setup, &error);
	free(setup.environment);
	if (status != UI_OK)
		ui_complain("cannot start %s: %s", s->options->rest[0], strerror(error));
	s->live.started = status == UI_OK;
	return status;
}

/* A command may have ended by now; it stays to be looked at until it is waited for. */
static void start_tree(struct session *s)
{
	struct pt_tree_options options = {.interval_ns = s->options->interval_ns,
					  .frame_ns = s->options->interval_ns > FRAME_NS ? s->options->interval_ns
											 : FRAME_NS,
					  .settle_ns = SETTLE_NS,
					  .share = s->options->budget / 100,
					  .count_vmas = ui_run_verdict_counts_vmas(&s->verdict, s->options),
					  .reaper = getpid()};
	struct pt_kernel *k;
	options.sinks[options.n_sinks++] = ui_watch_sink(&s->watch);
	options.sinks[options.n_sinks++] = ui_run_heaps_sink(&s->heaps);
	s->failed |= ui_run_record_begin(&s->record, &options.sinks[options.n_sinks++]) != UI_OK;
	int error = pt_kernel_linux_new(&k, "/", 0);
	if (!error)
		error = pt_tree_new(&s->tree, k, s->child.pid, &options);
	if (!error)
		return;
	ui_complain("cannot watch %s: %s", s->options->rest[0], strerror(-error));
	s->failed = true;
}

/* ---- while it runs ---------------------------------------------------------------------------------------------- */

static void note_end(void *arg, pid_t pid, int status, uint64_t most)
{
	struct session *s = arg;
	if (s->tree)
		pt_tree_waited(s->tree, pid, status, most);
}

static bool is_over(const struct session *s)
{
	return s->child.ended_ns && (!s->options->wait_all || s->child.alone || s->child.asked_to_end);
}

static void take_all(void *arg)
{
	struct session *s = arg;
	ui_run_marks_take(&s->marks, s->tree);
	ui_child_take(&s->child, note_end, s);
}

static void go_round(struct session *s)
{
	struct pollfd fds[] = {{ui_child_fd(&s->child), POLLIN, 0},
			       {s->marks.marks ? pt_marks_fd(s->marks.marks) : -1, POLLIN, 0},
			       {s->tree ? pt_tree_fd(s->tree) : -1, POLLIN, 0}};
	while (!is_over(s)) {
		poll(fds, sizeof(fds) / sizeof(*fds), -1);
		take_all(s);
	}
}

/* The command goes on when the screen is left, and the screen stays when the command has ended. */
static void show_live(struct session *s)
{
	struct ui_beside beside = {.fds = {ui_child_fd(&s->child), s->marks.marks ? pt_marks_fd(s->marks.marks) : -1,
					   s->tree ? pt_tree_fd(s->tree) : -1},
				   .take = take_all,
				   .arg = s};
	ui_run_live_show(s->options, &s->child, &beside);
	if (!is_over(s))
		fprintf(stderr, "pagetop: %s goes on; its output goes to %s\n", s->options->rest[0], s->live.path);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

static void write_report(struct session *s, const struct ui_run_result *result)
{
	if (s->options->json) {
		json_t *json = ui_run_report_json(result);
		s->failed |= !json || json_dumpf(json, s->report, JSON_INDENT(2) | UI_JSON_REALS) != 0;
		fputc('\n', s->report);
		json_decref(json);
	} else {
		ui_run_report_text(result, s->report);
		if (s->verdict.verdicts.n) {
			fputc('\n', s->report);
			ui_verdicts_print(&s->verdict.verdicts, s->options, s->report);
		}
	}
	bool flushed = fflush(s->report) == 0;
	if ((flushed && !ferror(s->report)) || !s->options->report)
		return;
	ui_complain("%s: %s", s->options->report, flushed ? "it cannot be written in full" : strerror(errno));
	s->failed = true;
}

static void finish(struct session *s)
{
	struct ui_run_result result = {
		.options = s->options, .child = &s->child, .watch = &s->watch, .verdicts = &s->verdict.verdicts};
	struct pt_maybe oom = count_oom_kills(s);
	if (s->tree) {
		pt_tree_stop(s->tree);
		result.tree = pt_tree_status(s->tree);
	}
	ui_run_marks_end(&s->marks, s->tree);
	result.marks_lost = s->marks.marks ? pt_marks_lost(s->marks.marks) : 0;
	if (oom.known && s->oom_before.known)
		result.oom_kills = (struct pt_maybe){oom.value - s->oom_before.value, true};
	s->failed |= !ui_run_record_end(&s->record);
	ui_watch_finish(&s->watch, s->child.monotonic_ns, ui_now(CLOCK_MONOTONIC));
	s->watch.trace->heaps = ui_run_heaps_of(&s->heaps);
	result.cpu_ns = ui_now(CLOCK_PROCESS_CPUTIME_ID);
	ui_run_verdict_judge(&s->verdict, s->options, &s->child, s->watch.trace);
	write_report(s, &result);
	if (s->options->live)
		fprintf(stderr, "What %s printed is in %s\n", s->options->rest[0], s->live.path);
}

static void close_all(struct session *s)
{
	pt_tree_free(s->tree);
	ui_run_record_free(&s->record);
	ui_run_live_close(&s->live);
	ui_run_heaps_free(&s->heaps);
	ui_run_verdict_free(&s->verdict);
	ui_watch_free(&s->watch);
	ui_run_marks_close(&s->marks);
	if (s->report && s->report != stderr)
		fclose(s->report);
	ui_child_close(&s->child);
}

int ui_run_watched(const struct ui_options *options, struct pt_kernel *k)
{
	struct session s = {.options = options, .k = k, .child = {.signals = -1}, .live = {.in = -1, .out = -1}};
	int status = open_all(&s);
	if (status == UI_OK)
		status = start_command(&s);
	if (status == UI_OK) {
		s.oom_before = count_oom_kills(&s);
		start_tree(&s);
		if (options->live)
			show_live(&s);
		go_round(&s);
		finish(&s);
		status = ui_child_exit(&s.child);
		if (status == 0)
			status = ui_run_verdict_exit(&s.verdict, options);
		if (status == 0 && s.failed)
			status = UI_RUN_FAILED;
	}
	close_all(&s);
	return status;
}
