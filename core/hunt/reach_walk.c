/*
 * From what the roots reach to all that hangs on it: first strongly, then what is left weakly; see reach.h.
 *
 * Pages, not chunks, wait to be walked: a page is decoded once for all its chunks, and goes on until nothing new is marked
 * within it. So a set of pages is all that has to be kept, however deep a structure is. With parents it is chunks in a
 * queue: what a path is found by comes breadth first. Where a page's edges had no room, the chunks that are reached wait
 * (reach_left.c).
 */
#include <errno.h>

#include "core/hunt/reaching.h"

#define ROUND 4096u /* pages between two questions whether to go on */
#define PAGES 4u    /* that are read in a row, while a chunk is read alone */

/* A page whose edges had no room is read anew. What is gone has none. */
static int read_page(const struct pt_reach *reach, size_t page, struct pt_edge *ret)
{
	uint64_t words[PT_EDGES_PAGE / 8], start, end;
	uint16_t found[PT_EDGES_PAGE / 8];
	pt_edges_range(reach->edges, page, &start, &end);
	ssize_t got = pt_memory_read(reach->memory, start, words, end - start);
	if (got < 0)
		return (int)got;
	size_t n = pt_stream_filter(words, (end - start) / 8, reach->bounds, reach->n_bounds, found);
	struct pt_sources sources = {.begun = false};
	return (int)pt_reach_edges_of(reach, &sources, start, words, found, n, NULL, ret);
}

int pt_reach_page(const struct pt_reach *reach, size_t page, struct pt_edge *ret)
{
	int n = pt_edges_get(reach->edges, page, ret);
	return n < 0 ? read_page(reach, page, ret) : n;
}

/* ---- by pages --------------------------------------------------------------------------------------------------- */

void pt_reach_put_pages(struct pt_reach *reach, pt_chunk_id id)
{
	size_t first, end;
	pt_edges_of_chunk(reach->edges, id, &first, &end);
	for (size_t p = first; p < end; p++) {
		if (p == reach->page || !pt_edges_has(reach->edges, p))
			continue;
		if (pt_edges_lack(reach->edges, p)) {
			pt_reach_leave(reach, id);
			continue;
		}
		pt_agenda_add(&reach->agenda, p);
		reach->n_others += reach->other != p;
		reach->other = p;
	}
}

void pt_reach_follow(struct pt_reach *reach, const struct pt_edge *edge, bool weakly)
{
	if (weakly) {
		bool from = pt_mark_test(reach->weak, edge->from) && !pt_mark_test(reach->strong, edge->from);
		if (!from || pt_mark_test(reach->strong, edge->to) || !pt_reach_mark(reach, edge->to, true, edge->from))
			return;
	} else {
		if (!pt_mark_test(reach->strong, edge->from) ||
		    !pt_reach_mark(reach, edge->to, edge->weak, edge->from) || edge->weak)
			return;
	}
	reach->again = true;
	pt_reach_put_pages(reach, edge->to);
}

/* What was followed from a chunk that is reached need not be followed again: the page gets shorter with each visit. */
static void forget_followed(struct pt_reach *reach, size_t page, struct pt_edge *edges, int n)
{
	int kept = 0;
	for (int i = 0; i < n; i++)
		if (!pt_mark_test(reach->strong, edges[i].from))
			edges[kept++] = edges[i];
	if (kept < n)
		pt_edges_keep(reach->edges, page, edges, (size_t)kept);
}

/* There and back: lists run either way. */
static int walk_page(struct pt_reach *reach, size_t page, bool weakly)
{
	struct pt_edge edges[PT_EDGES_MAX];
	int n = pt_reach_page(reach, page, edges);
	reach->page = page;
	reach->again = n > 0;
	while (reach->again) {
		reach->again = false;
		for (int i = 0; i < n; i++)
			pt_reach_follow(reach, &edges[i], weakly);
		if (!reach->again)
			break;
		reach->again = false;
		for (int i = n; i-- > 0;)
			pt_reach_follow(reach, &edges[i], weakly);
	}
	if (!weakly && n > 0)
		forget_followed(reach, page, edges, n);
	return n < 0 ? n : 0;
}

