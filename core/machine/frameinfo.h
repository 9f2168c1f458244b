/*
 * What can be said of one frame, whoever maps it: what pt_inspect_frame reads, and what it takes more than its own words
 * to know: the free block it lies in, its pageblock, and page_owner's record. Who maps it is owners.h's business.
 */
#ifndef PT_MACHINE_FRAMEINFO_H
#define PT_MACHINE_FRAMEINFO_H

#include "core/explain/frame.h"
#include "core/scan/inspect.h"

struct pt_frame_info {
	struct pt_facts facts; /* of the frame alone */
	bool exists;           /* flags could be read, and do not say that there is no memory */
	enum pt_frame kind;    /* if its flags are known */
};

/* Never fails: what could not be read is not known. signals as pt_probe_signals has them. */
void pt_frame_read(struct pt_kernel *k, uint64_t pfn, const struct pt_signals *signals, struct pt_frame_info *ret);

/* A sentence: what it is, and how often it is mapped. Returns ret. */
char *pt_frame_headline(const struct pt_frame_info *info, char *ret, size_t size);

#endif
