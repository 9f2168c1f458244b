/*
 * Faults in recordings: between any two frames, what is read is what was given, by kind, VMA and stack; names come back
 * as they were, or are hidden; recordings without faults say so; what is damaged is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/record/recorder.h"
#include "tests/support/faulted.h"
#include "tests/support/rounds.h"
#include "tests/support/tape.h"

struct tapes {
	struct tape tape;
	struct faulted faulted;
};

static void put_step(struct tapes *t, const struct pt_snapshot *frame)
{
	struct pt_fault_step *step = faulted_step(&t->faulted, frame);
	if (pt_writer_faults(t->tape.writer, step) < 0)
		fail_msg("%s", pt_writer_message(t->tape.writer));
	pt_fault_step_unref(step);
}

static void open_tapes(struct tapes *t, uint64_t seed, const struct pt_record_options *options)
{
	tape_open(&t->tape, seed, options);
	faulted_init(&t->faulted, seed, (pid_t)t->tape.made.pid);
}

/* Frames with faults each, but for some. */
static void make_tapes(struct tapes *t, uint64_t seed, const struct pt_record_options *options)
{
	open_tapes(t, seed, options);
	for (size_t i = 0; i < TAPE_FRAMES; i++) {
		struct pt_snapshot *frame = tape_frame(&t->tape);
		faulted_add(&t->faulted, frame, made_random(&t->faulted.made, 60));
		if (i % 7 != 6) /* as if the frame had been lost: its faults come with the next */
			put_step(t, frame);
	}
	put_step(t, t->tape.frames[TAPE_FRAMES - 1]);
	pt_writer_close(t->tape.writer);
	t->tape.writer = NULL;
	tape_read(&t->tape);
}

static void end_tapes(struct tapes *t)
{
	faulted_end(&t->faulted);
	tape_end(&t->tape);
}

static struct pt_fault_view *faults(struct tapes *t, uint64_t from, uint64_t to)
{
	struct pt_fault_view *view;
	int error = pt_reader_faults(t->tape.reader, from, to, 0, &view);
	if (error)
		fail_msg("%d to %d: %d", (int)from, (int)to, error);
	return view;
}

