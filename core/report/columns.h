/*
 * The columns of the VMA table that commands print: one row gives the name a script asks for, the key in JSON, what
 * the number means and where it comes from. Pure: reads a snapshot, prints nothing.
 */
#ifndef PT_REPORT_COLUMNS_H
#define PT_REPORT_COLUMNS_H

#include "core/model/snapshot.h"

/* In the order of the contract; START .. GUARD are the keys of a VMA in JSON. */
enum pt_column_id {
	PT_COL_START,
	PT_COL_END,
	PT_COL_PERMS,
	PT_COL_OFFSET,
	PT_COL_INODE,
	PT_COL_PATH,
	PT_COL_ROLE,
	PT_COL_SIZE,
	PT_COL_RSS,
	PT_COL_PSS,
	PT_COL_ANON,
	PT_COL_FILE,
	PT_COL_SHMEM,
	PT_COL_DIRTY,
	PT_COL_SWAP,
	PT_COL_THP,
	PT_COL_HUGETLB,
	PT_COL_SHARED,
	PT_COL_PRIVATE,
	PT_COL_ZERO,
	PT_COL_KSM,
	PT_COL_LAZYFREE,
	PT_COL_LOCKED,
	PT_COL_REFERENCED,
	PT_COL_GUARD,
	PT_COL_PAGES_PRESENT,
	PT_COL_N
};
#define PT_COL_JSON_N (PT_COL_GUARD + 1)

enum pt_column_type {
	PT_COLUMN_TEXT,
	PT_COLUMN_ADDRESS, /* a hexadecimal string in JSON */
	PT_COLUMN_OFFSET,  /* hexadecimal for people, as in maps; an integer in JSON */
	PT_COLUMN_NUMBER,
	PT_COLUMN_BYTES,
};

struct pt_column {
	const char *name; /* "RSS"; the JSON key is the same in lower case */
	enum pt_column_type type;
	const char *what; /* half a sentence */
	int sum;          /* enum pt_sum that it shows, -1: none */
};

const struct pt_column *pt_column(enum pt_column_id id);

/* One row: a VMA and where its sums are. With snapshot == NULL the sums are not known. */
struct pt_vma_row {
	const struct pt_vma *vma;
	const struct pt_snapshot *snapshot;
	size_t index; /* of vma in snapshot->vmas */
};

/* The number of a column that is no text. */
struct pt_maybe pt_column_number(const struct pt_vma_row *row, enum pt_column_id id);
/* The raw bytes of a text column, hostile; NULL if there are none. buf (at least 64 bytes) may hold them. */
const char *pt_column_text(const struct pt_vma_row *row, enum pt_column_id id, char *buf);

/*
 * The columns a person asks for: NULL is the default, "A,B" these, "+A,B" the default and these. Case does not matter, a
 * repeated name counts once. `name(arg, i)` gives the n_all names there are. 0 and *ret_n indices in ret (room for n_all),
 * or -EINVAL with a line in message that names the valid ones.
 */
int pt_columns_select(const char *spec, const char *(*name)(const void *arg, size_t i), const void *arg, size_t n_all,
		      const size_t *defaults, size_t n_defaults, size_t *ret, size_t *ret_n, char *message,
		      size_t size);

#endif
