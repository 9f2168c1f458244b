/*
 * Recordings that are none, damaged, made to do harm, cut off, or where nothing may be written: each is read, or refused
 * with one line that says why.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <zstd.h>

#include "core/record/bytes.h"
#include "core/record/recorder.h"
#include "tests/support/digest.h"
#include "tests/support/rounds.h"
#include "tests/support/skip.h"
#include "tests/support/tape.h"

/* Opens it and asks all there is to ask; what comes of it is the file's business, but it ends. -errno of opening. */
static int read_all(const char *path, char *message, size_t size)
{
	struct pt_reader *reader;
	int error = pt_reader_open(path, &reader, message, size);
	if (error)
		return error;
	struct pt_past *past = pt_reader_past(reader);
	struct pt_moment moments[8];
	struct pt_mark marks[4];
	struct pt_chapter chapters[4];
	struct pt_snapshot *s;
	struct pt_recorded *processes;
	ssize_t n = pt_reader_processes(reader, &processes);
	pt_recorded_find(processes, n > 0 ? (size_t)n : 0, 4242);
	free(processes);
	pt_reader_has_several(reader);
	pt_reader_ended(reader);
	past->ops->count(past);
	past->ops->marks(past, marks, 4);
	past->ops->find(past, 1020000000000);
	past->ops->plot(past, 0, UINT64_MAX, 0, 0, moments, 8);
	past->ops->plot(past, 0, UINT64_MAX, MADE_BASE, MADE_BASE + 30 * MADE_PAGE, moments, 8);
	past->ops->story(past, MADE_BASE + 5 * MADE_PAGE, UINT64_MAX, chapters, 4);
	for (uint64_t seq = 1; seq <= TAPE_FRAMES; seq += 7) {
		if (past->ops->at(past, seq, &s) < 0)
			continue;
		for (size_t i = 0; i < s->vmas->n; i++)
			pt_snapshot_bytes(s, i, PT_SUM_RSS);
		pt_snapshot_unref(s);
	}
	pt_reader_close(reader);
	return 0;
}

static void expect_refused(const char *path, int error, const char *why)
{
	char message[400] = "";
	int got = read_all(path, message, sizeof(message));
	if (got != error || !strstr(message, why) || strchr(message, '\n'))
		fail_msg("%d instead of %d: %s", got, error, message);
}

