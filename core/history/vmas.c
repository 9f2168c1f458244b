/*
 * Matching VMA tables; see vmas.h.
 */
#include "core/history/vmas.h"

#include <errno.h>
#include <stdlib.h>

/* ---- parts ------------------------------------------------------------------------------------------------------ */

/* What the kernel maps by itself, and nothing else can be in the place of. */
static unsigned special_role(const struct pt_vma *vma)
{
	switch (vma->role) {
	case PT_ROLE_VDSO:
	case PT_ROLE_VVAR:
	case PT_ROLE_VSYSCALL: return vma->role;
	default: return PT_ROLE_ANON;
	}
}

static bool same_backing(const struct pt_vma *a, const struct pt_vma *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       !((a->perms ^ b->perms) & PT_SHARED) && special_role(a) == special_role(b);
}

static bool same_place(const struct pt_vma *a, const struct pt_vma *b)
{
	return !a->inode || a->offset - a->start == b->offset - b->start;
}

bool pt_vma_can_move(const struct pt_vma *was, const struct pt_vma *is)
{
	return same_backing(was, is);
}

/* The VMA at an address, from *i on; *border becomes the address where it ends, or the next one begins, if that is
 * nearer. */
static size_t vma_at(const struct pt_vma_table *table, size_t *i, uint64_t at, uint64_t *border)
{
	while (*i < table->n && table->v[*i].end <= at)
		++*i;
	if (*i == table->n)
		return PT_NO_VMA;
	const struct pt_vma *vma = &table->v[*i];
	uint64_t next = vma->start > at ? vma->start : vma->end;
	*border = next < *border ? next : *border;
	return vma->start <= at ? *i : PT_NO_VMA;
}

/* What is kept of a VMA lies in one after the other, so parts of it that vanished are told whose they were. */
static int find_heirs(struct pt_vma_part *parts, size_t n, size_t n_before)
{
	size_t *heirs = malloc((n_before + 1) * sizeof(*heirs));
	if (!heirs)
		return -ENOMEM;
	for (size_t i = 0; i < n_before; i++)
		heirs[i] = PT_NO_VMA;
	for (size_t p = n; p-- > 0;)
		if (parts[p].kept)
			heirs[parts[p].was] = parts[p].is;
	for (size_t p = 0; p < n; p++)
		parts[p].heir = parts[p].was == PT_NO_VMA ? PT_NO_VMA : heirs[parts[p].was];
	free(heirs);
	return 0;
}

