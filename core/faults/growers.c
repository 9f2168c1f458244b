/*
 * Which stacks each VMA grew by: births that are still held, summed by VMA and stack. There may be millions of births and
 * a view every second, so of many only a part is looked at, chosen by hash, and stands for the rest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/tally_parts.h"

#define SUMS       4096u /* of VMA and stack; a power of two. More have no row */
#define LOOKED_MAX 65536u

struct grower {
	const struct pt_vma *vma;
	pt_stack_id stack;
	uint64_t pages; /* 0: free */
};

struct growers {
	const struct pt_tally *tally;
	const struct pt_vma *vma; /* of the last birth */
	struct grower sums[SUMS];
};

static struct grower *find(struct growers *g, const struct pt_vma *vma, pt_stack_id stack)
{
	uint64_t hash = (vma->start >> 12 ^ (uint64_t)stack << 40) * 0x9e3779b97f4a7c15ull;
	for (size_t i = 0; i < SUMS; i++) {
		struct grower *sum = &g->sums[((hash >> 32) + i) & (SUMS - 1)];
		if (!sum->pages || (sum->vma == vma && sum->stack == stack))
			return sum;
	}
	return NULL;
}

/* What was unmapped since grew nothing that is there. */
static void add_birth(void *arg, uint64_t address, uint64_t pages, pt_stack_id stack)
{
	struct growers *g = arg;
	if (!g->vma || !pt_vma_covers(g->vma, address))
		g->vma = pt_tally_vma_at(g->tally, address);
	struct grower *sum = g->vma && stack ? find(g, g->vma, stack) : NULL;
	if (!sum)
		return;
	sum->vma = g->vma;
	sum->stack = stack;
	sum->pages += pages;
}

static int by_pages(const void *a, const void *b)
{
	const struct grower *x = a, *y = b;
	return (x->pages < y->pages) - (x->pages > y->pages);
}

static int make_rows(struct growers *g, unsigned shift, size_t rows, struct pt_fault_view *ret)
{
	size_t n = 0;
	qsort(g->sums, SUMS, sizeof(*g->sums), by_pages);
	while (n < SUMS && n < rows && g->sums[n].pages)
		n++;
	ret->growers = calloc(n + 1, sizeof(*ret->growers));
	if (!ret->growers)
		return -ENOMEM;
	for (; ret->n_growers < n; ret->n_growers++) {
		const struct grower *sum = &g->sums[ret->n_growers];
		struct pt_fault_grower *row = &ret->growers[ret->n_growers];
		*row = (struct pt_fault_grower){
			.start = sum->vma->start,
			.role = (enum pt_role)sum->vma->role,
			.name = strdup(sum->vma->path),
			.stack = sum->stack,
			.bytes = sum->pages << shift,
		};
		if (!row->name)
			return -ENOMEM;
	}
	return 0;
}

int pt_tally_growers(struct pt_tally *t, size_t rows, struct pt_fault_view *ret)
{
	struct growers *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->tally = t;
	pt_births_each(t->births, LOOKED_MAX, add_birth, g);
	int error = make_rows(g, t->page_shift, rows, ret);
	ret->growers_known = !error;
	free(g);
	return error;
}
