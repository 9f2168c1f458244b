/*
 * Groups of lost objects that are alike: of one size, and of one kind by one of their first words (private).
 */
#ifndef PT_HUNT_ALIKE_H
#define PT_HUNT_ALIKE_H

#include "core/hunt/step.h"
#include "core/hunt/words.h"

/*
 * Fills in the groups of a view, most leaked bytes first, and the objects' group. Texts, numbers and nameless constants are
 * groups only where many of a size have the same; the others are one group for each size. 9 bytes for an object while it
 * works. step may be NULL. 0, -ENOMEM, -ESRCH, -ECANCELED.
 */
int pt_hunt_sort_alike(struct pt_hunt_view *view, const struct pt_memory *memory, struct pt_words *words,
		       const struct pt_hunt_step *step);

#endif
