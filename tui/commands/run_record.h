/*
 * The recording that pagetop run makes: opened before the command starts, written by a thread of its own meanwhile.
 */
#ifndef UI_RUN_RECORD_H
#define UI_RUN_RECORD_H

#include "core/record/treetap.h"
#include "tui/options.h"

struct ui_run_record {
	const char *path;         /* NULL: none is asked for */
	struct pt_writer *writer; /* until it is begun */
	struct pt_recorder *recorder;
};

/* UI_OK; else what failed was said, and this is the exit status. */
int ui_run_record_open(struct ui_run_record *record, const struct ui_options *options);
/* The command was started: from now on there is a thread. The sink of a tree; zeroes where nothing is asked for. */
int ui_run_record_begin(struct ui_run_record *record, struct pt_tree_sink *ret);
/* The tree has stopped: waits until all is written. False after what failed was said. */
bool ui_run_record_end(struct ui_run_record *record);
/* What was opened for nothing is removed. */
void ui_run_record_free(struct ui_run_record *record);

#endif
