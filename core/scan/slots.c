/*
 * A growing array of chunks; see slots.h.
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

void pt_slots_free(struct pt_slots *slots)
{
	for (size_t i = 0; i < slots->n; i++)
		pt_chunk_unref(slots->v[i].chunk);
	free(slots->v);
	*slots = (struct pt_slots){0};
}
