/*
 * Differences of sums, pair by pair; see growth.h.
 */
#include "core/history/growth.h"

#include <errno.h>
#include <stdlib.h>

struct ranked {
	struct pt_vma_pair pair;
	uint64_t weight; /* by how many bytes of memory and swap it changed */
	size_t place;
};

static struct pt_maybe bytes_of(const struct pt_snapshot *s, size_t vma, enum pt_sum what)
{
	return vma == PT_NO_VMA ? (struct pt_maybe){.known = true} : pt_snapshot_bytes(s, vma, what);
}

static struct pt_grew difference(struct pt_maybe before, struct pt_maybe after)
{
	return (struct pt_grew){.value = (int64_t)(after.value - before.value), .known = before.known && after.known};
}

static struct pt_grew pair_grew(const struct pt_growth *g, struct pt_vma_pair pair, enum pt_sum what)
{
	return difference(bytes_of(g->before, pair.was, what), bytes_of(g->after, pair.is, what));
}

static uint64_t weight_of(const struct pt_growth *g, struct pt_vma_pair pair)
{
	uint64_t weight = 0;
	static const enum pt_sum weighed[] = {PT_SUM_RSS, PT_SUM_SWAP, PT_SUM_HUGETLB};
	for (size_t i = 0; i < sizeof(weighed) / sizeof(*weighed); i++) {
		int64_t by = pair_grew(g, pair, weighed[i]).value;
		weight += by < 0 ? -(uint64_t)by : (uint64_t)by;
	}
	return weight;
}

static int heaviest_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

static int rank(struct pt_growth *g)
{
	struct ranked *ranked = malloc((g->pairs.n + 1) * sizeof(*ranked));
	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < g->pairs.n; i++)
		ranked[i] = (struct ranked){g->pairs.v[i], weight_of(g, g->pairs.v[i]), i};
	qsort(ranked, g->pairs.n, sizeof(*ranked), heaviest_first);
	for (size_t i = 0; i < g->pairs.n; i++)
		g->pairs.v[i] = ranked[i].pair;
	free(ranked);
	return 0;
}

int pt_growth_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_growth *ret)
{
	struct pt_growth g = {.before = before, .after = after};
	int error = pt_ledger_make(before, after, &g.ledger);
	if (error)
		return error;
	g.same_run = !g.ledger.other_image;
	error = g.same_run
			? pt_vma_pairs_by_place(before->vmas, after->vmas, g.ledger.moves, g.ledger.n_moves, &g.pairs)
			: pt_vma_pairs_by_role(before->vmas, after->vmas, &g.pairs);
	if (!error)
		error = rank(&g);
	if (error) {
		pt_growth_free(&g);
		return error;
	}
	*ret = g;
	return 0;
}

void pt_growth_free(struct pt_growth *growth)
{
	pt_vma_pairs_free(&growth->pairs);
	pt_ledger_free(&growth->ledger);
	*growth = (struct pt_growth){0};
}

struct pt_grew pt_growth_of_pair(const struct pt_growth *g, size_t i, enum pt_sum what)
{
	return pair_grew(g, g->pairs.v[i], what);
}

struct pt_maybe pt_growth_role_bytes(const struct pt_snapshot *s, enum pt_role role, enum pt_sum what)
{
	struct pt_maybe sum = {.known = true};
	if (role == PT_ROLE_N)
		return pt_snapshot_bytes(s, s->vmas->n, what);
	for (size_t i = 0; i < s->vmas->n; i++) {
		if (s->vmas->v[i].role != role)
			continue;
		struct pt_maybe bytes = pt_snapshot_bytes(s, i, what);
		sum.value += bytes.value;
		sum.known &= bytes.known;
	}
	return sum;
}

struct pt_grew pt_growth_of_role(const struct pt_growth *g, enum pt_role role, enum pt_sum what)
{
	return difference(pt_growth_role_bytes(g->before, role, what), pt_growth_role_bytes(g->after, role, what));
}

struct pt_maybe pt_growth_born(const struct pt_growth *g, size_t i)
{
	if (!g->same_run)
		return (struct pt_maybe){0};
	if (i < g->pairs.n && g->pairs.v[i].is == PT_NO_VMA)
		return (struct pt_maybe){.known = true};
	const struct pt_vma *vma = i < g->pairs.n ? &g->after->vmas->v[g->pairs.v[i].is] : NULL;
	struct pt_maybe born = pt_ledger_pages(&g->ledger, vma ? vma->start : 0, vma ? vma->end : 0, PT_BORN);
	born.value <<= g->after->page_shift;
	return born;
}
