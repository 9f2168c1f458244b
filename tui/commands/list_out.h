/*
 * Lists on stdout that may be millions of rows long: printed as they come, in columns of widths that are set beforehand.
 * (Tables, table_out.h, look better and are kept in memory until their end.)
 */
#ifndef UI_LIST_OUT_H
#define UI_LIST_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct ui_list_column {
	const char *name;
	int width; /* cells, to the right where it is negative; what is wider pushes the rest */
};

struct ui_list {
	const struct ui_list_column *all; /* borrowed */
	const size_t *ids;                /* [n] which of them, in which order; borrowed */
	size_t n, next;
	bool raw; /* one blank between columns, and - for an empty cell */
};

/* Prints the headings, unless `headings` is false. */
void ui_list_begin(struct ui_list *list, bool headings);
/* The next cell, printable; the row ends with its last column. */
void ui_list_cell(struct ui_list *list, const char *text);

#endif