/* All that wait on the agenda. */
static int walk_agenda(struct pt_reach *reach, bool weakly)
{
	size_t page = 0;
	unsigned round = 0;
	while (pt_agenda_take(&reach->agenda, page, &page)) {
		reach->n_others = 0;
		reach->other = SIZE_MAX;
		int error = walk_page(reach, page, weakly);
		if (error)
			return error;
		/* where one thing leads to one other, straight on; else in turns, so that a page's chunks come together */
		page = reach->n_others == 1 ? reach->other : page + 1;
		if (++round % ROUND == 0 && reach->options.cancelled && reach->options.cancelled(reach->options.arg))
			return -ECANCELED;
	}
	return 0;
}

/* What a page has no edges of, of what was reached before the walk. */
static void leave_reached(struct pt_reach *reach, size_t page, bool weakly)
{
	pt_chunk_id id, end;
	for (pt_edges_chunks(reach->edges, page, &id, &end); id < end; id++)
		if (weakly ? pt_mark_test(reach->weak, id) && !pt_mark_test(reach->strong, id)
			   : pt_mark_test(reach->strong, id))
			pt_reach_leave(reach, id);
}

/* Whether all pages without room for edges are read sooner than the chunks of them that wait. */
static bool is_much(const struct pt_reach *reach)
{
	size_t pages = 0;
	for (size_t p = 0; p < pt_edges_pages(reach->edges); p++)
		pages += pt_edges_lack(reach->edges, p);
	return pt_agenda_count(&reach->left) > pages / PAGES;
}

static int walk_pages(struct pt_reach *reach, bool weakly)
{
	size_t n = pt_edges_pages(reach->edges);
	bool lack = pt_edges_left_out(reach->edges) > 0;
	if (lack && !reach->left.bits && !pt_agenda_init(&reach->left, reach->n))
		return -ENOMEM;
	for (size_t p = 0; p < n; p++) {
		if (lack && pt_edges_lack(reach->edges, p))
			leave_reached(reach, p, weakly);
		else if (pt_edges_has(reach->edges, p))
			pt_agenda_add(&reach->agenda, p);
	}
	int error = walk_agenda(reach, weakly);
	while (!error && lack && !pt_agenda_empty(&reach->left)) {
		error = !weakly && is_much(reach) ? pt_reach_again(reach) : pt_reach_sweep(reach, weakly);
		if (!error)
			error = walk_agenda(reach, weakly);
		if (!error && reach->options.cancelled && reach->options.cancelled(reach->options.arg))
			error = -ECANCELED;
	}
	return error;
}

/* ---- by chunks -------------------------------------------------------------------------------------------------- */

static int walk_chunk(struct pt_reach *reach, pt_chunk_id id, bool weakly)
{
	struct pt_edge edges[PT_EDGES_MAX];
	size_t first, end;
	pt_edges_of_chunk(reach->edges, id, &first, &end);
	for (size_t p = first; p < end; p++) {
		int n = pt_reach_page(reach, p, edges);
		if (n < 0)
			return n;
		for (int i = 0; i < n; i++) {
			bool strong = pt_mark_test(reach->strong, edges[i].to);
			if (edges[i].from != id || strong)
				continue;
			bool marked = pt_reach_mark(reach, edges[i].to, weakly || edges[i].weak, id);
			if (weakly && marked)
				reach->queue[atomic_fetch_add(&reach->queued, 1)] = edges[i].to;
		}
	}
	return 0;
}

static int walk_queue(struct pt_reach *reach, bool weakly)
{
	for (unsigned i = 0; i < atomic_load(&reach->queued); i++) {
		int error = walk_chunk(reach, reach->queue[i], weakly);
		if (error)
			return error;
		if (i % ROUND == 0 && reach->options.cancelled && reach->options.cancelled(reach->options.arg))
			return -ECANCELED;
	}
	return 0;
}

static int walk_chunks(struct pt_reach *reach)
{
	int error = walk_queue(reach, false);
	atomic_store(&reach->queued, 0);
	for (pt_chunk_id id = 0; id < reach->n; id++)
		if (pt_mark_test(reach->weak, id) && !pt_mark_test(reach->strong, id))
			reach->queue[atomic_fetch_add(&reach->queued, 1)] = id;
	return error ? error : walk_queue(reach, true);
}

int pt_reach_walk(struct pt_reach *reach)
{
	if (reach->parents)
		return walk_chunks(reach);
	int error = walk_pages(reach, false);
	return error ? error : walk_pages(reach, true);
}
