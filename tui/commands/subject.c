/*
 * What a command is about: a process as it is now, or a moment of a recording and one of the processes in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/record.h"
#include "core/scan/scan.h"
#include "tui/commands/commands.h"
#include "tui/when.h"

#define NAMED_MOST 8 /* processes that one line can name */

/* Those with frames: "12 (make), 13 (cc1) and more". */
static void list_processes(const struct pt_recorded *v, size_t n, char *ret, size_t size)
{
	size_t at = 0, named = 0;
	ret[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (!v[i].frames)
			continue;
		if (named == NAMED_MOST) {
			snprintf(ret + at, size - at, " and more");
			return;
		}
		at += (size_t)snprintf(ret + at, size - at, "%s%d (%s)", named ? ", " : "", (int)v[i].pid, v[i].name);
		named++;
	}
}

static void complain_of_process(const char *path, const struct pt_recorded *v, size_t n, pid_t pid, const char *name)
{
	char list[NAMED_MOST * (PT_NAME_MAX + 16) + 16], which[PT_NAME_MAX + 16];
	const struct pt_recorded *found = pid ? pt_recorded_find(v, n, pid) : NULL;
	list_processes(v, n, list, sizeof(list));
	if (pid)
		snprintf(which, sizeof(which), "%d", (int)pid);
	else
		snprintf(which, sizeof(which), "called %s", name);
	if (!list[0])
		ui_complain("%s: no frame has been recorded yet", path);
	else if (found)
		ui_complain("%s: of process %d (%s) there are counters alone; frames are of %s", path, (int)pid,
			    found->name, list);
	else
		ui_complain("%s has no process %s; it has %s", path, which, list);
}

static const struct pt_recorded *find_named(const struct pt_recorded *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].frames && strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

/* Takes over the reader. */
static int choose_process(const char *path, struct pt_reader *reader, pid_t pid, const char *name,
			  struct pt_reader **ret)
{
	struct pt_recorded *v;
	const struct pt_recorded *found = NULL;
	ssize_t n = pt_reader_processes(reader, &v);
	int status = UI_USAGE;
	if (n > 0)
		found = pid ? pt_recorded_find(v, (size_t)n, pid) : find_named(v, (size_t)n, name);
	if (n < 0)
		ui_complain("%s: %s", path, n == -EBADMSG ? "the file is damaged" : strerror((int)-n));
	else if (!found || !found->frames)
		complain_of_process(path, v, (size_t)n, pid, name);
	else
		status = pt_reader_of(reader, found->id, ret) == 0 ? UI_OK : ui_out_of_memory();
	free(v);
	pt_reader_close(reader);
	return status;
}

int ui_recording_open(const char *path, pid_t pid, const char *name, struct pt_reader **ret)
{
	char message[512];
	struct pt_reader *reader;
	int error = pt_reader_open(path, &reader, message, sizeof(message));
	if (error) {
		ui_complain("%s", message);
		return error == -EACCES || error == -EPERM ? UI_DENIED : UI_USAGE;
	}
	if (pid || name)
		return choose_process(path, reader, pid, name, ret);
	*ret = reader;
	return UI_OK;
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
	r = ui_recording_open(options->input, options->pid, NULL, ret_reader);
	if (r == UI_OK)
		r = moment_of(options, *ret_reader, ret);
	if (r != UI_OK) {
		pt_reader_close(*ret_reader);
		*ret_reader = NULL;
	}
	return r;
}