/* Through the plain sqlite3, as anyone could. */
static void change(struct tapes *t, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;
	assert_int_equal(sqlite3_open(t->tape.path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

/* Which frame's step a fault came with: lost ones come with the next. */
static uint64_t frame_of(const struct faulted_fault *f)
{
	return f->seq % 7 == 0 ? f->seq + 1 : f->seq;
}

static bool is_between(const struct faulted_fault *f, uint64_t from, uint64_t to)
{
	return frame_of(f) > from && frame_of(f) <= to;
}

static uint64_t first_ip(const struct pt_fault_stack_row *row)
{
	return row->n_calls ? row->calls[0].ip : 0;
}

static bool is_of_stack(const struct pt_fault_stack_row *row, const struct faulted_fault *f)
{
	return f->stack ? first_ip(row) == 0x400000 + (100 + f->stack) * 16 : row->id == 0;
}

static void expect_stacks(const struct tapes *t, const struct pt_fault_view *view, uint64_t from, uint64_t to)
{
	uint64_t all = 0;
	for (size_t i = 0; i < view->n_stacks; i++) {
		const struct pt_fault_stack_row *row = &view->stacks[i];
		struct pt_fault_counts sum = {0};
		uint64_t born = 0;
		for (size_t k = 0; k < t->faulted.n; k++) {
			const struct faulted_fault *f = &t->faulted.v[k];
			if (!is_between(f, from, to) || !is_of_stack(row, f))
				continue;
			sum.events += f->weight;
			sum.major += f->major;
			sum.kernel += f->kernel;
			sum.kinds[f->kind] += f->weight;
			born += f->born;
		}
		assert_int_equal(row->counts.events, sum.events);
		assert_int_equal(row->counts.major, sum.major);
		assert_int_equal(row->counts.kernel, sum.kernel);
		assert_memory_equal(row->counts.kinds, sum.kinds, sizeof(sum.kinds));
		assert_int_equal(row->born, born);
		all += row->counts.events;
		if (i && row->id)
			assert_true(row->counts.events <= view->stacks[i - 1].counts.events);
	}
	assert_int_equal(all, view->all.events);
}

/* Faults of a frame are in the row of the VMA that was there then, by its name. */
static void expect_vmas(const struct tapes *t, const struct pt_fault_view *view, uint64_t from, uint64_t to)
{
	uint64_t *events = calloc(view->n_vmas + 1, sizeof(*events));
	uint64_t *born = calloc(view->n_vmas + 1, sizeof(*born));
	for (size_t k = 0; k < t->faulted.n; k++) {
		const struct faulted_fault *f = &t->faulted.v[k];
		const struct pt_vma_table *vmas = t->tape.frames[frame_of(f) - 1]->vmas;
		const struct pt_vma *vma = &vmas->v[pt_vma_find(vmas, f->vma_start)];
		size_t i = 0;
		if (!is_between(f, from, to))
			continue;
		if (f->vma_end && !(vma < vmas->v + vmas->n && pt_vma_covers(vma, f->vma_start))) {
			vma = &vmas->v[pt_vma_find(vmas, f->vma_end - 1)];
			if (vma >= vmas->v + vmas->n || !pt_vma_covers(vma, f->vma_end - 1))
				vma = NULL;
		}
		while (i < view->n_vmas &&
		       (f->vma_end && vma ? strcmp(view->vmas[i].name, vma->path) != 0 ||
						    view->vmas[i].role != (enum pt_role)vma->role ||
						    view->vmas[i].start > vma->start || view->vmas[i].end < vma->end
					  : view->vmas[i].end != 0))
			i++;
		assert_true(i < view->n_vmas);
		events[i] += f->weight;
		born[i] += f->born;
	}
	for (size_t i = 0; i < view->n_vmas; i++) {
		assert_int_equal(view->vmas[i].counts.events, events[i]);
		assert_int_equal(view->vmas[i].born, born[i]);
	}
	free(events);
	free(born);
}

static void expect_all(const struct tapes *t, const struct pt_fault_view *view, uint64_t from, uint64_t to)
{
	struct pt_fault_counts sum = {0};
	for (size_t k = 0; k < t->faulted.n; k++) {
		const struct faulted_fault *f = &t->faulted.v[k];
		if (!is_between(f, from, to))
			continue;
		sum.events += f->weight;
		sum.major += f->major;
		sum.kernel += f->kernel;
		sum.kinds[f->kind] += f->weight;
	}
	assert_int_equal(view->all.events, sum.events);
	assert_int_equal(view->all.major, sum.major);
	assert_int_equal(view->all.kernel, sum.kernel);
	assert_memory_equal(view->all.kinds, sum.kinds, sizeof(sum.kinds));
	assert_int_equal(view->totals.minor + view->totals.major, sum.events);
	assert_int_equal(view->pid, t->tape.made.pid);
	assert_int_equal(view->totals.kernel_mode, t->faulted.totals.kernel_mode);
}

static void recorded_faults_are_the_sums_of_what_was_given(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	for (uint64_t seed = 1; seed <= rounds(6); seed++) {
		struct tapes t;
		make_tapes(&t, seed, &options);
		for (int i = 0; i < 20; i++) {
			uint64_t from = i ? made_random(&t.faulted.made, TAPE_FRAMES - 2) : 0;
			uint64_t to = i ? from + 2 + made_random(&t.faulted.made, TAPE_FRAMES - 1 - from) : UINT64_MAX;
			struct pt_fault_view *view = faults(&t, from, to);
			expect_all(&t, view, from, to);
			expect_stacks(&t, view, from, to);
			expect_vmas(&t, view, from, to);
			if (!i)
				assert_int_equal(view->children.events, t.faulted.children);
			assert_true(view->to_ns > view->from_ns);
			pt_fault_view_unref(view);
		}
		end_tapes(&t);
	}
}

static void the_dearest_stacks_are_given_where_few_are_asked_for(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	struct pt_fault_view *few;
	make_tapes(&t, 3, &options);
	struct pt_fault_view *all = faults(&t, 0, UINT64_MAX);
	assert_int_equal(pt_reader_faults(t.tape.reader, 0, UINT64_MAX, 5, &few), 0);
	assert_int_equal(all->n_stacks, FAULTED_STACKS + 1);
	assert_int_equal(all->stacks[FAULTED_STACKS].id, 0); /* those of no known stack */
	assert_int_equal(few->n_stacks, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(few->stacks[i].id, all->stacks[i].id);
	assert_int_equal(few->all.events, all->all.events);
	pt_fault_view_unref(few);
	pt_fault_view_unref(all);
	end_tapes(&t);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static void expect_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_true(a == b);
}

static void names_come_back(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	make_tapes(&t, 5, &options);
	struct pt_fault_view *view = faults(&t, 0, UINT64_MAX);
	for (size_t i = 0; i < view->n_stacks; i++) {
		const struct pt_fault_stack_row *row = &view->stacks[i];
		struct pt_fault_call *calls;
		size_t n;
		bool complete;
		if (!row->id)
			continue;
		faulted_name(NULL, (pt_stack_id)((first_ip(row) - 0x400000) / 16 - 100), &calls, &n, &complete);
		assert_int_equal(row->n_calls, n);
		assert_int_equal(row->complete, complete);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(row->calls[k].ip, calls[k].ip);
			assert_int_equal(row->calls[k].offset, calls[k].offset);
			assert_int_equal(row->calls[k].module_offset, calls[k].module_offset);
			assert_int_equal(row->calls[k].line, calls[k].line);
			expect_text(row->calls[k].symbol, calls[k].symbol);
			expect_text(row->calls[k].module, calls[k].module);
			expect_text(row->calls[k].file, calls[k].file);
			expect_text(row->calls[k].build_id, calls[k].build_id);
		}
		pt_fault_calls_free(calls, n);
	}
	pt_fault_view_unref(view);
	end_tapes(&t);
}

static bool file_has(const char *path, const char *word)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	char *bytes = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	bool has = memmem(bytes, (size_t)st.st_size, word, strlen(word)) != NULL;
	free(bytes);
	return has;
}

static void an_anonymized_recording_has_no_names(void **arg)
{
	(void)arg;
	for (int anonymize = 0; anonymize < 2; anonymize++) {
		const struct pt_record_options options = {.anonymize = anonymize};
		struct tapes t;
		make_tapes(&t, 5, &options);
		struct pt_fault_view *view = faults(&t, 0, UINT64_MAX);
		expect_all(&t, view, 0, UINT64_MAX);
		expect_stacks(&t, view, 0, UINT64_MAX);
		assert_int_equal(file_has(t.tape.path, FAULTED_SECRET), !anonymize);
		assert_int_equal(file_has(t.tape.path, "5ec4e7"), !anonymize);
		pt_fault_view_unref(view);
		end_tapes(&t);
	}
}

/* Also where the watch was begun anew, and has other objects for the same stacks. */
static void a_stack_is_in_the_file_once(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	open_tapes(&t, 5, &options);
	for (int i = 0; i < 3; i++) {
		struct pt_snapshot *frame = tape_frame(&t.tape);
		faulted_add(&t.faulted, frame, 400);
		put_step(&t, frame);
		pt_fault_steps_free(t.faulted.steps);
		t.faulted.steps = pt_fault_steps_new((pid_t)t.tape.made.pid, 100000, 1, &t.faulted.totals);
	}
	tape_read(&t.tape);
	struct pt_fault_view *view = faults(&t, 0, UINT64_MAX);
	assert_int_equal(view->n_stacks, FAULTED_STACKS + 1);
	expect_stacks(&t, view, 0, UINT64_MAX);
	pt_fault_view_unref(view);
	change(&t,
	       "CREATE TABLE one(n INTEGER CHECK(n = 1)); INSERT INTO one SELECT count(*) FROM fault_code "
	       "GROUP BY address; INSERT INTO one SELECT count(*) FROM fault_module GROUP BY path; INSERT INTO one "
	       "SELECT count(*) FROM fault_call WHERE depth = 0 GROUP BY code; INSERT INTO one SELECT count(*) / 24 "
	       "FROM fault_stack");
	end_tapes(&t);
}

/* ---- where there are none --------------------------------------------------------------------------------------- */

static void a_recording_without_faults_says_so(void **arg)
{
	(void)arg;
	struct tapes t = {0};
	struct pt_fault_view *view;
	tape_make(&t.tape, 2);
	assert_int_equal(pt_reader_faults(t.tape.reader, 0, UINT64_MAX, 0, &view), -ENODATA);
	tape_end(&t.tape);
}

/* They are watched from the tenth frame on, while someone reads. */
static void faults_may_come_later(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	struct pt_fault_view *view;
	open_tapes(&t, 6, &options);
	struct pt_snapshot *none = made_next(&t.tape.made);
	faulted_add(&t.faulted, none, 10);
	put_step(&t, none); /* of a process that has no frames yet: nothing */
	t.faulted.n = 0;
	pt_snapshot_unref(none);
	for (int i = 0; i < 10; i++)
		tape_frame(&t.tape);
	tape_read(&t.tape);
	assert_int_equal(pt_reader_faults(t.tape.reader, 0, UINT64_MAX, 0, &view), -ENODATA);
	for (int i = 0; i < 10; i++) {
		struct pt_snapshot *frame = tape_frame(&t.tape);
		faulted_add(&t.faulted, frame, 100);
		put_step(&t, frame);
		view = faults(&t, 0, UINT64_MAX);
		expect_stacks(&t, view, 0, UINT64_MAX);
		pt_fault_view_unref(view);
	}
	assert_int_equal(pt_reader_faults(t.tape.reader, 0, t.tape.frames[9]->seq, 0, &view), -ENODATA);
	end_tapes(&t);
}

static void a_step_that_cannot_be_written_leaves_nothing(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	uint64_t events = 0;
	open_tapes(&t, 6, &options);
	struct pt_snapshot *frame = tape_frame(&t.tape);
	static const char *const breaks[] = {
		"CREATE TABLE fault_at(x)",
		"CREATE TRIGGER stop BEFORE INSERT ON fault WHEN new.events BEGIN SELECT RAISE(ABORT, 'no'); END"};
	static const char *const mends[] = {"DROP TABLE fault_at", "DROP TRIGGER stop"};
	for (int i = 0; i < 2; i++) { /* at the first step, and at a later one */
		change(&t, breaks[i]);
		faulted_add(&t.faulted, frame, 100);
		struct pt_fault_step *step = faulted_step(&t.faulted, frame);
		assert_true(pt_writer_faults(t.tape.writer, step) < 0);
		assert_non_null(strstr(pt_writer_message(t.tape.writer), "cannot write"));
		change(&t, mends[i]);
		assert_int_equal(pt_writer_faults(t.tape.writer, step), 0);
		pt_fault_step_unref(step);
	}
	tape_read(&t.tape);
	struct pt_fault_view *view = faults(&t, 0, UINT64_MAX);
	expect_all(&t, view, 0, UINT64_MAX);
	for (size_t i = 0; i < view->n_stacks; i++) {
		assert_true(view->stacks[i].n_calls > 0 || !view->stacks[i].id);
		events += view->stacks[i].counts.events;
	}
	assert_int_equal(events, view->all.events);
	pt_fault_view_unref(view);
	end_tapes(&t);
}

static void the_recorder_writes_them_after_their_frame(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	struct pt_recorder *recorder;
	open_tapes(&t, 6, &options);
	assert_int_equal(pt_recorder_new(&recorder, t.tape.writer, NULL), 0);
	t.tape.writer = NULL;
	for (int i = 0; i < 4; i++) { /* fewer than may wait */
		struct pt_snapshot *frame = made_next(&t.tape.made);
		t.tape.frames[t.tape.n++] = frame;
		faulted_add(&t.faulted, frame, 100);
		struct pt_fault_step *step = faulted_step(&t.faulted, frame);
		pt_recorder_push(recorder, frame);
		pt_recorder_faults(recorder, step);
		pt_fault_step_unref(step);
	}
	pt_recorder_free(recorder);
	tape_read(&t.tape);
	struct pt_fault_view *view = faults(&t, 1, 3);
	expect_all(&t, view, 1, 3);
	pt_fault_view_unref(view);
	end_tapes(&t);
}

/* ---- hostile files ---------------------------------------------------------------------------------------------- */

static void values_out_of_bounds_are_refused(void **arg)
{
	(void)arg;
	static const char *const changes[] = {
		"UPDATE fault SET events = -1",
		"UPDATE fault SET events = 'many'",
		"UPDATE fault SET born = 9223372036854775807",
		"UPDATE fault SET stack = -stack",
		"UPDATE fault SET stack = stack + 5000000000",
		"UPDATE fault_frame SET minor = -1",
		"UPDATE fault_frame SET to_ns = 'late'",
		"UPDATE fault_frame SET lost = 9223372036854775807",
		("DELETE FROM fault_call; WITH RECURSIVE r(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM r WHERE x < "
		 "128) "
		 "INSERT INTO fault_call SELECT s.id, x, 1 FROM r, fault_stack s"),
		/* few bytes in the file, many in memory */
		("UPDATE fault_code SET symbol = printf('%.60000c', 'x'); DELETE FROM fault; "
		 "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 200) "
		 "INSERT INTO fault SELECT 1, 0, 'cow', x, 1, 0, 0, 0 FROM r; DELETE FROM fault_call; "
		 "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 200), "
		 "d(y) AS (SELECT 0 UNION ALL SELECT y + 1 FROM d WHERE y < 100) "
		 "INSERT INTO fault_call SELECT x, y, 1 FROM r, d"),
	};
	const struct pt_record_options options = {0};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct tapes t;
		struct pt_fault_view *view;
		make_tapes(&t, 1, &options);
		change(&t, changes[i]);
		int error = pt_reader_faults(t.tape.reader, 0, UINT64_MAX, 0, &view);
		if (error != -EBADMSG)
			fail_msg("%s: %d", changes[i], error);
		end_tapes(&t);
	}
}

static void tables_that_are_not_as_they_should_be_are_refused(void **arg)
{
	(void)arg;
	static const char *const changes[] = {
		"DROP TABLE fault_code",
		"DROP TABLE fault_call; CREATE VIEW fault_call AS SELECT 1 AS stack, 0 AS depth, 1 AS code",
		("DROP TABLE fault_module; CREATE TABLE fault_module(id INTEGER PRIMARY KEY, path AS "
		 "(hex(zeroblob(100000000))), build_id TEXT)"),
	};
	const struct pt_record_options options = {0};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct tapes t;
		struct pt_reader *reader;
		char message[400] = "";
		make_tapes(&t, 1, &options);
		change(&t, "DROP VIEW fault_calls");
		change(&t, changes[i]);
		assert_int_equal(pt_reader_open(t.tape.path, &reader, message, sizeof(message)), -EBADMSG);
		assert_non_null(strstr(message, "tables of faults"));
		end_tapes(&t);
	}
}