/* The recording without its reader, as bytes. */
static uint8_t *bytes_of(struct tape *t, size_t *ret_size)
{
	struct stat st;
	pt_reader_close(t->reader);
	t->reader = NULL;
	assert_int_equal(stat(t->path, &st), 0);
	uint8_t *bytes = malloc((size_t)st.st_size);
	int fd = open(t->path, O_RDONLY);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static void put_bytes(const char *path, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* Changes it as anyone could. */
static void change(struct tape *t, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;
	pt_reader_close(t->reader);
	t->reader = NULL;
	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
}

static void what_is_no_recording_is_refused(void **arg)
{
	(void)arg;
	struct tape t;
	tape_make(&t, 1);
	expect_refused("/nowhere/at all", -ENOENT, "/nowhere/at all: No such file");
	expect_refused(t.folder, -EISDIR, "directory");
	expect_refused(":memory:", -ENOENT, ":memory:");
	expect_refused("", -EISDIR, "directory");
	put_bytes(t.path, (const uint8_t *)"", 0);
	expect_refused(t.path, -EBADMSG, "is no recording");
	put_bytes(t.path, (const uint8_t *)"pagetop\n", 8);
	expect_refused(t.path, -EBADMSG, "is no recording");
	unlink(t.path);
	change(&t, "CREATE TABLE frame(id)");
	expect_refused(t.path, -EBADMSG, "is no recording");
	tape_end(&t);
}

static void other_versions_are_refused(void **arg)
{
	(void)arg;
	struct tape t;
	tape_make(&t, 1);
	change(&t, "PRAGMA user_version = 3");
	expect_refused(t.path, -ENOTSUP, "schema 3; this pagetop reads 1 to 2: a newer one is needed");
	change(&t, "PRAGMA user_version = 0");
	expect_refused(t.path, -ENOTSUP, "schema 0; this pagetop reads 1 to 2");
	change(&t, "PRAGMA user_version = 1"); /* which it is not */
	expect_refused(t.path, -EBADMSG, "damaged: its table frame");
	change(&t, "PRAGMA user_version = 2; UPDATE meta SET value = 4711 WHERE key = 'chunk_pages'");
	expect_refused(t.path, -ENOTSUP, "chunks of 4711 pages");
	change(&t, "UPDATE meta SET value = 'x' WHERE key = 'chunk_pages'");
	expect_refused(t.path, -EBADMSG, "chunks");
	tape_end(&t);
}

/* What runs when a table is read, or only looks like one, is not read. */
static void nothing_that_a_file_brings_is_executed(void **arg)
{
	(void)arg;
	static const char *const tricks[] = {
		"ALTER TABLE mark RENAME TO m; CREATE VIEW mark AS SELECT * FROM m, (WITH RECURSIVE r(x) AS (SELECT 1 "
		"UNION "
		"ALL SELECT x + 1 FROM r) SELECT x FROM r)",
		"DROP TABLE mark; CREATE TABLE mark(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, label TEXT "
		"NOT "
		"NULL, evil AS (hex(zeroblob(100000000))))",
		"DROP TABLE mark; CREATE TABLE mark(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, label)",
		"DROP TABLE ledger",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'view' WHERE name = 'mark'",
	};
	for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
		struct tape t;
		tape_make(&t, 1);
		change(&t, tricks[i]);
		expect_refused(t.path, -EBADMSG, "damaged");
		tape_end(&t);
	}
}

/* More of one's own in a recording is nobody's business: indices, views, triggers, tables. */
static void additions_do_no_harm(void **arg)
{
	(void)arg;
	struct tape t;
	char message[400];
	tape_make(&t, 1);
	change(&t, "CREATE TABLE mine(x); CREATE VIEW evil AS SELECT * FROM frame; CREATE INDEX i ON vma(start); "
		   "CREATE TRIGGER tr AFTER INSERT ON mark BEGIN DELETE FROM frame; END; DROP VIEW vma_at; VACUUM");
	assert_int_equal(read_all(t.path, message, sizeof(message)), 0);
	tape_read(&t);
	assert_int_equal(t.past->ops->count(t.past), TAPE_FRAMES);
	tape_end(&t);
}

static void values_out_of_bounds_are_refused(void **arg)
{
	(void)arg;
	static const char *const changes[] = {
		"UPDATE vma SET start = \"end\"",
		"UPDATE vma SET start = start + 1",
		"UPDATE vma SET start = 0",
		"UPDATE vma SET role = 'x'",
		"UPDATE vma SET path = printf('%.100000c', 'x')",
		"UPDATE vma SET since_frame = 0, until_frame = NULL",
		"DELETE FROM pages WHERE whole",
		"DELETE FROM pages WHERE process",
		"UPDATE pages SET data = zeroblob(50)",
		"UPDATE pages SET data = 'text'",
		"UPDATE pages SET data = substr(data, 1, length(data) - 1)",
		"UPDATE pages SET whole = 0 WHERE frame > 1; UPDATE pages SET frame = frame + 1000",
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct tape t;
		struct pt_snapshot *s;
		tape_make(&t, 1);
		change(&t, changes[i]);
		tape_read(&t);
		int error = t.past->ops->at(t.past, 3, &s);
		if (error != -EBADMSG)
			fail_msg("%s: %d", changes[i], error);
		tape_end(&t);
	}
}

static void frames_of_nobody_are_refused(void **arg)
{
	(void)arg;
	static const char *const changes[] = {"UPDATE process SET id = -id", "DELETE FROM process",
					      "UPDATE frame SET process = -9223372036854775807 - 1",
					      "UPDATE process SET pid = 'x'"};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct tape t;
		tape_make(&t, 2);
		change(&t, changes[i]);
		expect_refused(t.path, -EBADMSG, "does not say what it is of");
		tape_end(&t);
	}
}

