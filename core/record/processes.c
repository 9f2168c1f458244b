/*
 * The processes that a recording has (record.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

#define PROCESSES_MOST (1u << 20)

static struct pt_maybe most(struct pt_maybe a, struct pt_maybe b)
{
	return !a.known || (b.known && b.value > a.value) ? b : a;
}

static void take_row(sqlite3_stmt *get, struct pt_recorded *ret)
{
	*ret = (struct pt_recorded){.id = pt_row_number(get, 0),
				    .pid = (pid_t)pt_row_number(get, 1),
				    .start_time = pt_row_number(get, 2),
				    .parent = (pid_t)pt_row_number(get, 3),
				    .began_ns = pt_row_maybe(get, 5),
				    .ended_ns = pt_row_maybe(get, 6),
				    .exit_status = pt_row_maybe(get, 7),
				    .peak_rss = most(pt_row_maybe(get, 8), pt_row_maybe(get, 12)),
				    .frames = pt_row_number(get, 9),
				    .most_rss = most(pt_row_maybe(get, 10), pt_row_maybe(get, 13)),
				    .most_swap = most(pt_row_maybe(get, 11), pt_row_maybe(get, 14))};
	strncpy(ret->name, pt_row_text(get, 4), sizeof(ret->name) - 1);
}

static ssize_t read_rows(sqlite3_stmt *get, struct pt_recorded **ret)
{
	struct pt_recorded *v = NULL;
	size_t n = 0, room = 0;
	int code, error = 0;
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		if (n == room) {
			room = room ? room * 2 : 16;
			struct pt_recorded *grown = n < PROCESSES_MOST ? realloc(v, room * sizeof(*v)) : NULL;
			error = grown ? 0 : n < PROCESSES_MOST ? -ENOMEM : -EBADMSG;
			v = grown ? grown : v;
		}
		if (!error)
			take_row(get, &v[n++]);
	}
	if (!error)
		error = pt_db_error(code);
	if (error) {
		free(v);
		return error;
	}
	*ret = v;
	return (ssize_t)n;
}

ssize_t pt_reader_processes(struct pt_reader *r, struct pt_recorded **ret)
{
	sqlite3_stmt *get;
	ssize_t n = -ENOMEM;
	*ret = NULL;
	pthread_mutex_lock(&r->file->lock);
	int code = pt_reader_get(r, PT_GET_PROCESSES, &get);
	if (code == SQLITE_OK) {
		n = read_rows(get, ret);
		pt_reader_done(get);
	}
	pthread_mutex_unlock(&r->file->lock);
	return code == SQLITE_OK ? n : pt_db_error(code);
}

uint64_t pt_reader_version(struct pt_reader *r)
{
	sqlite3_stmt *get;
	uint64_t version = 0;
	pthread_mutex_lock(&r->file->lock);
	if (pt_reader_get(r, PT_GET_VERSION, &get) == SQLITE_OK)
		pt_reader_number(get, &version);
	pthread_mutex_unlock(&r->file->lock);
	return version + 1;
}

bool pt_reader_anonymized(struct pt_reader *r)
{
	pthread_mutex_lock(&r->file->lock);
	struct pt_maybe anonymized = pt_record_file_meta(r->file, "anonymized");
	pthread_mutex_unlock(&r->file->lock);
	return anonymized.value != 0;
}

bool pt_reader_has_several(struct pt_reader *r)
{
	sqlite3_stmt *get;
	uint64_t n = 0;
	pthread_mutex_lock(&r->file->lock);
	if (pt_reader_get(r, PT_GET_N_PROCESSES, &get) == SQLITE_OK)
		pt_reader_number(get, &n);
	pthread_mutex_unlock(&r->file->lock);
	return n > 1;
}

const struct pt_recorded *pt_recorded_find(const struct pt_recorded *v, size_t n, pid_t pid)
{
	const struct pt_recorded *found = NULL;
	for (size_t i = 0; i < n; i++)
		if (v[i].pid == pid && (!found || v[i].frames || !found->frames))
			found = &v[i];
	return found;
}

struct pt_recorded_sample pt_recorded_sample_of(const struct pt_process *counters, uint64_t realtime_ns,
						uint64_t monotonic_ns)
{
	return (struct pt_recorded_sample){
		.realtime_ns = realtime_ns,
		.monotonic_ns = monotonic_ns,
		.size = counters->mapped,
		.rss = {counters->rss_anon.value + counters->rss_file.value + counters->rss_shmem.value,
			counters->rss_anon.known && counters->rss_file.known && counters->rss_shmem.known},
		.anon = counters->rss_anon,
		.file = counters->rss_file,
		.shmem = counters->rss_shmem,
		.swap = counters->swap,
		.hugetlb = counters->hugetlb,
	};
}
