/*
 * Tables on stdout, as lsblk and findmnt print them. Cells come row by row, are copied, and must be printable already.
 */
#ifndef UI_TABLE_OUT_H
#define UI_TABLE_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/model/snapshot.h"
#include "tui/options.h"

enum ui_table_flag {
	UI_TABLE_RIGHT = 1,
	UI_TABLE_CUT = 2,     /* gives way when the terminal is too narrow */
	UI_TABLE_PICTURE = 4, /* nothing for scripts: a bar */
};
struct ui_table_column {
	const char *name;
	int flags;
};

struct ui_table;

/* An empty table that obeys -n and -r; NULL: out of memory. The columns are copied, their names borrowed. */
struct ui_table *ui_table_new(const struct ui_options *options, const struct ui_table_column *columns, size_t n);
void ui_table_free(struct ui_table *table); /* NULL is fine */

/* The next cell: of the row under way, or the first one of a new row. NULL: there was no memory for its text. */
void ui_table_cell(struct ui_table *table, const char *text);

/* Prints all rows; without any, nothing. 0, or -ENOMEM when memory ran out here or for one of the cells before. */
int ui_table_print(struct ui_table *table);

/* A size as cells show it: "1.21G", with -b "1299227607", "?" where it is not known. Returns ret. */
char *ui_table_bytes(const struct ui_options *options, struct pt_maybe bytes, char *ret, size_t size);
/* A number of things: "1.3k", with -b or -r "1299". Returns ret. */
char *ui_table_number(const struct ui_options *options, uint64_t n, char *ret, size_t size);
/* The same as cells, and an address. */
void ui_table_bytes_cell(const struct ui_options *options, struct ui_table *table, struct pt_maybe bytes);
void ui_table_number_cell(const struct ui_options *options, struct ui_table *table, uint64_t n);
void ui_table_hex_cell(struct ui_table *table, uint64_t address);

#endif
