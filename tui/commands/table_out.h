/*
 * Tables on stdout, by libsmartcols, as lsblk and findmnt print them: the only file that uses it. Cells are copied and
 * must be printable already.
 */
#ifndef UI_TABLE_OUT_H
#define UI_TABLE_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/model/snapshot.h"
#include "tui/options.h"

enum ui_table_flag {
	UI_TABLE_RIGHT = 1,
	UI_TABLE_CUT = 2, /* gives way when the terminal is too narrow */
};
struct ui_table_column {
	const char *name;
	int flags;
};

struct ui_table;
struct ui_table_row; /* owned by its table */

/* An empty table that obeys -n, -r and --ascii; NULL: out of memory. The columns are copied. */
struct ui_table *ui_table_new(const struct ui_options *options, const struct ui_table_column *columns, size_t n);
void ui_table_free(struct ui_table *table); /* NULL is fine */

struct ui_table_row *ui_table_add(struct ui_table *table); /* a new last row; NULL: out of memory */
/* 0 or -ENOMEM. */
int ui_table_set(struct ui_table_row *row, size_t column, const char *text);

/* Prints all rows. 0 or -errno. */
int ui_table_print(struct ui_table *table);

/* A size as cells show it: "1.21G", with -b "1299227607", "?" where it is not known. Returns ret. */
char *ui_table_bytes(const struct ui_options *options, struct pt_maybe bytes, char *ret, size_t size);

#endif
