/*
 * Regions as parts with their pagemap entries; see parts.h.
 */
#include "core/scan/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ_MOST 4096u /* entries of one read */
#define HOLE      32u   /* entries that are cheaper to read along than to skip with another system call */

void pt_parts_free(struct pt_parts *parts)
{
	free(parts->v);
	*parts = (struct pt_parts){0};
}

void pt_parts_clear(struct pt_parts *parts, struct pt_target *target)
{
	parts->target = target;
	parts->n = parts->n_entries = parts->unread_part = parts->unread = 0;
	parts->pages = parts->began_ns = 0;
}

/* ---- room ------------------------------------------------------------------------------------------------------- */

static bool grow(void *array, size_t size)
{
	void **at = array, *bigger = realloc(*at, size);
	if (bigger)
		*at = bigger;
	return bigger != NULL;
}

void pt_parts_lend(struct pt_parts *parts, struct pt_frame_arrays arrays, size_t room)
{
	size_t n = parts->n_entries;
	if (n) {
		memcpy(arrays.entries, parts->entries, n * sizeof(*arrays.entries));
		memcpy(arrays.words, parts->words, n * sizeof(*arrays.words)); /* nothing is counted yet */
	}
	parts->entries = arrays.entries;
	parts->words = arrays.words;
	parts->counts = arrays.counts;
	parts->entry_room = room;
}

/* What lies between regions was seen to be nothing when they were looked for, which may be long before they are read. */
static void note_time(struct pt_parts *parts, uint64_t ns)
{
	if (!parts->began_ns || ns < parts->began_ns)
		parts->began_ns = ns;
}

/* A new part of n entries, none of whose frames is known. */
static int append(struct pt_parts *parts, const struct pt_region *region, size_t n, struct pt_part **ret)
{
	unsigned shift = parts->target->k->page_shift;
	if (parts->n == parts->room) {
		size_t room = parts->room ? parts->room * 2 : 64;
		if (!grow(&parts->v, room * sizeof(*parts->v)))
			return -ENOMEM;
		parts->room = room;
	}
	if (n > parts->entry_room - parts->n_entries)
		return -EOVERFLOW; /* more than a caller of pt_find_more() has room for: no kernel has such regions */
	if (region->seen_ns)
		note_time(parts, region->seen_ns);
	*ret = &parts->v[parts->n++];
	**ret = (struct pt_part){.page = region->start >> shift,
				 .n = (uint32_t)((region->end - region->start) >> shift),
				 .at = (uint32_t)parts->n_entries,
				 .vma = (uint32_t)region->vma,
				 .categories = (uint16_t)region->categories};
	memset(parts->words + parts->n_entries, 0, n * sizeof(*parts->words));
	parts->n_entries += n;
	return 0;
}

/* ---- regions in ------------------------------------------------------------------------------------------------- */

static const struct pt_part *last_unread(const struct pt_parts *parts)
{
	return parts->unread_part < parts->n ? &parts->v[parts->n - 1] : NULL;
}

bool pt_parts_adjoins(const struct pt_parts *parts, const struct pt_region *region)
{
	const struct pt_part *last = last_unread(parts);
	unsigned shift = parts->target->k->page_shift;
	if (!last)
		return true;
	uint64_t page = region->start >> shift, n = (region->end - region->start) >> shift;
	return page - (last->page + last->n) <= HOLE && region->guess == !last->categories &&
	       parts->n_entries - parts->unread + n <= READ_MOST;
}

static uint64_t pages_of(const struct pt_parts *parts, const struct pt_region *region)
{
	return (region->end - region->start) >> parts->target->k->page_shift;
}

int pt_parts_add_known(struct pt_parts *parts, const struct pt_region *region)
{
	struct pt_part *part;
	parts->pages += pages_of(parts, region);
	int error = append(parts, region, 0, &part);
	parts->unread_part = parts->n;
	return error;
}

int pt_parts_add(struct pt_parts *parts, const struct pt_region *region)
{
	const struct pt_part *last = last_unread(parts);
	uint64_t page = region->start >> parts->target->k->page_shift, n = pages_of(parts, region);
	size_t hole = last ? page - (last->page + last->n) : 0;
	struct pt_part *part;
	int error = append(parts, region, hole + n, &part);
	if (error)
		return error;
	part->at += (uint32_t)hole;
	parts->pages += region->guess ? 0 : n;
	return 0;
}

static ssize_t read_pagemap(struct pt_parts *parts, size_t at, size_t n, uint64_t page)
{
	struct pt_target *t = parts->target;
	if (!parts->began_ns)
		note_time(parts, t->k->ops->now(t->k, PT_CLOCK_MONOTONIC));
	return t->k->ops->pread(t->k, t->pagemap, parts->entries + at, n * 8, page * 8);
}

