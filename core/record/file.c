/*
 * Opening the file of a recording, which may be hostile, damaged, or still written to, and the questions that are asked
 * of it (reader.h). Those of version 1 know one process.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"
#include "core/record/schema.h"

#define PATIENCE   1000    /* ms for a writer that puts its log into the file */
#define WORDS_MOST 1000000 /* bytes of the longest statement or name */
#define PROCESS    9       /* the parameter of a statement that is the process */

/* ---- questions -------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define META(key)    "(SELECT value FROM main.meta WHERE key = '" key "')"
#define NEWEST(what) "(SELECT " what " FROM main.frame ORDER BY id DESC LIMIT 1)"
#define CLOCKS(of)   "(SELECT realtime_ns - monotonic_ns FROM main.frame WHERE " of " ORDER BY id DESC LIMIT 1)"
#define FRAME                                                                                                          \
	"id, realtime_ns, monotonic_ns, fresh_ns, presence_ns, scan_ns, scan_cpu_ns, done_pages, all_pages, layout, "  \
	"uid, start_stack, image, name, state, threads, " PT_SCHEMA_SUMS ", " PT_SCHEMA_STATUS ", "

/* In the order of enum pt_quantity, but for the last. */
#define AMOUNTS "rss, anon, file, shmem, swap, pss, thp, hugetlb, dirty, shared, private, size"

/* What both versions are asked; `of` says which rows are of the process, `more` the columns that version 1 lacks. */
#define COMMON(of, more)                                                                                               \
	[PT_GET_META] = "SELECT value FROM main.meta WHERE key = ?1",                                                  \
	[PT_GET_VERSION] = "PRAGMA main.data_version",                                                                 \
	[PT_GET_COUNT] = "SELECT count(*), max(id) FROM main.frame WHERE " of " AND id > ?1",                          \
	[PT_GET_LAST] = "SELECT id FROM main.frame WHERE " of " ORDER BY id DESC LIMIT 1",                             \
	[PT_GET_FIRST] = "SELECT id FROM main.frame WHERE " of " ORDER BY id LIMIT 1",                                 \
	[PT_GET_NOT_AFTER] = "SELECT id FROM main.frame WHERE " of " AND id <= ?1 ORDER BY id DESC LIMIT 1",           \
	[PT_GET_BY_TIME] = "SELECT id FROM main.frame WHERE " of " AND realtime_ns <= ?1 "                             \
			   "ORDER BY realtime_ns DESC, id DESC LIMIT 1",                                               \
	[PT_GET_FROM_TIME] = "SELECT id FROM main.frame WHERE " of " AND realtime_ns >= ?1 "                           \
			     "ORDER BY realtime_ns, id LIMIT 1",                                                       \
	[PT_GET_FORTH] = "SELECT id FROM main.frame WHERE " of " AND id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",           \
	[PT_GET_BACK] = "SELECT id FROM main.frame WHERE " of " AND id < ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2",       \
	[PT_GET_SIGNALS] = "SELECT since_frame, name, state, reason, remedy, rowid FROM main.signal "                  \
			   "WHERE " of " AND rowid > ?1 ORDER BY rowid",                                               \
	[PT_GET_FRAME] = "SELECT " FRAME more " FROM main.frame WHERE " of " AND id = ?1",                                  \
	[PT_GET_VMAS] = "SELECT start, \"end\", perms, role, \"offset\", dev_major, dev_minor, inode, path, tid, fs, " \
			"vm_flags FROM main.vma WHERE " of " AND since_frame <= ?1 "                                   \
			"AND (until_frame IS NULL OR until_frame > ?1)",                                               \
	[PT_GET_WHOLE] = "SELECT frame FROM main.pages WHERE " of " AND whole AND frame <= ?1 "                        \
			 "ORDER BY frame DESC LIMIT 1",                                                                \
	[PT_GET_PAGES] = "SELECT p.frame, p.data, p.whole, f.realtime_ns, f.monotonic_ns, f.presence_ns, f.image "     \
			 "FROM (SELECT * FROM main.pages WHERE " of " AND frame > ?1 AND frame <= ?2) p "              \
			 "JOIN main.frame f ON f.id = p.frame ORDER BY p.frame",                                       \
	[PT_GET_MOMENTS] = "SELECT id, realtime_ns, monotonic_ns, rss, anon, file, shmem, swap, thp, hugetlb, "        \
			   "coalesce(pss, rollup_pss) FROM main.frame WHERE " of " AND id BETWEEN ?1 AND ?2 ORDER BY id", \
	[PT_GET_VMAS_OF] = "SELECT id, since_frame, until_frame, start, \"end\" FROM main.vma WHERE " of,              \
	[PT_GET_SUMS_OF] = "SELECT frame, rss, anon, file, shmem, swap, thp, hugetlb, pss FROM main.vma_sum "          \
			   "WHERE vma = ?1 ORDER BY frame",                                                            \
	[PT_GET_FRAME_AMOUNTS] = "SELECT id, realtime_ns, monotonic_ns, " AMOUNTS " FROM main.frame WHERE " of         \
				 " ORDER BY id",                                                                       \
	[PT_GET_VMA_AMOUNTS] = "SELECT v.id, v.role, v.since_frame, v.until_frame, s.frame, " AMOUNTS " FROM "         \
			       "(SELECT * FROM main.vma WHERE " of ") v LEFT JOIN main.vma_sum s ON s.vma = v.id "     \
			       "ORDER BY v.id, s.frame"

