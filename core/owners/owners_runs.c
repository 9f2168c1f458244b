/*
 * Runs of an index of owners: collected in the order of addresses, sorted by PFN.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/owners/owners_parts.h"

#define DIGIT_BITS 11u
#define DIGITS     (1u << DIGIT_BITS)

static int make_room(struct pt_runs *runs)
{
	if (runs->n < runs->room)
		return 0;
	size_t room = runs->room ? runs->room * 2 : 256;
	struct pt_run *more = realloc(runs->v, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	runs->v = more;
	runs->room = room;
	return 0;
}

/* Whether a page follows the last run, and there is room in that. */
static bool continues(const struct pt_runs *runs, uint64_t page, uint64_t pfn)
{
	const struct pt_run *last = runs->n ? &runs->v[runs->n - 1] : NULL;
	uint64_t n = last ? pt_run_n(last) : 0;
	return last && n < PT_RUN_PAGES && last->page + n == page && pt_run_pfn(last) + n == pfn;
}

int pt_runs_add(struct pt_runs *runs, uint64_t page, uint64_t pfn, uint64_t n)
{
	runs->pages += n;
	while (n) {
		int error = 0;
		if (!continues(runs, page, pfn)) {
			error = make_room(runs);
			if (error)
				return error;
			runs->v[runs->n++] = (struct pt_run){.frames = pfn << 16, .page = page};
		}
		struct pt_run *run = &runs->v[runs->n - 1];
		uint64_t more = PT_RUN_PAGES - pt_run_n(run) < n ? PT_RUN_PAGES - pt_run_n(run) : n;
		run->frames += more;
		page += more;
		pfn += more;
		n -= more;
	}
	return 0;
}

/* One pass of a radix sort: stable, by the digit at `shift`. */
static void distribute(const struct pt_run *from, struct pt_run *to, size_t n, unsigned shift)
{
	size_t starts[DIGITS] = {0}, at = 0;
	for (size_t i = 0; i < n; i++)
		starts[from[i].frames >> shift & (DIGITS - 1)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = starts[d];
		starts[d] = at;
		at += count;
	}
	for (size_t i = 0; i < n; i++)
		to[starts[from[i].frames >> shift & (DIGITS - 1)]++] = from[i];
}

static bool is_sorted(const struct pt_run *v, size_t n, uint64_t *ret_all)
{
	bool sorted = true;
	*ret_all = n ? v[0].frames : 0;
	for (size_t i = 1; i < n; i++) {
		sorted &= v[i - 1].frames >> 16 <= v[i].frames >> 16;
		*ret_all |= v[i].frames;
	}
	return sorted;
}

/* A shrinking realloc that fails leaves what there is. */
static void trim(struct pt_runs *runs)
{
	struct pt_run *less = runs->n ? realloc(runs->v, runs->n * sizeof(*less)) : NULL;
	if (!less)
		return;
	runs->v = less;
	runs->room = runs->n;
}

int pt_runs_finish(struct pt_runs *runs)
{
	uint64_t all;
	if (is_sorted(runs->v, runs->n, &all)) {
		trim(runs);
		return 0;
	}
	struct pt_run *other = malloc(runs->n * sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (unsigned shift = 16; shift < 64 && all >> shift; shift += DIGIT_BITS) {
		distribute(runs->v, other, runs->n, shift);
		struct pt_run *sorted = other;
		other = runs->v;
		runs->v = sorted;
	}
	free(other);
	runs->room = runs->n;
	return 0;
}
