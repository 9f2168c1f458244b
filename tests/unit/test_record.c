/*
 * Recordings: what was written is what is read, at every moment, in any order; and the questions of struct pt_past
 * against a plain list of the snapshots that were written.
 */
#include <errno.h>
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

#include "core/history/history.h"
#include "core/record/encode.h"
#include "core/record/record.h"
#include "tests/support/digest.h"
#include "tests/support/rounds.h"
#include "tests/support/tape.h"

#define FRAMES TAPE_FRAMES
#define SECOND 1000000000ull

static void expect_at(struct tape *t, uint64_t seq, const struct pt_snapshot *frame)
{
	struct pt_snapshot *s;
	assert_int_equal(t->past->ops->at(t->past, seq, &s), 0);
	assert_int_equal(s->seq, frame->seq);
	assert_true(snapshot_digest(s) == snapshot_digest(frame));
	pt_snapshot_unref(s);
}

static void every_moment_is_as_it_was_written(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(30); seed++) {
		struct tape t;
		tape_make(&t, seed);
		for (size_t i = 0; i < FRAMES; i++)
			expect_at(&t, t.frames[i]->seq, t.frames[i]);
		for (size_t i = FRAMES; i-- > 0;)
			expect_at(&t, t.frames[i]->seq, t.frames[i]);
		for (int i = 0; i < 60; i++) {
			size_t at = made_random(&t.made, FRAMES);
			expect_at(&t, t.frames[at]->seq, t.frames[at]);
		}
		expect_at(&t, 0, t.frames[0]);
		expect_at(&t, UINT64_MAX, t.frames[FRAMES - 1]);
		tape_end(&t);
	}
}

/* The recording as it grows, read by another connection. */
static void a_recording_is_read_while_it_is_written(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {.sync_frames = 2};
	struct tape t;
	struct pt_snapshot *s;
	tape_open(&t, 5, &options);
	tape_read(&t);
	assert_int_equal(t.past->ops->count(t.past), 0);
	assert_int_equal(t.past->ops->at(t.past, 1, &s), -ENODATA);
	for (size_t i = 0; i < FRAMES; i++) {
		struct pt_snapshot *frame = tape_frame(&t);
		assert_int_equal(t.past->ops->count(t.past), i + 1);
		expect_at(&t, UINT64_MAX, frame);
		expect_at(&t, t.frames[i / 2]->seq, t.frames[i / 2]);
	}
	tape_end(&t);
}

static void moments_are_found(void **arg)
{
	(void)arg;
	struct tape t;
	tape_make(&t, 3);
	const struct pt_past_ops *ops = t.past->ops;
	uint64_t first = t.frames[0]->realtime_ns, last = t.frames[FRAMES - 1]->realtime_ns;
	assert_int_equal(ops->count(t.past), FRAMES);
	assert_int_equal(ops->find(t.past, 0), 1);
	assert_int_equal(ops->find(t.past, first), 1);
	assert_int_equal(ops->find(t.past, first + SECOND - 1), 1);
	assert_int_equal(ops->find(t.past, first + SECOND), 2);
	assert_int_equal(ops->find(t.past, last + SECOND), FRAMES);
	assert_int_equal(ops->step(t.past, 0, 0), 1);
	assert_int_equal(ops->step(t.past, UINT64_MAX, 0), FRAMES);
	assert_int_equal(ops->step(t.past, 5, 1), 6);
	assert_int_equal(ops->step(t.past, 5, -1), 4);
	assert_int_equal(ops->step(t.past, 5, -4), 1);
	assert_int_equal(ops->step(t.past, 5, -5), 1);
	assert_int_equal(ops->step(t.past, 5, INT64_MIN), 1);
	assert_int_equal(ops->step(t.past, 5, FRAMES), FRAMES);
	assert_int_equal(ops->step(t.past, 5, INT64_MAX), FRAMES);
	tape_end(&t);
}

static void marks_are_kept_in_order(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	struct pt_mark marks[4];
	tape_open(&t, 3, &options);
	for (int i = 0; i < 10; i++)
		tape_frame(&t);
	assert_int_equal(pt_writer_mark(t.writer, t.frames[6]->realtime_ns + 1, 0, "after \x1b seven"), 0);
	assert_int_equal(pt_writer_mark(t.writer, t.frames[2]->realtime_ns, 0, "at three"), 0);
	assert_int_equal(pt_writer_mark(t.writer, t.frames[9]->realtime_ns + 1, 0, "behind all"), 0);
	tape_read(&t);
	assert_int_equal(t.past->ops->marks(t.past, NULL, 0), 3);
	assert_int_equal(t.past->ops->marks(t.past, marks, 4), 3);
	assert_string_equal(marks[0].label, "at three");
	assert_int_equal(marks[0].seq, 3);
	assert_string_equal(marks[1].label, "after \x1b seven");
	assert_int_equal(marks[1].seq, 8);
	assert_int_equal(marks[2].seq, 10);
	tape_end(&t);
}

