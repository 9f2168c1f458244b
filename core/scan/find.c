/*
 * Regions in slices into parts; see find.h.
 */
#include "core/scan/find.h"

#include <errno.h>

#define SLICE_CHUNKS 32u /* of a long region, between two steps */

void pt_find_begin(struct pt_find *find, enum pt_depth depth, struct pt_target *target, const struct pt_vma_table *vmas,
		   struct pt_stretch stretch)
{
	find->depth = depth;
	find->rest = (struct pt_region){0};
	pt_walk_init(&find->walk, target, vmas, stretch, depth == PT_DEPTH_DETAIL);
}

static uint64_t chunk_size(const struct pt_find *find)
{
	return (uint64_t)PT_CHUNK_PAGES << find->walk.target->k->page_shift;
}

/* ---- guesses ---------------------------------------------------------------------------------------------------- */

/* The page number of the first chunk whose frames follow each other as those of a huge page do; or `none`. */
static uint64_t first_suspect(const struct pt_parts *parts, size_t from, uint64_t none)
{
	for (size_t i = from; i < parts->n; i++) {
		const struct pt_part *part = &parts->v[i];
		uint64_t page = (part->page + PT_CHUNK_PAGES - 1) / PT_CHUNK_PAGES * PT_CHUNK_PAGES;
		for (; page + PT_CHUNK_PAGES <= part->page + part->n; page += PT_CHUNK_PAGES) {
			const uint64_t *entries = parts->entries + part->at + (page - part->page);
			if (entries[0] & PM_PRESENT && (entries[0] & PM_PFN_MASK) % PT_CHUNK_PAGES == 0 &&
			    entries[PT_CHUNK_PAGES - 1] == entries[0] + PT_CHUNK_PAGES - 1)
				return page;
		}
	}
	return none;
}

/* Reads what is unread, and lets the walk know what became of its guesses. */
static int read_parts(struct pt_find *find)
{
	struct pt_parts *parts = &find->parts;
	size_t from = parts->unread_part;
	uint64_t asked = parts->n_entries - parts->unread, before = parts->pages;
	bool guess = from < parts->n && !parts->v[from].categories;
	int error = pt_parts_read(parts);
	if (error || !guess)
		return error;
	uint64_t suspect = first_suspect(parts, from, UINT64_MAX);
	pt_walk_heed(&find->walk, asked, parts->pages - before);
	if (suspect < UINT64_MAX && pt_walk_suspect(&find->walk, suspect << find->walk.target->k->page_shift)) {
		pt_parts_cut(parts, suspect);
		find->rest = (struct pt_region){0};
	}
	return 0;
}

/* ---- regions ---------------------------------------------------------------------------------------------------- */

/* A chunk is a PMD's worth, where tests do not shrink it. */
static bool is_whole(const struct pt_find *find, const struct pt_region *region)
{
	uint64_t size = chunk_size(find);
	return find->depth == PT_DEPTH_DETAIL && region->categories & PS_HUGE && !(region->categories & PS_PFNZERO) &&
	       region->start % size == 0 && region->end - region->start >= size;
}

/* Takes from the front of the region at hand what can be treated alike: whole chunks, or none. */
static struct pt_region take(struct pt_find *find, bool *whole)
{
	struct pt_region *rest = &find->rest, part = *rest;
	uint64_t size = chunk_size(find), slice = SLICE_CHUNKS * size;
	*whole = is_whole(find, rest);
	uint64_t end = *whole ? rest->start + size : (rest->start / slice + 1) * slice;
	if (!*whole && find->depth == PT_DEPTH_DETAIL &&
	    rest->categories & PS_HUGE) /* up to where whole ones may begin */
		end = (rest->start / size + 1) * size;
	part.end = rest->end < end ? rest->end : end;
	rest->start = part.end;
	return part;
}

static int add_whole(struct pt_find *find, const struct pt_region *region)
{
	const struct pt_walk *walk = &find->walk;
	int error = read_parts(find);
	bool certain = walk->target->kpageflags >= 0 && walk->vmas->v[region->vma].role != PT_ROLE_HUGETLB;
	return error ? error : pt_parts_add_whole(&find->parts, region, certain);
}

static int add(struct pt_find *find)
{
	bool whole;
	if (find->depth == PT_DEPTH_PRESENCE && !find->rest.guess) {
		struct pt_region part = take(find, &whole);
		return pt_parts_add_known(&find->parts, &part);
	}
	struct pt_region before = find->rest, part = take(find, &whole);
	if (whole)
		return add_whole(find, &part);
	if (pt_parts_adjoins(&find->parts, &part))
		return pt_parts_add(&find->parts, &part);
	find->rest = before; /* reading may find that the walk has to go back */
	return read_parts(find);
}

static bool is_enough(const struct pt_find *find, size_t most)
{
	const struct pt_parts *parts = &find->parts;
	if (parts->n_entries < most && parts->n < most)
		return false;
	const struct pt_part *last = &parts->v[parts->n - 1];
	uint64_t next = find->rest.start >> find->walk.target->k->page_shift;
	return parts->n && next / PT_CHUNK_PAGES > (last->page + last->n - 1) / PT_CHUNK_PAGES;
}

/* Has the region at hand filled in. 1, or 0: that was all; -errno. */
static int next_region(struct pt_find *find)
{
	while (find->rest.start == find->rest.end) {
		uint64_t reached = find->rest.end;
		int more = pt_walk_next(&find->walk, &find->rest);
		if (more != 1)
			find->rest = (struct pt_region){0};
		if (more == 1)
			return find->rest.start < reached ? -EIO : 1; /* in address order: no kernel does otherwise */
		if (more < 0 || find->parts.unread_part == find->parts.n)
			return more;
		int error = read_parts(find); /* and the walk may go back */
		if (error)
			return error;
	}
	return 1;
}

int pt_find_more(struct pt_find *find, size_t most, struct pt_step step)
{
	for (unsigned n = 1;; n++) {
		int more = next_region(find);
		if (more != 1)
			return more;
		int error = 0;
		if (!is_enough(find, most))
			error = add(find);
		else if ((error = read_parts(find)) == 0 && is_enough(find, most)) /* reading may have dropped some */
			return 1;
		if (!error && n % SLICE_CHUNKS == 0)
			error = pt_step(step);
		if (error)
			return error;
	}
}
