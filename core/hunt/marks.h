/*
 * Marks as snapshots: the objects of a heap at one moment, so that what was born between two and is still there at a third
 * can be told (the technique of three snapshots). An address counts as the same object if its size is, and nothing else was
 * seen to have been there in between.
 */
#ifndef PT_HUNT_MARKS_H
#define PT_HUNT_MARKS_H

#include "core/hunt/heap.h"
#include "core/hunt/view.h"

struct pt_heap_mark;

/* A look and a walk of its own: no registers, no pass. Errors as pt_heap_read. */
int pt_heap_mark_take(struct pt_heap_mark **ret, struct pt_target *target, const char *label, uint64_t now_ns);
void pt_heap_mark_free(struct pt_heap_mark *mark); /* NULL is fine */
uint64_t pt_heap_mark_objects(const struct pt_heap_mark *mark, uint64_t *ret_bytes);
/* Objects that came between a and b and are there at c, of the same size: each. b == c is fine. */
void pt_heap_born(const struct pt_heap_mark *a, const struct pt_heap_mark *b, const struct pt_heap_mark *c,
		  void (*each)(void *arg, uint64_t address, uint64_t size), void *arg);

#endif
