/*
 * Small helpers around SQLite; see db.h. Numbers of 64 bits are kept as SQLite has them, signed: addresses of the upper
 * half are negative in the file.
 */
#include "core/record/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *pt_db_beside(const char *path, const char *end)
{
	size_t size = strlen(path) + strlen(end) + 3;
	char *text = malloc(size);
	if (text)
		snprintf(text, size, "%s%s%s", path[0] == '/' ? "" : "./", path, end);
	return text;
}

char *pt_db_path(const char *path)
{
	return pt_db_beside(path, "");
}

int pt_db_error(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return 0;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_READONLY: return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_AUTH: return -EACCES;
	case SQLITE_IOERR: return -EIO;
	default: return -EBADMSG;
	}
}

int pt_db_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int pt_db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	return *ret ? SQLITE_OK : sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
}

int pt_db_step(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);
	int reset = sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : reset != SQLITE_OK ? reset : code;
}

void pt_bind_number(sqlite3_stmt *statement, int i, uint64_t value)
{
	sqlite3_bind_int64(statement, i, (sqlite3_int64)value);
}

void pt_bind_maybe(sqlite3_stmt *statement, int i, struct pt_maybe value)
{
	if (value.known)
		pt_bind_number(statement, i, value.value);
	else
		sqlite3_bind_null(statement, i);
}

void pt_bind_text(sqlite3_stmt *statement, int i, const char *text)
{
	sqlite3_bind_text(statement, i, text, -1, SQLITE_STATIC);
}

uint64_t pt_row_number(sqlite3_stmt *statement, int i)
{
	return (uint64_t)sqlite3_column_int64(statement, i);
}

struct pt_maybe pt_row_maybe(sqlite3_stmt *statement, int i)
{
	bool known = sqlite3_column_type(statement, i) == SQLITE_INTEGER;
	return (struct pt_maybe){known ? pt_row_number(statement, i) : 0, known};
}

const char *pt_row_text(sqlite3_stmt *statement, int i)
{
	const unsigned char *text = sqlite3_column_text(statement, i);
	return text ? (const char *)text : "";
}
