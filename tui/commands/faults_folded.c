/*
 * Folded stacks, a line each: calls from the outermost in, and a number, as flame graphs are made of. What divides them
 * there (; between calls, a blank before the number) is replaced in names.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tui/commands/commands.h"
#include "tui/commands/faults.h"

#define NAME_ROOM 4096 /* bytes of a name: longer ones are cut */

struct line {
	char *calls; /* malloc'ed */
	uint64_t n;
};

/* Of the frames that are there now or of all; false: not known. */
static bool value_of(const struct pt_fault_stack_row *row, enum ui_folded what, uint64_t *ret)
{
	*ret = what == UI_FOLDED_FAULTS ? row->counts.events : what == UI_FOLDED_BYTES ? row->still : row->born;
	return what != UI_FOLDED_BYTES || row->still_known;
}

static void put_name(const struct pt_fault_call *call, FILE *out)
{
	char name[NAME_ROOM];
	ui_fault_call_name(call, name, sizeof(name));
	for (char *at = name; *at; at++)
		*at = *at == ';' ? ':' : *at == ' ' ? '_' : *at;
	fputs(name, out);
}

static char *fold(const struct pt_fault_stack_row *row)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	if (!row->complete || !row->n_calls)
		fputs(row->n_calls ? "[incomplete];" : "[no-stack]", out);
	for (size_t i = row->n_calls; i > 0; i--) {
		put_name(&row->calls[i - 1], out);
		if (i > 1)
			putc(';', out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int by_calls(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	return strcmp(x->calls, y->calls);
}

/* Stacks that differ in addresses alone are one line. */
static void print_lines(struct line *lines, size_t n)
{
	qsort(lines, n, sizeof(*lines), by_calls);
	for (size_t i = 0; i < n;) {
		uint64_t sum = 0;
		const char *calls = lines[i].calls;
		for (; i < n && strcmp(lines[i].calls, calls) == 0; i++)
			sum += lines[i].n;
		printf("%s %" PRIu64 "\n", calls, sum);
	}
}

int ui_faults_folded(const struct ui_faults *f)
{
	const struct pt_fault_view *view = f->view;
	struct line *lines = calloc(view->n_stacks + 1, sizeof(*lines));
	size_t n = 0, unknown = 0;
	bool failed = !lines;
	for (size_t i = 0; !failed && i < view->n_stacks; i++) {
		const struct pt_fault_stack_row *row = &view->stacks[i];
		uint64_t value;
		if (!ui_fault_stack_matches(f, row))
			continue;
		bool known = value_of(row, f->options->folded, &value);
		unknown += !known;
		if (!known || !value)
			continue;
		lines[n] = (struct line){fold(row), value};
		failed = !lines[n].calls;
		n += !failed;
	}
	if (!failed)
		print_lines(lines, n);
	for (size_t i = 0; i < n; i++)
		free(lines[i].calls);
	free(lines);
	if (failed)
		return ui_out_of_memory();
	if (unknown)
		ui_complain(
			"of %zu stacks it is not known what is still there: they are left out (--folded=born has them)",
			unknown);
	if (!view->n_stacks && ui_fault_no_stacks(f))
		ui_complain("there are no stacks: %s", ui_fault_no_stacks(f));
	return UI_OK;
}
