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

/* Words of frames [first, first + n) into ret. How many there are: fewer than n at the end of the file only. -errno. */
ssize_t pt_bulk_read(struct pt_kernel *k, int fd, uint64_t first, size_t n, uint64_t *ret);

#endif
