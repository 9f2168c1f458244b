/*
 * See recording.h.
 */
#include "tui/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/kernel/readers.h"
#include "core/text/text.h"
#include "tui/shell.h"
#include "tui/worker.h"

/* "redis-server-7391-20261121-140320.ptr": letters that are plain in a file name and a shell. */
static void default_name(const struct pt_process *process, char *ret, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
	char name[PT_NAME_MAX], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	snprintf(name, sizeof name, "%s", process->name);
	for (char *c = name; *c; c++)
		if (!strchr(plain, *c))
			*c = '_';
	if (localtime_r(&now, &tm))
		strftime(when, sizeof when, "-%Y%m%d-%H%M%S", &tm);
	snprintf(ret, size, "%s-%d%s.ptr", name[0] == '.' ? "process" : name, (int)process->pid, when);
}

void ui_recording_key(struct ui_shell *shell)
{
	struct ui_recording *r = &shell->recording;
	char name[UI_LINE_MAX];
	if (r->recorder) {
		pt_tap_set(shell->target.tap, NULL);
		pt_recorder_stop(r->recorder);
		r->stopping = true;
	} else if (!shell->target.tap) {
		ui_shell_say(shell, WG_WARN, "only a live process can be recorded");
	} else if (shell->target.live) {
		default_name(&shell->target.live->process, name, sizeof name);
		ui_prompt_open(&shell->prompt, UI_PROMPT_RECORD, name);
	}
}

/* The thread that writes gets no signals. */
static int make_recorder(struct pt_writer *writer, struct pt_kernel *clock, struct pt_recorder **ret)
{
	sigset_t before;
	ui_block_signals(&before);
	int error = pt_recorder_new(ret, writer, clock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

bool ui_recording_begin(struct ui_shell *shell, const char *path, char *message, size_t size)
{
	struct ui_recording *r = &shell->recording;
	struct pt_record_options options = {.interval_ns = shell->interval_ns};
	struct pt_writer *writer;
	struct pt_kernel *kernel;
	char *command = NULL;
	int error = pt_kernel_linux_new(&kernel, "/", 0);
	if (error) {
		snprintf(message, size, "%s", strerror(-error));
		return false;
	}
	if (pt_read_command(kernel, shell->target.pid, &command, &options.command_size) == 0)
		options.command = command;
	error = pt_writer_open(path, &options, &writer, message, size);
	free(command);
	if (error) {
		pt_kernel_free(kernel);
		return false;
	}
	*r = (struct ui_recording){.began_ns = shell->now_ns};
	snprintf(r->path, sizeof r->path, "%s", path);
	error = make_recorder(writer, kernel, &r->recorder);
	if (error) {
		r->recorder = NULL;
		snprintf(message, size, "%s", strerror(-error));
		return false;
	}
	pt_tap_set(shell->target.tap, r->recorder);
	return true;
}

/* It has stopped, of itself or because it was told to. */
static void say_end(struct ui_shell *shell, const struct pt_recorder_status *status)
{
	const struct ui_recording *r = &shell->recording;
	char path[4 * UI_LINE_MAX];
	pt_text_printable(r->path, strlen(r->path), path, sizeof path);
	if (status->error)
		ui_shell_say(shell, WG_BAD, "recording has stopped: %s; its %" PRIu64 " frames can be read",
			     status->message, status->frames);
	else if (status->lost)
		ui_shell_say(shell, WG_WARN, "%s has %" PRIu64 " frames; %" PRIu64 " were lost, the disk was too slow",
			     path, status->frames, status->lost);
	else
		ui_shell_say(shell, WG_GOOD, "%s has %" PRIu64 " frames; pagetop replay shows them", path,
			     status->frames);
}

void ui_recording_update(struct ui_shell *shell)
{
	struct ui_recording *r = &shell->recording;
	const struct pt_feed_status *feed = &shell->target.status;
	if (!r->recorder)
		return;
	struct pt_recorder_status status = pt_recorder_status(r->recorder);
	if (feed->state == PT_FEED_ENDED && !r->ended) {
		pt_recorder_end(r->recorder, feed->ended_ns);
		r->ended = true;
	}
	if ((status.error || r->ended) && !r->stopping)
		ui_recording_key(shell);
	if (!status.stopped)
		return;
	say_end(shell, &status);
	pt_recorder_free(r->recorder);
	r->recorder = NULL;
	shell->dirty = true;
}

size_t ui_recording_fds(const struct ui_recording *r, int *fds, size_t n)
{
	if (!r->recorder || !n)
		return 0;
	fds[0] = pt_recorder_fd(r->recorder);
	return 1;
}

void ui_recording_mark(struct ui_recording *r, uint64_t realtime_ns, const char *label)
{
	if (r->recorder)
		pt_recorder_mark(r->recorder, realtime_ns, 0, label);
}

void ui_recording_free(struct ui_shell *shell)
{
	struct ui_recording *r = &shell->recording;
	if (!r->recorder)
		return;
	pt_tap_set(shell->target.tap, NULL);
	pt_recorder_free(r->recorder);
	*r = (struct ui_recording){0};
}

const char *ui_recording_caption(struct ui_shell *shell)
{
	const struct ui_recording *r = &shell->recording;
	char text[24];
	if (!r->recorder)
		return NULL;
	return ui_scratch_text(&shell->scratch, "REC %s", pt_text_ns(shell->now_ns - r->began_ns, text, sizeof text));
}
