/*
 * The rows of the VMA table: which VMAs, folded how, in which order. Rebuilt only when the VMAs, the filter, folding or
 * sorting changed, so that 60,000 VMAs cost nothing between; the numbers of a row are looked up when it is drawn.
 *
 * Rows keep their place while a person looks: new numbers do not move them, new VMAs come last (in address order they
 * come where they belong), and the selected address stays selected.
 */
#ifndef UI_VMALIST_H
#define UI_VMALIST_H

#include "tui/filter.h"
#include "tui/target.h"

enum ui_vma_column {
	UI_VMA_ADDRESS,
	UI_VMA_SIZE,
	UI_VMA_PERMS,
	UI_VMA_RSS,
	UI_VMA_PSS,
	UI_VMA_DIRTY,
	UI_VMA_SWAP,
	UI_VMA_THP,
	UI_VMA_SHARED,
	UI_VMA_GROWTH,
	UI_VMA_WRITTEN, /* these are events, of tui/changes.h; this one is there where soft-dirty bits are cleared */
	UI_VMA_BORN,
	UI_VMA_FREED,
	UI_VMA_COPIED,
	UI_VMA_OUT,
	UI_VMA_IN,
	UI_VMA_MIGRATED,
	UI_VMA_ROLE,
	UI_VMA_NAME,
	UI_VMA_MAP,
	UI_VMA_COLUMNS
};

/* VMAs first .. first+n-1 of the snapshot: one, or neighbours folded into one row. */
struct ui_vma_row {
	size_t first, n;
	uint32_t rank; /* private to sorting */
};

struct ui_vma_list {
	struct ui_vma_row *rows; /* owned */
	size_t n;
	size_t at; /* the selected row; n == 0: none */
	enum ui_vma_column sort;
	bool descending, fold, follow;
	bool resort;       /* sort anew at the next update */
	uint64_t selected; /* address of the selected row */
	bool astray;       /* the row at astray_at is selected since the moment shown does not have astray_from */
	uint64_t astray_from, astray_at;
	struct ui_filter filter;
	/* what the rows were made from */
	struct pt_vma_table *table; /* a reference */
	unsigned filter_seen;
	bool fold_seen;
	unsigned version; /* of the target, at the last update */
};

void ui_vma_list_free(struct ui_vma_list *list);

/* Brings rows and selection up to date with target->now (which must not be NULL). */
void ui_vma_list_update(struct ui_vma_list *list, const struct ui_target *target);

/* Selects a row, kept in bounds. */
void ui_vma_list_select(struct ui_vma_list *list, int64_t row);
/* Selects the row that holds an address, if one does. */
void ui_vma_list_select_address(struct ui_vma_list *list, uint64_t address);
/* The row; NULL if there is none. */
const struct ui_vma_row *ui_vma_list_selected(const struct ui_vma_list *list);

/* A sum over a row; unknown if it is of any of its VMAs. */
struct pt_maybe ui_vma_row_bytes(const struct pt_snapshot *snapshot, const struct ui_vma_row *row, enum pt_sum sum);
/* Bytes of RSS that it gained since the frame before; *ret_known is false where there is none. */
int64_t ui_vma_row_growth(const struct ui_target *target, const struct ui_vma_row *row, bool *ret_known);

/* The event that a column counts; PT_EVENT_N: it is another column. And its bytes over a row. */
enum pt_event ui_vma_event(enum ui_vma_column column);
struct pt_maybe ui_vma_row_event(const struct ui_target *target, const struct ui_vma_row *row, enum pt_event event);

/* Sorts by a column; in its usual direction, the other one if it is sorted by already and `flip`. */
void ui_vma_list_sort(struct ui_vma_list *list, enum ui_vma_column column, bool flip);
/* Whether a target has that column, if there is room for it. */
bool ui_vma_has(const struct ui_target *t, enum ui_vma_column column);
/* The next column that sorts. */
enum ui_vma_column ui_vma_next_sort(const struct ui_target *t, enum ui_vma_column column);
bool ui_vma_sorts(enum ui_vma_column column);

#endif