/* Kept as strings, numbers and NULLs in wrong places: it is read somehow, or not. */
static void values_of_other_types_do_no_harm(void **arg)
{
	(void)arg;
	static const char *const changes[] = {
		"UPDATE frame SET name = zeroblob(1000000), state = NULL, threads = 'x', rss = 'y', pss = 1.5",
		"UPDATE frame SET realtime_ns = 'x', monotonic_ns = x'00', layout = 'z'",
		"UPDATE vma SET perms = NULL, path = NULL, fs = 5, vm_flags = 'x' WHERE 0",
		"UPDATE signal SET name = NULL WHERE 0; UPDATE signal SET state = 'x', reason = NULL, remedy = 5",
		"UPDATE vma_sum SET rss = 'x', frame = frame + 9000000000000000000",
		"UPDATE frame SET id = -id",
		"INSERT INTO mark VALUES(1, 'x', 'y', x'00ff')",
		"UPDATE process SET start_time = 'x', parent = 'y', name = zeroblob(1000000), began_ns = 'z'",
		"UPDATE frame SET process = 77 WHERE id > 5; UPDATE signal SET process = 'x'",
		"INSERT INTO sample VALUES('x', 'y', 'z', 1, 2, x'00', x'01', NULL, 1.5, 'k')",
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct tape t;
		char message[400] = "";
		tape_make(&t, 2);
		change(&t, changes[i]);
		if (read_all(t.path, message, sizeof(message)) < 0)
			fail_msg("%s: %s", changes[i], message);
		tape_end(&t);
	}
}

/* ---- bombs ------------------------------------------------------------------------------------------------------ */

static void set_pages(struct tape *t, const void *data, size_t size)
{
	sqlite3 *db;
	sqlite3_stmt *update;
	pt_reader_close(t->reader);
	t->reader = NULL;
	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "UPDATE pages SET data = ?", -1, &update, NULL);
	sqlite3_bind_blob(update, 1, data, (int)size, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(update), SQLITE_DONE);
	sqlite3_finalize(update);
	sqlite3_close(db);
}

static void expect_bomb(const void *packed, size_t size)
{
	struct tape t;
	struct pt_snapshot *s;
	tape_make(&t, 1);
	set_pages(&t, packed, size);
	tape_read(&t);
	assert_int_equal(t.past->ops->at(t.past, 1, &s), -EBADMSG);
	tape_end(&t);
}

static void bombs_are_not_set_off(void **arg)
{
	(void)arg;
	/* a header that promises 2^40 bytes; one that does not say how many */
	static const uint8_t large[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0};
	static const uint8_t silent[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 1, 0, 0};
	struct pt_buffer b = {0};
	expect_bomb(large, sizeof(large));
	expect_bomb(silent, sizeof(silent));
	/* many slots in few bytes: their numbers must be there */
	pt_put_number(&b, 1);
	pt_put_number(&b, 0);
	pt_put_number(&b, 0);
	pt_put_number(&b, UINT64_MAX);
	for (int i = 0; i < 1000; i++)
		pt_put_number(&b, 0);
	uint8_t packed[2000];
	size_t size = ZSTD_compress(packed, sizeof(packed), b.v, b.n, 3);
	expect_bomb(packed, size);
	free(b.v);
}

/* ---- damage ----------------------------------------------------------------------------------------------------- */

