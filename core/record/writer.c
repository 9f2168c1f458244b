/*
 * Writing recordings; see record.h and writer.h. The file comes to its name with all its tables in it, so that no one
 * ever finds half of one there; from then on each frame is a transaction in the write-ahead log.
 */
#include "core/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/record/schema.h"

#define ZSTD_LEVEL 3
#define PATIENCE   2000 /* ms for someone else's transaction, as of a sqlite3 shell */
#define FRAME_COST 1024 /* bytes that a frame counts for at least: going to a moment reads it too */

#define TEN "?,?,?,?,?,?,?,?,?,?,"
static const char put_process_sql[] =
	"INSERT INTO process VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(pid, start_time) DO UPDATE SET "
	"parent = coalesce(excluded.parent, parent), name = excluded.name, "
	"began_ns = coalesce(began_ns, excluded.began_ns), ended_ns = coalesce(excluded.ended_ns, ended_ns), "
	"exit_status = coalesce(excluded.exit_status, exit_status), "
	"peak_rss = max(coalesce(excluded.peak_rss, peak_rss), coalesce(peak_rss, excluded.peak_rss)) "
	"RETURNING id, ended_ns IS NOT NULL";
static const char put_frame_sql[] = "INSERT INTO frame VALUES(" TEN TEN TEN TEN "?,?,?,?,?,?,?,?,?)";
static const char put_vma_sum_sql[] = "INSERT INTO vma_sum VALUES(" TEN TEN "?)";
/* The frame is the last of its process in the file that is not after the one asked for: that may have been lost. */
static const char put_fault_frame_sql[] =
	"INSERT INTO fault_frame SELECT max(id),?1,?3,?4,?5,?6,?7,?8,?9,?10,?11 FROM frame WHERE process = ?1 AND id "
	"<= ?2 "
	"HAVING max(id) IS NOT NULL ON CONFLICT(frame) DO UPDATE SET to_ns = excluded.to_ns, "
	"minor = minor + excluded.minor, major = major + excluded.major, lost = lost + excluded.lost, "
	"children = children + excluded.children, left_out = left_out + excluded.left_out, "
	"period = max(period, excluded.period), system_calls = min(system_calls, excluded.system_calls) RETURNING "
	"frame";
static const char put_fault_sql[] =
	"INSERT INTO fault VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(frame, vma, kind, stack) DO UPDATE SET "
	"events = events + excluded.events, major = major + excluded.major, kernel = kernel + excluded.kernel, "
	"born = born + excluded.born";

static const char *const put_sql[PT_PUT_N] = {
	[PT_PUT_META] = "INSERT OR REPLACE INTO meta VALUES(?,?)",
	[PT_PUT_PROCESS] = put_process_sql,
	[PT_PUT_END] = "UPDATE process SET ended_ns = ? WHERE id = (SELECT min(id) FROM process)",
	[PT_PUT_FRAME] = put_frame_sql,
	[PT_PUT_SAMPLE] = "INSERT OR REPLACE INTO sample VALUES(?,?,?,?,?,?,?,?,?,?)",
	[PT_PUT_SIGNAL] = "INSERT INTO signal VALUES(?,?,?,?,?,?)",
	[PT_PUT_VMA] = "INSERT INTO vma VALUES(NULL,?,?,NULL,?,?,?,?,?,?,?,?,?,?,?,?)",
	[PT_PUT_VMA_END] = "UPDATE vma SET until_frame = ? WHERE id = ?",
	[PT_PUT_VMA_SUM] = put_vma_sum_sql,
	[PT_PUT_LEDGER] = "INSERT INTO ledger VALUES(?,?,?,?,?)",
	[PT_PUT_TOLD] = "INSERT INTO told VALUES(?,?,?)",
	[PT_PUT_VMA_EVENT] = "INSERT INTO vma_event VALUES(?,?,?,?,?,?,?)",
	[PT_PUT_MARK] = "INSERT INTO mark VALUES(NULL,?,?,?)",
	[PT_PUT_PAGES] = "INSERT INTO pages VALUES(?,?,?,?)",
	[PT_PUT_FAULT_FRAME] = put_fault_frame_sql,
	[PT_PUT_FAULT] = put_fault_sql,
	[PT_PUT_FAULT_STACK] = "INSERT INTO fault_stack VALUES(NULL,?)",
	[PT_PUT_FAULT_CALL] = "INSERT INTO fault_call VALUES(?,?,?)",
	[PT_PUT_FAULT_CODE] = "INSERT INTO fault_code VALUES(NULL,?,?,?,?,?,?,?)",
	[PT_PUT_FAULT_MODULE] = "INSERT INTO fault_module VALUES(NULL,?,?)",
};

