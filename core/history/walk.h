/*
 * What differs between two snapshots of one process, page by page: in what kept its place, in what vanished, appeared,
 * or was moved. The ledger counts it, and life dates it. Chunks that both snapshots share are passed over, wherever
 * the same is mapped.
 */
#ifndef PT_HISTORY_WALK_H
#define PT_HISTORY_WALK_H

#include "core/history/vmas.h"

/* How the VMAs and addresses of two snapshots go together. */
struct pt_match {
	const struct pt_snapshot *before, *after;
	struct pt_vma_part *parts; /* [n_parts]; NULL where both have the same table: then every VMA is one, and kept */
	size_t n_parts;
	struct pt_move *moves; /* [n_moves] */
	size_t n_moves;
};

/* 0 or -ENOMEM: then there is nothing to free. Snapshots must stay as long as the match. */
int pt_match_make(const struct pt_snapshot *before, const struct pt_snapshot *after, struct pt_match *ret);
void pt_match_free(struct pt_match *match);

enum pt_place {
	PT_PLACE_GONE, /* what was mapped here is not any more: `after` is nothing */
	PT_PLACE_NEW,  /* something else is mapped here now: `before` is nothing */
	PT_PLACE_MOVED,
	PT_PLACE_KEPT,
};

/* Pages that are alike in all but their PFNs, and so are those that they were; see struct pt_chunk_diff. */
struct pt_page_change {
	enum pt_place place;
	uint64_t page, n; /* number of the first page, and how many; if gone, where it was */
	uint64_t from;    /* number of the page that `before` was; differs from `page` if moved */
	struct pt_page before, after;
	uint32_t events;  /* pt_page_events() of the two */
	size_t vma;       /* in the table after; if gone, in that before */
	size_t heir;      /* if gone: the VMA after in which the rest of it goes on; PT_NO_VMA: none */
	uint64_t read_ns; /* CLOCK_MONOTONIC when `before` was read */
};
typedef int (*pt_page_change_fn)(void *arg, const struct pt_page_change *difference);

/*
 * Calls for what is gone, then for what is new, then what moved (alike or not), then what differs and was kept; in each
 * ascending, all of one chunk together. A call that returns nonzero ends it; returns that.
 */
int pt_match_walk(struct pt_match *match, pt_page_change_fn fn, void *arg);

/* Whether both are of the same process and program: no exec in between, and no PID that was used again. */
bool pt_same_image(const struct pt_snapshot *a, const struct pt_snapshot *b);

#endif
