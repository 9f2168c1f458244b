/*
 * Recording a run; see run_record.h.
 */
#include "tui/commands/run_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/commands/commands.h"
#include "tui/commands/run_child.h"

/* The words, each ended by a NUL, as /proc/PID/cmdline has them. */
static char *join(char *const *words, size_t *ret_size)
{
	size_t size = 0, at = 0;
	for (char *const *word = words; *word; word++)
		size += strlen(*word) + 1;
	char *all = malloc(size);
	for (char *const *word = words; all && *word; word++) {
		size_t n = strlen(*word) + 1;
		memcpy(all + at, *word, n);
		at += n;
	}
	*ret_size = all ? size : 0;
	return all;
}

int ui_run_record_open(struct ui_run_record *record, const struct ui_options *options)
{
	struct pt_record_options how = {
		.anonymize = options->anonymize, .sync_frames = options->sync_frames, .replace = options->force};
	char message[512];
	if (!options->columns)
		return UI_OK;
	char *command = join(options->rest, &how.command_size);
	how.command = command;
	int error = pt_writer_open(options->columns, &how, &record->writer, message, sizeof(message));
	free(command);
	if (!error) {
		record->path = options->columns;
		return UI_OK;
	}
	record->writer = NULL;
	ui_complain("%s%s", message, error == -EEXIST ? ": --force replaces it" : "");
	return error == -EEXIST ? UI_USAGE : UI_RUN_FAILED;
}

int ui_run_record_begin(struct ui_run_record *record, struct pt_tree_sink *ret)
{
	struct pt_kernel *clock;
	*ret = (struct pt_tree_sink){0};
	if (!record->path)
		return UI_OK;
	int error = pt_kernel_linux_new(&clock, "/", 0);
	if (!error) {
		error = pt_recorder_new(&record->recorder, record->writer, clock);
		record->writer = NULL; /* taken over, also where that failed */
	}
	if (error) {
		unlink(record->path);
		ui_complain("%s: %s", record->path, strerror(-error));
		return UI_RUN_FAILED;
	}
	*ret = pt_treetap_sink(record->recorder);
	return UI_OK;
}

bool ui_run_record_end(struct ui_run_record *record)
{
	struct pt_recorder_status status;
	if (!record->recorder)
		return !record->path;
	status = pt_recorder_finish(record->recorder);
	if (status.lost || status.lost_small)
		ui_complain("%s: the disk is too slow: %" PRIu64 " frames and %" PRIu64 " marks and samples were lost",
			    record->path, status.lost, status.lost_small);
	if (status.error)
		ui_complain("%s; its %" PRIu64 " frames can be read", status.message, status.frames);
	return !status.error;
}

void ui_run_record_free(struct ui_run_record *record)
{
	if (record->writer) {
		pt_writer_close(record->writer);
		unlink(record->path);
	}
	pt_recorder_free(record->recorder);
}
