/*
 * Recordings that hold several processes: each has its own past, as it was written, whatever came between; what is known
 * of each; what becomes of a transaction that fails; and recordings of version 1, which know one process.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/digest.h"
#include "tests/support/rounds.h"
#include "tests/support/tape.h"

#define N      5
#define SECOND 1000000000ull

/* Processes 200, 201, ... whose frames come mixed, each a while. */
struct mixed {
	struct tape t; /* its frames are those of all */
	struct made made[N];
	size_t of[TAPE_FRAMES]; /* whose each frame is */
};

static void mixed_open(struct mixed *m, uint64_t seed)
{
	const struct pt_record_options options = {0};
	tape_open(&m->t, seed, &options);
	for (size_t i = 0; i < N; i++) {
		made_init(&m->made[i], seed * 10 + i, 200);
		m->made[i].pid = (pid_t)(200 + i);
		m->made[i].start_time = 7000 + i;
		m->made[i].clears = i % 2;
	}
}

static void mixed_frame(struct mixed *m, size_t of)
{
	struct made *made = &m->made[of];
	made->seq = m->t.n + 1 + m->t.n / 3; /* with gaps */
	struct pt_snapshot *s = made_next(made);
	m->of[m->t.n] = of;
	m->t.frames[m->t.n++] = s;
	if (pt_writer_frame(m->t.writer, s) < 0)
		fail_msg("%s", pt_writer_message(m->t.writer));
}

static void mixed_make(struct mixed *m, uint64_t seed)
{
	mixed_open(m, seed);
	for (size_t i = 0; i < TAPE_FRAMES; i++) {
		size_t first = i < TAPE_FRAMES / 2 ? 0 : 2; /* 0 and 1 go no further, 3 and 4 begin late */
		mixed_frame(m, first + made_random(&m->t.made, 3));
	}
	pt_writer_close(m->t.writer);
	m->t.writer = NULL;
	tape_read(&m->t);
}

static void mixed_end(struct mixed *m)
{
	for (size_t i = 0; i < N; i++)
		made_end(&m->made[i]);
	tape_end(&m->t);
}

/* The n-th of one process. */
static const struct pt_snapshot *nth(const struct mixed *m, size_t of, size_t n)
{
	for (size_t i = 0; i < m->t.n; i++)
		if (m->of[i] == of && n-- == 0)
			return m->t.frames[i];
	return NULL;
}

static size_t count(const struct mixed *m, size_t of)
{
	size_t n = 0;
	while (nth(m, of, n))
		n++;
	return n;
}

static struct pt_reader *reader_of(struct pt_reader *reader, pid_t pid)
{
	struct pt_recorded *v;
	struct pt_reader *of = NULL;
	ssize_t n = pt_reader_processes(reader, &v);
	assert_true(n > 0);
	const struct pt_recorded *found = pt_recorded_find(v, (size_t)n, pid);
	assert_non_null(found);
	assert_int_equal(found->pid, pid);
	assert_int_equal(pt_reader_of(reader, found->id, &of), 0);
	free(v);
	return of;
}

static void expect_at(struct pt_past *past, uint64_t seq, const struct pt_snapshot *frame)
{
	struct pt_snapshot *s;
	assert_int_equal(past->ops->at(past, seq, &s), 0);
	assert_int_equal(s->seq, frame->seq);
	assert_int_equal(s->process.pid, frame->process.pid);
	assert_true(snapshot_digest(s) == snapshot_digest(frame));
	pt_snapshot_unref(s);
}

/* ---- pasts ------------------------------------------------------------------------------------------------------ */

static void each_process_has_its_own_past(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(20); seed++) {
		struct mixed m;
		mixed_make(&m, seed);
		struct pt_reader *readers[N];
		for (size_t i = 0; i < N; i++)
			readers[i] = reader_of(m.t.reader, (pid_t)(200 + i));
		for (size_t k = 0; k < TAPE_FRAMES; k++) /* mixed as they were written */
			expect_at(pt_reader_past(readers[m.of[k]]), m.t.frames[k]->seq, m.t.frames[k]);
		for (int k = 0; k < 60; k++) {
			size_t at = made_random(&m.t.made, TAPE_FRAMES);
			expect_at(pt_reader_past(readers[m.of[at]]), m.t.frames[at]->seq, m.t.frames[at]);
		}
		expect_at(m.t.past, 0, m.t.frames[0]); /* the default: the first that came into the file */
		for (size_t i = 0; i < N; i++)
			pt_reader_close(readers[i]);
		mixed_end(&m);
	}
}

