/*
 * Leaks: lost objects by what hangs on what, so that a list of 20,000 is one leak with its head. Objects that point at each
 * other in a circle count as one (strongly connected components); what can only be reached through a leak's root is the
 * root's (the topmost dominator); what hangs on several leaks is a leak of its own. Pure (private).
 */
#ifndef PT_HUNT_LEAKS_H
#define PT_HUNT_LEAKS_H

#include "core/hunt/view.h"

/*
 * Tells which objects point at which, by their indices: ascending by `from`, what each points at in any order; again or
 * itself is fine. 0 or an error; each says false when it should stop.
 */
typedef bool pt_leak_edge(void *arg, uint32_t from, uint32_t to);
typedef int pt_leak_edges(void *arg, pt_leak_edge *each, void *each_arg);

/*
 * Fills in the roots of objects[n], and *ret[*ret_n], malloc'ed, most bytes first, but for what needs groups. Asks for edges
 * once; those between objects of different tiers do not count. O(n + edges) time but for the order,
 * 20 bytes for an object and 4 for an edge; not recursive. 0, -ENOMEM, or what `edges` said.
 */
int pt_leaks_of(struct pt_leak_object *objects, size_t n, pt_leak_edges *edges, void *arg, struct pt_leak **ret,
		size_t *ret_n);
/* What needs groups: the root's, and the one that most of its objects are of. 0, -ENOMEM. */
int pt_leaks_set_groups(struct pt_leak *leaks, size_t n_leaks, const struct pt_leak_object *objects, size_t n,
			size_t n_groups);

#endif
