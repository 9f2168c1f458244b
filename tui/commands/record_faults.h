/*
 * The faults of a process that is being recorded: the watch beside the scan, and its steps to the recorder.
 */
#ifndef UI_RECORD_FAULTS_H
#define UI_RECORD_FAULTS_H

#include "core/faults/watch.h"
#include "core/record/recorder.h"
#include "tui/options.h"

#define UI_RECORD_FAULTS_PART 0.4 /* of the budget is the watch's where faults are recorded, the rest the scan's */

struct ui_record_faults {
	struct pt_fault_watch *watch; /* NULL: not asked for */
	bool begun;                   /* there was a frame */
};

/* Where options->faults; else nothing. UI_OK, or the status after what is wrong was said. */
int ui_record_faults_open(struct ui_record_faults *faults, const struct ui_options *options, struct pt_kernel *k);
/* Readable when there is something to take; -1: never. */
int ui_record_faults_fd(const struct ui_record_faults *faults);
/* A frame that the recorder was given: faults count from the first one on. */
void ui_record_faults_frame(struct ui_record_faults *faults, struct pt_snapshot *frame);
void ui_record_faults_take(struct ui_record_faults *faults, struct pt_recorder *recorder);
/* A last look; the recorder must not have been stopped. */
void ui_record_faults_finish(struct ui_record_faults *faults, struct pt_recorder *recorder);
void ui_record_faults_close(struct ui_record_faults *faults);

#endif
