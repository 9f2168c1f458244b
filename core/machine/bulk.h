/*
 * Bulk: the files that hold a word for each frame (kpageflags, kpagecount, kpagecgroup), read in large pieces. The
 * kernel takes about 0.1 us a word whoever asks, so that is the least that any answer about the whole machine costs.
 * One of them may be another file of the same form (page-types' -F / --kpageflags).
 */
#ifndef PT_MACHINE_BULK_H
#define PT_MACHINE_BULK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/kernel/kernel.h"

#ifndef PT_BULK_WORDS
#define PT_BULK_WORDS 8192u /* of one read */
#endif

#define PT_BULK_NONE UINT64_MAX /* the word of a frame that the file does not have; no frame's word is that */

/* Words of frames [first, first + n) into ret. How many there are: fewer than n at the end of the file only. -errno. */
ssize_t pt_bulk_read(struct pt_kernel *k, int fd, uint64_t first, size_t n, uint64_t *ret);

/* A frame that is asked for, and where its word goes: ret[at]. */
struct pt_bulk_item {
	uint64_t pfn;
	uint32_t at;
};
/* Sorts n items by PFN, for pt_bulk_gather(); does nothing where they are in order. */
void pt_bulk_order(struct pt_bulk_item *items, size_t n);
/*
 * The words of frames in order, wherever they lie: near ones by one read, since a system call costs as much as a word or
 * two. ret[at] of each is its word, or PT_BULK_NONE. 0 or -errno.
 */
int pt_bulk_gather(struct pt_kernel *k, int fd, const struct pt_bulk_item *items, size_t n, uint64_t *ret);

#endif
