/*
 * Shmem: swapped pages of shared memory. The page tables forget them (pagemap shows 0, as for untouched), but the page
 * cache of the tmpfs file remembers: cachestat(2) counts them as evicted.
 */
#ifndef PT_SCAN_SHMEM_H
#define PT_SCAN_SHMEM_H

#include "core/scan/slots.h"
#include "core/scan/target.h"

/*
 * Adds PT_SWAP_SHMEM pages to the chunks, looking for them in the stretches (ascending; NULL: everywhere). *ret_known becomes false when some VMA could not be asked, so that its
 * swapped pages look untouched. 0 or -ENOMEM.
 */
int pt_shmem_swapped(struct pt_target *target, const struct pt_vma_table *vmas, const struct pt_stretch *stretches,
		     size_t n, struct pt_slots *slots, bool *ret_known);

/* One page: whether the file behind it holds it, swapped or not. */
enum pt_shmem_page { PT_SHMEM_UNKNOWN, PT_SHMEM_HOLE, PT_SHMEM_CACHED, PT_SHMEM_SWAPPED };
enum pt_shmem_page pt_shmem_page_state(struct pt_target *target, const struct pt_vma *vma, uint64_t address);

#endif
