/*
 * Build: chunks out of parts whose frames were read. Owns its buffers; one thread uses it.
 */
#ifndef PT_SCAN_BUILD_H
#define PT_SCAN_BUILD_H

#include "core/scan/frames.h"
#include "core/scan/slots.h"

struct pt_build;

struct pt_build *pt_build_new(unsigned page_shift); /* NULL: out of memory */
void pt_build_free(struct pt_build *build);         /* NULL is fine */

/* What chunks are made with and put into; all of it borrowed. */
struct pt_build_job {
	enum pt_depth depth;
	struct pt_target *target;
	const struct pt_vma_table *vmas;
	const struct pt_snapshot *before; /* a chunk equal to its own is shared; may be NULL */
	struct pt_slots *slots;
};

/*
 * Appends the chunks of all parts to the slots; `frames` is for what has to be read once more. *done is kept at the
 * index below which all chunks are in the slots. 0, -errno, or what the step said.
 */
int pt_build_chunks(struct pt_build *build, const struct pt_build_job *job, const struct pt_parts *parts,
		    struct pt_frames *frames, struct pt_step step, uint64_t *done);

#endif
