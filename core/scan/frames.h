/*
 * Frames: kpageflags and kpagecount for many PFNs at once. The kernel takes about 0.1 us an entry whoever asks, and a
 * system call costs as much as one or two entries more, so requests are sorted by PFN and near ones read in one go.
 */
#ifndef PT_SCAN_FRAMES_H
#define PT_SCAN_FRAMES_H

#include "core/kernel/kernel.h"

/* One request: a PFN, and the caller's number for where the answer belongs. */
#define PT_FRAME_TAG_BITS 20
typedef uint64_t pt_frame_key;
static inline pt_frame_key pt_frame_key_make(uint64_t pfn, uint32_t tag)
{
	return pfn << PT_FRAME_TAG_BITS | tag;
}
static inline uint64_t pt_frame_key_pfn(pt_frame_key key)
{
	return key >> PT_FRAME_TAG_BITS;
}
static inline uint32_t pt_frame_key_tag(pt_frame_key key)
{
	return key & ((1u << PT_FRAME_TAG_BITS) - 1);
}

/* Sorts keys by PFN; spare has room for n as well. */
void pt_frames_sort(pt_frame_key *keys, pt_frame_key *spare, size_t n);

/* How many system calls it takes to read the frames of these sorted keys. */
size_t pt_frames_reads(const pt_frame_key *keys, size_t n);

typedef void (*pt_frame_fn)(void *arg, uint32_t tag, uint64_t value);

/*
 * Reads the 8-byte entry of each PFN out of an open /proc/kpageflags or kpagecount, and hands each to `each`; PFNs past
 * the end of the file, or that cannot be read, are passed over. Keys are sorted. 0, or -errno where nothing at all
 * could be read.
 */
int pt_frames_read(struct pt_kernel *k, int fd, const pt_frame_key *keys, size_t n, pt_frame_fn each, void *arg);

#endif