/* Faults after a frame and up to another, by whom they are asked for. */
#define FAULTS(by, more, join)                                                                                         \
	"SELECT " by ", f.kind, sum(f.events), sum(f.major), sum(f.kernel), sum(f.born)" more                          \
	" FROM main.fault_frame s JOIN main.fault f ON f.frame = s.frame " join                                        \
	" WHERE s.process = ?9 AND s.frame > ?1 AND s.frame <= ?2 GROUP BY " by ", f.kind ORDER BY " by

static const char *const get_sql_1[PT_GET_N] = {
	COMMON("1", "NULL, NULL"),
	[PT_GET_N_PROCESSES] = "SELECT 1",
	[PT_GET_MARKS] = "SELECT realtime_ns, label, NULL FROM main.mark ORDER BY realtime_ns, id",
	[PT_GET_SAMPLES] = "SELECT 1 WHERE 0",
	[PT_GET_DEFAULT] = "SELECT 1 WHERE EXISTS(SELECT 1 FROM main.frame)",
	[PT_GET_TARGET] = "SELECT " META("pid") ", " META("start_time"),
	[PT_GET_ENDED] = "SELECT " META("ended_ns"),
	[PT_GET_PROCESSES] = "SELECT 1, " META("pid") ", " META("start_time") ", NULL, " NEWEST("name") ", "
			     "min(monotonic_ns), " META("ended_ns") " - " CLOCKS("1") ", NULL, max(status_peak_rss), "
			     "count(*), max(rss), max(swap), NULL, NULL, NULL FROM main.frame HAVING count(*) > 0",
};

static const char *const get_sql_2[PT_GET_N] = {
	COMMON("process = ?9", "cleared_ns, status_hugetlb"),
	[PT_GET_N_PROCESSES] = "SELECT count(*) FROM main.process",
	[PT_GET_MARKS] = "SELECT realtime_ns, label, pid FROM main.mark ORDER BY realtime_ns, id",
	[PT_GET_SAMPLES] = ("SELECT realtime_ns, monotonic_ns, rss, anon, file, shmem, swap, hugetlb, size FROM main.sample "
			    "WHERE process = ?9 ORDER BY monotonic_ns"),
	[PT_GET_DEFAULT] = "SELECT min(process) FROM main.frame",
	[PT_GET_TARGET] = "SELECT pid, start_time FROM main.process WHERE id = ?9",
	[PT_GET_ENDED] = "SELECT ended_ns + " CLOCKS("process = ?9") " FROM main.process WHERE id = ?9",
	[PT_GET_PROCESSES] =
		"SELECT id, pid, start_time, parent, name, began_ns, ended_ns, exit_status, peak_rss, f.n, f.rss, "
		"f.swap, f.peak, s.rss, s.swap FROM main.process LEFT JOIN (SELECT process, count(*) AS n, "
		"max(rss) AS rss, max(swap) AS swap, max(status_peak_rss) AS peak FROM main.frame GROUP BY process) f "
		"ON f.process = id LEFT JOIN (SELECT process, max(rss) AS rss, max(swap) AS swap FROM main.sample "
		"GROUP BY process) s ON s.process = id ORDER BY id",
	[PT_GET_FAULT_SPAN] = "SELECT count(*), min(from_ns), max(to_ns), sum(minor), sum(major), sum(lost), sum(children), "
			      "sum(left_out), max(period), min(system_calls) FROM main.fault_frame "
			      "WHERE process = ?9 AND frame > ?1 AND frame <= ?2",
	[PT_GET_FAULTS_BY_VMA] = FAULTS("f.vma", ", v.start, v.\"end\", v.role, v.path",
					"LEFT JOIN main.vma v ON v.id = f.vma"),
	[PT_GET_FAULTS_BY_STACK] = FAULTS("f.stack", "", ""),
	[PT_GET_FAULT_COMPLETE] = "SELECT complete FROM main.fault_stack WHERE id = ?1",
	[PT_GET_FAULT_CALLS] = "SELECT k.address, k.\"offset\", k.symbol, k.symbol_offset, k.file, k.line, m.path, "
			       "m.build_id FROM main.fault_call c JOIN main.fault_code k ON k.id = c.code "
			       "LEFT JOIN main.fault_module m ON m.id = k.module WHERE c.stack = ?1 ORDER BY c.depth",
};

