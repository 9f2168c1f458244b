/*
 * Pairs of VMAs; see pairs.h.
 *
 * Both ways are greedy: the most certain pairs first. By place these are the two that share most bytes. By role there
 * are passes, each less strict than the one before; in a pass the VMAs that have no counterpart yet are sorted by what
 * must be equal, and those that are stand side by side.
 */
#include "core/history/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct making {
	const struct pt_vma_table *before, *after;
	size_t *is_of;  /* [before->n]: the counterpart; PT_NO_VMA: none yet */
	size_t *was_of; /* [after->n] */
};

static void making_free(struct making *m)
{
	free(m->is_of);
	free(m->was_of);
}

static size_t *none(size_t n)
{
	size_t *array = malloc((n ? n : 1) * sizeof(*array));
	for (size_t i = 0; array && i < n; i++)
		array[i] = PT_NO_VMA;
	return array;
}

static int making_init(struct making *m, const struct pt_vma_table *before, const struct pt_vma_table *after)
{
	*m = (struct making){.before = before, .after = after, .is_of = none(before->n), .was_of = none(after->n)};
	if (m->is_of && m->was_of)
		return 0;
	making_free(m);
	return -ENOMEM;
}

static void pair(struct making *m, size_t was, size_t is)
{
	m->is_of[was] = is;
	m->was_of[is] = was;
}

static int finish(struct making *m, struct pt_vma_pairs *ret)
{
	size_t n = 0;
	struct pt_vma_pair *v = malloc((m->before->n + m->after->n + 1) * sizeof(*v));
	for (size_t i = 0; v && i < m->after->n; i++)
		v[n++] = (struct pt_vma_pair){m->was_of[i], i};
	for (size_t i = 0; v && i < m->before->n; i++)
		if (m->is_of[i] == PT_NO_VMA)
			v[n++] = (struct pt_vma_pair){i, PT_NO_VMA};
	making_free(m);
	if (!v)
		return -ENOMEM;
	*ret = (struct pt_vma_pairs){v, n};
	return 0;
}

void pt_vma_pairs_free(struct pt_vma_pairs *pairs)
{
	free(pairs->v);
	*pairs = (struct pt_vma_pairs){0};
}

/* ---- by place --------------------------------------------------------------------------------------------------- */

struct overlap {
	size_t was, is;
	uint64_t bytes;
};

static int by_vmas(const void *a, const void *b)
{
	const struct overlap *x = a, *y = b;
	if (x->is != y->is)
		return x->is < y->is ? -1 : 1;
	return (x->was > y->was) - (x->was < y->was);
}

static int by_bytes(const void *a, const void *b)
{
	const struct overlap *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return by_vmas(a, b);
}

static size_t kept_overlaps(const struct pt_vma_part *parts, size_t n, struct overlap *ret)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++)
		if (parts[i].kept)
			ret[found++] = (struct overlap){parts[i].was, parts[i].is, parts[i].end - parts[i].start};
	return found;
}

/* A move leads from one VMA to one other. */
static size_t moved_overlaps(const struct making *m, const struct pt_move *moves, size_t n, struct overlap *ret)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		size_t was = pt_vma_find(m->before, moves[i].from), is = pt_vma_find(m->after, moves[i].to);
		if (was < m->before->n && is < m->after->n)
			ret[found++] = (struct overlap){was, is, moves[i].size};
	}
	return found;
}

/* Those of the same two VMAs as one. Returns how many stay. */
static size_t join(struct overlap *v, size_t n)
{
	size_t kept = 0;
	qsort(v, n, sizeof(*v), by_vmas);
	for (size_t i = 0; i < n; i++)
		if (kept && v[kept - 1].was == v[i].was && v[kept - 1].is == v[i].is)
			v[kept - 1].bytes += v[i].bytes;
		else
			v[kept++] = v[i];
	return kept;
}

int pt_vma_pairs_by_place(const struct pt_vma_table *before, const struct pt_vma_table *after,
			  const struct pt_move *moves, size_t n_moves, struct pt_vma_pairs *ret)
{
	struct making m;
	struct pt_vma_part *parts = NULL;
	size_t n_parts = 0;
	int error = making_init(&m, before, after);
	if (error)
		return error;
	error = pt_vma_parts(before, after, &parts, &n_parts);
	struct overlap *v = error ? NULL : malloc((n_parts + n_moves + 1) * sizeof(*v));
	if (!v) {
		free(parts);
		making_free(&m);
		return -ENOMEM;
	}
	size_t n = kept_overlaps(parts, n_parts, v);
	n = join(v, n + moved_overlaps(&m, moves, n_moves, v + n));
	qsort(v, n, sizeof(*v), by_bytes);
	for (size_t i = 0; i < n; i++)
		if (m.is_of[v[i].was] == PT_NO_VMA && m.was_of[v[i].is] == PT_NO_VMA)
			pair(&m, v[i].was, v[i].is);
	free(v);
	free(parts);
	return finish(&m, ret);
}

