/*
 * Verdicts in words; see verdict_text.h.
 */
#include "tui/commands/verdict_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/text_out.h"

#define NS         1e9
#define INDENT     4
#define PATH_LEAST 8 /* columns */

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

static void print_vma(const struct pt_trace *trace, const struct pt_grown_vma *g, bool bytes, int width, FILE *out)
{
	char path[4 * sizeof(g->path)], shown[sizeof(path)], amount[32], when[32] = "";
	if (bytes)
		snprintf(amount, sizeof(amount), "%" PRIu64, g->bytes);
	else
		pt_text_size(g->bytes, amount, sizeof(amount));
	if (g->began_ns)
		ui_verdict_moment(trace, g->began_ns, when, sizeof(when));
	ui_verdict_printable(g->path, path, sizeof(path));
	int n = fprintf(out, "%7s %8" PRIu64 "  %-12s %7d  %-12" PRIx64 " %8s", amount, g->pages,
			pt_role_name((enum pt_role)g->role), (int)trace->processes[g->process].pid, g->start, when);
	int room = width - n - 2;
	ui_text_path(path, !width ? 0 : room > PATH_LEAST ? (size_t)room : PATH_LEAST, shown, sizeof(shown));
	fprintf(out, "%s%s\n", shown[0] ? "  " : "", shown);
}

static void print_grown(const struct ui_verdicts *verdicts, const struct ui_verdict *v, bool bytes, int width,
			FILE *out)
{
	const struct pt_judgement *j = &v->judgement;
	const struct pt_trace *trace = verdicts->trace;
	char from[32], to[32], amount[32];
	if (!j->grown.n && !j->grown.unseen)
		return;
	fprintf(out, "what grew from %s s to %s s:\n", ui_verdict_moment(trace, j->from_ns, from, sizeof(from)),
		ui_verdict_moment(trace, j->to_ns, to, sizeof(to)));
	if (j->grown.n)
		fprintf(out, "%7s %8s  %-12s %7s  %-12s %8s  %s\n", "GREW", "PAGES", "ROLE", "PID", "START", "SINCE",
			"PATH");
	for (size_t i = 0; i < j->grown.n; i++)
		print_vma(trace, &j->grown.v[i], bytes, width, out);
	if (j->grown.more)
		fprintf(out, "... and %zu more, %s\n", j->grown.more,
			bytes ? size_words((double)j->grown.more_bytes, true, amount, sizeof(amount))
			      : pt_text_size(j->grown.more_bytes, amount, sizeof(amount)));
	if (j->grown.unseen)
		fprintf(out, "of %zu process%s no pages were read\n", j->grown.unseen,
			j->grown.unseen == 1 ? "" : "es");
}

void ui_verdict_details(const struct ui_verdicts *verdicts, const struct ui_verdict *v, bool bytes, int width,
			FILE *out)
{
	char reason[512], where[1024];
	print_values(verdicts, v, bytes, out);
	if (v->judgement.answer == PT_ANSWER_UNDECIDED ||
	    (v->judgement.answer == PT_ANSWER_NO && !v->judgement.n_findings))
		fprintf(out, "%s\n", ui_verdict_reason(verdicts, v, bytes, reason, sizeof(reason)));
	if (v->judgement.answer != PT_ANSWER_YES && strcmp(v->where, "--assert") != 0)
		fprintf(out, "by %s\n", ui_verdict_printable(v->where, where, sizeof(where)));
	print_grown(verdicts, v, bytes, width, out);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* Where a line may end: at a blank, but for that between a number and its unit. */
static bool is_gap(const char *line, size_t i)
{
	return line[i] == ' ' && !(i && line[i - 1] >= '0' && line[i - 1] <= '9' && strcspn(line + i + 1, " \n") <= 3);
}

/* Each line, indented, and wrapped at words where it is too long (room 0: it is not). */
static void print_indented(const char *text, size_t room, FILE *out)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n"), indent = INDENT, cut;
		while (room > 2 && n > room) {
			for (cut = room; cut && !is_gap(line, cut); cut--)
				;
			if (!cut)
				break;
			fprintf(out, "%*s%.*s\n", (int)indent, "", (int)cut, line);
			line += cut + 1;
			n -= cut + 1;
			room -= indent == INDENT ? 2 : 0;
			indent = INDENT + 2;
		}
		room += indent == INDENT ? 0 : 2;
		fprintf(out, "%*s%.*s\n", (int)indent, "", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static void print_answer(enum pt_answer answer, bool colours, FILE *out)
{
	static const char *const on[] = {"\033[31m", "\033[33m", "\033[32m"}; /* red, yellow, green */
	const char *name = pt_answer_name(answer);
	fprintf(out, "%s%s%s%*s", colours ? on[answer] : "", name, colours ? "\033[m" : "", 11 - (int)strlen(name), "");
}

void ui_verdicts_print(const struct ui_verdicts *verdicts, const struct ui_options *options, FILE *out)
{
	char text[2 * PT_ASSERT_MAX];
	int width = ui_text_columns(out);
	int room = width > 2 * INDENT ? width - INDENT : 0;
	bool colours = width && options->colours != UI_COLOURS_MONO;
	for (size_t i = 0; i < verdicts->n; i++) {
		const struct ui_verdict *v = &verdicts->v[i];
		char *details = NULL;
		size_t size;
		print_answer(v->judgement.answer, colours, out);
		fprintf(out, "%s\n", ui_verdict_printable(v->text, text, sizeof(text)));
		FILE *memory = open_memstream(&details, &size);
		if (!memory)
			continue;
		ui_verdict_details(verdicts, v, options->bytes, room, memory);
		fclose(memory);
		print_indented(details ? details : "", (size_t)room, out);
		free(details);
	}
	fprintf(out, "%zu assertion%s: %zu passed, %zu failed, %zu undecided\n", verdicts->n,
		verdicts->n == 1 ? "" : "s", verdicts->passed, verdicts->failed, verdicts->undecided);
}
