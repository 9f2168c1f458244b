/*
 * What writing and reading have in common of SQLite (private).
 */
#ifndef PT_RECORD_DB_H
#define PT_RECORD_DB_H

#include <sqlite3.h>

#include "core/model/snapshot.h"

/* Begins every file name that SQLite would take for something else (":memory:") with a folder. free() it. NULL: no
 * memory. */
char *pt_db_path(const char *path);
/* Another name beside it: "FILE-wal". */
char *pt_db_beside(const char *path, const char *end);

/* What SQLite said as -errno. */
int pt_db_error(int code);

/* Runs words that give no rows. An SQLite code. */
int pt_db_run(sqlite3 *db, const char *sql);
/* The statement in *ret, made when it is first asked for. An SQLite code. */
int pt_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret);
/* Runs a statement that gives no rows, and makes it ready for the next time. An SQLite code. */
int pt_db_step(sqlite3_stmt *statement);

void pt_bind_maybe(sqlite3_stmt *statement, int i, struct pt_maybe value); /* NULL: unknown */
void pt_bind_number(sqlite3_stmt *statement, int i, uint64_t value);
void pt_bind_text(sqlite3_stmt *statement, int i, const char *text); /* which must stay until it was run */

struct pt_maybe pt_row_maybe(sqlite3_stmt *statement, int i);
uint64_t pt_row_number(sqlite3_stmt *statement, int i);
/* Never NULL; good until the next step. */
const char *pt_row_text(sqlite3_stmt *statement, int i);

#endif
