/*
 * Frames: what kpageflags and kpagecount say of the frames behind the parts. The kernel takes about 0.1 us an entry
 * whoever asks, and a system call costs as much as one or two entries more, so frames are asked for in the order of
 * PFNs, each once, and near ones by one read. Owns the buffers for that; one thread uses it.
 */
#ifndef PT_SCAN_FRAMES_H
#define PT_SCAN_FRAMES_H

#include "core/scan/find.h"

#ifndef PT_FRAMES_WINDOW_BITS
#define PT_FRAMES_WINDOW_BITS 9 /* PFNs that are worked on together, and the most that one read asks for */
#endif
#define PT_FRAMES_TAG_BITS (32 - PT_FRAMES_WINDOW_BITS - 2)
#define PT_FRAMES_ENTRIES  (1u << PT_FRAMES_TAG_BITS) /* the most entries that parts may have */

struct pt_frames;

struct pt_frames *pt_frames_new(void); /* NULL: out of memory */
void pt_frames_free(struct pt_frames *frames);

/* Puts the entries of n parts in the order of their PFNs. Their arrays are stretches of the first one's. 0 or -ENOMEM. */
int pt_frames_order(struct pt_frames *frames, const struct pt_parts *parts, size_t n);

/* Of what is in order now: frames to read, and how many system calls that takes. */
struct pt_frames_cost {
	size_t frames, reads;
};
struct pt_frames_cost pt_frames_cost(struct pt_frames *frames, const struct pt_parts *parts);

/*
 * Reads what was put in order: words and counts of the parts. Frames past the end of a file, or that cannot be read,
 * stay unknown. Several threads may do so at once, each with buffers of its own (`own`; one of them may be `frames`
 * itself), and share the work. *ret (may be NULL) is what reading the flags took here. 0, or what the step said.
 */
int pt_frames_read(struct pt_frames *frames, struct pt_frames *own, const struct pt_parts *first, struct pt_step step,
		   struct pt_frames_cost *ret);

/*
 * A page by its pagemap entry, what PAGEMAP_SCAN and kpageflags say, and, where it is mapped once, its count. With
 * PT_FRAME_HAS_COUNT in the word the caller puts the count in. How many map it is not in a word of 0.
 */
struct pt_page pt_frame_page(const struct pt_target *target, const struct pt_vma *vma, uint64_t categories,
			     uint64_t entry, pt_frame_word word);

/* kpageflags as a word, and back, as far as the word has it. */
static inline pt_frame_word pt_frame_word_of(uint64_t kpageflags)
{
	return (uint32_t)(kpageflags & ((1u << 27) - 1)) | (uint32_t)(kpageflags >> 32 & 7) << 27 | PT_FRAME_HAS_FLAGS;
}
static inline uint64_t pt_frame_flags_of(pt_frame_word word)
{
	return (word & ((1u << 27) - 1)) | (uint64_t)(word >> 27 & 7) << 32;
}

#endif
