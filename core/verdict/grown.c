/*
 * What grew: see grown.h. Of each process the frames at both moments are compared (core/history/growth.h); since when, a
 * plot of the addresses of each VMA tells that is named.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/history/growth.h"
#include "core/verdict/eval.h"

#define PLOT_MOMENTS 512
#define BEGUN        0.05 /* of what it grew by, when growing is said to have begun */
#define LITTLE       0.01 /* of all that grew, which is not worth a line */

/* ---- frames ----------------------------------------------------------------------------------------------------- */

static int frame_at(struct pt_past *past, uint64_t seq, struct pt_frame *ret)
{
	struct pt_moment moment;
	ssize_t n = past->ops->plot(past, seq, seq, 0, 0, &moment, 1);
	if (n < 0)
		return (int)n;
	*ret = n ? (struct pt_frame){seq, moment.monotonic_ns} : (struct pt_frame){0};
	return 0;
}

/* By halving. *ret_after: the one behind it. */
static int find_frames(struct pt_past *past, uint64_t ns, struct pt_frame *before, struct pt_frame *after)
{
	int64_t first = 0, end = (int64_t)past->ops->count(past);
	*before = *after = (struct pt_frame){0};
	while (first < end) {
		struct pt_frame frame;
		int64_t middle = first + (end - first) / 2;
		int error = frame_at(past, past->ops->step(past, 0, middle), &frame);
		if (error)
			return error;
		if (frame.ns <= ns) {
			*before = frame;
			first = middle + 1;
		} else {
			*after = frame;
			end = middle;
		}
	}
	return 0;
}

int pt_frame_before(struct pt_past *past, uint64_t ns, struct pt_frame *ret)
{
	struct pt_frame after;
	return find_frames(past, ns, ret, &after);
}

int pt_frame_after(struct pt_past *past, uint64_t ns, struct pt_frame *ret)
{
	struct pt_frame before, after;
	int error = find_frames(past, ns, &before, &after);
	if (!error)
		*ret = before.seq && before.ns == ns ? before : after;
	return error;
}

uint64_t pt_trace_within(const struct pt_trace *trace, uint64_t ns)
{
	uint64_t last = trace->n_samples ? trace->samples[trace->n_samples - 1].monotonic_ns : 0;
	return last && last < ns ? last : ns;
}

/* ---- VMAs that grew --------------------------------------------------------------------------------------------- */

void pt_grown_add(struct pt_grown *grown, const struct pt_grown_vma *vma)
{
	struct pt_grown_vma *v = grown->v;
	const struct pt_grown_vma *least = grown->n == PT_GROWN_MOST ? &v[PT_GROWN_MOST - 1] : NULL;
	if (least && least->bytes >= vma->bytes) {
		grown->more++;
		grown->more_bytes += vma->bytes;
		return;
	}
	if (least) {
		grown->more++;
		grown->more_bytes += least->bytes;
		grown->n--;
	}
	size_t at = grown->n++;
	for (; at && v[at - 1].bytes < vma->bytes; at--)
		v[at] = v[at - 1];
	v[at] = *vma;
}

struct search {
	const struct pt_trace *trace;
	const struct pt_series *series;
	enum pt_sum sum;
	uint64_t from_ns, to_ns;
	struct pt_grown *grown;
};

static void add_vma(const struct search *s, size_t process, const struct pt_snapshot *after, size_t i, uint64_t bytes)
{
	const struct pt_vma *vma = &after->vmas->v[i];
	struct pt_grown_vma grown = {.process = (uint32_t)process, .start = vma->start, .end = vma->end};
	if (!bytes || !(s->series->roles & 1u << vma->role))
		return;
	grown.role = vma->role;
	grown.perms = vma->perms;
	grown.bytes = bytes;
	grown.pages = bytes >> after->page_shift;
	strncpy(grown.path, vma->path, sizeof(grown.path) - 1);
	pt_grown_add(s->grown, &grown);
}

/* All that it holds, of a process that began in between. */
static void add_all(const struct search *s, size_t process, const struct pt_snapshot *after)
{
	for (size_t i = 0; i < after->vmas->n; i++) {
		struct pt_maybe bytes = pt_snapshot_bytes(after, i, s->sum);
		add_vma(s, process, after, i, bytes.known ? bytes.value : 0);
	}
}

static int add_growth(const struct search *s, size_t process, const struct pt_snapshot *before,
		      const struct pt_snapshot *after)
{
	struct pt_growth growth;
	int error = pt_growth_make(before, after, &growth);
	if (error)
		return error;
	for (size_t i = 0; i < growth.pairs.n; i++) {
		struct pt_grew grew = pt_growth_of_pair(&growth, i, s->sum);
		if (grew.known && grew.value > 0 && growth.pairs.v[i].is != PT_NO_VMA)
			add_vma(s, process, after, growth.pairs.v[i].is, (uint64_t)grew.value);
	}
	pt_growth_free(&growth);
	return 0;
}

