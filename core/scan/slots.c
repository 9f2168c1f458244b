/*
 * A growing array of chunks, and what takes the place of a part of them; see slots.h.
 */
#include "core/scan/slots.h"

#include <errno.h>
#include <stdlib.h>

int pt_slots_push(struct pt_slots *slots, uint64_t index, struct pt_chunk *chunk, uint64_t read_ns)
{
	if (slots->n == slots->room) {
		size_t room = slots->room ? slots->room * 2 : 64;
		struct pt_slot *v = chunk ? realloc(slots->v, room * sizeof(*v)) : NULL;
		if (!v) {
			pt_chunk_unref(chunk);
			return -ENOMEM;
		}
		slots->v = v;
		slots->room = room;
	}
	if (!chunk)
		return -ENOMEM;
	slots->v[slots->n++] = (struct pt_slot){.index = index, .chunk = chunk, .read_ns = read_ns};
	return 0;
}

int pt_slots_push_from(struct pt_slots *slots, const struct pt_slots *from, uint64_t first)
{
	int error = 0;
	for (size_t i = 0; i < from->n && !error; i++)
		if (from->v[i].index >= first)
			error = pt_slots_push(slots, from->v[i].index, pt_chunk_ref(from->v[i].chunk),
					      from->v[i].read_ns);
	return error;
}

/* ---- splicing --------------------------------------------------------------------------------------------------- */

/* Stretches with a finger on the one at hand; indices are asked for in ascending order. */
struct finger {
	const struct pt_stretch *at, *end;
	unsigned shift; /* from addresses to indices */
};

static bool inside(struct finger *f, uint64_t index)
{
	while (f->at < f->end && f->at->end >> f->shift <= index)
		f->at++;
	return f->at < f->end && f->at->start >> f->shift <= index;
}

static unsigned chunk_shift(unsigned page_shift)
{
	return page_shift + (unsigned)__builtin_ctz(PT_CHUNK_PAGES);
}

static int decide(struct pt_slots *to, const struct pt_slot *old, const struct pt_slot *found, pt_slot_fn each,
		  void *arg)
{
	struct pt_slot slot = {0};
	int error = each(arg, old, found, &slot);
	return error || !slot.chunk ? error : pt_slots_push(to, slot.index, slot.chunk, slot.read_ns);
}

/* The references of `from` go over to `to`, or are given up. */
static int splice(struct pt_slots *to, struct pt_slots *from, struct finger finger, const struct pt_slots *found,
		  pt_slot_fn each, void *arg)
{
	size_t i = 0, k = 0;
	int error = 0;
	while (!error && (i < from->n || k < found->n)) {
		bool take_old = i < from->n && (k == found->n || from->v[i].index <= found->v[k].index);
		bool take_new = k < found->n && (i == from->n || found->v[k].index <= from->v[i].index);
		if (take_old && !take_new && !inside(&finger, from->v[i].index)) {
			to->v[to->n++] = from->v[i++];
			continue;
		}
		error = decide(to, take_old ? &from->v[i] : NULL, take_new ? &found->v[k] : NULL, each, arg);
		if (take_old)
			pt_chunk_unref(from->v[i].chunk);
		i += take_old;
		k += take_new;
	}
	for (; i < from->n; i++)
		pt_chunk_unref(from->v[i].chunk);
	return error;
}

int pt_slots_splice(struct pt_slots *slots, const struct pt_stretch *stretches, size_t n, unsigned page_shift,
		    const struct pt_slots *found, pt_slot_fn each, void *arg)
{
	struct pt_slots to = {.room = slots->n + found->n};
	struct finger finger = {.at = stretches, .end = stretches + n, .shift = chunk_shift(page_shift)};
	if (!to.room)
		return 0;
	to.v = malloc(to.room * sizeof(*to.v));
	if (!to.v)
		return -ENOMEM;
	int error = splice(&to, slots, finger, found, each, arg);
	free(slots->v);
	*slots = to;
	return error;
}

void pt_slots_free(struct pt_slots *slots)
{
	for (size_t i = 0; i < slots->n; i++)
		pt_chunk_unref(slots->v[i].chunk);
	free(slots->v);
	*slots = (struct pt_slots){0};
}
