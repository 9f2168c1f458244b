/*
 * Folding deltas: see fold.h. Most deltas only put chunks in the place of others, which is done on the spot; where
 * slots come or go, both lists are merged into a second array.
 */
#include "core/history/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pt_pairs pt_pairs_of(const struct pt_slot *a, size_t a_n, const struct pt_slot *b, size_t b_n)
{
	return (struct pt_pairs){.a = a, .a_end = a ? a + a_n : NULL, .b = b, .b_end = b ? b + b_n : NULL};
}

bool pt_next_pair(struct pt_pairs *p, const struct pt_slot **ret_a, const struct pt_slot **ret_b)
{
	bool has_a = p->a != p->a_end, has_b = p->b != p->b_end;
	if (!has_a && !has_b)
		return false;
	bool take_a = has_a && (!has_b || p->a->index <= p->b->index);
	bool take_b = has_b && (!take_a || p->a->index == p->b->index);
	*ret_a = take_a ? p->a++ : NULL;
	*ret_b = take_b ? p->b++ : NULL;
	return true;
}

size_t pt_slots_lower(const struct pt_slot *slots, size_t n, size_t at, uint64_t index)
{
	size_t low = at, high = n;
	if (low < n && slots[low].index >= index) /* neighbours follow each other */
		return low;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (slots[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int pt_fold_begin(struct pt_fold *fold, const struct pt_snapshot *snapshot)
{
	if (!snapshot || !snapshot->n_slots)
		return 0;
	size_t from = pt_snapshot_lower(snapshot, fold->first), n = snapshot->n_slots - from;
	fold->v = malloc((n + 1) * sizeof(*fold->v));
	if (!fold->v)
		return -ENOMEM;
	fold->room = n + 1;
	memcpy(fold->v, snapshot->slots + from, n * sizeof(*fold->v));
	while (n && fold->v[n - 1].index > fold->last)
		n--;
	fold->n = n;
	return 0;
}

void pt_fold_free(struct pt_fold *fold)
{
	free(fold->v);
	free(fold->spare);
	fold->v = fold->spare = NULL;
}

static void take_rereads(struct pt_fold *fold, const struct pt_delta *delta)
{
	size_t at = 0;
	for (size_t i = 0; i < delta->n_reread; i++) {
		const struct pt_reread *reread = &delta->reread[i];
		at = pt_slots_lower(fold->v, fold->n, at, reread->first);
		for (; at < fold->n && fold->v[at].index <= reread->last; at++)
			fold->v[at].read_ns = reread->read_ns;
	}
}

/* Changed slots, and who is told of them. */
struct change {
	const struct pt_slot *at, *end;
	pt_fold_fn each;
	void *arg;
};

static void tell(const struct change *change, uint64_t index, const struct pt_slot *old, const struct pt_slot *now)
{
	if (change->each)
		change->each(change->arg, index, old ? old->chunk : NULL, now->chunk);
}

/* As long as chunks take the place of others; returns where in the fold that ended. */
static size_t replace(struct pt_fold *fold, struct change *change)
{
	size_t at = 0;
	for (; change->at < change->end; change->at++) {
		at = pt_slots_lower(fold->v, fold->n, at, change->at->index);
		if (!change->at->chunk || at >= fold->n || fold->v[at].index != change->at->index)
			break;
		tell(change, change->at->index, &fold->v[at], change->at);
		fold->v[at] = *change->at;
	}
	return at;
}

static int make_spare(struct pt_fold *fold, size_t n)
{
	if (n <= fold->spare_room)
		return 0;
	free(fold->spare);
	fold->spare_room = n + n / 4;
	fold->spare = malloc(fold->spare_room * sizeof(*fold->spare));
	if (!fold->spare)
		fold->spare_room = 0;
	return fold->spare ? 0 : -ENOMEM;
}

/* The slots from `at` on beside the changes that are left. */
static int merge(struct pt_fold *fold, size_t at, const struct change *change)
{
	size_t left = (size_t)(change->end - change->at), n = at;
	const struct pt_slot *old, *now;
	if (make_spare(fold, fold->n + left))
		return -ENOMEM;
	if (at && fold->v)
		memcpy(fold->spare, fold->v, at * sizeof(*fold->v));
	struct pt_pairs pairs = pt_pairs_of(fold->v ? fold->v + at : NULL, fold->n - at, change->at, left);
	while (pt_next_pair(&pairs, &old, &now)) {
		const struct pt_slot *taken = now ? now : old;
		if (now)
			tell(change, now->index, old, now);
		if (taken->chunk)
			fold->spare[n++] = *taken;
	}
	struct pt_slot *was = fold->v;
	size_t room = fold->room;
	fold->v = fold->spare;
	fold->room = fold->spare_room;
	fold->spare = was;
	fold->spare_room = room;
	fold->n = n;
	return 0;
}

int pt_fold_step(struct pt_fold *fold, const struct pt_delta *delta, pt_fold_fn each, void *arg)
{
	const struct pt_slot *changed = delta->changed;
	size_t first = pt_slots_lower(changed, delta->n_changed, 0, fold->first), end = delta->n_changed;
	if (fold->last != UINT64_MAX)
		end = pt_slots_lower(changed, end, first, fold->last + 1);
	if (delta->whole)
		fold->n = 0;
	take_rereads(fold, delta);
	if (first >= end)
		return 0;
	struct change change = {.at = changed + first, .end = changed + end, .each = each, .arg = arg};
	size_t at = replace(fold, &change);
	return change.at < change.end ? merge(fold, at, &change) : 0;
}
