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

static int run(const struct ui_options *options, struct pt_kernel *k)
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

/* ---- the command line ------------------------------------------------------------------------------------------- */

static const char help[] = "Says whether a recording bears out what is asserted of the memory of its run, as\n"
			   "pagetop run does at the end of one. Each is told as passed, failed (with what\n"
			   "grew, and since when) or undecided (with what is missing).\n"
			   "\n"
			   "      --assert EXPR      what has to be true, as 'peak(rss) < 200M'; repeatable\n"
			   "      --assertions FILE  the same, one a line; lines that begin with # say nothing\n"
			   "      --strict           undecided is as bad as failed\n"
			   "      --junit FILE       writes the verdicts for a CI server\n"
			   "      --baseline FILE    no worse than runs that were kept in FILE\n"
			   "      --baseline-update  keeps this one in it, the last ten\n"
			   "  -b, --bytes            sizes in bytes\n"
			   "  -J, --json             JSON\n"
			   "\n"
			   "  final(rss) - at(\"warm\", rss) < 5M       slope(heap.anon, \"warm\"..end) < 10K/s\n"
			   "  still_present(born(\"a\"..\"b\"), end) < 100 pages      swap == 0\n"
			   "  plateau(anon of \"redis-server\")         thp_share(heap) > 50%\n"
			   "\n"
			   "man pagetop has the language. Exit status 1: something failed.\n";

static const struct ui_option options[] = {UI_JUDGED_OPTIONS, {0}};

static int check_options(struct ui_options *o, struct ui_complaint *c)
{
	return ui_check_judged(o, c);
}

const struct ui_command ui_check_command = {
	.name = "check",
	.summary = "whether a recording bears out what is asserted of it",
	.usage = "-i RECORDING [OPTION...]",
	.help = help,
	.options = options,
	.takes_recording = true,
	.check = check_options,
	.run = run,
};
