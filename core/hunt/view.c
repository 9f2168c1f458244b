/*
 * What a hunt found; see view.h. A view owns all that it points at.
 */
#include "core/hunt/view.h"

#include <stdlib.h>

const char *pt_leak_tier_name(enum pt_leak_tier tier)
{
	static const char *const names[PT_LEAK_TIERS] = {
		[PT_LEAK_LEAKED] = "leaked", [PT_LEAK_WEAK] = "weak", [PT_LEAK_HIDDEN] = "hidden"};
	return tier < PT_LEAK_TIERS ? names[tier] : "?";
}

struct pt_hunt_view *pt_hunt_view_new(void)
{
	struct pt_hunt_view *view = calloc(1, sizeof(*view));
	if (view)
		view->refs = 1;
	return view;
}

struct pt_hunt_view *pt_hunt_view_ref(struct pt_hunt_view *view)
{
	__atomic_fetch_add(&view->refs, 1, __ATOMIC_RELAXED);
	return view;
}

static void free_site(struct pt_leak_site *site)
{
	for (size_t i = 0; i < site->n_calls; i++) {
		free(site->calls[i].symbol);
		free(site->calls[i].module);
		free(site->calls[i].file);
	}
	free(site->calls);
}

void pt_hunt_view_unref(struct pt_hunt_view *view)
{
	if (!view || __atomic_sub_fetch(&view->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < view->n_groups; i++)
		free(view->groups[i].name);
	for (size_t i = 0; i < view->n_sites; i++)
		free_site(&view->sites[i]);
	free(view->groups);
	free(view->sites);
	free(view->leaks);
	free(view->objects);
	free(view->allocator);
	free(view->why);
	free(view);
}

const struct pt_leak_object *pt_hunt_view_at(const struct pt_hunt_view *view, uint64_t address)
{
	size_t low = 0, high = view->n_objects;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (view->objects[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	const struct pt_leak_object *object = &view->objects[low - 1];
	return address - object->address < object->size ? object : NULL;
}
