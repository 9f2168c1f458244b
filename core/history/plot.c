/*
 * What a plot of a history shows: of the process from the series, of an address range by following its chunks from delta
 * to delta, with the sums of those that change taken out and put in.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/history/fold.h"
#include "core/history/ring.h"

/* The moments of the series from first to last. */
static size_t plot_process(struct pt_history *h, uint64_t first, uint64_t last, struct pt_moment *ret, size_t max)
{
	const struct pt_series *s = &h->series;
	size_t from = 0, end = s->n;
	while (from < end && s->v[from].seq < first)
		from++;
	while (end > from && s->v[end - 1].seq > last)
		end--;
	if (from == end)
		return 0;
	struct pt_plot plot = {.v = ret,
			       .max = max,
			       .from_ns = s->v[from].monotonic_ns,
			       .to_ns = s->v[end - 1].monotonic_ns,
			       .all = end - from <= max};
	for (size_t i = from; i < end; i++)
		pt_plot_add(&plot, &s->v[i]);
	return plot.n;
}

/* ---- an address range ------------------------------------------------------------------------------------------- */

struct range {
	uint64_t first, end; /* pages, numbered from address 0 */
	unsigned page_shift;
	struct pt_counts sum;
};

static struct pt_counts sum_part(const struct range *r, uint64_t index, const struct pt_chunk *chunk)
{
	struct pt_counts sum = {0};
	uint64_t first = index * PT_CHUNK_PAGES, end = first + PT_CHUNK_PAGES;
	uint64_t low = first > r->first ? first : r->first, high = end < r->end ? end : r->end;
	if (low < high)
		pt_chunk_sum_part(chunk, (unsigned)(low - first), (unsigned)(high - low), r->page_shift, &sum);
	return sum;
}

static void take_out(struct pt_counts *sum, const struct pt_counts *less)
{
	sum->pss -= less->pss;
	for (int i = 0; i < PT_STAT_N; i++)
		sum->n[i] -= less->n[i];
}

static void change(void *arg, uint64_t index, const struct pt_chunk *old, const struct pt_chunk *now)
{
	struct range *r = arg;
	if (old) {
		struct pt_counts less = sum_part(r, index, old);
		take_out(&r->sum, &less);
	}
	if (now) {
		struct pt_counts more = sum_part(r, index, now);
		pt_counts_add(&r->sum, &more);
	}
}

static ssize_t plot_range(const struct pt_view *view, uint64_t first, uint64_t start, uint64_t end,
			  struct pt_moment *ret, size_t max)
{
	unsigned shift = view->v[0]->head->page_shift;
	struct range range = {.first = start >> shift, .end = end >> shift, .page_shift = shift};
	struct pt_fold fold = {.first = range.first / PT_CHUNK_PAGES, .last = (range.end - 1) / PT_CHUNK_PAGES};
	struct pt_plot plot = {.v = ret, .max = max, .to_ns = view->v[view->n - 1]->head->monotonic_ns};
	size_t from = 0;
	int error = 0;
	while (from < view->n && view->v[from]->head->seq < first)
		from++;
	plot.all = view->n - from <= max;
	if (from < view->n)
		plot.from_ns = view->v[from]->head->monotonic_ns;
	for (size_t i = 0; i < view->n && !error; i++) {
		const struct pt_snapshot *head = view->v[i]->head;
		error = pt_fold_step(&fold, view->v[i], change, &range);
		struct pt_moment moment = pt_moment_of_pages(head, start, end, &range.sum);
		if (!error && i >= from)
			pt_plot_add(&plot, &moment);
	}
	pt_fold_free(&fold);
	return error ? error : (ssize_t)plot.n;
}

ssize_t pt_ring_plot(struct pt_past *past, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
		     struct pt_moment *ret, size_t max)
{
	struct pt_history *h = (struct pt_history *)past;
	struct pt_view view = {0};
	ssize_t n = 0;
	bool process = !start && !end;
	if (!max || start > end)
		return 0;
	pthread_mutex_lock(&h->lock);
	if (process)
		n = (ssize_t)plot_process(h, first, last, ret, max);
	else if (h->n && pt_ring_head(h, 0)->seq <= last)
		n = pt_view_take(h, 0, pt_ring_find(h, last), &view);
	pthread_mutex_unlock(&h->lock);
	if (view.n)
		n = plot_range(&view, first, start, end, ret, max);
	pt_view_drop(&view);
	return n;
}
