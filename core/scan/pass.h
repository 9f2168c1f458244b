/*
 * Pass: reads stretches of a target's addresses into slots, in address order. The walk finds what is there, the batch
 * reads what it is. Owns the buffers of both; they are kept from pass to pass.
 */
#ifndef PT_SCAN_PASS_H
#define PT_SCAN_PASS_H

#include "core/scan/batch.h"

struct pt_pass;

/* Passes over everything are read by so many threads. NULL: out of memory. */
struct pt_pass *pt_pass_new(unsigned page_shift, unsigned threads);
void pt_pass_free(struct pt_pass *pass); /* NULL is fine */

/* What to read, all of it borrowed until the pass ends. */
struct pt_pass_job {
	enum pt_depth depth;
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	const struct pt_snapshot *before;   /* a chunk equal to its own is shared; may be NULL */
	const struct pt_stretch *stretches; /* of whole chunks, ascending, apart from each other; NULL: all */
	size_t n;
	/* Called every few milliseconds, in the caller's thread; nonzero ends the pass with it. May be NULL. */
	int (*step)(void *arg);
	void *arg;
};

/* Appends what it finds to `slots`. 0, -errno, or what `step` said; after an error part of it is in the slots. */
int pt_pass_run(struct pt_pass *pass, const struct pt_pass_job *job, struct pt_slots *slots);

/* Of the pass under way, or the last one: chunks below this index are in the slots already. */
uint64_t pt_pass_done_index(const struct pt_pass *pass);
/* Pages found so far. */
uint64_t pt_pass_pages(const struct pt_pass *pass);

#endif
