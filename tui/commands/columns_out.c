/*
 * Columns that are asked for; see columns_out.h.
 */
#include "tui/commands/columns_out.h"

#include <assert.h>

#include "core/report/columns.h"
#include "tui/commands/commands.h"

static const char *name_of(const void *arg, size_t i)
{
	const struct ui_columns *columns = arg;
	return columns->all[columns->ids[i]].name;
}

int ui_columns_choose(const struct ui_options *options, const struct ui_columns *columns, const char *by,
		      struct ui_chosen *ret)
{
	size_t defaults[UI_COLUMNS_MAX], n = 0;
	char message[512];
	assert(columns->n <= UI_COLUMNS_MAX);
	for (size_t i = 0; i < columns->n_default; i++)
		if (!options->raw || !(columns->all[columns->ids[i]].flags & UI_TABLE_PICTURE))
			defaults[n++] = i;
	if (pt_columns_select(options->columns, name_of, columns, columns->n, defaults, n, ret->ids, &ret->n, message,
			      sizeof(message)) != 0) {
		if (by)
			ui_complain("--by %s: %s", by, message);
		else
			ui_complain("%s", message);
		return UI_USAGE;
	}
	for (size_t i = 0; i < ret->n; i++)
		ret->ids[i] = columns->ids[ret->ids[i]];
	return UI_OK;
}

struct ui_table *ui_columns_table(const struct ui_options *options, const struct ui_columns *columns,
				  const struct ui_chosen *chosen)
{
	struct ui_table_column heads[UI_COLUMNS_MAX];
	for (size_t i = 0; i < chosen->n; i++)
		heads[i] = columns->all[chosen->ids[i]];
	return ui_table_new(options, heads, chosen->n);
}
