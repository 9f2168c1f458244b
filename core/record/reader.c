/*
 * Opening recordings, which may be hostile, damaged, or still written to; and their past (core/history/past.h). What
 * takes more than a question to the database is in at.c, plot.c and story.c.
 */
#include "core/record/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/schema.h"

#define PATIENCE     1000 /* ms for a writer that puts its log into the file */
#define SIGNALS_MOST 4096
#define WORDS_MOST   1000000 /* bytes of the longest statement or name */

static const char *const get_sql[PT_GET_N] = {
	[PT_GET_COUNT] = "SELECT count(*), max(id) FROM main.frame WHERE id > ?",
	[PT_GET_LAST] = "SELECT id FROM main.frame ORDER BY id DESC LIMIT 1",
	[PT_GET_FIRST] = "SELECT id FROM main.frame ORDER BY id LIMIT 1",
	[PT_GET_NOT_AFTER] = "SELECT id FROM main.frame WHERE id <= ? ORDER BY id DESC LIMIT 1",
	[PT_GET_BY_TIME] =
		"SELECT id FROM main.frame WHERE realtime_ns <= ? ORDER BY realtime_ns DESC, id DESC LIMIT 1",
	[PT_GET_FROM_TIME] = "SELECT id FROM main.frame WHERE realtime_ns >= ? ORDER BY realtime_ns, id LIMIT 1",
	[PT_GET_FORTH] = "SELECT id FROM main.frame WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?",
	[PT_GET_BACK] = "SELECT id FROM main.frame WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?",
	[PT_GET_MARKS] = "SELECT realtime_ns, label FROM main.mark ORDER BY realtime_ns, id",
	[PT_GET_META] = "SELECT value FROM main.meta WHERE key = ?",
	[PT_GET_SIGNALS] = "SELECT since_frame, name, state, reason, remedy FROM main.signal ORDER BY rowid "
			   "LIMIT -1 OFFSET ?",
	[PT_GET_FRAME] = "SELECT * FROM main.frame WHERE id = ?",
	[PT_GET_VMAS] = "SELECT start, \"end\", perms, role, \"offset\", dev_major, dev_minor, inode, path, tid, fs, "
			"vm_flags FROM main.vma WHERE since_frame <= ?1 AND (until_frame IS NULL OR until_frame > ?1)",
	[PT_GET_WHOLE] = "SELECT frame FROM main.pages WHERE whole AND frame <= ? ORDER BY frame DESC LIMIT 1",
	[PT_GET_PAGES] = "SELECT frame, data, whole FROM main.pages WHERE frame > ? AND frame <= ? ORDER BY frame",
	[PT_GET_MOMENTS] = "SELECT id, realtime_ns, monotonic_ns, rss, anon, file, shmem, swap, thp, hugetlb, pss "
			   "FROM main.frame WHERE id BETWEEN ? AND ? ORDER BY id",
	[PT_GET_VMAS_OF] = "SELECT id, since_frame, until_frame, start, \"end\" FROM main.vma",
	[PT_GET_SUMS_OF] = "SELECT frame, rss, anon, file, shmem, swap, thp, hugetlb, pss FROM main.vma_sum "
			   "WHERE vma = ? ORDER BY frame",
};

int pt_reader_get(struct pt_reader *r, enum pt_get what, sqlite3_stmt **ret)
{
	int code = pt_db_prepare(r->db, get_sql[what], &r->get[what]);
	*ret = r->get[what];
	return code;
}

void pt_reader_done(sqlite3_stmt *get)
{
	sqlite3_reset(get);
	sqlite3_clear_bindings(get);
}