/*
 * Whether it was there at the beginning, with memory of which only its first frame tells. One that was watched from its
 * first moment on was sampled before its pages were read, and all of these grew.
 */
static bool was_there(const struct search *s, size_t process)
{
	if (s->trace->processes[process].began_ns > s->from_ns)
		return false;
	for (size_t i = 0; i < s->trace->n_samples; i++)
		if (s->trace->samples[i].process == process)
			return s->trace->samples[i].monotonic_ns < s->from_ns || s->trace->samples[i].frame;
	return true;
}

static int search_process(const struct search *s, size_t i)
{
	const struct pt_trace_process *process = &s->trace->processes[i];
	struct pt_past *past = process->past;
	struct pt_frame first, last;
	struct pt_snapshot *before = NULL, *after = NULL;
	if (process->began_ns > s->to_ns || (process->ended_ns && process->ended_ns < s->to_ns))
		return 0; /* it holds nothing then */
	int error = past ? pt_frame_before(past, s->to_ns, &last) : 0;
	if (!past || (!error && !last.seq)) {
		s->grown->unseen++;
		return 0;
	}
	if (!error)
		error = pt_frame_before(past, s->from_ns, &first);
	if (!error && !first.seq && was_there(s, i))
		error = frame_at(past, past->ops->step(past, 0, 0), &first);
	if (!error)
		error = past->ops->at(past, last.seq, &after);
	if (!error && first.seq)
		error = past->ops->at(past, first.seq, &before);
	if (!error && before)
		error = add_growth(s, i, before, after);
	else if (!error)
		add_all(s, i, after);
	pt_snapshot_unref(before);
	pt_snapshot_unref(after);
	return error;
}

/* ---- since when ------------------------------------------------------------------------------------------------- */

static uint64_t amount(const struct pt_moment *m, enum pt_sum sum)
{
	switch (sum) {
	case PT_SUM_ANON: return m->anon.value;
	case PT_SUM_FILE: return m->file.value;
	case PT_SUM_SHMEM: return m->shmem.value;
	case PT_SUM_SWAP: return m->swap.value;
	case PT_SUM_THP: return m->thp.value;
	case PT_SUM_HUGETLB: return m->hugetlb.value;
	default: return m->rss.value;
	}
}

/* The last moment at which it had not grown yet. */
static int find_beginning(const struct search *s, struct pt_grown_vma *vma)
{
	struct pt_past *past = s->trace->processes[vma->process].past;
	struct pt_frame first, last;
	struct pt_moment *moments = calloc(PLOT_MOMENTS, sizeof(*moments));
	int error = moments ? pt_frame_before(past, s->from_ns, &first) : -ENOMEM;
	if (!error)
		error = pt_frame_before(past, s->to_ns, &last);
	ssize_t n = error ? 0 : past->ops->plot(past, first.seq, last.seq, vma->start, vma->end, moments, PLOT_MOMENTS);
	if (n > 0) {
		uint64_t was = amount(&moments[0], s->sum), is = amount(&moments[n - 1], s->sum);
		uint64_t most = is > was ? was + (uint64_t)((double)(is - was) * BEGUN) : was;
		ssize_t at = n - 1;
		while (at > 0 && amount(&moments[at], s->sum) > most)
			at--;
		vma->began_ns = moments[at].monotonic_ns;
		vma->began_realtime = moments[at].realtime_ns;
	}
	free(moments);
	return error ? error : n < 0 ? (int)n : 0;
}

/* What is little beside the rest is told in one sum. */
static void drop_little(struct pt_grown *grown)
{
	uint64_t all = grown->more_bytes;
	for (size_t i = 0; i < grown->n; i++)
		all += grown->v[i].bytes;
	for (; grown->n > 1 && (double)grown->v[grown->n - 1].bytes < LITTLE * (double)all; grown->n--) {
		grown->more++;
		grown->more_bytes += grown->v[grown->n - 1].bytes;
	}
}

int pt_grown_find(const struct pt_trace *trace, const struct pt_series *series, uint64_t from_ns, uint64_t to_ns,
		  struct pt_grown *ret)
{
	struct search s = {.trace = trace, .series = series, .from_ns = from_ns, .grown = ret};
	int error = 0;
	s.sum = pt_quantity_sum(series->quantity);
	s.sum = s.sum == PT_SUM_N ? PT_SUM_SIZE : s.sum;
	s.to_ns = pt_trace_within(trace, to_ns);
	*ret = (struct pt_grown){0};
	for (size_t i = 0; i < trace->n_processes && !error; i++)
		if (pt_who_is(trace, &series->who, i))
			error = search_process(&s, i);
	drop_little(ret);
	for (size_t i = 0; i < ret->n && !error; i++)
		error = find_beginning(&s, &ret->v[i]);
	return error;
}
