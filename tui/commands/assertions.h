/*
 * Assertions of a command line and of files, judged by a trace; and how the outcome is told: as text, JSON and JUnit's
 * XML. For pagetop run and pagetop check.
 */
#ifndef UI_ASSERTIONS_H
#define UI_ASSERTIONS_H

#include <jansson.h>
#include <stdio.h>

#include "core/verdict/assert.h"
#include "tui/options.h"

struct ui_assertion {
	struct pt_assert *assertion;
	char *where; /* "FILE:LINE", or "--assert" */
};

struct ui_assertions {
	struct ui_assertion *v;
	size_t n;
};

/*
 * All of --assert and --assertions. UI_OK; else the status after the mistake was said, in a text with a caret below it:
 * UI_USAGE, UI_DENIED of a file that may not be read, UI_LACKING for no memory. Free them in any case.
 */
int ui_assertions_read(const struct ui_options *options, struct ui_assertions *ret);
void ui_assertions_free(struct ui_assertions *assertions);

/* What became of one; of an assertion, or of whatever else is judged of a run. */
struct ui_verdict {
	char *text;  /* raw bytes */
	char *where; /* likewise */
	struct pt_judgement judgement;
};

struct ui_verdicts {
	const struct pt_trace *trace;
	struct ui_verdict *v;
	size_t n;
	size_t passed, failed, undecided;
};

/* Empty, of a trace that must stay. */
void ui_verdicts_begin(struct ui_verdicts *verdicts, const struct pt_trace *trace);
/* UI_OK, or the status after what failed was said. */
int ui_verdicts_judge(struct ui_verdicts *verdicts, const struct ui_assertions *assertions);
/* One that was judged elsewhere; takes over the judgement. UI_OK, or the status for no memory. */
int ui_verdicts_add(struct ui_verdicts *verdicts, const char *text, const char *where, struct pt_judgement *judgement);
void ui_verdicts_free(struct ui_verdicts *verdicts);

/* As text, with a last line that counts them; on a terminal as wide as that, and in colours unless these are off. */
void ui_verdicts_print(const struct ui_verdicts *verdicts, const struct ui_options *options, FILE *out);

/* An object of one; an array of all; an object of the counts. NULL: out of memory. */
json_t *ui_verdict_json(const struct ui_verdicts *verdicts, const struct ui_verdict *verdict);
json_t *ui_verdicts_json(const struct ui_verdicts *verdicts);
json_t *ui_verdicts_summary_json(const struct ui_verdicts *verdicts);

/* What a file for JUnit's readers says besides. */
struct ui_suite {
	const char *name;    /* raw bytes */
	bool command;        /* one was started, which gets a testcase of its own */
	const char *failure; /* of that, as "exit status 3": one line, raw bytes; NULL: it did not fail */
	bool strict;         /* undecided counts as failed, else as skipped */
};
/* Writes the file anew. UI_OK, or UI_FINDING after what failed was said. */
int ui_verdicts_junit(const struct ui_verdicts *verdicts, const struct ui_suite *suite, const char *path);

#endif
