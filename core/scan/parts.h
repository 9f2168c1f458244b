/*
 * Parts: what a scan has found so far and not yet made chunks of. A part is a stretch of one VMA; its pagemap entries,
 * and what was read of their frames, lie side by side in flat arrays. Parts are in address order and apart from each
 * other, and as many as adjoin are read by one system call. The arrays are lent by whoever uses it; one thread at a time.
 */
#ifndef PT_SCAN_PARTS_H
#define PT_SCAN_PARTS_H

#include "core/scan/walk.h"

/* Of kpageflags, all that anyone here asks for, in 32 bits; and whether it and kpagecount were read. 0: neither. */
typedef uint32_t pt_frame_word;
#define PT_FRAME_HAS_FLAGS (1u << 30)
#define PT_FRAME_HAS_COUNT (1u << 31)

struct pt_part {
	uint64_t page; /* number of its first one */
	uint32_t n;    /* pages */
	uint32_t at; /* where its n entries are; of a whole part one stands for all; of presence alone there are none */
	uint32_t vma;
	uint16_t categories; /* PS_*; 0: a guess, which has holes */
	bool whole;          /* mapped by one PMD: its frames follow the first one */
};

struct pt_frame_arrays {
	uint64_t *entries;    /* of pagemap */
	pt_frame_word *words; /* what is known of the frame */
	uint16_t *counts;     /* of kpagecount; means something where the word says so */
};

struct pt_parts {
	struct pt_target *target; /* borrowed */
	struct pt_part *v;
	size_t n, room;
	/* [n_entries], borrowed; see pt_frame_arrays */
	uint64_t *entries;
	pt_frame_word *words;
	uint16_t *counts;
	size_t n_entries, entry_room;
	/* the tail of all this, which is still to be read from pagemap */
	size_t unread_part, unread;
	uint64_t pages;    /* in regions; of guesses those that were found */
	uint64_t began_ns; /* CLOCK_MONOTONIC before the first of them was looked for or read; 0: none was */
};

void pt_parts_free(struct pt_parts *parts);
/* Forgets all parts and keeps the arrays. */
void pt_parts_clear(struct pt_parts *parts, struct pt_target *target);

/* Has the entries put elsewhere from now on, those that are there as well. */
void pt_parts_lend(struct pt_parts *parts, struct pt_frame_arrays arrays, size_t room);

/* Whether a region goes on where the unread ones end, and can be read along with them. */
bool pt_parts_adjoins(const struct pt_parts *parts, const struct pt_region *region);
/* Adds a region: all that is to be known of it, or to be read by pt_parts_read(). 0 or -errno. */
int pt_parts_add_known(struct pt_parts *parts, const struct pt_region *region);
int pt_parts_add(struct pt_parts *parts, const struct pt_region *region);
/* Adds a chunk that is mapped by one PMD, as the region says. Its last page is asked as well, unless `certain`: its flags
 * will tell. Nothing may be unread. */
int pt_parts_add_whole(struct pt_parts *parts, const struct pt_region *region, bool certain);

/* Reads what is unread. 0 or -errno. */
int pt_parts_read(struct pt_parts *parts);
/* Takes back what lies at and behind a page number; only guesses, and all of them read. */
void pt_parts_cut(struct pt_parts *parts, uint64_t page);

#endif
