/*
 * Verdicts in words; see verdict_text.h.
 */
#include "tui/commands/verdict_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text/text.h"

#define NS 1e9

char *ui_verdict_printable(const char *raw, char *ret, size_t size)
{
	pt_text_printable(raw, strlen(raw), ret, size);
	return ret;
}

char *ui_verdict_moment(const struct pt_trace *trace, uint64_t ns, char *ret, size_t size)
{
	double seconds = ((double)ns - (double)trace->began_ns) / NS;
	snprintf(ret, size, "+%.1f", seconds > 0 ? seconds : 0);
	return ret;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* With five digits: what is just above a limit must not look as the limit does. */
static char *size_words(double bytes, bool plain, char *ret, size_t size)
{
	static const char units[] = "BKMGTPE";
	size_t i = 0;
	double value = bytes;
	for (; !plain && fabs(value) >= 1024 && units[i + 1]; i++)
		value /= 1024;
	if (plain)
		snprintf(ret, size, "%.0f", value);
	else
		snprintf(ret, size, value == 0 ? "0" : "%.5g%c", value, units[i]);
	return ret;
}

static char *number_words(const struct pt_trace *trace, enum pt_unit unit, double v, bool plain, char *ret, size_t size)
{
	char bytes[32];
	size_words(v, plain, bytes, sizeof(bytes));
	switch (unit) {
	case PT_UNIT_BYTES: snprintf(ret, size, "%s", bytes); break;
	case PT_UNIT_BYTES_A_SECOND: snprintf(ret, size, "%s/s", bytes); break;
	case PT_UNIT_NUMBER_A_SECOND: snprintf(ret, size, "%.5g/s", v); break;
	case PT_UNIT_SHARE: snprintf(ret, size, "%.4g%%", v * 100); break;
	case PT_UNIT_PAGES: snprintf(ret, size, "%.0f pages (%s)", v / (double)trace->page_size, bytes); break;
	case PT_UNIT_TRUTH: snprintf(ret, size, "%s", v >= (double)PT_ANSWER_YES ? "holds" : "does not hold"); break;
	default: snprintf(ret, size, "%.6g", v);
	}
	return ret;
}

char *ui_verdict_value(const struct pt_trace *trace, const struct pt_finding *f, bool bytes, char *ret, size_t size)
{
	char low[64], high[64];
	number_words(trace, f->unit, f->low, bytes, low, sizeof(low));
	number_words(trace, f->unit, f->high, bytes, high, sizeof(high));
	if (f->unit == PT_UNIT_TRUTH && f->low == (double)PT_ANSWER_UNDECIDED)
		snprintf(ret, size, "not known");
	else if (f->low == f->high)
		snprintf(ret, size, "%s", low);
	else if (isfinite(f->low) && isfinite(f->high))
		snprintf(ret, size, "between %s and %s", low, high);
	else if (isfinite(f->low) && f->low != 0)
		snprintf(ret, size, "%s or more", low);
	else
		snprintf(ret, size, "not known");
	return ret;
}

/* The slope behind a value, where it is more than the value says. */
static void print_trend(const struct pt_trace *trace, const struct pt_finding *f, bool bytes, FILE *out)
{
	enum pt_unit unit = f->unit == PT_UNIT_NUMBER_A_SECOND ? f->unit : PT_UNIT_BYTES_A_SECOND;
	const struct pt_trend *t = &f->trend;
	char low[64], high[64], slope[64], when[32];
	if (!f->has_trend || t->kind == PT_TREND_FLAT) {
		fputs(f->has_trend ? " (no growth that goes on)\n" : "\n", out);
		return;
	}
	if (f->unit == PT_UNIT_TRUTH)
		fprintf(out, ": %s of %s", t->kind == PT_TREND_GROWING ? "growth" : "decline",
			number_words(trace, unit, fabs(t->slope), bytes, slope, sizeof(slope)));
	fprintf(out, " (with %.3g %% between %s and %s", t->confidence * 100,
		number_words(trace, unit, t->low, bytes, low, sizeof(low)),
		number_words(trace, unit, t->high, bytes, high, sizeof(high)));
	if (t->kind == PT_TREND_GROWING)
		fprintf(out, ", since %s s", ui_verdict_moment(trace, t->began_ns, when, sizeof(when)));
	fputs(")\n", out);
}

static void print_values(const struct ui_verdicts *verdicts, const struct ui_verdict *v, bool bytes, FILE *out)
{
	char raw[PT_ASSERT_MAX + 1], text[2 * PT_ASSERT_MAX], value[160];
	for (size_t i = 0; i < v->judgement.n_findings; i++) {
		const struct pt_finding *f = &v->judgement.findings[i];
		snprintf(raw, sizeof(raw), "%.*s", (int)f->size, v->text + f->at);
		fprintf(out, "%s %s%s", ui_verdict_printable(raw, text, sizeof(text)),
			f->unit == PT_UNIT_TRUTH && f->low != (double)PT_ANSWER_UNDECIDED ? "" : "is ",
			ui_verdict_value(verdicts->trace, f, bytes, value, sizeof(value)));
		print_trend(verdicts->trace, f, bytes, out);
	}
}

/* ---- why -------------------------------------------------------------------------------------------------------- */

char *ui_verdict_reason(const struct ui_verdicts *verdicts, const struct ui_verdict *v, bool bytes, char *ret,
			size_t size)
{
	const struct pt_judgement *j = &v->judgement;
	char need[32], value[160];
	*ret = '\0';
	if (j->answer == PT_ANSWER_UNDECIDED && j->need_ns)
		snprintf(ret, size, "undecided: %s; %s of it would decide", j->why,
			 pt_text_ns(j->need_ns, need, sizeof(need)));
	else if (j->answer == PT_ANSWER_UNDECIDED)
		snprintf(ret, size, "undecided: %s", j->why);
	else if (j->answer == PT_ANSWER_NO && j->n_findings && j->findings[0].unit != PT_UNIT_TRUTH)
		snprintf(ret, size, "it is %s",
			 ui_verdict_value(verdicts->trace, &j->findings[0], bytes, value, sizeof(value)));
	else if (j->answer == PT_ANSWER_NO)
		snprintf(ret, size, "it goes on growing");
	return ret;
}

static void print_time(uint64_t realtime_ns, FILE *out)
{
	time_t seconds = (time_t)(realtime_ns / 1000000000u);
	struct tm tm;
	char when[32];
	if (realtime_ns && localtime_r(&seconds, &tm) && strftime(when, sizeof(when), "%H:%M:%S", &tm))
		fprintf(out, ", %s", when);
}

static void print_vma(const struct pt_trace *trace, const struct pt_grown_vma *g, bool bytes, FILE *out)
{
	const struct pt_trace_process *process = &trace->processes[g->process];
	char name[4 * PT_NAME_MAX + 1], path[4 * sizeof(g->path)], amount[32], when[32];
	size_words((double)g->bytes, bytes, amount, sizeof(amount));
	fprintf(out, "  +%s  %" PRIu64 " page%s  %s  %" PRIx64 "-%" PRIx64 "  %s%sin %s (%d)", amount, g->pages,
		g->pages == 1 ? "" : "s", pt_role_name((enum pt_role)g->role), g->start, g->end,
		ui_verdict_printable(g->path, path, sizeof(path)), g->path[0] ? "  " : "",
		ui_verdict_printable(process->name, name, sizeof(name)), (int)process->pid);
	if (g->began_ns) {
		fprintf(out, "  since %s s", ui_verdict_moment(trace, g->began_ns, when, sizeof(when)));
		print_time(g->began_realtime, out);
	}
	fputc('\n', out);
}

static void print_grown(const struct ui_verdicts *verdicts, const struct ui_verdict *v, bool bytes, FILE *out)
{
	const struct pt_judgement *j = &v->judgement;
	const struct pt_trace *trace = verdicts->trace;
	char from[32], to[32], amount[32];
	if (!j->grown.n && !j->grown.unseen)
		return;
	fprintf(out, "what grew from %s s to %s s:\n", ui_verdict_moment(trace, j->from_ns, from, sizeof(from)),
		ui_verdict_moment(trace, j->to_ns, to, sizeof(to)));
	for (size_t i = 0; i < j->grown.n; i++)
		print_vma(trace, &j->grown.v[i], bytes, out);
	if (j->grown.more)
		fprintf(out, "  +%s  in %zu more\n",
			size_words((double)j->grown.more_bytes, bytes, amount, sizeof(amount)), j->grown.more);
	if (j->grown.unseen)
		fprintf(out, "  of %zu process%s no pages were read\n", j->grown.unseen,
			j->grown.unseen == 1 ? "" : "es");
}

void ui_verdict_details(const struct ui_verdicts *verdicts, const struct ui_verdict *v, bool bytes, FILE *out)
{
	char reason[512], where[1024];
	print_values(verdicts, v, bytes, out);
	if (v->judgement.answer == PT_ANSWER_UNDECIDED ||
	    (v->judgement.answer == PT_ANSWER_NO && !v->judgement.n_findings))
		fprintf(out, "%s\n", ui_verdict_reason(verdicts, v, bytes, reason, sizeof(reason)));
	if (v->judgement.answer != PT_ANSWER_YES && strcmp(v->where, "--assert") != 0)
		fprintf(out, "by %s\n", ui_verdict_printable(v->where, where, sizeof(where)));
	print_grown(verdicts, v, bytes, out);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* Each line with four blanks before it. */
static void print_indented(const char *text, FILE *out)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		fprintf(out, "    %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

void ui_verdicts_print(const struct ui_verdicts *verdicts, bool bytes, FILE *out)
{
	char text[2 * PT_ASSERT_MAX];
	for (size_t i = 0; i < verdicts->n; i++) {
		const struct ui_verdict *v = &verdicts->v[i];
		char *details = NULL;
		size_t size;
		fprintf(out, "%-9s  %s\n", pt_answer_name(v->judgement.answer),
			ui_verdict_printable(v->text, text, sizeof(text)));
		FILE *memory = open_memstream(&details, &size);
		if (!memory)
			continue;
		ui_verdict_details(verdicts, v, bytes, memory);
		fclose(memory);
		print_indented(details ? details : "", out);
		free(details);
	}
	fprintf(out, "%zu assertion%s: %zu passed, %zu failed, %zu undecided\n", verdicts->n,
		verdicts->n == 1 ? "" : "s", verdicts->passed, verdicts->failed, verdicts->undecided);
}
