/*
 * Glance: what some pages are right now, wherever they lie, as a scan would have them (but for swapped shared memory, which
 * looks untouched here). A few thousand pages cost as many microseconds. Owns its buffers; one thread uses it.
 */
#ifndef PT_SCAN_GLANCE_H
#define PT_SCAN_GLANCE_H

#include "core/model/vma.h"
#include "core/scan/target.h"

/* A page to look at. */
struct pt_glimpse {
	uint64_t address; /* of the page */
	struct pt_page page;
	bool known; /* a VMA of the table covers it, and the kernel was asked */
};

struct pt_glance;

struct pt_glance *pt_glance_new(void);         /* NULL: out of memory */
void pt_glance_free(struct pt_glance *glance); /* NULL is fine */
/* Fills in page and known of n pages, which ascend by address. 0, or -errno: what was not known by then stays so. */
int pt_glance_at(struct pt_glance *glance, struct pt_target *target, const struct pt_vma_table *vmas,
		 struct pt_glimpse *pages, size_t n);

#endif
