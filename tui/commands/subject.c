/*
 * What a command is about: a process as it is now, or a moment of a recording.
 */
#include <errno.h>
#include <string.h>

#include "core/record/record.h"
#include "core/scan/scan.h"
#include "tui/commands/commands.h"
#include "tui/when.h"

int ui_recording_open(const char *path, struct pt_reader **ret)
{
	char message[512];
	int error = pt_reader_open(path, ret, message, sizeof(message));
	if (!error)
		return UI_OK;
	ui_complain("%s", message);
	return error == -EACCES || error == -EPERM ? UI_DENIED : UI_USAGE;
}

/* The moment asked for, or the last one. */
static int moment_of(const struct ui_options *options, struct pt_reader *reader, struct pt_snapshot **ret)
{
	struct pt_past *past = pt_reader_past(reader);
	char message[512];
	uint64_t seq = UINT64_MAX;
	if (options->at && !ui_when(options->at, past, &seq, message, sizeof(message))) {
		ui_complain("%s: %s", options->input, message);
		return UI_USAGE;
	}
	int error = past->ops->at(past, seq, ret);
	if (!error)
		return UI_OK;
	if (error == -ENODATA)
		ui_complain("%s: no frame has been recorded yet", options->input);
	else
		ui_complain("%s: this moment cannot be read: %s", options->input,
			    error == -EBADMSG ? "the file is damaged" : strerror(-error));
	return UI_USAGE;
}

int ui_subject(const struct ui_options *options, struct pt_kernel *k, struct pt_snapshot **ret,
	       struct pt_reader **ret_reader)
{
	int r;
	*ret_reader = NULL;
	if (!options->input) {
		r = pt_scan_once(k, options->pid, options->threads, ret);
		return r < 0 ? ui_target_error(k, options->pid, r) : UI_OK;
	}
	r = ui_recording_open(options->input, ret_reader);
	if (r == UI_OK)
		r = moment_of(options, *ret_reader, ret);
	if (r != UI_OK) {
		pt_reader_close(*ret_reader);
		*ret_reader = NULL;
	}
	return r;
}