/* ---- plots ------------------------------------------------------------------------------------------------------ */

static void expect_moment(const struct pt_moment *m, const struct pt_snapshot *s, uint64_t start, uint64_t end)
{
	const struct {
		enum pt_sum what;
		struct pt_maybe got;
	} sums[] = {{PT_SUM_RSS, m->rss},         {PT_SUM_ANON, m->anon}, {PT_SUM_FILE, m->file},
		    {PT_SUM_SHMEM, m->shmem},     {PT_SUM_SWAP, m->swap}, {PT_SUM_THP, m->thp},
		    {PT_SUM_HUGETLB, m->hugetlb}, {PT_SUM_PSS, m->pss}};
	assert_int_equal(m->seq, s->seq);
	assert_int_equal(m->realtime_ns, s->realtime_ns);
	assert_int_equal(m->monotonic_ns, s->monotonic_ns);
	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		struct pt_maybe plain = {0, true};
		for (size_t v = 0; v < s->vmas->n; v++) {
			const struct pt_vma *vma = &s->vmas->v[v];
			bool inside = vma->start >= start && vma->end <= end;
			struct pt_maybe of = pt_snapshot_bytes(s, v, sums[i].what);
			plain.value += inside ? of.value : 0;
			plain.known &= inside ? of.known : vma->start >= end || vma->end <= start;
		}
		if (!start && !end)
			plain = pt_snapshot_bytes(s, s->vmas->n, sums[i].what);
		assert_int_equal(sums[i].got.known, plain.known);
		if (plain.known)
			assert_int_equal(sums[i].got.value, plain.value);
	}
}

static void plots_are_the_sums_of_the_frames(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(10); seed++) {
		struct tape t;
		struct pt_moment moments[FRAMES + 1];
		tape_make(&t, seed);
		for (int round = 0; round < 10; round++) {
			const struct pt_vma_table *vmas = t.frames[made_random(&t.made, FRAMES)]->vmas;
			const struct pt_vma *vma = &vmas->v[made_random(&t.made, vmas->n)];
			uint64_t start = round ? vma->start : 0, end = round ? vma->end : 0;
			ssize_t n = t.past->ops->plot(t.past, 0, UINT64_MAX, start, end, moments, FRAMES + 1);
			assert_int_equal(n, FRAMES);
			for (size_t i = 0; i < FRAMES; i++)
				expect_moment(&moments[i], t.frames[i], start, end);
		}
		tape_end(&t);
	}
}

static void plots_keep_the_peaks(void **arg)
{
	(void)arg;
	struct tape t;
	struct pt_moment all[FRAMES], some[7];
	tape_make(&t, 8);
	assert_int_equal(t.past->ops->plot(t.past, 3, 37, 0, 0, all, FRAMES), 35);
	assert_int_equal(t.past->ops->plot(t.past, 3, 37, 0, 0, some, 7), 7);
	for (size_t i = 0; i < 7; i++) { /* 5 moments each */
		uint64_t highest = 0;
		for (size_t k = i * 5; k < i * 5 + 5; k++)
			highest = all[k].rss.value > highest ? all[k].rss.value : highest;
		assert_int_equal(some[i].rss.value, highest);
		assert_true(some[i].seq >= 3 + i * 5 && some[i].seq < 8 + i * 5);
	}
	tape_end(&t);
}

/* ---- stories ---------------------------------------------------------------------------------------------------- */

/* The frames up to `seq` at which a page became another; returns how many. */
static size_t plain_story(struct tape *t, uint64_t address, uint64_t seq, size_t *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n && t->frames[i]->seq <= seq; i++) {
		struct pt_page page = pt_snapshot_page(t->frames[i], address);
		if (!n || !pt_page_equal(page, pt_snapshot_page(t->frames[ret[n - 1]], address)))
			ret[n++] = i;
	}
	return n;
}

