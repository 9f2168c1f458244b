/*
 * What both kinds of past have in common: moments of snapshots, and which of them a plot shows. See past.h.
 */
#include "core/history/past.h"

static struct pt_moment begin(const struct pt_snapshot *s)
{
	return (struct pt_moment){.seq = s->seq, .realtime_ns = s->realtime_ns, .monotonic_ns = s->monotonic_ns};
}

struct pt_moment pt_moment_of(const struct pt_snapshot *s)
{
	struct pt_moment moment = begin(s);
	size_t all = s->vmas->n;
	moment.rss = pt_snapshot_bytes(s, all, PT_SUM_RSS);
	moment.anon = pt_snapshot_bytes(s, all, PT_SUM_ANON);
	moment.file = pt_snapshot_bytes(s, all, PT_SUM_FILE);
	moment.shmem = pt_snapshot_bytes(s, all, PT_SUM_SHMEM);
	moment.swap = pt_snapshot_bytes(s, all, PT_SUM_SWAP);
	moment.thp = pt_snapshot_bytes(s, all, PT_SUM_THP);
	moment.hugetlb = pt_snapshot_bytes(s, all, PT_SUM_HUGETLB);
	moment.pss = pt_snapshot_bytes(s, all, PT_SUM_PSS);
	if (!moment.pss.known)
		moment.pss = s->process.rollup_pss;
	return moment;
}

struct pt_moment pt_moment_of_pages(const struct pt_snapshot *s, uint64_t start, uint64_t end,
				    const struct pt_counts *counts)
{
	struct pt_moment moment = begin(s);
	moment.rss = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_RSS);
	moment.anon = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_ANON);
	moment.file = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_FILE);
	moment.shmem = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_SHMEM);
	moment.swap = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_SWAP);
	moment.thp = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_THP);
	moment.hugetlb = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_HUGETLB);
	moment.pss = pt_snapshot_bytes_of(s, start, end, counts, PT_SUM_PSS);
	return moment;
}

/* Of `max` equal stretches from the first to the last. */
static uint64_t stretch_of(const struct pt_plot *plot, const struct pt_moment *moment)
{
	if (moment->monotonic_ns <= plot->from_ns || moment->monotonic_ns > plot->to_ns)
		return moment->monotonic_ns <= plot->from_ns ? 0 : plot->max - 1;
	double whole = (double)(plot->to_ns - plot->from_ns) + 1, at = (double)(moment->monotonic_ns - plot->from_ns);
	return (uint64_t)(at / whole * (double)plot->max);
}

void pt_plot_add(struct pt_plot *plot, const struct pt_moment *moment)
{
	if (plot->all) {
		plot->v[plot->n++] = *moment;
		return;
	}
	uint64_t stretch = stretch_of(plot, moment);
	if (plot->n && (stretch == plot->stretch || plot->n == plot->max)) {
		struct pt_moment *last = &plot->v[plot->n - 1];
		if (moment->rss.value > last->rss.value)
			*last = *moment;
		return;
	}
	plot->v[plot->n++] = *moment;
	plot->stretch = stretch;
}
