/*
 * libsmartcols behind a few calls. A struct ui_table owns the library's table, which owns its lines: struct
 * ui_table_row is the library's line under our name.
 */
#include "tui/commands/table_out.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/text/text.h"

struct ui_table {
	struct libscols_table *table;
};

static int add_column(struct libscols_table *table, const struct ui_table_column *column)
{
	int flags = (column->flags & UI_TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) |
		    (column->flags & UI_TABLE_CUT ? SCOLS_FL_TRUNC : 0);

	return scols_table_new_column(table, column->name, 0, flags) ? 0 : -ENOMEM;
}

struct ui_table *ui_table_new(const struct ui_options *options, const struct ui_table_column *columns, size_t n)
{
	struct ui_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->table = scols_new_table();
	for (size_t i = 0; t->table && i < n; i++) {
		if (add_column(t->table, &columns[i]) < 0) {
			scols_unref_table(t->table);
			t->table = NULL;
		}
	}
	if (!t->table) {
		free(t);
		return NULL;
	}
	scols_table_enable_noheadings(t->table, options->no_headings);
	scols_table_enable_raw(t->table, options->raw);
	scols_table_enable_ascii(t->table, options->ascii);
	/* Cells are printable already: the library would escape the backslashes of our own escapes once more. */
	scols_table_enable_noencoding(t->table, 1);
	return t;
}

void ui_table_free(struct ui_table *table)
{
	if (!table)
		return;
	scols_unref_table(table->table);
	free(table);
}

struct ui_table_row *ui_table_add(struct ui_table *table)
{
	return (struct ui_table_row *)scols_table_new_line(table->table, NULL);
}

int ui_table_set(struct ui_table_row *row, size_t column, const char *text)
{
	return scols_line_set_data((struct libscols_line *)row, column, text);
}

int ui_table_print(struct ui_table *table)
{
	return scols_print_table(table->table);
}

char *ui_table_bytes(const struct ui_options *options, struct pt_maybe bytes, char *ret, size_t size)
{
	if (!bytes.known)
		snprintf(ret, size, "?");
	else if (options->bytes)
		snprintf(ret, size, "%" PRIu64, bytes.value);
	else
		pt_text_size(bytes.value, ret, size);
	return ret;
}