static void a_past_is_of_its_process_alone(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct mixed m;
		mixed_make(&m, seed);
		for (size_t i = 0; i < N; i++) {
			struct pt_reader *reader = reader_of(m.t.reader, (pid_t)(200 + i));
			struct pt_past *past = pt_reader_past(reader);
			struct pt_moment moments[TAPE_FRAMES];
			size_t n = count(&m, i);
			uint64_t first = nth(&m, i, 0)->seq, last = nth(&m, i, n - 1)->seq;
			assert_int_equal(past->ops->count(past), n);
			assert_int_equal(past->ops->step(past, 0, 0), first);
			assert_int_equal(past->ops->step(past, UINT64_MAX, 0), last);
			assert_int_equal(past->ops->find(past, UINT64_MAX / 2), last);
			assert_int_equal(past->ops->plot(past, 0, UINT64_MAX, 0, 0, moments, TAPE_FRAMES), n);
			for (size_t k = 0; k < n; k++) {
				const struct pt_snapshot *s = nth(&m, i, k);
				assert_int_equal(moments[k].seq, s->seq);
				assert_int_equal(past->ops->step(past, first, (int64_t)k), s->seq);
				assert_int_equal(past->ops->step(past, last, -(int64_t)(n - 1 - k)), s->seq);
				assert_int_equal(past->ops->find(past, s->realtime_ns), s->seq);
			}
			pt_reader_close(reader);
		}
		mixed_end(&m);
	}
}

/* A chapter is of a frame: it has that page, which was read between the one before and its end. */
static bool seen_in(const struct pt_chapter *chapter, const struct pt_snapshot *frame, uint64_t address)
{
	return pt_page_equal(chapter->page, pt_snapshot_page(frame, address)) &&
	       chapter->to_ns <= frame->monotonic_ns &&
	       chapter->realtime_ns - chapter->to_ns == frame->realtime_ns - frame->monotonic_ns;
}

static void a_plot_of_addresses_and_a_story_are_of_one_process(void **arg)
{
	(void)arg;
	struct mixed m;
	mixed_make(&m, 3);
	for (size_t i = 0; i < N; i++) {
		struct pt_reader *reader = reader_of(m.t.reader, (pid_t)(200 + i));
		struct pt_past *past = pt_reader_past(reader);
		size_t n = count(&m, i);
		for (int round = 0; round < 20; round++) {
			struct pt_moment moments[TAPE_FRAMES];
			struct pt_chapter chapters[TAPE_FRAMES];
			const struct pt_vma_table *vmas = nth(&m, i, made_random(&m.t.made, n))->vmas;
			const struct pt_vma *vma = &vmas->v[made_random(&m.t.made, vmas->n)];
			assert_int_equal(
				past->ops->plot(past, 0, UINT64_MAX, vma->start, vma->end, moments, TAPE_FRAMES), n);
			for (size_t k = 0; k < n; k++) {
				const struct pt_snapshot *s = nth(&m, i, k);
				size_t at = pt_vma_find(s->vmas, vma->start);
				if (at == s->vmas->n || s->vmas->v[at].start != vma->start ||
				    s->vmas->v[at].end != vma->end)
					continue;
				struct pt_maybe anon = pt_snapshot_bytes(s, at, PT_SUM_ANON);
				assert_int_equal(moments[k].anon.known, anon.known);
				assert_true(!anon.known || moments[k].anon.value == anon.value);
			}
			ssize_t told = past->ops->story(past, vma->start, UINT64_MAX, chapters, TAPE_FRAMES);
			assert_true(told > 0);
			struct pt_page page = pt_snapshot_page(nth(&m, i, n - 1), vma->start);
			assert_int_equal(chapters[told - 1].page.bits, page.bits);
			assert_int_equal(chapters[told - 1].page.pfn, page.pfn);
			for (ssize_t k = 0; k < told; k++) {
				bool its_own = false;
				for (size_t f = 0; f < n; f++)
					its_own |= seen_in(&chapters[k], nth(&m, i, f), vma->start);
				assert_true(its_own);
			}
		}
		pt_reader_close(reader);
	}
	mixed_end(&m);
}

