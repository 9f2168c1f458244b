/*
 * Verdicts as XML in JUnit's form, which CI servers show: a testsuite with a testcase for each assertion, and one for the
 * command itself where one was started, so that its own failure is told from theirs. See assertions.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/commands/commands.h"
#include "tui/commands/verdict_text.h"

/* Printable text as XML. Two characters of UTF-8 are none of XML: U+FFFE and U+FFFF. */
static void escape(const char *text, FILE *out)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		default:
			if (strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0) {
				fputc('?', out);
				text += 2;
			} else {
				fputc(*text, out);
			}
		}
	}
}

static void escape_raw(const char *raw, FILE *out)
{
	size_t n = strlen(raw), room = 10 * n + 1;
	char *text = malloc(room);
	if (text)
		escape(ui_verdict_printable(raw, text, room), out);
	free(text);
}

/* <failure message="...">details</failure> */
static void write_failure(const struct ui_verdicts *verdicts, const struct ui_verdict *v, const char *type, FILE *out)
{
	char reason[512], *details = NULL;
	size_t size;
	fputs("    <failure message=\"", out);
	escape(ui_verdict_reason(verdicts, v, false, reason, sizeof(reason)), out);
	fprintf(out, "\" type=\"%s\">", type);
	FILE *memory = open_memstream(&details, &size);
	if (memory) {
		ui_verdict_details(verdicts, v, false, 0, memory);
		fclose(memory);
		escape(details ? details : "", out);
	}
	free(details);
	fputs("</failure>\n", out);
}

static void write_verdict(const struct ui_verdicts *verdicts, const struct ui_suite *suite, const struct ui_verdict *v,
			  FILE *out)
{
	char reason[512];
	fputs("  <testcase classname=\"pagetop\" name=\"", out);
	escape_raw(v->text, out);
	fputs("\" time=\"0\"", out);
	if (v->judgement.answer == PT_ANSWER_YES) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	if (v->judgement.answer == PT_ANSWER_NO) {
		write_failure(verdicts, v, "assertion", out);
	} else if (suite->strict) {
		write_failure(verdicts, v, "undecided", out);
	} else {
		fputs("    <skipped message=\"", out);
		escape(ui_verdict_reason(verdicts, v, false, reason, sizeof(reason)), out);
		fputs("\"/>\n", out);
	}
	fputs("  </testcase>\n", out);
}

static double seconds_of(const struct pt_trace *trace)
{
	return trace->ended_ns > trace->began_ns ? (double)(trace->ended_ns - trace->began_ns) / 1e9 : 0;
}

static void write_command(const struct ui_suite *suite, double seconds, FILE *out)
{
	fprintf(out, "  <testcase classname=\"pagetop\" name=\"command\" time=\"%.3f\"", seconds);
	if (suite->failure) {
		fputs(">\n    <error type=\"command\" message=\"", out);
		escape_raw(suite->failure, out);
		fputs("\"/>\n  </testcase>\n", out);
	} else {
		fputs("/>\n", out);
	}
}

static void write_suite(const struct ui_verdicts *verdicts, const struct ui_suite *suite, FILE *out)
{
	const struct pt_trace *trace = verdicts->trace;
	time_t began = trace->n_samples ? (time_t)(trace->samples[0].realtime_ns / 1000000000u) : 0;
	struct tm tm;
	char when[32] = "1970-01-01T00:00:00";
	if (gmtime_r(&began, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"", out);
	escape_raw(suite->name, out);
	fprintf(out,
		"\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"%.3f\" timestamp=\"%s\">\n",
		verdicts->n + suite->command, verdicts->failed + (suite->strict ? verdicts->undecided : 0),
		suite->failure != NULL, suite->strict ? 0 : verdicts->undecided, seconds_of(trace), when);
	if (suite->command)
		write_command(suite, seconds_of(trace), out);
	for (size_t i = 0; i < verdicts->n; i++)
		write_verdict(verdicts, suite, &verdicts->v[i], out);
	fputs("</testsuite>\n</testsuites>\n", out);
}

int ui_verdicts_junit(const struct ui_verdicts *verdicts, const struct ui_suite *suite, const char *path)
{
	FILE *out = fopen(path, "we");
	int error = out ? 0 : errno;
	if (out) {
		write_suite(verdicts, suite, out);
		error = ferror(out) ? EIO : 0;
		error = fclose(out) != 0 ? errno : error;
	}
	if (error)
		ui_complain("cannot write %s: %s", path, strerror(error));
	return error ? UI_FINDING : UI_OK;
}
