/*
 * VMAs in the answers of commands: as cells of a table, as JSON, and which of them -f lets through.
 */
#ifndef UI_VMA_OUT_H
#define UI_VMA_OUT_H

#include "core/filter/filter.h"
#include "core/report/columns.h"
#include "tui/commands/json_out.h"
#include "tui/commands/table_out.h"
#include "tui/options.h"

const char *ui_vma_column_name(const void *arg, size_t id); /* for pt_columns_select */
struct ui_table_column ui_vma_table_column(enum pt_column_id id);
void ui_vma_cell(const struct ui_options *options, struct ui_table *table, const struct pt_vma_row *row,
		 enum pt_column_id id);

/* A cell of bytes that may be hostile. */
void ui_name_cell(struct ui_table *table, const char *bytes);

/* An object with the keys of these columns; NULL: out of memory. */
json_t *ui_vma_json(const struct pt_vma_row *row, const size_t *ids, size_t n);
/* The "process" object of vmas -J. */
json_t *ui_process_json(const struct pt_snapshot *snapshot);

/* -f: *ret stays NULL without it. UI_OK, or says what is wrong with the pattern and returns UI_USAGE. */
int ui_filter_open(const struct ui_options *options, struct pt_filter **ret);
/* Says so if a match was given up, and frees it. */
void ui_filter_close(struct pt_filter *filter);
bool ui_vma_matches(struct pt_filter *filter, const struct pt_vma *vma);

#endif
