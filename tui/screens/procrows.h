/*
 * The rows of the list of processes: which of them, in which order. While nobody has moved the selection the order
 * follows the numbers; from then on rows keep their place until sorting is asked for, new processes come last, and the
 * selected process stays selected.
 */
#ifndef UI_PROCROWS_H
#define UI_PROCROWS_H

#include "core/procs/procs.h"
#include "tui/filter.h"

enum ui_proc_column {
	UI_PROC_PID,
	UI_PROC_USER,
	UI_PROC_STATE,
	UI_PROC_RSS,
	UI_PROC_BAR,
	UI_PROC_PSS,
	UI_PROC_SWAP,
	UI_PROC_GROWTH,
	UI_PROC_NAME,
	UI_PROC_COMMAND,
	UI_PROC_COLUMNS
};

struct ui_proc_row {
	size_t i;      /* into list->v */
	uint32_t rank; /* private to sorting */
};

struct ui_proc_rows {
	const struct pt_proc_list *list; /* that they were made of; borrowed; NULL: none yet */
	struct ui_proc_row *v;           /* owned */
	size_t n;
	pid_t selected; /* 0: whatever is first */
	size_t at;      /* its row */
	enum ui_proc_column column;
	bool ascending, kernel_threads;
	bool resort; /* sorting was asked for */
	struct ui_filter filter;
	unsigned filter_seen;
};

void ui_proc_rows_free(struct ui_proc_rows *rows);

/* Makes the rows anew, of this list. The list they were made of before must still be there. */
void ui_proc_rows_update(struct ui_proc_rows *rows, const struct pt_proc_list *list);

const struct pt_proc *ui_proc_row(const struct ui_proc_rows *rows, size_t row);
/* Selects a row, kept in bounds. */
void ui_proc_rows_select(struct ui_proc_rows *rows, int64_t row);

bool ui_proc_sorts(enum ui_proc_column column);
enum ui_proc_column ui_proc_next_sort(enum ui_proc_column column);
/* The direction a column is sorted in at first. */
bool ui_proc_ascends(enum ui_proc_column column);
void ui_proc_rows_sort(struct ui_proc_rows *rows, enum ui_proc_column column, bool ascending);

#endif
