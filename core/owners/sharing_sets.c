/*
 * Sets of processes in the making: see sharing_parts.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/owners/sharing_parts.h"

#define FIRST_SLOTS 256u

int pt_sets_init(struct pt_sets *sets)
{
	*sets = (struct pt_sets){.n = 1, .room = FIRST_SLOTS / 2, .n_slots = FIRST_SLOTS};
	sets->v = calloc(sets->room, sizeof(*sets->v));
	sets->slots = calloc(sets->n_slots, sizeof(*sets->slots));
	if (sets->v && sets->slots)
		return 0;
	pt_sets_free(sets);
	return -ENOMEM;
}

void pt_sets_free(struct pt_sets *sets)
{
	free(sets->v);
	free(sets->slots);
	*sets = (struct pt_sets){0};
}

/* The slot that has it, or the empty one where it belongs. */
static uint32_t *find_slot(const struct pt_sets *sets, uint32_t without, uint32_t process)
{
	uint64_t hash = ((uint64_t)without << 32 | process) * 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(hash >> 32) & (sets->n_slots - 1);
	while (sets->slots[at]) {
		const struct pt_set *set = &sets->v[sets->slots[at]];
		if (set->without == without && set->process == process)
			break;
		at = (at + 1) & (sets->n_slots - 1);
	}
	return &sets->slots[at];
}

/* Half of the slots stay empty. */
static int grow(struct pt_sets *sets)
{
	uint32_t *slots = calloc(sets->n_slots * 2, sizeof(*slots));
	struct pt_set *v = slots ? realloc(sets->v, sets->n_slots * sizeof(*v)) : NULL;
	if (!v) {
		free(slots);
		return -ENOMEM;
	}
	free(sets->slots);
	sets->v = v;
	sets->room = sets->n_slots;
	sets->slots = slots;
	sets->n_slots *= 2;
	for (size_t i = 1; i < sets->n; i++)
		*find_slot(sets, v[i].without, v[i].process) = (uint32_t)i;
	return 0;
}

int pt_sets_add(struct pt_sets *sets, uint32_t *set, uint32_t process)
{
	if (*set && sets->v[*set].process == process) /* it maps the frame once more */
		return 0;
	uint32_t *slot = find_slot(sets, *set, process);
	if (!*slot) {
		if (sets->n == sets->room && grow(sets))
			return -ENOMEM;
		slot = find_slot(sets, *set, process);
		sets->v[sets->n] = (struct pt_set){*set, process, sets->v[*set].n + 1};
		*slot = (uint32_t)sets->n++;
	}
	*set = *slot;
	return 0;
}
