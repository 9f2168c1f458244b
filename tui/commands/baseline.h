/*
 * --baseline and --baseline-update: a run held against those that were kept, as verdicts like those of assertions. For
 * pagetop run and pagetop check.
 */
#ifndef UI_BASELINE_H
#define UI_BASELINE_H

#include "core/verdict/baseline.h"
#include "tui/commands/assertions.h"

/* What the file holds; nothing without --baseline, or where it is to be made. UI_OK, or UI_USAGE after why was said. */
int ui_baseline_read(const struct ui_options *options, struct pt_baseline *ret);
/*
 * Adds a verdict for each measure that the kept runs know; but for what was too little to speak of, and is not found
 * to be more. UI_OK, or the status after what failed was said.
 */
int ui_baseline_judge(const struct pt_baseline *baseline, const struct ui_options *options,
		      struct ui_verdicts *verdicts);
/* With --baseline-update: the run of that trace becomes one of the kept. UI_OK, or the status after what failed was said. */
int ui_baseline_update(struct pt_baseline *baseline, const struct ui_options *options, const struct pt_trace *trace);

#endif
