/*
 * A picture of all frames of the machine: what each is used for, from kpageflags. Frames are kept in chunks of 512 with
 * their sums, shared between copies of a picture, so that a cell that covers many adds sums, and a copy costs pointers.
 * A chunk whose frames are all alike keeps no frames.
 *
 * It begins with holes where there is no memory and everything else unknown, and is read stretch by stretch: holes are
 * not read. Reading it all costs hardly more than one bulk read of the file.
 */
#ifndef PT_MACHINE_PICTURE_H
#define PT_MACHINE_PICTURE_H

#include "core/explain/frame.h"
#include "core/machine/ram.h"

#ifndef PT_PICTURE_CHUNK
#define PT_PICTURE_CHUNK 512u /* frames; a power of 2 */
#endif

/* What is true of frames that processes or the page cache hold, besides their kind. */
enum pt_frame_fact {
	PT_FRAME_MAPPED, /* by any process */
	PT_FRAME_LARGE,  /* part of a large folio */
	PT_FRAME_DIRTY,  /* the folio is, or under writeback */
	PT_FRAME_LOCKED, /* not evictable */
	PT_FRAME_FACTS
};
const char *pt_frame_fact_name(enum pt_frame_fact fact); /* "mapped", ... */

struct pt_picture_sums {
	uint64_t frames; /* all */
	uint64_t n[PT_FRAME_N];
	uint64_t facts[PT_FRAME_FACTS];
};

struct pt_picture_chunk; /* private */

struct pt_picture {
	uint64_t frames; /* 0 .. frames - 1 */
	struct pt_picture_chunk **chunks;
	size_t n_chunks;
	struct pt_picture_sums sums; /* of all */
};

/* Holes, and all else unknown. 0 or -ENOMEM. */
int pt_picture_new(const struct pt_ram *ram, struct pt_picture **ret);
struct pt_picture *pt_picture_copy(const struct pt_picture *picture); /* NULL: no memory */
void pt_picture_free(struct pt_picture *picture);                     /* NULL is fine */

/* kpageflags: a descriptor, to be closed by k->ops; -errno (-EACCES: only root may). */
int pt_picture_open(struct pt_kernel *k);
/*
 * Reads the frames [first, first + n), outwards to whole chunks, from kpageflags (fd). Frames past the end of that file
 * stay unknown. 0 or -errno; on an error some may have been read.
 */
int pt_picture_read(struct pt_picture *picture, struct pt_kernel *k, int fd, const struct pt_ram *ram, uint64_t first,
		    uint64_t n);

/* Adds the frames [first, first + n) to *sums; those past the end are none. */
void pt_picture_add(const struct pt_picture *picture, uint64_t first, uint64_t n, struct pt_picture_sums *sums);
/*
 * What of the frames [first, first + n) is not as it was in a picture of the same memory: bits 1 << enum pt_frame_fact,
 * and PT_FRAME_KIND_CHANGED where a kind is another. A frame that was not known then has not changed.
 */
#define PT_FRAME_KIND_CHANGED (1u << PT_FRAME_FACTS)
unsigned pt_picture_changed(const struct pt_picture *now, const struct pt_picture *before, uint64_t first, uint64_t n);
/* What a frame is; *ret_facts (may be NULL) has bit 1 << enum pt_frame_fact. */
enum pt_frame pt_picture_frame(const struct pt_picture *picture, uint64_t pfn, unsigned *ret_facts);
/* Bytes of memory that it takes, chunks that it shares included. */
uint64_t pt_picture_bytes(const struct pt_picture *picture);

#endif
