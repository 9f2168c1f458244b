/*
 * See series.h. Samples are gone through once in the order of time; of each process its newest value is kept, and the
 * sum of them is a point wherever a round of samples is over. A process holds nothing before its first sample and after
 * it ended; where it has samples, but none with this quantity yet, what it holds lies between nothing and what its
 * counters allow. What these do not bound, as the number of VMAs, counts from when it is known.
 */
#include "core/verdict/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMM_MAX 15 /* bytes of a name that the kernel keeps */

/* ---- who and when ----------------------------------------------------------------------------------------------- */

bool pt_who_is(const struct pt_trace *trace, const struct pt_who *who, size_t process)
{
	if (!who->named)
		return true;
	if (who->root)
		return process == 0;
	return strncmp(trace->processes[process].name, who->name, COMM_MAX) == 0;
}

static uint64_t start_of(const struct pt_trace *trace)
{
	return trace->began_ns || !trace->n_samples ? trace->began_ns : trace->samples[0].monotonic_ns;
}

static uint64_t end_of(const struct pt_trace *trace)
{
	uint64_t last = trace->n_samples ? trace->samples[trace->n_samples - 1].monotonic_ns : 0;
	return trace->ended_ns ? trace->ended_ns : last;
}

/* The nth mark of a label, from 1 on; 0: the last. NULL: there is none. */
static const struct pt_trace_mark *find_mark(const struct pt_trace *trace, const char *label, unsigned nth)
{
	const struct pt_trace_mark *found = NULL;
	unsigned seen = 0;
	for (size_t i = 0; i < trace->n_marks && (nth == 0 || seen < nth); i++) {
		if (strncmp(trace->marks[i].label, label, sizeof(trace->marks[i].label)) != 0)
			continue;
		found = &trace->marks[i];
		seen++;
	}
	return seen >= nth ? found : NULL;
}

bool pt_instant_ns(const struct pt_trace *trace, const struct pt_instant *instant, uint64_t *ret)
{
	double ns = (double)(instant->anchor == PT_AT_START ? start_of(trace) : end_of(trace));
	if (instant->anchor == PT_AT_MARK) {
		const struct pt_trace_mark *mark = find_mark(trace, instant->label, instant->nth);
		if (!mark)
			return false;
		ns = (double)mark->monotonic_ns;
	}
	ns += instant->offset * 1e9;
	*ret = ns <= 0 ? 0 : ns >= 1e19 ? UINT64_MAX : (uint64_t)ns;
	return true;
}

/* ---- one sample ------------------------------------------------------------------------------------------------- */

/* Of the roles that are asked for; unknown where one of them is. */
static struct pt_maybe amount_of(const struct pt_sample *sample, const struct pt_series *series)
{
	struct pt_maybe sum = {.known = true};
	if (series->roles == PT_ROLES_ALL)
		return sample->all.v[series->quantity];
	if (!sample->roles)
		return (struct pt_maybe){0};
	for (int role = 0; role < PT_ROLE_N; role++) {
		if (!(series->roles & 1u << role))
			continue;
		sum.value += sample->roles[role].v[series->quantity].value;
		sum.known &= sample->roles[role].v[series->quantity].known;
	}
	return sum;
}

/* What the quantity cannot be more than, of all of it or of some roles. */
static struct pt_maybe bound_of(const struct pt_sample *sample, enum pt_quantity quantity)
{
	struct pt_maybe bound = sample->all.v[quantity];
	if (bound.known)
		return bound;
	switch (quantity) {
	case PT_QUANTITY_THP: return bound_of(sample, PT_QUANTITY_ANON);
	case PT_QUANTITY_ANON:
	case PT_QUANTITY_FILE:
	case PT_QUANTITY_SHMEM:
	case PT_QUANTITY_PSS:
	case PT_QUANTITY_DIRTY:
	case PT_QUANTITY_SHARED:
	case PT_QUANTITY_PRIVATE: return sample->all.v[PT_QUANTITY_RSS];
	default: return bound;
	}
}

