/*
 * Assertions as they come, and their verdicts; see assertions.h.
 */
#include "tui/commands/assertions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/text.h"
#include "tui/commands/commands.h"

/* ---- mistakes --------------------------------------------------------------------------------------------------- */

/* Columns that bytes [0, n) of a text take once they are printable. */
static size_t columns(const char *text, size_t n, char *room, size_t size)
{
	size_t printed = pt_text_printable(text, n, room, size), seen = 0;
	for (size_t i = 0; i < printed; i++)
		seen += (room[i] & 0xc0) != 0x80;
	return seen;
}

/* The text, and below it what of it is meant. */
static int complain(const char *text, const char *where, const struct pt_assert_error *error)
{
	size_t n = strlen(text), room = 10 * n + 10;
	char *line = malloc(room), name[512];
	if (!line)
		return ui_out_of_memory();
	size_t from = columns(text, error->at, line, room);
	size_t to = columns(text, error->at + error->size, line, room);
	pt_text_printable(text, n, line, room);
	pt_text_printable(where, strlen(where), name, sizeof(name));
	fflush(stdout);
	fprintf(stderr, "pagetop: %s: %s\n  %s\n  %*s^", name, error->message, line, (int)from, "");
	for (size_t i = from + 1; i < to; i++)
		fputc('~', stderr);
	fputc('\n', stderr);
	free(line);
	return UI_USAGE;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static int add(struct ui_assertions *a, const char *text, const char *where)
{
	struct pt_assert_error error;
	struct ui_assertion one = {0};
	int r = pt_assert_parse(text, &one.assertion, &error);
	if (r == -EINVAL)
		return complain(text, where, &error);
	one.where = r ? NULL : strdup(where);
	struct ui_assertion *v = one.where ? reallocarray(a->v, a->n + 1, sizeof(*v)) : NULL;
	if (!v) {
		pt_assert_free(one.assertion);
		free(one.where);
		return ui_out_of_memory();
	}
	a->v = v;
	a->v[a->n++] = one;
	return UI_OK;
}

/* One a line; lines that begin with # and empty ones say nothing. */
static int read_lines(struct ui_assertions *a, const char *path, FILE *f)
{
	char *line = NULL, where[4200];
	size_t room = 0, number = 0;
	int status = UI_OK;
	while (status == UI_OK && getline(&line, &room, f) >= 0) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		const char *text = line + strspn(line, " \t");
		snprintf(where, sizeof(where), "%s:%zu", path, number);
		if (*text && *text != '#')
			status = add(a, line, where);
	}
	free(line);
	if (status == UI_OK && ferror(f)) {
		ui_complain("cannot read %s: %s", path, strerror(errno));
		status = UI_USAGE;
	}
	return status;
}

int ui_assertions_read(const struct ui_options *options, struct ui_assertions *ret)
{
	int status = UI_OK;
	*ret = (struct ui_assertions){0};
	for (const char **text = options->asserts; *text && status == UI_OK; text++)
		status = add(ret, *text, "--assert");
	if (status != UI_OK || !options->assertions)
		return status;
	FILE *f = fopen(options->assertions, "re");
	if (!f) {
		ui_complain("cannot open %s: %s", options->assertions, strerror(errno));
		return errno == EACCES ? UI_DENIED : UI_USAGE;
	}
	status = read_lines(ret, options->assertions, f);
	fclose(f);
	return status;
}

void ui_assertions_free(struct ui_assertions *a)
{
	for (size_t i = 0; i < a->n; i++) {
		pt_assert_free(a->v[i].assertion);
		free(a->v[i].where);
	}
	free(a->v);
	*a = (struct ui_assertions){0};
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

void ui_verdicts_begin(struct ui_verdicts *verdicts, const struct pt_trace *trace)
{
	*verdicts = (struct ui_verdicts){.trace = trace};
}

int ui_verdicts_add(struct ui_verdicts *verdicts, const char *text, const char *where, struct pt_judgement *judgement)
{
	struct ui_verdict one = {.text = strdup(text), .where = strdup(where), .judgement = *judgement};
	struct ui_verdict *v = reallocarray(verdicts->v, verdicts->n + 1, sizeof(*v));
	verdicts->v = v ? v : verdicts->v;
	if (!v || !one.text || !one.where) {
		free(one.text);
		free(one.where);
		pt_judgement_free(judgement);
		return ui_out_of_memory();
	}
	v[verdicts->n++] = one;
	verdicts->passed += judgement->answer == PT_ANSWER_YES;
	verdicts->failed += judgement->answer == PT_ANSWER_NO;
	verdicts->undecided += judgement->answer == PT_ANSWER_UNDECIDED;
	return UI_OK;
}

int ui_verdicts_judge(struct ui_verdicts *verdicts, const struct ui_assertions *a)
{
	int status = UI_OK;
	for (size_t i = 0; i < a->n && status == UI_OK; i++) {
		struct pt_judgement judgement;
		const struct pt_assert *assertion = a->v[i].assertion;
		int error = pt_assert_judge(assertion, verdicts->trace, &judgement);
		if (error == -ENOMEM)
			return ui_out_of_memory();
		if (error) {
			ui_complain("%s: what was recorded cannot be read: %s", pt_assert_text(assertion),
				    error == -EBADMSG ? "the file is damaged" : strerror(-error));
			return UI_USAGE;
		}
		status = ui_verdicts_add(verdicts, pt_assert_text(assertion), a->v[i].where, &judgement);
	}
	return status;
}

void ui_verdicts_free(struct ui_verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->n; i++) {
		free(verdicts->v[i].text);
		free(verdicts->v[i].where);
		pt_judgement_free(&verdicts->v[i].judgement);
	}
	free(verdicts->v);
	*verdicts = (struct ui_verdicts){0};
}