int pt_vma_parts(const struct pt_vma_table *before, const struct pt_vma_table *after, struct pt_vma_part **ret,
		 size_t *ret_n)
{
	/* every border of a VMA begins one part at most */
	struct pt_vma_part *parts = calloc(2 * (before->n + after->n) + 1, sizeof(*parts));
	size_t i = 0, k = 0, n = 0;
	if (!parts)
		return -ENOMEM;
	for (uint64_t at = 0, border; at < UINT64_MAX; at = border) {
		border = UINT64_MAX;
		size_t was = vma_at(before, &i, at, &border), is = vma_at(after, &k, at, &border);
		if (was == PT_NO_VMA && is == PT_NO_VMA)
			continue;
		bool kept = was != PT_NO_VMA && is != PT_NO_VMA && same_backing(&before->v[was], &after->v[is]) &&
			    same_place(&before->v[was], &after->v[is]);
		parts[n++] = (struct pt_vma_part){.start = at, .end = border, .was = was, .is = is, .kept = kept};
	}
	if (find_heirs(parts, n, before->n) < 0) {
		free(parts);
		return -ENOMEM;
	}
	*ret = parts;
	*ret_n = n;
	return 0;
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

/* What is known of a VMA on one side: those of the other side that it goes on in, or comes from. */
struct kin {
	size_t n;           /* that count */
	size_t main;        /* the last of them; PT_NO_VMA: none */
	uint64_t size;      /* of what it has in common with `main`, while that has other permissions */
	uint64_t low, high; /* from the lowest to the highest address of those that count */
	bool kept, moved;   /* something of it stayed; moved */
	bool same_perms;    /* one of them has its permissions */
};

struct family {
	const struct pt_vma_table *before, *after;
	const struct pt_vma_part *parts;
	size_t n_parts;
	struct kin *heirs;   /* [before->n] */
	struct kin *parents; /* [after->n] */
	struct pt_ledger_change *changes;
	size_t n;
};

static bool same_perms(const struct family *f, const struct pt_vma_part *part)
{
	return f->before->v[part->was].perms == f->after->v[part->is].perms;
}

static void count_kin(struct kin *kin, const struct pt_vma *other)
{
	if (!kin->n || other->start < kin->low)
		kin->low = other->start;
	if (!kin->n || other->end > kin->high)
		kin->high = other->end;
	kin->n++;
}

/* A VMA goes on in those with its permissions; if there are none, in the one that has most of it. */
static void choose_heirs(struct family *f)
{
	for (size_t p = 0; p < f->n_parts; p++) {
		const struct pt_vma_part *part = &f->parts[p];
		if (!part->kept)
			continue;
		struct kin *heirs = &f->heirs[part->was];
		heirs->kept = f->parents[part->is].kept = true;
		if (same_perms(f, part))
			heirs->same_perms = true;
		else if (part->end - part->start > heirs->size) {
			heirs->size = part->end - part->start;
			heirs->main = part->is;
		}
	}
}

static bool is_heir(const struct family *f, const struct pt_vma_part *part)
{
	const struct kin *heirs = &f->heirs[part->was];
	return same_perms(f, part) || (!heirs->same_perms && heirs->main == part->is);
}

/* A VMA that is nobody's heir was cut out of what was there. */
static void count_heirs(struct family *f)
{
	for (size_t p = 0; p < f->n_parts; p++)
		if (f->parts[p].kept && is_heir(f, &f->parts[p])) {
			struct kin *parents = &f->parents[f->parts[p].is];
			parents->main = f->parts[p].was;
			count_kin(parents, &f->before->v[f->parts[p].was]);
		}
	for (size_t p = 0; p < f->n_parts; p++)
		if (f->parts[p].kept && (is_heir(f, &f->parts[p]) || !f->parents[f->parts[p].is].n))
			count_kin(&f->heirs[f->parts[p].was], &f->after->v[f->parts[p].is]);
}

static void add_change(struct family *f, enum pt_vma_event what, struct pt_stretch from, struct pt_stretch to)
{
	f->changes[f->n++] = (struct pt_ledger_change){what, to.start, to.end, from.start, from.end};
}

static struct pt_stretch all_of(const struct pt_vma *vma)
{
	return (struct pt_stretch){vma->start, vma->end};
}

static void list_moves(struct family *f, const struct pt_move *moves, size_t n)
{
	for (size_t m = 0; m < n; m++) {
		size_t was = pt_vma_find(f->before, moves[m].from), is = pt_vma_find(f->after, moves[m].to);
		struct pt_stretch from = {moves[m].from, moves[m].from + moves[m].size};
		struct pt_stretch to = {moves[m].to, moves[m].to + moves[m].size};
		f->heirs[was].moved = f->parents[is].moved = true;
		add_change(f, PT_VMA_MOVED, f->heirs[was].kept ? from : all_of(&f->before->v[was]),
			   f->parents[is].kept ? to : all_of(&f->after->v[is]));
	}
}

static void list_old(struct family *f)
{
	for (size_t i = 0; i < f->before->n; i++) {
		const struct kin *heirs = &f->heirs[i];
		struct pt_stretch from = all_of(&f->before->v[i]), to = {heirs->low, heirs->high};
		if (!heirs->kept && !heirs->moved)
			add_change(f, PT_VMA_GONE, from, (struct pt_stretch){0});
		else if (heirs->n > 1)
			add_change(f, PT_VMA_SPLIT, from, to);
	}
}

static void list_new(struct family *f)
{
	for (size_t k = 0; k < f->after->n; k++) {
		const struct kin *parents = &f->parents[k];
		struct pt_stretch to = all_of(&f->after->v[k]), from = {parents->low, parents->high};
		if (!parents->kept && !parents->moved)
			add_change(f, PT_VMA_CREATED, (struct pt_stretch){0}, to);
		else if (parents->n > 1)
			add_change(f, PT_VMA_MERGED, from, to);
		else if (parents->n == 1 && f->heirs[parents->main].n == 1) {
			if (to.start < from.start || to.end > from.end)
				add_change(f, PT_VMA_GROWN, from, to);
			if (to.start > from.start || to.end < from.end)
				add_change(f, PT_VMA_SHRUNK, from, to);
		}
	}
}

static int by_address(const void *a, const void *b)
{
	const struct pt_ledger_change *x = a, *y = b;
	uint64_t at = x->what == PT_VMA_GONE ? x->from_start : x->start;
	uint64_t other = y->what == PT_VMA_GONE ? y->from_start : y->start;
	if (at == other && (x->what == PT_VMA_GONE) != (y->what == PT_VMA_GONE))
		return x->what == PT_VMA_GONE ? -1 : 1;
	return at != other ? (at > other) - (at < other) : (int)x->what - (int)y->what;
}

int pt_vma_changes(const struct pt_vma_table *before, const struct pt_vma_table *after, const struct pt_vma_part *parts,
		   size_t n_parts, const struct pt_move *moves, size_t n_moves, struct pt_ledger_change **ret,
		   size_t *ret_n)
{
	struct family f = {.before = before, .after = after, .parts = parts, .n_parts = n_parts};
	f.heirs = calloc(before->n + 1, sizeof(*f.heirs));
	f.parents = calloc(after->n + 1, sizeof(*f.parents));
	f.changes = calloc(before->n + 2 * after->n + n_moves + 1, sizeof(*f.changes));
	int error = f.heirs && f.parents && f.changes ? 0 : -ENOMEM;
	if (!error) {
		choose_heirs(&f);
		count_heirs(&f);
		list_moves(&f, moves, n_moves);
		list_old(&f);
		list_new(&f);
		qsort(f.changes, f.n, sizeof(*f.changes), by_address);
		*ret = f.changes;
		*ret_n = f.n;
		f.changes = NULL;
	}
	free(f.heirs);
	free(f.parents);
	free(f.changes);
	return error;
}
