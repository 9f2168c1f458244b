/*
 * See trace.h. A VMA's sums hold from one frame until another; so each is added where it begins to hold, taken away
 * where it ends, and what a role holds at a frame is the sum of all that up to there. One pass over the rows of a
 * process, in their order.
 */
#include "core/record/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

#define FRAMES_MOST  (1u << 19) /* 2.5 KiB each: six days at one a second */
#define SAMPLES_MOST (1u << 24)
#define COLUMNS      (PT_QUANTITY_N - 1) /* of sums: all but the number of VMAs */

struct samples {
	struct pt_sample *v;
	size_t n, room, frames;
};

static void free_samples(struct samples *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].roles);
	free(s->v);
}

static struct pt_sample *next_sample(struct samples *s, int *error)
{
	*error = s->n < SAMPLES_MOST ? 0 : -E2BIG;
	if (!*error && s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		struct pt_sample *v = realloc(s->v, room * sizeof(*v));
		if (v) {
			s->v = v;
			s->room = room;
		} else {
			*error = -ENOMEM;
		}
	}
	if (*error)
		return NULL;
	struct pt_sample *sample = &s->v[s->n++];
	*sample = (struct pt_sample){0};
	return sample;
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

/* The frames of one process, from `first` on in the samples; `unknown` has for each how many more VMAs' sums are not
 * known from there on, by role and quantity. */
struct frames {
	struct samples *samples;
	size_t first, n;
	uint64_t *ids;
	int32_t (*unknown)[PT_ROLE_N][PT_QUANTITY_N]; /* [n + 1] */
};

static int take_frame(sqlite3_stmt *get, uint32_t process, struct frames *f, size_t *room)
{
	int error;
	struct pt_sample *sample = next_sample(f->samples, &error);
	if (error)
		return error;
	if (f->n == *room) {
		*room = *room ? *room * 2 : 256;
		uint64_t *ids = realloc(f->ids, *room * sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		f->ids = ids;
	}
	f->ids[f->n++] = pt_row_number(get, 0);
	sample->process = process;
	sample->realtime_ns = pt_row_number(get, 1);
	sample->monotonic_ns = pt_row_number(get, 2);
	for (int q = 0; q < COLUMNS; q++)
		sample->all.v[q] = pt_row_maybe(get, 3 + q);
	if (++f->samples->frames > FRAMES_MOST)
		return -E2BIG;
	sample->roles = calloc(PT_ROLE_N, sizeof(*sample->roles));
	return sample->roles ? 0 : -ENOMEM;
}

static int take_frames(struct pt_reader *r, uint32_t process, struct frames *f)
{
	sqlite3_stmt *get;
	size_t room = 0;
	int code = pt_reader_get(r, PT_GET_FRAME_AMOUNTS, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW)
		error = take_frame(get, process, f, &room);
	pt_reader_done(get);
	if (!error)
		error = pt_db_error(code);
	if (!error) {
		f->unknown = calloc(f->n + 1, sizeof(*f->unknown));
		error = f->unknown ? 0 : -ENOMEM;
	}
	return error;
}

/* The first frame from one on. */
static size_t place(const struct frames *f, uint64_t id)
{
	size_t low = 0, high = f->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One VMA of a role has these sums from a frame on until another; NULL: they are not known. */
static void hold(struct frames *f, unsigned role, uint64_t since, uint64_t until, const struct pt_maybe *sums)
{
	size_t a = place(f, since), b = place(f, until);
	for (int q = 0; a < b && q < PT_QUANTITY_N; q++) {
		struct pt_maybe sum = q == PT_QUANTITY_VMAS ? (struct pt_maybe){1, true}
				      : sums                ? sums[q]
							    : (struct pt_maybe){0};
		uint64_t value = sum.known ? sum.value : 0;
		f->samples->v[f->first + a].roles[role].v[q].value += value;
		f->unknown[a][role][q] += !sum.known;
		f->unknown[b][role][q] -= !sum.known;
		if (b < f->n)
			f->samples->v[f->first + b].roles[role].v[q].value -= value;
	}
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

/* The VMA at hand, and its sums since a frame. */
struct at_hand {
	uint64_t id;
	unsigned role;
	uint64_t since, until;
	bool has_sums;
	struct pt_maybe sums[COLUMNS];
};

static int take_vma(sqlite3_stmt *get, struct at_hand *vma)
{
	const char *role = pt_row_text(get, 1);
	struct pt_maybe until = pt_row_maybe(get, 3);
	*vma = (struct at_hand){.id = pt_row_number(get, 0),
				.since = pt_row_number(get, 2),
				.until = until.known ? until.value : UINT64_MAX};
	while (vma->role < PT_ROLE_N && strcmp(pt_role_name((enum pt_role)vma->role), role) != 0)
		vma->role++;
	return vma->role < PT_ROLE_N ? 0 : -EBADMSG;
}

static void end_vma(struct frames *f, const struct at_hand *vma)
{
	if (vma->id)
		hold(f, vma->role, vma->since, vma->until, vma->has_sums ? vma->sums : NULL);
}

static int take_sums(sqlite3_stmt *get, struct frames *f, struct at_hand *vma)
{
	int error = 0;
	if (pt_row_number(get, 0) != vma->id) {
		end_vma(f, vma);
		error = take_vma(get, vma);
	}
	struct pt_maybe from = pt_row_maybe(get, 4);
	if (error || !from.known)
		return error;
	uint64_t next = from.value < vma->until ? from.value : vma->until;
	hold(f, vma->role, vma->since, next, vma->has_sums ? vma->sums : NULL);
	vma->since = next > vma->since ? next : vma->since;
	vma->has_sums = true;
	for (int q = 0; q < COLUMNS; q++)
		vma->sums[q] = pt_row_maybe(get, 5 + q);
	return 0;
}

static int take_vmas(struct pt_reader *r, struct frames *f)
{
	struct at_hand vma = {0};
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_VMA_AMOUNTS, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW)
		error = take_sums(get, f, &vma);
	pt_reader_done(get);
	if (!error)
		end_vma(f, &vma);
	return error ? error : pt_db_error(code);
}

/* What came and went becomes what is there. */
static void add_up(struct frames *f)
{
	uint64_t value[PT_ROLE_N][PT_QUANTITY_N] = {{0}};
	int32_t unknown[PT_ROLE_N][PT_QUANTITY_N] = {{0}};
	for (size_t i = 0; i < f->n; i++) {
		struct pt_sample *sample = &f->samples->v[f->first + i];
		struct pt_maybe *vmas = &sample->all.v[PT_QUANTITY_VMAS];
		for (int role = 0; role < PT_ROLE_N; role++) {
			for (int q = 0; q < PT_QUANTITY_N; q++) {
				struct pt_maybe *amount = &sample->roles[role].v[q];
				value[role][q] += amount->value;
				unknown[role][q] += f->unknown[i][role][q];
				*amount = (struct pt_maybe){value[role][q], unknown[role][q] == 0};
			}
			vmas->value += value[role][PT_QUANTITY_VMAS];
		}
		vmas->known = true;
	}
}

/* ---- a process -------------------------------------------------------------------------------------------------- */

static int take_counters(struct pt_reader *r, uint32_t process, struct samples *samples)
{
	static const enum pt_quantity columns[] = {PT_QUANTITY_RSS,   PT_QUANTITY_ANON, PT_QUANTITY_FILE,
						   PT_QUANTITY_SHMEM, PT_QUANTITY_SWAP, PT_QUANTITY_HUGETLB,
						   PT_QUANTITY_SIZE};
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_SAMPLES, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		struct pt_sample *sample = next_sample(samples, &error);
		if (error)
			break;
		sample->process = process;
		sample->realtime_ns = pt_row_number(get, 0);
		sample->monotonic_ns = pt_row_number(get, 1);
		for (int i = 0; i < (int)(sizeof(columns) / sizeof(*columns)); i++)
			sample->all.v[columns[i]] = pt_row_maybe(get, 2 + i);
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

/* All samples of one process; lock held. */
static int take_process(struct pt_reader *r, uint32_t process, struct samples *samples)
{
	struct frames f = {.samples = samples, .first = samples->n};
	int error = take_frames(r, process, &f);
	if (!error && f.n)
		error = take_vmas(r, &f);
	if (!error)
		add_up(&f);
	if (!error)
		error = take_counters(r, process, samples);
	free(f.ids);
	free(f.unknown);
	return error;
}

static int add_process(struct pt_record_trace *t, struct pt_reader *all, const struct pt_recorded *p,
		       struct samples *samples)
{
	struct pt_trace_process process = {.pid = p->pid,
					   .parent = p->parent,
					   .start_time = p->start_time,
					   .began_ns = p->began_ns.value,
					   .ended_ns = p->ended_ns.value,
					   .peak_rss = p->peak_rss,
					   .exit_status = p->exit_status};
	struct pt_reader *reader;
	int error = pt_reader_of(all, p->id, &reader);
	if (error)
		return error;
	t->readers[t->n_readers++] = reader;
	memcpy(process.name, p->name, sizeof(process.name));
	process.past = p->frames ? pt_reader_past(reader) : NULL;
	ssize_t index = pt_trace_add_process(t->trace, &process);
	if (index < 0)
		return (int)index;
	pthread_mutex_lock(&reader->file->lock);
	error = take_process(reader, (uint32_t)index, samples);
	pthread_mutex_unlock(&reader->file->lock);
	return error;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct pt_sample *x = a, *y = b;
	if (x->monotonic_ns != y->monotonic_ns)
		return x->monotonic_ns < y->monotonic_ns ? -1 : 1;
	return (x->process > y->process) - (x->process < y->process);
}

/* Marks have the time of people's clocks: that of the last sample before them says what it is on the other one. */
static uint64_t monotonic(const struct pt_trace *trace, uint64_t realtime_ns)
{
	size_t low = 0, high = trace->n_samples;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (trace->samples[middle].realtime_ns <= realtime_ns)
			low = middle + 1;
		else
			high = middle;
	}
	const struct pt_sample *sample = &trace->samples[low ? low - 1 : 0];
	return realtime_ns - sample->realtime_ns + sample->monotonic_ns;
}

static int take_marks(struct pt_trace *trace, struct pt_reader *r)
{
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_MARKS, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		struct pt_trace_mark mark = {.realtime_ns = pt_row_number(get, 0), .pid = (pid_t)pt_row_number(get, 2)};
		mark.monotonic_ns = monotonic(trace, mark.realtime_ns);
		snprintf(mark.label, sizeof(mark.label), "%s", pt_row_text(get, 1));
		error = pt_trace_mark(trace, &mark);
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

/* From when to when it is, and how often it was looked at: where that was not kept, on average. */
static void set_times(struct pt_trace *trace, struct pt_maybe interval)
{
	size_t of_first = 0;
	trace->began_ns = trace->samples[0].monotonic_ns;
	trace->ended_ns = trace->samples[trace->n_samples - 1].monotonic_ns;
	if (trace->processes[0].began_ns && trace->processes[0].began_ns < trace->began_ns)
		trace->began_ns = trace->processes[0].began_ns;
	for (size_t i = 0; i < trace->n_processes; i++)
		if (trace->processes[i].ended_ns > trace->ended_ns)
			trace->ended_ns = trace->processes[i].ended_ns;
	for (size_t i = 0; i < trace->n_samples; i++)
		of_first += trace->samples[i].process == 0;
	trace->interval_ns = interval.value;
	if (!interval.known && of_first > 1)
		trace->interval_ns = (trace->ended_ns - trace->began_ns) / (of_first - 1);
}

static int fill(struct pt_record_trace *t, struct pt_reader *all, const struct pt_recorded *v, size_t n)
{
	struct samples samples = {0};
	int error = pt_trace_new(&t->trace);
	t->readers = calloc(n + 1, sizeof(struct pt_reader *));
	if (!t->readers)
		error = -ENOMEM;
	for (size_t i = 0; !error && i < n; i++)
		error = add_process(t, all, &v[i], &samples);
	if (!error && !samples.n)
		error = -ENODATA;
	if (error) {
		free_samples(&samples);
		return error;
	}
	qsort(samples.v, samples.n, sizeof(*samples.v), by_time);
	pt_trace_take(t->trace, samples.v, samples.n);
	pthread_mutex_lock(&all->file->lock);
	t->trace->page_size = 1ull << all->file->page_shift;
	set_times(t->trace, pt_record_file_meta(all->file, "interval_ns"));
	error = take_marks(t->trace, all);
	pthread_mutex_unlock(&all->file->lock);
	return error;
}

static const char *reason(int error)
{
	switch (error) {
	case -ENODATA: return "nothing has been recorded yet";
	case -EBADMSG: return "the file is damaged";
	case -E2BIG: return "there are too many frames or samples in it";
	default: return strerror(-error);
	}
}

int pt_record_trace_open(const char *path, struct pt_record_trace *ret, char *message, size_t size)
{
	struct pt_reader *all;
	struct pt_recorded *v;
	*ret = (struct pt_record_trace){0};
	int error = pt_reader_open(path, &all, message, size);
	if (error)
		return error;
	ssize_t n = pt_reader_processes(all, &v);
	error = n > 0 ? fill(ret, all, v, (size_t)n) : n < 0 ? (int)n : -ENODATA;
	free(v);
	pt_reader_close(all);
	if (error) {
		snprintf(message, size, "%s: %s", path, reason(error));
		pt_record_trace_close(ret);
	}
	return error;
}

void pt_record_trace_close(struct pt_record_trace *t)
{
	pt_trace_free(t->trace);
	for (size_t i = 0; i < t->n_readers; i++)
		pt_reader_close(t->readers[i]);
	free(t->readers);
	*t = (struct pt_record_trace){0};
}
