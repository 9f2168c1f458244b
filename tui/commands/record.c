/*
 * pagetop record: writes every frame of a process to a recording, or what it holds as metrics, or both, until it is told
 * to end, the time has passed, or the process ends. The scan and the recording have a thread each; this one hands the
 * frames over, writes the metrics and says how it goes.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/kernel/readers.h"
#include "core/mark/mark.h"
#include "core/record/recorder.h"
#include "core/scan/live.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/ends.h"
#include "tui/commands/metrics_file.h"
#include "tui/commands/record_faults.h"
#include "tui/now.h"
#include "tui/worker.h"

#define SECOND  1000000000ull
#define SHOW_MS 500 /* between two progress lines */
#define NEVER   UINT64_MAX

/* What the command is at. */
struct session {
	const struct ui_options *options;
	struct pt_kernel *k;
	struct pt_feed *feed;
	struct pt_recorder *recorder; /* NULL: metrics alone */
	struct ui_metrics_file metrics;
	struct ui_record_faults faults;
	struct pt_marks *marks; /* NULL: takes none */
	struct ui_ends ends;
	uint64_t began_ns, last_seq, frames;
	struct pt_maybe rss;
	enum pt_feed_state state;
	bool shown; /* a progress line */
};

/* ---- how it goes ------------------------------------------------------------------------------------------------ */

/* The file, and the log beside it until that is put into the file. */
static uint64_t file_size(const char *path)
{
	char name[4200];
	struct stat st;
	uint64_t size = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
	snprintf(name, sizeof(name), "%s-wal", path);
	return size + (stat(name, &st) == 0 ? (uint64_t)st.st_size : 0);
}

/* Of metrics alone: what this thread knows. */
static struct pt_recorder_status status_of(struct session *s)
{
	return s->recorder ? pt_recorder_status(s->recorder)
			   : (struct pt_recorder_status){.frames = s->frames, .stopped = true};
}

static void show_progress(struct session *s)
{
	struct pt_recorder_status status = status_of(s);
	char size[16], rss[16] = "?";
	uint64_t seconds = (ui_now(CLOCK_MONOTONIC) - s->began_ns) / SECOND;
	if (!isatty(STDERR_FILENO))
		return;
	if (s->rss.known)
		pt_text_size(s->rss.value, rss, sizeof(rss));
	fprintf(stderr, "\r\033[K%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "  %" PRIu64 " frames, RSS %s", seconds / 3600,
		seconds / 60 % 60, seconds % 60, status.frames, rss);
	if (s->recorder)
		fprintf(stderr, ", %s on disk", pt_text_size(file_size(s->options->columns), size, sizeof(size)));
	if (status.lost)
		fprintf(stderr, ", %" PRIu64 " lost", status.lost);
	fprintf(stderr, "  (Ctrl-C ends it)");
	fflush(stderr);
	s->shown = true;
}

static void clear_progress(struct session *s)
{
	if (s->shown)
		fprintf(stderr, "\r\033[K");
	s->shown = false;
}

