/*
 * Reading the faults of a recording (faults.h) as the view that the live watch gives. Sums are the database's; what it
 * says is bounded and checked, as it may be hostile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/watch.h"
#include "core/record/faults.h"
#include "core/record/reader.h"

#define ROWS_MOST  (4u << 20)   /* stacks or VMAs */
#define NAMES_MOST (256u << 20) /* bytes of all names of calls */
#define WORD_MOST  65536        /* bytes of one */

/* The rows of a table as they come. */
struct rows {
	struct pt_reader *reader;
	struct pt_fault_view *view;
	size_t room;  /* of the table at hand */
	size_t names; /* bytes so far */
	uint64_t last;
	bool any;
};

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static bool take_number(sqlite3_stmt *get, int i, uint64_t *ret)
{
	struct pt_maybe number = pt_row_maybe(get, i);
	*ret = number.value;
	return number.known && number.value <= INT64_MAX;
}

/* A kind that this pagetop does not know is unknown. */
static enum pt_fault_kind kind_of(const char *name)
{
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		if (strcmp(pt_fault_kind_name((enum pt_fault_kind)i), name) == 0)
			return (enum pt_fault_kind)i;
	return PT_FAULT_UNKNOWN;
}

/* Columns 1 to 5 of a row by VMA or stack. */
static bool add_counts(sqlite3_stmt *get, struct pt_fault_counts *counts, uint64_t *born)
{
	uint64_t events, major, kernel, more;
	if (!take_number(get, 2, &events) || !take_number(get, 3, &major) || !take_number(get, 4, &kernel) ||
	    !take_number(get, 5, &more))
		return false;
	counts->events += events;
	counts->major += major;
	counts->kernel += kernel;
	counts->kinds[kind_of(pt_row_text(get, 1))] += events;
	*born += more;
	return true;
}

static void *grow(void *v, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return v;
	size_t more = *room ? *room * 2 : 64;
	void *grown = more <= ROWS_MOST ? realloc(v, more * size) : NULL;
	if (grown)
		*room = more;
	return grown;
}

/* ---- by VMA ----------------------------------------------------------------------------------------------------- */

