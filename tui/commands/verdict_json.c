/*
 * Verdicts as JSON; see assertions.h. Moments are seconds from the start of the run.
 */
#include <math.h>
#include <string.h>

#include "tui/commands/assertions.h"
#include "tui/commands/json_out.h"

#define NS 1e9

static json_t *seconds(const struct pt_trace *trace, uint64_t ns)
{
	return json_real(((double)ns - (double)trace->began_ns) / NS);
}

/* Whole numbers as integers; what is not known as null. */
static json_t *number(double value)
{
	if (!isfinite(value))
		return json_null();
	if (fabs(value) < 9e15 && value == floor(value))
		return json_integer((json_int_t)value);
	return json_real(value);
}

static const char *unit_name(enum pt_unit unit)
{
	static const char *const names[] = {
		[PT_UNIT_NUMBER] = "number",
		[PT_UNIT_SHARE] = "share",
		[PT_UNIT_BYTES] = "bytes",
		[PT_UNIT_PAGES] = "bytes",
		[PT_UNIT_BYTES_A_SECOND] = "bytes/s",
		[PT_UNIT_NUMBER_A_SECOND] = "number/s",
		[PT_UNIT_TRUTH] = "truth",
	};
	return names[unit];
}

static json_t *trend_json(const struct pt_trace *trace, const struct pt_trend *t)
{
	static const char *const kinds[] = {"undecided", "flat", "growing", "shrinking"};
	return json_pack("{s:s, s:o, s:o, s:o, s:f, s:f, s:I, s:o}", "kind", kinds[t->kind], "slope", number(t->slope),
			 "low", number(t->low), "high", number(t->high), "confidence", t->confidence, "chance",
			 t->chance, "samples", (json_int_t)t->samples, "since",
			 t->kind == PT_TREND_GROWING ? seconds(trace, t->began_ns) : json_null());
}

static json_t *value(enum pt_unit unit, double v)
{
	if (unit != PT_UNIT_TRUTH)
		return number(v);
	return v == (double)PT_ANSWER_UNDECIDED ? json_null() : json_boolean(v == (double)PT_ANSWER_YES);
}

static json_t *finding_json(const struct pt_trace *trace, const char *text, const struct pt_finding *f)
{
	char words[PT_ASSERT_MAX + 1];
	snprintf(words, sizeof(words), "%.*s", (int)f->size, text + f->at);
	json_t *object = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "of", ui_json_bytes(words), "unit",
				   unit_name(f->unit), "low", value(f->unit, f->low), "high", value(f->unit, f->high),
				   "from", seconds(trace, f->from_ns), "to", seconds(trace, f->to_ns));
	if (object && f->has_trend)
		json_object_set_new(object, "trend", trend_json(trace, &f->trend));
	return object;
}

static json_t *vma_json(const struct pt_trace *trace, const struct pt_grown_vma *g)
{
	const struct pt_trace_process *process = &trace->processes[g->process];
	struct pt_vma vma = {.perms = g->perms};
	char perms[5];
	pt_vma_perms(&vma, perms);
	return json_pack("{s:i, s:o, s:o, s:o, s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "pid", (int)process->pid, "name",
			 ui_json_bytes(process->name), "start", ui_json_hex((struct pt_maybe){g->start, true}), "end",
			 ui_json_hex((struct pt_maybe){g->end, true}), "perms", perms, "role",
			 pt_role_name((enum pt_role)g->role), "path", ui_json_bytes(g->path), "pages",
			 (json_int_t)g->pages, "bytes", (json_int_t)g->bytes, "since",
			 g->began_ns ? seconds(trace, g->began_ns) : json_null(), "time",
			 g->began_realtime ? json_real((double)g->began_realtime / NS) : json_null());
}

static json_t *grown_json(const struct pt_trace *trace, const struct pt_judgement *j)
{
	if (j->answer != PT_ANSWER_NO)
		return json_null();
	json_t *vmas = json_array();
	for (size_t i = 0; vmas && i < j->grown.n; i++)
		json_array_append_new(vmas, vma_json(trace, &j->grown.v[i]));
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "from", seconds(trace, j->from_ns), "to",
			 seconds(trace, j->to_ns), "vmas", vmas, "more-vmas", (json_int_t)j->grown.more, "more-bytes",
			 (json_int_t)j->grown.more_bytes, "processes-not-read", (json_int_t)j->grown.unseen);
}

json_t *ui_verdict_json(const struct ui_verdicts *verdicts, const struct ui_verdict *v)
{
	const struct pt_judgement *j = &v->judgement;
	json_t *values = json_array();
	for (size_t i = 0; values && i < j->n_findings; i++)
		json_array_append_new(values, finding_json(verdicts->trace, v->text, &j->findings[i]));
	bool undecided = j->answer == PT_ANSWER_UNDECIDED;
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "assertion", ui_json_bytes(v->text), "where",
			 ui_json_bytes(v->where), "result", pt_answer_name(j->answer), "values", values, "reason",
			 undecided ? ui_json_bytes(j->why) : json_null(), "needs-seconds",
			 undecided && j->need_ns ? json_real((double)j->need_ns / NS) : json_null(), "grew",
			 grown_json(verdicts->trace, j));
}

json_t *ui_verdicts_json(const struct ui_verdicts *verdicts)
{
	json_t *all = json_array();
	for (size_t i = 0; all && i < verdicts->n; i++)
		json_array_append_new(all, ui_verdict_json(verdicts, &verdicts->v[i]));
	return all;
}

json_t *ui_verdicts_summary_json(const struct ui_verdicts *verdicts)
{
	return json_pack("{s:I, s:I, s:I}", "passed", (json_int_t)verdicts->passed, "failed",
			 (json_int_t)verdicts->failed, "undecided", (json_int_t)verdicts->undecided);
}
