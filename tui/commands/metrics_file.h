/*
 * Metrics of a process as a file that node_exporter's textfile collector reads: replaced whole at every frame, and not
 * there when it would not be true.
 */
#ifndef UI_METRICS_FILE_H
#define UI_METRICS_FILE_H

#include "core/report/metrics.h"

struct ui_metrics_file {
	const char *path; /* NULL: none is wanted, and nothing below does anything */
	struct pt_metrics process;
	bool there;  /* it holds the newest frame */
	bool failed; /* the last attempt did, which was said */
};

/* Whether it may be written there: nothing is, or metrics of another time, which are removed, or a file and `force`.
 * UI_OK, or says why not. */
int ui_metrics_begin(struct ui_metrics_file *file, const char *path, bool force, bool anonymous);
/* Writes what this frame holds. What fails is said once. */
void ui_metrics_frame(struct ui_metrics_file *file, struct pt_snapshot *snapshot);
/* Takes the file away: what it says is not known any more. The next frame makes it anew. */
void ui_metrics_remove(struct ui_metrics_file *file);
/* The end; the file stays if it is there. UI_FINDING if it could not be written. */
int ui_metrics_end(struct ui_metrics_file *file);

#endif