int pt_record_put(struct pt_writer *w, enum pt_put what, sqlite3_stmt **ret)
{
	int code = pt_db_prepare(w->db, put_sql[what], &w->put[what]);
	*ret = w->put[what];
	return code;
}

/* ---- what went wrong -------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void say(struct pt_writer *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(w->message, sizeof(w->message), format, args);
	va_end(args);
}

static const char *reason(struct pt_writer *w, int code)
{
	int system = w->db ? sqlite3_system_errno(w->db) : 0;
	if ((code & 0xff) == SQLITE_FULL)
		return "the disk is full";
	if (code == SQLITE_READONLY_DBMOVED)
		return "it was moved or deleted";
	if ((code & 0xff) == SQLITE_READONLY)
		return "it has become read-only";
	if (((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) && system)
		return strerror(system);
	return sqlite3_errstr(code);
}

int pt_record_fail(struct pt_writer *w, int code)
{
	say(w, "cannot write %s: %s", w->name, reason(w, code));
	return pt_db_error(code);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static int make_tables(sqlite3 *db)
{
	char version[96];
	int code = pt_db_run(db, "BEGIN");
	for (size_t i = 0; code == SQLITE_OK && pt_schema_tables[i].name; i++)
		code = pt_db_run(db, pt_schema_tables[i].sql);
	for (size_t i = 0; code == SQLITE_OK && pt_schema_rest[i]; i++)
		code = pt_db_run(db, pt_schema_rest[i]);
	snprintf(version, sizeof(version), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 PT_SCHEMA_APPLICATION, PT_SCHEMA_VERSION);
	if (code == SQLITE_OK)
		code = pt_db_run(db, version);
	return code == SQLITE_OK ? pt_db_run(db, "COMMIT") : code;
}

/* The file under a name that no one looks for. An SQLite code; *ret_errno where it is the system's. */
static int make_file(const char *part, int *ret_errno)
{
	sqlite3 *db = NULL;
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		*ret_errno = errno;
		return SQLITE_CANTOPEN;
	}
	close(fd);
	int code = sqlite3_open_v2(part, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = make_tables(db);
	if (code == SQLITE_OK)
		code = pt_db_run(db, "PRAGMA journal_mode = WAL"); /* now that no one else can hold it */
	if (code != SQLITE_OK && db)
		*ret_errno = sqlite3_system_errno(db);
	sqlite3_close(db);
	return code;
}

/* Gives it its name, unless there is a file of that name. 0 or -errno. */
static int name_file(const char *part, const char *path, bool replace)
{
	if (replace)
		return rename(part, path) == 0 ? 0 : -errno;
	if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL) /* this file system cannot */
		return -errno;
	return access(path, F_OK) == 0 ? -EEXIST : rename(part, path) == 0 ? 0 : -errno;
}

static void remove_beside(const char *path, const char *end)
{
	char *name = pt_db_beside(path, end);
	if (name)
		unlink(name);
	free(name);
}

static int create(struct pt_writer *w, bool replace)
{
	char *part = pt_db_beside(w->path, ".part");
	int system = 0;
	if (!part)
		return -ENOMEM;
	unlink(part); /* of one that was killed then */
	struct stat st;
	if (lstat(w->path, &st) == 0 && !(replace && S_ISREG(st.st_mode))) { /* a device is no file to be replaced */
		free(part);
		return replace ? -EINVAL : -EEXIST;
	}
	int code = make_file(part, &system);
	int error = code == SQLITE_OK ? 0 : code == SQLITE_FULL ? -ENOSPC : system ? -system : pt_db_error(code);
	if (!error) { /* what a dead one of this name left behind is none of this one's */
		remove_beside(w->path, "-wal");
		remove_beside(w->path, "-shm");
		remove_beside(w->path, "-journal");
		error = name_file(part, w->path, replace);
	}
	if (error)
		unlink(part);
	free(part);
	return error;
}