/*
 * Whether the last of these pages goes on from the first. If not they are of hugetlb pages smaller than a PMD, which are
 * called huge as well (64 KiB on arm64), or were split since they were found.
 */
static int goes_on(struct pt_parts *parts, const struct pt_part *part)
{
	struct pt_target *t = parts->target;
	uint64_t first = parts->entries[part->at] & ~PM_EXCLUSIVE, last;
	ssize_t got = t->k->ops->pread(t->k, t->pagemap, &last, 8, (part->page + part->n - 1) * 8);
	if (got != 8)
		return got < 0 ? (int)got : -ESRCH;
	return (last & ~PM_EXCLUSIVE) == (first & PM_PFN_MASK ? first + part->n - 1 : first);
}

static bool is_frame(uint64_t entry)
{
	return entry & PM_PRESENT && entry & PM_PFN_MASK;
}

int pt_parts_add_whole(struct pt_parts *parts, const struct pt_region *region, bool certain)
{
	struct pt_part *part;
	int error = append(parts, region, 1, &part);
	if (error)
		return error;
	ssize_t got = read_pagemap(parts, part->at, 1, part->page);
	if (got != 8)
		return got < 0 ? (int)got : -ESRCH;
	int same = certain && is_frame(parts->entries[part->at]) ? 1 : goes_on(parts, part);
	if (same < 0)
		return same;
	if (!same) {
		parts->n--;
		parts->n_entries--;
		return pt_parts_add(parts, region);
	}
	part->whole = true;
	parts->pages += part->n;
	parts->unread_part = parts->n;
	parts->unread = parts->n_entries;
	return 0;
}

/* ---- pagemap ---------------------------------------------------------------------------------------------------- */

/* Drops what lies before and behind entries [first, end) from the parts that are unread. */
static void trim(struct pt_parts *parts, size_t first, size_t end)
{
	size_t kept = parts->unread_part;
	for (size_t i = kept; i < parts->n; i++) {
		struct pt_part part = parts->v[i];
		size_t low = part.at > first ? part.at : first;
		size_t high = part.at + part.n < end ? part.at + part.n : end;
		if (low >= high)
			continue;
		part.page += low - part.at;
		part.n = (uint32_t)(high - low);
		part.at = (uint32_t)(low - first + parts->unread);
		parts->v[kept++] = part;
	}
	memmove(parts->entries + parts->unread, parts->entries + first, (end - first) * sizeof(*parts->entries));
	parts->n = kept;
	parts->n_entries = parts->unread + (end - first);
}

/* Of a guess, what lies before the first page and behind the last is not kept. */
static void check_guess(struct pt_parts *parts)
{
	size_t first = parts->unread, end = parts->n_entries, found = 0;
	while (first < end && !parts->entries[first])
		first++;
	while (end > first && !parts->entries[end - 1])
		end--;
	for (size_t i = first; i < end; i++)
		found += parts->entries[i] != 0;
	parts->pages += found;
	if (first > parts->unread || end < parts->n_entries)
		trim(parts, first, end);
}

int pt_parts_read(struct pt_parts *parts)
{
	const struct pt_part *last = last_unread(parts);
	if (!last)
		return 0;
	bool guess = !last->categories;
	size_t n = parts->n_entries - parts->unread;
	ssize_t got = read_pagemap(parts, parts->unread, n, parts->v[parts->unread_part].page);
	if (got < 0 || (got == 0 && !guess))
		return got < 0 ? (int)got : -ESRCH; /* the memory is gone */
	/* a short read is the end of what can be asked for: the rest is nothing */
	memset((char *)(parts->entries + parts->unread) + got / 8 * 8, 0, (n - (size_t)got / 8) * 8);
	if (guess)
		check_guess(parts);
	parts->unread_part = parts->n;
	parts->unread = parts->n_entries;
	return 0;
}

void pt_parts_cut(struct pt_parts *parts, uint64_t page)
{
	while (parts->n && parts->v[parts->n - 1].page + parts->v[parts->n - 1].n > page) {
		struct pt_part *part = &parts->v[parts->n - 1];
		uint32_t keep = part->page < page ? (uint32_t)(page - part->page) : 0;
		for (uint32_t i = keep; i < part->n; i++)
			parts->pages -= parts->entries[part->at + i] != 0;
		parts->n_entries = part->at + keep;
		part->n = keep;
		parts->n -= keep == 0;
	}
	parts->unread_part = parts->n;
	parts->unread = parts->n_entries;
}
