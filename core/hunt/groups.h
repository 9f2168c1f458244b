/*
 * From a heap of lost objects to something one can read: groups by size and first words, and leaks by what hangs on what
 * (strongly connected components, then dominators).
 */
#ifndef PT_HUNT_GROUPS_H
#define PT_HUNT_GROUPS_H

#include "core/hunt/reach.h"
#include "core/hunt/step.h"
#include "core/hunt/view.h"
#include "core/unwind/unwind.h"

/*
 * Fills in groups and leaks of a view whose objects are there with address, size and tier; reach is of the last pass.
 * unwinder may be NULL: no names; step too. 0, -ENOMEM, -ESRCH, -ECANCELED.
 */
int pt_hunt_group(struct pt_hunt_view *view, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_reach *reach, struct pt_unwinder *unwinder, const struct pt_hunt_step *step);

#endif
