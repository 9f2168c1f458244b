/*
 * Slots: a growing array of (index, chunk) in address order, each with a reference to its chunk. What a snapshot is
 * made of, while it is being made.
 */
#ifndef PT_SCAN_SLOTS_H
#define PT_SCAN_SLOTS_H

#include "core/model/snapshot.h"

struct pt_slots {
	struct pt_slot *v;
	size_t n, room;
};

/* Takes over the reference, also when it fails (-ENOMEM). Indices only grow. */
int pt_slots_push(struct pt_slots *slots, uint64_t index, struct pt_chunk *chunk, uint64_t read_ns);
/* Appends those of `from` whose index is >= first, with references of their own. */
int pt_slots_push_from(struct pt_slots *slots, const struct pt_slots *from, uint64_t first);
void pt_slots_free(struct pt_slots *slots);

#endif
