/*
 * The schema of recordings, version 1; the manual (pagetop-recording(5)) says what every column means.
 *
 * Reading checks that each table is one, made by exactly these words: nothing that a file brings along is ever executed,
 * be it a view in the place of a table, a trigger or a column with a formula.
 */
#ifndef PT_RECORD_SCHEMA_H
#define PT_RECORD_SCHEMA_H

#include <stddef.h>

#define PT_SCHEMA_VERSION     1
#define PT_SCHEMA_APPLICATION 0x50675470 /* "PgTp": application_id of the file */

struct pt_schema_item {
	const char *name;
	const char *sql;
};

extern const struct pt_schema_item pt_schema_tables[]; /* the last has no name */
/* Indices and views, for others; pagetop reads tables alone. */
extern const char *const pt_schema_rest[];

/* Columns of sums, in the order of enum pt_sum. */
#define PT_SCHEMA_SUMS                                                                                                 \
	"size, rss, pss, anon, file, shmem, dirty, swap, thp, hugetlb, shared, private, zero, ksm, lazyfree, locked, " \
	"referenced, guard, present"

#endif
