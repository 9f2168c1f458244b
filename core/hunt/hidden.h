/*
 * Hidden suspects: lost objects that some word in live memory seems to point at in code: XOR with a constant, complemented,
 * tagged in high or low bits, as an offset of 32 bits, bytes swapped. A coding is believed when far more words decode to starts of lost
 * objects than chance would have.
 */
#ifndef PT_HUNT_HIDDEN_H
#define PT_HUNT_HIDDEN_H

#include "core/hunt/reach.h"
#include "core/hunt/step.h"
#include "core/hunt/view.h"

/*
 * Sets the tier of objects (ascending by address), and of what hangs on them, to hidden. step may be NULL. 0, -ENOMEM,
 * -ESRCH, -ECANCELED.
 */
int pt_hunt_hidden(struct pt_leak_object *objects, size_t n, const struct pt_memory *memory, const struct pt_heap *heap,
		   const struct pt_roots *roots, const struct pt_reach *reach, const struct pt_hunt_step *step);

#endif