/* ---- by role ---------------------------------------------------------------------------------------------------- */

/* What must be equal in a pass. */
enum strictness {
	SAME_SIZE, /* and all that follows */
	SAME_PATH,
	SAME_BASENAME, /* a library of another version's folder */
	SAME_FOLDER,   /* and size: a temporary file, whose name is another each time */
	STRICTNESS_N
};

struct candidate {
	const struct pt_vma *vma;
	const char *path; /* of bss, which has none, that of the file it belongs to */
	size_t index;
	bool later; /* it is of `after` */
	enum strictness strictness;
};

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int compare_paths(const char *a, const char *b, enum strictness strictness)
{
	size_t n = (size_t)(basename_of(a) - a), m = (size_t)(basename_of(b) - b);
	switch (strictness) {
	case SAME_BASENAME: return strcmp(a + n, b + m);
	case SAME_FOLDER: return n && n == m ? strncmp(a, b, n) : n != m ? (n > m) - (n < m) : strcmp(a, b);
	default: return strcmp(a, b);
	}
}

static int in_order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_kind(const struct candidate *a, const struct candidate *b)
{
	const struct pt_vma *x = a->vma, *y = b->vma;
	int order = in_order(x->role, y->role);
	if (!order)
		order = in_order(x->perms, y->perms);
	if (!order)
		order = compare_paths(a->path, b->path, a->strictness);
	if (!order && (x->inode || y->inode)) /* of anonymous memory the kernel gives none that means anything */
		order = in_order(x->offset, y->offset);
	if (!order && (a->strictness == SAME_SIZE || a->strictness == SAME_FOLDER))
		order = in_order(x->end - x->start, y->end - y->start);
	return order;
}

/* Alike ones of a snapshot next to each other, the highest address first. */
static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = compare_kind(x, y);
	if (!order)
		order = in_order(x->later, y->later);
	return order ? order : in_order(y->vma->start, x->vma->start);
}

/* Bss lies right behind the data of its file. */
static const char *path_of(const struct pt_vma_table *table, size_t i)
{
	const struct pt_vma *vma = &table->v[i];
	bool behind = vma->role == PT_ROLE_BSS && i > 0 && vma[-1].end == vma->start;
	return behind ? vma[-1].path : vma->path;
}

static size_t collect(const struct pt_vma_table *table, const size_t *paired, bool later, enum strictness strictness,
		      struct candidate *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < table->n; i++)
		if (paired[i] == PT_NO_VMA)
			ret[n++] = (struct candidate){&table->v[i], path_of(table, i), i, later, strictness};
	return n;
}

/* v[0, n) are alike, those of `before` first. */
static void pair_alike(struct making *m, const struct candidate *v, size_t n)
{
	size_t first_later = 0;
	while (first_later < n && !v[first_later].later)
		first_later++;
	for (size_t i = 0; i < first_later && first_later + i < n; i++)
		pair(m, v[i].index, v[first_later + i].index);
}

int pt_vma_pairs_by_role(const struct pt_vma_table *before, const struct pt_vma_table *after, struct pt_vma_pairs *ret)
{
	struct making m;
	struct candidate *v = malloc((before->n + after->n + 1) * sizeof(*v));
	if (!v || making_init(&m, before, after) != 0) {
		free(v);
		return -ENOMEM;
	}
	for (enum strictness strictness = 0; strictness < STRICTNESS_N; strictness++) {
		size_t n = collect(before, m.is_of, false, strictness, v);
		n += collect(after, m.was_of, true, strictness, v + n);
		qsort(v, n, sizeof(*v), compare);
		for (size_t i = 0, end; i < n; i = end) {
			for (end = i + 1; end < n && compare_kind(&v[i], &v[end]) == 0; end++)
				;
			pair_alike(&m, v + i, end - i);
		}
	}
	free(v);
	return finish(&m, ret);
}
