/*
 * Comparing two dumps; see compare.h. Goes through both tables of runs at once, in stretches over which neither these
 * nor the VMA change.
 */
#include "core/dump/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dump/merge.h"

#define PIECE PT_DUMP_PAGE_MOST /* bytes at a time */

struct compare {
	const struct pt_compare_job *job;
	struct pt_comparison *out;
	unsigned page_shift;
	bool onto_base;            /* the second is incremental to the first */
	unsigned char *buffers[2]; /* PIECE each */
	uint64_t done;             /* bytes compared */
};

/* Addresses [start, end) over which all of this holds. */
struct stretch {
	uint64_t start, end;
	unsigned contents[2]; /* enum pt_content; PT_CONTENT_N: no run */
	const struct pt_vma *vma;
	bool gone;
};

static const struct pt_core *side(const struct compare *c, int i)
{
	return i ? c->job->second : c->job->first;
}

/* ---- stretches -------------------------------------------------------------------------------------------------- */

static const struct pt_vma *vma_at(const struct pt_core *core, struct stretch *s)
{
	size_t i = pt_vma_find(core->vmas, s->start);
	const struct pt_vma *vma = i < core->vmas->n ? &core->vmas->v[i] : NULL;
	if (!vma)
		return NULL;
	bool covers = pt_vma_covers(vma, s->start);
	uint64_t border = covers ? vma->end : vma->start;
	s->end = border < s->end ? border : s->end;
	return covers ? vma : NULL;
}

/* The one that begins at `at` or above; false: none is left. */
static bool next_stretch(const struct compare *c, uint64_t at, struct stretch *ret)
{
	struct stretch s = {.start = UINT64_MAX, .end = UINT64_MAX};
	size_t index[2];

	for (int i = 0; i < 2; i++) {
		index[i] = pt_core_find(side(c, i), at);
		if (index[i] == side(c, i)->n_runs)
			continue;
		uint64_t start = side(c, i)->runs[index[i]].start;
		start = start > at ? start : at;
		s.start = start < s.start ? start : s.start;
	}
	if (s.start == UINT64_MAX)
		return false;
	for (int i = 0; i < 2; i++) {
		const struct pt_run *run = &side(c, i)->runs[index[i]];
		bool is = index[i] < side(c, i)->n_runs, holds = is && run->start <= s.start;
		uint64_t border = !is ? UINT64_MAX : holds ? run->end : run->start;
		s.contents[i] = holds ? run->content : PT_CONTENT_N;
		s.end = border < s.end ? border : s.end;
	}
	const struct pt_vma *first = vma_at(c->job->first, &s), *second = vma_at(c->job->second, &s);
	s.vma = second ? second : first;
	s.gone = !second && first;
	*ret = s;
	return true;
}

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static struct pt_compared *row_of(struct pt_comparison *out, const struct stretch *s)
{
	struct pt_compared *last = out->n ? &out->v[out->n - 1] : NULL;
	if (last && last->vma == s->vma)
		return last;
	if (out->n == out->room) {
		size_t room = out->room ? out->room * 2 : 64;
		struct pt_compared *more = reallocarray(out->v, room, sizeof(*more));
		if (!more)
			return NULL;
		out->v = more;
		out->room = room;
	}
	out->v[out->n] = (struct pt_compared){.vma = s->vma, .gone = s->gone};
	return &out->v[out->n++];
}

static void add(struct pt_compared *sum, const struct pt_compared *more)
{
	sum->equal += more->equal;
	sum->differ += more->differ;
	sum->bytes += more->bytes;
	sum->only_first += more->only_first;
	sum->only_second += more->only_second;
}

/* ---- contents --------------------------------------------------------------------------------------------------- */

static int compare_page(struct compare *c, const struct stretch *s, uint64_t address, size_t offset,
			struct pt_compared *sum)
{
	const size_t size = (size_t)1 << c->page_shift;
	const unsigned char *a = c->buffers[0] + offset, *b = c->buffers[1] + offset;
	struct pt_difference difference = {.address = address, .vma = s->vma};
	if (!memcmp(a, b, size)) {
		sum->equal++;
		return 0;
	}
	for (size_t i = size; i--;) {
		if (a[i] == b[i])
			continue;
		difference.bytes++;
		difference.first = (uint32_t)i;
	}
	sum->differ++;
	sum->bytes += difference.bytes;
	return c->job->each ? c->job->each(c->job->arg, &difference) : 0;
}

static int compare_bytes(struct compare *c, const struct stretch *s, struct pt_compared *sum)
{
	int error = 0;
	for (uint64_t at = s->start, n; at < s->end && !error; at += n) {
		n = s->end - at < PIECE ? s->end - at : PIECE;
		error = c->job->step ? c->job->step(c->job->arg, c->done) : 0;
		c->done += n;
		for (int i = 0; i < 2 && !error; i++)
			error = pt_core_read(side(c, i), at, c->buffers[i], n);
		for (size_t offset = 0; offset < n && !error; offset += (size_t)1 << c->page_shift)
			error = compare_page(c, s, at + offset, offset, sum);
	}
	return error;
}

static int compare_stretch(struct compare *c, const struct stretch *s)
{
	struct pt_compared sum = {0};
	uint64_t pages = (s->end - s->start) >> c->page_shift;
	bool has[2] = {pt_content_here(s->contents[0]), pt_content_here(s->contents[1])};
	int error = 0;

	if (c->onto_base && s->contents[1] == PT_CONTENT_SAME) {
		if (!has[0])
			return -EBADMSG;
		sum.equal = pages;
	} else if (has[0] && has[1]) {
		if (s->contents[0] == PT_CONTENT_ZERO && s->contents[1] == PT_CONTENT_ZERO)
			sum.equal = pages;
		else
			error = compare_bytes(c, s, &sum);
	} else if (has[0]) {
		sum.only_first = pages;
	} else if (has[1]) {
		sum.only_second = pages;
	} else {
		return 0;
	}
	struct pt_compared *row = row_of(c->out, s);
	if (!row)
		return -ENOMEM;
	add(row, &sum);
	add(&c->out->all, &sum);
	return error;
}

static int compare_all(struct compare *c)
{
	struct stretch s = {0};
	int error = 0;
	while (!error && next_stretch(c, s.end, &s))
		error = compare_stretch(c, &s);
	return error;
}

int pt_compare(const struct pt_compare_job *job, struct pt_comparison *ret)
{
	struct compare c = {.job = job, .out = ret, .page_shift = job->first->info.page_shift};
	*ret = (struct pt_comparison){0};
	c.onto_base = pt_core_is_base(job->second, job->first);
	if (job->second->info.page_shift != c.page_shift || job->first->info.base[0] ||
	    (job->second->info.base[0] && !c.onto_base))
		return -EINVAL;
	for (int i = 0; i < 2; i++)
		c.buffers[i] = malloc(PIECE);
	int error = c.buffers[0] && c.buffers[1] ? compare_all(&c) : -ENOMEM;
	free(c.buffers[0]);
	free(c.buffers[1]);
	if (error)
		pt_comparison_free(ret);
	return error;
}

void pt_comparison_free(struct pt_comparison *comparison)
{
	free(comparison->v);
	*comparison = (struct pt_comparison){0};
}
