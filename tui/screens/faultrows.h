/*
 * The rows of the fault screen's tables: which of a view's, in which order. All tables but that of stacks are seen as
 * lines with the same fields, so that columns, sorting and the filter are written once. While nobody has moved the
 * selection the order follows the numbers; from then on rows keep their place until sorting is asked for, new ones come
 * last, and what is selected stays selected.
 */
#ifndef UI_FAULTROWS_H
#define UI_FAULTROWS_H

#include "core/faults/view.h"
#include "core/model/snapshot.h"
#include "tui/filter.h"

enum ui_fault_tab {
	UI_FAULT_VMAS,
	UI_FAULT_ADDRESSES,
	UI_FAULT_THREADS,
	UI_FAULT_STACKS,
	UI_FAULT_REPEATERS,
	UI_FAULT_ALLOCS,
	UI_FAULT_TABS
};

enum ui_fault_column {
	UI_FAULT_EVENTS,
	UI_FAULT_RATE,
	UI_FAULT_KINDS,
	UI_FAULT_MAJOR,
	UI_FAULT_SYSCALL,
	UI_FAULT_BORN,
	UI_FAULT_STILL,
	UI_FAULT_PAGES,
	UI_FAULT_EVERY,
	UI_FAULT_TREND,
	UI_FAULT_KIND,
	UI_FAULT_CAUSE,
	UI_FAULT_AGO,
	UI_FAULT_TID,
	UI_FAULT_CPU,
	UI_FAULT_NODE,
	UI_FAULT_ORDER,
	UI_FAULT_TYPE,
	UI_FAULT_ZONE,
	UI_FAULT_ADDRESS,
	UI_FAULT_ROLE,
	UI_FAULT_NAME,
	UI_FAULT_MODULE,
	UI_FAULT_LINE,
	UI_FAULT_COLUMNS
};

/* A row of any table; what its table does not have is zero. Strings are raw and borrowed from view and snapshot. */
struct ui_fault_line {
	uint64_t key; /* what it is known by in the next view */
	struct pt_fault_counts counts;
	uint64_t address;
	uint64_t born;
	const char *name;         /* of a file, a thread; "" */
	const struct pt_vma *vma; /* of the snapshot; NULL: not found there */
	enum pt_role role;        /* where vma is NULL */
	pid_t pid, tid;
	uint32_t cpu;
	int node; /* -1: not known */
	enum pt_fault_kind kind;
	uint64_t last_ns, interval_ns;
	bool backs_off, locked;
	enum pt_repeat_cause cause;
	const char *text; /* why it repeats */
	pt_stack_id stack;
	const struct pt_fault_alloc_row *alloc; /* NULL: it is none */
};

struct ui_fault_row {
	size_t i; /* into the view's table */
	uint64_t key;
	uint32_t rank; /* private to sorting */
};

struct ui_fault_rows {
	enum ui_fault_tab tab;
	struct ui_fault_row *v; /* owned */
	size_t n;
	size_t at; /* the selected row */
	uint64_t selected;
	bool touched; /* someone selected it */
	enum ui_fault_column sort;
	bool ascending;
	bool resort; /* sorting was asked for */
};

void ui_fault_rows_free(struct ui_fault_rows *rows);
/* Rows that a table of the view has, filtered or not. */
size_t ui_fault_total(const struct pt_fault_view *view, enum ui_fault_tab tab);
/* Row i of a view's table. vmas: NULL where there are none. */
void ui_fault_line(const struct pt_fault_view *view, const struct pt_vma_table *vmas, enum ui_fault_tab tab, size_t i,
		   struct ui_fault_line *ret);
/* Makes the rows anew. Without memory there are none. */
void ui_fault_rows_update(struct ui_fault_rows *rows, const struct pt_fault_view *view, const struct pt_vma_table *vmas,
			  const struct ui_filter *filter);
/* Selects a row, kept in bounds. */
void ui_fault_rows_select(struct ui_fault_rows *rows, int64_t row);

/* The columns of a table, in their order, into ret[UI_FAULT_COLUMNS]; how many. */
size_t ui_fault_columns(enum ui_fault_tab tab, enum ui_fault_column *ret);
bool ui_fault_sorts(enum ui_fault_column column);
enum ui_fault_column ui_fault_next_sort(enum ui_fault_tab tab, enum ui_fault_column column);
/* The direction a column is sorted in at first. */
bool ui_fault_ascends(enum ui_fault_column column);
/* Its migrate type by name; "?" where that is not known. */
const char *ui_fault_type(const struct pt_fault_alloc_row *alloc);
/* Whether a stack leads through something that the filter finds. */
bool ui_fault_stack_found(const void *filter, const struct pt_fault_stack_row *row);

#endif
