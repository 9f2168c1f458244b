/*
 * Cached: what of a file is in the page cache, page by page, looked at without changing it: nothing is read in, and no
 * page counts as accessed for our having looked.
 *
 * Where the file may be opened without touching its time of access (its owner, CAP_FOWNER), pages are mapped for a
 * moment, a window at a time: mincore says which are there, our own pagemap which frames they are in, kpageflags
 * and kpagecount the rest; our own mapping is taken off the count. Else cachestat counts (6.5; newer kernels tell
 * that to who may write the file), and which pages are active or mapped stays unknown. Only absent pages may have been
 * evicted; cachestat knows where the kernel still remembers it.
 *
 * A reader holds descriptors and buffers for one file after the other; one thread uses it.
 */
#ifndef PT_CACHE_CACHED_H
#define PT_CACHE_CACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"
#include "core/scan/find.h"

#ifndef PT_CACHED_WINDOW
#define PT_CACHED_WINDOW 512u /* pages that are looked at together */
#endif

/* One page of a file. Facts that were not read are not there: see the bits HAS. */
enum pt_cached_bit {
	PT_CACHED_THERE = 1 << 0,
	PT_CACHED_EVICTED = 1 << 1,   /* it was there, and was reclaimed: the kernel remembers it */
	PT_CACHED_HAS_STATE = 1 << 2, /* dirty and writeback are known */
	PT_CACHED_DIRTY = 1 << 3,
	PT_CACHED_WRITEBACK = 1 << 4,
	PT_CACHED_HAS_FLAGS = 1 << 5, /* and these */
	PT_CACHED_ACTIVE = 1 << 6,
	PT_CACHED_REFERENCED = 1 << 7,
	PT_CACHED_LARGE = 1 << 8, /* part of a large folio */
	PT_CACHED_UNEVICTABLE = 1 << 9,
	PT_CACHED_HAS_COUNT = 1 << 10,
	PT_CACHED_MAPPED = 1 << 11, /* in somebody's page tables */
};
#define PT_CACHED_BITS 12

#define PT_CACHED_COUNT_MAX 4095u /* so many mappings or more */

struct pt_cached_page {
	uint64_t pfn;   /* 0: absent, or not known */
	unsigned count; /* mappings, ours left out; where HAS_COUNT */
	unsigned bits;  /* enum pt_cached_bit */
};

/* Sums over a file, in pages; what is not known of all its cached pages is not known. */
struct pt_cached_sum {
	uint64_t bytes, pages; /* of the file; its last page counts whole */
	struct pt_maybe cached;
	struct pt_maybe dirty, writeback, active, referenced, large, unevictable, mapped;
	struct pt_maybe evicted,
		recent; /* reclaimed; those of them that, read in again, would count as needed too early */
	uint64_t raced; /* pages that became others while they were looked at: flags unknown */
};

/* The cache of one file at one moment: immutable. */
struct pt_cached {
	struct pt_cached_sum sum;
	uint64_t at_ns;   /* CLOCK_MONOTONIC when the look began */
	uint64_t took_ns; /* and how long it took */
	struct pt_file_stat stat;
	bool no_active; /* this kernel ages pages by generations (MGLRU), and no flag tells active ones */
	bool counted;   /* by cachestat alone: no frames */
	size_t n;       /* windows */
	uint64_t **
		window; /* [n], private: pages packed, NULL: none of it is or was cached; NULL: only sums were asked for */
};

struct pt_cached_reader;

/* What could be learnt is; without /proc/kpageflags, say, flags stay unknown. 0 or -ENOMEM. */
int pt_cached_reader_new(struct pt_kernel *k, struct pt_cached_reader **ret);
void pt_cached_reader_free(struct pt_cached_reader *reader); /* NULL is fine */
/* From now on only which frame each page is in is wanted: flags and counts are not read, and not known. */
void pt_cached_reader_only_frames(struct pt_cached_reader *reader);

/*
 * A regular file, by its path or by a descriptor (O_PATH will do). pages: keep them, else only sums. Between parts of
 * it `step` is called, and may end it. -ENOENT, -EACCES; -EISDIR, -ENODEV: it is no regular file; -EOPNOTSUPP: of hugetlbfs,
 * which has no page cache; -EPERM: the cache of a file that is another's and that may not be written is not told.
 */
int pt_cached_read(struct pt_cached_reader *reader, const char *path, bool pages, struct pt_step step,
		   struct pt_cached **ret);
int pt_cached_read_at(struct pt_cached_reader *reader, int fd, bool pages, struct pt_step step, struct pt_cached **ret);
void pt_cached_free(struct pt_cached *cached); /* NULL is fine */

/* The page of that index. */
struct pt_cached_page pt_cached_page(const struct pt_cached *cached, uint64_t index);

/* What one bit comes to over pages [first, first + n): pages with it, and cached pages of which that is not known. */
struct pt_cached_share {
	uint64_t pages; /* of the file in the range */
	uint64_t hits, unknown;
};
struct pt_cached_share pt_cached_share(const struct pt_cached *cached, enum pt_cached_bit bit, uint64_t first,
				       uint64_t n);

/* Adds the sums of another file; what is unknown of one is unknown of both. */
void pt_cached_add(struct pt_cached_sum *sum, const struct pt_cached_sum *other);

/* "cached", "dirty": one word for a bit; NULL for those that only say what is known. */
const char *pt_cached_bit_name(enum pt_cached_bit bit);

#endif