bool pt_reader_number(sqlite3_stmt *get, uint64_t *ret)
{
	bool found = sqlite3_step(get) == SQLITE_ROW && sqlite3_column_type(get, 0) == SQLITE_INTEGER;
	if (found)
		*ret = pt_row_number(get, 0);
	pt_reader_done(get);
	return found;
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
static int open_database(struct pt_reader *r, bool alone, uint64_t *ret_application)
{
	sqlite3_close(r->db);
	r->db = NULL;
	int code = sqlite3_open_v2(r->path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				   alone ? "unix-none" : NULL);
	if (code == SQLITE_OK)
		code = defend(r->db);
	if (code == SQLITE_OK && alone)
		code = pt_db_run(r->db, "PRAGMA locking_mode = EXCLUSIVE");
	if (code == SQLITE_OK)
		code = number_of(r->db, "PRAGMA main.application_id", ret_application);
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

static int cannot_open(struct pt_reader *r, int code, char *message, size_t size)
{
	int system = r->db ? sqlite3_system_errno(r->db) : 0, error = pt_db_error(code);
	if (code == SQLITE_NOTADB)
		return refuse(message, size, -EBADMSG, "%s is no recording", r->name);
	if ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR)
		return refuse(message, size, system ? -system : -EIO, "cannot read %s: %s", r->name,
			      system ? strerror(system) : sqlite3_errstr(code));
	if (error == -EBADMSG)
		return refuse(message, size, error, "%s is damaged", r->name);
	return refuse(message, size, error, "cannot read %s: %s", r->name, sqlite3_errstr(code));
}

static bool has_table(sqlite3 *db, const struct pt_schema_item *table)
{
	sqlite3_stmt *get = NULL;
	bool same = false;
	if (pt_db_prepare(db, "SELECT type, sql FROM main.sqlite_schema WHERE name = ?", &get) == SQLITE_OK) {
		pt_bind_text(get, 1, table->name);
		same = sqlite3_step(get) == SQLITE_ROW && strcmp(pt_row_text(get, 0), "table") == 0 &&
		       strcmp(pt_row_text(get, 1), table->sql) == 0 && sqlite3_step(get) == SQLITE_DONE;
	}
	sqlite3_finalize(get);
	return same;
}

static int check_schema(struct pt_reader *r, uint64_t application, char *message, size_t size)
{
	uint64_t version = 0;
	if (application != PT_SCHEMA_APPLICATION)
		return refuse(message, size, -EBADMSG, "%s is no recording", r->name);
	int code = number_of(r->db, "PRAGMA main.user_version", &version);
	if (code != SQLITE_OK)
		return cannot_open(r, code, message, size);
	if (version != PT_SCHEMA_VERSION)
		return refuse(message, size, -ENOTSUP, "%s has schema %d; this pagetop reads %d%s", r->name,
			      (int)version, PT_SCHEMA_VERSION,
			      (int)version > PT_SCHEMA_VERSION ? ": a newer one is needed" : " alone");
	for (size_t i = 0; pt_schema_tables[i].name; i++)
		if (!has_table(r->db, &pt_schema_tables[i]))
			return refuse(message, size, -EBADMSG, "%s is damaged: its table %s is not as pagetop makes it",
				      r->name, pt_schema_tables[i].name);
	return 0;
}

static int open_file(struct pt_reader *r, char *message, size_t size)
{
	uint64_t application = 0;
	int code = open_database(r, false, &application);
	int kind = code & 0xff;
	if (kind == SQLITE_CANTOPEN || kind == SQLITE_READONLY || kind == SQLITE_IOERR || kind == SQLITE_PERM) {
		int again = open_database(r, true, &application);
		if (again == SQLITE_OK || again == SQLITE_NOTADB || (again & 0xff) != SQLITE_CANTOPEN)
			code = again;
	}
	if (code != SQLITE_OK)
		return cannot_open(r, code, message, size);
	return check_schema(r, application, message, size);
}

/* ---- what is known of the target -------------------------------------------------------------------------------- */

static struct pt_maybe meta(struct pt_reader *r, const char *key)
{
	struct pt_maybe value = {0};
	sqlite3_stmt *get;
	if (pt_reader_get(r, PT_GET_META, &get) != SQLITE_OK)
		return value;
	pt_bind_text(get, 1, key);
	if (sqlite3_step(get) == SQLITE_ROW)
		value = pt_row_maybe(get, 0);
	pt_reader_done(get);
	return value;
}

static int read_target(struct pt_reader *r)
{
	struct pt_maybe size = meta(r, "page_size"), pid = meta(r, "pid"), start = meta(r, "start_time");
	if (!size.known)
		return 0; /* no frame yet */
	for (unsigned shift = 12; shift <= 24; shift++)
		if (size.value == 1ull << shift)
			r->page_shift = shift;
	r->target = (struct pt_process){.pid = (pid_t)pid.value, .start_time = start.value};
	return r->page_shift && pid.known ? 0 : -EBADMSG;
}

static bool read_signal(sqlite3_stmt *get, struct pt_signal_row *row)
{
	*row = (struct pt_signal_row){.since = pt_row_number(get, 0), .signal = PT_SIG_N};
	const char *name = pt_row_text(get, 1);
	for (int i = 0; i < PT_SIG_N; i++)
		if (strcmp(pt_signal_name((enum pt_signal)i), name) == 0)
			row->signal = (enum pt_signal)i;
	const char *state = pt_row_text(get, 2);
	for (int i = PT_ABSENT; i <= PT_GIVEN; i++)
		if (strcmp(pt_given_name((enum pt_given)i), state) == 0)
			row->state.given = (enum pt_given)i;
	bool has_remedy = sqlite3_column_type(get, 4) != SQLITE_NULL;
	row->reason = strdup(pt_row_text(get, 3));
	row->remedy = has_remedy ? strdup(pt_row_text(get, 4)) : NULL;
	row->state.reason = row->reason;
	row->state.remedy = row->remedy;
	return row->reason && (row->remedy || !has_remedy);
}

/* Those that are not known yet. They stay where they are in memory: snapshots point to their words. */
static int read_signals(struct pt_reader *r)
{
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_SIGNALS, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	int error = 0;
	pt_bind_number(get, 1, r->n_signals);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		if (r->n_signals == SIGNALS_MOST) {
			error = -EBADMSG;
			break;
		}
		error = read_signal(get, &r->signals[r->n_signals++]) ? 0 : -ENOMEM;
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

int pt_reader_refresh(struct pt_reader *r)
{
	int error = r->page_shift ? 0 : read_target(r);
	return error ? error : read_signals(r);
}

static int read_options(struct pt_reader *r, char *message, size_t size)
{
	struct pt_maybe chunk = meta(r, "chunk_pages");
	if (!chunk.known || chunk.value != PT_CHUNK_PAGES)
		return refuse(message, size, chunk.known ? -ENOTSUP : -EBADMSG,
			      "%s is in chunks of %llu pages; this pagetop reads those of %u", r->name,
			      (unsigned long long)chunk.value, PT_CHUNK_PAGES);
	int error = pt_reader_refresh(r);
	return error ? refuse(message, size, error, "%s is damaged: it does not say what it is of", r->name) : 0;
}

/* ---- the past --------------------------------------------------------------------------------------------------- */

static uint64_t one(struct pt_reader *r, enum pt_get what, uint64_t bound)
{
	uint64_t seq = 0;
	sqlite3_stmt *get;
	if (pt_reader_get(r, what, &get) != SQLITE_OK)
		return 0;
	if (sqlite3_bind_parameter_count(get))
		pt_bind_number(get, 1, bound < INT64_MAX ? bound : INT64_MAX);
	return pt_reader_number(get, &seq) ? seq : 0;
}

uint64_t pt_reader_moment(struct pt_reader *r, uint64_t seq)
{
	uint64_t found = one(r, PT_GET_NOT_AFTER, seq);
	return found ? found : one(r, PT_GET_FIRST, 0);
}

bool pt_reader_whole(struct pt_reader *r, uint64_t seq, uint64_t *ret)
{
	*ret = one(r, PT_GET_WHOLE, seq);
	return *ret > 0;
}

static struct pt_reader *lock(struct pt_past *past)
{
	struct pt_reader *r = (struct pt_reader *)past;
	pthread_mutex_lock(&r->lock);
	return r;
}

static void unlock(struct pt_reader *r)
{
	pthread_mutex_unlock(&r->lock);
}

static size_t past_count(struct pt_past *past)
{
	struct pt_reader *r = lock(past);
	sqlite3_stmt *get;
	if (pt_reader_get(r, PT_GET_COUNT, &get) == SQLITE_OK) {
		pt_bind_number(get, 1, r->counted);
		if (sqlite3_step(get) == SQLITE_ROW && sqlite3_column_int64(get, 0) > 0) {
			r->count += pt_row_number(get, 0);
			r->counted = pt_row_number(get, 1);
		}
		pt_reader_done(get);
	}
	size_t count = r->count;
	unlock(r);
	return count;
}

static ssize_t past_plot(struct pt_past *past, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
			 struct pt_moment *ret, size_t max)
{
	struct pt_reader *r = lock(past);
	ssize_t n = pt_reader_plot(r, first, last, start, end, ret, max);
	unlock(r);
	return n;
}

static int past_at(struct pt_past *past, uint64_t seq, struct pt_snapshot **ret)
{
	struct pt_reader *r = lock(past);
	int error = pt_reader_at(r, seq, ret);
	unlock(r);
	return error;
}

static uint64_t past_find(struct pt_past *past, uint64_t realtime_ns)
{
	struct pt_reader *r = lock(past);
	uint64_t seq = one(r, PT_GET_BY_TIME, realtime_ns);
	if (!seq)
		seq = one(r, PT_GET_FIRST, 0);
	unlock(r);
	return seq;
}

static uint64_t step(struct pt_reader *r, uint64_t seq, int64_t n)
{
	uint64_t from = pt_reader_moment(r, seq), to = 0;
	sqlite3_stmt *get;
	if (!from || !n || pt_reader_get(r, n > 0 ? PT_GET_FORTH : PT_GET_BACK, &get) != SQLITE_OK)
		return from;
	uint64_t far = n > 0 ? (uint64_t)n : -(uint64_t)n;
	pt_bind_number(get, 1, from);
	pt_bind_number(get, 2, far - 1 < INT64_MAX ? far - 1 : INT64_MAX);
	return pt_reader_number(get, &to) && to ? to : one(r, n > 0 ? PT_GET_LAST : PT_GET_FIRST, 0);
}

static uint64_t past_step(struct pt_past *past, uint64_t seq, int64_t n)
{
	struct pt_reader *r = lock(past);
	uint64_t to = step(r, seq, n);
	unlock(r);
	return to;
}

static size_t past_marks(struct pt_past *past, struct pt_mark *ret, size_t max)
{
	struct pt_reader *r = lock(past);
	size_t n = 0;
	sqlite3_stmt *get;
	if (pt_reader_get(r, PT_GET_MARKS, &get) == SQLITE_OK) {
		for (; sqlite3_step(get) == SQLITE_ROW; n++) {
			if (n >= max)
				continue;
			ret[n] = (struct pt_mark){.realtime_ns = pt_row_number(get, 0)};
			snprintf(ret[n].label, sizeof(ret[n].label), "%s", pt_row_text(get, 1));
		}
		pt_reader_done(get);
	}
	for (size_t i = 0; i < n && i < max; i++) {
		ret[i].seq = one(r, PT_GET_FROM_TIME, ret[i].realtime_ns);
		if (!ret[i].seq)
			ret[i].seq = one(r, PT_GET_LAST, 0);
	}
	unlock(r);
	return n;
}

/* Marks are put in by whoever writes. */
static int past_mark(struct pt_past *past, uint64_t realtime_ns, const char *label)
{
	(void)past;
	(void)realtime_ns;
	(void)label;
	return -EROFS;
}

static ssize_t past_story(struct pt_past *past, uint64_t address, uint64_t seq, struct pt_chapter *ret, size_t max)
{
	struct pt_reader *r = lock(past);
	ssize_t n = pt_reader_story(r, address, seq, ret, max);
	unlock(r);
	return n;
}

/* It goes with its reader. */
static void past_free(struct pt_past *past)
{
	(void)past;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

int pt_reader_open(const char *path, struct pt_reader **ret, char *message, size_t size)
{
	static const struct pt_past_ops ops = {.count = past_count,
					       .plot = past_plot,
					       .at = past_at,
					       .find = past_find,
					       .step = past_step,
					       .marks = past_marks,
					       .mark = past_mark,
					       .story = past_story,
					       .free = past_free};
	struct pt_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return refuse(message, size, -ENOMEM, "out of memory");
	pthread_mutex_init(&r->lock, NULL);
	r->past.ops = &ops;
	r->path = pt_db_path(path);
	r->name = strdup(path);
	r->zstd = ZSTD_createDCtx();
	r->signals = calloc(SIGNALS_MOST, sizeof(*r->signals));
	int error = r->path && r->name && r->zstd && r->signals ? 0 : refuse(message, size, -ENOMEM, "out of memory");
	if (!error)
		error = open_file(r, message, size);
	if (!error)
		error = read_options(r, message, size);
	if (error) {
		pt_reader_close(r);
		return error;
	}
	*ret = r;
	return 0;
}

void pt_reader_close(struct pt_reader *r)
{
	if (!r)
		return;
	for (int i = 0; i < PT_GET_N; i++)
		sqlite3_finalize(r->get[i]);
	sqlite3_close(r->db);
	for (size_t i = 0; i < PT_READER_KEPT; i++)
		pt_snapshot_unref(r->kept[i].snapshot);
	for (size_t i = 0; i < r->n_signals; i++) {
		free(r->signals[i].reason);
		free(r->signals[i].remedy);
	}
	free(r->signals);
	ZSTD_freeDCtx(r->zstd);
	pthread_mutex_destroy(&r->lock);
	free(r->raw.v);
	free(r->path);
	free(r->name);
	free(r);
}

struct pt_past *pt_reader_past(struct pt_reader *r)
{
	return &r->past;
}

bool pt_reader_follow(struct pt_reader *r)
{
	lock(&r->past);
	uint64_t last = one(r, PT_GET_LAST, 0);
	bool more = last != r->followed;
	r->followed = last;
	unlock(r);
	return more;
}

struct pt_maybe pt_reader_ended(struct pt_reader *r)
{
	lock(&r->past);
	struct pt_maybe ended = meta(r, "ended_ns");
	unlock(r);
	return ended;
}