static void a_story_has_a_chapter_for_each_change(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(10); seed++) {
		struct tape t;
		tape_make(&t, seed);
		for (int round = 0; round < 20; round++) {
			uint64_t address = MADE_BASE + made_random(&t.made, 200) * MADE_PAGE;
			uint64_t seq = 1 + made_random(&t.made, FRAMES), max = 1 + made_random(&t.made, 8);
			struct pt_chapter chapters[8];
			size_t at[FRAMES], all = plain_story(&t, address, seq, at);
			ssize_t n = t.past->ops->story(t.past, address + 5, seq, chapters, max);
			size_t skip = all > max ? all - max : 0;
			assert_int_equal(n, all - skip);
			for (size_t i = 0; i < (size_t)n; i++) {
				const struct pt_snapshot *frame = t.frames[at[skip + i]];
				struct pt_page page = pt_snapshot_page(frame, address);
				assert_true(pt_page_equal(chapters[i].page, page));
				assert_int_equal(chapters[i].realtime_ns - chapters[i].to_ns,
						 frame->realtime_ns - frame->monotonic_ns);
				size_t slot = pt_snapshot_lower(frame, address / pt_snapshot_chunk_size(frame));
				assert_true(chapters[i].to_ns == frame->monotonic_ns ||
					    chapters[i].to_ns == frame->presence_ns ||
					    (slot < frame->n_slots && chapters[i].to_ns == frame->slots[slot].read_ns));
				assert_true((chapters[i].from_ns == 0) == (skip + i == 0));
				if (!(skip + i))
					continue;
				const struct pt_snapshot *before = t.frames[frame->seq - 2];
				struct pt_page was = pt_snapshot_page(before, address);
				bool execed = before->process.image != frame->process.image;
				assert_int_equal(chapters[i].events, execed ? 0 : pt_page_events(was, page));
			}
		}
		tape_end(&t);
	}
}

/* ---- beside a history ------------------------------------------------------------------------------------------- */

static void expect_same_chapters(struct pt_past *a, struct pt_past *b, uint64_t address, uint64_t seq)
{
	struct pt_chapter of_a[FRAMES], of_b[FRAMES];
	ssize_t n = a->ops->story(a, address, seq, of_a, FRAMES);
	assert_int_equal(b->ops->story(b, address, seq, of_b, FRAMES), n);
	for (ssize_t i = 0; i < n; i++) {
		assert_true(pt_page_equal(of_a[i].page, of_b[i].page));
		assert_int_equal(of_a[i].from_ns, of_b[i].from_ns);
		assert_int_equal(of_a[i].to_ns, of_b[i].to_ns);
		assert_int_equal(of_a[i].realtime_ns, of_b[i].realtime_ns);
		assert_int_equal(of_a[i].events, of_b[i].events);
	}
}

static void expect_same_plot(struct pt_past *a, struct pt_past *b, size_t max)
{
	struct pt_moment of_a[FRAMES], of_b[FRAMES];
	ssize_t n = a->ops->plot(a, 0, UINT64_MAX, 0, 0, of_a, max);
	assert_int_equal(b->ops->plot(b, 0, UINT64_MAX, 0, 0, of_b, max), n);
	for (ssize_t i = 0; i < n; i++) {
		assert_int_equal(of_a[i].seq, of_b[i].seq);
		assert_int_equal(of_a[i].rss.value, of_b[i].rss.value);
		assert_int_equal(of_a[i].pss.known, of_b[i].pss.known);
		assert_int_equal(of_a[i].pss.value, of_b[i].pss.value);
	}
}

/* What was seen live is told the same of it later: pages over an exec too, and PSS where only the kernel's sum is. */
static void a_recording_tells_what_a_history_does(void **arg)
{
	(void)arg;
	for (uint64_t seed = 1; seed <= rounds(20); seed++) {
		const struct pt_record_options options = {0};
		struct tape t;
		struct pt_history *history;
		tape_open(&t, seed, &options);
		t.made.uncounted = seed % 2;
		assert_int_equal(pt_history_new(PT_HISTORY_BYTES, &history), 0);
		for (size_t i = 0; i < FRAMES; i++) {
			if (i == FRAMES / 2) /* a pause: equal stretches of time are no equal numbers of frames */
				t.made.seq = i + 100;
			assert_int_equal(pt_history_push(history, tape_frame(&t)), 0);
			t.made.seq = 0;
		}
		tape_read(&t);
		for (size_t max = 1; max <= FRAMES; max++)
			expect_same_plot(t.past, pt_history_past(history), max);
		for (int i = 0; i < 30; i++)
			expect_same_chapters(t.past, pt_history_past(history),
					     MADE_BASE + made_random(&t.made, 200) * MADE_PAGE,
					     t.frames[made_random(&t.made, FRAMES)]->seq);
		pt_history_unref(history);
		tape_end(&t);
	}
}

