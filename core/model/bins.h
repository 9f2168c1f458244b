/*
 * Bins: what a heat-map cell or a strip cell covers, summed. An axis lays VMAs end to end as one line of pages (one
 * VMA, some, or the whole process); a bin is a stretch of that line. A bin over whole chunks adds cached sums, so
 * filling costs what the screen holds plus the chunks that exist there, not the address space.
 */
#ifndef PT_MODEL_BINS_H
#define PT_MODEL_BINS_H

#include "core/model/snapshot.h"

struct pt_axis {
	size_t n;        /* VMAs on it */
	uint64_t pages;  /* length */
	size_t *vma;     /* [n] index into the snapshot's VMA table */
	uint64_t *first; /* [n] position of that VMA's first page on the axis */
	unsigned page_shift;
};

/* The VMAs first .. first+n-1 end to end. 0 or -ENOMEM; [vsyscall] is left out. Free with pt_axis_free. */
int pt_axis_init(struct pt_axis *axis, const struct pt_snapshot *snapshot, size_t first, size_t n);
void pt_axis_free(struct pt_axis *axis);

/* Position of an address, or of the next one above that is on the axis; axis->pages if none. And back again. */
uint64_t pt_axis_position(const struct pt_axis *axis, const struct pt_snapshot *snapshot, uint64_t addr);
uint64_t pt_axis_address(const struct pt_axis *axis, const struct pt_snapshot *snapshot, uint64_t position);
/* The addresses of positions from `first` on, as far as they lie in one VMA and before `end`; returns how many positions. */
uint64_t pt_axis_piece(const struct pt_axis *axis, const struct pt_snapshot *snapshot, uint64_t first, uint64_t end,
		       struct pt_stretch *ret);
/* Index of the VMA at a position; vmas->n past the end. */
size_t pt_axis_vma(const struct pt_axis *axis, const struct pt_snapshot *snapshot, uint64_t position);

/*
 * The addresses of the positions [first, end) of an axis as at most `max` stretches, ascending; returns how many.
 * VMAs that lie less than a chunk apart share one, gap included, since chunks are read whole. Where there are more,
 * those nearest to the position `centre` on the axis are kept.
 */
size_t pt_axis_stretches(const struct pt_axis *axis, const struct pt_snapshot *snapshot, uint64_t first, uint64_t end,
			 uint64_t centre, struct pt_stretch *ret, size_t max);
/* Sorts stretches, and merges those that overlap or lie less than a chunk apart. Returns how many stay. */
size_t pt_stretches_merge(const struct pt_snapshot *s, struct pt_stretch *stretches, size_t n);

/* What only a series of snapshots tells of the pages in a bin: core/history/life.h. */
struct pt_bin_life {
	bool known;          /* it was filled in; filling and updating bins forgets it */
	uint64_t held;       /* pages that hold memory or swap */
	uint64_t from_start; /* those of them that were there when watching began */
	uint64_t changed;    /* pages that changed since some time */
	uint64_t age_ns;     /* of those held, on average; of those from the start, what is known of it */
};

/* What a hunt tells of them (core/hunt/heappages.h): pages, by what of the heap is on them. */
struct pt_bin_heap {
	bool known; /* a hunt was there; filling and updating bins forgets it */
	uint64_t live, mixed, leaked, free, own;
	uint64_t lost_bytes, free_bytes;
};

/* What an index of owners tells of them (core/owners/sharing.h): with whom most that are shared are. */
struct pt_bin_share {
	bool known;     /* it was filled in; filling and updating bins forgets it */
	unsigned group; /* of sharers, as whoever filled it in tells them apart */
	uint64_t pages; /* that those share */
};

/* On which memory node most of them are (core/machine/nodes.h). */
struct pt_bin_place {
	bool known;        /* it was filled in; filling and updating bins forgets it */
	unsigned node;     /* of those there are, by position */
	uint64_t pages;    /* on that */
	uint64_t unplaced; /* of which it is not known */
};

struct pt_bin {
	uint64_t pages; /* pages of the axis in this bin; 0 past its end */
	struct pt_counts sum;
	uint64_t oldest_ns; /* when the stalest of its chunks was read, as pt_snapshot_oldest; PT_NO_AGE: none was */
	struct pt_bin_life life;
	struct pt_bin_heap heap;
	struct pt_bin_share share;
	struct pt_bin_place place;
	bool changed; /* some page in it is not as in the `before` snapshot */
};

/* Whether something in a bin is older than the interval asks for. */
static inline bool pt_bin_is_old(const struct pt_bin *bin, const struct pt_snapshot *snapshot)
{
	return bin->oldest_ns < snapshot->fresh_ns;
}

/*
 * Fills n bins of pages_per_bin pages each from position `first` on. `before` (may be NULL) is an earlier snapshot to
 * mark changes against. Chunks that both share did not change.
 */
void pt_bins_fill(const struct pt_axis *axis, const struct pt_snapshot *snapshot, const struct pt_snapshot *before,
		  uint64_t first, uint64_t pages_per_bin, struct pt_bin *bins, size_t n);
/* The same for bins that were filled from `before`, of the same VMAs at the same place: what shares its chunks stays. */
void pt_bins_update(const struct pt_axis *axis, const struct pt_snapshot *snapshot, const struct pt_snapshot *before,
		    uint64_t first, uint64_t pages_per_bin, struct pt_bin *bins, size_t n);

/* What a layer of the map asks of a bin. */
enum pt_layer {
	PT_LAYER_KIND, /* composite: the hue of what most pages are, the share present */
	PT_LAYER_PRESENT,
	PT_LAYER_DIRTY,
	PT_LAYER_SWAP,
	PT_LAYER_THP,
	PT_LAYER_LARGE,
	PT_LAYER_SHARED,
	PT_LAYER_REFERENCED,
	PT_LAYER_ANON,
	PT_LAYER_KSM,
	PT_LAYER_LOCKED,
	PT_LAYER_LAZYFREE,
	PT_LAYER_ZERO,
	PT_LAYER_UNEVICTABLE,
	PT_LAYER_NODE,    /* of struct pt_bin_place */
	PT_LAYER_CHANGED, /* of struct pt_bin_life, as the next */
	PT_LAYER_AGE,
	PT_LAYER_HEAP, /* of struct pt_bin_heap */
	PT_LAYER_N
};
const char *pt_layer_name(enum pt_layer layer); /* "kind", "dirty", ... */
const char *pt_layer_what(enum pt_layer layer); /* half a sentence for the legend */

struct pt_heat {
	enum pt_kind kind; /* its hue: the most frequent kind; PT_UNTOUCHED if nothing is there */
	uint64_t pages;    /* of the axis */
	uint64_t hits;     /* pages the layer asks for */
	uint64_t unknown;  /* pages of which that is not known */
};
struct pt_heat pt_bin_heat(const struct pt_bin *bin, enum pt_layer layer, const struct pt_signals *signals);

#endif
