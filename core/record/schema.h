/*
 * The schema of recordings, version 2; the manual (pagetop-recording(5)) says what every column means. Version 1 was of
 * one process, without the table process, samples and the columns that say of which process a row is.
 *
 * Reading checks that each table is one, made by exactly these words: nothing that a file brings along is ever executed,
 * be it a view in the place of a table, a trigger or a column with a formula.
 */
#ifndef PT_RECORD_SCHEMA_H
#define PT_RECORD_SCHEMA_H

#include <stddef.h>

#define PT_SCHEMA_VERSION     2
#define PT_SCHEMA_OLDEST      1          /* that can be read */
#define PT_SCHEMA_APPLICATION 0x50675470 /* "PgTp": application_id of the file */

struct pt_schema_item {
	const char *name;
	const char *sql;
};

extern const struct pt_schema_item pt_schema_tables[]; /* the last has no name */
extern const struct pt_schema_item pt_schema_tables_1[];
/* Only in recordings with faults, whatever the version: all of them or none. */
extern const struct pt_schema_item pt_schema_faults[];
/* Indices and views, for others; pagetop reads tables alone. */
extern const char *const pt_schema_rest[];
extern const char *const pt_schema_faults_rest[];

/* Columns of sums, in the order of enum pt_sum. */
#define PT_SCHEMA_SUMS                                                                                                 \
	"size, rss, pss, anon, file, shmem, dirty, swap, thp, hugetlb, shared, private, zero, ksm, lazyfree, locked, " \
	"referenced, guard, present"

/* Columns of the table frame after those that say which one it is. */
#define PT_SCHEMA_STATUS                                                                                               \
	"status_anon, status_file, status_shmem, status_swap, status_locked, status_peak_rss, status_mapped, "         \
	"minor_faults, major_faults, cpu_ns, rollup_pss"

#endif
