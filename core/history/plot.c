/*
 * What a plot of a history shows: of the process from the series and the frames, of an address range by following its
 * chunks from delta to delta, with the sums of those that change taken out and put in.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/history/fold.h"
#include "core/history/ring.h"

/* The series and the frames side by side: each is thinned out in its own way, and a plot has the moments of both. */
struct moments {
	const struct pt_history *h;
	size_t in_series, in_frames;
};

/* The next one not after `last`; false: there is none. */
static bool next_moment(struct moments *m, uint64_t last, struct pt_moment *ret)
{
	const struct pt_series *s = &m->h->series;
	uint64_t a = m->in_series < s->n ? s->v[m->in_series].seq : UINT64_MAX;
	uint64_t b = m->in_frames < m->h->n ? pt_ring_head(m->h, m->in_frames)->seq : UINT64_MAX;
	if ((a < b ? a : b) > last || (m->in_series == s->n && m->in_frames == m->h->n))
		return false;
	*ret = a <= b ? s->v[m->in_series] : pt_moment_of(pt_ring_head(m->h, m->in_frames));
	m->in_series += a <= b;
	m->in_frames += b <= a;
	return true;
}

/* Those from a seq on. */
static struct moments moments_from(const struct pt_history *h, uint64_t seq)
{
	struct moments m = {.h = h};
	while (m.in_series < h->series.n && h->series.v[m.in_series].seq < seq)
		m.in_series++;
	while (m.in_frames < h->n && pt_ring_head(h, m.in_frames)->seq < seq)
		m.in_frames++;
	return m;
}

static size_t plot_process(struct pt_history *h, uint64_t first, uint64_t last, struct pt_moment *ret, size_t max)
{
	struct moments all = moments_from(h, first), m = all;
	struct pt_plot plot = {.v = ret, .max = max};
	struct pt_moment moment;
	size_t n = 0;
	for (; next_moment(&m, last, &moment); n++) {
		plot.from_ns = n ? plot.from_ns : moment.monotonic_ns;
		plot.to_ns = moment.monotonic_ns;
	}
	plot.all = n <= max;
	while (next_moment(&all, last, &moment))
		pt_plot_add(&plot, &moment);
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
