/*
 * What the watch asks besides faults, each only where it is wanted and may be asked: the time they take (spent.h) and the
 * frames they are given (allocs.h). What cannot be had keeps its reason, and the rest goes on.
 */
#ifndef PT_FAULTS_BESIDES_H
#define PT_FAULTS_BESIDES_H

#include "core/faults/allocs.h"
#include "core/faults/spent.h"
#include "core/faults/watch.h"

struct pt_besides {
	struct pt_spent *spent;        /* NULL: see the error */
	struct pt_allocs *allocs;      /* likewise */
	int spent_error, allocs_error; /* -ENODATA: not asked for */
};

void pt_besides_open(struct pt_besides *b, struct pt_kernel *k, pid_t pid, const struct pt_fault_watch_options *options,
		     uint64_t period);
void pt_besides_close(struct pt_besides *b); /* a zeroed one is fine */
void pt_besides_take(struct pt_besides *b);
/* Of every so many allocations is told; faults and they come about as often. */
void pt_besides_set_period(struct pt_besides *b, uint64_t period);
void pt_besides_show(const struct pt_besides *b, size_t rows, struct pt_fault_view *view);

#endif