/* ---- plain columns ---------------------------------------------------------------------------------------------- */

/* One number that a query gives; -1: none. */
static int64_t ask(struct tape *t, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *get;
	assert_int_equal(sqlite3_open_v2(t->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &get, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	int64_t number = sqlite3_step(get) == SQLITE_ROW ? sqlite3_column_int64(get, 0) : -1;
	sqlite3_finalize(get);
	sqlite3_close(db);
	return number;
}

static void the_ledger_is_in_columns(void **arg)
{
	(void)arg;
	struct tape t;
	size_t rows = 0;
	char sql[300];
	tape_make(&t, 3);
	for (size_t i = 1; i < FRAMES; i++) {
		struct pt_ledger ledger;
		assert_int_equal(pt_ledger_make(t.frames[i - 1], t.frames[i], &ledger), 0);
		for (int event = 0; event < PT_EVENT_N; event++) {
			bool told = !ledger.other_image && ledger.known >> event & 1;
			snprintf(sql, sizeof(sql),
				 "SELECT coalesce(sum(pages), 0) FROM ledger WHERE frame = %zu AND event = '%s'", i + 1,
				 pt_event_name((enum pt_event)event));
			assert_int_equal(ask(&t, sql), told ? ledger.n[event] : 0);
			rows += told && ledger.n[event];
		}
		for (size_t k = 0; k < ledger.n_vmas; k++) {
			snprintf(sql, sizeof(sql),
				 "SELECT count(*) FROM ledger l JOIN vma v ON v.id = l.vma WHERE frame = %zu AND "
				 "v.start = %lld AND v.\"end\" = %lld AND (v.until_frame IS %zu) = %d",
				 i + 1, (long long)ledger.vmas[k].start, (long long)ledger.vmas[k].end, i + 1,
				 ledger.vmas[k].gone);
			assert_true(ask(&t, sql) > 0);
		}
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM vma_event WHERE frame = %zu", i + 1);
		assert_int_equal(ask(&t, sql), ledger.other_image ? 0 : ledger.n_changes);
		pt_ledger_free(&ledger);
	}
	assert_true(rows > FRAMES);
	assert_int_equal(ask(&t, "SELECT instr(events, 'cow-broken') > 0 FROM told"), 1);
	tape_end(&t);
}

static void views_give_each_vma_at_each_frame(void **arg)
{
	(void)arg;
	struct tape t;
	char sql[200];
	tape_make(&t, 4);
	for (size_t i = 0; i < FRAMES; i += 5) {
		const struct pt_snapshot *s = t.frames[i];
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM vma_at WHERE frame = %zu", i + 1);
		assert_int_equal(ask(&t, sql), s->vmas->n);
		snprintf(sql, sizeof(sql), "SELECT sum(present) FROM vma_at WHERE frame = %zu", i + 1);
		uint64_t sum = 0;
		for (size_t k = 0; k < s->vmas->n; k++)
			sum += pt_snapshot_bytes(s, k, PT_SUM_PRESENT).value;
		assert_int_equal(ask(&t, sql), sum);
		snprintf(sql, sizeof(sql), "SELECT sum(vmas) FROM role_at WHERE frame = %zu", i + 1);
		assert_int_equal(ask(&t, sql), s->vmas->n);
	}
	tape_end(&t);
}

/* ---- what is not written ---------------------------------------------------------------------------------------- */

static void names_can_be_left_out(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {.anonymize = true, .command = "secret", .command_size = 6};
	struct tape t;
	char line[4096];
	tape_open(&t, 3, &options);
	for (int i = 0; i < 10; i++)
		tape_frame(&t);
	tape_read(&t);
	struct pt_snapshot *s;
	assert_int_equal(t.past->ops->at(t.past, 10, &s), 0);
	assert_string_equal(s->process.name, "process");
	assert_int_equal(s->vmas->n, t.frames[9]->vmas->n);
	for (size_t i = 0; i < s->vmas->n; i++) {
		assert_int_equal(s->vmas->v[i].role, t.frames[9]->vmas->v[i].role);
		assert_int_equal(strncmp(s->vmas->v[i].path, "name-", 5), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(s->vmas->v[i].path, s->vmas->v[k].path);
	}
	pt_snapshot_unref(s);
	pt_writer_close(t.writer);
	t.writer = NULL;
	FILE *file = fopen(t.path, "r");
	assert_non_null(file);
	for (size_t n; (n = fread(line, 1, sizeof(line), file)) > 0;) {
		assert_null(memmem(line, n, "[anon:", 6));
		assert_null(memmem(line, n, "secret", 6));
	}
	fclose(file);
	tape_end(&t);
}

static void a_file_that_is_there_stays(void **arg)
{
	(void)arg;
	struct pt_record_options options = {0};
	struct tape t;
	struct pt_writer *other;
	struct stat before, after;
	char message[200];
	tape_open(&t, 3, &options);
	tape_frame(&t);
	assert_int_equal(stat(t.path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	assert_int_equal(pt_writer_open(t.path, &options, &other, message, sizeof(message)), -EEXIST);
	assert_non_null(strstr(message, "there is such a file"));
	assert_int_equal(stat(t.path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	options.replace = true;
	pt_writer_close(t.writer);
	assert_int_equal(pt_writer_open(t.path, &options, &t.writer, message, sizeof(message)), 0);
	tape_read(&t);
	assert_int_equal(t.past->ops->count(t.past), 0);
	tape_end(&t);
}

static void frames_come_in_order(void **arg)
{
	(void)arg;
	const struct pt_record_options options = {0};
	struct tape t;
	tape_open(&t, 3, &options);
	tape_frame(&t);
	tape_frame(&t);
	assert_int_equal(pt_writer_frame(t.writer, t.frames[0]), -EINVAL);
	tape_read(&t);
	assert_int_equal(t.past->ops->count(t.past), 2);
	tape_end(&t);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

/* Reads all there is in it; whatever it is, that ends. */
static bool decodes(const uint8_t *bytes, size_t n)
{
	struct pt_decoder d;
	bool ok = pt_decoder_open(&d, bytes, n, 77, MADE_SHIFT) == 0;
	if (!ok)
		return false;
	for (uint64_t i = 0; ok && i < d.n_reread; i++) {
		struct pt_reread reread;
		ok = pt_decoder_reread(&d, &reread) == 0;
	}
	for (uint64_t i = 0; ok && i < d.n_changed; i++) {
		struct pt_page pages[PT_CHUNK_PAGES] = {{0}};
		struct pt_slot slot;
		enum pt_form form;
		ok = pt_decoder_slot(&d, &slot, &form) == 0;
		if (ok && form != PT_FORM_GONE)
			ok = pt_decoder_pages(&d, pages) == 0;
	}
	ok = ok && pt_decoder_ended(&d);
	pt_decoder_close(&d);
	return ok;
}

static void damaged_bytes_are_refused(void **arg)
{
	(void)arg;
	struct made made;
	struct pt_encoder *encoder;
	const uint8_t *bytes;
	size_t size, refused = 0, tried = 0;
	made_init(&made, 4, 200);
	assert_int_equal(pt_encoder_new(&encoder), 0);
	struct pt_snapshot *s = made_next(&made);
	struct pt_delta *delta;
	assert_int_equal(pt_delta_make(NULL, s, &delta), 0);
	assert_int_equal(pt_encode(encoder, NULL, delta, &bytes, &size), 0);
	assert_true(decodes(bytes, size));
	for (size_t n = 0; n < size; n++) {
		uint8_t *part = malloc(n ? n : 1); /* of its own, so that reading past its end is found */
		memcpy(part, bytes, n);
		assert_false(decodes(part, n));
		free(part);
	}
	for (size_t i = 0; i < size; i++)
		for (int bit = 0; bit < 8; bit++, tried++) {
			uint8_t *other = malloc(size);
			memcpy(other, bytes, size);
			other[i] ^= (uint8_t)(1 << bit);
			refused += !decodes(other, size);
			free(other);
		}
	assert_true(refused && refused < tried);
	pt_delta_unref(delta);
	pt_snapshot_unref(s);
	pt_encoder_free(encoder);
	made_end(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_moment_is_as_it_was_written),
		cmocka_unit_test(a_recording_is_read_while_it_is_written),
		cmocka_unit_test(moments_are_found),
		cmocka_unit_test(marks_are_kept_in_order),
		cmocka_unit_test(plots_are_the_sums_of_the_frames),
		cmocka_unit_test(plots_keep_the_peaks),
		cmocka_unit_test(a_story_has_a_chapter_for_each_change),
		cmocka_unit_test(a_recording_tells_what_a_history_does),
		cmocka_unit_test(the_ledger_is_in_columns),
		cmocka_unit_test(views_give_each_vma_at_each_frame),
		cmocka_unit_test(names_can_be_left_out),
		cmocka_unit_test(a_file_that_is_there_stays),
		cmocka_unit_test(frames_come_in_order),
		cmocka_unit_test(damaged_bytes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
