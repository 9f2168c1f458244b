/*
 * The ledger: what became of every page and VMA between two snapshots of one process. Pure: it reads two snapshots and
 * makes a list.
 *
 * What happened is inferred from two states, so what happened and was undone between them is not seen, and a page that
 * was freed and touched again looks like one that moved to another frame. Where a frame is differential, an event lies
 * between the readings of its chunk, not between the frames: see from_ns.
 */
#ifndef PT_HISTORY_LEDGER_H
#define PT_HISTORY_LEDGER_H

#include "core/model/snapshot.h"

/* A page may have several at once. */
enum pt_event {
	PT_BORN,        /* holds memory or swap, and held none before */
	PT_FREED,       /* held memory or swap, and holds none */
	PT_SWAPPED_OUT, /* swapped out, and was not */
	PT_SWAPPED_IN,  /* was swapped out, and is in memory */
	PT_COW_BROKEN,  /* a copy of its own, in another frame, of what was shared, a file's or KSM's */
	PT_COLLAPSED,   /* mapped huge, and was not */
	PT_SPLIT,       /* was mapped huge or in a large folio, and is not */
	PT_MIGRATED,    /* in another frame, else the same */
	PT_SHARED_NOW,  /* mapped more than once, and was mapped once */
	PT_PRIVATE_NOW, /* mapped once, and was mapped more than once */
	PT_LAZYFREED,   /* MADV_FREE took effect */
	PT_WRITTEN,     /* soft-dirty, and was not; only where the signal is there and was asked for */
	PT_MOVED,       /* at another address than before: mremap. Neither born nor freed */
	PT_EVENT_N
};

enum pt_vma_event {
	PT_VMA_CREATED,
	PT_VMA_GROWN,
	PT_VMA_SHRUNK,
	PT_VMA_MOVED, /* mremap: its pages came along */
	PT_VMA_SPLIT, /* into two or more, by mprotect, madvise or munmap in the middle */
	PT_VMA_MERGED,
	PT_VMA_GONE,
	PT_VMA_EVENT_N
};

struct pt_ledger_vma {
	uint64_t start, end; /* as in the later snapshot; as in the earlier one if it is gone */
	bool gone;
	uint64_t n[PT_EVENT_N]; /* pages */
};

struct pt_ledger_change {
	enum pt_vma_event what;
	uint64_t start, end;           /* after; 0 if gone */
	uint64_t from_start, from_end; /* before; 0 if created */
};

struct pt_ledger {
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC: everything in it happened between these: the stalest reading of a
				    changed chunk before, the newest one after */
	uint64_t n[PT_EVENT_N];  /* pages, of all VMAs */
	uint32_t known; /* 1 << enum pt_event: these can be told with the signals of both; others are not zero */
	struct pt_ledger_vma *vmas; /* [n_vmas] ascending; only those with events */
	size_t n_vmas;
	struct pt_ledger_change *changes; /* [n_changes] */
	size_t n_changes;
};

/* 0 or -ENOMEM. Both snapshots are of the same image of a process (the same exec). */
int pt_ledger_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_ledger *ret);
void pt_ledger_free(struct pt_ledger *ledger);
/* Adds what happened next, so that both are one; VMAs go by the addresses that they have in `more`. 0 or -ENOMEM. */
int pt_ledger_add(struct pt_ledger *ledger, const struct pt_ledger *more);

/* 1 << enum pt_event of what became of one page that stayed where it is. */
uint32_t pt_page_events(struct pt_page before, struct pt_page after);

/* One lower-case word ("cow-broken"), and a few for people ("copied on write"). Static storage. */
const char *pt_event_name(enum pt_event event);
const char *pt_event_words(enum pt_event event);
const char *pt_vma_event_name(enum pt_vma_event event);

#endif
