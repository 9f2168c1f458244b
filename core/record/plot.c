/*
 * Plots of a recording (reader.h): of the process out of the rows of its frames, of addresses out of the sums of the
 * VMAs there. No pages are read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

#define FIELDS 8

/* The numbers of a moment, in the order of the columns. */
static struct pt_maybe *field(struct pt_moment *m, int i)
{
	struct pt_maybe *const fields[FIELDS] = {&m->rss,  &m->anon, &m->file,    &m->shmem,
						 &m->swap, &m->thp,  &m->hugetlb, &m->pss};
	return fields[i];
}

static void take_moment(sqlite3_stmt *get, struct pt_moment *ret)
{
	*ret = (struct pt_moment){.seq = pt_row_number(get, 0),
				  .realtime_ns = pt_row_number(get, 1),
				  .monotonic_ns = pt_row_number(get, 2)};
	for (int i = 0; i < FIELDS; i++)
		*field(ret, i) = pt_row_maybe(get, 3 + i);
}

/* All moments from first to last; free() them. -errno. */
static ssize_t moments(struct pt_reader *r, uint64_t first, uint64_t last, struct pt_moment **ret)
{
	struct pt_moment *v = NULL;
	size_t n = 0, room = 0;
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_MOMENTS, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, first < INT64_MAX ? first : INT64_MAX);
	pt_bind_number(get, 2, last < INT64_MAX ? last : INT64_MAX);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		if (n == room) {
			room = room ? room * 2 : 256;
			struct pt_moment *more = realloc(v, room * sizeof(*v));
			error = more ? 0 : -ENOMEM;
			v = more ? more : v;
		}
		if (!error)
			take_moment(get, &v[n++]);
	}
	pt_reader_done(get);
	if (!error)
		error = pt_db_error(code);
	if (error) {
		free(v);
		return error;
	}
	*ret = v;
	return (ssize_t)n;
}

/* ---- a range of addresses --------------------------------------------------------------------------------------- */

/* What comes in at a moment and stays: sums of one field over VMAs, and how many of them are not known. */
struct step {
	uint64_t value[FIELDS];
	int64_t unknown[FIELDS];
};

struct range {
	const struct pt_moment *moments;
	size_t n;
	struct step *steps; /* [n + 1] */
};

/* The first moment from a frame on. */
static size_t place(const struct range *range, uint64_t seq)
{
	size_t low = 0, high = range->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (range->moments[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A VMA has these sums from one frame until another; NULL: they are not known. */
static void add(struct range *range, uint64_t since, uint64_t until, const struct pt_maybe *sums)
{
	size_t a = place(range, since), b = place(range, until);
	for (int i = 0; a < b && i < FIELDS; i++) {
		bool known = sums && sums[i].known;
		range->steps[a].value[i] += known ? sums[i].value : 0;
		range->steps[b].value[i] -= known ? sums[i].value : 0;
		range->steps[a].unknown[i] += !known;
		range->steps[b].unknown[i] -= !known;
	}
}

static int add_sums(struct pt_reader *r, struct range *range, uint64_t vma, uint64_t until)
{
	struct pt_maybe sums[FIELDS];
	uint64_t since = UINT64_MAX;
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_SUMS_OF, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, vma);
	while ((code = sqlite3_step(get)) == SQLITE_ROW) {
		uint64_t next = pt_row_number(get, 0);
		if (since != UINT64_MAX)
			add(range, since, next, sums);
		since = next;
		for (int i = 0; i < FIELDS; i++)
			sums[i] = pt_row_maybe(get, 1 + i);
	}
	pt_reader_done(get);
	if (since != UINT64_MAX)
		add(range, since, until, sums);
	return pt_db_error(code);
}

static int add_vmas(struct pt_reader *r, struct range *range, uint64_t start, uint64_t end)
{
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_VMAS_OF, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		uint64_t since = pt_row_number(get, 1), first = pt_row_number(get, 3);
		uint64_t last = pt_row_number(get, 4);
		struct pt_maybe until = pt_row_maybe(get, 2);
		if (!until.known)
			until.value = UINT64_MAX;
		if (first >= end || last <= start)
			continue;
		if (first >= start && last <= end)
			error = add_sums(r, range, pt_row_number(get, 0), until.value);
		else /* only a part of it lies there, and the sums are of all of it */
			add(range, since, until.value, NULL);
	}
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

static int fill_range(struct pt_reader *r, struct pt_moment *v, size_t n, uint64_t start, uint64_t end)
{
	struct range range = {v, n, calloc(n + 1, sizeof(*range.steps))};
	struct step sum = {0};
	int error = range.steps ? add_vmas(r, &range, start, end) : -ENOMEM;
	for (size_t k = 0; !error && k < n; k++)
		for (int i = 0; i < FIELDS; i++) {
			sum.value[i] += range.steps[k].value[i];
			sum.unknown[i] += range.steps[k].unknown[i];
			*field(&v[k], i) = (struct pt_maybe){sum.unknown[i] ? 0 : sum.value[i], !sum.unknown[i]};
		}
	free(range.steps);
	return error;
}

/* ---- as many as there is room for ------------------------------------------------------------------------------- */

static size_t choose(const struct pt_moment *v, size_t n, struct pt_moment *ret, size_t max)
{
	struct pt_plot plot = {
		.v = ret, .max = max, .from_ns = v[0].monotonic_ns, .to_ns = v[n - 1].monotonic_ns, .all = n <= max};
	for (size_t i = 0; i < n; i++)
		pt_plot_add(&plot, &v[i]);
	return plot.n;
}

ssize_t pt_reader_plot(struct pt_reader *r, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
		       struct pt_moment *ret, size_t max)
{
	struct pt_moment *v = NULL;
	ssize_t n = max ? moments(r, first, last, &v) : 0;
	if (n <= 0 || !v)
		return n;
	int error = start || end ? fill_range(r, v, (size_t)n, start, end) : 0;
	if (!error)
		n = (ssize_t)choose(v, (size_t)n, ret, max);
	free(v);
	return error ? error : n;
}
