/*
 * Runs of pages; see runs.h.
 */
#include "core/history/runs.h"

/* The slot that holds the page or comes next; mostly the one of last time, or the one behind it. */
static void seek(struct pt_runs *runs, uint64_t index)
{
	const struct pt_snapshot *s = runs->snapshot;
	for (unsigned tries = 0; tries < 2; tries++, runs->slot++)
		if ((!runs->slot || s->slots[runs->slot - 1].index < index) &&
		    (runs->slot == s->n_slots || s->slots[runs->slot].index >= index))
			return;
		else if (runs->slot >= s->n_slots)
			break;
	runs->slot = pt_snapshot_lower(s, index);
}

uint64_t pt_runs_at(struct pt_runs *runs, uint64_t page, uint64_t end, struct pt_page *ret)
{
	const struct pt_snapshot *s = runs->snapshot;
	uint64_t index = page / PT_CHUNK_PAGES, left = end - page;
	seek(runs, index);
	const struct pt_slot *slot = runs->slot < s->n_slots ? &s->slots[runs->slot] : NULL;
	uint64_t n = left;
	*ret = (struct pt_page){0};
	if (slot && slot->index == index)
		n = pt_chunk_run(slot->chunk, (unsigned)(page % PT_CHUNK_PAGES), ret);
	else if (slot)
		n = slot->index * PT_CHUNK_PAGES - page;
	return n < left ? n : left;
}

uint64_t pt_runs_read_ns(const struct pt_runs *runs, uint64_t page)
{
	const struct pt_snapshot *s = runs->snapshot;
	bool here = runs->slot < s->n_slots && s->slots[runs->slot].index == page / PT_CHUNK_PAGES;
	return here && s->slots[runs->slot].read_ns ? s->slots[runs->slot].read_ns : s->presence_ns;
}