static void a_mark_is_at_the_next_frame_of_each(void **arg)
{
	(void)arg;
	struct mixed m;
	struct pt_mark mark;
	mixed_open(&m, 1);
	mixed_frame(&m, 0);
	mixed_frame(&m, 1);
	assert_int_equal(pt_writer_mark(m.t.writer, m.t.frames[1]->realtime_ns + 1, 201, "now"), 0);
	mixed_frame(&m, 1);
	mixed_frame(&m, 0);
	tape_read(&m.t);
	for (size_t i = 0; i < 2; i++) {
		struct pt_reader *reader = reader_of(m.t.reader, (pid_t)(200 + i));
		struct pt_past *past = pt_reader_past(reader);
		assert_int_equal(past->ops->marks(past, &mark, 1), 1);
		assert_string_equal(mark.label, "now");
		assert_int_equal(mark.seq, nth(&m, i, 1)->seq);
		pt_reader_close(reader);
	}
	mixed_end(&m);
}

/* The reader of a file without frames takes up the first process that gets some, and follows that alone. */
static void the_default_is_the_first_with_frames(void **arg)
{
	(void)arg;
	struct mixed m;
	const struct pt_recorded idle = {.pid = 77, .start_time = 1, .name = "idle"};
	mixed_open(&m, 1);
	assert_int_equal(pt_writer_process(m.t.writer, &idle), 0);
	tape_read(&m.t);
	assert_int_equal(m.t.past->ops->count(m.t.past), 0);
	mixed_frame(&m, 3);
	assert_int_equal(m.t.past->ops->count(m.t.past), 1);
	mixed_frame(&m, 1);
	assert_int_equal(m.t.past->ops->count(m.t.past), 1);
	expect_at(m.t.past, UINT64_MAX, m.t.frames[0]);
	struct pt_reader *none = reader_of(m.t.reader, 77);
	struct pt_past *past = pt_reader_past(none);
	struct pt_snapshot *s;
	assert_int_equal(past->ops->count(past), 0);
	assert_int_equal(past->ops->at(past, 1, &s), -ENODATA);
	pt_reader_close(none);
	mixed_end(&m);
}

/* ---- what is known of them -------------------------------------------------------------------------------------- */

static void what_is_known_is_added_up(void **arg)
{
	(void)arg;
	struct mixed m;
	struct pt_recorded child = {
		.pid = 300, .parent = 200, .start_time = 9, .name = "sh", .began_ns = {5 * SECOND, true}};
	const struct pt_recorded *children[2] = {&child, &child};
	struct pt_recorded_sample samples[2] = {
		{.realtime_ns = 1006 * SECOND, .monotonic_ns = 6 * SECOND, .rss = {4096, true}},
		{.realtime_ns = 1007 * SECOND, .monotonic_ns = 7 * SECOND, .rss = {8192, true}, .swap = {1, true}}};
	struct pt_recorded *v;
	mixed_open(&m, 1);
	mixed_frame(&m, 0);
	assert_int_equal(pt_writer_process(m.t.writer, &child), 0);
	snprintf(child.name, sizeof(child.name), "cc1"); /* it executed another program */
	assert_int_equal(pt_writer_samples(m.t.writer, children, samples, 2), 0);
	assert_int_equal(pt_writer_samples(m.t.writer, children, samples, 0), 0);
	child.ended_ns = (struct pt_maybe){8 * SECOND, true};
	child.peak_rss = (struct pt_maybe){20480, true};
	assert_int_equal(pt_writer_process(m.t.writer, &child), 0);
	child.peak_rss = (struct pt_maybe){16384, true};
	child.ended_ns = (struct pt_maybe){0};
	child.exit_status = (struct pt_maybe){256, true};
	assert_int_equal(pt_writer_process(m.t.writer, &child), 0); /* it was waited for after that */
	tape_read(&m.t);
	assert_true(pt_reader_has_several(m.t.reader));
	assert_int_equal(pt_reader_processes(m.t.reader, &v), 2);
	assert_int_equal(v[0].pid, 200);
	assert_int_equal(v[0].start_time, 7000);
	assert_string_equal(v[0].name, "made");
	assert_int_equal(v[0].frames, 1);
	assert_int_equal(v[0].began_ns.value, m.t.frames[0]->monotonic_ns);
	assert_false(v[0].ended_ns.known);
	assert_int_equal(v[1].pid, 300);
	assert_int_equal(v[1].parent, 200);
	assert_string_equal(v[1].name, "cc1");
	assert_int_equal(v[1].frames, 0);
	assert_int_equal(v[1].began_ns.value, 5 * SECOND);
	assert_int_equal(v[1].ended_ns.value, 8 * SECOND);
	assert_int_equal(v[1].exit_status.value, 256);
	assert_int_equal(v[1].peak_rss.value, 20480);
	assert_int_equal(v[1].most_rss.value, 8192);
	assert_int_equal(v[1].most_swap.value, 1);
	free(v);
	mixed_end(&m);
}