static void values_of_other_kinds_do_no_harm(void **arg)
{
	(void)arg;
	static const char *const changes[] = {
		"UPDATE fault SET kind = kind || ' of tomorrow'",
		"UPDATE fault SET vma = vma + 1000000",
		"UPDATE fault_call SET code = code + 1000000",
		("UPDATE fault_code SET symbol = x'00ff', file = zeroblob(1000000), line = -5, module = 'x', "
		 "address = 'y'"),
		"UPDATE fault_module SET path = x'ff', build_id = 5",
		"UPDATE fault_stack SET complete = 'x'",
		"UPDATE vma SET role = 'x', path = NULL",
		"UPDATE fault_call SET depth = depth - 9000000000000000000",
		"DELETE FROM fault_stack; DELETE FROM fault_call",
		"DELETE FROM fault",
	};
	const struct pt_record_options options = {0};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct tapes t;
		make_tapes(&t, 1, &options);
		change(&t, changes[i]);
		struct pt_fault_view *view = faults(&t, 0, UINT64_MAX);
		if (i == 0)
			assert_int_equal(view->all.kinds[PT_FAULT_UNKNOWN], view->all.events);
		pt_fault_view_unref(view);
		end_tapes(&t);
	}
}

/* Bytes that anything may have happened to: it is read somehow, or refused. */
static void damaged_files_do_no_harm(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tapes t;
	struct stat st;
	make_tapes(&t, 2, &options);
	pt_reader_close(t.tape.reader);
	t.tape.reader = NULL;
	assert_int_equal(stat(t.tape.path, &st), 0);
	int fd = open(t.tape.path, O_RDWR);
	const unsigned n = rounds(150);
	size_t read_well = 0;
	for (unsigned i = 0; i < n; i++) {
		uint8_t was[3];
		off_t at = (off_t)made_random(&t.faulted.made, (uint64_t)st.st_size - sizeof(was));
		uint8_t now[] = {(uint8_t)made_random(&t.faulted.made, 256), (uint8_t)made_random(&t.faulted.made, 256),
				 0xff};
		struct pt_fault_view *view = NULL;
		char message[400];
		assert_int_equal(pread(fd, was, sizeof(was), at), sizeof(was));
		assert_int_equal(pwrite(fd, now, sizeof(now), at), sizeof(now));
		if (pt_reader_open(t.tape.path, &t.tape.reader, message, sizeof(message)) == 0 &&
		    pt_reader_faults(t.tape.reader, 0, UINT64_MAX, 0, &view) == 0) {
			pt_fault_view_unref(view);
			read_well++;
		}
		pt_reader_close(t.tape.reader);
		t.tape.reader = NULL;
		assert_int_equal(pwrite(fd, was, sizeof(was), at), sizeof(was));
	}
	close(fd);
	assert_true(read_well > 10 && read_well < n);
	end_tapes(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_faults_are_the_sums_of_what_was_given),
		cmocka_unit_test(the_dearest_stacks_are_given_where_few_are_asked_for),
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(an_anonymized_recording_has_no_names),
		cmocka_unit_test(a_stack_is_in_the_file_once),
		cmocka_unit_test(a_recording_without_faults_says_so),
		cmocka_unit_test(faults_may_come_later),
		cmocka_unit_test(a_step_that_cannot_be_written_leaves_nothing),
		cmocka_unit_test(the_recorder_writes_them_after_their_frame),
		cmocka_unit_test(values_out_of_bounds_are_refused),
		cmocka_unit_test(tables_that_are_not_as_they_should_be_are_refused),
		cmocka_unit_test(values_of_other_kinds_do_no_harm),
		cmocka_unit_test(damaged_files_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
