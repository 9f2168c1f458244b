/*
 * Judging a run; see run_verdict.h.
 */
#include "tui/commands/run_verdict.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tui/commands/commands.h"

int ui_run_verdict_read(const struct ui_options *options, struct ui_run_verdict *ret)
{
	*ret = (struct ui_run_verdict){0};
	int status = ui_assertions_read(options, &ret->assertions);
	if (status == UI_OK)
		status = ui_baseline_read(options, &ret->baseline);
	if (status == UI_OK || status == UI_LACKING)
		return status == UI_OK ? UI_OK : UI_RUN_FAILED;
	return UI_USAGE; /* a command could end with any other */
}

void ui_run_verdict_free(struct ui_run_verdict *verdict)
{
	ui_verdicts_free(&verdict->verdicts);
	ui_assertions_free(&verdict->assertions);
}

static const char *why_it_failed(const struct ui_child *child, char *ret, size_t size)
{
	if (WIFSIGNALED(child->status))
		snprintf(ret, size, "killed by signal %d (%s)", WTERMSIG(child->status),
			 strsignal(WTERMSIG(child->status)));
	else if (WEXITSTATUS(child->status))
		snprintf(ret, size, "exit status %d", WEXITSTATUS(child->status));
	else
		return NULL;
	return ret;
}

void ui_run_verdict_judge(struct ui_run_verdict *verdict, const struct ui_options *options,
			  const struct ui_child *child, const struct pt_trace *trace)
{
	char why[80];
	struct ui_suite suite = {.name = options->rest[0],
				 .command = true,
				 .failure = why_it_failed(child, why, sizeof(why)),
				 .strict = options->strict};
	ui_verdicts_begin(&verdict->verdicts, trace);
	verdict->failed = ui_verdicts_judge(&verdict->verdicts, &verdict->assertions) != UI_OK ||
			  ui_baseline_judge(&verdict->baseline, options, &verdict->verdicts) != UI_OK;
	if (options->junit)
		verdict->failed |= ui_verdicts_junit(&verdict->verdicts, &suite, options->junit) != UI_OK;
	if (options->baseline_update && suite.failure)
		ui_complain("%s: the command failed (%s), so %s stays as it is", options->rest[0], suite.failure,
			    options->baseline);
	else
		verdict->failed |= ui_baseline_update(&verdict->baseline, options, trace) != UI_OK;
}

bool ui_run_verdict_counts_vmas(const struct ui_run_verdict *verdict, const struct ui_options *options)
{
	bool counts = options->baseline != NULL; /* a measure of every baseline */
	for (size_t i = 0; i < verdict->assertions.n; i++)
		counts |= pt_assert_asks(verdict->assertions.v[i].assertion, PT_QUANTITY_VMAS);
	return counts;
}

int ui_run_verdict_exit(const struct ui_run_verdict *verdict, const struct ui_options *options)
{
	if (verdict->verdicts.failed)
		return UI_RUN_ASSERTION_FAILED;
	if (options->strict && verdict->verdicts.undecided)
		return UI_RUN_ASSERTION_UNDECIDED;
	return verdict->failed ? UI_RUN_FAILED : UI_OK;
}