static void a_reused_pid_is_another_process(void **arg)
{
	(void)arg;
	struct mixed m;
	struct pt_recorded *v;
	mixed_open(&m, 1);
	mixed_frame(&m, 0);
	mixed_frame(&m, 1);
	m.made[2].pid = m.made[0].pid; /* another start time */
	mixed_frame(&m, 2);
	const struct pt_recorded third = {.pid = 200, .start_time = 1, .name = "third"};
	assert_int_equal(pt_writer_process(m.t.writer, &third), 0);
	tape_read(&m.t);
	assert_int_equal(pt_reader_processes(m.t.reader, &v), 4);
	assert_int_equal(pt_recorded_find(v, 4, 200)->start_time, 7002); /* the last one that has frames */
	assert_null(pt_recorded_find(v, 4, 4711));
	free(v);
	struct pt_reader *reader = reader_of(m.t.reader, 200);
	expect_at(pt_reader_past(reader), 0, m.t.frames[2]);
	pt_reader_close(reader);
	mixed_end(&m);
}

static void of_one_that_has_ended_there_are_no_more_frames(void **arg)
{
	(void)arg;
	struct mixed m;
	const struct pt_recorded over = {
		.pid = 200, .start_time = 7000, .name = "made", .ended_ns = {9 * SECOND, true}};
	mixed_open(&m, 1);
	mixed_frame(&m, 0);
	mixed_frame(&m, 1);
	assert_int_equal(pt_writer_process(m.t.writer, &over), 0);
	m.made[0].seq = 100;
	struct pt_snapshot *late = made_next(&m.made[0]);
	assert_int_equal(pt_writer_frame(m.t.writer, late), -EINVAL);
	assert_non_null(strstr(pt_writer_message(m.t.writer), "has ended"));
	pt_snapshot_unref(late);
	mixed_frame(&m, 1);
	tape_read(&m.t);
	assert_int_equal(m.t.past->ops->count(m.t.past), 1);
	uint64_t clocks = m.t.frames[0]->realtime_ns - m.t.frames[0]->monotonic_ns;
	assert_int_equal(pt_reader_ended(m.t.reader).value, 9 * SECOND + clocks);
	mixed_end(&m);
}

/* ---- a transaction that fails ----------------------------------------------------------------------------------- */

static void run(const char *path, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
}

