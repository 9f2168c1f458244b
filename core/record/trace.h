/*
 * A trace (core/verdict/trace.h) out of a recording: what its frames and samples sum up to, without looking at a page.
 */
#ifndef PT_RECORD_TRACE_H
#define PT_RECORD_TRACE_H

#include "core/record/record.h"
#include "core/verdict/trace.h"

struct pt_record_trace {
	struct pt_trace *trace;
	/* private: */
	struct pt_reader **readers; /* the pasts of its processes are theirs; [n_readers], NULL: of no frames */
	size_t n_readers;
};

/* Errors as pt_reader_open; -ENODATA: nothing was recorded yet. */
int pt_record_trace_open(const char *path, struct pt_record_trace *ret, char *message, size_t size);
void pt_record_trace_close(struct pt_record_trace *trace); /* of zeroes too */

#endif