static int open_database(struct pt_writer *w)
{
	int code = sqlite3_open_v2(w->path, &w->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_busy_timeout(w->db, PATIENCE);
	return pt_db_run(w->db, "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
}

static int put_meta(struct pt_writer *w, const char *key, struct pt_maybe number, const void *text, size_t size)
{
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_META, &put);
	if (code != SQLITE_OK)
		return code;
	pt_bind_text(put, 1, key);
	if (text)
		sqlite3_bind_blob(put, 2, text, (int)size, SQLITE_STATIC);
	else
		pt_bind_maybe(put, 2, number);
	return pt_db_step(put);
}

static int put_options(struct pt_writer *w, const struct pt_record_options *o)
{
	int code = put_meta(w, "chunk_pages", (struct pt_maybe){PT_CHUNK_PAGES, true}, NULL, 0);
	if (code == SQLITE_OK)
		code = put_meta(w, "anonymized", (struct pt_maybe){o->anonymize, true}, NULL, 0);
	if (code == SQLITE_OK && o->interval_ns)
		code = put_meta(w, "interval_ns", (struct pt_maybe){o->interval_ns, true}, NULL, 0);
	if (code == SQLITE_OK && o->command && !o->anonymize)
		code = put_meta(w, "command", (struct pt_maybe){0}, o->command, o->command_size);
	return code;
}

static int set_up(struct pt_writer *w, const struct pt_record_options *options)
{
	w->anonymize = options->anonymize;
	w->sync_frames = options->sync_frames;
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd || pt_encoder_new(&w->encoder) < 0)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	int error = create(w, options->replace);
	if (error) {
		say(w, "cannot make %s: %s", w->name,
		    error == -EEXIST   ? "there is such a file"
		    : error == -EINVAL ? "what is there is no plain file"
				       : strerror(-error));
		return error;
	}
	int code = open_database(w);
	if (code == SQLITE_OK)
		code = put_options(w, options);
	if (code == SQLITE_OK)
		return 0;
	error = pt_record_fail(w, code);
	unlink(w->path);
	return error;
}

int pt_writer_open(const char *path, const struct pt_record_options *options, struct pt_writer **ret, char *message,
		   size_t size)
{
	struct pt_writer *w = calloc(1, sizeof(*w));
	int error = w && (w->path = pt_db_path(path)) && (w->name = strdup(path)) ? set_up(w, options) : -ENOMEM;
	if (!error) {
		*ret = w;
		return 0;
	}
	snprintf(message, size, "%s", w && w->message[0] ? w->message : strerror(-error));
	pt_writer_close(w);
	return error;
}

/* ---- transactions ----------------------------------------------------------------------------------------------- */

