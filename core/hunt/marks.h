/*
 * Marks as snapshots: the objects of a heap at one moment, so that what was born between two and is still there at a third
 * can be told (the technique of three snapshots). An address counts as the same object if its size is: one that was freed
 * and handed out again in between, of the same size, is not told from one that stayed.
 *
 * A mark is a heap (heap.h) that is kept: less than two bits for 16 bytes of heap, no contents.
 */
#ifndef PT_HUNT_MARKS_H
#define PT_HUNT_MARKS_H

#include "core/hunt/heap.h"
#include "core/hunt/view.h"
#include "core/unwind/unwind.h"

struct pt_heap_mark;

/* A look and a walk of its own: no registers, no pass. Errors as pt_heap_read. */
int pt_heap_mark_take(struct pt_heap_mark **ret, struct pt_target *target);
void pt_heap_mark_free(struct pt_heap_mark *mark);                   /* NULL is fine */
const char *pt_heap_mark_allocator(const struct pt_heap_mark *mark); /* "glibc 2.36" */
uint64_t pt_heap_mark_objects(const struct pt_heap_mark *mark, uint64_t *ret_bytes);
/* Objects that came between a and b and are there at c, of the same size: each, ascending. b == c is fine. */
void pt_heap_born(const struct pt_heap_mark *a, const struct pt_heap_mark *b, const struct pt_heap_mark *c,
		  void (*each)(void *arg, uint64_t address, uint64_t size), void *arg);

/* What came between two marks and is still there at a third. */
struct pt_born_objects {
	struct pt_leak_sum came, still;          /* at the second mark, and of these at the third; pages: 0 */
	struct pt_leak_sum tiers[PT_LEAK_TIERS]; /* of those still there: lost, as the verdict has it */
	bool verdict;                            /* these are known: what is in none of them is alive */
	struct pt_hunt_view *view;               /* objects and groups of what is still there; its tiers say nothing */
	struct pt_leak_sum (*groups)[PT_LEAK_TIERS]; /* [view->n_groups] of these lost, by tier */
};

/*
 * verdict: of the same process, later than c; NULL or one that has no verdict: nothing is known of reachability. unwinder
 * may be NULL: no names. 0, -ENOMEM, -ESRCH; to be freed in any case.
 */
int pt_heap_born_objects(struct pt_born_objects *ret, const struct pt_heap_mark *const marks[3],
			 struct pt_target *target, struct pt_unwinder *unwinder, const struct pt_hunt_view *verdict);
void pt_born_objects_free(struct pt_born_objects *born);

#endif