/* A row more; rows of one VMA follow each other, one a kind. */
static int take_vma(struct rows *rows, sqlite3_stmt *get)
{
	struct pt_fault_view *view = rows->view;
	uint64_t id = pt_row_number(get, 0);
	if (!rows->any || id != rows->last) {
		struct pt_fault_vma_row *v = grow(view->vmas, view->n_vmas, &rows->room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		view->vmas = v;
		struct pt_fault_vma_row row = {.start = pt_row_number(get, 6), .end = pt_row_number(get, 7)};
		const char *role = pt_row_text(get, 8), *name = pt_row_text(get, 9);
		for (int i = 0; i < PT_ROLE_N; i++)
			if (strcmp(pt_role_name((enum pt_role)i), role) == 0)
				row.role = (enum pt_role)i;
		row.name = strndup(name, WORD_MOST);
		if (!row.name)
			return -ENOMEM;
		v[view->n_vmas++] = row;
	}
	rows->any = true;
	rows->last = id;
	struct pt_fault_vma_row *row = &view->vmas[view->n_vmas - 1];
	return add_counts(get, &row->counts, &row->born) ? 0 : -EBADMSG;
}

static void add_up(struct pt_fault_counts *to, const struct pt_fault_counts *from)
{
	to->events += from->events;
	to->major += from->major;
	to->kernel += from->kernel;
	for (int i = 0; i < PT_FAULT_KIND_N; i++)
		to->kinds[i] += from->kinds[i];
}

static int by_name(const void *a, const void *b)
{
	const struct pt_fault_vma_row *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	if (!order)
		order = (int)x->role - (int)y->role;
	return order ? order : x->start < y->start ? -1 : x->start > y->start;
}

static int by_vma_events(const void *a, const void *b)
{
	const struct pt_fault_vma_row *x = a, *y = b;
	return x->counts.events > y->counts.events ? -1 : x->counts.events < y->counts.events;
}

/* A VMA that grew has several rows in the file; here it is one. */
static void join_vmas(struct pt_fault_view *view)
{
	size_t kept = 0;
	if (view->n_vmas)
		qsort(view->vmas, view->n_vmas, sizeof(*view->vmas), by_name);
	for (size_t i = 0; i < view->n_vmas; i++) {
		struct pt_fault_vma_row *row = &view->vmas[i], *last = kept ? &view->vmas[kept - 1] : NULL;
		if (last && row->start < last->end && row->role == last->role && strcmp(row->name, last->name) == 0) {
			last->end = row->end > last->end ? row->end : last->end;
			add_up(&last->counts, &row->counts);
			last->born += row->born;
			free(row->name);
		} else {
			view->vmas[kept++] = *row;
		}
	}
	view->n_vmas = kept;
	if (kept)
		qsort(view->vmas, kept, sizeof(*view->vmas), by_vma_events);
}

/* ---- by stack --------------------------------------------------------------------------------------------------- */

static int take_stack(struct rows *rows, sqlite3_stmt *get)
{
	struct pt_fault_view *view = rows->view;
	uint64_t id = pt_row_number(get, 0);
	if (id > UINT32_MAX)
		return -EBADMSG;
	if (!rows->any || id != rows->last) {
		struct pt_fault_stack_row *v = grow(view->stacks, view->n_stacks, &rows->room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		view->stacks = v;
		v[view->n_stacks++] = (struct pt_fault_stack_row){.id = (pt_stack_id)id};
	}
	rows->any = true;
	rows->last = id;
	struct pt_fault_stack_row *row = &view->stacks[view->n_stacks - 1];
	return add_counts(get, &row->counts, &row->born) ? 0 : -EBADMSG;
}

/* Dearest first; those of no known stack are the last. */
static int by_stack_events(const void *a, const void *b)
{
	const struct pt_fault_stack_row *x = a, *y = b;
	if (!x->id != !y->id)
		return !x->id - !y->id;
	return x->counts.events > y->counts.events ? -1 : x->counts.events < y->counts.events;
}

/* False: out of memory, or too much of it. */
static bool take_name(struct rows *rows, sqlite3_stmt *get, int i, char **ret)
{
	*ret = NULL;
	if (sqlite3_column_type(get, i) == SQLITE_NULL)
		return true;
	const char *name = pt_row_text(get, i);
	size_t size = strnlen(name, WORD_MOST);
	rows->names += size + 1;
	*ret = rows->names <= NAMES_MOST ? strndup(name, size) : NULL;
	return *ret != NULL;
}

static bool take_call(struct rows *rows, sqlite3_stmt *get, struct pt_fault_call *ret)
{
	*ret = (struct pt_fault_call){.ip = pt_row_number(get, 0),
				      .module_offset = pt_row_number(get, 1),
				      .offset = pt_row_number(get, 3),
				      .line = sqlite3_column_int(get, 5)};
	ret->line = ret->line > 0 ? ret->line : 0;
	return take_name(rows, get, 2, &ret->symbol) && take_name(rows, get, 4, &ret->file) &&
	       take_name(rows, get, 6, &ret->module) && take_name(rows, get, 7, &ret->build_id);
}

static int take_calls(struct rows *rows, struct pt_fault_stack_row *row)
{
	sqlite3_stmt *get;
	int error = 0, code = pt_reader_get(rows->reader, PT_GET_FAULT_CALLS, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	row->calls = malloc(PT_STACK_MAX * sizeof(*row->calls));
	if (!row->calls)
		return -ENOMEM;
	pt_bind_number(get, 1, row->id);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW) {
		if (row->n_calls == PT_STACK_MAX)
			error = -EBADMSG;
		else if (!take_call(rows, get, &row->calls[row->n_calls++]))
			error = rows->names > NAMES_MOST ? -EBADMSG : -ENOMEM;
	}
	pt_reader_done(get);
	struct pt_fault_call *cut = realloc(row->calls, (row->n_calls + !row->n_calls) * sizeof(*cut));
	row->calls = cut ? cut : row->calls;
	return error ? error : pt_db_error(code);
}

static int name_stacks(struct rows *rows, size_t most)
{
	struct pt_fault_view *view = rows->view;
	sqlite3_stmt *get;
	int error = 0;
	if (view->n_stacks)
		qsort(view->stacks, view->n_stacks, sizeof(*view->stacks), by_stack_events);
	if (most && view->n_stacks > most)
		view->n_stacks = most;
	int code = pt_reader_get(rows->reader, PT_GET_FAULT_COMPLETE, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	for (size_t i = 0; !error && i < view->n_stacks && view->stacks[i].id; i++) {
		uint64_t complete = 0;
		pt_bind_number(get, 1, view->stacks[i].id);
		pt_reader_number(get, &complete);
		view->stacks[i].complete = complete == 1;
		error = take_calls(rows, &view->stacks[i]);
	}
	return error;
}

/* ---- the view --------------------------------------------------------------------------------------------------- */

static int read_table(struct rows *rows, enum pt_get what, uint64_t from, uint64_t to,
		      int (*take)(struct rows *rows, sqlite3_stmt *get))
{
	sqlite3_stmt *get;
	int error = 0, code = pt_reader_get(rows->reader, what, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	rows->room = 0;
	rows->any = false;
	pt_bind_number(get, 1, from);
	pt_bind_number(get, 2, to);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW)
		error = take(rows, get);
	pt_reader_done(get);
	return error ? error : pt_db_error(code);
}

static int read_span(struct pt_reader *r, uint64_t from, uint64_t to, struct pt_fault_view *view)
{
	uint64_t n[10];
	sqlite3_stmt *get;
	int error = 0, code = pt_reader_get(r, PT_GET_FAULT_SPAN, &get);
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, from);
	pt_bind_number(get, 2, to);
	code = sqlite3_step(get);
	for (int i = 0; code == SQLITE_ROW && !error && i < 10; i++)
		if (!take_number(get, i, &n[i]))
			error = i == 1 && n[0] == 0 ? -ENODATA : -EBADMSG;
	pt_reader_done(get);
	if (code != SQLITE_ROW || error)
		return code != SQLITE_ROW ? pt_db_error(code) : error;
	view->pid = r->target.pid;
	view->from_ns = n[1];
	view->to_ns = n[2];
	view->totals.minor = n[3];
	view->totals.major = n[4];
	view->totals.lost = n[5];
	view->children.events = n[6];
	view->left_out = n[7];
	view->totals.kernel_mode = n[9] == 1;
	view->period = view->period_most = n[8] ? n[8] : 1;
	return 0;
}

/* What follows from the rows by VMA, which have each fault once. */
static void sum_up(struct pt_fault_view *view)
{
	double seconds = view->to_ns > view->from_ns ? (double)(view->to_ns - view->from_ns) / 1e9 : 0;
	for (size_t i = 0; i < view->n_vmas; i++)
		add_up(&view->all, &view->vmas[i].counts);
	view->totals.told = view->all.events + view->children.events;
	if (seconds <= 0)
		return;
	view->all.per_s = (double)view->all.events / seconds;
	view->children.per_s = (double)view->children.events / seconds;
	for (size_t i = 0; i < view->n_vmas; i++)
		view->vmas[i].counts.per_s = (double)view->vmas[i].counts.events / seconds;
	for (size_t i = 0; i < view->n_stacks; i++)
		view->stacks[i].counts.per_s = (double)view->stacks[i].counts.events / seconds;
}

static int read_all(struct pt_reader *r, uint64_t from, uint64_t to, size_t most, struct pt_fault_view *view)
{
	struct rows rows = {.reader = r, .view = view};
	int error = pt_record_file_faults(r->file);
	if (!error)
		error = pt_reader_refresh(r);
	if (!error)
		error = read_span(r, from, to, view);
	if (!error)
		error = read_table(&rows, PT_GET_FAULTS_BY_VMA, from, to, take_vma);
	if (!error)
		error = read_table(&rows, PT_GET_FAULTS_BY_STACK, from, to, take_stack);
	if (!error)
		error = name_stacks(&rows, most);
	if (error)
		return error;
	join_vmas(view);
	sum_up(view);
	return 0;
}

int pt_reader_faults(struct pt_reader *r, uint64_t from_seq, uint64_t to_seq, size_t rows, struct pt_fault_view **ret)
{
	struct pt_fault_view *view = pt_fault_view_new();
	if (!view)
		return -ENOMEM;
	pthread_mutex_lock(&r->file->lock);
	int error = read_all(r, from_seq, to_seq < INT64_MAX ? to_seq : INT64_MAX, rows, view);
	pthread_mutex_unlock(&r->file->lock);
	if (error) {
		pt_fault_view_unref(view);
		return error;
	}
	*ret = view;
	return 0;
}

bool pt_reader_has_faults(struct pt_reader *r)
{
	pthread_mutex_lock(&r->file->lock);
	bool has = pt_record_file_faults(r->file) == 0;
	pthread_mutex_unlock(&r->file->lock);
	return has;
}

int pt_reader_fault_calls(struct pt_reader *r, pt_stack_id id, struct pt_fault_call **ret, size_t *ret_n)
{
	struct rows rows = {.reader = r};
	struct pt_fault_stack_row row = {.id = id};
	pthread_mutex_lock(&r->file->lock);
	int error = pt_record_file_faults(r->file);
	if (!error)
		error = take_calls(&rows, &row);
	pthread_mutex_unlock(&r->file->lock);
	if (!error && !row.n_calls)
		error = -ENOENT;
	if (error) {
		pt_fault_calls_free(row.calls, row.n_calls);
		return error == -ENODATA ? -ENOENT : error;
	}
	*ret = row.calls;
	*ret_n = row.n_calls;
	return 0;
}
