/*
 * pagetop faults -i: what a recording has of the faults of a process, between two moments of it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/record/faults.h"
#include "core/record/record.h"
#include "tui/commands/commands.h"
#include "tui/commands/faults.h"
#include "tui/commands/text_out.h"
#include "tui/when.h"

struct span {
	uint64_t from, to; /* seq */
	struct pt_snapshot *first, *last;
};

static int moment_of(const struct ui_options *o, struct pt_past *past, const char *when, uint64_t *seq,
		     struct pt_snapshot **ret)
{
	char message[512];
	if (when && !ui_when(when, past, seq, message, sizeof(message))) {
		ui_complain("%s: %s", o->input, message);
		return UI_USAGE;
	}
	int error = past->ops->at(past, *seq ? *seq : 1, ret);
	if (!error)
		return UI_OK;
	ui_complain("%s: this moment cannot be read: %s", o->input,
		    error == -EBADMSG   ? "the file is damaged"
		    : error == -ENODATA ? "no frame has been recorded yet"
					: strerror(-error));
	return UI_USAGE;
}

static int span_of(const struct ui_options *o, struct pt_reader *reader, struct span *ret)
{
	struct pt_past *past = pt_reader_past(reader);
	ret->to = UINT64_MAX;
	int status = moment_of(o, past, o->from, &ret->from, &ret->first);
	return status == UI_OK ? moment_of(o, past, o->to, &ret->to, &ret->last) : status;
}

static int view_error(const struct ui_options *o, int error)
{
	switch (error) {
	case -ENODATA:
		ui_complain("%s: no page faults were recorded then: pagetop record --faults does that", o->input);
		return UI_USAGE;
	case -ENOMEM: return ui_out_of_memory();
	default:
		ui_complain("%s: %s", o->input, error == -EBADMSG ? "the file is damaged" : strerror(-error));
		return UI_USAGE;
	}
}

static struct pt_maybe rss_of(const struct pt_snapshot *snapshot)
{
	return pt_snapshot_bytes(snapshot, snapshot->vmas->n, PT_SUM_RSS);
}

int ui_faults_recorded(const struct ui_options *options, struct pt_filter *filter)
{
	struct pt_reader *reader;
	struct span span = {0};
	struct pt_fault_view *view = NULL;
	int status = ui_recording_open(options->input, options->pid, NULL, &reader);
	if (status != UI_OK)
		return status;
	status = span_of(options, reader, &span);
	if (status == UI_OK) {
		int error = pt_reader_faults(reader, span.from, span.to, 0, &view);
		status = error ? view_error(options, error) : UI_OK;
	}
	if (status == UI_OK) {
		struct ui_faults f = ui_faults_on_stdout(options, view, filter);
		f.recorded = true;
		f.name = span.last->process.name;
		f.rss_from = rss_of(span.first);
		f.rss_to = rss_of(span.last);
		status = ui_faults_say(&f);
	}
	pt_fault_view_unref(view);
	pt_snapshot_unref(span.first);
	pt_snapshot_unref(span.last);
	pt_reader_close(reader);
	return status;
}
