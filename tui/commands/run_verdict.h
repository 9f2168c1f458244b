/*
 * What pagetop run was asked to judge: read before the command starts, judged and told at its end.
 */
#ifndef UI_RUN_VERDICT_H
#define UI_RUN_VERDICT_H

#include "tui/commands/assertions.h"
#include "tui/commands/baseline.h"
#include "tui/commands/run_child.h"

/* Exit statuses of a command that succeeded. */
enum { UI_RUN_ASSERTION_FAILED = 121, UI_RUN_ASSERTION_UNDECIDED = 122 };

struct ui_run_verdict {
	struct ui_assertions assertions;
	struct pt_baseline baseline;
	struct ui_verdicts verdicts;
	bool failed; /* to judge, or to write what was asked for */
};

/* UI_OK, or UI_USAGE or UI_RUN_FAILED after the mistake was said. To be freed in either case. */
int ui_run_verdict_read(const struct ui_options *options, struct ui_run_verdict *ret);
void ui_run_verdict_free(struct ui_run_verdict *verdict);
/* Judges the trace, which must stay; writes what is asked for as JUnit's XML, and the baseline. */
void ui_run_verdict_judge(struct ui_run_verdict *verdict, const struct ui_options *options,
			  const struct ui_child *child, const struct pt_trace *trace);
/* Whether it is about the number of VMAs, which counters do not tell. */
bool ui_run_verdict_counts_vmas(const struct ui_run_verdict *verdict, const struct ui_options *options);
/* The status of the run, where that of its command is 0. */
int ui_run_verdict_exit(const struct ui_run_verdict *verdict, const struct ui_options *options);

#endif
