/*
 * See diff_faults.h.
 */
#include "tui/commands/diff_faults.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/record/faults.h"
#include "core/text/text.h"
#include "tui/commands/commands.h"
#include "tui/commands/faults.h"
#include "tui/commands/table_out.h"
#include "tui/commands/text_out.h"

#define ROWS 20 /* for people; JSON has all */

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* No view where there are no faults. */
static int read_view(const struct ui_diff_moment *moment, uint64_t from_seq, struct pt_fault_view **ret)
{
	int error = pt_reader_faults(moment->reader, from_seq, moment->seq, 0, ret);
	if (!error || error == -ENODATA)
		return UI_OK;
	ui_complain("%s: %s", moment->path, error == -EBADMSG ? "what it has of faults is damaged" : strerror(-error));
	return UI_USAGE;
}

int ui_diff_faults_open(struct ui_diff_faults *d, const struct ui_diff_moment *from, const struct ui_diff_moment *to,
			bool two)
{
	int status = read_view(to, two ? 0 : from->seq, &d->view);
	if (status == UI_OK && two)
		status = read_view(from, 0, &d->before);
	if (status != UI_OK)
		return status;
	if (two && !d->view != !d->before)
		d->why = "one of the recordings has no faults (pagetop record --faults)";
	else if (two && d->view && (pt_reader_anonymized(from->reader) || pt_reader_anonymized(to->reader)))
		d->why = "functions have numbers in an anonymized recording, which are others in another one";
	if (d->why || !d->view) {
		pt_fault_view_unref(d->view);
		d->view = NULL;
		return UI_OK;
	}
	ssize_t n = pt_fault_grown(d->before, d->view, &d->rows);
	d->n = n > 0 ? (size_t)n : 0;
	return n < 0 ? ui_out_of_memory() : UI_OK;
}

void ui_diff_faults_free(struct ui_diff_faults *d)
{
	free(d->rows);
	pt_fault_view_unref(d->before);
	pt_fault_view_unref(d->view);
	*d = (struct ui_diff_faults){0};
}

static const struct pt_fault_stack_row *stack_of(const struct pt_fault_grown_row *row)
{
	return row->is ? row->is : row->was;
}

static uint64_t largest_period(const struct ui_diff_faults *d)
{
	uint64_t before = d->before ? d->before->period_most : 1;
	return before > d->view->period_most ? before : d->view->period_most;
}

static uint64_t born_of(const struct pt_fault_view *view)
{
	uint64_t born = 0;
	for (size_t i = 0; i < view->n_stacks; i++)
		born += view->stacks[i].born;
	return born;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static const char *bytes_of(const struct ui_faults *f, uint64_t bytes, char *ret, size_t size)
{
	return ui_table_bytes(f->options, (struct pt_maybe){bytes, true}, ret, size);
}

static const char *grew_by(const struct ui_faults *f, int64_t bytes, char *ret, size_t size)
{
	if (f->options->bytes)
		snprintf(ret, size, "%+" PRId64, bytes);
	else
		pt_text_delta(bytes, ret, size);
	return ret;
}

static void print_row(const struct ui_faults *f, struct ui_table *table, const struct pt_fault_grown_row *row, bool two)
{
	char text[32];
	char *chain = ui_fault_chain(f, stack_of(row), SIZE_MAX);
	if (two) {
		ui_table_cell(table, bytes_of(f, row->born_before, text, sizeof(text)));
		ui_table_cell(table, bytes_of(f, row->born, text, sizeof(text)));
		ui_table_cell(table, grew_by(f, (int64_t)(row->born - row->born_before), text, sizeof(text)));
		ui_table_cell(table, ui_table_number(f->options, row->events_before, text, sizeof(text)));
	} else {
		ui_table_cell(table, bytes_of(f, row->born, text, sizeof(text)));
	}
	ui_table_cell(table, ui_table_number(f->options, row->events, text, sizeof(text)));
	ui_table_cell(table, chain);
	free(chain);
}

static void print_heading(const struct ui_faults *f, const struct ui_diff_faults *d)
{
	char faults[24], bytes[24], text[400];
	int at = snprintf(text, sizeof(text), "By stack: %s faults brought %s",
			  ui_table_number(f->options, d->view->all.events, faults, sizeof(faults)),
			  bytes_of(f, born_of(d->view), bytes, sizeof(bytes)));
	if (d->before)
		at += snprintf(text + at, sizeof(text) - (size_t)at, ", before it was %s by %s",
			       bytes_of(f, born_of(d->before), bytes, sizeof(bytes)),
			       ui_table_number(f->options, d->before->all.events, faults, sizeof(faults)));
	if (largest_period(d) > 1)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       "; at worst one fault in %s was told, so these are estimates",
			       ui_table_number(f->options, largest_period(d), faults, sizeof(faults)));
	if (d->view->totals.lost)
		snprintf(text + at, sizeof(text) - (size_t)at, "; %s were lost",
			 ui_table_number(f->options, d->view->totals.lost, faults, sizeof(faults)));
	ui_print_wrapped(text, 0, 0, f->width);
}

