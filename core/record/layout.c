/*
 * The VMAs of a recording at a frame, out of the rows of the table vma (reader.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/reader.h"

#define VMAS_MOST (16u << 20)
#define PATH_MOST 65536u

/* VMAs as they come; their paths are places in `names` until the table is made. */
struct rows {
	struct pt_vma *v;
	size_t *paths;
	size_t n, room;
	struct pt_buffer names;
	size_t last_path; /* where that of the row before begins */
};

static bool take_role(const char *name, uint8_t *ret)
{
	for (int i = 0; i < PT_ROLE_N; i++)
		if (strcmp(pt_role_name((enum pt_role)i), name) == 0) {
			*ret = (uint8_t)i;
			return true;
		}
	return false;
}

static uint8_t take_fs(const char *name)
{
	static const char *const names[] = {
		[PT_FS_TMPFS] = "tmpfs", [PT_FS_HUGETLBFS] = "hugetlbfs", [PT_FS_OTHER] = "other"};
	for (int i = PT_FS_TMPFS; i <= PT_FS_OTHER; i++)
		if (strcmp(names[i], name) == 0)
			return (uint8_t)i;
	return PT_FS_UNKNOWN;
}

static uint8_t take_perms(const char *text)
{
	const char letters[] = "rwxs";
	uint8_t perms = 0;
	for (int i = 0; i < 4 && text[i]; i++)
		perms |= text[i] == letters[i] ? (uint8_t)(1u << i) : 0;
	return perms;
}

static bool same_as_last(const struct rows *rows, const char *path)
{
	return rows->n && strcmp((const char *)rows->names.v + rows->last_path, path) == 0;
}

static int push(struct rows *rows, struct pt_vma vma, const char *path)
{
	if (rows->n == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 256;
		struct pt_vma *v = realloc(rows->v, room * sizeof(*v));
		if (v)
			rows->v = v;
		size_t *paths = realloc(rows->paths, room * sizeof(*paths));
		if (paths)
			rows->paths = paths;
		if (!v || !paths)
			return -ENOMEM;
		rows->room = room;
	}
	if (!same_as_last(rows, path)) {
		rows->last_path = rows->names.n;
		pt_put(&rows->names, path, strlen(path) + 1);
	}
	rows->v[rows->n] = vma;
	rows->v[rows->n].path = NULL;
	rows->paths[rows->n++] = rows->last_path;
	return rows->names.failed ? -ENOMEM : 0;
}

static int take_row(struct rows *rows, sqlite3_stmt *get, unsigned page_shift)
{
	struct pt_maybe flags = pt_row_maybe(get, 11);
	struct pt_vma vma = {.start = pt_row_number(get, 0),
			     .end = pt_row_number(get, 1),
			     .perms = take_perms(pt_row_text(get, 2)),
			     .offset = pt_row_number(get, 4),
			     .dev_major = (uint32_t)pt_row_number(get, 5),
			     .dev_minor = (uint32_t)pt_row_number(get, 6),
			     .inode = pt_row_number(get, 7),
			     .tid = (int32_t)sqlite3_column_int(get, 9),
			     .fs = take_fs(pt_row_text(get, 10)),
			     .vm_flags = (uint32_t)flags.value,
			     .has_vm_flags = flags.known};
	uint64_t in_page = (1ull << page_shift) - 1;
	const char *path = pt_row_text(get, 8);
	if (!take_role(pt_row_text(get, 3), &vma.role) || vma.start >= vma.end || vma.start & in_page ||
	    vma.end & in_page || strlen(path) > PATH_MOST || rows->n == VMAS_MOST)
		return -EBADMSG;
	return push(rows, vma, path);
}

/* Rows come in the order they were written. */
static int by_start(const void *a, const void *b)
{
	const struct pt_vma *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

static int make_table(struct rows *rows, struct pt_vma_table **ret)
{
	struct pt_vma_table *table = pt_vma_table_new(rows->n, rows->names.n);
	if (!table)
		return -ENOMEM;
	if (rows->names.n)
		memcpy(table->names, rows->names.v, rows->names.n);
	for (size_t i = 0; i < rows->n; i++) {
		table->v[i] = rows->v[i];
		table->v[i].path = table->names + rows->paths[i];
	}
	table->n = rows->n;
	qsort(table->v, table->n, sizeof(*table->v), by_start);
	for (size_t i = 1; i < table->n; i++)
		if (table->v[i].start < table->v[i - 1].end) {
			pt_vma_table_unref(table);
			return -EBADMSG;
		}
	*ret = table;
	return 0;
}

int pt_reader_vmas(struct pt_reader *r, uint64_t seq, struct pt_vma_table **ret)
{
	struct rows rows = {0};
	sqlite3_stmt *get;
	int code = pt_reader_get(r, PT_GET_VMAS, &get), error = 0;
	if (code != SQLITE_OK)
		return pt_db_error(code);
	pt_bind_number(get, 1, seq);
	while (!error && (code = sqlite3_step(get)) == SQLITE_ROW)
		error = take_row(&rows, get, r->file->page_shift);
	pt_reader_done(get);
	if (!error)
		error = pt_db_error(code);
	if (!error)
		error = make_table(&rows, ret);
	free(rows.v);
	free(rows.paths);
	free(rows.names.v);
	return error;
}
