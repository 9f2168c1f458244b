/*
 * pagetop check: assertions on what a recording says of a run that is over, as pagetop run judges one at its end.
 */
#include <errno.h>
#include <string.h>

#include "core/record/trace.h"
#include "tui/commands/assertions.h"
#include "tui/commands/baseline.h"
#include "tui/commands/commands.h"
#include "tui/commands/json_out.h"

static int open_trace(const char *path, struct pt_record_trace *ret)
{
	char message[512];
	int error = pt_record_trace_open(path, ret, message, sizeof(message));
	if (!error)
		return UI_OK;
	ui_complain("%s", message);
	return error == -EACCES || error == -EPERM ? UI_DENIED : UI_USAGE;
}

static int print_json(const struct ui_verdicts *verdicts)
{
	struct ui_json out;
	ui_json_begin(&out, "check");
	for (size_t i = 0; i < verdicts->n; i++)
		ui_json_element(&out, ui_verdict_json(verdicts, &verdicts->v[i]));
	ui_json_end_array(&out);
	ui_json_member(&out, "summary", ui_verdicts_summary_json(verdicts));
	return ui_json_end(&out);
}

static int tell(const struct ui_options *options, const struct ui_verdicts *verdicts)
{
	const char *slash = strrchr(options->input, '/');
	const struct ui_suite suite = {.name = slash ? slash + 1 : options->input, .strict = options->strict};
	int status = UI_OK;
	if (options->json)
		status = print_json(verdicts);
	else
		ui_verdicts_print(verdicts, options, stdout);
	if (status == UI_OK && options->junit)
		status = ui_verdicts_junit(verdicts, &suite, options->junit);
	if (status == UI_OK && (verdicts->failed || (options->strict && verdicts->undecided)))
		status = UI_FINDING;
	return status;
}

static int check(const struct ui_options *options, const struct ui_assertions *assertions, struct pt_baseline *baseline)
{
	struct pt_record_trace recorded = {0};
	struct ui_verdicts verdicts;
	int status = open_trace(options->input, &recorded);
	if (status != UI_OK)
		return status;
	ui_verdicts_begin(&verdicts, recorded.trace);
	status = ui_verdicts_judge(&verdicts, assertions);
	if (status == UI_OK)
		status = ui_baseline_judge(baseline, options, &verdicts);
	if (status == UI_OK) {
		status = tell(options, &verdicts);
		int kept = ui_baseline_update(baseline, options, recorded.trace);
		status = status == UI_OK ? kept : status;
	}
	ui_verdicts_free(&verdicts);
	pt_record_trace_close(&recorded);
	return status;
}

int ui_check(const struct ui_options *options, struct pt_kernel *k)
{
	struct ui_assertions assertions;
	struct pt_baseline baseline;
	(void)k;
	if (!options->input || options->pid) {
		ui_complain("check judges a recording, all processes of it: pagetop check -i RECORDING --assert EXPR");
		return UI_USAGE;
	}
	int status = ui_assertions_read(options, &assertions);
	if (status == UI_OK && !assertions.n && !options->baseline) {
		ui_complain("nothing to check: --assert EXPR, --assertions FILE or --baseline FILE, as in --assert "
			    "'peak(rss) < 200M'");
		status = UI_USAGE;
	}
	if (status == UI_OK)
		status = ui_baseline_read(options, &baseline);
	if (status == UI_OK)
		status = check(options, &assertions, &baseline);
	ui_assertions_free(&assertions);
	return status;
}
