/*
 * Suspects: what of a live process goes on growing, its VMAs one by one and its roles as sums, told by the test for
 * growth (core/verdict/trend.h) out of the frames that the feed makes anyway. A trigger for a hunt, never a verdict.
 *
 * Looked at is what a process holds and cannot be given up by the kernel alone: anonymous and shared memory, hugetlb, and
 * what of it is swapped out. A sample is kept every half second at most; when there is no more room every second one goes,
 * so that it is always told of all the time that was watched. A VMA that appears held nothing before; one that grows,
 * merges with its neighbour or is cut keeps its past.
 *
 * Who makes frames pushes them, through `sink`; any thread takes what was found. It is found anew every few seconds.
 */
#ifndef PT_HUNT_SUSPECTS_H
#define PT_HUNT_SUSPECTS_H

#include "core/model/feed.h"
#include "core/verdict/trend.h"

#define PT_SUSPECTS_MOST 512 /* VMAs that are judged: those that rose most */

struct pt_suspect {
	uint64_t start, end; /* of the VMA, when it was judged; both 0: of a role */
	enum pt_role role;
	bool grows;        /* else it rises, but it is not known yet whether it goes on: see need_ns */
	double slope;      /* bytes a second */
	uint64_t bytes;    /* by which it rose since then: */
	uint64_t began_ns; /* CLOCK_MONOTONIC */
	uint64_t need_ns;  /* of one that is not known yet: how much longer it takes at least; 0: cannot be told */
	uint64_t held;     /* bytes it holds */
};

/* What was found at one moment; immutable, counted by references. */
struct pt_growing {
	uint64_t from_ns, at_ns; /* CLOCK_MONOTONIC: of the first sample and the last */
	bool known;              /* there are samples enough for what is not listed to be steady */
	uint64_t need_ns;        /* else: how much longer it takes */
	struct pt_suspect *vmas; /* [n_vmas], ascending by address */
	size_t n_vmas;
	struct pt_suspect *roles; /* [n_roles], fastest first; those that grow before those not known yet */
	size_t n_roles;
	size_t unjudged; /* VMAs that may rise and were too many to be judged one by one; their roles have them */
	/* private: */
	unsigned refs; /* atomic */
};

struct pt_growing *pt_growing_ref(struct pt_growing *growing);
void pt_growing_unref(struct pt_growing *growing); /* NULL is fine */
/* The fastest that grows of the VMAs that begin in [start, end); NULL: none. */
const struct pt_suspect *pt_growing_in(const struct pt_growing *growing, uint64_t start, uint64_t end);
/* The VMA or role to name first: a role, unless one VMA of it is nearly all of that. NULL: nothing grows. */
const struct pt_suspect *pt_growing_first(const struct pt_growing *growing);

struct pt_suspects;

int pt_suspects_new(struct pt_suspects **ret);        /* with one reference; 0 or -ENOMEM */
void pt_suspects_unref(struct pt_suspects *suspects); /* NULL is fine */
/* For a feed; holds a reference until it leaves. */
struct pt_feed_sink pt_suspects_sink(struct pt_suspects *suspects);
/* The next complete frame. Begins anew with another image of the process (exec). 0 or -ENOMEM: then it is left out. */
int pt_suspects_push(struct pt_suspects *suspects, struct pt_snapshot *snapshot);
/* What was found last, a reference; NULL: nothing was judged yet. */
struct pt_growing *pt_suspects_latest(struct pt_suspects *suspects);

#endif
