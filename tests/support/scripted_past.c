/*
 * See scripted_past.h. Snapshots are kept whole; what a real past thins out, a test leaves out.
 */
#include "tests/support/scripted_past.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct scripted_past *locked(struct pt_past *past)
{
	struct scripted_past *p = (struct scripted_past *)past;
	pthread_mutex_lock(&p->lock);
	return p;
}

static void unlock(struct scripted_past *p)
{
	pthread_mutex_unlock(&p->lock);
}

static size_t count(struct pt_past *past)
{
	struct scripted_past *p = locked(past);
	size_t n = p->n;
	unlock(p);
	return n;
}

/* Index of the last one not after seq; the first if all are. */
static size_t index_of(const struct scripted_past *p, uint64_t seq)
{
	size_t i = 0;
	while (i + 1 < p->n && p->moments[i + 1]->seq <= seq)
		i++;
	return i;
}

static struct pt_moment moment_of(const struct pt_snapshot *s, uint64_t start, uint64_t end)
{
	struct pt_counts sum = s->total;
	if (end) {
		sum = (struct pt_counts){0};
		pt_snapshot_sum(s, start, end, &sum);
	}
	const unsigned shift = s->page_shift;
	const bool told = !sum.n[PT_N_NO_KIND];
	struct pt_moment m = {.seq = s->seq, .realtime_ns = s->realtime_ns, .monotonic_ns = s->monotonic_ns};
	m.rss = (struct pt_maybe){sum.n[PT_N_RSS] << shift, true};
	m.anon = (struct pt_maybe){sum.n[PT_N_ANON] << shift, told};
	m.file = (struct pt_maybe){sum.n[PT_N_FILE] << shift, told};
	m.shmem = (struct pt_maybe){sum.n[PT_N_SHMEM] << shift, told};
	m.swap = (struct pt_maybe){sum.n[PT_N_SWAP] << shift, true};
	m.thp = (struct pt_maybe){sum.n[PT_N_PMD_ANON] << shift, true};
	m.hugetlb = (struct pt_maybe){sum.n[PT_N_HUGETLB] << shift, true};
	return m;
}

static ssize_t plot(struct pt_past *past, uint64_t first, uint64_t last, uint64_t start, uint64_t end,
		    struct pt_moment *ret, size_t max)
{
	struct scripted_past *p = locked(past);
	size_t n = 0;
	for (size_t i = 0; i < p->n && n < max; i++)
		if (p->moments[i]->seq >= first && p->moments[i]->seq <= last)
			ret[n++] = moment_of(p->moments[i], start, end);
	unlock(p);
	return (ssize_t)n;
}

static int at(struct pt_past *past, uint64_t seq, struct pt_snapshot **ret)
{
	struct scripted_past *p = locked(past);
	int error = p->at_error ? p->at_error : p->n ? 0 : -ENOENT;
	if (!error)
		*ret = pt_snapshot_ref(p->moments[index_of(p, seq)]);
	unlock(p);
	return error;
}

static uint64_t find(struct pt_past *past, uint64_t realtime_ns)
{
	struct scripted_past *p = locked(past);
	uint64_t seq = p->n ? p->moments[0]->seq : 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->moments[i]->realtime_ns <= realtime_ns)
			seq = p->moments[i]->seq;
	unlock(p);
	return seq;
}

static uint64_t step(struct pt_past *past, uint64_t seq, int64_t n)
{
	struct scripted_past *p = locked(past);
	int64_t i = p->n ? (int64_t)index_of(p, seq) : 0, last = (int64_t)p->n - 1;
	i = n > last - i ? last : n < -i ? 0 : i + n;
	uint64_t to = p->n ? p->moments[i]->seq : 0;
	unlock(p);
	return to;
}

static size_t marks(struct pt_past *past, struct pt_mark *ret, size_t max)
{
	struct scripted_past *p = locked(past);
	size_t n = p->n_marks;
	for (size_t i = 0; i < n && i < max; i++)
		ret[i] = p->marks[i];
	unlock(p);
	return n;
}

static int mark(struct pt_past *past, uint64_t realtime_ns, const char *label)
{
	uint64_t seq = find(past, realtime_ns);
	struct scripted_past *p = locked(past);
	int error = p->mark_error ? p->mark_error : p->n_marks == SCRIPTED_MARKS ? -ENOMEM : 0;
	if (!error) {
		struct pt_mark *m = &p->marks[p->n_marks++];
		m->realtime_ns = realtime_ns;
		m->seq = seq;
		snprintf(m->label, sizeof m->label, "%s", label);
	}
	unlock(p);
	return error;
}

static ssize_t story(struct pt_past *past, uint64_t address, uint64_t seq, struct pt_chapter *ret, size_t max)
{
	struct scripted_past *p = locked(past);
	struct pt_page last = {0};
	size_t n = 0;
	for (size_t i = 0; i < p->n && n < max && p->moments[i]->seq <= seq; i++) {
		const struct pt_snapshot *s = p->moments[i];
		struct pt_page page = pt_snapshot_page(s, address);
		if (i && page.bits == last.bits && page.pfn == last.pfn && page.count == last.count)
			continue;
		ret[n++] = (struct pt_chapter){.from_ns = i ? p->moments[i - 1]->monotonic_ns : 0,
					       .to_ns = s->monotonic_ns,
					       .realtime_ns = s->realtime_ns,
					       .events = i ? pt_page_events(last, page) : 0,
					       .page = page};
		last = page;
	}
	unlock(p);
	return (ssize_t)n;
}

struct scripted_past *scripted_past_new(void)
{
	static const struct pt_past_ops ops = {.count = count,
					       .plot = plot,
					       .at = at,
					       .find = find,
					       .step = step,
					       .marks = marks,
					       .mark = mark,
					       .story = story};
	struct scripted_past *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->past.ops = &ops;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void scripted_past_push(struct scripted_past *p, struct pt_snapshot *snapshot)
{
	pthread_mutex_lock(&p->lock);
	assert_true(p->n < SCRIPTED_MOMENTS);
	p->moments[p->n++] = pt_snapshot_ref(snapshot);
	pthread_mutex_unlock(&p->lock);
}

void scripted_past_free(struct scripted_past *p)
{
	for (size_t i = 0; i < p->n; i++)
		pt_snapshot_unref(p->moments[i]);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