/* A process that is ending has no memory any more, and its counters are gone with it. */
static bool says_anything(const struct pt_sample *sample)
{
	for (int q = 0; q < PT_QUANTITY_N; q++)
		if (sample->all.v[q].known)
			return true;
	return false;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

enum standing { UNBEGUN, BOUNDED, KNOWN, OVER };

struct member {
	bool is_meant;
	enum standing standing;
	bool has_bound;
	bool framed;    /* a whole frame said what it holds */
	bool counted;   /* counters say so at some time, */
	bool told;      /* or something does */
	uint64_t value; /* or the bound, where has_bound */
	size_t round;   /* in which it was sampled last */
};

struct end {
	uint64_t ns;
	uint32_t process;
};

struct summer {
	const struct pt_trace *trace;
	const struct pt_series *series;
	struct member *members;
	struct end *ends; /* by time */
	size_t n_ends, next_end;
	uint64_t known, bounds; /* sums of values, and of bounds */
	size_t boundless;
	size_t round;             /* 1, 2, ... */
	uint64_t round_from, now; /* of the round's first and last sample */
	struct pt_points *points;
	size_t room;
};

static int by_time(const void *a, const void *b)
{
	const struct end *x = a, *y = b;
	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

/* Takes what a process holds out of the sums, or puts it in. */
static void count(struct summer *s, const struct member *m, bool in)
{
	uint64_t sign = in ? 1 : UINT64_MAX; /* modulo 2^64 */
	if (m->standing == KNOWN)
		s->known += sign * m->value;
	else if (m->standing == BOUNDED && m->has_bound)
		s->bounds += sign * m->value;
	else if (m->standing == BOUNDED)
		s->boundless += sign;
}

static void end_processes(struct summer *s, uint64_t until)
{
	for (; s->next_end < s->n_ends && s->ends[s->next_end].ns <= until; s->next_end++) {
		struct member *m = &s->members[s->ends[s->next_end].process];
		count(s, m, false);
		s->points->unread += m->standing == BOUNDED;
		m->standing = OVER;
	}
}

static int end_round(struct summer *s)
{
	struct pt_points *points = s->points;
	if (s->now) {
		if (points->n == s->room) {
			size_t room = s->room ? 2 * s->room : 64;
			struct pt_point *v = reallocarray(points->v, room, sizeof(*v));
			if (!v)
				return -ENOMEM;
			points->v = v;
			s->room = room;
		}
		points->v[points->n++] = (struct pt_point){s->now, (double)s->known,
							   s->boundless ? (double)INFINITY
									: (double)s->known + (double)s->bounds};
	}
	s->round++;
	s->now = 0;
	return 0;
}

/* Whether a sample belongs to another round than the one before it. */
static bool begins_round(const struct summer *s, const struct pt_sample *sample)
{
	return s->now && (s->members[sample->process].round == s->round ||
			  sample->monotonic_ns - s->round_from > s->trace->interval_ns / 2);
}

/*
 * Whether something else says the same better. Counters are of one moment, while a frame within a budget has pages that
 * were read some seconds ago; but the one of swap lacks shared memory, and VMAs are counted only until there are frames.
 */
static bool is_second(const struct summer *s, const struct member *m, const struct pt_sample *sample)
{
	if (s->series->quantity == PT_QUANTITY_SWAP || s->series->quantity == PT_QUANTITY_VMAS)
		return !sample->frame && m->framed;
	return sample->frame && m->counted && s->series->roles == PT_ROLES_ALL;
}

static void look_ahead(struct summer *s)
{
	for (size_t i = 0; i < s->trace->n_samples; i++) {
		const struct pt_sample *sample = &s->trace->samples[i];
		if (sample->process >= s->trace->n_processes)
			continue;
		s->members[sample->process].counted |= !sample->frame && sample->all.v[s->series->quantity].known;
		s->members[sample->process].told |= amount_of(sample, s->series).known;
	}
}

static int take_sample(struct summer *s, const struct pt_sample *sample)
{
	struct member *m = &s->members[sample->process], is = *m;
	struct pt_maybe amount = amount_of(sample, s->series), bound = bound_of(sample, s->series->quantity);
	is.standing = amount.known ? KNOWN : BOUNDED;
	is.framed |= amount.known && sample->frame;
	is.has_bound = bound.known;
	is.value = amount.known ? amount.value : bound.value;
	if (!m->is_meant || m->standing == OVER || !says_anything(sample) || is_second(s, m, sample) ||
	    (!amount.known && (m->standing == KNOWN || (m->told && !bound.known))))
		return 0;
	int error = begins_round(s, sample) ? end_round(s) : 0;
	if (error)
		return error;
	end_processes(s, sample->monotonic_ns);
	if (m->standing == OVER)
		return 0;
	count(s, m, false);
	is.round = s->round;
	*m = is;
	count(s, m, true);
	s->round_from = s->now ? s->round_from : sample->monotonic_ns;
	s->now = sample->monotonic_ns;
	return 0;
}

static int sum_up(struct summer *s)
{
	const struct pt_trace *trace = s->trace;
	int error = 0;
	for (size_t i = 0; i < trace->n_processes; i++) {
		s->members[i].is_meant = pt_who_is(trace, &s->series->who, i);
		s->points->processes += s->members[i].is_meant;
		if (trace->processes[i].ended_ns)
			s->ends[s->n_ends++] = (struct end){trace->processes[i].ended_ns, (uint32_t)i};
	}
	look_ahead(s);
	qsort(s->ends, s->n_ends, sizeof(*s->ends), by_time);
	s->round = 1;
	for (size_t i = 0; i < trace->n_samples && !error; i++)
		if (trace->samples[i].process < trace->n_processes)
			error = take_sample(s, &trace->samples[i]);
	if (!error)
		error = end_round(s);
	for (size_t i = 0; i < trace->n_processes; i++)
		s->points->unread += s->members[i].standing == BOUNDED;
	return error;
}

int pt_series_points(const struct pt_trace *trace, const struct pt_series *series, struct pt_points *ret)
{
	*ret = (struct pt_points){0};
	struct summer s = {.trace = trace, .series = series, .points = ret};
	s.members = calloc(trace->n_processes + 1, sizeof(*s.members));
	s.ends = calloc(trace->n_processes + 1, sizeof(*s.ends));
	int error = s.members && s.ends ? sum_up(&s) : -ENOMEM;
	free(s.members);
	free(s.ends);
	if (error)
		pt_points_free(ret);
	return error;
}

void pt_points_free(struct pt_points *points)
{
	free(points->v);
	*points = (struct pt_points){0};
}

size_t pt_points_lower(const struct pt_points *points, uint64_t ns)
{
	size_t first = 0, n = points->n;
	while (n) {
		size_t half = n / 2;
		if (points->v[first + half].ns < ns) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first;
}
