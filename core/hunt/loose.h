/*
 * Loose words: pointers at addresses that are no multiple of 8, as in packed structs (core/hunt only). Looked for once,
 * when little is left to look for.
 */
#ifndef PT_HUNT_LOOSE_H
#define PT_HUNT_LOOSE_H

#include "core/hunt/lost.h"
#include "core/hunt/step.h"

/*
 * Those of the lost that such a word points at, in memory that is reached, become weak, and what hangs on them as well.
 * step may be NULL. 0, -ECANCELED, -ESRCH, -EPERM, -ENOMEM.
 */
int pt_loose_find(struct pt_lost *lost, const struct pt_memory *memory, const struct pt_heap *heap,
		  const struct pt_roots *roots, const struct pt_reach *reach, const struct pt_hunt_step *step);

#endif