static void sum_up(struct session *s, const struct pt_recorder_status *status)
{
	char size[16], cpu[24];
	clear_progress(s);
	if (status->lost)
		ui_complain("%" PRIu64 " frames were lost: the disk of %s is too slow for them", status->lost,
			    s->options->columns);
	if (status->lost_small)
		ui_complain("%" PRIu64 " marks or steps of faults were lost: the disk of %s is too slow for them",
			    status->lost_small, s->options->columns);
	if (s->marks && pt_marks_lost(s->marks))
		ui_complain("%" PRIu64 " marks were lost: no more than %d are kept", pt_marks_lost(s->marks),
			    PT_MARKS_MAX);
	if (isatty(STDERR_FILENO) && s->recorder)
		fprintf(stderr, "%" PRIu64 " frames, %s; writing took %s of CPU time\n", status->frames,
			pt_text_size(file_size(s->options->columns), size, sizeof(size)),
			pt_text_ns(status->cpu_ns, cpu, sizeof(cpu)));
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

/* Takes what the feed has; true if nothing more is to come. */
static bool take_frame(struct session *s)
{
	s->feed->ops->ack(s->feed);
	struct pt_feed_status status = s->feed->ops->status(s->feed);
	struct pt_snapshot *snapshot = s->feed->ops->latest(s->feed);
	if (snapshot && snapshot->stage == PT_STAGE_COMPLETE && snapshot->seq > s->last_seq) {
		s->last_seq = snapshot->seq;
		s->rss = pt_snapshot_bytes(snapshot, snapshot->vmas->n, PT_SUM_RSS);
		s->frames++;
		if (s->recorder)
			pt_recorder_push(s->recorder, snapshot);
		ui_record_faults_frame(&s->faults, snapshot);
		ui_metrics_frame(&s->metrics, snapshot);
	}
	pt_snapshot_unref(snapshot);
	if (status.state == PT_FEED_ENDED && s->recorder)
		pt_recorder_end(s->recorder, status.ended_ns);
	if (status.state == PT_FEED_FAILED && s->state != PT_FEED_FAILED) {
		clear_progress(s);
		ui_target_error(s->k, s->options->pid, status.error); /* and it is tried again */
	}
	if (status.state == PT_FEED_ENDED || status.state == PT_FEED_FAILED)
		ui_metrics_remove(&s->metrics);
	s->state = status.state;
	return status.state == PT_FEED_ENDED;
}

static void take_marks(struct session *s)
{
	struct pt_trace_mark marks[16];
	size_t n = 1;
	while (s->marks && s->recorder && n > 0) {
		n = pt_marks_take(s->marks, ui_now(CLOCK_REALTIME), ui_now(CLOCK_MONOTONIC), marks,
				  sizeof(marks) / sizeof(*marks));
		for (size_t i = 0; i < n; i++)
			pt_recorder_mark(s->recorder, marks[i].realtime_ns, marks[i].pid, marks[i].label);
		pt_marks_release(s->marks); /* frames come at their own time */
	}
}

static int wait_ms(uint64_t end_ns)
{
	uint64_t at = ui_now(CLOCK_MONOTONIC), left = end_ns > at ? (end_ns - at) / 1000000 + 1 : SHOW_MS;
	int most = isatty(STDERR_FILENO) ? SHOW_MS : end_ns == NEVER ? -1 : 60000;
	return most >= 0 && (uint64_t)most > left ? (int)left : most;
}

/* The time has passed; but one frame there shall be, if there can be any. */
static bool is_late(struct session *s, uint64_t end_ns)
{
	return ui_now(CLOCK_MONOTONIC) >= end_ns && (s->frames || s->state == PT_FEED_FAILED);
}

static void go_round(struct session *s)
{
	uint64_t end_ns = s->options->for_ns ? s->began_ns + s->options->for_ns : NEVER;
	bool over = false;
	while (!over) {
		struct pollfd fds[] = {{s->feed->ops->fd(s->feed), POLLIN, 0},
				       {s->recorder ? pt_recorder_fd(s->recorder) : -1, POLLIN, 0},
				       {s->ends.fd, POLLIN, 0},
				       {s->marks ? pt_marks_fd(s->marks) : -1, POLLIN, 0},
				       {ui_record_faults_fd(&s->faults), POLLIN, 0}};
		poll(fds, sizeof(fds) / sizeof(*fds), wait_ms(end_ns));
		take_marks(s);
		ui_record_faults_take(&s->faults, s->recorder);
		over = take_frame(s) || fds[2].revents || is_late(s, end_ns) || status_of(s).error ||
		       (s->metrics.failed && !s->recorder);
		if (fds[2].revents)
			ui_metrics_remove(&s->metrics);
		if (!over)
			show_progress(s);
	}
}

/* Waits until all is in the file, and says how it ended. */
static int finish(struct session *s)
{
	take_marks(s);
	ui_record_faults_finish(&s->faults, s->recorder);
	struct pt_recorder_status status = s->recorder ? pt_recorder_finish(s->recorder) : status_of(s);
	sum_up(s, &status);
	if (!status.error && !status.frames && s->state == PT_FEED_ENDED) {
		if (s->recorder)
			unlink(s->options->columns); /* there is nothing in it */
		return ui_target_error(s->k, s->options->pid, -ESRCH);
	}
	if (!status.error)
		return UI_OK;
	ui_metrics_remove(&s->metrics);
	ui_complain("%s; its %" PRIu64 " frames can be read", status.message, status.frames);
	return UI_FINDING;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int open_recorder(struct session *s)
{
	const struct ui_options *o = s->options;
	if (!o->columns)
		return UI_OK;
	struct pt_record_options options = {.anonymize = o->anonymize,
					    .sync_frames = o->sync_frames,
					    .replace = o->force,
					    .interval_ns = o->interval_ns};
	struct pt_writer *writer;
	struct pt_kernel *clock = NULL;
	char *command = NULL, message[512];
	if (pt_read_command(s->k, o->pid, &command, &options.command_size) == 0)
		options.command = command;
	int error = pt_writer_open(o->columns, &options, &writer, message, sizeof(message));
	free(command);
	if (error) {
		ui_complain("%s%s", message, error == -EEXIST ? ": --force replaces it" : "");
		return error == -EEXIST ? UI_USAGE : UI_FINDING;
	}
	error = pt_kernel_linux_new(&clock, "/", 0);
	if (error)
		pt_writer_close(writer);
	else
		error = pt_recorder_new(&s->recorder, writer, clock);
	if (!error)
		return UI_OK;
	unlink(o->columns);
	ui_complain("%s: %s", o->columns, strerror(-error));
	return UI_FINDING;
}

static int open_marks(struct session *s)
{
	const char *path = s->options->marks;
	int error = path ? pt_marks_open_at(&s->marks, path) : 0;
	if (error)
		ui_complain("cannot take marks at %s: %s", path,
			    error == -EADDRINUSE ? "there is such a file" : strerror(-error));
	return error ? UI_USAGE : UI_OK;
}

/* Its own kernel object: the feed takes it over. */
static int open_feed(struct session *s)
{
	const struct ui_options *o = s->options;
	double part = o->faults ? 1 - UI_RECORD_FAULTS_PART : 1;
	struct pt_live_options options = {.interval_ns = o->interval_ns,
					  .share = o->budget / 100 * part,
					  .clear_soft_dirty = o->clear_soft_dirty};
	struct pt_kernel *k;
	int error = pt_kernel_linux_new(&k, "/", 0);
	if (!error)
		error = pt_live_feed_new(&s->feed, k, o->pid, &options);
	return error ? ui_target_error(s->k, o->pid, error) : UI_OK;
}

static int open_all(struct session *s)
{
	int status = ui_ends_begin(&s->ends) ? open_marks(s) : ui_out_of_memory();
	if (status == UI_OK)
		status = ui_metrics_begin(&s->metrics, s->options->metrics, s->options->force, s->options->anonymize);
	if (status == UI_OK)
		status = open_feed(s);
	if (status == UI_OK)
		status = ui_record_faults_open(&s->faults, s->options, s->k);
	if (status == UI_OK)
		status = open_recorder(s);
	ui_ends_threads_made(&s->ends);
	return status;
}

int ui_record(const struct ui_options *options, struct pt_kernel *k)
{
	struct session s = {.options = options, .k = k, .began_ns = ui_now(CLOCK_MONOTONIC)};
	if ((options->marks || options->faults) && !options->columns) {
		ui_complain("--%s needs a recording to put them into: -o FILE", options->marks ? "marks" : "faults");
		return UI_USAGE;
	}
	if (!options->columns && !options->metrics) {
		ui_complain("record needs a file to write: pagetop record -p PID -o FILE, or --metrics FILE");
		return UI_USAGE;
	}
	int status = open_all(&s);
	if (status == UI_OK && s.feed) {
		go_round(&s);
		status = finish(&s);
	}
	int kept = ui_metrics_end(&s.metrics);
	if (status == UI_OK)
		status = kept;
	pt_marks_close(s.marks);
	ui_record_faults_close(&s.faults);
	pt_recorder_free(s.recorder);
	if (s.feed)
		s.feed->ops->free(s.feed);
	ui_ends_end(&s.ends);
	return status;
}
