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

/*
 * Decides what becomes of one chunk: *ret gets a slot with a reference of its own, or a NULL chunk for "nothing there".
 * `old` and `found` are borrowed; one of them may be NULL. 0 or -errno.
 */
typedef int (*pt_slot_fn)(void *arg, const struct pt_slot *old, const struct pt_slot *found, struct pt_slot *ret);

/*
 * Puts `found` in the place of what lies in the stretches (ascending, apart, of whole chunks; a chunk is
 * PT_CHUNK_PAGES << page_shift bytes), as `each` decides. What lies outside stays. After an error the slots are fit to
 * be freed only.
 */
int pt_slots_splice(struct pt_slots *slots, const struct pt_stretch *stretches, size_t n, unsigned page_shift,
		    const struct pt_slots *found, pt_slot_fn each, void *arg);

void pt_slots_free(struct pt_slots *slots);

#endif
