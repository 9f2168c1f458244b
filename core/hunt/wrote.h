/*
 * Who wrote: a hit of a watchpoint on a chunk, as its calls tell: malloc handing it out, free() taking it back, or the
 * program. Private to core/hunt; pure but for the unwinder.
 */
#ifndef PT_HUNT_WROTE_H
#define PT_HUNT_WROTE_H

#include "core/perf/record.h"
#include "core/unwind/unwind.h"

enum pt_wrote {
	PT_WROTE_PROGRAM,
	PT_WROTE_MALLOC, /* malloc(), operator new, memalign() ... */
	PT_WROTE_CALLOC, /* which clears what it hands out */
	PT_WROTE_REALLOC,
	PT_WROTE_FREE,
};

struct pt_calls {
	uint64_t ips[PT_STACK_MAX]; /* [n], innermost first; the allocator's own are left out */
	size_t n;
	bool complete;
	bool inner; /* a helper of malloc or free() wrote: to its own lists, not as the last thing before it returns */
};

enum pt_wrote pt_wrote(struct pt_unwinder *unwinder, const struct pt_perf_record *hit, struct pt_calls *ret);

#endif
