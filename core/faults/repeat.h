/*
 * A page that faults again and again: what is kept of it, and what follows from that. Private to the tally, and pure.
 */
#ifndef PT_FAULTS_REPEAT_H
#define PT_FAULTS_REPEAT_H

#include "core/faults/join.h"
#include "core/faults/system.h"
#include "core/faults/view.h"

#define PT_REPEAT_INTERVALS 12u

struct pt_repeat {
	uint64_t events; /* with their weight, as those of kinds */
	uint64_t kinds[PT_FAULT_KIND_N], major;
	uint64_t last_ns;
	enum pt_fault_kind last;
	uint32_t told;                           /* faults that were seen themselves */
	uint32_t intervals[PT_REPEAT_INTERVALS]; /* us between those told, the last ones, in a ring */
	uint32_t n_intervals;                    /* ever */
	pt_stack_id stack;                       /* of the last */
	uint32_t forks;                          /* of the process, before the last */
	/* Faults with this about them: */
	uint32_t forkable;   /* a fork can be the reason of such a kind */
	uint32_t after_fork; /* of these: the process forked since the one before, or since pagetop came */
	uint32_t of_ksm;     /* it was merged by KSM */
	uint32_t of_shared;  /* it was mapped by others as well */
	uint32_t of_present; /* something was mapped there */
	uint32_t of_absent;  /* nothing was */
	uint32_t same_frame; /* it was and is in the same frame */
	uint32_t new_frame;  /* it was in another frame */
	uint32_t in_transit; /* it was on the way to another frame */
	uint32_t collapsed;  /* it was part of no huge page, and is now */
	uint32_t soft_dirty; /* its soft-dirty bit came back */
	uint32_t uffd;       /* userfaultfd's write protection was there */
	/* Snapshots between two of its faults that showed: */
	uint32_t looks, seen_absent, seen_swapped, seen_ksm;
	bool locked;      /* it was mlocked, by what its frame said */
	bool interrupted; /* it faulted although it was locked and there */
};

/* One more fault of it; forks: of the process so far. */
void pt_repeat_add(struct pt_repeat *r, const struct pt_joined *fault, uint32_t forks);
/* What a snapshot shows of it that was read after its last fault. */
void pt_repeat_look(struct pt_repeat *r, struct pt_page page);

/* The median of the last intervals, as if every fault were told; 0: there is none. */
uint64_t pt_repeat_interval(const struct pt_repeat *r);
/*
 * Whether its intervals grow: of the last ones, at least five, Kendall's score of their order is two standard deviations
 * above that of intervals in any order, and the median of the later half is at least 1.5 times that of the earlier. A
 * few odd ones change neither.
 */
bool pt_repeat_backs_off(const struct pt_repeat *r);
/* The kind of most faults, of those known if any is; of two that are as frequent that of the last fault. */
enum pt_fault_kind pt_repeat_kind(const struct pt_repeat *r);

/* What else there is to judge by. */
struct pt_repeat_case {
	const struct pt_repeat *r;
	const struct pt_vma *vma; /* NULL: not known */
	const struct pt_fault_system *system;
	bool locked;       /* it is, by its VMA or page */
	bool self_cleared; /* pagetop itself cleared its soft-dirty bits */
};

#define PT_REPEAT_TEXT 400u
/* The likely reason, and in words why, with the settings that govern it. */
enum pt_repeat_cause pt_repeat_why(const struct pt_repeat_case *c, char *text, size_t size);

#endif
