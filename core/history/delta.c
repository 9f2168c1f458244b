/*
 * Deltas: see delta.h. Two lists of slots in the order of their indices are walked side by side throughout: to make a
 * delta, to apply it (fold.c), and to join two.
 */
#include "core/history/delta.h"

#include <errno.h>
#include <stdlib.h>

#include "core/history/fold.h"

struct pt_delta *pt_delta_ref(struct pt_delta *delta)
{
	__atomic_fetch_add(&delta->refs, 1, __ATOMIC_RELAXED);
	return delta;
}

static void unref_chunks(const struct pt_slot *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pt_chunk_unref(slots[i].chunk);
}

void pt_delta_unref(struct pt_delta *delta)
{
	if (!delta || __atomic_sub_fetch(&delta->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	unref_chunks(delta->changed, delta->n_changed);
	pt_snapshot_unref(delta->head);
	free(delta->changed);
	free(delta->reread);
	free(delta);
}

/*
 * From parts, which it takes over, also when it fails: one reference to the head and to each chunk, and the arrays (from
 * malloc; NULL if empty). 0 or -ENOMEM.
 */
static int delta_of(struct pt_snapshot *head, struct pt_slot *changed, size_t n_changed, struct pt_reread *reread,
		    size_t n_reread, bool whole, struct pt_delta **ret)
{
	struct pt_delta *delta = malloc(sizeof(*delta));
	if (!delta) {
		unref_chunks(changed, n_changed);
		pt_snapshot_unref(head);
		free(changed);
		free(reread);
		return -ENOMEM;
	}
	*delta = (struct pt_delta){.head = head,
				   .changed = changed,
				   .n_changed = n_changed,
				   .reread = reread,
				   .n_reread = n_reread,
				   .whole = whole,
				   .refs = 1};
	*ret = delta;
	return 0;
}

size_t pt_delta_bytes(const struct pt_delta *delta)
{
	const size_t overhead = 16; /* malloc's, about, of four blocks */
	return sizeof(*delta) + sizeof(*delta->head) + delta->n_changed * sizeof(*delta->changed) +
	       delta->n_reread * sizeof(*delta->reread) + 4 * overhead;
}

const struct pt_slot *pt_delta_find(const struct pt_delta *delta, uint64_t index)
{
	size_t i = pt_slots_lower(delta->changed, delta->n_changed, 0, index);
	return i < delta->n_changed && delta->changed[i].index == index ? &delta->changed[i] : NULL;
}

/* ---- making ----------------------------------------------------------------------------------------------------- */

/* What differs, with references to its chunks; where the arrays are NULL it is only counted. */
struct differences {
	struct pt_slot *changed;
	struct pt_reread *reread;
	size_t n_changed, n_reread;
};

static void note_changed(struct differences *d, uint64_t index, const struct pt_slot *now)
{
	if (d->changed)
		d->changed[d->n_changed] = now ? *now : (struct pt_slot){.index = index};
	if (d->changed && now)
		pt_chunk_ref(now->chunk);
	d->n_changed++;
}

/* `last_ns` is of the stretch that may go on here; 0: none may. */
static void note_reread(struct differences *d, const struct pt_slot *now, uint64_t last_ns)
{
	bool goes_on = last_ns && last_ns == now->read_ns;
	d->n_reread += !goes_on;
	if (d->reread && goes_on)
		d->reread[d->n_reread - 1].last = now->index;
	else if (d->reread)
		d->reread[d->n_reread - 1] =
			(struct pt_reread){.first = now->index, .last = now->index, .read_ns = now->read_ns};
}

static struct differences compare(const struct pt_snapshot *before, const struct pt_snapshot *after,
				  struct differences d)
{
	struct pt_pairs pairs = pt_pairs_of(before ? before->slots : NULL, before ? before->n_slots : 0, after->slots,
					    after->n_slots);
	const struct pt_slot *old, *now;
	uint64_t last_ns = 0;
	while (pt_next_pair(&pairs, &old, &now)) {
		if (!old || !now || old->chunk != now->chunk) {
			note_changed(&d, old ? old->index : now->index, now);
		} else if (old->read_ns != now->read_ns) {
			note_reread(&d, now, last_ns);
			last_ns = now->read_ns;
		} else {
			last_ns = 0;
		}
	}
	return d;
}

int pt_delta_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_delta **ret)
{
	struct differences n = compare(before, after, (struct differences){0});
	struct pt_snapshot *head = pt_snapshot_head(after);
	struct pt_slot *changed = n.n_changed ? calloc(n.n_changed, sizeof(*changed)) : NULL;
	struct pt_reread *reread = n.n_reread ? malloc(n.n_reread * sizeof(*reread)) : NULL;
	if (!head || (n.n_changed && !changed) || (n.n_reread && !reread)) {
		pt_snapshot_unref(head);
		free(changed);
		free(reread);
		return -ENOMEM;
	}
	compare(before, after, (struct differences){.changed = changed, .reread = reread});
	return delta_of(head, changed, n.n_changed, reread, n.n_reread, !before, ret);
}

/* ---- applying --------------------------------------------------------------------------------------------------- */

static int apply_all(struct pt_fold *fold, const struct pt_snapshot *before, struct pt_delta *const *deltas, size_t n)
{
	size_t first = n;
	while (first > 1 && !deltas[first - 1]->whole) /* what comes before a whole one does not count */
		first--;
	int error = pt_fold_begin(fold, before);
	for (size_t i = first - 1; i < n && !error; i++)
		error = pt_fold_step(fold, deltas[i], NULL, NULL);
	return error;
}

/* Takes over the slots, as many as there are. */
static struct pt_slot *take_slots(struct pt_fold *fold)
{
	struct pt_slot *slots = fold->v, *exact;
	for (size_t i = 0; i < fold->n; i++)
		pt_chunk_ref(slots[i].chunk);
	exact = fold->n ? realloc(slots, fold->n * sizeof(*slots)) : NULL;
	fold->v = NULL;
	return exact ? exact : slots;
}

int pt_delta_apply(const struct pt_snapshot *before, struct pt_delta *const *deltas, size_t n, struct pt_snapshot **ret)
{
	struct pt_fold fold = {.last = UINT64_MAX};
	struct pt_snapshot *snapshot = pt_snapshot_head(deltas[n - 1]->head);
	int error = snapshot ? apply_all(&fold, before, deltas, n) : -ENOMEM;
	if (!error)
		error = pt_snapshot_set_slots(snapshot, before, take_slots(&fold), fold.n);
	pt_fold_free(&fold);
	if (error)
		pt_snapshot_unref(snapshot);
	else
		*ret = snapshot;
	return error;
}

/* ---- joining ---------------------------------------------------------------------------------------------------- */

/* Stretches that were read again, with a finger on the one at hand; indices are asked for in ascending order. */
struct finger {
	const struct pt_reread *at, *end;
};

static void reread_slot(struct finger *f, struct pt_slot *slot)
{
	while (f->at < f->end && f->at->last < slot->index)
		f->at++;
	if (slot->chunk && f->at < f->end && f->at->first <= slot->index)
		slot->read_ns = f->at->read_ns;
}

/* The changed slots of both, those of the second first; returns how many. */
static size_t join_changed(const struct pt_delta *first, const struct pt_delta *second, struct pt_slot *to)
{
	struct pt_pairs pairs = pt_pairs_of(first->changed, first->n_changed, second->changed, second->n_changed);
	struct finger finger = {second->reread, second->n_reread ? second->reread + second->n_reread : second->reread};
	const struct pt_slot *older, *newer;
	size_t n = 0;
	while (pt_next_pair(&pairs, &older, &newer)) {
		struct pt_slot slot = newer ? *newer : *older;
		if (!newer)
			reread_slot(&finger, &slot);
		if (slot.chunk)
			pt_chunk_ref(slot.chunk);
		if (slot.chunk || !first->whole)
			to[n++] = slot;
	}
	return n;
}

struct rereads {
	struct pt_reread *v;
	size_t n;
};

static void add_reread(struct rereads *to, uint64_t first, uint64_t last, uint64_t read_ns)
{
	struct pt_reread *end = to->n ? &to->v[to->n - 1] : NULL;
	if (end && end->last + 1 == first && end->read_ns == read_ns)
		end->last = last;
	else
		to->v[to->n++] = (struct pt_reread){.first = first, .last = last, .read_ns = read_ns};
}

/* The stretches of both; where they overlap the second's count. At most first's + twice second's + 1 of them. */
static size_t join_rereads(const struct pt_delta *first, const struct pt_delta *second, struct pt_reread *v)
{
	const struct pt_reread *a = first->reread, *a_end = first->n_reread ? a + first->n_reread : a;
	struct rereads to = {.v = v};
	uint64_t from = 0; /* what lies before it is done */
	for (size_t i = 0;; i++) {
		uint64_t stop = i < second->n_reread ? second->reread[i].first : UINT64_MAX;
		for (; a < a_end && a->first < stop; a++) {
			uint64_t low = a->first > from ? a->first : from, high = a->last < stop ? a->last : stop - 1;
			if (low <= high)
				add_reread(&to, low, high, a->read_ns);
			if (a->last >= stop)
				break;
		}
		if (i == second->n_reread)
			return to.n;
		add_reread(&to, stop, second->reread[i].last, second->reread[i].read_ns);
		from = second->reread[i].last + 1;
	}
}

int pt_delta_join(struct pt_delta *first, struct pt_delta *second, struct pt_delta **ret)
{
	size_t n_changed = first->n_changed + second->n_changed, n_reread = 0;
	if (second->whole) {
		*ret = pt_delta_ref(second);
		return 0;
	}
	struct pt_snapshot *head = pt_snapshot_ref(second->head);
	struct pt_slot *changed = malloc((n_changed + 1) * sizeof(*changed));
	struct pt_reread *reread = malloc((first->n_reread + 2 * second->n_reread + 1) * sizeof(*reread));
	if (!changed || !reread) {
		pt_snapshot_unref(head);
		free(changed);
		free(reread);
		return -ENOMEM;
	}
	n_changed = join_changed(first, second, changed);
	if (!first->whole)
		n_reread = join_rereads(first, second, reread);
	struct pt_slot *exact = realloc(changed, (n_changed + 1) * sizeof(*changed));
	struct pt_reread *exact_reread = realloc(reread, (n_reread + 1) * sizeof(*reread));
	return delta_of(head, exact ? exact : changed, n_changed, exact_reread ? exact_reread : reread, n_reread,
			first->whole, ret);
}
