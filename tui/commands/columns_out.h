/*
 * The columns of a command's tables: those that a person asks for (-o), and a table of them. A command with several tables
 * has one list of columns, of which each table has some.
 */
#ifndef UI_COLUMNS_OUT_H
#define UI_COLUMNS_OUT_H

#include "tui/commands/table_out.h"

#define UI_COLUMNS_MAX 48

struct ui_columns {
	const struct ui_table_column *all; /* what the command has */
	const unsigned char *ids; /* [n] this table's, in `all`; those shown unless told otherwise come first */
	size_t n, n_default;
};

struct ui_chosen {
	size_t ids[UI_COLUMNS_MAX], n; /* in `all` */
};

/*
 * Pictures are no default of -r. UI_OK; or it says what is wrong with -o and returns UI_USAGE. `by`: the word of --by for
 * this table, NULL where there is one table alone.
 */
int ui_columns_choose(const struct ui_options *options, const struct ui_columns *columns, const char *by,
		      struct ui_chosen *ret);
/* An empty table of what was chosen; NULL: out of memory. */
struct ui_table *ui_columns_table(const struct ui_options *options, const struct ui_columns *columns,
				  const struct ui_chosen *chosen);

#endif
