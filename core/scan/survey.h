/*
 * Survey: how much there is to read of a target, counted from presence alone, before any page is looked at. What
 * doctor's estimates are made of.
 */
#ifndef PT_SCAN_SURVEY_H
#define PT_SCAN_SURVEY_H

#include "core/model/signals.h"
#include "core/scan/cost.h"

/* The most memory that pagetop takes: so much for itself (program, libraries, buffers, screen) ... */
#define PT_BASE_BYTES (24u << 20)
/* ... and so much for each page of a snapshot, where neighbours have nothing in common. */
#define PT_PAGE_BYTES 12u

struct pt_survey {
	struct pt_work work;
	uint64_t pages; /* base pages present or swapped: what a snapshot holds */
};

/*
 * Opens the target as a scan does, with these signals. Where PAGEMAP_SCAN is missing, what is there is not counted but
 * taken from the target's RSS. Errors as pt_scan_open.
 */
int pt_survey(struct pt_kernel *k, pid_t pid, const struct pt_signals *signals, struct pt_survey *ret);

#endif