static void what_failed_is_not_in_the_file_and_can_be_tried_again(void **arg)
{
	(void)arg;
	struct mixed m;
	const struct pt_recorded child = {.pid = 300, .start_time = 9, .name = "sh"};
	const struct pt_recorded *children[1] = {&child};
	const struct pt_recorded_sample sample = {.realtime_ns = 1, .monotonic_ns = 1};
	mixed_open(&m, 1);
	mixed_frame(&m, 0);
	run(m.t.path, "CREATE TRIGGER no BEFORE INSERT ON pages BEGIN SELECT RAISE(ABORT, 'no'); END;"
		      "CREATE TRIGGER no2 BEFORE INSERT ON sample BEGIN SELECT RAISE(ABORT, 'no'); END");
	m.made[1].seq = m.made[0].seq = 50;
	struct pt_snapshot *known = made_next(&m.made[0]), *unknown = made_next(&m.made[1]);
	assert_true(pt_writer_frame(m.t.writer, known) < 0);
	assert_true(pt_writer_frame(m.t.writer, unknown) < 0);
	assert_true(pt_writer_samples(m.t.writer, children, &sample, 1) < 0);
	run(m.t.path, "DROP TRIGGER no; DROP TRIGGER no2");
	tape_read(&m.t);
	assert_false(pt_reader_has_several(m.t.reader));
	assert_int_equal(pt_writer_frame(m.t.writer, unknown), 0);
	assert_int_equal(pt_writer_samples(m.t.writer, children, &sample, 1), 0);
	m.made[0].seq = 51;
	struct pt_snapshot *next = made_next(&m.made[0]); /* its last one in the file is the first */
	assert_int_equal(pt_writer_frame(m.t.writer, next), 0);
	expect_at(m.t.past, 1, m.t.frames[0]);
	expect_at(m.t.past, 51, next);
	struct pt_reader *other = reader_of(m.t.reader, 201);
	expect_at(pt_reader_past(other), 50, unknown);
	pt_reader_close(other);
	pt_snapshot_unref(known);
	pt_snapshot_unref(unknown);
	pt_snapshot_unref(next);
	mixed_end(&m);
}

/* ---- version 1 -------------------------------------------------------------------------------------------------- */

/* Its words, as they were. */
#define SUMS                                                                                                           \
	"size, rss, pss, anon, file, shmem, dirty, swap, thp, hugetlb, shared, private, zero, ksm, lazyfree, locked, " \
	"referenced, guard, present"