/* clang-format on */

int pt_record_file_get(struct pt_record_file *f, enum pt_get what, uint64_t process, sqlite3_stmt **ret)
{
	const char *sql = (f->version == 1 ? get_sql_1 : get_sql_2)[what];
	int code = pt_db_prepare(f->db, sql, &f->get[what]);
	*ret = f->get[what];
	if (code == SQLITE_OK && sqlite3_bind_parameter_count(*ret) >= PROCESS)
		pt_bind_number(*ret, PROCESS, process);
	return code;
}

struct pt_maybe pt_record_file_meta(struct pt_record_file *f, const char *key)
{
	struct pt_maybe value = {0};
	sqlite3_stmt *get;
	if (pt_record_file_get(f, PT_GET_META, 0, &get) != SQLITE_OK)
		return value;
	pt_bind_text(get, 1, key);
	if (sqlite3_step(get) == SQLITE_ROW)
		value = pt_row_maybe(get, 0);
	pt_reader_done(get);
	return value;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* Nothing of the file is trusted: no views, no triggers, no functions out of its schema, bounded lengths. */
static int defend(sqlite3 *db)
{
	static const int off[] = {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
				  SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
				  SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER};
	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++)
		sqlite3_db_config(db, off[i], 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, PT_RECORD_FRAME_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, WORDS_MOST);
	sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 100);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
	sqlite3_busy_timeout(db, PATIENCE);
	return pt_db_run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA query_only = ON");
}

static int number_of(sqlite3 *db, const char *pragma, uint64_t *ret)
{
	sqlite3_stmt *get = NULL;
	int code = pt_db_prepare(db, pragma, &get);
	if (code == SQLITE_OK) {
		code = sqlite3_step(get);
		*ret = code == SQLITE_ROW ? pt_row_number(get, 0) : 0;
	}
	sqlite3_finalize(get);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/*
 * Opens the file and reads a first page of it. `alone`: without any lock and with the index of its log in our own
 * memory, for places where the file of that index cannot be made. No one writes there.
 */
static int open_database(struct pt_record_file *f, bool alone, uint64_t *ret_application)
{
	sqlite3_close(f->db);
	f->db = NULL;
	int code = sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				   alone ? "unix-none" : NULL);
	if (code == SQLITE_OK)
		code = defend(f->db);
	if (code == SQLITE_OK && alone)
		code = pt_db_run(f->db, "PRAGMA locking_mode = EXCLUSIVE");
	if (code == SQLITE_OK)
		code = number_of(f->db, "PRAGMA main.application_id", ret_application);
	return code;
}

__attribute__((format(printf, 4, 5))) static int refuse(char *message, size_t size, int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(message, size, format, args);
	va_end(args);
	return error;
}

static int cannot_open(struct pt_record_file *f, int code, char *message, size_t size)
{
	int system = f->db ? sqlite3_system_errno(f->db) : 0, error = pt_db_error(code);
	if (code == SQLITE_NOTADB)
		return refuse(message, size, -EBADMSG, "%s is no recording", f->name);
	if ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR)
		return refuse(message, size, system ? -system : -EIO, "cannot read %s: %s", f->name,
			      system ? strerror(system) : sqlite3_errstr(code));
	if (error == -EBADMSG)
		return refuse(message, size, error, "%s is damaged", f->name);
	return refuse(message, size, error, "cannot read %s: %s", f->name, sqlite3_errstr(code));
}

/* 0: the table is there as it should be; -ENODATA: there is none of its name; -EBADMSG. */
static int look_for(sqlite3 *db, const struct pt_schema_item *table)
{
	sqlite3_stmt *get = NULL;
	int error = -EBADMSG;
	if (pt_db_prepare(db, "SELECT type, sql FROM main.sqlite_schema WHERE name = ?", &get) == SQLITE_OK) {
		pt_bind_text(get, 1, table->name);
		int code = sqlite3_step(get);
		if (code == SQLITE_DONE)
			error = -ENODATA;
		else if (code == SQLITE_ROW && strcmp(pt_row_text(get, 0), "table") == 0 &&
			 strcmp(pt_row_text(get, 1), table->sql) == 0 && sqlite3_step(get) == SQLITE_DONE)
			error = 0;
	}
	sqlite3_finalize(get);
	return error;
}

