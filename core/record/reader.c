/*
 * The past of one process of a recording (core/history/past.h). What takes more than a question to the database is in
 * at.c, plot.c and story.c; opening the file is file.c's business.
 */
#include "core/record/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNALS_MOST 4096

int pt_reader_get(struct pt_reader *r, enum pt_get what, sqlite3_stmt **ret)
{
	return pt_record_file_get(r->file, what, r->process, ret);
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

/* ---- what is known of the target -------------------------------------------------------------------------------- */

static int read_target(struct pt_reader *r)
{
	struct pt_maybe size = pt_record_file_meta(r->file, "page_size"), pid, start;
	sqlite3_stmt *get;
	if (!size.known)
		return 0; /* no frame yet */
	for (unsigned shift = 12; shift <= 24; shift++)
		if (size.value == 1ull << shift)
			r->file->page_shift = shift;
	if (!r->process)
		return 0;
	int code = pt_reader_get(r, PT_GET_TARGET, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	sqlite3_step(get);
	pid = pt_row_maybe(get, 0);
	start = pt_row_maybe(get, 1);
	pt_reader_done(get);
	r->target = (struct pt_process){.pid = (pid_t)pid.value, .start_time = start.value};
	r->has_target = r->file->page_shift && pid.known;
	return r->has_target ? 0 : -EBADMSG;
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

static struct pt_signal_row *next_signal(struct pt_reader *r)
{
	if (r->n_signals == r->room_signals) {
		size_t room = r->room_signals ? r->room_signals * 2 : PT_SIG_N;
		struct pt_signal_row *v = realloc(r->signals, room * sizeof(*v));
		if (!v)
			return NULL;
		r->signals = v;
		r->room_signals = room;
	}
	return &r->signals[r->n_signals++];
}

/* Those that are not known yet. */
static int read_signals(struct pt_reader *r)
{
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_SIGNALS, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	int error = 0;
	pt_bind_number(get, 1, r->last_signal);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		if (r->n_signals == SIGNALS_MOST) {
			error = -EBADMSG;
			break;
		}
		r->last_signal = pt_row_number(get, 5);
		struct pt_signal_row *row = next_signal(r);
		error = row && read_signal(get, row) ? 0 : -ENOMEM;
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

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

int pt_reader_refresh(struct pt_reader *r)
{
	if (!r->process) /* whichever is the first to have frames */
		r->process = one(r, PT_GET_DEFAULT, 0);
	int error = r->has_target ? 0 : read_target(r);
	return error || !r->process ? error : read_signals(r);
}

/* ---- the past --------------------------------------------------------------------------------------------------- */

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
	pthread_mutex_lock(&r->file->lock);
	if (!r->process)
		r->process = one(r, PT_GET_DEFAULT, 0);
	return r;
}

static void unlock(struct pt_reader *r)
{
	pthread_mutex_unlock(&r->file->lock);
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

/* Takes over the reference to the file. */
static struct pt_reader *make_reader(struct pt_record_file *file, uint64_t process)
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
	if (!r) {
		pt_record_file_unref(file);
		return NULL;
	}
	r->past.ops = &ops;
	r->file = file;
	r->process = process;
	return r;
}

int pt_reader_open(const char *path, struct pt_reader **ret, char *message, size_t size)
{
	struct pt_record_file *file;
	int error = pt_record_file_open(path, &file, message, size);
	if (error)
		return error;
	struct pt_reader *r = make_reader(file, 0);
	error = r ? pt_reader_refresh(r) : -ENOMEM;
	if (error) {
		snprintf(message, size, r ? "%s is damaged: it does not say what it is of" : "out of memory", path);
		pt_reader_close(r);
		return error;
	}
	*ret = r;
	return 0;
}

int pt_reader_of(struct pt_reader *r, uint64_t id, struct pt_reader **ret)
{
	__atomic_fetch_add(&r->file->refs, 1, __ATOMIC_RELAXED);
	*ret = make_reader(r->file, id);
	return *ret ? 0 : -ENOMEM;
}

int pt_reader_again(struct pt_reader *r, struct pt_reader **ret)
{
	lock(&r->past);
	uint64_t process = r->process;
	unlock(r);
	return pt_reader_of(r, process, ret);
}

void pt_reader_close(struct pt_reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < PT_READER_KEPT; i++)
		pt_snapshot_unref(r->kept[i].snapshot);
	for (size_t i = 0; i < r->n_signals; i++) {
		free(r->signals[i].reason);
		free(r->signals[i].remedy);
	}
	free(r->signals);
	pt_record_file_unref(r->file);
	free(r);
}

struct pt_past *pt_reader_past(struct pt_reader *r)
{
	return &r->past;
}

struct pt_maybe pt_reader_ended(struct pt_reader *r)
{
	struct pt_maybe ended = {0};
	sqlite3_stmt *get;
	lock(&r->past);
	if (pt_reader_get(r, PT_GET_ENDED, &get) == SQLITE_OK) {
		ended.known = pt_reader_number(get, &ended.value);
	}
	unlock(r);
	return ended;
}
