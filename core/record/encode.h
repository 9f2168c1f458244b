/*
 * The pages of a frame as bytes: the slots of a delta (core/history/delta.h), each chunk as what differs from the chunk
 * before it, or from nothing where that is shorter. Pure; compressing and keeping them is the writer's business.
 *
 * The format, all numbers as varints (bytes.h), signed ones zigzag:
 *
 *   1                                    this format
 *   ways, changed, reread, bytes of the slots, bytes of the segments
 *   ways:     bits, count, frame         how pages change: bits to flip (enum pt_page_bit), what to add to the map
 *                                        count (signed), and their frame: 0 as it was, 1 none, 2 another
 *   slots:    reread times               chunks that were read again; those among them that
 *                                        changed too follow below
 *               first                      less the last one before and 1; for the first, the index
 *               more                       how many chunks follow the first
 *               when it was read
 *             changed times              a chunk of the address space, ascending
 *               index                      less that of the slot before and 1; for the first, the index
 *               form                       0 nothing is there any more, 1 from nothing, 2 from the chunk before
 *               when it was read           see below
 *               segments                   how many follow for it; not for form 0
 *   segments: skip, more, way            pages that stay, 1 + more neighbours that change, and how (index of a way)
 *   frames:   frame                      for each segment with another frame: that of its first page, less what would
 *                                        follow on the last such segment (signed); its further pages follow on
 *
 * When it was read: 0 never; 1 as the slot before (the time of the frame for the first); else 2 + the difference to it
 * (signed), in nanoseconds. The numbers that "frame" stands for are PFNs, or swap entries of swapped pages.
 */
#ifndef PT_RECORD_ENCODE_H
#define PT_RECORD_ENCODE_H

#include "core/history/delta.h"
#include "core/record/bytes.h"

#define PT_ENCODED_FORMAT 1

struct pt_encoder; /* memory that is used again and again */

int pt_encoder_new(struct pt_encoder **ret); /* 0 or -ENOMEM */
void pt_encoder_free(struct pt_encoder *encoder);
/* The slots of a delta that was made from `before` (NULL: from nothing). The bytes are good until the next call. */
int pt_encode(struct pt_encoder *encoder, const struct pt_snapshot *before, const struct pt_delta *delta,
	      const uint8_t **ret, size_t *ret_size);

enum pt_form { PT_FORM_GONE, PT_FORM_FROM_NOTHING, PT_FORM_FROM_BEFORE };

struct pt_way {
	uint32_t bits;
	int32_t count;
	uint8_t frame; /* 0 as it was, 1 none, 2 another */
};

/* Reads bytes that anyone may have made. */
struct pt_decoder {
	uint64_t n_changed, n_reread;
	/* private: */
	struct pt_source slots, segments, frames;
	struct pt_way *ways;
	uint64_t n_ways, n_segments;          /* of the slot at hand */
	uint64_t index, read_ns, frame, most; /* of the last one; `most` is the highest index there can be */
	bool begun, changing;
};

/* The bytes stay the caller's. at_ns: monotonic_ns of the frame. 0, -EBADMSG or -ENOMEM. */
int pt_decoder_open(struct pt_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t at_ns, unsigned page_shift);
void pt_decoder_close(struct pt_decoder *decoder);
/* First, n_reread times: what was read again. */
int pt_decoder_reread(struct pt_decoder *decoder, struct pt_reread *ret);
/*
 * Then the next changed slot, n_changed times: its index, when it was read, and its form. After each, unless it is
 * gone, its pages: *pages holds those of the chunk before (all zero from nothing) and gets the new ones; NULL passes
 * over them.
 */
int pt_decoder_slot(struct pt_decoder *decoder, struct pt_slot *ret, enum pt_form *ret_form);
int pt_decoder_pages(struct pt_decoder *decoder, struct pt_page *pages);
/* Whether all was read, and nothing is left over. */
bool pt_decoder_ended(const struct pt_decoder *decoder);

#endif