static const char version_1[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE frame(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, monotonic_ns INTEGER NOT NULL, "
	"fresh_ns INTEGER, presence_ns INTEGER, scan_ns INTEGER, scan_cpu_ns INTEGER, done_pages INTEGER, "
	"all_pages INTEGER, layout INTEGER NOT NULL, uid INTEGER, start_stack INTEGER, image INTEGER, name TEXT, "
	"state TEXT, threads INTEGER, " SUMS ", status_anon, status_file, status_shmem, status_swap, status_locked, "
	"status_peak_rss, status_mapped, minor_faults, major_faults, cpu_ns, rollup_pss);"
	"CREATE TABLE signal(since_frame INTEGER NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, "
	"remedy TEXT);"
	"CREATE TABLE vma(id INTEGER PRIMARY KEY, since_frame INTEGER NOT NULL, until_frame INTEGER, "
	"start INTEGER NOT NULL, \"end\" INTEGER NOT NULL, perms TEXT NOT NULL, role TEXT NOT NULL, \"offset\" "
	"INTEGER, "
	"dev_major INTEGER, dev_minor INTEGER, inode INTEGER, path TEXT, tid INTEGER, fs TEXT, vm_flags INTEGER);"
	"CREATE TABLE vma_sum(vma INTEGER NOT NULL, frame INTEGER NOT NULL, " SUMS
	", PRIMARY KEY(vma, frame)) WITHOUT ROWID;"
	"CREATE TABLE ledger(frame INTEGER NOT NULL, vma INTEGER NOT NULL, event TEXT NOT NULL, pages INTEGER NOT "
	"NULL, "
	"unsure INTEGER NOT NULL, PRIMARY KEY(frame, vma, event)) WITHOUT ROWID;"
	"CREATE TABLE told(since_frame INTEGER NOT NULL, events TEXT NOT NULL);"
	"CREATE TABLE vma_event(frame INTEGER NOT NULL, event TEXT NOT NULL, vma INTEGER, start INTEGER, "
	"\"end\" INTEGER, from_start INTEGER, from_end INTEGER);"
	"CREATE TABLE mark(id INTEGER PRIMARY KEY, realtime_ns INTEGER NOT NULL, label TEXT NOT NULL);"
	"CREATE TABLE pages(frame INTEGER PRIMARY KEY, whole INTEGER NOT NULL, data BLOB NOT NULL);"
	"PRAGMA application_id = 0x50675470; PRAGMA user_version = 1";

static void copy_table(sqlite3 *db, const char *table)
{
	static const char ask[] = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('%s')";
	char sql[2000];
	sqlite3_stmt *get;
	snprintf(sql, sizeof(sql), ask, table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &get, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(get), SQLITE_ROW);
	snprintf(sql, sizeof(sql), "INSERT INTO main.%s SELECT %s FROM new.%s", table, sqlite3_column_text(get, 0),
		 table);
	sqlite3_finalize(get);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The tape's recording as the pagetop of then would have written it. */
static void make_version_1(struct tape *t)
{
	static const char *const tables[] = {"meta",   "frame", "signal",    "vma",  "vma_sum",
					     "ledger", "told",  "vma_event", "mark", "pages"};
	static const char target[] = "INSERT INTO main.meta SELECT 'pid', pid FROM new.process;"
				     "INSERT INTO main.meta SELECT 'start_time', start_time FROM new.process;"
				     "INSERT INTO main.meta VALUES('ended_ns', 4711)";
	char old[100], sql[200];
	sqlite3 *db;
	pt_reader_close(t->reader);
	t->reader = NULL;
	snprintf(old, sizeof(old), "%s.1", t->path);
	assert_int_equal(sqlite3_open(old, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, version_1, NULL, NULL, NULL), SQLITE_OK);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS new", t->path);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		copy_table(db, tables[i]);
	assert_int_equal(sqlite3_exec(db, target, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(rename(old, t->path), 0);
}

static void recordings_of_version_1_are_read_as_ever(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct tape t;
		struct pt_recorded *v;
		struct pt_moment moments[TAPE_FRAMES];
		struct pt_chapter chapters[4];
		tape_make(&t, seed);
		make_version_1(&t);
		tape_read(&t);
		for (size_t i = 0; i < TAPE_FRAMES; i++)
			expect_at(t.past, t.frames[i]->seq, t.frames[i]);
		for (int i = 0; i < 40; i++) {
			size_t at = made_random(&t.made, TAPE_FRAMES);
			expect_at(t.past, t.frames[at]->seq, t.frames[at]);
		}
		assert_int_equal(t.past->ops->count(t.past), TAPE_FRAMES);
		assert_int_equal(t.past->ops->plot(t.past, 0, UINT64_MAX, 0, 0, moments, TAPE_FRAMES), TAPE_FRAMES);
		assert_true(t.past->ops->story(t.past, MADE_BASE, UINT64_MAX, chapters, 4) > 0);
		assert_int_equal(pt_reader_ended(t.reader).value, 4711);
		assert_false(pt_reader_has_several(t.reader));
		assert_int_equal(pt_reader_processes(t.reader, &v), 1);
		assert_int_equal(v[0].pid, 100);
		assert_int_equal(v[0].frames, TAPE_FRAMES);
		assert_string_equal(v[0].name, "made");
		struct pt_reader *again;
		assert_int_equal(pt_reader_of(t.reader, v[0].id, &again), 0);
		expect_at(pt_reader_past(again), 3, t.frames[2]);
		pt_reader_close(again);
		free(v);
		tape_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_has_its_own_past),
		cmocka_unit_test(a_past_is_of_its_process_alone),
		cmocka_unit_test(a_plot_of_addresses_and_a_story_are_of_one_process),
		cmocka_unit_test(a_mark_is_at_the_next_frame_of_each),
		cmocka_unit_test(the_default_is_the_first_with_frames),
		cmocka_unit_test(what_is_known_is_added_up),
		cmocka_unit_test(a_reused_pid_is_another_process),
		cmocka_unit_test(of_one_that_has_ended_there_are_no_more_frames),
		cmocka_unit_test(what_failed_is_not_in_the_file_and_can_be_tried_again),
		cmocka_unit_test(recordings_of_version_1_are_read_as_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