int pt_record_begin(struct pt_writer *w)
{
	int moved = 0;
	if (sqlite3_file_control(w->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
		return SQLITE_READONLY_DBMOVED;
	return pt_db_run(w->db, "BEGIN IMMEDIATE");
}

int pt_record_end(struct pt_writer *w, int code)
{
	if (code == SQLITE_OK)
		code = pt_db_run(w->db, "COMMIT");
	if (code != SQLITE_OK && !sqlite3_get_autocommit(w->db))
		pt_db_run(w->db, "ROLLBACK");
	pt_tracks_settle(w, code == SQLITE_OK);
	return code;
}

/* How often the disk is waited for: at each so many frames, else where the log is put into the file. */
static int choose_sync(struct pt_writer *w)
{
	bool due = w->sync_frames && w->since_sync + 1 >= w->sync_frames;
	int code = SQLITE_OK;
	if (w->sync_frames > 1)
		code = pt_db_run(w->db, due ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
	else if (w->sync_frames == 1 && !w->last_seq)
		code = pt_db_run(w->db, "PRAGMA synchronous = FULL");
	w->since_sync = due ? 0 : w->since_sync + 1;
	return code;
}

/* ---- a frame ---------------------------------------------------------------------------------------------------- */

static int put_pages(struct pt_writer *w, struct pt_frame *frame)
{
	struct pt_snapshot *before = frame->track->before;
	struct pt_delta *delta = frame->delta;
	const uint8_t *bytes;
	size_t size;
	frame->whole = !before || frame->track->since_cost > frame->track->whole_bytes;
	if (frame->whole && before && pt_delta_make(NULL, frame->now, &delta) < 0)
		return SQLITE_NOMEM;
	int error = pt_encode(w->encoder, frame->whole ? NULL : before, delta, &bytes, &size);
	if (delta != frame->delta)
		pt_delta_unref(delta);
	w->packed.n = 0;
	if (error || !pt_buffer_reserve(&w->packed, ZSTD_compressBound(size)))
		return SQLITE_NOMEM;
	if (size > PT_RECORD_FRAME_MAX)
		return SQLITE_TOOBIG;
	frame->bytes = ZSTD_compress2(w->zstd, w->packed.v, w->packed.room, bytes, size);
	if (ZSTD_isError(frame->bytes))
		return SQLITE_NOMEM;
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_PAGES, &put);
	if (code != SQLITE_OK)
		return code;
	pt_bind_number(put, 1, frame->now->seq);
	sqlite3_bind_int64(put, 2, frame->track->id);
	sqlite3_bind_int(put, 3, frame->whole);
	sqlite3_bind_blob64(put, 4, w->packed.v, frame->bytes, SQLITE_STATIC);
	return pt_db_step(put);
}

static int put_all(struct pt_writer *w, struct pt_frame *frame)
{
	const struct pt_snapshot *s = frame->now;
	struct pt_recorded process = {
		.pid = s->process.pid, .start_time = s->process.start_time, .began_ns = {s->monotonic_ns, true}};
	snprintf(process.name, sizeof(process.name), "%s", s->process.name);
	int code = pt_track_put(w, &process, false, &frame->track);
	if (code != SQLITE_OK)
		return code;
	frame->late = frame->track->ended;
	if (frame->late)
		return SQLITE_ABORT;
	frame->layout = frame->track->before ? frame->track->layout : s->seq;
	if (pt_delta_make(frame->track->before, frame->now, &frame->delta) < 0)
		return SQLITE_NOMEM;
	if (!w->last_seq)
		code = put_meta(w, "page_size", (struct pt_maybe){1ull << s->page_shift, true}, NULL, 0);
	if (code == SQLITE_OK)
		code = pt_put_rows(w, frame);
	return code == SQLITE_OK ? put_pages(w, frame) : code;
}

/* It is in the file. */
static void take(struct pt_writer *w, struct pt_frame *frame)
{
	struct pt_track *track = frame->track;
	size_t cost = frame->bytes > FRAME_COST ? frame->bytes : FRAME_COST;
	pt_snapshot_unref(track->before);
	free(track->ids);
	track->before = pt_snapshot_ref(frame->now);
	track->ids = frame->ids;
	frame->ids = NULL;
	track->layout = frame->layout;
	track->told = frame->told;
	track->since_cost = frame->whole ? 0 : track->since_cost + cost;
	if (frame->whole)
		track->whole_bytes = frame->bytes;
	w->last_seq = frame->now->seq;
	w->page_shift = frame->now->page_shift;
	w->clocks = frame->now->realtime_ns - frame->now->monotonic_ns;
}

static int out_of_order(struct pt_writer *w, const char *what)
{
	say(w, "cannot write %s: a frame %s", w->name, what);
	return -EINVAL;
}

int pt_writer_frame(struct pt_writer *w, struct pt_snapshot *snapshot)
{
	struct pt_frame frame = {.now = snapshot};
	if (snapshot->seq <= w->last_seq || (w->last_seq && snapshot->page_shift != w->page_shift))
		return out_of_order(w, "out of order");
	frame.ids = calloc(snapshot->vmas->n + 1, sizeof(*frame.ids));
	frame.was = calloc(snapshot->vmas->n + 1, sizeof(*frame.was));
	int code = frame.ids && frame.was ? choose_sync(w) : SQLITE_NOMEM;
	if (code == SQLITE_OK)
		code = pt_record_begin(w);
	if (code == SQLITE_OK)
		code = put_all(w, &frame);
	code = pt_record_end(w, code);
	if (code == SQLITE_OK)
		take(w, &frame);
	pt_delta_unref(frame.delta);
	free(frame.ids);
	free(frame.was);
	if (frame.late)
		return out_of_order(w, "of a process that has ended");
	return code == SQLITE_OK ? 0 : pt_record_fail(w, code);
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

int pt_writer_process(struct pt_writer *w, const struct pt_recorded *process)
{
	struct pt_track *track;
	int code = pt_record_begin(w);
	if (code == SQLITE_OK)
		code = pt_track_put(w, process, true, &track);
	code = pt_record_end(w, code);
	return code == SQLITE_OK ? 0 : pt_record_fail(w, code);
}

static int put_sample(struct pt_writer *w, const struct pt_recorded *process, const struct pt_recorded_sample *sample)
{
	const struct pt_maybe values[] = {sample->size,  sample->rss,  sample->anon,   sample->file,
					  sample->shmem, sample->swap, sample->hugetlb};
	struct pt_recorded seen = *process;
	struct pt_track *track;
	sqlite3_stmt *put;
	if (!seen.began_ns.known)
		seen.began_ns = (struct pt_maybe){sample->monotonic_ns, true};
	int code = pt_track_put(w, &seen, false, &track);
	if (code == SQLITE_OK)
		code = pt_record_put(w, PT_PUT_SAMPLE, &put);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(put, 1, track->id);
	pt_bind_number(put, 2, sample->monotonic_ns);
	pt_bind_number(put, 3, sample->realtime_ns);
	for (int i = 0; i < (int)(sizeof(values) / sizeof(*values)); i++)
		pt_bind_maybe(put, 4 + i, values[i]);
	return pt_db_step(put);
}

int pt_writer_samples(struct pt_writer *w, const struct pt_recorded *const *processes,
		      const struct pt_recorded_sample *samples, size_t n)
{
	int code = n ? pt_record_begin(w) : SQLITE_OK;
	if (!n)
		return 0;
	for (size_t i = 0; code == SQLITE_OK && i < n; i++)
		code = put_sample(w, processes[i], &samples[i]);
	code = pt_record_end(w, code);
	if (code != SQLITE_OK)
		return pt_record_fail(w, code);
	w->clocks = samples[n - 1].realtime_ns - samples[n - 1].monotonic_ns;
	return 0;
}

int pt_writer_mark(struct pt_writer *w, uint64_t realtime_ns, pid_t pid, const char *label)
{
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_MARK, &put);
	if (code == SQLITE_OK) {
		pt_bind_number(put, 1, realtime_ns);
		pt_bind_maybe(put, 2, (struct pt_maybe){(uint64_t)pid, pid > 0});
		pt_bind_text(put, 3, label);
		code = pt_db_step(put);
	}
	return code == SQLITE_OK ? 0 : pt_record_fail(w, code);
}

int pt_writer_end(struct pt_writer *w, uint64_t realtime_ns)
{
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_END, &put);
	if (code == SQLITE_OK) {
		pt_bind_number(put, 1, realtime_ns - w->clocks);
		code = pt_db_step(put);
	}
	return code == SQLITE_OK ? 0 : pt_record_fail(w, code);
}

const char *pt_writer_message(const struct pt_writer *w)
{
	return w->message;
}

void pt_writer_close(struct pt_writer *w)
{
	if (!w)
		return;
	for (int i = 0; i < PT_PUT_N; i++)
		sqlite3_finalize(w->put[i]);
	/* one plain file again, which can be read from a read-only medium; where someone reads it now, it stays as it is */
	if (w->db) {
		sqlite3_busy_timeout(w->db, 0);
		pt_db_run(w->db, "PRAGMA journal_mode = DELETE");
	}
	sqlite3_close(w->db);
	pt_tracks_free(w);
	pt_encoder_free(w->encoder);
	ZSTD_freeCCtx(w->zstd);
	pt_tokens_free(&w->tokens);
	pt_fault_names_free(&w->fault_names);
	free(w->packed.v);
	free(w->path);
	free(w->name);
	free(w);
}
