/*
 * Address ranges; see stretches.h.
 */
#include "core/scan/stretches.h"

#include <errno.h>
#include <stdlib.h>

int pt_stretches_push(struct pt_stretches *s, uint64_t start, uint64_t end)
{
	if (start >= end)
		return 0;
	if (s->n && s->v[s->n - 1].end == start) {
		s->v[s->n - 1].end = end;
		return 0;
	}
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 16;
		struct pt_stretch *v = realloc(s->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->v = v;
		s->room = room;
	}
	s->v[s->n++] = (struct pt_stretch){start, end};
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct pt_stretch *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

void pt_stretches_put_in_order(struct pt_stretches *s)
{
	size_t kept = 0;
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), by_start);
	for (size_t i = 0; i < s->n; i++) {
		if (kept && s->v[i].start <= s->v[kept - 1].end) {
			if (s->v[i].end > s->v[kept - 1].end)
				s->v[kept - 1].end = s->v[i].end;
		} else {
			s->v[kept++] = s->v[i];
		}
	}
	s->n = kept;
}

void pt_stretches_align(struct pt_stretches *s, uint64_t size)
{
	for (size_t i = 0; i < s->n; i++) {
		uint64_t up = s->v[i].end + (size - 1);
		s->v[i].start &= ~(size - 1);
		s->v[i].end = up < s->v[i].end ? UINT64_MAX : up & ~(size - 1);
	}
	pt_stretches_put_in_order(s);
}

void pt_stretches_free(struct pt_stretches *s)
{
	free(s->v);
	*s = (struct pt_stretches){0};
}

bool pt_stretches_hold(const struct pt_stretch *stretches, size_t n, uint64_t addr)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (stretches[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && stretches[low].start <= addr;
}