int pt_record_file_faults(struct pt_record_file *f)
{
	size_t n = 0;
	if (f->version == 1)
		return -ENODATA;
	if (f->has_faults)
		return 0;
	for (const struct pt_schema_item *table = pt_schema_faults; table->name; table++, n++) {
		int error = look_for(f->db, table);
		if (error == -ENODATA && n == 0) /* they come together */
			return error;
		if (error)
			return -EBADMSG;
	}
	f->has_faults = true;
	return 0;
}

static int check_schema(struct pt_record_file *f, uint64_t application, char *message, size_t size)
{
	uint64_t version = 0;
	if (application != PT_SCHEMA_APPLICATION)
		return refuse(message, size, -EBADMSG, "%s is no recording", f->name);
	int code = number_of(f->db, "PRAGMA main.user_version", &version);
	if (code != SQLITE_OK)
		return cannot_open(f, code, message, size);
	if (version < PT_SCHEMA_OLDEST || version > PT_SCHEMA_VERSION)
		return refuse(message, size, -ENOTSUP, "%s has schema %d; this pagetop reads %d to %d%s", f->name,
			      (int)version, PT_SCHEMA_OLDEST, PT_SCHEMA_VERSION,
			      (int)version > PT_SCHEMA_VERSION ? ": a newer one is needed" : "");
	f->version = (unsigned)version;
	const struct pt_schema_item *tables = version == 1 ? pt_schema_tables_1 : pt_schema_tables;
	for (; tables->name; tables++)
		if (look_for(f->db, tables) < 0)
			return refuse(message, size, -EBADMSG, "%s is damaged: its table %s is not as pagetop makes it",
				      f->name, tables->name);
	if (pt_record_file_faults(f) == -EBADMSG)
		return refuse(message, size, -EBADMSG,
			      "%s is damaged: its tables of faults are not as pagetop makes them", f->name);
	return 0;
}

static int open_file(struct pt_record_file *f, char *message, size_t size)
{
	uint64_t application = 0;
	int code = open_database(f, false, &application);
	int kind = code & 0xff;
	if (kind == SQLITE_CANTOPEN || kind == SQLITE_READONLY || kind == SQLITE_IOERR || kind == SQLITE_PERM) {
		int again = open_database(f, true, &application);
		if (again == SQLITE_OK || again == SQLITE_NOTADB || (again & 0xff) != SQLITE_CANTOPEN)
			code = again;
	}
	if (code != SQLITE_OK)
		return cannot_open(f, code, message, size);
	return check_schema(f, application, message, size);
}

int pt_record_file_open(const char *path, struct pt_record_file **ret, char *message, size_t size)
{
	struct pt_record_file *f = calloc(1, sizeof(*f));
	if (!f)
		return refuse(message, size, -ENOMEM, "out of memory");
	pthread_mutex_init(&f->lock, NULL);
	f->refs = 1;
	f->path = pt_db_path(path);
	f->name = strdup(path);
	f->zstd = ZSTD_createDCtx();
	int error = f->path && f->name && f->zstd ? 0 : refuse(message, size, -ENOMEM, "out of memory");
	if (!error)
		error = open_file(f, message, size);
	if (!error) {
		struct pt_maybe chunk = pt_record_file_meta(f, "chunk_pages");
		if (!chunk.known || chunk.value != PT_CHUNK_PAGES)
			error = refuse(message, size, chunk.known ? -ENOTSUP : -EBADMSG,
				       "%s is in chunks of %llu pages; this pagetop reads those of %u", f->name,
				       (unsigned long long)chunk.value, PT_CHUNK_PAGES);
	}
	if (error) {
		pt_record_file_unref(f);
		return error;
	}
	*ret = f;
	return 0;
}

void pt_record_file_unref(struct pt_record_file *f)
{
	if (!f || __atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (int i = 0; i < PT_GET_N; i++)
		sqlite3_finalize(f->get[i]);
	sqlite3_close(f->db);
	ZSTD_freeDCtx(f->zstd);
	pthread_mutex_destroy(&f->lock);
	free(f->raw.v);
	free(f->path);
	free(f->name);
	free(f);
}
