/*
 * Baselines of a command line; see baseline.h. Holds nothing.
 */
#include "tui/commands/baseline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/baseline_file.h"
#include "tui/commands/commands.h"

int ui_baseline_read(const struct ui_options *options, struct pt_baseline *ret)
{
	char message[512];
	*ret = (struct pt_baseline){.n = 0};
	if (!options->baseline)
		return UI_OK;
	int error = ui_baseline_load(options->baseline, ret, message, sizeof(message));
	if (error == -ENOENT && options->baseline_update)
		return UI_OK;
	if (error)
		ui_complain("%s%s", message, error == -ENOENT ? "; --baseline-update makes one of this run" : "");
	return error ? UI_USAGE : UI_OK;
}

static char *amount(double value, enum pt_measure_unit unit, const struct ui_options *options, char *ret, size_t size)
{
	if (unit == PT_MEASURE_SECONDS)
		snprintf(ret, size, "%.1f s", value);
	else if (unit == PT_MEASURE_NUMBER || options->bytes)
		snprintf(ret, size, "%.0f", value);
	else
		pt_text_size((uint64_t)value, ret, size);
	return ret;
}

/* "main.json: 98.2M to 104M in 5 runs" */
static void describe(const struct pt_baseline_limit *limit, size_t measure, const struct ui_options *options, char *ret,
		     size_t size)
{
	char least[32], most[32];
	enum pt_measure_unit unit = pt_measure_unit(measure);
	amount(limit->least, unit, options, least, sizeof(least));
	amount(limit->most, unit, options, most, sizeof(most));
	if (strcmp(least, most) == 0)
		snprintf(ret, size, "%s: %s in %zu run%s", options->baseline, most, limit->runs,
			 limit->runs == 1 ? "" : "s");
	else
		snprintf(ret, size, "%s: %s to %s in %zu runs", options->baseline, least, most, limit->runs);
}

static int judge_one(const struct pt_baseline_limit *limit, size_t measure, const struct ui_options *options,
		     struct ui_verdicts *verdicts)
{
	char text[128], where[4400];
	struct pt_judgement judgement;
	int error = pt_baseline_judge(limit, measure, verdicts->trace, text, sizeof(text), &judgement);
	if (error == -ENOMEM)
		return ui_out_of_memory();
	if (error) {
		ui_complain("%s: what was recorded cannot be read: %s", text, strerror(-error));
		return UI_USAGE;
	}
	if (judgement.answer != PT_ANSWER_NO && limit->most < pt_measure_least(measure)) {
		pt_judgement_free(&judgement);
		return UI_OK;
	}
	describe(limit, measure, options, where, sizeof(where));
	return ui_verdicts_add(verdicts, text, where, &judgement);
}

int ui_baseline_judge(const struct pt_baseline *baseline, const struct ui_options *options,
		      struct ui_verdicts *verdicts)
{
	int status = UI_OK;
	for (size_t i = 0; i < PT_MEASURES && status == UI_OK; i++) {
		struct pt_baseline_limit limit = pt_baseline_limit(baseline, i);
		if (limit.runs)
			status = judge_one(&limit, i, options, verdicts);
	}
	return status;
}

int ui_baseline_update(struct pt_baseline *baseline, const struct ui_options *options, const struct pt_trace *trace)
{
	struct pt_baseline_run run;
	if (!options->baseline_update)
		return UI_OK;
	int error = pt_baseline_measure(trace, &run);
	if (error == -ENOMEM)
		return ui_out_of_memory();
	if (!error) {
		pt_baseline_add(baseline, &run);
		error = ui_baseline_save(options->baseline, baseline);
	}
	if (error)
		ui_complain("cannot write %s: %s", options->baseline, strerror(-error));
	return error ? UI_FINDING : UI_OK;
}
