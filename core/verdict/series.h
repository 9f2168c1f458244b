/*
 * A series out of a trace: what a quantity of some roles of some processes came to over time, summed (private to
 * core/verdict). At each point it lies between two numbers, which are the same where all that adds to it is known.
 */
#ifndef PT_VERDICT_SERIES_H
#define PT_VERDICT_SERIES_H

#include "core/verdict/expr.h"

struct pt_point {
	uint64_t ns;
	double low, high; /* high: INFINITY where nothing bounds it */
};

struct pt_points {
	struct pt_point *v; /* by ascending time */
	size_t n;
	size_t processes; /* that the series is of */
	size_t unread; /* of those: lived where only bounds are known, and no more than these was ever known of them */
};

/* 0 or -ENOMEM; free with pt_points_free. Without any point nothing is known. */
int pt_series_points(const struct pt_trace *trace, const struct pt_series *series, struct pt_points *ret);
void pt_points_free(struct pt_points *points);
/* Position of the first point at or after a time. */
size_t pt_points_lower(const struct pt_points *points, uint64_t ns);

/* Whether a process of the trace is one of those meant. */
bool pt_who_is(const struct pt_trace *trace, const struct pt_who *who, size_t process);

/* The moment on the trace's clock; false: there is no such mark. */
bool pt_instant_ns(const struct pt_trace *trace, const struct pt_instant *instant, uint64_t *ret);

#endif