static void damaged_files_do_no_harm(void **arg)
{
	(void)arg;
	struct tape t;
	size_t size;
	char message[400];
	tape_make(&t, 1);
	uint8_t *bytes = bytes_of(&t, &size);
	for (size_t cut = 0; cut < size; cut += size / 40 + 13) {
		put_bytes(t.path, bytes, cut);
		read_all(t.path, message, sizeof(message));
	}
	for (unsigned round = 0; round < rounds(400); round++) {
		size_t at = made_random(&t.made, round % 2 ? size : 4096);
		uint8_t was = bytes[at];
		bytes[at] = (uint8_t)made_random(&t.made, 256);
		put_bytes(t.path, bytes, size);
		read_all(t.path, message, sizeof(message));
		bytes[at] = was;
	}
	put_bytes(t.path, bytes, size);
	assert_int_equal(read_all(t.path, message, sizeof(message)), 0);
	free(bytes);
	tape_end(&t);
}

/* ---- a writer that was killed ----------------------------------------------------------------------------------- */

static void copy(const char *from, const char *to)
{
	uint8_t buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(in >= 0 && out >= 0);
	for (ssize_t n; (n = read(in, buf, sizeof(buf))) > 0;)
		assert_int_equal(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

/* How many moments an ordinary user finds, or -errno. */
static int count_moments(const char *path)
{
	struct pt_reader *reader;
	struct pt_snapshot *s;
	char message[400];
	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return -errno;
	int error = pt_reader_open(path, &reader, message, sizeof(message));
	if (error) {
		fprintf(stderr, "%s\n", message);
		return error;
	}
	struct pt_past *past = pt_reader_past(reader);
	int count = (int)past->ops->count(past);
	error = count ? past->ops->at(past, UINT64_MAX, &s) : 0;
	return error < 0 ? error : count;
}

/* In a child, which is killed lest valgrind take what it has of its parent for leaked. */
static int count_as_user(const char *path)
{
	int ends[2], count = INT_MIN;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		count = count_moments(path);
		if (write(ends[1], &count, sizeof(count)) != sizeof(count))
			_exit(1);
		raise(SIGKILL);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &count, sizeof(count)), sizeof(count));
	close(ends[0]);
	waitpid(child, NULL, 0);
	return count;
}

/* The file and its log as they are at some moment of writing, where nothing may be written. */
static void a_killed_writer_leaves_what_can_be_read_anywhere(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	char to[96], name[128], wal[128];
	tape_open(&t, 9, &options);
	for (int i = 0; i < 20; i++)
		tape_frame(&t);
	snprintf(to, sizeof(to), "%s/killed", t.folder);
	snprintf(wal, sizeof(wal), "%s-wal", t.path);
	copy(t.path, to);
	snprintf(name, sizeof(name), "%s-wal", to);
	copy(wal, name);
	struct stat st;
	assert_int_equal(stat(name, &st), 0);
	assert_true(st.st_size > 0);
	assert_int_equal(chmod(t.folder, 0555), 0);
	assert_int_equal(count_as_user(to), 20);
	assert_int_equal(chmod(t.folder, 0755), 0);
	assert_int_equal(count_as_user(to), 20);
	/* and cut anywhere, at most frames at its end are missing */
	for (off_t cut = st.st_size; cut > 0; cut -= st.st_size / 10 + 1) {
		assert_int_equal(truncate(name, cut), 0);
		int count = count_as_user(to);
		if (count > 20)
			fail_msg("cut at %ld: %d", (long)cut, count);
	}
	chmod(t.folder, 0700);
	tape_end(&t);
}

/* While it is written, by someone who may read but not write. */
static void another_user_can_follow(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	char name[128];
	if (geteuid() != 0)
		skip_because("only root can become another user");
	tape_open(&t, 9, &options);
	tape_frame(&t);
	chmod(t.folder, 0755);
	chmod(t.path, 0644);
	snprintf(name, sizeof(name), "%s-wal", t.path);
	chmod(name, 0644);
	snprintf(name, sizeof(name), "%s-shm", t.path);
	chmod(name, 0644);
	assert_int_equal(count_as_user(t.path), 1);
	tape_frame(&t);
	assert_int_equal(count_as_user(t.path), 2);
	chmod(t.path, 0600);
	assert_int_equal(count_as_user(t.path), -EACCES);
	tape_end(&t);
}

