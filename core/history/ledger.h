/*
 * The ledger: what became of every page and VMA between two snapshots of one process. Pure: it reads two snapshots and
 * makes a list.
 *
 * What happened is inferred from two states, so what happened and was undone between them is not seen, and a page that
 * was freed and touched again looks like one that moved to another frame. A page holds memory or swap where a frame is
 * mapped (of a file, a device and hugetlb too) or an entry leads to swap; the zero pages, guard regions and markers hold
 * none, so a zero page that is written to is born. Pages of files and shared memory are born and freed where they are
 * mapped and unmapped: the page cache may have them before and after.
 *
 * Where a frame is differential, an event lies between the readings of its chunk, not between the frames: see from_ns.
 */
#ifndef PT_HISTORY_LEDGER_H
#define PT_HISTORY_LEDGER_H

#include "core/model/snapshot.h"

/* A page may have several at once. */
enum pt_event {
	PT_BORN,  /* holds memory or swap, and held none before */
	PT_FREED, /* held memory or swap, and holds none. Both: one of a file took the place of its private copy */
	PT_SWAPPED_OUT, /* is on swap, and was not (born and swapped out at once: both) */
	PT_SWAPPED_IN,  /* was on swap, and is in memory */
	PT_COW_BROKEN,  /* a copy of its own, in another frame, of what was shared, a file's or KSM's */
	PT_COLLAPSED,  /* mapped huge, and was not: all pages of the huge page, also those that were not there (born) */
	PT_SPLIT,      /* was mapped huge, or in a large folio, and is not */
	PT_MIGRATED,   /* in another frame, and neither a copy nor collapsed nor merged by KSM */
	PT_SHARED_NOW, /* mapped more than once, and was mapped once */
	PT_PRIVATE_NOW, /* mapped once, and was mapped more than once, in this frame or (copied) in another */
	PT_LAZYFREED,   /* MADV_FREE took effect */
	PT_WRITTEN, /* soft-dirty, and was not, or its bit was cleared since; only where that was asked for (cleared_ns) */
	PT_MOVED, /* at another address than before: mremap. Neither born nor freed; core/history/moves.h */
	PT_EVENT_N
};

enum pt_vma_event {
	PT_VMA_CREATED,
	PT_VMA_GROWN,
	PT_VMA_SHRUNK,
	PT_VMA_MOVED, /* mremap: its pages came along. Known by them, so only where frames are known */
	PT_VMA_SPLIT, /* into two or more, by mprotect, madvise or munmap in the middle: told once, not for each */
	PT_VMA_MERGED,
	PT_VMA_GONE,
	PT_VMA_EVENT_N
};

/* What was unmapped of a VMA that is still there counts there; of one that was cut in two, in the first part. */
struct pt_ledger_vma {
	uint64_t start, end; /* as in the later snapshot; as in the earlier one if it is gone */
	bool gone;
	uint64_t n[PT_EVENT_N]; /* pages */
	uint32_t unsure;        /* 1 << enum pt_event: see struct pt_ledger */
};

/* A VMA whose place something else took is gone, and that is created. */
struct pt_ledger_change {
	enum pt_vma_event what;
	uint64_t start, end;           /* after (of all parts, if it was split); 0 if gone */
	uint64_t from_start, from_end; /* before (of all, if they merged); 0 if created */
};

/* What was at [from, from + size) is at [to, to + size); bytes. */
struct pt_move {
	uint64_t from, to, size;
};

struct pt_ledger {
	uint64_t from_ns, to_ns; /* CLOCK_MONOTONIC: everything in it happened between these: the stalest reading of a
				    changed chunk before, or when the earlier frame began; the end of the later one */
	bool other_image; /* they are of two programs (exec) or processes: all is new, and nothing more is in here */
	uint64_t n[PT_EVENT_N]; /* pages, of all VMAs */
	uint32_t known;  /* 1 << enum pt_event: these can be told with the signals of both; others are not zero */
	uint32_t unsure; /* of those: where swapped shared memory cannot be told from untouched, pages of it that seem
			    freed (born) may be swapped out (in) */
	struct pt_ledger_vma *vmas; /* [n_vmas] ascending by start, the gone one first; only those with events */
	size_t n_vmas;
	struct pt_ledger_change *changes; /* [n_changes] ascending; of several steps, one after the other */
	size_t n_changes;
	struct pt_move *moves; /* [n_moves] ascending by `to`; of the last step alone, if several were added */
	size_t n_moves;
};

/* 0 or -ENOMEM. Both snapshots are complete. */
int pt_ledger_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_ledger *ret);
void pt_ledger_free(struct pt_ledger *ledger);
/*
 * Adds what happened next, so that both are one; VMAs go by the addresses that they have in `more`, and what was known
 * of one alone is not known. What another program did before an exec is forgotten. 0 or -ENOMEM.
 */
int pt_ledger_add(struct pt_ledger *ledger, const struct pt_ledger *more);

/* Pages with an event, of the VMAs that begin in [start, end) and are not gone; or of all where both are 0. */
struct pt_maybe pt_ledger_pages(const struct pt_ledger *ledger, uint64_t start, uint64_t end, enum pt_event event);

/* 1 << enum pt_event of what became of one page that stayed where it is; PT_MOVED is never among them. */
uint32_t pt_page_events(struct pt_page before, struct pt_page after);
/* Whether a page holds memory or swap, as is said above. */
bool pt_page_holds(struct pt_page page);

/* One lower-case word ("cow-broken"), and a few for people ("copied on write"). Static storage. */
const char *pt_event_name(enum pt_event event);
const char *pt_event_words(enum pt_event event);
const char *pt_vma_event_name(enum pt_vma_event event);

#endif
