/*
 * Rows of VMAs made one where their VMAs are: one that grew downwards has another first address, and one that was merged
 * is part of its neighbour. What was unmapped keeps its row, until something larger is mapped over it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults/tally_parts.h"

struct place {
	uint64_t start;
	struct pt_tally_vma *row;
};

static int by_start(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static bool have_one_name(const struct pt_tally_vma *a, const struct pt_tally_vma *b)
{
	return !a->name || !b->name || !strcmp(a->name, b->name);
}

/* Whether b, which begins above a, is part of it now: by the newest snapshot, or by a later fault that found a so large. */
static bool is_part(const struct pt_tally *t, const struct place *a, const struct place *b)
{
	const struct pt_vma *vma = pt_tally_vma_at(t, b->start);
	if (vma && vma->start <= a->start)
		return true;
	return b->start < a->row->end && b->row->last_ns <= a->row->last_ns && have_one_name(a->row, b->row);
}

static void absorb(struct pt_tally *t, struct pt_tally_vma *into, const struct place *part)
{
	pt_sum_join(&into->sum, &t->clock, &part->row->sum);
	into->born += part->row->born;
	if (part->row->last_ns > into->last_ns) {
		into->last_ns = part->row->last_ns;
		into->end = part->row->end;
	}
	free(part->row->name);
	pt_heavy_drop(t->tables[PT_TALLY_VMAS], part->start);
}

int pt_tally_merge_vmas(struct pt_tally *t)
{
	const struct pt_heavy *vmas = t->tables[PT_TALLY_VMAS];
	size_t n = 0;
	if (!t->vmas_moved)
		return 0;
	struct place *places = malloc((pt_heavy_n(vmas) + 1) * sizeof(*places)), *last = places;
	if (!places)
		return -ENOMEM;
	for (size_t at = 0; (places[n].row = pt_heavy_next(vmas, &at, &places[n].start));)
		n++;
	qsort(places, n, sizeof(*places), by_start);
	for (size_t i = 1; i < n; i++)
		if (is_part(t, last, &places[i]))
			absorb(t, last->row, &places[i]);
		else
			last = &places[i];
	free(places);
	t->vmas_moved = false;
	return 0;
}