static int print_stacks(const struct ui_faults *f, const struct ui_diff_faults *d)
{
	static const struct ui_table_column one[] = {
		{"BORN", UI_TABLE_RIGHT}, {"FAULTS", UI_TABLE_RIGHT}, {"STACK", UI_TABLE_CUT}};
	static const struct ui_table_column both[] = {
		{"BORN_BEFORE", UI_TABLE_RIGHT},   {"BORN", UI_TABLE_RIGHT},   {"BORN_GREW", UI_TABLE_RIGHT},
		{"FAULTS_BEFORE", UI_TABLE_RIGHT}, {"FAULTS", UI_TABLE_RIGHT}, {"STACK", UI_TABLE_CUT}};
	struct ui_table *table = ui_table_new(f->options, d->before ? both : one, d->before ? 6 : 3);
	if (!table)
		return ui_out_of_memory();
	for (size_t i = 0; i < d->n && i < ROWS; i++)
		print_row(f, table, &d->rows[i], d->before != NULL);
	int error = ui_table_print(table);
	ui_table_free(table);
	if (d->n > ROWS)
		printf("... and %zu more stacks\n", d->n - ROWS);
	return error ? ui_out_of_memory() : UI_OK;
}

int ui_diff_faults_print(const struct ui_diff_faults *d, const struct ui_options *options)
{
	const struct ui_faults f = {.options = options,
				    .view = d->view,
				    .width = ui_text_width(),
				    .ascii = options->ascii || !isatty(STDOUT_FILENO)};
	if (d->why)
		printf("\nStacks are not compared: %s.\n", d->why);
	if (!d->view)
		return UI_OK;
	printf("\n");
	print_heading(&f, d);
	return print_stacks(&f, d);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* Of the first of two recordings. */
static json_t *number_before(const struct ui_diff_faults *d, uint64_t n)
{
	return d->before ? number(n) : json_null();
}

static json_t *stacks_json(const struct ui_diff_faults *d)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < d->n; i++) {
		const struct pt_fault_grown_row *row = &d->rows[i];
		const struct pt_fault_stack_row *stack = stack_of(row);
		json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o, s:b, s:o}", "events", number(row->events),
						       "events-before", number_before(d, row->events_before), "born",
						       number(row->born), "born-before",
						       number_before(d, row->born_before), "complete", stack->complete,
						       "frames", ui_fault_calls_json(stack->calls, stack->n_calls)));
	}
	return array;
}

static json_t *vmas_json(const struct pt_fault_view *view)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < view->n_vmas; i++) {
		const struct pt_fault_vma_row *row = &view->vmas[i];
		bool known = row->end != 0;
		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "start",
						ui_json_hex((struct pt_maybe){row->start, known}), "end",
						ui_json_hex((struct pt_maybe){row->end, known}), "name",
						ui_json_bytes(row->name && row->name[0] ? row->name : NULL), "role",
						known ? json_string(pt_role_name(row->role)) : json_null(), "events",
						number(row->counts.events), "born", number(row->born), "kinds",
						ui_fault_kinds_json(&row->counts)));
	}
	return array;
}

json_t *ui_diff_faults_json(const struct ui_diff_faults *d)
{
	const struct pt_fault_view *v = d->view;
	if (!v)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "events", number(v->all.events),
			 "events-before", number_before(d, d->before ? d->before->all.events : 0), "major",
			 number(v->all.major), "kinds", ui_fault_kinds_json(&v->all), "lost", number(v->totals.lost),
			 "left-out", number(v->left_out), "period", number(largest_period(d)), "vmas", vmas_json(v),
			 "stacks", stacks_json(d));
}