/* ---- a disk that is full ---------------------------------------------------------------------------------------- */

/* Writes as long as files may grow to so many bytes; returns how many frames it wrote, and the message. */
static size_t write_within(struct tape *t, rlim_t bytes, char *message, size_t size)
{
	struct rlimit was, limit;
	struct pt_recorder *recorder;
	size_t frames = 0;
	getrlimit(RLIMIT_FSIZE, &was);
	limit = (struct rlimit){bytes, was.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(pt_recorder_new(&recorder, t->writer, NULL), 0);
	t->writer = NULL;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	struct pt_recorder_status status;
	do { /* one after the other */
		struct pt_snapshot *s = made_next(&t->made);
		t->frames[t->n++] = s;
		pt_recorder_push(recorder, s);
		while (status = pt_recorder_status(recorder), status.frames < t->n && !status.error) {
			struct pollfd fd = {pt_recorder_fd(recorder), POLLIN, 0};
			poll(&fd, 1, -1);
		}
	} while (!status.error && t->n < TAPE_FRAMES);
	frames = status.frames;
	snprintf(message, size, "%s", status.message);
	pt_recorder_push(recorder, t->frames[0]); /* is of no use, and does no harm */
	pt_recorder_free(recorder);
	setrlimit(RLIMIT_FSIZE, &was);
	return frames;
}

static void a_full_disk_is_said_once_and_what_was_written_stays(void **arg)
{
	(void)arg;
	for (rlim_t bytes = 70000; bytes < 300000; bytes += 37000) {
		const struct pt_record_options options = {0};
		struct tape t;
		char message[400];
		tape_open(&t, 4, &options);
		size_t frames = write_within(&t, bytes, message, sizeof(message));
		assert_true(frames < TAPE_FRAMES);
		if (!strstr(message, "cannot write") || strchr(message, '\n'))
			fail_msg("%s", message);
		tape_read(&t);
		assert_int_equal(t.past->ops->count(t.past), frames);
		for (size_t i = 0; i < frames; i++) {
			struct pt_snapshot *s;
			assert_int_equal(t.past->ops->at(t.past, i + 1, &s), 0);
			assert_true(snapshot_digest(s) == snapshot_digest(t.frames[i]));
			pt_snapshot_unref(s);
		}
		tape_end(&t);
	}
}

static void a_file_that_goes_away_is_said(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	tape_open(&t, 4, &options);
	tape_frame(&t);
	unlink(t.path);
	struct pt_snapshot *s = made_next(&t.made);
	assert_true(pt_writer_frame(t.writer, s) < 0);
	assert_non_null(strstr(pt_writer_message(t.writer), "moved or deleted"));
	pt_snapshot_unref(s);
	tape_end(&t);
}

static void folders_that_are_not_there_are_said(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct pt_writer *writer;
	char message[400];
	assert_int_equal(pt_writer_open("/nowhere/x", &options, &writer, message, sizeof(message)), -ENOENT);
	assert_string_equal(message, "cannot make /nowhere/x: No such file or directory");
	assert_true(pt_writer_open("/tmp", &options, &writer, message, sizeof(message)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_recording_is_refused),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(nothing_that_a_file_brings_is_executed),
		cmocka_unit_test(additions_do_no_harm),
		cmocka_unit_test(values_out_of_bounds_are_refused),
		cmocka_unit_test(frames_of_nobody_are_refused),
		cmocka_unit_test(values_of_other_types_do_no_harm),
		cmocka_unit_test(bombs_are_not_set_off),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(a_killed_writer_leaves_what_can_be_read_anywhere),
		cmocka_unit_test(another_user_can_follow),
		cmocka_unit_test(a_full_disk_is_said_once_and_what_was_written_stays),
		cmocka_unit_test(a_file_that_goes_away_is_said),
		cmocka_unit_test(folders_that_are_not_there_are_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
